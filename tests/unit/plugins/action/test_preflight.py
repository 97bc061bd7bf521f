# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of a role's variables: what it refuses and in how many words, and which types it gives."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import EncryptedString
from ansible.template import Templar, trust_as_template
from ansible_collections.patchfleet.aws.plugins.action import preflight

ROLES = Path(__file__).resolve().parents[4] / "roles"
WINDOW: dict[str, Any] = {"name": "prod", "schedule": "rate(1 day)", "duration": 2, "cutoff": 1}


def trusted(value: Any) -> Any:
    """A value as it stands in a file of variables."""
    if isinstance(value, dict):
        return {key: trusted(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [trusted(entry) for entry in value]
    return trust_as_template(value) if isinstance(value, str) else value


def run(role: str | None, given: dict[str, Any], playbook: str = "patch_now") -> dict[str, Any]:
    """The result of the action for a host with these variables and the defaults of the role; or for a playbook."""
    defaults = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8")) if role else {}
    variables = trusted({**defaults, **given})
    templar = Templar(loader=DataLoader(), variables=variables)
    args = {"role": role} if role else {"playbook": playbook}
    task = SimpleNamespace(args=args, check_mode=False, async_val=0, no_log=False)
    connection = SimpleNamespace(has_native_async=False, _shell=SimpleNamespace(tmpdir=None))
    action = preflight.ActionModule(task, connection, None, None, templar, None)
    result: dict[str, Any] = action.run(task_vars=variables)
    return result


def refusal(role: str | None, **given: Any) -> str:
    """The message for variables that are wrong."""
    result = run(role, given)
    assert result.get("failed"), result
    assert len(result["msg"]) < 700
    return str(result["msg"])


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (
            {"patching_widows": []},
            ["patching_widows is not a variable of the role patchfleet.aws.patching; did you mean"],
        ),
        (
            {"patching_windows": [{**WINDOW, "patch_tasks": [{"name": "install", "opertion": "Scan"}]}]},
            ["patching_windows[0] prod / patch_tasks[0] install: opertion is not an option; did you mean operation?"],
        ),
        (
            {
                "patching_windows": [{**WINDOW, "durtion": 1}],
                "patching_prune": "perhaps",
                "patching_prune_limit": "ten",
            },
            ["durtion", "patching_prune must be a boolean, true or false, but is 'perhaps'", "patching_prune_limit"],
        ),
        ({"patching_windows": {"name": "prod"}}, ["patching_windows must be a list of dictionaries"]),
        ({"patching_windows": None}, ["patching_windows has no value"]),
        (
            {},
            [
                "no baselines or windows are declared; specify patching_baselines or patching_windows",
                "-e @patching.yml",
            ],
        ),
        ({"patching_windows": [WINDOW], "patching_setup": ""}, ["patching_setup: '' is blank; specify the name"]),
        ({"patching_state": "absent", "patching_setup": "  "}, ["patching_setup: '  ' is blank"]),
        ({"patchng_windows": []}, ["patchng_windows is similar"]),
        ({"patching_state": "absent"}, ["no baselines or windows are declared"]),
        (
            {
                "patching_windows": [WINDOW],
                "patching_apply": "each",
                "patching_prune": "yes",
                "patching_unset": "reset",
                "patching_forecast": True,
            },
            [
                "patching_prune: true requires patching_apply: bulk",
                "patching_unset: reset requires",
                "patching_forecast: true requires",
            ],
        ),
        (
            {"patching_windows": [{**WINDOW, "description": "{{ nowhere }}", "duration": "{{ 1 / 0 }}"}]},
            ["patching_windows[0] prod: description: 'nowhere' is undefined", "patching_windows[0] prod: duration: "],
        ),
        (
            {
                "patching_windows": [
                    {**WINDOW, "tasks": [{"name": "tell", "lambda_function": {"payload": "{{TARGET_ID}}"}}]}
                ]
            },
            ["tasks[0] tell / lambda_function: payload: 'TARGET_ID' is undefined; if AWS replaces it", "!unsafe"],
        ),
        (
            {
                "patching_windows": [
                    {**WINDOW, "tasks": [{"name": "x", "run_command": {"comment": "{{ global:DATE }}"}}]}
                ]
            },
            ["tasks[0] x / run_command: comment: ", "!unsafe"],
        ),
    ],
)
def test_patching_refuses_with_all_mistakes_at_once(given: dict[str, Any], texts: list[str]) -> None:
    message = refusal("patching", **given)

    assert [text for text in texts if text not in message] == []


@pytest.mark.parametrize(
    "given",
    [
        {"patching_windows": [WINDOW]},
        {"patching_windows": [WINDOW], "patching_setup": None},
        {"patching_state": "absent", "patching_setup": "prod"},
    ],
)
def test_patching_takes_a_declaration_or_a_setup_that_goes(given: dict[str, Any]) -> None:
    assert "failed" not in run("patching", given)


def test_text_forms_become_booleans_and_numbers_in_every_role() -> None:
    for role in ("patching", "patch_report", "patch_prerequisites"):
        spec = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"][
            "options"
        ]
        booleans = {name: "yes" for name, option in spec.items() if option["type"] == "bool"}
        numbers = {name: "7" for name, option in spec.items() if option["type"] in ("int", "float")}

        typed = run(role, {"patching_windows": [WINDOW], **booleans, **numbers})["variables"]

        assert {name: typed[name] for name in booleans} == dict.fromkeys(booleans, True)
        assert {name: typed[name] for name in numbers} == dict.fromkeys(numbers, 7)


def test_suboptions_become_typed_and_absent_ones_stay_absent() -> None:
    typed = run("patch_prerequisites", {"patch_prerequisites_output_bucket": {"name": "b", "expiration_days": "3"}})

    assert typed["variables"]["patch_prerequisites_output_bucket"] == {"name": "b", "expiration_days": 3}
    assert typed["variables"]["patch_prerequisites_events_rule"] is None


def test_a_list_as_text_becomes_a_list() -> None:
    typed = run("patch_report", {"patch_report_inputs": "a.json,b.json", "patch_report_formats": "html,json"})[
        "variables"
    ]

    assert typed["patch_report_inputs"] == ["a.json", "b.json"]
    assert typed["patch_report_read"] is False


def test_the_result_of_a_role_is_no_variable_of_it() -> None:
    assert "failed" not in run("patch_report", {"patch_report_result": {}})


def test_lists_of_resources_stay_out_of_the_result() -> None:
    assert "patching_windows" not in run("patching", {"patching_windows": [WINDOW]})["variables"]


def test_a_hint_is_only_given_where_it_fits() -> None:
    assert "!unsafe" not in refusal("patching", patching_windows=[{**WINDOW, "description": "{{ nowhere }}"}])
    assert "is similar" not in refusal("patching", maintenance_windows=[], patch_windows_enabled=True)


def test_a_value_that_cannot_be_decrypted_is_named() -> None:
    assert "patching_setup: " in refusal("patching", patching_setup=EncryptedString(ciphertext="x"))


def test_the_report_refuses_what_would_be_ignored() -> None:
    assert "patch_report_tags: ' ' is empty; specify a tag key" in refusal("patch_report", patch_report_tags=["a", " "])
    assert "requires patch_report_inputs" in refusal("patch_report", patch_report_read="false")
    scope = {"patch_groups": ["web"]}
    message = refusal("patch_report", patch_report_inputs=["a.json"], patch_report_scope=scope)
    assert "omit the scope" in message
    gate = {"complience_percent": 95, "stale": "none"}
    message = refusal("patch_report", patch_report_gate=gate)
    assert "complience_percent is not an option; did you mean compliance_percent?" in message
    assert "stale must be an integer" in message


def test_the_playbook_that_patches_now_refuses_misspelt_variables() -> None:
    assert "did you mean patch_now_operation?" in refusal(None, patch_now_opration="Scan")
    assert "patch_now_wait must be a boolean" in refusal(None, patch_now_wait="maybe")


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ({"patch_now_patch_groups": "web"}, {"patch_now_patch_groups": ["web"]}),
        ({"patch_now_patch_groups": "web,, db,"}, {"patch_now_patch_groups": ["web", "db"]}),
        ({"patch_now_patch_groups": "Web, old\r\nDB\n\n"}, {"patch_now_patch_groups": ["Web, old", "DB"]}),
        ({"patch_now_patch_groups": '["a", "b"]'}, {"patch_now_patch_groups": ["a", "b"]}),
        (
            {"patch_now_wait": " true ", "patch_now_wait_timeout": "3"},
            {"patch_now_wait": True, "patch_now_wait_timeout": 3},
        ),
        ({"patch_now_operation": "Scan "}, {"patch_now_operation": "Scan"}),
        (
            {"patch_now_instance_tags": "Role: [web, db]\nStage: test"},
            {"patch_now_instance_tags": {"Role": ["web", "db"], "Stage": "test"}},
        ),
        ({"patch_now_instance_tags": '{"Role": "web"}'}, {"patch_now_instance_tags": {"Role": "web"}}),
        ({"patch_now_instance_tags": "Role=web"}, {"patch_now_instance_tags": {"Role": "web"}}),
        (
            {"patch_now_targets": "- key: tag:Role\n  values: [web]"},
            {"patch_now_targets": [{"key": "tag:Role", "values": ["web"]}]},
        ),
        (
            {
                "patch_now_wait": "",
                "patch_now_reboot_option": " ",
                "patch_now_comment": "",
                "patch_now_timeout_seconds": "",
            },
            {},
        ),
        ({"patch_now_comment": "first\nsecond"}, {"patch_now_comment": "first\nsecond"}),
    ],
)
def test_answers_of_a_survey_become_values(given: dict[str, Any], typed: dict[str, Any]) -> None:
    assert run(None, given)["variables"] == typed


@pytest.mark.parametrize(
    ("given", "text"),
    [
        # Without it the playbook would reach or install more.
        ({"patch_now_patch_groups": ""}, "patch_now_patch_groups has no value; specify one, or omit"),
        ({"patch_now_instance_tags": " \n"}, "patch_now_instance_tags has no value"),
        ({"patch_now_hooks": ""}, "patch_now_hooks has no value"),
        ({"patch_now_wait": "when done"}, "patch_now_wait must be a boolean, true or false, but is 'when done'"),
        ({"patch_now_wait_timeout": "1 hour"}, "patch_now_wait_timeout must be an integer"),
        ({"patch_now_instance_tags": "web"}, "patch_now_instance_tags must be a dictionary"),
        ({"patch_now_instance_tags": "~"}, "patch_now_instance_tags must be a dictionary"),
        ({"patch_now_targets": "a: b"}, "patch_now_targets must be a list of dictionaries"),
        ({"patch_now_operation": "Instal"}, "patch_now_operation must be one of Scan, Install"),
    ],
)
def test_answers_of_a_survey_that_mean_nothing_are_refused(given: dict[str, Any], text: str) -> None:
    assert text in refusal(None, **given)


def test_an_empty_list_of_patches_is_left_to_the_module_which_refuses_it() -> None:
    assert run(None, {"patch_now_install_override_list": ""})["variables"] == {"patch_now_install_override_list": ""}


def test_a_forecast_without_answers_is_of_all_nodes() -> None:
    given = {"forecast_window": "", "forecast_patch_groups": "", "forecast_instance_tags": "", "forecast_level": ""}

    assert run(None, given, "forecast")["variables"] == {}
    assert "did you mean forecast_level" in run(None, {"forecast_levl": "patches"}, "forecast")["msg"]


@pytest.mark.parametrize(
    ("role", "given", "text"),
    [
        ("patching", {"patching_prune": ""}, "patching_prune has no value; specify one, or omit patching_prune"),
        ("patching", {"patching_state": ""}, "patching_state has no value"),
        ("patch_report", {"patch_report_formats": "html\njson"}, "patch_report_formats is text of several lines"),
        ("patch_report", {"patch_report_gate": ""}, "patch_report_gate has no value"),
    ],
)
def test_text_that_a_role_cannot_take_has_a_way_out(role: str, given: dict[str, Any], text: str) -> None:
    declared = {"patching_windows": [WINDOW]} if role == "patching" else {}

    assert text in refusal(role, **declared, **given)


def test_a_gate_may_be_text_of_keys_and_values() -> None:
    given = {"patch_report_gate": "compliance_percent=95 critical_noncompliant=0"}

    assert run("patch_report", given)["variables"]["patch_report_gate"] == {
        "compliance_percent": 95.0,
        "critical_noncompliant": 0,
    }


@pytest.mark.parametrize("playbook", preflight._PLAYBOOKS)
def test_a_playbook_passes_on_each_variable_that_it_accepts(playbook: str) -> None:
    folder = Path(__file__).resolve().parents[4] / "playbooks"
    files = [folder / f"{playbook}.yml", folder / "tasks" / f"{playbook}.yml"]
    text = "".join(file.read_text(encoding="utf-8") for file in files if file.exists())
    options, _narrowing = preflight._PLAYBOOKS[playbook]

    assert [name for option in options if (name := f"{playbook}_{option.name}") not in text] == []
