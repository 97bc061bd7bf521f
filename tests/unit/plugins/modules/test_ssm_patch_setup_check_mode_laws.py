# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For any declaration, valid or not: check mode and the run say the same, and the service refuses nothing.

The account itself asserts the second half, see tests/support/predictions.py.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.patchfleet.aws.tests.support.account import Account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
_BLANK = st.sampled_from(["", " ", "\u00a0", "\t"])
_VALUES = {
    "PRODUCT": ["*", "WindowsServer2022", "AmazonLinux2023", "Ubuntu24.04", "Office 2016", "All", "Windows*"],
    "PRODUCT_FAMILY": ["*", "Windows", "Office", "Offices"],
    "PATCH_SET": ["OS", "APPLICATION", "os"],
    "CLASSIFICATION": ["*", "Security", "SecurityUpdates", "Bugfix", "security"],
    "MSRC_SEVERITY": ["*", "Critical", "critical", "None"],
    "SEVERITY": ["*", "Critical", "Medium", "Moderate", "High"],
    "PRIORITY": ["*", "Required", "required"],
    "SECTION": ["*", "kernel"],
}
_KEYS = {
    "WINDOWS": ["PATCH_SET", "PRODUCT", "PRODUCT_FAMILY", "CLASSIFICATION", "MSRC_SEVERITY"],
    "AMAZON_LINUX_2023": ["PRODUCT", "CLASSIFICATION", "SEVERITY"],
    "UBUNTU": ["PRODUCT", "PRIORITY", "SECTION"],
}
_GROUP = st.one_of(
    st.text("aZ0 _.:/=+-@", min_size=1, max_size=12), _BLANK, st.sampled_from(["web,db", "x" * 257, "#"])
)
_DAYS = st.sampled_from(["2026-02-28", "2026-02-30", "2026-2-3", "2026-02-03T00:00:00Z", "28.2.2026", "2028-02-29"])


@st.composite
def filters(draw: st.DrawFn, system: str) -> dict[str, Any]:
    keys = draw(st.lists(st.sampled_from(_KEYS[system]), unique=True, max_size=5))
    entries = {key: st.lists(st.one_of(st.sampled_from(_VALUES[key]), _BLANK), max_size=3) for key in keys}
    return {key: draw(st.one_of(values, st.sampled_from(_VALUES[key]))) for key, values in entries.items()}


@st.composite
def approval_rules(draw: st.DrawFn, system: str) -> dict[str, Any]:
    rule = {"filters": draw(filters(system))}
    optional = {
        "approve_after_days": st.integers(-1, 361),
        "approve_until_date": _DAYS,
        "compliance_level": st.sampled_from(["CRITICAL", "high"]),
        "enable_non_security": st.booleans(),
    }
    for name in draw(st.lists(st.sampled_from([*optional]), unique=True, max_size=2)) or ["approve_after_days"]:
        rule[name] = draw(optional[name])
    return rule


@st.composite
def baselines(draw: st.DrawFn) -> dict[str, Any]:
    system = draw(st.sampled_from([*_KEYS]))
    optional = {
        "approval_rules": st.lists(approval_rules(system), max_size=2),
        "global_filters": filters(system),
        "approved_patches": st.lists(st.one_of(st.just("KB1"), _BLANK), max_size=2),
        "patch_groups": st.lists(_GROUP, max_size=3, unique=True),
        "tags": st.dictionaries(_GROUP, st.one_of(st.none(), _GROUP), max_size=2),
        "description": st.sampled_from(["", "text", "x" * 1025]),
        "rejected_patches_action": st.sampled_from(["BLOCK", "block", ""]),
        "default": st.booleans(),
    }
    names = draw(st.lists(st.sampled_from([*optional]), unique=True, max_size=4))
    chosen = {name: draw(optional[name]) for name in names}
    return {"name": draw(st.sampled_from(["linux", "prod base", "ab"])), "operating_system": system, **chosen}


_CRITERIA = st.one_of(
    st.fixed_dictionaries({"patch_groups": st.lists(_GROUP, max_size=2)}),
    st.fixed_dictionaries({"tag_keys": st.lists(st.one_of(st.just("Env"), _BLANK), max_size=2)}),
    st.fixed_dictionaries({"instance_tags": st.dictionaries(_GROUP, st.one_of(st.none(), _GROUP), max_size=2)}),
    st.fixed_dictionaries({"instance_ids": st.lists(st.sampled_from(["i-0123456789abcdef0", "i-1", ""]), max_size=2)}),
    st.fixed_dictionaries({"resource_group": st.sampled_from(["one", ""])}),
)
_SCHEDULES = st.sampled_from(
    [
        *("cron(0 2 ? * TUE#2 *)", "cron(0 2 * * * *)", "cron(0 2 31 2 ? *)", "cron(0 2 ? * L *)", "rate(1 days)"),
        *("rate(7 days)", "at(2027-01-01T00:00:00)", "at(2020-01-01T00:00:00)", "at(2027-01-01)", "every day"),
    ]
)
_DATES = st.sampled_from(
    ["2026-06-01T00:00:00Z", "2026-06-31T00:00:00Z", "2026-06-01", "2027-01-01T00:00:00+02:00", ""]
)


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    optional = {
        "schedule_timezone": st.sampled_from(["Europe/Berlin", "Europe/Berln", "", "UTC"]),
        "schedule_offset": st.integers(0, 7),
        "start_date": _DATES,
        "end_date": _DATES,
        "enabled": st.booleans(),
        "allow_unassociated_targets": st.booleans(),
        "tags": st.dictionaries(_GROUP, st.one_of(st.none(), _GROUP), max_size=2),
    }
    names = draw(st.lists(st.sampled_from([*optional]), unique=True, max_size=4))
    window = {name: draw(optional[name]) for name in names}
    targets = draw(st.lists(_CRITERIA, max_size=2))
    window["targets"] = [{"name": f"target{number}", **criteria} for number, criteria in enumerate(targets)]
    task = {
        "name": "scan",
        "operation": draw(st.sampled_from(["Scan", "Install", "scan"])),
        "window_targets": [one["name"] for one in window["targets"]],
        "max_concurrency": draw(st.sampled_from(["10%", "0", "101%", "1"])),
        "output_s3_bucket": draw(st.sampled_from(["logs", "s3://logs", "MyBucket", "a", ""])),
        "timeout_seconds": draw(st.sampled_from([0, 29, 600])),
        "comment": draw(st.sampled_from(["", "text", "x" * 101])),
    }
    chosen = ("name", "operation", "window_targets", *draw(st.lists(st.sampled_from([*task]), max_size=2)))
    window["patch_tasks"] = [{name: task[name] for name in chosen}]
    cutoff = draw(st.integers(0, 4))
    return {"name": "prod", "schedule": draw(_SCHEDULES), "duration": 3, "cutoff": cutoff, **window}


def _check_then_run(account: Account, **declared: Any) -> None:
    account.simulator.reset()
    planned = account.outcome("ssm_patch_setup", check=True, **declared)
    done = account.outcome("ssm_patch_setup", **declared)
    if planned.get("failed"):
        assert done["msg"] == planned["msg"]
        assert not account.calls(writes=True)
    elif not done.get("failed"):
        assert [one["name"] for one in done["changes"]] == [one["name"] for one in planned["changes"]]
        assert not account.outcome("ssm_patch_setup", **declared)["changed"]


@_EXAMPLES
@given(baseline=baselines())
def test_baselines(account: Account, baseline: dict[str, Any]) -> None:
    _check_then_run(account, baselines=[baseline])


@_EXAMPLES
@given(window=windows())
def test_windows(account: Account, window: dict[str, Any]) -> None:
    _check_then_run(account, windows=[window])
