#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_baseline
short_description: Manage a patch baseline, its patch groups and the default of its operating system
version_added: 0.1.0
description:
  - Creates, changes, renames and deletes one patch baseline of AWS Systems Manager.
  - Registers it for patch groups and makes it the default baseline of its operating system in the account and region.
  - The baseline is found by its exact name and operating system, or by its id.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_patch_setup
  - module: patchfleet.aws.ssm_patch_task
extends_documentation_fragment:
  - patchfleet.aws.options.baseline
  - patchfleet.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Critical and important Windows updates after a week
  patchfleet.aws.ssm_patch_baseline:
    name: Production-Baseline
    operating_system: WINDOWS
    description: Baseline containing all updates approved for production systems
    approval_rules:
      - filters:
          MSRC_SEVERITY: [Critical, Important]
          CLASSIFICATION: [SecurityUpdates, Updates, UpdateRollups, ServicePacks, CriticalUpdates]
        approve_after_days: 7
    patch_groups: [Database Servers, Front-End Servers]

- name: Ubuntu has no release dates, so the delay is 0
  patchfleet.aws.ssm_patch_baseline:
    name: ubuntu-prod
    operating_system: UBUNTU
    approval_rules:
      - filters:
          PRODUCT: ["*"]
          PRIORITY: [Required, Important]
        approve_after_days: 0
    rejected_patches: [docker-ce]
    rejected_patches_action: BLOCK
    default: true

- name: Use a baseline of AWS for a patch group
  patchfleet.aws.ssm_patch_baseline:
    name: AWS-AmazonLinux2023DefaultPatchBaseline
    patch_groups: [web]

- name: Delete a baseline, whatever uses it
  patchfleet.aws.ssm_patch_baseline:
    name: ubuntu-prod
    state: absent
"""

RETURN = r"""
baseline:
  description:
    - The baseline as it is now, under the names of the options; in check mode as it would be.
    - Null after O(state=absent).
  returned: always
  type: dict
  contains:
    baseline_id:
      description: Id of the baseline (ARN of one that AWS owns), null where it is not known yet.
      type: str
      returned: always
      sample: pb-0c10e65780123456a
    patch_groups:
      description: Patch groups that use the baseline.
      type: list
      elements: str
      sample:
        - web
      returned: always
    default:
      description: Whether it is the default of its operating system.
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
      description: Tags of the baseline without reserved ones; null when they were not read, because neither
        O(tags) nor O(setup) is given.
      type: dict
      sample:
        Environment: production
      returned: always
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._engine.runner import run_single
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import patch_baseline


def main() -> None:
    run_single(patch_baseline.KIND)


if __name__ == "__main__":
    main()
