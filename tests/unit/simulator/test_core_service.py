# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault rules, and the simulator in process: its log, its seed, its reset."""

from __future__ import annotations

from typing import Any

import pytest
from ssmsim import Simulator
from ssmsim.faults import Call, Faults

HERE = ("eu-west-1", "123456789012")
CALL = Call("ssm", "DescribeMaintenanceWindows", *HERE)
WINDOW: dict[str, Any] = {
    "Name": "Patch-Tuesday",
    "Schedule": "cron(0 16 ? * TUE *)",
    "Duration": 3,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
}
SEED: dict[str, Any] = {
    "seed": 7,
    "fleet": {"count": 3},
    "regions": [
        {
            "region": "eu-west-1",
            "account": "210987654321",
            "windows": [
                WINDOW
                | {
                    "Targets": [
                        {
                            "Name": "Web",
                            "ResourceType": "INSTANCE",
                            "Targets": [{"Key": "tag:Role", "Values": ["web"]}],
                        }
                    ],
                    "Tasks": [
                        {
                            "TaskType": "RUN_COMMAND",
                            "TaskArn": "AWS-RunPatchBaseline",
                            "Targets": [{"Key": "WindowTargetIds", "Values": ["Web"]}],
                            "MaxConcurrency": "1",
                            "MaxErrors": "0",
                        }
                    ],
                }
            ],
            "baselines": [{"Name": "Production", "PatchGroups": ["Servers"], "Default": True}],
        }
    ],
    "windows": [WINDOW],
}


def injected(faults: Faults, count: int = 1, call: Call = CALL) -> list[str | None]:
    rules = [faults.inject(call).rule for _ in range(count)]
    return [rule.do if rule else None for rule in rules]


def faults_of(*rules: dict[str, Any]) -> Faults:
    faults = Faults()
    faults.set(list(rules))
    return faults


def test_after_and_times_count_matching_calls_only() -> None:
    faults = faults_of({"op": "Describe*", "do": "drop", "after": 1, "times": 2})
    assert injected(faults, call=Call("ssm", "GetMaintenanceWindow", *HERE)) == [None]
    assert injected(faults, 5) == [None, "drop", "drop", None, None]


def test_a_rate_is_repeatable() -> None:
    rule = {"do": "drop", "rate": 0.3}
    first, second = injected(faults_of(rule), 200), injected(faults_of(rule), 200)
    assert first == second
    assert 40 <= first.count("drop") <= 80


@pytest.mark.parametrize(
    ("narrowing", "call"),
    [
        ({"region": "us-east-1"}, Call("ssm", "X", "us-east-1", "1")),
        ({"account": "1"}, Call("ssm", "X", "us-east-1", "1")),
        ({"service": "iam"}, Call("iam", "X", "eu-west-1", "123456789012")),
        ({"op": "x"}, Call("ssm", "x", "eu-west-1", "123456789012")),
    ],
)
def test_a_rule_strikes_what_it_names(narrowing: dict[str, Any], call: Call) -> None:
    faults = faults_of({"do": "drop"} | narrowing)
    assert injected(faults, call=call) == ["drop"]
    assert injected(faults) == [None]


def test_latencies_add_up_and_the_first_other_rule_counts() -> None:
    faults = faults_of(
        {"do": "latency", "ms": 100},
        {"do": "ThrottlingException"},
        {"do": "drop", "times": 1},
        {"do": "latency", "ms": 20},
    )
    injection = faults.inject(CALL)
    assert injection.delay == pytest.approx(0.12)
    assert injection.rule is not None
    assert injection.rule.do == "ThrottlingException"
    assert [entry["do"] for entry in faults.injected()] == ["latency", "ThrottlingException", "latency"]


def test_jitter_stays_within_its_share() -> None:
    faults = faults_of({"do": "latency", "ms": 100, "jitter": 0.5})
    delays = [faults.inject(CALL).delay for _ in range(100)]
    assert 0.05 <= min(delays) < 0.07 < 0.13 < max(delays) <= 0.15


@pytest.mark.parametrize("rule", [{}, {"do": "drop", "opp": "Describe*"}])
def test_a_rule_that_is_none_leaves_the_others_in_force(rule: dict[str, Any]) -> None:
    faults = faults_of({"do": "drop"})
    with pytest.raises(ValueError, match="rule"):
        faults.set([rule])
    assert injected(faults) == ["drop"]


@pytest.mark.parametrize(
    ("rule", "status", "message"),
    [
        ({"do": "ThrottlingException"}, 400, "Rate exceeded"),
        ({"do": "InternalServerError"}, 500, "An error occurred on the server side."),
        ({"do": "ServiceUnavailable", "message": "later"}, 503, "later"),
        ({"do": "Odd", "status": 418}, 418, "Odd was injected"),
    ],
)
def test_the_answer_of_a_rule(rule: dict[str, Any], status: int, message: str) -> None:
    simulator = Simulator()
    simulator.set_faults([rule])
    answer = simulator.handle("DescribeMaintenanceWindows", *HERE, {})
    assert answer == (status, {"__type": rule["do"], "message": message})


def test_access_denied_names_the_action() -> None:
    simulator = Simulator()
    simulator.set_faults([{"do": "AccessDeniedException"}])
    _, answer = simulator.handle("DescribeMaintenanceWindows", *HERE, {})
    assert "is not authorized to perform: ssm:DescribeMaintenanceWindows on resource" in answer["message"]


@pytest.mark.parametrize(("do", "count"), [("drop", 0), ("lost", 1)])
def test_a_broken_connection_before_or_after_the_effect(do: str, count: int) -> None:
    simulator = Simulator()
    simulator.set_faults([{"op": "Create*", "do": do}])
    with pytest.raises(ConnectionError):
        simulator.handle("CreateMaintenanceWindow", *HERE, WINDOW)
    _, answer = simulator.handle("DescribeMaintenanceWindows", *HERE, {})
    assert len(answer["WindowIdentities"]) == count
    assert [entry["error"] for entry in simulator.log()] == [do, None]


def test_the_log_holds_every_call_until_it_is_cleared() -> None:
    simulator = Simulator()
    _, created = simulator.handle("CreateMaintenanceWindow", *HERE, WINDOW)
    simulator.handle("GetMaintenanceWindow", *HERE, {"WindowId": "mw-00000000000000000"})
    simulator.handle("GetOpsSummary", *HERE, {})
    told = [(entry["op"], entry["status"], entry["error"], entry["write"]) for entry in simulator.log()]
    assert told == [
        ("CreateMaintenanceWindow", 200, None, True),
        ("GetMaintenanceWindow", 400, "DoesNotExistException", False),
        ("GetOpsSummary", 501, "NotImplemented", False),
    ]
    assert simulator.log()[0]["input"] == WINDOW
    simulator.clear_log()
    assert simulator.log() == []
    assert simulator.handle("GetMaintenanceWindow", *HERE, created)[0] == 200


def test_an_unknown_operation_and_a_body_that_is_no_object() -> None:
    simulator = Simulator()
    assert simulator.handle("MakeTea", *HERE, {})[1]["__type"] == "UnknownOperationException"
    assert simulator.answer(CALL, []).error == "SerializationException"


def test_a_seed_is_there_at_the_start_and_after_a_reset() -> None:
    simulator = Simulator(seed=SEED)
    place = ("eu-west-1", "210987654321")
    for _ in range(2):
        (window,) = simulator.execute("DescribeMaintenanceWindows", *place, {})["WindowIdentities"]
        (target,) = simulator.execute("DescribeMaintenanceWindowTargets", *place, {"WindowId": window["WindowId"]})[
            "Targets"
        ]
        (task,) = simulator.execute("DescribeMaintenanceWindowTasks", *place, {"WindowId": window["WindowId"]})["Tasks"]
        assert task["Targets"] == [{"Key": "WindowTargetIds", "Values": [target["WindowTargetId"]]}]
        default = simulator.execute("GetDefaultPatchBaseline", *place, {"OperatingSystem": "WINDOWS"})["BaselineId"]
        baseline = simulator.execute("GetPatchBaseline", *place, {"BaselineId": default})
        assert (baseline["Name"], baseline["PatchGroups"]) == ("Production", ["Servers"])
        there = simulator.execute("DescribeMaintenanceWindows", "us-east-1", "123456789012", {})
        assert len(there["WindowIdentities"]) == 1
        simulator.execute("DeleteMaintenanceWindow", *place, {"WindowId": window["WindowId"]})
        simulator.reset()
    assert simulator.log() == []


def test_a_seed_may_have_tags_of_aws() -> None:
    stack = [{"Key": "aws:cloudformation:stack-id", "Value": "arn"}]
    tagged = {"SystemTags": stack, "Tags": [{"Key": "Env", "Value": "prod"}]}
    baseline = {"Name": "Production", **tagged}
    simulator = Simulator(
        seed={"regions": [{"region": HERE[0], "windows": [WINDOW | tagged], "baselines": [baseline]}]}
    )
    windows = simulator.execute("DescribeMaintenanceWindows", *HERE, {})["WindowIdentities"]
    owned = {"Filters": [{"Key": "OWNER", "Values": ["Self"]}]}
    baselines = simulator.execute("DescribePatchBaselines", *HERE, owned)["BaselineIdentities"]
    for kind, resource_id in [
        ("MaintenanceWindow", windows[0]["WindowId"]),
        ("PatchBaseline", baselines[0]["BaselineId"]),
    ]:
        answer = simulator.execute("ListTagsForResource", *HERE, {"ResourceType": kind, "ResourceId": resource_id})
        assert {tag["Key"] for tag in answer["TagList"]} == {"Env", "aws:cloudformation:stack-id"}


def test_a_seed_that_the_service_refuses() -> None:
    with pytest.raises(ValueError, match=r"seed: CreateMaintenanceWindow: ValidationException: .*'name'"):
        Simulator(seed={"windows": [WINDOW | {"Name": "a b"}]})


def test_reset_ends_faults_and_lag_and_may_change_the_profile() -> None:
    simulator = Simulator(clock="2026-01-01T00:00:00Z")
    missing = {"WindowId": "mw-00000000000000000"}
    assert simulator.handle("DeleteMaintenanceWindow", *HERE, missing)[0] == 200
    simulator.set_faults([{"do": "ThrottlingException"}])
    simulator.set_lag(60)
    simulator.advance(86400)
    simulator.reset("strict")
    assert simulator.now().isoformat().startswith("2026-01-01T00:00")
    assert simulator.handle("DeleteMaintenanceWindow", *HERE, missing)[1]["__type"] == "DoesNotExistException"
    _, created = simulator.handle("CreateMaintenanceWindow", *HERE, WINDOW)
    assert simulator.handle("GetMaintenanceWindow", *HERE, created)[0] == 200
    with pytest.raises(ValueError, match="profile"):
        simulator.reset("friendly")
