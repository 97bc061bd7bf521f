# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Command tasks that patch: options and rules. Pure functions.

Parameters of the documents: https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-aws-runpatchbaseline.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .._aws.structures import Raw, member
from .._options.codecs import ONE, PARAMETERS
from .._options.kind import Rule, TypeOf, Values
from .._options.option import Option
from .tasks import (
    DELIVERY_OPTIONS,
    HOOKS_DOCUMENT,
    PLAIN_DOCUMENT,
    RUN_COMMAND,
    SCANNING_DOCUMENTS,
    SHARED_OPTIONS,
    STATE,
    TaskKind,
    alarm_violations,
    bucket_violations,
    bucket_warnings,
    changed,
    document_name,
    given_target_violations,
    modernised,
    name_options,
    notification_violations,
    rate_violations,
    role_warnings,
)

HOOK_PARAMETERS = frozenset({"PreInstallHookDocName", "PostInstallHookDocName", "OnExitHookDocName"})
_PARAMETERS = f"{RUN_COMMAND}.Parameters"
_HOOKS = ("hooks.pre_install", "hooks.post_install", "hooks.on_exit")
_OVERRIDES = ("install_override_list", "baseline_override")
_NEW_NOTIFICATION = {"notification.events": ["Failed", "TimedOut"], "notification.type": "Command"}

PATCH_OPTIONS = (
    Option(
        "operation",
        "V(Scan) reports missing patches. V(Install) also installs them. Required to register a task.",
        choices=("Scan", "Install"),
        api=f"{_PARAMETERS}.Operation",
        codec=ONE,
        clearable=False,
    ),
    Option(
        "reboot_option",
        (
            "Whether nodes reboot after the installation: V(RebootIfNeeded) or V(NoReboot). With V(NoReboot), a"
            " node that needs a reboot is noncompliant until you reboot and scan it.",
            "A new task that installs gets V(RebootIfNeeded). So does a task that you change from V(Scan) to"
            " V(Install), if it has no value yet.",
        ),
        api=f"{_PARAMETERS}.RebootOption",
        codec=ONE,
    ),
    Option(
        "document",
        f"The name or ARN of the document that patches. A new task gets C({PLAIN_DOCUMENT}), or C({HOOKS_DOCUMENT})"
        " if you specify O(hooks). Another document must take the same parameters.",
        api="TaskArn",
    ),
    Option(
        "hooks",
        "The names or ARNs of documents to run before and after the installation. Mutually exclusive with"
        " O(install_override_list) and O(baseline_override). An empty dictionary removes the hooks.",
        type="dict",
        suboptions=(
            Option(
                "pre_install",
                "The document to run before the installation.",
                api=f"{_PARAMETERS}.PreInstallHookDocName",
                codec=ONE,
            ),
            Option(
                "post_install",
                "The document to run after the installation and before the reboot.",
                api=f"{_PARAMETERS}.PostInstallHookDocName",
                codec=ONE,
            ),
            Option(
                "on_exit",
                "The document to run at the end, whether or not the installation succeeded.",
                api=f"{_PARAMETERS}.OnExitHookDocName",
                codec=ONE,
            ),
        ),
    ),
    Option(
        "install_override_list",
        "The C(https://) or C(s3://) URL of a list of patches to install instead of the patches that the baseline"
        " approves. Mutually exclusive with O(hooks) and O(baseline_override).",
        api=f"{_PARAMETERS}.InstallOverrideList",
        codec=ONE,
    ),
    Option(
        "baseline_override",
        "The C(https://) or C(s3://) URL of patch baselines to use instead of the registered baseline. The"
        " compliance data of the node might not include the result. Mutually exclusive with O(hooks) and"
        " O(install_override_list).",
        api=f"{_PARAMETERS}.BaselineOverride",
        codec=ONE,
    ),
)
OPTIONS = (
    *name_options("patchfleet.aws.ssm_window_task"),
    *PATCH_OPTIONS,
    *SHARED_OPTIONS,
    *DELIVERY_OPTIONS,
    STATE,
)


def is_foreign(raw: Raw, document: str | None = None) -> bool:
    """Whether a stored task is not a patch task. document: the declared document.

    A listing contains only the type of a task, and a task from CloudFormation might store no operation.
    """
    if raw.get("TaskType") != "RUN_COMMAND":
        return True
    if document_name(raw.get("TaskArn")) in SCANNING_DOCUMENTS or raw.get("TaskArn") == document:
        return False
    return "TaskInvocationParameters" in raw and not member(raw, f"{_PARAMETERS}.Operation")


def completed(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The specified values with derived values: creation defaults, the document, and cleared exclusive options.

    before: stored option values, empty for a new task.
    """
    result = dict(values)
    if not before:
        result = {"document": PLAIN_DOCUMENT, "max_concurrency": "10%", "max_errors": "10%", "priority": 1, **result}
    result.update(_reboot_option(values, before))
    if any(values.get(hook) for hook in _HOOKS):
        result.update({name: "" for name in _OVERRIDES if before.get(name) and name not in values})
    for name, rival in zip(_OVERRIDES, reversed(_OVERRIDES), strict=True):
        if values.get(name):
            cleared = [other for other in (*_HOOKS, rival) if before.get(other) and other not in values]
            result.update(dict.fromkeys(cleared, ""))
    if values.get("notification.topic_arn") and not before.get("notification.topic_arn"):
        result = {**_NEW_NOTIFICATION, **result}
    if not values.get("document"):
        result.update(_document(result, {**before, **result}))
    return result


def _reboot_option(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, str]:
    """The reboot option of a task that is changed to Install or reset: the default of the document, made explicit.

    A task that already installs can have none, and a specified value is kept.
    """
    is_reset = "reboot_option" in values and values["reboot_option"] is None
    operation = values.get("operation") or before.get("operation")
    is_open = values.get("reboot_option", before.get("reboot_option")) is None
    begins = is_open and operation != before.get("operation")
    if operation == "Install" and (is_reset or begins):
        return {"reboot_option": "RebootIfNeeded"}
    return {"reboot_option": ""} if is_reset else {}


def _document(values: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """The document for the hooks, unless the user specified one. values: specified and derived values."""
    fitting = HOOKS_DOCUMENT if any(after.get(hook) for hook in _HOOKS) else PLAIN_DOCUMENT
    if after.get("document") not in ("", PLAIN_DOCUMENT, HOOKS_DOCUMENT):
        return {}
    if after.get("document") == HOOKS_DOCUMENT and not any(name in values for name in _HOOKS):
        return {}
    return {"document": fitting}


def given_violations(values: Mapping[str, Any]) -> list[str]:
    """Violations in the specified patch options, regardless of stored values."""
    found = given_target_violations(values)
    reboot = values.get("reboot_option")
    if reboot and reboot not in ("RebootIfNeeded", "NoReboot"):
        found.append(f"reboot_option: {reboot!r} must be one of RebootIfNeeded, NoReboot")
    given = [name for name in ("hooks", *_OVERRIDES) if any(v and k.startswith(name) for k, v in values.items())]
    if len(given) > 1:
        found.append(f"{', '.join(given)}: are mutually exclusive; specify only one")
    for name in _OVERRIDES:
        if values.get(name) and not re.fullmatch(r"https://.+|s3://[^/]+/.*[^/]", str(values[name])):
            found.append(f"{name}: {values[name]!r} must be an https:// URL or s3://bucket/key")
    return found


def document_violations(after: Mapping[str, Any]) -> list[str]:
    """The document must support hooks if they are specified."""
    if any(after.get(hook) for hook in _HOOKS) and after.get("document") == PLAIN_DOCUMENT:
        return [f"document: {PLAIN_DOCUMENT} does not support hooks; omit document, or specify {HOOKS_DOCUMENT}"]
    return []


def warnings(values: Mapping[str, Any]) -> list[str]:
    """Warnings about allowed options."""
    if values.get("baseline_override"):
        return ["baseline_override: AWS does not store the result in the compliance data; it shows only in the output"]
    return []


def _reboot_warnings(values: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    if values.get("reboot_option") == "" and after.get("operation") == "Install" and not after.get("reboot_option"):
        return ["reboot_option: is not set, so the document reboots nodes; specify NoReboot to prevent this"]
    return []


def _patches(raw: Raw) -> bool:
    """Whether the options can express all parameters that the task passes to its document."""
    given = PARAMETERS.normal(member(raw, _PARAMETERS)) or {}
    known = {str(option.api).rpartition(".")[2] for _name, option in KIND.managed() if _PARAMETERS in str(option.api)}
    return (
        raw.get("TaskType") == "RUN_COMMAND"
        and given.get("Operation") in (["Scan"], ["Install"])
        and set(given) <= known
        and all(len(values) == 1 for values in given.values())
    )


def _target_violations(values: Values, _before: Values, after: Values) -> list[str]:
    if after.get("window_targets") or after.get("instance_ids"):
        return rate_violations(values, {}, after)
    return ["window_targets: is missing; a patch task requires window_targets or instance_ids"]


def _operation_violations(_values: Values, before: Values, after: Values) -> list[str]:
    if not before or after.get("operation"):
        return []
    return ["operation: is missing, and the task has none; specify Scan or Install"]


class _PatchTask(TaskKind):
    def reset(self, values: Values) -> Values:
        """Whether a reset task has a reboot option depends on its operation, so it is null until that is known."""
        reset = super().reset(values)
        return reset if "reboot_option" in values else {**reset, "reboot_option": None}

    def complete(self, values: Values, before: Values) -> dict[str, Any]:
        """Defaults of a new task, the document, and cleared exclusive options."""
        return completed(values, before)

    def given_violations(self, values: Values, input_shape: Callable[[str], Any]) -> list[str]:
        """The rules of targets, hooks and overrides."""
        return given_violations(values)

    def warnings(self, given: Values, before: Values, after: Values) -> list[str]:
        """The bucket, roles, overrides, and reboots."""
        new = changed(given, before)
        return bucket_warnings(new) + role_warnings(new) + warnings(given) + _reboot_warnings(given, after)

    def refusal(self, raw: Raw, values: Values) -> str | None:
        """Whether the task with this name is not a patch task."""
        if not is_foreign(modernised(raw), values.get("document")):
            return None
        return (
            f"is a {raw.get('TaskType')} task of {raw.get('TaskArn')}, not a patch task; manage it with"
            f" ssm_window_task,"
            " or choose another name"
        )

    def expresses(self, raw: Raw) -> bool:
        """Whether the task patches, with parameters that are options."""
        return _patches(raw)

    def _document(self, values: Values) -> Any:
        return completed(values, {}).get("document")

    def _is_same_operation(self, values: Values, raw: Raw) -> bool:
        stored = member(raw, f"{_PARAMETERS}.Operation")
        if not stored:
            return document_name(raw.get("TaskArn")) in SCANNING_DOCUMENTS
        return bool(stored == [values.get("operation")])


KIND = _PatchTask(
    module="ssm_patch_task",
    in_setup=(
        "The patch tasks of the window, with the options of M(patchfleet.aws.ssm_patch_task) except C(window). Tasks"
        " that you do not list stay unchanged."
    ),
    options=OPTIONS,
    required=("name", "operation"),
    base={"TaskType": "RUN_COMMAND"},
    type=TypeOf("task_type", "TaskType", ("RUN_COMMAND",), fixed="RUN_COMMAND"),
    rules=(
        Rule(_operation_violations),
        Rule(_target_violations),
        Rule(lambda _values, _before, after: alarm_violations(after)),
        Rule(lambda _values, _before, after: notification_violations(after)),
        Rule(lambda _values, _before, after: document_violations(after)),
        Rule(lambda values, before, _after: bucket_violations(changed(values, before))),
    ),
)
