# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service role and the notification role."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)

from .policies import Policy, joined, same_policy, trust_policy, withdrawn
from .resource import Apis, Call, Resource, Stored, Values, document, optional, tag_calls

POLICY_NAME = "patchfleet"
_PROFILE = "instance profile"
_GONE = frozenset({"NoSuchEntity"})


class Role(Resource):
    """A role with one inline policy. policy: the document of that policy."""

    noun = "role"
    services = ("iam",)
    policy: Policy

    @property
    def arn(self) -> str:
        """Its ARN, derived from the name and the path."""
        return self.place.role(self.name, str(self.options["path"]))

    def read(self, apis: Apis) -> Stored | None:
        """The current role, with what others attached to it."""
        api = apis["iam"]
        answer = optional(api, "GetRole", _GONE, RoleName=self.name)
        if answer is None:
            return None
        role = answer["Role"]
        own = optional(api, "GetRolePolicy", _GONE, RoleName=self.name, PolicyName=POLICY_NAME)
        values = {
            "description": role.get("Description", ""),
            "trust_policy": document(role.get("AssumeRolePolicyDocument")),
            "policy": document((own or {}).get("PolicyDocument")),
            "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        }
        holders = [] if self.options.get("existing") else self._holders(apis)
        extra = {"max_session": role.get("MaxSessionDuration")}
        return Stored(role["Arn"], values, boto3_tag_list_to_ansible_dict(role.get("Tags")), holders, extra)

    def _holders(self, apis: Apis) -> list[str]:
        """What must be detached before IAM can delete the role."""
        api = apis["iam"]
        inline = api.call("ListRolePolicies", RoleName=self.name)["PolicyNames"]
        attached = api.call("ListAttachedRolePolicies", RoleName=self.name)["AttachedPolicies"]
        profiles = api.call("ListInstanceProfilesForRole", RoleName=self.name)["InstanceProfiles"]
        return [
            *(f"inline policy {name}" for name in inline if name != POLICY_NAME),
            *(f"managed policy {entry['PolicyName']}" for entry in attached),
            *(f"{_PROFILE} {entry['InstanceProfileName']}" for entry in profiles),
        ]

    def warnings(self, stored: Stored, join: bool) -> list[str]:
        """Warnings about policies that a role of this setup has in addition. Roles of others can have any."""
        wider = [] if join else [one for one in stored.holders if not one.startswith(_PROFILE)]
        if not wider:
            return []
        return [
            f"The {self.title} also has {', '.join(wider)}, which this setup does not manage. Detach what is not yours."
        ]

    def read_violations(self, stored: Stored) -> list[str]:
        """A violation if the role has another path, which IAM cannot change."""
        if stored.arn == self.arn:
            return []
        path = stored.arn.partition(":role")[2].removesuffix(self.name)
        return [
            f"{self.option}.path: the role {self.name} has the path {path!r}, not {self.options['path']!r}, and"
            f" IAM cannot change it; specify path: {path}"
        ]

    def wanted(self, before: Stored | None, join: bool) -> Values:
        """The role as declared. If others created it, its description is kept."""
        old = before.values if before else {}
        boundary = self.options.get("permissions_boundary")
        trust = trust_policy(self.place)
        return {
            "description": old["description"] if join else self.options["description"],
            "trust_policy": joined(old["trust_policy"], trust) if join else trust,
            "policy": self.policy,
            "permissions_boundary": old.get("permissions_boundary", "") if boundary is None else boundary,
        }

    def withdrawn(self, before: Values) -> Values:
        """The values without the trust statement and the policy of this module."""
        trust = withdrawn(before["trust_policy"], trust_policy(self.place))
        # A role must have a trust policy.
        return {**before, "trust_policy": trust or before["trust_policy"], "policy": None}

    def create(self, after: Values, tags: dict[str, str]) -> list[Call]:
        """Create the role, then its policy."""
        request: dict[str, Any] = {
            "RoleName": self.name,
            "Path": self.options["path"],
            "Description": after["description"],
            "AssumeRolePolicyDocument": json.dumps(after["trust_policy"]),
            "Tags": ansible_dict_to_boto3_tag_list(tags),
        }
        if after["permissions_boundary"]:
            request["PermissionsBoundary"] = after["permissions_boundary"]
        return [Call("iam", "CreateRole", request), self._put_policy(after["policy"])]

    def update(self, stored: Stored, after: Values) -> list[Call]:
        """The calls for the values that differ. The boundary is first, so that it limits any new policy."""
        before, calls = stored.values, []
        if before["permissions_boundary"] != after["permissions_boundary"]:
            calls.append(self._set_boundary(after["permissions_boundary"]))
        if before["description"] != after["description"]:
            # Without it, IAM would reset the maximum session duration to one hour.
            session = {"MaxSessionDuration": stored.extra["max_session"]} if stored.extra.get("max_session") else {}
            calls.append(self._call("UpdateRole", Description=after["description"], **session))
        if not same_policy(before["trust_policy"], after["trust_policy"]):
            calls.append(self._call("UpdateAssumeRolePolicy", PolicyDocument=json.dumps(after["trust_policy"])))
        if not same_policy(before["policy"], after["policy"]):
            calls.append(self._put_policy(after["policy"]) if after["policy"] else self._delete_policy())
        return calls

    def tag(self, _stored: Stored | None, after: dict[str, str], removed: list[str]) -> list[Call]:
        """Set and remove tags of the role."""
        return tag_calls("iam", ("TagRole", "UntagRole"), {"RoleName": self.name}, after, removed)

    def delete(self, stored: Stored) -> list[Call]:
        """Delete the policy, then the role."""
        own = [self._delete_policy()] if stored.values["policy"] else []
        return [*own, self._call("DeleteRole")]

    def _put_policy(self, policy: Policy) -> Call:
        return self._call("PutRolePolicy", PolicyName=POLICY_NAME, PolicyDocument=json.dumps(policy))

    def _delete_policy(self) -> Call:
        return self._call("DeleteRolePolicy", PolicyName=POLICY_NAME)

    def _set_boundary(self, arn: str) -> Call:
        if arn:
            return self._call("PutRolePermissionsBoundary", PermissionsBoundary=arn)
        return self._call("DeleteRolePermissionsBoundary")

    def _call(self, operation: str, **request: Any) -> Call:
        return Call("iam", operation, {"RoleName": self.name, **request})
