# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that a template left empty: the playbook of a setup stops, and neither lifts a check nor drops an owner."""

from __future__ import annotations

import pytest
from ansible_collections.patchfleet.aws.tests.support.event_account import EventAccount

pytestmark = pytest.mark.xdist_group("blank_variables")


@pytest.fixture(scope="module")
def account(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> EventAccount:
    """An account with a declared setup."""
    return EventAccount(endpoint, tmp_path_factory.mktemp("blank"))


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("aws_account_id", "but aws_account_id of this host is"),
        ("patching_account_id", "account_id: '' must have 12 digits"),
        ("patching_setup", "patching_setup: '' is blank; specify the name of the setup"),
    ],
)
def test_an_empty_text_is_no_leave_to_go_on(account: EventAccount, variable: str, message: str) -> None:
    before = len(account.calls())

    done = account.play("setup", **{variable: ""})

    assert done.returncode != 0
    assert message in " ".join(done.stdout.split())
    assert len(account.calls()) == before


def test_null_is_not_given(account: EventAccount) -> None:
    done = account.play("setup", "--check", aws_account_id=None, patching_account_id=None)

    assert done.returncode == 0, done.stdout
    assert "changed=0" in done.stdout
