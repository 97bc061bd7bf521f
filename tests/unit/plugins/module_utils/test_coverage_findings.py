# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found about windows and targets, whatever the fleet: what they are like, and which findings come out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._coverage.findings import (
    FINDINGS,
    example_of,
    target_findings,
    task_findings,
    window_findings,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.estimates import Estimate
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.model import Account, PatchTask, Target, Window
from ansible_collections.patchfleet.aws.plugins.module_utils._report.page import FINDING_NAMES
from ansible_collections.patchfleet.aws.plugins.modules import ssm_patch_coverage_info

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "coverage.md"
WEB = ("tag:PatchGroup", ("web",))


def estimated(needed: float) -> Estimate:
    """An estimate of a window of an hour."""
    return Estimate(10, 1, 360, needed, 3600, ())


def task(operation: str = "Install", targets: tuple[int, ...] = (0,), **changed: Any) -> PatchTask:
    """A task of a window that is open, unless told otherwise."""
    window = Window("mw-0", "prod", {}, opening=changed.pop("opening", "open"))
    return PatchTask(window, "k-0", "install", operation, "RebootIfNeeded", 1, "1", targets, **changed)


def test_every_finding_has_a_title_and_is_documented() -> None:
    table = re.findall(r"^\| (`.+?`) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)

    assert set(FINDING_NAMES) == set(FINDINGS)
    assert set(FINDINGS) <= set(re.findall(r"V\((\w+)\)", ssm_patch_coverage_info.RETURN))
    assert set(FINDINGS) <= set(re.findall(r"`(\w+)`", " ".join(table)))


@pytest.mark.parametrize(
    ("opening", "estimate", "expected"),
    [
        ("open", None, []),
        ("open", estimated(3600), []),
        ("open", estimated(3600.5), ["too_many_nodes"]),
        ("disabled", estimated(9999), ["window_disabled"]),
        ("ended", None, ["window_ended"]),
        ("never", None, ["window_never_opens"]),
    ],
)
def test_what_is_wrong_with_a_window(opening: str, estimate: Estimate | None, expected: list[str]) -> None:
    found = [*window_findings(Window("mw-0", "prod", {}, opening=opening), estimate)]

    assert [one.finding for one in found] == expected
    assert all((one.computed_from is None) == (one.finding != "too_many_nodes") for one in found)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (task(), None),
        (task(targets=()), "The Install task has no targets."),
        (task(targets=(), lost_targets=("a", "b")), "The Install task has no targets: its targets a, b are no longer"),
    ],
)
def test_a_task_without_targets(found: PatchTask, text: str | None) -> None:
    assert [one.text.startswith(str(text)) for one in task_findings(found)] == ([True] if text else [])


@pytest.mark.parametrize(
    ("criteria", "reached", "expected"),
    [
        ((WEB,), 1, []),
        ((WEB,), 0, ["target_reaches_nobody"]),
        ((("tag:PatchGroup", ("db",)),), 1, ["target_group_without_baseline"]),
        ((("tag:Patch Group", ("web", "db")),), 1, ["target_group_without_baseline"]),
        ((("tag:Env", ("db",)),), 1, []),
        ((("resource-groups:Name", ("unread",)),), 0, []),
        ((("resource-groups:Name", ("empty",)),), 0, ["target_reaches_nobody"]),
    ],
)
def test_what_is_wrong_with_a_target(criteria: Any, reached: int, expected: list[str]) -> None:
    account = Account(registered={("WINDOWS", "web"): "pb-1"}, members={"unread": None, "empty": frozenset()})
    target = Target(Window("mw-0", "prod", {}), "t-0", "web", criteria)

    assert [one.finding for one in target_findings(account, target, [task()], reached)] == expected


@pytest.mark.parametrize(
    ("tasks", "criteria", "expected"),
    [
        ([task()], (WEB,), "PatchGroup=web for prod/install"),
        ([task("Scan")], (WEB,), None),
        ([task(opening="disabled")], (WEB,), None),
        ([task(opening="disabled"), task()], (WEB,), "PatchGroup=web for prod/install"),
        ([task()], (WEB, ("tag:Env", ("prod",))), None),
        ([task()], (("tag-key", ("Env",)),), None),
        ([task()], (("tag:Env", ()),), None),
    ],
)
def test_a_tag_by_which_a_node_would_be_reached(tasks: list[PatchTask], criteria: Any, expected: str | None) -> None:
    targets = {0: Target(tasks[0].window, "t-0", "web", criteria)}

    assert example_of(tasks, targets) == expected
