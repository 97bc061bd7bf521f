#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_maintenance_window
short_description: Manage a maintenance window of AWS Systems Manager
version_added: 0.1.0
description:
  - Creates, changes, renames, disables and deletes one maintenance window.
  - The window is found by its exact name, or by its id; there is no state file.
  - An option that is not given leaves the window as it is; an empty one clears what is stored.
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
- name: Tuesdays at 22:00 in Berlin
  patchfleet.aws.ssm_maintenance_window:
    name: prod-tuesday
    description: Weekly patching of production
    schedule: cron(0 22 ? * TUE *)
    schedule_timezone: Europe/Berlin
    duration: 3
    cutoff: 1
    tags:
      team: platform

- name: Five days after Patch Tuesday
  patchfleet.aws.ssm_maintenance_window:
    name: prod-patch-tuesday
    schedule: cron(0 2 ? * TUE#2 *)
    schedule_offset: 5
    duration: 4
    cutoff: 1

- name: Keep it, but do not let it open
  patchfleet.aws.ssm_maintenance_window:
    name: prod-tuesday
    enabled: false

- name: Take the time zone away, so that AWS reads the schedule in UTC
  patchfleet.aws.ssm_maintenance_window:
    name: prod-tuesday
    schedule_timezone: ""

- name: Delete it with its targets and tasks
  patchfleet.aws.ssm_maintenance_window:
    name: prod-tuesday
    state: absent
"""

RETURN = r"""
window:
  description:
    - The window as it is now, under the names of the options; in check mode as it would be.
    - Null after O(state=absent).
  returned: always
  type: dict
  contains:
    window_id:
      description: Id of the window, null where it is not known yet.
      type: str
      returned: always
      sample: mw-0c50858d01234567a
    next_execution_time:
      description: When the window opens next, in its time zone; null when it does not, and in check mode for a
        new one.
      type: str
      sample: "2026-01-13T02:00+01:00"
      returned: always
    created_date:
      description: When the window was created.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
      returned: always
    modified_date:
      description: When the window was last changed.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
      returned: always
    tags:
      description: Tags of the window without reserved ones; null when they were not read, because neither
        O(tags) nor O(setup) is given.
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
