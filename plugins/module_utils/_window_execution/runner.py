# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of ssm_window_execution_info.

The action plugin waits on the controller instead, with one call of the module for each read, so that it can show
progress.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.common.warnings import warn

from .._aws.client import connect
from .._aws.errors import PatchingError, error_facts
from .._aws.text import printable
from .._info.readers import WORKERS
from .._options.module import make_module, refuse
from .._schedules import clock
from .options import OPTIONS, violations
from .reader import NOTHING, Answer, ExecutionReader
from .waiting import Look, chosen, follow, lateness, next_opening


def run_window_execution_info() -> None:
    """The main function of ssm_window_execution_info."""
    module = make_module(OPTIONS)
    refuse(module, violations(module.params))
    look: Look = ExecutionReader(connect(module, WORKERS, is_lenient=True)).look
    answer = NOTHING
    try:
        for seen in _looks(look, module.params, module.check_mode):
            answer = seen
    except PatchingError as error:
        module.fail_json(msg=str(error), **answer, **error_facts(error))
    module.exit_json(changed=False, **answer)


def _looks(look: Look, params: Mapping[str, Any], check_mode: bool) -> Iterator[Answer]:
    if not params["wait"]:
        yield look(params["window"], params["window_execution_id"])
    elif check_mode:
        yield from _predicted(look, params)
    else:
        yield from follow(look, params)


def _predicted(look: Look, params: Mapping[str, Any]) -> Iterator[Answer]:
    """The execution that a run would follow, or none if it would wait for the next one."""
    first = look(params["window"], params["window_execution_id"])
    answer = chosen(first, params)
    yield answer
    if answer["execution"] is None and (late := lateness(first, next_opening(first, params), params, clock.now())):
        warn(printable(f"A run that starts now fails. {late}"))
