# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader of maintenance windows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .._aws.client import GONE, Api, Job, run_jobs, unless_gone
from .._aws.errors import ApiError
from .._aws.structures import Raw
from .._options.kind import values_of
from .._options.option import nested
from .._resources import window, window_target, window_task
from .._resources.ownership import SETUP_TAG, user_tags
from .._resources.tasks import modernised, tidied
from .executions import WindowExecutions
from .export import WindowParts, declare_window
from .readers import WORKERS, checker, declared, is_wanted


@dataclass
class _Window:
    """One window while it is read. targets, tasks: by ID. gone: it no longer exists, or its tags do not match."""

    id: str
    enabled: bool
    raw: Raw = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[str, Raw] = field(default_factory=dict)
    tasks: dict[str, Raw] = field(default_factory=dict)
    next_runs: list[str] = field(default_factory=list)
    executions: WindowExecutions | None = None
    gone: bool = False


class WindowReader:
    """Reads the listing of windows, then the requested details of those that match, concurrently."""

    def __init__(self, api: Api, params: Mapping[str, Any]) -> None:
        self._api = api
        self._params = params
        self._include = set(params["include"])
        # Tasks are declared with the names of targets. Executions are returned with the names of both.
        self._with_targets = bool(self._include & {"targets", "tasks", "executions"})
        self._with_tasks = bool(self._include & {"tasks", "executions"})
        self._listed: list[Raw] = []
        self._touching: set[str] | None = None

    def read(self) -> list[dict[str, Any]]:
        """The entries of the result."""
        run_jobs([self._list, *([self._list_touching] if self._params["instance_id"] else [])], WORKERS)
        windows = [_Window(raw["WindowId"], raw.get("Enabled") is True) for raw in self._listed if self._fits(raw)]
        run_jobs([job for one in windows for job in self._first_jobs(one)], WORKERS)
        counts = Counter(_name(raw) for raw in self._listed)
        found = sorted((one for one in windows if not one.gone), key=lambda one: (_name(one.raw), one.id))
        return [self._entry(one, counts[_name(one.raw)]) for one in found]

    def _list(self) -> Iterable[Job]:
        listed = self._api.pages("DescribeMaintenanceWindows", "WindowIdentities", "WindowId")
        # A listing that changes while it is read can return an entry twice.
        self._listed = list({raw["WindowId"]: raw for raw in listed}.values())
        return ()

    def _list_touching(self) -> Iterable[Job]:
        operation = "DescribeMaintenanceWindowsForTarget"
        targets = [{"Key": "InstanceIds", "Values": [self._params["instance_id"]]}]
        found = self._api.pages(operation, "WindowIdentities", "WindowId", Targets=targets, ResourceType="INSTANCE")
        self._touching = {raw["WindowId"] for raw in found}
        return ()

    def _fits(self, raw: Raw) -> bool:
        enabled = self._params["enabled"]
        return (
            is_wanted(_name(raw), self._params["names"])
            and is_wanted(raw["WindowId"], self._params["window_ids"])
            and enabled in (None, raw.get("Enabled"))
            and (self._touching is None or raw["WindowId"] in self._touching)
        )

    def _first_jobs(self, one: _Window) -> list[Job]:
        wanted = self._params["tags"]
        if not wanted:
            return [unless_gone(one, self._tags), *self._jobs(one)]

        def tags_first(one: _Window) -> Iterable[Job]:
            self._tags(one)
            one.gone = any(one.tags.get(key) != str(value) for key, value in wanted.items())
            return [] if one.gone else self._jobs(one)

        return [unless_gone(one, tags_first)]

    def _jobs(self, one: _Window) -> list[Job]:
        reads = [self._get]
        reads += [self._list_targets] if self._with_targets else []
        reads += [self._list_tasks] if self._with_tasks else []
        reads += [self._list_executions] if "executions" in self._include else []
        # A disabled window has no runs.
        reads += [self._list_runs] if "next_runs" in self._include and one.enabled else []
        return [unless_gone(one, read) for read in reads]

    def _get(self, one: _Window) -> Iterable[Job]:
        one.raw = self._api.get("GetMaintenanceWindow", "WindowId", WindowId=one.id)
        return ()

    def _tags(self, one: _Window) -> Iterable[Job]:
        one.tags = self._api.tags(window.KIND.resource_type, one.id)
        return ()

    def _list_targets(self, one: _Window) -> Iterable[Job]:
        listed = self._api.pages("DescribeMaintenanceWindowTargets", "Targets", "WindowTargetId", WindowId=one.id)
        one.targets = {raw["WindowTargetId"]: raw for raw in listed}
        return ()

    def _list_tasks(self, one: _Window) -> Iterable[Job]:
        listed = self._api.pages("DescribeMaintenanceWindowTasks", "Tasks", "WindowTaskId", WindowId=one.id)
        return [self._task_job(one, task_id) for task_id in dict.fromkeys(raw["WindowTaskId"] for raw in listed)]

    def _task_job(self, one: _Window, task_id: str) -> Job:
        def job() -> Iterable[Job]:
            operation = "GetMaintenanceWindowTask"
            try:
                answer = self._api.get(operation, "WindowTaskId", WindowId=one.id, WindowTaskId=task_id)
            except ApiError as error:
                if error.code not in GONE:
                    raise
                return ()
            one.tasks[task_id] = tidied(answer)
            return ()

        return job

    def _list_runs(self, one: _Window) -> Iterable[Job]:
        operation, count = "DescribeMaintenanceWindowSchedule", self._params["next_run_count"]
        # A schedule has no last run, so pages are read only until there are enough runs.
        result, member = "ScheduledWindowExecutions", "ExecutionTime"
        runs = self._api.pages(operation, result, member, WindowId=one.id, MaxResults=count)
        one.next_runs = [run[member] for run in islice(runs, count)]
        return ()

    def _list_executions(self, one: _Window) -> Iterable[Job]:
        count, only = self._params["execution_count"], self._params.get("window_execution_id")
        one.executions = WindowExecutions(self._api, one.id, count, only, with_details=True)
        return one.executions.read()

    def _entry(self, one: _Window, namesakes: int) -> dict[str, Any]:
        tasks = list(one.tasks.values()) if "tasks" in self._include else None
        targets = list(one.targets.values()) if self._include & {"targets", "tasks"} else None
        parts = WindowParts(one.raw, one.tags, targets, tasks)
        entry = {
            **nested(values_of(window.KIND, one.raw)),
            "window_id": one.id,
            **window.KIND.facts(one.raw),
            "tags": user_tags(one.tags),
            "setup": one.tags.get(SETUP_TAG),
        }
        if "targets" in self._include:
            entry["targets"] = sorted((_target_entry(one, raw) for raw in one.targets.values()), key=_by_name)
        if tasks is not None:
            unique = _unique_names(one.targets)
            shown = (_task_entry(one, raw, unique) for raw in tasks)
            entry["tasks"] = sorted(shown, key=lambda task: (task["priority"] or 0, _by_name(task)))
        if "next_runs" in self._include:
            entry["next_runs"] = one.next_runs
        if one.executions is not None:
            names = {target_id: raw["Name"] for target_id, raw in one.targets.items() if raw.get("Name")}
            entry |= one.executions.told(one.tasks.values(), names)
        return {**entry, **declared(declare_window(parts, namesakes, checker(self._api)))}


def _name(raw: Raw) -> str:
    return raw.get("Name") or ""


def _by_name(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry["name"] or "", str(next(value for name, value in entry.items() if name.endswith("_id")))


def _target_entry(one: _Window, raw: Raw) -> dict[str, Any]:
    return {
        **nested(values_of(window_target.KIND, raw)),
        window_target.KIND.id_option: raw[window_target.KIND.id_member],
        "window_id": one.id,
    }


def _task_entry(one: _Window, raw: Raw, names: Mapping[str, str]) -> dict[str, Any]:
    values = nested(values_of(window_task.KIND, modernised(raw)))
    if values["window_targets"]:
        values["window_targets"] = [names.get(target_id, target_id) for target_id in values["window_targets"]]
    return {**values, window_task.KIND.id_option: raw[window_task.KIND.id_member], "window_id": one.id}


def _unique_names(targets: Mapping[str, Raw]) -> dict[str, str]:
    counts = Counter(raw.get("Name") for raw in targets.values())
    return {
        target_id: raw["Name"] for target_id, raw in targets.items() if raw.get("Name") and counts[raw["Name"]] == 1
    }
