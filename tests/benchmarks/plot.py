# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plot of growth as SVG: panels side by side, both axes logarithmic, a line for each contestant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT = 380, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 28, 34, 44
_COLORS = ("#0b5fa5", "#c2410c", "#0b5fa5", "#c2410c")
_DASHES = ("", "", "5 4", "5 4")


@dataclass(frozen=True)
class Panel:
    """One plot. lines: points by what they show."""

    title: str
    across: str
    lines: Mapping[str, Points]


class _Axis:
    """Whole powers of ten from the least to the most of some values, over a length."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self._low = floor(log10(min(values)))
        self._high = max(ceil(log10(max(values))), self._low + 1)
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        share = (log10(value) - self._low) / (self._high - self._low)
        return round(self._begin + share * (self._end - self._begin), 1)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self._low, self._high + 1)]


def svg(panels: Sequence[Panel]) -> str:
    """The plot as a document."""
    width = WIDTH * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}"'
        ' font-family="sans-serif" font-size="11" fill="#1f2937" role="img">',
        f"<title>{escape(' and '.join(panel.title for panel in panels))}</title>",
        f'<rect width="{width}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * WIDTH} 0)">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> list[str]:
    points = [point for line in panel.lines.values() for point in line]
    across = _Axis([x for x, _ in points], _LEFT, WIDTH - _RIGHT)
    up = _Axis([y for _, y in points], HEIGHT - _BOTTOM, _TOP)
    parts = [f'<text x="{_LEFT}" y="18" font-size="13" font-weight="bold">{escape(panel.title)}</text>']
    for tick in across.ticks():
        x = across.at(tick)
        parts.append(f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{HEIGHT - _BOTTOM}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{x}" y="{HEIGHT - _BOTTOM + 15}" text-anchor="middle">{tick:,.0f}</text>')
    for tick in up.ticks():
        y = up.at(tick)
        parts.append(f'<line x1="{_LEFT}" y1="{y}" x2="{WIDTH - _RIGHT}" y2="{y}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{tick:g} s</text>')
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{escape(panel.across)}</text>')
    for number, (name, line) in enumerate(panel.lines.items()):
        parts += _line(name, [(across.at(x), up.at(y)) for x, y in line], number)
    return parts


def _line(name: str, points: Points, number: int) -> list[str]:
    color, dash = _COLORS[number % len(_COLORS)], _DASHES[number % len(_DASHES)]
    path = " ".join(f"{x},{y}" for x, y in points)
    y = _TOP + 14 + 15 * number
    parts = [f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>']
    parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{color}"/>' for x, y in points]
    parts.append(
        f'<line x1="{_LEFT + 8}" y1="{y - 4}" x2="{_LEFT + 30}" y2="{y - 4}" stroke="{color}" stroke-width="2"'
        f' stroke-dasharray="{dash}"/>'
    )
    parts.append(f'<text x="{_LEFT + 36}" y="{y}">{escape(name)}</text>')
    return parts
