# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of values that docs/developing.md shows are those that the values go."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.patch_run_nodes import plant_servers
from ansible_collections.patchfleet.aws.tests.support.ways import files_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "developing.md"
SCHEDULE = "cron(17 3 ? * TUE *)"
WINDOW = {"name": "prod", "schedule": SCHEDULE, "duration": 2, "cutoff": 1}
RUN = {"operation": "Install", "reboot_option": "NoReboot", "patch_groups": ["Web"]}


def shown(title: str) -> list[str]:
    """The files of the table under a title."""
    section = PAGE.read_text(encoding="utf-8").partition(f"### {title}\n")[2].partition("\n#")[0]
    return [f"module_utils/{name}" for name in re.findall(r"^\| `(\S+\.py)` \|", section, flags=re.MULTILINE)]


@pytest.mark.parametrize(
    ("title", "module", "args", "value"),
    [
        ("A window's `schedule` in `ssm_patch_setup`", "ssm_patch_setup", {"windows": [WINDOW]}, SCHEDULE),
        (
            "`stale_after_hours` of `ssm_patch_compliance_info`",
            "ssm_patch_compliance_info",
            {"stale_after_hours": 137},
            137,
        ),
        ("`reboot_option` of `ssm_patch_run`", "ssm_patch_run", RUN, "NoReboot"),
    ],
    ids=["schedule", "stale_after_hours", "reboot_option"],
)
def test_the_way_is_the_one_that_is_shown(
    account: Account, title: str, module: str, args: dict[str, Any], value: str | int
) -> None:
    plant_servers(account)

    assert files_of(value, lambda: account.run(module, **args)) == shown(title)
