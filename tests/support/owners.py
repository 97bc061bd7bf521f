# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the ownership of every write to the account: a resource of another setup, or of a stack, is written only by a
run that takes it over. The check uses the tags that are stored at that time, not those that a run has read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ssmsim.baselines import default_baseline
from ssmsim.store import Region

Json = Any
SETUP, STACK = "patchfleet:setup", "aws:cloudformation:stack-id"
_TABLES = {"MaintenanceWindow": "windows", "PatchBaseline": "baselines"}
_MODULES = {
    "ssm_maintenance_window": "MaintenanceWindow",
    "ssm_window_target": "MaintenanceWindow",
    "ssm_patch_task": "MaintenanceWindow",
    "ssm_window_task": "MaintenanceWindow",
    "ssm_patch_baseline": "PatchBaseline",
}


@dataclass(frozen=True)
class _Claim:
    """One entry of a declaration, with the options that affect ownership."""

    resource_type: str
    names: frozenset[str]
    setup: str | None
    take_over: bool
    removes: bool
    recreates: bool


@dataclass(eq=False)
class _Run:
    """A running module: its claims, the setup that it prunes for, and the IDs that it has created."""

    claims: list[_Claim]
    pruned_for: str | None
    take_over: bool
    created: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Written:
    """A window or baseline immediately before a write."""

    resource_type: str
    names: frozenset[str]
    tags: dict[str, str]


class Watch:
    """Watches the writes of running modules, including concurrent ones."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._offences: list[str] = []
        self._excused: str | None = None

    def excuse(self, operation: str) -> None:
        """Allow the next call of an operation, because the test changes the resource between the check and the call."""
        self._excused = operation

    @contextmanager
    def over(self, module: str, args: Mapping[str, Json]) -> Iterator[None]:
        """Watch while a module runs with these arguments. An offence is an error at its end."""
        if module not in (*_MODULES, "ssm_patch_setup"):
            yield
            return
        run = _Run(_claims(module, args), args.get("setup"), bool(args.get("take_over")))
        self._runs.append(run)
        try:
            yield
        finally:
            self._runs.remove(run)
        assert not self._offences, self._offences

    def before(self, region: Region, operation: str, body: Mapping[str, Json]) -> list[_Written]:
        """The current resources that a call would write to."""
        found = []
        for resource_type, resource_id in _written(region, operation, body):
            record = region.table(_TABLES[resource_type]).latest(resource_id)
            if record is not None:
                names = frozenset({resource_id, str(record.get("Name"))})
                found.append(_Written(resource_type, names, _tags(region, resource_type, resource_id)))
        return found

    def judge(self, operation: str, written: list[_Written], answer: Mapping[str, Json]) -> None:
        """Record completed writes that were not allowed."""
        for run in self._runs:
            if operation.startswith("Create"):
                run.created |= {str(answer.get("WindowId")), str(answer.get("BaselineId"))}
        excused, self._excused = self._excused == operation, None
        for one in () if excused else written:
            if self._runs and not any(_may(run, operation, one) for run in self._runs):
                self._offences.append(f"{operation} on {one}")


def _claims(module: str, args: Mapping[str, Json]) -> list[_Claim]:
    if module != "ssm_patch_setup":
        return [_claim(_MODULES[module], args, {})]
    kinds = (("windows", "MaintenanceWindow"), ("baselines", "PatchBaseline"))
    return [_claim(kind, entry, args) for option, kind in kinds for entry in args.get(option) or ()]


def _claim(resource_type: str, entry: Mapping[str, Json], shared: Mapping[str, Json]) -> _Claim:
    own = entry.get("take_over")
    identities = [entry.get(name) for name in ("window", "window_id", "baseline_id")]
    identities += [] if entry.get("window") else [entry.get("name")]
    return _Claim(
        resource_type,
        frozenset(str(one).rpartition("/")[2] for one in identities if one),
        entry.get("setup") or shared.get("setup"),
        bool(shared.get("take_over") if own is None else own),
        "absent" in (entry.get("state"), shared.get("state")),
        bool(entry.get("recreate")),
    )


def _written(region: Region, operation: str, body: Mapping[str, Json]) -> list[tuple[str, str]]:
    if "WindowId" in body:
        return [("MaintenanceWindow", body["WindowId"])]
    if "ResourceId" in body:
        return [(body["ResourceType"], body["ResourceId"])] if body.get("ResourceType") in _TABLES else []
    if "BaselineId" not in body:
        return []
    found = [("PatchBaseline", body["BaselineId"])]
    if operation == "RegisterDefaultPatchBaseline":
        # Baselines of AWS are in no table. All defaults are then included, of which only one can change.
        record = region.table("baselines").latest(body["BaselineId"])
        systems = [record["OperatingSystem"]] if record else list(_defaults(region))
        found += [("PatchBaseline", default_baseline(region, system)) for system in systems]
    return found


def _defaults(region: Region) -> set[str]:
    return {str(one["OperatingSystem"]) for one in region.table("default_baselines").latest_values()}


def _tags(region: Region, resource_type: str, resource_id: str) -> dict[str, str]:
    return dict(region.table("tags").latest((resource_type, resource_id)) or {})


def _may(run: _Run, operation: str, written: _Written) -> bool:
    if written.names & run.created:
        return True
    claims = [one for one in run.claims if one.resource_type == written.resource_type]
    own = [one for one in claims if one.names & written.names]
    pruned = _Claim(written.resource_type, frozenset(), run.pruned_for, run.take_over, True, False)
    if not own and written.resource_type == "MaintenanceWindow":
        # Only a prune writes to an undeclared window.
        return written.tags.get(SETUP) == run.pruned_for and _lets(pruned, operation, written.tags)
    # A declared baseline takes a group or the default from another one, which might not be declared.
    moves = "PatchBaseline" in operation and operation.startswith(("Register", "Deregister"))
    return any(_lets(one, operation, written.tags) for one in (own if own and not moves else [*claims, pruned]))


def _lets(claim: _Claim, operation: str, tags: Mapping[str, str]) -> bool:
    owner = tags.get(SETUP)
    if claim.take_over:
        return True
    if STACK in tags or (owner and owner != claim.setup):
        return False
    removal = operation in ("DeleteMaintenanceWindow", "DeletePatchBaseline") and not claim.recreates
    return bool(owner or not claim.setup or not removal)
