# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report costs, without a clock: functions for each node."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import plant
from ansible_collections.patchfleet.aws.tests.support.reporting import PAGE, run_module
from ansible_collections.patchfleet.aws.tests.support.work import counted


def test_the_work_for_a_node_does_not_grow_with_their_number(account: Account, tmp_path: Path) -> None:
    def work(nodes: int) -> Counter[str]:
        account.simulator.reset()
        plant(account, count=nodes, unmanaged=0.1)
        folder = tmp_path / str(nodes)
        folder.mkdir()
        with counted() as found:
            reading = account.run("ssm_patch_report_info", dest=str(folder), include_unmanaged=True)["reading"]
            run_module(readings=[reading], dest=str(folder / "report"), page=PAGE, history=str(folder / "history"))
        return found

    few, many = work(100), work(400)

    assert few.total() > 1_000
    # Which patches a node lacks, and so the number of patches of the fleet, is drawn.
    assert many.total() <= 4.4 * few.total()
