# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of operating systems on nodes, and the types of their patches."""

from __future__ import annotations

from dataclasses import dataclass

AGENTS = ("3.3.3050.0", "3.3.2299.0", "3.2.2303.0")
"""Versions of the SSM Agent, latest first."""


@dataclass(frozen=True, slots=True)
class Platform:
    """One release of an operating system.

    ``kind`` is the PlatformType, ``product`` the name in patch filters, ``packaging`` the type of its patches (kb, rpm,
    deb or mac), ``plugin`` the step of the patching documents for this platform.
    """

    operating_system: str
    kind: str
    name: str
    version: str
    product: str
    packaging: str
    architecture: str = "x86_64"

    @property
    def plugin(self) -> str:
        """The step of AWS-RunPatchBaseline for this platform."""
        return f"Patch{self.kind}"


def _linux(operating_system: str, packaging: str, *releases: tuple[str, str, str]) -> tuple[Platform, ...]:
    return tuple(Platform(operating_system, "Linux", *release, packaging) for release in releases)


PLATFORMS: dict[str, tuple[Platform, ...]] = {
    "WINDOWS": tuple(
        Platform("WINDOWS", "Windows", f"Microsoft Windows Server {edition}", version, product, "kb")
        for edition, version, product in (
            ("2016 Datacenter", "10.0.14393", "WindowsServer2016"),
            ("2019 Datacenter", "10.0.17763", "WindowsServer2019"),
            ("2022 Datacenter", "10.0.20348", "WindowsServer2022"),
            ("2012 Standard", "6.2.9200", "WindowsServer2012"),
            ("2012 R2 Standard", "6.3.9600", "WindowsServer2012R2"),
        )
    ),
    "AMAZON_LINUX": _linux("AMAZON_LINUX", "rpm", ("Amazon Linux AMI", "2018.03", "AmazonLinux2018.03")),
    "AMAZON_LINUX_2": _linux("AMAZON_LINUX_2", "rpm", ("Amazon Linux", "2", "AmazonLinux2")),
    "AMAZON_LINUX_2022": _linux("AMAZON_LINUX_2022", "rpm", ("Amazon Linux", "2022", "AmazonLinux2022")),
    "AMAZON_LINUX_2023": _linux("AMAZON_LINUX_2023", "rpm", ("Amazon Linux", "2023", "AmazonLinux2023")),
    "UBUNTU": _linux("UBUNTU", "deb", ("Ubuntu", "22.04", "Ubuntu22.04"), ("Ubuntu", "24.04", "Ubuntu24.04")),
    "REDHAT_ENTERPRISE_LINUX": _linux(
        "REDHAT_ENTERPRISE_LINUX",
        "rpm",
        ("Red Hat Enterprise Linux", "8.10", "RedhatEnterpriseLinux8.10"),
        ("Red Hat Enterprise Linux", "9.4", "RedhatEnterpriseLinux9.4"),
    ),
    "SUSE": _linux("SUSE", "rpm", ("SLES", "15.5", "Suse15.5")),
    "CENTOS": _linux("CENTOS", "rpm", ("CentOS Linux", "7.9", "CentOS7.9")),
    "ORACLE_LINUX": _linux("ORACLE_LINUX", "rpm", ("Oracle Linux Server", "8.10", "OracleLinux8.10")),
    "DEBIAN": _linux("DEBIAN", "deb", ("Debian GNU/Linux", "12", "Debian12")),
    "MACOS": (Platform("MACOS", "MacOS", "macOS", "14.0", "MacOS14.0", "mac", "arm64"),),
    "RASPBIAN": _linux("RASPBIAN", "deb", ("Raspbian GNU/Linux", "10", "Raspbian10")),
    "ROCKY_LINUX": _linux("ROCKY_LINUX", "rpm", ("Rocky Linux", "9.4", "RockyLinux9.4")),
    "ALMA_LINUX": _linux("ALMA_LINUX", "rpm", ("AlmaLinux", "9.4", "AlmaLinux9.4")),
}
"""The releases of nodes, by the name of the operating system in baselines."""
