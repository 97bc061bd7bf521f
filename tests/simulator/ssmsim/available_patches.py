# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Available patches, the effective patches of a baseline, and the snapshot that a node downloads."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from ssmsim.aws_baselines import partition
from ssmsim.baselines import existing
from ssmsim.errors import ServiceError, invalid_instance_id
from ssmsim.filters import select
from ssmsim.fleet import of
from ssmsim.paging import page
from ssmsim.patch_catalogue import Patch, latest_month, microsoft, patches_of
from ssmsim.patch_policy import Status, members
from ssmsim.registry import operation
from ssmsim.store import Record, Region

Test = Callable[[Patch, str], bool]

_LINUX = ("AmazonLinux2018.03", "AmazonLinux2")
_ARCHITECTURE = "x86_64"


def _member(key: str) -> Test:
    return lambda patch, value: members(patch)[key] == value


_WINDOWS_TESTS: dict[str, Test] = {
    **{key: _member(key) for key in ("PATCH_SET", "PRODUCT", "PRODUCT_FAMILY", "MSRC_SEVERITY", "CLASSIFICATION")},
    "PATCH_ID": lambda patch, value: value in (patch.id, _guid(patch)),
}
_LINUX_TESTS: dict[str, Test] = {
    **{key: _member(key) for key in ("PRODUCT", "SEVERITY", "CLASSIFICATION")},
    "NAME": lambda patch, value: patch.name == value,
    "EPOCH": lambda _, value: value == "0",
    "VERSION": lambda patch, value: patch.version == value,
    "RELEASE": lambda patch, value: patch.release == value,
    "ARCH": lambda _, value: value == _ARCHITECTURE,
    "REPOSITORY": lambda patch, value: _repository(patch) == value,
    "ADVISORY_ID": lambda patch, value: bool(value) and patch.advisory == value,
    "CVE_ID": lambda patch, value: value in patch.cves,
    "BUGZILLA_ID": lambda _patch, _value: False,
}


@operation("DescribeAvailablePatches")
def describe_available_patches(region: Region, request: Record) -> Record:
    """Windows patches, by default with PATCH_SET OS, or Amazon Linux patches with a PRODUCT of Amazon Linux."""
    filters = request.get("Filters", [])
    named = {value for entry in filters if entry.get("Key") == "PRODUCT" for value in entry.get("Values", [])}
    if named & set(_LINUX):
        there = [patch for product in _LINUX for patch in patches_of(product, "rpm", 0)]
        found = select(there, filters, _LINUX_TESTS)
    else:
        asked = {entry.get("Key") for entry in filters}
        given = filters if "PATCH_SET" in asked else [{"Key": "PATCH_SET", "Values": ["OS"]}, *filters]
        found = select(list(microsoft(latest_month(region.now()))), given, _WINDOWS_TESTS)
    answer = page(region, "DescribeAvailablePatches", request, region.arrange(found), "Patches")
    return answer | {"Patches": [_shown(patch) for patch in answer["Patches"]]}


@operation("DescribeEffectivePatchesForPatchBaseline")
def describe_effective_patches_for_patch_baseline(region: Region, request: Record) -> Record:
    record = existing(region, request["BaselineId"])
    if record["OperatingSystem"] != "WINDOWS":
        raise _unsupported(record["OperatingSystem"])
    now = region.now()
    found = region.arrange(list(of(region).policy_of(record).effective(microsoft(latest_month(now)), now)))
    answer = page(region, "DescribeEffectivePatchesForPatchBaseline", request, found, "EffectivePatches")
    shown = [{"Patch": _shown(patch), "PatchStatus": _status(status)} for patch, status in answer["EffectivePatches"]]
    return answer | {"EffectivePatches": shown}


@operation("GetDeployablePatchSnapshotForInstance")
def get_deployable_patch_snapshot_for_instance(region: Region, request: Record) -> Record:
    fleet = of(region)
    node = fleet.find(request["InstanceId"])
    if node is None:
        raise invalid_instance_id(request["InstanceId"])
    system, override = node.platform.operating_system, request.get("BaselineOverride")
    if override is None:
        baseline = fleet.policy(fleet.patch_group(fleet.tags_of(node)), system).record
    elif override.get("OperatingSystem", "WINDOWS") != system:
        raise _unsupported(override.get("OperatingSystem", "WINDOWS"))
    else:
        baseline = override
    if node.hybrid and _wants_applications(baseline):
        text = "Microsoft application patching is only available on EC2 instances and advanced instances."
        raise ServiceError("UnsupportedFeatureRequiredException", text)
    return {
        "InstanceId": node.instance_id,
        "SnapshotId": request["SnapshotId"],
        "Product": node.platform.product,
        "SnapshotDownloadUrl": _download_url(region, request),
    }


def _shown(patch: Patch) -> Record:
    """The Patch structure, whose members depend on the platform."""
    shared: dict[str, Any] = {
        "ReleaseDate": patch.released,
        "Title": patch.title,
        "Description": f"{patch.title}. Install this update to resolve issues in {patch.product}.",
        "ProductFamily": patch.family,
        "Product": patch.product,
        "Classification": patch.classification,
    }
    if patch.id.startswith("KB"):
        return shared | {
            "Id": _guid(patch),
            "ContentUrl": f"https://support.microsoft.com/en-us/kb/{patch.id.removeprefix('KB')}",
            "Vendor": "Microsoft",
            "MsrcSeverity": patch.severity,
            "KbNumber": patch.id,
            "MsrcNumber": "",
            "Language": "All",
        }
    return shared | {
        "Id": patch.id,
        "Vendor": "Amazon",
        "AdvisoryIds": [patch.advisory] if patch.advisory else [],
        "BugzillaIds": [],
        "CVEIds": list(patch.cves),
        "Name": patch.name,
        "Epoch": 0,
        "Version": patch.version,
        "Release": patch.release,
        "Arch": _ARCHITECTURE,
        "Severity": patch.severity,
        "Repository": _repository(patch),
    }


def _status(status: Status) -> Record:
    return {"DeploymentStatus": status.deployment, "ComplianceLevel": status.level, "ApprovalDate": status.approved}


def _guid(patch: Patch) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, patch.id))


def _repository(patch: Patch) -> str:
    return "amzn2-core" if patch.product == "AmazonLinux2" else "amzn-updates"


def _unsupported(operating_system: str) -> ServiceError:
    text = f"The operating system {operating_system} is not supported by this operation."
    return ServiceError("UnsupportedOperatingSystem", text)


def _wants_applications(baseline: Record) -> bool:
    rules = baseline.get("ApprovalRules", {}).get("PatchRules", [])
    filters = [entry for rule in rules for entry in rule["PatchFilterGroup"]["PatchFilters"]]
    return any(entry["Key"] == "PATCH_SET" and "APPLICATION" in entry["Values"] for entry in filters)


def _download_url(region: Region, request: Record) -> str:
    """A presigned URL that is valid for one day."""
    suffix = "amazonaws.com.cn" if partition(region.region) == "aws-cn" else "amazonaws.com"
    host = "s3.dualstack" if request.get("UseS3DualStackEndpoint") else "s3"
    key = hashlib.sha256(f"{request['InstanceId']}/{request['SnapshotId']}".encode()).hexdigest()
    signed = f"X-Amz-Date={region.now():%Y%m%dT%H%M%SZ}&X-Amz-Expires=86400&X-Amz-Signature={key}"
    return f"https://patch-baseline-snapshot-{region.region}.{host}.{region.region}.{suffix}/{key[:32]}?{signed}"
