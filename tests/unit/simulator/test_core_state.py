# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of listings, tables with lag, ids and client tokens."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssmsim.errors import ServiceError
from ssmsim.paging import page
from ssmsim.store import Clock, Region, Table, World

LISTING = "DescribeMaintenanceWindows"


def region(*, strict: bool = False, account: str = "123456789012") -> Region:
    return Region(account, "eu-west-1", World(strict=strict))


def walk(place: Region, items: Any, request: dict[str, Any]) -> Iterator[list[Any]]:
    """The pages of a listing, as a client that follows the tokens gets them."""
    token: str | None = None
    while token != "":
        answer = page(place, LISTING, request | ({"NextToken": token} if token else {}), items, "Items")
        yield answer["Items"]
        token = answer.get("NextToken", "")


@given(st.integers(0, 60), st.integers(1, 20), st.booleans())
def test_the_pages_are_the_whole_and_none_is_too_long(count: int, size: int, strict: bool) -> None:
    pages = list(walk(region(strict=strict), list(range(count)), {"MaxResults": size}))
    assert list(itertools.chain(*pages)) == list(range(count))
    assert [len(part) for part in pages[:-1]] == [size] * (len(pages) - 1)


def test_a_page_without_limit_has_the_default_size() -> None:
    assert [len(part) for part in walk(region(), list(range(120)), {})] == [50, 50, 20]


def test_an_endless_listing_can_be_cut() -> None:
    answer = page(region(), LISTING, {"MaxResults": 3}, itertools.count(), "Items")
    assert answer["Items"] == [0, 1, 2]
    assert page(region(), LISTING, {"NextToken": answer["NextToken"], "MaxResults": 2}, itertools.count(), "Items")[
        "Items"
    ] == [3, 4]


@pytest.mark.parametrize(("strict", "token"), [(True, {"NextToken": ""}), (False, {})])
def test_the_end_of_a_listing(strict: bool, token: dict[str, str]) -> None:
    assert page(region(strict=strict), LISTING, {}, [1], "Items") == {"Items": [1]} | token


def token_of(place: Region, operation: str, request: dict[str, Any]) -> str:
    token: str = page(place, operation, {"MaxResults": 10} | request, range(99), "Items")["NextToken"]
    return token


def test_a_token_may_come_with_another_page_size() -> None:
    request = {"NextToken": token_of(region(), LISTING, {}), "MaxResults": 3}
    assert page(region(), LISTING, request, range(99), "Items")["Items"] == [10, 11, 12]


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "ä",
        "bm9uc2Vuc2U=",
        token_of(region(), LISTING, {"Filters": []}),
        token_of(region(), "DescribePatchBaselines", {}),
        token_of(region(account="999999999999"), LISTING, {}),
    ],
)
def test_the_token_of_another_request(token: str) -> None:
    with pytest.raises(ServiceError) as caught:
        page(region(), LISTING, {"NextToken": token}, range(99), "Items")
    assert caught.value.code == "ValidationException"
    with pytest.raises(ServiceError) as caught:
        page(region(), "GetInventory", {"NextToken": token}, range(99), "Items")
    assert caught.value.code == "InvalidNextToken"


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The real time as the store sees it, in a list of one, to be moved by the test."""
    now = [100.0]
    monkeypatch.setattr("ssmsim.store.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_without_lag_every_write_is_seen_at_once() -> None:
    table = Table(World())
    table.put("a", {"n": 1})
    table.put("a", {"n": 2})
    assert (table.get("a"), table.latest("a")) == ({"n": 2}, {"n": 2})
    table.remove("a")
    table.remove("never there")
    assert (table.get("a"), table.latest("a"), table.values(), table.latest_values()) == (None, None, [], [])


def test_lag_shows_each_version_after_its_time() -> None:
    world = World(lag=5)
    table = Table(world)
    seen = []
    for record in ({"n": 1}, {"n": 2}, None):
        table.put("a", record) if record else table.remove("a")
        seen.append(table.get("a"))
        world.clock.advance(3)
    assert (seen, table.latest("a")) == ([None, None, {"n": 1}], None)
    assert table.values() == [{"n": 2}]
    assert table.latest_values() == []
    world.clock.advance(3)
    assert (table.get("a"), table.values()) == (None, [])


def test_ending_the_lag_shows_everything_and_starting_it_hides_nothing_old() -> None:
    world = World()
    table = Table(world)
    table.put("old", {"n": 1})
    world.lag = 5
    table.put("new", {"n": 2})
    assert table.values() == [{"n": 1}]
    world.lag = 0
    assert table.values() == [{"n": 1}, {"n": 2}]


def test_ids_have_the_form_of_the_service_and_repeat_with_the_seed() -> None:
    first, again, elsewhere = region(), region(), region(account="999999999999")
    ids = [place.new_id("mw-") for place in (first, again, elsewhere)]
    assert ids[0] == ids[1] != ids[2]
    assert [len(made) for made in ids] == [20] * 3
    assert first.new_uuid()[14] == "4"


def test_the_clock_goes_on_from_where_it_is_put(seconds: list[float]) -> None:
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC), runs=True)
    seconds[0] += 60
    assert clock.now() == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    clock.set(datetime(2030, 1, 1, 9, tzinfo=timezone(timedelta(hours=9))))
    clock.advance(0.0015)
    assert clock.now() == datetime(2030, 1, 1, microsecond=1000, tzinfo=UTC)


def test_the_clock_stands_still_unless_it_runs(seconds: list[float]) -> None:
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    for runs in (False, True, False):
        clock.run(runs)
        seconds[0] += 60
    assert clock.now() == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def test_what_passed_counts_moves_forward_and_real_time_and_no_setting(seconds: list[float]) -> None:
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.advance(5)
    clock.set(datetime(2020, 1, 1, tzinfo=UTC))
    clock.run(True)
    seconds[0] += 2
    clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    assert clock.passed() == 7


def test_a_client_token_makes_one_resource() -> None:
    place = region()
    made = iter(["first", "second", "third"])

    def create() -> str:
        return next(made)

    request = {"Name": "abc", "ClientToken": "t"}
    assert [place.idempotent("Create", request, create) for _ in range(2)] == ["first", "first"]
    assert place.idempotent("Create", {"Name": "abc"}, create) == "second"
    assert place.idempotent("Register", request, create) == "third"
    with pytest.raises(ServiceError) as caught:
        place.idempotent("Create", request | {"Name": "other"}, create)
    assert caught.value.code == "IdempotentParameterMismatch"


def test_a_refused_create_does_not_spend_its_token() -> None:
    place = region()

    def refuse() -> str:
        raise ServiceError("ResourceLimitExceededException", "too many")

    with pytest.raises(ServiceError):
        place.idempotent("Create", {"ClientToken": "t"}, refuse)
    assert place.idempotent("Create", {"ClientToken": "t"}, lambda: "made") == "made"


@pytest.mark.parametrize(("strict", "then"), [(True, "first"), (False, "second")])
def test_a_client_token_after_its_resource_was_deleted(strict: bool, then: str) -> None:
    place = region(strict=strict)
    assert place.idempotent("Create", {"ClientToken": "t"}, lambda: "first") == "first"
    place.table("things").put("first", {})
    place.table("things").remove("first")
    assert place.idempotent("Create", {"ClientToken": "t"}, lambda: "second") == then
