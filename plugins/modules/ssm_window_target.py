#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_window_target
short_description: Manage a target of an AWS Systems Manager maintenance window
version_added: 1.0.0
description:
  - Registers, updates, renames and deregisters a target of a maintenance window.
  - The module finds the target by its exact name in the window, or by its ID. It updates the name, the description
    and the selected nodes in place.
  - AWS cannot change a target from managed nodes to a resource group, or back. In this case, the module replaces the
    target and updates every task that uses it.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_maintenance_window
  - module: patchfleet.aws.ssm_patch_task
  - module: patchfleet.aws.ssm_patch_setup
extends_documentation_fragment:
  - patchfleet.aws.options.target
  - patchfleet.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Register the nodes of a patch group
  patchfleet.aws.ssm_window_target:
    window: prod-tuesday
    name: database-servers
    patch_groups: [Database Servers]
    owner_information: Database team

- name: Register nodes that have two tags
  patchfleet.aws.ssm_window_target:
    window: prod-tuesday
    name: linux-web
    instance_tags:
      Environment: [prod, preprod]
      Role: web

- name: Register a resource group
  patchfleet.aws.ssm_window_target:
    window: prod-tuesday
    name: fleet
    resource_group: production
    resource_types: ["AWS::EC2::Instance"]

- name: Deregister a target that no task uses
  patchfleet.aws.ssm_window_target:
    window: prod-tuesday
    name: linux-web
    state: absent
"""

RETURN = r"""
target:
  description:
    - The target after the run. In check mode, the predicted target.
    - Null with O(state=absent).
  returned: always
  type: dict
  contains:
    window_id:
      description: The ID of the window. Null if it is not known yet.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    window_target_id:
      description: The ID of the target. Null if it is not known yet.
      type: str
      sample: e32eecb2-646c-4f4b-8ed1-205fbEXAMPLE
      returned: always
    name:
      description: The name of the target.
      type: str
      sample: web
      returned: always
    description:
      description: The description of the target.
      type: str
      sample: Web servers
      returned: always
    owner_information:
      description: The value that AWS includes in the events of the target.
      type: str
      sample: Web team
      returned: always
    resource_type:
      description: The type of the target, V(INSTANCE) or V(RESOURCE_GROUP).
      type: str
      sample: INSTANCE
      returned: always
    targets:
      description: The targets in the format of the Systems Manager API, with keys in lower case.
      type: list
      elements: dict
      returned: always
      sample: [{key: "tag:PatchGroup", values: [Database Servers]}]
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._engine.runner import run_single
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import window_target


def main() -> None:
    run_single(window_target.KIND)


if __name__ == "__main__":
    main()
