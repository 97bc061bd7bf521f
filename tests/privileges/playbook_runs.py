# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and playbooks with what they are told, so that they call all that they can call.

A new one is an entry in RUNS.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
from ansible_collections.patchfleet.aws.tests.faults import transitions
from simulator import CHECKOUT, REGION, in_step

from .module_cases import ACCOUNT, FLEET, NOTIFICATION, NOW, WHOLE, Args

_COMMAND = CHECKOUT / "tests" / "support" / "playbook_command.py"
_NUMBERS = itertools.count(840000000001)


@dataclass(frozen=True)
class Run:
    """A role or playbook in an account of its own. given: variables, run by run. predicted: then, in check mode.

    before: calls by others, by service and method of boto3. seed: what is there, as the simulator's seeds tell it.
    """

    kind: str
    name: str
    given: Sequence[Args]
    predicted: Sequence[Args] = ()
    before: Sequence[tuple[str, str, Args]] = ()
    seed: Args = field(default_factory=dict)
    account: str = field(default_factory=lambda: str(next(_NUMBERS)))

    def plays(self, given: Sequence[Args]) -> list[dict[str, Any]]:
        """The plays that run it with these variables."""
        if self.kind == "playbooks":
            keys = {"aws_access_key": self.account, "aws_secret_key": "secret"}
            return [
                {"name": self.name, "import_playbook": f"patchfleet.aws.{self.name}", "vars": {**keys, **one}}
                for one in given
            ]
        tasks = [
            {"name": self.name, "include_role": {"name": f"patchfleet.aws.{self.name}"}, "vars": one} for one in given
        ]
        play = {"name": self.name, "hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": tasks}
        known = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "account_id": self.account}
        return [{**play, "vars": known, "environment": {"AWS_ACCESS_KEY_ID": self.account}}] if tasks else []


def patching(declared: Mapping[str, Any], **more: Any) -> Args:
    """Variables of the role patching."""
    return {f"patching_{name}": value for name, value in {**declared, **more}.items()}


SETUPS = [WHOLE, transitions.changed(), transitions.replaced(), transitions.fewer(), transitions.gone()]
SINGLE = [
    {name: value for name, value in one.items() if name not in ("prune", "setup")} for one in (SETUPS[0], SETUPS[4])
]
_SEED = {
    "windows": [
        {
            "Name": "prod",
            "Schedule": "rate(7 days)",
            "Duration": 4,
            "Cutoff": 1,
            "AllowUnassociatedTargets": False,
            "Tags": [{"Key": "patchfleet:setup", "Value": "mine"}],
            "Targets": [
                {"Name": "web", "ResourceType": "INSTANCE", "Targets": [{"Key": "tag:PatchGroup", "Values": ["web"]}]}
            ],
            "Tasks": [
                {
                    "Name": "install",
                    "TaskType": "RUN_COMMAND",
                    "TaskArn": "AWS-RunPatchBaseline",
                    "Targets": [{"Key": "WindowTargetIds", "Values": ["web"]}],
                    "MaxConcurrency": "1",
                    "MaxErrors": "1",
                    "TaskInvocationParameters": {"RunCommand": {"Parameters": {"Operation": ["Install"]}}},
                }
            ],
        }
    ],
    "baselines": [
        {
            "Name": "linux",
            "OperatingSystem": "AMAZON_LINUX_2023",
            "PatchGroups": ["web"],
            "Default": True,
            "Tags": [{"Key": "patchfleet:setup", "Value": "mine"}],
        }
    ],
}
NOTIFIED = {name: value.replace(ACCOUNT, "{{ aws_access_key }}") for name, value in NOTIFICATION.items()}
# The clock of the simulator runs as fast as that of the controller.
_AT_ONCE = {"scan_seconds": 1, "install_seconds": 1, "spread": 0}
_BY_ROLE = {"aws_role_arn": "arn:aws:iam::{{ aws_access_key }}:role/patching-controller"}

AROUND: Args = {
    "patch_prerequisites_service_role": {"name": "patching-windows", "tags": {"team": "a"}},
    "patch_prerequisites_notification_role": {"name": "patching-notifications"},
    "patch_prerequisites_notification_topic": {"name": "patching", "kms_key": "alias/patching", "tags": {"team": "a"}},
    "patch_prerequisites_output_bucket": {
        "name": "patching-output-{{ account_id }}",
        "writer_roles": ["web-nodes"],
        "tags": {"team": "a"},
    },
    "patch_prerequisites_events_rule": {"name": "patching-events"},
}
OTHER_AROUND: Args = {
    "patch_prerequisites_service_role": {
        "name": "patching-windows",
        "description": "other",
        "task_types": ["RUN_COMMAND", "AUTOMATION"],
        "runbooks": ["AWS-PatchInstanceWithRollback"],
        "tags": {"owner": "b"},
        "permissions_boundary": "arn:aws:iam::{{ account_id }}:policy/bound",
    },
    "patch_prerequisites_notification_role": {"name": "patching-notifications"},
    "patch_prerequisites_notification_topic": {
        "name": "patching",
        "display_name": "Patching",
        "kms_key": "",
        "tags": {"owner": "b"},
    },
    "patch_prerequisites_output_bucket": {
        "name": AROUND["patch_prerequisites_output_bucket"]["name"],
        "kms_key": "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555",
        "tags": {"owner": "b"},
        "expiration_days": 7,
    },
    "patch_prerequisites_events_rule": {"name": "patching-events", "description": "other", "events": ["window"]},
}
UNBOUND: Args = {
    **AROUND,
    "patch_prerequisites_service_role": {**AROUND["patch_prerequisites_service_role"], "permissions_boundary": ""},
}
EXISTING: Args = {name: {"name": declared["name"], "existing": True} for name, declared in AROUND.items()}
ABSENT: Args = {"patch_prerequisites_state": "absent"}

# Things of these names that others made, and added to.
_OTHER_ROLE = {"RoleName": "patching-windows"}
_OTHER_TOPIC = f"arn:aws:sns:{REGION}:{{account}}:patching"
_EXTRA = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}]}'
OTHERS: list[tuple[str, str, Args]] = [
    (
        "iam",
        "create_role",
        {**_OTHER_ROLE, "AssumeRolePolicyDocument": "{}", "PermissionsBoundary": "arn:aws:iam::{account}:policy/bound"},
    ),
    ("iam", "create_policy", {"PolicyName": "extra", "PolicyDocument": _EXTRA}),
    ("iam", "attach_role_policy", {**_OTHER_ROLE, "PolicyArn": "arn:aws:iam::{account}:policy/extra"}),
    ("iam", "create_instance_profile", {"InstanceProfileName": "patching-windows"}),
    ("iam", "add_role_to_instance_profile", {**_OTHER_ROLE, "InstanceProfileName": "patching-windows"}),
    ("sns", "create_topic", {"Name": "patching"}),
    ("sns", "subscribe", {"TopicArn": _OTHER_TOPIC, "Protocol": "email", "Endpoint": "operations@example.com"}),
]

RUNS = [
    Run("roles", "patching", [patching(one) for one in SETUPS], [patching(WHOLE)]),
    Run("roles", "patching", [patching(one, apply="each") for one in SINGLE]),
    Run("roles", "patch_prerequisites", [AROUND, EXISTING, OTHER_AROUND], [AROUND, {**AROUND, **ABSENT}]),
    Run("roles", "patch_prerequisites", [], [AROUND]),
    Run("roles", "patch_prerequisites", [UNBOUND, {**AROUND, **ABSENT}], before=OTHERS),
    Run("playbooks", "setup", [{**patching(WHOLE), **_BY_ROLE}, *(patching(one) for one in SETUPS[1:4])]),
    Run("playbooks", "teardown", [{**patching({"setup": "mine"}), **_BY_ROLE}], seed=_SEED),
    Run(
        "playbooks",
        "patch_now",
        [
            {
                **{f"patch_now_{name}": value for name, value in NOW.items()},
                "patch_now_notification": NOTIFIED,
                **_BY_ROLE,
            }
        ],
        seed={"fleet": FLEET},
    ),
    Run("playbooks", "compliance_report", [_BY_ROLE], seed={**_SEED, "fleet": FLEET}),
    Run("roles", "patch_report", [{}], seed={**_SEED, "fleet": FLEET}),
    Run("playbooks", "export", [_BY_ROLE], seed=_SEED),
]


def prepare(run: Run, endpoint: str | None = None) -> None:
    """Make the calls of others, in this process if there is no endpoint."""
    keys = {"aws_access_key_id": run.account, "aws_secret_access_key": "secret", "region_name": REGION}
    for service, method, request in run.before:
        known = {name: value.replace("{account}", run.account) for name, value in request.items()}
        getattr(boto3.client(service, endpoint_url=endpoint, **keys), method)(**known)


def door(endpoint: str, name: str, body: Any = None) -> None:
    """Use a door of the simulator."""
    urlopen(f"{endpoint}/_sim/{name}", json.dumps(body).encode()).close()


def logged(endpoint: str) -> list[dict[str, Any]]:
    """The calls so far."""
    with urlopen(f"{endpoint}/_sim/log") as answer:
        log: list[dict[str, Any]] = json.load(answer)
    return log


def arrange(endpoint: str, runs: Sequence[Run]) -> None:
    """Make what is there before; windows have run for two months."""
    for run in runs:
        prepare(run, endpoint)
    regions = [{"account": run.account, "region": REGION, **run.seed} for run in runs if run.seed]
    door(endpoint, "seed", {"commands": _AT_ONCE, "regions": regions})
    door(endpoint, "clock", {"advance": 60 * 86400})
    door(endpoint, "log")


def perform(
    endpoint: str, folder: Path, plays: Sequence[dict[str, Any]], *flags: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run plays in a folder, where they may leave files."""
    book = folder / "playbook_runs.json"
    book.write_text(json.dumps(plays), encoding="utf-8")
    command = [sys.executable, "-P", str(_COMMAND), "-i", "localhost,", *flags, str(book)]
    env = {**in_step(endpoint), **settings}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def run_all(endpoint: str, runs: Sequence[Run], folder: Path) -> None:
    """Run all that they are given, then predict. Raises RuntimeError with the output of a run that failed."""
    given = [one for run in runs for one in run.plays(run.given)]
    predicted = [one for run in runs for one in run.plays(run.predicted)]
    for plays, flags in ((given, []), (predicted, ["--check"])):
        done = perform(endpoint, folder, plays, *flags) if plays else None
        if done and done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
