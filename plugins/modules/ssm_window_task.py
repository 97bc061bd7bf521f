#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_window_task
short_description: Manage a task of any type of a maintenance window
version_added: 0.1.0
description:
  - Registers, changes, renames and deregisters one task of a maintenance window, be it Run Command with any document,
    Automation, Lambda or Step Functions.
  - The task is found by its exact name inside the window, or by its id. It is changed in place; another
    O(task_type) replaces it.
  - Pseudo parameters such as C({{TARGET_ID}}) reach the service untouched; in YAML mark such text with C(!unsafe).
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
- name: An image of each server before it is patched; the service puts the id of the instance into the parameter
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

- name: A function, without targets
  patchfleet.aws.ssm_window_task:
    window: prod-tuesday
    name: announce
    task_type: LAMBDA
    task_arn: arn:aws:lambda:eu-central-1:123456789012:function:SSMAnnounce
    lambda_function:
      payload:
        window: !unsafe "{{WINDOW_ID}}"

- name: Deregister it
  patchfleet.aws.ssm_window_task:
    window: prod-tuesday
    name: announce
    state: absent
"""

RETURN = r"""
task:
  description:
    - The task as it is now, under the names of the options; in check mode as it would be.
    - Null after O(state=absent).
  returned: always
  type: dict
  contains:
    window_id:
      description: Id of the window, null where it is not known yet.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    window_task_id:
      description: Id of the task, null where it is not known yet.
      type: str
      sample: 4f7ca192-7e9a-40fe-9192-5cb15EXAMPLE
      returned: always
    window_targets:
      description: Targets of the task by name where that is unique in the window, else by id.
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
