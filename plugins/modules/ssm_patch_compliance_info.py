#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_compliance_info
short_description: Read how well managed nodes are patched, by AWS Systems Manager
version_added: 0.1.0
description:
  - Reads the patch compliance of managed nodes, of one node or of many thousand, as counts, as nodes or as single
    patches.
  - AWS knows the last scan or installation of a node only. Each operation overwrites what was known before, whatever
    baseline it used; O(stale_after_hours) tells when that is too long ago.
  - A node is noncompliant, as AWS counts, while a patch of it is in one of the states V(MISSING), V(FAILED),
    V(INSTALLED_REJECTED) or V(INSTALLED_PENDING_REBOOT). Of V(AVAILABLE_SECURITY_UPDATE) the baseline decides, by its
    O(patchfleet.aws.ssm_patch_baseline#module:available_security_updates_compliance_status).
  - O(patch_groups), O(instance_ids) and O(instance_tags) combine, so that a node has to fit all that are given. Without
    them all managed nodes are read. An empty list fits nothing.
  - O(states), O(severities) and O(only_noncompliant) choose what is listed. They never change RV(summary) and
    RV(groups).
notes:
  - What was not read is null, never 0, V(""), V(-1) or a date of 1970.
  - A read that is refused is told in RV(gaps) and as a warning, and the rest is told all the same. The module fails
    where the nodes themselves cannot be listed, and where no read would work, as with credentials that have expired.
  - AWS does not list the tags of nodes. Which nodes carry the tag of a group is looked up for the groups in
    O(patch_groups), and without that option for all groups that have a baseline; for nodes that never reported also for
    the groups that other nodes reported. With O(instance_ids) alone it is looked up only where a last report names no
    group.
  - An older botocore does not know of available security updates (V(AVAILABLE_SECURITY_UPDATE)); their counts are null
    then, and the state is refused in O(states).
  - Systems Manager lists a stopped instance no longer as managed after a while. AWS tells the patches of a node only
    while its agent answers.
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
- name: Count the nodes of two patch groups
  patchfleet.aws.ssm_patch_compliance_info:
    patch_groups: [Web Servers, Database Servers]
  register: compliance

- name: List all nodes that lack patches, or wait for a reboot
  patchfleet.aws.ssm_patch_compliance_info:
    level: instances
    only_noncompliant: true

- name: List the critical patches that are missing in production
  patchfleet.aws.ssm_patch_compliance_info:
    instance_tags:
      Environment: production
    level: patches
    states: [MISSING, FAILED]
    severities: [Critical]

- name: Find instances that nobody patches
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
  description: Counts of nodes, whatever is filtered. A count that could not be read is null.
  returned: always
  type: dict
  contains:
    managed:
      description: Nodes that Systems Manager manages.
      type: int
      sample: 30
      returned: always
    compliant:
      description: Managed nodes on which nothing is wrong, by a report that is not stale.
      type: int
      sample: 29
      returned: always
    noncompliant:
      description: Managed nodes that AWS counts as noncompliant, with failed patches or a pending reboot, too.
      type: int
      sample: 1
      returned: always
    critical_noncompliant:
      description:
        - Managed nodes that lack a patch whose compliance level in their baseline is CRITICAL, among those that are not
          RV(summary.ungraded).
        - Null where all are ungraded.
      type: int
      sample: 1
      returned: always
    security_noncompliant:
      description: Managed nodes that lack a security patch, whatever its compliance level.
      type: int
      sample: 1
      returned: always
    pending_reboot:
      description: Managed nodes with patches that a reboot has to finish.
      type: int
      sample: 0
      returned: always
    failed:
      description: Managed nodes on which the installation of a patch failed.
      type: int
      sample: 1
      returned: always
    never_scanned:
      description: Managed nodes that never reported their patches.
      type: int
      sample: 0
      returned: always
    stale:
      description: Managed nodes whose last report is older than O(stale_after_hours), whatever it says.
      type: int
      sample: 0
      returned: always
    unmanaged:
      description: Running EC2 instances that Systems Manager does not manage. Null without O(include_unmanaged).
      type: int
      sample: null
      returned: always
    ungraded:
      description:
        - Managed nodes that have reported under a baseline that assigns no compliance level, or that is gone. However
          critical a missing patch is, AWS counts none of these nodes as critically noncompliant.
      type: int
      sample: 0
      returned: always
    missing_by_severity:
      description: How many patches are approved and not installed, by the severity that their publisher gives them.
        Each counts on each node. Null where patches of a node could not be read.
      type: dict
      returned: when O(level) is V(patches)
      sample: {Critical: 2, Important: 5}
    compliance_percent:
      description:
        - The part of the managed nodes that is compliant, rounded down to two decimals, so that 100 means all of them.
        - Null when nothing is managed.
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
    - The same counts for each patch group that has a node, and for each in O(patch_groups), by their names.
    - A node may be in two groups, by its tag and by its last report. Nodes without a group come last.
  returned: always
  type: list
  elements: dict
  contains:
    patch_group:
      description: Name of the group, null for the nodes without one.
      type: str
      sample: web
      returned: always
    compliance_percent:
      description: As in RV(summary), as are all the counts, which are keys, too.
      type: float
      sample: 96.7
      returned: always
instances:
  description: The nodes in the order in which they are listed, those that never reported a group after the others, and
    at the end the instances that are not managed.
  returned: when O(level) is V(instances) or V(patches), and O(dest) is not given
  type: list
  elements: dict
  contains:
    instance_id:
      description: Id of the node.
      type: str
      sample: i-02573cafcfEXAMPLE
      returned: always
    name:
      description: Name of the computer; of an instance that is not managed, its tag C(Name).
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
    resource_type:
      description: V(EC2Instance) or V(ManagedInstance).
      type: str
      sample: EC2Instance
      returned: always
    ping_status:
      description: Whether the agent answers, V(Online) or V(ConnectionLost).
      type: str
      sample: Online
      returned: always
    last_ping_time:
      description: When the agent answered last.
      type: str
      sample: "2026-01-14T08:55:12+00:00"
      returned: always
    agent_version:
      description: Version of the SSM Agent.
      type: str
      sample: 3.3.1611.0
      returned: always
    patch_groups:
      description: Patch groups of the node, by its tags and by its last report.
      type: list
      elements: str
      sample:
        - web
      returned: always
    status:
      description:
        - The most urgent of what holds, in the order V(unmanaged), V(never_scanned), V(failed), V(noncompliant) (a
          patch is missing, or was rejected), V(pending_reboot), V(stale), V(compliant).
        - Null where it could not be read.
      type: str
      sample: noncompliant
      returned: always
    compliant:
      description: Whether the node counts as compliant.
      type: bool
      sample: false
      returned: always
    stale:
      description: Whether the last report is older than O(stale_after_hours).
      type: bool
      sample: false
      returned: always
    pending_reboot:
      description: Whether a reboot has to finish the installation of a patch.
      type: bool
      sample: false
      returned: always
    ungraded:
      description: Whether the baseline of the last report assigns no compliance level, or is gone.
      type: bool
      sample: false
      returned: always
    patch_group:
      description: Patch group of the last report.
      type: str
      sample: web
      returned: always
    baseline_id:
      description: The baseline that the last operation used.
      type: str
      sample: pb-0c10e65780123456a
      returned: always
    snapshot_id:
      description: The snapshot of the baseline that the last operation used.
      type: str
      sample: 5b9c1e2d-7f60-4a3b-8c1d-2e3f4a5b6c7d
      returned: always
    operation:
      description: The last operation, V(Scan) or V(Install).
      type: str
      sample: Install
      returned: always
    operation_start_time:
      description: When it began.
      type: str
      sample: "2026-01-13T02:03:41+00:00"
      returned: always
    operation_end_time:
      description: When it ended.
      type: str
      sample: "2026-01-13T02:24:10+00:00"
      returned: always
    reboot_option:
      description: V(RebootIfNeeded) or V(NoReboot).
      type: str
      sample: RebootIfNeeded
      returned: always
    last_no_reboot_install_operation_time:
      description: When patches were last installed with V(NoReboot).
      type: str
      sample: null
      returned: always
    install_override_list:
      description: The list of patches that the last operation was given.
      type: str
      sample: ""
      returned: always
    installed_count:
      description: Patches in the state V(INSTALLED).
      type: int
      sample: 214
      returned: always
    installed_other_count:
      description: Patches in the state V(INSTALLED_OTHER).
      type: int
      sample: 17
      returned: always
    installed_pending_reboot_count:
      description: Patches in the state V(INSTALLED_PENDING_REBOOT).
      type: int
      sample: 0
      returned: always
    installed_rejected_count:
      description: Patches in the state V(INSTALLED_REJECTED).
      type: int
      sample: 0
      returned: always
    missing_count:
      description: Patches in the state V(MISSING).
      type: int
      sample: 2
      returned: always
    failed_count:
      description: Patches in the state V(FAILED).
      type: int
      sample: 0
      returned: always
    not_applicable_count:
      description: Patches in the state V(NOT_APPLICABLE).
      type: int
      sample: 3
      returned: always
    unreported_not_applicable_count:
      description: Patches in the state V(NOT_APPLICABLE) that AWS only counts.
      type: int
      sample: 0
      returned: always
    critical_noncompliant_count:
      description: Patches of the compliance level critical that the node lacks.
      type: int
      sample: 0
      returned: always
    security_noncompliant_count:
      description: Security patches of another level that the node lacks.
      type: int
      sample: 1
      returned: always
    other_noncompliant_count:
      description: Other patches that the node lacks.
      type: int
      sample: 1
      returned: always
    available_security_update_count:
      description: Patches in the state V(AVAILABLE_SECURITY_UPDATE).
      type: int
      sample: 0
      returned: always
patches:
  description: The patches of the nodes, node by node.
  returned: when O(level) is V(patches), and O(dest) is not given
  type: list
  elements: dict
  contains:
    instance_id:
      description: Id of the node.
      type: str
      sample: i-02573cafcfEXAMPLE
      returned: always
    name:
      description: Name of the computer.
      type: str
      sample: web-1
      returned: always
    patch_group:
      description: Patch group of the last report.
      type: str
      sample: web
      returned: always
    title:
      description: Title of the patch.
      type: str
      sample: 2026-01 Cumulative Update for Windows Server 2022 (KB5034123)
      returned: always
    kb_id:
      description: KB number of a patch of Windows, name of a package of another system.
      type: str
      sample: KB5034123
      returned: always
    classification:
      description: Kind of the patch, as its publisher calls it.
      type: str
      sample: SecurityUpdates
      returned: always
    severity:
      description: Severity of the patch, as its publisher calls it.
      type: str
      sample: Critical
      returned: always
    state:
      description: State of the patch, such as V(MISSING).
      type: str
      sample: MISSING
      returned: always
    installed_time:
      description: When it was installed.
      type: str
      sample: null
      returned: always
    cve_ids:
      description: Vulnerabilities that it closes. AWS tells them of missing and failed patches.
      type: list
      elements: str
      sample:
        - CVE-2026-0001
      returned: always
    release_date:
      description: When it was published. Known of patches of Windows that a node lacks, else null.
      type: str
      sample: "2026-01-13T18:00:00+00:00"
      returned: always
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
gaps:
  description: Reads that were refused, and what is not known therefore.
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
      description: Error code of the service.
      type: str
      sample: AccessDeniedException
      returned: always
    message:
      description: Message of the service.
      type: str
      sample: "User is not authorized to perform: ssm:DescribeInstancePatches"
      returned: always
    scope:
      description: What was not read.
      type: str
      sample: patches of i-02573cafcfEXAMPLE
      returned: always
not_found:
  description: Ids in O(instance_ids) that are not managed; with O(include_unmanaged) those that EC2 does not know as
    running, either. They are counted nowhere.
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
  description: When the reading began. The age of each report is measured against this time.
  returned: always
  type: str
  sample: "2026-01-13T06:00:00+00:00"
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.runner import run_compliance_info


def main() -> None:
    run_compliance_info()


if __name__ == "__main__":
    main()
