# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers of baselines, patch groups and tags, called without the dispatcher, in both profiles."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ssmsim import baselines, model, patch_groups, tags
from ssmsim.aws_baselines import predefined, predefined_defaults
from ssmsim.errors import ServiceError
from ssmsim.patch_properties import FILTER_KEYS
from ssmsim.registry import OPERATIONS
from ssmsim.store import Region, World

ACCOUNT, REGION = "123456789012", "eu-west-1"
ABSENT = "pb-00000000000000000"
RULE = {"PatchFilterGroup": {"PatchFilters": [{"Key": "PRODUCT", "Values": ["*"]}]}, "ApproveAfterDays": 7}
SYSTEMS: list[str] = model.shape("OperatingSystem")["enum"]


class Service:
    """One account in one region, spoken to in wire form."""

    def __init__(self, profile: str) -> None:
        self.strict = profile == "strict"
        self.world = World(strict=self.strict)
        self.region = Region(ACCOUNT, REGION, self.world)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return OPERATIONS[operation](self.region, request)

    def refuse(self, code: str, operation: str, **request: Any) -> str:
        with pytest.raises(ServiceError) as raised:
            self.call(operation, **request)
        assert raised.value.code == code
        return raised.value.message

    def baseline(self, name: str = "Production-Baseline", **request: Any) -> str:
        return str(self.call("CreatePatchBaseline", Name=name, **request)["BaselineId"])

    def get(self, baseline_id: str) -> dict[str, Any]:
        return self.call("GetPatchBaseline", BaselineId=baseline_id)

    def names(self, **filters: list[str]) -> list[str]:
        request = [{"Key": key, "Values": values} for key, values in filters.items()]
        found = self.call("DescribePatchBaselines", Filters=request, MaxResults=100)["BaselineIdentities"]
        return [entry["BaselineName"] for entry in found]

    def tags(self, baseline_id: str) -> dict[str, str]:
        found = self.call("ListTagsForResource", ResourceType="PatchBaseline", ResourceId=baseline_id)["TagList"]
        return {tag["Key"]: tag["Value"] for tag in found}


@pytest.fixture(params=["strict", "lenient"])
def service(request: pytest.FixtureRequest) -> Service:
    return Service(request.param)


def filters(**values: list[str]) -> dict[str, Any]:
    return {"PatchFilters": [{"Key": key, "Values": entry} for key, entry in values.items()]}


def rules(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"PatchRules": list(entries)}


def default_arn(system: str = "WINDOWS") -> str:
    return predefined_defaults(REGION)[system]


def test_defaults_are_filled_in(service: Service) -> None:
    record = service.get(service.baseline(ApprovalRules=rules(RULE)))
    assert re.fullmatch("pb-[0-9a-f]{17}", record.pop("BaselineId"))
    assert record.pop("CreatedDate") == record.pop("ModifiedDate")
    assert record == {
        "Name": "Production-Baseline",
        "OperatingSystem": "WINDOWS",
        "GlobalFilters": {"PatchFilters": []},
        "ApprovalRules": rules({**RULE, "ComplianceLevel": "UNSPECIFIED", "EnableNonSecurity": False}),
        "ApprovedPatches": [],
        "ApprovedPatchesComplianceLevel": "UNSPECIFIED",
        "ApprovedPatchesEnableNonSecurity": False,
        "RejectedPatches": [],
        "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY",
        "Sources": [],
        "PatchGroups": [],
    }


def test_sets_are_read_in_another_order_by_the_strict_profile(service: Service) -> None:
    group = filters(PRODUCT=["Debian11", "Debian12"])
    rule = {"PatchFilterGroup": group, "ApproveAfterDays": 0}
    sent: dict[str, Any] = {
        "ApprovedPatches": ["bash", "curl"],
        "RejectedPatches": ["nano", "vim"],
        "GlobalFilters": group,
    }
    record = service.get(service.baseline(OperatingSystem="DEBIAN", ApprovalRules=rules(rule), **sent))
    order = -1 if service.strict else 1
    assert record["ApprovedPatches"] == ["bash", "curl"][::order]
    assert record["RejectedPatches"] == ["nano", "vim"][::order]
    assert record["GlobalFilters"] == filters(PRODUCT=["Debian11", "Debian12"][::order])
    assert record["ApprovalRules"]["PatchRules"][0]["PatchFilterGroup"] == record["GlobalFilters"]


def test_update_merges_and_lists_replace(service: Service) -> None:
    lists: dict[str, Any] = {"ApprovedPatches": ["KB2032276", "MS10-048"], "RejectedPatches": ["KB2124261"]}
    baseline_id = service.baseline(Description="before", **lists)
    created = service.get(baseline_id)
    service.world.clock.advance(60)
    answer = service.call("UpdatePatchBaseline", BaselineId=baseline_id, ApprovedPatches=["KB2124261"])
    assert answer["ApprovedPatches"] == ["KB2124261"]
    assert (answer["Description"], answer["RejectedPatches"]) == ("before", ["KB2124261"])
    assert "PatchGroups" not in answer
    assert answer["CreatedDate"] == created["CreatedDate"] < answer["ModifiedDate"]
    assert service.get(baseline_id) == {**answer, "PatchGroups": []}
    assert service.call("UpdatePatchBaseline", BaselineId=baseline_id, RejectedPatches=[])["RejectedPatches"] == []
    assert service.call("UpdatePatchBaseline", BaselineId=baseline_id, Name="Other")["Name"] == "Other"


def test_update_with_replace_resets_what_is_not_sent(service: Service) -> None:
    baseline_id = service.baseline(OperatingSystem="DEBIAN", Description="before", RejectedPatchesAction="BLOCK")
    assert "Name" in service.refuse("ValidationException", "UpdatePatchBaseline", BaselineId=baseline_id, Replace=True)
    service.call("UpdatePatchBaseline", BaselineId=baseline_id, Name="Other", ApprovedPatches=["bash"], Replace=True)
    record = service.get(baseline_id)
    assert "Description" not in record
    assert record["RejectedPatchesAction"] == "ALLOW_AS_DEPENDENCY"
    assert (record["Name"], record["OperatingSystem"], record["ApprovedPatches"]) == ("Other", "DEBIAN", ["bash"])


@pytest.mark.parametrize("operation", ["CreatePatchBaseline", "UpdatePatchBaseline"])
@pytest.mark.parametrize(
    ("system", "request_part"),
    [
        ("UBUNTU", {"GlobalFilters": filters(SEVERITY=["Critical"])}),
        ("WINDOWS", {"GlobalFilters": filters(SEVERITY=["Critical"])}),
        ("DEBIAN", {"ApprovalRules": rules({**RULE, "PatchFilterGroup": filters(CLASSIFICATION=["*"])})}),
        ("MACOS", {"GlobalFilters": filters(SEVERITY=["*"])}),
        ("WINDOWS", {"GlobalFilters": filters(PATCH_SET=["LINUX"])}),
        ("WINDOWS", {"GlobalFilters": filters(PATCH_SET=["APPLICATION"], PRODUCT_FAMILY=["Office"])}),
        ("WINDOWS", {"ApprovalRules": rules({"PatchFilterGroup": filters(PRODUCT=["*"])})}),
        ("WINDOWS", {"ApprovalRules": rules({**RULE, "ApproveUntilDate": "2026-01-01"})}),
        ("SUSE", {"ApprovalRules": rules({"PatchFilterGroup": filters(), "ApproveUntilDate": "2026-02-30"})}),
        ("SUSE", {"ApprovalRules": rules({"PatchFilterGroup": filters(), "ApproveUntilDate": "20260203"})}),
        ("WINDOWS", {"Sources": [{"Name": "own", "Products": ["*"], "Configuration": "x"}]}),
        ("MACOS", {"Sources": [{"Name": "own", "Products": ["*"], "Configuration": "x"}]}),
        ("SUSE", {"Sources": [{"Name": "own", "Products": ["Suse12.0"], "Configuration": c} for c in "xy"]}),
    ],
)
def test_refused_definitions(service: Service, operation: str, system: str, request_part: dict[str, Any]) -> None:
    if operation == "CreatePatchBaseline":
        service.refuse("ValidationException", operation, Name="Refused", OperatingSystem=system, **request_part)
        assert service.names(OWNER=["Self"]) == []
        return
    baseline_id = service.baseline(OperatingSystem=system)
    before = service.get(baseline_id)
    service.refuse("ValidationException", operation, BaselineId=baseline_id, **request_part)
    assert service.get(baseline_id) == before


def test_accepted_definitions(service: Service) -> None:
    until = {"PatchFilterGroup": filters(PATCH_SET=["APPLICATION"], PRODUCT=["*"]), "ApproveUntilDate": "2026-02-28"}
    assert service.get(service.baseline(ApprovalRules=rules(RULE, until)))["ApprovalRules"]["PatchRules"][1] == {
        **until,
        "ComplianceLevel": "UNSPECIFIED",
        "EnableNonSecurity": False,
    }
    sources = [{"Name": "own", "Products": [product], "Configuration": "x"} for product in ("Suse12.0", "Suse15.0")]
    assert service.get(service.baseline(OperatingSystem="SUSE", Sources=sources))["Sources"] == sources
    section = filters(SECTION=["main"])
    assert service.get(service.baseline(OperatingSystem="UBUNTU", GlobalFilters=section))["GlobalFilters"] == section


def test_security_updates_status_is_for_windows(service: Service) -> None:
    field: dict[str, Any] = {"AvailableSecurityUpdatesComplianceStatus": "NON_COMPLIANT"}
    assert service.get(service.baseline(**field)).items() >= field.items()
    if service.strict:
        service.refuse("ValidationException", "CreatePatchBaseline", Name="Linux", OperatingSystem="SUSE", **field)
    else:
        assert service.get(service.baseline(OperatingSystem="SUSE", **field)).items() >= field.items()


def test_client_token(service: Service) -> None:
    first = service.baseline(ClientToken="one")
    assert service.baseline(ClientToken="one") == first
    assert service.baseline(ClientToken="two") != first
    service.refuse("IdempotentParameterMismatch", "CreatePatchBaseline", Name="Other", ClientToken="one")
    service.call("DeletePatchBaseline", BaselineId=first)
    assert (service.baseline(ClientToken="one") == first) is service.strict


def test_quota_of_baselines(service: Service) -> None:
    ids = [service.baseline() for _ in range(baselines.MOST_BASELINES)]
    service.refuse("ResourceLimitExceededException", "CreatePatchBaseline", Name="One-Too-Many")
    service.call("DeletePatchBaseline", BaselineId=ids[0])
    assert service.baseline() not in ids


@pytest.mark.parametrize("operation", ["GetPatchBaseline", "UpdatePatchBaseline", "RegisterDefaultPatchBaseline"])
@pytest.mark.parametrize(
    "baseline_id",
    [
        ABSENT,
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:patchbaseline/{ABSENT}",
        default_arn().rpartition("/")[2],  # a baseline of AWS goes by its ARN alone
        predefined_defaults("us-east-1")["WINDOWS"],
    ],
)
def test_unknown_baseline(service: Service, operation: str, baseline_id: str) -> None:
    message = service.refuse("DoesNotExistException", operation, BaselineId=baseline_id)
    assert message == "Patch Baseline to be retrieved does not exist."


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("GetPatchBaseline", "InvalidResourceId"),
        ("RegisterDefaultPatchBaseline", "InvalidResourceId"),
        ("RegisterPatchBaselineForPatchGroup", "InvalidResourceId"),
        ("DeregisterPatchBaselineForPatchGroup", "InvalidResourceId"),
        ("UpdatePatchBaseline", "ValidationException"),  # models no InvalidResourceId, nor does the next
        ("DeletePatchBaseline", "ValidationException"),
    ],
)
def test_malformed_id(service: Service, operation: str, code: str) -> None:
    service.refuse(code, operation, BaselineId="mw-00000000000000000", PatchGroup="Web")


def test_own_baseline_by_arn(service: Service) -> None:
    baseline_id = service.baseline()
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:patchbaseline/{baseline_id}"
    assert service.get(arn) == service.get(baseline_id)
    assert service.call("UpdatePatchBaseline", BaselineId=arn, Description="new")["Description"] == "new"
    service.call("RegisterPatchBaselineForPatchGroup", BaselineId=arn, PatchGroup="Web")
    assert service.get(baseline_id)["PatchGroups"] == ["Web"]
    service.call("DeregisterPatchBaselineForPatchGroup", BaselineId=arn, PatchGroup="Web")
    assert service.call("DeletePatchBaseline", BaselineId=arn)["BaselineId"] == baseline_id
    assert service.names(OWNER=["Self"]) == []


def test_delete_missing(service: Service) -> None:
    if service.strict:
        service.refuse("DoesNotExistException", "DeletePatchBaseline", BaselineId=ABSENT)
    else:
        assert service.call("DeletePatchBaseline", BaselineId=ABSENT) == {"BaselineId": ABSENT}


def test_delete_in_use(service: Service) -> None:
    baseline_id = service.baseline()
    pair = {"BaselineId": baseline_id, "PatchGroup": "Web"}
    service.call("RegisterPatchBaselineForPatchGroup", **pair)
    message = service.refuse("ResourceInUseException", "DeletePatchBaseline", BaselineId=baseline_id)
    assert message == "PatchBaseline to be deleted is used for Patch Group: Web"
    service.call("DeregisterPatchBaselineForPatchGroup", **pair)
    service.call("RegisterDefaultPatchBaseline", BaselineId=baseline_id)
    service.refuse("ResourceInUseException", "DeletePatchBaseline", BaselineId=baseline_id)
    service.call("RegisterDefaultPatchBaseline", BaselineId=default_arn())
    assert service.call("DeletePatchBaseline", BaselineId=baseline_id) == {"BaselineId": baseline_id}
    service.refuse("DoesNotExistException", "GetPatchBaseline", BaselineId=baseline_id)


@pytest.mark.parametrize("arn", predefined(REGION))
def test_aws_owned_never_change(service: Service, arn: str) -> None:
    before = service.get(arn)
    service.refuse("ValidationException", "UpdatePatchBaseline", BaselineId=arn, Name="Mine")
    service.refuse("ValidationException", "DeletePatchBaseline", BaselineId=arn)
    request = {"ResourceType": "PatchBaseline", "ResourceId": arn}
    service.refuse("InvalidResourceId", "AddTagsToResource", **request, Tags=[{"Key": "a", "Value": "b"}])
    assert service.get(arn) == before


def test_aws_owned_definitions_are_valid(service: Service) -> None:
    for record in predefined(REGION).values():
        given = {key: value for key, value in record.items() if key not in ("Name", "BaselineId")}
        copy = service.get(service.baseline(**given))
        assert copy["ApprovalRules"] == service.get(record["BaselineId"])["ApprovalRules"]


def test_aws_owned_differ_by_region_and_are_the_same_every_time() -> None:
    assert predefined(REGION).keys().isdisjoint(predefined("us-east-1"))
    assert len({arn.split(":")[4] for name in (REGION, "us-east-1") for arn in predefined(name)}) == 2
    again = predefined.__wrapped__(REGION)
    assert dict(again) == dict(predefined(REGION))
    for name, prefix in (("cn-north-1", "arn:aws-cn:"), ("us-gov-west-1", "arn:aws-us-gov:"), (REGION, "arn:aws:")):
        assert all(arn.startswith(f"{prefix}ssm:{name}:") for arn in predefined(name))
    assert all(re.fullmatch(model.shape("BaselineId")["pattern"], arn) for arn in predefined(REGION))


def test_every_operating_system_has_one_default(service: Service) -> None:
    found = service.call("DescribePatchBaselines", MaxResults=100)["BaselineIdentities"]
    defaults = {entry["OperatingSystem"]: entry["BaselineId"] for entry in found if entry["DefaultBaseline"]}
    assert sorted(defaults) == sorted(FILTER_KEYS) == sorted(SYSTEMS)
    assert len([entry for entry in found if entry["DefaultBaseline"]]) == len(SYSTEMS)
    for system, arn in defaults.items():
        answer = service.call("GetDefaultPatchBaseline", OperatingSystem=system)
        assert answer == {"BaselineId": arn, "OperatingSystem": system}
    assert service.call("GetDefaultPatchBaseline")["OperatingSystem"] == "WINDOWS"
    pattern = re.compile("AWS-[0-9A-Za-z]+(Default)?PatchBaseline")
    named = {entry["OperatingSystem"] for entry in found if pattern.fullmatch(entry["BaselineName"])}
    assert named == set(SYSTEMS)


def test_default_is_that_of_the_baseline_s_operating_system(service: Service) -> None:
    baseline_id = service.baseline(OperatingSystem="SUSE")
    assert service.call("RegisterDefaultPatchBaseline", BaselineId=baseline_id) == {"BaselineId": baseline_id}
    assert service.call("GetDefaultPatchBaseline", OperatingSystem="SUSE")["BaselineId"] == baseline_id
    assert service.call("GetDefaultPatchBaseline")["BaselineId"] == default_arn()
    found = service.call("DescribePatchBaselines", Filters=[{"Key": "OPERATING_SYSTEM", "Values": ["SUSE"]}])
    flags = {entry["BaselineId"]: entry["DefaultBaseline"] for entry in found["BaselineIdentities"]}
    assert flags == {default_arn("SUSE"): False, baseline_id: True}
    shown = service.call("RegisterDefaultPatchBaseline", BaselineId=default_arn("SUSE"))["BaselineId"]
    assert shown == default_arn("SUSE").rpartition("/")[2]
    assert service.call("GetDefaultPatchBaseline", OperatingSystem="SUSE")["BaselineId"] == default_arn("SUSE")


def test_listing_filters(service: Service) -> None:
    for name, system in (("Web-One", "SUSE"), ("Web-Two", "UBUNTU"), ("Database", "UBUNTU")):
        service.baseline(name, OperatingSystem=system)
    assert sorted(service.names(OWNER=["Self"])) == ["Database", "Web-One", "Web-Two"]
    assert sorted(service.names(NAME_PREFIX=["Web", "Data"])) == ["Database", "Web-One", "Web-Two"]
    assert service.names(NAME_PREFIX=["Web-"], OPERATING_SYSTEM=["UBUNTU"]) == ["Web-Two"]
    assert service.names(OWNER=["AWS"], OPERATING_SYSTEM=["SUSE"]) == ["AWS-SuseDefaultPatchBaseline"]
    assert len(service.names(OWNER=["All"])) == len(service.names()) == len(predefined(REGION)) + 3
    assert service.names(NAME_PREFIX=["eb-One"]) == []
    for key, value in (("NAME", "Web"), ("OWNER", "Me")):
        request = [{"Key": key, "Values": [value]}]
        service.refuse("ValidationException", "DescribePatchBaselines", Filters=request)


def test_one_baseline_for_each_operating_system_of_a_group(service: Service) -> None:
    suse, ubuntu, other = (service.baseline(OperatingSystem=system) for system in ("SUSE", "UBUNTU", "SUSE"))
    for baseline_id in (suse, ubuntu, default_arn()):
        pair = {"BaselineId": baseline_id, "PatchGroup": "Front-End Servers"}
        assert service.call("RegisterPatchBaselineForPatchGroup", **pair) == pair
    pair = {"BaselineId": other, "PatchGroup": "Front-End Servers"}
    message = service.refuse("AlreadyExistsException", "RegisterPatchBaselineForPatchGroup", **pair)
    assert message == "Patch Group Front-End Servers already has a baseline registered for OperatingSystem SUSE."
    again = {"BaselineId": suse, "PatchGroup": "Front-End Servers"}
    if service.strict:
        service.refuse("AlreadyExistsException", "RegisterPatchBaselineForPatchGroup", **again)
    else:
        assert service.call("RegisterPatchBaselineForPatchGroup", **again) == again
    for system, baseline_id in (("SUSE", suse), ("UBUNTU", ubuntu), ("WINDOWS", default_arn())):
        answer = service.call("GetPatchBaselineForPatchGroup", PatchGroup="Front-End Servers", OperatingSystem=system)
        assert answer == {"PatchGroup": "Front-End Servers", "OperatingSystem": system, "BaselineId": baseline_id}
    service.call("DeregisterPatchBaselineForPatchGroup", **again)
    service.call("RegisterPatchBaselineForPatchGroup", **pair)
    assert service.get(other)["PatchGroups"] == ["Front-End Servers"]
    assert service.get(suse)["PatchGroups"] == []


def test_group_without_registration_gets_the_default(service: Service) -> None:
    own = service.baseline()
    service.call("RegisterDefaultPatchBaseline", BaselineId=own)
    answer = service.call("GetPatchBaselineForPatchGroup", PatchGroup="Nobody")
    assert answer == {"PatchGroup": "Nobody", "OperatingSystem": "WINDOWS", "BaselineId": own}
    assert service.call("DescribePatchGroups")["Mappings"] == []


def test_deregister_a_pair_that_is_not_there(service: Service) -> None:
    one, other = service.baseline(), service.baseline()
    service.call("RegisterPatchBaselineForPatchGroup", BaselineId=one, PatchGroup="Web")
    for baseline_id, group in ((other, "Web"), (one, "Database"), (ABSENT, "Web")):
        pair = {"BaselineId": baseline_id, "PatchGroup": group}
        if service.strict:
            service.refuse("DoesNotExistException", "DeregisterPatchBaselineForPatchGroup", **pair)
        else:
            assert service.call("DeregisterPatchBaselineForPatchGroup", **pair) == pair
    assert service.get(one)["PatchGroups"] == ["Web"]


def test_quota_of_groups(service: Service) -> None:
    baseline_id, other = service.baseline(), service.baseline(OperatingSystem="SUSE")
    for number in range(patch_groups.MOST_GROUPS):
        service.call("RegisterPatchBaselineForPatchGroup", BaselineId=baseline_id, PatchGroup=f"Group {number}")
    pair = {"BaselineId": baseline_id, "PatchGroup": "One Too Many"}
    service.refuse("ResourceLimitExceededException", "RegisterPatchBaselineForPatchGroup", **pair)
    service.call("RegisterPatchBaselineForPatchGroup", BaselineId=other, PatchGroup="One Too Many")


def test_describe_groups(service: Service) -> None:
    one, other = service.baseline("One"), service.baseline("Other", OperatingSystem="SUSE", Description="for SLES")
    for baseline_id, group in ((one, "Web"), (other, "Web"), (other, "Database")):
        service.call("RegisterPatchBaselineForPatchGroup", BaselineId=baseline_id, PatchGroup=group)
    shown = {
        "BaselineId": other,
        "BaselineName": "Other",
        "BaselineDescription": "for SLES",
        "OperatingSystem": "SUSE",
        "DefaultBaseline": False,
    }
    found = service.call("DescribePatchGroups", Filters=[{"Key": "NAME_PREFIX", "Values": ["Data"]}])["Mappings"]
    assert found == [{"PatchGroup": "Database", "BaselineIdentity": shown}]
    found = service.call("DescribePatchGroups", Filters=[{"Key": "OPERATING_SYSTEM", "Values": ["SUSE"]}])["Mappings"]
    assert sorted(entry["PatchGroup"] for entry in found) == ["Database", "Web"]
    assert len(service.call("DescribePatchGroups")["Mappings"]) == 3


def test_what_reads_lag_behind(service: Service) -> None:
    own = service.baseline()
    service.world.lag = 5
    new = service.baseline("New")
    service.refuse("DoesNotExistException", "GetPatchBaseline", BaselineId=new)
    service.refuse("DoesNotExistException", "RegisterPatchBaselineForPatchGroup", BaselineId=new, PatchGroup="Web")
    service.call("RegisterPatchBaselineForPatchGroup", BaselineId=own, PatchGroup="Web")
    assert service.get(own)["PatchGroups"] == []
    service.refuse("ResourceInUseException", "DeletePatchBaseline", BaselineId=own)
    service.world.clock.advance(5)
    assert service.get(new)["Name"] == "New"
    assert service.get(own)["PatchGroups"] == ["Web"]
    service.call("DeregisterPatchBaselineForPatchGroup", BaselineId=own, PatchGroup="Web")
    service.refuse("ResourceInUseException", "DeletePatchBaseline", BaselineId=own)
    service.world.clock.advance(5)
    service.call("DeletePatchBaseline", BaselineId=own)
    assert service.get(own)["PatchGroups"] == []
    service.refuse("DoesNotExistException", "UpdatePatchBaseline", BaselineId=own, Description="revived")
    service.world.clock.advance(5)
    service.refuse("DoesNotExistException", "GetPatchBaseline", BaselineId=own)


@pytest.mark.parametrize("system", SYSTEMS)
def test_patch_properties(service: Service, system: str) -> None:
    for name in model.shape("PatchProperty")["enum"]:
        request = {"OperatingSystem": system, "Property": name}
        if name not in FILTER_KEYS[system]:
            assert name in service.refuse("ValidationException", "DescribePatchProperties", **request)
            continue
        values = [entry["Name"] for entry in service.call("DescribePatchProperties", **request)["Properties"]]
        assert values
        assert len(set(values)) == len(values)


def test_patch_properties_of_patch_sets(service: Service) -> None:
    def names(patch_set: str, name: str) -> set[str]:
        request = {"OperatingSystem": "WINDOWS", "Property": name, "PatchSet": patch_set}
        return {entry["Name"] for entry in service.call("DescribePatchProperties", **request)["Properties"]}

    assert "WindowsServer2022" in names("OS", "PRODUCT")
    assert "Office 2016" in names("APPLICATION", "PRODUCT")
    assert names("OS", "PRODUCT").isdisjoint(names("APPLICATION", "PRODUCT"))
    assert (names("OS", "PRODUCT_FAMILY"), "Office" in names("APPLICATION", "PRODUCT_FAMILY")) == ({"Windows"}, True)


def test_tags(service: Service) -> None:
    baseline_id = service.baseline(Tags=[{"Key": "Team", "Value": "web"}])
    resource = {"ResourceType": "PatchBaseline", "ResourceId": baseline_id}
    service.call("AddTagsToResource", **resource, Tags=[{"Key": "Team", "Value": "db"}, {"Key": "team", "Value": ""}])
    assert service.tags(baseline_id) == {"Team": "db", "team": ""}
    service.call("RemoveTagsFromResource", **resource, TagKeys=["Team", "absent"])
    assert service.tags(baseline_id) == {"team": ""}
    service.call("DeletePatchBaseline", BaselineId=baseline_id)
    service.refuse("InvalidResourceId", "ListTagsForResource", **resource)
    assert tags.tags_of(service.region, "PatchBaseline", baseline_id) == {}


def test_refused_tags(service: Service) -> None:
    baseline_id = service.baseline()
    resource = {"ResourceType": "PatchBaseline", "ResourceId": baseline_id}
    service.refuse("ValidationException", "AddTagsToResource", **resource, Tags=[{"Key": "aws:a", "Value": "b"}])
    service.refuse("ValidationException", "RemoveTagsFromResource", **resource, TagKeys=["aws:a"])
    twice = [{"Key": "a", "Value": value} for value in "bc"]
    service.refuse("ValidationException", "AddTagsToResource", **resource, Tags=twice)
    many = [{"Key": f"key {number}", "Value": ""} for number in range(tags.MOST_TAGS + 1)]
    service.refuse("TooManyTagsError", "AddTagsToResource", **resource, Tags=many)
    assert service.tags(baseline_id) == {}
    service.refuse("TooManyTagsError", "CreatePatchBaseline", Name="Refused", Tags=many)
    assert service.names(OWNER=["Self"]) == ["Production-Baseline"]
    service.call("AddTagsToResource", **resource, Tags=many[:-1])
    service.refuse("TooManyTagsError", "AddTagsToResource", **resource, Tags=many[-1:])
    service.call("AddTagsToResource", **resource, Tags=[{"Key": "key 0", "Value": "new"}])


def test_system_tags(service: Service) -> None:
    baseline_id = service.baseline()
    stack = [{"Key": "aws:cloudformation:stack-id", "Value": "arn"}]
    tags.store_tags(service.region, "PatchBaseline", baseline_id, stack, system=True)
    many = [{"Key": f"key {number}", "Value": ""} for number in range(tags.MOST_TAGS)]
    service.call("AddTagsToResource", ResourceType="PatchBaseline", ResourceId=baseline_id, Tags=many)
    assert len(service.tags(baseline_id)) == tags.MOST_TAGS + 1
    assert service.tags(baseline_id)["aws:cloudformation:stack-id"] == "arn"


@pytest.mark.parametrize(
    ("resource_type", "resource_id", "code"),
    [
        ("PatchBaseline", ABSENT, "InvalidResourceId"),
        ("MaintenanceWindow", "mw-00000000000000000", "InvalidResourceId"),
        ("Document", "AWS-RunPatchBaseline", "InvalidResourceType"),
    ],
)
def test_tags_of_what_is_not_there(service: Service, resource_type: str, resource_id: str, code: str) -> None:
    resource = {"ResourceType": resource_type, "ResourceId": resource_id}
    service.refuse(code, "AddTagsToResource", **resource, Tags=[])
    service.refuse(code, "RemoveTagsFromResource", **resource, TagKeys=[])
    service.refuse(code, "ListTagsForResource", **resource)
