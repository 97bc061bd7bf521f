#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_coverage_info
short_description: Find the servers that no maintenance window patches
version_added: 0.1.0
description:
  - Shows for each managed node which maintenance windows and tasks reach it, when they run next and which patch
    baseline decides, and lists what keeps nodes from being patched, each finding with what to do about it.
  - Targets are resolved as AWS resolves them when a window opens, by tags, patch groups, resource groups and instance
    IDs. C(Scan) and C(Install) count apart. Only windows that are enabled and have a run to come cover a node.
  - All nodes of the account and region are read, because a target is judged by all nodes that it selects.
    O(patch_groups), O(instance_ids) and O(instance_tags) choose which nodes are counted and listed; a node has to fit
    all that are given. An empty list fits nothing.
notes:
  - What was not read is null, never 0. A read that is refused is returned in RV(gaps) and as a warning. The module
    fails where windows, nodes, tags of EC2 instances, baselines or patch groups cannot be listed.
  - Tags of EC2 instances are read from EC2, those of other nodes from Systems Manager.
  - A task counts if it runs a document with the parameter C(Operation), C(Scan) or C(Install), or one of the runbooks
    AWS-PatchInstanceWithRollback and AWS-PatchAsgInstance. State Manager associations and patch policies do not count.
  - A target with several values of C(tag-key) covers a node that has all of these tags. Whether it covers one that has
    some of them is not known, as AWS documents both.
  - Runs of windows are computed for 92 days.
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
    description: Reads the same as a run. With O(dest) it says whether the file would change, and writes nothing.
    support: full
  diff_mode:
    description: Shows no difference of the file at O(dest).
    support: none
  idempotent:
    description: Changes nothing but the file at O(dest), and that only when its content differs.
    support: full
"""

EXAMPLES = r"""
- name: Find what keeps servers from being patched
  patchfleet.aws.ssm_patch_coverage_info:
    include_unmanaged: true
  register: coverage

- name: Show what to do about it
  ansible.builtin.debug:
    msg: "{{ coverage.findings | map(attribute='text') | zip(coverage.findings | map(attribute='action')) }}"

- name: List the servers of production that need attention
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
  description: Counts of nodes, whatever is filtered by O(only_findings). A count that could not be read is null.
  returned: always
  type: dict
  contains:
    managed:
      description: Nodes that Systems Manager manages.
      type: int
      sample: 30
      returned: always
    covered:
      description: Managed nodes that an Install of an open window reaches.
      type: int
      sample: 28
      returned: always
    uncovered:
      description: Managed nodes that no Install of an open window reaches, those of RV(summary.scan_only) included.
      type: int
      sample: 2
      returned: always
    scan_only:
      description: Managed nodes that only a Scan of an open window reaches.
      type: int
      sample: 1
      returned: always
    double_covered:
      description: Managed nodes that two Installs reach in less than O(install_gap_hours).
      type: int
      sample: 0
      returned: always
    group_without_baseline:
      description: Managed nodes for whose patch group and operating system no baseline is registered.
      type: int
      sample: 0
      returned: always
    group_misspelt:
      description: Managed nodes whose patch group is not known and nearly is a known one, or whose tag key is nearly
        that of a patch group.
      type: int
      sample: 1
      returned: always
    baseline_approves_nothing:
      description: Managed nodes whose baseline approves no patch of their operating system.
      type: int
      sample: 0
      returned: always
    agent_offline:
      description: Managed nodes whose agent does not answer.
      type: int
      sample: 1
      returned: always
    unmanaged:
      description: Running EC2 instances that Systems Manager does not manage. Null without O(include_unmanaged).
      type: int
      sample: null
      returned: always
    coverage_percent:
      description: The part of the managed nodes that is covered, rounded down to two decimals. Null when nothing is
        managed.
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
  description: The same counts for each patch group of a node, and for each in O(patch_groups), by their names. Nodes
    without a group come last.
  returned: always
  type: list
  elements: dict
  contains:
    patch_group:
      description: Name of the group by the tags of the nodes, null for the nodes without one.
      type: str
      sample: web
      returned: always
    coverage_percent:
      description: As in RV(summary), as are all the counts, which are keys, too.
      type: float
      sample: 93.3
      returned: always
findings:
  description: What keeps nodes from being patched as intended, the most urgent first. Nodes of one cause are one entry.
  returned: always
  type: list
  elements: dict
  contains:
    finding:
      description:
        - 'About nodes: V(not_managed), V(not_reached) (no open window), V(scan_only), V(double_covered),
          V(group_misspelt), V(group_without_baseline), V(baseline_approves_nothing), V(agent_offline).'
        - 'About windows and what is in them, whatever nodes are asked for: V(window_disabled), V(window_ended),
          V(window_never_opens), V(too_many_nodes), V(task_without_targets), V(target_reaches_nobody),
          V(target_group_without_baseline). Windows without patch tasks have none.'
      type: str
      sample: scan_only
      returned: always
    text:
      description: What is wrong.
      type: str
      sample: Only a Scan reaches the node; no Install of an open window does.
      returned: always
    action:
      description: What to do.
      type: str
      sample: Add the node to a target of an Install task, for instance by its patch group.
      returned: always
    node_count:
      description: Number of nodes; null for a finding about a window.
      type: int
      sample: 1
      returned: always
    instance_ids:
      description: At most ten of these nodes. O(level=instances) lists them all.
      type: list
      elements: str
      sample:
        - i-02573cafcfEXAMPLE
      returned: always
    computed_from:
      description: The RV(windows[].estimate) of a finding V(too_many_nodes), else null.
      type: dict
      sample: null
      returned: always
    window:
      description: Name of the window; null if the finding is about none. The same holds for the keys below.
      type: str
      sample: null
      returned: always
    window_id:
      description: ID of the window.
      type: str
      sample: null
      returned: always
    task:
      description: Name of the task.
      type: str
      sample: null
      returned: always
    window_task_id:
      description: ID of the task.
      type: str
      sample: null
      returned: always
    window_target:
      description: Name of the target.
      type: str
      sample: null
      returned: always
    window_target_id:
      description: ID of the target.
      type: str
      sample: null
      returned: always
    patch_group:
      description: Name of the patch group.
      type: str
      sample: web
      returned: always
    baseline_id:
      description: ID of the baseline.
      type: str
      sample: null
      returned: always
  sample:
    - finding: not_reached
      text: Not reached by any Install or Scan of a window that opens.
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
  description: The windows that have patch tasks, by name.
  returned: always
  type: list
  elements: dict
  contains:
    window:
      description: Name of the window.
      type: str
      sample: production
      returned: always
    window_id:
      description: ID of the window.
      type: str
      sample: mw-0c50858d01234567a
      returned: always
    opening:
      description: V(open) for a window that runs, else V(disabled), V(ended) (by its C(end_date)) or V(never) (its
        schedule has no run to come).
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
      description: Number of nodes that its widest Install task reaches.
      type: int
      sample: 12
      returned: always
    scan_node_count:
      description: Number of nodes that its widest Scan task reaches.
      type: int
      sample: 30
      returned: always
    estimate:
      description: How long the next run would take, from the last executions. Null where they do not say.
      type: dict
      returned: always
      contains:
        nodes:
          description: Nodes of the Install that takes longest.
          type: int
          sample: 30
          returned: always
        concurrency:
          description: How many of them are patched at a time.
          type: int
          sample: 5
          returned: always
        seconds_for_node:
          description: Median of what one node took.
          type: float
          sample: 330.0
          returned: always
        needed:
          description: Seconds that the patch tasks of the window need, by priority.
          type: float
          sample: 1980.0
          returned: always
        available:
          description: Seconds from the opening to the cutoff.
          type: int
          sample: 10800
          returned: always
        executions:
          description: IDs of the executions from which the durations were taken.
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
  description: The nodes, sorted by ID, then the instances that are not managed.
  returned: when O(level) is V(instances), and O(dest) is not given
  type: list
  elements: dict
  contains:
    instance_id:
      description: ID of the node.
      type: str
      sample: i-02573cafcfEXAMPLE
      returned: always
    name:
      description: Name of the computer; of an instance that is not managed, its tag C(Name).
      type: str
      sample: web-1
      returned: always
    instance_name:
      description: The tag C(Name).
      type: str
      sample: web-1
      returned: always
    platform_type:
      description: V(Windows), V(Linux) or V(MacOS).
      type: str
      sample: Windows
      returned: always
    platform_name:
      description: Name of the operating system.
      type: str
      sample: Microsoft Windows Server 2022 Datacenter
      returned: always
    platform_version:
      description: Version of the operating system.
      type: str
      sample: 10.0.20348
      returned: always
    operating_system:
      description: The operating system as baselines name it, such as V(AMAZON_LINUX_2023).
      type: str
      sample: WINDOWS
      returned: always
    resource_type:
      description: V(EC2Instance) or V(ManagedInstance).
      type: str
      sample: EC2Instance
      returned: always
    ping_status:
      description: Whether the agent answers, V(Online), V(ConnectionLost) or V(Inactive).
      type: str
      sample: Online
      returned: always
    instance_state:
      description: State of the EC2 instance, such as V(running); null for other nodes.
      type: str
      sample: running
      returned: always
    managed:
      description: Whether Systems Manager manages it.
      type: bool
      sample: true
      returned: always
    patch_groups:
      description: Patch groups by the tags C(PatchGroup) and C(Patch Group).
      type: list
      elements: str
      sample:
        - web
      returned: always
    coverage:
      description: V(covered), V(double_covered), V(scan_only), V(uncovered) or V(unmanaged). Null where an Install may
        reach the node and that could not be read.
      type: str
      sample: covered
      returned: always
    covered:
      description: Whether an Install of an open window reaches it.
      type: bool
      sample: true
      returned: always
    next_install:
      description: When an Install runs next on it, in the time zone of the window.
      type: str
      sample: "2026-01-20T02:00:00+01:00"
      returned: always
    next_scan:
      description: When a Scan runs next on it.
      type: str
      sample: "2026-01-15T02:00:00+01:00"
      returned: always
    install_tasks:
      description: Installs of open windows that reach it, as C(window/task).
      type: list
      elements: str
      sample:
        - production/install
      returned: always
    scan_tasks:
      description: Scans of open windows that reach it.
      type: list
      elements: str
      sample:
        - nightly/scan
      returned: always
    idle_tasks:
      description: Scans and Installs that would reach it, of windows that do not open.
      type: list
      elements: str
      sample: []
      returned: always
    baseline_id:
      description: ID of the baseline in effect.
      type: str
      sample: pb-0c10e65780123456a
      returned: always
    baseline_name:
      description: Name of that baseline.
      type: str
      sample: windows-critical
      returned: always
    baseline_reason:
      description:
        - V(patch_group) where it is registered for a group of the node, V(default) where it is the default of the
          operating system.
        - Without a baseline, V(two_patch_groups) (two tags whose groups have different ones), V(unknown_system) or
          V(not_managed).
      type: str
      sample: patch_group
      returned: always
    findings:
      description: The RV(findings[].finding) about the node.
      type: list
      elements: str
      sample: []
      returned: always
    actions:
      description: What to do about each.
      type: list
      elements: str
      sample: []
      returned: always
    tasks:
      description: All Scans and Installs that reach it, with C(window), C(window_id), C(opening), C(task),
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
      patch_groups: [web]
      coverage: covered
      next_install: "2026-01-13T02:00:00+01:00"
      install_tasks: [prod-tuesday/install]
      baseline_name: Production-Baseline
      baseline_reason: patch_group
      findings: []
computed_from:
  description: What the counts and findings were computed from.
  returned: always
  type: dict
  contains:
    windows:
      description: Windows that were read.
      type: int
      sample: 5
      returned: always
    patch_tasks:
      description: Their Scan and Install tasks.
      type: int
      sample: 6
      returned: always
    targets:
      description: Targets of these tasks.
      type: int
      sample: 6
      returned: always
    nodes:
      description: Managed nodes of the account and region.
      type: int
      sample: 30
      returned: always
    baselines:
      description: Patch baselines, those of AWS included.
      type: int
      sample: 18
      returned: always
    patch_groups:
      description: Patch groups that have a baseline.
      type: int
      sample: 4
      returned: always
    executions:
      description: Executions that durations were estimated from.
      type: int
      sample: 4
      returned: always
    runs_until:
      description: Until when runs of windows were computed.
      type: str
      sample: "2026-04-14T00:00:00+00:00"
      returned: always
    install_gap_hours:
      description: The O(install_gap_hours).
      type: int
      sample: 24
      returned: always
gaps:
  description: Reads that were refused, and what is not known therefore.
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
      description: Error code of the service.
      type: str
      sample: AccessDeniedException
      returned: always
    message:
      description: Message of the service.
      type: str
      sample: User is not authorized to perform resource-groups:ListGroupResources
      returned: always
    scope:
      description: What was not read.
      type: str
      sample: resource group example-web
      returned: always
not_found:
  description: IDs in O(instance_ids) that are neither managed nor, with O(include_unmanaged), running instances.
  returned: always
  type: list
  elements: str
  sample: []
region:
  description: The region that was read.
  returned: always
  type: str
  sample: eu-west-1
read_at:
  description: When the reading began. Next runs are those after this time.
  returned: always
  type: str
  sample: "2026-01-13T06:00:00+00:00"
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._coverage.runner import run_coverage_info


def main() -> None:
    run_coverage_info()


if __name__ == "__main__":
    main()
