# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs and results of the planners in short form, for tests without an account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.patchfleet.aws.plugins.module_utils._planners.changes import Ref, Step
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.planning import Inputs, Part
from ansible_collections.patchfleet.aws.plugins.module_utils._state.account import Account, Found, Resource
from ansible_collections.patchfleet.aws.plugins.module_utils._state.declaration import whole_setup
from ansible_collections.patchfleet.aws.plugins.module_utils._state.identity import adopt_unnamed

from .stored import shape

Raw = dict[str, Any]
WINDOW_ID = "mw-00000000000000001"
WINDOW: Raw = {
    "WindowId": WINDOW_ID,
    "Name": "prod",
    "Schedule": "rate(1 day)",
    "Duration": 2,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
    "Enabled": True,
}
DECLARED_WINDOW: Raw = {"name": "prod", "schedule": "rate(1 day)", "duration": 2, "cutoff": 1}


def uuid(number: int) -> str:
    """The ID of a target or task."""
    return f"00000000-0000-0000-0000-{number:012d}"


def target(number: int, name: str | None, **members: Any) -> Raw:
    """A stored target, by default of the patch group Web."""
    criteria = [{"Key": "tag:PatchGroup", "Values": ["Web"]}]
    named = {"Name": name} if name else {}
    return {"WindowTargetId": uuid(number), **named, "ResourceType": "INSTANCE", "Targets": criteria, **members}


def task(number: int, name: str | None, *targets: int, operation: str = "Install", **members: Any) -> Raw:
    """A stored patch task on targets."""
    parameters = {"Operation": [operation], "RebootOption": ["RebootIfNeeded"]}
    return {
        "WindowTaskId": uuid(number),
        **({"Name": name} if name else {}),
        "TaskType": "RUN_COMMAND",
        "TaskArn": "AWS-RunPatchBaseline",
        "Priority": 1,
        "MaxConcurrency": "10%",
        "MaxErrors": "10%",
        "Targets": [{"Key": "WindowTargetIds", "Values": [uuid(one) for one in targets]}],
        "TaskInvocationParameters": {"RunCommand": {"Parameters": parameters}},
        **members,
    }


def found(id_member: str, raws: Iterable[Raw], tags: dict[str, str] | None = None) -> Found:
    """Stored structures in the format of reads."""
    return {raw[id_member]: Resource(raw[id_member], raw.get("Name"), raw, full=True, tags=tags) for raw in raws}


def account(
    windows: Iterable[Raw] = (),
    targets: Iterable[Raw] | None = None,
    tasks: Iterable[Raw] | None = None,
    baselines: Iterable[Raw] = (),
    tags: dict[str, str] | None = None,
    groups: dict[tuple[str, str], str] | None = None,
    defaults: Iterable[str] = (),
) -> Account:
    """An account with windows, the targets and tasks of the first one, and baselines, all with the same tags."""
    contents: dict[str, dict[str, Found]] = {}
    if targets is not None:
        contents["target"] = {WINDOW_ID: found("WindowTargetId", targets)}
    if tasks is not None:
        contents["task"] = {WINDOW_ID: found("WindowTaskId", tasks)}
    listed = list(baselines)
    return Account(
        {
            "window": found("WindowId", windows, tags),
            "baseline": found("BaselineId", (one for one in listed if one["BaselineId"].startswith("pb-")), tags),
        },
        contents,
        [
            {
                "BaselineId": one["BaselineId"],
                "BaselineName": one["Name"],
                "OperatingSystem": one["OperatingSystem"],
                "DefaultBaseline": one["BaselineId"] in defaults,
            }
            for one in listed
        ],
        groups or {},
    )


def inputs(known: Account, **declared: Any) -> Inputs:
    """The inputs of planners for a setup."""
    declaration = whole_setup(declared)
    return Inputs(declaration, known, shape, adopt_unnamed(declaration, known))


def in_words(value: Any) -> Any:
    """A request with unknown IDs in the form C(<step>)."""
    if isinstance(value, Ref):
        return f"<{value.step}>"
    if isinstance(value, dict):
        return {key: in_words(entry) for key, entry in value.items()}
    return [in_words(entry) for entry in value] if isinstance(value, list) else value


def changes(part: Part) -> list[str]:
    """Each change with the fields that differ."""
    shown = []
    for one in part.changes:
        differing = f": {', '.join(one.fields)}" if one.action == "update" else ""
        shown.append(f"{one.action} {one.title}{differing}")
    return shown


def calls(steps: Iterable[Step]) -> list[tuple[str, Raw]]:
    """Each call with its request."""
    return [(step.operation, in_words(step.request)) for step in steps]


def order(steps: Iterable[Step]) -> dict[str, set[str]]:
    """The keys of the steps that each step requires."""
    return {step.key: set(step.needs) for step in steps}
