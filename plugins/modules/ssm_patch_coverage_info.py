#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_coverage_info
short_description: Find nodes that no maintenance window patches
version_added: 1.0.0
description:
  - Returns for each managed node the maintenance windows and tasks that reach it, their next runs and the patch
    baseline in effect. Also returns findings about problems that prevent nodes from being patched, each with the
    action to fix it.
  - The module resolves targets by tags, patch groups, resource groups and instance IDs, as AWS does when a window
    opens. It counts C(Scan) and C(Install) separately. Only enabled windows with a next run cover a node.
  - The module always reads all nodes in the account and Region, because it evaluates each target with all nodes that
    the target selects. O(patch_groups), O(instance_ids) and O(instance_tags) select the nodes to count and return. A
    node must match all of them. An empty list matches nothing.
notes:
  - A value that could not be read is null, never 0. If AWS denies a read, the module reports it in RV(gaps) and as a
    warning. The module fails if it cannot list windows, nodes, tags of EC2 instances, baselines or patch groups.
  - The module reads the tags of EC2 instances from EC2, and the tags of other nodes from Systems Manager.
  - A task counts if it runs a document with the parameter C(Operation) set to C(Scan) or C(Install), or one of the
    runbooks AWS-PatchInstanceWithRollback and AWS-PatchAsgInstance. State Manager associations and patch policies do
    not count.
  - A target with several values of C(tag-key) covers a node that has all of these tags. For a node that has only some
    of them, coverage is unknown, because the AWS documentation is contradictory.
  - The module calculates the runs of windows for the next 92 days.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_patch_compliance_info
  - module: patchfleet.aws.ssm_maintenance_window_info
extends_documentation_fragment:
  - patchfleet.aws.options.coverage_info
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
- name: Find problems that prevent servers from being patched
  patchfleet.aws.ssm_patch_coverage_info:
    include_unmanaged: true
  register: coverage

- name: Show each problem with the action to fix it
  ansible.builtin.debug:
    msg: "{{ coverage.findings | map(attribute='text') | zip(coverage.findings | map(attribute='action')) }}"

- name: List the production servers with findings
  patchfleet.aws.ssm_patch_coverage_info:
    instance_tags:
      Environment: production
    level: instances
    only_findings: true

- name: Write the coverage of a large fleet to a file
  patchfleet.aws.ssm_patch_coverage_info:
    level: instances
    dest: /tmp/coverage.csv
"""

RETURN = r"""
summary:
  description: The number of nodes in each category. O(only_findings) does not apply. A count that could not be read
    is null.
  returned: always
  type: dict
  contains:
    managed:
      description: Nodes that Systems Manager manages.
      type: int
      sample: 30
      returned: always
    covered:
      description: Managed nodes that an Install task of an open window reaches.
      type: int
      sample: 28
      returned: always
    uncovered:
      description: Managed nodes that no Install task of an open window reaches, including RV(summary.scan_only).
      type: int
      sample: 2
      returned: always
    scan_only:
      description: Managed nodes that only Scan tasks of open windows reach.
      type: int
      sample: 1
      returned: always
    double_covered:
      description: Managed nodes that two Install tasks reach less than O(install_gap_hours) hours apart.
      type: int
      sample: 0
      returned: always
    group_without_baseline:
      description: Managed nodes with a patch group that has no registered baseline for their operating system.
      type: int
      sample: 0
      returned: always
    group_misspelt:
      description: Managed nodes with an unknown patch group that is similar to a known patch group, or with a tag key
        that is similar to that of patch groups.
      type: int
      sample: 1
      returned: always
    baseline_approves_nothing:
      description: Managed nodes whose baseline approves no patches for their operating system.
      type: int
      sample: 0
      returned: always
    agent_offline:
      description: Managed nodes whose SSM Agent is offline.
      type: int
      sample: 1
      returned: always
    unmanaged:
      description: Running EC2 instances that Systems Manager does not manage. Null without O(include_unmanaged).
      type: int
      sample: null
      returned: always
    coverage_percent:
      description: The percentage of managed nodes that are covered, rounded down to two decimals. Null if there are
        no managed nodes.
      type: float
      sample: 93.3
      returned: always
  sample:
    managed: 60
    covered: 54
    uncovered: 6
    scan_only: 2
    double_covered: 0
    group_without_baseline: 3
    group_misspelt: 1
    baseline_approves_nothing: 0
    agent_offline: 2
    unmanaged: null
    coverage_percent: 90.0
groups:
  description: The same counts for each patch group of a node, and for each group in O(patch_groups), sorted by name.
    Nodes without a group come last.
  returned: always
  type: list
  elements: dict
  contains:
    patch_group:
      description: The name of the patch group, by the tags of the nodes. Null for nodes without a group.
      type: str
      sample: web
      returned: always
    coverage_percent:
      description: The same as in RV(summary). All other counts of RV(summary) are also keys.
      type: float
      sample: 93.3
      returned: always
findings:
  description: The problems that prevent nodes from being patched as intended, the most urgent first. Nodes with the
    same cause share one entry.
  returned: always
  type: list
  elements: dict
  contains:
    finding:
      description:
        - 'Findings about nodes: V(not_managed), V(not_reached) (by any open window), V(scan_only), V(double_covered),
          V(group_misspelt), V(group_without_baseline), V(two_patch_groups), V(baseline_approves_nothing) and
          V(agent_offline).'
        - 'Findings about windows, their targets and tasks: V(window_disabled), V(window_ended),
          V(window_never_opens), V(too_many_nodes), V(task_without_targets), V(target_reaches_nobody) and
          V(target_group_without_baseline). They do not depend on the nodes that you select. Windows without patch
          tasks have no findings.'
      type: str
      sample: scan_only
      returned: always
    text:
      description: The problem.
      type: str
      sample: Only a Scan reaches the node; no Install of an open window does.
      returned: always
    action:
      description: The action to fix the problem.
      type: str
      sample: Add the node to a target of an Install task, for instance by its patch group.
      returned: always
    node_count:
      description: The number of nodes. Null for a finding about a window.
      type: int
      sample: 1
      returned: always
    instance_ids:
      description: The IDs of up to ten of these nodes. O(level=instances) returns all of them.
      type: list
      elements: str
      sample:
        - i-02573cafcfEXAMPLE
      returned: always
    computed_from:
      description: The RV(windows[].estimate) for the finding V(too_many_nodes), otherwise null.
      type: dict
      sample: null
      returned: always
    window:
      description: The name of the window. Null if the finding is not about a window. The following keys are null in
        the same way.
      type: str
      sample: null
      returned: always
    window_id:
      description: The ID of the window.
      type: str
      sample: null
      returned: always
    task:
      description: The name of the task.
      type: str
      sample: null
      returned: always
    window_task_id:
      description: The ID of the task.
      type: str
      sample: null
      returned: always
    window_target:
      description: The name of the target.
      type: str
      sample: null
      returned: always
    window_target_id:
      description: The ID of the target.
      type: str
      sample: null
      returned: always
    patch_group:
      description: The name of the patch group.
      type: str
      sample: web
      returned: always
    baseline_id:
      description: The ID of the baseline.
      type: str
      sample: null
      returned: always
  sample:
    - finding: not_reached
      text: No Install or Scan of an open window reaches the node.
      action: Tag the node for a target of an Install, such as PatchGroup=web for prod-tuesday/install, or register a
        target that selects it.
      node_count: 1
      instance_ids: [i-02573cafcfa0b1c2d]
      computed_from: null
      window: null
      window_id: null
      task: null
      window_task_id: null
      window_target: null
      window_target_id: null
      patch_group: null
      baseline_id: null
windows:
  description: The windows that have patch tasks, sorted by name.
  returned: always
  type: list
  elements: dict
  contains:
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
    opening:
      description: V(open) if the window has a next run, otherwise V(disabled), V(ended) (its C(end_date) has passed)
        or V(never) (its schedule has no next run).
      type: str
      sample: open
      returned: always
    next_runs:
      description: The next runs, in the time zone of the window.
      type: list
      elements: str
      sample:
        - '2026-01-20T02:00:00+01:00'
        - '2026-01-27T02:00:00+01:00'
      returned: always
    install_node_count:
      description: The number of nodes that the Install task with the most nodes reaches.
      type: int
      sample: 12
      returned: always
    scan_node_count:
      description: The number of nodes that the Scan task with the most nodes reaches.
      type: int
      sample: 30
      returned: always
    estimate:
      description: The estimated duration of the next run, based on recent executions. Null if the executions do not
        allow an estimate.
      type: dict
      returned: always
      contains:
        nodes:
          description: The number of nodes of the Install task that takes longest.
          type: int
          sample: 30
          returned: always
        concurrency:
          description: The number of nodes that are patched at the same time.
          type: int
          sample: 5
          returned: always
        seconds_for_node:
          description: The median duration for one node in seconds.
          type: float
          sample: 330.0
          returned: always
        needed:
          description: The number of seconds that the patch tasks of the window need, considering their priority.
          type: float
          sample: 1980.0
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
  sample:
    - window: prod-tuesday
      window_id: mw-0c50858d01abcdef0
      opening: open
      next_runs: ["2026-01-13T02:00:00+01:00"]
      install_node_count: 54
      scan_node_count: 0
      estimate:
        nodes: 54
        concurrency: 5
        seconds_for_node: 181.0
        needed: 1991.0
        available: 10800
        executions: [1f26943c-2b4c-4d53-8f3a-5a3a2a4f2f2a]
instances:
  description: The nodes, sorted by ID, followed by unmanaged instances.
  returned: when O(level) is V(instances), and O(dest) is not given
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID of the node.
      type: str
      sample: i-02573cafcfEXAMPLE
      returned: always
    name:
      description: The computer name of the node. For an unmanaged instance, the value of its tag C(Name).
      type: str
      sample: web-1
      returned: always
    instance_name:
      description: The value of the tag C(Name).
      type: str
      sample: web-1
      returned: always
    tags:
      description: Those of the tags in O(include_tags) that the node carries.
      type: dict
      returned: always
      sample: {Owner: web-team}
    platform_type:
      description: The platform of the node, V(Windows), V(Linux) or V(MacOS).
      type: str
      sample: Windows
      returned: always
    platform_name:
      description: The name of the operating system.
      type: str
      sample: Microsoft Windows Server 2022 Datacenter
      returned: always
    platform_version:
      description: The version of the operating system.
      type: str
      sample: 10.0.20348
      returned: always
    operating_system:
      description: The operating system as patch baselines name it, such as V(AMAZON_LINUX_2023).
      type: str
      sample: WINDOWS
      returned: always
    resource_type:
      description: The type of the node, V(EC2Instance) or V(ManagedInstance).
      type: str
      sample: EC2Instance
      returned: always
    ping_status:
      description: The connection status of the SSM Agent, V(Online), V(ConnectionLost) or V(Inactive).
      type: str
      sample: Online
      returned: always
    instance_state:
      description: The state of the EC2 instance, such as V(running). Null for other nodes.
      type: str
      sample: running
      returned: always
    managed:
      description: Whether Systems Manager manages the node.
      type: bool
      sample: true
      returned: always
    patch_groups:
      description: The patch groups of the node, by the tags C(PatchGroup) and C(Patch Group).
      type: list
      elements: str
      sample:
        - web
      returned: always
    coverage:
      description: V(covered), V(double_covered), V(scan_only), V(uncovered) or V(unmanaged). Null if an Install task
        might reach the node, but the data to decide could not be read.
      type: str
      sample: covered
      returned: always
    covered:
      description: Whether an Install task of an open window reaches the node.
      type: bool
      sample: true
      returned: always
    next_install:
      description: The time of the next Install on the node, in the time zone of the window.
      type: str
      sample: "2026-01-20T02:00:00+01:00"
      returned: always
    next_scan:
      description: The time of the next Scan on the node.
      type: str
      sample: "2026-01-15T02:00:00+01:00"
      returned: always
    next_install_window:
      description: The name of the window of the next Install.
      type: str
      sample: prod-tuesday
      returned: always
    next_install_task:
      description: The name of the task of the next Install.
      type: str
      sample: install
      returned: always
    next_install_reboot_option:
      description: The reboot option of the next Install, V(RebootIfNeeded) or V(NoReboot).
      type: str
      sample: RebootIfNeeded
      returned: always
    next_install_overridden:
      description:
        - Whether the next Install has an C(install_override_list) or a C(baseline_override), or runs a runbook.
        - The baseline in effect then does not decide what the Install installs.
      type: bool
      sample: false
      returned: always
    install_tasks:
      description: The Install tasks of open windows that reach the node, as C(window/task).
      type: list
      elements: str
      sample:
        - production/install
      returned: always
    scan_tasks:
      description: The Scan tasks of open windows that reach the node.
      type: list
      elements: str
      sample:
        - nightly/scan
      returned: always
    idle_tasks:
      description: The Scan and Install tasks that would reach the node, but whose windows do not open.
      type: list
      elements: str
      sample: []
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
    baseline_reason:
      description:
        - V(patch_group) if the baseline is registered for a patch group of the node, or V(default) if it is the
          default for the operating system.
        - Without a baseline, V(two_patch_groups) (the node has two patch groups with different baselines),
          V(unknown_system) or V(not_managed).
      type: str
      sample: patch_group
      returned: always
    findings:
      description: The RV(findings[].finding) values of the node.
      type: list
      elements: str
      sample: []
      returned: always
    actions:
      description: The action to fix each finding.
      type: list
      elements: str
      sample: []
      returned: always
    tasks:
      description: All Scan and Install tasks that reach the node, with C(window), C(window_id), C(opening), C(task),
        C(window_task_id), C(operation), C(reboot_option), C(window_targets) and C(next_runs).
      type: list
      elements: dict
      sample:
        - window: production
          window_id: mw-0c50858d01234567a
          task: install
          window_task_id: 4f7ca192-7e9a-40fe-9192-5cb15EXAMPLE
          operation: Install
      returned: always
  sample:
    - instance_id: i-02573cafcfa0b1c2d
      name: EC2AMAZ-0A1B2C3
      instance_name: web-1
      tags: {Owner: web-team}
      patch_groups: [web]
      coverage: covered
      next_install: "2026-01-13T02:00:00+01:00"
      install_tasks: [prod-tuesday/install]
      baseline_name: Production-Baseline
      baseline_reason: patch_group
      findings: []
computed_from:
  description: The data that the counts and findings are based on.
  returned: always
  type: dict
  contains:
    windows:
      description: The number of windows.
      type: int
      sample: 5
      returned: always
    patch_tasks:
      description: The number of Scan and Install tasks of these windows.
      type: int
      sample: 6
      returned: always
    targets:
      description: The number of targets of these tasks.
      type: int
      sample: 6
      returned: always
    nodes:
      description: The number of managed nodes in the account and Region.
      type: int
      sample: 30
      returned: always
    baselines:
      description: The number of patch baselines, including AWS-owned baselines.
      type: int
      sample: 18
      returned: always
    patch_groups:
      description: The number of patch groups that have a baseline.
      type: int
      sample: 4
      returned: always
    executions:
      description: The number of executions that the estimates are based on.
      type: int
      sample: 4
      returned: always
    runs_until:
      description: The date and time until which the module calculated the runs of windows.
      type: str
      sample: "2026-04-14T00:00:00+00:00"
      returned: always
    install_gap_hours:
      description: The value of O(install_gap_hours).
      type: int
      sample: 24
      returned: always
gaps:
  description: The reads that AWS denied, and the data that is missing as a result.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: The IAM action, such as V(resource-groups:ListGroupResources).
      type: str
      sample: resource-groups:ListGroupResources
      returned: always
    code:
      description: The error code of the AWS service.
      type: str
      sample: AccessDeniedException
      returned: always
    message:
      description: The error message of the AWS service.
      type: str
      sample: User is not authorized to perform resource-groups:ListGroupResources
      returned: always
    scope:
      description: The data that was not read.
      type: str
      sample: resource group example-web
      returned: always
not_found:
  description: IDs in O(instance_ids) that are not managed by Systems Manager and, with O(include_unmanaged), are not
    running EC2 instances either.
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
  description: The date and time when the module started to read. Next runs are those after this time.
  returned: always
  type: str
  sample: "2026-01-13T06:00:00+00:00"
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._coverage.runner import run_coverage_info


def main() -> None:
    run_coverage_info()


if __name__ == "__main__":
    main()
