# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads, plans and applies a declaration in the simulated account with the engine, without a module."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.client import Api
from ansible_collections.patchfleet.aws.plugins.module_utils._engine.apply import Outcome, apply_plan
from ansible_collections.patchfleet.aws.plugins.module_utils._engine.runner import read_and_plan
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import argument_spec
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.planning import Planning
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import setup
from ansible_collections.patchfleet.aws.plugins.module_utils._state.declaration import violations, whole_setup

from .account import REGION

_VALIDATOR = ArgumentSpecValidator(argument_spec(setup.OPTIONS))
WORKERS = 4


class Engine:
    """Plans and applies declarations with one client of the simulated account."""

    def __init__(self) -> None:
        self.api = Api(_client())

    def plan(self, **declared: Any) -> Planning:
        """The plan for a setup, which includes its violations."""
        validated = _VALIDATOR.validate(declared)
        assert not validated.error_messages, validated.error_messages
        declaration = whole_setup(validated.validated_parameters)
        found = violations(declaration, self.api.input_shape)
        planning = read_and_plan(self.api, declaration, WORKERS)
        planning.plan.violations[:0] = found
        return planning

    def apply(self, planning: Planning) -> Outcome:
        """Apply a plan."""
        return apply_plan(self.api, planning.plan, WORKERS)


@cache
def _client() -> Any:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client("ssm", region_name=REGION, **keys)
