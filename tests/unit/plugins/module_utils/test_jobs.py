# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that name further jobs, run concurrently."""

from __future__ import annotations

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.client import Job, run_jobs


class Tree:
    """Jobs that each name two more, down to a depth, and note that they ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def job(self, name: str, depth: int) -> Job:
        def run() -> list[Job]:
            self.ran.append(name)
            return [self.job(f"{name}{child}", depth - 1) for child in "ab"] if depth else []

        return run


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_each_job_runs_once(workers: int) -> None:
    tree = Tree()
    run_jobs([tree.job("x", 4), tree.job("y", 4)], workers)
    assert len(tree.ran) == len(set(tree.ran)) == 2 * 31


def test_one_worker_runs_jobs_in_the_order_in_which_they_became_known() -> None:
    tree = Tree()
    # The first jobs of a run can start before the others are known. Jobs that a job returns cannot.
    run_jobs([lambda: [tree.job("x", 2), tree.job("y", 1)]], 1)
    assert tree.ran == ["x", "y", "xa", "xb", "ya", "yb", "xaa", "xab", "xba", "xbb"]


def test_the_first_failure_is_raised() -> None:
    def fail() -> list[Job]:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        run_jobs([Tree().job("x", 2), lambda: [fail]], 2)


def test_nothing_to_run_is_no_error() -> None:
    run_jobs([], 4)
