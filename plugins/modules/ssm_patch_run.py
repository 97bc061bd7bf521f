#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_run
short_description: Patch now
version_added: 0.1.0
description:
  - Scans for or installs patches at once, by Run Command with the document that patches, and waits for the result.
  - Fails where an instance failed, with the instances in the message and in the answer.
  - While it waits, a line shows each time that something changed how many instances are done, failed and in progress.
    Those in progress include the instances that wait for their turn.
notes:
  - Every run is a new run, so that the module is not idempotent. A command that was sent is never sent again. Where
    its answer is lost, it is looked for by the C(SnapshotId) that each run has for itself; where it cannot be found,
    the run fails and says that it is not known whether the command was sent.
  - Before anything is sent, ids that Systems Manager does not manage are an error, and so are targets that no managed
    node fits. A value of several that no node fits, and agents that do not answer, are a warning. So is a resource
    group whose members may not be read (C(resource-groups:ListGroupResources)); an empty one then fails after the
    command was sent.
  - A run that is interrupted leaves its command going on. Its id is in the lines of progress, and in the history of Run
    Command.
  - With C(async), the module waits in the background and no progress is shown.
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
- name: Report what two patch groups miss
  patchfleet.aws.ssm_patch_run:
    operation: Scan
    patch_groups: [Database Servers, Front-End Servers]
    patch_group_key: Patch Group

- name: Install on the web servers of staging, five at a time, and stop at the second error
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

- name: Show which instances it was
  ansible.builtin.debug:
    msg: "{{ patched.instances | items2dict('instance_id', 'status') }}"

- name: Send it, and go on with other things
  patchfleet.aws.ssm_patch_run:
    operation: Install
    reboot_option: NoReboot
    instance_ids: [i-0123456789abcdef0]
    wait: false
  register: sent

- name: Wait for it
  patchfleet.aws.ssm_patch_run:
    command_id: "{{ sent.command.command_id }}"
"""

RETURN = r"""
command:
  description:
    - The command as it was at the last look.
    - In check mode as it would be sent; what is not known then is null. Null where nothing was sent because the options
      or the targets are wrong.
  returned: always
  type: dict
  contains:
    command_id:
      description: Id of the command, with which it can be waited for again; null where the command was not sent, or
        nobody knows.
      type: str
      sample: 7f2c3e7b-0a4f-4c8e-9d6a-1b2c3d4e5f60
      returned: always
    document_name:
      description: The document.
      type: str
      sample: AWS-RunPatchBaseline
      returned: always
    document_version:
      description: Version of the document.
      type: str
      sample: $DEFAULT
      returned: always
    operation:
      description: V(Scan) or V(Install).
      type: str
      sample: Scan
      returned: always
    reboot_option:
      description: V(RebootIfNeeded) or V(NoReboot).
      type: str
      sample: NoReboot
      returned: always
    snapshot_id:
      description: What no other run has; all instances install from this one snapshot of the approved patches.
      type: str
      sample: 5b9c1e2d-7f60-4a3b-8c1d-2e3f4a5b6c7d
      returned: always
    comment:
      description: Comment of the command.
      type: str
      sample: "Patch now: CVE-2026-0001"
      returned: always
    status:
      description: V(Pending), V(InProgress), V(Cancelling), V(Success), V(Failed), V(TimedOut) or V(Cancelled).
      type: str
      sample: Success
      returned: always
    status_details:
      description: More about the status, such as V(NoInstancesInTag) or V(Incomplete).
      type: str
      sample: Success
      returned: always
    requested_date_time:
      description: When it was sent, ISO-8601.
      type: str
      sample: "2026-01-13T02:00:00+00:00"
      returned: always
    expires_after:
      description: When the service gives up, ISO-8601.
      type: str
      sample: "2026-01-13T05:00:00+00:00"
      returned: always
    targets:
      description: Criteria in the API's own form, empty with O(instance_ids).
      type: list
      elements: dict
      sample:
        - Key: tag:PatchGroup
          Values:
            - web
      returned: always
    instance_ids:
      description: The ids that were given, not those that targets reach.
      type: list
      elements: str
      sample:
        - i-02573cafcfEXAMPLE
      returned: always
    max_concurrency:
      description: How many instances at a time.
      type: str
      sample: 10%
      returned: always
    max_errors:
      description: After how many errors no further instance is begun.
      type: str
      sample: 5%
      returned: always
    target_count:
      description: How many instances the targets reach; V(0) as long as the service has not looked.
      type: int
      sample: 12
      returned: always
    completed_count:
      description: How many of them have ended, well or not.
      type: int
      sample: 12
      returned: always
    error_count:
      description: How many of them failed.
      type: int
      sample: 0
      returned: always
    delivery_timed_out_count:
      description: How many of them could not be reached in time.
      type: int
      sample: 0
      returned: always
    output_s3_bucket:
      description: Bucket of the output.
      type: str
      sample: example-patch-output
      returned: always
    output_s3_prefix:
      description: Prefix of the output in the bucket.
      type: str
      sample: patch-now
      returned: always
    cloudwatch_log_group:
      description: Log group of the output.
      type: str
      sample: /aws/ssm/AWS-RunPatchBaseline
      returned: always
instances:
  description:
    - The instances, in the order of their ids. In check mode those that a run would reach now.
    - Null while the command runs with O(include_running=false), in check mode where the members of a resource group may
      not be read, and after an error.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: Id of the instance.
      type: str
      sample: i-02573cafcfEXAMPLE
      returned: always
    name:
      description: Name of the computer.
      type: str
      sample: web-1
      returned: always
    status:
      description: V(Pending), V(InProgress), V(Delayed), V(Cancelling), V(Success), V(Failed), V(TimedOut) or
        V(Cancelled); null in check mode.
      type: str
      sample: Success
      returned: always
    status_details:
      description: More about the status, such as V(DeliveryTimedOut), V(Undeliverable), or V(Terminated) for an
        instance that was not begun because O(max_errors) was reached.
      type: str
      sample: Success
      returned: always
    exit_code:
      description: Exit code of the step that patches, of the first step that failed where one did; null where none
        ended.
      type: int
      sample: 0
      returned: always
    start_time:
      description: When that step began, ISO-8601.
      type: str
      sample: "2026-01-13T02:00:02+00:00"
      returned: always
    end_time:
      description: When that step ended, ISO-8601.
      type: str
      sample: "2026-01-13T02:24:10+00:00"
      returned: always
    output_url:
      description: Where the output of that step is.
      type: str
      sample: https://s3.eu-central-1.amazonaws.com/example-patch-output/patch-now/i-02573cafcfEXAMPLE/stdout
      returned: always
    error_url:
      description: Where the error output of that step is.
      type: str
      sample: https://s3.eu-central-1.amazonaws.com/example-patch-output/patch-now/i-02573cafcfEXAMPLE/stderr
      returned: always
    output:
      description: The output of an instance that failed, as much as the service shows, at most 2500 characters; null of
        all others.
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
