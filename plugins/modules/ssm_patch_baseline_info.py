#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_baseline_info
short_description: Gather information about AWS Systems Manager patch baselines
version_added: 1.0.0
description:
  - Returns your patch baselines and AWS-owned baselines and, with O(include), their patch groups and effective
    patches.
  - If you specify several filters, a baseline must match all of them. If no baseline matches, or if a baseline ID
    does not exist, the module returns an empty list and does not fail.
  - For each baseline, the module also returns a declaration that you can use in M(patchfleet.aws.ssm_patch_setup).
notes:
  - AWS returns an ID (C(pb-...)) for your baselines, and an ARN for AWS-owned baselines. O(baseline_ids) accepts both
    formats for both.
  - AWS-owned baselines are only returned with O(owner=aws) or O(owner=all).
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_patch_baseline
  - module: patchfleet.aws.ssm_patch_setup
extends_documentation_fragment:
  - patchfleet.aws.options.baseline_info
  - patchfleet.aws.attributes.info_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: List all baselines of the account with their patch groups
  patchfleet.aws.ssm_patch_baseline_info:
    include: [patch_groups]
  register: own

- name: Read the default baseline of Windows, including an AWS-owned baseline
  patchfleet.aws.ssm_patch_baseline_info:
    owner: all
    operating_system: WINDOWS
    default_only: true

- name: Read the AWS-owned baseline for Amazon Linux 2023
  patchfleet.aws.ssm_patch_baseline_info:
    owner: aws
    names: [AWS-AmazonLinux2023DefaultPatchBaseline]

- name: Read the effective patches of a baseline
  patchfleet.aws.ssm_patch_baseline_info:
    names: [Production-Baseline]
    operating_system: WINDOWS
    include: [effective_patches]
  register: approved

- name: List the critical patches that are pending approval
  ansible.builtin.debug:
    msg: >-
      {{ approved.baselines | map(attribute='effective_patches') | flatten
         | selectattr('deployment_status', 'eq', 'PENDING_APPROVAL') | selectattr('severity', 'eq', 'Critical')
         | map(attribute='kb_id') | unique }}

- name: Read a baseline in the format of baseline_override
  patchfleet.aws.ssm_patch_baseline_info:
    names: [Production-Baseline]
    as_override: true
  register: production
"""

RETURN = r"""
baselines:
  description: The baselines that match, sorted by name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the baseline. The other options of M(patchfleet.aws.ssm_patch_baseline) that describe a
        baseline are also keys. Their value is null if nothing is set.
      type: str
      sample: windows-critical
      returned: always
    baseline_id:
      description: The ID of the baseline, or the ARN of an AWS-owned baseline.
      type: str
      sample: pb-0c10e65780123456a
      returned: always
    operating_system:
      description: The operating system, as the API names it.
      type: str
      sample: WINDOWS
      returned: always
    owner:
      description: The owner of the baseline, V(self) or V(aws).
      type: str
      sample: self
      returned: always
    default:
      description: Whether the baseline is the default for its operating system in the account and Region.
      type: bool
      sample: false
      returned: always
    created_date:
      description: The date and time when the baseline was created.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
      returned: always
    modified_date:
      description: The date and time when the baseline was last modified.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
      returned: always
    tags:
      description: The tags of the baseline, without tags that begin with C(aws:) or C(patchfleet:).
      type: dict
      sample:
        Environment: production
      returned: always
    setup:
      description: The name of the setup that owns the baseline. Null if no setup owns it.
      type: str
      sample: production
      returned: always
    patch_groups:
      description: The patch groups that are registered with the baseline.
      type: list
      elements: str
      sample:
        - web
      returned: when O(include) has V(patch_groups)
    effective_patches:
      description: The available patches and their status in the baseline, newest first. AWS supports this only for
        Windows baselines. For other operating systems, the value is null and the module shows a warning.
      type: list
      elements: dict
      returned: when O(include) has V(effective_patches)
      contains:
        kb_id:
          description: The ID of the Microsoft Knowledge Base article, as nodes report it.
          type: str
          sample: KB5034123
        title:
          description: The title of the patch.
          type: str
          sample: 2026-01 Cumulative Update for Windows Server 2022 (KB5034123)
        classification:
          description: The classification of the patch, such as V(SecurityUpdates).
          type: str
          sample: SecurityUpdates
        severity:
          description: The severity of the patch according to Microsoft, such as V(Critical).
          type: str
          sample: Critical
        product_family:
          description: The product family of the patch.
          type: str
          sample: Windows
        product:
          description: The product that the patch applies to.
          type: str
          sample: WindowsServer2022
        release_date:
          description: The date and time when the patch was released, in ISO-8601 format.
          type: str
          sample: "2026-01-13T18:00:00+00:00"
        content_url:
          description: The URL of the page about the patch.
          type: str
          sample: https://support.microsoft.com/help/5034123
        deployment_status:
          description: The approval status, V(APPROVED), V(PENDING_APPROVAL), V(EXPLICIT_APPROVED) or
            V(EXPLICIT_REJECTED).
          type: str
          sample: APPROVED
        compliance_level:
          description: The severity of the compliance violation if the patch is missing.
          type: str
          sample: CRITICAL
        approval_date:
          description: The date and time when the patch was or will be approved, in ISO-8601 format. Null if AWS
            returns no date.
          type: str
          sample: "2026-01-20T18:00:00+00:00"
    override:
      description: The JSON document for C(baseline_override), a list with this baseline. Store it at the URL that you
        specify there.
      type: str
      sample: "[{\"Name\": \"windows-critical\", \"OperatingSystem\": \"WINDOWS\"}]"
      returned: when O(as_override) is true
    declaration:
      description:
        - The baseline as an entry of O(patchfleet.aws.ssm_patch_setup#module:baselines). It contains no ID, no
          default values and no setup name.
        - Null if the baseline cannot be declared, or if there is nothing to declare for an AWS-owned baseline. The
          patch groups of an AWS-owned baseline are only included if O(include) contains V(patch_groups).
      type: dict
      sample:
        name: windows-critical
        operating_system: WINDOWS
      returned: always
    undeclared:
      description: The parts of the baseline that RV(baselines[].declaration) does not contain, and the reason.
      type: list
      elements: str
      sample: []
      returned: always
  sample:
    - name: Production-Baseline
      baseline_id: pb-0c10e65780012345a
      operating_system: WINDOWS
      owner: self
      default: false
      approval_rules:
        - filters:
            MSRC_SEVERITY: [Critical, Important]
          approve_after_days: 7
          compliance_level: UNSPECIFIED
          enable_non_security: false
      patch_groups: [Database Servers]
      tags: {}
      setup: null
      declaration:
        name: Production-Baseline
        operating_system: WINDOWS
        approval_rules:
          - filters:
              MSRC_SEVERITY: [Critical, Important]
            approve_after_days: 7
        patch_groups: [Database Servers]
      undeclared: []
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._info.runner import run_baseline_info


def main() -> None:
    run_baseline_info()


if __name__ == "__main__":
    main()
