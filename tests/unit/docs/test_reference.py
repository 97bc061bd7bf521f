# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-doc shows of modules, plugins and roles is complete: version, requirements, examples, samples."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool, "list": list, "dict": dict}
# They call nothing, so they need no library of AWS.
WITHOUT_AWS = {"patch_report", "preflight"}


@pytest.fixture(scope="module")
def reference() -> dict[str, dict[str, Any]]:
    """What ansible-doc knows of the collection, by type of plugin."""
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--metadata-dump", "patchfleet.aws"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {kind: plugins for kind, plugins in json.loads(done.stdout)["all"].items() if kind != "keyword"}


def _plugins(reference: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("module", "filter", "inventory"):
        for name, plugin in reference[kind].items():
            yield name.rpartition(".")[2], plugin


def _leaves(fields: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in fields.items():
        if field.get("contains"):
            yield from _leaves(field["contains"], f"{above}{name}.")
        else:
            yield f"{above}{name}", field


def test_everything_says_since_when_it_exists(reference: dict[str, dict[str, Any]]) -> None:
    since = {name: plugin["doc"].get("version_added") for name, plugin in _plugins(reference)}
    for name, role in reference["role"].items():
        since |= {f"{name} {entry}": spec.get("version_added") for entry, spec in role["entry_points"].items()}
    assert since
    assert {name for name, version in since.items() if not version} == set()


def test_everything_leads_to_what_belongs_to_it(reference: dict[str, dict[str, Any]]) -> None:
    shown = {name: plugin["doc"] for name, plugin in _plugins(reference)}
    shown |= {name: role["entry_points"]["main"] for name, role in reference["role"].items()}
    assert {name for name, doc in shown.items() if not doc.get("seealso")} == set()


def test_modules_say_what_they_support(reference: dict[str, dict[str, Any]]) -> None:
    stated = {name: set(module["doc"].get("attributes") or {}) for name, module in reference["module"].items()}
    assert {name for name, said in stated.items() if not said >= {"check_mode", "diff_mode", "idempotent"}} == set()


def test_modules_and_filters_document_what_they_return(reference: dict[str, dict[str, Any]]) -> None:
    returning = {**reference["module"], **reference["filter"]}
    assert {name for name, plugin in returning.items() if not plugin.get("return")} == set()


def test_everything_has_examples(reference: dict[str, dict[str, Any]]) -> None:
    shown = {name: plugin.get("examples") for name, plugin in _plugins(reference)}
    shown |= {name: role["entry_points"]["main"].get("examples") for name, role in reference["role"].items()}
    assert {name for name, examples in shown.items() if not (examples or "").strip()} == set()


def test_modules_name_the_python_and_the_libraries_that_the_collection_needs(
    reference: dict[str, dict[str, Any]],
) -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    libraries = [line.replace(">=", " >= ") for line in lines if line and not line.startswith("#")]
    needed = ["python >= 3.11", *libraries]
    modules = {
        name.rpartition(".")[2]: module["doc"].get("requirements") for name, module in reference["module"].items()
    }
    assert {name for name, said in modules.items() if said != needed} == WITHOUT_AWS
    assert {name for name in WITHOUT_AWS if needed[0] in modules[name]} == WITHOUT_AWS


def test_every_value_of_an_answer_has_a_sample_of_its_type(reference: dict[str, dict[str, Any]]) -> None:
    wrong = [
        f"{name}: {path}"
        for name, plugin in _plugins(reference)
        for path, field in _leaves(plugin.get("return") or {})
        if "sample" not in field
        or (field["sample"] is not None and not isinstance(field["sample"], TYPES[field["type"]]))
    ]
    assert wrong == []


def test_the_oldest_libraries_are_those_of_the_tests_on_the_oldest_stack() -> None:
    oldest = (ROOT / "tests" / "oldest.txt").read_text(encoding="utf-8")
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            assert line.replace(">=", "==") in oldest


def test_no_macro_ends_at_a_parenthesis_inside_it(reference: dict[str, dict[str, Any]]) -> None:
    # Only V(), O() and RV() have an escape, so V(cron(...\)) stands for what C() would cut off.
    text = json.dumps(reference)
    assert not re.findall(r"\bC\([^)]*\(.{0,40}", text)
    assert not re.findall(r"\bV\([^)\\]*\([^)\\]*\).{0,40}", text)
