# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Patch Manager itself brings: its predefined baselines, and the patch properties of each operating system.

The baselines and their rules are those of the User Guide's page on predefined patch baselines. Their ids, and the
account that owns them, differ from region to region; here they are derived from the region's name. The property
values are those that the API reference listed while it still did, with the releases since then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType

from ssmsim.store import Record

Filters = Mapping[str, tuple[str, ...]]

_CREATED = datetime(2018, 1, 1, tzinfo=UTC)
_ANY = ("*",)

_SECURITY: Filters = {"PRODUCT": _ANY, "CLASSIFICATION": ("Security",), "SEVERITY": ("Critical", "Important")}
_BUGFIX: Filters = {"PRODUCT": _ANY, "CLASSIFICATION": ("Bugfix",)}
_PRIORITIES = ("Required", "Important", "Standard", "Optional", "Extra")
_WINDOWS_OS: Filters = {
    "PATCH_SET": ("OS",),
    "PRODUCT": _ANY,
    "CLASSIFICATION": ("CriticalUpdates", "SecurityUpdates"),
    "MSRC_SEVERITY": ("Critical", "Important"),
}
_WINDOWS_APPLICATIONS: Filters = {"PATCH_SET": ("APPLICATION",), "PRODUCT_FAMILY": _ANY, "PRODUCT": _ANY}


def _rule(filters: Filters, days: int = 7, non_security: bool = False) -> Record:
    return {
        "PatchFilterGroup": {"PatchFilters": [{"Key": key, "Values": [*values]} for key, values in filters.items()]},
        "ComplianceLevel": "UNSPECIFIED",
        "ApproveAfterDays": days,
        "EnableNonSecurity": non_security,
    }


_RPM = (_rule(_SECURITY), _rule(_BUGFIX))
_APT = (_rule({"PRODUCT": _ANY, "PRIORITY": _PRIORITIES}, days=0),)
_ORACLE = (_rule({**_SECURITY, "SEVERITY": ("Important", "Moderate")}), _rule(_BUGFIX))
_EVERYTHING = _rule({"PRODUCT": _ANY}, non_security=True)
_MACOS = _rule({"PRODUCT": _ANY, "CLASSIFICATION": _ANY}, days=0, non_security=True)

# (operating system, name, words of the description, rules); the first of an operating system is its default
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
    ("RASPBIAN", "AWS-DefaultRaspbianPatchBaseline", " for Raspbian", _APT),
    ("ROCKY_LINUX", "AWS-RockyLinuxDefaultPatchBaseline", " for Rocky Linux", _RPM),
    ("ALMA_LINUX", "AWS-AlmaLinuxDefaultPatchBaseline", " for Alma Linux", _RPM),
)


def partition(region: str) -> str:
    """The ARN partition of a region."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")


@cache
def predefined(region: str) -> Mapping[str, Record]:
    """The AWS-owned baselines of a region by ARN, in the form of GetPatchBaseline. Not to be changed."""
    account = f"{int(_digest(region)[:12], 16) % 10**12:012d}"
    prefix = f"arn:{partition(region)}:ssm:{region}:{account}:patchbaseline/pb-"
    records = (_record(f"{prefix}{_digest(f'{region}/{entry[1]}')[:17]}", *entry) for entry in _PREDEFINED)
    return MappingProxyType({record["BaselineId"]: record for record in records})


@cache
def predefined_defaults(region: str) -> Mapping[str, str]:
    """The ARN of the AWS-owned default baseline of each operating system in a region."""
    defaults: dict[str, str] = {}
    for arn, record in predefined(region).items():
        defaults.setdefault(record["OperatingSystem"], arn)
    return MappingProxyType(defaults)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _record(arn: str, operating_system: str, name: str, words: str, rules: tuple[Record, ...]) -> Record:
    return {
        "BaselineId": arn,
        "Name": name,
        "OperatingSystem": operating_system,
        "GlobalFilters": {"PatchFilters": []},
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


def _releases(product: str, releases: str) -> tuple[str, ...]:
    return tuple(product + release for release in releases.split())


_RPM_CLASSIFICATIONS = ("Security", "Bugfix", "Enhancement", "Recommended", "Newpackage")
_RPM_PROPERTIES: Filters = {
    "CLASSIFICATION": _RPM_CLASSIFICATIONS,
    "SEVERITY": ("Critical", "Important", "Medium", "Low"),
}
_DNF_PROPERTIES: Filters = {**_RPM_PROPERTIES, "SEVERITY": ("Critical", "Important", "Moderate", "Low", "None")}
_APT_PROPERTIES: Filters = {"PRIORITY": _PRIORITIES}
_EL7 = " ".join(f"7.{minor}" for minor in range(10))
_EL8 = " ".join(f"8.{minor}" for minor in range(11))
_EL9 = " ".join(f"9.{minor}" for minor in range(7))
_EL10 = "10.0 10.1"

PROPERTIES: Mapping[str, Filters] = {
    "AMAZON_LINUX": {
        "PRODUCT": _releases(
            "AmazonLinux",
            "2012.03 2012.09 2013.03 2013.09 2014.03 2014.09 2015.03 2015.09 2016.03 2016.09 2017.03 2017.09 2018.03",
        ),
        **_RPM_PROPERTIES,
    },
    "AMAZON_LINUX_2": {"PRODUCT": _releases("AmazonLinux", "2 2.0"), **_RPM_PROPERTIES},
    "AMAZON_LINUX_2022": {"PRODUCT": _releases("AmazonLinux", "2022"), **_RPM_PROPERTIES},
    "AMAZON_LINUX_2023": {"PRODUCT": _releases("AmazonLinux", "2023"), **_RPM_PROPERTIES},
    "CENTOS": {"PRODUCT": _releases("CentOS", f"6.5 6.6 6.7 6.8 6.9 6.10 {_EL7} 8.0 8.1 8.2 8.3 8"), **_RPM_PROPERTIES},
    "ORACLE_LINUX": {
        "PRODUCT": _releases("OracleLinux", f"7.5 7.6 7.7 7.8 7.9 {_EL8} {_EL9}"),
        **_DNF_PROPERTIES,
    },
    "REDHAT_ENTERPRISE_LINUX": {
        "PRODUCT": _releases("RedhatEnterpriseLinux", f"6.5 6.6 6.7 6.8 6.9 6.10 {_EL7} {_EL8} {_EL9} {_EL10}"),
        **_DNF_PROPERTIES,
    },
    "ROCKY_LINUX": {"PRODUCT": _releases("RockyLinux", f"{_EL8} {_EL9} {_EL10}"), **_DNF_PROPERTIES},
    "ALMA_LINUX": {"PRODUCT": _releases("AlmaLinux", f"{_EL8} {_EL9} {_EL10}"), **_DNF_PROPERTIES},
    "SUSE": {
        "PRODUCT": _releases(
            "Suse", "12.0 12.1 12.2 12.3 12.4 12.5 12.6 12.7 12.8 12.9 15.0 15.1 15.2 15.3 15.4 15.5 15.6 15.7"
        ),
        "CLASSIFICATION": ("Security", "Recommended", "Optional", "Feature", "Document", "Yast"),
        "SEVERITY": ("Critical", "Important", "Moderate", "Low"),
    },
    "DEBIAN": {"PRODUCT": _releases("Debian", "8 9 10 11 12 13"), **_APT_PROPERTIES},
    "UBUNTU": {
        "PRODUCT": _releases("Ubuntu", "14.04 16.04 18.04 20.04 20.10 22.04 23.04 23.10 24.04 24.10 25.04"),
        **_APT_PROPERTIES,
    },
    "RASPBIAN": {"PRODUCT": _releases("Raspbian", "9 10"), **_APT_PROPERTIES},
    "MACOS": {
        "PRODUCT": _releases("MacOS", "10.14.6 10.15.7 11.3.1 11.4 12.0 13.0 14.0 15.0"),
        "CLASSIFICATION": ("Security", "Recommended", "Optional"),
    },
}
"""Values by operating system and patch property, Windows excepted."""

_WINDOWS_SHARED: Filters = {
    "CLASSIFICATION": (
        *("CriticalUpdates", "DefinitionUpdates", "Drivers", "FeaturePacks", "SecurityUpdates", "ServicePacks"),
        *("Tools", "UpdateRollups", "Updates", "Upgrades"),
    ),
    "MSRC_SEVERITY": ("Critical", "Important", "Moderate", "Low", "Unspecified"),
}
_WINDOWS_PRODUCTS: Mapping[str, Filters] = {
    "OS": {
        "Windows": (
            *("Windows7", "Windows8", "Windows8.1", "Windows8Embedded", "Windows10", "Windows10LTSB", "Windows11"),
            *_releases("WindowsServer", "2008 2008R2 2012 2012R2 2016 2019 2022 2025"),
        ),
    },
    "APPLICATION": {
        "Active Directory": ("Active Directory Rights Management Services Client 2.0",),
        "ASP.NET Web Frameworks": ("ASP.NET Web Frameworks",),
        "Developer Tools, Runtimes, and Redistributables": ("Visual Studio 2017", "Visual Studio 2019"),
        "Exchange": ("Exchange Server 2013", "Exchange Server 2016", "Exchange Server 2019"),
        "Microsoft Defender for Endpoint": ("Microsoft Defender Antivirus",),
        "Office": ("Office 2010", "Office 2013", "Office 2016", "Word 2016"),
        "SQL Server": (
            *("Microsoft SQL Server 2012", "Microsoft SQL Server 2014", "Microsoft SQL Server 2016"),
            *("Microsoft SQL Server 2017", "Microsoft SQL Server 2019", "Microsoft SQL Server 2022"),
        ),
        "Silverlight": ("Silverlight",),
    },
}


def property_values(operating_system: str, name: str, patch_set: str | None) -> list[dict[str, str]] | None:
    """The entries of DescribePatchProperties, or None where the operating system has no such property.

    `patch_set` ("OS", the default, or "APPLICATION") counts for Windows alone.
    """
    if operating_system != "WINDOWS":
        values = PROPERTIES[operating_system].get(name)
        return None if values is None else [{"Name": value} for value in values]
    families = _WINDOWS_PRODUCTS[patch_set or "OS"]
    if name == "PRODUCT":
        return [
            {"Name": product, "FamilyName": family} for family, products in families.items() for product in products
        ]
    if name == "PRODUCT_FAMILY":
        return [{"Name": family} for family in families]
    values = _WINDOWS_SHARED.get(name)
    return None if values is None else [{"Name": value} for value in values]


FILTER_KEYS: Mapping[str, frozenset[str]] = {
    **{operating_system: frozenset(values) for operating_system, values in PROPERTIES.items()},
    **{name: frozenset({"PRODUCT", "PRIORITY", "SECTION"}) for name in ("DEBIAN", "UBUNTU", "RASPBIAN")},
    "WINDOWS": frozenset({"PATCH_SET", "PRODUCT", "PRODUCT_FAMILY", "CLASSIFICATION", "MSRC_SEVERITY"}),
}
"""The keys that patch filters of a baseline for an operating system may have."""
