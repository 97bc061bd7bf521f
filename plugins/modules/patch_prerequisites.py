#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: patch_prerequisites
short_description: Manage the IAM roles, S3 bucket, SNS topic and EventBridge rule for patching
version_added: 1.0.0
description:
  - Manages the service role of maintenance window tasks, the role that publishes notifications, the SNS topic, the S3
    bucket for output and the EventBridge rule, and returns their ARNs.
  - Each of the five resources has its own option. The module does not change a resource that you do not declare, or
    that you declare with O(ignore:arn), or with O(ignore:name) and O(ignore:existing).
  - The module tags the resources that it creates with C(patchfleet:setup). If a resource exists without this tag, the
    module fails unless O(take_over=true). With this option, the module adds its own statements, lifecycle rule,
    policy and target to the resource, keeps everything else, and tags the resource with C(patchfleet:taken-over).
  - O(state=absent) deletes the resources that the setup created. From a resource that it took over, the module
    removes only what it added.
  - Every value must name exactly one resource. The module rejects wildcards and policy variables in names, ARNs and
    prefixes.
author:
  - Patchfleet contributors (@patchfleet)
notes:
  - The role P(patchfleet.aws.patch_prerequisites#role) calls this module with its variables.
seealso:
  - module: patchfleet.aws.ssm_patch_task
  - module: patchfleet.aws.ssm_window_task
extends_documentation_fragment:
  - patchfleet.aws.options.prerequisites
  - patchfleet.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Create a service role, and an S3 bucket that web servers can write to
  patchfleet.aws.patch_prerequisites:
    service_role:
      name: patching-windows
    output_bucket:
      name: patching-output-123456789012
      writer_roles: [web-nodes]

- name: Send the events of maintenance windows to an existing SNS topic
  patchfleet.aws.patch_prerequisites:
    notification_topic:
      arn: arn:aws:sns:eu-west-1:123456789012:operations
    events_rule:
      name: patching-events
      events: [window]

- name: Delete the resources
  patchfleet.aws.patch_prerequisites:
    state: absent
    service_role:
      name: patching-windows
    output_bucket:
      name: patching-output-123456789012
    events_rule:
      name: patching-events
"""

RETURN = r"""
prerequisites:
  description: The values to use in a patching declaration, in check mode as well. A value is null if you do not
    declare the resource, or if it was deleted.
  returned: success
  type: dict
  contains:
    service_role_arn:
      description: The ARN of the service role, to use as O(ignore:service_role_arn) of tasks.
      type: str
      sample: arn:aws:iam::123456789012:role/patching-windows
    notification_role_arn:
      description: The ARN of the notification role, to use as O(ignore:role_arn) in O(ignore:notification).
      type: str
      sample: arn:aws:iam::123456789012:role/patching-notifications
    notification_topic_arn:
      description: The ARN of the SNS topic.
      type: str
      sample: arn:aws:sns:eu-west-1:123456789012:patching
    output_bucket:
      description: The name of the S3 bucket, to use as O(ignore:output_s3_bucket) of tasks.
      type: str
      sample: patching-output-123456789012
    output_bucket_arn:
      description: The ARN of the S3 bucket.
      type: str
      sample: arn:aws:s3:::patching-output-123456789012
    output_prefix:
      description: The key prefix of the output, to use as O(ignore:output_s3_prefix) of tasks.
      type: str
      sample: patching
    events_rule_arn:
      description: The ARN of the EventBridge rule.
      type: str
      sample: arn:aws:events:eu-west-1:123456789012:rule/patching-events
changes:
  description: The changes, in order. In check mode, the predicted changes.
  returned: when the declaration is valid
  type: list
  elements: dict
  contains:
    kind:
      description: The kind of the resource, V(role), V(topic), V(bucket) or V(rule).
      type: str
      sample: role
    name:
      description: The name of the resource.
      type: str
      sample: patching-windows
    action:
      description: The change, V(create), V(update) or V(delete), or V(withdraw) for a resource that the module took
        over.
      type: str
      sample: create
    fields:
      description: The values that differ.
      type: list
      elements: str
      sample: [policy]
errors:
  description: The change that failed, with the error message of AWS. The module stops at the first failure.
  returned: when the declaration is valid
  type: list
  elements: dict
  sample: []
not_attempted:
  description: The changes that the module did not attempt after the failure.
  returned: when the declaration is valid
  type: list
  elements: dict
  sample: []
violations:
  description: All errors in the declaration. The module changed nothing.
  returned: when the declaration is not valid
  type: list
  elements: str
  sample:
    - 'output_bucket.prefix: "../x" is not a key prefix'
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._prerequisites.runner import run_prerequisites


def main() -> None:
    run_prerequisites()


if __name__ == "__main__":
    main()
