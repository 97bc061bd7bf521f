# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account in which every text is an attack, read and written by playbooks: nothing of it runs on the controller."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import playbook
from simulator import in_step

REGION = "eu-central-1"
CALL = "lookup('pipe', 'touch {effect}')"
FORMS = {
    "plain": "{{ " + CALL + " }}",
    "header": "#jinja2:variable_start_string:'[[', variable_end_string:']]'\n[[ " + CALL + " ]]",
    "statement": "{% set x = " + CALL + " %}",
    "escape": "\x1b]0;owned\x07\x1b[2J{{ " + CALL + " }}",
    "direction": "\u202e{{ " + CALL + " }}\u2028x",
    "vault": "$ANSIBLE_VAULT;1.1;AES256\n6162 {{ " + CALL + " }}",
}
TAG = {"Key": "a\u2028b: c", "Value": "1e3\u2029- x:\u00a0y"}


@dataclass
class Attacked:
    """An account, a folder, and the file that appears when one of its texts is executed."""

    endpoint: str
    folder: Path
    ssm: Any
    texts: dict[str, str]

    @property
    def effect(self) -> Path:
        return self.folder / "effect"

    def play(self, *command: str) -> str:
        """Run a playbook that must succeed, and execute nothing; gives what it showed."""
        settings = {**in_step(self.endpoint), "ANSIBLE_NOCOLOR": "1", "AWS_REGION": REGION}
        settings["PATCHFLEET_MODULES"] = "processes"
        done = subprocess.run([*playbook(), "-v", *command], env=settings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not self.effect.exists()
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", done.stdout + done.stderr)
        return done.stdout + done.stderr


@pytest.fixture
def attacked(emptied: str) -> Iterator[Attacked]:
    """A window, its target and tasks, and a baseline, whose texts are all attacks."""
    # A description has no room for the long path of a test.
    with tempfile.TemporaryDirectory() as folder:
        texts = {name: form.replace("{effect}", f"{folder}/effect") for name, form in FORMS.items()}
        assert all(len(text) <= 128 for text in texts.values())
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        ssm = boto3.client("ssm", REGION, endpoint_url=emptied, **keys)
        fill(ssm, texts)
        yield Attacked(emptied, Path(folder), ssm, texts)


def fill(ssm: Any, texts: dict[str, str]) -> None:
    """Store each text wherever the service takes it. Tags take letters, digits, separators and a few signs only."""
    for name, text in texts.items():
        window = ssm.create_maintenance_window(
            Name=f"w-{name}",
            Description=text,
            Schedule="cron(0 2 ? * TUE *)",
            Duration=4,
            Cutoff=1,
            AllowUnassociatedTargets=False,
            Tags=[TAG],
        )["WindowId"]
        target = ssm.register_target_with_maintenance_window(
            WindowId=window,
            Name="servers",
            OwnerInformation=text,
            ResourceType="INSTANCE",
            Targets=[{"Key": "tag:Role", "Values": [text]}],
        )["WindowTargetId"]
        ssm.register_target_with_maintenance_window(
            WindowId=window, ResourceType="INSTANCE", Targets=[{"Key": "tag:Note", "Values": [text]}]
        )
        ssm.register_task_with_maintenance_window(
            WindowId=window,
            Name="script",
            TaskType="RUN_COMMAND",
            TaskArn="AWS-RunShellScript",
            Priority=1,
            MaxConcurrency="1",
            MaxErrors="1",
            Targets=[{"Key": "WindowTargetIds", "Values": [target]}],
            TaskInvocationParameters={"RunCommand": {"Parameters": {"commands": [text, "-rf"]}}},
        )
        ssm.create_patch_baseline(Name=f"b-{name}", OperatingSystem="UBUNTU", Description=text)


def test_an_export_and_its_setup_execute_nothing(attacked: Attacked) -> None:
    exported = attacked.folder / "patching.yml"

    attacked.play("patchfleet.aws.export", "-e", f"export_dest={exported}")
    shown = attacked.play("patchfleet.aws.setup", "-e", f"@{exported}", "--check", "--diff")

    assert "changed=0" in shown
    assert all(line.isprintable() for line in exported.read_text(encoding="utf-8").split("\n"))


USES: list[dict[str, Any]] = [
    {
        "patchfleet.aws.ssm_maintenance_window_info": {"include": ["targets", "tasks"]},
        "register": "found",
    },
    {"patchfleet.aws.ssm_patch_baseline_info": {}, "register": "baselines"},
    {"ansible.builtin.debug": {"var": "found"}},
    {"ansible.builtin.debug": {"msg": "{{ found.windows | map(attribute='description') }} {{ baselines }}"}},
    {
        "ansible.builtin.debug": {"msg": "{{ item.description }} {{ item.tags }}"},
        "loop": "{{ found.windows }}",
        "when": ["item.description is defined", "item.description != ''", "item.tags | length > 0"],
    },
    {"ansible.builtin.set_fact": {"kept": "{{ found.windows }}", "first": "{{ found.windows[0].description }}"}},
    {"ansible.builtin.set_fact": {"again": "{{ kept }}", "text": "{{ first }}{{ kept[0].tags }}"}},
    {"ansible.builtin.debug": {"var": "again"}},
    {
        "ansible.builtin.copy": {"content": "{{ again | to_json }}", "dest": "{{ folder }}/used.json", "mode": "0600"},
        "vars": {"lazy": "{{ again[0].description }}"},
        "when": "lazy | length > 0",
    },
    {
        "ansible.builtin.assert": {"that": ["again == found.windows"], "fail_msg": "{{ again | string }}"},
    },
]


def test_answers_of_modules_are_data_in_every_use(attacked: Attacked) -> None:
    play = {"hosts": "localhost", "gather_facts": False, "tasks": USES}
    path = attacked.folder / "uses.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")

    attacked.play(str(path), "-e", f"folder={attacked.folder}")

    used = json.loads((attacked.folder / "used.json").read_text(encoding="utf-8"))
    assert {one["name"]: one["description"] for one in used} == {
        f"w-{name}": text for name, text in attacked.texts.items()
    }
    assert all(one["tags"] == {TAG["Key"]: TAG["Value"]} for one in used)


INTERNAL = ("__ansible_type", "__ansible_unsafe", "__ansible_vault", "_ansible_no_log")


def test_keys_of_ansible_itself_abort_no_read_and_no_run(attacked: Attacked) -> None:
    pairs = [{"Key": key, "Value": "_AnsibleTaggedStr"} for key in INTERNAL]
    windows = attacked.ssm.describe_maintenance_windows()["WindowIdentities"]
    window, other = (one["WindowId"] for one in windows[:2])
    baseline = attacked.ssm.describe_patch_baselines(Filters=[{"Key": "OWNER", "Values": ["Self"]}])
    attacked.ssm.add_tags_to_resource(ResourceType="MaintenanceWindow", ResourceId=window, Tags=pairs)
    [first, *_others] = baseline["BaselineIdentities"]
    attacked.ssm.add_tags_to_resource(ResourceType="PatchBaseline", ResourceId=first["BaselineId"], Tags=pairs)
    attacked.ssm.register_target_with_maintenance_window(
        WindowId=window,
        Name="keys",
        ResourceType="INSTANCE",
        Targets=[{"Key": f"tag:{key}", "Values": ["_AnsibleTaggedStr"]} for key in INTERNAL],
    )
    attacked.ssm.update_maintenance_window(WindowId=other, Description="half \ud800 a pair")
    exported = attacked.folder / "patching.yml"

    shown = attacked.play("patchfleet.aws.export", "-e", f"export_dest={exported}")
    again = attacked.play("patchfleet.aws.setup", "-e", f"@{exported}", "--check", "--diff")

    assert "keys that ansible-core reserves" in shown
    text = exported.read_text(encoding="utf-8")
    assert "ansible-core reserves __ansible_type" in text
    assert "ansible-core cannot read a key" in text
    assert not [line for line in text.split("\n") if "ansible_" in line and not line.startswith("#")]
    assert "changed=0" in again
    kept = attacked.ssm.list_tags_for_resource(ResourceType="MaintenanceWindow", ResourceId=window)["TagList"]
    assert {*INTERNAL} <= {tag["Key"] for tag in kept}


def test_the_texts_would_be_executed_where_they_are_trusted(attacked: Attacked) -> None:
    """Otherwise the tests above prove nothing."""
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.debug": {"msg": attacked.texts["header"]}}],
    }
    path = attacked.folder / "trusting.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")

    with pytest.raises(AssertionError):
        attacked.play(str(path))

    assert attacked.effect.exists()
