# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of the collection comes from one file, so that a test which replaces it has replaced all of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock

CHECKOUT = Path(__file__).resolve().parents[3]
CLOCK = CHECKOUT / "plugins" / "module_utils" / "_schedules" / "clock.py"
_MODULES = frozenset({"time", "timeit", "sched"})
# Functions that take the time, or the zone, from the machine, whatever they are called on.
_ALWAYS = frozenset({"now", "utcnow", "today", "uuid1", "uuid6", "uuid7", "getmtime", "getctime"})
# Functions that take the zone from the machine unless they get one as the argument of this number.
_WITHOUT_ZONE = {"astimezone": 1, "fromtimestamp": 2}
_TEMPLATES = re.compile(
    r"\bnow\(|ansible_date_time|\|\s*(ansible\.builtin\.)?strftime|\bpipe['\"]|['\"]pipe\b|\bDate\.now\b|new Date\(\)"
)


def readings(source: str) -> Iterator[str]:
    """Where a Python file reads the clock or the zone of the machine by itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (f"{node.lineno}: import {one.name}" for one in node.names if one.name in _MODULES)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module in _MODULES:
            yield f"{node.lineno}: from {node.module}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = node.func.attr
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            given = len(node.args) + len(node.keywords)
            if (name in _ALWAYS and owner != "clock") or given < _WITHOUT_ZONE.get(name, 0):
                yield f"{node.lineno}: {name}()"


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("import time", 1),
        ("from time import sleep", 1),
        ("from .time import sleep", 0),
        ("datetime.now(UTC)", 1),
        ("date.today()", 1),
        ("uuid.uuid1()", 1),
        ("clock.now()", 0),
        ("moment.astimezone()", 1),
        ("moment.astimezone(UTC)", 0),
        ("datetime.fromtimestamp(0)", 1),
        ("datetime.fromtimestamp(0, tz=UTC)", 0),
    ],
)
def test_readings_are_found(source: str, count: int) -> None:
    assert len([*readings(source)]) == count


def test_no_other_python_file_reads_the_clock() -> None:
    files = [path for path in (CHECKOUT / "plugins").rglob("*.py") if path != CLOCK]
    assert len(files) > 50
    found = [f"{path}:{one}" for path in files for one in readings(path.read_text(encoding="utf-8"))]
    assert not found


def test_no_role_and_no_playbook_reads_the_clock() -> None:
    files = [path for top in ("roles", "playbooks") for path in (CHECKOUT / top).rglob("*") if path.is_file()]
    files = [path for path in files if path.suffix in {".yml", ".yaml", ".j2", ".js", ".json"}]
    assert len(files) > 20
    assert not [path for path in files if _TEMPLATES.search(path.read_text(encoding="utf-8"))]


def test_no_name_of_a_day_or_month_is_in_the_language_of_the_machine() -> None:
    localized = re.compile(r"strftime\([^)]*%[aAbBcxXp]")
    files = [
        path for top in ("plugins", "roles", "playbooks") for path in (CHECKOUT / top).rglob("*") if path.is_file()
    ]
    files = [path for path in files if path.suffix in {".py", ".yml", ".j2"}]
    assert not [path for path in files if localized.search(path.read_text(encoding="utf-8"))]


def test_the_time_is_in_utc_and_in_whole_seconds() -> None:
    before = datetime.now(UTC)
    moment = clock.now()
    assert before - timedelta(seconds=1) < moment <= datetime.now(UTC)
    assert (moment.utcoffset(), moment.microsecond) == (timedelta(0), 0)


def test_a_process_of_a_test_has_the_time_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(clock.STANDING, "2026-03-29T01:30:00+09:00")
    assert clock.now().isoformat() == "2026-03-28T16:30:00+00:00"
