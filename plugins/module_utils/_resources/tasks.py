# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of a window: common options, values that the service adds, and the rules for targets and rates.

Pure functions. Rules: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_RegisterTaskWithMaintenanceWindow.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.structures import Raw, member
from .._options.codecs import ALARM_NAME, PARAMETERS, TEXT, WORDS, Codec, target_ids
from .._options.kind import Kind, Listing, Values
from .._options.limits import BUCKET_NAME, BUCKET_NAME_RULE
from .._options.option import Option, Options
from .window_target import PARENT_OPTIONS, UUID, instance_id_violations

RUN_COMMAND = "TaskInvocationParameters.RunCommand"
PLAIN_DOCUMENT = "AWS-RunPatchBaseline"
HOOKS_DOCUMENT = "AWS-RunPatchBaselineWithHooks"
# AWS documents that install nothing when they scan, unless a hook runs with them.
SCANNING_DOCUMENTS = frozenset({PLAIN_DOCUMENT, HOOKS_DOCUMENT, "AWS-RunPatchBaselineAssociation"})
_WINDOW_TARGETS, _INSTANCES = target_ids("WindowTargetIds"), target_ids("InstanceIds")
_TARGETS_AND_RATES = frozenset({"window_targets", "instance_ids", "max_concurrency", "max_errors"})
_ROLE_ARN = re.compile(r"arn:[^:]+:iam::\d{12}:role/.+")
_SERVICE_LINKED_ROLE = re.compile(r"arn:[^:]+:iam::\d+:role/aws-service-role/ssm\.amazonaws\.com/.+")


_LOCATED_BUCKET = re.compile(r"(?:s3://|arn:[^:]*:s3:::)(?P<bucket>[^/]+)/?(?P<prefix>.*)", re.IGNORECASE)


def _own_role(value: Any) -> Any:
    """A role, or None for the service-linked role, which the service uses by default."""
    return None if _SERVICE_LINKED_ROLE.fullmatch(str(value)) else TEXT.normal(value)


_ROLE = Codec(decode=_own_role, normal=_own_role)


def name_options(other: str) -> Options:
    """Name, ID and description of a task. other: the module that shares the namespace."""
    return (
        Option(
            "name",
            (
                "The name of the task. It has 3 to 128 characters: letters, digits, C(_), C(-) and C(.).",
                f"The module finds the task by its exact name in the window. Tasks of this module and of M({other})"
                " must not have the same name.",
                "If no task has the name, but exactly one unnamed task has the same type, document and targets, and"
                " as a patch task the same operation, the module gives the name to that task. If several do, the"
                " module fails.",
                "Required to register a task, and unless you specify O(window_task_id).",
            ),
            api="Name",
            clearable=False,
        ),
        Option(
            "window_task_id",
            "The ID of the task. Use it to rename a task, or to select one of two tasks with the same name.",
        ),
        Option(
            "description",
            "A description of the task, up to 128 characters. An empty string removes it.",
            api="Description",
        ),
    )


SHARED_OPTIONS = (
    Option(
        "window_targets",
        "The names or IDs of the registered targets of the window that the task runs on, up to 10. Mutually"
        " exclusive with O(instance_ids).",
        type="list",
        elements="str",
        api="Targets",
        codec=target_ids("WindowTargetIds"),
    ),
    Option(
        "instance_ids",
        "The IDs of the managed nodes that the task runs on, up to 50. The nodes must be registered as targets of"
        " the window, or the window must have C(allow_unassociated_targets=true). If no target lists a node by its"
        " ID, the module warns that AWS might refuse it. Mutually exclusive with O(window_targets).",
        type="list",
        elements="str",
        api="Targets",
        codec=target_ids("InstanceIds"),
    ),
    Option(
        "max_concurrency",
        "The maximum number of targets that the task runs on at the same time, as a number or a percentage. A new"
        " task with targets gets V(10%).",
        api="MaxConcurrency",
    ),
    Option(
        "max_errors",
        "The maximum number of errors before the task stops, as a number or a percentage. A new task with targets"
        " gets V(10%).",
        api="MaxErrors",
    ),
    Option(
        "priority",
        "The priority of the task. A lower number has a higher priority, and V(0) is the highest. Tasks of the same"
        " priority start at the same time. A new task gets V(1).",
        type="int",
        api="Priority",
        created=1,
    ),
    Option(
        "service_role_arn",
        "The ARN of the IAM service role that Systems Manager assumes to run the task. Without a role, Systems"
        " Manager uses its service-linked role. An empty string restores this.",
        api="ServiceRoleArn",
        codec=_ROLE,
    ),
    Option(
        "cutoff_behavior",
        "Whether the task continues to run after the cutoff time of the window: V(CONTINUE_TASK) or V(CANCEL_TASK)."
        " Without a value, AWS uses V(CONTINUE_TASK).",
        api="CutoffBehavior",
        absent="CONTINUE_TASK",
    ),
    Option(
        "alarm",
        "The CloudWatch alarm that stops the task. An empty dictionary removes it.",
        type="dict",
        suboptions=(
            Option("name", "The name of the alarm.", api="AlarmConfiguration.Alarms", codec=ALARM_NAME),
            Option(
                "ignore_poll_failure",
                "Whether the task continues if Systems Manager cannot read the state of the alarm.",
                type="bool",
                api="AlarmConfiguration.IgnorePollAlarmFailure",
                absent=False,
            ),
        ),
    ),
)
DELIVERY_OPTIONS = (
    Option("comment", "A comment on the command, up to 100 characters.", api=f"{RUN_COMMAND}.Comment"),
    Option(
        "timeout_seconds",
        "The number of seconds, 30 to 2592000, within which the command must start on a node. V(0) restores the"
        " default of AWS.",
        type="int",
        api=f"{RUN_COMMAND}.TimeoutSeconds",
        zero_clears=True,
    ),
    Option(
        "document_version",
        "The version of the document: V($DEFAULT), V($LATEST) or a version number. Without a value, AWS uses"
        " V($DEFAULT).",
        api=f"{RUN_COMMAND}.DocumentVersion",
        absent="$DEFAULT",
    ),
    Option(
        "document_hash",
        "The hash of the document. Systems Manager verifies it before it runs the document.",
        api=f"{RUN_COMMAND}.DocumentHash",
    ),
    Option("document_hash_type", "The type of the hash: V(Sha256) or V(Sha1).", api=f"{RUN_COMMAND}.DocumentHashType"),
    Option(
        "output_s3_bucket",
        "The name of the S3 bucket for the output of the command.",
        api=f"{RUN_COMMAND}.OutputS3BucketName",
    ),
    Option(
        "output_s3_prefix", "The key prefix of the output in the S3 bucket.", api=f"{RUN_COMMAND}.OutputS3KeyPrefix"
    ),
    Option(
        "cloudwatch_output",
        "Whether Run Command also sends the output to CloudWatch Logs.",
        type="bool",
        api=f"{RUN_COMMAND}.CloudWatchOutputConfig.CloudWatchOutputEnabled",
        absent=False,
    ),
    Option(
        "cloudwatch_log_group",
        "The CloudWatch log group for the output. Without a value, AWS derives the name of the log group from the"
        " name of the document.",
        api=f"{RUN_COMMAND}.CloudWatchOutputConfig.CloudWatchLogGroupName",
    ),
    Option(
        "notification",
        "The Amazon SNS notifications about status changes of the command. An empty dictionary removes them.",
        type="dict",
        suboptions=(
            Option(
                "topic_arn",
                "The ARN of the SNS topic to publish to.",
                api=f"{RUN_COMMAND}.NotificationConfig.NotificationArn",
            ),
            Option(
                "role_arn",
                "The ARN of the IAM role that publishes the notifications to the topic. It is different from"
                " C(service_role_arn), which runs the task.",
                api=f"{RUN_COMMAND}.ServiceRoleArn",
            ),
            Option(
                "events",
                "The statuses to send notifications for: V(All), V(InProgress), V(Success), V(TimedOut),"
                " V(Cancelled) and V(Failed). A new notification gets V([Failed, TimedOut]).",
                type="list",
                elements="str",
                api=f"{RUN_COMMAND}.NotificationConfig.NotificationEvents",
                codec=WORDS,
            ),
            Option(
                "type",
                "V(Command) sends a notification when the status of the command changes. V(Invocation) sends one"
                " for each node. A new notification gets V(Command).",
                api=f"{RUN_COMMAND}.NotificationConfig.NotificationType",
            ),
        ),
    ),
)
STATE = Option(
    "state",
    (
        "V(present) registers the task, or updates it to match the options that you specify.",
        "V(absent) deregisters the task.",
    ),
    choices=("present", "absent"),
    default="present",
)


def tidied(answer: Raw) -> Raw:
    """A task without the values that the service adds.

    The service-linked role and, without targets, the rates "1" are placeholders that must not be sent back. Tasks of
    the older API store their parameters in C(TaskParameters) and C(LoggingInfo).
    """
    raw = {name: value for name, value in answer.items() if value not in ("", None, {}, [])}
    if "Type" in raw:
        raw["TaskType"] = raw.pop("Type")
    if _SERVICE_LINKED_ROLE.fullmatch(str(raw.get("ServiceRoleArn", ""))):
        del raw["ServiceRoleArn"]
    if not raw.get("Targets"):
        raw.pop("MaxConcurrency", None)
        raw.pop("MaxErrors", None)
    return raw


def is_deprecated(raw: Raw) -> bool:
    """Whether a Run Command task has parameters in the format of the older API."""
    return bool(raw.get("TaskParameters") or raw.get("LoggingInfo")) and raw.get("TaskType") == "RUN_COMMAND"


def modernised(raw: Raw) -> Raw:
    """The same task with its parameters in C(TaskInvocationParameters), the format of the current API.

    If they are present, the service ignores those of the older API.
    """
    if not is_deprecated(raw):
        return raw
    rest = {name: value for name, value in raw.items() if name not in ("TaskParameters", "LoggingInfo")}
    if raw.get("TaskInvocationParameters"):
        return rest
    command: Raw = {}
    if raw.get("TaskParameters"):
        command["Parameters"] = {name: list(entry.get("Values") or ()) for name, entry in raw["TaskParameters"].items()}
    logging = raw.get("LoggingInfo") or {}
    for old, new in (("S3BucketName", "OutputS3BucketName"), ("S3KeyPrefix", "OutputS3KeyPrefix")):
        if logging.get(old):
            command[new] = logging[old]
    return {**rest, "TaskInvocationParameters": {"RunCommand": command}}


def parameters_of(raw: Raw) -> dict[str, list[str]]:
    """The parameters that a Run Command task passes to its document, in either format, without empty ones."""
    return PARAMETERS.normal(member(modernised(raw), f"{RUN_COMMAND}.Parameters")) or {}


def document_name(arn: Any) -> str:
    """The name of a document that is specified by name or ARN."""
    return str(arn or "").rpartition("/")[2]


def patches(raw: Raw) -> bool:
    """Whether a task runs an AWS document that patches."""
    return document_name(raw.get("TaskArn")) in SCANNING_DOCUMENTS


def given_target_violations(values: Mapping[str, Any]) -> list[str]:
    """Violations in the specified targets, regardless of stored ones."""
    found = []
    targets, instances = values.get("window_targets") or [], values.get("instance_ids") or []
    if targets and instances:
        found.append("window_targets, instance_ids: are mutually exclusive; specify only one")
    if len(targets) > 10:
        found.append(f"window_targets: {len(targets)} targets, but a task takes at most 10; register a second task")
    if len(instances) > 50:
        found.append(
            f"instance_ids: {len(instances)} instances, but a task takes at most 50; register a target instead"
        )
    for target in targets:
        if str(target).startswith("mw-"):
            found.append(f"window_targets: {target!r} is a window ID; specify a registered target of the window")
    return found + instance_id_violations(instances)


def bucket_violations(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Violations for an output bucket that is specified as a URL."""
    name = f"{prefix}output_s3_bucket"
    located = _LOCATED_BUCKET.fullmatch(str(values.get(name) or ""))
    if not located:
        return []
    below = f" and {prefix}output_s3_prefix: {located['prefix']}" if located["prefix"] else ""
    return [f"{name}: {located[0]!r} must be the bucket name only; specify {name}: {located['bucket']}{below}"]


def bucket_warnings(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    """A bucket name that S3 no longer allows. Some early buckets have such names."""
    given = str(values.get(f"{prefix}output_s3_bucket") or "")
    if not given or "{{" in given or _LOCATED_BUCKET.fullmatch(given) or BUCKET_NAME.fullmatch(given):
        return []
    return [
        f"{prefix}output_s3_bucket: {given!r} is not a valid bucket name: it {BUCKET_NAME_RULE}. AWS stores it, but"
        f" the output might be lost"
    ]


def role_warnings(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    """AWS stores any text as a role. Only when the task starts, it reports that it cannot assume the role."""
    roles = {name: str(values.get(name) or "") for name in ("service_role_arn", f"{prefix}notification.role_arn")}
    return [
        f"{name}: {role!r} is not the ARN of an IAM role, which AWS requires; specify it in the form"
        " arn:aws:iam::ACCOUNT:role/NAME"
        for name, role in roles.items()
        if role and not _ROLE_ARN.fullmatch(role)
    ]


def changed(values: Values, before: Values) -> dict[str, Any]:
    """The specified values that are not stored yet."""
    return {name: value for name, value in values.items() if before.get(name) != value}


def rate_violations(values: Values, _before: Values, after: Values) -> list[str]:
    """A task has rates if and only if it has targets. values: specified by the user, after: merged option values."""
    has_targets = bool(after.get("window_targets") or after.get("instance_ids"))
    found = []
    for rate in ("max_concurrency", "max_errors"):
        if values.get(rate) and not has_targets:
            found.append(f"{rate}: {values[rate]!r} requires targets, and this task has none; omit {rate}")
        if values.get(rate) == "" and has_targets:
            found.append(f"{rate}: cannot be empty while the task has targets")
    return found


def alarm_violations(after: Mapping[str, Any]) -> list[str]:
    """The service does not accept an alarm configuration without an alarm."""
    if after.get("alarm.ignore_poll_failure") is None or after.get("alarm.name"):
        return []
    return ["alarm.name: is missing; specify the name, or alarm: {} to remove the alarm"]


def notification_violations(after: Mapping[str, Any], prefix: str = "") -> list[str]:
    """A notification requires a topic and its own role, whether specified or stored."""
    topic, role = after.get(f"{prefix}notification.topic_arn"), after.get(f"{prefix}notification.role_arn")
    if topic and not role:
        return [
            f"{prefix}notification.role_arn: is missing; specify the role that publishes to the topic (it is not"
            " service_role_arn, which runs the task)"
        ]
    if not topic and (after.get(f"{prefix}notification.events") or after.get(f"{prefix}notification.type")):
        return [
            f"{prefix}notification.topic_arn: is missing; specify the topic, or notification: {{}} to remove"
            " all notifications"
        ]
    return []


@dataclass(frozen=True, eq=False)
class TaskKind(Kind):
    """A task of a window, as seen by the options of one module."""

    id_option: str = "window_task_id"
    id_member: str = "WindowTaskId"
    id_pattern: re.Pattern[str] = UUID
    name: str = "task"
    create: str = "RegisterTaskWithMaintenanceWindow"
    update: str = "UpdateMaintenanceWindowTask"
    delete: str = "DeregisterTaskFromMaintenanceWindow"
    listing: Listing = field(default=Listing("DescribeMaintenanceWindowTasks", "Tasks", ("WindowTaskId",)))
    get: str = "GetMaintenanceWindowTask"
    decisive: tuple[str, ...] = ("WindowTaskId", "TaskType", "TaskArn")
    parent_options: Options = PARENT_OPTIONS
    parent_member: str = "WindowId"
    likeness: str = "type, document, targets and operation"

    def tidy(self, raw: Raw) -> Raw:
        """Without the values that the service adds."""
        return tidied(raw)

    def modernise(self, raw: Raw) -> Raw:
        """The parameters in the format of the current API."""
        return modernised(raw)

    def reset(self, values: Values) -> Values:
        """A Run Command task requires targets, and targets require rates."""
        kept = frozenset[str]() if self.declared_type(values) not in (None, "RUN_COMMAND") else _TARGETS_AND_RATES
        reset = super().reset(values)
        left = {name: value for name, value in reset.items() if name in values or name not in kept}
        return {**left, **self.complete(values, {})}

    def is_same(self, values: Values, raw: Raw, ids: Mapping[str, str]) -> bool:
        """Whether type, document, targets and operation are the same."""
        raw = modernised(raw)
        if raw.get("TaskType") != self.declared_type(values) or not self._is_same_document(values, raw.get("TaskArn")):
            return False
        targets = {ids.get(str(one)) for one in values.get("window_targets") or ()}
        same = targets == set(_WINDOW_TARGETS.decode(raw.get("Targets")) or ())
        same = same and set(values.get("instance_ids") or ()) == set(_INSTANCES.decode(raw.get("Targets")) or ())
        return same and self._is_same_operation(values, raw)

    def _is_same_document(self, values: Values, arn: Any) -> bool:
        """Documents can be specified by name and by ARN."""
        declared = self._document(values)
        by_name = ("/" in str(declared)) != ("/" in str(arn)) and document_name(declared) == document_name(arn)
        return bool(declared) and (declared == arn or by_name)

    def _document(self, values: Values) -> Any:
        return values.get("task_arn")

    def _is_same_operation(self, values: Values, raw: Raw) -> bool:
        """Compared only for patch documents. A task without parameters, as CloudFormation can create, matches any."""
        stored = member(raw, f"{RUN_COMMAND}.Parameters.Operation")
        declared = (values.get("run_command.parameters") or {}).get("Operation")
        listed = declared if isinstance(declared, list) else [declared]
        return not (patches(raw) and stored and declared) or bool(stored == listed)
