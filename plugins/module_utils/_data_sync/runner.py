# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runners of ssm_resource_data_sync, which reads, plans and applies, and of ssm_resource_data_sync_info."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import Api, connect
from .._aws.errors import LOST_ANSWER, ApiError, InvalidDeclarationError, PatchingError, error_facts
from .._aws.text import printable
from .._options.module import check_account, finish, make_module, refuse
from .._schedules import clock
from .options import INFO_OPTIONS, OPTIONS, info_violations, violations
from .planner import KIND, Plan, plan
from .sync import FROM_SOURCE, TO_DESTINATION, Raw, described, destination_of

_PAGE = 50
# AWS deletes a sync in the background, and rejects a new one with the same name until then.
_PATIENCE, _PAUSE = 300, 5
_ABSENT, _EXISTS = "ResourceDataSyncNotFoundException", "ResourceDataSyncAlreadyExistsException"
_TYPES = {"to_destination": (TO_DESTINATION,), "from_source": (FROM_SOURCE,), "all": (TO_DESTINATION, FROM_SOURCE)}


def run_data_sync() -> None:
    """The main function of ssm_resource_data_sync."""
    module = make_module(OPTIONS)
    api = connect(module, 1)
    try:
        if found := violations(module.params, api.input_shape("CreateResourceDataSync")):
            raise InvalidDeclarationError(found)
        check_account(module)
        planned = plan(_syncs(api), module.params, module.region)
    except InvalidDeclarationError as error:
        module.fail_json(msg=str(error), changed=False, violations=error.violations)
    except PatchingError as error:
        module.fail_json(msg=f"{error} Nothing was written.", changed=False, **error_facts(error))
    stored = planned.after
    if planned.action and not module.check_mode:
        stored = _applied(module, api, planned)
    _warn_of_failure(stored)
    module.exit_json(**_changes(module, planned), resource_data_sync=described(stored) if stored else None)


def run_data_sync_info() -> None:
    """The main function of ssm_resource_data_sync_info."""
    module = make_module(INFO_OPTIONS)
    refuse(module, info_violations(module.params))
    finish(module, lambda: ({"changed": False, "resource_data_syncs": _listed(module)}, ()))


def _listed(module: AnsibleAWSModule) -> list[dict[str, Any]]:
    """The syncs that the options select, sorted by name."""
    names, bucket, kinds = module.params["names"], module.params["bucket"], _TYPES[module.params["type"]]
    wanted = [
        sync
        for sync in _syncs(connect(module, 1, is_lenient=True))
        if (names is None or sync["SyncName"] in names)
        and sync.get("SyncType", TO_DESTINATION) in kinds
        and bucket in (None, destination_of(sync)["bucket"])
    ]
    return [described(sync) for sync in sorted(wanted, key=lambda sync: str(sync["SyncName"]))]


def _syncs(api: Api) -> list[Raw]:
    return list(api.pages("ListResourceDataSync", "ResourceDataSyncItems", "SyncName", MaxResults=_PAGE))


def _stored(api: Api, name: str) -> Raw | None:
    return next((sync for sync in _syncs(api) if sync["SyncName"] == name), None)


def _changes(module: AnsibleAWSModule, planned: Plan) -> dict[str, Any]:
    """The part of the result about changes."""
    diff = {"diff": planned.diff()} if module._diff else {}
    return {"changed": bool(planned.action), "action": planned.action, "fields": planned.fields, "errors": [], **diff}


def _warn_of_failure(stored: Raw | None) -> None:
    """Warn if the last run of a sync failed, because AWS checks the bucket and its policy only when a sync runs."""
    if stored and stored.get("LastStatus") == "Failed":
        reason = stored.get("LastSyncStatusMessage") or "AWS returned no reason"
        way = "Check that the bucket exists in bucket_region and that its policy lets ssm.amazonaws.com write"
        warn(printable(f"The last run of the sync {stored['SyncName']} failed: {reason}. {way}."))


def _applied(module: AnsibleAWSModule, api: Api, planned: Plan) -> Raw | None:
    """Apply the plan and return the new state of the sync."""
    name, done = module.params["name"], []
    try:
        if planned.before:
            _delete(api, name)
            done.append("DeleteResourceDataSync")
        if not planned.after:
            return None
        if planned.before:
            _await_removal(api, name)
        _create(api, planned.after)
        done.append("CreateResourceDataSync")
        return _stored(api, name) or planned.after
    except PatchingError as error:
        _fail(module, api, planned, done, error)
        raise


def _delete(api: Api, name: str) -> None:
    try:
        api.call("DeleteResourceDataSync", SyncName=name, SyncType=TO_DESTINATION)
    except ApiError as error:
        if error.code != _ABSENT:
            raise


def _await_removal(api: Api, name: str) -> None:
    end = clock.monotonic() + _PATIENCE
    while _stored(api, name):
        if clock.monotonic() >= end:
            raise PatchingError(f"AWS still lists the sync {name} {_PATIENCE} seconds after its deletion.")
        clock.sleep(_PAUSE)


def _create(api: Api, raw: Raw) -> None:
    """Create the sync. If a response was lost, it can already exist as declared, and AWS rejects a second creation."""
    try:
        api.call("CreateResourceDataSync", **raw)
    except ApiError as error:
        if error.refused and error.code != _EXISTS:
            raise
        stored = _stored(api, raw["SyncName"])
        if stored is None or destination_of(stored) != destination_of(raw):
            raise


def _fail(module: AnsibleAWSModule, api: Api, planned: Plan, done: list[str], error: PatchingError) -> None:
    """Report what was done. If a deleted sync could not be recreated, the previous one is restored."""
    lost = isinstance(error, ApiError) and not error.refused
    text, changed = str(error), bool(done) or lost
    if lost:
        text += f" Note: {LOST_ANSWER}."
    elif done == ["DeleteResourceDataSync"] and planned.before and isinstance(error, ApiError):
        old: Raw = {
            key: planned.before[key] for key in ("SyncName", "SyncType", "S3Destination") if key in planned.before
        }
        try:
            _create(api, old)
            text, changed = f"{text} The previous sync was restored.", False
        except PatchingError:
            text += " The sync was deleted (DeleteResourceDataSync) and could not be restored; run again to create it."
    elif done:
        text += " The sync was deleted (DeleteResourceDataSync); run again to create it."
    facts = error_facts(error)
    code, request = (facts.get("error", {}).get(key) for key in ("code", "request_id"))
    entry = {"kind": KIND, "name": module.params["name"], "action": planned.action, "message": str(error)}
    errors = [{**entry, "code": code, "request_id": request}]
    module.fail_json(msg=text, **{**_changes(module, planned), "changed": changed, "errors": errors}, **facts)
