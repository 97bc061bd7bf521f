#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: patch_report
short_description: Write what was read of a fleet's patching as HTML, CSV, JSON and JUnit XML
version_added: 0.1.0
description:
  - Makes one report out of what M(patchfleet.aws.ssm_patch_compliance_info) and
    M(patchfleet.aws.ssm_maintenance_window_info) have written to files, and of the reports in JSON of other runs.
  - It calls no API. The role P(patchfleet.aws.patch_report#role) reads, calls this module, and fails the play if the
    gate is broken.
  - All numbers are counted from the nodes. A node that is in several of the readings counts once, as the newest of them
    tells it.
author:
  - Patchfleet contributors (@patchfleet)
attributes:
  check_mode:
    description: Reads and counts all the same, and writes nothing.
    support: full
  diff_mode:
    description: The files are long and made of data that is elsewhere.
    support: none
  idempotent:
    description: The same data makes the same files.
    support: full
extends_documentation_fragment:
  - patchfleet.aws.options.patch_report
requirements:
  - Jinja2 for V(html), which is there where Ansible is
seealso:
  - module: patchfleet.aws.ssm_patch_compliance_info
  - module: patchfleet.aws.ssm_maintenance_window_info
"""

EXAMPLES = r"""
- name: Join the reports of two accounts
  patchfleet.aws.patch_report:
    inputs:
      - production/report.json
      - staging/report.json
    dest: both
    formats: [csv, json]

- name: Judge them
  patchfleet.aws.patch_report:
    inputs: [both/report.json]
    dest: both
    formats: [junit]
    gate:
      compliance_percent: 95
      critical_noncompliant: 0
      ungraded: 0
      missing_patches:
        - severities: [Critical]
          older_than_days: 30
      max_age_hours: 48
  register: report
  failed_when: not report.gate.passed
"""

RETURN = r"""
files:
  description: Path of each file.
  returned: always
  type: dict
  sample: {html: /srv/reports/report.html, json: /srv/reports/report.json}
summary:
  description: The counts of the whole, as RV(patchfleet.aws.ssm_patch_compliance_info#module:summary) at
    O(patchfleet.aws.ssm_patch_compliance_info#module:level=patches).
  returned: always
  type: dict
  sample: {managed: 60, compliant: 57, compliance_percent: 95.0}
groups:
  description: The same counts for each patch group, null for nodes that are in none.
  returned: always
  type: list
  elements: dict
  sample: [{patch_group: web, managed: 20, compliant: 19, compliance_percent: 95.0}]
read_at:
  description: When the newest of the readings was made, ISO-8601; null if there is none.
  returned: always
  type: str
  sample: "2026-01-01T00:00:00Z"
gate:
  description: What became of the rules.
  returned: always
  type: dict
  contains:
    passed:
      description: Whether all rules are kept; true where there is none.
      type: bool
      sample: true
      returned: always
    broken:
      description: What is broken, and by how much.
      type: list
      elements: str
      sample:
        - 'group web: compliance_percent is 90.0, the limit is 95'
      returned: always
    rules:
      description: Every rule with O(ignore:group), O(ignore:rule), O(ignore:limit), O(ignore:value), whether it
        C(passed), a C(message), and whether it was C(judged).
      type: list
      elements: dict
      sample:
        - group: web
          rule: min_compliance_percent
          limit: 95
          value: 90.0
          passed: false
          judged: true
      returned: always
  sample: {passed: false, broken: ["stale is 3, 3 above the maximum of 0"], rules: []}
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._report.runner import run_report


def main() -> None:
    run_report()


if __name__ == "__main__":
    main()
