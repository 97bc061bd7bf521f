# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts and ends a module: validates the format of its options, checks the account, and returns the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.module_utils import basic
from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule, aws_argument_spec

from .._aws.client import connect
from .._aws.errors import InvalidDeclarationError, PatchingError, error_facts
from .._aws.text import printable
from .limits import ACCOUNT_FORM, ACCOUNT_RULE
from .mistakes import describe_mistakes, find_mistakes
from .option import Options, argument_spec
from .results import LocalModule, Readable


class AWSModule(Readable, AnsibleAWSModule):
    """A module that calls AWS, whose results are readable."""


class WrongAccountError(PatchingError):
    """The credentials do not belong to the specified account."""


def make_module(options: Options, **constraints: Any) -> AnsibleAWSModule:
    """The module object for these options. The module fails with all errors in their format at once.

    Args:
        options: The options of the module, without the connection options.
        constraints: Further arguments of AnsibleModule, such as C(required_one_of).
    """
    spec = argument_spec(options)
    given = _given()
    if given is not None and (found := find_mistakes({**aws_argument_spec(), **spec}, given, constraints)):
        # Accepts all values unchanged, so that this module can report the errors.
        loose = {name: {"type": "raw", "no_log": spec.get(name, {}).get("no_log", False)} for name in given}
        module = LocalModule({**loose, **aws_argument_spec()}, supports_check_mode=True)
        # A misspelt option can contain a secret, and the result would show the options.
        module.params = {}
        module.fail_json(msg=describe_mistakes(found), changed=False)
    return AWSModule(argument_spec=spec, supports_check_mode=True, **constraints)


def _given() -> Mapping[str, Any] | None:
    """The arguments of the task. ansible-core provides this function for modules that inspect them first.

    None if ansible-test imports the module to read its options.
    """
    params = basic._load_params()
    return params and {name: value for name, value in params.items() if not name.startswith("_ansible_")}


def check_account(module: AnsibleAWSModule) -> None:
    """Check the account of the credentials if C(account_id) is specified. Raises PatchingError for another account."""
    wanted = module.params["account_id"]
    if wanted is None:
        return
    # A template that found nothing must not disable the check.
    if not ACCOUNT_FORM.fullmatch(wanted):
        raise InvalidDeclarationError([f"account_id: {wanted!r} {ACCOUNT_RULE}"])
    found = connect(module, 1, "sts").get("GetCallerIdentity", "Account")["Account"]
    if found != wanted:
        raise WrongAccountError(
            f"account_id: the credentials belong to account {found}, not to {wanted}. Nothing was read. Check the"
            f" profile, the keys or the assumed role."
        )


def refuse(module: AnsibleAWSModule, found: list[str]) -> None:
    """End an info module with the violations of its options, if any."""
    if found:
        module.fail_json(msg=printable("; ".join(found)), violations=found)


def finish(module: AnsibleAWSModule, read: Callable[[], tuple[dict[str, Any], Iterable[str]]]) -> None:
    """End an info module with its result and warnings, or with the error.

    read: can write the file C(dest), which an OSError refers to.
    """
    try:
        answer, warnings = read()
    except PatchingError as error:
        module.fail_json(msg=str(error), **error_facts(error))
    except OSError as error:
        module.fail_json(msg=f"dest: {module.params['dest']!r} cannot be written and was not changed: {error}")
    for text in warnings:
        warn(printable(text))
    module.exit_json(**answer)
