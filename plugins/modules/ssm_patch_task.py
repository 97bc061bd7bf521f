#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_task
short_description: Manage a patch task of an AWS Systems Manager maintenance window
version_added: 1.0.0
description:
  - Registers, updates, renames and deregisters a Run Command task that scans for patches or installs them.
  - The module finds the task by its exact name in the window, or by its ID, and updates it in place.
  - For other types of tasks, use M(patchfleet.aws.ssm_window_task).
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_maintenance_window
  - module: patchfleet.aws.ssm_window_target
  - module: patchfleet.aws.ssm_window_task
  - module: patchfleet.aws.ssm_patch_setup
extends_documentation_fragment:
  - patchfleet.aws.options.patch_task
  - patchfleet.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Install patches on two nodes at a time
  patchfleet.aws.ssm_patch_task:
    window: prod-tuesday
    name: install
    operation: Install
    window_targets: [database-servers]
    max_concurrency: 2
    max_errors: 1
    output_s3_bucket: example-patch-logs
    output_s3_prefix: install

- name: Scan every day, and publish failures to an SNS topic
  patchfleet.aws.ssm_patch_task:
    window: prod-daily
    name: scan
    operation: Scan
    window_targets: [all]
    notification:
      topic_arn: arn:aws:sns:eu-central-1:123456789012:patching
      role_arn: arn:aws:iam::123456789012:role/patching-notification

- name: Remove the notification
  patchfleet.aws.ssm_patch_task:
    window: prod-daily
    name: scan
    notification: {}

- name: Deregister the task
  patchfleet.aws.ssm_patch_task:
    window: prod-daily
    name: scan
    state: absent
"""

RETURN = r"""
task:
  description:
    - The task after the run, with the names of the options as keys. In check mode, the predicted task.
    - Null with O(state=absent).
  returned: always
  type: dict
  contains:
    window_id:
      description: The ID of the window. Null if it is not known yet.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    window_task_id:
      description: The ID of the task. Null if it is not known yet.
      type: str
      sample: 4f7ca192-7e9a-40fe-9192-5cb15EXAMPLE
      returned: always
    task_type:
      description: The type of the task, always V(RUN_COMMAND).
      type: str
      sample: RUN_COMMAND
      returned: always
    window_targets:
      description: The targets of the task, by name if the name is unique in the window, otherwise by ID.
      type: list
      elements: str
      sample:
        - web
      returned: always
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._engine.runner import run_single
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import patch_task


def main() -> None:
    run_single(patch_task.KIND)


if __name__ == "__main__":
    main()
