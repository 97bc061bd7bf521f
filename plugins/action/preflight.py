# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks the variables of a role or playbook of this collection, and returns them by type.

Variables of a playbook can be strings, as in surveys: lists with one entry per line, dictionaries in YAML, or empty.

ansible-core later validates a role with the same specification. Its error shows the whole specification on one line, so
this check must run first. Roles have it as a dependency.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase
from ansible_collections.patchfleet.aws.plugins.module_utils._audit.options import OPTIONS as AUDIT_OPTIONS
from ansible_collections.patchfleet.aws.plugins.module_utils._forecast.options import OPTIONS as FORECAST_OPTIONS
from ansible_collections.patchfleet.aws.plugins.module_utils._options.mistakes import describe_mistakes
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import Options, argument_spec
from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run.options import NARROWING
from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run.options import OPTIONS as PATCH_OPTIONS
from ansible_collections.patchfleet.aws.plugins.module_utils._preflight.variables import Variables, template_problems
from ansible_collections.patchfleet.aws.plugins.module_utils._window_execution.options import WATCH_OPTIONS

# The options of each playbook, and those that must not be empty.
_PLAYBOOKS: dict[str, tuple[Options, frozenset[str]]] = {
    "patch_now": (PATCH_OPTIONS, NARROWING),
    "forecast": (FORECAST_OPTIONS, frozenset()),
    "audit": (AUDIT_OPTIONS, frozenset()),
    "watch": (WATCH_OPTIONS, frozenset()),
}
_ROLES = Path(__file__).resolve().parents[2] / "roles"


@cache
def _of_role(role: str) -> Variables:
    content = (_ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    spec = yaml_load(content)["argument_specs"]["main"]["options"]
    return Variables(f"the role patchfleet.aws.{role}", f"{role}_", spec, frozenset({f"{role}_result"}))


@cache
def _of_playbook(playbook: str) -> Variables:
    options, narrowing = _PLAYBOOKS[playbook]
    prefix = f"{playbook}_"
    spec = {f"{prefix}{name}": option for name, option in argument_spec(options).items()}
    narrow = frozenset(f"{prefix}{name}" for name in narrowing)
    return Variables(f"the playbook patchfleet.aws.{playbook}", prefix, spec, reads_text=True, narrowing=narrow)


class ActionModule(ActionBase):
    """The action. Its argument is C(role) or C(playbook)."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task, which fails with all violations at once."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        known = task_vars or {}
        role = self._task.args.get("role")
        variables = _of_role(role) if role else _of_playbook(self._task.args["playbook"])
        values, mistakes = self._values(variables.names(known), known)
        values = variables.read(values)
        mistakes = mistakes or variables.mistakes(values, known)
        if mistakes:
            return {**result, "failed": True, "msg": describe_mistakes(mistakes)}
        return {**result, "changed": False, "variables": variables.typed(values)}

    def _values(self, names: list[str], known: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        values: dict[str, Any] = {}
        mistakes: list[str] = []
        for name in names:
            try:
                values[name] = self._templar.template(known[name])
            except Exception as error:
                mistakes += list(template_problems(name, known[name], self._templar.template)) or [f"{name}: {error}"]
        return values, mistakes
