# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_setup: patch groups that no window of the setup reaches."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account

WINDOW = {"name": "prod", "schedule": "cron(0 2 ? * TUE *)", "duration": 4, "cutoff": 1}


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ({"patch_groups": ["web"]}, True),
        ({"patch_groups": ["web", "database"]}, False),
        ({"instance_tags": {"Environment": "prod"}}, False),
    ],
    ids=["by-other-groups", "by-all-groups", "by-other-tags"],
)
def test_a_group_that_no_window_reaches(account: Account, criteria: dict[str, Any], told: bool) -> None:
    baseline = {"name": "base", "operating_system": "WINDOWS", "patch_groups": ["web", "database"]}
    windows = [{**WINDOW, "targets": [{"name": "nodes", **criteria}]}]

    result = account.run("ssm_patch_setup", baselines=[baseline], windows=windows)

    assert any("no declared window target selects database" in one for one in result["warnings"]) is told
