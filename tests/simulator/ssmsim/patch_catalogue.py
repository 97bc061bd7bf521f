# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog of patches for nodes, baselines and DescribeAvailablePatches.

Microsoft releases two patches for each product every month. The catalog contains the ten years before a month. KB
numbers are derived from month, product and kind, so that a KB is the same in every catalog. The packages of the other
operating systems do not depend on the month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import product as combinations

MONTHS = 120
PACKAGES = 240
"""The number of packages of an operating system other than Windows."""
OS_PRODUCTS = (
    *("WindowsServer2016", "WindowsServer2019", "WindowsServer2022", "WindowsServer2025"),
    *("WindowsServer2012", "WindowsServer2012R2"),
)
_FIRST_MONTH = {"WindowsServer2025": 2024 * 12 + 10}
_APPLICATIONS = {
    "Microsoft SQL Server 2019": "SQL Server",
    "Exchange Server 2019": "Exchange",
    "Office 2016": "Office",
}
PRODUCTS = (*OS_PRODUCTS, *_APPLICATIONS)
"""The Microsoft products that have patches."""
_KINDS = (
    # title, (classification, MSRC severity) in turn
    ("Cumulative Update for {}", (("SecurityUpdates", "Critical"), ("SecurityUpdates", "Important"))),
    (
        "{} for {}",
        (
            ("SecurityUpdates", "Important"),
            ("CriticalUpdates", "Unspecified"),
            ("SecurityUpdates", "Moderate"),
            ("UpdateRollups", "Unspecified"),
            ("SecurityUpdates", "Low"),
            ("Updates", "Unspecified"),
        ),
    ),
)
_SECOND_TITLES = ("Cumulative Update for .NET Framework", "Servicing Stack Update", "Update")
_STEMS = (
    *(
        "kernel",
        "openssl",
        "bind",
        "curl",
        "glibc",
        "sudo",
        "systemd",
        "python3",
        "openssh",
        "libxml2",
        "zlib",
        "expat",
    ),
    *(
        "gnutls",
        "krb5",
        "vim",
        "git",
        "rsync",
        "samba",
        "postgresql",
        "nginx",
        "httpd",
        "php",
        "perl",
        "ruby",
        "nodejs",
    ),
    *("sqlite", "tar", "gzip", "bash", "dbus", "polkit", "cups", "freetype", "libtiff", "libpng", "ncurses", "pam"),
    *("nss", "elfutils", "file"),
)
_PARTS = ("", "-libs", "-common", "-devel", "-tools", "-doc")
_RPM_KINDS = (
    ("Security", "Critical"),
    ("Security", "Important"),
    ("Bugfix", ""),
    ("Security", "Medium"),
    ("Security", "Important"),
    ("Bugfix", ""),
    ("Security", "Low"),
    ("Enhancement", ""),
)
_DEB_KINDS = (("Security", "Important"), ("Security", "Required"), ("", "Standard"), ("", "Optional"))
_MAC_KINDS = (("Security", ""), ("Recommended", ""))
_KIND_CYCLES = {"rpm": _RPM_KINDS, "deb": _DEB_KINDS, "mac": _MAC_KINDS}
_ARCHITECTURES = {"rpm": ".x86_64", "deb": ".amd64", "mac": ""}


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch: a KB of Windows, or a package of another operating system. Unknown values are empty."""

    id: str
    title: str = ""
    product: str = ""
    family: str = ""
    classification: str = ""
    severity: str = ""
    released: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    cves: tuple[str, ...] = ()
    name: str = ""
    version: str = ""
    release: str = ""
    advisory: str = ""

    @property
    def is_security(self) -> bool:
        """Whether its vendor classifies it as a security patch."""
        return self.classification.startswith("Security")


def latest_month(moment: datetime) -> int:
    """The number of the last month whose patches are released at a time, which is on its second Tuesday."""
    month = moment.year * 12 + moment.month - 1
    return month if moment >= _second_tuesday(month) else month - 1


def patches_of(product: str, packaging: str, month: int) -> tuple[Patch, ...]:
    """The patches of a product as of a month, newest first."""
    return _windows(product, month) if packaging == "kb" else _packages(product, packaging)


def microsoft(month: int) -> Iterator[Patch]:
    """All Microsoft patches as of a month, newest first for each product."""
    for product in PRODUCTS:
        yield from _windows(product, month)


def unlisted(packaging: str, kind: int, count: int) -> Iterator[Patch]:
    """Patches that a node reports only with their ID: those outside the baseline, and those that do not apply."""
    for number in range(count):
        if packaging == "kb":
            yield Patch(f"KB{3_000_000 + kind * 1_000_000 + number * 37}")
        else:
            stem = _STEMS[number % len(_STEMS)]
            yield Patch(f"{stem}-extra{kind}{number // len(_STEMS)}{_ARCHITECTURES[packaging]}")


@lru_cache(maxsize=128)
def _windows(product: str, month: int) -> tuple[Patch, ...]:
    first = max(month - MONTHS + 1, _FIRST_MONTH.get(product, 0))
    return tuple(_kb(product, number, kind) for number in range(month, first - 1, -1) for kind in (1, 0))


def _kb(product: str, month: int, kind: int) -> Patch:
    year = month // 12
    number = 5_000_000 + (month - 2020 * 12) * 1000 + PRODUCTS.index(product) * 10 + kind
    pattern, turns = _KINDS[kind]
    classification, severity = turns[month % len(turns)]
    words = (_SECOND_TITLES[month % len(_SECOND_TITLES)], _spoken(product)) if kind else (_spoken(product),)
    security = classification == "SecurityUpdates"
    return Patch(
        id=f"KB{number}",
        title=f"{year}-{month % 12 + 1:02d} {pattern.format(*words)} for x64-based Systems (KB{number})",
        product=product,
        family=_APPLICATIONS.get(product, "Windows"),
        classification=classification,
        severity=severity,
        released=_second_tuesday(month),
        cves=tuple(f"CVE-{year}-{20_000 + number % 10_000 + extra}" for extra in range(2 - kind)) if security else (),
    )


def _spoken(product: str) -> str:
    return f"Windows Server {product[13:].replace('R2', ' R2')}" if product in OS_PRODUCTS else product


@lru_cache(maxsize=64)
def _packages(product: str, packaging: str) -> tuple[Patch, ...]:
    names = (stem + part for part, stem in combinations(_PARTS, _STEMS))
    return tuple(
        _package(product, packaging, number, name) for number, name in zip(range(PACKAGES), names, strict=True)
    )


def _package(product: str, packaging: str, number: int, name: str) -> Patch:
    kinds = _KIND_CYCLES[packaging]
    classification, severity = kinds[number % len(kinds)]
    released = datetime(2025, 9, 30, 18, 0, tzinfo=UTC) - timedelta(days=number * 5)
    full = f"{name}{_ARCHITECTURES[packaging]}"
    version, release = f"{1 + number % 9}.{number % 20}.{number % 7}", f"{1 + number % 30}"
    security = classification == "Security"
    return Patch(
        id=full,
        title=f"{full}:0:{version}-{release}",
        product=product,
        family=product,
        classification=classification,
        severity=severity,
        released=released,
        cves=(f"CVE-{released.year}-{10_000 + number * 7}",) if security else (),
        name=name,
        version=version,
        release=release,
        advisory=f"ALAS-{released.year}-{1_000 + number}" if security else "",
    )


def _second_tuesday(month: int) -> datetime:
    first = datetime(month // 12, month % 12 + 1, 1, 18, 0, tzinfo=UTC)
    return first + timedelta(days=(1 - first.weekday()) % 7 + 7)
