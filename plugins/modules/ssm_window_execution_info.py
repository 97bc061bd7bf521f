#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_window_execution_info
short_description: Follow an execution of a maintenance window, node by node
version_added: 1.0.0
description:
  - Returns an execution of a maintenance window with its tasks and, for Run Command tasks, the status of each node.
  - With O(wait=true), the module waits until the window opens and the execution ends. It prints a line for each task
    whenever nodes finish.
notes:
  - The result of an execution does not make the module fail. RV(problem) says why an execution is not a success. The
    module fails if O(wait) does not succeed in time.
  - For tasks of other types than Run Command, the module returns the status of the task, without nodes.
  - If AWS throttles a read, the module repeats it. If a read fails, the execution continues. Run the module again to
    continue to wait.
  - With C(async), the module waits in the background and does not show progress.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_maintenance_window_info
  - module: patchfleet.aws.ssm_patch_run
extends_documentation_fragment:
  - patchfleet.aws.options.window_execution_info
  - patchfleet.aws.attributes.wait_info_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Read the execution of a window that is in progress, or else its last one
  patchfleet.aws.ssm_window_execution_info:
    window: prod-daily
  register: found

- name: Show why it was not a success
  ansible.builtin.debug:
    var: found.problem

- name: Wait until it ends, and show the progress
  patchfleet.aws.ssm_window_execution_info:
    window: prod-daily
    window_execution_id: "{{ found.execution.window_execution_id }}"
    wait: true
  when: found.execution is not none

- name: Check that the window opens within a day. Without check mode, this waits for the opening and the execution
  patchfleet.aws.ssm_window_execution_info:
    window: prod-daily
    wait: true
    begin_timeout: 86400
  check_mode: true
"""

RETURN = r"""
window:
  description: The window. Null if it could not be read.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the window.
      type: str
      sample: web-nightly
      returned: always
    window_id:
      description: The ID of the window.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    enabled:
      description: Whether the window is enabled.
      type: bool
      sample: true
      returned: always
    schedule:
      description: The schedule of the window.
      type: str
      sample: cron(0 2 ? * * *)
      returned: always
    schedule_timezone:
      description: The time zone of the schedule. Null if there is none.
      type: str
      sample: Europe/Berlin
      returned: always
    duration:
      description: The duration of the window in hours.
      type: int
      sample: 4
      returned: always
    next_execution_time:
      description: The time when the window opens next, in ISO-8601 format. Null for a window that is disabled or does
        not open again.
      type: str
      sample: "2026-01-13T02:00+01:00"
      returned: always
execution:
  description: The execution, as in
    RV(patchfleet.aws.ssm_maintenance_window_info#module:windows[].executions). Null if there is none, or if the
    execution that the module waits for has not begun.
  returned: always
  type: dict
  contains:
    window_execution_id:
      description: The ID of the execution.
      type: str
      sample: 14bea65d-5ccc-462d-a2f3-e99c8EXAMPLE
      returned: always
    status:
      description: The status of the execution, V(PENDING), V(IN_PROGRESS), V(SUCCESS), V(FAILED), V(TIMED_OUT),
        V(CANCELLING), V(CANCELLED) or V(SKIPPED_OVERLAPPING).
      type: str
      sample: FAILED
      returned: always
    status_details:
      description: The details of the status. Null if AWS returns none.
      type: str
      sample: One or more tasks in the orchestration failed.
      returned: always
    start_time:
      description: The time when the execution started, in ISO-8601 format.
      type: str
      sample: "2026-01-13T01:00:02+00:00"
      returned: always
    end_time:
      description: The time when the execution ended, in ISO-8601 format. Null if it has not ended.
      type: str
      sample: "2026-01-13T01:24:10+00:00"
      returned: always
    node_count:
      description: The number of nodes of all Run Command tasks. A node with several tasks counts once.
      type: int
      sample: 15
      returned: always
    tasks:
      description: The tasks in the order of their start, with the same keys as in
        M(patchfleet.aws.ssm_maintenance_window_info).
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The name of the task. Null if it is not known.
          type: str
          sample: install
          returned: always
        possible_names:
          description: The names of the tasks that it can be, if several tasks of the window run the same document and
            AWS does not return which of them this is. Otherwise empty.
          type: list
          elements: str
          sample: []
          returned: always
        task_type:
          description: The type of the task.
          type: str
          sample: RUN_COMMAND
          returned: always
        status:
          description: The status of the task.
          type: str
          sample: FAILED
          returned: always
        invocations:
          description: The invocations of the task, with the same keys as in
            M(patchfleet.aws.ssm_maintenance_window_info), such as C(command_id).
          type: list
          elements: dict
          returned: always
          contains:
            command_id:
              description: The ID of the command. Null for other types of tasks, and if there is no command yet.
              type: str
              sample: 7f2c3e7b-0a4f-4c8e-9d6a-1b2c3d4e5f60
              returned: always
            instances:
              description: The nodes of the command, with the same keys as in
                RV(patchfleet.aws.ssm_patch_run#module:instances), sorted by ID. The status is V(Pending) if AWS does
                not list the node yet, and null if the command has ended and AWS does not list the node. The whole
                list is null for other types of tasks.
              type: list
              elements: dict
              sample:
                - instance_id: i-02573cafcfa0b1c2d
                  name: web-1
                  status: Failed
                  status_details: Failed
                  exit_code: 156
              returned: always
problem:
  description:
    - The reason why the execution is not a success. Null for a success, and as long as the execution is in progress.
    - An execution also has a problem if a node failed and the task tolerates it (C(max_errors)), or if it reached no
      node.
  returned: always
  type: str
  sample: >-
    Execution 14bea65d-5ccc-462d-a2f3-e99c8EXAMPLE of window web-nightly ended FAILED (One or more tasks in the
    orchestration failed.): task install FAILED, 1 of 15 nodes did not succeed: i-02573cafcfa0b1c2d (web-1) Failed,
    exit code 156.
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._window_execution.runner import run_window_execution_info


def main() -> None:
    run_window_execution_info()


if __name__ == "__main__":
    main()
