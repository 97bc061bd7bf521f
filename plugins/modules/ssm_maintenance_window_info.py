#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_maintenance_window_info
short_description: Read maintenance windows of AWS Systems Manager
version_added: 0.1.0
description:
  - Reads maintenance windows, and where wanted their targets, their tasks, their next runs and their last executions.
  - Filters combine, so that a window has to fit all that are given. Nothing that fits is an empty list and no error,
    as is the id of a window that does not exist.
  - Each window also comes as the options of M(patchfleet.aws.ssm_patch_setup) that declare it.
notes:
  - Parameters of executions are not returned, as they may hold secrets.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_maintenance_window
  - module: patchfleet.aws.ssm_patch_setup
  - plugin: patchfleet.aws.next_runs
    plugin_type: filter
extends_documentation_fragment:
  - patchfleet.aws.options.window_info
  - patchfleet.aws.attributes.info_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Read all windows of a region
  patchfleet.aws.ssm_maintenance_window_info:
  register: found

- name: Show when the windows of a setup open next
  patchfleet.aws.ssm_maintenance_window_info:
    tags:
      patchfleet:setup: production
    enabled: true
    include: [next_runs]
    next_run_count: 3

- name: Read what patches a node
  patchfleet.aws.ssm_maintenance_window_info:
    instance_id: i-0123456789abcdef0
    include: [targets, tasks]

- name: Read how the last three runs of a window went
  patchfleet.aws.ssm_maintenance_window_info:
    names: [prod-tuesday]
    include: [executions]
    execution_count: 3
  register: runs

- name: Stop the play while the window runs
  ansible.builtin.assert:
    that: runs.windows | selectattr('current_execution') | length == 0

- name: Read a window to declare it elsewhere
  patchfleet.aws.ssm_maintenance_window_info:
    names: [prod-tuesday]
    include: [targets, tasks]
  register: original

- name: Declare it in another region
  patchfleet.aws.ssm_patch_setup:
    windows: "{{ original.windows | map(attribute='declaration') | select }}"
    region: eu-west-1
"""

RETURN = r"""
windows:
  description: The windows that fit, in the order of their names.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the window. All other options of M(patchfleet.aws.ssm_maintenance_window) that describe a
        window are keys, too, with null where nothing is set.
      type: str
      sample: production
      returned: always
    window_id:
      description: Id of the window.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    next_execution_time:
      description: When the window opens next, ISO-8601; null for a window that is disabled or does not open any more.
        It moves on as soon as a run starts, which RV(windows[].current_execution) then tells.
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
      description: Tags of the window, without those that begin with C(aws:) or C(patchfleet:).
      type: dict
      sample:
        Environment: production
      returned: always
    setup:
      description: Name of the setup that owns the window, null where there is none.
      type: str
      sample: production
      returned: always
    targets:
      description: Registered targets, as RV(patchfleet.aws.ssm_window_target#module:target).
      type: list
      elements: dict
      sample:
        - name: web
          window_target_id: e32eecb2-646c-4f4b-8ed1-205fbEXAMPLE
      returned: when O(include) has V(targets)
    tasks:
      description: All tasks, those that patch too, as RV(patchfleet.aws.ssm_window_task#module:task), in the order of
        priority.
      type: list
      elements: dict
      sample:
        - name: install
          window_task_id: 4f7ca192-7e9a-40fe-9192-5cb15EXAMPLE
      returned: when O(include) has V(tasks)
    next_runs:
      description: The next moments at which AWS opens the window, ISO-8601, at most O(next_run_count); empty for a
        window that is disabled.
      type: list
      elements: str
      sample:
        - '2026-01-20T02:00:00+01:00'
        - '2026-01-27T02:00:00+01:00'
      returned: when O(include) has V(next_runs)
    current_execution:
      description: The execution that is going on or waits to begin, as in RV(windows[].executions); null where there is
        none. It is told also where O(execution_count) later ones were skipped because of it.
      type: dict
      sample: null
      returned: when O(include) has V(executions)
    executions:
      description: The last executions, newest first, at most O(execution_count).
      type: list
      elements: dict
      returned: when O(include) has V(executions)
      contains:
        window_execution_id:
          description: Id of the execution.
          type: str
          sample: 14bea65d-5ccc-462d-a2f3-e99c8EXAMPLE
        status:
          description: V(PENDING), V(IN_PROGRESS), V(SUCCESS), V(FAILED), V(TIMED_OUT), V(CANCELLING), V(CANCELLED), or
            V(SKIPPED_OVERLAPPING) where the one before it was still going on.
          type: str
          sample: SUCCESS
        status_details:
          description: What AWS says of the status, null where it says nothing. It may not agree with the status, which
            is what counts.
          type: str
          sample: null
        start_time:
          description: When it began, ISO-8601; null where it has not begun.
          type: str
          sample: "2026-01-13T02:00:02+00:00"
        end_time:
          description: When it ended, ISO-8601; null where it has not ended.
          type: str
          sample: "2026-01-13T02:24:10+00:00"
        tasks:
          description: The tasks that it ran, in the order of their start. The same names as above tell how far each
            has got.
          type: list
          elements: dict
          contains:
            task_execution_id:
              description: Id of the execution of the task.
              type: str
              sample: c3d4e5f6-0718-4293-a4b5-c6d7e8f90a1b
            name:
              description: Name of the task of the window. AWS does not tell which one it was. It is found by type and
                document, and among several by targets and parameters; null where there is no single one.
              type: str
              sample: install
            window_task_id:
              description: Id of the task of the window, found in the same way.
              type: str
              sample: 4f7ca192-7e9a-40fe-9192-5cb15EXAMPLE
            task_type:
              description: Type of the task.
              type: str
              sample: RUN_COMMAND
            task_arn:
              description: Name or ARN of the document, or ARN of the function or state machine.
              type: str
              sample: AWS-RunPatchBaseline
            output_s3_url:
              description: Where commands of the task as it is now put their output, each below its own id; null where
                that is not told.
              type: str
              sample: https://s3.console.aws.amazon.com/s3/buckets/example-patch-output?prefix=production/
            cloudwatch_log_group:
              description: The log group to which they write, null where they write to none.
              type: str
              sample: /aws/ssm/AWS-RunPatchBaseline
            invocations:
              description: One for each registered target of a command, one for each node of anything else, in the order
                of their start. The same names as above tell how far each has got.
              type: list
              elements: dict
              contains:
                invocation_id:
                  description: Id of the invocation.
                  type: str
                  sample: 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d
                execution_id:
                  description: Id of the command, of the automation or of the execution of the state machine.
                  type: str
                  sample: 7f2c3e7b-0a4f-4c8e-9d6a-1b2c3d4e5f60
                command_id:
                  description: The same for a command, null for anything else. M(patchfleet.aws.ssm_patch_run) takes it.
                  type: str
                  sample: 7f2c3e7b-0a4f-4c8e-9d6a-1b2c3d4e5f60
                window_target_id:
                  description: Id of the registered target, null where there is none.
                  type: str
                  sample: e32eecb2-646c-4f4b-8ed1-205fbEXAMPLE
                window_target:
                  description: Name of the registered target, null where it has none or is not there any more.
                  type: str
                  sample: web
                instance_ids:
                  description: The nodes of a command.
                  type: list
                  elements: str
                  sample:
                    - i-02573cafcfEXAMPLE
                owner_information:
                  description: What its owner has written into the registered target.
                  type: str
                  sample: Web team
    declaration:
      description:
        - The window as an entry of O(patchfleet.aws.ssm_patch_setup#module:windows), with its targets and tasks as
          far as O(include) has them. It holds no id, no default, no name of a setup, and no parameters that seem to
          hold a secret by their name.
        - Null where the window cannot be declared.
      type: dict
      sample:
        name: production
        schedule: cron(0 2 ? * TUE *)
        duration: 4
        cutoff: 1
      returned: always
    undeclared:
      description: What RV(windows[].declaration) does not hold although it is there, and why.
      type: list
      elements: str
      sample: []
      returned: always
  sample:
    - name: prod-tuesday
      window_id: mw-0c50858d01234567a
      description: null
      schedule: cron(0 22 ? * TUE *)
      schedule_timezone: Europe/Berlin
      schedule_offset: null
      start_date: null
      end_date: null
      duration: 3
      cutoff: 1
      allow_unassociated_targets: false
      enabled: true
      next_execution_time: "2026-01-06T22:00+01:00"
      tags: {}
      setup: production
      declaration:
        name: prod-tuesday
        schedule: cron(0 22 ? * TUE *)
        schedule_timezone: Europe/Berlin
        duration: 3
        cutoff: 1
      undeclared: []
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._info.runner import run_window_info


def main() -> None:
    run_window_info()


if __name__ == "__main__":
    main()
