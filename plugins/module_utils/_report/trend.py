# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trend of the figures over earlier reports, and the curves that show it. Pure functions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._compliance.rows import compliance_percent
from .._readings.history import Figures, History

# One point for each day of a year, and one for its start.
MOST_POINTS = 366
# The mean time to patch includes patches that were installed within this number of days.
PATCHED_DAYS = 30
WIDTH, HEIGHT = 320, 96
_MARGIN = 6


@dataclass(slots=True)
class Point:
    """The figures of all accounts and Regions of a report at one time. None means unknown.

    places: the number of accounts and Regions that were read by then.
    """

    moment: datetime
    places: int
    managed: int
    compliance_percent: float | None
    missing_critical: int | None
    oldest_missing_days: int | None
    mean_days_to_patch: float | None

    def values(self) -> dict[str, float | int | None]:
        """The figures by name."""
        return {name: getattr(self, name) for name in FIGURES}


FIGURES = ("compliance_percent", "missing_critical", "oldest_missing_days", "mean_days_to_patch")


def points_of(figures: list[Figures], history: History) -> list[Point]:
    """One point for each day with a report of the same nodes, with the last figures of the day, up to this report.

    figures: of this report. As in merged reports, the last reading of an account and Region counts.
    """
    series: dict[str, list[Figures]] = {}
    for one in figures:
        earlier = [other for other in history.figures.get(one.key(), ()) if other.read_at < one.read_at]
        series[one.key()] = [*earlier, one]
    moments = sorted({one.moment() for listed in series.values() for one in listed})
    days = {moment.date(): moment for moment in moments}
    times = {key: [one.moment() for one in listed] for key, listed in series.items()}
    return [_point(moment, series, times) for moment in [*days.values()][-MOST_POINTS:]]


def _point(moment: datetime, series: dict[str, list[Figures]], times: dict[str, list[datetime]]) -> Point:
    last: list[Figures] = []
    recent: list[Figures] = []
    for key, listed in series.items():
        end = bisect_right(times[key], moment)
        last += listed[max(end - 1, 0) : end]
        recent += listed[bisect_right(times[key], moment - timedelta(days=PATCHED_DAYS)) : end]
    managed = sum(one.managed or 0 for one in last)
    return Point(
        moment,
        len(last),
        managed,
        compliance_percent(_joined((one.compliant for one in last), sum), managed),
        _joined((one.missing_critical for one in last), sum),
        _joined((one.oldest_missing_days for one in last), max),
        _mean(recent),
    )


def _joined(values: Iterable[int | None], join: Callable[[list[int]], int]) -> int | None:
    listed = [*values]
    known = [one for one in listed if one is not None]
    return join(known) if known and len(known) == len(listed) else None


def _mean(figures: list[Figures]) -> float | None:
    """The mean over all installed patches."""
    patched = sum(one.patched or 0 for one in figures)
    days = sum((one.patched or 0) * (one.mean_days_to_patch or 0) for one in figures)
    return round(days / patched, 1) if patched else None


@dataclass(slots=True)
class Dot:
    """A value of a curve, with coordinates in the units of the drawing."""

    x: float
    y: float
    moment: datetime
    value: float


@dataclass(slots=True)
class Curve:
    """One figure over time. lines: sequences of days with a known value. low, high: the limits of its axis."""

    name: str
    lines: list[list[Dot]]
    low: float
    high: float

    def dots(self) -> list[Dot]:
        """All values, oldest first."""
        return [dot for line in self.lines for dot in line]

    def last(self) -> float | None:
        """The newest known value."""
        dots = self.dots()
        return dots[-1].value if dots else None


def curves_of(points: list[Point]) -> list[Curve]:
    """The figures as curves."""
    return [_curve(name, points) for name in FIGURES]


def _curve(name: str, points: list[Point]) -> Curve:
    low, high = _axis(name, [value for point in points if (value := getattr(point, name)) is not None])
    start, end = points[0].moment, points[-1].moment
    span = (end - start).total_seconds()
    lines: list[list[Dot]] = [[]]
    for point in points:
        value = getattr(point, name)
        if value is None:
            lines.append([])
            continue
        share = (point.moment - start).total_seconds() / span if span else 0.5
        x = _MARGIN + share * (WIDTH - 2 * _MARGIN)
        y = _MARGIN + (high - value) / (high - low) * (HEIGHT - 2 * _MARGIN)
        lines[-1].append(Dot(round(x, 2), round(y, 2), point.moment, value))
    return Curve(name, [line for line in lines if line], low, high)


def _axis(name: str, known: list[float]) -> tuple[float, float]:
    """The limits of the axis for a figure with these values."""
    if name != "compliance_percent":
        return 0, max(known, default=0) or 1
    # Small changes of a percentage near 100 would not be visible on an axis from 0.
    return min(10 * (min(known, default=0) // 10), 90), 100
