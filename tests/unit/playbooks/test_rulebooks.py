# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks agree with each other, with the rules of EventBridge and with the playbooks that they run."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from simulator import CHECKOUT

RULEBOOKS = CHECKOUT / "extensions" / "eda" / "rulebooks"
PLAYBOOKS = CHECKOUT / "playbooks"
# A pattern in a condition, and what ends it.
_MATCH = re.compile(r'is match\("(.*?)\(\?!\.\|\\n\|\\r\)"\)')


def content(path: Any) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


[DIRECT] = content(RULEBOOKS / "patch_events.yml")
[CONTROLLER] = content(RULEBOOKS / "patch_events_controller.yml")
RULES = {rule["action"]["run_playbook"]["name"].removeprefix("patchfleet.aws."): rule for rule in DIRECT["rules"]}


def test_the_rulebook_of_the_controller_differs_in_what_it_launches_alone() -> None:
    assert {**DIRECT, "rules": []} == {**CONTROLLER, "rules": []}
    for direct, controller in zip(DIRECT["rules"], CONTROLLER["rules"], strict=True):
        run, launch = direct["action"]["run_playbook"], controller["action"]["run_job_template"]
        assert {**direct, "action": None} == {**controller, "action": None}
        assert run["extra_vars"] == launch["job_args"]["extra_vars"]
        assert run["name"].removeprefix("patchfleet.aws.") in launch["name"]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_passes_on_what_fits_the_patterns_of_its_playbook(name: str) -> None:
    first = content(PLAYBOOKS / f"{name}.yml")[0]
    checked = content(PLAYBOOKS / "tasks" / "event_host.yml")[0]
    place = re.findall(r"'(patch_event_\w+)': '(.*?)'", checked["vars"]["__event_patterns"])
    patterns = dict(place) | first["vars"]["__event_variables"]
    passed = RULES[name]["action"]["run_playbook"]["extra_vars"]
    assert set(patterns) == set(passed)
    in_conditions = set(_MATCH.findall(RULES[name]["condition"]))
    assert {pattern for key, pattern in patterns.items() if key != "patch_event_actor"} == in_conditions


def test_every_text_that_is_passed_on_is_bound_by_a_pattern_of_its_whole_length() -> None:
    for rule in DIRECT["rules"]:
        assert rule["condition"].count("is match(") == len(_MATCH.findall(rule["condition"]))
        for pattern in _MATCH.findall(rule["condition"]):
            assert not re.search(pattern + r"\Z", "{{ x }}")
            assert "." not in pattern.replace("\\.", "")


def test_the_rules_of_eventbridge_send_what_the_rulebook_waits_for() -> None:
    sent = content(PLAYBOOKS / "vars" / "event_queue.yml")["__event_patterns"]
    for (_name, rule), pattern in zip(RULES.items(), sent.values(), strict=True):
        [kind] = pattern["detail-type"]
        assert f'event.body["detail-type"] == "{kind}"' in rule["condition"]
        for value in (*pattern["detail"].get("status", ()), *pattern["detail"].get("compliance-status", ())):
            assert f'"{value}"' in rule["condition"]


def test_no_playbook_of_a_rule_installs_or_writes() -> None:
    allowed = {"ssm_maintenance_window_info", "ssm_patch_compliance_info", "ssm_patch_forecast_info", "all", "summary"}
    for name in RULES:
        text = (PLAYBOOKS / f"{name}.yml").read_text(encoding="utf-8")
        used = set(re.findall(r"patchfleet\.aws\.(\w+)", text))
        predicted = {"patching", "setup"} if content(PLAYBOOKS / f"{name}.yml")[1].get("check_mode") is True else set()
        assert used <= allowed | predicted
