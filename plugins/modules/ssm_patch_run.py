#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_run
short_description: Scan for or install patches now with Run Command
version_added: 1.0.0
description:
  - Scans for patches or installs them immediately with Run Command, and waits for the result.
  - Fails if the command failed on a node. The error message and the return value list the failed nodes.
  - While the module waits, it prints the number of nodes that are done, failed and in progress whenever these numbers
    change. Nodes in progress include nodes that Run Command has not started yet.
notes:
  - Each run of the module sends a new command, so the module is not idempotent. It never sends a command twice. If
    the answer to a command is lost, the module searches for the command by its unique C(SnapshotId). If it cannot
    find the command, the module fails and reports that it is unknown whether the command was sent.
  - Before it sends a command, the module checks the targets. It fails if an ID is not managed by Systems Manager, or
    if no managed node matches the targets. It warns if one of several values matches no node, if an agent is offline,
    or if it is not allowed to list the members of a resource group (C(resource-groups:ListGroupResources)). In that
    case, an empty resource group causes a failure only after the command is sent.
  - If you interrupt a run, the command continues. The progress messages and the history of Run Command contain its
    ID.
  - With C(async), the module waits in the background and does not show progress.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_patch_task
extends_documentation_fragment:
  - patchfleet.aws.options.patch_run
  - patchfleet.aws.attributes.run_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Scan two patch groups
  patchfleet.aws.ssm_patch_run:
    operation: Scan
    patch_groups: [Database Servers, Front-End Servers]
    patch_group_key: Patch Group

- name: Install patches on the web servers of staging, five at a time, and stop at the second error
  patchfleet.aws.ssm_patch_run:
    operation: Install
    reboot_option: RebootIfNeeded
    instance_tags: {Environment: staging, Role: [web, proxy]}
    max_concurrency: 5
    max_errors: 1
    wait_timeout: 7200
    cancel_on_timeout: true
    output_s3_bucket: example-patch-logs
  register: patched

- name: Show the status of each node
  ansible.builtin.debug:
    msg: "{{ patched.instances | items2dict('instance_id', 'status') }}"

- name: Send a command without waiting for it
  patchfleet.aws.ssm_patch_run:
    operation: Install
    reboot_option: NoReboot
    instance_ids: [i-0123456789abcdef0]
    wait: false
  register: sent

- name: Wait for the command
  patchfleet.aws.ssm_patch_run:
    command_id: "{{ sent.command.command_id }}"
"""

RETURN = r"""
command:
  description:
    - The command, with its most recent status.
    - In check mode, the command that would be sent. Values that are not known are null. Null if nothing was sent
      because the options or targets are invalid.
  returned: always
  type: dict
  contains:
    command_id:
      description: The ID of the command. Use it as O(command_id) to wait for the command again. Null if the command
        was not sent, or if it is unknown whether it was sent.
      type: str
      sample: 7f2c3e7b-0a4f-4c8e-9d6a-1b2c3d4e5f60
      returned: always
    document_name:
      description: The name of the document.
      type: str
      sample: AWS-RunPatchBaseline
      returned: always
    document_version:
      description: The version of the document.
      type: str
      sample: $DEFAULT
      returned: always
    operation:
      description: The operation, V(Scan) or V(Install).
      type: str
      sample: Scan
      returned: always
    reboot_option:
      description: The reboot option, V(RebootIfNeeded) or V(NoReboot).
      type: str
      sample: NoReboot
      returned: always
    snapshot_id:
      description: The ID of the patch baseline snapshot. It is unique to this command. All nodes install the patches
        of this snapshot.
      type: str
      sample: 5b9c1e2d-7f60-4a3b-8c1d-2e3f4a5b6c7d
      returned: always
    comment:
      description: The comment on the command.
      type: str
      sample: "Patch now: CVE-2026-0001"
      returned: always
    status:
      description: The status of the command, V(Pending), V(InProgress), V(Cancelling), V(Success), V(Failed),
        V(TimedOut) or V(Cancelled).
      type: str
      sample: Success
      returned: always
    status_details:
      description: The details of the status, such as V(NoInstancesInTag) or V(Incomplete).
      type: str
      sample: Success
      returned: always
    requested_date_time:
      description: The date and time when the command was sent, in ISO-8601 format.
      type: str
      sample: "2026-01-13T02:00:00+00:00"
      returned: always
    expires_after:
      description: The date and time when the command expires, in ISO-8601 format.
      type: str
      sample: "2026-01-13T05:00:00+00:00"
      returned: always
    targets:
      description: The targets in the format of the Systems Manager API. Empty if you specify O(instance_ids).
      type: list
      elements: dict
      sample:
        - Key: tag:PatchGroup
          Values:
            - web
      returned: always
    instance_ids:
      description: The node IDs that you specified, not the nodes that targets select.
      type: list
      elements: str
      sample:
        - i-02573cafcfEXAMPLE
      returned: always
    max_concurrency:
      description: The maximum number of nodes that run the command at the same time.
      type: str
      sample: 10%
      returned: always
    max_errors:
      description: The maximum number of errors before Run Command stops sending the command to further nodes.
      type: str
      sample: 5%
      returned: always
    target_count:
      description: The number of nodes that the targets select. V(0) until AWS has resolved the targets.
      type: int
      sample: 12
      returned: always
    completed_count:
      description: The number of nodes where the command finished, successfully or not.
      type: int
      sample: 12
      returned: always
    error_count:
      description: The number of nodes where the command failed.
      type: int
      sample: 0
      returned: always
    delivery_timed_out_count:
      description: The number of nodes that the command did not reach in time.
      type: int
      sample: 0
      returned: always
    output_s3_bucket:
      description: The name of the S3 bucket of the output.
      type: str
      sample: example-patch-output
      returned: always
    output_s3_prefix:
      description: The key prefix of the output.
      type: str
      sample: patch-now
      returned: always
    cloudwatch_log_group:
      description: The CloudWatch log group of the output.
      type: str
      sample: /aws/ssm/AWS-RunPatchBaseline
      returned: always
instances:
  description:
    - The nodes, sorted by ID. In check mode, the nodes that the command would currently reach.
    - Null while the command runs with O(include_running=false), in check mode if the module is not allowed to list
      the members of a resource group, and after an error.
  returned: always
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
    status:
      description: The status on the node, V(Pending), V(InProgress), V(Delayed), V(Cancelling), V(Success),
        V(Failed), V(TimedOut) or V(Cancelled). Null in check mode.
      type: str
      sample: Success
      returned: always
    status_details:
      description: The details of the status, such as V(DeliveryTimedOut), V(Undeliverable), or V(Terminated) for a
        node that Run Command did not start because O(max_errors) was reached.
      type: str
      sample: Success
      returned: always
    exit_code:
      description: The exit code of the step that patches, or of the first step that failed. Null if no step has
        ended.
      type: int
      sample: 0
      returned: always
    start_time:
      description: The time when that step started, in ISO-8601 format.
      type: str
      sample: "2026-01-13T02:00:02+00:00"
      returned: always
    end_time:
      description: The time when that step ended, in ISO-8601 format.
      type: str
      sample: "2026-01-13T02:24:10+00:00"
      returned: always
    output_url:
      description: The URL of the output of that step.
      type: str
      sample: https://s3.eu-central-1.amazonaws.com/example-patch-output/patch-now/i-02573cafcfEXAMPLE/stdout
      returned: always
    error_url:
      description: The URL of the error output of that step.
      type: str
      sample: https://s3.eu-central-1.amazonaws.com/example-patch-output/patch-now/i-02573cafcfEXAMPLE/stderr
      returned: always
    output:
      description: The output of a node where the command failed, up to the 2500 characters that AWS returns. Null for
        other nodes.
      type: str
      sample: null
      returned: always
  sample:
    - instance_id: i-0123456789abcdef0
      name: ip-10-0-0-1.ec2.internal
      status: Failed
      status_details: Failed
      exit_code: 156
      start_time: "2026-01-06T21:00:05+00:00"
      end_time: "2026-01-06T21:04:10+00:00"
      output_url: https://s3.eu-central-1.amazonaws.com/example-patch-logs/...
      error_url: https://s3.eu-central-1.amazonaws.com/example-patch-logs/...
      output: "No space left on device"
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run.runner import run_patch_run


def main() -> None:
    run_patch_run()


if __name__ == "__main__":
    main()
