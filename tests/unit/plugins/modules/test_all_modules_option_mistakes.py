# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that is given options of a wrong form says so in a few words, and calls nothing."""

from __future__ import annotations

from ansible_collections.patchfleet.aws.tests.support.account import Account


def test_all_mistakes_are_named_at_once_in_few_words(account: Account) -> None:
    task = {"name": "install", "opertion": "Install", "window_targets": {"web": None}}
    windows = [{"name": "prod", "duration": "three", "patch_tasks": [task]}]

    result = account.fails("ssm_patch_setup", windows=windows, prun=True)

    assert result["msg"].startswith("4 input errors; nothing was done:\n- windows[0] prod: duration must be an integer")
    assert (
        "windows[0] prod / patch_tasks[0] install: opertion is not an option; did you mean operation?" in result["msg"]
    )
    assert "prun is not an option; did you mean prune?" in result["msg"]
    assert len(result["msg"]) < 700
    assert account.calls() == {}


def test_an_option_of_the_connection_is_known(account: Account) -> None:
    result = account.fails("ssm_patch_run", operation="Scan", patch_group=["web"], regoin="eu-west-1")

    assert "patch_group is not an option; did you mean patch_groups or patch_group_key?" in result["msg"]
    assert "regoin is not an option; did you mean region?" in result["msg"]


def test_secrets_of_the_connection_stay_out_of_the_result(account: Account) -> None:
    result = account.fails(
        "ssm_maintenance_window", nam="prod", secret_key="hunter2hunter2", security_token="tokentoken"
    )

    assert "hunter2" not in str(result)
    assert "tokentoken" not in str(result)


def test_what_is_missing_is_named_with_what_is_misspelt(account: Account) -> None:
    result = account.fails("ssm_maintenance_window", nam="prod")

    assert result["msg"].startswith(
        "2 input errors; nothing was done:\n- nam is not an option; did you mean name?\n- one of name"
    )
