# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and playbooks with exactly the documented policies, and a role without each of its actions, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.doors import door
from simulator import RUNNING, serving

from . import playbook_runs, recording
from .playbook_runs import RUNS
from .policies import known, policy_for
from .test_modules import KNOWS_UPDATES, REFUSED

# All use the same log, which takes long to record.
pytestmark = pytest.mark.xdist_group("roles")

Calls = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """The calls of all roles and playbooks, each with its policy in force."""
    with serving(*RUNNING) as endpoint:
        playbook_runs.arrange(endpoint, RUNS)
        door(endpoint, "policies", {run.account: policy_for(run.name) for run in RUNS})
        playbook_runs.run_all(endpoint, RUNS, tmp_path_factory.mktemp("plays"))
        yield door(endpoint, "log")


def test_the_documented_policies_are_enough(log: list[dict[str, Any]]) -> None:
    assert not [call["op"] for call in log if call["error"] in REFUSED]


@KNOWS_UPDATES
@pytest.mark.parametrize("kind", ["roles", "playbooks"])
def test_the_documented_actions_are_those_that_are_called(log: list[dict[str, Any]], kind: str) -> None:
    played = recording.of_plays(log, RUNS, kind)
    documented = known()
    if around := played.pop("patch_prerequisites", None):
        # It hands all of its variables to the module, of which the modules' own test shows each action.
        assert documented[kind].pop("patch_prerequisites") == documented["modules"]["patch_prerequisites"]
        assert around.all <= {
            action for actions in documented["modules"]["patch_prerequisites"].values() for action in actions
        }
    called = {
        name: {"read": sorted(actions.read - actions.write), "write": sorted(actions.write)}
        for name, actions in played.items()
    }

    assert called == documented[kind], "run tools/iam.py"
