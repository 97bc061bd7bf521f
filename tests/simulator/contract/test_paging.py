# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paging of every listing: bounds of MaxResults, tokens, and the end of a listing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .support import PREFIX, REGION, Client, Doors, Maker, refused

COUNT = 12
NODES = [f"i-{number:017x}" for number in range(COUNT)]
BAD_TOKEN = ("InvalidNextToken", "ValidationException")


@dataclass
class Listing:
    """A listing of exactly COUNT known entries: its request, its result key, what identifies an entry."""

    call: Callable[..., dict[str, Any]]
    request: dict[str, Any]
    key: str
    identity: Callable[[dict[str, Any]], str]
    expected: set[str]
    bounds: tuple[int, int | None]

    def page(self, **changes: Any) -> dict[str, Any]:
        return self.call(**(self.request | changes))


def windows(ssm: Client, make: Maker) -> Listing:
    names = [make.name() for _ in range(COUNT)]
    expected = {make.window(Name=name) for name in names}
    return Listing(
        ssm.describe_maintenance_windows,
        {"Filters": [{"Key": "Name", "Values": names}]},
        "WindowIdentities",
        lambda entry: entry["WindowId"],
        expected,
        (10, 100),
    )


def targets(ssm: Client, make: Maker) -> Listing:
    window = make.window()
    return Listing(
        ssm.describe_maintenance_window_targets,
        {"WindowId": window},
        "Targets",
        lambda entry: entry["WindowTargetId"],
        {make.target(window) for _ in range(COUNT)},
        (10, 100),
    )


def tasks(ssm: Client, make: Maker) -> Listing:
    window = make.window()
    return Listing(
        ssm.describe_maintenance_window_tasks,
        {"WindowId": window},
        "Tasks",
        lambda entry: entry["WindowTaskId"],
        {make.task(window) for _ in range(COUNT)},
        (10, 100),
    )


def windows_for_target(ssm: Client, make: Maker) -> Listing:
    wanted = [{"Key": "tag:Patch Group", "Values": [make.name("value")]}]
    expected = {make.window() for _ in range(COUNT)}
    for window in expected:
        make.target(window, Targets=wanted)
    return Listing(
        ssm.describe_maintenance_windows_for_target,
        {"ResourceType": "INSTANCE", "Targets": wanted},
        "WindowIdentities",
        lambda entry: entry["WindowId"],
        expected,
        (1, None),
    )


def schedule(ssm: Client, make: Maker) -> Listing:
    window = make.window(Schedule="rate(1 day)", StartDate="2036-01-01T00:00:00Z", EndDate="2036-01-12T12:00:00Z")
    return Listing(
        ssm.describe_maintenance_window_schedule,
        {"WindowId": window},
        "ScheduledWindowExecutions",
        lambda entry: entry["ExecutionTime"][:10],
        {f"2036-01-{day:02d}" for day in range(1, COUNT + 1)},
        (1, None),
    )


def baselines(ssm: Client, make: Maker) -> Listing:
    prefix = make.name("baseline")
    return Listing(
        ssm.describe_patch_baselines,
        {"Filters": [{"Key": "NAME_PREFIX", "Values": [prefix]}]},
        "BaselineIdentities",
        lambda entry: entry["BaselineId"],
        {make.baseline(Name=f"{prefix}-{n}") for n in range(COUNT)},
        (1, 100),
    )


def groups(ssm: Client, make: Maker) -> Listing:
    baseline, prefix = make.baseline(), make.name("group")
    expected = {f"{prefix}-{n}" for n in range(COUNT)}
    for group in expected:
        ssm.register_patch_baseline_for_patch_group(BaselineId=baseline, PatchGroup=group)
    return Listing(
        ssm.describe_patch_groups,
        {"Filters": [{"Key": "NAME_PREFIX", "Values": [prefix]}]},
        "Mappings",
        lambda entry: entry["PatchGroup"],
        expected,
        (1, 100),
    )


def executions(ssm: Client, make: Maker, doors: Doors) -> Listing:
    window = make.window(Schedule="rate(1 hour)", Duration=1, Cutoff=0)
    doors.post("clock", {"advance": COUNT * 3600})
    # As no order is promised, what is known of each entry is the hour at which it began.
    start = ssm.get_maintenance_window(WindowId=window)["CreatedDate"]
    return Listing(
        ssm.describe_maintenance_window_executions,
        {"WindowId": window},
        "WindowExecutions",
        lambda entry: str(round((entry["StartTime"] - start).total_seconds() / 3600)),
        {str(hour) for hour in range(1, COUNT + 1)},
        (10, 100),
    )


def execution_of(ssm: Client, doors: Doors, window: str) -> str:
    """The id of the execution that begins within the day."""
    doors.post("clock", {"advance": 86400})
    (execution,) = ssm.describe_maintenance_window_executions(WindowId=window)["WindowExecutions"]
    return execution["WindowExecutionId"]


def execution_tasks(ssm: Client, make: Maker, doors: Doors) -> Listing:
    window = make.window(Schedule="cron(0 2 ? * * *)")
    expected = {f"AWS-Runbook-{number}" for number in range(COUNT)}
    for name in expected:
        make.targetless_task(window, TaskArn=name)
    return Listing(
        ssm.describe_maintenance_window_execution_tasks,
        {"WindowExecutionId": execution_of(ssm, doors, window)},
        "WindowExecutionTaskIdentities",
        lambda entry: entry["TaskArn"],
        expected,
        (10, 100),
    )


def execution_invocations(ssm: Client, make: Maker, doors: Doors) -> Listing:
    window = make.window(Schedule="cron(0 2 ? * * *)")
    parameters = {"Automation": {"Parameters": {"InstanceId": ["{{TARGET_ID}}"]}}}
    targets = [{"Key": "InstanceIds", "Values": NODES}]
    make.targetless_task(
        window, Targets=targets, MaxConcurrency="100%", MaxErrors="0", TaskInvocationParameters=parameters
    )
    execution = execution_of(ssm, doors, window)
    (task,) = ssm.get_maintenance_window_execution(WindowExecutionId=execution)["TaskIds"]
    return Listing(
        ssm.describe_maintenance_window_execution_task_invocations,
        {"WindowExecutionId": execution, "TaskId": task},
        "WindowExecutionTaskInvocationIdentities",
        lambda entry: json.loads(entry["Parameters"])["parameters"]["InstanceId"][0],
        set(NODES),
        (10, 100),
    )


MAKERS = (windows, targets, tasks, windows_for_target, schedule, baselines, groups)
MAKERS_OF_HISTORY = (executions, execution_tasks, execution_invocations)


@pytest.fixture(params=[*MAKERS, *MAKERS_OF_HISTORY], ids=lambda maker: maker.__name__)
def listing(request: pytest.FixtureRequest, ssm: Client, make: Maker) -> Iterator[Listing]:
    if request.param in MAKERS:
        yield request.param(ssm, make)
        return
    doors, account = (request.getfixturevalue(name) for name in ("doors", "account"))
    nodes = {"nodes": [{"InstanceId": node} for node in NODES]}
    doors.post("seed", {"regions": [{"account": account, "region": REGION, "fleet": nodes}]})
    with doors.clock("2031-01-06T00:00:00Z"):
        yield request.param(ssm, make, doors)


def walk(listing: Listing, size: int | None = None) -> list[str]:
    """The identities of all pages, in the order of the service; a page never exceeds its size."""
    request = {"MaxResults": size} if size else {}
    found: list[str] = []
    while True:
        page = listing.page(**request)
        assert len(page[listing.key]) <= (size or 1000)
        found += [listing.identity(entry) for entry in page[listing.key]]
        if not page.get("NextToken"):
            return found
        request["NextToken"] = page["NextToken"]


def test_pages_hold_every_entry_once(listing: Listing) -> None:
    for size in (10, None):
        found = walk(listing, size)
        assert len(found) == COUNT
        assert set(found) == listing.expected


def test_the_smallest_pages(listing: Listing) -> None:
    least = listing.bounds[0]
    first = listing.page(MaxResults=least)
    assert len(first[listing.key]) <= least
    assert first["NextToken"]
    assert set(walk(listing, least)) == listing.expected


def test_the_bounds_of_max_results(listing: Listing) -> None:
    least, most = listing.bounds
    with refused("ValidationException"):
        listing.page(MaxResults=least - 1)
    if most is None:
        assert len(listing.page(MaxResults=1000)[listing.key]) == COUNT
        return
    assert len(listing.page(MaxResults=most)[listing.key]) == COUNT
    with refused("ValidationException"):
        listing.page(MaxResults=most + 1)


def test_the_last_page_has_no_token_or_an_empty_one(listing: Listing, settle: Callable[..., None]) -> None:
    page = listing.page(MaxResults=100)
    while page.get("NextToken"):
        page = listing.page(MaxResults=100, NextToken=page["NextToken"])
    settle("NextToken of a finished listing", page.get("NextToken"), strict="", lenient=None)


@pytest.mark.parametrize("token", ["not-a-token", "AAAA" * 20])
def test_an_invented_token_is_refused(listing: Listing, token: str) -> None:
    with refused(*BAD_TOKEN):
        listing.page(NextToken=token)


def test_a_token_belongs_to_its_operation(listing: Listing, ssm: Client) -> None:
    token = listing.page(MaxResults=10)["NextToken"]
    request = {"OperatingSystem": "WINDOWS", "Property": "CLASSIFICATION"}
    with refused(*BAD_TOKEN):
        ssm.describe_patch_properties(NextToken=token, **request)


def test_a_token_belongs_to_its_request(ssm: Client, make: Maker, window: str) -> None:
    other = targets(ssm, make)
    token = other.page(MaxResults=10)["NextToken"]
    with refused(*BAD_TOKEN):
        ssm.describe_maintenance_window_targets(WindowId=window, MaxResults=10, NextToken=token)


def test_patch_properties_are_paged(ssm: Client) -> None:
    request = {"OperatingSystem": "WINDOWS", "Property": "CLASSIFICATION"}
    first = ssm.describe_patch_properties(MaxResults=1, **request)
    assert len(first["Properties"]) == 1
    second = ssm.describe_patch_properties(MaxResults=1, NextToken=first["NextToken"], **request)
    assert second["Properties"] != first["Properties"]
    with refused("ValidationException"):
        ssm.describe_patch_properties(MaxResults=51, **request)


def test_a_filter_that_matches_nothing_gives_an_empty_listing(ssm: Client) -> None:
    nothing = [{"Key": "NAME_PREFIX", "Values": [f"{PREFIX}-nothing-has-this-name"]}]
    for call, key in ((ssm.describe_patch_baselines, "BaselineIdentities"), (ssm.describe_patch_groups, "Mappings")):
        answer = call(Filters=nothing)
        assert answer[key] == []
        assert not answer.get("NextToken")
