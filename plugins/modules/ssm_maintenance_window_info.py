#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_maintenance_window_info
short_description: Gather information about AWS Systems Manager maintenance windows
version_added: 1.0.0
description:
  - Returns maintenance windows and, with O(include), their targets, tasks, next runs and recent executions.
  - If you specify several filters, a window must match all of them. If no window matches, or if a window ID does not
    exist, the module returns an empty list and does not fail.
  - For each window, the module also returns a declaration that you can use in M(patchfleet.aws.ssm_patch_setup).
notes:
  - The module does not return the parameters of executions, because they can contain secrets.
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
- name: List all windows in a Region
  patchfleet.aws.ssm_maintenance_window_info:
  register: found

- name: List the next runs of the windows of a setup
  patchfleet.aws.ssm_maintenance_window_info:
    tags:
      patchfleet:setup: production
    enabled: true
    include: [next_runs]
    next_run_count: 3

- name: List the windows and tasks that patch a node
  patchfleet.aws.ssm_maintenance_window_info:
    instance_id: i-0123456789abcdef0
    include: [targets, tasks]

- name: List the last three executions of a window
  patchfleet.aws.ssm_maintenance_window_info:
    names: [prod-tuesday]
    include: [executions]
    execution_count: 3
  register: runs

- name: Fail if the window is open
  ansible.builtin.assert:
    that: runs.windows | selectattr('current_execution') | length == 0

- name: Read a window with its declaration
  patchfleet.aws.ssm_maintenance_window_info:
    names: [prod-tuesday]
    include: [targets, tasks]
  register: original

- name: Create the same window in another Region
  patchfleet.aws.ssm_patch_setup:
    windows: "{{ original.windows | map(attribute='declaration') | select }}"
    region: eu-west-1
"""

RETURN = r"""
windows:
  description: The windows that match, sorted by name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the window. The other options of M(patchfleet.aws.ssm_maintenance_window) that describe
        a window are also keys. Their value is null if nothing is set.
      type: str
      sample: production
      returned: always
    window_id:
      description: The ID of the window.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    next_execution_time:
      description: The time when the window opens next, in ISO-8601 format. Null for a window that is disabled or does
        not open again. AWS changes this value as soon as a run starts. RV(windows[].current_execution) then holds the
        run in progress.
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
      description: The tags of the window, without tags that begin with C(aws:) or C(patchfleet:).
      type: dict
      sample:
        Environment: production
      returned: always
    setup:
      description: The name of the setup that owns the window. Null if no setup owns it.
      type: str
      sample: production
      returned: always
    targets:
      description: The registered targets, as in RV(patchfleet.aws.ssm_window_target#module:target).
      type: list
      elements: dict
      sample:
        - name: web
          window_target_id: e32eecb2-646c-4f4b-8ed1-205fbEXAMPLE
      returned: when O(include) has V(targets)
    tasks:
      description: All tasks, including patch tasks, as in RV(patchfleet.aws.ssm_window_task#module:task), sorted by
        priority.
      type: list
      elements: dict
      sample:
        - name: install
          window_task_id: 4f7ca192-7e9a-40fe-9192-5cb15EXAMPLE
      returned: when O(include) has V(tasks)
    next_runs:
      description: The times when AWS opens the window next, in ISO-8601 format, up to O(next_run_count). Empty for a
        disabled window.
      type: list
      elements: str
      sample:
        - '2026-01-20T02:00:00+01:00'
        - '2026-01-27T02:00:00+01:00'
      returned: when O(include) has V(next_runs)
    current_execution:
      description: The execution that is in progress or pending, as in RV(windows[].executions). Null if there is
        none. It is returned even if O(execution_count) later executions were skipped because of it.
      type: dict
      sample: null
      returned: when O(include) has V(executions)
    executions:
      description: The most recent executions, newest first, up to O(execution_count).
      type: list
      elements: dict
      returned: when O(include) has V(executions)
      contains:
        window_execution_id:
          description: The ID of the execution.
          type: str
          sample: 14bea65d-5ccc-462d-a2f3-e99c8EXAMPLE
        status:
          description: The status of the execution, V(PENDING), V(IN_PROGRESS), V(SUCCESS), V(FAILED), V(TIMED_OUT),
            V(CANCELLING), V(CANCELLED) or V(SKIPPED_OVERLAPPING). AWS skips an execution if the previous one is still
            in progress.
          type: str
          sample: SUCCESS
        status_details:
          description: The details of the status. Null if AWS returns none. They can differ from the status. In that
            case, the status is correct.
          type: str
          sample: null
        start_time:
          description: The time when the execution started, in ISO-8601 format. Null if it has not started.
          type: str
          sample: "2026-01-13T02:00:02+00:00"
        end_time:
          description: The time when the execution ended, in ISO-8601 format. Null if it has not ended.
          type: str
          sample: "2026-01-13T02:24:10+00:00"
        tasks:
          description: The tasks of the execution, in the order of their start. C(status), C(status_details),
            C(start_time) and C(end_time) apply to each task.
          type: list
          elements: dict
          contains:
            task_execution_id:
              description: The ID of the task execution.
              type: str
              sample: c3d4e5f6-0718-4293-a4b5-c6d7e8f90a1b
            name:
              description: The name of the task in the window. AWS does not return it. The module finds the task by
                its type and document, and if several match, by its targets and parameters, or by its priority, rates
                and parameters if it has not started. Null if not exactly one task matches.
              type: str
              sample: install
            possible_names:
              description: The names of the tasks that match, if several do. Otherwise empty.
              type: list
              elements: str
              sample: []
            window_task_id:
              description: The ID of the task in the window, found in the same way.
              type: str
              sample: 4f7ca192-7e9a-40fe-9192-5cb15EXAMPLE
            task_type:
              description: The type of the task.
              type: str
              sample: RUN_COMMAND
            task_arn:
              description: The name or ARN of the document, or the ARN of the function or state machine.
              type: str
              sample: AWS-RunPatchBaseline
            output_s3_url:
              description: The S3 location where the commands of the task write their output, according to the current
                settings of the task. Each command writes below its own ID. Null if there is no location.
              type: str
              sample: https://s3.console.aws.amazon.com/s3/buckets/example-patch-output?prefix=production/
            cloudwatch_log_group:
              description: The CloudWatch log group of the output. Null if there is none.
              type: str
              sample: /aws/ssm/AWS-RunPatchBaseline
            invocations:
              description: The invocations of the task, in the order of their start. A command has one for each
                registered target, and other types have one for each node. C(status), C(status_details), C(start_time)
                and C(end_time) apply to each invocation.
              type: list
              elements: dict
              contains:
                invocation_id:
                  description: The ID of the invocation.
                  type: str
                  sample: 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d
                execution_id:
                  description: The ID of the command, of the automation execution or of the state machine execution.
                  type: str
                  sample: 7f2c3e7b-0a4f-4c8e-9d6a-1b2c3d4e5f60
                command_id:
                  description: The ID of the command. Null for other types. You can use it with
                    M(patchfleet.aws.ssm_patch_run).
                  type: str
                  sample: 7f2c3e7b-0a4f-4c8e-9d6a-1b2c3d4e5f60
                window_target_id:
                  description: The ID of the registered target. Null if there is none.
                  type: str
                  sample: e32eecb2-646c-4f4b-8ed1-205fbEXAMPLE
                window_target:
                  description: The name of the registered target. Null if it has no name or no longer exists.
                  type: str
                  sample: web
                instance_ids:
                  description: The IDs of the nodes that the command ran on.
                  type: list
                  elements: str
                  sample:
                    - i-02573cafcfEXAMPLE
                owner_information:
                  description: The owner information of the registered target.
                  type: str
                  sample: Web team
    declaration:
      description:
        - The window as an entry of O(patchfleet.aws.ssm_patch_setup#module:windows), with its targets and tasks if
          O(include) contains them. It contains no IDs, no default values, no setup name, and no parameters whose
          names suggest a secret.
        - Null if the window cannot be declared.
      type: dict
      sample:
        name: production
        schedule: cron(0 2 ? * TUE *)
        duration: 4
        cutoff: 1
      returned: always
    undeclared:
      description: The parts of the window that RV(windows[].declaration) does not contain, and the reason.
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
