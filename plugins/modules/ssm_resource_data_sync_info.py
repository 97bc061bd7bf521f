#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_resource_data_sync_info
short_description: List the resource data syncs of AWS Systems Manager
version_added: 0.1.0
description:
  - Lists the syncs of an account and region with their destinations, and whether their last run succeeded.
author:
  - Patchfleet contributors (@patchfleet)
seealso:
  - module: patchfleet.aws.ssm_resource_data_sync
extends_documentation_fragment:
  - patchfleet.aws.options.data_sync_info
  - patchfleet.aws.attributes.info_module
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Read all syncs to a bucket
  patchfleet.aws.ssm_resource_data_sync_info:
  register: syncs

- name: Fail if one of them does not run
  ansible.builtin.assert:
    that: syncs.resource_data_syncs | selectattr("last_status", "eq", "Failed") | length == 0
"""

RETURN = r"""
resource_data_syncs:
  description: The syncs in the order of their names, an empty list if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the sync.
      type: str
      sample: patch-compliance
    type:
      description: V(to_destination) for a sync to a bucket, V(from_source) for one that feeds Explorer.
      type: str
      sample: to_destination
    bucket:
      description: Name of the bucket.
      type: str
      sample: example-patch-compliance
    prefix:
      description: Key prefix of the objects.
      type: str
      sample: inventory
    bucket_region:
      description: Region of the bucket.
      type: str
      sample: eu-central-1
    kms_key_arn:
      description: ARN of the KMS key that encrypts the objects.
      type: str
      sample: null
    organization:
      description: Whether objects carry the ID of the organization as a tag.
      type: bool
      sample: true
    source:
      description: Sources of a sync of the type V(from_source), as the API returns them.
      type: dict
      sample: null
    last_status:
      description: V(Successful), V(Failed) or V(InProgress).
      type: str
      sample: Successful
    last_status_message:
      description: What AWS says about the last run.
      type: str
      sample: The sync was successfully completed
    last_sync_time:
      description: When the sync last ran.
      type: str
      sample: "2026-01-06T22:00:00+00:00"
    last_successful_sync_time:
      description: When the sync last succeeded.
      type: str
      sample: "2026-01-06T22:00:00+00:00"
    created_date:
      description: When the sync was created.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
    modified_date:
      description: When the sync was last changed.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._data_sync.runner import run_data_sync_info


def main() -> None:
    run_data_sync_info()


if __name__ == "__main__":
    main()
