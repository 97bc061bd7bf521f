# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration with its defaults, and its violations that do not depend on the account. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._options.limits import shown
from .buckets import Bucket
from .forms import form_mistakes, name_mistakes, setup_mistakes
from .policies import Place, notification_policy, service_policy
from .resource import Resource
from .roles import Role
from .rules import Rule
from .statements import sid_mistakes, statement_mistakes
from .topics import Topic

Params = Mapping[str, Any]
# The order of creation, in which resources precede those that refer to them. Removal uses the reverse order.
ORDER = ("notification_topic", "notification_role", "service_role", "output_bucket", "events_rule")
_DEFAULTS: dict[str, dict[str, Any]] = {
    "service_role": {
        "path": "/",
        "description": "Tasks of maintenance windows",
        "task_types": ["RUN_COMMAND"],
        "documents": ["AWS-RunPatchBaseline", "AWS-RunPatchBaselineWithHooks"],
        "runbooks": [],
        "lambda_functions": [],
        "state_machines": [],
        "pass_roles": [],
        "policy_statements": [],
    },
    "notification_role": {"path": "/", "description": "Notifications of commands"},
    "notification_topic": {},
    "output_bucket": {"prefix": "patching", "writer_roles": [], "expiration_days": 90},
    "events_rule": {
        "description": "Events of patching",
        "events": ["window", "command", "compliance"],
        "detail_types": [],
    },
}
_CLASSES: dict[str, type[Resource]] = {
    "service_role": Role,
    "notification_role": Role,
    "notification_topic": Topic,
    "output_bucket": Bucket,
    "events_rule": Rule,
}
# The option that each task type requires. Without it, a statement would have no resource, and IAM would reject it.
_NEEDED = {
    "RUN_COMMAND": "documents",
    "AUTOMATION": "runbooks",
    "LAMBDA": "lambda_functions",
    "STEP_FUNCTIONS": "state_machines",
}


@dataclass(frozen=True)
class Declared:
    """One declared resource. mode: C(present), C(absent), or C(existing) for a resource that is used unchanged."""

    option: str
    options: dict[str, Any]
    mode: str

    @property
    def arn(self) -> str | None:
        """The specified ARN."""
        return self.options.get("arn")


@dataclass(frozen=True)
class Declaration:
    """All declared resources by their options."""

    resources: dict[str, Declared]
    setup: str
    take_over: bool

    def mode(self, option: str) -> str | None:
        """The mode of a resource, or None if it is not declared."""
        return self.resources[option].mode if option in self.resources else None

    def available(self, option: str) -> bool:
        """Whether the resource exists after the run."""
        return self.mode(option) in ("present", "existing")


def declare(params: Params) -> Declaration:
    """The declaration in the options of the module."""
    resources = {}
    for option in ORDER:
        if params.get(option) is not None:
            given = {name: value for name, value in params[option].items() if value is not None}
            mode = _mode(given, params["state"])
            resources[option] = Declared(option, {**_DEFAULTS[option], **given, "state": mode}, mode)
    return Declaration(resources, params["setup"], params["take_over"])


def _mode(given: Params, state: str) -> str:
    if given.get("arn") or given.get("existing"):
        return "existing"
    return "absent" if state == "absent" else str(given.get("state", "present"))


def violations(params: Params, declaration: Declaration) -> list[str]:
    """All violations in the options."""
    found = [text for declared in declaration.resources.values() for text in _of(declared, params[declared.option])]
    found += _references(declaration)
    found += setup_mistakes(declaration.setup)
    if not declaration.resources:
        names = ", ".join(sorted(ORDER))
        found.append(f"no resources are declared; specify at least one of {names}")
    return found


def _of(declared: Declared, given: Params) -> Iterator[str]:
    option = declared.option
    if bool(given.get("name")) == bool(given.get("arn")):
        yield f"{option}: specify either name or arn"
    if given.get("name"):
        yield from name_mistakes(option, given["name"], declared.mode == "existing")
    if declared.mode == "existing" and given.get("state"):
        yield f"{option}.state: an existing resource is neither created nor removed; omit state, or arn and existing"
    if given.get("events") and given.get("detail_types"):
        yield f"{option}: events and detail_types are mutually exclusive; specify only one"
    if (given.get("expiration_days") or 0) < 0:
        yield f"{option}.expiration_days: {given['expiration_days']} must be at least 0; specify 0 to keep the output"
    if declared.mode != "present":
        yield from form_mistakes(option, given)
        return
    without_prefix = option == "output_bucket" and not declared.options["prefix"].strip("/ ")
    yield from form_mistakes(option, {**given, "prefix": None} if without_prefix else given)
    if without_prefix:
        yield (
            f"{option}.prefix: is empty, so all objects in the bucket would expire, and nodes could overwrite"
            " them; specify a prefix for the output"
        )
    yield from _task_types(option, declared.options)
    yield from _events(option, declared.options)
    yield from _data_sync(f"{option}.data_sync", declared.options)
    if statements := given.get("policy_statements"):
        yield from statement_mistakes(f"{option}.policy_statements", statements)
        yield from sid_mistakes(f"{option}.policy_statements", declared.options)


def _data_sync(option: str, bucket: Params) -> Iterator[str]:
    data_sync = bucket.get("data_sync")
    if data_sync is None:
        return
    if data_sync.get("accounts") and data_sync.get("organization_id"):
        yield f"{option}: accounts and organization_id are mutually exclusive; specify only one"
    output, synced = bucket["prefix"].strip("/"), (data_sync.get("prefix") or "").strip("/")
    if output and f"{synced}/".startswith(f"{output}/"):
        yield (
            f"{option}.prefix: {shown(synced)} is below the prefix of the output, {shown(output)}, where nodes"
            " write and objects expire; specify another prefix"
        )


def _events(option: str, rule: Params) -> Iterator[str]:
    if option == "events_rule" and not rule["events"] and not rule["detail_types"]:
        yield f"{option}.events: is empty, so the rule would send no events; specify events or detail_types"


def _task_types(option: str, role: Params) -> Iterator[str]:
    for task_type, needed in _NEEDED.items():
        if task_type in role.get("task_types", ()) and not role[needed]:
            yield f"{option}.task_types: {task_type} requires {needed}; specify {needed}, or omit the task type"


def _references(declaration: Declaration) -> Iterator[str]:
    topic = "notification_topic"
    for option, verb in (("notification_role", "publishes"), ("events_rule", "sends")):
        if declaration.mode(option) == "present" and not declaration.available(topic):
            yield (
                f"{option}: {verb} to the {topic}, which is not declared; declare it, or specify the arn of an"
                " existing topic"
            )
    key = _topic_key(declaration)
    if declaration.mode(topic) == "present" and declaration.available("events_rule") and "alias/aws/" in key:
        yield (
            f"{topic}.kms_key: EventBridge cannot publish to a topic under the AWS managed key {key}; specify a"
            f" customer managed key whose policy allows"
            " events.amazonaws.com, or '' for no key"
        )


def _topic_key(declaration: Declaration) -> str:
    declared = declaration.resources.get("notification_topic")
    if declared is None:
        return ""
    default = "alias/aws/sns" if declared.mode == "present" else ""
    return str(declared.options.get("kms_key", default))


def resources_of(declaration: Declaration, place: Place) -> dict[str, Resource]:
    """The resources that are declared by name, in the order of their creation, without those declared by ARN."""
    return {
        option: _CLASSES[option](option, declared.options, place)
        for option, declared in declaration.resources.items()
        if not declared.arn
    }


def arns_of(declaration: Declaration, made: Mapping[str, Resource], found: Mapping[str, str]) -> dict[str, str]:
    """The ARNs of all declared resources. found: the ARNs of existing ones, because roles can have any path."""
    return {
        option: declared.arn or found.get(option) or made[option].arn
        for option, declared in declaration.resources.items()
    }


def link(declaration: Declaration, made: Mapping[str, Resource], arns: Mapping[str, str], place: Place) -> None:
    """Set the ARNs and policies of each resource that depend on the others."""
    topic = arns.get("notification_topic", "")
    for option, resource in made.items():
        if isinstance(resource, Topic) and declaration.available("events_rule"):
            resource.rule_arn = arns["events_rule"]
        if isinstance(resource, Rule):
            resource.topic_arn = topic
        if isinstance(resource, Role) and declaration.mode(option) == "present":
            resource.policy = _policy(option, declaration, arns, place)


def _policy(option: str, declaration: Declaration, arns: Mapping[str, str], place: Place) -> dict[str, Any]:
    options = declaration.resources[option].options
    if option == "notification_role":
        return notification_policy(place, arns["notification_topic"], _topic_key(declaration))
    passed = list(options["pass_roles"])
    if declaration.available("notification_role") and "RUN_COMMAND" in options["task_types"]:
        passed.insert(0, arns["notification_role"])
    return service_policy(place, options, passed)
