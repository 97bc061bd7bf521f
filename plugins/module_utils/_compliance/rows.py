# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The compliance of one node, and the rows of the result. Pure functions.

States and what counts as compliant:
https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-compliance-states.html
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple

from .._aws.nodes import patch_groups
from .._aws.structures import Raw, iso_date

Row = dict[str, Any]

STATES = (
    "INSTALLED",
    "INSTALLED_OTHER",
    "INSTALLED_PENDING_REBOOT",
    "INSTALLED_REJECTED",
    "MISSING",
    "NOT_APPLICABLE",
    "FAILED",
    "AVAILABLE_SECURITY_UPDATE",
)
# States that make a node noncompliant. Whether an available security update does depends on the baseline.
NONCOMPLIANT_STATES = ("INSTALLED_PENDING_REBOOT", "INSTALLED_REJECTED", "MISSING", "FAILED")
AVAILABLE = "AVAILABLE_SECURITY_UPDATE"
# Approved and not installed. Patches in other noncompliant states wait for a reboot or must be removed.
NOT_INSTALLED = frozenset({"MISSING", "FAILED"})
# The terms of Windows and of the Linux distributions, the most severe first.
SEVERITIES = ("Critical", "Important", "High", "Moderate", "Medium", "Low", "Informational", "Unspecified")
PATCH_PAGE = 100

_TEXTS = {
    "patch_group": "PatchGroup",
    "baseline_id": "BaselineId",
    "snapshot_id": "SnapshotId",
    "operation": "Operation",
    "operation_start_time": "OperationStartTime",
    "operation_end_time": "OperationEndTime",
    "reboot_option": "RebootOption",
    "last_no_reboot_install_operation_time": "LastNoRebootInstallOperationTime",
    "install_override_list": "InstallOverrideList",
}
_TIMES = [name for name in _TEXTS if name.endswith("_time")]
_COUNTS = {
    "installed_count": "InstalledCount",
    "installed_other_count": "InstalledOtherCount",
    "installed_pending_reboot_count": "InstalledPendingRebootCount",
    "installed_rejected_count": "InstalledRejectedCount",
    "missing_count": "MissingCount",
    "failed_count": "FailedCount",
    "not_applicable_count": "NotApplicableCount",
    "unreported_not_applicable_count": "UnreportedNotApplicableCount",
    "critical_noncompliant_count": "CriticalNonCompliantCount",
    "security_noncompliant_count": "SecurityNonCompliantCount",
    "other_noncompliant_count": "OtherNonCompliantCount",
    "available_security_update_count": "AvailableSecurityUpdateCount",
}
# The counts that decide about a verdict.
_DECIDING = {
    "missing": "missing_count",
    "rejected": "installed_rejected_count",
    "pending_reboot": "installed_pending_reboot_count",
    "available": "available_security_update_count",
    "failed": "failed_count",
    "critical_noncompliant": "critical_noncompliant_count",
    "security_noncompliant": "security_noncompliant_count",
    "other_noncompliant": "other_noncompliant_count",
}
# The counts of a summary that are columns in the row of a node.
_HELD = ("compliant", "stale", "pending_reboot", "ungraded")
STATE_COUNTS = {state: f"{state.lower()}_count" for state in STATES}
_STATE_WORDS = {state.replace("_", "").lower(): state for state in STATES}


class Facts(NamedTuple):
    """What Systems Manager returns about a node, without its patches."""

    instance_id: str
    name: str | None = None
    platform_type: str | None = None
    platform_name: str | None = None
    platform_version: str | None = None
    resource_type: str | None = None
    ping_status: str | None = None
    last_ping_time: float | None = None
    agent_version: str | None = None


@dataclass(frozen=True)
class Verdict:
    """How one node is counted.

    status: the most urgent status that applies, None if unknown. counted: the counts of a summary that include the
    node. unknown: the counts that might include it. is_graded: whether its baseline assigns compliance levels to
    missing patches, None if unknown or without a report.
    """

    status: str | None
    counted: frozenset[str]
    unknown: frozenset[str] = frozenset()
    is_graded: bool | None = None

    def holds(self, count: str) -> bool | None:
        """Whether a count includes the node. None if unknown."""
        return None if count in self.unknown else count in self.counted

    @cached_property
    def columns(self) -> Row:
        """The columns of the verdict in the row of a node."""
        return {"status": self.status, **{name: self.holds(name) for name in _HELD}}


SUMMARY = (
    "managed",
    "compliant",
    "noncompliant",
    "critical_noncompliant",
    "security_noncompliant",
    "pending_reboot",
    "failed",
    "never_scanned",
    "stale",
    "unmanaged",
    "ungraded",
)
MISSING_BY_SEVERITY = "missing_by_severity"
UNREAD = Verdict(None, frozenset({"managed"}), frozenset(SUMMARY) - {"managed", "unmanaged"})
NEVER_SCANNED = Verdict("never_scanned", frozenset({"managed", "never_scanned"}))
UNMANAGED = Verdict("unmanaged", frozenset({"unmanaged"}))

NO_REPORT: Row = dict.fromkeys((*_TEXTS, *_COUNTS))

INSTANCE_FIELDS = (
    *Facts._fields,
    *("patch_groups", "status", *_HELD),
    *_TEXTS,
    *_COUNTS,
)
PATCH_FIELDS = (
    *("instance_id", "name", "patch_group", "title", "kb_id", "classification", "severity", "state"),
    *("installed_time", "cve_ids", "release_date", "compliance_level", "baseline_id"),
)


def facts_of(raw: Raw) -> Facts:
    """The facts of an entry of DescribeInstanceInformation. Texts that many nodes share are stored once."""
    ping = raw.get("LastPingDateTime")
    return Facts(
        instance_id=sys.intern(raw["InstanceId"]),
        name=_shared(raw.get("ComputerName")),
        platform_type=_shared(raw.get("PlatformType")),
        platform_name=_shared(raw.get("PlatformName")),
        platform_version=_shared(raw.get("PlatformVersion")),
        resource_type=_shared(raw.get("ResourceType")),
        ping_status=_shared(raw.get("PingStatus")),
        last_ping_time=ping.timestamp() if ping else None,
        agent_version=_shared(raw.get("AgentVersion")),
    )


def unmanaged_facts(raw: Raw) -> tuple[Facts, tuple[str, ...]]:
    """The facts of an EC2 instance that Systems Manager does not manage, and the patch groups of its tags."""
    tags = {tag.get("Key"): tag.get("Value") for tag in raw.get("Tags") or ()}
    return Facts(raw["InstanceId"], name=tags.get("Name") or None, resource_type="EC2Instance"), patch_groups(tags)


def report_of(raw: Raw) -> Row:
    """A patch state with the names of the result. Placeholders of the service for nodes without a report are None."""
    report: Row = {name: raw.get(member) or None for name, member in _TEXTS.items()}
    for name in _TIMES:
        report[name] = iso(report[name])
    for name, member in _COUNTS.items():
        count = raw.get(member)
        report[name] = count if count is not None and count >= 0 else None
    return report


def iso(value: Any) -> str | None:
    """A text or date of a response as text, dates in UTC. None for C("") and for dates in 1970 or earlier."""
    text = iso_date(value)
    return str(text) if text else None


def judge(
    report: Row,
    now: datetime,
    stale_after: timedelta,
    available_counts: bool | None = False,
    assigns_levels: bool | None = True,
) -> Verdict:
    """The verdict on a managed node whose patch state was read.

    available_counts, assigns_levels: whether its baseline counts available security updates as noncompliant, and
    assigns compliance levels. None if unknown.
    """
    if report["missing_count"] is None or report["operation_end_time"] is None:
        return NEVER_SCANNED
    is_stale = now - datetime.fromisoformat(report["operation_end_time"]) > stale_after
    found = frozenset([name for name, column in _DECIDING.items() if report[column]])
    return _verdict(found, is_stale, available_counts, assigns_levels)


# Nodes with the same verdict share it.
@cache
def _verdict(
    found: frozenset[str], is_stale: bool, available_counts: bool | None, assigns_levels: bool | None
) -> Verdict:
    """found: the names in _DECIDING whose counts are not zero."""
    counted = {"managed", *(found - {"missing", "rejected", "available"})}
    if is_stale:
        counted.add("stale")
    lacks = bool(found & {"missing", "rejected"})
    explained = lacks or bool(found & {"failed", "pending_reboot"})
    is_noncompliant = bool(found & {"critical_noncompliant", "security_noncompliant", "other_noncompliant"})
    unknown: set[str] = set()
    if explained or is_noncompliant or ("available" in found and available_counts):
        counted.add("noncompliant")
    elif "available" in found and available_counts is None:
        unknown.add("noncompliant")
    if not counted & {"noncompliant", "stale"}:
        (unknown if unknown else counted).add("compliant")
    lacks = lacks or ("noncompliant" in counted and not explained)
    status = most_urgent(counted, lacks, bool(unknown))
    # A patch that counts as critical has a level, even if the baseline has changed since.
    is_graded = "critical_noncompliant" in counted or assigns_levels
    if is_graded is None:
        unknown |= {"critical_noncompliant", "ungraded"}
    elif not is_graded:
        counted.add("ungraded")
    return Verdict(status, frozenset(counted & {*SUMMARY}), frozenset(unknown), is_graded)


def most_urgent(counted: Collection[str], lacks: bool, is_unknown: bool = False) -> str | None:
    """The status of a node that has reported.

    counted: the counts that include it. lacks: whether a patch is missing, or was rejected. is_unknown: whether one
    might be missing.
    """
    if "failed" in counted:
        return "failed"
    if lacks:
        return "noncompliant"
    if "pending_reboot" in counted:
        return "pending_reboot"
    if is_unknown:
        return None
    return "stale" if "stale" in counted else "compliant"


class Totals:
    """Counts of nodes. with_patches: whether to count their missing patches as well."""

    def __init__(self, with_patches: bool = False) -> None:
        self._counts = dict.fromkeys(SUMMARY, 0)
        self._unread: set[str] = set()
        self._graded = 0
        self._missing = Counter(dict.fromkeys(SEVERITIES, 0)) if with_patches else None

    def add(self, verdict: Verdict, missing: Mapping[str, int] | None = None) -> None:
        """Count one node. missing: the number of its missing patches by severity, None if not read."""
        for name in verdict.counted:
            self._counts[name] += 1
        self._unread |= verdict.unknown
        self._graded += verdict.is_graded is True
        if missing is None:
            self._unread.add(MISSING_BY_SEVERITY)
        elif self._missing is not None:
            self._missing.update(missing)

    def counts(self, unread: Iterable[str] = ()) -> Row:
        """The counts, and the percentage of compliant nodes, rounded down so that 100 means all.

        A count is None if it could not be read whether it includes a node. The count of nodes with critical patches is
        also None if no node is graded. unread: counts that might lack nodes.
        """
        gone = self._unread | {*unread}
        counts: Row = {name: None if name in gone else count for name, count in self._counts.items()}
        if not self._graded:
            counts["critical_noncompliant"] = None
        counts["compliance_percent"] = compliance_percent(counts["compliant"], counts["managed"])
        if self._missing is not None:
            counts[MISSING_BY_SEVERITY] = None if MISSING_BY_SEVERITY in gone else dict(self._missing)
        return counts


def compliance_percent(compliant: int | None, managed: int | None) -> float | None:
    """The percentage of managed nodes that are compliant, rounded down to two decimal places. None if unknown."""
    return None if compliant is None or not managed else compliant * 10_000 // managed / 100


def instance_row(facts: Facts, groups: Iterable[str], report: Row, verdict: Verdict) -> Row:
    """The row of a node, with the columns of INSTANCE_FIELDS."""
    return {
        **facts._asdict(),
        "last_ping_time": iso(facts.last_ping_time and datetime.fromtimestamp(facts.last_ping_time, UTC)),
        "patch_groups": list(groups),
        **verdict.columns,
        **report,
        # Without levels, it would be 0 even if critical patches are missing.
        "critical_noncompliant_count": report["critical_noncompliant_count"] if verdict.is_graded else None,
    }


def patch_row(instance: Mapping[str, Any], raw: Raw) -> Row:
    """The row of a patch of a node, with the columns of PATCH_FIELDS. Release date and level are added later."""
    return {
        "instance_id": instance["instance_id"],
        "name": instance["name"],
        "patch_group": instance["patch_group"],
        "title": raw.get("Title") or None,
        "kb_id": raw.get("KBId") or None,
        "classification": raw.get("Classification") or None,
        "severity": raw.get("Severity") or None,
        "state": state_of(raw),
        "installed_time": iso(raw.get("InstalledTime")),
        "cve_ids": (raw.get("CVEIds") or "").replace(",", " ").split(),
        "release_date": None,
        "compliance_level": None,
        "baseline_id": instance["baseline_id"],
    }


def state_of(raw: Raw) -> str | None:
    """The state of a patch, regardless of the spelling that the service uses."""
    return _state(raw.get("State") or None)


# Many patches have the same state.
@lru_cache(maxsize=64)
def _state(text: str | None) -> str | None:
    return _STATE_WORDS.get(text.replace("_", "").lower(), text) if text else None


def severity_of(raw: Raw) -> str:
    """The severity of a patch, in the spelling of SEVERITIES if it is one of them."""
    severity: str = raw.get("Severity") or SEVERITIES[-1]
    return severity.capitalize() if severity.capitalize() in SEVERITIES else severity


def state_filter(state: str) -> list[Raw]:
    """The filter for a state, in the spelling of DescribeInstancePatches."""
    return [{"Key": "State", "Values": [state.title().replace("_", "")]}]


def listings(report: Row | None, wanted: Iterable[str] | None) -> list[str | None]:
    """The listings of a node's patches that require the fewest pages: one for each state, or one for all (None).

    report: None if the patch state was not read. wanted: states, None for all. States without patches are not listed.
    """
    if report is None:
        return [None]
    counts = {state: report[name] or 0 for state, name in STATE_COUNTS.items()}
    present = [state for state in counts if counts[state] and (wanted is None or state in wanted)]
    if present and wanted is None:
        return [None]
    pages = sum(_pages(counts[state]) for state in present)
    return [*present] if pages <= _pages(sum(counts.values())) else [None]


def _pages(count: int) -> int:
    return -(-count // PATCH_PAGE)


def _shared(value: Any) -> str | None:
    return sys.intern(str(value)) if value else None
