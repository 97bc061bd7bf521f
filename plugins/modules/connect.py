#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The documentation of the action plugin with this name, which does the work.

from __future__ import annotations

DOCUMENTATION = r"""
module: connect
short_description: Assume the IAM role of a host and check the account of its credentials
version_added: 1.0.0
description:
  - Assumes an IAM role, and fails if the credentials belong to another account than the host. The playbooks of this
    collection run it before they read anything.
  - It runs on the controller, where boto3 is imported once for all hosts.
author:
  - Patchfleet contributors (@patchfleet)
options:
  role_arn:
    description: The role to assume. The default is to assume none and to only check the account.
    type: str
  external_id:
    description: The external ID that the role requires.
    type: str
  duration_seconds:
    description: The duration of the session. The default is that of AWS.
    type: int
  account_id:
    description: The account that the credentials must belong to.
    type: str
  where:
    description: The account and Region, with which error messages begin.
    type: str
    default: ""
notes:
  - The module is private to this collection and can change in any release. Do not use it in your own playbooks.
extends_documentation_fragment:
  - patchfleet.aws.attributes.info_module
  - patchfleet.aws.requirements
  - amazon.aws.common.modules
  - amazon.aws.region.modules
seealso:
  - module: amazon.aws.sts_assume_role
"""

EXAMPLES = r"""
- name: Assume the role of a host
  patchfleet.aws.connect:
    role_arn: arn:aws:iam::123456789012:role/patching
    account_id: "123456789012"
  register: connected
"""

RETURN = r"""
account_id:
  description: The account of the credentials.
  returned: success
  type: str
  sample: "123456789012"
credentials:
  description: The temporary credentials. They are not shown in the output.
  returned: success with O(role_arn)
  type: dict
  contains:
    access_key:
      description: The access key.
      returned: success
      type: str
      sample: ASIAEXAMPLE
    secret_key:
      description: The secret key.
      returned: success
      type: str
      sample: secret
    session_token:
      description: The session token.
      returned: success
      type: str
      sample: token
reason:
  description: The reason of the failure, without advice.
  returned: failure
  type: str
  sample: its credentials belong to account 210987654321
"""
