# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_resource_data_sync_info: which syncs it lists. Syncs from sources are with the tests of the other module."""

from __future__ import annotations

from typing import Any

from ansible_collections.patchfleet.aws.tests.support.account import Account

MODULE, INFO = "ssm_resource_data_sync", "ssm_resource_data_sync_info"


def test_the_info_module_chooses(account: Account) -> None:
    for name, bucket in (("b", "first"), ("a", "second")):
        account.run(MODULE, name=name, bucket=bucket)

    def names(**args: Any) -> list[str]:
        return [sync["name"] for sync in account.run(INFO, **args)["resource_data_syncs"]]

    assert names() == ["a", "b"]
    assert names(names=["b", "c"]) == ["b"]
    assert names(names=[]) == []
    assert names(bucket="second") == ["a"]
    assert names(type="all") == ["a", "b"]
    assert "bucket: is empty" in account.fails(INFO, bucket="")["msg"]
    assert "names[0]: is empty" in account.fails(INFO, names=[""])["msg"]
