# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account as it will be after a setup is applied, computed from the result of C(ssm_patch_setup). Pure functions.

The result contains each declared resource in its future state, and lists what is deleted. Everything else is kept as
it was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.structures import Raw
from .._coverage.survey import Verdict
from .._fleet.baselines import effective_baseline
from .._fleet.model import Account, Window
from .._options.kind import Kind, merge
from .._options.option import given
from .._resources import window, window_target
from .._resources.patch_baseline import aws_default, bare_id
from .._resources.register import IN_WINDOWS

Result = Mapping[str, Any]

# The prefix of IDs for resources that do not exist yet. IDs of AWS contain no space.
_NEW = "new "
# Options of a baseline that do not affect which patches it approves.
_HARMLESS = frozenset({"name", "description", "tags", "setup", "patch_groups", "default"})


def violations(planned: Result | None) -> list[str]:
    """Violations in the option C(planned)."""
    lists = ("changes", "baselines", "windows")
    if planned is None or (not planned.get("failed") and all(isinstance(planned.get(name), list) for name in lists)):
        return []
    return ["planned: must be the registered result of an ssm_patch_setup task that succeeded"]


def known_id(resource_id: str | None) -> str | None:
    """The ID of a resource. None if it does not exist yet."""
    return None if resource_id is None or resource_id.startswith(_NEW) else resource_id


class PlannedSetup:
    """The changes of a setup to an account.

    windows: IDs of its windows, including new ones. rewritten: IDs of baselines that are new or that approve different
    patches than before.
    """

    def __init__(self, result: Result) -> None:
        self._result = result
        self._gone = {one["id"] for one in result["changes"] if one["action"] == "delete"}
        self.rewritten: set[str] = set()
        self._before = Account()
        self.windows: set[str] = set()

    def apply(self, account: Account) -> None:
        """Change the windows, baselines and patch groups of an account to their future state."""
        self._before = Account(registered={**account.registered}, defaults={**account.defaults})
        self._apply_baselines(account)
        left = {one.id: one for one in account.windows if one.id not in self._gone}
        for one in left.values():
            for known in (one.targets, one.tasks):
                for child_id in self._gone & known.keys():
                    del known[child_id]
        for planned in self._result["windows"]:
            window_id = planned["window_id"] or f"{_NEW}{planned['name']}"
            self.windows.add(window_id)
            _overlay(left.setdefault(window_id, Window(window_id, planned["name"], {})), planned)
        account.windows = [*left.values()]

    def changes_baseline(self, verdict: Verdict) -> bool:
        """Whether the setup changes the baseline of a node, or which patches this baseline approves."""
        now = verdict.baseline.baseline_id
        before = effective_baseline(self._before, verdict.system, verdict.groups).baseline_id
        return now in self.rewritten or now != before

    def _apply_baselines(self, account: Account) -> None:
        declared = {_baseline_id(one): one for one in self._result["baselines"]}
        gone = {bare_id(one) for one in self._gone if one}
        changed = {
            bare_id(one["id"])
            for one in self._result["changes"]
            if one["kind"] == "baseline" and one["id"] and not _HARMLESS.issuperset(one["fields"])
        }
        self.rewritten = {name for name, one in declared.items() if name in changed or not one["baseline_id"]}
        account.identities = {one: raw for one, raw in account.identities.items() if one not in gone}
        account.registered = {
            key: holder for key, holder in account.registered.items() if holder not in declared and holder not in gone
        }
        for system, holder in [*account.defaults.items()]:
            if holder in gone or (holder in declared and not declared[holder]["default"]):
                account.defaults[system] = bare_id(aws_default([*account.identities.values()], system) or "")
        for baseline_id, one in declared.items():
            identity = {"BaselineId": baseline_id, "BaselineName": one["name"]}
            account.identities.setdefault(baseline_id, identity)
            system = one["operating_system"]
            account.registered |= {(system, group): baseline_id for group in one["patch_groups"] or ()}
            if one["default"]:
                account.defaults[system] = baseline_id
        # The patches that they will approve cannot be read yet.
        account.baselines.update(dict.fromkeys(self.rewritten))


def _baseline_id(planned: Result) -> str:
    return bare_id(planned["baseline_id"] or f"{_NEW}{planned['operating_system']} {planned['name']}")


def _overlay(found: Window, planned: Result) -> None:
    """Change a window to its future state. Targets and tasks that are not declared are kept."""
    found.name = planned["name"]
    found.raw = {**_raw(window.KIND, planned), "NextExecutionTime": planned["next_execution_time"]}
    found.allows_unassociated = bool(planned["allow_unassociated_targets"])
    for target in planned["targets"]:
        _put(found.targets, target, "window_target_id", _raw(window_target.KIND, target))
    ids = {str(raw.get("Name")): target_id for target_id, raw in found.targets.items()}
    for name, kind in IN_WINDOWS.items():
        for task in planned[name] if kind is not window_target.KIND else ():
            chosen = [ids.get(one, one) for one in task["window_targets"] or ()]
            _put(found.tasks, task, "window_task_id", _raw(kind, {**task, "window_targets": chosen or None}))


def _put(known: dict[str, Raw], planned: Result, id_option: str, raw: Raw) -> None:
    planned_id = planned[id_option]
    if not planned_id:
        # A new target or task replaces an existing one with the same name.
        for old_id in [one for one, old in known.items() if old.get("Name") == planned["name"]]:
            del known[old_id]
        planned_id = f"{_NEW}{planned['name']}"
    known[planned_id] = raw


def _raw(kind: Kind, planned: Result) -> Raw:
    return merge(kind, {**kind.base}, given(kind.stored_options(), planned))
