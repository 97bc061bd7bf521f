# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts, progress and failures of a Run Command command and its instances, from API responses. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.structures import Raw, iso_date, member
from .._aws.text import printable, printable_lines
from .._options.codecs import CRITERIA, ONE

Facts = dict[str, Any]

# All other statuses are final, including any that AWS adds.
_UNFINISHED = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
_NO_INSTANCE = "NoInstancesInTag"
_NOT_BEGUN = "Terminated"
_SKIPPED = "Step execution skipped"
_NAMED = 10
_MEMBERS = {
    "command_id": "CommandId",
    "document_name": "DocumentName",
    "document_version": "DocumentVersion",
    "comment": "Comment",
    "status": "Status",
    "status_details": "StatusDetails",
    "requested_date_time": "RequestedDateTime",
    "expires_after": "ExpiresAfter",
    "max_concurrency": "MaxConcurrency",
    "max_errors": "MaxErrors",
    "target_count": "TargetCount",
    "completed_count": "CompletedCount",
    "error_count": "ErrorCount",
    "delivery_timed_out_count": "DeliveryTimedOutCount",
    "output_s3_bucket": "OutputS3BucketName",
    "output_s3_prefix": "OutputS3KeyPrefix",
    "cloudwatch_log_group": "CloudWatchOutputConfig.CloudWatchLogGroupName",
}
_PARAMETERS = {"operation": "Operation", "reboot_option": "RebootOption", "snapshot_id": "SnapshotId"}


def snapshot_id(command: Mapping[str, Any]) -> str | None:
    """The snapshot ID of a command, or of a request for one. It is unique for each run."""
    return command_facts(command)["snapshot_id"]


def command_facts(command: Mapping[str, Any]) -> Facts:
    """A command, or a request for one, in the format of the result. Unknown values are null."""
    facts = {name: iso_date(member(command, path)) for name, path in _MEMBERS.items()}
    parameters = command.get("Parameters") or {}
    return {
        **{name: None if value == "" else value for name, value in facts.items()},
        **{name: ONE.decode(parameters.get(key)) for name, key in _PARAMETERS.items()},
        "targets": CRITERIA.decode(command.get("Targets")) or [],
        "instance_ids": list(command.get("InstanceIds") or ()),
    }


def is_running(facts: Mapping[str, Any]) -> bool:
    """Whether a command, or an instance of it, has not ended."""
    return facts["status"] in _UNFINISHED


def instance_facts(invocation: Raw) -> Facts:
    """One instance of a command in the format of the result, with output only if it did not succeed.

    The name and the output come from the instance itself, so characters that could control a terminal are escaped.
    """
    step = _decisive_step(invocation.get("CommandPlugins") or [])
    code = step.get("ResponseCode")
    failed = invocation["Status"] not in ("Success", None, *_UNFINISHED)
    return {
        "instance_id": invocation["InstanceId"],
        "name": printable(invocation.get("InstanceName") or "") or None,
        "status": invocation["Status"],
        "status_details": invocation.get("StatusDetails") or None,
        "exit_code": None if code == -1 else code,
        "start_time": iso_date(step.get("ResponseStartDateTime")),
        "end_time": iso_date(step.get("ResponseFinishDateTime")),
        "output_url": step.get("StandardOutputUrl") or invocation.get("StandardOutputUrl") or None,
        "error_url": step.get("StandardErrorUrl") or invocation.get("StandardErrorUrl") or None,
        "output": printable_lines(step.get("Output") or "") or None if failed else None,
    }


def planned_instance(node: Raw) -> Facts:
    """A node that a command would reach, in the same format."""
    return instance_facts({"InstanceId": node["InstanceId"], "InstanceName": node.get("ComputerName"), "Status": None})


def _decisive_step(steps: list[Raw]) -> Raw:
    """The step that determines the result: the first that did not succeed, otherwise the last that was not skipped.

    The documents have one step for each platform. Steps for other platforms are skipped, which counts as success.
    """
    wrong = [step for step in steps if step.get("Status") != "Success"]
    ran = [step for step in steps if not (step.get("Output") or "").startswith(_SKIPPED)]
    return next(iter(wrong), (ran or steps or [{}])[-1])


def progress(facts: Mapping[str, Any]) -> str:
    """The progress of a command, in one line."""
    total, ended = facts["target_count"] or 0, facts["completed_count"] or 0
    failed = (facts["error_count"] or 0) + (facts["delivery_timed_out_count"] or 0)
    if not total:
        return "instances are unknown so far"
    return f"{max(ended - failed, 0)} done, {failed} failed, {max(total - ended, 0)} in progress, of {total}"


def not_succeeded(instances: list[Facts]) -> list[Facts]:
    """The instances that ended without success."""
    return [one for one in instances if not is_running(one) and one["status"] != "Success"]


def failure(facts: Mapping[str, Any], instances: list[Facts]) -> str | None:
    """The reason why a completed command failed, or None if it succeeded on all instances."""
    name = f"Command {facts['command_id']}"
    if facts["status_details"] == _NO_INSTANCE or (facts["status"] == "Success" and facts["target_count"] == 0):
        return f"{name} reached no node: no managed node matches its targets. Nothing was patched."
    failed = not_succeeded(instances)
    unseen = (facts["target_count"] or 0) - len(instances)
    if facts["status"] == "Success" and not failed and unseen <= 0:
        return None
    total = facts["target_count"]
    texts = (
        [f"{len(failed)} of {total} instances did not succeed{name_failed(failed)}"] if failed or unseen <= 0 else []
    )
    if unseen > 0:
        texts.append(f"the result of {unseen} of {total} is unknown, because AWS does not list them")
    return f"{name} ended {described(facts)}: {'; '.join(texts)}."


def name_failed(failed: list[Facts]) -> str:
    """The text that names the first of the instances that did not succeed, to append to their number."""
    begun = [one for one in failed if one["status_details"] != _NOT_BEGUN]
    named = [_instance(one) for one in begun[:_NAMED]]
    if len(begun) > _NAMED:
        named.append(f"and {len(begun) - _NAMED} more")
    if len(begun) < len(failed):
        named.append(f"{len(failed) - len(begun)} not started because max_errors was reached")
    return ": " + ", ".join(named) if named else ""


def _instance(facts: Facts) -> str:
    named = f"{facts['instance_id']} ({facts['name']})" if facts["name"] else facts["instance_id"]
    code = "" if facts["exit_code"] is None else f", exit code {facts['exit_code']}"
    return f"{named} {described(facts)}{code}"


def described(facts: Mapping[str, Any]) -> str:
    """A status, with its details if they add information."""
    status, details = facts["status"], facts["status_details"]
    return status if details in (None, status) else f"{status} ({details})"
