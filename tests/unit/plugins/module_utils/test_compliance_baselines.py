# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The baselines of a reading: each is read once, and one does not wait for another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.errors import ApiError
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.baselines import Baselines
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.gaps import Gaps

NAMES = ("pb-00000000000000001", "pb-00000000000000002")
# Ends a test that would hang; it says nothing of how long a read takes.
HANGS = 60


class FakeApi:
    """Counts calls. get: what happens while a baseline is read."""

    def __init__(self, get: Callable[[], None]) -> None:
        self.calls: Counter[str] = Counter()
        self._get = get

    def pages(self, operation: str, _result: str, *_members: str) -> Iterator[dict[str, Any]]:
        """The listing of baselines."""
        self.calls[operation] += 1
        yield from ({"BaselineId": name} for name in NAMES)

    def get(self, operation: str, _member: str, **request: str) -> dict[str, Any]:
        """One baseline."""
        self.calls[operation] += 1
        self._get()
        return {"BaselineId": request["BaselineId"]}


def test_baselines_are_read_beside_each_other_and_once() -> None:
    # Goes on when both are being read.
    both = Barrier(len(NAMES), timeout=HANGS)
    api = FakeApi(lambda: both.wait() and None)
    baselines = Baselines(api, Gaps())  # type: ignore[arg-type]  # it takes the place of Api

    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(baselines.policy, NAMES * 4)]

    assert [policy.raw for policy in found] == [{"BaselineId": name} for name in NAMES * 4]
    assert api.calls == {"DescribePatchBaselines": 1, "GetPatchBaseline": 2}


def test_every_node_of_a_baseline_meets_its_error() -> None:
    def fail() -> None:
        raise ApiError("GetPatchBaseline", "ThrottlingException", "Rate exceeded")

    baselines = Baselines(FakeApi(fail), Gaps())  # type: ignore[arg-type]  # it takes the place of Api

    for _ in range(2):
        with pytest.raises(ApiError, match="Rate exceeded"):
            baselines.policy(NAMES[0])
