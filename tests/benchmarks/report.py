# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of what was measured: seconds for the console, ratios for the documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import crowd
from contestants import Sample
from crowd import Crowd
from plot import Panel, Points, svg
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
class Pair:
    """A module that reads, and the script that makes the same calls. calls: how many, pages counted one by one."""

    module: list[Sample] = field(default_factory=list)
    limit: list[Sample] = field(default_factory=list)
    calls: int = 0


@dataclass
class Results:
    """What was measured.

    samples: by contestant and state. counts: API calls by operation, by state. sampled_resources, resources: what the
    single modules were given, and what the whole workload has. concurrency: of the limit and of the main contestant.
    pairs: what reads, by name and number of nodes. growth, grown_calls: setups that are as declared, by their windows.
    """

    samples: dict[Key, list[Sample]]
    counts: dict[str, Counter[str]]
    sampled_resources: int
    resources: int
    concurrency: int
    pairs: dict[tuple[str, int], Pair] = field(default_factory=dict)
    growth: dict[int, list[Sample]] = field(default_factory=dict)
    grown_calls: dict[int, int] = field(default_factory=dict)
    crowd: Crowd | None = None

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

    def whole(self, state: str) -> Spread:
        """The whole process, start-up in both: (play - empty) / (smallest module - empty + calls), round by round."""
        names = ("empty play", ""), ("yardstick", ""), ("nothing replayed", ""), ("limit", state)
        plays = self.samples[f"bulk {self.concurrency}", state]
        rounds = zip(plays, *(self.samples[name] for name in names), strict=False)
        return Spread.of(
            (play.wall - empty.wall) / (small.wall - empty.wall + limit.wall - start.wall)
            for play, empty, small, start, limit in rounds
        )

    def beside(self, pair: Pair) -> tuple[float, float, float]:
        """Of a module that reads, by medians: the same ratio, that of the CPU less start-up, the share of raw speed."""
        empty, small, start = (self.walls(name).median for name in ("empty play", "yardstick", "nothing replayed"))
        play = median(sample.wall for sample in pair.module)
        calls = median(sample.wall for sample in pair.limit) - start
        cpu = median(sample.cpu or 0 for sample in pair.module) - self.cpu("yardstick").median
        cpu_of_calls = median(sample.cpu or 0 for sample in pair.limit) - self.cpu("nothing replayed").median
        return (play - empty) / (small - empty + calls), cpu / cpu_of_calls, calls / (play - small)

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
        _text("whole process", _whole(results)),
        *([_text("reading", _reading(results))] if results.pairs else []),
        *_sentences(results),
    ]
    return "\n\n".join(blocks)


def markdown(results: Results, machine: str) -> str:
    """Return the tables that stay true on another machine: ratios, counts and memory. machine: what it ran on."""
    whole = results.main(SAME).median
    blocks = [
        machine,
        "### A setup",
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
        "Whole processes, with what Ansible and Python need to start on both sides: (play of `ssm_patch_setup` - empty"
        " play) / (play of `aws_caller_info` - empty play + the calls replayed).",
        _markdown(_whole(results)),
        *(["### Reading", _READING, _markdown(_reading(results)), _PLOT] if results.pairs else []),
        *_sentences(results),
    ]
    return "\n\n".join(blocks)


_PLOT = "![Seconds by windows and by nodes, on logarithmic axes](images/growth.svg)"
# With fewer calls, start-up decides about what is left without it.
_ENOUGH_CALLS = 200
_READING = (
    "Each module beside a script that makes the same paged calls, 16 at a time, and keeps nothing. Whole process: as"
    " above. CPU and raw speed are without start-up on both sides; CPU is that of the process that makes the calls."
    " Nodes are read without latency."
)


def _whole(results: Results) -> list[Row]:
    return [("", *STATES), ("whole process", *(results.whole(state).per(1, 2) for state in STATES))]


def _reading(results: Results) -> list[Row]:
    rows = []
    for (name, nodes), pair in results.pairs.items():
        whole, cpu, speed = results.beside(pair)
        peak = median(sample.rss or 0 for sample in pair.module) / 1024
        alone = (f"{cpu:.2f}", f"{speed:.0%}") if pair.calls >= _ENOUGH_CALLS else ("", "")
        figures = (f"{whole:.2f}", *alone, f"{peak:.0f} MiB", str(len(pair.module)))
        rows.append((name, f"{nodes:,}" if nodes else "", f"{pair.calls:,}", *figures))
    return [("", "nodes", "calls", "whole process", "CPU", "of raw speed", "peak memory", "rounds"), *rows]


def _sentences(results: Results) -> list[str]:
    found = []
    if ("report", "") in results.samples:
        ratio = results.net("report", "").median / results.net("reading", "").median
        found.append(f"The role `patch_report` takes {ratio:.2f} times as long as the module that reads for it, alone.")
    if results.crowd:
        one = results.crowd
        found.append(
            f"{crowd.CONTROLLERS} controllers at once, {crowd.PER_SECOND:.0f} calls a second allowed to all of them"
            f" together: {one.calls:,} calls answered, {one.throttled:,} refused and repeated, {one.writes} writes, no"
            f" failure; {one.wall / one.floor:.2f} times the time that the calls take at this rate at least."
        )
    return found


def growth(results: Results) -> str:
    """Return the plot of growth as SVG; raises ValueError where nothing of it was measured."""
    empty = results.walls("empty play").median
    largest = results.samples[f"bulk {results.concurrency}", SAME]
    setups = {**results.growth, 50: largest}
    windows = [(float(count), median(one.wall for one in samples) - empty) for count, samples in setups.items()]
    panels = [Panel("A setup, nothing to do", "windows", {"ssm_patch_setup": sorted(windows)})]
    lines: dict[str, Points] = {}
    for level in ("instances", "patches"):
        pairs = {nodes: pair for (name, nodes), pair in results.pairs.items() if name == f"compliance, {level}"}
        lines[level] = [(float(n), median(one.wall for one in pair.module) - empty) for n, pair in pairs.items()]
        lines[f"{level}, calls alone"] = [(float(n), median(one.wall for one in p.limit)) for n, p in pairs.items()]
    if known := {name: line for name, line in lines.items() if line}:
        panels.append(Panel("Patch compliance", "nodes", known))
    return svg(panels)


def write(results: Results, page: Path, machine: str) -> None:
    """Replace what stands between the markers of a page, and its plot; raises ValueError where it has none."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, marker, after = rest.partition(END)
    if not marker:
        raise ValueError(f"{page} has no {BEGIN} followed by {END}")
    page.write_text(f"{before}{BEGIN}\n\n{markdown(results, machine)}\n\n{END}{after}", encoding="utf-8")
    if results.growth:
        (page.parent / "images" / "growth.svg").write_text(growth(results), encoding="utf-8")


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
