# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The index lists every guide once; links of the site lead to a page of the site or into the repository."""

from __future__ import annotations

from collections import Counter

import build_site
import pytest
from build_site import CHECKOUT, DOCS, PAGES, contents, document, placed, repository

INDEX = DOCS / "index.md"


def test_the_index_lists_every_page_of_the_site_once() -> None:
    listed = Counter(page for _title, pages in contents(INDEX.read_text(encoding="utf-8")) for page in pages)
    guides = {path.name for path in DOCS.glob("*.md")} - {INDEX.name}
    assert listed == Counter({*guides, *(f"../{name}" for name in PAGES)})


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("rules.md", "rules.md"),
        ("images/report.png", "images/report.png"),
        ("../CONTRIBUTING.md", "CONTRIBUTING.md"),
        ("../README.md", f"{repository()}/README.md"),
        ("../tests/simulator/README.md", f"{repository()}/tests/simulator/README.md"),
    ],
)
def test_a_link_leads_to_the_site_or_into_the_repository(target: str, place: str) -> None:
    assert placed(target, INDEX) == place


def test_a_page_above_the_guides_lies_beside_them_and_its_links_follow() -> None:
    assert document("../CONTRIBUTING.md") == "CONTRIBUTING"
    assert placed("docs/rules.md", CHECKOUT / "CONTRIBUTING.md") == "rules.md"


def test_a_page_keeps_its_text_and_gets_the_links_of_the_site() -> None:
    page = DOCS / "several-accounts.md"
    text = build_site.converted(page)
    assert f"({repository()}/README.md#" in text
    assert text.replace(f"{repository()}/", "../") == page.read_text(encoding="utf-8")
