# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One browser for all tests, and the pages that it opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.patchfleet.aws.tests.browser.chromium import Chromium
from ansible_collections.patchfleet.aws.tests.browser.pages import write_page
from ansible_collections.patchfleet.aws.tests.support.report_rows import sample

PageOf = Callable[[int], Path]


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """The browser itself."""
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.quit()


@pytest.fixture
def browser(session: Chromium) -> Iterator[Chromium]:
    """The browser. Whatever a test does, the page asks for nothing and its console stays empty."""
    session.console(), session.fetched()
    yield session
    assert session.console() == []
    assert session.fetched() == set()


@pytest.fixture(scope="session")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> PageOf:
    """The page of a fleet of so many nodes."""
    folder = tmp_path_factory.mktemp("pages")
    return cache(lambda count: write_page(folder / f"{count}.html", sample(count)))
