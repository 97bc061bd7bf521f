# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of ssm_patch_audit_info."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import GONE, Api, connect
from .._aws.errors import ApiError
from .._files.row_file import RowFile
from .._options.module import finish, make_module, refuse
from .._resources.ownership import SETUP_TAG
from .._schedules import clock
from .options import OPTIONS, violations
from .records import ACTIONS, BASELINE, FIELDS, Row, row

# CloudTrail returns at most 50 events, and allows two lookups per second in an account and Region.
_PAGE, _PAUSE = 50, 0.5
_TYPES = {BASELINE: "PatchBaseline"}


def run_audit_info() -> None:
    """The main function of the module."""
    module = make_module(OPTIONS)
    refuse(module, violations(module.params))
    finish(module, lambda: (_result(module), ()))


def _result(module: AnsibleAWSModule) -> dict[str, Any]:
    params = module.params
    rows = sorted(_rows(module), key=lambda one: (one["time"], one["event_id"]), reverse=True)
    changes = [
        one
        for one in rows
        if (params["include_refused"] or not one["error_code"]) and (one["by_hand"] or not params["only_by_hand"])
    ]
    _name(connect(module, 1), changes)
    changed = False
    if params["dest"] is not None:
        with RowFile(params["dest"], FIELDS, module.check_mode) as file:
            file.add_rows(changes)
        changed = bool(file.changed)
    counts = {"total": len(changes), "by_hand": sum(one["by_hand"] for one in changes)}
    return {"changed": changed, "summary": counts, "calls": changes}


def _rows(module: AnsibleAWSModule) -> Iterator[Row]:
    """The changes, with one lookup per API action. A lookup of the whole service would return calls of all agents."""
    api = connect(module, 1, "cloudtrail")
    end = clock.now()
    request = {"StartTime": end - timedelta(hours=module.params["hours"]), "EndTime": end, "MaxResults": _PAGE}
    own_roles, seen = frozenset(module.params["own_roles"] or ()), set[str]()
    for action in ACTIONS:
        wanted = [{"AttributeKey": "EventName", "AttributeValue": action}]
        found = api.pages("LookupEvents", "Events", "EventId", "EventTime", LookupAttributes=wanted, **request)
        for number, event in enumerate(found, 1):
            if event.get("EventName") == action and event["EventId"] not in seen:
                seen.add(event["EventId"])
                yield row(event, own_roles)
            if number % _PAGE == 0:
                clock.sleep(_PAUSE)
        clock.sleep(_PAUSE)


def _name(api: Api, changes: list[Row]) -> None:
    """Add the current name of each resource, and the setup that owns it."""
    owners: dict[str, str | None] = {}
    names = _names(api, {one["kind"] == BASELINE for one in changes if one["id"]})
    for one in changes:
        found = one["id"]
        # A default baseline can belong to AWS. It then has an ARN as its ID, and no tags.
        if not found or found.startswith("arn:"):
            continue
        if found not in owners:
            owners[found] = _owner(api, _TYPES.get(one["kind"], "MaintenanceWindow"), found)
        one["setup"], one["name"] = owners[found], names.get(found, one["name"])


def _names(api: Api, kinds: set[bool]) -> dict[str, str]:
    names: dict[str, str] = {}
    if False in kinds:
        listed = api.pages("DescribeMaintenanceWindows", "WindowIdentities", "WindowId", "Name")
        names |= {one["WindowId"]: one["Name"] for one in listed}
    if True in kinds:
        own = [{"Key": "OWNER", "Values": ["Self"]}]
        listed = api.pages("DescribePatchBaselines", "BaselineIdentities", "BaselineId", "BaselineName", Filters=own)
        names |= {one["BaselineId"]: one["BaselineName"] for one in listed}
    return names


def _owner(api: Api, kind: str, found: str) -> str | None:
    try:
        return api.tags(kind, found).get(SETUP_TAG)
    except ApiError as error:
        if error.code not in GONE:
            raise
        return None
