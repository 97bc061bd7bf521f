# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter patching_variables: its file is read back as Ansible reads it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.patchfleet.aws.plugins.filter.patching_variables import (
    FilterModule,
    filter_patching_variables,
)
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.one_of(
    st.sampled_from(
        ["", "true", "12", "1e3", "2026-01-01", "a: b # c", "${#list[@]}", "a\nb\n", "~", " x ", "'", "- a"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.text("{}%# \n", max_size=8),
)
DECLARATIONS = st.dictionaries(st.sampled_from(["name", "schedule"]), TEXTS, min_size=1)


def entry(declaration: dict[str, Any] | None, *undeclared: str) -> dict[str, Any]:
    return {"name": "one", "declaration": declaration, "undeclared": [*undeclared]}


def load(text: str) -> Any:
    return DataLoader().load(text)


def test_an_empty_account() -> None:
    assert load(filter_patching_variables([])) == {"patching_baselines": [], "patching_windows": []}


@given(st.lists(DECLARATIONS, max_size=3))
def test_what_is_written_is_what_is_read(declarations: list[dict[str, Any]]) -> None:
    text = filter_patching_variables([entry(one) for one in declarations], [entry(None)])
    assert load(text) == {"patching_baselines": [], "patching_windows": declarations}


@pytest.mark.parametrize("value", ["{{TARGET_ID}}", "{% if %}", "echo ${#list[@]}", "one\n{{ two }}\n"])
def test_what_looks_like_a_template_is_tagged(value: str) -> None:
    text = filter_patching_variables([entry({"name": value})])
    assert "name: !unsafe" in text
    assert load(text)["patching_windows"] == [{"name": value}]


def test_other_text_is_not_tagged() -> None:
    assert "!unsafe" not in filter_patching_variables([entry({"name": '{"a": {"b": 1}}'})])


def test_lines_are_written_as_lines() -> None:
    assert "name: |-\n      one\n      two\n" in filter_patching_variables([entry({"name": "one\ntwo"})])


def test_what_is_not_declared_stands_in_comments_once() -> None:
    told = "window one: 2 of them\nhave this name " + "and " * 40
    text = filter_patching_variables([entry(None, told), entry(None, told)], [entry(None, "baseline two: no")])
    comments, _mark, rest = text.partition("---\n")
    assert all(line.startswith("#") and len(line) <= 120 for line in comments.splitlines())
    assert comments.count("window one: 2 of them have this name") == 1
    assert "# - baseline two: no\n" in comments
    assert load(rest) == {"patching_baselines": [], "patching_windows": []}


@pytest.mark.parametrize("value", ["text", 1, None, {"windows": []}, [{"name": "one"}], ["one"]])
def test_what_is_no_answer_of_an_info_module_is_refused(value: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="input: must be a list of what an info module"):
        filter_patching_variables(value)
    with pytest.raises(AnsibleFilterError, match="baselines: must be"):
        filter_patching_variables([], value)


def test_the_name_of_the_filter() -> None:
    assert FilterModule().filters() == {"patching_variables": filter_patching_variables}
