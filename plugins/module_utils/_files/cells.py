# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells of CSV files that no spreadsheet interprets as a formula, and that cannot control a terminal."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from .._aws.text import printable_lines

# Spreadsheets can run text that begins with these characters, including the fullwidth forms of East Asian input. If
# the list separator is a semicolon or a tab, one inside a text also begins a cell, and so does a line, despite quotes:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile("(^|[;\t\n])(?=[ \t\n]*[=+@\uff1d\uff0b\uff0d\uff20-])|^(?=[\t\n])")


def cell(value: Any) -> str:
    """A value as text: empty for None, a list as its joined entries, and a formula with a leading apostrophe.

    Lines and tabs are kept. Other nonprintable characters are escaped.
    """
    if isinstance(value, str):
        return _harmless(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return _harmless(text)


# Many rows have the same groups, titles and states.
@lru_cache(maxsize=4096)
def _harmless(text: str) -> str:
    return _FORMULA.sub(r"\1'", printable_lines(text))
