# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells of CSV files that no spreadsheet takes for a formula, and that act on no terminal."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from .._aws.text import printable_lines

# What a spreadsheet may run begins so, the fullwidth forms of East Asian input included. Where the list separator is
# a semicolon or a tab, one inside a text begins a cell, too, and so does a line, whatever the quotes say:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile("(^|[;\t\n])(?=[ \t\n]*[=+@\uff1d\uff0b\uff0d\uff20-])|^(?=[\t\n])")


def cell(value: Any) -> str:
    """A value as text: nothing for None, a list with its entries side by side, a formula behind an apostrophe.

    Lines and tabs stay; all else that does not print becomes an escape.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return _harmless(text)


# Rows repeat their groups, titles and states.
@lru_cache(maxsize=4096)
def _harmless(text: str) -> str:
    return _FORMULA.sub(r"\1'", printable_lines(text))
