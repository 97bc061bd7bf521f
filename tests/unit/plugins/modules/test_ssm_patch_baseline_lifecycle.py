# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_baseline: rules, patch groups, the default of an operating system, baselines of AWS."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._resources.patch_baseline import aws_default
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply, changed_fields
from ssmsim.model import shape

MODULE = "ssm_patch_baseline"
LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
OTHER = {"name": "other", "operating_system": "AMAZON_LINUX_2023"}
WINDOWS = {"name": "windows", "operating_system": "WINDOWS"}
UNDATED = {"filters": {"CLASSIFICATION": ["Security"]}}
RULE = {**UNDATED, "approve_after_days": 7}
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
AWS_LINUX = "AWS-AmazonLinux2023DefaultPatchBaseline"


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


def test_groups_are_deregistered_before_the_deletion(account: Account) -> None:
    account.run(MODULE, **LINUX, patch_groups=["Web", "Db"])
    account.clear_log()

    apply(account, MODULE, **LINUX, state="absent")

    deregister = "DeregisterPatchBaselineForPatchGroup"
    assert _writes(account) == [deregister, deregister, "DeletePatchBaseline"]
    assert not _groups(account)


def test_the_default_of_aws_is_restored_before_the_deletion(account: Account) -> None:
    before = _default(account, "AMAZON_LINUX_2023")
    account.run(MODULE, **LINUX, default=True)
    account.clear_log()

    apply(account, MODULE, **LINUX, state="absent")

    assert _writes(account) == ["RegisterDefaultPatchBaseline", "DeletePatchBaseline"]
    assert _default(account, "AMAZON_LINUX_2023") == before


def test_the_default_is_that_of_the_region(account: Account) -> None:
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


def test_an_own_baseline_may_not_be_named_like_one_of_aws(account: Account) -> None:
    account.run(MODULE, **LINUX, description="Default Patch Baseline Provided by AWS.")

    assert apply(account, MODULE, **LINUX, state="absent")["changed"]
    assert not _own(account)


def test_the_default_of_windows_is_no_predefined_one(account: Account) -> None:
    account.run(MODULE, **WINDOWS, default=True)

    apply(account, MODULE, **WINDOWS, default=False)

    name = account.by_hand("GetPatchBaseline", BaselineId=_default(account, "WINDOWS"))["Name"]
    assert name == "AWS-DefaultPatchBaseline"


def test_one_group_on_baselines_of_three_systems(account: Account) -> None:
    for system in ("CENTOS", "AMAZON_LINUX_2", "AMAZON_LINUX"):
        apply(account, MODULE, name=f"{system.lower()}", operating_system=system, patch_groups=["Web"])

    assert _groups(account) == {("Web", "centos"), ("Web", "amazon_linux_2"), ("Web", "amazon_linux")}


def test_every_system_has_a_default_of_its_own(account: Account) -> None:
    listed = account.by_hand("DescribePatchBaselines", MaxResults=100)["BaselineIdentities"]

    found = {system: aws_default(listed, system) for system in SYSTEMS}

    assert all(found.values())
    assert len(set(found.values())) == len(SYSTEMS)
    for system, baseline_id in found.items():
        assert _default(account, system) == baseline_id
    # With a second baseline of AWS, it would be open which one is the default.
    assert all(aws_default([*listed, *listed], system) is None for system in SYSTEMS)


def test_more_groups_than_a_page_are_read_and_changed(account: Account) -> None:
    for number in range(6):
        groups = [f"group-{number}-{one}" for one in range(20)]
        account.run(MODULE, name=f"linux-{number}", operating_system="AMAZON_LINUX_2023", patch_groups=groups)
    account.clear_log()

    again = account.run(MODULE, **{**LINUX, "name": "linux-0"}, patch_groups=[f"group-0-{one}" for one in range(20)])

    assert not again["changed"]
    assert account.calls()["DescribePatchGroups"] == 2


def test_a_group_of_another_baseline_is_moved_only_where_asked(account: Account) -> None:
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

    assert "was restored to baseline" in failed["msg"]
    assert _groups(account) == {("Web", "linux")}


def test_groups_are_purged_only_where_asked(account: Account) -> None:
    account.run(MODULE, **LINUX, patch_groups=["Web", "Db"])

    kept = apply(account, MODULE, **LINUX, patch_groups=["App"], purge_patch_groups=False)
    assert kept["baseline"]["patch_groups"] == ["App", "Db", "Web"]
    purged = apply(account, MODULE, **LINUX, patch_groups=["App"])
    assert purged["baseline"]["patch_groups"] == ["App"]
    assert _groups(account) == {("App", "linux")}


def test_a_baseline_that_was_deleted_elsewhere(account: Account) -> None:
    baseline = account.run(MODULE, **LINUX, patch_groups=["Web"])["baseline"]
    pair = {"BaselineId": baseline["baseline_id"], "PatchGroup": "Web"}
    account.by_hand("DeregisterPatchBaselineForPatchGroup", **pair)
    account.by_hand("DeletePatchBaseline", BaselineId=baseline["baseline_id"])

    again = apply(account, MODULE, **LINUX, patch_groups=["Web"])

    assert again["baseline"]["baseline_id"] != baseline["baseline_id"]
    assert _groups(account) == {("Web", "linux")}


def test_a_year_of_delay(account: Account) -> None:
    assert apply(account, MODULE, **LINUX, approval_rules=[{**RULE, "approve_after_days": 360}])["changed"]

    (violation,) = account.refuses(MODULE, **LINUX, approval_rules=[{**RULE, "approve_after_days": 361}])
    assert "approve_after_days" in violation


def test_an_approval_by_date_moves_on(account: Account) -> None:
    rule = {"filters": RULE["filters"]}
    ids = [
        apply(account, MODULE, **LINUX, approval_rules=[{**rule, "approve_until_date": day}])["baseline"]["baseline_id"]
        for day in ("2020-01-01", "2020-02-02")
    ]

    assert ids[0] == ids[1]
    (stored,) = _stored(account, {"baseline_id": ids[0]})["ApprovalRules"]["PatchRules"]
    assert stored["ApproveUntilDate"] == "2020-02-02"


def test_blocked_patches_and_non_security_updates(account: Account) -> None:
    options = {"rejected_patches_action": "BLOCK", "approved_patches_enable_non_security": True}
    rules = [{**RULE, "enable_non_security": True}]

    baseline = apply(account, MODULE, **LINUX, **options, approval_rules=rules)["baseline"]
    assert _stored(account, baseline)["RejectedPatchesAction"] == "BLOCK"
    assert _stored(account, baseline)["ApprovalRules"]["PatchRules"][0]["EnableNonSecurity"] is True
    apply(account, MODULE, **OTHER)
    assert "RejectedPatchesAction" not in account.inputs("CreatePatchBaseline")[1]
    assert not account.run(MODULE, **OTHER, rejected_patches_action="ALLOW_AS_DEPENDENCY")["changed"]


def test_a_second_source(account: Account) -> None:
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
def test_available_security_updates(account: Account) -> None:
    for status in ("COMPLIANT", "NON_COMPLIANT"):
        done = apply(account, MODULE, **WINDOWS, available_security_updates_compliance_status=status)
        assert _stored(account, done["baseline"])["AvailableSecurityUpdatesComplianceStatus"] == status

    assert len(_own(account)) == 1
    option = {"available_security_updates_compliance_status": "COMPLIANT"}
    assert "applies only to WINDOWS" in account.refuses(MODULE, **LINUX, **option)[0]


@pytest.mark.parametrize(
    "where", [{"global_filters": {"PATCH_SET": ["OS"]}}, {"approval_rules": [{**RULE, "filters": {"SECTION": ["x"]}}]}]
)
def test_a_filter_of_another_system(account: Account, where: dict[str, Any]) -> None:
    (violation,) = account.refuses(MODULE, **LINUX, **where)

    assert "valid filters are CLASSIFICATION, PRODUCT, SEVERITY" in violation


def test_applications_of_microsoft(account: Account) -> None:
    filters = {"PATCH_SET": ["APPLICATION"], "PRODUCT_FAMILY": ["Office"], "PRODUCT": ["Office 2016"]}

    baseline = apply(account, MODULE, **WINDOWS, approval_rules=[{**RULE, "filters": filters}])["baseline"]

    (rule,) = _stored(account, baseline)["ApprovalRules"]["PatchRules"]
    pairs = rule["PatchFilterGroup"]["PatchFilters"]
    assert {pair["Key"]: pair["Values"] for pair in pairs} == filters


def test_another_operating_system_recreates_the_baseline_only_where_asked(account: Account) -> None:
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


def test_the_default_is_registered_once(account: Account) -> None:
    done = apply(account, MODULE, **LINUX, default=True)

    assert done["baseline"]["default"] is True
    assert account.calls()["RegisterDefaultPatchBaseline"] == 1


def test_a_baseline_is_created_updated_and_deleted(account: Account) -> None:
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


def test_the_order_of_approved_patches_is_no_difference(account: Account) -> None:
    patches = ["KB123456", "KB456789"]
    account.run("ssm_patch_baseline", **LINUX, approved_patches=patches)

    assert not account.run("ssm_patch_baseline", **LINUX, approved_patches=patches[::-1])["changed"]
    assert not account.run("ssm_patch_baseline", **LINUX, approved_patches=[*patches, *patches])["changed"]


def test_an_update_answers_what_a_fresh_read_answers(account: Account) -> None:
    account.run("ssm_patch_baseline", **LINUX, description="one")
    account.simulator.advance(3600)

    done = account.run("ssm_patch_baseline", **LINUX, description="two", approved_patches=["a"])
    fresh = account.run("ssm_patch_baseline", **LINUX)

    assert done["baseline"] == {**fresh["baseline"], "tags": done["baseline"]["tags"]}
    assert done["baseline"]["description"] == "two"
    assert done["baseline"]["modified_date"] > done["baseline"]["created_date"]


def test_a_rule_is_sent_without_empty_members(account: Account) -> None:
    rule = {"filters": {"CLASSIFICATION": ["Security"]}, "approve_until_date": "2026-01-01"}

    done = account.run("ssm_patch_baseline", **LINUX, approval_rules=[rule])

    (shown,) = done["baseline"]["approval_rules"]
    assert "approve_after_days" not in shown
    (request,) = account.inputs("CreatePatchBaseline")
    assert "ApproveAfterDays" not in request["ApprovalRules"]["PatchRules"][0]


def test_the_default_is_found_by_arn_and_by_id(account: Account) -> None:
    own = account.run("ssm_patch_baseline", **LINUX, default=True)["baseline"]["baseline_id"]
    arn = f"arn:aws:ssm:eu-central-1:123456789012:patchbaseline/{own}"

    for baseline_id in (arn, own):
        again = account.run("ssm_patch_baseline", baseline_id=baseline_id, default=True)
        assert not again["changed"]
        assert again["baseline"]["default"] is True


def test_a_baseline_of_aws_is_found_by_name_arn_and_id(account: Account) -> None:
    args = {"operating_system": "AMAZON_LINUX_2023", "patch_groups": ["Web"]}
    done = apply(account, "ssm_patch_baseline", name=AWS_LINUX, **args)
    arn = done["baseline"]["baseline_id"]
    assert arn.startswith("arn:")
    account.run("ssm_patch_baseline", **LINUX, default=True)

    for identity in ({"name": AWS_LINUX}, {"baseline_id": arn}):
        again = account.run("ssm_patch_baseline", **identity, patch_groups=["Web"])
        assert not again["changed"]
    assert apply(account, "ssm_patch_baseline", baseline_id=arn, default=True)["changed"]


def test_a_date_gives_way_to_days(account: Account) -> None:
    dated = {**UNDATED, "approve_until_date": "2026-01-01"}
    account.run("ssm_patch_baseline", **LINUX, approval_rules=[dated])

    apply(account, "ssm_patch_baseline", **LINUX, approval_rules=[{**UNDATED, "approve_after_days": 0}])

    (identity,) = account.by_hand("DescribePatchBaselines", Filters=[{"Key": "OWNER", "Values": ["Self"]}])[
        "BaselineIdentities"
    ]
    (rule,) = account.by_hand("GetPatchBaseline", BaselineId=identity["BaselineId"])["ApprovalRules"]["PatchRules"]
    assert rule["ApproveAfterDays"] == 0
    assert "ApproveUntilDate" not in rule


@pytest.mark.parametrize("wrong", [{"approve_after_days": 0, "approve_until_date": "2026-01-01"}, {}], ids=str)
def test_exactly_one_of_days_and_date(account: Account, wrong: dict[str, Any]) -> None:
    (violation,) = account.refuses("ssm_patch_baseline", **LINUX, approval_rules=[{**UNDATED, **wrong}])

    assert violation.startswith("approval_rules[0]: specify exactly one of")
