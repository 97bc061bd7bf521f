#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_window_task
short_description: Manage a task of any type in an AWS Systems Manager maintenance window
version_added: 1.0.0
description:
  - Registers, updates, renames and deregisters a Run Command, Automation, Lambda or Step Functions task of a
    maintenance window.
  - The module finds the task by its exact name in the window, or by its ID, and updates it in place. If you change
    O(task_type), it replaces the task.
  - The module passes pseudo parameters such as C({{TARGET_ID}}) unchanged to AWS. In YAML, tag a value that contains
    them with C(!unsafe).
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_patch_task
  - module: patchfleet.aws.ssm_maintenance_window
  - module: patchfleet.aws.ssm_window_target
extends_documentation_fragment:
  - patchfleet.aws.options.window_task
  - patchfleet.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Create an image of each server before it is patched (AWS replaces RESOURCE_ID with the instance ID)
  patchfleet.aws.ssm_window_task:
    window: prod-tuesday
    name: image
    task_type: AUTOMATION
    task_arn: AWS-CreateImage
    priority: 0
    window_targets: [database-servers]
    automation:
      parameters:
        InstanceId: !unsafe "{{RESOURCE_ID}}"
        NoReboot: "true"

- name: Invoke a Lambda function, without targets
  patchfleet.aws.ssm_window_task:
    window: prod-tuesday
    name: announce
    task_type: LAMBDA
    task_arn: arn:aws:lambda:eu-central-1:123456789012:function:SSMAnnounce
    lambda_function:
      payload:
        window: !unsafe "{{WINDOW_ID}}"

- name: Deregister the task
  patchfleet.aws.ssm_window_task:
    window: prod-tuesday
    name: announce
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
    window_targets:
      description: The targets of the task, by name if the name is unique in the window, otherwise by ID.
      type: list
      elements: str
      sample:
        - web
      returned: always
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._engine.runner import run_single
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import window_task


def main() -> None:
    run_single(window_task.KIND)


if __name__ == "__main__":
    main()
