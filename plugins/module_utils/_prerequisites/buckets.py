# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bucket for the output of commands.

Each call specifies the account as the expected owner, so that the bucket of another account is never read or changed.
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)

from .._aws.errors import ApiError, PatchingError
from .policies import Policy, bucket_policy, data_sync_statements, joined, same_policy, withdrawn
from .resource import Apis, Call, Resource, Stored, Values, document, optional

RULE_ID = "patchfleet-output"
_BLOCK = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_ABORT_DAYS = 7
# The Region in which S3 accepts no location constraint.
_FIRST_REGION = "us-east-1"
_PARTS = {
    "tags": ("GetBucketTagging", "TagSet", "NoSuchTagSet"),
    "policy": ("GetBucketPolicy", "Policy", "NoSuchBucketPolicy"),
    "encryption": (
        "GetBucketEncryption",
        "ServerSideEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    ),
    "ownership": ("GetBucketOwnershipControls", "OwnershipControls", "OwnershipControlsNotFoundError"),
    "public": ("GetPublicAccessBlock", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration"),
    "lifecycle": ("GetBucketLifecycleConfiguration", "Rules", "NoSuchLifecycleConfiguration"),
}


class Bucket(Resource):
    """A bucket."""

    noun = "bucket"
    services = ("s3",)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.place.arn("s3", self.name, region="", account="")

    def read(self, apis: Apis) -> Stored | None:
        """The current bucket, and whether it is empty if it is to be removed."""
        api = apis["s3"]
        try:
            if optional(api, "HeadBucket", frozenset({"404", "NoSuchBucket"}), **self._mine) is None:
                return None
        except ApiError as error:
            if error.code not in ("403", "AccessDenied"):
                raise
            raise PatchingError(
                f"{self.option}: S3 refuses access to the bucket {self.name}. Another account owns this name, or the"
                " credentials lack s3:ListBucket on it; choose another name, or allow the action."
            ) from error
        parts = {}
        for name, (operation, member, absent) in _PARTS.items():
            answer = optional(api, operation, frozenset({absent}), **self._mine)
            parts[name] = None if answer is None else answer.get(member)
        extra = {"empty": self._is_empty(apis)} if self.options.get("state") == "absent" else {}
        return Stored(self.arn, _values(parts), boto3_tag_list_to_ansible_dict(parts["tags"]), [], extra)

    def _is_empty(self, apis: Apis) -> bool:
        versions = apis["s3"].call("ListObjectVersions", MaxKeys=1, **self._mine)
        return not versions.get("Versions") and not versions.get("DeleteMarkers")

    def wanted(self, before: Stored | None, join: bool) -> Values:
        """The bucket as declared. Lifecycle rules of others are always kept.

        If others created the bucket, its access settings and encryption are also kept, because a change could affect
        its other users.
        """
        old = before.values if before else {}
        own = self._policy()
        others = [rule for rule in old.get("lifecycle") or [] if rule.get("ID") != RULE_ID]
        return {
            "policy": joined(self._policy_of_others(old["policy"]), own) if join else own,
            "encryption": old["encryption"] if join and not self.options.get("kms_key") else self._encryption(),
            "ownership": old["ownership"] if join else "BucketOwnerEnforced",
            "public_access_block": old["public_access_block"] if join else dict.fromkeys(_BLOCK, True),
            "lifecycle": [*others, self._lifecycle_rule()],
        }

    def _policy(self) -> Policy:
        made = bucket_policy(self.place, self.arn, self._prefix, self.options["writer_roles"])
        data_sync = self.options.get("data_sync")
        if data_sync is not None:
            made["Statement"] += data_sync_statements(self.place, self.arn, data_sync)
        return made

    def _policy_of_others(self, document: Policy | None) -> Policy | None:
        """A policy without any statement that this module could have added."""
        all_own = bucket_policy(self.place, self.arn, self._prefix, ["any"])
        all_own["Statement"] += data_sync_statements(self.place, self.arn, {"organization_id": "any"})
        return withdrawn(document, all_own)

    @property
    def _prefix(self) -> str:
        return str(self.options["prefix"]).strip("/")

    def _encryption(self) -> dict[str, str]:
        key = self.options.get("kms_key")
        return {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}

    def _lifecycle_rule(self) -> dict[str, Any]:
        rule: dict[str, Any] = {
            "ID": RULE_ID,
            "Status": "Enabled",
            "Filter": {"Prefix": f"{self._prefix}/"},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _ABORT_DAYS},
        }
        days = self.options["expiration_days"]
        return {**rule, "Expiration": {"Days": days}} if days else rule

    def withdrawn(self, before: Values) -> Values:
        """The values without the statements and the rule of this module."""
        rules = [rule for rule in before["lifecycle"] or [] if rule.get("ID") != RULE_ID]
        return {**before, "policy": self._policy_of_others(before["policy"]), "lifecycle": rules or None}

    def create(self, after: Values, tags: dict[str, str]) -> list[Call]:
        """Create the bucket without public access, then set its tags, then its configuration."""
        request: dict[str, Any] = {"Bucket": self.name, "ObjectOwnership": after["ownership"]}
        if self.place.region != _FIRST_REGION:
            request["CreateBucketConfiguration"] = {"LocationConstraint": self.place.region}
        return [
            Call("s3", "CreateBucket", request),
            *self.tag(None, tags, []),
            *self._puts(after, ("public_access_block", "encryption", "policy", "lifecycle")),
        ]

    def undo_creation(self) -> Call | None:
        """Delete the bucket. S3 creates it without tags, and a bucket without tags has no owner."""
        return self._call("DeleteBucket")

    def update(self, stored: Stored, after: Values) -> list[Call]:
        """The calls for the values that differ."""
        before = stored.values
        differing = [name for name in after if name != "policy" and before[name] != after[name]]
        if not same_policy(before["policy"], after["policy"]):
            differing.append("policy")
        return self._puts(after, tuple(differing))

    def _puts(self, after: Values, names: tuple[str, ...]) -> list[Call]:
        return [self._put(name, after[name]) for name in names]

    def _put(self, name: str, value: Any) -> Call:
        if value is None:
            return self._call({"policy": "DeleteBucketPolicy", "lifecycle": "DeleteBucketLifecycle"}[name])
        if name == "policy":
            return self._call("PutBucketPolicy", Policy=json.dumps(value))
        if name == "lifecycle":
            return self._call("PutBucketLifecycleConfiguration", LifecycleConfiguration={"Rules": value})
        if name == "public_access_block":
            return self._call("PutPublicAccessBlock", PublicAccessBlockConfiguration=value)
        if name == "ownership":
            controls = {"Rules": [{"ObjectOwnership": value}]}
            return self._call("PutBucketOwnershipControls", OwnershipControls=controls)
        rule: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": value}
        if "KMSMasterKeyID" in value:
            rule["BucketKeyEnabled"] = True
        return self._call("PutBucketEncryption", ServerSideEncryptionConfiguration={"Rules": [rule]})

    def tag(self, stored: Stored | None, after: dict[str, str], removed: list[str]) -> list[Call]:
        """Set all tags in one call, because S3 replaces the whole set."""
        if not after and not removed:
            return []
        kept = {key: value for key, value in (stored.tags if stored else {}).items() if key not in removed}
        tags = {**kept, **after}
        return [
            self._call("PutBucketTagging", Tagging={"TagSet": ansible_dict_to_boto3_tag_list(tags)})
            if tags
            else self._call("DeleteBucketTagging")
        ]

    def delete(self, _stored: Stored) -> list[Call]:
        """Delete the bucket, which succeeds only if it is empty."""
        return [self._call("DeleteBucket")]

    @property
    def _mine(self) -> dict[str, str]:
        return {"Bucket": self.name, "ExpectedBucketOwner": self.place.account}

    def _call(self, operation: str, **request: Any) -> Call:
        return Call("s3", operation, {**self._mine, **request})


def _values(parts: dict[str, Any]) -> Values:
    encryption = _first((parts["encryption"] or {}).get("Rules")).get("ApplyServerSideEncryptionByDefault")
    return {
        "policy": document(parts["policy"]),
        "encryption": encryption or {},
        "ownership": _first((parts["ownership"] or {}).get("Rules")).get("ObjectOwnership", ""),
        "public_access_block": {name: bool((parts["public"] or {}).get(name)) for name in _BLOCK},
        "lifecycle": parts["lifecycle"] or None,
    }


def _first(entries: list[dict[str, Any]] | None) -> dict[str, Any]:
    return entries[0] if entries else {}
