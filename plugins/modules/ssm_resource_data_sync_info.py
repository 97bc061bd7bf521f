#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_resource_data_sync_info
short_description: Gather information about AWS Systems Manager resource data syncs
version_added: 1.0.0
description: Returns the resource data syncs of an account and Region with their destination and the status of their
  last run.
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
- name: List all syncs to an S3 bucket
  patchfleet.aws.ssm_resource_data_sync_info:
  register: syncs

- name: Fail if the last run of a sync failed
  ansible.builtin.assert:
    that: syncs.resource_data_syncs | selectattr("last_status", "eq", "Failed") | length == 0
"""

RETURN = r"""
resource_data_syncs:
  description: The syncs, sorted by name. An empty list if there are none.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the sync.
      type: str
      sample: patch-compliance
    type:
      description: The type of the sync, V(to_destination) for a sync to an S3 bucket or V(from_source) for a sync for
        Explorer.
      type: str
      sample: to_destination
    bucket:
      description: The name of the S3 bucket.
      type: str
      sample: example-patch-compliance
    prefix:
      description: The key prefix of the objects.
      type: str
      sample: inventory
    bucket_region:
      description: The Region of the S3 bucket.
      type: str
      sample: eu-central-1
    kms_key_arn:
      description: The ARN of the KMS key that encrypts the objects.
      type: str
      sample: null
    organization:
      description: Whether AWS tags the objects with the ID of the organization.
      type: bool
      sample: true
    source:
      description: The source of a sync of the type V(from_source), as the API returns it.
      type: dict
      sample: null
    last_status:
      description: The status of the last run, V(Successful), V(Failed) or V(InProgress).
      type: str
      sample: Successful
    last_status_message:
      description: The message of AWS about the last run.
      type: str
      sample: The sync was successfully completed
    last_sync_time:
      description: The date and time of the last run.
      type: str
      sample: "2026-01-06T22:00:00+00:00"
    last_successful_sync_time:
      description: The date and time of the last successful run.
      type: str
      sample: "2026-01-06T22:00:00+00:00"
    created_date:
      description: The date and time when the sync was created.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
    modified_date:
      description: The date and time when the sync was last modified.
      type: str
      sample: "2026-01-01T00:00:00+00:00"
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._data_sync.runner import run_data_sync_info


def main() -> None:
    run_data_sync_info()


if __name__ == "__main__":
    main()
