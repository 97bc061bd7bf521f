# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operating system of a node as in baselines, and its product as in patch filters. Pure functions.

Products: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchFilter.html
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from .rows import Facts

# Prefixes of platform names, in lower case. The first match counts.
_SYSTEMS = (
    ("microsoft windows", "WINDOWS", ""),
    ("windows", "WINDOWS", ""),
    ("amazon linux ami", "AMAZON_LINUX", "AmazonLinux"),
    ("red hat", "REDHAT_ENTERPRISE_LINUX", "RedhatEnterpriseLinux"),
    ("rhel", "REDHAT_ENTERPRISE_LINUX", "RedhatEnterpriseLinux"),
    ("ubuntu", "UBUNTU", "Ubuntu"),
    ("sles", "SUSE", "Suse"),
    ("suse", "SUSE", "Suse"),
    ("centos", "CENTOS", "CentOS"),
    ("oracle linux", "ORACLE_LINUX", "OracleLinux"),
    ("debian", "DEBIAN", "Debian"),
    ("raspbian", "RASPBIAN", "Raspbian"),
    ("macos", "MACOS", "MacOS"),
    ("rocky", "ROCKY_LINUX", "RockyLinux"),
    ("almalinux", "ALMA_LINUX", "AlmaLinux"),
)
_AMAZON = {"2": "AMAZON_LINUX_2", "2022": "AMAZON_LINUX_2022", "2023": "AMAZON_LINUX_2023"}
_WINDOWS_SERVER = re.compile(r"windows server (\d{4})( r2)?", re.IGNORECASE)


def operating_system(facts: Facts) -> str | None:
    """The operating system. None if the node does not report it, or if no baseline supports it."""
    name = (facts.platform_name or "").strip().lower()
    if name.startswith("amazon linux") and not name.startswith("amazon linux ami"):
        return _AMAZON.get((facts.platform_version or "").partition(".")[0], "AMAZON_LINUX")
    return next((system for start, system, _product in _SYSTEMS if name.startswith(start)), None)


def product(facts: Facts) -> str | None:
    """The product. None if it cannot be derived from what the node reports."""
    system, version = operating_system(facts), facts.platform_version or ""
    if system == "WINDOWS":
        match = _WINDOWS_SERVER.search(facts.platform_name or "")
        return f"WindowsServer{match[1]}{'R2' if match[2] else ''}" if match else None
    if not system or not version:
        return None
    if system.startswith("AMAZON_LINUX"):
        return f"AmazonLinux{version}"
    return next(f"{name}{version}" for _start, known, name in _SYSTEMS if known == system)


def product_fits(product: str, wanted: str) -> bool:
    """Whether a filter value matches a product. Either can omit the minor version, and the value can have wildcards."""
    one, other = product.casefold(), wanted.casefold()
    return fnmatchcase(one, other) or one.startswith(f"{other}.") or other.startswith(f"{one}.")
