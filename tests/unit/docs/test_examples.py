# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks in README and guides do what the pages say. Each page begins with an empty account, or with managed nodes.

A `yaml` block of tasks runs, in the order of the page. A `text` block right after it is what its last task says: the
message of a failure, or the warnings. A `diff` block is its diff. The playbooks and commands of the pages run in
tests/playbooks.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.callback import CallbackBase
from ansible.utils.display import Display
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules.schedule import check_schedule, next_runs
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.guides import PAGES, Block, blocks, seed
from simulator import CHECKOUT

COLLECTION = "patchfleet.aws."
_KEYWORDS = frozenset({"name", "check_mode"})
_RANDOM = re.compile(r"\b(mw-|pb-)[0-9a-f]{17}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\br-\d+\b")


def plain(text: str) -> str:
    """Text without ids, which differ from run to run, and without the way it is wrapped."""
    return " ".join(_RANDOM.sub("ID", text).split())


class Reader:
    """Somebody who types in the tasks of a page. said: the message or the warnings of the last task. diff: its diff."""

    def __init__(self, account: Account, warnings: list[str]) -> None:
        self._account = account
        self._warnings = warnings
        self.said = ""
        self.diff = ""

    def run(self, block: Block) -> None:
        """Run the tasks of a block; only the last may fail, and only where the page says how."""
        tasks = DataLoader().load(block.text)
        for task in tasks:
            result = self._result(task, block.place)
            may_fail = task is tasks[-1] and block.told is not None
            assert may_fail or not result.get("failed"), f"{block.place}: {task['name']}: {result}"
            self.said = result["msg"] if result.get("failed") else "\n".join(self._warnings)
            self.diff = CallbackBase()._get_diff(result.get("diff", []))
        assert plain(self.said) == plain(block.told or ""), block.place

    def _result(self, task: dict[str, Any], place: str) -> dict[str, Any]:
        names = sorted(set(task) - _KEYWORDS)
        assert len(names) == 1, f"{place}: {task['name']}: {names}"
        assert names[0].startswith(COLLECTION), place
        self._warnings.clear()
        module = names[0].removeprefix(COLLECTION)
        return self._account.outcome(module, check=bool(task.get("check_mode")), **(task[names[0]] or {}))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tasks_do_what_the_page_says(
    page: Path, account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    account.simulator.plant(seed(page))
    warnings: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _display, msg, **_options: warnings.append(msg))
    reader = Reader(account, warnings)
    for block in blocks(page):
        if block.language == "yaml" and not block.file:
            reader.run(block)
        elif block.language == "diff":
            assert plain(reader.diff) == plain(block.text), block.place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _hash, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), target
        titles = re.findall(r"^#+ (.+)$", other.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
        anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
        assert not anchor or anchor in anchors, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_of_the_collection_exist(page: Path) -> None:
    plugins = ("plugins/modules/*.py", "plugins/filter/*.py", "plugins/inventory/*.py")
    folders = (*plugins, "playbooks/*.yml", "roles/*", "extensions/eda/rulebooks/*.yml")
    known = {path.stem for pattern in folders for path in CHECKOUT.glob(pattern)} | {"all", "aws", "git"}
    named = set(re.findall(r"\bpatchfleet\.aws\.(\w+)", page.read_text(encoding="utf-8")))
    assert named <= known


def test_schedules_open_when_the_table_says() -> None:
    page = (CHECKOUT / "docs" / "schedules.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (\d*) ?\| .+ \| (2026-[^|]+) \|$", page, re.MULTILINE)
    new_year = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    for expression, offset, first in rows:
        runs = next_runs(expression, offset=int(offset or 0), after=new_year, count=1)
        assert [run.replace(tzinfo=None) for run in runs] == [datetime.fromisoformat(first)], expression
    assert len(rows) > 10


def test_wrong_schedules_are_refused_and_right_ones_are_not() -> None:
    page = (CHECKOUT / "docs" / "schedules.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)`( for \w+)? \| .+ \| `([^`]+)` \|$", page, re.MULTILINE)
    for wrong, other_meaning, right in rows:
        assert bool(check_schedule(wrong)) != bool(other_meaning), wrong
        assert not check_schedule(right)
    assert len(rows) > 5


def test_the_tutorial_is_the_file_that_the_demo_applies() -> None:
    page = {block.file: block.text for block in blocks(CHECKOUT / "docs" / "getting-started.md")}["patching.yml"]
    own = DataLoader().load_from_file(str(CHECKOUT / "playbooks" / "vars" / "patch_server_environment.yml"))
    for window in own["patching_windows"]:
        for task in window["patch_tasks"]:
            assert task.pop("service_role_arn")
            assert task.pop("priority") == 1
    assert DataLoader().load(page) == own
