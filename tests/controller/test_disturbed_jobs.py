# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that are canceled, limited, verbose or below the gate: what remains, and whether the next one is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.patchfleet.aws.tests.support.doors import door

from .controller import Controller
from .test_jobs import calls, made

REGION = "eu-central-1"
FIRST, SECOND = "111111111111", "222222222222"
INVENTORY = {
    "plugin": "patchfleet.aws.account_regions",
    "accounts": [{"id": FIRST, "name": "production"}, {"id": SECOND, "name": "staging"}],
    "regions": [REGION],
    "role_name": "patching",
    "hostname": "aws_account_name",
}
BUCKET = "patch-reports"
# How the session tokens of moto begin.
TOKEN = "FQoGZXIvYXdzE"
SECRET = "a-secret-key-of-the-controller"


@pytest.fixture
def controller(tmp_path: Path, endpoint: str) -> Controller:
    """A controller over two accounts."""
    return Controller(tmp_path, INVENTORY, endpoint)


def test_a_job_that_is_canceled_in_the_middle_is_completed_by_the_next(controller: Controller, endpoint: str) -> None:
    door(endpoint, "faults", [{"op": "*", "account": SECOND, "do": "latency", "ms": 20_000}])

    [canceled] = controller.launch("Patchfleet setup", cancel_callback=lambda: bool(made(endpoint)))

    assert canceled.status == "canceled"
    assert made(endpoint) == {(FIRST, REGION): 1}
    door(endpoint, "faults", [])
    [job] = controller.launch("Patchfleet setup")
    assert job.status == "successful", job.output
    assert made(endpoint) == {(FIRST, REGION): 1, (SECOND, REGION): 1}
    [again] = controller.launch("Patchfleet setup")
    assert {one["changed"] for one in again.results["patchfleet_setup"].values()} == {False}


def test_the_most_verbose_job_keeps_the_keys_to_itself(controller: Controller) -> None:
    keys = {"aws_access_key": "testing", "aws_secret_key": SECRET, "aws_external_id": "a-secret-external-id"}

    for name in ("Patchfleet setup", "Patchfleet compliance report"):
        given = {**keys, "patch_report_dest": str(controller.project.parent / "report")}
        [job] = controller.launch(name, verbosity=5, limit="production", extra_vars=given)

        texts = [path.read_text(encoding="utf-8") for path in job.folder.rglob("*.json")] + [job.output]
        assert len(texts) > 10
        for secret in (TOKEN, SECRET, "a-secret-external-id"):
            assert [text for text in texts if secret in text] == []


def test_the_report_of_a_limited_job_below_the_gate_is_kept(controller: Controller, endpoint: str) -> None:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    s3 = boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    bucket = s3.create_bucket(Bucket=BUCKET)
    given = {"report_bucket": BUCKET, "patch_report_dest": str(controller.project.parent / "report")}

    [check] = controller.launch("Patchfleet compliance report", limit="production", extra_vars=given, cmdline="--check")
    assert list(bucket.objects.all()) == []
    [job] = controller.launch("Patchfleet compliance report", limit="production", extra_vars=given)

    assert (check.status, job.status) == ("failed", "failed")
    assert [*job.failures] == ["production"]
    assert "The gate failed" in job.failures["production"]
    assert {"patch-report/report.html", "patch-report/report.json"} <= {one.key for one in bucket.objects.all()}
    # The bucket is one of the account of the run, which no role of another account has to enter.
    assert {one["account"] for one in calls(endpoint, "s3")} == {"123456789012"}


def test_what_the_upload_needs_is_in_the_guide(controller: Controller, endpoint: str) -> None:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys).create_bucket(Bucket=BUCKET)
    actions = ["s3:ListBucket", "s3:GetObject", "s3:GetObjectTagging", "s3:PutObject", "sts:AssumeRole"]
    statement: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    door(endpoint, "policies", {"123456789012": {"Version": "2012-10-17", "Statement": [statement]}})
    given = {"report_bucket": BUCKET, "patch_report_dest": str(controller.project.parent / "report")}
    free = {**given, "patch_report_gate": {}}

    for _again in range(2):
        [job] = controller.launch("Patchfleet compliance report", limit="production", extra_vars=free)
        assert job.status == "successful", job.output


def test_a_slice_that_the_limit_leaves_without_hosts_fails(controller: Controller, endpoint: str) -> None:
    jobs = controller.launch("Patchfleet setup", slices=2, limit="production")

    assert [job.status for job in jobs] == ["successful", "failed"]
    assert "leaves us with no hosts to target" in jobs[1].output
    assert made(endpoint) == {(FIRST, REGION): 1}
