# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a shape that the service refuses, or stores and cannot use, are violations in check mode."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account

BASELINE = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
WINDOW = {"name": "prod", "schedule": "cron(0 2 ? * TUE#2 *)", "duration": 4, "cutoff": 1}


def rule(**options: Any) -> list[dict[str, Any]]:
    return [{"filters": {"PRODUCT": ["*"]}, **options}]


@pytest.fixture
def prepared(account: Account) -> Account:
    account.run("ssm_maintenance_window", **WINDOW)
    account.run("ssm_window_target", window="prod", name="web", patch_groups=["Web"])
    return account


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"patch_groups": "web,"}, "patch_groups[1]: is empty"),
        ({"patch_groups": [""]}, "patch_groups[0]: is empty"),
        ({"patch_groups": ["web", "\u00a0"]}, "patch_groups[1]: is empty"),
        ({"patch_groups": ["x" * 257]}, "patch_groups[0]: 'xxx"),
        ({"patch_groups": ["a\tb"]}, "patch_groups[0]: 'a\\tb' may hold only"),
        ({"patch_groups": ["web#1"]}, "patch_groups[0]: 'web#1' may hold only"),
        ({"approved_patches": ["KB1", ""]}, "approved_patches[1]: is empty"),
        ({"rejected_patches": [" "]}, "rejected_patches[0]: is empty"),
        ({"sources": [{"name": "own", "products": [" "], "configuration": "x"}]}, "sources[0].products[0]: is empty"),
        ({"tags": {"Env": "a#b"}}, "tags: 'a#b' may hold only"),
        ({"approval_rules": rule(approve_after_days=361)}, "approval_rules[0].approve_after_days: 361 must be from 0"),
        ({"approval_rules": rule(approve_after_days=-1)}, "approval_rules[0].approve_after_days: -1 must be from 0"),
        *(
            ({"approval_rules": rule(approve_until_date=day)}, f"approve_until_date: {day!r} is not a valid date")
            for day in (
                "2026-02-30",
                "2026-13-01",
                "2026-2-3",
                "20260203",
                "03.02.2026",
                "2026-02-03x",
                "2026-02-03T99",
            )
        ),
    ],
    ids=str,
)
def test_baselines(account: Account, options: dict[str, Any], place: str) -> None:
    assert len(account.refuses("ssm_patch_baseline", place, **BASELINE, **options)) == 1


@pytest.mark.parametrize("day", ["2026-02-28", "2028-02-29", "2026-02-28T00:00:00Z", "2026-02-28 00:00:00"])
def test_days_that_exist(account: Account, day: str) -> None:
    done = account.run("ssm_patch_baseline", **BASELINE, approval_rules=rule(approve_until_date=day))
    assert done["baseline"]["approval_rules"][0]["approve_until_date"] == day[:10]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"start_date": "2026-02-30T00:00:00Z"}, "start_date: '2026-02-30T00:00:00Z' is not an ISO-8601 date"),
        ({"end_date": "2026-02-28"}, "end_date: '2026-02-28' has no offset"),
        ({"end_date": "2026-02-28T00:00:00+25:00"}, "end_date: "),
        ({"duration": 25}, "duration: 25 must be from 1 to 24"),
        ({"cutoff": 4}, "cutoff: 4 must be less than duration"),
        ({"schedule_offset": 7}, "schedule_offset: 7 must be from 1 to 6"),
        ({"schedule_timezone": "Europe/Berln"}, "schedule_timezone: 'Europe/Berln'"),
    ],
    ids=str,
)
def test_windows(account: Account, options: dict[str, Any], place: str) -> None:
    account.refuses("ssm_maintenance_window", place, **{**WINDOW, **options})


CRITERIA = [
    ({"patch_groups": ["a", ""]}, "patch_groups[1]: is empty"),
    ({"tag_keys": [" "]}, "tag_keys[0]: is empty"),
    ({"instance_tags": {"Env": ""}}, "instance_tags.Env[0]: is empty"),
    ({"instance_tags": {"Env": None}}, "instance_tags.Env[0]: is empty"),
    ({"instance_tags": {"Env": ["a", None]}}, "instance_tags.Env[1]: is empty"),
    ({"instance_tags": {"": "a"}}, "instance_tags: '' is not a valid tag key"),
    ({"instance_ids": [""]}, "instance_ids[0]: is empty"),
    ({"resource_group": " "}, "resource_group: is empty"),
    ({"resource_group": "one", "resource_types": []}, "resource_types: must not be empty"),
    ({"resource_group": "one", "resource_types": [""]}, "resource_types[0]: is empty"),
    ({"targets": [{"key": "tag-key", "values": [""]}]}, "targets[0].values[0]: is empty"),
]


@pytest.mark.parametrize(("criteria", "place"), CRITERIA, ids=str)
def test_criteria_of_targets(prepared: Account, criteria: dict[str, Any], place: str) -> None:
    assert len(prepared.refuses("ssm_window_target", place, window="prod", name="dbs", **criteria)) == 1


@pytest.mark.parametrize(("criteria", "place"), CRITERIA, ids=str)
def test_criteria_of_a_command(account: Account, criteria: dict[str, Any], place: str) -> None:
    assert len(account.refuses("ssm_patch_run", place, operation="Scan", **criteria)) == 1


def test_the_empty_value_of_a_tag_in_the_form_of_the_api(prepared: Account) -> None:
    criteria = [{"key": "tag:Legacy", "values": [""]}]
    done = prepared.run("ssm_window_target", window="prod", name="dbs", targets=criteria)
    assert done["target"]["targets"] == criteria


TASK = {"window": "prod", "window_targets": ["web"]}
SCAN = {**TASK, "name": "scan", "operation": "Scan"}
SCRIPT = {**TASK, "name": "script", "task_type": "RUN_COMMAND", "task_arn": "AWS-RunShellScript"}


@pytest.mark.parametrize(
    ("bucket", "text"),
    [
        ("s3://logs/patching/prod", "specify {0}output_s3_bucket: logs and {0}output_s3_prefix: patching/prod"),
        ("S3://logs", "specify {0}output_s3_bucket: logs"),
        ("arn:aws:s3:::logs", "specify {0}output_s3_bucket: logs"),
    ],
)
def test_the_address_of_a_bucket(prepared: Account, bucket: str, text: str) -> None:
    own = {"output_s3_bucket": bucket}
    prepared.refuses("ssm_patch_task", text.format(""), **SCAN, **own)
    prepared.refuses("ssm_window_task", text.format("run_command."), **SCRIPT, run_command=own)
    prepared.refuses("ssm_patch_run", text.format(""), operation="Scan", patch_groups=["Web"], **own)


@pytest.mark.parametrize("bucket", ["MyBucket", "my_bucket", "a..b", "-logs", "192.168.5.4", "b.s3.amazonaws.com/"])
def test_a_name_that_no_new_bucket_has(prepared: Account, bucket: str) -> None:
    own = {"output_s3_bucket": bucket}
    for module, options in (("ssm_patch_task", {**SCAN, **own}), ("ssm_window_task", {**SCRIPT, "run_command": own})):
        (told,) = prepared.run(module, check=True, **options)["warnings"]
        assert f"output_s3_bucket: {bucket!r} is not a valid bucket name" in told
        prepared.run(module, **options)
        assert not prepared.run(module, **options)["warnings"], "it is stored now"


def test_a_state_machine_by_name(prepared: Account) -> None:
    task = {"window": "prod", "name": "tell", "task_type": "STEP_FUNCTIONS", "task_arn": "tell"}
    (told,) = prepared.run("ssm_window_task", check=True, **task)["warnings"]
    assert "'tell' is not the ARN of a state machine" in told
    assert "arn:aws:states:" in told


@pytest.mark.parametrize("option", ["service_role_arn", "notification.role_arn"])
def test_a_role_by_name(prepared: Account, option: str) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:patching"
    notification = {"notification": {"topic_arn": topic, "role_arn": "patching"}}
    given = {"service_role_arn": "patching"} if option == "service_role_arn" else notification
    shell = given if option == "service_role_arn" else {"run_command": notification}
    for module, options in (("ssm_patch_task", {**SCAN, **given}), ("ssm_window_task", {**SCRIPT, **shell})):
        (told,) = prepared.run(module, check=True, **options)["warnings"]
        assert f"{option}: 'patching' is not the ARN of an IAM role" in told
        prepared.run(module, **options)
        assert not prepared.run(module, **options)["warnings"], "it is stored now"


@pytest.mark.parametrize(
    ("task_type", "arn", "block", "option"),
    [
        ("LAMBDA", "tell", "lambda_function", "payload"),
        ("STEP_FUNCTIONS", "arn:aws:states:eu-west-1:123456789012:stateMachine:tell", "step_functions", "input"),
    ],
)
@pytest.mark.parametrize(
    ("text", "is_json"),
    [("{bad json", False), ("plain", False), ('{"node": {{TARGET_ID}}}', True), ('{"node": "{{ TARGET_ID }}"}', True)],
)
def test_an_input_that_is_not_json(
    prepared: Account, task_type: str, arn: str, block: str, option: str, text: str, is_json: bool
) -> None:
    task = {"window": "prod", "name": "tell", "task_type": task_type, "task_arn": arn, block: {option: text}}
    warnings = prepared.run("ssm_window_task", check=True, **task)["warnings"]
    assert [f"{block}.{option}: is not JSON" in told for told in warnings] == ([] if is_json else [True])


def test_a_payload_that_is_base64_already(prepared: Account) -> None:
    task = {"window": "prod", "name": "tell", "task_type": "LAMBDA", "task_arn": "tell"}
    payload = {"lambda_function": {"payload": "eyJhIjogMX0="}}
    assert len(prepared.refuses("ssm_window_task", "lambda_function.payload: must be JSON", **task, **payload)) == 1


@pytest.mark.parametrize("payload", ['{"a": 1}', "plain", "{{TARGET_ID}}", {"a": 1}, "abcd"])
def test_payloads_that_pass(prepared: Account, payload: Any) -> None:
    task = {"window": "prod", "name": "tell", "task_type": "LAMBDA", "task_arn": "tell"}
    prepared.run("ssm_window_task", **task, lambda_function={"payload": payload})


@pytest.mark.parametrize(
    ("module", "options", "place"),
    [
        ("ssm_patch_compliance_info", {"patch_groups": ["web", " "]}, "patch_groups[1]: is empty"),
        ("ssm_patch_compliance_info", {"patch_groups": ["x" * 257]}, "patch_groups[0]: 'xxx"),
        (
            "ssm_patch_compliance_info",
            {"instance_tags": {"Env": [" "]}},
            "instance_tags: the tag 'Env' requires a value",
        ),
        ("ssm_maintenance_window_info", {"names": [""]}, "names[0]: is empty"),
        ("ssm_patch_baseline_info", {"names": ["linux", " "]}, "names[1]: is empty"),
    ],
)
def test_lists_of_what_is_read(account: Account, module: str, options: dict[str, Any], place: str) -> None:
    assert place in account.fails(module, **options)["msg"]
    assert not account.calls()
