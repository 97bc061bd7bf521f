# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter patching_variables: its file is read back as Ansible reads it, and nothing in it is ever executed."""

from __future__ import annotations

from itertools import product
from string import printable as ascii_signs
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.patchfleet.aws.plugins.filter.patching_variables import (
    FilterModule,
    filter_patching_variables,
)
from hypothesis import given
from hypothesis import strategies as st

# What a terminal, an editor, a YAML parser or a template engine may act on.
SIGNS = [*ascii_signs, *"\0\x1b\x7f\x85\xa0\u00e4\u200b\u2028\u2029\u202e\u2066\ufeff\ufffe\uffff\U0001f600"]
FORMS = (
    *("", "~", "~\n", "null", "no", "y", "On", "true", "12", "-1", "+1", "1_000", "0x1F", "0o17", "017", "0b1", "1e3"),
    *("1.5", ".5", ".inf", ".nan", "1:20", "190:20:30", "2026-01-01", "2026-01-01 10:00:00", "2026-01-01\t10:00:00"),
    *("<<", "=", "!", "&a", "*a", "!unsafe x", "!vault x", "%YAML 1.2", "---", "...", "- a", "? a", ": a", "a: b # c"),
    *("|", "> a", "[a]", "{a: b}", "@a", "`a`", "'", '"', "' #", '" #', "${#list[@]}", " x ", "\ta", "a\tb\nc", "\n\n"),
    *("a\nb\n", "\n a", " \n", "a\n\n\nb \n", "../../etc/passwd", "-rf", "x" * 5000, "x y " * 2000, "\u202eevil"),
    *("{{TARGET_ID}}", "{% if %}", "{# #}", "one\n{{ two }}\n", "$ANSIBLE_VAULT;1.1;AES256\n6162", "<% x %>"),
)
TEXTS = st.one_of(
    st.sampled_from(FORMS), st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.text("{}%#~!& \n\t")
)
DECLARATIONS = st.dictionaries(st.sampled_from(["name", "schedule"]), TEXTS, min_size=1)


def entry(declaration: dict[str, Any] | None, *undeclared: str) -> dict[str, Any]:
    return {"name": "one", "declaration": declaration, "undeclared": [*undeclared]}


def load(text: str) -> Any:
    """The values of a file that Ansible trusts, as one of the user's."""
    return DataLoader().load(trust_as_template(text))


def written(value: Any) -> str:
    return filter_patching_variables([entry({"name": "one", "tags": value})])


def test_an_empty_account() -> None:
    assert load(filter_patching_variables([])) == {"patching_baselines": [], "patching_windows": []}


@given(st.lists(DECLARATIONS, max_size=3))
def test_what_is_written_is_what_is_read(declarations: list[dict[str, Any]]) -> None:
    text = filter_patching_variables([entry(one) for one in declarations], [entry(None)])
    assert load(text) == {"patching_baselines": [], "patching_windows": declarations}


@given(st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_keys_and_values_are_read_back(value: dict[str, str]) -> None:
    assert load(written(value))["patching_windows"] == [{"name": "one", "tags": value}]


def test_every_form_and_every_two_signs_are_read_back() -> None:
    texts = [*FORMS, *SIGNS, *map("".join, product(SIGNS, repeat=2))]
    entries = [{"name": text, "tags": {text: text}} for text in texts]
    read = load(filter_patching_variables([entry(one) for one in entries]))["patching_windows"]
    assert [wanted for wanted, found in zip(entries, read, strict=True) if wanted != found] == []


# Templates in every form that Jinja can be given.
HEADER = "#jinja2:variable_start_string:'{0}', variable_end_string:'{1}'\n{0} 6 * 7 {1}"
TEMPLATES = (
    *("{{ 6 * 7 }}", "x\n{{ 6 * 7 }}", "\x1b{{ 6 * 7 }}", "{{ 6 * 7 }}\u2028", "{% set x = 7 %}", "{# 6 * 7 #}"),
    *(HEADER.format(begin, end) for begin, end in (("[[", "]]"), ("((", "))"), ("a", "z"), ("<<", ">>"))),
    *("#jinja2:line_statement_prefix:'@'\n@ set x = 7", "#jinja2: trim_blocks:True\n{{ 6 * 7 }}"),
)


def test_no_text_is_a_template() -> None:
    value = {text: [text, {"deep": text}] for text in TEMPLATES}
    read = load(written(value))
    templar = Templar(DataLoader(), variables=read)
    assert templar.template(trust_as_template("{{ patching_windows }}")) == [{"name": "one", "tags": value}]
    for text in (*read["patching_windows"][0]["tags"], *value):
        assert templar.template(text) == text


@pytest.mark.parametrize("text", TEMPLATES)
def test_each_of_them_is_a_template_where_it_is_trusted(text: str) -> None:
    assert Templar(DataLoader()).template(trust_as_template(text)) != text


@pytest.mark.parametrize("value", ["{{TARGET_ID}}", "{% if %}", "echo ${#list[@]}", "a#b", "[[ x ]]", "5%", "\u00e4"])
def test_what_is_not_harmless_is_tagged(value: str) -> None:
    text = filter_patching_variables([entry({"name": value, value: 1})])
    assert "name: !unsafe" in text
    assert text.count("!unsafe") == 2


@pytest.mark.parametrize(
    "value", ["cron(0 2 ? * TUE *)", "2026-01-01", "no", "one\ntwo\n", "arn:aws:sns:x:1:a_b", "a\tb"]
)
def test_harmless_text_is_not_tagged(value: str) -> None:
    assert "!unsafe" not in filter_patching_variables([entry({"name": value, value: 1})])


@given(st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Zs", "Co", "Cn", "L"])), st.text())
def test_nothing_in_the_file_acts_on_an_editor(value: str, told: str) -> None:
    text = filter_patching_variables([entry({"name": value}, told), entry(None, value)])
    assert all(line.isprintable() for line in text.split("\n"))


@given(st.characters(categories=["Cs"]), TEXTS)
def test_what_no_file_can_hold_is_left_out_and_named(half: str, other: str) -> None:
    text = filter_patching_variables([entry({"name": "one", "tags": {half: ""}}), entry({"name": other})])
    assert "# - one: it contains a lone surrogate" in text
    assert load(text)["patching_windows"] == [{"name": other}]


def test_options_keep_their_order() -> None:
    text = filter_patching_variables([entry({"name": "one", "schedule": "rate(1 day)", "duration": 4, "cutoff": 1})])
    assert list(load(text)["patching_windows"][0]) == ["name", "schedule", "duration", "cutoff"]


def test_words_that_some_versions_of_yaml_convert_are_quoted() -> None:
    for text in ("y", "N", "no", "Off", "null", "1e3"):
        assert f"name: '{text}'\n" in filter_patching_variables([entry({"name": text})])


def test_lines_are_written_as_lines() -> None:
    assert "name: |-\n      one\n      two\n" in filter_patching_variables([entry({"name": "one\ntwo"})])


def test_what_is_not_declared_stands_in_comments_once() -> None:
    told = "window one: 2 windows\nhave this name " + "and " * 40
    text = filter_patching_variables([entry(None, told), entry(None, told)], [entry(None, "baseline two: no")])
    comments, _mark, rest = text.partition("---\n")
    assert all(line.startswith("#") and len(line) <= 120 for line in comments.splitlines())
    assert comments.count("window one: 2 windows have this name") == 1
    assert "# - baseline two: no\n" in comments
    assert load(rest) == {"patching_baselines": [], "patching_windows": []}


@pytest.mark.parametrize("value", ["text", 1, None, {"windows": []}, [{"name": "one"}], ["one"]])
def test_what_is_no_answer_of_an_info_module_is_refused(value: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="input: must be a list that an info module"):
        filter_patching_variables(value)
    with pytest.raises(AnsibleFilterError, match="baselines: must be"):
        filter_patching_variables([], value)


def test_the_name_of_the_filter() -> None:
    assert FilterModule().filters() == {"patching_variables": filter_patching_variables}
