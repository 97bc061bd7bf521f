# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the baselines that nodes report evaluate a missing patch.

Nodes report the bare ID of a baseline, which GetPatchBaseline rejects for AWS-owned ones. The listing has their ARNs.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from .._aws.client import Api
from .._aws.structures import Raw
from .._resources.patch_baseline import bare_id
from .gaps import Gaps

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """How a baseline evaluates patches.

    counts_available: whether an available security update makes a node noncompliant. assigns_levels: whether a missing
    patch can have a compliance level. raw: the baseline. None if the baseline could not be read.
    """

    counts_available: bool | None = None
    assigns_levels: bool | None = None
    raw: Raw | None = None


class _Once(Generic[T]):
    """Reads of several threads: each name is read once, different names concurrently."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[str, Future[T]] = {}

    def get(self, name: str, read: Callable[[], T]) -> T:
        """The result of the read. The first caller reads, and the others wait."""
        with self._lock:
            found = self._found.get(name)
            is_first = found is None
            if found is None:
                found = self._found[name] = Future()
        if is_first:
            try:
                found.set_result(read())
            except BaseException as error:
                found.set_exception(error)
        return found.result()


class Baselines:
    """The baselines of an account and Region, by the ID that nodes report. Each is read once, when it is needed."""

    def __init__(self, api: Api, gaps: Gaps) -> None:
        self._api = api
        self._gaps = gaps
        self._listed = _Once[dict[str, str] | None]()
        self._policies = _Once[Policy]()

    def policy(self, baseline_id: str | None) -> Policy:
        """How the baseline evaluates patches. One that was deleted counts as one that assigns no levels."""
        if baseline_id is None:
            return Policy()
        name = bare_id(baseline_id)
        return self._policies.get(name, lambda: self._read(name))

    def _list(self) -> dict[str, str] | None:
        operation = "DescribePatchBaselines"
        return self._gaps.read(
            operation,
            "the list of baselines",
            [],
            lambda: {
                bare_id(raw["BaselineId"]): raw["BaselineId"]
                for raw in self._api.pages(operation, "BaselineIdentities", "BaselineId")
            },
        )

    def _read(self, name: str) -> Policy:
        operation = "GetPatchBaseline"
        listed = self._listed.get("", self._list)
        known = listed or {}
        raw = self._gaps.read(
            operation,
            "the compliance levels of the baseline",
            [name],
            lambda: self._api.get(operation, "BaselineId", BaselineId=known.get(name, name)),
        )
        if raw is None:
            is_gone = listed is not None and name not in known
            return Policy(assigns_levels=False if is_gone else None)
        return Policy(raw.get("AvailableSecurityUpdatesComplianceStatus") == "NON_COMPLIANT", assigns_levels(raw), raw)


def assigns_levels(raw: Raw) -> bool:
    """Whether a baseline assigns a compliance level to any patch that it approves."""
    rules = (raw.get("ApprovalRules") or {}).get("PatchRules") or ()
    levels = [rule.get("ComplianceLevel") for rule in rules]
    if raw.get("ApprovedPatches"):
        levels.append(raw.get("ApprovedPatchesComplianceLevel"))
    return any(level not in (None, "", "UNSPECIFIED") for level in levels)
