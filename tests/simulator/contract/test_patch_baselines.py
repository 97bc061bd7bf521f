# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, get, update, delete and describe patch baselines, and the properties their rules may name."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from .support import (
    UNKNOWN_BASELINE,
    Client,
    Maker,
    as_sets,
    needs,
    outcome,
    refused,
)

DEFAULTS = {
    "GlobalFilters": {"PatchFilters": []},
    "ApprovalRules": {"PatchRules": []},
    "ApprovedPatches": [],
    "ApprovedPatchesComplianceLevel": "UNSPECIFIED",
    "ApprovedPatchesEnableNonSecurity": False,
    "RejectedPatches": [],
    "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY",
    "Sources": [],
}
SOURCE = {"Name": "internal", "Products": ["AmazonLinux2023"], "Configuration": "[internal]\nenabled=1"}
LINUX = {"OperatingSystem": "AMAZON_LINUX_2023"}


def rule(*filters: tuple[str, list[str]], **changes: Any) -> dict[str, Any]:
    """An approval rule of the filters, after seven days unless the changes say otherwise; None drops a field."""
    group = {"PatchFilters": [{"Key": key, "Values": values} for key, values in filters]}
    whole = {"PatchFilterGroup": group, "ApproveAfterDays": 7, **changes}
    return {key: value for key, value in whole.items() if value is not None}


def rules(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"PatchRules": list(entries)}


SECURITY = rule(("CLASSIFICATION", ["SecurityUpdates"]), ("MSRC_SEVERITY", ["Critical", "Important"]))


def get(ssm: Client, baseline: str) -> dict[str, Any]:
    shown = ssm.get_patch_baseline(BaselineId=baseline)
    return {key: value for key, value in shown.items() if key != "ResponseMetadata"}


def comparable(shown: dict[str, Any]) -> dict[str, Any]:
    """The definition as shown: sets instead of lists whose order is not promised, nothing that the service adds."""
    added = ("BaselineId", "PatchGroups", "CreatedDate", "ModifiedDate", "ResponseMetadata")
    kept = {key: value for key, value in shown.items() if key not in added and value != ""}
    for key in ("ApprovedPatches", "RejectedPatches"):
        if key in kept:
            kept[key] = frozenset(kept[key])
    if "GlobalFilters" in kept:
        kept["GlobalFilters"] = as_sets(kept["GlobalFilters"]["PatchFilters"])
    if "ApprovalRules" in kept:
        kept["ApprovalRules"] = [comparable_rule(entry) for entry in kept["ApprovalRules"]["PatchRules"]]
    return kept


def comparable_rule(entry: dict[str, Any]) -> dict[str, Any]:
    filled = {"ComplianceLevel": "UNSPECIFIED", "EnableNonSecurity": False} | entry
    return filled | {"PatchFilterGroup": as_sets(entry["PatchFilterGroup"]["PatchFilters"])}


def test_only_the_name_is_needed(ssm: Client, make: Maker) -> None:
    name = make.name("baseline")
    baseline = ssm.create_patch_baseline(Name=name)["BaselineId"]
    assert re.fullmatch(r"pb-[0-9a-f]{17}", baseline)
    shown = get(ssm, baseline)
    assert {key: shown[key] for key in DEFAULTS} == DEFAULTS
    assert (shown["Name"], shown["OperatingSystem"], shown["PatchGroups"]) == (name, "WINDOWS", [])
    assert not shown.get("Description")


def test_every_field_is_read_back(ssm: Client, make: Maker) -> None:
    needs(ssm, "CreatePatchBaselineRequest", "AvailableSecurityUpdatesComplianceStatus")
    request = {
        "Name": make.name("baseline"),
        "OperatingSystem": "WINDOWS",
        "Description": "Windows Server, important and critical security updates",
        "GlobalFilters": {"PatchFilters": [{"Key": "PRODUCT", "Values": ["WindowsServer2019", "WindowsServer2022"]}]},
        "ApprovalRules": rules(SECURITY | {"ComplianceLevel": "HIGH", "EnableNonSecurity": False}),
        "ApprovedPatches": ["KB2032276", "MS10-048"],
        "ApprovedPatchesComplianceLevel": "CRITICAL",
        "RejectedPatches": ["KB2124261"],
        "RejectedPatchesAction": "BLOCK",
        "AvailableSecurityUpdatesComplianceStatus": "NON_COMPLIANT",
        "Sources": [],
        "ApprovedPatchesEnableNonSecurity": False,
    }
    baseline = ssm.create_patch_baseline(**request)["BaselineId"]
    assert comparable(get(ssm, baseline)) == comparable(request)


def test_get_shows_times_and_neither_tags_nor_default(ssm: Client, make: Maker) -> None:
    shown = get(ssm, make.baseline(Tags=[{"Key": "Stack", "Value": "Production"}]))
    assert abs(datetime.now(UTC) - shown["CreatedDate"]) < timedelta(minutes=10)
    assert shown["ModifiedDate"] >= shown["CreatedDate"]
    assert not {"Tags", "DefaultBaseline", "BaselineName"} & set(shown)


def test_order_of_approved_patches(ssm: Client, make: Maker, settle: Callable[..., None]) -> None:
    sent = [f"KB{n}" for n in (2032276, 2124261, 4012212, 3011780, 5005565)]
    shown = get(ssm, make.baseline(ApprovedPatches=sent))["ApprovedPatches"]
    assert set(shown) == set(sent)
    settle("ApprovedPatches are read in the order sent", shown == sent, strict=False, lenient=True)


def test_rules_are_filled_with_defaults(ssm: Client, make: Maker) -> None:
    (shown,) = get(ssm, make.baseline(ApprovalRules=rules(SECURITY)))["ApprovalRules"]["PatchRules"]
    assert (shown["ComplianceLevel"], shown["EnableNonSecurity"], shown["ApproveAfterDays"]) == (
        "UNSPECIFIED",
        False,
        7,
    )


def test_rules_keep_their_order(ssm: Client, make: Maker) -> None:
    sent = [rule(("CLASSIFICATION", [name])) for name in ("SecurityUpdates", "CriticalUpdates", "Updates")]
    shown = get(ssm, make.baseline(ApprovalRules=rules(*sent)))
    assert comparable(shown)["ApprovalRules"] == [comparable_rule(entry) for entry in sent]


@pytest.mark.parametrize(
    ("changes", "valid"),
    [
        ({"ApproveAfterDays": 0}, True),
        ({"ApproveAfterDays": 360}, True),
        ({"ApproveAfterDays": None, "ApproveUntilDate": "2036-01-31"}, True),
        ({"ApproveAfterDays": None}, False),
        ({"ApproveUntilDate": "2036-01-31"}, False),
        ({"ApproveAfterDays": None, "ApproveUntilDate": "31.1.2036"}, False),
        ({"ApproveAfterDays": None, "ApproveUntilDate": "2036-02-30"}, False),
    ],
)
def test_a_rule_has_exactly_one_approval(make: Maker, changes: dict[str, Any], valid: bool) -> None:
    sent = rules(rule(("CLASSIFICATION", ["SecurityUpdates"]), **changes))
    result = outcome(lambda: make.baseline(ApprovalRules=sent))
    assert result == ("success" if valid else "ValidationException")


RPM = (
    "AMAZON_LINUX",
    "AMAZON_LINUX_2",
    "AMAZON_LINUX_2022",
    "AMAZON_LINUX_2023",
    "CENTOS",
    "ORACLE_LINUX",
    "REDHAT_ENTERPRISE_LINUX",
    "ROCKY_LINUX",
    "ALMA_LINUX",
    "SUSE",
)
KEYS: dict[str, tuple[str, ...]] = dict.fromkeys(RPM, ("PRODUCT", "CLASSIFICATION", "SEVERITY"))
KEYS |= dict.fromkeys(("DEBIAN", "UBUNTU", "RASPBIAN"), ("PRODUCT", "PRIORITY", "SECTION"))
KEYS["MACOS"] = ("PRODUCT", "CLASSIFICATION")
KEYS["WINDOWS"] = ("PATCH_SET", "PRODUCT", "PRODUCT_FAMILY", "CLASSIFICATION", "MSRC_SEVERITY")


@pytest.mark.parametrize("system", KEYS)
def test_filter_keys_follow_the_operating_system(ssm: Client, make: Maker, system: str) -> None:
    everything = sorted({key for keys in KEYS.values() for key in keys})
    for key in everything:
        sent = {"OperatingSystem": system, "ApprovalRules": rules(rule((key, ["OS" if key == "PATCH_SET" else "*"])))}
        result = outcome(partial(make.baseline, **sent))
        assert result == ("success" if key in KEYS[system] else "ValidationException"), (system, key)


def test_applications_need_their_patch_set_and_a_product(make: Maker) -> None:
    office = (("PATCH_SET", ["APPLICATION"]), ("PRODUCT", ["Office 2016"]), ("PRODUCT_FAMILY", ["Office"]))
    assert make.baseline(ApprovalRules=rules(rule(*office)))


def test_sources_are_read_back(ssm: Client, make: Maker) -> None:
    baseline = make.baseline(**LINUX, Sources=[SOURCE])
    assert get(ssm, baseline)["Sources"] == [SOURCE]


def test_at_most_ten_rules(make: Maker) -> None:
    with refused("ValidationException"):
        make.baseline(ApprovalRules=rules(*[rule(("CLASSIFICATION", ["Updates"]))] * 11))


def test_names_are_labels_and_may_repeat(make: Maker) -> None:
    name = make.name("baseline")
    assert make.baseline(Name=name) != make.baseline(Name=name)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Name", "patchfleet-verify-renamed"),
        ("Description", "changed"),
        ("GlobalFilters", {"PatchFilters": [{"Key": "PRODUCT", "Values": ["WindowsServer2022"]}]}),
        ("ApprovalRules", {"PatchRules": [rule(("CLASSIFICATION", ["Updates"]), ApproveAfterDays=0)]}),
        ("ApprovedPatches", ["KB5005565"]),
        ("ApprovedPatchesComplianceLevel", "LOW"),
        ("RejectedPatches", ["KB2032276", "MS10-048"]),
        ("RejectedPatchesAction", "BLOCK"),
        ("AvailableSecurityUpdatesComplianceStatus", "NON_COMPLIANT"),
        ("ApprovedPatches", []),
        ("RejectedPatches", []),
        ("GlobalFilters", {"PatchFilters": []}),
        ("ApprovalRules", {"PatchRules": []}),
    ],
)
def test_an_update_replaces_what_it_sends_and_nothing_else(ssm: Client, make: Maker, field: str, value: Any) -> None:
    needs(ssm, "UpdatePatchBaselineRequest", field)
    baseline = make.baseline(
        Description="as made",
        GlobalFilters={"PatchFilters": [{"Key": "PRODUCT", "Values": ["WindowsServer2019"]}]},
        ApprovalRules=rules(SECURITY),
        ApprovedPatches=["KB2032276", "MS10-048"],
        RejectedPatches=["KB2124261"],
    )
    expected = comparable(get(ssm, baseline)) | comparable({field: value})
    answer = ssm.update_patch_baseline(BaselineId=baseline, **{field: value})
    assert comparable(answer) == expected
    assert comparable(get(ssm, baseline)) == expected


def test_linux_fields_of_an_update(ssm: Client, make: Maker) -> None:
    baseline = make.baseline(**LINUX, Sources=[SOURCE])
    ssm.update_patch_baseline(BaselineId=baseline, ApprovedPatchesEnableNonSecurity=True)
    assert get(ssm, baseline)["ApprovedPatchesEnableNonSecurity"] is True
    assert get(ssm, baseline)["Sources"] == [SOURCE]
    ssm.update_patch_baseline(BaselineId=baseline, Sources=[])
    assert get(ssm, baseline)["Sources"] == []


def test_the_update_answer_shows_the_system_but_no_groups(ssm: Client, make: Maker) -> None:
    baseline = make.baseline()
    answer = ssm.update_patch_baseline(BaselineId=baseline, Description="changed")
    assert (answer["BaselineId"], answer["OperatingSystem"]) == (baseline, "WINDOWS")
    assert {"CreatedDate", "ModifiedDate"} <= set(answer)
    assert "PatchGroups" not in answer


def test_replace_returns_to_the_defaults(ssm: Client, make: Maker) -> None:
    baseline = make.baseline(
        Description="as made",
        ApprovalRules=rules(SECURITY),
        ApprovedPatches=["KB2032276"],
        RejectedPatchesAction="BLOCK",
    )
    ssm.update_patch_baseline(BaselineId=baseline, Name="patchfleet-verify-replaced", Replace=True)
    shown = get(ssm, baseline)
    assert {key: shown[key] for key in DEFAULTS} == DEFAULTS
    assert (shown["Name"], shown["OperatingSystem"]) == ("patchfleet-verify-replaced", "WINDOWS")
    assert not shown.get("Description")


def test_replace_needs_the_name(ssm: Client, make: Maker) -> None:
    baseline = make.baseline(Description="kept")
    with refused("ValidationException"):
        ssm.update_patch_baseline(BaselineId=baseline, Replace=True)
    assert get(ssm, baseline)["Description"] == "kept"


def test_replace_keeps_groups_and_tags(ssm: Client, make: Maker) -> None:
    baseline, group = make.baseline(Tags=[{"Key": "Stack", "Value": "Production"}]), make.name("group")
    ssm.register_patch_baseline_for_patch_group(BaselineId=baseline, PatchGroup=group)
    ssm.update_patch_baseline(BaselineId=baseline, Name="patchfleet-verify-replaced", Replace=True)
    assert get(ssm, baseline)["PatchGroups"] == [group]
    tags = ssm.list_tags_for_resource(ResourceType="PatchBaseline", ResourceId=baseline)["TagList"]
    assert tags == [{"Key": "Stack", "Value": "Production"}]


def test_an_update_refuses_rules_of_another_system(ssm: Client, make: Maker) -> None:
    baseline = make.baseline(**LINUX)
    with refused("ValidationException"):
        ssm.update_patch_baseline(BaselineId=baseline, ApprovalRules=rules(SECURITY))
    assert get(ssm, baseline)["ApprovalRules"] == {"PatchRules": []}


@pytest.mark.parametrize("operation", ["get_patch_baseline", "update_patch_baseline"])
def test_an_unknown_baseline_does_not_exist(ssm: Client, operation: str) -> None:
    with refused("DoesNotExistException"):
        getattr(ssm, operation)(BaselineId=UNKNOWN_BASELINE)


def test_the_message_for_an_unknown_baseline(ssm: Client) -> None:
    with refused("DoesNotExistException", saying="Patch Baseline to be retrieved does not exist."):
        ssm.get_patch_baseline(BaselineId=UNKNOWN_BASELINE)


@pytest.mark.parametrize("baseline", ["not-a-baseline-at-all", "xx-0123456789abcdef0"])
def test_an_id_of_another_form(ssm: Client, baseline: str) -> None:
    with refused("InvalidResourceId", "ValidationException"):
        ssm.get_patch_baseline(BaselineId=baseline)


def test_an_own_baseline_by_its_arn(ssm: Client, make: Maker, account: str) -> None:
    baseline = make.baseline()
    arn = f"arn:aws:ssm:{ssm.meta.region_name}:{account}:patchbaseline/{baseline}"
    assert get(ssm, arn)["Name"] == get(ssm, baseline)["Name"]


def test_a_deleted_baseline_is_gone(ssm: Client, make: Maker, settle: Callable[..., None]) -> None:
    baseline = make.baseline(Tags=[{"Key": "Stack", "Value": "Production"}])
    assert ssm.delete_patch_baseline(BaselineId=baseline)["BaselineId"] == baseline
    with refused("DoesNotExistException"):
        ssm.get_patch_baseline(BaselineId=baseline)
    with refused("InvalidResourceId", "DoesNotExistException"):
        ssm.list_tags_for_resource(ResourceType="PatchBaseline", ResourceId=baseline)
    for missing in (baseline, UNKNOWN_BASELINE):
        result = outcome(partial(ssm.delete_patch_baseline, BaselineId=missing))
        settle("DeletePatchBaseline of a missing id", result, strict="DoesNotExistException", lenient="success")


def test_a_baseline_of_a_group_is_in_use(ssm: Client, make: Maker) -> None:
    baseline, group = make.baseline(), make.name("group")
    pair = {"BaselineId": baseline, "PatchGroup": group}
    ssm.register_patch_baseline_for_patch_group(**pair)
    with refused("ResourceInUseException", saying=f"PatchBaseline to be deleted is used for Patch Group: {group}"):
        ssm.delete_patch_baseline(BaselineId=baseline)
    ssm.deregister_patch_baseline_for_patch_group(**pair)
    ssm.delete_patch_baseline(BaselineId=baseline)


def listed(ssm: Client, **filters: str) -> list[dict[str, Any]]:
    sent = [{"Key": key, "Values": [value]} for key, value in filters.items()]
    pages = ssm.get_paginator("describe_patch_baselines").paginate(Filters=sent)
    return [found for page in pages for found in page["BaselineIdentities"]]


def test_an_identity_names_its_fields_otherwise(ssm: Client, make: Maker) -> None:
    name = make.name("baseline")
    baseline = make.baseline(Name=name, Description="described")
    assert listed(ssm, NAME_PREFIX=name) == [
        {
            "BaselineId": baseline,
            "BaselineName": name,
            "BaselineDescription": "described",
            "OperatingSystem": "WINDOWS",
            "DefaultBaseline": False,
        }
    ]


def test_the_name_filter_is_a_prefix(ssm: Client, make: Maker) -> None:
    name = make.name("baseline")
    expected = {make.baseline(Name=f"{name}-first"), make.baseline(Name=f"{name}-second")}
    make.baseline(Name=make.name("other"))
    assert {found["BaselineId"] for found in listed(ssm, NAME_PREFIX=name)} == expected


def test_the_filters_add_up(ssm: Client, make: Maker) -> None:
    name = make.name("baseline")
    make.baseline(Name=f"{name}-windows")
    linux = make.baseline(Name=f"{name}-linux", **LINUX)
    found = listed(ssm, NAME_PREFIX=name, OPERATING_SYSTEM="AMAZON_LINUX_2023")
    assert [entry["BaselineId"] for entry in found] == [linux]
    assert listed(ssm, NAME_PREFIX=name, OWNER="AWS") == []


def test_the_owner_filter(ssm: Client, make: Maker) -> None:
    own = make.baseline()
    ids = {
        owner: {found["BaselineId"] for found in listed(ssm, **({"OWNER": owner} if owner else {}))}
        for owner in ("AWS", "Self", "All", "")
    }
    assert own in ids["Self"]
    assert own not in ids["AWS"]
    assert ids["AWS"] | {own} <= ids["All"]
    assert ids["AWS"] | {own} <= ids[""]
    assert all(re.fullmatch(r"arn:aws:ssm:[a-z0-9-]+:\d{12}:patchbaseline/pb-[0-9a-f]{17}", arn) for arn in ids["AWS"])


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("WINDOWS", "AWS-DefaultPatchBaseline"),
        ("AMAZON_LINUX_2", "AWS-AmazonLinux2DefaultPatchBaseline"),
        ("UBUNTU", "AWS-UbuntuDefaultPatchBaseline"),
        ("RASPBIAN", "AWS-RaspbianDefaultPatchBaseline"),
        ("SUSE", "AWS-SuseDefaultPatchBaseline"),
    ],
)
def test_aws_owned_baselines_exist_for_each_system(ssm: Client, system: str, name: str) -> None:
    found = {entry["BaselineName"]: entry for entry in listed(ssm, OWNER="AWS", OPERATING_SYSTEM=system)}
    assert {entry["OperatingSystem"] for entry in found.values()} == {system}
    assert get(ssm, found[name]["BaselineId"])["Name"] == name


def test_an_aws_owned_baseline_is_not_ours(ssm: Client) -> None:
    arn = listed(ssm, OWNER="AWS", OPERATING_SYSTEM="WINDOWS")[0]["BaselineId"]
    with refused("ValidationException", "InvalidResourceId", "DoesNotExistException", "AccessDeniedException"):
        ssm.update_patch_baseline(BaselineId=arn, Description="mine")
    assert outcome(lambda: ssm.delete_patch_baseline(BaselineId=arn)) != "success"
    assert get(ssm, arn)["BaselineId"] == arn


@pytest.mark.parametrize(
    ("system", "name", "value"),
    [
        ("AMAZON_LINUX_2", "CLASSIFICATION", "Security"),
        ("UBUNTU", "PRIORITY", "Required"),
        ("WINDOWS", "MSRC_SEVERITY", "Critical"),
        ("WINDOWS", "CLASSIFICATION", "SecurityUpdates"),
        ("REDHAT_ENTERPRISE_LINUX", "SEVERITY", "Important"),
    ],
)
def test_patch_properties_list_the_values_of_filters(ssm: Client, system: str, name: str, value: str) -> None:
    pages = ssm.get_paginator("describe_patch_properties").paginate(OperatingSystem=system, Property=name)
    names = [found["Name"] for page in pages for found in page["Properties"]]
    assert value in names
    assert len(names) == len(set(names))


def test_applications_carry_their_family(ssm: Client) -> None:
    request = {"OperatingSystem": "WINDOWS", "Property": "PRODUCT", "PatchSet": "APPLICATION"}
    pages = ssm.get_paginator("describe_patch_properties").paginate(**request)
    found = [entry for page in pages for entry in page["Properties"]]
    assert found
    assert all(entry["FamilyName"] for entry in found)
