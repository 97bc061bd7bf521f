# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all suites: where simulator and tools are, and the number of generated examples, without a limit."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.patchfleet.aws.tests.support.effort import example_count
from hypothesis import HealthCheck, settings

# ansible-test does not read pyproject.toml.
_ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(path) for path in (_ROOT / "tests" / "simulator", _ROOT / "tools") if str(path) not in sys.path]

settings.register_profile(
    "patchfleet",
    # Other processes may keep the machine busy.
    deadline=None,
    max_examples=example_count(100),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patchfleet")
