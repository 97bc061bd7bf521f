# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that a report adds to its history, and the trend over those of earlier reports."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.exceptions import EXCEPTED
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.history import (
    SCHEMA,
    SCHEMA_VERSION,
    Figures,
    History,
    figures_of,
    file_content,
    file_name,
    read_history,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.merge import Fleet, merged
from ansible_collections.patchfleet.aws.plugins.module_utils._report.trend import (
    HEIGHT,
    MOST_POINTS,
    Point,
    curves_of,
    points_of,
)
from ansible_collections.patchfleet.aws.tests.support.report_rows import reading

PLACE = {"partition": "aws", "account_id": "1", "region": "us-east-1"}
START = datetime.fromisoformat("2026-01-01T06:00:00+00:00")


def day(number: float) -> str:
    """The text of a moment so many days after the first report."""
    return (START + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def figures(number: float, history: History, lacking: dict[str, list[str]], **members: Any) -> list[Figures]:
    """The figures of a report. lacking: IDs of nodes by the patch that they lack; five nodes unless C(nodes) says."""
    nodes, released = members.pop("nodes", 5), members.pop("released", {})
    ids = {one for names in lacking.values() for one in names}
    rows = [
        {"instance_id": f"i-{one}", "status": "noncompliant" if f"i-{one}" in ids else "compliant",
         "compliant": f"i-{one}" not in ids} for one in range(nodes)
    ]  # fmt: skip
    patches = [
        {"instance_id": one, "kb_id": kb, "state": "MISSING", "severity": "Critical", "release_date": released.get(kb)}
        for kb, names in lacking.items()
        for one in names
    ]
    whole = reading(0, nodes=rows, patches=patches, read_at=day(number), **members)
    return figures_of(Fleet(merged([whole])), history)


def kept(*reports: tuple[float, dict[str, list[str]]], **members: Any) -> tuple[list[Figures], History]:
    """The figures of the last report, and the history of those before it."""
    history = History()
    for number, lacking in reports[:-1]:
        history.add(figures(number, history, lacking, **dict(members)))
    return figures(*(reports[-1][0], history, reports[-1][1]), **dict(members)), history


def test_figures_are_those_of_the_reading() -> None:
    [found] = figures(0, History(), {"KB1": ["i-0", "i-1"], "KB2": ["i-0"]}, released={"KB1": day(-40)})

    assert (found.managed, found.compliant, found.missing_critical, found.oldest_missing_days) == (5, 3, 3, 40)
    assert [(one.patch, one.since, one.nodes) for one in found.missing] == [("KB1", day(-40), 2), ("KB2", day(0), 1)]
    assert (found.patched, found.mean_days_to_patch) == (None, None)


def test_a_patch_without_a_release_date_is_as_old_as_the_history_knows_it() -> None:
    [found], _history = kept((0, {"pkg": ["i-0"]}), (10, {"pkg": ["i-0"]}), (25, {"pkg": ["i-0"], "new": ["i-1"]}))

    assert found.oldest_missing_days == 25
    assert {one.patch: one.since for one in found.missing} == {"pkg": day(0), "new": day(25)}


def test_a_release_date_that_becomes_known_replaces_what_the_history_knows() -> None:
    history = History()
    history.add(figures(0, history, {"KB1": ["i-0"]}))

    [found] = figures(10, history, {"KB1": ["i-0"]}, released={"KB1": day(4)})

    assert (found.oldest_missing_days, found.missing[0].since) == (6, day(4))


def test_the_time_to_patch_counts_the_nodes_that_no_longer_lack_a_patch() -> None:
    reports = ((0, {"KB1": ["i-0", "i-1", "i-2"], "KB2": ["i-0"]}), (10, {"KB1": ["i-2"], "KB2": ["i-0"]}), (30, {}))
    [second], _history = kept(*reports[:2])
    [third], history = kept(*reports)

    assert (second.patched, second.mean_days_to_patch) == (2, 10)
    # Two are patched after ten days, two after thirty.
    assert (third.patched, third.mean_days_to_patch) == (2, 30)
    [*_before, last] = points_of([third], history)
    assert last.mean_days_to_patch == 20
    [found], history = kept(*reports[:2], (45, {"KB1": ["i-2"], "KB2": ["i-0"]}))
    # Only what was patched in the last 30 days counts.
    assert points_of([found], history)[-1].mean_days_to_patch is None


def test_nodes_that_are_gone_were_not_patched() -> None:
    history = History()
    history.add(figures(0, history, {"KB1": ["i-0", "i-1", "i-2"]}, nodes=5))
    [found] = figures(10, history, {}, nodes=3)

    assert found.patched == 1


def test_nodes_that_are_excepted_by_now_are_not_gone() -> None:
    history = History()
    history.add(figures(0, history, {"KB1": ["i-0", "i-1", "i-2"]}, nodes=5))
    status = [EXCEPTED, EXCEPTED, "compliant", "compliant", "compliant"]
    rows = [
        {"instance_id": f"i-{number}", "status": one, "compliant": one != EXCEPTED} for number, one in enumerate(status)
    ]
    [found] = figures_of(Fleet(merged([reading(0, nodes=rows, read_at=day(9))])), history)

    assert (found.managed, found.excepted, found.patched) == (3, 2, 3)


def test_a_report_is_compared_with_an_earlier_one_and_not_with_itself() -> None:
    history = History()
    history.add(figures(0, history, {"KB1": ["i-0", "i-1"]}))
    history.add(figures(5, history, {"KB1": ["i-0"]}))

    [again] = figures(5, history, {"KB1": ["i-0"]})

    assert (again.patched, again.mean_days_to_patch) == (1, 5)


def test_what_was_not_read_is_not_known() -> None:
    [found] = figures(0, History(), {}, not_read=["patches"])
    assert (found.missing_critical, found.oldest_missing_days, found.patched) == (None, None, None)
    unknown = reading(0, nodes=[{"instance_id": "i-0", "status": None}], read_at=day(0))
    [found] = figures_of(Fleet(merged([unknown])), History())
    assert (found.managed, found.compliant) == (1, None)
    assert points_of([found], History())[0].compliance_percent is None
    unread = reading(0, not_read=["managed"])
    assert figures_of(Fleet(merged([unread])), History()) == []


def test_of_patches_that_were_not_read_before_none_is_patched() -> None:
    history = History()
    history.add(figures(0, history, {}, not_read=["patches"]))

    [found] = figures(5, history, {"KB1": ["i-0"]})

    assert (found.missing_critical, found.patched) == (1, None)


def test_a_node_that_was_never_scanned_is_known_not_to_be_compliant() -> None:
    rows = [{"instance_id": "i-0", "status": "never_scanned"}, {"instance_id": "i-1", "status": "stale"}]
    rows[1] |= {"compliant": True}

    [found] = figures_of(Fleet(merged([reading(0, nodes=rows, read_at=day(0))])), History())

    assert (found.managed, found.compliant) == (2, 1)


def test_patches_that_are_excepted_are_kept_and_not_counted() -> None:
    rows = [{"instance_id": "i-0", "status": "compliant", "compliant": True}]
    patch = {"instance_id": "i-0", "kb_id": "KB1", "state": "MISSING", "severity": "Critical", "release_date": day(-9)}
    whole = reading(0, nodes=rows, patches=[{**patch, "exception": "Waits for the vendor"}], read_at=day(0))

    [found] = figures_of(Fleet(merged([whole])), History())

    assert (found.missing_critical, found.oldest_missing_days) == (0, 0)
    assert [one.patch for one in found.missing] == ["KB1"]


def test_an_account_counts_as_it_was_read_last() -> None:
    history = History()
    for number, region, lacking in ((0, "us-east-1", 4), (1, "eu-west-1", 1), (2, "us-east-1", 2)):
        history.add(figures(number, history, {"KB1": [f"i-{one}" for one in range(lacking)]}, region=region))
    now = [*figures(3, history, {}, region="eu-west-1"), *figures(3, history, {"KB1": ["i-0"]}, region="us-east-1")]

    found = points_of(now, history)
    assert [(one.places, one.managed, one.missing_critical, one.compliance_percent) for one in found] == [
        (1, 5, 4, 20), (2, 10, 5, 50), (2, 10, 3, 70), (2, 10, 1, 90),
    ]  # fmt: skip


def test_a_day_is_shown_as_its_last_report_leaves_it_and_another_scope_not_at_all() -> None:
    history = History()
    for number, lacking in ((0, ["i-0"]), (0.25, ["i-0", "i-1"]), (0.5, ["i-0", "i-1", "i-2"])):
        history.add(figures(number, history, {"KB1": lacking}))
    history.add(figures(0.6, history, {"KB1": ["i-0"]}, scope={"patch_groups": ["web"]}))
    history.add(figures(9, history, {"KB1": ["i-0"]}))
    [now] = figures(1, history, {})

    # What is newer than this report is not its trend.
    assert [(one.moment.day, one.missing_critical) for one in points_of([now], history)] == [(1, 3), (2, 0)]


def test_a_year_is_shown_at_most() -> None:
    history = History()
    history.add(Figures(**PLACE, read_at=day(number), managed=1, compliant=1) for number in range(MOST_POINTS + 50))
    now = Figures(**PLACE, read_at=day(MOST_POINTS + 50), managed=1, compliant=1)

    assert len(points_of([now], history)) == MOST_POINTS


def point(number: float, percent: float | None, critical: int | None = 0) -> Point:
    """A point of the trend."""
    return Point(START + timedelta(days=number), 1, 1, percent, critical, 0, None)


def test_curves_leave_gaps_where_nothing_is_known() -> None:
    percent, critical, _oldest, mean = curves_of([point(0, 50), point(1, None), point(2, 80), point(4, 100, 8)])

    assert [[dot.value for dot in line] for line in percent.lines] == [[50], [80, 100]]
    assert (percent.low, percent.high, critical.high) == (50, 100, 8)
    dots = percent.dots()
    assert [dot.x for dot in dots] == sorted(dot.x for dot in dots)
    assert dots[1].x == pytest.approx((dots[0].x + dots[2].x) / 2)
    assert all(0 < dot.y < HEIGHT for dot in dots)
    assert dots[2].y < dots[1].y < dots[0].y
    assert (mean.lines, mean.last()) == ([], None)


@pytest.mark.parametrize("percent", [0, 99.99, 100])
def test_the_axis_of_a_share_has_a_height_whatever_the_values_are(percent: float) -> None:
    curve = curves_of([point(0, percent), point(1, percent)])[0]

    assert curve.low < curve.high == 100
    assert {0 <= dot.y <= HEIGHT for dot in curve.dots()} == {True}


class Moment(str):
    """A time as text that counts comparisons."""

    compared = 0

    def __lt__(self, other: str) -> bool:
        Moment.compared += 1
        return super().__lt__(other)

    __eq__ = str.__eq__
    __hash__ = str.__hash__


def test_reports_in_any_order_are_sorted_with_few_comparisons_each() -> None:
    def compared(reports: int) -> int:
        Moment.compared = 0
        moments = [Moment(day(number)) for number in range(reports)]
        history = History()
        for one in (*moments[1::2], *moments[::2], moments[0]):
            history.add([Figures(**PLACE, read_at=one)])
        [listed] = history.figures.values()
        assert [one.read_at for one in listed] == moments
        assert history.before(listed[0].key(), moments[-1]) is listed[-2]
        assert history.before(listed[0].key(), moments[0]) is None
        return Moment.compared

    # Four times as many, with a comparison or two more each.
    assert compared(800) < 6 * compared(200)


def test_a_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    found, _history = kept((0, {"KB1": ["i-0", "i-1"]}), (5, {"KB1": ["i-0"]}))
    (tmp_path / file_name(found)).write_text(file_content("T", {}, found), encoding="utf-8")

    history = read_history(str(tmp_path))
    assert history.warnings == []
    assert [*history.figures.values()] == [found]
    assert file_name(found).startswith("2026-01-06T060000Z-")
    assert file_name(found) != file_name(figures(5, History(), {}, region="us-east-1"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "it is not JSON"),
        ("[]", "it is not a history file of a report"),
        ('{"schema": "patchfleet.aws/patch-report"}', "it is not a history file of a report"),
        (json.dumps({"schema": SCHEMA, "schema_version": 2}), "its schema_version is 2, and 1 is supported"),
        (json.dumps({"schema": SCHEMA, "schema_version": SCHEMA_VERSION}), "readings is not a list"),
        ({}, "partition is missing"),
        ({**PLACE, "read_at": "soon"}, "read_at: 'soon' is not a date"),
        ({**PLACE, "read_at": day(0), "managed": "5"}, "managed: '5' is not"),
        (
            {**PLACE, "read_at": day(0), "missing": [{"patch": "KB1", "since": "ever", "nodes": 1}]},
            "'ever' is not a date",
        ),
    ],
)
def test_what_is_no_history_is_named_and_left_out(tmp_path: Path, content: Any, reason: str) -> None:
    if not isinstance(content, str):
        content = json.dumps({"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "readings": [content]})
    good = figures(0, History(), {})
    (tmp_path / file_name(good)).write_text(file_content("T", {}, good), encoding="utf-8")
    (tmp_path / "other.json").write_text(content, encoding="utf-8")
    (tmp_path / ".gitkeep").touch()

    history = read_history(str(tmp_path))
    [warning] = history.warnings
    assert warning.startswith(f"history: {tmp_path / 'other.json'} is skipped: ")
    assert reason in warning
    assert [*history.figures.values()] == [good]


def test_a_directory_and_a_binary_file_are_left_out_too(tmp_path: Path) -> None:
    (tmp_path / "2025").mkdir()
    (tmp_path / "report.png").write_bytes(b"\x89PNG\xff")

    assert len(read_history(str(tmp_path)).warnings) == 2
    assert read_history(str(tmp_path / "none")).figures == {}
