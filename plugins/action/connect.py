# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Assumes the IAM role of a host and checks the account of its credentials.

This runs on the controller. For each host, a module would start a process that imports boto3, while all workers share
what the main process of Ansible has imported.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleBotocoreError
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.amazon.aws.plugins.plugin_utils.base import AWSPluginBase
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.client import Api, connect
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.errors import ApiError
from ansible_collections.patchfleet.aws.plugins.module_utils._options.limits import ACCOUNT_FORM

Result = dict[str, Any]
_SPEC: dict[str, Any] = {
    "role_arn": {},
    "external_id": {},
    "duration_seconds": {"type": "int"},
    "account_id": {},
    "where": {"default": ""},
}


class _Options(AWSPluginBase):
    """The options of the task, with the members of a module and of a plugin that clients are created from."""

    ansible_name = "patchfleet.aws.connect"

    def __init__(self, params: dict[str, Any]) -> None:
        self._params = params

    def get_options(self) -> dict[str, Any]:
        return self._params

    def fail_json(self, msg: str) -> None:
        self._do_fail(msg)

    def _do_fail(self, message: str) -> NoReturn:
        raise AnsibleActionFail(message)


class ActionModule(ActionBase):
    """The action."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Run the task. If it fails, C(reason) is the message without the advice."""
        result: Result = super().run(tmp, task_vars)
        judged = ArgumentSpecValidator({**aws_argument_spec(), **_SPEC}).validate(self._task.args)
        if judged.error_messages:
            raise AnsibleActionFail("; ".join(judged.error_messages))
        params = judged.validated_parameters
        where = f"{params['where']}: " if params["where"] else ""
        options = _Options(params)
        try:
            options.require_aws_sdk()
        except AnsibleBotocoreError as error:
            raise AnsibleActionFail(str(error)) from error
        api = connect(options, 1, "sts")
        try:
            found = _assumed(api, params) if params["role_arn"] else _own(api)
        except ApiError as error:
            msg = _not_assumed(params, error) if params["role_arn"] else str(error)
            return {**result, "failed": True, "msg": where + msg, "reason": str(error)}
        if params["account_id"] not in (None, found["account_id"]):
            reason = f"its credentials belong to account {found['account_id']}"
            return {
                **result,
                "failed": True,
                "msg": where + _wrong_account(params, found["account_id"]),
                "reason": reason,
            }
        # Hides the keys, but not the message of a failure as no_log does.
        return {**result, "changed": False, **found, "_ansible_no_log": "credentials" in found}


def _assumed(api: Api, params: dict[str, Any]) -> Result:
    """The temporary credentials of the role. The response contains the account, so that no other call is necessary."""
    optional = {"ExternalId": params["external_id"], "DurationSeconds": params["duration_seconds"]}
    given = {name: value for name, value in optional.items() if value}
    answer = api.get(
        "AssumeRole",
        "Credentials",
        "AssumedRoleUser",
        RoleArn=params["role_arn"],
        RoleSessionName="patchfleet",
        **given,
    )
    keys = answer["Credentials"]
    return {
        "account_id": answer["AssumedRoleUser"]["Arn"].split(":")[4],
        "credentials": {
            "access_key": keys["AccessKeyId"],
            "secret_key": keys["SecretAccessKey"],
            "session_token": keys["SessionToken"],
        },
    }


def _own(api: Api) -> Result:
    return {"account_id": api.get("GetCallerIdentity", "Account")["Account"]}


def _not_assumed(params: dict[str, Any], error: ApiError) -> str:
    return (
        f"The role {params['role_arn']} was not assumed, and nothing was read. {str(error).rstrip('.')}. Check that the"
        " role exists and trusts the account of your credentials. If it requires an external ID, check aws_external_id."
    )


def _wrong_account(params: dict[str, Any], found: str) -> str:
    wanted, role = params["account_id"], params["role_arn"]
    form = "" if ACCOUNT_FORM.fullmatch(wanted) else "An account ID has 12 digits; write it in quotes. "
    hint = (
        f"The assumed role is {role}."
        if role
        else "No role was assumed, because aws_role_arn is not set for this host."
    )
    return (
        f"The credentials belong to account {found}, but aws_account_id of this host is {wanted}. Nothing was read."
        f" {form}{hint}"
    )
