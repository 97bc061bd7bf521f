#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_setup
short_description: Manage patch baselines and maintenance windows in one task
version_added: 1.0.0
description:
  - Creates, updates and deletes patch baselines, patch groups, and maintenance windows with their targets and tasks.
    The result is the same as with the single modules, in one process.
  - The module reads all resources concurrently, plans all changes, and applies them in the order of their
    dependencies. New tasks that install patches wait for all baselines.
  - A failure does not stop independent changes. The module then fails and returns what it changed, what failed, and
    what it did not attempt.
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

- name: Delete the setup
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
  description: The changes, in the order of your declaration. In check mode, the predicted changes.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: The kind of the resource, V(baseline), V(window), V(target) or V(task).
      type: str
      sample: window
      returned: always
    name:
      description: The name of the resource.
      type: str
      sample: production
      returned: always
    window:
      description: The name of the window.
      type: str
      sample: null
      returned: for targets and tasks
    id:
      description: The ID of the resource. Null if it is not known yet.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    action:
      description: The change, V(create), V(update), V(replace) or V(delete).
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
  description: The changes that failed.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: The kind of the resource.
      type: str
      sample: task
      returned: always
    name:
      description: The name of the resource.
      type: str
      sample: install
      returned: always
    id:
      description: The ID of the resource. Null if it is not known.
      type: str
      sample: null
      returned: always
    action:
      description: The change that failed.
      type: str
      sample: create
      returned: always
    message:
      description: The error, what the module did before it, and what you can do.
      type: str
      sample: User is not authorized to perform ssm:RegisterTaskWithMaintenanceWindow
      returned: always
    code:
      description: The error code of the AWS service.
      type: str
      sample: AccessDeniedException
      returned: always
    request_id:
      description: The ID of the failed request.
      type: str
      sample: 3b6e1f0c-5d2a-4e7b-9c8d-0f1e2d3c4b5a
      returned: always
not_attempted:
  description: The changes that the module did not attempt because a change they depend on failed. C(reason) names
    that change.
  returned: always
  type: list
  elements: dict
  sample:
    - {kind: task, name: install, window: prod, action: create, reason: baseline web failed}
baselines:
  description: The declared baselines, as in RV(patchfleet.aws.ssm_patch_baseline#module:baseline).
  returned: when nothing failed
  type: list
  elements: dict
  sample:
    - name: windows-critical
      baseline_id: pb-0c10e65780123456a
windows:
  description: The declared windows, as in RV(patchfleet.aws.ssm_maintenance_window#module:window), each with
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
