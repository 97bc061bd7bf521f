#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: patch_report
short_description: Write a patch compliance report as HTML, CSV, JSON and JUnit XML
version_added: 1.0.0
description:
  - Creates a report from files written by M(patchfleet.aws.ssm_patch_compliance_info),
    M(patchfleet.aws.ssm_patch_coverage_info) and M(patchfleet.aws.ssm_maintenance_window_info), and from JSON reports
    of other runs.
  - The module does not call AWS. The role P(patchfleet.aws.patch_report#role) reads the data, calls this module, and
    fails the play if the gate fails.
  - The module calculates all numbers from the nodes. If a node is in several readings, it counts once, with the data
    of the newest reading.
author:
  - Patchfleet contributors (@patchfleet)
attributes:
  check_mode:
    description: Reads the data and calculates the result, but writes no files.
    support: full
  diff_mode:
    description: Does not show differences, because the files are large and contain data that is available elsewhere.
    support: none
  idempotent:
    description: Writes the same files for the same data.
    support: full
extends_documentation_fragment:
  - patchfleet.aws.options.patch_report
requirements:
  - python >= 3.11
  - Jinja2 for V(html), which is installed with Ansible
seealso:
  - module: patchfleet.aws.ssm_patch_compliance_info
  - module: patchfleet.aws.ssm_patch_coverage_info
  - module: patchfleet.aws.ssm_maintenance_window_info
"""

EXAMPLES = r"""
- name: Merge the reports of two accounts
  patchfleet.aws.patch_report:
    inputs:
      - production/report.json
      - staging/report.json
    dest: both
    formats: [csv, json]

- name: Check the merged report against a gate
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

- name: Add them to the trend, without a patch that a vendor works on
  patchfleet.aws.patch_report:
    inputs: [both/report.json]
    dest: both
    formats: [json]
    history: patch-history
    exceptions:
      - patch: KB5071081
        reason: The vendor of the card reader works on a driver
        owner: store-team
        until: "2099-12-31"
"""

RETURN = r"""
files:
  description: The path of each file.
  returned: always
  type: dict
  sample: {html: /srv/reports/report.html, json: /srv/reports/report.json}
summary:
  description: The counts of the whole fleet, as in RV(patchfleet.aws.ssm_patch_compliance_info#module:summary) with
    O(patchfleet.aws.ssm_patch_compliance_info#module:level=patches).
  returned: always
  type: dict
  sample: {managed: 60, compliant: 57, compliance_percent: 95.0}
groups:
  description: The same counts for each patch group. The name is null for nodes without a patch group.
  returned: always
  type: list
  elements: dict
  sample: [{patch_group: web, managed: 20, compliant: 19, compliance_percent: 95.0}]
read_at:
  description: The date and time of the newest reading, in ISO-8601 format. Null if there is no reading.
  returned: always
  type: str
  sample: "2026-01-01T00:00:00Z"
excepted:
  description: What exceptions leave out of the numbers and of the gate.
  returned: always
  type: dict
  contains:
    nodes:
      description: Number of nodes.
      type: int
      returned: always
      sample: 1
    patches:
      description: Number of patches on other nodes, each counted on each node.
      type: int
      returned: always
      sample: 4
  sample: {nodes: 1, patches: 4}
exceptions:
  description: Each of the O(exceptions) as it was given, with what it is about.
  returned: always
  type: list
  elements: dict
  contains:
    expired:
      description: Whether its last day is over, so that it leaves out nothing.
      type: bool
      returned: always
      sample: false
    nodes:
      description: Number of nodes that it is about.
      type: int
      returned: always
      sample: 4
    patches:
      description: Number of patches that it is about, each counted on each node.
      type: int
      returned: always
      sample: 4
  sample:
    - node: null
      group: null
      patch: KB5071081
      reason: The vendor of the card reader works on a driver
      owner: store-team
      until: "2026-03-31"
      expired: false
      nodes: 4
      patches: 4
figures:
  description: The figures that this report adds to the trend; null without O(history), and where nothing was read.
  returned: always
  type: dict
  contains:
    compliance_percent:
      description: Share of compliant nodes in percent.
      type: float
      returned: always
      sample: 95.0
    missing_critical:
      description: Number of missing patches of severity Critical, each counted on each node.
      type: int
      returned: always
      sample: 3
    oldest_missing_days:
      description: Days since the release of the oldest missing patch, or since the first report in the history that
        found it missing.
      type: int
      returned: always
      sample: 41
    mean_days_to_patch:
      description: How many days old patches were when they were installed, on average over 30 days. Null where none
        was.
      type: float
      returned: always
      sample: 12.5
  sample: {compliance_percent: 95.0, missing_critical: 3, oldest_missing_days: 41, mean_days_to_patch: 12.5}
gate:
  description: The result of the gate.
  returned: always
  type: dict
  contains:
    passed:
      description: Whether all rules passed. V(true) if there are no rules.
      type: bool
      sample: true
      returned: always
    broken:
      description: The rules that failed, with their value and limit.
      type: list
      elements: str
      sample:
        - 'group web: compliance_percent is 90.0, the limit is 95'
      returned: always
    rules:
      description: All rules, each with O(ignore:group), O(ignore:rule), O(ignore:limit), O(ignore:value), whether the
        rule C(passed), a C(message), and whether it counts for the gate (C(judged)).
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
