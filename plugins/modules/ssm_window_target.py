#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_window_target
short_description: Manage a registered target of a maintenance window
version_added: 0.1.0
description:
  - Registers, changes, renames and deregisters one target of a maintenance window of AWS Systems Manager.
  - The target is found by its exact name inside the window, or by its id. Name, description and criteria are
    changed in place.
  - A change between instances and a resource group is not possible in place; the target is then replaced and
    every task that used it is re-pointed.
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
- name: All instances of a patch group
  patchfleet.aws.ssm_window_target:
    window: prod-tuesday
    name: database-servers
    patch_groups: [Database Servers]
    owner_information: Database team

- name: Instances by two tags, both of which must match
  patchfleet.aws.ssm_window_target:
    window: prod-tuesday
    name: linux-web
    instance_tags:
      Environment: [prod, preprod]
      Role: web

- name: A resource group
  patchfleet.aws.ssm_window_target:
    window: prod-tuesday
    name: fleet
    resource_group: production
    resource_types: ["AWS::EC2::Instance"]

- name: Deregister a target that no task uses any more
  patchfleet.aws.ssm_window_target:
    window: prod-tuesday
    name: linux-web
    state: absent
"""

RETURN = r"""
target:
  description:
    - The target as it is now; in check mode as it would be.
    - Null after O(state=absent).
  returned: always
  type: dict
  contains:
    window_id:
      description: Id of the window, null where it is not known yet.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    window_target_id:
      description: Id of the target, null where it is not known yet.
      type: str
      sample: e32eecb2-646c-4f4b-8ed1-205fbEXAMPLE
      returned: always
    name:
      description: Name of the target.
      type: str
      sample: web
      returned: always
    description:
      description: Description of the target.
      type: str
      sample: Web servers
      returned: always
    owner_information:
      description: Text that AWS puts into the events of the target.
      type: str
      sample: Web team
      returned: always
    resource_type:
      description: V(INSTANCE) or V(RESOURCE_GROUP).
      type: str
      sample: INSTANCE
      returned: always
    targets:
      description: The criteria in the API's own form, keys in lower case.
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
