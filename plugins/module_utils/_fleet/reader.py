# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the data for coverage: each window, node, group and baseline once, concurrently."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from .._aws.answers import require
from .._aws.client import GONE, Api, Job, run_jobs, unless_gone
from .._aws.errors import ApiError
from .._aws.node_listings import group_members, listed_nodes
from .._aws.structures import Raw
from .._compliance.gaps import Gaps
from .._compliance.platforms import operating_system
from .._compliance.rows import Facts, facts_of
from .._resources import patch_baseline
from .._resources.patch_baseline import bare_id, is_aws_owned
from .._resources.tasks import tidied
from .._resources.window_target import GROUP_KEYS
from .baselines import effective_baseline, is_like_group_key
from .executions import execution_jobs
from .model import NAME_TAG, Account, Node, Tags, Window
from .openings import set_opening

_EC2_PAGE = 1000
_STATES = ["pending", "running", "stopping", "stopped"]


def _nothing(_account: Account) -> None:
    """Leave an account as it was read."""


class AccountReader:
    """Reads an account and Region.

    ec2, groups: connect to EC2 and to Resource Groups. adjust: changes the windows, baselines and patch groups before
    the data that they refer to is read. Baselines that it adds are not read.
    """

    def __init__(
        self,
        api: Api,
        ec2: Callable[[], Api],
        groups: Callable[[], Api],
        params: Mapping[str, Any],
        gaps: Gaps,
        now: datetime,
        adjust: Callable[[Account], None] = _nothing,
    ) -> None:
        self._api = api
        self._ec2 = ec2
        self._groups = groups
        self._gaps = gaps
        self._now = now
        self._adjust = adjust
        self._workers: int = params["concurrency"]
        self._include_unmanaged: bool = params["include_unmanaged"]
        self._execution_count: int = params["execution_count"]
        self._kept_keys = {NAME_TAG, *(params["instance_tags"] or {}), *(params.get("include_tags") or ())}
        self._facts: list[Facts] = []
        self._instances: dict[str, tuple[Tags, str]] = {}
        self._tag_sets: dict[Tags, Tags] = {}
        self.account = Account()

    def read(self) -> Account:
        """The account. Windows are read first, because their targets determine which tags of nodes to keep."""
        account = self.account
        run_jobs([self._list_windows, self._list_baselines, self._list_groups], self._workers)
        account.windows = [one for one in account.windows if not one.gone]
        self._adjust(account)
        account.windows.sort(key=lambda one: (one.name, one.id))
        for window in account.windows:
            set_opening(window, self._now)
        self._keep_keys()
        jobs: list[Job] = [self._list_nodes, self._list_instances]
        jobs += [partial(self._list_members, *group) for group in sorted(self._resource_groups())]
        jobs += execution_jobs(self._api, self._gaps, self._execution_count, account)
        run_jobs(jobs, self._workers)
        self._join()
        wanted = {self._baseline_of(node) for node in account.nodes}
        wanted -= {None, *account.baselines}
        own = sorted(one for one in wanted if one and not is_aws_owned(account.identities[one]["BaselineId"]))
        run_jobs([partial(self._get_baseline, one) for one in own], self._workers)
        return account

    def _list_windows(self) -> Iterable[Job]:
        listed = self._api.pages("DescribeMaintenanceWindows", "WindowIdentities", "WindowId", "Name")
        # A listing that changes while it is read can return an entry twice.
        found = {raw["WindowId"]: Window(raw["WindowId"], raw["Name"], raw) for raw in listed}
        self.account.windows = [*found.values()]
        reads = (self._list_targets, self._list_tasks)
        return [unless_gone(window, read) for window in found.values() for read in reads]

    def _list_targets(self, window: Window) -> Iterable[Job]:
        operation = "DescribeMaintenanceWindowTargets"
        listed = self._api.pages(operation, "Targets", "WindowTargetId", WindowId=window.id)
        window.targets = {raw["WindowTargetId"]: raw for raw in listed}
        return ()

    def _list_tasks(self, window: Window) -> Iterable[Job]:
        listed = self._api.pages("DescribeMaintenanceWindowTasks", "Tasks", "WindowTaskId", WindowId=window.id)
        tasks = {raw["WindowTaskId"]: tidied(raw) for raw in listed}
        # Only GetMaintenanceWindowTask returns the parameters of a task.
        may_patch = [one for one, raw in tasks.items() if raw.get("TaskType") in ("RUN_COMMAND", "AUTOMATION")]
        jobs = [self._task_job(window, one) for one in may_patch]
        named = any(entry.get("Key") == "InstanceIds" for one in may_patch for entry in tasks[one].get("Targets") or ())
        return [*jobs, unless_gone(window, self._get_window)] if named else jobs

    def _task_job(self, window: Window, task_id: str) -> Job:
        def job() -> Iterable[Job]:
            operation = "GetMaintenanceWindowTask"
            try:
                answer = self._api.get(operation, "TaskType", WindowId=window.id, WindowTaskId=task_id)
            except ApiError as error:
                if error.code not in GONE:
                    raise
                return ()
            window.tasks[task_id] = tidied(answer)
            return ()

        return job

    def _get_window(self, window: Window) -> Iterable[Job]:
        raw = self._api.get("GetMaintenanceWindow", "WindowId", WindowId=window.id)
        window.allows_unassociated = raw.get("AllowUnassociatedTargets") is True
        return ()

    def _list_baselines(self) -> Iterable[Job]:
        for raw in self._api.pages(
            "DescribePatchBaselines", "BaselineIdentities", *patch_baseline.KIND.listing.members
        ):
            name = bare_id(raw["BaselineId"])
            self.account.identities[name] = raw
            if raw.get("DefaultBaseline"):
                self.account.defaults[raw["OperatingSystem"]] = name
        return ()

    def _list_groups(self) -> Iterable[Job]:
        operation = "DescribePatchGroups"
        for raw in self._api.pages(operation, "Mappings", "PatchGroup", "BaselineIdentity"):
            identity = raw["BaselineIdentity"]
            require(operation, identity, ("BaselineId", "OperatingSystem"))
            self.account.registered[identity["OperatingSystem"], raw["PatchGroup"]] = bare_id(identity["BaselineId"])
        return ()

    def _criteria(self) -> Iterator[Raw]:
        return (
            entry for one in self.account.windows for raw in one.targets.values() for entry in raw.get("Targets") or ()
        )

    def _keep_keys(self) -> None:
        for entry in self._criteria():
            if entry["Key"] == "tag-key":
                self._kept_keys.update(entry.get("Values") or ())
            self._kept_keys.add(entry["Key"].removeprefix("tag:"))

    def _resource_groups(self) -> set[tuple[str, tuple[str, ...]]]:
        """The resource groups of targets, with the resource types that they select."""
        found = set()
        for window in self.account.windows:
            for raw in window.targets.values():
                values = {entry["Key"]: tuple(entry.get("Values") or ()) for entry in raw.get("Targets") or ()}
                if names := values.get(GROUP_KEYS[0]):
                    found.add((names[0], values.get(GROUP_KEYS[1], ())))
        return found

    def _list_nodes(self) -> Iterable[Job]:
        self._facts = [*{raw["InstanceId"]: facts_of(raw) for raw in listed_nodes(self._api, [])}.values()]
        hybrid = [one.instance_id for one in self._facts if not one.instance_id.startswith("i-")]
        return [partial(self._list_tags, one) for one in hybrid]

    def _list_tags(self, instance_id: str) -> Iterable[Job]:
        tags = self._gaps.read(
            "ListTagsForResource", "tags", [instance_id], lambda: self._api.tags("ManagedInstance", instance_id)
        )
        self._instances[instance_id] = (self._kept(tags or {}), "")
        return ()

    def _list_instances(self) -> Iterable[Job]:
        filters = [{"Name": "instance-state-name", "Values": _STATES}]
        for raw in self._ec2().pages("DescribeInstances", "Reservations", MaxResults=_EC2_PAGE, Filters=filters):
            for instance in raw.get("Instances", ()):
                if instance.get("InstanceId"):
                    tags = {tag["Key"]: tag.get("Value") or "" for tag in instance.get("Tags") or () if tag.get("Key")}
                    state = str((instance.get("State") or {}).get("Name") or "")
                    self._instances[instance["InstanceId"]] = (self._kept(tags), state)
        return ()

    def _kept(self, tags: Mapping[str, str]) -> Tags:
        kept = tuple((key, tags[key]) for key in sorted(tags) if key in self._kept_keys or is_like_group_key(key))
        # Nodes with the same tags share one tuple.
        return self._tag_sets.setdefault(kept, kept)

    def _list_members(self, name: str, types: tuple[str, ...]) -> Iterable[Job]:
        try:
            self.account.members[name] = self._gaps.read(
                "ListGroupResources",
                "members of the resource group",
                [name],
                lambda: group_members(self._groups(), name, types),
            )
        except ApiError as error:
            if error.code != "NotFoundException":
                raise
            self.account.members[name] = frozenset()
            self.account.gone_groups.add(name)
        return ()

    def _join(self) -> None:
        nothing: tuple[Tags, str] = ((), "")
        account, known = self.account, self._instances
        # The service documents no order for nodes, and a file of rows is compared with the previous one.
        for facts in sorted(self._facts, key=lambda one: one.instance_id):
            tags, state = known.pop(facts.instance_id, nothing)
            account.nodes.append(Node(facts, tags, state or None))
        if self._include_unmanaged:
            account.unmanaged = [
                Node(Facts(one, name=dict(tags).get(NAME_TAG) or None, resource_type="EC2Instance"), tags, state)
                for one, (tags, state) in sorted(known.items())
                if state == "running"
            ]
        self._facts, self._instances = [], {}

    def _baseline_of(self, node: Node) -> str | None:
        found = effective_baseline(self.account, operating_system(node.facts), node.groups).baseline_id
        return found if found in self.account.identities else None

    def _get_baseline(self, name: str) -> Iterable[Job]:
        operation = "GetPatchBaseline"
        self.account.baselines[name] = self._gaps.read(
            operation,
            "what the baseline approves",
            [name],
            lambda: self._api.get(operation, "BaselineId", BaselineId=name),
        )
        return ()
