# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of what was measured: seconds for the console, ratios for the documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from contestants import Sample
from service import NEW, SAME, STATES

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

Key = tuple[str, str]
Row = tuple[str, ...]


@dataclass(frozen=True)
class Spread:
    """Median, least and most of some runs."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Sum up the values of some runs."""
        known = list(values)
        return cls(median(known), min(known), max(known))

    def per(self, unit: float, digits: int) -> str:
        """Return the median with the spread, in a unit; alone where there is no spread."""
        if self.least == self.most:
            return f"{self.median / unit:.{digits}f}"
        numbers = (self.median / unit, self.least / unit, self.most / unit)
        return "{:.{d}f} ({:.{d}f}-{:.{d}f})".format(*numbers, d=digits)


@dataclass
class Results:
    """What was measured.

    samples: by contestant and state. counts: API calls by operation, by state. sampled_resources, resources: what the
    single modules were given, and what the whole workload has. concurrency: of the limit and of the main contestant.
    """

    samples: dict[Key, list[Sample]]
    counts: dict[str, Counter[str]]
    sampled_resources: int
    resources: int
    concurrency: int

    def walls(self, contestant: str, state: str = "") -> Spread:
        """Seconds from the start of a process to its end."""
        return Spread.of(sample.wall for sample in self.samples[contestant, state])

    def net(self, contestant: str, state: str, times: float = 1) -> Spread:
        """Seconds of a play without those of an empty one."""
        empty = self.walls("empty play").median
        return Spread.of((sample.wall - empty) * times for sample in self.samples[contestant, state])

    def cpu(self, contestant: str, state: str = "") -> Spread:
        """CPU seconds of the process that makes the calls."""
        return Spread.of(sample.cpu or 0 for sample in self.samples[contestant, state])

    def rss(self, contestant: str, state: str = "") -> Spread:
        """Peak memory of the process that makes the calls, in MiB."""
        return Spread.of((sample.rss or 0) / 1024 for sample in self.samples[contestant, state])

    def main(self, state: str) -> Spread:
        """Seconds of ssm_patch_setup."""
        return self.net(f"bulk {self.concurrency}", state)

    def ways(self) -> dict[str, dict[str, Spread]]:
        """Seconds of each way to apply the workload, by state."""
        scale = self.resources / self.sampled_resources
        found: dict[str, Callable[[str], Spread]] = {
            "boto3 script, {n} threads (the limit)": lambda state: self.walls("limit", state),
            "ssm_patch_setup": self.main,
        }
        if ("sequential", NEW) in self.samples:
            found["boto3 script, one call at a time"] = lambda state: self.walls("sequential", state)
        if ("each", NEW) in self.samples:
            found["role with patching_apply: each (*)"] = lambda state: self.net("each", state, scale)
        if ("cli", "one call") in self.samples:
            found["AWS command line, one call at a time (*)"] = self._command_line
        return {name.format(n=self.concurrency): {state: way(state) for state in STATES} for name, way in found.items()}

    def _command_line(self, state: str) -> Spread:
        calls = self.counts[state].total()
        return Spread.of(sample.wall * calls for sample in self.samples["cli", "one call"])


def console(results: Results) -> str:
    """Return all tables, in seconds."""
    blocks = [
        _text("seconds, median (least-most)", [("", *STATES), *_ways(results, lambda _state: 1, 2)]),
        _text("in times of the limit", [("", *STATES), *_ratios(results)]),
        f"(*) extrapolated: single modules from {results.sampled_resources} of {results.resources} resources,"
        " the command line from one call.\nPlays are without the time of an empty play, "
        + results.walls("empty play").per(1, 2),
        _text("ssm_patch_setup by concurrency, seconds", _concurrencies(results, 1, 2)),
        _text("process that makes the calls", _processes(results)),
        _text("API calls", _counts(results)),
    ]
    return "\n\n".join(blocks)


def markdown(results: Results) -> str:
    """Return the tables that stay true on another machine: ratios, counts and memory."""
    whole = results.main(SAME).median
    blocks = [
        "Time, as a multiple of the limit: median (least-most).",
        _markdown([("", *STATES), *_ratios(results)]),
        f"(*) extrapolated: the single modules from {results.sampled_resources} of {results.resources} resources, the"
        " AWS command line from one call.",
        f"Time of `ssm_patch_setup` by `concurrency`, as a multiple of that with nothing to do at"
        f" {results.concurrency}:",
        _markdown(_concurrencies(results, whole, 1)),
        "The process that makes the calls:",
        _markdown(_processes(results)),
        "API calls:",
        _markdown(_counts(results)),
    ]
    return "\n\n".join(blocks)


def write(results: Results, page: Path) -> None:
    """Replace what stands between the markers of a page; raises ValueError where it has none."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, marker, after = rest.partition(END)
    if not marker:
        raise ValueError(f"{page} has no {BEGIN} followed by {END}")
    page.write_text(f"{before}{BEGIN}\n\n{markdown(results)}\n\n{END}{after}", encoding="utf-8")


def _ways(results: Results, unit: Callable[[str], float], digits: int) -> list[Row]:
    return [
        (name, *(spreads[state].per(unit(state), digits) for state in STATES))
        for name, spreads in results.ways().items()
    ]


def _ratios(results: Results) -> list[Row]:
    return _ways(results, lambda state: results.walls("limit", state).median, 1)


def _concurrencies(results: Results, unit: float, digits: int) -> list[Row]:
    measured = sorted({int(name.split()[1]) for name, _state in results.samples if name.startswith("bulk ")})
    states = (NEW, SAME)
    rows = [(str(one), *(results.net(f"bulk {one}", state).per(unit, digits) for state in states)) for one in measured]
    return [("concurrency", *states), *rows]


def _processes(results: Results) -> list[Row]:
    unit = results.cpu("yardstick").median
    named = {
        "amazon.aws.aws_caller_info": ("yardstick", ""),
        "ssm_patch_setup, nothing declared": ("start", ""),
        **{f"ssm_patch_setup, {state}": (f"bulk {results.concurrency}", state) for state in STATES},
        **{f"boto3 script, {state}": ("limit", state) for state in STATES},
    }
    rows = [
        (name, results.cpu(*key).per(unit, 2), f"{results.rss(*key).median:.0f} MiB") for name, key in named.items()
    ]
    return [("", "CPU, times that of aws_caller_info", "peak memory"), *rows]


def _counts(results: Results) -> list[Row]:
    operations = sorted(set().union(*results.counts.values()))
    rows = [(name, *(str(results.counts[state][name]) for state in STATES)) for name in operations]
    total = ("all", *(str(results.counts[state].total()) for state in STATES))
    return [("operation", *STATES), *rows, total]


def _text(title: str, rows: list[Row]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([title.upper(), *lines])


def _markdown(rows: list[Row]) -> str:
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, f"| {' | '.join('---' for _ in rows[0])} |", *body])
