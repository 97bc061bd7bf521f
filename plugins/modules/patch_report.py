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
options:
  dest:
    description:
      - Directory of the files C(report.html), C(nodes.csv), C(patches.csv), C(report.json) and C(junit.xml).
      - It is made, for its owner alone, if it does not exist.
    type: path
    required: true
  formats:
    description: What is written. V(csv) is two files.
    type: list
    elements: str
    choices: [html, csv, json, junit]
    default: [html, csv, json, junit]
  mode:
    description: Permissions of the files, as an octal number in quotes.
    type: str
    default: "0600"
  title:
    description: Heading of the report.
    type: str
    default: Patch compliance
  readings:
    description: What was read of each account and region.
    type: list
    elements: dict
    default: []
    suboptions:
      partition:
        description: Partition of the account.
        type: str
        default: aws
      account_id:
        description: Id of the account, or the name of a host that was not read.
        type: str
        required: true
      region:
        description: Name of the region.
        type: str
        required: true
      read_at:
        description: When it was read, ISO-8601 with offset or Z.
        type: str
        required: true
      scope:
        description: The O(ignore:patch_groups), O(ignore:instance_ids) and O(ignore:instance_tags) that were asked for.
        type: dict
        default: {}
      instances:
        description: File with the rows of level V(ignore:instances), one JSON object on a line.
        type: path
      patches:
        description: File with the rows of level V(ignore:patches), one JSON object on a line.
        type: path
      windows:
        description: File with the list of maintenance windows in JSON.
        type: path
      summary:
        description: The summary as it was returned. Of its counts, those that are null are not known in the report.
        type: dict
        default: {}
      gaps:
        description: The reads that failed, as C(action), C(code), C(message) and C(scope).
        type: list
        elements: dict
        default: []
  inputs:
    description: Reports in JSON of other runs.
    type: list
    elements: path
    default: []
  gate:
    description:
      - Rules that the fleet has to keep. The module only tells what became of them.
      - A rule on a value that was not read is broken, and so is every rule where there is no managed node.
    type: dict
    suboptions:
      compliance_percent:
        description: The least share of managed nodes that are compliant, in percent.
        type: float
      noncompliant:
        description: The most nodes that are not compliant.
        type: int
      critical_noncompliant:
        description: The most nodes on which a critical patch is missing.
        type: int
      security_noncompliant:
        description: The most nodes on which a security patch is missing.
        type: int
      pending_reboot:
        description: The most nodes that wait for a reboot.
        type: int
      failed:
        description: The most nodes on which the installation of a patch failed.
        type: int
      never_scanned:
        description: The most nodes that were never scanned.
        type: int
      stale:
        description: The most nodes whose last scan is too old.
        type: int
      unmanaged:
        description: The most instances that carry a patch group and are no managed nodes.
        type: int
      missing_patches:
        description: Rules on patches that are approved and not installed.
        type: list
        elements: dict
        suboptions:
          max:
            description: The most patches of this kind that may be missing anywhere, each counted once.
            type: int
            default: 0
          severities:
            description: Only patches of these severities, such as V(Critical).
            type: list
            elements: str
          classifications:
            description: Only patches of these classifications, such as V(SecurityUpdates).
            type: list
            elements: str
          older_than_days:
            description: Only patches that were released more days ago.
            type: int
          unknown_age:
            description:
              - Whether patches whose release date AWS does not tell count as older. It tells it for missing patches
                of Windows only.
            type: str
            choices: [count, ignore]
            default: count
  gate_each_group:
    description:
      - Each patch group has to keep the rules as well. Otherwise the report shows how the groups stand, and only the
        whole is judged.
    type: bool
    default: false
  page:
    description: The C(template), C(style) and C(script) of the page, as the role has them. Required for V(html).
    type: dict
    suboptions:
      template:
        description: Template of the page, for Jinja.
        type: str
        required: true
      style:
        description: Style sheet.
        type: str
        required: true
      script:
        description: Script.
        type: str
        required: true
  next_run_count:
    description: How many next runs were read of a window at most.
    type: int
    default: 100
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
      missing_patches:
        - severities: [Critical]
          older_than_days: 30
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
  description: The counts of the whole, as RV(patchfleet.aws.ssm_patch_compliance_info#module:summary).
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
      returned: always
    broken:
      description: What is broken, and by how much.
      type: list
      elements: str
      returned: always
    rules:
      description: Every rule with O(ignore:group), O(ignore:rule), O(ignore:limit), O(ignore:value), whether it
        C(passed), a C(message), and whether it was C(judged).
      type: list
      elements: dict
      returned: always
  sample: {passed: false, broken: ["stale is 3, 3 above the maximum of 0"], rules: []}
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._report.runner import run_report


def main() -> None:
    run_report()


if __name__ == "__main__":
    main()
