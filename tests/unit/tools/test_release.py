# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release: the tarball depends on its content alone, and what is missing is named."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from pack import FILES, MANIFEST, dumped, repacked
from release import ReleaseError, complaints, objections, precedence, with_version

COMMIT_TIME = 1_767_225_600


def _built(path: Path, names: list[str], mtime: int, user: str, empty: tuple[str, ...] = ()) -> Path:
    """A tarball as ansible-galaxy builds it on some machine, where there may be directories without files."""
    folders = [".", *sorted({str(Path(name).parent) for name in names} - {"."}), *empty]
    files = [{"name": name, "ftype": "file", "chksum_sha256": f"sum of {name}"} for name in names]
    listed = [*({"name": name, "ftype": "dir", "chksum_sha256": None} for name in folders), *files]
    listing = dumped({"files": listed, "format": 1})
    digest = hashlib.sha256(listing).hexdigest()
    manifest = dumped({"file_manifest_file": {"name": FILES, "chksum_sha256": digest}, "format": 1})
    content = {MANIFEST: manifest, FILES: listing, **{name: f"text of {name}".encode() for name in names}}
    with tarfile.open(path, "w:gz") as archive:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname = len(data), mtime, user
            archive.addfile(member, io.BytesIO(data))
        for name in folders[1:]:
            member = tarfile.TarInfo(name)
            member.type, member.mtime, member.uname = tarfile.DIRTYPE, mtime, user
            archive.addfile(member)
        link = tarfile.TarInfo("b/link")
        link.type, link.linkname, link.mtime, link.uname = tarfile.SYMTYPE, "c.py", mtime, user
        archive.addfile(link)
    return path


def test_two_machines_pack_the_same_bytes(tmp_path: Path) -> None:
    one = _built(tmp_path / "one.tar.gz", ["a.md", "b/c.py"], 1_000, "me")
    other = _built(tmp_path / "other.tar.gz", ["b/c.py", "a.md"], 2_000, "you", ("b/d", "fragments"))
    assert one.read_bytes() != other.read_bytes()
    assert repacked(one, COMMIT_TIME) == repacked(other, COMMIT_TIME)


def test_the_content_stays_and_the_checksums_fit(tmp_path: Path) -> None:
    packed = repacked(_built(tmp_path / "one.tar.gz", ["b/c.py", "a.md"], 1_000, "me"), COMMIT_TIME)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as archive:
        names = archive.getnames()
        content = {name: stream.read() for name in names if (stream := archive.extractfile(name))}
        assert archive.getmember("b/link").linkname == "c.py"
        assert {member.mtime for member in archive.getmembers()} == {COMMIT_TIME}
    assert names == [MANIFEST, FILES, "a.md", "b", "b/c.py", "b/link"]
    assert content["b/c.py"] == b"text of b/c.py"
    manifest = json.loads(content[MANIFEST])
    assert manifest["file_manifest_file"]["chksum_sha256"] == hashlib.sha256(content[FILES]).hexdigest()
    assert [entry["name"] for entry in json.loads(content[FILES])["files"]] == [".", "a.md", "b", "b/c.py"]


def test_another_version_changes_one_line() -> None:
    galaxy = 'name: aws\nversion: 1.0.0\ndependencies:\n  amazon.aws: ">=10.0.0"\n'
    assert with_version(galaxy, "1.1.0") == galaxy.replace("1.0.0", "1.1.0")


def test_versions_have_an_order() -> None:
    shuffled = ["1.0.0", "0.10.0", "1.0.1", "1.0.0-rc.1", "0.9.0"]
    assert sorted(shuffled, key=precedence) == ["0.9.0", "0.10.0", "1.0.0-rc.1", "1.0.0", "1.0.1"]


@pytest.mark.parametrize("version", ["", "1.0", "v1.0.0", "01.0.0", "1.0.0 "])
def test_other_forms_are_no_versions(version: str) -> None:
    with pytest.raises(ReleaseError, match="not a semantic version"):
        precedence(version)


@pytest.mark.parametrize(
    ("changes", "fragments", "named"),
    [
        ({}, [], "has no 1.0.0 with a date"),
        ({"1.0.0": {"changes": {}}}, [], "has no 1.0.0 with a date"),
        ({"1.0.0": {"release_date": "2026-12-01"}}, ["time.yml"], "still holds time.yml"),
    ],
)
def test_what_a_release_lacks_is_named(changes: dict[str, dict[str, object]], fragments: list[str], named: str) -> None:
    (found,) = objections("1.0.0", changes, fragments)
    assert named in found


def test_a_complete_changelog_has_no_objections() -> None:
    assert not list(objections("1.0.0", {"1.0.0": {"release_date": "2026-12-01"}}, []))


def test_a_playbook_of_the_tarball_that_the_importer_does_not_find_is_no_complaint() -> None:
    output = "\n".join(
        [
            "Importing",
            *(f"WARNING: ERROR    Failed to find patchfleet.aws.{name} playbook." for name in ("setup", "set")),
        ]
    )

    assert complaints(output, ["playbooks/setup.yml"]) == [output.splitlines()[2]]
    assert complaints(f"{output}\nERROR: no README", ["playbooks/set.yml", "playbooks/setup.yml"]) == [
        "ERROR: no README"
    ]
