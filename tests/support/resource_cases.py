# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for one resource as cases of the same tests: the resources that they require, and option values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.patchfleet.aws.plugins.module_utils._options.kind import Kind, same
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import Option, Options
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import (
    patch_baseline,
    patch_task,
    tasks,
    window,
    window_target,
    window_task,
)
from ssmsim import model

from .account import Account
from .checked_runs import BLOCKS

Args = dict[str, Any]
REFUSED = object()
INSTANCES = ("i-0123456789abcdef0", "i-0123456789abcdef1")
ROLES = ("arn:aws:iam::123456789012:role/one", "arn:aws:iam::123456789012:role/two")
TOPICS = ("arn:aws:sns:eu-central-1:123456789012:one", "arn:aws:sns:eu-central-1:123456789012:two")
PROD = {"name": "prod", "schedule": "cron(0 2 ? * TUE#2 *)", "duration": 4, "cutoff": 1}


@dataclass(frozen=True)
class Alteration:
    """Two values of one option, declared one after the other.

    base: further arguments of the creation, or None for those of the case. along: further arguments with the second
    value. field: the field of the result, if it differs from the option. also: fields that change with it. on_clear:
    fields that change if it is cleared. cleared: the result after an empty value, or REFUSED if that is an error.
    """

    first: Any
    second: Any
    base: Args | None = None
    along: Args = field(default_factory=dict)
    field: str | None = None
    also: tuple[str, ...] = ()
    on_clear: tuple[str, ...] = ()
    cleared: Any = None


@dataclass(frozen=True)
class ResourceCase:
    """A module for one resource. where: its window. base: the arguments of a creation, without the window.

    elsewhere: options that are not properties of the resource, with the test of each.
    """

    module: str
    result: str
    kind: Kind
    options: Options
    base: Args
    alterations: Mapping[str, Alteration]
    elsewhere: Mapping[str, str]
    where: Args = field(default_factory=dict)

    def known(self, name: str) -> bool:
        """Whether the installed botocore is new enough for an option."""
        top = str(dict(leaves(self.options))[name].api or "").partition(".")[0]
        requests = [
            model.shape(str(model.input_shape(operation))) for operation in (self.kind.create, self.kind.update)
        ]
        return not top or any(top in request["members"] for request in requests)

    @property
    def identity(self) -> Args:
        """The arguments that identify the resource."""
        return {**self.where, "name": self.base["name"]}

    def prepare(self, account: Account) -> None:
        """Create the resources that the resource requires."""
        if not self.where:
            return
        window = {"Schedule": PROD["schedule"], "Duration": 4, "Cutoff": 1, "AllowUnassociatedTargets": False}
        where = account.by_hand("CreateMaintenanceWindow", Name="prod", **window)
        for name, key, values in (
            ("web", "tag:PatchGroup", ["Web"]),
            ("dbs", "tag:PatchGroup", ["Db"]),
            ("ids", "InstanceIds", list(INSTANCES)),
        ):
            if self.kind.name == "task":
                target = {"Name": name, "ResourceType": "INSTANCE", "Targets": [{"Key": key, "Values": values}]}
                account.by_hand("RegisterTargetWithMaintenanceWindow", **where, **target)

    def creation(self, alteration: Alteration | None = None) -> Args:
        """The arguments that create the resource."""
        own = self.base if alteration is None or alteration.base is None else alteration.base
        return {**self.where, **own}


def leaves(options: Options, prefix: str = "") -> Iterator[tuple[str, Option]]:
    """Every option of a module, including the suboptions of dictionaries and of list entries."""
    for option in options:
        name = prefix + option.name
        if not option.suboptions or option.type != "dict":
            yield name, option
        yield from leaves(option.suboptions, f"{name}.")


def block(name: str, value: Any) -> Args:
    """The argument of a dotted option, such as C(alarm.name), which is a dictionary."""
    head, _dot, rest = name.partition(".")
    return {head: block(rest, value) if rest else value}


def arguments(name: str, value: Any) -> Args:
    """The argument of an option. Lists are always specified as a whole."""
    head = name.partition(".")[0]
    return block(name, value) if head in BLOCKS else {head: value}


def joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> Args:
    """Merged arguments, including dictionaries."""
    result = dict(one)
    for name, value in other.items():
        inner = result.get(name)
        result[name] = joined(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result


def shown(answer: Mapping[str, Any], name: str) -> Any:
    """The field of a result with a dotted name."""
    value: Any = answer
    for part in name.split("."):
        value = None if value is None else value[part]
    return value


def means(options: Options, name: str, one: Any, other: Any) -> bool:
    """Whether two values of a field are the same to the service."""
    option = dict(leaves(options)).get(name)
    if option and option.api:
        return same(option, one, other)
    return bool(one == other)


_RULE = {"filters": {"CLASSIFICATION": ["Security"]}, "approve_after_days": 7}
_LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
_WINDOWS = {"name": "windows", "operating_system": "WINDOWS"}
_SOURCE = {"name": "extra", "products": ["AmazonLinux2023.1"], "configuration": "[extra]\nenabled=1"}
_STEERING = {
    "take_over": "test_a_resource_of_another_setup_is_left_alone",
    "state": "test_the_whole_life",
    "purge_tags": "test_tags_are_purged_only_where_asked",
}
_NAMED = {"name": "test_renamed_by_id"}


def _rule(**changes: Any) -> list[Args]:
    rule = {**_RULE, **changes}
    return [{name: value for name, value in rule.items() if value is not None}]


def _rules(first: Args, second: Args) -> Alteration:
    return Alteration(_rule(**first), _rule(**second), field="approval_rules")


def _sources(**second: Any) -> Alteration:
    return Alteration([_SOURCE], [{**_SOURCE, **second}], field="sources")


WINDOW = ResourceCase(
    "ssm_maintenance_window",
    "window",
    window.KIND,
    window.OPTIONS,
    PROD,
    {
        "description": Alteration("one", "two"),
        "schedule": Alteration("cron(0 2 ? * TUE#2 *)", "rate(7 days)", cleared=REFUSED),
        "schedule_timezone": Alteration("Europe/Berlin", "America/New_York"),
        "schedule_offset": Alteration(2, 3),
        "start_date": Alteration("2027-01-01T00:00:00Z", "2027-02-01T00:00:00+01:00"),
        "end_date": Alteration("2028-01-01T00:00:00Z", "2028-02-01T00:00:00-05:00"),
        "duration": Alteration(4, 6),
        "cutoff": Alteration(1, 0),
        "allow_unassociated_targets": Alteration(True, False),
        "enabled": Alteration(False, True),
        "setup": Alteration("one", "two", along={"take_over": True}),
        "tags": Alteration({"Env": "prod", "Team": "a"}, {"Env": "test"}, cleared={}),
    },
    {**_STEERING, **_NAMED, "window_id": "test_renamed_by_id"},
)
TARGET = ResourceCase(
    "ssm_window_target",
    "target",
    window_target.KIND,
    window_target.OPTIONS,
    {"name": "servers", "patch_groups": ["Web"]},
    {
        "description": Alteration("one", "two"),
        "owner_information": Alteration("one", "two"),
        "patch_groups": Alteration(["Web", "Db"], ["Db", "App"], field="targets", cleared=REFUSED),
        "patch_group_key": Alteration(
            "PatchGroup", "Patch Group", along={"patch_groups": ["Web"]}, field="targets", cleared=REFUSED
        ),
        "instance_tags": Alteration(
            {"Env": "prod"}, {"Env": ["prod", "test"]}, {"name": "servers"}, field="targets", cleared=REFUSED
        ),
        "tag_keys": Alteration(["Patched"], ["Patch"], {"name": "servers"}, field="targets", cleared=REFUSED),
        "instance_ids": Alteration(
            [INSTANCES[0]], [INSTANCES[1]], {"name": "servers"}, field="targets", cleared=REFUSED
        ),
        "resource_group": Alteration("one", "two", {"name": "servers"}, field="targets", cleared=REFUSED),
        "resource_types": Alteration(
            ["AWS::EC2::Instance"],
            ["AWS::SSM::ManagedInstance"],
            {"name": "servers", "resource_group": "one"},
            {"resource_group": "one"},
            field="targets",
            cleared=REFUSED,
        ),
        "targets": Alteration(
            [{"key": "tag:A", "values": ["1"]}, {"key": "tag:B", "values": ["2"]}],
            [{"key": "tag:B", "values": ["2"]}],
            {"name": "servers"},
            cleared=REFUSED,
        ),
        "targets.key": Alteration(
            [{"key": "tag:A", "values": ["1"]}],
            [{"key": "tag:B", "values": ["1"]}],
            {"name": "servers"},
            field="targets",
        ),
        "targets.values": Alteration(
            [{"key": "tag:A", "values": ["1"]}],
            [{"key": "tag:A", "values": ["1", "2"]}],
            {"name": "servers"},
            field="targets",
        ),
    },
    {
        **_NAMED,
        "window_target_id": "test_renamed_by_id",
        "state": "test_the_whole_life",
        "force": "test_a_used_target_is_kept_unless_forced",
    },
    {"window": "prod"},
)
_COMMAND = {
    "comment": Alteration("one", "two"),
    "timeout_seconds": Alteration(60, 120),
    "document_version": Alteration("$LATEST", "1", cleared="$DEFAULT"),
    "output_s3_bucket": Alteration("logs-one", "logs-two"),
    "output_s3_prefix": Alteration("one", "two"),
    "cloudwatch_output": Alteration(True, False),
    "cloudwatch_log_group": Alteration("one", "two"),
}
_TASK = {
    "description": Alteration("one", "two"),
    "window_targets": Alteration(["web", "ids"], ["ids", "dbs"], cleared=REFUSED),
    "max_concurrency": Alteration("1", "50%", cleared=REFUSED),
    "max_errors": Alteration("1", "0", cleared=REFUSED),
    "priority": Alteration(0, 5),
    "service_role_arn": Alteration(*ROLES),
    "cutoff_behavior": Alteration("CANCEL_TASK", "CONTINUE_TASK", cleared="CONTINUE_TASK"),
}
_TASK_ELSEWHERE = {**_NAMED, "window_task_id": "test_renamed_by_id", "state": "test_the_whole_life"}


def _task_alterations(base: Args, prefix: str = "") -> dict[str, Alteration]:
    """Alterations of the options that all tasks share. prefix: the dictionary of the command's options."""
    targetless = {name: value for name, value in base.items() if name != "window_targets"}
    alarmed = {**base, "alarm": {"name": "one"}}
    notified = joined(base, block(f"{prefix}notification", {"topic_arn": TOPICS[0], "role_arn": ROLES[0]}))
    hashed = joined(base, block(f"{prefix}document_hash_type", "Sha256"))
    with_hash = joined(base, block(f"{prefix}document_hash", "a" * 64))
    defaults = {"notification.events": ["Failed", "TimedOut"], "notification.type": "Command"}
    return {
        **_TASK,
        **{prefix + name: alteration for name, alteration in _COMMAND.items()},
        "instance_ids": Alteration([INSTANCES[0]], [INSTANCES[1]], targetless, cleared=REFUSED),
        "alarm.name": Alteration("one", "two", cleared=REFUSED),
        "alarm.ignore_poll_failure": Alteration(True, False, alarmed),
        f"{prefix}document_hash": Alteration("a" * 64, "b" * 64, hashed),
        f"{prefix}document_hash_type": Alteration("Sha256", "Sha1", with_hash),
        f"{prefix}notification.topic_arn": Alteration(*TOPICS, notified, cleared=REFUSED),
        f"{prefix}notification.role_arn": Alteration(*ROLES, notified, cleared=REFUSED),
        f"{prefix}notification.events": Alteration(["All"], defaults["notification.events"], notified),
        f"{prefix}notification.type": Alteration("Invocation", "Command", notified),
    }


_INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"]}
PATCH_TASK = ResourceCase(
    "ssm_patch_task",
    "task",
    patch_task.KIND,
    patch_task.OPTIONS,
    _INSTALL,
    {
        **_task_alterations(_INSTALL),
        "operation": Alteration("Install", "Scan", cleared=REFUSED),
        "reboot_option": Alteration("NoReboot", "RebootIfNeeded"),
        "document": Alteration("Custom-One", "Custom-Two", cleared=tasks.PLAIN_DOCUMENT),
        "hooks.pre_install": Alteration("Hook-One", "Hook-Two", on_clear=("document",)),
        "hooks.post_install": Alteration("Hook-One", "Hook-Two", on_clear=("document",)),
        "hooks.on_exit": Alteration("Hook-One", "Hook-Two", on_clear=("document",)),
        "install_override_list": Alteration("s3://bucket/one", "https://example.com/two"),
        "baseline_override": Alteration("s3://bucket/one", "https://example.com/two"),
    },
    _TASK_ELSEWHERE,
    {"window": "prod"},
)
_SCRIPT = {
    "name": "script",
    "task_type": "RUN_COMMAND",
    "task_arn": "AWS-RunShellScript",
    "window_targets": ["web"],
    "run_command": {"parameters": {"commands": ["uptime"]}, "output_s3_bucket": "logs"},
}
_AUTOMATION = {"name": "script", "task_type": "AUTOMATION", "task_arn": "AWS-RestartEC2Instance"}
_RUNBOOK = {**_AUTOMATION, "automation": {"parameters": {"InstanceId": "i-1"}}}
_FUNCTION = {
    "name": "script",
    "task_type": "LAMBDA",
    "task_arn": "arn:aws:lambda:eu-central-1:123456789012:function:one",
}
_MACHINE = {
    "name": "script",
    "task_type": "STEP_FUNCTIONS",
    "task_arn": "arn:aws:states:eu-central-1:123456789012:stateMachine:one",
}
WINDOW_TASK = ResourceCase(
    "ssm_window_task",
    "task",
    window_task.KIND,
    window_task.OPTIONS,
    _SCRIPT,
    {
        **_task_alterations(_SCRIPT, "run_command."),
        "task_arn": Alteration("AWS-RunShellScript", "Custom", cleared=REFUSED),
        "run_command.parameters": Alteration(
            {"commands": ["one"], "workingDirectory": "/tmp"}, {"commands": "two", "workingDirectory": ["/tmp"]}
        ),
        "automation.document_version": Alteration("$LATEST", "2", _RUNBOOK, cleared="$DEFAULT"),
        "automation.parameters": Alteration(
            {"InstanceId": "{{TARGET_ID}}"},
            {"InstanceId": ["i-1"]},
            _AUTOMATION,
        ),
        "lambda_function.payload": Alteration({"a": 1, "b": [2]}, '{"a": 2}', _FUNCTION),
        "lambda_function.client_context": Alteration("e30=", "e319", _FUNCTION),
        "lambda_function.qualifier": Alteration("1", "2", _FUNCTION),
        "step_functions.input": Alteration('{"a": 1}', {"a": 2}, _MACHINE),
        "step_functions.name": Alteration("one", "two", _MACHINE),
    },
    {**_TASK_ELSEWHERE, "task_type": "test_another_type_replaces_the_task"},
    {"window": "prod"},
)
BASELINE = ResourceCase(
    "ssm_patch_baseline",
    "baseline",
    patch_baseline.KIND,
    patch_baseline.OPTIONS,
    _LINUX,
    {
        "description": Alteration("one", "two"),
        "approval_rules": Alteration(_rule(), [*_rule(), *_rule(approve_after_days=0)]),
        "approval_rules.filters": _rules({}, {"filters": {"PRODUCT": "*", "SEVERITY": ["Critical"]}}),
        "approval_rules.approve_after_days": _rules({}, {"approve_after_days": 0}),
        "approval_rules.approve_until_date": _rules(
            {}, {"approve_after_days": None, "approve_until_date": "2026-02-02"}
        ),
        "approval_rules.compliance_level": _rules({"compliance_level": "HIGH"}, {"compliance_level": "LOW"}),
        "approval_rules.enable_non_security": _rules({"enable_non_security": True}, {}),
        "global_filters": Alteration({"PRODUCT": ["*"]}, {"PRODUCT": ["AmazonLinux2023"], "SEVERITY": "Critical"}),
        "approved_patches": Alteration(["one", "two"], ["two", "three"]),
        "approved_patches_compliance_level": Alteration("HIGH", "LOW", cleared="UNSPECIFIED"),
        "approved_patches_enable_non_security": Alteration(True, False),
        "rejected_patches": Alteration(["one", "two"], ["two", "three"]),
        "rejected_patches_action": Alteration("BLOCK", "ALLOW_AS_DEPENDENCY", cleared="ALLOW_AS_DEPENDENCY"),
        "sources": Alteration([_SOURCE], [_SOURCE, {**_SOURCE, "name": "more"}]),
        "sources.name": _sources(name="other"),
        "sources.products": _sources(products=["AmazonLinux2023.1", "AmazonLinux2023.2"]),
        "sources.configuration": _sources(configuration="[extra]\nenabled=0"),
        "available_security_updates_compliance_status": Alteration("NON_COMPLIANT", "COMPLIANT", _WINDOWS),
        "setup": Alteration("one", "two", along={"take_over": True}),
        "tags": Alteration({"Env": "prod", "Team": "a"}, {"Env": "test"}, cleared={}),
        "patch_groups": Alteration(["Db", "Web"], ["App", "Db"], cleared=[]),
        "default": Alteration(True, False),
    },
    {
        **_STEERING,
        **_NAMED,
        "baseline_id": "test_renamed_by_id",
        "operating_system": "test_another_operating_system_recreates_the_baseline_only_where_asked",
        "recreate": "test_another_operating_system_recreates_the_baseline_only_where_asked",
        "purge_patch_groups": "test_groups_are_purged_only_where_asked",
        "move_patch_groups": "test_a_group_of_another_baseline_is_moved_only_where_asked",
    },
)
RESOURCE_CASES = (WINDOW, TARGET, PATCH_TASK, WINDOW_TASK, BASELINE)
