# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of a controller share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from simulator import STILL, serving


@pytest.fixture
def endpoint() -> Iterator[str]:
    """An empty simulator."""
    with serving(*STILL, "--profile", chosen_profile()) as address:
        yield address
