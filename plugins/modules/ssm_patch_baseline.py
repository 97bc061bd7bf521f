#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_baseline
short_description: Manage an AWS Systems Manager patch baseline
version_added: 1.0.0
description:
  - Creates, updates, renames and deletes a patch baseline.
  - Registers the baseline for patch groups, and sets it as the default for its operating system in the account and
    Region.
  - The module finds the baseline by its exact name and operating system, or by its ID.
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
- name: Approve critical and important Windows updates after seven days
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

- name: Approve Ubuntu packages without a delay, because Ubuntu publishes no release dates
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

- name: Register an AWS-owned baseline for a patch group
  patchfleet.aws.ssm_patch_baseline:
    name: AWS-AmazonLinux2023DefaultPatchBaseline
    patch_groups: [web]

- name: Delete a baseline, even if patch groups use it
  patchfleet.aws.ssm_patch_baseline:
    name: ubuntu-prod
    state: absent
"""

RETURN = r"""
baseline:
  description:
    - The patch baseline after the run, with the names of the options as keys. In check mode, the predicted baseline.
    - Null with O(state=absent).
  returned: always
  type: dict
  contains:
    baseline_id:
      description: The ID of the baseline, or the ARN of an AWS-owned baseline. Null if it is not known yet.
      type: str
      returned: always
      sample: pb-0c10e65780123456a
    patch_groups:
      description: The patch groups that are registered with the baseline.
      type: list
      elements: str
      sample:
        - web
      returned: always
    default:
      description: Whether the baseline is the default for its operating system.
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
      description: The tags of the baseline, without reserved tags. Null if the module did not read the tags, because
        you specified neither O(tags) nor O(setup).
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
