# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of patch_prerequisites: reads, plans and applies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import Api, Job, connect, run_jobs
from .._aws.errors import LOST_ANSWER, ApiError, InvalidDeclarationError, PatchingError, error_facts
from .._options.module import check_account, make_module
from .._options.option import ACCOUNT_ID
from .declaration import Declaration, arns_of, declare, link, resources_of, violations
from .options import OPTIONS
from .planner import Change, Plan, plan
from .policies import Place
from .resource import Apis, Call, Resource, Stored

_WORKERS = 5
# A bucket that received objects after it was read is kept, like one that contained objects before.
_NOT_EMPTY = "BucketNotEmpty"


def run_prerequisites() -> None:
    """The main function of the module."""
    module = make_module((*OPTIONS, ACCOUNT_ID))
    declaration = declare(module.params)
    try:
        if found := violations(module.params, declaration):
            raise InvalidDeclarationError(found)
        check_account(module)
        _run(module, declaration)
    except InvalidDeclarationError as error:
        module.fail_json(msg=str(error), changed=False, violations=error.violations)
    except PatchingError as error:
        module.fail_json(msg=f"{error} Nothing was written.", changed=False, **error_facts(error))


def _run(module: AnsibleAWSModule, declaration: Declaration) -> None:
    place = _place(module)
    made = resources_of(declaration, place)
    services = {service for resource in made.values() for service in resource.services}
    apis = {service: connect(module, _WORKERS, service) for service in sorted(services)}
    stored = _read(made, apis)
    found = {option: one.arn for option, one in stored.items() if one and declaration.mode(option) == "existing"}
    arns = arns_of(declaration, made, found)
    link(declaration, made, arns, place)
    planned = plan(declaration, made, stored)
    if planned.violations:
        raise InvalidDeclarationError(planned.violations)
    done = planned.changes
    if not module.check_mode:
        done = _apply(module, apis, planned)
    for text in planned.warnings:
        warn(text)
    module.exit_json(
        **_changes(module, planned, done),
        errors=[],
        not_attempted=[],
        prerequisites=_handed_out(declaration, arns, planned),
    )


def _place(module: AnsibleAWSModule) -> Place:
    identity = connect(module, 1, "sts").call("GetCallerIdentity")
    return Place(identity["Arn"].split(":")[1], identity["Account"], module.region)


def _read(made: Mapping[str, Resource], apis: Apis) -> dict[str, Stored | None]:
    stored: dict[str, Stored | None] = {}

    def job(option: str, resource: Resource) -> Job:
        def read() -> list[Job]:
            stored[option] = resource.read(apis)
            return []

        return read

    run_jobs([job(option, resource) for option, resource in made.items()], _WORKERS)
    return stored


def _apply(module: AnsibleAWSModule, apis: Apis, planned: Plan) -> list[Change]:
    """Make the changes one by one. A failure ends the run and reports what was done and what was not."""
    done: list[Change] = []
    for number, change in enumerate(planned.changes):
        begun: list[str] = []
        try:
            for call in change.calls:
                _write(apis[call.service], call)
                begun.append(call.operation)
        except ApiError as error:
            if error.code == _NOT_EMPTY:
                planned.warnings.append(f"The {change.title} received objects during this run, so it was kept.")
                planned.kept.add(change.option)
                continue
            if change.undo and len(begun) == 1 and _is_undone(apis, change.undo):
                begun = []
            _fail(module, planned, done, planned.changes[number:], begun, error)
        done.append(change)
    return done


def _is_undone(apis: Apis, undo: Call) -> bool:
    """Revert a creation. If that fails too, the creation is reported as completed."""
    try:
        _write(apis[undo.service], undo)
    except ApiError:
        return False
    return True


def _write(api: Api, call: Call) -> None:
    answer = api.call(call.operation, **call.request)
    # EventBridge reports rejected targets in a successful response.
    for entry in answer.get("FailedEntries") or []:
        code, message = entry.get("ErrorCode", "Unknown"), entry.get("ErrorMessage", "")
        raise ApiError(call.operation, code, message, None, call.service, refused=True)


def _fail(
    module: AnsibleAWSModule, planned: Plan, done: list[Change], left: list[Change], begun: list[str], error: ApiError
) -> None:
    first, *others = left
    text = f"{first.title} ({first.action}): {error}"
    if begun:
        text += f" {', '.join(begun)} completed before the failure; correct the cause and run again."
    if not error.refused:
        text += f" Note: {LOST_ANSWER}."
    if others:
        text += " Not attempted: " + ", ".join(change.title for change in others) + "."
    result = _changes(module, planned, done)
    result["changed"] = bool(done or begun or not error.refused)
    result["errors"] = [{**_facts(first), "message": str(error), "code": error.code, "request_id": error.request_id}]
    result["not_attempted"] = [_facts(change) for change in others]
    module.fail_json(msg=text, **result)


def _changes(module: AnsibleAWSModule, planned: Plan, done: list[Change]) -> dict[str, Any]:
    changes = [{**_facts(change), "fields": change.fields} for change in done]
    diff = {"diff": [change.diff() for change in planned.changes]} if module._diff else {}
    return {"changed": bool(done), "changes": changes, **diff}


def _facts(change: Change) -> dict[str, Any]:
    return {"kind": change.kind, "name": change.name, "action": change.action}


def _handed_out(declaration: Declaration, arns: Mapping[str, str], planned: Plan) -> dict[str, str | None]:
    """The values for the declaration of a setup. Null for resources that are not declared or were removed."""
    known = {
        option: arns[option]
        for option in declaration.resources
        if declaration.available(option) or option in planned.kept
    }
    bucket = known.get("output_bucket")
    options = declaration.resources["output_bucket"].options if bucket else {}
    return {
        "service_role_arn": known.get("service_role"),
        "notification_role_arn": known.get("notification_role"),
        "notification_topic_arn": known.get("notification_topic"),
        "output_bucket": bucket.rpartition(":")[2] if bucket else None,
        "output_bucket_arn": bucket,
        "output_prefix": options.get("prefix", "").strip("/") if bucket else None,
        "events_rule_arn": known.get("events_rule"),
    }
