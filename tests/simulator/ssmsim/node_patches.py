# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The single patches of a node, created on request from the counts of its last report."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from ssmsim.fleet import Fleet, Node, Report, available_places, rejected_places
from ssmsim.patch_catalogue import Patch, unlisted

NOT_INSTALLED = 0.0
UNKNOWN = -62_135_596_800.0
"""The first second of year 1, which the service returns if Windows does not know the installation time of a patch."""
NON_COMPLIANT = frozenset({"MISSING", "FAILED", "INSTALLED_PENDING_REBOOT", "INSTALLED_REJECTED"})
"""The states that make a node noncompliant, regardless of its baseline."""
_DAY = 86_400.0
_OTHERS = 1_700_000_000.0
"""The time when the first of the packages outside the baseline was installed."""


class Found(NamedTuple):
    """A patch on a node: its state, installation time (seconds since the epoch), and compliance level."""

    patch: Patch
    state: str
    installed: float
    level: str


def patches_on(fleet: Fleet, node: Node) -> Iterator[Found]:
    """The patches that a node reported, noncompliant ones first, with the counts of its record in each state."""
    report = node.report
    if report is None:
        return iter(())
    return chain(lacking(fleet, node, report), _fine(fleet, node, report))


def lacking(fleet: Fleet, node: Node, report: Report) -> Iterator[Found]:
    """The patches that make a node noncompliant, or can do so depending on its baseline. They are few."""
    counts, patches = report.counts, fleet.patches(node)
    levels = report.run.policy.grades(patches).levels
    place = 0
    rebooted = report.last_no_reboot or report.ended
    for count, state, installed in (
        (counts.missing, "MISSING", NOT_INSTALLED),
        (counts.failed, "FAILED", NOT_INSTALLED),
        (counts.pending_reboot, "INSTALLED_PENDING_REBOOT", rebooted),
    ):
        for index in range(place, place + count):
            yield Found(patches[index], state, installed, levels[index])
        place += count
    for index in rejected_places(patches, counts):
        yield Found(patches[index], "INSTALLED_REJECTED", _once(patches[index], report), levels[index])
    for index in available_places(patches, counts):
        yield Found(patches[index], "AVAILABLE_SECURITY_UPDATE", NOT_INSTALLED, levels[index])


def _fine(fleet: Fleet, node: Node, report: Report) -> Iterator[Found]:
    counts, patches = report.counts, fleet.patches(node)
    levels = report.run.policy.grades(patches).levels
    front = counts.missing + counts.failed + counts.pending_reboot
    fresh, moment = report.fresh
    for index in range(front, front + counts.installed):
        installed = moment if index - front < fresh else _once(patches[index], report)
        yield Found(patches[index], "INSTALLED", installed, levels[index])
    packaging = node.platform.packaging
    for number, patch in enumerate(unlisted(packaging, 1, counts.installed_other)):
        installed = UNKNOWN if packaging == "kb" else min(_OTHERS - number * _DAY, report.started)
        yield Found(patch, "INSTALLED_OTHER", installed, "UNSPECIFIED")
    for patch in unlisted(packaging, 0, counts.not_applicable):
        yield Found(patch, "NOT_APPLICABLE", NOT_INSTALLED, "UNSPECIFIED")


def _once(patch: Patch, report: Report) -> float:
    """The installation time of an older patch, which is some days after its release."""
    return min(patch.released.timestamp() + 9 * _DAY, report.started - _DAY)


def plain(state: str) -> str:
    """A state without the differences between its two spellings."""
    return state.replace("_", "").lower()


def spelled(state: str) -> str:
    """A state in the spelling of responses, such as ``InstalledOther``."""
    return state.title().replace("_", "")
