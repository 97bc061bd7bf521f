#!/usr/bin/python
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_resource_data_sync
short_description: Manage a resource data sync of AWS Systems Manager
version_added: 0.1.0
description:
  - Creates and deletes a sync that copies inventory and patch compliance of the managed nodes of an account and region
    to an S3 bucket, where Athena can query the compliance of a whole organization.
  - A sync is found by its name. AWS cannot update it, and it has no tags. With another destination than the declared
    one it is an error, unless O(recreate=true).
  - AWS allows five syncs for each account and region.
author:
  - Patchfleet contributors (@patchfleet)
notes:
  - AWS checks the policy of the bucket only when the sync runs. If its last run failed, the module warns with the
    reason that AWS gives.
  - Deleting is asynchronous. With O(recreate=true) the module waits up to five minutes until AWS no longer lists the
    old sync. If AWS then refuses the new one, the module puts the old one back.
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
- name: Copy the compliance of this account and region to the bucket of the organization
  patchfleet.aws.ssm_resource_data_sync:
    name: patch-compliance
    bucket: example-patch-compliance
    prefix: inventory
    bucket_region: eu-central-1
    organization: true

- name: Write to another prefix from now on
  patchfleet.aws.ssm_resource_data_sync:
    name: patch-compliance
    bucket: example-patch-compliance
    prefix: compliance
    recreate: true

- name: Delete it; the objects stay in the bucket
  patchfleet.aws.ssm_resource_data_sync:
    name: patch-compliance
    bucket: example-patch-compliance
    state: absent
"""

RETURN = r"""
resource_data_sync:
  description:
    - The sync, in check mode as it would be. Null after O(state=absent).
  returned: success
  type: dict
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
      description: V(Successful), V(Failed) or V(InProgress). Null for a sync that check mode would create.
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
action:
  description: V(create), V(recreate) or V(delete), in check mode what would be done. Null if nothing differs.
  returned: when the declaration is valid
  type: str
  sample: create
fields:
  description: Options whose values differ.
  returned: when the declaration is valid
  type: list
  elements: str
  sample: [prefix]
errors:
  description: The change that failed, with the message of the service.
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
    - 'bucket: "Example" is not the name of a bucket'
"""

from ansible_collections.patchfleet.aws.plugins.module_utils._data_sync.runner import run_data_sync


def main() -> None:
    run_data_sync()


if __name__ == "__main__":
    main()
