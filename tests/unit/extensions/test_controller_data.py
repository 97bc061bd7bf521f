# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job templates, surveys, workflows and schedules fit the collections that apply them, and what they run."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.patchfleet.aws.plugins.action import preflight
from ansible_collections.patchfleet.aws.plugins.module_utils._options.mistakes import find_mistakes
from ansible_collections.patchfleet.aws.plugins.module_utils._preflight.variables import Variables
from dateutil.rrule import rrulestr

ROOT = Path(__file__).resolve().parents[3]
CONTROLLER = ROOT / "extensions" / "controller"
# Options of the modules of awx.awx, from their documentation.
RECORDED = json.loads(Path(__file__).with_name("awx_options.json").read_text(encoding="utf-8"))
# The variables of infra.aap_configuration, in the order in which its role dispatch takes them, and the module to whose
# options each of its roles hands the members of an entry.
VARIABLES = {
    "controller_credential_types": "credential_type",
    "controller_credentials": "credential",
    "controller_execution_environments": "execution_environment",
    "controller_projects": "project",
    "controller_inventories": "inventory",
    "controller_inventory_sources": "inventory_source",
    "controller_templates": "job_template",
    "controller_workflows": "workflow_job_template",
    "controller_schedules": "schedule",
}
# Options that these modules have and the roles do not pass on.
NOT_PASSED = {"job_template": {"credential", "vault_credential"}, "inventory_source": set[str]()}
KINDS = {"textarea", "text", "integer", "float", "multiplechoice"}


def content(path: Path) -> Any:
    """A YAML file as Ansible reads it."""
    return DataLoader().load_from_file(str(path), trusted_as_template=True)


@cache
def data() -> dict[str, Any]:
    """Everything that the plays load, with its templates resolved."""
    plain: dict[str, Any] = {"patchfleet_access_key": "access", "patchfleet_secret_key": "secret"}
    for path in sorted((CONTROLLER / "vars").glob("*.yml")):
        plain |= content(path)
    resolved: dict[str, Any] = Templar(loader=DataLoader(), variables=plain).template(plain)
    return resolved


def templates() -> list[dict[str, Any]]:
    """The job templates."""
    return list(data()["controller_templates"])


def surveyed() -> list[dict[str, Any]]:
    """The job templates with a survey."""
    return [one for one in templates() if one["survey_enabled"]]


def owners(playbook: str) -> Iterator[Variables]:
    """What declares the variables of a playbook of the project: the playbook that it imports, or the roles of that."""
    for play in content(CONTROLLER / "project" / playbook):
        imported = str(play.get("ansible.builtin.import_playbook", "")).rpartition(".")[2]
        if imported in preflight._PLAYBOOKS:
            yield preflight._of_playbook(imported)
        text = (ROOT / "playbooks" / f"{imported}.yml").read_text(encoding="utf-8") if imported else ""
        for role in dict.fromkeys(re.findall(r"(?:- role|import_role:\n +name): patchfleet\.aws\.(\w+)", text)):
            yield preflight._of_role(role)


def option_of(template: Mapping[str, Any], variable: str) -> Mapping[str, Any]:
    """The declared option that a question asks for."""
    [found] = [owner.spec[variable] for owner in owners(template["playbook"]) if variable in owner.spec]
    return found


def questions() -> list[Any]:
    """Every question with its template, once for each playbook."""
    seen = {
        (one["playbook"], each["variable"]): (one, each) for one in surveyed() for each in one["survey_spec"]["spec"]
    }
    return [pytest.param(*both, id="-".join(key)) for key, both in seen.items()]


@pytest.mark.parametrize(("variable", "module"), VARIABLES.items())
def test_the_entries_are_options_of_the_module_of_awx(variable: str, module: str) -> None:
    mistakes = [text for entry in data()[variable] for text in find_mistakes(RECORDED["modules"][module], entry)]

    assert mistakes == []


@pytest.mark.parametrize(("variable", "module"), VARIABLES.items())
def test_the_entries_are_members_that_the_role_of_infra_passes_on(variable: str, module: str) -> None:
    assert [entry for entry in data()[variable] if set(entry) & NOT_PASSED.get(module, set())] == []


def test_the_recorded_options_are_those_of_the_installed_collection() -> None:
    found = importlib.util.find_spec("ansible_collections.awx")
    if found is None or not found.submodule_search_locations:
        pytest.skip("this version of the package ansible has no awx.awx")
    modules = Path(next(iter(found.submodule_search_locations))) / "awx" / "plugins" / "modules"
    for name, options in RECORDED["modules"].items():
        tree = ast.parse((modules / f"{name}.py").read_text(encoding="utf-8"))
        blocks = [node for node in tree.body if isinstance(node, ast.Assign)]
        [text] = [ast.literal_eval(one.value) for one in blocks if ast.unparse(one.targets[0]) == "DOCUMENTATION"]
        documented = yaml.safe_load(text)["options"]

        assert {option: spec.get("type", "str") for option, spec in documented.items()} == {
            option: spec["type"] for option, spec in options.items()
        }, name


def test_both_plays_apply_all_of_it_in_the_same_order() -> None:
    [awx], [controller] = content(CONTROLLER / "awx.yml"), content(CONTROLLER / "automation_controller.yml")
    loops = [str(task["loop"]).strip("{} ") for task in awx["tasks"]]

    assert awx["vars_files"] == controller["vars_files"]
    assert {CONTROLLER / path for path in awx["vars_files"]} == {*(CONTROLLER / "vars").glob("*.yml")}
    assert sorted(loops) == sorted(VARIABLES)
    assert loops[-3:] == [*VARIABLES][-3:]


def test_the_templates_that_events_launch_exist_and_take_variables() -> None:
    [rulebook] = content(ROOT / "extensions" / "eda" / "rulebooks" / "patch_events_controller.yml")
    launched = [
        Templar(loader=DataLoader()).template(rule["action"]["run_job_template"]["name"]) for rule in rulebook["rules"]
    ]

    prompting = {one["name"] for one in templates() if one["ask_variables_on_launch"]}
    assert len(launched) == 3
    assert set(launched) <= prompting


def test_every_template_runs_a_playbook_of_the_project_that_imports_one_of_the_collection() -> None:
    for template in templates():
        names = [
            play.get("ansible.builtin.import_playbook", "")
            for play in content(CONTROLLER / "project" / template["playbook"])
        ]

        assert next(ROOT / "playbooks" / f"{name.rpartition('.')[2]}.yml" for name in names if name).exists()


@pytest.mark.parametrize(("template", "question"), questions())
def test_a_question_asks_for_a_declared_option_by_its_type(template: dict[str, Any], question: dict[str, Any]) -> None:
    option = option_of(template, question["variable"])
    wanted, kind = option.get("type", "str"), question["type"]

    assert kind in KINDS
    if wanted == "bool":
        assert (kind, {*question["choices"]}) == ("multiplechoice", {"true", "false"})
    elif option.get("choices"):
        assert (kind, {*question["choices"]}) == ("multiplechoice", {*option["choices"]})
    elif wanted in ("int", "float"):
        assert kind == {"int": "integer", "float": "float"}[wanted]
    elif kind == "multiplechoice":
        assert wanted == "str"
    else:
        assert kind == {"list": "textarea", "dict": "text", "str": "text"}[wanted]


@pytest.mark.parametrize(("template", "question"), questions())
def test_the_default_of_a_question_is_an_answer_to_it(template: dict[str, Any], question: dict[str, Any]) -> None:
    default = question.get("default")

    # AWX leaves out a default that is no valid answer, and then a schedule has none.
    if question["type"] == "multiplechoice":
        assert default in question["choices"]
    if question["type"] == "integer":
        assert question["min"] <= default <= question["max"]
    if question["required"] and question["type"] in ("text", "textarea"):
        assert default is None or len(default) >= question.get("min", 1)
    declared = option_of(template, question["variable"]).get("default")
    if declared is not None and template["playbook"] not in ("forecast.yml",):
        assert str(default).lower() == str(declared).lower() or question["variable"] == "patch_report_gate"


def test_what_has_to_be_answered_is_required_and_has_no_default_that_reaches_nodes() -> None:
    survey = next(one["survey_spec"] for one in surveyed() if one["playbook"] == "patch_now.yml")
    by_name = {one["variable"]: one for one in survey["spec"]}

    assert by_name["patch_now_patch_groups"]["required"]
    assert "default" not in by_name["patch_now_patch_groups"]
    assert by_name["patch_now_operation"]["default"] == "Scan"


@pytest.mark.parametrize("template", surveyed(), ids=lambda template: template["name"])
@pytest.mark.parametrize("optional", [True, False])
def test_the_answers_pass_the_check_of_what_they_are_for(template: dict[str, Any], optional: bool) -> None:
    """As AWX gives them: text and integers; without optional answers, and with them empty."""
    window = {"name": "prod", "schedule": "rate(1 day)", "duration": 2, "cutoff": 1}
    answers = {
        one["variable"]: one.get("default", "web\ndatabase")
        for one in template["survey_spec"]["spec"]
        if one["required"] or optional
    }
    known = {**template["extra_vars"], **answers, "patching_windows": [window]}
    for owner in owners(template["playbook"]):
        named = owner.owner.rpartition(".")[2]
        args = {"playbook": named} if owner.reads_text else {"role": named}
        defaults = {} if owner.reads_text else content(ROOT / "roles" / named / "defaults" / "main.yml")
        task = SimpleNamespace(args=args, check_mode=False, async_val=0, no_log=False)
        templar = Templar(loader=DataLoader(), variables={**defaults, **known})
        connection = SimpleNamespace(has_native_async=False, _shell=SimpleNamespace(tmpdir=None))
        action = preflight.ActionModule(task, connection, None, None, templar, None)

        assert "failed" not in action.run(task_vars={**defaults, **known})


def test_a_check_asks_and_gets_the_same_as_the_run() -> None:
    by_name = {one["name"]: one for one in templates()}
    checks = [one for one in templates() if one["job_type"] == "check"]

    assert len(checks) == 2
    for check in checks:
        run = by_name[check["name"].removesuffix(" (check)")]
        assert {key for key in run if run[key] != check[key]} == {"name", "description", "job_type"}


@pytest.mark.parametrize("workflow", data()["controller_workflows"], ids=lambda workflow: workflow["name"])
def test_a_workflow_applies_only_what_was_checked_and_approved(workflow: dict[str, Any]) -> None:
    nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    by_name = {one["name"]: one for one in templates()}
    links = {
        name: {
            link: [one["identifier"] for one in node.get("related", {}).get(link, ())]
            for link in ("success_nodes", "always_nodes", "failure_nodes")
        }
        for name, node in nodes.items()
    }
    order = ["check", "approval", next(name for name in nodes if name in ("apply", "patch")), "report"]

    assert [*nodes] == order
    assert [links[name]["success_nodes"] for name in order] == [["approval"], [order[2]], [], []]
    assert [links[name]["always_nodes"] for name in order] == [[], [], ["report"], []]
    assert nodes["approval"]["unified_job_template"]["type"] == "workflow_approval"
    jobs = [by_name[nodes[name]["unified_job_template"]["name"]] for name in order if name != "approval"]
    assert [job["job_type"] for job in jobs] == ["check", "run", "run"]
    assert jobs[0]["survey_spec"] == jobs[1]["survey_spec"] == workflow["survey_spec"]


def test_a_schedule_starts_a_template_that_needs_no_answer() -> None:
    by_name = {one["name"]: one for one in templates()}
    for schedule in data()["controller_schedules"]:
        template = by_name[schedule["unified_job_template"]]
        spec = template["survey_spec"]["spec"] if template["survey_enabled"] else ()

        assert [one["variable"] for one in spec if one["required"] and one.get("default") in (None, "")] == []
        start, rule = schedule["rrule"].split(" ")
        assert rrulestr(f"DTSTART:{start.rpartition(':')[2]}\n{rule}")[1]


def test_a_job_whose_result_the_next_step_reads_is_not_sliced() -> None:
    [report] = [one for one in templates() if one["playbook"] == "compliance_report.yml"]

    assert report["job_slice_count"] == 1
