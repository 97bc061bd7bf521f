# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared, with its defaults, and what is wrong with it whatever the account holds. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._resources.ownership import RESERVED_TAGS, is_reserved
from .buckets import Bucket
from .policies import Place, notification_policy, service_policy
from .resource import Resource
from .roles import Role
from .rules import Rule
from .topics import Topic

Params = Mapping[str, Any]
# In the order of creation: what others refer to comes first. Removal goes the other way.
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
# What the services accept as the name of a new resource; check mode sends none of them.
_ROLE_NAME = r"[A-Za-z0-9_+=,.@-]{1,64}"
_NAMES = {
    "service_role": _ROLE_NAME,
    "notification_role": _ROLE_NAME,
    "notification_topic": r"[A-Za-z0-9_-]{1,256}",
    "output_bucket": r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "events_rule": r"[A-Za-z0-9._-]{1,64}",
}
_NEEDED = {"AUTOMATION": "runbooks", "LAMBDA": "lambda_functions", "STEP_FUNCTIONS": "state_machines"}


@dataclass(frozen=True)
class Declared:
    """One declared resource. mode: C(present), C(absent), or C(existing) for one that is used as it is."""

    option: str
    options: dict[str, Any]
    mode: str

    @property
    def arn(self) -> str | None:
        """The ARN that is given."""
        return self.options.get("arn")


@dataclass(frozen=True)
class Declaration:
    """All declared resources by their options."""

    resources: dict[str, Declared]
    setup: str
    take_over: bool

    def mode(self, option: str) -> str | None:
        """The mode of a resource, None where it is not declared."""
        return self.resources[option].mode if option in self.resources else None

    def available(self, option: str) -> bool:
        """Whether the resource exists after the run."""
        return self.mode(option) in ("present", "existing")


def declare(params: Params) -> Declaration:
    """The declaration of the module's options."""
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
    """What is wrong with the options, all of it."""
    found = [text for declared in declaration.resources.values() for text in _of(declared, params[declared.option])]
    found += _references(declaration)
    if not declaration.setup:
        found.append("setup: is empty; give the name of the setup that owns the resources")
    if not declaration.resources:
        names = ", ".join(sorted(ORDER))
        found.append(f"nothing is declared; give at least one of {names}")
    return found


def _of(declared: Declared, given: Params) -> Iterator[str]:
    option = declared.option
    if bool(given.get("name")) == bool(given.get("arn")):
        yield f"{option}: give either name or arn"
    if given.get("name") and declared.mode == "present" and not re.fullmatch(_NAMES[option], given["name"]):
        yield f"{option}.name: {given['name']!r} is no name that AWS accepts here; it must match {_NAMES[option]}"
    if declared.mode == "existing" and given.get("state"):
        yield f"{option}.state: an existing resource is neither created nor removed; omit state, or arn and existing"
    for key in given.get("tags") or {}:
        if is_reserved(str(key)):
            yield f"{option}.tags: {key!r} begins with a reserved prefix ({', '.join(RESERVED_TAGS)}); use another key"
    if given.get("events") and given.get("detail_types"):
        yield f"{option}: events and detail_types exclude each other; give one of them"
    if (given.get("expiration_days") or 0) < 0:
        yield f"{option}.expiration_days: {given['expiration_days']} is negative; give 0 to keep the output"
    path = given.get("path")
    if path is not None and not (path.startswith("/") and path.endswith("/")):
        yield f"{option}.path: {path!r} must begin and end with a slash"
    if declared.mode == "present":
        yield from _task_types(option, given)
        yield from _data_sync(f"{option}.data_sync", declared.options)


def _data_sync(option: str, bucket: Params) -> Iterator[str]:
    data_sync = bucket.get("data_sync")
    if data_sync is None:
        return
    accounts, organization = data_sync.get("accounts"), data_sync.get("organization_id")
    if accounts and organization:
        yield f"{option}: accounts and organization_id exclude each other; give one of them"
    for account in accounts or ():
        if not re.fullmatch("[0-9]{12}", str(account)):
            yield f"{option}.accounts: {account!r} must have 12 digits; write it in quotes"
    if organization is not None and not re.fullmatch("o-[a-z0-9]{10,32}", organization):
        yield f"{option}.organization_id: {organization!r} is not an organization ID, such as o-exampleorgid"
    output, synced = bucket["prefix"].strip("/"), (data_sync.get("prefix") or "").strip("/")
    if not output or f"{synced}/".startswith(f"{output}/"):
        yield (
            f"{option}.prefix: {synced!r} lies below the prefix of the output, {output!r}, where nodes write and"
            " objects expire; give another one"
        )


def _task_types(option: str, given: Params) -> Iterator[str]:
    for task_type, needed in _NEEDED.items():
        if task_type in (given.get("task_types") or ()) and not given.get(needed):
            yield f"{option}.task_types: {task_type} needs {needed}; give them, or omit the task type"


def _references(declaration: Declaration) -> Iterator[str]:
    topic = "notification_topic"
    for option, verb in (("notification_role", "publishes"), ("events_rule", "sends")):
        if declaration.mode(option) == "present" and not declaration.available(topic):
            yield f"{option}: {verb} to the {topic}, which is not declared; declare it, with arn if it exists"
    key = _topic_key(declaration)
    if declaration.mode(topic) == "present" and declaration.available("events_rule") and "alias/aws/" in key:
        yield (
            f"{topic}.kms_key: EventBridge cannot publish to a topic under the AWS managed key {key}; give the key of"
            " your own whose policy allows events.amazonaws.com, or '' for no key"
        )


def _topic_key(declaration: Declaration) -> str:
    declared = declaration.resources.get("notification_topic")
    if declared is None:
        return ""
    default = "alias/aws/sns" if declared.mode == "present" else ""
    return str(declared.options.get("kms_key", default))


def resources_of(declaration: Declaration, place: Place) -> dict[str, Resource]:
    """The resources that a name identifies, in the order of their creation; those given by ARN are not among them."""
    return {
        option: _CLASSES[option](option, declared.options, place)
        for option, declared in declaration.resources.items()
        if not declared.arn
    }


def arns_of(declaration: Declaration, made: Mapping[str, Resource], found: Mapping[str, str]) -> dict[str, str]:
    """The ARNs of all that is declared. found: those of what exists, since an existing role may have any path."""
    return {
        option: declared.arn or found.get(option) or made[option].arn
        for option, declared in declaration.resources.items()
    }


def link(declaration: Declaration, made: Mapping[str, Resource], arns: Mapping[str, str], place: Place) -> None:
    """Give each resource what it needs of the others."""
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
