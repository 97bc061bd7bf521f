#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_patch_audit_info
short_description: Gather who changed patching in AWS Systems Manager
version_added: 1.0.0
description:
  - Returns who changed maintenance windows, their targets and tasks, patch baselines and patch groups, from the event
    history of AWS CloudTrail, with the setup that owns each resource.
  - CloudTrail keeps the event history of an account and Region for 90 days, without a trail. It shows an event a few
    minutes after the call.
  - The module looks up each kind of call. CloudTrail answers two lookups per second in an account and Region, so the
    module needs at least eight seconds.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_maintenance_window_info
  - module: patchfleet.aws.ssm_patch_baseline_info
  - name: Working with CloudTrail event history
    description: What CloudTrail keeps without a trail, and for how long.
    link: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
extends_documentation_fragment:
  - patchfleet.aws.options.audit_info
  - patchfleet.aws.attributes.info_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: List what changed in the last day
  patchfleet.aws.ssm_patch_audit_info:
    hours: 24
  register: audit

- name: List the changes of a month that the controller did not make
  patchfleet.aws.ssm_patch_audit_info:
    hours: 720
    own_roles:
      - arn:aws:iam::123456789012:role/patching
    only_by_hand: true
"""

RETURN = r"""
summary:
  description: The number of calls.
  returned: success
  type: dict
  contains:
    total:
      description: The number of entries in RV(calls).
      type: int
      sample: 3
    by_hand:
      description: The number of these that are changes by hand.
      type: int
      sample: 1
calls:
  description: The API calls that changed something, the newest first.
  returned: success
  type: list
  elements: dict
  contains:
    time:
      description: The date and time of the call.
      type: str
      sample: "2026-01-06T22:00:00+00:00"
    action:
      description: The API operation.
      type: str
      sample: UpdateMaintenanceWindow
    kind:
      description: The kind of resource, V(window), V(target), V(task) or V(baseline).
      type: str
      sample: window
    id:
      description: The ID of the window or baseline. V(null) if the record does not hold it.
      type: str
      sample: mw-0123456789abcdef0
    name:
      description: The name of the window or baseline, or the name in the call if the resource no longer exists.
      type: str
      sample: prod-tuesday
    part_id:
      description: The ID of the target or task in the window.
      type: str
      sample: null
    setup:
      description: The setup that owns the window or baseline now. V(null) if there is none, or if the resource no
        longer exists.
      type: str
      sample: production
    by_hand:
      description: Whether the principal is not one of O(own_roles).
      type: bool
      sample: true
    principal:
      description: The ARN of the principal, the name of an AWS service that acted on behalf of someone, or the user
        name.
      type: str
      sample: arn:aws:sts::123456789012:assumed-role/admin/alice
    principal_type:
      description: The type of the principal, such as V(AssumedRole), V(IAMUser), V(Root) or V(AWSService).
      type: str
      sample: AssumedRole
    source_ip:
      description: The IP address or the AWS service that the call came from.
      type: str
      sample: 192.0.2.10
    error_code:
      description: The error code of a call that AWS refused. V(null) otherwise.
      type: str
      sample: null
    event_id:
      description: The ID of the CloudTrail event.
      type: str
      sample: 0c1f1e0a-6a3b-4f0e-9f0e-0123456789ab
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._audit.runner import run_audit_info


def main() -> None:
    run_audit_info()


if __name__ == "__main__":
    main()
