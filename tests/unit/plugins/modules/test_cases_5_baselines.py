# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance cases 54 to 74: baselines, patch groups, defaults."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._resources.patch_baseline import aws_default
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import ACCOUNT, Account
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.comparing import apply, changed_fields
from ssmsim.model import shape

MODULE = "ssm_patch_baseline"
LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
OTHER = {"name": "other", "operating_system": "AMAZON_LINUX_2023"}
WINDOWS = {"name": "windows", "operating_system": "WINDOWS"}
RULE = {"filters": {"CLASSIFICATION": ["Security"]}, "approve_after_days": 7}
SYSTEMS = (
    "ALMA_LINUX",
    "AMAZON_LINUX",
    "AMAZON_LINUX_2",
    "AMAZON_LINUX_2022",
    "AMAZON_LINUX_2023",
    "CENTOS",
    "DEBIAN",
    "MACOS",
    "ORACLE_LINUX",
    "RASPBIAN",
    "REDHAT_ENTERPRISE_LINUX",
    "ROCKY_LINUX",
    "SUSE",
    "UBUNTU",
    "WINDOWS",
)


def _stored(account: Account, baseline: dict[str, Any]) -> dict[str, Any]:
    return account.by_hand("GetPatchBaseline", BaselineId=baseline["baseline_id"])


def _own(account: Account) -> list[dict[str, Any]]:
    own = [{"Key": "OWNER", "Values": ["Self"]}]
    return list(account.by_hand("DescribePatchBaselines", Filters=own)["BaselineIdentities"])


def _groups(account: Account) -> set[tuple[str, str]]:
    """The patch groups with the names of their baselines."""
    mappings = account.by_hand("DescribePatchGroups", MaxResults=100)["Mappings"]
    return {(one["PatchGroup"], one["BaselineIdentity"]["BaselineName"]) for one in mappings}


def _default(account: Account, system: str) -> str:
    return str(account.by_hand("GetDefaultPatchBaseline", OperatingSystem=system)["BaselineId"])


def _writes(account: Account) -> list[str]:
    return [call["op"] for call in account.simulator.log() if call["write"]]


def test_case_054_groups_are_deregistered_before_the_deletion(account: Account) -> None:
    account.run(MODULE, **LINUX, patch_groups=["Web", "Db"])
    account.clear_log()

    apply(account, MODULE, **LINUX, state="absent")

    deregister = "DeregisterPatchBaselineForPatchGroup"
    assert _writes(account) == [deregister, deregister, "DeletePatchBaseline"]
    assert not _groups(account)


def test_case_055_the_default_of_aws_is_restored_before_the_deletion(account: Account) -> None:
    before = _default(account, "AMAZON_LINUX_2023")
    account.run(MODULE, **LINUX, default=True)
    account.clear_log()

    apply(account, MODULE, **LINUX, state="absent")

    assert _writes(account) == ["RegisterDefaultPatchBaseline", "DeletePatchBaseline"]
    assert _default(account, "AMAZON_LINUX_2023") == before


def test_case_056_the_default_is_that_of_the_region(account: Account) -> None:
    regions = ("eu-west-1", "us-east-1")
    for region in regions:
        account.run(MODULE, **LINUX, default=True, region=region)
    account.clear_log()

    for region in regions:
        account.run(MODULE, **LINUX, state="absent", region=region)
        restored = account.simulator.execute(
            "GetDefaultPatchBaseline", region, ACCOUNT, {"OperatingSystem": "AMAZON_LINUX_2023"}
        )
        assert f":ssm:{region}:" in restored["BaselineId"]

    assert len({request["BaselineId"] for request in account.inputs("RegisterDefaultPatchBaseline")}) == 2


def test_case_057_an_own_baseline_that_speaks_like_one_of_aws(account: Account) -> None:
    account.run(MODULE, **LINUX, description="Default Patch Baseline Provided by AWS.")

    assert apply(account, MODULE, **LINUX, state="absent")["changed"]
    assert not _own(account)


def test_case_058_the_default_of_windows_is_no_predefined_one(account: Account) -> None:
    account.run(MODULE, **WINDOWS, default=True)

    apply(account, MODULE, **WINDOWS, default=False)

    name = account.by_hand("GetPatchBaseline", BaselineId=_default(account, "WINDOWS"))["Name"]
    assert name == "AWS-DefaultPatchBaseline"


def test_case_059_one_group_on_baselines_of_three_systems(account: Account) -> None:
    for system in ("CENTOS", "AMAZON_LINUX_2", "AMAZON_LINUX"):
        apply(account, MODULE, name=f"{system.lower()}", operating_system=system, patch_groups=["Web"])

    assert _groups(account) == {("Web", "centos"), ("Web", "amazon_linux_2"), ("Web", "amazon_linux")}


def test_case_060_every_system_has_a_default_of_its_own(account: Account) -> None:
    listed = account.by_hand("DescribePatchBaselines", MaxResults=100)["BaselineIdentities"]

    found = {system: aws_default(listed, system) for system in SYSTEMS}

    assert all(found.values())
    assert len(set(found.values())) == len(SYSTEMS)
    for system, baseline_id in found.items():
        assert _default(account, system) == baseline_id


def test_case_061_more_groups_than_a_page(account: Account) -> None:
    for number in range(6):
        groups = [f"group-{number}-{one}" for one in range(20)]
        account.run(MODULE, name=f"linux-{number}", operating_system="AMAZON_LINUX_2023", patch_groups=groups)
    account.clear_log()

    again = account.run(MODULE, **{**LINUX, "name": "linux-0"}, patch_groups=[f"group-0-{one}" for one in range(20)])

    assert not again["changed"]
    assert account.calls()["DescribePatchGroups"] == 2


def test_case_062_a_group_of_another_baseline(account: Account) -> None:
    account.run(MODULE, **LINUX, patch_groups=["Web", "Db"])

    (violation,) = account.refuses(MODULE, **OTHER, patch_groups=["Web"])
    assert "'Web' is registered with baseline linux" in violation
    assert "move_patch_groups: true" in violation
    moved = apply(account, MODULE, **OTHER, patch_groups=["Web"], move_patch_groups=True)

    assert _groups(account) == {("Web", "other"), ("Db", "linux")}
    groups = {entry["before_header"]: entry["after"]["patch_groups"] for entry in moved["diff"]}
    assert groups == {"baseline linux": ["Db"], "baseline other": ["Web"]}


def test_a_move_that_fails_is_put_back(account: Account) -> None:
    account.run(MODULE, **LINUX, patch_groups=["Web"])
    account.run(MODULE, **OTHER)
    account.faults({"op": "RegisterPatchBaselineForPatchGroup", "do": "AccessDeniedException", "times": 1})

    failed = account.fails(MODULE, **OTHER, patch_groups=["Web"], move_patch_groups=True)

    assert "was put back to baseline" in failed["msg"]
    assert _groups(account) == {("Web", "linux")}


def test_groups_are_purged_only_where_asked(account: Account) -> None:
    account.run(MODULE, **LINUX, patch_groups=["Web", "Db"])

    kept = apply(account, MODULE, **LINUX, patch_groups=["App"], purge_patch_groups=False)
    assert kept["baseline"]["patch_groups"] == ["App", "Db", "Web"]
    purged = apply(account, MODULE, **LINUX, patch_groups=["App"])
    assert purged["baseline"]["patch_groups"] == ["App"]
    assert _groups(account) == {("App", "linux")}


def test_case_063_a_baseline_that_was_deleted_elsewhere(account: Account) -> None:
    baseline = account.run(MODULE, **LINUX, patch_groups=["Web"])["baseline"]
    pair = {"BaselineId": baseline["baseline_id"], "PatchGroup": "Web"}
    account.by_hand("DeregisterPatchBaselineForPatchGroup", **pair)
    account.by_hand("DeletePatchBaseline", BaselineId=baseline["baseline_id"])

    again = apply(account, MODULE, **LINUX, patch_groups=["Web"])

    assert again["baseline"]["baseline_id"] != baseline["baseline_id"]
    assert _groups(account) == {("Web", "linux")}


def test_case_064_a_year_of_delay(account: Account) -> None:
    assert apply(account, MODULE, **LINUX, approval_rules=[{**RULE, "approve_after_days": 360}])["changed"]

    (violation,) = account.refuses(MODULE, **LINUX, approval_rules=[{**RULE, "approve_after_days": 361}])
    assert "approve_after_days" in violation


def test_case_065_an_approval_by_date_moves_on(account: Account) -> None:
    rule = {"filters": RULE["filters"]}
    ids = [
        apply(account, MODULE, **LINUX, approval_rules=[{**rule, "approve_until_date": day}])["baseline"]["baseline_id"]
        for day in ("2020-01-01", "2020-02-02")
    ]

    assert ids[0] == ids[1]
    (stored,) = _stored(account, {"baseline_id": ids[0]})["ApprovalRules"]["PatchRules"]
    assert stored["ApproveUntilDate"] == "2020-02-02"


def test_case_066_blocked_patches_and_non_security_updates(account: Account) -> None:
    options = {"rejected_patches_action": "BLOCK", "approved_patches_enable_non_security": True}
    rules = [{**RULE, "enable_non_security": True}]

    baseline = apply(account, MODULE, **LINUX, **options, approval_rules=rules)["baseline"]
    assert _stored(account, baseline)["RejectedPatchesAction"] == "BLOCK"
    assert _stored(account, baseline)["ApprovalRules"]["PatchRules"][0]["EnableNonSecurity"] is True
    apply(account, MODULE, **OTHER)
    assert "RejectedPatchesAction" not in account.inputs("CreatePatchBaseline")[1]
    assert not account.run(MODULE, **OTHER, rejected_patches_action="ALLOW_AS_DEPENDENCY")["changed"]


def test_case_067_a_second_source(account: Account) -> None:
    source = {"name": "extra", "products": ["AmazonLinux2023.1"], "configuration": "[extra]\nenabled=1"}
    first = apply(account, MODULE, **LINUX, sources=[source])["baseline"]

    done = apply(account, MODULE, **LINUX, sources=[source, {**source, "name": "more"}])

    assert changed_fields(done) == {"sources"}
    assert done["baseline"]["baseline_id"] == first["baseline_id"]
    assert [one["Name"] for one in account.inputs("UpdatePatchBaseline")[0]["Sources"]] == ["extra", "more"]


@pytest.mark.skipif(
    "AvailableSecurityUpdatesComplianceStatus" not in shape("CreatePatchBaselineRequest")["members"],
    reason="the installed botocore does not know the option",
)
def test_case_068_available_security_updates(account: Account) -> None:
    for status in ("COMPLIANT", "NON_COMPLIANT"):
        done = apply(account, MODULE, **WINDOWS, available_security_updates_compliance_status=status)
        assert _stored(account, done["baseline"])["AvailableSecurityUpdatesComplianceStatus"] == status

    assert len(_own(account)) == 1
    option = {"available_security_updates_compliance_status": "COMPLIANT"}
    assert "WINDOWS only" in account.refuses(MODULE, **LINUX, **option)[0]


@pytest.mark.parametrize(
    "where", [{"global_filters": {"PATCH_SET": ["OS"]}}, {"approval_rules": [{**RULE, "filters": {"SECTION": ["x"]}}]}]
)
def test_case_069_a_filter_of_another_system(account: Account, where: dict[str, Any]) -> None:
    (violation,) = account.refuses(MODULE, **LINUX, **where)

    assert "valid are CLASSIFICATION, PRODUCT, SEVERITY" in violation


def test_case_070_applications_of_microsoft(account: Account) -> None:
    filters = {"PATCH_SET": ["APPLICATION"], "PRODUCT_FAMILY": ["Office"], "PRODUCT": ["Office 2016"]}

    baseline = apply(account, MODULE, **WINDOWS, approval_rules=[{**RULE, "filters": filters}])["baseline"]

    (rule,) = _stored(account, baseline)["ApprovalRules"]["PatchRules"]
    pairs = rule["PatchFilterGroup"]["PatchFilters"]
    assert {pair["Key"]: pair["Values"] for pair in pairs} == filters


def test_case_071_another_operating_system(account: Account) -> None:
    old = account.run(MODULE, **LINUX, description="kept", patch_groups=["Web"], default=True)["baseline"]
    changed = {"baseline_id": old["baseline_id"], "operating_system": "CENTOS"}

    (violation,) = account.refuses(MODULE, **changed)
    assert "recreate: true" in violation
    predicted = account.run(MODULE, check=True, **changed, recreate=True)
    done = account.run(MODULE, **changed, recreate=True)

    assert predicted["changed"]
    assert done["changed"]
    assert [entry["before"] for entry in predicted["diff"]] == [entry["before"] for entry in done["diff"]]
    new = done["baseline"]
    assert (new["name"], new["operating_system"], new["description"]) == ("linux", "CENTOS", "kept")
    assert (new["patch_groups"], new["default"]) == (["Web"], True)
    assert [one["BaselineId"] for one in _own(account)] == [new["baseline_id"]]
    assert _default(account, "CENTOS") == new["baseline_id"]
    assert _default(account, "AMAZON_LINUX_2023").startswith("arn:")


@pytest.mark.parametrize("module", ["ssm_patch_baseline", "ssm_maintenance_window", "ssm_patch_setup"])
def test_case_072_every_call_uses_the_given_connection(account: Account, module: str) -> None:
    connection = {"region": "ap-south-1", "endpoint_url": "https://ssm.example.com", "access_key": "210987654321"}
    window = {"schedule": "rate(1 day)", "duration": 2, "cutoff": 1, "name": "prod"}
    args = {
        "ssm_patch_baseline": {**LINUX, "patch_groups": ["Web"], "tags": {"a": "b"}},
        "ssm_maintenance_window": {**window, "tags": {"a": "b"}, "enabled": False},
        "ssm_patch_setup": {"windows": [window], "baselines": [LINUX], "setup": "one"},
    }[module]

    account.run(module, **args, **connection)
    account.run(module, **args, **connection)

    assert {(call["region"], call["account"]) for call in account.simulator.log()} == {("ap-south-1", "210987654321")}
    assert {request.url for request in account.requests} == {"https://ssm.example.com/"}


def test_case_073_the_default_twice(account: Account) -> None:
    done = apply(account, MODULE, **LINUX, default=True)

    assert done["baseline"]["default"] is True
    assert account.calls()["RegisterDefaultPatchBaseline"] == 1


def test_case_074_create_read_update_delete(account: Account) -> None:
    full = {
        "description": "one",
        "approval_rules": [RULE],
        "global_filters": {"PRODUCT": ["*"]},
        "approved_patches": ["a"],
        "rejected_patches": ["b"],
        "tags": {"Env": "prod"},
        "patch_groups": ["Web"],
    }
    created = apply(account, MODULE, **LINUX, **full)["baseline"]
    updated = apply(account, MODULE, **LINUX, **{**full, "description": "two", "approved_patches": []})

    assert changed_fields(updated) == {"description", "approved_patches"}
    assert updated["baseline"]["baseline_id"] == created["baseline_id"]
    apply(account, MODULE, **LINUX, state="absent")
    assert not _own(account)


def test_a_baseline_of_aws_is_never_changed(account: Account) -> None:
    owned = {"name": "AWS-DefaultPatchBaseline", "operating_system": "WINDOWS"}

    assert "description" in account.refuses(MODULE, **owned, description="mine")[0]
    assert "owned by AWS" in account.refuses(MODULE, **owned, state="absent")[0]
    assert "make another baseline the default" in account.refuses(MODULE, **owned, default=False)[0]
    assert "AWS-Unknown" in account.refuses(MODULE, name="AWS-Unknown", operating_system="WINDOWS")[0]
