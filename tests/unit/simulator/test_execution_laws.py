# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds of every execution, whatever its tasks are."""

from __future__ import annotations

from typing import Any

from ansible_collections.patchfleet.aws.tests.support.effort import example_count
from ansible_collections.patchfleet.aws.tests.unit.simulator.windows_site import DAY, HOUR, Site
from hypothesis import given, settings
from hypothesis import strategies as st
from ssmsim.command_course import share
from ssmsim.executions import Execution, TaskExecution, book_of

RATES = st.sampled_from(["1", "2", "3", "34%", "100%"])
TASKS = st.lists(
    st.fixed_dictionaries(
        {
            "TaskType": st.sampled_from(["RUN_COMMAND", "LAMBDA"]),
            "Priority": st.integers(0, 2),
            "MaxConcurrency": RATES,
            "MaxErrors": st.sampled_from(["0", "1", "50%"]),
            "CutoffBehavior": st.sampled_from(["CONTINUE_TASK", "CANCEL_TASK"]),
            "fails": st.booleans(),
        }
    ),
    min_size=1,
    max_size=5,
)


def executed(strict: bool, tasks: list[dict[str, Any]], seconds: int, cancelled_after: int | None) -> Execution:
    """The one execution of a window of two hours with a cutoff of one, long after."""
    site = Site(strict=strict, nodes=4, executions={"seconds": seconds, "failing": ["SSMFails"]}, scan_seconds=seconds)
    window = site.window(Schedule="at(2026-01-01T02:00:00)", Duration=2, Cutoff=1)
    for task in tasks:
        members = {name: value for name, value in task.items() if name != "fails"}
        if task["TaskType"] == "LAMBDA":
            members["TaskArn"] = "SSMFails" if task["fails"] else "SSMWorks"
            members["TaskInvocationParameters"] = {"Lambda": {}}
        elif task["fails"]:
            members["TaskArn"] = "There-Is-No-Such-Document"
        site.task(window, **members)
    if cancelled_after is not None:
        site.advance(2 * HOUR + cancelled_after)
        if not site.executions(window)[0].get("EndTime"):
            site.cancel(window)
    site.advance(2 * DAY)
    (execution,) = book_of(site.region).of_window(window, site.region.now())
    return execution


def most_at_a_time(task: TaskExecution) -> int:
    """How many invocations ran at the same moment."""
    spans = [(one.start, one.end) for one in task.invocations if one.start and one.end and one.start < one.end]
    return max((sum(start <= moment < end for start, end in spans) for moment, _end in spans), default=0)


@settings(max_examples=example_count(150))
@given(st.booleans(), TASKS, st.sampled_from([10, 600, 3000, 4000]), st.none() | st.integers(1, 5000))
def test_the_laws(strict: bool, tasks: list[dict[str, Any]], seconds: int, cancelled_after: int | None) -> None:
    execution = executed(strict, tasks, seconds, cancelled_after)
    told = execution.tasks
    assert execution.end is not None
    assert execution.end == max(task.end for task in told if task.end)
    for task in told:
        assert task.over
        assert all(one.over for one in task.invocations)
        assert task.start is None or execution.opened <= task.start < execution.cutoff
        assert (task.start is None) == (task.status in ("TIMED_OUT", "CANCELLED") and not task.invocations)
        earlier = [other.end for other in told if other.priority < task.priority and other.end and other.start]
        assert task.start is None or all(end <= task.start for end in earlier)
        if task.task["TaskType"] == "LAMBDA":
            assert most_at_a_time(task) <= share(task.task["MaxConcurrency"], 4, least=1)
    statuses = {task.status for task in told}
    if execution.status != "CANCELLED":
        expected = next((one for one in ("FAILED", "TIMED_OUT") if one in statuses), "SUCCESS")
        assert execution.status == expected
    assert (execution.status == "CANCELLED") <= (cancelled_after is not None)
