# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of the info modules: options, concurrent reads of each thing once, answers with declarations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from . import baseline, target, window, window_task
from .api import GONE, Answer, Api, Job, connect, run_jobs
from .declaration import SETUP_TAG, Declaration, make_entry, violations
from .declare import Declared, WindowParts, declare_aws_baseline, declare_baseline, declare_window
from .errors import ApiError, PatchingError
from .kind import Kind, Raw, values_of
from .options import Option, Options, argument_spec, nested
from .planner import user_tags
from .task import modernised, tidied

_WORKERS = 16
_MOST_RUNS = 100

WINDOW_OPTIONS: Options = (
    Option("names", "Only windows with one of these names.", type="list", elements="str"),
    Option("window_ids", "Only windows with one of these ids.", type="list", elements="str"),
    Option("enabled", "Only windows that are enabled, or only those that are not.", type="bool"),
    Option(
        "tags",
        "Only windows that carry all of these tags, tag key to value. The tag C(patchfleet:setup) holds the name of"
        " the setup that owns a window.",
        type="dict",
    ),
    Option("instance_id", "Only windows whose targets or tasks name this node, by id (C(i-) or C(mi-))."),
    Option(
        "include",
        (
            "What is read besides the windows themselves.",
            "V(targets) and V(tasks) also go into RV(windows[].declaration). V(next_runs) are the moments at which AWS"
            " opens the window next.",
        ),
        type="list",
        elements="str",
        choices=("targets", "tasks", "next_runs"),
        default=[],
    ),
    Option(
        "next_run_count", f"How many next runs of a window are read at most, 1 to {_MOST_RUNS}.", type="int", default=5
    ),
)
BASELINE_OPTIONS: Options = (
    Option("names", "Only baselines with one of these names.", type="list", elements="str"),
    Option("baseline_ids", "Only baselines with one of these ids or ARNs.", type="list", elements="str"),
    Option(
        "owner",
        "V(self) for baselines of this account, V(aws) for those of AWS, V(all) for both.",
        choices=("self", "aws", "all"),
        default="self",
    ),
    Option("operating_system", "Only baselines of this operating system, as the API names it, such as V(WINDOWS)."),
    Option("default_only", "Only the default baseline of each operating system.", type="bool", default=False),
    Option(
        "include",
        "What is read besides the baselines themselves. V(patch_groups) are the groups that use a baseline.",
        type="list",
        elements="str",
        choices=("patch_groups",),
        default=[],
    ),
    Option(
        "as_override",
        "Add RV(baselines[].override), the JSON text that C(baseline_override) takes, to be stored under an URL.",
        type="bool",
        default=False,
    ),
)


def run_window_info() -> None:
    """The main function of ssm_maintenance_window_info."""
    _run(WINDOW_OPTIONS, _window_violations, lambda api, params: {"windows": _WindowReader(api, params).read()})


def run_baseline_info() -> None:
    """The main function of ssm_patch_baseline_info."""
    _run(BASELINE_OPTIONS, _baseline_violations, lambda api, params: {"baselines": _BaselineReader(api, params).read()})


def _run(
    options: Options,
    check: Callable[[Api, Mapping[str, Any]], list[str]],
    read: Callable[[Api, Mapping[str, Any]], dict[str, Any]],
) -> None:
    module = AnsibleAWSModule(argument_spec=argument_spec(options), supports_check_mode=True)
    api = connect(module, _WORKERS)
    if found := check(api, module.params):
        module.fail_json(msg="; ".join(found), violations=found)
    try:
        module.exit_json(changed=False, **read(api, module.params))
    except PatchingError as error:
        facts = {"error": {"code": error.code, "request_id": error.request_id}} if isinstance(error, ApiError) else {}
        module.fail_json(msg=str(error), **facts)


def _window_violations(_api: Api, params: Mapping[str, Any]) -> list[str]:
    found = _id_violations("window_ids", window.KIND, params)
    if params["instance_id"] is not None:
        found += [text.replace("instance_ids", "instance_id", 1) for text in _instance_violations(params)]
    if not 1 <= params["next_run_count"] <= _MOST_RUNS:
        found.append(f"next_run_count: {params['next_run_count']} must be from 1 to {_MOST_RUNS}")
    return found


def _instance_violations(params: Mapping[str, Any]) -> list[str]:
    return target.instance_id_violations([params["instance_id"]])


def _baseline_violations(api: Api, params: Mapping[str, Any]) -> list[str]:
    found = _id_violations("baseline_ids", baseline.KIND, params)
    systems = api.input_shape("CreatePatchBaseline").members["OperatingSystem"].enum
    if params["operating_system"] is not None and params["operating_system"] not in systems:
        found.append(f"operating_system: {params['operating_system']!r} must be one of {', '.join(systems)}")
    return found


def _id_violations(option: str, kind: Kind, params: Mapping[str, Any]) -> list[str]:
    return [
        f"{option}: {one!r} is no id of a {kind.name}; to use a name, give names"
        for one in params[option] or ()
        if not kind.is_id(one)
    ]


def _complete(operation: str, answer: Answer, *members: str) -> Answer:
    """An answer that holds these members; one that lacks them must not be read as "there is none"."""
    missing = [member for member in members if answer.get(member) in (None, "")]
    if missing:
        raise ApiError(operation, "UnexpectedAnswer", f"the answer holds no {', '.join(missing)}")
    return answer


def _read_tags(api: Api, resource_type: str, resource_id: str) -> dict[str, str]:
    operation = "ListTagsForResource"
    answer = api.call(operation, ResourceType=resource_type, ResourceId=resource_id)
    tags: dict[str, str] = boto3_tag_list_to_ansible_dict(_complete(operation, answer, "TagList")["TagList"])
    return tags


def _wanted(value: str | None, wanted: list[str] | None) -> bool:
    return wanted is None or value in wanted


def _checker(api: Api) -> Callable[[Kind, dict[str, Any]], list[str]]:
    """What is wrong with the options of one resource, by the rules of the writing modules."""
    return lambda kind, options: violations(Declaration(windows=[make_entry(kind, options)]), api.input_shape)


def _declared(declared: Declared) -> dict[str, Any]:
    return {"declaration": declared.options, "undeclared": declared.undeclared}


@dataclass
class _Window:
    """One window as it is read. targets, tasks: by id. gone: it vanished while it was read, or a tag does not fit."""

    id: str
    enabled: bool
    raw: Raw = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[str, Raw] = field(default_factory=dict)
    tasks: dict[str, Raw] = field(default_factory=dict)
    next_runs: list[str] = field(default_factory=list)
    gone: bool = False


class _WindowReader:
    """Windows: the listing first, then all that is needed of those that fit, concurrently."""

    def __init__(self, api: Api, params: Mapping[str, Any]) -> None:
        self._api = api
        self._params = params
        self._include = set(params["include"])
        # The names of targets are what a task is declared with.
        self._with_targets = bool(self._include & {"targets", "tasks"})
        self._listed: list[Raw] = []
        self._touching: set[str] | None = None

    def read(self) -> list[dict[str, Any]]:
        """The entries of the answer."""
        run_jobs([self._list, *([self._list_touching] if self._params["instance_id"] else [])], _WORKERS)
        windows = [_Window(raw["WindowId"], raw["Enabled"]) for raw in self._listed if self._fits(raw)]
        run_jobs([job for one in windows for job in self._first_jobs(one)], _WORKERS)
        counts = Counter(raw["Name"] for raw in self._listed)
        found = sorted((one for one in windows if not one.gone), key=lambda one: (one.raw["Name"], one.id))
        return [self._entry(one, counts[one.raw["Name"]]) for one in found]

    def _list(self) -> Iterable[Job]:
        operation = "DescribeMaintenanceWindows"
        for raw in self._api.pages(operation, "WindowIdentities"):
            self._listed.append(_complete(operation, raw, "WindowId", "Name", "Enabled"))
        return ()

    def _list_touching(self) -> Iterable[Job]:
        operation = "DescribeMaintenanceWindowsForTarget"
        targets = [{"Key": "InstanceIds", "Values": [self._params["instance_id"]]}]
        found = self._api.pages(operation, "WindowIdentities", Targets=targets, ResourceType="INSTANCE")
        self._touching = {_complete(operation, raw, "WindowId")["WindowId"] for raw in found}
        return ()

    def _fits(self, raw: Raw) -> bool:
        enabled = self._params["enabled"]
        return (
            _wanted(raw["Name"], self._params["names"])
            and _wanted(raw["WindowId"], self._params["window_ids"])
            and enabled in (None, raw["Enabled"])
            and (self._touching is None or raw["WindowId"] in self._touching)
        )

    def _first_jobs(self, one: _Window) -> list[Job]:
        wanted = self._params["tags"]
        if not wanted:
            return [self._guarded(one, self._tags), *self._jobs(one)]

        def tags_first(one: _Window) -> Iterable[Job]:
            self._tags(one)
            one.gone = any(one.tags.get(key) != str(value) for key, value in wanted.items())
            return [] if one.gone else self._jobs(one)

        return [self._guarded(one, tags_first)]

    def _jobs(self, one: _Window) -> list[Job]:
        reads = [self._get]
        reads += [self._list_targets] if self._with_targets else []
        reads += [self._list_tasks] if "tasks" in self._include else []
        # A disabled window has no runs.
        reads += [self._list_runs] if "next_runs" in self._include and one.enabled else []
        return [self._guarded(one, read) for read in reads]

    def _guarded(self, one: _Window, read: Callable[[_Window], Iterable[Job]]) -> Job:
        """A read after which the window counts as gone where the service does not know it any more."""

        def job() -> Iterable[Job]:
            try:
                return read(one)
            except ApiError as error:
                if error.code not in GONE:
                    raise
                one.gone = True
                return ()

        return job

    def _get(self, one: _Window) -> Iterable[Job]:
        operation = "GetMaintenanceWindow"
        members = ("WindowId", "Name", "Schedule", "Duration", "Cutoff", "AllowUnassociatedTargets", "Enabled")
        one.raw = _complete(operation, self._api.call(operation, WindowId=one.id), *members)
        return ()

    def _tags(self, one: _Window) -> Iterable[Job]:
        one.tags = _read_tags(self._api, window.RESOURCE_TYPE, one.id)
        return ()

    def _list_targets(self, one: _Window) -> Iterable[Job]:
        operation = "DescribeMaintenanceWindowTargets"
        for raw in self._api.pages(operation, "Targets", WindowId=one.id):
            one.targets[_complete(operation, raw, "WindowTargetId", "ResourceType", "Targets")["WindowTargetId"]] = raw
        return ()

    def _list_tasks(self, one: _Window) -> Iterable[Job]:
        operation = "DescribeMaintenanceWindowTasks"
        listed = self._api.pages(operation, "Tasks", WindowId=one.id)
        ids = [_complete(operation, raw, "WindowTaskId")["WindowTaskId"] for raw in listed]
        return [self._task_job(one, task_id) for task_id in ids]

    def _task_job(self, one: _Window, task_id: str) -> Job:
        def job() -> Iterable[Job]:
            operation = "GetMaintenanceWindowTask"
            try:
                answer = self._api.call(operation, WindowId=one.id, WindowTaskId=task_id)
            except ApiError as error:
                if error.code not in GONE:
                    raise
                return ()
            one.tasks[task_id] = tidied(_complete(operation, answer, "WindowTaskId", "TaskType", "TaskArn"))
            return ()

        return job

    def _list_runs(self, one: _Window) -> Iterable[Job]:
        operation, count = "DescribeMaintenanceWindowSchedule", self._params["next_run_count"]
        # The runs of a schedule have no end; pages are taken only until there are enough.
        runs = self._api.pages(operation, "ScheduledWindowExecutions", WindowId=one.id, MaxResults=count)
        one.next_runs = [_complete(operation, run, "ExecutionTime")["ExecutionTime"] for run in islice(runs, count)]
        return ()

    def _entry(self, one: _Window, namesakes: int) -> dict[str, Any]:
        tasks = list(one.tasks.values()) if "tasks" in self._include else None
        parts = WindowParts(one.raw, one.tags, list(one.targets.values()) if self._with_targets else None, tasks)
        entry = {
            **nested(values_of(window.KIND, one.raw)),
            "window_id": one.id,
            **window.facts(one.raw),
            "tags": user_tags(one.tags),
            "setup": one.tags.get(SETUP_TAG),
        }
        if "targets" in self._include:
            entry["targets"] = sorted((_target_entry(one, raw) for raw in one.targets.values()), key=_by_name)
        if tasks is not None:
            names = _unique_names(one.targets)
            shown = (_task_entry(one, raw, names) for raw in tasks)
            entry["tasks"] = sorted(shown, key=lambda task: (task["priority"] or 0, _by_name(task)))
        if "next_runs" in self._include:
            entry["next_runs"] = one.next_runs
        return {**entry, **_declared(declare_window(parts, namesakes, _checker(self._api)))}


def _by_name(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry["name"] or "", str(next(value for name, value in entry.items() if name.endswith("_id")))


def _target_entry(one: _Window, raw: Raw) -> dict[str, Any]:
    return {
        **nested(values_of(target.KIND, raw)),
        target.KIND.id_option: raw[target.KIND.id_member],
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


class _BaselineReader:
    """Baselines: the listing and, where wanted, the patch groups first, then each baseline that fits."""

    def __init__(self, api: Api, params: Mapping[str, Any]) -> None:
        self._api = api
        self._params = params
        self._ids = (
            None if params["baseline_ids"] is None else {baseline.bare_id(one) for one in params["baseline_ids"]}
        )
        self._listed: list[Raw] = []
        self._groups: dict[str, list[str]] = {}
        self._raws: dict[str, Raw] = {}
        self._tags: dict[str, dict[str, str]] = {}

    def read(self) -> list[dict[str, Any]]:
        """The entries of the answer."""
        # GetPatchBaseline tells the groups of own baselines.
        groups = "patch_groups" in self._params["include"] and self._params["owner"] != "self"
        run_jobs([self._list, *([self._list_groups] if groups else [])], _WORKERS)
        identities = [one for one in self._listed if self._fits(one)]
        run_jobs([job for one in identities for job in self._jobs(one["BaselineId"])], _WORKERS)
        counts = Counter(_key(one) for one in self._listed)
        found = [one for one in identities if one["BaselineId"] in self._raws]
        return [
            self._entry(one, counts[_key(one)])
            for one in sorted(found, key=lambda one: (*_key(one), one["BaselineId"]))
        ]

    def _list(self) -> Iterable[Job]:
        operation, filters = "DescribePatchBaselines", []
        if self._params["owner"] != "all":
            filters.append({"Key": "OWNER", "Values": [{"self": "Self", "aws": "AWS"}[self._params["owner"]]]})
        if self._params["operating_system"]:
            filters.append({"Key": "OPERATING_SYSTEM", "Values": [self._params["operating_system"]]})
        only = {"Filters": filters} if filters else {}
        for raw in self._api.pages(operation, "BaselineIdentities", **only):
            self._listed.append(_complete(operation, raw, "BaselineId", "BaselineName", "OperatingSystem"))
        return ()

    def _list_groups(self) -> Iterable[Job]:
        operation = "DescribePatchGroups"
        for mapping in self._api.pages(operation, "Mappings"):
            identity = _complete(operation, mapping, "PatchGroup", "BaselineIdentity")["BaselineIdentity"]
            holder = _complete(operation, identity, "BaselineId")["BaselineId"]
            self._groups.setdefault(baseline.bare_id(holder), []).append(mapping["PatchGroup"])
        return ()

    def _fits(self, identity: Raw) -> bool:
        return (
            _wanted(identity["BaselineName"], self._params["names"])
            and (self._ids is None or baseline.bare_id(identity["BaselineId"]) in self._ids)
            and (bool(identity.get("DefaultBaseline")) or not self._params["default_only"])
        )

    def _jobs(self, baseline_id: str) -> list[Job]:
        # Those of AWS cannot be tagged.
        return [
            lambda: self._get(baseline_id),
            *([] if baseline.is_aws_owned(baseline_id) else [lambda: self._list_tags(baseline_id)]),
        ]

    def _get(self, baseline_id: str) -> Iterable[Job]:
        operation = "GetPatchBaseline"
        try:
            answer = self._api.call(operation, BaselineId=baseline_id)
        except ApiError as error:
            if error.code not in GONE:
                raise
            return ()
        self._raws[baseline_id] = _complete(operation, answer, "BaselineId", "Name", "OperatingSystem")
        return ()

    def _list_tags(self, baseline_id: str) -> Iterable[Job]:
        try:
            self._tags[baseline_id] = _read_tags(self._api, baseline.RESOURCE_TYPE, baseline_id)
        except ApiError as error:
            if error.code not in GONE:
                raise
        return ()

    def _entry(self, identity: Raw, namesakes: int) -> dict[str, Any]:
        baseline_id, default = identity["BaselineId"], bool(identity.get("DefaultBaseline"))
        raw, tags = self._raws[baseline_id], self._tags.get(baseline_id, {})
        owned_by_aws = baseline.is_aws_owned(baseline_id)
        groups = self._groups.get(baseline.bare_id(baseline_id), []) if owned_by_aws else raw.get("PatchGroups") or []
        entry = {
            **nested(values_of(baseline.KIND, raw)),
            "baseline_id": baseline_id,
            "owner": "aws" if owned_by_aws else "self",
            "default": default,
            **baseline.facts(raw),
            "tags": user_tags(tags),
            "setup": tags.get(SETUP_TAG),
        }
        if "patch_groups" in self._params["include"]:
            entry["patch_groups"] = sorted(groups)
        if self._params["as_override"]:
            entry["override"] = self._override(raw)
        if owned_by_aws:
            aws_default = baseline.aws_default(self._listed, identity["OperatingSystem"])
            return {**entry, **_declared(declare_aws_baseline(identity, groups, aws_default))}
        return {**entry, **_declared(declare_baseline(raw, tags, default, namesakes, _checker(self._api)))}

    def _override(self, raw: Raw) -> str:
        shape = self._api.input_shape("GetDeployablePatchSnapshotForInstance").members["BaselineOverride"]
        return json.dumps([_trimmed({name: raw.get(name) for name in shape.members})], indent=2)


def _key(identity: Raw) -> tuple[str, str]:
    return identity["BaselineName"], identity["OperatingSystem"]


def _trimmed(value: Any) -> Any:
    """A structure without nulls, at any depth."""
    if isinstance(value, dict):
        return {name: _trimmed(entry) for name, entry in value.items() if entry is not None}
    return [_trimmed(entry) for entry in value] if isinstance(value, list) else value
