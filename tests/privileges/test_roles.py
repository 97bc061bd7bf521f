# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and playbooks with exactly the documented policies, and a role without each of its actions, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, Account
from botocore.exceptions import ClientError
from simulator import REGION, STILL, serving

from . import playbook_runs, recording
from .playbook_runs import ABSENT, AROUND, EXISTING, OTHER_AROUND, RUNS, UNBOUND, Run
from .policies import known, policy, policy_for, without
from .test_modules import KNOWS_UPDATES, REFUSED

Calls = list[tuple[str, dict[str, Any]]]

# What some modules of amazon.aws and community.aws do without where it is refused; the outcome is the same.
DONE_WITHOUT = {
    "iam:GetRolePolicy",
    "iam:ListAccountAliases",
    "iam:ListRolePolicies",
    "s3:GetAccelerateConfiguration",
    "s3:GetBucketAcl",
    "s3:GetBucketLogging",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketRequestPayment",
    "s3:GetBucketVersioning",
    "s3:GetInventoryConfiguration",
    "sns:ListTagsForResource",
}
# S3 gives no reason where it refuses a HEAD request; the module of the topic tries another listing, and names that one.
NAMED_OTHERWISE = {
    "s3:ListBucket": "(permission denied): An error occurred (403) when calling the HeadBucket operation",
    "sns:ListSubscriptionsByTopic": "to perform: sns:ListSubscriptions on resource",
}
AROUND_ACTIONS = known()["roles"]["patch_prerequisites"]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """The calls of all roles and playbooks, each with its policy in force."""
    with serving(*STILL) as endpoint:
        playbook_runs.arrange(endpoint, RUNS)
        playbook_runs.door(endpoint, "policies", {run.account: policy_for(run.name) for run in RUNS})
        playbook_runs.run_all(endpoint, RUNS, tmp_path_factory.mktemp("plays"))
        yield playbook_runs.logged(endpoint)


def test_the_documented_policies_are_enough(log: list[dict[str, Any]]) -> None:
    assert not [call["op"] for call in log if call["error"] in REFUSED]


@KNOWS_UPDATES
@pytest.mark.parametrize("kind", ["roles", "playbooks"])
def test_the_documented_actions_are_those_that_are_called(log: list[dict[str, Any]], kind: str) -> None:
    called = {
        name: {"read": sorted(actions.read - actions.write), "write": sorted(actions.write)}
        for name, actions in recording.of_plays(log, RUNS, kind).items()
    }

    assert called == known()[kind], "run tools/iam.py"


def _calls(folder: Path, run: Run) -> list[Calls]:
    """What the role tells modules, for each time that it runs."""
    told = []
    with serving(*STILL) as endpoint:
        playbook_runs.arrange(endpoint, [run])
        for number, given in enumerate(run.given):
            path = folder / f"{number}.calls"
            done = playbook_runs.perform(endpoint, folder, run.plays([given]), MODULE_CALLS_FILE=str(path))
            assert not done.returncode, done.stdout
            told.append([tuple(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()])
    return told


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Run, list[Calls]]]:
    """What the role patch_prerequisites tells modules: from the beginning to the end, and for what others made."""
    runs = {
        "own": ([AROUND, EXISTING, OTHER_AROUND, {**AROUND, **ABSENT}], []),
        "others'": ([UNBOUND, {**AROUND, **ABSENT}], playbook_runs.OTHERS),
    }
    found = {}
    for name, (given, before) in runs.items():
        run = Run("roles", "patch_prerequisites", given, before=before, account=ACCOUNT)
        found[name] = (run, _calls(tmp_path_factory.mktemp("calls"), run))
    return found


@pytest.mark.parametrize("action", [*AROUND_ACTIONS["read"], *AROUND_ACTIONS["write"]])
def test_the_role_patch_prerequisites_without_an_action(
    surroundings: dict[str, tuple[Run, list[Calls]]], action: str
) -> None:
    """It stops where the action is missing and names it; with the action, it goes on from there."""
    missed = []
    for run, told in surroundings.values():
        with recording.account("lenient") as account:
            playbook_runs.prepare(run)
            missed += [_misses(account, calls, action) for calls in told]

    assert any(missed) or action in recording.OF_BUCKETS


def _misses(account: Account, calls: Calls, action: str) -> bool:
    account.simulator.set_policies({"*": without(policy("prerequisites"), action)})
    account.clear_log()
    failed = _run(account, calls)
    refused = [call["op"] for call in account.simulator.log() if call["error"] in REFUSED]
    if not refused:
        assert not failed, failed
        return False
    if failed or action not in DONE_WITHOUT:
        assert NAMED_OTHERWISE.get(action, f"to perform: {action} on resource") in failed
    account.simulator.set_policies({"*": policy("prerequisites")})
    assert not _run(account, calls)
    return True


def _run(account: Account, calls: Calls) -> str:
    """Run modules until one fails, as a role does; gives its message, or the error that it lets through."""
    for module, args in calls:
        try:
            result = account.outcome(module, **{**args, "region": REGION})
        except (ClientError, AnsibleAWSError) as error:
            return str(error)
        if result.get("failed"):
            return str(result["msg"])
    return ""
