# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_compliance_info: rows that go to a file."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.rows import INSTANCE_FIELDS, PATCH_FIELDS
from ansible_collections.patchfleet.aws.plugins.module_utils._files import row_file
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import node, plant

MODULE = "ssm_patch_compliance_info"
PATCHES = "DescribeInstancePatches"


def still(account: Account, *nodes: dict[str, Any]) -> None:
    """Nodes whose last ping does not move."""
    pinged = {"LastPingDateTime": "2025-12-31T00:00:00Z"}
    plant(account, nodes=[{**one, **pinged} for one in nodes])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


@pytest.mark.parametrize("level", ["instances", "patches"])
def test_the_rows_of_the_level_are_in_the_file_and_not_in_the_answer(
    account: Account, level: str, tmp_path: Path
) -> None:
    still(account, *(node(number, MissingCount=number % 3) for number in range(1, 80)))
    returned = account.run(MODULE, level=level)
    path = tmp_path / "rows.jsonl"

    written = account.run(MODULE, level=level, dest=str(path))

    assert lines(path) == returned[level]
    assert not {"instances", "patches"} & set(written)
    assert (written["summary"], written["groups"]) == (returned["summary"], returned["groups"])
    assert (written["changed"], mode(path)) == (True, 0o600)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_changed_means_that_the_content_differs(account: Account, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{suffix}"
    args = {"level": "instances", "dest": str(path)}
    still(account, node(1), node(2, MissingCount=1))

    assert account.run(MODULE, check=True, **args)["changed"]
    assert not path.exists()
    assert account.run(MODULE, **args)["changed"]
    first, inode = path.read_bytes(), path.stat().st_ino
    for check in (True, False):
        assert not account.run(MODULE, check=check, concurrency=1, **args)["changed"]
    assert path.stat().st_ino == inode
    still(account, node(3))
    assert account.run(MODULE, check=True, **args)["changed"]
    assert path.read_bytes() == first
    assert account.run(MODULE, **args)["changed"]
    assert path.read_bytes() != first
    assert os.listdir(tmp_path) == [path.name]


def test_a_file_keeps_its_mode_and_owner_and_a_link_stays_a_link(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda _path, *owner: owners.append(owner))
    path, link = tmp_path / "nodes.jsonl", tmp_path / "latest.jsonl"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    link.symlink_to(path)
    still(account, node(1))

    assert account.run(MODULE, level="instances", dest=str(link))["changed"]
    assert link.is_symlink()
    assert (len(lines(path)), mode(path)) == (1, 0o640)
    assert owners == [(path.stat().st_uid, path.stat().st_gid)]


def test_no_rows_are_a_file_too(account: Account, tmp_path: Path) -> None:
    for suffix, content in ((".jsonl", ""), (".csv", ",".join(PATCH_FIELDS) + "\n")):
        path = tmp_path / f"patches{suffix}"
        assert account.run(MODULE, level="patches", dest=str(path))["changed"]
        assert path.read_text(encoding="utf-8") == content


def test_a_spreadsheet_takes_no_value_for_a_formula(account: Account, tmp_path: Path) -> None:
    evil = [
        '=HYPERLINK("x")',
        "+1",
        "-1",
        "@SUM(1)",
        "\tx",
        "\rx",
        "a=b",
        'quoted "one", two',
        "line\nbreak",
        "\ud800é",
        "\0\x1b[2J\x9b31m\u202e",
    ]
    still(account, *(node(number, ComputerName=name) for number, name in enumerate(evil)))
    table, exact = tmp_path / "nodes.csv", tmp_path / "nodes.jsonl"
    account.run(MODULE, level="instances", dest=str(table))
    account.run(MODULE, level="instances", dest=str(exact))

    assert sorted(row["name"] for row in lines(exact)) == sorted(evil)
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == INSTANCE_FIELDS
    names = {row["instance_id"]: row["name"] for row in rows}
    assert [names[node(number)["InstanceId"]] for number in range(len(evil))] == [
        *(f"'{name}" for name in evil[:5]),
        "\\rx",
        *evil[6:9],
        "\\ud800é",
        "\\x00\\x1b[2J\\x9b31m\\u202e",
    ]


def test_lists_truth_and_nothing_in_a_table(account: Account, tmp_path: Path) -> None:
    still(account, node(1, "Web", PatchGroup="Old"), node(2, Record="absent"))
    path = tmp_path / "nodes.csv"
    account.run(MODULE, level="instances", instance_ids=[node(1)["InstanceId"]], dest=str(path))
    account.run(MODULE, level="instances", dest=str(path))

    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["instance_id"]: row for row in csv.DictReader(file)}
    known, never = rows[node(1)["InstanceId"]], rows[node(2)["InstanceId"]]
    assert (known["patch_groups"], known["compliant"], known["stale"]) == ("Old", "true", "false")
    assert (never["missing_count"], never["patch_group"], never["status"]) == ("", "", "never_scanned")


@pytest.mark.parametrize("fault", ["ExpiredTokenException", "ThrottlingException"])
def test_a_reading_that_fails_leaves_the_file_as_it_was(account: Account, fault: str, tmp_path: Path) -> None:
    still(account, *(node(number, MissingCount=1) for number in range(1, 200)))
    path = tmp_path / "patches.jsonl"
    path.write_text("old", encoding="utf-8")
    account.faults({"op": PATCHES, "do": fault, "after": 150})

    failed = account.fails(MODULE, level="patches", dest=str(path))

    assert failed["error"]["code"] == fault
    assert (path.read_text(encoding="utf-8"), os.listdir(tmp_path)) == ("old", [path.name])


def test_a_disk_that_is_full_leaves_the_file_as_it_was(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still(account, node(1))
    path = tmp_path / "nodes.jsonl"
    path.write_text("old", encoding="utf-8")

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    failed = account.fails(MODULE, level="instances", dest=str(path))

    assert failed["msg"].startswith(f"dest: '{path}' cannot be written and was not changed: ")
    assert "No space left on device" in failed["msg"]
    assert (path.read_text(encoding="utf-8"), os.listdir(tmp_path)) == ("old", [path.name])


def test_what_cannot_be_written_is_told_before_any_call(account: Account, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name, text in [
        ("nodes.txt", "must end in .csv or .jsonl"),
        ("nodes.json", "must end in .csv or .jsonl"),
        ("nodes", "must end in .csv or .jsonl"),
        ("missing/nodes.csv", "does not exist; create it first"),
        ("folder.csv", "is a directory; specify a file"),
    ]:
        failed = account.fails(MODULE, level="instances", dest=str(tmp_path / name))
        assert failed["msg"].startswith("dest: ")
        assert text in failed["msg"]
    assert not account.calls()


def test_what_this_user_may_not_do_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text("old", encoding="utf-8")
    assert row_file.violations("dest", str(path)) == []

    monkeypatch.setattr(os, "access", lambda _path, mode: mode == os.R_OK)
    assert row_file.violations("dest", str(path)) == [f"dest: the directory '{tmp_path}' is not writable by this user"]
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.R_OK)
    assert "exists but cannot be read" in row_file.violations("dest", str(path))[0]


def test_a_link_to_a_directory_that_is_gone_is_told_before_any_call(account: Account, tmp_path: Path) -> None:
    link = tmp_path / "nodes.csv"
    link.symlink_to(tmp_path / "gone" / "nodes.csv")
    assert "does not exist" in account.fails(MODULE, level="instances", dest=str(link))["msg"]
    assert not account.calls()
