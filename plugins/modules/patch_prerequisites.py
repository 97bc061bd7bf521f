#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: patch_prerequisites
short_description: Manage the roles, topic, bucket and event rule that a patching setup uses
version_added: 0.1.0
description:
  - Creates the service role of maintenance window tasks, the role that publishes notifications, the topic, the bucket
    for output and the EventBridge rule, and returns their ARNs.
  - Each of the five is one option. What is not declared is not touched. What is declared by O(ignore:arn), or by
    O(ignore:name) and O(ignore:existing), is used and left unchanged.
  - What the module creates carries the tag C(patchfleet:setup). A resource that exists without this tag is an error,
    unless O(take_over=true). Then the module adds its own statements, its lifecycle rule, its policy and its target to
    the resource and leaves the rest. The tag C(patchfleet:taken-over) marks such a resource.
  - O(state=absent) removes what the setup created. From a resource that was taken over, it withdraws what the module
    added.
  - Each value names one thing. Wildcards and policy variables are refused in names, ARNs and prefixes.
author:
  - Patchfleet contributors (@patchfleet)
notes:
  - The role P(patchfleet.aws.patch_prerequisites#role) calls this module with its variables.
extends_documentation_fragment:
  - patchfleet.aws.options.prerequisites
  - patchfleet.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Create a service role, and a bucket to which web servers may write
  patchfleet.aws.patch_prerequisites:
    service_role:
      name: patching-windows
    output_bucket:
      name: patching-output-123456789012
      writer_roles: [web-nodes]

- name: Send the events of maintenance windows to a topic that exists
  patchfleet.aws.patch_prerequisites:
    notification_topic:
      arn: arn:aws:sns:eu-west-1:123456789012:operations
    events_rule:
      name: patching-events
      events: [window]

- name: Remove them again
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
  description:
    - What a declaration of patching refers to, in check mode too. Null for what is not declared or was removed.
  returned: success
  type: dict
  contains:
    service_role_arn:
      description: ARN of the service role, for O(ignore:service_role_arn) of tasks.
      type: str
      sample: arn:aws:iam::123456789012:role/patching-windows
    notification_role_arn:
      description: ARN of the notification role, for O(ignore:role_arn) in O(ignore:notification).
      type: str
      sample: arn:aws:iam::123456789012:role/patching-notifications
    notification_topic_arn:
      description: ARN of the topic.
      type: str
      sample: arn:aws:sns:eu-west-1:123456789012:patching
    output_bucket:
      description: Name of the bucket, for O(ignore:output_s3_bucket) of tasks.
      type: str
      sample: patching-output-123456789012
    output_bucket_arn:
      description: ARN of the bucket.
      type: str
      sample: arn:aws:s3:::patching-output-123456789012
    output_prefix:
      description: Key prefix of the output, for O(ignore:output_s3_prefix) of tasks.
      type: str
      sample: patching
    events_rule_arn:
      description: ARN of the rule.
      type: str
      sample: arn:aws:events:eu-west-1:123456789012:rule/patching-events
changes:
  description: What changed, in order; in check mode what would change.
  returned: when the declaration is valid
  type: list
  elements: dict
  contains:
    kind:
      description: V(role), V(topic), V(bucket) or V(rule).
      type: str
      sample: role
    name:
      description: Name of the resource.
      type: str
      sample: patching-windows
    action:
      description: V(create), V(update), V(delete), or V(withdraw) for a resource that was taken over.
      type: str
      sample: create
    fields:
      description: Values that differ.
      type: list
      elements: str
      sample: [policy]
errors:
  description: The change that failed, with the message of the service. The run ends there.
  returned: when the declaration is valid
  type: list
  elements: dict
  sample: []
not_attempted:
  description: The changes after the one that failed.
  returned: when the declaration is valid
  type: list
  elements: dict
  sample: []
violations:
  description: Everything that is wrong with the declaration. Nothing was written.
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
