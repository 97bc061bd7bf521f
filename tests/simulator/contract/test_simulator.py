# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the simulator has: its doors, its faults as a real client meets them, and other services on its port."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, HTTPClientError

from .support import (
    PREFIX,
    UNKNOWN_WINDOW,
    Client,
    Doors,
    Endpoint,
    Maker,
    instant,
    new_account,
    outcome,
    refused,
    targets_of,
    window_of,
)
from .test_validation import REQUESTS

CREATE = "CreateMaintenanceWindow"
STANDARD = {"mode": "standard", "total_max_attempts": 4}


def rule(op: str, do: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "do": do, "times": 1, **more}


@pytest.fixture
def patient(endpoint: Endpoint, account: str, doors: Doors) -> Client:
    """A client of the test's account that retries as botocore's standard mode does."""
    return endpoint.client_of(account, retries=STANDARD)


def modelled_errors() -> list[tuple[str, str]]:
    model = Endpoint("http://127.0.0.1:1", None).client().meta.service_model
    return [(name, shape.name) for name in REQUESTS for shape in model.operation_model(name).error_shapes]


@pytest.mark.parametrize(("operation", "code"), modelled_errors())
def test_every_modelled_error_can_be_provoked(ssm: Client, doors: Doors, operation: str, code: str) -> None:
    status = 500 if code == "InternalServerError" else 400
    with doors.faults(rule(operation, code, status=status)), pytest.raises(ClientError) as caught:
        getattr(ssm, xform_name(operation))(**REQUESTS[operation])
    assert type(caught.value).__name__ == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize(
    ("code", "status"),
    [("ThrottlingException", 400), ("InternalServerError", 500), ("ServiceUnavailable", 503)],
)
def test_a_passing_error_is_retried_away(patient: Client, doors: Doors, code: str, status: int) -> None:
    with doors.faults(rule("Describe*", code, status=status)):
        answer = patient.describe_maintenance_windows()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredTokenException"])
def test_a_lasting_error_is_raised_at_once(patient: Client, doors: Doors, code: str) -> None:
    with doors.faults(rule("*", code, times=9)), refused(code) as caught:
        patient.describe_maintenance_windows()
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_the_message_of_a_throttled_call(ssm: Client, doors: Doors) -> None:
    with doors.faults(rule("*", "ThrottlingException")), refused("ThrottlingException", saying="Rate exceeded"):
        ssm.describe_maintenance_windows()
    told = rule("*", "AccessDeniedException", message="not you")
    with doors.faults(told), refused("AccessDeniedException", saying="not you"):
        ssm.describe_maintenance_windows()


@pytest.mark.parametrize("status", [502, 503])
def test_a_page_of_html_is_retried_away(patient: Client, doors: Doors, status: int) -> None:
    with doors.faults(rule("*", "html", status=status)):
        answer = patient.describe_maintenance_windows()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_dropped_connection_comes_before_the_effect(ssm: Client, make: Maker, doors: Doors) -> None:
    name = make.name()
    with doors.faults(rule(CREATE, "drop")), pytest.raises(HTTPClientError):
        make.window(Name=name)
    assert name not in names(ssm)


def test_a_lost_answer_comes_after_the_effect(ssm: Client, make: Maker, doors: Doors) -> None:
    name = make.name()
    with doors.faults(rule(CREATE, "lost")), pytest.raises(HTTPClientError):
        make.window(Name=name)
    assert names(ssm).count(name) == 1


def names(ssm: Client) -> list[str]:
    pages = ssm.get_paginator("describe_maintenance_windows").paginate()
    return [found["Name"] for page in pages for found in page["WindowIdentities"]]


@pytest.mark.parametrize("do", ["drop", "lost"])
def test_the_token_of_a_retry_makes_one_window(patient: Client, doors: Doors, do: str) -> None:
    name = Maker(patient).name()
    with doors.faults(rule(CREATE, do)):
        window = Maker(patient).window(Name=name)
    assert names(patient) == [name]
    assert window_of(patient, window)["Name"] == name


def test_latency(ssm: Client, doors: Doors) -> None:
    seconds = 0.4
    with doors.faults(rule("*", "latency", ms=1000 * seconds)):
        began = time.monotonic()
        ssm.describe_maintenance_windows()
        delayed = time.monotonic()
        ssm.describe_maintenance_windows()
        ended = time.monotonic()
    assert ended - delayed < seconds <= delayed - began


def outcomes(ssm: Client, count: int) -> list[bool]:
    return [outcome(ssm.describe_maintenance_windows) == "success" for _ in range(count)]


def test_after_and_times_choose_the_calls(ssm: Client, doors: Doors) -> None:
    with doors.faults(rule("Describe*", "ThrottlingException", after=2, times=2)):
        assert outcomes(ssm, 6) == [True, True, False, False, True, True]


def test_a_rate_is_a_share_of_the_calls(ssm: Client, doors: Doors) -> None:
    with doors.faults({"op": "*", "do": "ThrottlingException", "rate": 0.3}):
        failures = outcomes(ssm, 200).count(False)
    assert 30 <= failures <= 90


def test_a_fault_strikes_its_operation_alone(ssm: Client, window: str, doors: Doors) -> None:
    with doors.faults(rule("Get*", "ThrottlingException", times=9)):
        assert outcomes(ssm, 2) == [True, True]
        with refused("ThrottlingException"):
            ssm.get_maintenance_window(WindowId=window)
    assert ssm.get_maintenance_window(WindowId=window)["WindowId"] == window


def test_a_fault_strikes_its_account_and_region_alone(
    endpoint: Endpoint, ssm: Client, account: str, doors: Doors
) -> None:
    elsewhere = endpoint.client_of(account, region_name="us-east-1")
    stranger = endpoint.client_of(new_account())
    with doors.faults(rule("*", "ThrottlingException", times=9, account=account, region="us-east-1")):
        assert outcomes(ssm, 1) == outcomes(stranger, 1) == [True]
        assert outcomes(elsewhere, 1) == [False]


def test_the_faults_door_tells_what_was_injected(ssm: Client, doors: Doors) -> None:
    with doors.faults(rule("Describe*", "ThrottlingException")):
        outcomes(ssm, 2)
        told = json.dumps(doors.get("faults"))
    assert "ThrottlingException" in told
    assert "DescribeMaintenanceWindows" in told


def test_lag_hides_creations_changes_and_deletions(ssm: Client, make: Maker, window: str, doors: Doors) -> None:
    with doors.lag(0.8):
        name = make.name()
        fresh = make.window(Name=name)
        assert name not in names(ssm)
        with refused("DoesNotExistException"):
            make.target(fresh)
        ssm.update_maintenance_window(WindowId=window, Duration=9)
        assert ssm.get_maintenance_window(WindowId=window)["Duration"] == 4
        time.sleep(0.9)
        assert name in names(ssm)
        assert ssm.get_maintenance_window(WindowId=window)["Duration"] == 9
        assert targets_of(ssm, fresh) == {}
        ssm.delete_maintenance_window(WindowId=fresh)
        assert name in names(ssm)
        time.sleep(0.9)
        assert name not in names(ssm)


def test_a_repeated_token_is_known_in_spite_of_lag(make: Maker, doors: Doors) -> None:
    request = make.window_request(ClientToken=make.name("token")[-64:])
    with doors.lag(0.3):
        assert make.window(**request) == make.window(**request)
        time.sleep(0.4)


def test_the_log_tells_every_call(ssm: Client, window: str, account: str, doors: Doors) -> None:
    ssm.get_maintenance_window(WindowId=window)
    with refused("DoesNotExistException"):
        ssm.get_maintenance_window(WindowId=UNKNOWN_WINDOW)
    created, got, missed = doors.calls(account)
    assert [entry["op"] for entry in (created, got, missed)] == [CREATE, "GetMaintenanceWindow", "GetMaintenanceWindow"]
    assert [entry["write"] for entry in (created, got, missed)] == [True, False, False]
    assert [entry["status"] for entry in (created, got, missed)] == [200, 200, 400]
    assert created["region"] == ssm.meta.region_name
    assert got["input"] == {"WindowId": window}
    assert not got["error"]
    assert "DoesNotExistException" in str(missed["error"])


def test_clearing_the_log_clears_nothing_else(ssm: Client, window: str, account: str, doors: Doors) -> None:
    assert doors.calls(account)
    doors.post("log")
    assert doors.calls(account) == []
    assert ssm.get_maintenance_window(WindowId=window)["WindowId"] == window


def test_reset_forgets_everything(ssm: Client, window: str, account: str, doors: Doors) -> None:
    doors.post("faults", [rule("*", "ThrottlingException", times=99)])
    doors.post("reset")
    assert doors.get("log") == []
    assert ssm.describe_maintenance_windows()["WindowIdentities"] == []


def test_reset_may_change_the_profile(endpoint: Endpoint, ssm: Client, make: Maker, doors: Doors) -> None:
    other = {"strict": "lenient", "lenient": "strict"}[endpoint.profile or ""]
    doors.post("reset", {"profile": other})
    try:
        result = outcome(lambda: ssm.delete_maintenance_window(WindowId=UNKNOWN_WINDOW))
    finally:
        doors.post("reset", {"profile": endpoint.profile})
    assert result == {"strict": "DoesNotExistException", "lenient": "success"}[other]


def next_run(ssm: Client, window: str) -> datetime:
    return instant(ssm.get_maintenance_window(WindowId=window)["NextExecutionTime"])


def test_the_clock_can_be_set_and_advanced(ssm: Client, make: Maker, doors: Doors) -> None:
    with doors.clock("2031-01-06T15:59:00Z"):
        window = make.window(Schedule="cron(0 16 ? * MON *)")
        created = ssm.get_maintenance_window(WindowId=window)["CreatedDate"]
        assert timedelta() <= created - datetime(2031, 1, 6, 15, 59, tzinfo=UTC) < timedelta(seconds=30)
        assert next_run(ssm, window) == datetime(2031, 1, 6, 16, tzinfo=UTC)
        doors.post("clock", {"advance": 3600})
        assert next_run(ssm, window) == datetime(2031, 1, 13, 16, tzinfo=UTC)


def test_the_guides_dates(ssm: Client, make: Maker, doors: Doors) -> None:
    with doors.clock("2018-12-31T12:00:00Z"):
        tokyo = make.window(
            Schedule="rate(7 days)",
            ScheduleTimezone="Asia/Tokyo",
            StartDate="2019-01-01T00:03:15+09:00",
            EndDate="2019-06-30T00:06:15+09:00",
        )
        found = ssm.describe_maintenance_window_schedule(WindowId=tokyo, MaxResults=100)["ScheduledWindowExecutions"]
        assert instant(found[0]["ExecutionTime"]) == instant("2019-01-01T00:03:15+09:00")
        assert instant(found[-1]["ExecutionTime"]) == instant("2019-06-25T00:03:15+09:00")
        once = make.window(Schedule="at(2020-07-07T15:55:00)")
        assert next_run(ssm, once) == datetime(2020, 7, 7, 15, 55, tzinfo=UTC)
        doors.post("clock", {"set": "2020-07-08T00:00:00Z"})
        for window in (tokyo, once):
            assert not ssm.get_maintenance_window(WindowId=window).get("NextExecutionTime")
        angeles = make.window(
            Schedule="cron(0 09 ? * WED *)",
            ScheduleTimezone="America/Los_Angeles",
            StartDate="2021-01-01T00:00:00-08:00",
        )
        assert next_run(ssm, angeles) == instant("2021-01-06T09:00:00-08:00")


def test_an_offset_run_is_skipped_when_its_day_has_passed_at_creation(ssm: Client, make: Maker, doors: Doors) -> None:
    # The third Tuesday is 21 January 2020; four days later still lies ahead when the window is made on the 22nd.
    with doors.clock("2020-01-22T00:00:00Z"):
        window = make.window(Schedule="cron(30 23 ? * TUE#3 *)", ScheduleOffset=4)
        assert next_run(ssm, window) == datetime(2020, 2, 22, 23, 30, tzinfo=UTC)


def test_a_rate_counts_from_creation(ssm: Client, make: Maker, doors: Doors) -> None:
    with doors.clock("2031-01-06T15:59:00Z"):
        window = make.window(Schedule="rate(7 days)")
        created = ssm.get_maintenance_window(WindowId=window)["CreatedDate"]
        first = next_run(ssm, window)
        doors.post("clock", {"advance": 8 * 86400})
        assert next_run(ssm, window) - first in (timedelta(days=7), timedelta(days=14))
        weeks = (next_run(ssm, window) - created) / timedelta(days=7)
        assert weeks == pytest.approx(round(weeks), abs=1e-5)


def test_an_unchanged_rate_sent_again(ssm: Client, make: Maker, doors: Doors, settle: Callable[..., None]) -> None:
    with doors.clock("2031-01-06T15:59:00Z"):
        window = make.window(Schedule="rate(7 days)")
        doors.post("clock", {"advance": 86400})
        before = next_run(ssm, window)
        ssm.update_maintenance_window(WindowId=window, Schedule="rate(7 days)")
        moved = abs(next_run(ssm, window) - before) > timedelta(hours=1)
    settle("an unchanged rate() sent again restarts the cadence", moved, strict=True, lenient=False)


def test_accounts_and_regions_are_apart(
    endpoint: Endpoint, ssm: Client, account: str, window: str, doors: Doors
) -> None:
    others = (endpoint.client_of(new_account()), endpoint.client_of(account, region_name="us-east-1"))
    for other in others:
        with refused("DoesNotExistException"):
            other.get_maintenance_window(WindowId=window)
        assert other.describe_maintenance_windows()["WindowIdentities"] == []
    assert names(ssm)


@pytest.mark.parametrize("key", ["testing", "1234"])
def test_another_access_key_is_the_account_of_the_documentation(endpoint: Endpoint, doors: Doors, key: str) -> None:
    client = endpoint.client_of(key)
    client.describe_maintenance_windows()
    assert doors.get("log")[-1]["account"] == "123456789012"


def test_an_operation_that_is_not_there_says_so(ssm: Client, account: str, doors: Doors) -> None:
    with pytest.raises(ClientError) as caught:
        ssm.get_ops_summary()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert [entry["op"] for entry in doors.calls(account)] == ["GetOpsSummary"]


# service: what creates a thing named by the prefix, what shows it
SERVICES: dict[str, tuple[Callable[[Client], Any], Callable[[Client], Any]]] = {
    "iam": (
        lambda c: c.create_role(RoleName=PREFIX, AssumeRolePolicyDocument="{}"),
        lambda c: c.get_role(RoleName=PREFIX)["Role"]["RoleName"],
    ),
    "s3": (
        lambda c: c.create_bucket(Bucket=PREFIX, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}),
        lambda c: [b["Name"] for b in c.list_buckets()["Buckets"]],
    ),
    "sns": (lambda c: c.create_topic(Name=PREFIX), lambda c: c.list_topics()["Topics"][0]["TopicArn"]),
    "events": (
        lambda c: c.put_rule(Name=PREFIX, EventPattern='{"source": ["aws.ssm"]}'),
        lambda c: c.list_rules()["Rules"][0]["Name"],
    ),
    "organizations": (
        lambda c: c.create_organization(FeatureSet="ALL"),
        lambda c: (PREFIX, c.describe_organization()["Organization"]["Id"]),
    ),
    "ec2": (
        lambda c: c.create_key_pair(KeyName=PREFIX),
        lambda c: c.describe_key_pairs()["KeyPairs"][0]["KeyName"],
    ),
}


@pytest.mark.parametrize("service", SERVICES)
def test_other_services_answer_on_the_same_port(endpoint: Endpoint, doors: Doors, service: str) -> None:
    pytest.importorskip("moto")
    account = new_account()
    client = endpoint.client_of(account, service)
    create, read = SERVICES[service]
    create(client)
    assert PREFIX in str(read(client))
    calls = doors.calls(account)
    assert len(calls) == 2
    assert {entry["service"] for entry in calls} == {service}


def test_sts_names_the_account_of_the_key(endpoint: Endpoint, account: str, doors: Doors) -> None:
    pytest.importorskip("moto")
    assert endpoint.client_of(account, "sts").get_caller_identity()["Account"] == account


def test_an_assumed_role_works_in_its_own_account(endpoint: Endpoint, doors: Doors) -> None:
    pytest.importorskip("moto")
    other = new_account()
    arn = f"arn:aws:iam::{other}:role/patching"
    issued = endpoint.client_of(new_account(), "sts").assume_role(RoleArn=arn, RoleSessionName=PREFIX)["Credentials"]
    client = endpoint.client(
        aws_access_key_id=issued["AccessKeyId"],
        aws_secret_access_key=issued["SecretAccessKey"],
        aws_session_token=issued["SessionToken"],
    )
    client.describe_maintenance_windows()
    assert doors.calls(other)


def test_a_fault_may_strike_another_service(endpoint: Endpoint, account: str, doors: Doors) -> None:
    pytest.importorskip("moto")
    client = endpoint.client_of(account, "iam")
    with doors.faults(rule("*", "AccessDenied", service="iam", status=403)), pytest.raises(ClientError):
        client.list_roles()
    assert client.list_roles()["Roles"] == []
