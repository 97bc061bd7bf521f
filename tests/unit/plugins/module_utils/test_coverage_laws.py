# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of coverage: the index finds what asking each target finds; near names; runs that are too close."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.platforms import operating_system, product
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.rows import Facts
from ansible_collections.patchfleet.aws.plugins.module_utils._coverage.findings import closest
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.baselines import approves_nothing, nearly_fitting
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.estimates import concurrency_of
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.model import Node, PatchTask, Target, Window
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.reach import Index
from hypothesis import given
from hypothesis import strategies as st
from ssmsim.platforms import PLATFORMS

WINDOW = Window("mw-0", "prod", {})
KEYS, VALUES, IDS = ("App", "Env", "PatchGroup"), ("a", "b", "c"), ("i-0", "i-1", "mi-2")
TAG = st.tuples(
    st.sampled_from([f"tag:{key}" for key in KEYS]), st.lists(st.sampled_from(VALUES), min_size=1).map(tuple)
)
WITH_KEYS = st.tuples(st.just("tag-key"), st.lists(st.sampled_from(KEYS), min_size=1, unique=True).map(tuple))
BY_TAGS = st.lists(st.one_of(TAG, WITH_KEYS), min_size=1, max_size=3, unique_by=lambda entry: entry[0]).map(tuple)
BY_ID = st.lists(st.sampled_from(IDS), min_size=1).map(lambda ids: (("InstanceIds", tuple(ids)),))
BY_GROUP = st.sampled_from(["known", "unread", "gone"]).map(lambda name: (("resource-groups:Name", (name,)),))
TARGETS = st.lists(st.one_of(BY_TAGS, BY_ID, BY_GROUP), max_size=8)
TAGS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)).map(lambda tags: tuple(sorted(tags.items())))
MEMBERS = {"known": frozenset(IDS[:2]), "unread": None, "gone": frozenset()}


def fits(criteria: tuple[tuple[str, tuple[str, ...]], ...], node: Node) -> bool | None:
    """Whether a target selects a node, criterion by criterion."""
    tags, found = dict(node.tags), []
    for key, values in criteria:
        if key == "resource-groups:Name":
            members = MEMBERS[values[0]]
            found.append(None if members is None else node.facts.instance_id in members)
        elif key == "InstanceIds":
            found.append(node.facts.instance_id in values)
        elif key == "tag-key":
            there = [value in tags for value in values]
            found.append(True if all(there) else None if any(there) else False)
        else:
            found.append(tags.get(key[4:]) in values)
    return False if False in found else None if None in found else True


@given(TARGETS, st.lists(st.tuples(st.sampled_from(IDS), TAGS), max_size=6))
def test_the_index_finds_what_asking_each_target_finds(
    criteria: list[tuple[tuple[str, tuple[str, ...]], ...]], nodes: list[tuple[str, tuple[tuple[str, str], ...]]]
) -> None:
    index = Index([Target(WINDOW, str(number), None, one) for number, one in enumerate(criteria)], MEMBERS)
    for instance_id, tags in nodes:
        node = Node(Facts(instance_id), tags)
        reached = index.reached(node)
        wanted = {number: fits(one, node) for number, one in enumerate(criteria)}
        assert sorted(reached.certain) == [number for number, fit in wanted.items() if fit]
        assert sorted(reached.possible) == [number for number, fit in wanted.items() if fit is None]


def task(*hours: int) -> PatchTask:
    window = Window("mw-0", "prod", {})
    window.runs = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in sorted(hours)]
    return PatchTask(window, "t", "install", "Install", "RebootIfNeeded", 1, "1", (0,))


@given(st.lists(st.lists(st.integers(0, 500), max_size=4, unique=True), max_size=4))
def test_the_closest_runs_are_those_of_all_pairs(hours: list[list[int]]) -> None:
    clash = closest([(task(*one), 0) for one in hours])
    gaps = [abs(one - two) for first, second in combinations(hours, 2) for one in first for two in second]
    assert (clash and clash.second - clash.first) == (timedelta(hours=min(gaps)) if gaps else None)


@pytest.mark.parametrize(
    ("group", "near"),
    [
        ("Web", "web"),
        ("web servers", "Web-Servers"),
        ("Web Server", "Web-Servers"),
        ("databse", "database"),
        ("web-2", None),
        ("database2", None),
        ("mail", None),
        ("datalake", None),
        ("web", "Web"),
    ],
)
def test_names_are_near_that_differ_in_letters_only(group: str, near: str | None) -> None:
    known = {"web", "Web-Servers", "database", "web-1", "Web"} - {group} - ({"Web"} if near == "web" else set())
    assert nearly_fitting(group, sorted(known)) == near


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("web-prod-eu", "web-prod-us"),
        ("frontend-a", "frontend-b"),
        ("server-east", "server-west"),
        ("WebServersEU", "WebServersUS"),
        ("linux-production-web", "linux-production-db"),
        ("production-windows-blue", "production-windows-green"),
        ("frontend", "frontend-a"),
        ("prod", "preprod"),
    ],
)
def test_names_are_of_different_things_that_differ_in_a_word(one: str, other: str) -> None:
    assert nearly_fitting(one, [other]) is None
    assert nearly_fitting(other, [one]) is None


@pytest.mark.parametrize(
    "platform", [one for releases in PLATFORMS.values() for one in releases], ids=lambda one: one.product
)
def test_systems_and_products_are_those_of_filters(platform: object) -> None:
    facts = Facts("i-0", platform_name=platform.name, platform_version=platform.version)  # type: ignore[attr-defined]
    assert operating_system(facts) == platform.operating_system  # type: ignore[attr-defined]
    assert product(facts) == platform.product  # type: ignore[attr-defined]


def rule(**filters: list[str]) -> dict[str, object]:
    entries = [{"Key": key, "Values": values} for key, values in filters.items()]
    return {"PatchFilterGroup": {"PatchFilters": entries}}


@pytest.mark.parametrize(
    ("rules", "named", "nothing"),
    [
        ([], [], True),
        ([], ["KB1"], False),
        ([rule(CLASSIFICATION=["Security"])], [], False),
        ([rule(PRODUCT=["WindowsServer2016"])], [], True),
        ([rule(PRODUCT=["WindowsServer2016"]), rule(PRODUCT=["*"])], [], False),
        ([rule(PRODUCT=["WindowsServer2022"])], [], False),
        ([rule(PATCH_SET=["APPLICATION"], PRODUCT=["Office 2016"])], [], True),
        ([rule(PATCH_SET=["APPLICATION"])], [], True),
        ([rule(PATCH_SET=["OS"])], [], False),
    ],
)
def test_a_baseline_approves_nothing_without_a_rule_for_the_product(
    rules: list[object], named: list[str], nothing: bool
) -> None:
    raw = {"ApprovalRules": {"PatchRules": rules}, "ApprovedPatches": named}
    assert approves_nothing(raw, "WindowsServer2022") is nothing


@pytest.mark.parametrize(("product_name", "nothing"), [("WindowsServer2016", True), ("WindowsServer2022", False)])
def test_filters_of_the_whole_baseline_decide_too(product_name: str, nothing: bool) -> None:
    shared = {"PatchFilters": [{"Key": "PRODUCT", "Values": [product_name]}]}
    raw = {"ApprovalRules": {"PatchRules": [rule(CLASSIFICATION=["Security"])]}, "GlobalFilters": shared}
    assert approves_nothing(raw, "WindowsServer2022") is nothing


@pytest.mark.parametrize(
    ("rate", "nodes", "at_a_time"),
    [
        ("10", 50, 10),
        ("10", 3, 3),
        ("10%", 50, 5),
        ("10%", 3, 1),
        ("50%", 5, 2),
        ("100%", 7, 7),
        (None, 5, 1),
        ("odd", 5, 1),
    ],
)
def test_a_rate_lets_at_least_one_node_through(rate: str | None, nodes: int, at_a_time: int) -> None:
    assert concurrency_of(rate, nodes) == at_a_time
