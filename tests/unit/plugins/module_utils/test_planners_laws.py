# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws that hold for any two valid declarations, whatever was declared before and whatever somebody did by hand."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.engine import Engine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# The account is reset at the beginning of each example.
LAW = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TEXTS = st.sampled_from(["", "one", "two"])


def _some(**options: Any) -> Any:
    """A dict of any of these options."""
    return st.fixed_dictionaries({}, optional=options)


TARGET = st.one_of(
    st.fixed_dictionaries({"patch_groups": st.lists(st.sampled_from(["Web", "Db"]), min_size=1, unique=True)}),
    st.fixed_dictionaries({"instance_tags": st.sampled_from([{"Env": "prod"}, {"Env": ["a", "b"], "Tier": "web"}])}),
    st.fixed_dictionaries({"resource_group": st.sampled_from(["one", "two"])}),
)
COMMAND = _some(
    comment=TEXTS,
    timeout_seconds=st.sampled_from([0, 60, 90]),
    document_version=st.sampled_from(["", "$DEFAULT", "$LATEST"]),
    output_s3_bucket=st.sampled_from(["", "logs"]),
    cloudwatch_output=st.booleans(),
    notification=st.sampled_from(
        [
            {},
            {"topic_arn": "arn:aws:sns:eu-central-1:123456789012:one", "role_arn": "arn:aws:iam::123456789012:role/x"},
        ]
    ),
)
SHARED = _some(
    description=TEXTS,
    priority=st.sampled_from([0, 1, 5]),
    service_role_arn=st.sampled_from(["", "arn:aws:iam::123456789012:role/one"]),
    cutoff_behavior=st.sampled_from(["", "CONTINUE_TASK", "CANCEL_TASK"]),
    alarm=st.sampled_from([{}, {"name": "one"}, {"name": "two", "ignore_poll_failure": True}]),
)
PATCHING = _some(
    reboot_option=st.sampled_from(["", "NoReboot"]),
    hooks=st.sampled_from([{}, {"pre_install": "Drain"}, {"on_exit": "Tell", "pre_install": ""}]),
    max_concurrency=st.sampled_from(["1", "50%"]),
)
TASKS = st.one_of(
    st.fixed_dictionaries({"task_type": st.just("AUTOMATION"), "task_arn": st.sampled_from(["Stop", "Start"])}),
    st.fixed_dictionaries(
        {
            "task_type": st.just("LAMBDA"),
            "task_arn": st.just("arn:aws:lambda:eu-central-1:123456789012:function:x"),
            "lambda_function": _some(payload=st.sampled_from(["", {"a": 1}, '{"a": 2}']), qualifier=TEXTS),
        }
    ),
)


def _named(names: list[str], entry: Any) -> Any:
    """A list of entries with different names."""
    return st.lists(st.sampled_from(names), unique=True, max_size=len(names)).flatmap(
        lambda chosen: st.tuples(*(entry.map(lambda one, name=name: {**one, "name": name}) for name in chosen)).map(
            list
        )
    )


def _joined(*parts: Any) -> Any:
    return st.tuples(*parts).map(lambda dicts: {name: value for one in dicts for name, value in one.items()})


def _patch_tasks(targets: list[dict[str, Any]]) -> Any:
    names = [target["name"] for target in targets]
    if not names:
        return st.just([])
    on = st.lists(st.sampled_from(names), min_size=1, unique=True)
    required = st.fixed_dictionaries({"operation": st.sampled_from(["Scan", "Install"]), "window_targets": on})
    return _named(["install", "scan"], _joined(required, SHARED, COMMAND, PATCHING))


def _window(targets: list[dict[str, Any]]) -> Any:
    return st.fixed_dictionaries(
        {
            "schedule": st.sampled_from(["rate(7 days)", "cron(0 2 ? * TUE *)"]),
            "duration": st.sampled_from([3, 4]),
            "cutoff": st.sampled_from([0, 1]),
            "targets": st.just(targets),
            "patch_tasks": _patch_tasks(targets),
            "tasks": _named(["stop", "start"], _joined(TASKS, SHARED)),
        },
        optional={
            "description": TEXTS,
            "schedule_timezone": st.sampled_from(["", "Europe/Berlin"]),
            "start_date": st.sampled_from(["", "2027-01-01T00:00:00Z", "2027-01-01T01:00:00+01:00"]),
            "enabled": st.booleans(),
            "allow_unassociated_targets": st.booleans(),
            "tags": st.dictionaries(st.sampled_from(["Env", "Team"]), TEXTS, max_size=2),
        },
    )


WINDOWS = _named(["prod", "test"], _named(["web", "dbs"], TARGET).flatmap(_window))
RULES = st.lists(
    st.fixed_dictionaries(
        {
            "filters": st.sampled_from([{"PRODUCT": ["*"]}, {"CLASSIFICATION": ["Security", "Bugfix"]}]),
            "approve_after_days": st.sampled_from([0, 7]),
        },
        optional={"compliance_level": st.sampled_from(["HIGH", "UNSPECIFIED"]), "enable_non_security": st.booleans()},
    ),
    max_size=2,
)
BASELINES = _named(
    ["linux", "other"],
    _joined(
        st.just({"operating_system": "AMAZON_LINUX_2023", "move_patch_groups": True}),
        _some(
            description=TEXTS,
            approval_rules=RULES,
            global_filters=st.sampled_from([{}, {"PRODUCT": ["*"]}]),
            approved_patches=st.lists(st.sampled_from(["a", "b"]), unique=True),
            rejected_patches_action=st.sampled_from(["", "BLOCK"]),
            approved_patches_compliance_level=st.sampled_from(["", "HIGH"]),
            default=st.just(False),
        ),
    ),
)


def _with_groups(baselines: list[dict[str, Any]]) -> Any:
    """Each patch group at most once, so that the declaration does not contradict itself."""
    owners = st.lists(st.integers(0, max(len(baselines) - 1, 0)), min_size=2, max_size=2)

    def give(numbers: list[int]) -> list[dict[str, Any]]:
        groups = dict(zip(["Web", "Db"], numbers, strict=True))
        return [
            {**one, "patch_groups": [group for group, owner in groups.items() if owner == number]}
            for number, one in enumerate(baselines)
        ]

    return owners.map(give)


SETUPS = st.fixed_dictionaries({"windows": WINDOWS, "baselines": st.one_of(BASELINES, BASELINES.flatmap(_with_groups))})


@pytest.fixture
def engine(account: Account) -> Engine:
    """The engine in the account."""
    assert account
    return Engine()


def _told(planning: Any) -> list[Any]:
    return [(change.kind, change.name, change.action, change.before, change.after) for change in planning.plan.changes]


def _make(engine: Engine, declared: dict[str, Any]) -> None:
    planning = engine.plan(**declared)
    assert not planning.plan.violations
    outcome = engine.apply(planning)
    assert not outcome.failures, [failure.text() for failure in outcome.failures]
    assert len(outcome.succeeded) == len(planning.plan.steps)


@LAW
@given(before=SETUPS, after=SETUPS)
def test_after_applying_b_over_a_nothing_is_left_to_do(
    account: Account, engine: Engine, before: dict[str, Any], after: dict[str, Any]
) -> None:
    account.simulator.reset()
    _make(engine, before)
    _make(engine, after)

    left = engine.plan(**after)

    assert not left.plan.violations
    assert _told(left) == []
    assert left.plan.steps == []


@LAW
@given(before=SETUPS, after=SETUPS)
def test_planning_is_reading_only_and_the_same_every_time(
    account: Account, engine: Engine, before: dict[str, Any], after: dict[str, Any]
) -> None:
    account.simulator.reset()
    _make(engine, before)
    account.clear_log()

    first, second = engine.plan(**after), engine.plan(**after)

    assert _told(first) == _told(second)
    assert [(step.key, step.operation, step.request) for step in first.plan.steps] == [
        (step.key, step.operation, step.request) for step in second.plan.steps
    ]
    assert not account.calls(writes=True)


@LAW
@given(declared=SETUPS, text=st.sampled_from(["by hand", "one"]))
def test_drift_is_told_and_put_back(account: Account, engine: Engine, declared: dict[str, Any], text: str) -> None:
    account.simulator.reset()
    _make(engine, declared)
    drifted = _drift(account, text)
    expected = {entry["name"] for entry in declared["windows"] if entry.get("description") not in (None, text)}

    planning = engine.plan(**declared)
    assert {change.name for change in planning.plan.changes} == expected & drifted
    assert all(change.fields == ["description"] for change in planning.plan.changes)
    engine.apply(planning)

    assert not engine.plan(**declared).plan.steps


def _drift(account: Account, text: str) -> set[str]:
    """Give every window another description; the names of the windows."""
    names = set()
    for window in account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]:
        account.by_hand("UpdateMaintenanceWindow", WindowId=window["WindowId"], Description=text)
        names.add(window["Name"])
    return names


@LAW
@given(declared=SETUPS)
def test_everything_that_was_made_is_removed_again(account: Account, engine: Engine, declared: dict[str, Any]) -> None:
    account.simulator.reset()
    _make(engine, {**declared, "setup": "one"})

    _make(engine, {"setup": "one", "state": "absent"})

    assert account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"] == []
    own = [{"Key": "OWNER", "Values": ["Self"]}]
    assert account.by_hand("DescribePatchBaselines", Filters=own)["BaselineIdentities"] == []
    assert account.simulator.execute("DescribePatchGroups", REGION, ACCOUNT, {})["Mappings"] == []
