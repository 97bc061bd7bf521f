# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of all modules that write: read, plan, apply unless in check mode, return.

C(changed), the diff and the result are derived from the plan, so that check mode and a run always agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import Api, Job, connect, run_jobs
from .._aws.errors import ApiError, InvalidDeclarationError, PatchingError, error_facts
from .._aws.text import printable
from .._options.kind import Kind
from .._options.module import check_account, make_module
from .._options.option import ACCOUNT_ID, Options, nested
from .._planners import owners
from .._planners.changes import Change, known_id
from .._planners.planning import Answer, Planning
from .._planners.setup import plan_setup
from .._resources import patch_baseline, patch_filters
from .._resources.register import IN_WINDOWS, KINDS
from .._state.declaration import Declaration, Entry, Params, single, violations, whole_setup
from .._state.read import read_account, read_properties, read_tags
from .apply import Failure, Outcome, apply_plan, finished, not_attempted

# The number of concurrent API calls for one resource, which never requires more reads at once.
_FEW = 4


@dataclass
class Run:
    """One run: the plan, and its result (empty in check mode)."""

    planning: Planning
    outcome: Outcome

    def resolved(self, change: Change) -> dict[str, Any]:
        """A change in the format of the result."""
        told = {
            "kind": change.kind,
            "name": change.name,
            "id": known_id(self.outcome.resolve(change.id)),
            "action": change.action,
            "fields": change.fields,
        }
        return {**told, "window": change.window} if change.window else told


def run_single(kind: Kind) -> None:
    """The main function of the module for one resource of a kind."""
    options = (*kind.parent_options, *kind.options, ACCOUNT_ID)
    module = make_module(options, required_one_of=[["name", kind.id_option]])

    def answer(run: Run) -> dict[str, Any]:
        entries = [entry for entry in run.planning.declaration.entries() if entry.declared]
        return {kind.name: _answer(run, entries[0])}

    _run(module, partial(single, kind), answer, _FEW)


def run_setup(options: Options) -> None:
    """The main function of the module for a whole setup."""
    module = make_module(options)
    _run(module, whole_setup, _setup_answer, max(module.params["concurrency"], 1))


def _run(
    module: AnsibleAWSModule,
    declare: Callable[[Params], Declaration],
    answer: Callable[[Run], dict[str, Any]],
    workers: int,
) -> None:
    api = connect(module, workers)
    try:
        check_account(module)
        planning = _plan(api, declare(module.params), workers, module.check_mode)
        for warning in planning.plan.warnings:
            # Some releases of AnsibleAWSModule.warn also pass warnings to exit_json, which ansible-core deprecates.
            warn(printable(warning))
        outcome = Outcome() if module.check_mode else apply_plan(api, planning.plan, workers)
        run = Run(planning, outcome)
        if not module.check_mode:
            _refresh_facts(api, run, workers)
        _finish(module, run, answer)
    except InvalidDeclarationError as error:
        module.fail_json(msg=str(error), changed=False, violations=error.violations)
    except PatchingError as error:
        module.fail_json(msg=f"{error} Nothing was written.", changed=False, **error_facts(error))


def _plan(api: Api, declaration: Declaration, workers: int, check_mode: bool) -> Planning:
    found = violations(declaration, api.input_shape)
    if found and not declaration.whole:
        raise InvalidDeclarationError(found)
    try:
        planning = read_and_plan(api, declaration, workers)
    except ApiError as error:
        if found:
            raise InvalidDeclarationError(found) from error
        raise
    if check_mode:
        planning.plan.warnings += planning.missing
    else:
        planning.plan.violations += planning.missing
    if found or planning.plan.violations:
        raise InvalidDeclarationError(found + planning.plan.violations)
    return planning


def read_and_plan(api: Api, declaration: Declaration, workers: int) -> Planning:
    """Read and plan, then check the owners of everything that the plan changes, and its filter values."""
    account = read_account(api, declaration, workers)
    planning = plan_setup(declaration, account, api.input_shape)
    unread = owners.unread(planning)
    read_tags(api, account, unread, workers)
    planning = owners.with_owners(planning, frozenset(unread))
    listings = read_properties(api, patch_filters.needed_properties(planning.filters), workers)
    planning.plan.violations += patch_filters.filter_violations(planning.filters, listings.values)
    planning.plan.warnings += patch_filters.filter_warnings(planning.filters)
    planning.plan.warnings += [
        f"Filter values of {one.name} for {one.system} are not checked before they are written: {reason}"
        for one, reason in listings.unread.items()
    ]
    return planning


def _refresh_facts(api: Api, run: Run, workers: int) -> None:
    """Read the dates and next executions of written resources. Their options are known from the plan."""
    touched = {id(change) for change in run.outcome.touched}
    changed = {run.outcome.resolve(change.id) for change in run.planning.plan.changes if id(change) in touched}

    def job(entry: Entry, answer: Answer, resource_id: str) -> Job:
        kind = entry.kind

        def read() -> list[Job]:
            # The write is complete and reported. Facts that cannot be read stay unknown.
            try:
                answer.facts = kind.facts(api.call(kind.get, **{kind.id_member: resource_id}))
            except ApiError as error:
                unread.append(f"{entry.title} was written, but its dates could not be read: {error}")
            return []

        return read

    unread: list[str] = []
    jobs = []
    # The results of targets and tasks contain no dates.
    for entry in [one for entries in run.planning.declaration.resources.values() for one in entries if one.kind.get]:
        answer = run.planning.answers.get(entry)
        resource_id = known_id(run.outcome.resolve(answer.id)) if answer else None
        if answer and resource_id in changed and resource_id and not patch_baseline.is_aws_owned(resource_id):
            jobs.append(job(entry, answer, resource_id))
    run_jobs(jobs, workers)
    for text in unread:
        warn(printable(text))


def _finish(module: AnsibleAWSModule, run: Run, answer: Callable[[Run], dict[str, Any]]) -> None:
    plan, outcome = run.planning.plan, run.outcome
    changes = plan.changes if module.check_mode else finished(plan, outcome)
    result: dict[str, Any] = {"changed": bool(changes or outcome.touched)}
    if module._diff:
        result["diff"] = [change.diff() for change in plan.changes]
    if run.planning.declaration.whole:
        result["changes"] = [run.resolved(change) for change in changes]
        result["errors"], result["not_attempted"] = [], []
        # Ansible would repeat all options, most of which are not specified.
        result["invocation"] = {"module_args": _only_given(module.params)}
    if outcome.failures:
        _fail(module, run, result)
    else:
        module.exit_json(**result, **answer(run))


def _only_given(value: Any) -> Any:
    """Options without null values, at every depth."""
    if isinstance(value, dict):
        return {name: _only_given(entry) for name, entry in value.items() if entry is not None}
    return [_only_given(entry) for entry in value] if isinstance(value, list) else value


def _fail(module: AnsibleAWSModule, run: Run, result: dict[str, Any]) -> None:
    plan, outcome = run.planning.plan, run.outcome
    missed = not_attempted(plan, outcome)
    result["errors"] = [_error(run, failure) for failure in outcome.failures]
    result["not_attempted"] = [_missed(run, change, obstacles) for change, obstacles in missed]
    texts = [failure.text() for failure in outcome.failures]
    by_reason: dict[str, list[str]] = {}
    for change, obstacles in missed:
        by_reason.setdefault(_reason(obstacles), []).append(change.title)
    texts += [
        f"Not attempted{f', because {reason}' if reason else ''}: {', '.join(titles)}."
        for reason, titles in by_reason.items()
    ]
    module.fail_json(msg=printable(" ".join(texts)), **result)


def _missed(run: Run, change: Change, obstacles: list[str]) -> dict[str, Any]:
    told = run.resolved(change)
    missed: dict[str, Any] = {key: told[key] for key in ("kind", "name", "window", "action") if key in told}
    return {**missed, "reason": _reason(obstacles)}


def _reason(obstacles: list[str]) -> str:
    return f"{', '.join(obstacles)} failed" if obstacles else ""


def _error(run: Run, failure: Failure) -> dict[str, Any]:
    change, error = failure.change, failure.error
    told = {name: value for name, value in run.resolved(change).items() if name != "fields"}
    return {
        **told,
        "message": failure.text(),
        "code": error.code if isinstance(error, ApiError) else None,
        "request_id": error.request_id if isinstance(error, ApiError) else None,
    }


def _answer(run: Run, entry: Entry) -> dict[str, Any] | None:
    """The result of one declared resource. Null if it is absent."""
    found = run.planning.answers.get(entry)
    if found is None or entry.absent:
        return None
    parent = {} if found.parent is None else {"window_id": run.outcome.resolve(found.parent)}
    own_id = {entry.kind.id_option: run.outcome.resolve(found.id)}
    return {**nested(found.values), **parent, **own_id, **found.facts}


def _setup_answer(run: Run) -> dict[str, Any]:
    declaration = run.planning.declaration
    return {name: _answers(run, kind, declaration.of(kind)) for name, kind in KINDS.items()}


def _answers(run: Run, kind: Kind, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The results of the entries of a kind, with their contents."""
    answers = []
    for entry in entries:
        if entry.kind is kind and (answer := _answer(run, entry)) is not None:
            inside = IN_WINDOWS.items() if kind.contents else ()
            answers.append({**answer, **{name: _answers(run, inner, entry.contents) for name, inner in inside}})
    return answers
