#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_report_info
short_description: Read the data of a patch compliance report
version_added: 1.0.0
description:
  - Reads patch compliance, missing patches, coverage and maintenance windows of an account and Region into files for
    M(patchfleet.aws.patch_report).
  - The module reads each node once. M(patchfleet.aws.ssm_patch_compliance_info),
    M(patchfleet.aws.ssm_patch_coverage_info) and M(patchfleet.aws.ssm_maintenance_window_info) return the same data,
    but each of them lists the nodes or windows again.
  - The role P(patchfleet.aws.patch_report#role) uses this module.
notes:
  - A value that could not be read is null, never 0. If AWS denies a read, the module reports it in RV(reading.gaps).
    The module fails if it cannot list the nodes.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.patch_report
  - module: patchfleet.aws.ssm_patch_compliance_info
  - module: patchfleet.aws.ssm_patch_coverage_info
extends_documentation_fragment:
  - patchfleet.aws.options.report_info
  - patchfleet.aws.attributes.info_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
attributes:
  check_mode:
    description: Reads the same data as a normal run. Reports whether the files would change, but does not write them.
    support: full
  diff_mode:
    description: Does not show differences of the files.
    support: none
  idempotent:
    description: Changes nothing except the files in O(dest), and only if their content differs.
    support: full
"""

EXAMPLES = r"""
- name: Read the production servers
  patchfleet.aws.ssm_patch_report_info:
    instance_tags:
      Environment: production
    dest: /tmp
  register: production

- name: Write a CSV report of them
  patchfleet.aws.patch_report:
    readings: ["{{ production.reading }}"]
    dest: /tmp/production
    formats: [csv]
"""

RETURN = r"""
reading:
  description: An element for O(patchfleet.aws.patch_report#module:readings).
  returned: success
  type: dict
  contains:
    partition:
      description: The AWS partition of the account.
      type: str
      sample: aws
      returned: always
    account_id:
      description: The ID of the account.
      type: str
      sample: "123456789012"
      returned: always
    account_name:
      description: O(account_name), or the alias of the account. Null if there is none.
      type: str
      sample: production
      returned: always
    region:
      description: The name of the Region.
      type: str
      sample: eu-central-1
      returned: always
    read_at:
      description: The date and time when the module started to read the nodes.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
      returned: always
    scope:
      description: The values of O(patch_groups), O(instance_ids) and O(instance_tags), as far as you specified them.
      type: dict
      sample: {instance_tags: {Environment: production}}
      returned: always
    instances:
      description: The path of the file with a row for each node.
      type: str
      sample: /tmp/instances.jsonl
      returned: always
    patches:
      description: The path of the file with a row for each patch that makes a node noncompliant.
      type: str
      sample: /tmp/patches.jsonl
      returned: always
    windows:
      description: The path of the file with the maintenance windows. Null if they could not be read.
      type: str
      sample: /tmp/windows.json
      returned: always
    coverage:
      description: The path of the file with the coverage of each node. Null with O(coverage=false), or if it could not
        be read.
      type: str
      sample: /tmp/coverage.jsonl
      returned: always
    findings:
      description: The same as RV(patchfleet.aws.ssm_patch_coverage_info#module:findings).
      type: list
      elements: dict
      sample: []
      returned: always
    summary:
      description: The counts of RV(patchfleet.aws.ssm_patch_coverage_info#module:summary) and
        RV(patchfleet.aws.ssm_patch_compliance_info#module:summary).
      type: dict
      sample: {managed: 60, compliant: 57, compliance_percent: 95.0}
      returned: always
    gaps:
      description: The reads that failed, and the nodes in O(instance_ids) that are not managed.
      type: list
      elements: dict
      sample: []
      returned: always
directory:
  description: The temporary directory of the files on the remote host. Remove it after you used the files.
  returned: if O(dest) is omitted, with another connection than C(local)
  type: str
  sample: /tmp/patch-report-k2v7x9
not_found:
  description: The IDs in O(instance_ids) that Systems Manager does not manage in this account and Region.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._report_info.runner import run_report_info


def main() -> None:
    run_report_info()


if __name__ == "__main__":
    main()
