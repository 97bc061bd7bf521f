# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patch properties of each operating system, and the filters of baselines that they allow.

The values are those of an earlier version of the API reference, with the releases since then. If its pages differ from
examples in the guide (Moderate or Medium), both are listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ssmsim.errors import validation
from ssmsim.store import Record

Filters = Mapping[str, tuple[str, ...]]

PRIORITIES = ("Required", "Important", "Standard", "Optional", "Extra")
PATCH_SETS = ("OS", "APPLICATION")
_ANY = "*"
# According to the guide, products without patches anymore are allowed in baselines, and so are misspelled ones.
_UNCHECKED = ("PRODUCT", "PRODUCT_FAMILY")


def _releases(product: str, releases: str) -> tuple[str, ...]:
    return tuple(product + release for release in releases.split())


def _minors(major: int, last: int, first: int = 0) -> str:
    return " ".join(f"{major}.{minor}" for minor in range(first, last + 1))


_RPM_CLASSIFICATIONS = ("Security", "Bugfix", "Enhancement", "Recommended", "Newpackage")
_AMAZON_PROPERTIES: Filters = {
    "CLASSIFICATION": _RPM_CLASSIFICATIONS,
    "SEVERITY": ("Critical", "Important", "Medium", "Low"),
}
_RPM_PROPERTIES: Filters = {
    "CLASSIFICATION": _RPM_CLASSIFICATIONS,
    "SEVERITY": ("Critical", "Important", "Moderate", "Medium", "Low", "None"),
}
_APT_PROPERTIES: Filters = {"PRIORITY": PRIORITIES}
_EL6 = _minors(6, 10, first=5)
_EL7 = _minors(7, 9)
_EL8 = f"{_minors(8, 10)} 8"
_EL9 = _minors(9, 7)
_EL10 = _minors(10, 1)

PROPERTIES: Mapping[str, Filters] = {
    "AMAZON_LINUX": {
        "PRODUCT": _releases(
            "AmazonLinux",
            "2012.03 2012.09 2013.03 2013.09 2014.03 2014.09 2015.03 2015.09 2016.03 2016.09 2017.03 2017.09 2018.03",
        ),
        **_AMAZON_PROPERTIES,
    },
    "AMAZON_LINUX_2": {"PRODUCT": _releases("AmazonLinux", "2 2.0"), **_AMAZON_PROPERTIES},
    "AMAZON_LINUX_2022": {"PRODUCT": _releases("AmazonLinux", "2022"), **_AMAZON_PROPERTIES},
    "AMAZON_LINUX_2023": {"PRODUCT": _releases("AmazonLinux", "2023"), **_AMAZON_PROPERTIES},
    "CENTOS": {"PRODUCT": _releases("CentOS", f"{_EL6} {_EL7} {_minors(8, 5)} 8 9"), **_RPM_PROPERTIES},
    "ORACLE_LINUX": {"PRODUCT": _releases("OracleLinux", f"{_EL7} {_EL8} {_EL9} {_EL10}"), **_RPM_PROPERTIES},
    "REDHAT_ENTERPRISE_LINUX": {
        "PRODUCT": _releases("RedhatEnterpriseLinux", f"{_EL6} {_EL7} {_EL8} {_EL9} {_EL10}"),
        **_RPM_PROPERTIES,
    },
    "ROCKY_LINUX": {"PRODUCT": _releases("RockyLinux", f"{_EL8} {_EL9} {_EL10}"), **_RPM_PROPERTIES},
    "ALMA_LINUX": {"PRODUCT": _releases("AlmaLinux", f"{_EL8} {_EL9} {_EL10}"), **_RPM_PROPERTIES},
    "SUSE": {
        "PRODUCT": _releases("Suse", f"{_minors(12, 9)} {_minors(15, 7)}"),
        "CLASSIFICATION": ("Security", "Recommended", "Optional", "Feature", "Document", "Yast"),
        "SEVERITY": ("Critical", "Important", "Moderate", "Low"),
    },
    "DEBIAN": {"PRODUCT": _releases("Debian", "8 9 10 11 12 13"), **_APT_PROPERTIES},
    "UBUNTU": {
        "PRODUCT": _releases("Ubuntu", "14.04 16.04 18.04 20.04 20.10 22.04 23.04 23.10 24.04 24.10 25.04"),
        **_APT_PROPERTIES,
    },
    "RASPBIAN": {"PRODUCT": _releases("Raspbian", "9 10 11 12"), **_APT_PROPERTIES},
    "MACOS": {
        "PRODUCT": _releases(
            "MacOS",
            f"{_minors(10, 15, first=14)} 10.14.6 10.15.7 11.3.1 {_minors(11, 7)} {_minors(12, 7)} {_minors(13, 7)}"
            f" {_minors(14, 7)} {_minors(15, 5)}",
        ),
        "CLASSIFICATION": ("Security", "Recommended", "Optional"),
    },
}
"""Values by operating system and patch property, except for Windows."""

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
            "MicrosoftDefenderAntivirus",
        ),
    },
    "APPLICATION": {
        "Active Directory": ("Active Directory Rights Management Services Client 2.0",),
        "ASP.NET Web Frameworks": ("ASP.NET Web Frameworks",),
        "Developer Tools, Runtimes, and Redistributables": tuple(
            f"Visual Studio {year}" for year in (2010, 2012, 2013, 2015, 2017, 2019, 2022)
        ),
        "Exchange": tuple(f"Exchange Server {year}" for year in (2010, 2013, 2016, 2019)),
        "Microsoft Defender for Endpoint": ("Microsoft Defender Antivirus",),
        "Office": (
            *(f"Office {year}" for year in (2003, 2007, 2010, 2013, 2016)),
            *("Office 365 Client", "Word 2016", "Excel 2016", "Outlook 2016", "PowerPoint 2016"),
        ),
        "SQL Server": (
            *(f"Microsoft SQL Server {year}" for year in (2012, 2014, 2016, 2017, 2019, 2022)),
            "SQL Server Management Studio v18",
        ),
        "SharePoint": tuple(f"SharePoint Server {year}" for year in (2013, 2016, 2019)),
        "Silverlight": ("Silverlight",),
        "Skype": ("Skype for Business", "Skype for Windows"),
    },
}


def property_values(operating_system: str, name: str, patch_set: str | None) -> list[dict[str, str]] | None:
    """The entries of DescribePatchProperties, or None if the operating system has no such property.

    `patch_set` ("OS", the default, or "APPLICATION") applies only to Windows.
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
"""The allowed keys of patch filters in a baseline, by operating system."""


def refuse_filters(
    operating_system: str, group: Record, strict: bool, patch_sets_unless_named: Sequence[str] = ("OS",)
) -> None:
    """Raise ValidationException for a filter group that is invalid for the operating system.

    strict: whether products and families of applications are also checked.
    """
    values = {entry["Key"]: entry["Values"] for entry in group["PatchFilters"]}
    invalid = sorted(values.keys() - FILTER_KEYS[operating_system])
    if invalid:
        raise validation(f"The patch filter key {invalid[0]} is not valid for the operating system {operating_system}.")
    _refuse_values("PATCH_SET", values.get("PATCH_SET", ()), PATCH_SETS)
    patch_sets = values.get("PATCH_SET", patch_sets_unless_named)
    if _ANY in patch_sets:
        patch_sets = PATCH_SETS
    if "APPLICATION" in values.get("PATCH_SET", ()) and "PRODUCT" not in values:
        raise validation("The patch filter key PRODUCT is required for the patch set APPLICATION.")
    for key in values.keys() - {"PATCH_SET"}:
        if strict or "APPLICATION" not in patch_sets or key not in _UNCHECKED:
            _refuse_values(key, values[key], _known_values(operating_system, key, patch_sets))


def _known_values(operating_system: str, key: str, patch_sets: Sequence[str]) -> tuple[str, ...] | None:
    """The listed values of a key in any of these patch sets, or None if there is no such property."""
    listings = [property_values(operating_system, key, patch_set) for patch_set in patch_sets]
    names = [entry["Name"] for listing in listings if listing for entry in listing]
    return tuple(dict.fromkeys(names)) or None


def _refuse_values(key: str, values: Sequence[str], known: Sequence[str] | None) -> None:
    """Reject invalid values with the message of the service: https://github.com/hashicorp/terraform-provider-aws/issues/18359."""
    wrong = [value for value in values if known is not None and value != _ANY and value not in known]
    if wrong:
        raise validation(f"Invalid Filter Value: {wrong[0]} for Key: {key}, valid values are: {', '.join(known or ())}")
