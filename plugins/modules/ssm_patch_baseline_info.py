#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_baseline_info
short_description: Read patch baselines of AWS Systems Manager
version_added: 0.1.0
description:
  - Reads patch baselines, own ones and those of AWS, and where wanted the patch groups that use them and what they
    mean for each patch.
  - Filters combine, so that a baseline has to fit all that are given. Nothing that fits is an empty list and no error,
    as is the id of a baseline that does not exist.
  - Each baseline also comes as the options of M(patchfleet.aws.ssm_patch_setup) that declare it.
notes:
  - An own baseline has a bare id (C(pb-...)), one of AWS an ARN. O(baseline_ids) takes either for both.
  - Baselines of AWS are listed only with O(owner=aws) or O(owner=all).
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
- name: Read all own baselines with their patch groups
  patchfleet.aws.ssm_patch_baseline_info:
    include: [patch_groups]
  register: own

- name: Read the default baseline of Windows, whoever owns it
  patchfleet.aws.ssm_patch_baseline_info:
    owner: all
    operating_system: WINDOWS
    default_only: true

- name: Read the baseline of AWS for Amazon Linux 2023
  patchfleet.aws.ssm_patch_baseline_info:
    owner: aws
    names: [AWS-AmazonLinux2023DefaultPatchBaseline]

- name: Read what a baseline approves
  patchfleet.aws.ssm_patch_baseline_info:
    names: [Production-Baseline]
    operating_system: WINDOWS
    include: [effective_patches]
  register: approved

- name: Show the critical patches that wait for their approval
  ansible.builtin.debug:
    msg: >-
      {{ approved.baselines | map(attribute='effective_patches') | flatten
         | selectattr('deployment_status', 'eq', 'PENDING_APPROVAL') | selectattr('severity', 'eq', 'Critical')
         | map(attribute='kb_id') | unique }}

- name: Read a baseline as text for baseline_override
  patchfleet.aws.ssm_patch_baseline_info:
    names: [Production-Baseline]
    as_override: true
  register: production
"""

RETURN = r"""
baselines:
  description: The baselines that fit, in the order of their names.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the baseline. All other options of M(patchfleet.aws.ssm_patch_baseline) that describe a
        baseline are keys, too, with null where nothing is set.
      type: str
      sample: windows-critical
      returned: always
    baseline_id:
      description: Id of an own baseline, ARN of one that AWS owns.
      type: str
      sample: pb-0c10e65780123456a
      returned: always
    operating_system:
      description: Operating system, as the API names it.
      type: str
      sample: WINDOWS
      returned: always
    owner:
      description: V(self) or V(aws).
      type: str
      sample: self
      returned: always
    default:
      description: Whether it is the default baseline of its operating system in this account and region.
      type: bool
      sample: false
      returned: always
    created_date:
      description: When the baseline was created.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
      returned: always
    modified_date:
      description: When the baseline was last changed.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
      returned: always
    tags:
      description: Tags of the baseline, without those that begin with C(aws:) or C(patchfleet:).
      type: dict
      sample:
        Environment: production
      returned: always
    setup:
      description: Name of the setup that owns the baseline, null where there is none.
      type: str
      sample: production
      returned: always
    patch_groups:
      description: Patch groups that use the baseline.
      type: list
      elements: str
      sample:
        - web
      returned: when O(include) has V(patch_groups)
    effective_patches:
      description: The patches that there are and what the baseline means for each, the newest first. Null, with a
        warning, for a baseline of another operating system than Windows, for which AWS does not tell them.
      type: list
      elements: dict
      returned: when O(include) has V(effective_patches)
      contains:
        kb_id:
          description: Number of the article in Microsoft's knowledge base, as nodes report it.
          type: str
          sample: KB5034123
        title:
          description: Title of the patch.
          type: str
          sample: 2026-01 Cumulative Update for Windows Server 2022 (KB5034123)
        classification:
          description: Such as V(SecurityUpdates).
          type: str
          sample: SecurityUpdates
        severity:
          description: What Microsoft says of it, such as V(Critical).
          type: str
          sample: Critical
        product_family:
          description: Family of the product.
          type: str
          sample: Windows
        product:
          description: Product to which it applies.
          type: str
          sample: WindowsServer2022
        release_date:
          description: When it was released, ISO-8601.
          type: str
          sample: "2026-01-13T18:00:00+00:00"
        content_url:
          description: Page about it.
          type: str
          sample: https://support.microsoft.com/help/5034123
        deployment_status:
          description: V(APPROVED), V(PENDING_APPROVAL), V(EXPLICIT_APPROVED) or V(EXPLICIT_REJECTED).
          type: str
          sample: APPROVED
        compliance_level:
          description: How severe it is for the baseline if the patch is missing.
          type: str
          sample: CRITICAL
        approval_date:
          description: When it was or will be approved, ISO-8601; null where no date is told.
          type: str
          sample: "2026-01-20T18:00:00+00:00"
    override:
      description: JSON text of a list with this baseline, as C(baseline_override) takes it from an URL.
      type: str
      sample: "[{\"Name\": \"windows-critical\", \"OperatingSystem\": \"WINDOWS\"}]"
      returned: when O(as_override) is true
    declaration:
      description:
        - The baseline as an entry of O(patchfleet.aws.ssm_patch_setup#module:baselines). It holds no id, no default
          value and no name of a setup.
        - Null where the baseline cannot be declared, or where there is nothing to declare of a baseline of AWS. The
          patch groups of a baseline of AWS are in it when O(include) has V(patch_groups).
      type: dict
      sample:
        name: windows-critical
        operating_system: WINDOWS
      returned: always
    undeclared:
      description: What RV(baselines[].declaration) does not hold although it is there, and why.
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
