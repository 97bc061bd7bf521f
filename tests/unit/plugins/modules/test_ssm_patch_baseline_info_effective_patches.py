# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effective patches of baselines in ssm_patch_baseline_info."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account

BASELINES = "ssm_patch_baseline_info"
PATCHES = ["effective_patches"]
OPERATION = "DescribeEffectivePatchesForPatchBaseline"
WEEK = {"PatchFilters": [{"Key": "CLASSIFICATION", "Values": ["SecurityUpdates"]}]}


def make_baseline(account: Account, name: str = "one", system: str = "WINDOWS", **members: Any) -> str:
    rules = {"PatchRules": [{"PatchFilterGroup": WEEK, "ApproveAfterDays": 7, "ComplianceLevel": "CRITICAL"}]}
    rules = {} if system != "WINDOWS" else {"ApprovalRules": rules}
    answer = account.by_hand("CreatePatchBaseline", Name=name, OperatingSystem=system, **{**rules, **members})
    return str(answer["BaselineId"])


def told(account: Account, **args: Any) -> list[dict[str, Any]]:
    (found,) = account.run(BASELINES, include=PATCHES, **args)["baselines"]
    patches: list[dict[str, Any]] = found["effective_patches"]
    return patches


def test_what_a_baseline_means_for_each_patch(account: Account) -> None:
    baseline_id = make_baseline(account)
    listed: list[Any] = []
    token: dict[str, str] = {}
    while True:
        page = account.by_hand(OPERATION, BaselineId=baseline_id, **token)
        listed += page["EffectivePatches"]
        if not page.get("NextToken"):
            break
        token = {"NextToken": page["NextToken"]}

    patches = told(account)

    assert Counter(one["kb_id"] for one in patches) == Counter(one["Patch"]["KbNumber"] for one in listed)
    assert Counter(one["deployment_status"] for one in patches) == Counter(
        one["PatchStatus"]["DeploymentStatus"] for one in listed
    )
    released = [one["release_date"] for one in patches]
    assert released == sorted(released, reverse=True)
    approved = next(one for one in patches if one["deployment_status"] == "APPROVED")
    assert (approved["compliance_level"], approved["classification"]) == ("CRITICAL", "SecurityUpdates")
    waited = datetime.fromisoformat(approved["approval_date"]) - datetime.fromisoformat(approved["release_date"])
    assert 7 <= waited.total_seconds() / 86400 < 8
    assert set(approved) == {
        *("kb_id", "title", "classification", "severity", "product_family", "product", "release_date", "content_url"),
        *("deployment_status", "compliance_level", "approval_date"),
    }


def test_an_explicit_word_counts(account: Account) -> None:
    make_baseline(account, "one")
    first, second, *_rest = dict.fromkeys(one["kb_id"] for one in told(account))
    make_baseline(account, "two", ApprovedPatches=[first], RejectedPatches=[second])
    found = {one["kb_id"]: one["deployment_status"] for one in told(account, names=["two"])}
    assert (found[first], found[second]) == ("EXPLICIT_APPROVED", "EXPLICIT_REJECTED")


def test_a_baseline_of_aws(account: Account) -> None:
    assert told(account, owner="aws", names=["AWS-DefaultPatchBaseline"])
    assert account.warnings == []


def test_aws_tells_them_for_windows_only(account: Account) -> None:
    make_baseline(account, "win")
    make_baseline(account, "linux", "UBUNTU")
    make_baseline(account, "more", "DEBIAN")
    found = account.run(BASELINES, include=PATCHES)
    assert [(one["name"], one["effective_patches"] is None) for one in found["baselines"]] == [
        ("linux", True),
        ("more", True),
        ("win", False),
    ]
    assert found["warnings"] == [
        "effective_patches: AWS returns them only for Windows baselines (UnsupportedOperatingSystem), so they are null"
        " for linux (UBUNTU), more (DEBIAN)"
    ]


def test_they_are_read_only_if_asked_for_and_once(account: Account) -> None:
    make_baseline(account, "one")
    make_baseline(account, "two")
    (plain, _other) = account.run(BASELINES)["baselines"]
    assert "effective_patches" not in plain
    assert not account.calls()[OPERATION]
    patches = told(account, names=["one"])
    asked = account.inputs(OPERATION)
    assert len(asked) == -(-len(patches) // 100)
    assert {request["MaxResults"] for request in asked} == {100}


def test_they_do_not_go_into_the_declaration(account: Account) -> None:
    make_baseline(account)
    (plain,) = account.run(BASELINES)["baselines"]
    (found,) = account.run(BASELINES, include=PATCHES)["baselines"]
    assert set(found) - set(plain) == {"effective_patches"}
    assert found["declaration"] == plain["declaration"]


def test_a_read_that_is_denied_names_the_action(account: Account) -> None:
    make_baseline(account)
    account.faults({"op": OPERATION, "do": "AccessDeniedException"})
    assert f"Allow the action ssm:{OPERATION}" in account.fails(BASELINES, include=PATCHES)["msg"]


@pytest.mark.parametrize("code", ["DoesNotExistException", "InvalidResourceId"])
def test_a_baseline_that_vanishes_meanwhile_is_left_out(account: Account, code: str) -> None:
    make_baseline(account)
    account.faults({"op": OPERATION, "do": code})
    assert account.run(BASELINES, include=PATCHES)["baselines"] == []


@pytest.mark.parametrize("member", ["Patch", "PatchStatus"])
def test_an_answer_that_lacks_what_it_must_have_is_an_error(
    account: Account, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_baseline(account)
    real = account.simulator.execute

    def execute(called: str, *where: Any) -> Any:
        answer = real(called, *where)
        for one in answer.get("EffectivePatches", []):
            del one[member]
        return answer

    monkeypatch.setattr(account.simulator, "execute", execute)
    message = account.fails(BASELINES, include=PATCHES)["msg"]
    assert f"ssm:{OPERATION} failed: the response contains no {member}" in message


def test_members_that_are_missing_are_null(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    make_baseline(account)
    real = account.simulator.execute

    def execute(called: str, *where: Any) -> Any:
        answer = real(called, *where)
        bare = {"Patch": {}, "PatchStatus": {"DeploymentStatus": "APPROVED"}}
        return {**answer, "EffectivePatches": [bare]} if called == OPERATION else answer

    monkeypatch.setattr(account.simulator, "execute", execute)
    (patch, *_more) = told(account)
    assert {name for name, value in patch.items() if value is not None} == {"deployment_status"}
