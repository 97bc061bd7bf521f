#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_forecast_info
short_description: Forecast what the next maintenance window installs
version_added: 0.1.0
description:
  - Shows for a window, a patch group or single nodes when the next Install runs, on which nodes, which patches it
    installs and which nodes it reboots.
  - The forecast holds the last report of each node against the baseline in effect. With O(level=patches) a patch of
    Windows counts if the baseline approves it by the time of the run, and RV(runs[].newly_approved) lists what becomes
    approved until then.
  - O(patch_groups), O(instance_ids) and O(instance_tags) choose nodes; a node has to fit all that are given.
notes:
  - Nothing is scanned. What a node has learned since its last report, it installs, and the forecast does not know.
  - AWS lists the patches of a baseline, and so their approval dates, for Windows only. On other systems the patches
    count that the last report calls missing or failed; RV(patches[].approved_by) has the rule that fits.
  - An Install with C(RebootIfNeeded) reboots a node if it installs anything, or if an earlier patch waits for a reboot.
  - What was not read, or cannot be known, is null; RV(instances[].unknown_reason) says why.
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
- name: See what the next run of each window does
  patchfleet.aws.ssm_patch_forecast_info:
  register: forecast

- name: List the patches that the servers of a group get next, and the reboots
  patchfleet.aws.ssm_patch_forecast_info:
    patch_groups: [Web Servers]
    level: patches

- name: See when a server reboots next
  patchfleet.aws.ssm_patch_forecast_info:
    instance_ids: [i-02573cafcfa0b1c2d]
    level: instances
"""

RETURN = r"""
runs:
  description: The runs that come next, by their time.
  returned: always
  type: list
  elements: dict
  contains:
    run_time:
      description: When the window opens, in its time zone.
      type: str
      sample: "2026-01-20T02:00:00+01:00"
      returned: always
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
    task:
      description: Name of the task.
      type: str
      sample: install
      returned: always
    window_task_id:
      description: ID of the task.
      type: str
      sample: 4f7ca192-7e9a-40fe-9192-5cb15EXAMPLE
      returned: always
    operation:
      description: Always V(Install).
      type: str
      sample: Install
      returned: always
    reboot_option:
      description: V(RebootIfNeeded) or V(NoReboot).
      type: str
      sample: RebootIfNeeded
      returned: always
    node_count:
      description: Nodes on which the task runs.
      type: int
      sample: 12
      returned: always
    install_node_count:
      description: Nodes on which it installs something.
      type: int
      sample: 12
      returned: always
    patch_count:
      description: Patches that it installs, each counted on each node.
      type: int
      sample: 36
      returned: always
    reboot_count:
      description: Nodes that it reboots.
      type: int
      sample: 12
      returned: always
    offline_count:
      description: Nodes whose agent does not answer, on which it does nothing while that is so.
      type: int
      sample: 0
      returned: always
    unknown_count:
      description: Nodes of which it is not known what is installed.
      type: int
      sample: 0
      returned: always
    newly_approved:
      description: Patches of Windows that the baselines approve between now and the run. A node installs those that
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
      newly_approved: []
instances:
  description: The nodes that have an Install to come.
  returned: when O(level) is V(instances) or V(patches), and O(dest) is not given
  type: list
  elements: dict
  contains:
    instance_id:
      description: ID of the node.
      type: str
      sample: i-02573cafcfEXAMPLE
      returned: always
    name:
      description: Name of the computer.
      type: str
      sample: web-1
      returned: always
    instance_name:
      description: The tag C(Name).
      type: str
      sample: web-1
      returned: always
    patch_groups:
      description: Patch groups by its tags.
      type: list
      elements: str
      sample:
        - web
      returned: always
    ping_status:
      description: Whether the agent answers.
      type: str
      sample: Online
      returned: always
    run_time:
      description: When the Install runs. C(window), C(window_id), C(task) and C(window_task_id) say which it is.
      type: str
      sample: "2026-01-20T02:00:00+01:00"
      returned: always
    reboot_option:
      description: V(RebootIfNeeded) or V(NoReboot).
      type: str
      sample: RebootIfNeeded
      returned: always
    install_count:
      description: Number of patches that are installed.
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
        - Why that is not known, V(never_scanned), V(not_read), or V(override) (the task has an
          C(install_override_list) or a C(baseline_override), or runs a runbook), else null.
        - V(agent_offline) for a node on which nothing happens while its agent does not answer.
      type: str
      sample: null
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
    reported_at:
      description: When the node reported last, from which the forecast is made.
      type: str
      sample: "2026-01-14T02:03:41+00:00"
      returned: always
patches:
  description: The patches that the nodes lack, node by node.
  returned: when O(level) is V(patches), and O(dest) is not given
  type: list
  elements: dict
  contains:
    instance_id:
      description: ID of the node. C(name), C(run_time), C(window) and C(task) are those of RV(instances).
      type: str
      sample: i-02573cafcfEXAMPLE
      returned: always
    kb_id:
      description: KB number of a patch of Windows, name of a package of another system.
      type: str
      sample: KB5034123
      returned: always
    title:
      description: Title of the patch.
      type: str
      sample: 2026-01 Cumulative Update for Windows Server 2022 (KB5034123)
      returned: always
    classification:
      description: Kind of the patch, as its publisher calls it.
      type: str
      sample: SecurityUpdates
      returned: always
    severity:
      description: Severity, as its publisher calls it.
      type: str
      sample: Critical
      returned: always
    state:
      description: V(MISSING), V(FAILED) or V(AVAILABLE_SECURITY_UPDATE) by the last report.
      type: str
      sample: MISSING
      returned: always
    cve_ids:
      description: Vulnerabilities that it closes.
      type: list
      elements: str
      sample:
        - CVE-2026-0001
      returned: always
    release_date:
      description: When it was published. Known of patches of Windows.
      type: str
      sample: "2026-01-13T18:00:00+00:00"
      returned: always
    approved_at:
      description: From when on the baseline approves it. Known of patches of Windows.
      type: str
      sample: "2026-01-20T18:00:00+00:00"
      returned: always
    approved_by:
      description: "What approves it, such as V(approve_after_days: 7), V(approved_patches) or V(rejected_patches). Null
        where no rule fits."
      type: str
      sample: "approve_after_days: 7"
      returned: always
    will_install:
      description: Whether the run installs it.
      type: bool
      sample: true
      returned: always
summary:
  description: Counts of the nodes that were asked for.
  returned: always
  type: dict
  contains:
    managed:
      description: Managed nodes.
      type: int
      sample: 30
      returned: always
    forecast:
      description: Those that have an Install to come.
      type: int
      sample: 28
      returned: always
    without_install:
      description: Those that have none. M(patchfleet.aws.ssm_patch_coverage_info) says why.
      type: int
      sample: 2
      returned: always
computed_from:
  description: V(reports) or, with O(level=patches), V(patches).
  returned: always
  type: str
  sample: reports
gaps:
  description: Reads that were refused, with C(action), C(code), C(message) and C(scope).
  returned: always
  type: list
  elements: dict
  sample: []
not_found:
  description: IDs in O(instance_ids) that are not managed.
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
  description: When the reading began.
  returned: always
  type: str
  sample: "2026-01-13T06:00:00+00:00"
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._forecast.runner import run_forecast_info


def main() -> None:
    run_forecast_info()


if __name__ == "__main__":
    main()
