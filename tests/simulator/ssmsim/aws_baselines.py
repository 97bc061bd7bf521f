# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The predefined patch baselines of AWS in each Region.

The rules are those of the User Guide's page on predefined patch baselines. The ARNs of the default baselines are public
for the commercial Regions (``aws_owned_baselines.json``). The other two of Windows, and all of a Region that is not in
the file, have IDs in the same format that are derived from their names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType

from ssmsim.patch_properties import PRIORITIES, Filters
from ssmsim.store import Record

_CREATED = datetime(2018, 1, 1, tzinfo=UTC)
_DEFAULTS_FILE = Path(__file__).with_name("aws_owned_baselines.json")
_ANY = ("*",)

_SECURITY: Filters = {"PRODUCT": _ANY, "CLASSIFICATION": ("Security",), "SEVERITY": ("Critical", "Important")}
_BUGFIX: Filters = {"PRODUCT": _ANY, "CLASSIFICATION": ("Bugfix",)}
_WINDOWS_OS: Filters = {
    "PATCH_SET": ("OS",),
    "PRODUCT": _ANY,
    "CLASSIFICATION": ("CriticalUpdates", "SecurityUpdates"),
    "MSRC_SEVERITY": ("Critical", "Important"),
}
_WINDOWS_APPLICATIONS: Filters = {"PATCH_SET": ("APPLICATION",), "PRODUCT_FAMILY": _ANY, "PRODUCT": _ANY}


def _group(filters: Filters) -> Record:
    return {"PatchFilters": [{"Key": key, "Values": [*values]} for key, values in filters.items()]}


def _rule(filters: Filters, days: int = 7, non_security: bool = False) -> Record:
    return {
        "PatchFilterGroup": _group(filters),
        "ComplianceLevel": "UNSPECIFIED",
        "ApproveAfterDays": days,
        "EnableNonSecurity": non_security,
    }


_RPM = (_rule(_SECURITY), _rule(_BUGFIX))
# As in a snapshot of the baseline for Ubuntu that a node downloaded. Other systems with apt are assumed to be alike.
_APT = (_rule({"PRIORITY": PRIORITIES}),)
_APT_SYSTEMS = frozenset({"DEBIAN", "RASPBIAN", "UBUNTU"})
_ORACLE = (_rule({**_SECURITY, "SEVERITY": ("Important", "Moderate")}), _rule(_BUGFIX))
_EVERYTHING = _rule({"PRODUCT": _ANY}, non_security=True)
_MACOS = _rule({"PRODUCT": _ANY, "CLASSIFICATION": _ANY}, days=0, non_security=True)

# (operating system, name, part of the description, rules). The first of an operating system is its default.
_PREDEFINED: tuple[tuple[str, str, str, tuple[Record, ...]], ...] = (
    ("WINDOWS", "AWS-DefaultPatchBaseline", "", (_rule(_WINDOWS_OS),)),
    ("WINDOWS", "AWS-WindowsPredefinedPatchBaseline-OS", " for Windows OS", (_rule(_WINDOWS_OS),)),
    (
        "WINDOWS",
        "AWS-WindowsPredefinedPatchBaseline-OS-Applications",
        " for Windows OS and Microsoft applications",
        (_rule(_WINDOWS_OS), _rule(_WINDOWS_APPLICATIONS)),
    ),
    ("AMAZON_LINUX", "AWS-AmazonLinuxDefaultPatchBaseline", " for Amazon Linux", _RPM),
    ("AMAZON_LINUX_2", "AWS-AmazonLinux2DefaultPatchBaseline", " for Amazon Linux 2", _RPM),
    ("AMAZON_LINUX_2022", "AWS-AmazonLinux2022DefaultPatchBaseline", " for Amazon Linux 2022", _RPM),
    ("AMAZON_LINUX_2023", "AWS-AmazonLinux2023DefaultPatchBaseline", " for Amazon Linux 2023", _RPM),
    ("UBUNTU", "AWS-UbuntuDefaultPatchBaseline", " for Ubuntu", _APT),
    ("REDHAT_ENTERPRISE_LINUX", "AWS-RedHatDefaultPatchBaseline", " for Redhat Enterprise Linux", _RPM),
    ("SUSE", "AWS-SuseDefaultPatchBaseline", " for Suse", (_rule(_SECURITY),)),
    ("CENTOS", "AWS-CentOSDefaultPatchBaseline", " for CentOS", (_EVERYTHING,)),
    ("ORACLE_LINUX", "AWS-OracleLinuxDefaultPatchBaseline", " for Oracle Linux Server", _ORACLE),
    ("DEBIAN", "AWS-DebianDefaultPatchBaseline", " for Debian", _APT),
    ("MACOS", "AWS-MacOSDefaultPatchBaseline", " for MacOS", (_MACOS,)),
    ("RASPBIAN", "AWS-RaspbianDefaultPatchBaseline", " for Raspbian", _APT),
    ("ROCKY_LINUX", "AWS-RockyLinuxDefaultPatchBaseline", " for Rocky Linux", _RPM),
    ("ALMA_LINUX", "AWS-AlmaLinuxDefaultPatchBaseline", " for Alma Linux", _RPM),
)


def partition(region: str) -> str:
    """The ARN partition of a Region."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")


@cache
def predefined(region: str) -> Mapping[str, Record]:
    """The baselines of AWS in a Region by ARN, in the format of GetPatchBaseline. They must not be changed."""
    known = dict(_known_defaults().get(region, {}))
    records = []
    for entry in _PREDEFINED:
        # The first of an operating system is its default.
        arn = known.pop(entry[0], None) or _derived_arn(region, entry[1])
        records.append(_record(arn, *entry))
    return MappingProxyType({record["BaselineId"]: record for record in records})


@cache
def predefined_defaults(region: str) -> Mapping[str, str]:
    """The ARN of the default baseline of AWS for each operating system in a Region."""
    defaults: dict[str, str] = {}
    for arn, record in predefined(region).items():
        defaults.setdefault(record["OperatingSystem"], arn)
    return MappingProxyType(defaults)


@cache
def _known_defaults() -> Mapping[str, Mapping[str, str]]:
    known: Mapping[str, Mapping[str, str]] = json.loads(_DEFAULTS_FILE.read_text(encoding="utf-8"))
    return known


def _derived_arn(region: str, name: str) -> str:
    default = _known_defaults().get(region, {}).get("WINDOWS")
    account = default.split(":")[4] if default else f"{int(_digest(region)[:12], 16) % 10**12:012d}"
    baseline_id = f"pb-{_digest(f'{region}/{name}')[:17]}"
    return f"arn:{partition(region)}:ssm:{region}:{account}:patchbaseline/{baseline_id}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _record(arn: str, operating_system: str, name: str, words: str, rules: tuple[Record, ...]) -> Record:
    return {
        "BaselineId": arn,
        "Name": name,
        "OperatingSystem": operating_system,
        "GlobalFilters": _group({"PRODUCT": _ANY} if operating_system in _APT_SYSTEMS else {}),
        "ApprovalRules": {"PatchRules": list(rules)},
        "ApprovedPatches": [],
        "ApprovedPatchesComplianceLevel": "UNSPECIFIED",
        "ApprovedPatchesEnableNonSecurity": False,
        "RejectedPatches": [],
        "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY",
        "Description": f"Default Patch Baseline{words} Provided by AWS.",
        "Sources": [],
        "CreatedDate": _CREATED,
        "ModifiedDate": _CREATED,
    }
