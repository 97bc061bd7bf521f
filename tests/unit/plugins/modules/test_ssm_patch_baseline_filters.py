# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of baselines: values that the service does not know are refused before anything is written."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account

MODULE = "ssm_patch_baseline"
LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
WINDOWS = {"name": "windows", "operating_system": "WINDOWS"}
LISTING = "DescribePatchProperties"
OFFICE = {"PATCH_SET": ["APPLICATION"], "PRODUCT_FAMILY": ["Office"], "PRODUCT": ["Office 2016"]}


def rules(*filters: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    return [{"filters": one, "approve_after_days": 7, **options} for one in filters]


@pytest.mark.parametrize(
    ("system", "filters", "texts"),
    [
        (
            "AMAZON_LINUX_2023",
            {"CLASSIFICATION": ["SecurityUpdates"]},
            ("'SecurityUpdates'", "did you mean 'Security'?"),
        ),
        ("AMAZON_LINUX", {"PRODUCT": ["All"]}, ("'All'", "did you mean '*'?")),
        ("WINDOWS", {"MSRC_SEVERITY": "critical"}, ("'critical'", "did you mean 'Critical'?")),
        ("WINDOWS", {"CLASSIFICATION": ["Security"]}, ("did you mean 'SecurityUpdates'?",)),
        ("WINDOWS", {"PRODUCT": ["Windows Server 2022"]}, ("did you mean 'WindowsServer2022'?",)),
        ("WINDOWS", {"PRODUCT": ["Office 2016"]}, ("specify PATCH_SET: [APPLICATION]",)),
        ("UBUNTU", {"PRIORITY": ["Requierd"]}, ("did you mean 'Required'?",)),
        ("SUSE", {"SEVERITY": ["Nothing like it"]}, ("; valid values are *, ",)),
    ],
)
def test_an_unknown_value_is_named_with_its_place_and_near_ones(
    account: Account, system: str, filters: dict[str, Any], texts: tuple[str, ...]
) -> None:
    (key,) = filters
    wanted = {"name": "any", "operating_system": system}
    good = rules({"PRODUCT": ["*"]})
    account.refuses(
        MODULE, f"approval_rules[1].filters.{key}: ", *texts, **wanted, approval_rules=good + rules(filters)
    )
    account.refuses(
        MODULE,
        f"global_filters.{key}: ",
        texts[0],
        **wanted,
        global_filters={**filters, "PATCH_SET": ["OS"]} if system == "WINDOWS" else filters,
    )


def test_all_unknown_values_are_told_at_once(account: Account) -> None:
    violations = account.refuses(
        MODULE,
        **LINUX,
        approval_rules=rules({"PRODUCT": ["AmazonLinux2022", "*"], "SEVERITY": ["High", "Critical"]}),
        global_filters={"CLASSIFICATION": ["Bugfix", "Fix"]},
    )
    assert [text.split(":")[0] for text in violations] == [
        "approval_rules[0].filters.PRODUCT",
        "approval_rules[0].filters.SEVERITY",
        "global_filters.CLASSIFICATION",
    ]


@pytest.mark.parametrize(
    "filters", [{"PRODUCT": ["*"]}, {"PRODUCT": "*", "SEVERITY": "Critical"}, {"CLASSIFICATION": ["Security", "*"]}]
)
def test_known_values_and_the_wildcard_pass(account: Account, filters: dict[str, Any]) -> None:
    account.run(MODULE, check=True, **LINUX, approval_rules=rules(filters))
    account.run(MODULE, **LINUX, approval_rules=rules(filters))


def test_a_global_filter_applies_to_systems_and_applications(account: Account) -> None:
    account.run(MODULE, check=True, **WINDOWS, global_filters={"PRODUCT": ["Office 2016", "WindowsServer2022"]})


def test_a_wildcard_inside_a_value_is_left_to_the_service(account: Account) -> None:
    planned = account.run(MODULE, check=True, **LINUX, approval_rules=rules({"PRODUCT": ["Amazon*"]}))
    assert "AWS might refuse 'Amazon*'" in planned["warnings"][0]


def test_each_listing_is_read_once(account: Account) -> None:
    one, two = {"CLASSIFICATION": ["Security"], "SEVERITY": ["Critical"]}, {"CLASSIFICATION": ["Bugfix"]}
    baselines = [{**LINUX, "name": name, "approval_rules": rules(one, two)} for name in ("first", "second")]
    baselines.append({**WINDOWS, "approval_rules": rules({"PRODUCT": ["Windows11"]}, OFFICE)})

    account.run("ssm_patch_setup", check=True, baselines=baselines)

    asked = [{key: value for key, value in one.items() if key != "MaxResults"} for one in account.inputs(LISTING)]
    linux = [{"OperatingSystem": "AMAZON_LINUX_2023", "Property": name} for name in ("CLASSIFICATION", "SEVERITY")]
    windows = [
        {"OperatingSystem": "WINDOWS", "Property": name, "PatchSet": patch_set}
        for name, patch_set in (("PRODUCT", "OS"), ("PRODUCT_FAMILY", "APPLICATION"), ("PRODUCT", "APPLICATION"))
    ]
    assert sorted(asked, key=str) == sorted(linux + windows, key=str)


def test_nothing_is_listed_for_what_is_not_written(account: Account) -> None:
    declared = {**LINUX, "approval_rules": rules({"SEVERITY": ["Critical"]}), "description": "one"}
    account.run(MODULE, **declared)
    account.clear_log()

    account.run(MODULE, **declared)
    account.run(MODULE, **{**declared, "description": "two"})
    # Only wildcards: there is nothing to look up.
    account.run(MODULE, **{**declared, "description": "two", "approval_rules": rules({"PRODUCT": ["*"]})})

    assert LISTING not in account.calls()


def test_a_value_that_is_stored_already_stays_allowed(account: Account) -> None:
    """Microsoft withdraws the patches of a product: the listing forgets it, the baseline does not."""
    if account.profile == "strict":
        pytest.skip("this profile of the service refuses to store such a value")
    group = {"PatchFilters": [{"Key": key, "Values": value} for key, value in OFFICE.items()]}
    group["PatchFilters"][2]["Values"] = ["Office 1997"]
    stored = {"PatchRules": [{"PatchFilterGroup": group, "ApproveAfterDays": 7}]}
    account.by_hand("CreatePatchBaseline", Name="windows", OperatingSystem="WINDOWS", ApprovalRules=stored)

    kept = {**OFFICE, "PRODUCT": ["Office 1997"]}
    account.run(MODULE, **WINDOWS, approval_rules=rules(kept, approve_after_days=9))
    (violation,) = account.refuses(
        MODULE, **WINDOWS, approval_rules=rules({**kept, "PRODUCT": ["Office 1997", "Office 1998"]})
    )
    assert "'Office 1998'" in violation


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_values_that_cannot_be_listed_are_left_to_the_service(account: Account, code: str) -> None:
    account.faults({"op": LISTING, "do": code})
    declared = {**LINUX, "approval_rules": rules({"SEVERITY": ["High"]})}

    planned = account.run(MODULE, check=True, **declared)
    failed = account.fails(MODULE, **declared)

    assert "SEVERITY for AMAZON_LINUX_2023 are not checked" in planned["warnings"][0]
    assert "ssm:DescribePatchProperties" in planned["warnings"][0]
    assert "Invalid Filter Value: High for Key: SEVERITY" in failed["msg"]
    assert "filters of approval_rules" in failed["msg"]


def test_another_failure_of_the_listing_ends_the_run(account: Account) -> None:
    account.faults({"op": LISTING, "do": "ExpiredTokenException"})
    failed = account.fails(MODULE, **LINUX, approval_rules=rules({"SEVERITY": ["Critical"]}))
    assert "Nothing was written" in failed["msg"]
    assert not account.calls(writes=True)


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        ({"PATCH_SET": ["APPLICATION"]}, "approval_rules[0].filters: PATCH_SET: [APPLICATION] also requires PRODUCT"),
        ({"PATCH_SET": ["APPLICATION"], "PRODUCT_FAMILY": ["Office"]}, "also requires PRODUCT"),
        (
            {"PATCH_SET": "Application", "PRODUCT": ["*"]},
            "filters.PATCH_SET: 'Application' must be one of OS, APPLICATION",
        ),
        ({"PRODUCT": []}, "filters.PRODUCT: requires at least one value"),
        ({"PRODUCT": None}, "filters.PRODUCT: requires at least one value"),
        ({"PRODUCT": ["*", " "]}, "filters.PRODUCT[1]: is empty; remove it"),
        ({"PRODUCT": [None]}, "filters.PRODUCT[0]: is empty; remove it"),
        ({"SEVERITY": ["*"]}, "'SEVERITY' is not a filter for WINDOWS"),
    ],
)
def test_filters_that_the_patch_set_does_not_take(account: Account, filters: dict[str, Any], text: str) -> None:
    assert len(account.refuses(MODULE, text, **WINDOWS, approval_rules=rules(filters))) == 1


def test_applications_with_product_and_family(account: Account) -> None:
    account.run(MODULE, check=True, **WINDOWS, approval_rules=rules(OFFICE))
    account.run(MODULE, **WINDOWS, approval_rules=rules(OFFICE))


def test_five_filters_are_for_the_service_to_judge(account: Account) -> None:
    five = {**OFFICE, "CLASSIFICATION": ["SecurityUpdates"], "MSRC_SEVERITY": ["Critical"]}
    declared = {**WINDOWS, "approval_rules": rules(five)}

    planned = account.run(MODULE, check=True, **declared)
    done = account.outcome(MODULE, **declared)

    assert "approval_rules[0].filters: 5 filters" in planned["warnings"][0]
    if account.profile == "strict":
        assert "filters of a rule in approval_rules" in done["msg"]
    else:
        assert not done.get("failed")
