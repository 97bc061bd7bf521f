#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_resource_data_sync
short_description: Manage an AWS Systems Manager resource data sync
version_added: 1.0.0
description:
  - Creates and deletes a resource data sync. A sync copies the inventory and patch compliance data of the managed
    nodes in an account and Region to an S3 bucket. You can then query the compliance of a whole organization with
    Athena.
  - The module finds a sync by its name. AWS cannot update a sync, and a sync has no tags. If the destination of an
    existing sync differs from your declaration, the module fails unless O(recreate=true).
  - AWS allows five syncs for each account and Region.
author:
  - Patchfleet contributors (@patchfleet)
notes:
  - AWS checks the bucket policy only when the sync runs. If the last run failed, the module shows a warning with the
    reason from AWS.
  - AWS deletes syncs asynchronously. With O(recreate=true), the module waits up to five minutes until AWS no longer
    lists the old sync. If AWS then rejects the new sync, the module restores the old one.
seealso:
  - module: patchfleet.aws.ssm_resource_data_sync_info
  - module: patchfleet.aws.patch_prerequisites
extends_documentation_fragment:
  - patchfleet.aws.options.data_sync
  - patchfleet.aws.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - patchfleet.aws.requirements
"""

EXAMPLES = r"""
- name: Copy the compliance data of this account and Region to the bucket of the organization
  patchfleet.aws.ssm_resource_data_sync:
    name: patch-compliance
    bucket: example-patch-compliance
    prefix: inventory
    bucket_region: eu-central-1
    organization: true

- name: Change the prefix
  patchfleet.aws.ssm_resource_data_sync:
    name: patch-compliance
    bucket: example-patch-compliance
    prefix: compliance
    recreate: true

- name: Delete the sync, but keep the objects in the bucket
  patchfleet.aws.ssm_resource_data_sync:
    name: patch-compliance
    bucket: example-patch-compliance
    state: absent
"""

RETURN = r"""
resource_data_sync:
  description: The sync. In check mode, the predicted sync. Null with O(state=absent).
  returned: success
  type: dict
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
      description: The status of the last run, V(Successful), V(Failed) or V(InProgress). Null for a sync that check
        mode would create.
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
action:
  description: The change, V(create), V(recreate) or V(delete). In check mode, the predicted change. Null if nothing
    differs.
  returned: when the declaration is valid
  type: str
  sample: create
fields:
  description: The options that differ.
  returned: when the declaration is valid
  type: list
  elements: str
  sample: [prefix]
errors:
  description: The change that failed, with the error message of AWS.
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
    - 'bucket: "Example" is not the name of a bucket'
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._data_sync.runner import run_data_sync


def main() -> None:
    run_data_sync()


if __name__ == "__main__":
    main()
