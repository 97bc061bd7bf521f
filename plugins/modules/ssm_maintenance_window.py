#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_maintenance_window
short_description: Manage an AWS Systems Manager maintenance window
version_added: 1.0.0
description:
  - Creates, updates, renames, enables, disables and deletes a maintenance window.
  - The module finds the window by its exact name or by its ID. It keeps no state file.
  - Options that you omit leave the window unchanged. An empty value clears the option.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_window_target
  - module: patchfleet.aws.ssm_patch_task
  - module: patchfleet.aws.ssm_patch_setup
extends_documentation_fragment:
  - patchfleet.aws.options.window
  - patchfleet.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Create a window on Tuesdays at 22:00, Berlin time
  patchfleet.aws.ssm_maintenance_window:
    name: prod-tuesday
    description: Weekly patching of production
    schedule: cron(0 22 ? * TUE *)
    schedule_timezone: Europe/Berlin
    duration: 3
    cutoff: 1
    tags:
      team: platform

- name: Create a window five days after Patch Tuesday
  patchfleet.aws.ssm_maintenance_window:
    name: prod-patch-tuesday
    schedule: cron(0 2 ? * TUE#2 *)
    schedule_offset: 5
    duration: 4
    cutoff: 1

- name: Disable a window without deleting it
  patchfleet.aws.ssm_maintenance_window:
    name: prod-tuesday
    enabled: false

- name: Remove the time zone, so that AWS uses UTC
  patchfleet.aws.ssm_maintenance_window:
    name: prod-tuesday
    schedule_timezone: ""

- name: Delete a window with its targets and tasks
  patchfleet.aws.ssm_maintenance_window:
    name: prod-tuesday
    state: absent
"""

RETURN = r"""
window:
  description:
    - The maintenance window after the run, with the names of the options as keys. In check mode, the predicted
      window.
    - Null with O(state=absent).
  returned: always
  type: dict
  contains:
    window_id:
      description: The ID of the window. Null if it is not known yet.
      type: str
      returned: always
      sample: mw-0c50858d01234567a
    next_execution_time:
      description: The time when the window opens next, in its time zone. Null if it does not open again, and in check
        mode for a new window.
      type: str
      sample: "2026-01-13T02:00+01:00"
      returned: always
    created_date:
      description: The date and time when the window was created.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
      returned: always
    modified_date:
      description: The date and time when the window was last modified.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
      returned: always
    tags:
      description: The tags of the window, without reserved tags. Null if the module did not read the tags, because
        you specified neither O(tags) nor O(setup).
      type: dict
      sample:
        Environment: production
      returned: always
  sample:
    name: prod-tuesday
    window_id: mw-0c50858d01234567a
    schedule: cron(0 22 ? * TUE *)
    duration: 3
    cutoff: 1
    enabled: true
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._engine.runner import run_single
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import window


def main() -> None:
    run_single(window.KIND)


if __name__ == "__main__":
    main()
