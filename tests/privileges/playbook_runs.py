# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and playbooks with what they are told, so that they call all that they can call.

A new one is an entry in RUNS.
"""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.patchfleet.aws.tests.faults import transitions
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import playbook as playbook_command
from ansible_collections.patchfleet.aws.tests.support.doors import door
from simulator import REGION, in_step

from .module_cases import ACCOUNT, BOUNDARY, FLEET, NOTIFICATION, NOW, SILENT, WHOLE, Args
from .module_cases import AROUND as SURROUNDINGS

_NUMBERS = itertools.count(840000000001)


@dataclass(frozen=True)
class Run:
    """A role or playbook in an account of its own. given: variables, run by run. predicted: then, in check mode.

    seed: what is there, as the simulator's seeds tell it.
    """

    kind: str
    name: str
    given: Sequence[Args]
    predicted: Sequence[Args] = ()
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
                {"Name": "web", "ResourceType": "INSTANCE", "Targets": [{"Key": "tag:PatchGroup", "Values": ["web"]}]},
                {
                    "Name": "nobody",
                    "ResourceType": "INSTANCE",
                    "Targets": [{"Key": "tag:PatchGroup", "Values": ["nobody"]}],
                },
                {
                    "Name": "group",
                    "ResourceType": "RESOURCE_GROUP",
                    "Targets": [{"Key": "resource-groups:Name", "Values": ["web"]}],
                },
            ],
            "Tasks": [
                {
                    "Name": "install",
                    "TaskType": "RUN_COMMAND",
                    "TaskArn": "AWS-RunPatchBaseline",
                    "Targets": [{"Key": "WindowTargetIds", "Values": ["web"]}],
                    "MaxConcurrency": "1",
                    "MaxErrors": "1",
                    "CutoffBehavior": "CANCEL_TASK",
                    "TaskInvocationParameters": {
                        "RunCommand": {"Parameters": {"Operation": ["Install"]}, "TimeoutSeconds": 86400}
                    },
                },
                {
                    "Name": "idle",
                    "TaskType": "RUN_COMMAND",
                    "TaskArn": "AWS-RunPatchBaseline",
                    "Targets": [{"Key": "WindowTargetIds", "Values": ["nobody"]}],
                    "MaxConcurrency": "1",
                    "MaxErrors": "1",
                    "TaskInvocationParameters": {"RunCommand": {"Parameters": {"Operation": ["Scan"]}}},
                },
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
# Beside the nodes that the window patches, one that nobody patches, and one that the cutoff finds waiting.
REPORTED = {
    **FLEET,
    "nodes": [
        *FLEET["nodes"],
        {"InstanceId": "i-0fedcba9876543210", "OperatingSystem": "WINDOWS", "MissingCount": 2, "Failing": True},
        SILENT,
    ],
}
_OF_GROUPS = {"patch_report_scope": {"patch_groups": ["web"]}}
NOTIFIED = {name: value.replace(ACCOUNT, "{{ aws_access_key }}") for name, value in NOTIFICATION.items()}
# The clock of the simulator runs as fast as that of the controller.
_AT_ONCE = {"scan_seconds": 1, "install_seconds": 1, "spread": 0}
_BY_ROLE = {"aws_role_arn": "arn:aws:iam::{{ aws_access_key }}:role/patchfleet-controller"}

AROUND: Args = {f"patch_prerequisites_{name}": declared for name, declared in SURROUNDINGS.items()}
for _role in ("patch_prerequisites_service_role", "patch_prerequisites_notification_role"):
    AROUND[_role] = {**AROUND[_role], "permissions_boundary": BOUNDARY.replace(ACCOUNT, "{{ account_id }}")}
# The name of a bucket is global, and each run has an account of its own.
AROUND["patch_prerequisites_output_bucket"] = {
    **SURROUNDINGS["output_bucket"],
    "name": "patching-output-{{ account_id }}",
}
EXISTING: Args = {name: {"name": declared["name"], "existing": True} for name, declared in AROUND.items()}
ABSENT: Args = {"patch_prerequisites_state": "absent"}

RUNS = [
    Run("roles", "patching", [patching(one) for one in SETUPS], [patching(WHOLE)]),
    Run("roles", "patching", [patching(one, apply="each") for one in SINGLE]),
    Run("roles", "patch_prerequisites", [AROUND, EXISTING], [AROUND, {**AROUND, **ABSENT}]),
    Run("roles", "patch_prerequisites", [], [AROUND]),
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
    Run("playbooks", "compliance_report", [_BY_ROLE, _OF_GROUPS], seed={**_SEED, "fleet": REPORTED}),
    Run("roles", "patch_report", [{}, _OF_GROUPS], seed={**_SEED, "fleet": REPORTED}),
    Run("playbooks", "export", [_BY_ROLE], seed=_SEED),
    Run("playbooks", "forecast", [_BY_ROLE], seed={**_SEED, "fleet": REPORTED}),
    Run(
        "playbooks", "watch", [{"watch_window": "prod", "watch_last": True, **_BY_ROLE}], seed={**_SEED, "fleet": FLEET}
    ),
]


def arrange(endpoint: str, runs: Sequence[Run]) -> None:
    """Make what is there before; windows have run for two months."""
    regions = [{"account": run.account, "region": REGION, **run.seed} for run in runs if run.seed]
    door(endpoint, "seed", {"commands": _AT_ONCE, "regions": regions})
    door(endpoint, "clock", {"advance": 60 * 86400})
    door(endpoint, "log", {})


def perform(
    endpoint: str, folder: Path, plays: Sequence[dict[str, Any]], *flags: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run plays in a folder, where they may leave files."""
    book = folder / "playbook_runs.json"
    book.write_text(json.dumps(plays), encoding="utf-8")
    command = [*playbook_command(), "-i", "localhost,", *flags, str(book)]
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
