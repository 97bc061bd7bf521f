#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_forecast_info
short_description: Forecast what the next maintenance windows install
version_added: 1.0.0
description:
  - Returns for a window, a patch group or single nodes when the next Install runs, which nodes it runs on, which
    patches it installs and which nodes it reboots.
  - The module compares the last report of each node with the patch baseline in effect. With O(level=patches), a
    Windows patch counts if the baseline approves it before the run, and RV(runs[].newly_approved) lists the patches
    that the baseline approves between now and the run.
  - O(patch_groups), O(instance_ids) and O(instance_tags) select the nodes. A node must match all of them.
notes:
  - The module does not scan nodes. A node also installs patches that became available since its last report. The
    forecast does not include them.
  - AWS lists the patches of a baseline with their approval dates only for Windows. For other operating systems, the
    forecast counts the patches that the last report lists as missing or failed. RV(patches[].approved_by) contains
    the matching rule.
  - The module does not forecast failures. It counts the patches of all nodes of a run, although the run ends early if
    more nodes fail than C(max_errors) of the task allows, or if an alarm of the task activates.
  - If a window has run before, RV(runs[].late_count) estimates the number of nodes that the task does not reach before
    the cutoff. The other counts of the run include these nodes.
  - An Install with C(RebootIfNeeded) reboots a node if it installs a patch, or if an earlier patch needs a reboot.
  - A value that was not read or cannot be known is null. RV(instances[].unknown_reason) contains the reason.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_patch_coverage_info
  - module: patchfleet.aws.ssm_patch_compliance_info
extends_documentation_fragment:
  - patchfleet.aws.options.forecast_info
  - patchfleet.aws.attributes.info_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
attributes:
  check_mode:
    description: Reads the same data as a normal run. With O(dest), reports whether the file would change, but does
      not write it.
    support: full
  diff_mode:
    description: Does not show differences of the file O(dest).
    support: none
  idempotent:
    description: Changes nothing except the file O(dest), and only if its content differs.
    support: full
"""

EXAMPLES = r"""
- name: Forecast the next run of each window
  patchfleet.aws.ssm_patch_forecast_info:
  register: forecast

- name: List the patches that the next run installs on the servers of a patch group
  patchfleet.aws.ssm_patch_forecast_info:
    patch_groups: [Web Servers]
    level: patches

- name: Plan a window that does not exist yet
  patchfleet.aws.ssm_patch_setup:
    windows:
      - name: web-weekly
        schedule: cron(0 2 ? * SUN *)
        duration: 4
        cutoff: 1
        targets:
          - name: web
            patch_groups: [Web Servers]
        patch_tasks:
          - name: install
            operation: Install
            window_targets: [web]
  check_mode: true
  register: planned_setup

- name: Forecast what the planned window would do
  patchfleet.aws.ssm_patch_forecast_info:
    planned: "{{ planned_setup }}"

- name: Forecast when a server reboots
  patchfleet.aws.ssm_patch_forecast_info:
    instance_ids: [i-02573cafcfa0b1c2d]
    level: instances
"""

RETURN = r"""
runs:
  description: The next runs, sorted by time.
  returned: always
  type: list
  elements: dict
  contains:
    run_time:
      description: The time when the window opens, in its time zone.
      type: str
      sample: "2026-01-20T02:00:00+01:00"
      returned: always
    window:
      description: The name of the window.
      type: str
      sample: production
      returned: always
    window_id:
      description: The ID of the window.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    task:
      description: The name of the task.
      type: str
      sample: install
      returned: always
    window_task_id:
      description: The ID of the task.
      type: str
      sample: 4f7ca192-7e9a-40fe-9192-5cb15EXAMPLE
      returned: always
    operation:
      description: The operation, always V(Install).
      type: str
      sample: Install
      returned: always
    reboot_option:
      description: The reboot option, V(RebootIfNeeded) or V(NoReboot).
      type: str
      sample: RebootIfNeeded
      returned: always
    node_count:
      description: The number of nodes that the task runs on.
      type: int
      sample: 12
      returned: always
    install_node_count:
      description: The number of nodes where the task installs patches.
      type: int
      sample: 12
      returned: always
    patch_count:
      description: The number of patches that the task installs. A patch counts once for each node.
      type: int
      sample: 36
      returned: always
    reboot_count:
      description: The number of nodes that the task reboots.
      type: int
      sample: 12
      returned: always
    offline_count:
      description: The number of nodes whose SSM Agent is offline. The task does nothing on them while the agent is
        offline.
      type: int
      sample: 0
      returned: always
    unknown_count:
      description: The number of nodes where it is unknown what the task installs.
      type: int
      sample: 0
      returned: always
    late_count:
      description:
        - The number of nodes that the task does not reach before the cutoff of the window, estimated from recent
          executions. Null if the executions do not allow an estimate.
        - Before the cutoff, a task with the C(cutoff_behavior) V(CANCEL_TASK) must finish a node. Any other task
          only has to start, because it then continues after the cutoff.
      type: int
      sample: 0
      returned: always
    estimate:
      description: The times that RV(runs[].late_count) is computed from, for all nodes that the task selects. Null if
        the executions do not allow an estimate.
      type: dict
      returned: always
      contains:
        nodes:
          description: The number of nodes that the task selects, whether or not the options of this module select
            them.
          type: int
          sample: 54
          returned: always
        concurrency:
          description: The number of nodes that are patched at the same time.
          type: int
          sample: 5
          returned: always
        seconds_for_node:
          description: The median duration for one node in seconds. Null if the task never ran.
          type: float
          sample: 330.0
          returned: always
        starts_after:
          description: The number of seconds between the opening of the window and the start of the task, which the
            tasks with a lower C(priority) need.
          type: float
          sample: 0.0
          returned: always
        needed:
          description: The number of seconds that the task needs. Null if the task never ran.
          type: float
          sample: 3630.0
          returned: always
        available:
          description: The number of seconds between the opening of the window and its cutoff.
          type: int
          sample: 10800
          returned: always
        executions:
          description: The IDs of the executions that the estimate is based on.
          type: list
          elements: str
          sample:
            - 2e6d4c1a-93b0-4f2a-8f5e-0d9c8b7a6f5e
          returned: always
    newly_approved:
      description: The Windows patches that the baselines approve between now and the run. A node installs those that
        apply to it. Empty unless O(level=patches).
      type: list
      elements: dict
      sample:
        - kb_id: KB5034123
          title: 2026-01 Cumulative Update
          approved_at: '2026-01-20T18:00:00+00:00'
      returned: always
  sample:
    - run_time: "2026-01-13T02:00:00+01:00"
      window: prod-tuesday
      window_id: mw-0c50858d01abcdef0
      task: install
      window_task_id: 4f7ca192-7e9a-40fe-9192-5cb15EXAMPLE
      operation: Install
      reboot_option: RebootIfNeeded
      node_count: 54
      install_node_count: 12
      patch_count: 31
      reboot_count: 14
      offline_count: 1
      unknown_count: 0
      late_count: 0
      estimate:
        nodes: 54
        concurrency: 5
        seconds_for_node: 330.0
        starts_after: 0.0
        needed: 3630.0
        available: 10800
        executions: [2e6d4c1a-93b0-4f2a-8f5e-0d9c8b7a6f5e]
      newly_approved: []
instances:
  description: The nodes that have a next Install.
  returned: when O(level) is V(instances) or V(patches), and O(dest) is not given
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID of the node.
      type: str
      sample: i-02573cafcfEXAMPLE
      returned: always
    name:
      description: The computer name of the node.
      type: str
      sample: web-1
      returned: always
    instance_name:
      description: The value of the tag C(Name).
      type: str
      sample: web-1
      returned: always
    patch_groups:
      description: The patch groups of the node, by its tags.
      type: list
      elements: str
      sample:
        - web
      returned: always
    ping_status:
      description: The connection status of the SSM Agent.
      type: str
      sample: Online
      returned: always
    run_time:
      description: The time of the next Install. C(window), C(window_id), C(task) and C(window_task_id) identify it.
      type: str
      sample: "2026-01-20T02:00:00+01:00"
      returned: always
    reboot_option:
      description: The reboot option, V(RebootIfNeeded) or V(NoReboot).
      type: str
      sample: RebootIfNeeded
      returned: always
    install_count:
      description: The number of patches that the run installs.
      type: int
      sample: 3
      returned: always
    reboot:
      description: Whether the node reboots.
      type: bool
      sample: true
      returned: always
    unknown_reason:
      description:
        - The reason why the forecast is unknown, V(never_scanned), V(not_read) or V(override) (the task has an
          C(install_override_list) or a C(baseline_override), or its document or runbook does not use the baseline).
          Otherwise null.
        - V(baseline_changes) if the last report of the node is based on another baseline than the one in effect, or if
          the setup in O(planned) gives the node another baseline or changes the rules of its baseline.
        - V(agent_offline) for a node whose SSM Agent is offline. Nothing happens on it while the agent is offline.
      type: str
      sample: null
      returned: always
    may_miss_cutoff:
      description: Whether the task might not reach the node before the cutoff, because it does not finish all of its
        nodes by then. See RV(runs[].late_count). Null if the executions do not allow an estimate.
      type: bool
      sample: false
      returned: always
    baseline_id:
      description: The ID of the patch baseline in effect.
      type: str
      sample: pb-0c10e65780123456a
      returned: always
    baseline_name:
      description: The name of the patch baseline in effect.
      type: str
      sample: windows-critical
      returned: always
    reported_at:
      description: The date and time of the last report of the node, which the forecast is based on.
      type: str
      sample: "2026-01-14T02:03:41+00:00"
      returned: always
patches:
  description: The missing patches of each node.
  returned: when O(level) is V(patches), and O(dest) is not given
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID of the node. C(name), C(run_time), C(window) and C(task) are the same as in RV(instances).
      type: str
      sample: i-02573cafcfEXAMPLE
      returned: always
    kb_id:
      description: The KB number of a Windows patch, or the package name on other operating systems.
      type: str
      sample: KB5034123
      returned: always
    title:
      description: The title of the patch.
      type: str
      sample: 2026-01 Cumulative Update for Windows Server 2022 (KB5034123)
      returned: always
    classification:
      description: The classification of the patch, as its publisher names it.
      type: str
      sample: SecurityUpdates
      returned: always
    severity:
      description: The severity of the patch, as its publisher names it.
      type: str
      sample: Critical
      returned: always
    state:
      description: The state in the last report, V(MISSING), V(FAILED) or V(AVAILABLE_SECURITY_UPDATE).
      type: str
      sample: MISSING
      returned: always
    cve_ids:
      description: The IDs of the vulnerabilities that the patch fixes.
      type: list
      elements: str
      sample:
        - CVE-2026-0001
      returned: always
    release_date:
      description: The date and time when the patch was released. Only known for Windows patches.
      type: str
      sample: "2026-01-13T18:00:00+00:00"
      returned: always
    approved_at:
      description: The date and time from which the baseline approves the patch. Only known for Windows patches.
      type: str
      sample: "2026-01-20T18:00:00+00:00"
      returned: always
    approved_by:
      description: 'The rule that approves or rejects the patch, such as V(approve_after_days: 7), V(approved_patches)
        or V(rejected_patches). Null if no rule matches.'
      type: str
      sample: "approve_after_days: 7"
      returned: always
    will_install:
      description: Whether the run installs the patch.
      type: bool
      sample: true
      returned: always
summary:
  description: The number of selected nodes in each category.
  returned: always
  type: dict
  contains:
    managed:
      description: Managed nodes.
      type: int
      sample: 30
      returned: always
    forecast:
      description: Managed nodes that have a next Install.
      type: int
      sample: 28
      returned: always
    without_install:
      description: Managed nodes that have no next Install. M(patchfleet.aws.ssm_patch_coverage_info) returns the
        reason.
      type: int
      sample: 2
      returned: always
computed_from:
  description: The data that the forecast is based on, V(reports) or, with O(level=patches), V(patches).
  returned: always
  type: str
  sample: reports
gaps:
  description: The reads that AWS denied, with C(action), C(code), C(message) and C(scope).
  returned: always
  type: list
  elements: dict
  sample: []
not_found:
  description: IDs in O(instance_ids) that Systems Manager does not manage.
  returned: always
  type: list
  elements: str
  sample: []
region:
  description: The Region that was read.
  returned: always
  type: str
  sample: eu-west-1
read_at:
  description: The date and time when the module started to read.
  returned: always
  type: str
  sample: "2026-01-13T06:00:00+00:00"
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._forecast.runner import run_forecast_info


def main() -> None:
    run_forecast_info()


if __name__ == "__main__":
    main()
