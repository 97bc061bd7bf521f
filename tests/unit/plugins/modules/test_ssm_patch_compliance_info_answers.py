# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the service that must not end a reading, in a zone west and one east of Greenwich; graded nodes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED, baseline, node, plant

Json = Any
MODULE = "ssm_patch_compliance_info"
WINDOWS = {"OperatingSystem": "WINDOWS"}
# Seconds of the epoch that the service has answered or may answer, and what is no date at all.
DATES = (-62135596800.0, -1.0, 0.0, 253402300799.0, 1e12, 1e20, -1e20, None, "", "soon", [], {}, True)
SEEDS = range(24)


@pytest.fixture(params=["America/Los_Angeles", "Asia/Seoul", "UTC"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The time zone of the machine."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def alter(account: Account, monkeypatch: pytest.MonkeyPatch, change: Callable[[str, Json], Json]) -> None:
    """Let each answer pass through a function of operation and answer."""
    real = account.simulator.execute

    def execute(operation: str, region: str, number: str, body: Json) -> Json:
        return change(operation, deepcopy(real(operation, region, number, body)))

    monkeypatch.setattr(account.simulator, "execute", execute)


def test_a_patch_of_which_windows_does_not_know_when_it_came_has_no_date(account: Account, zone: str) -> None:
    assert zone
    plant(account, nodes=[node(1, **WINDOWS, InstalledOtherCount=3, InstalledCount=2)])
    result = account.run(MODULE, level="patches")

    dates = {row["kb_id"]: row["installed_time"] for row in result["patches"] if row["state"] == "INSTALLED_OTHER"}
    assert (len(dates), {*dates.values()}) == (3, {None})
    assert all(row["installed_time"] for row in result["patches"] if row["state"] == "INSTALLED")


@pytest.mark.parametrize("date", DATES, ids=repr)
def test_no_date_ends_a_reading(account: Account, zone: str, date: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    assert zone
    plant(account, baseline("Web"), nodes=[node(1, "Web", **WINDOWS, MissingCount=1, InstalledOtherCount=1)])

    def dated(value: Json) -> Json:
        if isinstance(value, dict):
            return {
                name: date if name.endswith(("Time", "Date", "DateTime")) else dated(one) for name, one in value.items()
            }
        return [dated(one) for one in value] if isinstance(value, list) else value

    alter(account, monkeypatch, lambda _operation, answer: dated(answer))
    assert account.run(MODULE, level="patches")["summary"]["managed"] == 1
    for module, options in (
        ("ssm_patch_baseline_info", {"owner": "all"}),
        ("ssm_maintenance_window_info", {"include": ["targets", "tasks", "executions"]}),
    ):
        account.run(module, **options)


def mangled(answer: Json, draw: random.Random) -> Json:
    """The answer without some members below its listings, or with another value in their place."""
    kept = ("InstanceId", "NextToken", "BaselineId", "PatchGroup", "BaselineIdentity", "Mappings")

    def part(value: Json, depth: int) -> Json:
        if isinstance(value, list):
            return [part(one, depth + 1) for one in value]
        if not isinstance(value, dict):
            return value
        found = {}
        for name, one in value.items():
            if depth and name not in kept and draw.random() < 0.2:
                odd = draw.choice(("gone", None, "", -1, "Ünbekannt", 10**15, [], {}, [None], True, 1.5))
                if odd != "gone":
                    found[name] = odd
            else:
                found[name] = part(one, depth)
        return found

    return part(answer, 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_absent_or_odd_member_ends_a_reading(account: Account, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [
        node(number, "Web", **(WINDOWS if number % 2 else {}), MissingCount=2, InstalledOtherCount=2)
        for number in range(1, 7)
    ]
    plant(account, baseline("Web", system="WINDOWS", **GRADED), nodes=nodes)
    draw = random.Random(seed)
    alter(account, monkeypatch, lambda _operation, answer: mangled(answer, draw))
    result = account.run(MODULE, level="patches", include_unmanaged=bool(seed % 2))

    assert result["summary"]["managed"] == 6
    assert len(result["instances"]) >= 6


def test_patches_of_one_number_are_rows_of_their_own_and_a_repeated_one_is_not(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(account, nodes=[node(1, **WINDOWS, MissingCount=1)])

    def change(operation: str, answer: Json) -> Json:
        if operation != "DescribeInstancePatches":
            return answer
        (one,) = (patch for patch in answer["Patches"] if patch["State"] == "Missing")
        return {**answer, "Patches": [one, {**one, "Title": "other"}, {**one, "State": "Failed"}, one]}

    alter(account, monkeypatch, change)
    result = account.run(MODULE, level="patches", states=["MISSING", "FAILED"])

    assert [row["state"] for row in result["patches"]] == ["MISSING", "MISSING", "FAILED"]
    assert len({row["kb_id"] for row in result["patches"]}) == 1
    assert sum(result["summary"]["missing_by_severity"].values()) == 3


@pytest.mark.parametrize("spelling", [str, lambda text: text.upper(), lambda text: text.lower()])
def test_states_are_the_same_in_every_spelling(
    account: Account, spelling: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(account, nodes=[node(1, **WINDOWS, MissingCount=1, FailedCount=1, InstalledPendingRebootCount=1)])

    def spelled(operation: str, answer: Json) -> Json:
        for patch in answer.get("Patches", ()) if operation == "DescribeInstancePatches" else ():
            patch["State"] = spelling(patch["State"])
        return answer

    alter(account, monkeypatch, spelled)
    rows = account.run(MODULE, level="patches", only_noncompliant=True)["patches"]
    assert sorted(row["state"] for row in rows) == ["FAILED", "INSTALLED_PENDING_REBOOT", "MISSING"]


def test_a_patch_for_several_products_is_as_old_as_its_first_release(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(account, nodes=[node(1, **WINDOWS, MissingCount=1)])

    def released(operation: str, answer: Json) -> Json:
        if operation == "DescribeAvailablePatches":
            dates = [1767225600.0, 1764547200.0, None, 1766000000.0]
            answer["Patches"] = [{**patch, "ReleaseDate": date} for patch in answer["Patches"] for date in dates]
        return answer

    alter(account, monkeypatch, released)
    [patch] = [row for row in account.run(MODULE, level="patches")["patches"] if row["state"] == "MISSING"]

    assert patch["release_date"] == "2025-12-01T00:00:00+00:00"


def test_nodes_under_a_baseline_of_aws_are_ungraded(account: Account) -> None:
    plant(account, nodes=[node(1, **WINDOWS, MissingCount=3), node(2, Record="absent")])
    result = account.run(MODULE, level="patches")

    assert (result["gaps"], result["warnings"]) == ([], [])
    summary = result["summary"]
    assert (summary["noncompliant"], summary["ungraded"], summary["critical_noncompliant"]) == (1, 1, None)
    first = result["instances"][0]
    assert (first["ungraded"], first["critical_noncompliant_count"]) == (True, None)
    assert first["baseline_id"].startswith("pb-")
    missing = [row["severity"] for row in result["patches"] if row["state"] == "MISSING"]
    assert summary["missing_by_severity"]["Critical"] == missing.count("Critical")
    assert sum(summary["missing_by_severity"].values()) == 3


@pytest.mark.parametrize("as_arn", [False, True])
def test_graded_nodes_are_counted_by_either_form_of_the_id(
    account: Account, as_arn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = baseline("Web", system="WINDOWS", **GRADED)
    nodes = [node(1, "Web", **WINDOWS, MissingCount=2), node(2, "Web", **WINDOWS), node(3, **WINDOWS, MissingCount=1)]
    plant(account, web, nodes=nodes)

    def told(operation: str, answer: Json) -> Json:
        for state in answer.get("InstancePatchStates", ()) if as_arn else ():
            state["BaselineId"] = f"arn:aws:ssm:eu-central-1:123456789012:patchbaseline/{state['BaselineId']}"
        return answer

    alter(account, monkeypatch, told)
    result = account.run(MODULE, level="instances")
    groups = {group["patch_group"]: group for group in result["groups"]}

    assert (result["summary"]["critical_noncompliant"], result["summary"]["ungraded"]) == (1, 1)
    assert (groups["Web"]["critical_noncompliant"], groups["Web"]["ungraded"]) == (1, 0)
    assert (groups[None]["critical_noncompliant"], groups[None]["ungraded"]) == (None, 1)
    assert result["gaps"] == []


def test_a_baseline_that_is_gone_grades_nobody(account: Account) -> None:
    plant(account, nodes=[node(1, MissingCount=1, BaselineId="pb-0123456789abcdef0")])
    result = account.run(MODULE)

    assert (result["summary"]["ungraded"], result["summary"]["critical_noncompliant"]) == (1, None)
    assert "pb-0123456789abcdef0" in result["gaps"][0]["scope"]


@pytest.mark.parametrize("operation", ["DescribePatchBaselines", "GetPatchBaseline"])
def test_levels_that_were_refused_are_not_known(account: Account, operation: str) -> None:
    plant(account, nodes=[node(1, MissingCount=1)])
    account.faults({"op": operation, "do": "AccessDeniedException"})
    result = account.run(MODULE)

    assert (result["summary"]["ungraded"], result["summary"]["critical_noncompliant"]) == (None, None)
    assert f"ssm:{operation}" in [gap["action"] for gap in result["gaps"]]
