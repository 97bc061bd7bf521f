# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from an account, shown to people: nothing in it acts on a terminal, and harmless text stays as it is."""

from __future__ import annotations

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.errors import ApiError, PatchingError
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import itemized, printable, printable_lines
from hypothesis import given
from hypothesis import strategies as st

HOSTILE = st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Co", "L", "Zs"]))


@given(HOSTILE)
def test_all_that_is_left_prints_on_one_line(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


@given(HOSTILE)
def test_lines_stay_lines(text: str) -> None:
    shown = printable_lines(text)
    assert all(cell.isprintable() for line in shown.split("\n") for cell in line.split("\t"))
    assert shown.count("\n") == text.count("\n")


@pytest.mark.parametrize("text", ["", "web-1", "B\u00fcro \u65e5\u672c", "a  b", "50 %", "C:\\temp"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == printable_lines(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;pwned\x07", "\\x1b[2J\\x1b]0;pwned\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("web\u202e1-bd", "web\\u202e1-bd"),
        ("a\r\nb\tc", "a b c"),
        ("a\u2028b\u0085c\0", "a\\u2028b\\x85c\\x00"),
        ("\ud800", "\\ud800"),
        ("\ufeff\u200b", "\\ufeff\\u200b"),
    ],
)
def test_what_a_terminal_would_act_on_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_keep_their_tabs() -> None:
    assert printable_lines("a\r\n\tb\x1b[0m\rc\n") == "a\n\tb\\x1b[0m\\rc\n"


@pytest.mark.parametrize(
    ("items", "shown"),
    [
        (["a: is missing"], "Not valid: a: is missing"),
        (["a: is missing", "b\x1b: is empty"], "Not valid:\n- a: is missing\n- b\\x1b: is empty"),
    ],
)
def test_several_things_are_a_list_and_a_single_one_is_not(items: list[str], shown: str) -> None:
    assert itemized("Not valid", items) == shown


@given(HOSTILE, HOSTILE)
def test_no_error_acts_on_a_terminal(code: str, message: str) -> None:
    assert str(PatchingError(message)).isprintable()
    assert str(ApiError("SendCommand", code, message)).isprintable()
