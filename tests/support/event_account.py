# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with a declared window that failed on a node, and with a queue for its events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import yaml
from ansible_collections.patchfleet.aws.tests.support.doors import door
from simulator import in_step

from .ansible_commands import playbook as playbook_command

ACCOUNT = "111111111111"
REGION = "eu-west-1"
# The role of the controller, whose changes cause no events.
CONTROLLER = f"arn:aws:iam::{ACCOUNT}:role/patching"
QUEUE = "patchfleet-events"
DECLARED: dict[str, Any] = {
    "patching_setup": "fleet",
    "patching_baselines": [],
    "patching_windows": [
        {
            "name": "weekly",
            "schedule": "cron(0 2 ? * SUN *)",
            "duration": 4,
            "cutoff": 1,
            "targets": [{"name": "web", "patch_groups": ["web"]}],
            "patch_tasks": [{"name": "install", "operation": "Install", "window_targets": ["web"]}],
        }
    ],
}
NODE = {
    "InstanceId": "i-0fedcba9876543210",
    "OperatingSystem": "WINDOWS",
    "MissingCount": 2,
    "Failing": True,
    "Tags": {"PatchGroup": "web"},
}


class EventAccount:
    """The account. window_id, execution: its window, and the failed execution."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        self._endpoint = endpoint
        self.folder = folder
        host = {"aws_account_id": ACCOUNT, "aws_region": REGION, "aws_access_key": ACCOUNT, "aws_secret_key": "x"}
        others = {"aws_account_id": "222222222222", "aws_region": REGION}
        hosts = {"production": {**host, **DECLARED}, "other-account": others}
        connection = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        inventory = {"all": {"vars": connection, "hosts": hosts}}
        (folder / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        seed = {"regions": [{"account": ACCOUNT, "region": REGION, "fleet": {"nodes": [NODE]}}]}
        self._door("seed", seed)
        self._done("setup")
        self._done("event_queue", patch_events_own_roles=[CONTROLLER])
        self._door("clock", {"advance": 8 * 86400})
        window = self.client("ssm").describe_maintenance_windows()["WindowIdentities"][0]
        self.window_id = window["WindowId"]
        executions = self.client("ssm").describe_maintenance_window_executions(WindowId=self.window_id)
        self.execution = executions["WindowExecutions"][0]
        self._door("log", {})

    def client(self, service: str) -> Any:
        """A client for a service of the account."""
        credentials = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "x"}
        return boto3.client(service, region_name=REGION, endpoint_url=self._endpoint, **credentials)

    def play(self, playbook: str, *flags: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook of the collection in the account."""
        given = ["-e", json.dumps({"patch_hosts": "production", **variables})]
        return self.run([*playbook_command(), "-i", "inventory.yml", f"patchfleet.aws.{playbook}", *given, *flags])

    def put(self, kind: str, detail: dict[str, Any], source: str = "aws.ssm") -> None:
        """Send an event of this detail-type to EventBridge."""
        entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": "default"}
        assert self.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0

    def send(self, body: str) -> None:
        """Send a message directly to the queue."""
        self.client("sqs").send_message(QueueUrl=self.queue, MessageBody=body)

    def waiting(self) -> int:
        """The number of messages in the queue."""
        name = "ApproximateNumberOfMessages"
        answer = self.client("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=[name])
        return int(answer["Attributes"][name])

    @property
    def queue(self) -> str:
        """The URL of the queue."""
        return str(self.client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"])

    def calls(self) -> list[dict[str, Any]]:
        """The calls of Systems Manager so far."""
        return [call for call in door(self._endpoint, "log") if call["service"] == "ssm"]

    def _door(self, name: str, body: Any) -> None:
        door(self._endpoint, name, body)

    def run(self, command: list[str], **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the directory of the inventory, like the controller."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        env = {**in_step(self._endpoint), "PATH": path, "ANSIBLE_NOCOLOR": "1", "AWS_ACCESS_KEY_ID": ACCOUNT, **more}
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)

    def _done(self, playbook: str, **variables: Any) -> None:
        done = self.play(playbook, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
