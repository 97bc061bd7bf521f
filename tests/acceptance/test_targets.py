# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's acceptance tests of aws_ssm_maintenance_window_target, told as module calls."""

from __future__ import annotations

from .scenario_runner import ABSENT, TARGET, Call, Refused, Run, Scenario, ScenarioRunner, scenarios
from .surroundings import in_window, target, window

CRITERIA = [
    {"Key": "tag:Name", "Values": ["acceptance"]},
    {"Key": "tag:Name2", "Values": ["acceptance", "acceptance2"]},
]
CREATION = in_window(
    name="servers",
    description="for the test",
    instance_tags={"Name": "acceptance", "Name2": ["acceptance", "acceptance2"]},
)
STORED = {"Name": "servers", "Description": "for the test", "ResourceType": "INSTANCE", "Targets": CRITERIA}
BY_NAME = in_window(name="servers")
BY_ID = in_window(window_target_id="<servers.window_target_id>")
UPDATED = [{"Key": "tag:Name", "Values": ["acceptance"]}, {"Key": "tag:Updated", "Values": ["new-value"]}]
GROUP = [
    {"Key": "resource-groups:ResourceTypeFilters", "Values": ["AWS::EC2::Instance"]},
    {"Key": "resource-groups:Name", "Values": ["resource-group-name"]},
]


@scenarios(
    Scenario(
        "basic",
        (
            window(),
            Run(TARGET, CREATION, {**STORED, "OwnerInformation": ABSENT}),
            Run(
                TARGET,
                in_window(name="servers", targets=[{"key": one["Key"], "values": one["Values"]} for one in CRITERIA]),
                STORED,
                changed=False,
            ),
            Run(TARGET, {**BY_ID, "description": "for the test"}, STORED, changed=False),
            Run(TARGET, in_window(name="servers", state="absent")),
        ),
    ),
    Scenario(
        "noNameOrDescription",
        (
            window(),
            target("unnamed", Targets=CRITERIA),
            Run(
                TARGET,
                in_window(
                    window_target_id="<unnamed.WindowTargetId>",
                    instance_tags={"Name": "acceptance", "Updated": "new-value"},
                ),
                {"Name": ABSENT, "Description": ABSENT, "Targets": UPDATED},
            ),
            Run(
                TARGET,
                in_window(window_target_id="<unnamed.WindowTargetId>", name="servers"),
                {"Name": "servers", "Targets": UPDATED},
            ),
            Run(TARGET, in_window(window_target_id="<unnamed.WindowTargetId>", state="absent")),
        ),
    ),
    Scenario(
        "validation",
        (
            window(),
            Refused(TARGET, {**CREATION, "name": "Bäd Name!@#$%^"}, ("name:", "Bäd Name")),
            Refused(TARGET, {**CREATION, "name": "bd"}, ("name:", "3")),
            Refused(TARGET, {**CREATION, "description": "too l" + 140 * "o" + "ng"}, ("description:", "128")),
            # Terraform also refuses a description of two characters, which the service takes.
            Run(TARGET, {**CREATION, "description": "bd"}, {"Description": "bd"}),
        ),
    ),
    Scenario(
        "update",
        (
            window(),
            Run(TARGET, CREATION, STORED),
            Run(
                TARGET,
                in_window(
                    name="servers",
                    description="updated",
                    owner_information="something",
                    instance_tags={"Name": "acceptance", "Updated": "new-value"},
                ),
                {**STORED, "Description": "updated", "OwnerInformation": "something", "Targets": UPDATED},
            ),
            Run(
                TARGET,
                {**BY_NAME, "owner_information": "", "description": ""},
                {**STORED, "Description": ABSENT, "OwnerInformation": ABSENT, "Targets": UPDATED},
            ),
        ),
    ),
    Scenario(
        "resourceGroup",
        (
            window(),
            Run(
                TARGET,
                in_window(
                    name="servers",
                    description="for the test",
                    targets=[{"key": one["Key"], "values": one["Values"]} for one in GROUP],
                ),
                {**STORED, "ResourceType": "RESOURCE_GROUP", "Targets": GROUP},
            ),
            Run(
                TARGET,
                in_window(name="servers", resource_group="resource-group-name", resource_types=["AWS::EC2::Instance"]),
                {"Targets": GROUP},
                changed=False,
            ),
            Run(TARGET, CREATION, STORED, new_id=True),
        ),
    ),
    Scenario(
        "disappears",
        (
            window(),
            Run(TARGET, CREATION),
            Call(
                "DeregisterTargetFromMaintenanceWindow",
                {"WindowId": "<tuesdays.WindowId>", "WindowTargetId": "<servers.window_target_id>"},
            ),
            Refused(TARGET, {**BY_ID, "description": "other"}, ("<servers.window_target_id>",)),
            Run(TARGET, in_window(name="servers", state="absent"), changed=False),
            Run(TARGET, CREATION, STORED, new_id=True),
        ),
    ),
    Scenario(
        "Disappears_window",
        (
            window(),
            Run(TARGET, CREATION),
            Call("DeleteMaintenanceWindow", {"WindowId": "<tuesdays.WindowId>"}),
            Refused(TARGET, CREATION, ("<tuesdays.WindowId>",)),
            Refused(TARGET, {**CREATION, "window": "tuesdays"}, ("tuesdays",), foreseen=False),
            Run(TARGET, {"window": "tuesdays", "name": "servers", "state": "absent"}, changed=False),
        ),
    ),
)
def test_terraform(runner: ScenarioRunner, scenario: Scenario) -> None:
    runner.run_steps(*scenario.steps)


def test_terraform_documents_resource_types_without_a_group(runner: ScenarioRunner) -> None:
    """Nothing else documents it, so the service decides: the profiles of the simulator do so either way."""
    types = [{"key": "resource-groups:ResourceTypeFilters", "values": ["AWS::EC2::Instance"]}]
    args = in_window(name="servers", targets=types)
    runner.run_steps(window())
    if runner.account.profile == "lenient":
        runner.run_steps(Run(TARGET, args, {"ResourceType": "RESOURCE_GROUP", "Targets": GROUP[:1]}))
    else:
        told = runner.account.fails(TARGET, **runner.filled(args))
        assert "RegisterTargetWithMaintenanceWindow" in told["msg"]
        assert "resource-groups:Name" in told["msg"]
