# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of README and guides do what the pages say. Each page begins with an empty account.

A `yaml` block of tasks runs, in the order of the page. A `text` block right after it is what its last task says: the
message of a failure, or the warnings. A `diff` block is its diff. A `yaml` block that begins with a comment
`# name.yml` is a file; where it is a playbook, it is run, with `inventory.yml` if the page has one before it. So is
every `ansible` and `ansible-playbook` command of a `console` block; those of an `sh` block are not. An export, a
report, check mode and a repeated command write nothing to the account, any other command does.

A page of FLEETS begins with managed nodes.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.callback import CallbackBase
from ansible.utils.display import Display
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules.schedule import check_schedule, next_runs
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import commands
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED as GRADES
from simulator import CHECKOUT, STILL, in_step, serving
from simulator import REGION as SHELL_REGION
from ssmsim.platforms import PLATFORMS

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
COLLECTION = "patchfleet.aws."
# A fleet that keeps the gates of the pages, under baselines that assign compliance levels.
PATCHED = {
    "count": 30,
    "patch_groups": {"Web Servers": 1, "Database Servers": 1},
    **dict.fromkeys(("missing", "failed", "pending_reboot", "rejected", "available_security"), 0),
    **dict.fromkeys(("never_scanned", "stale", "connection_lost"), 0),
}
GRADED = [{"Name": f"graded-{system}", "OperatingSystem": system, "Default": True, **GRADES} for system in PLATFORMS]
FLEETS = {
    "report.md": PATCHED,
    "compliance.md": PATCHED,
    "targets.md": {
        "nodes": [
            {"InstanceId": "i-0123456789abcdef0", "Tags": {"Environment": "production", "Role": "web"}},
            {"InstanceId": "i-0fedcba9876543210", "Tags": {"PatchGroup": "Database Servers"}},
        ]
    },
    # Two that are covered, one whose group is misspelt, one that is not managed.
    "coverage.md": {
        "nodes": [
            {"InstanceId": f"i-{number:017x}", "Tags": {"PatchGroup": group}, "Managed": number < 4}
            for number, group in enumerate(("web", "web", "Web", "web"), 1)
        ]
    },
    "patch-now.md": {
        "count": 30,
        "patch_groups": {"Web Servers": 1, "Database Servers": 1},
        "patch_group_tag": "PatchGroup",
        "connection_lost": 0,
        "failed": 0,
    },
}
_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# (?P<name>[\w/.-]+\.yml)\n")
# What a playbook has in it that is to change something.
_WRITING = re.compile(r"patchfleet\.aws\.(ssm(?!\w*_info)|patching)")
_READING = frozenset(
    f"{COLLECTION}{name}"
    for name in ("export", "compliance_report", "forecast", "audit", "event_queue", "changed_by_hand")
)
_KEYWORDS = frozenset({"name", "check_mode"})
_RANDOM = re.compile(r"\b(mw-|pb-)[0-9a-f]{17}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\br-\d+\b")


class Block(NamedTuple):
    """A fenced block. place: page and line. file: its name where it is one. told: the `text` block right after it."""

    language: str
    text: str
    place: str
    file: str | None
    told: str | None


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    matches = [*_FENCE.finditer(text)]
    found = []
    for number, match in enumerate(matches):
        after = matches[number + 1] if number + 1 < len(matches) else None
        is_next = after and after["language"] == "text" and not text[match.end() : after.start()].strip()
        named = _FILE.match(match["text"]) if match["language"] == "yaml" else None
        place = f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}"
        told = after["text"] if after and is_next else None
        found.append(Block(match["language"], match["text"], place, named and named["name"], told))
    return found


def seed(page: Path) -> dict[str, Any]:
    """What the account of a page holds at its beginning."""
    fleet = FLEETS.get(page.name, {})
    there = {"account": ACCOUNT, "fleet": fleet, "baselines": GRADED if fleet is PATCHED else []}
    return {"regions": [{**there, "region": region} for region in (REGION, SHELL_REGION)]}


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


class Shell:
    """Somebody who saves the files of a page and types in its commands."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self._folder = folder
        self._env = {**in_step(endpoint), "ANSIBLE_LOCALHOST_WARNING": "false"}
        self._log = f"{endpoint}/_sim/log"
        self._done: set[str] = set()

    def save(self, block: Block) -> None:
        """Keep a file for later commands; run it at once where it is a playbook."""
        path = self._folder / str(block.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        if isinstance(DataLoader().load(block.text), list):
            has_inventory = (self._folder / "inventory.yml").exists()
            inventory = ["-i", "inventory.yml"] if has_inventory else []
            writes = self._writes(["ansible-playbook", *inventory, str(block.file)], block.place)
            assert bool(writes) == bool(_WRITING.search(block.text)), f"{block.place}: {writes}"

    def type(self, block: Block) -> None:
        """Run the commands of Ansible in a console block."""
        for line in block.text.replace("\\\n", " ").splitlines():
            command = shlex.split(line.removeprefix("$ "), comments=True) if line.startswith("$ ") else []
            if command and command[0] in ("ansible", "ansible-playbook"):
                writes = self._writes(command, block.place)
                silent = bool({"--check", *_READING} & set(command)) or line in self._done
                assert bool(writes) != silent, f"{block.place}: {line}: {writes}"
                self._done.add(line)

    def _writes(self, command: list[str], place: str) -> list[str]:
        urlopen(self._log, data=b"").close()
        started = [str(commands() / command[0]), *command[1:]]
        done = subprocess.run(started, cwd=self._folder, env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{place}: {shlex.join(command)}\n{done.stdout}{done.stderr}"
        with urlopen(self._log) as answer:
            return [call["op"] for call in json.load(answer) if call["write"] and call["service"] == "ssm"]


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


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A simulator for the commands of all pages."""
    with serving(*STILL) as address:
        yield address


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_playbooks_and_commands_do_what_the_page_says(page: Path, endpoint: str, tmp_path: Path) -> None:
    urlopen(f"{endpoint}/_sim/reset", data=b"").close()
    urlopen(f"{endpoint}/_sim/seed", data=json.dumps(seed(page)).encode()).close()
    shell = Shell(tmp_path, endpoint)
    for block in blocks(page):
        if block.file:
            shell.save(block)
        elif block.language == "console":
            shell.type(block)


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
