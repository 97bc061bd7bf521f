#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_setup
short_description: Manage a whole patching setup in one call
version_added: 0.1.0
description:
  - Makes patch baselines, patch groups, maintenance windows, their targets and their tasks as declared, with
    the same result as the single modules one by one, in one process.
  - Everything is read concurrently and each thing once, planned as a whole, and applied in order of dependency.
    New tasks that install wait for all baselines.
  - What fails does not stop what does not depend on it; the module then fails and tells what was done, what
    failed and what was not attempted.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_patch_baseline
  - module: patchfleet.aws.ssm_maintenance_window
  - module: patchfleet.aws.ssm_window_target
  - module: patchfleet.aws.ssm_patch_task
  - module: patchfleet.aws.ssm_window_task
extends_documentation_fragment:
  - patchfleet.aws.options.setup
  - patchfleet.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Patch a server environment
  patchfleet.aws.ssm_patch_setup:
    setup: production
    baselines:
      - name: Production-Baseline
        operating_system: WINDOWS
        approval_rules:
          - filters:
              MSRC_SEVERITY: [Critical, Important]
            approve_after_days: 7
        patch_groups: [Database Servers]
    windows:
      - name: Production-Tuesdays
        schedule: cron(0 0 22 ? * TUE *)
        duration: 1
        cutoff: 0
        targets:
          - name: database-servers
            patch_groups: [Database Servers]
        patch_tasks:
          - name: install
            operation: Install
            window_targets: [database-servers]

- name: Remove it again
  patchfleet.aws.ssm_patch_setup:
    setup: production
    state: absent
    baselines:
      - name: Production-Baseline
        operating_system: WINDOWS
    windows:
      - name: Production-Tuesdays
"""

RETURN = r"""
changes:
  description: What changed, in the order of the declaration; in check mode what would change.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(baseline), V(window), V(target) or V(task).
      type: str
      sample: window
      returned: always
    name:
      description: Name of the resource.
      type: str
      sample: production
      returned: always
    window:
      description: Name of the window.
      type: str
      sample: null
      returned: for targets and tasks
    id:
      description: Id of the resource, null where it is not known yet.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    action:
      description: V(create), V(update), V(replace) or V(delete).
      type: str
      sample: update
      returned: always
    fields:
      description: The options that differ.
      type: list
      elements: str
      sample:
        - schedule
      returned: always
errors:
  description: What failed.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the resource.
      type: str
      sample: task
      returned: always
    name:
      description: Name of the resource.
      type: str
      sample: install
      returned: always
    id:
      description: Id of the resource, null where it is not known.
      type: str
      sample: null
      returned: always
    action:
      description: What was to be done.
      type: str
      sample: create
      returned: always
    message:
      description: What failed, what was done before and what the user can do.
      type: str
      sample: User is not authorized to perform ssm:RegisterTaskWithMaintenanceWindow
      returned: always
    code:
      description: Error code of the service.
      type: str
      sample: AccessDeniedException
      returned: always
    request_id:
      description: Request id of the failed call.
      type: str
      sample: 3b6e1f0c-5d2a-4e7b-9c8d-0f1e2d3c4b5a
      returned: always
not_attempted:
  description: Changes that were not attempted because something they wait for failed. C(reason) names it.
  returned: always
  type: list
  elements: dict
  sample:
    - {kind: task, name: install, window: prod, action: create, reason: "this waits for baseline web, which failed"}
baselines:
  description: The declared baselines, as RV(patchfleet.aws.ssm_patch_baseline#module:baseline).
  returned: when nothing failed
  type: list
  elements: dict
  sample:
    - name: windows-critical
      baseline_id: pb-0c10e65780123456a
windows:
  description: The declared windows, as RV(patchfleet.aws.ssm_maintenance_window#module:window), each with
    C(targets), C(patch_tasks) and C(tasks).
  returned: when nothing failed
  type: list
  elements: dict
  sample:
    - name: production
      window_id: mw-0c50858d01234567a
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._engine.runner import run_setup
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import setup


def main() -> None:
    run_setup(setup.OPTIONS)


if __name__ == "__main__":
    main()
