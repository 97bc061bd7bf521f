# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter patchfleet.aws.summary."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
author:
  - Patchfleet contributors (@patchfleet)
version_added: 1.0.0
short_description: Summarize the result of a module in a few lines
description:
  - Converts the result of M(patchfleet.aws.ssm_patch_setup), M(patchfleet.aws.ssm_patch_run),
    M(patchfleet.aws.ssm_window_execution_info), M(patchfleet.aws.ssm_patch_forecast_info),
    M(patchfleet.aws.ssm_patch_compliance_info) with C(only_noncompliant=true),
    M(patchfleet.aws.ssm_maintenance_window_info) with C(executions), M(patchfleet.aws.ssm_patch_audit_info) or
    M(patchfleet.aws.patch_report) to a few readable lines with names. The result can be failed.
  - Long lists of names are shortened. The last item is then the number of the other names.
positional: _input
options:
  _input:
    description: The registered result. An empty dictionary means no result.
    type: dict
    required: true
  check_mode:
    description: Whether the result is a prediction, such as C(ansible_check_mode).
    type: bool
    default: false
  windows:
    description: The declared windows. Unless the result failed, the filter adds a line with the next runs of each
      window.
    type: list
    elements: dict
    default: []
seealso:
  - plugin: patchfleet.aws.next_runs
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Manage a setup
  patchfleet.aws.ssm_patch_setup:
    windows: "{{ windows }}"
  register: setup

- name: Show the changes
  ansible.builtin.debug:
    msg: "{{ setup | patchfleet.aws.summary(ansible_check_mode) }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample:
    - "Created 1 window: prod-tuesday"
    - "Created 1 target: prod-tuesday/web"
    - "prod-tuesday opens 2026-03-03T22:00:00+00:00, 2026-03-10T22:00:00+00:00, 2026-03-17T22:00:00+00:00"
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock
from ansible_collections.patchfleet.aws.plugins.module_utils._summary.audit import audit_lines
from ansible_collections.patchfleet.aws.plugins.module_utils._summary.compliance import compliance_lines
from ansible_collections.patchfleet.aws.plugins.module_utils._summary.executions import execution_lines
from ansible_collections.patchfleet.aws.plugins.module_utils._summary.export import export_lines
from ansible_collections.patchfleet.aws.plugins.module_utils._summary.forecast import forecast_lines
from ansible_collections.patchfleet.aws.plugins.module_utils._summary.patch_run import patch_run_lines
from ansible_collections.patchfleet.aws.plugins.module_utils._summary.report import report_lines
from ansible_collections.patchfleet.aws.plugins.module_utils._summary.setup import opening_lines, setup_lines
from ansible_collections.patchfleet.aws.plugins.module_utils._summary.window_execution import window_execution_lines

# A key that only the results of one module have.
_LINES: dict[str, Callable[[Mapping[str, Any], bool], list[str]]] = {
    "changes": setup_lines,
    "exported": export_lines,
    "command": patch_run_lines,
    "gate": report_lines,
    "runs": forecast_lines,
    "groups": compliance_lines,
    "windows": execution_lines,
    "calls": audit_lines,
    "execution": window_execution_lines,
}


def filter_summary(
    value: object, check_mode: bool = False, windows: Iterable[Mapping[str, Any]] | None = None
) -> list[str]:
    """The lines for the result of a module. Raises AnsibleFilterError for anything else."""
    if not isinstance(value, Mapping):
        raise AnsibleFilterError(f"the input must be the result of a module, not {type(value).__name__}")
    lines = next((function(value, check_mode) for key, function in _LINES.items() if key in value), [])
    return lines if value.get("failed") else lines + opening_lines(windows or (), clock.now())


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"summary": filter_summary}
