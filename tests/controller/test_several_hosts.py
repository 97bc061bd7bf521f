# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role and playbook with several accounts and Regions in one play."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from simulator import CHECKOUT

from .controller import Controller, Job
from .test_jobs import calls

REGIONS = ("eu-central-1", "eu-west-1")
ACCOUNTS = {"111111111111": "production", "222222222222": "staging"}
INVENTORY = {
    "plugin": "patchfleet.aws.account_regions",
    "accounts": [{"id": number, "name": name} for number, name in ACCOUNTS.items()],
    "regions": REGIONS,
    "role_name": "patching",
    "hostname": "aws_account_name ~ '-' ~ aws_region",
}
HOSTS = {f"{name}-{region}" for name in ACCOUNTS.values() for region in REGIONS}
ALL = {"patch_hosts": "account_regions"}
PLAYBOOKS = CHECKOUT / "playbooks"


def window(name: str) -> dict[str, Any]:
    """A window without contents."""
    return {"name": name, "schedule": "rate(7 days)", "duration": 2, "cutoff": 1}


@pytest.fixture
def controller(tmp_path: Path, endpoint: str) -> Controller:
    """Runs plays on all hosts."""
    made = Controller(tmp_path, INVENTORY, endpoint)
    for name in ("export", "teardown"):
        play = [{"name": name, "import_playbook": f"patchfleet.aws.{name}"}]
        (made.project / f"{name}.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    return made


def own_play(controller: Controller, role: str, **play: Any) -> str:
    """Write a play with a role, as users write it; gives its name."""
    written = {
        "name": "Own play",
        "hosts": "account_regions",
        "gather_facts": False,
        "vars_files": [str(PLAYBOOKS / "vars" / "connection.yml")],
        "module_defaults": {"group/patchfleet.aws.all": "{{ __patch_connection }}"},
        "pre_tasks": [{"name": "Connect", "import_tasks": str(PLAYBOOKS / "tasks" / "connect.yml")}],
        "roles": [{"role": f"patchfleet.aws.{role}"}],
        **play,
    }
    written["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", **play.get("vars", {})}
    (controller.project / "own.yml").write_text(yaml.safe_dump([written]), encoding="utf-8")
    return "own.yml"


def lines(job: Job, task: str) -> dict[str, list[str]]:
    """What each host showed in a task."""
    told = [one["event_data"] for one in job.events if one["event"] == "runner_on_ok"]
    return {str(one["host"]): one["res"]["msg"] for one in told if one["task"].endswith(task)}


def test_a_setup_is_exported_to_a_file_for_each_host_forecast_and_removed(
    controller: Controller, tmp_path: Path
) -> None:
    titles = {
        f"{name}-{region}": f"{name} ({number}), {region}" for number, name in ACCOUNTS.items() for region in REGIONS
    }
    assert controller.play("setup.yml", ALL).status == "successful"

    exported = controller.play("export.yml", {**ALL, "export_dest": str(tmp_path / "exported.yml")}, forks=4)

    assert exported.status == "successful", exported.output
    assert {name: told[0] for name, told in lines(exported, "Show the summary").items()} == titles
    files = {path.name for path in tmp_path.glob("exported*.yml")}
    assert files == {f"exported-{name}.yml" for name in HOSTS}
    export = tmp_path / "exported-staging-eu-west-1.yml"
    repeated = controller.play("setup.yml", {**ALL, "patching_setup": "fleet"}, cmdline=f"-e @{export}")
    assert {one["changed"] for one in repeated.results["patchfleet_setup"].values()} == {False}

    forecast = controller.play("forecast.yml", ALL)
    assert {name: told[0] for name, told in lines(forecast, "Show the summary").items()} == titles

    watch = controller.play("watch.yml", {**ALL, "watch_window": "nightly-scan"}, cmdline="--check")
    assert watch.status == "successful", watch.output
    assert {name: told[:2] for name, told in lines(watch, "Show the summary").items()} == {
        name: [title, "Would wait for nightly-scan, which opens 2026-01-01T02:00Z"] for name, title in titles.items()
    }
    assert {one["account"] for one in watch.results["patchfleet_watch"].values()} == {*titles.values()}

    removed = controller.play("teardown.yml", ALL)
    assert removed.status == "successful", removed.output
    assert {name: told[:2] for name, told in lines(removed, "Show the summary").items()} == {
        name: [title, "Deleted 1 window: nightly-scan"] for name, title in titles.items()
    }


def test_the_limit_of_removals_holds_for_each_account_and_region(controller: Controller, endpoint: str) -> None:
    many = [window(name) for name in ("keep", "old-1", "old-2")]
    declared = {"patching_setup": "mine", "patching_windows": "{{ windows_of[aws_account_name] }}"}
    before = {"windows_of": {"production": many, "staging": many[:2]}}
    controller.play("setup.yml", {**ALL, **declared, **before})
    after = {"windows_of": dict.fromkeys(("production", "staging"), many[:1])}

    job = controller.play("setup.yml", {**ALL, **declared, **after, "patching_prune": True, "patching_prune_limit": 1})

    assert job.failures.keys() == {name for name in HOSTS if name.startswith("production")}
    assert all("prune_limit" in message for message in job.failures.values())
    removed = [(one["account"], one["region"]) for one in calls(endpoint) if one["op"] == "DeleteMaintenanceWindow"]
    assert sorted(removed) == [("222222222222", region) for region in REGIONS]


def test_a_play_in_batches_cannot_write_one_report(controller: Controller, endpoint: str, tmp_path: Path) -> None:
    one = {"patch_report_dest": str(tmp_path / "report")}
    job = controller.play(own_play(controller, "patch_report", serial=2, vars=one), {})

    assert job.status == "failed"
    assert all("The play has serial, and the report in" in text for text in job.failures.values())
    assert calls(endpoint) == []

    each = {"patch_report_dest": str(tmp_path / "{{ inventory_hostname }}")}
    assert controller.play(own_play(controller, "patch_report", serial=2, vars=each), {}).status == "successful"
    assert {path.parent.name for path in tmp_path.glob("*/report.html")} == HOSTS


def test_what_belongs_to_a_whole_account_is_declared_by_one_host(controller: Controller, endpoint: str) -> None:
    role = {"patch_prerequisites_service_role": {"name": "patching-service"}}
    job = controller.play(own_play(controller, "patch_prerequisites", vars=role), {})

    assert job.failures.keys() == HOSTS
    assert all(
        "declares service_role patching-service of account" in text and '"patching-{{ aws_region }}"' in text
        for text in job.failures.values()
    )
    assert [one for one in calls(endpoint, "iam") if one["write"]] == []

    name = "patching-{{ aws_account_id }}-{{ aws_region }}"
    declared = {
        "patch_prerequisites_service_role": {"name": name},
        "patch_prerequisites_notification_role": {"name": f"{name}-notify"},
        "patch_prerequisites_notification_topic": {"name": "patching", "kms_key": ""},
        "patch_prerequisites_output_bucket": {"name": name},
        "patch_prerequisites_events_rule": {"name": "patching"},
    }
    play = own_play(controller, "patch_prerequisites", vars=declared)
    assert controller.play(play, {}, forks=4).status == "successful"
    assert "changed=0" in (again := controller.play(play, {}, forks=4)).output
    assert again.status == "successful"
    assert "changed=1" not in again.output


def test_roles_of_the_audit_may_be_text(controller: Controller) -> None:
    play = [{"name": "audit", "import_playbook": "patchfleet.aws.audit"}]
    (controller.project / "audit.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    roles = [f"arn:aws:iam::{number}:role/patching" for number in ACCOUNTS]
    given = {**ALL, "audit_own_roles": ", ".join(roles), "audit_only_by_hand": "false", "audit_hours": "24"}

    # ansible-core 2.21 leaves the arguments of modules out of the events unless asked.
    job = controller.play("audit.yml", {**given, "ansible_inject_invocation": True})

    assert job.status == "successful", job.output
    assert {told[1] for told in lines(job, "Show the summary").values()} == {"0 changes, 0 by hand"}
    told = [one["event_data"] for one in job.events if one["event"] == "runner_on_ok"]
    audits = [one["res"]["invocation"]["module_args"] for one in told if one["task"] == "Read the event history"]
    assert [(one["own_roles"], one["only_by_hand"], one["hours"]) for one in audits] == [(roles, False, 24)] * len(
        HOSTS
    )
    misspelt = controller.play("audit.yml", {**ALL, "audit_hour": 24})
    assert all("did you mean audit_hours" in text for text in misspelt.failures.values())
