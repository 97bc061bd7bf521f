# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of a controller over several accounts: surveys, slices, workflows, an account that cannot be entered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.patchfleet.aws.tests.support.doors import door
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from simulator import STILL, serving

from .controller import Controller, Job

REGIONS = ("eu-central-1", "eu-west-1")
# The name of the second is what an owner may choose; the third has a role that nobody may assume.
ACCOUNTS = {"111111111111": "production", "222222222222": "Öko & <Söhne>", "333333333333": "broken"}
ROLE = "arn:aws:iam::{}:role/patching"
HOSTS = {f"{number}-{region}": region for number in ACCOUNTS for region in REGIONS}
BROKEN = {name for name in HOSTS if name.startswith("333")}
INVENTORY = {
    "plugin": "patchfleet.aws.account_regions",
    "accounts": [{"id": number, "name": name} for number, name in ACCOUNTS.items()],
    "regions": REGIONS,
    "role_name": "patching",
    "hostname": "aws_account_id ~ '-' ~ aws_region",
}
BUCKET = "patch-reports"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A simulator with nodes in every account that can be entered."""
    with serving(*STILL, "--profile", chosen_profile()) as address:
        fleets = [
            {
                "account": one,
                "region": region,
                "fleet": {
                    "count": 3,
                    "patch_group_tag": "PatchGroup",
                    "patch_groups": {"web": 1},
                    "connection_lost": 0,
                },
            }
            for one in ACCOUNTS
            for region in REGIONS
        ]
        door(address, "seed", {"regions": fleets, "commands": {"delivery_seconds": 0, "scan_seconds": 0, "spread": 0}})
        refused = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": ROLE.format("333333333333")}
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        door(address, "policies", {"123456789012": {"Version": "2012-10-17", "Statement": [allowed, refused]}})
        yield address


@pytest.fixture
def controller(tmp_path: Path, endpoint: str) -> Controller:
    """A controller over all accounts and Regions."""
    return Controller(tmp_path, INVENTORY, endpoint)


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Controller, str]]:
    """A controller, and its simulator, for jobs that call nothing."""
    with serving(*STILL) as address:
        yield Controller(tmp_path_factory.mktemp("controller"), INVENTORY, address), address


def calls(endpoint: str, service: str = "ssm") -> list[dict[str, Any]]:
    """The calls of a service so far."""
    return [one for one in door(endpoint, "log") if one["service"] == service]


def made(endpoint: str) -> dict[tuple[str, str], int]:
    """How many windows were created in each account and Region."""
    places = [(one["account"], one["region"]) for one in calls(endpoint) if one["op"] == "CreateMaintenanceWindow"]
    return {place: places.count(place) for place in places}


def assert_refused(job: Job, hosts: set[str]) -> None:
    """The job failed on these hosts, each of which says which account and role."""
    assert job.status == "failed"
    assert job.failures.keys() == hosts
    for name, message in job.failures.items():
        assert f"broken (333333333333), {HOSTS[name]}: The role {ROLE.format('333333333333')}" in message
        assert "AccessDenied" in message


def test_slices_side_by_side_declare_every_account_once_and_name_the_one_that_is_closed(
    controller: Controller, endpoint: str
) -> None:
    jobs = controller.launch(
        "Patchfleet setup", {"patching_prune": "true", "patching_prune_limit": 3}, slices=3, forks=2
    )

    expected = {(number, region): 1 for number in ACCOUNTS if number != "333333333333" for region in REGIONS}
    assert made(endpoint) == expected
    assert set().union(*(job.results["patchfleet_setup"] for job in jobs)) == set(HOSTS) - BROKEN
    names = sorted(HOSTS)
    for number, job in enumerate(jobs):
        assert job.hosts | set(job.failures) == set(names[number::3])
        if BROKEN & set(names[number::3]):
            assert_refused(job, BROKEN & set(names[number::3]))
        assert (job.folder / "stdout").exists()
        assert (job.folder / "rc").read_text() == ("2" if job.failures else "0")
        told = job.results["patchfleet_setup"]
        assert all(one["changed"] and "Created 1 window: nightly-scan" in one["summary"] for one in told.values())
    assert {one["account"] for job in jobs for one in job.results["patchfleet_setup"].values()} == {
        f"{name} ({number}), {region}" for number, name in ACCOUNTS.items() if name != "broken" for region in REGIONS
    }


def test_the_steps_of_a_workflow_hand_on_their_results(controller: Controller, endpoint: str) -> None:
    reached = ",".join(sorted(set(HOSTS) - BROKEN))
    answers = {"patching_prune": "false", "patching_prune_limit": 10, "patching_take_over": "false"}
    [check] = controller.launch("Patchfleet setup (check)", answers, limit=reached)

    assert check.status == "successful"
    assert [one for one in calls(endpoint) if one["write"]] == []
    predicted = [one["summary"] for one in check.results["patchfleet_setup"].values()]
    assert all("Would create 1 window: nightly-scan" in summary for summary in predicted)

    [apply] = controller.launch("Patchfleet setup", answers, check.results, limit=reached)

    assert apply.status == "successful"
    assert len(made(endpoint)) == 4


def test_one_report_of_all_accounts_is_kept_and_says_which_was_not_read(controller: Controller, endpoint: str) -> None:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    bucket = boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1", **keys).create_bucket(Bucket=BUCKET)
    kept = {"report_bucket": BUCKET, "patch_report_dest": str(controller.project.parent / "report")}
    before = {"patchfleet_setup": {"any": {"changed": True}}}
    [report] = controller.launch("Patchfleet compliance report", results=before, extra_vars=kept)

    assert report.status == "failed"
    assert report.failures.keys() > BROKEN
    told = report.results["patchfleet_report"]
    assert told["gate_passed"] is False
    for name, line in zip(sorted(BROKEN), sorted(told["not_read"]), strict=True):
        where = f"broken (333333333333), {HOSTS[name]}"
        assert line.startswith(f"Not read: {where}: The host {name} failed before it was read: ")
        assert "AssumeRole" in line
    page = json.load(bucket.Object("patch-report/report.json").get()["Body"])
    assert {one["account_name"] for one in page["readings"]} == set(ACCOUNTS.values())


def test_patching_now_by_a_survey_reaches_the_groups_of_each_account(controller: Controller, endpoint: str) -> None:
    answers = {
        "patch_now_operation": "Scan",
        "patch_now_patch_groups": "web\r\nno such group\r\n",
        "patch_now_comment": "",
    }
    one_account = "111111111111-*"
    [check] = controller.launch("Patchfleet patch now (check)", answers, limit=one_account)

    assert check.status == "successful", check.output
    assert {name: one["nodes"] for name, one in check.results["patchfleet_patch_now"].items()} == {
        "111111111111-eu-central-1": 3,
        "111111111111-eu-west-1": 3,
    }
    assert [one for one in calls(endpoint) if one["op"] == "SendCommand"] == []

    door(endpoint, "clock", {"runs": True})
    faster = {"patch_now_poll_interval": "1"}
    [run] = controller.launch("Patchfleet patch now", answers, check.results, limit=one_account, extra_vars=faster)

    assert run.status == "successful", run.output
    assert {one["status"] for one in run.results["patchfleet_patch_now"].values()} == {"Success"}
    sent = [one["input"] for one in calls(endpoint) if one["op"] == "SendCommand"]
    assert [one["Targets"] for one in sent] == [[{"Key": "tag:PatchGroup", "Values": ["web", "no such group"]}]] * 2
    assert "Comment" not in sent[0]


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        (
            "Patchfleet setup",
            {"patching_prune": "perhaps"},
            "patching_prune must be a boolean, true or false, but is 'perhaps'",
        ),
        ("Patchfleet setup", {"patching_prune_limit": ""}, "patching_prune_limit has no value; specify one, or omit"),
        ("Patchfleet patch now", {"patch_now_patch_groups": " \n"}, "patch_now_patch_groups has no value; specify one"),
        (
            "Patchfleet patch now",
            {"patch_now_patch_groups": "web", "patch_now_operation": "install", "patch_now_wait_timeout": "1h"},
            "2 input errors; nothing was done:\n- patch_now_operation must be one of Scan, Install, but is 'install'",
        ),
        ("Patchfleet compliance report", {"patch_report_gate": "95"}, "patch_report_gate must be a dictionary"),
        (
            "Patchfleet watch",
            {"watch_window": "prod", "watch_last": "maybe", "watch_begin_timeout": "1h"},
            "2 input errors; nothing was done:\n- ",
        ),
        ("Patchfleet watch", {"watch_window": " "}, "watch_window is missing"),
        ("Patchfleet forecast", {"forecast_level": "all"}, "forecast_level must be one of summary, instances, patches"),
    ],
)
def test_an_answer_that_means_nothing_is_refused_in_one_message_before_any_call(
    idle: tuple[Controller, str], name: str, answers: dict[str, Any], message: str
) -> None:
    controller, endpoint = idle
    [job] = controller.launch(name, answers, limit="111111111111-eu-central-1")

    assert job.status == "failed"
    assert [text for text in job.failures.values() if message in text] == [*job.failures.values()]
    assert len(job.failures) == 1
    assert door(endpoint, "log") == []
