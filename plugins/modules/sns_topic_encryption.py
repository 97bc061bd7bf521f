#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: sns_topic_encryption
short_description: Set the KMS key of an SNS topic
version_added: 0.1.0
description:
  - Sets or clears the KMS key with which Amazon SNS encrypts the messages of a topic that exists.
  - It completes M(community.aws.sns_topic), which makes topics and knows nothing of their encryption.
author:
  - Patchfleet contributors (@patchfleet)
options:
  topic_arn:
    description: ARN of the topic. In check mode it need not exist yet.
    type: str
    required: true
  kms_key:
    description:
      - Alias, id or ARN of the key, compared as it is written.
      - An empty string clears it; messages are then encrypted by SNS's own storage only.
      - Amazon EventBridge and other services cannot publish to a topic under V(alias/aws/sns); they need a customer
        managed key whose policy allows them C(kms:GenerateDataKey) and C(kms:Decrypt).
    type: str
    required: true
seealso:
  - module: community.aws.sns_topic
  - module: amazon.aws.kms_key
extends_documentation_fragment:
  - patchfleet.aws.options.account
  - patchfleet.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Encrypt the messages of a topic with a customer managed key
  patchfleet.aws.sns_topic_encryption:
    topic_arn: arn:aws:sns:eu-west-1:123456789012:patching
    kms_key: alias/patching
"""

RETURN = r"""
kms_key:
  description: The key of the topic; in check mode as it would be. Empty if it has none.
  returned: success
  type: str
  sample: alias/patching
"""

from contextlib import suppress
from typing import Any

# AnsibleAWSModule tells what is missing.
with suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.errors import PatchingError
from ansible_collections.patchfleet.aws.plugins.module_utils._options.module import check_account, make_module
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import ACCOUNT_ID, Option

_ATTRIBUTE = "KmsMasterKeyId"
OPTIONS = (
    Option("topic_arn", "ARN of the topic.", required=True),
    # It names a key and is none.
    Option("kms_key", "Alias, id or ARN of the key.", required=True, no_log=False),
    ACCOUNT_ID,
)


def current_key(module: AnsibleAWSModule, client: Any) -> str:
    """The key of the topic, empty if it has none; in check mode also of a topic that does not exist yet."""
    topic = module.params["topic_arn"]
    try:
        return str(client.get_topic_attributes(TopicArn=topic, aws_retry=True)["Attributes"].get(_ATTRIBUTE, ""))
    except is_boto3_error_code("NotFound") as error:
        if not module.check_mode:
            module.fail_json_aws(error, msg=f"There is no topic {topic}")
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"Couldn't read topic {topic} (sns:GetTopicAttributes)")
    return ""


def set_key(module: AnsibleAWSModule, client: Any) -> None:
    """Give the topic the key that is asked for."""
    topic, key = module.params["topic_arn"], module.params["kms_key"]
    try:
        client.set_topic_attributes(TopicArn=topic, AttributeName=_ATTRIBUTE, AttributeValue=key, aws_retry=True)
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"Couldn't set the key of topic {topic} (sns:SetTopicAttributes)")


def main() -> None:
    module = make_module(OPTIONS)
    try:
        check_account(module)
    except PatchingError as error:
        module.fail_json(msg=str(error), changed=False)
    client = module.client("sns", retry_decorator=AWSRetry.jittered_backoff())
    before, after = current_key(module, client), module.params["kms_key"]
    changed = before != after
    if changed and not module.check_mode:
        set_key(module, client)
    header = f"topic {module.params['topic_arn']}"
    entry = {
        "before_header": header,
        "after_header": header,
        "before": {"kms_key": before},
        "after": {"kms_key": after},
    }
    module.exit_json(changed=changed, kms_key=after, diff=[entry] if changed else [])


if __name__ == "__main__":
    main()
