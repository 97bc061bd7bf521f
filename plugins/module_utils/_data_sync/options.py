# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the modules, and their violations that can be found before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._options.codecs import is_blank
from .._options.limits import BUCKET_NAME, BUCKET_NAME_RULE, blank_entries, breaches, shown
from .._options.option import ACCOUNT_ID, Option, Options

# The member of the API that stores each option of the destination.
MEMBERS = {
    "bucket": "BucketName",
    "prefix": "Prefix",
    "bucket_region": "Region",
    "kms_key_arn": "AWSKMSKeyARN",
}

OPTIONS: Options = (
    Option("name", "The name of the resource data sync, 1 to 64 characters.", required=True),
    Option(
        "bucket",
        (
            "The name of the S3 bucket that the sync writes to. Required to create and to delete a sync.",
            "The bucket policy must allow Systems Manager to write to the bucket. The option O(ignore:data_sync) of"
            " M(patchfleet.aws.patch_prerequisites) adds the statements.",
        ),
    ),
    Option("prefix", "The key prefix of the objects, without a slash at either end. An empty string means no prefix."),
    Option(
        "bucket_region",
        "The Region of the S3 bucket. A new sync defaults to the Region of the connection.",
    ),
    Option(
        "kms_key_arn",
        "The ARN of the KMS key that encrypts the objects, in the Region of the bucket. An empty string means no key.",
        no_log=False,
    ),
    Option(
        "organization",
        (
            "Whether the accounts of an organization in AWS Organizations share the bucket. Systems Manager then"
            " tags each object with the ID of the organization.",
            "In both cases, a sync covers one account and Region. Create one in each of them.",
        ),
        type="bool",
    ),
    Option(
        "recreate",
        (
            "Delete and recreate the sync if its destination differs. AWS cannot update a sync to an S3 bucket.",
            "With V(false), the module fails if the destination differs. Objects in the old destination are not"
            " deleted.",
        ),
        type="bool",
        default=False,
    ),
    Option(
        "state",
        (
            "V(present) creates the sync.",
            "V(absent) deletes the sync if it writes to O(bucket) and its destination matches the other options"
            " that you specify. Its objects stay in the bucket.",
        ),
        choices=("present", "absent"),
        default="present",
    ),
    ACCOUNT_ID,
)
INFO_OPTIONS: Options = (
    Option("names", "Only syncs with these names.", type="list", elements="str"),
    Option("bucket", "Only syncs that write to this bucket."),
    Option(
        "type",
        "V(to_destination) returns syncs to an S3 bucket, V(from_source) returns syncs for Explorer, and V(all)"
        " returns both.",
        choices=("to_destination", "from_source", "all"),
        default="to_destination",
    ),
)


def violations(params: Mapping[str, Any], shape: Any) -> list[str]:
    """All violations in the options. shape: the botocore shape of the input of CreateResourceDataSync."""
    found = _breaches("name", shape.members["SyncName"], params["name"])
    destination = shape.members["S3Destination"]
    for name, member in MEMBERS.items():
        value = params[name]
        if value is None or (value == "" and name in ("prefix", "kms_key_arn")):
            continue
        if is_blank(value):
            found.append(f"{name}: is empty; specify a value, or omit the option")
        else:
            found += _breaches(name, destination.members[member], value)
    bucket, prefix = params["bucket"], params["prefix"]
    if bucket and not BUCKET_NAME.fullmatch(bucket):
        found.append(f"bucket: {shown(bucket)} is not a valid bucket name: it {BUCKET_NAME_RULE}")
    if prefix and prefix != prefix.strip("/"):
        found.append(f"prefix: {shown(prefix)} must not begin or end with a slash; specify {shown(prefix.strip('/'))}")
    if params["state"] == "absent":
        if bucket is None:
            found.append(
                "bucket: is required with state: absent, because a sync has no tags and only its destination"
                " shows whether it is yours"
            )
        if params["recreate"]:
            found.append("recreate: cannot be combined with state: absent")
    return found


def info_violations(params: Mapping[str, Any]) -> list[str]:
    """All violations in the options of the info module."""
    found = blank_entries("names", params["names"])
    return found + (["bucket: is empty; omit it for all buckets"] if params["bucket"] == "" else [])


def _breaches(name: str, shape: Any, value: Any) -> list[str]:
    return [f"{name}: {shown(finding.value)} {finding.rule}" for finding in breaches(shape, value)]
