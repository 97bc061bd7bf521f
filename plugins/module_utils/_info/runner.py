# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of the info modules: options, and the violations that are found before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import Api, connect
from .._options.kind import Kind
from .._options.limits import blank_entries
from .._options.module import finish, make_module, refuse
from .._options.option import Option, Options
from .._resources import patch_baseline, window, window_target
from .baselines import BaselineReader
from .readers import WORKERS
from .windows import WindowReader

_MOST_RUNS = 100
_MOST_EXECUTIONS = 1000

WINDOW_OPTIONS: Options = (
    Option("names", "Only windows with these names.", type="list", elements="str"),
    Option("window_ids", "Only windows with these IDs.", type="list", elements="str"),
    Option("enabled", "V(true) returns only enabled windows, V(false) only disabled windows.", type="bool"),
    Option(
        "tags",
        "Only windows that have all of these tags, as a dictionary of tag keys and values. The tag"
        " C(patchfleet:setup) holds the name of the setup that owns a window.",
        type="dict",
    ),
    Option("instance_id", "Only windows with a target or task that selects this node, by ID (C(i-) or C(mi-))."),
    Option(
        "include",
        (
            "The details to return in addition to the windows.",
            "V(targets) and V(tasks) are also included in RV(windows[].declaration). V(next_runs) returns the times"
            " when AWS opens the window next. V(executions) returns the executions of the window with their tasks"
            " and invocations. AWS keeps executions for 30 days. The module also reads the names of the tasks.",
        ),
        type="list",
        elements="str",
        choices=("targets", "tasks", "next_runs", "executions"),
        default=[],
    ),
    Option(
        "next_run_count",
        f"The maximum number of next runs to return for each window, 1 to {_MOST_RUNS}.",
        type="int",
        default=5,
    ),
    Option(
        "execution_count",
        f"The maximum number of executions to return for each window, 1 to {_MOST_EXECUTIONS}, starting with the"
        " most recent.",
        type="int",
        default=10,
    ),
)
BASELINE_OPTIONS: Options = (
    Option("names", "Only baselines with these names.", type="list", elements="str"),
    Option("baseline_ids", "Only baselines with these IDs or ARNs.", type="list", elements="str"),
    Option(
        "owner",
        "The owner of the baselines: V(self) for baselines of this account, V(aws) for AWS-owned baselines, or"
        " V(all) for both.",
        choices=("self", "aws", "all"),
        default="self",
    ),
    Option("operating_system", "Only baselines for this operating system, as the API names it, such as V(WINDOWS)."),
    Option("default_only", "Only the default baseline of each operating system.", type="bool", default=False),
    Option(
        "include",
        (
            "The details to return in addition to the baselines. V(patch_groups) returns the patch groups that are"
            " registered with each baseline.",
            "V(effective_patches) returns all available patches, and whether the baseline approves them. AWS"
            " supports this only for Windows baselines. Expect a large result.",
        ),
        type="list",
        elements="str",
        choices=("patch_groups", "effective_patches"),
        default=[],
    ),
    Option(
        "as_override",
        "Also return RV(baselines[].override), the JSON document that you store at the URL for C(baseline_override).",
        type="bool",
        default=False,
    ),
)


def run_window_info() -> None:
    """The main function of ssm_maintenance_window_info."""
    module, api = _started(WINDOW_OPTIONS, _window_violations)
    reader = WindowReader(api, module.params)
    finish(module, lambda: ({"changed": False, "windows": reader.read()}, ()))


def run_baseline_info() -> None:
    """The main function of ssm_patch_baseline_info."""
    module, api = _started(BASELINE_OPTIONS, _baseline_violations)
    reader = BaselineReader(api, module.params)
    finish(module, lambda: ({"changed": False, "baselines": reader.read()}, reader.warnings()))


def _started(options: Options, check: Callable[[Api, Mapping[str, Any]], list[str]]) -> tuple[AnsibleAWSModule, Api]:
    """The module and its API. Options with violations end the module."""
    module = make_module(options)
    api = connect(module, WORKERS, is_lenient=True)
    refuse(module, check(api, module.params))
    return module, api


def _window_violations(_api: Api, params: Mapping[str, Any]) -> list[str]:
    found = _id_violations("window_ids", window.KIND, params) + blank_entries("names", params["names"])
    if params["instance_id"] is not None:
        found += [text.replace("instance_ids", "instance_id", 1) for text in _instance_violations(params)]
    for name, most in (("next_run_count", _MOST_RUNS), ("execution_count", _MOST_EXECUTIONS)):
        if not 1 <= params[name] <= most:
            found.append(f"{name}: {params[name]} must be from 1 to {most}")
    return found


def _instance_violations(params: Mapping[str, Any]) -> list[str]:
    return window_target.instance_id_violations([params["instance_id"]])


def _baseline_violations(api: Api, params: Mapping[str, Any]) -> list[str]:
    found = _id_violations("baseline_ids", patch_baseline.KIND, params) + blank_entries("names", params["names"])
    systems = api.input_shape("CreatePatchBaseline").members["OperatingSystem"].enum
    if params["operating_system"] is not None and params["operating_system"] not in systems:
        found.append(f"operating_system: {params['operating_system']!r} must be one of {', '.join(systems)}")
    return found


def _id_violations(option: str, kind: Kind, params: Mapping[str, Any]) -> list[str]:
    return [
        f"{option}: {one!r} is not a valid ID of a {kind.name}; to find it by name, specify names"
        for one in params[option] or ()
        if not kind.is_id(one)
    ]
