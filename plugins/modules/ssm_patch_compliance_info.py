#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_compliance_info
short_description: Gather information about the patch compliance of managed nodes
version_added: 1.0.0
description:
  - Returns the patch compliance of managed nodes, from one node to tens of thousands, as counts, as a list of nodes,
    or as a list of patches.
  - AWS stores only the last scan or installation of a node. Each operation overwrites the previous result, regardless
    of the patch baseline. Use O(stale_after_hours) to set when a result counts as stale.
  - As AWS counts, a node is noncompliant if one of its patches has the state V(MISSING), V(FAILED),
    V(INSTALLED_REJECTED) or V(INSTALLED_PENDING_REBOOT). Whether V(AVAILABLE_SECURITY_UPDATE) counts depends on
    O(patchfleet.aws.ssm_patch_baseline#module:available_security_updates_compliance_status) of the baseline.
  - If you specify several of O(patch_groups), O(instance_ids) and O(instance_tags), a node must match all of them. If
    you specify none, the module reads all managed nodes. An empty list matches nothing.
  - O(states), O(severities) and O(only_noncompliant) only filter RV(instances) and RV(patches). They do not change
    RV(summary) and RV(groups).
notes:
  - A value that could not be read is null. It is never 0, V(""), V(-1) or a date of 1970.
  - If AWS denies a read, the module reports it in RV(gaps) and as a warning, and returns all other data. The module
    fails if it cannot list the nodes, or if no read can succeed, for example with expired credentials.
  - AWS does not list the tags of nodes. With O(patch_groups), the module looks up which nodes have the tags of these
    groups. Without it, the module looks up all groups that have a baseline, and for nodes without a report also the
    groups that other nodes reported. With O(instance_ids) alone, it looks up groups only if a last report names no
    group.
  - Older versions of botocore do not return available security updates (V(AVAILABLE_SECURITY_UPDATE)). In this case,
    their counts are null, and you cannot use this state in O(states).
  - Systems Manager eventually stops listing a stopped instance as managed. AWS returns the patches of a node only
    while its agent is online.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_patch_baseline_info
extends_documentation_fragment:
  - patchfleet.aws.options.compliance_info
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
- name: Count the nodes of two patch groups
  patchfleet.aws.ssm_patch_compliance_info:
    patch_groups: [Web Servers, Database Servers]
  register: compliance

- name: List all nodes that are missing patches or need a reboot
  patchfleet.aws.ssm_patch_compliance_info:
    level: instances
    only_noncompliant: true

- name: List the critical patches that are missing on production nodes
  patchfleet.aws.ssm_patch_compliance_info:
    instance_tags:
      Environment: production
    level: patches
    states: [MISSING, FAILED]
    severities: [Critical]

- name: Find instances that Systems Manager does not manage
  patchfleet.aws.ssm_patch_compliance_info:
    level: instances
    include_unmanaged: true
  register: fleet

- name: Write all nodes of a large fleet to a file
  patchfleet.aws.ssm_patch_compliance_info:
    level: instances
    dest: /tmp/nodes.csv
"""

RETURN = r"""
summary:
  description: The number of nodes in each category. Filters do not apply. A count that could not be read is null.
  returned: always
  type: dict
  contains:
    managed:
      description: Nodes that Systems Manager manages.
      type: int
      sample: 30
      returned: always
    compliant:
      description: Managed nodes that are compliant according to a report that is not stale.
      type: int
      sample: 29
      returned: always
    noncompliant:
      description: Managed nodes that are noncompliant as AWS counts them, including nodes with failed patches or a
        pending reboot.
      type: int
      sample: 1
      returned: always
    critical_noncompliant:
      description:
        - Managed nodes that are missing a patch with the compliance level CRITICAL in their baseline.
          RV(summary.ungraded) nodes do not count.
        - Null if all nodes are ungraded.
      type: int
      sample: 1
      returned: always
    security_noncompliant:
      description: Managed nodes that are missing a security patch, regardless of its compliance level.
      type: int
      sample: 1
      returned: always
    pending_reboot:
      description: Managed nodes that need a reboot to finish the installation of patches.
      type: int
      sample: 0
      returned: always
    failed:
      description: Managed nodes where the installation of a patch failed.
      type: int
      sample: 1
      returned: always
    never_scanned:
      description: Managed nodes that have never reported patches.
      type: int
      sample: 0
      returned: always
    stale:
      description: Managed nodes whose last report is older than O(stale_after_hours), regardless of its content.
      type: int
      sample: 0
      returned: always
    unmanaged:
      description: Running EC2 instances that Systems Manager does not manage. Null without O(include_unmanaged).
      type: int
      sample: null
      returned: always
    ungraded:
      description: Managed nodes whose last report used a baseline that assigns no compliance level, or that no longer
        exists. AWS never counts these nodes as critically noncompliant, regardless of the severity of their missing
        patches.
      type: int
      sample: 0
      returned: always
    missing_by_severity:
      description: The number of patches that are approved but not installed, by the severity that their publisher
        assigns. A patch counts once for each node. Null if the patches of a node could not be read.
      type: dict
      returned: when O(level) is V(patches)
      sample: {Critical: 2, Important: 5}
    compliance_percent:
      description:
        - The percentage of managed nodes that are compliant, rounded down to two decimals, so that 100 means all
          nodes.
        - Null if there are no managed nodes.
      type: float
      sample: 96.7
      returned: always
  sample:
    managed: 60
    compliant: 33
    noncompliant: 21
    critical_noncompliant: 8
    security_noncompliant: 12
    pending_reboot: 6
    failed: 3
    never_scanned: 3
    stale: 3
    unmanaged: null
    ungraded: 0
    compliance_percent: 55.0
groups:
  description:
    - The same counts for each patch group that has a node, and for each group in O(patch_groups), sorted by name.
    - A node can belong to two groups, by its tag and by its last report. Nodes without a group come last.
  returned: always
  type: list
  elements: dict
  contains:
    patch_group:
      description: The name of the patch group. Null for nodes without a group.
      type: str
      sample: web
      returned: always
    compliance_percent:
      description: The same as in RV(summary). All other counts of RV(summary) are also keys.
      type: float
      sample: 96.7
      returned: always
instances:
  description: The nodes, in the order in which AWS lists them. Nodes that have never reported a group follow the
    other nodes, and unmanaged instances come last.
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
      description: The computer name of the node. For an unmanaged instance, the value of its tag C(Name).
      type: str
      sample: web-1
      returned: always
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
    resource_type:
      description: The type of the node, V(EC2Instance) or V(ManagedInstance).
      type: str
      sample: EC2Instance
      returned: always
    ping_status:
      description: The connection status of the SSM Agent, V(Online) or V(ConnectionLost).
      type: str
      sample: Online
      returned: always
    last_ping_time:
      description: The date and time when the SSM Agent last connected.
      type: str
      sample: "2026-01-14T08:55:12+00:00"
      returned: always
    agent_version:
      description: The version of the SSM Agent.
      type: str
      sample: 3.3.1611.0
      returned: always
    patch_groups:
      description: The patch groups of the node, by its tags and by its last report.
      type: list
      elements: str
      sample:
        - web
      returned: always
    status:
      description:
        - The first of these statuses that applies to the node, V(unmanaged), V(never_scanned), V(failed),
          V(noncompliant) (a patch is missing or rejected), V(pending_reboot), V(stale) or V(compliant).
        - Null if it could not be read.
      type: str
      sample: noncompliant
      returned: always
    compliant:
      description: Whether the node is compliant.
      type: bool
      sample: false
      returned: always
    stale:
      description: Whether the last report is older than O(stale_after_hours).
      type: bool
      sample: false
      returned: always
    pending_reboot:
      description: Whether the node needs a reboot to finish the installation of a patch.
      type: bool
      sample: false
      returned: always
    ungraded:
      description: Whether the baseline of the last report assigns no compliance level, or no longer exists.
      type: bool
      sample: false
      returned: always
    patch_group:
      description: The patch group of the last report.
      type: str
      sample: web
      returned: always
    baseline_id:
      description: The ID of the patch baseline that the last operation used.
      type: str
      sample: pb-0c10e65780123456a
      returned: always
    snapshot_id:
      description: The ID of the patch baseline snapshot that the last operation used.
      type: str
      sample: 5b9c1e2d-7f60-4a3b-8c1d-2e3f4a5b6c7d
      returned: always
    operation:
      description: The last operation, V(Scan) or V(Install).
      type: str
      sample: Install
      returned: always
    operation_start_time:
      description: The date and time when the last operation started.
      type: str
      sample: "2026-01-13T02:03:41+00:00"
      returned: always
    operation_end_time:
      description: The date and time when the last operation ended.
      type: str
      sample: "2026-01-13T02:24:10+00:00"
      returned: always
    reboot_option:
      description: The reboot option of the last operation, V(RebootIfNeeded) or V(NoReboot).
      type: str
      sample: RebootIfNeeded
      returned: always
    last_no_reboot_install_operation_time:
      description: The date and time of the last installation with V(NoReboot).
      type: str
      sample: null
      returned: always
    install_override_list:
      description: The list of patches that the last operation used instead of the baseline.
      type: str
      sample: ""
      returned: always
    installed_count:
      description: The number of patches in the state V(INSTALLED).
      type: int
      sample: 214
      returned: always
    installed_other_count:
      description: The number of patches in the state V(INSTALLED_OTHER).
      type: int
      sample: 17
      returned: always
    installed_pending_reboot_count:
      description: The number of patches in the state V(INSTALLED_PENDING_REBOOT).
      type: int
      sample: 0
      returned: always
    installed_rejected_count:
      description: The number of patches in the state V(INSTALLED_REJECTED).
      type: int
      sample: 0
      returned: always
    missing_count:
      description: The number of patches in the state V(MISSING).
      type: int
      sample: 2
      returned: always
    failed_count:
      description: The number of patches in the state V(FAILED).
      type: int
      sample: 0
      returned: always
    not_applicable_count:
      description: The number of patches in the state V(NOT_APPLICABLE).
      type: int
      sample: 3
      returned: always
    unreported_not_applicable_count:
      description: The number of patches in the state V(NOT_APPLICABLE) that AWS counts but does not list.
      type: int
      sample: 0
      returned: always
    critical_noncompliant_count:
      description: The number of patches with the compliance level CRITICAL that are not installed.
      type: int
      sample: 0
      returned: always
    security_noncompliant_count:
      description: The number of security patches that are not installed.
      type: int
      sample: 1
      returned: always
    other_noncompliant_count:
      description: The number of other patches that are not installed.
      type: int
      sample: 1
      returned: always
    available_security_update_count:
      description: The number of patches in the state V(AVAILABLE_SECURITY_UPDATE).
      type: int
      sample: 0
      returned: always
patches:
  description: The patches of each node.
  returned: when O(level) is V(patches), and O(dest) is not given
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
    patch_group:
      description: The patch group of the last report.
      type: str
      sample: web
      returned: always
    title:
      description: The title of the patch.
      type: str
      sample: 2026-01 Cumulative Update for Windows Server 2022 (KB5034123)
      returned: always
    kb_id:
      description: The KB number of a Windows patch, or the package name on other operating systems.
      type: str
      sample: KB5034123
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
      description: The state of the patch, such as V(MISSING).
      type: str
      sample: MISSING
      returned: always
    installed_time:
      description: The date and time when the patch was installed.
      type: str
      sample: null
      returned: always
    cve_ids:
      description: The IDs of the vulnerabilities that the patch fixes. AWS returns them for missing and failed
        patches.
      type: list
      elements: str
      sample:
        - CVE-2026-0001
      returned: always
    release_date:
      description: The date and time when the patch was released. Only known for missing Windows patches, otherwise
        null.
      type: str
      sample: "2026-01-13T18:00:00+00:00"
      returned: always
    compliance_level:
      description: Compliance level that RV(patches[].baseline_id) gives the patch, as an approved patch or by the rules
        about it, of which the highest counts. Computed from the baseline as it is now. Null where no rule is about the
        patch, where it is installed, and where the baseline could not be read.
      type: str
      returned: always
      sample: CRITICAL
    baseline_id:
      description: Baseline by which the node was judged last.
      type: str
      returned: always
      sample: pb-0123456789abcdef0
  sample:
    - instance_id: i-02573cafcfa0b1c2d
      name: EC2AMAZ-0A1B2C3
      patch_group: Database Servers
      title: 2025-12 Cumulative Update for Windows Server 2022 for x64-based Systems (KB5071081)
      kb_id: KB5071081
      classification: SecurityUpdates
      severity: Critical
      state: MISSING
      installed_time: null
      cve_ids: [CVE-2025-21081]
      release_date: "2025-12-09T18:00:00+00:00"
      compliance_level: CRITICAL
      baseline_id: pb-0123456789abcdef0
gaps:
  description: The reads that AWS denied, and the data that is missing as a result.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: The IAM action, such as V(ssm:DescribeInstancePatches).
      type: str
      sample: ssm:DescribeInstancePatches
      returned: always
    code:
      description: The error code of the AWS service.
      type: str
      sample: AccessDeniedException
      returned: always
    message:
      description: The error message of the AWS service.
      type: str
      sample: "User is not authorized to perform: ssm:DescribeInstancePatches"
      returned: always
    scope:
      description: The data that was not read.
      type: str
      sample: patches of i-02573cafcfEXAMPLE
      returned: always
not_found:
  description: IDs in O(instance_ids) that are not managed by Systems Manager and, with O(include_unmanaged), are not
    running EC2 instances either. They are not included in any count.
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
  description: The date and time when the module started to read. The age of reports is measured from this time.
  returned: always
  type: str
  sample: "2026-01-13T06:00:00+00:00"
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.runner import run_compliance_info


def main() -> None:
    run_compliance_info()


if __name__ == "__main__":
    main()
