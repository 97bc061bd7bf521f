# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base class of the four types of resources: how to read one, its declared values, and the calls to write them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from .._aws.client import Api
from .._aws.errors import ApiError
from .policies import Place, Policy

Values = dict[str, Any]
Apis = Mapping[str, Api]


@dataclass(frozen=True)
class Call:
    """One write call."""

    service: str
    operation: str
    request: dict[str, Any]


@dataclass(frozen=True)
class Stored:
    """A resource as it was read.

    values: the values that this module manages, in the format of the diff. holders: what others attached to it, which
    prevents its removal. extra: what is removed with it, and further values that writes require.
    """

    arn: str
    values: Values
    tags: dict[str, str]
    holders: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


class Resource(ABC):
    """One declared resource.

    option: the option that declares it. options: its suboptions, with their defaults.
    """

    noun: str
    services: tuple[str, ...]

    def __init__(self, option: str, options: Mapping[str, Any], place: Place) -> None:
        self.option = option
        self.options = options
        self.place = place

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.options["name"])

    @property
    def title(self) -> str:
        """Its name in messages."""
        return f"{self.noun} {self.name}"

    @property
    @abstractmethod
    def arn(self) -> str:
        """Its ARN, derived from the name."""

    @abstractmethod
    def read(self, apis: Apis) -> Stored | None:
        """The current resource, or None if it does not exist. Raises ApiError."""

    @abstractmethod
    def wanted(self, before: Stored | None, join: bool) -> Values:
        """The declared values. join: whether to keep what others added to policies and lists."""

    @abstractmethod
    def withdrawn(self, before: Values) -> Values:
        """The values without what this module added to a resource that it did not create."""

    @abstractmethod
    def create(self, after: Values, tags: dict[str, str]) -> list[Call]:
        """The calls that create it."""

    @abstractmethod
    def update(self, stored: Stored, after: Values) -> list[Call]:
        """The calls that change its values."""

    @abstractmethod
    def tag(self, stored: Stored | None, after: dict[str, str], removed: list[str]) -> list[Call]:
        """The calls that set the given tags and remove the given keys."""

    @abstractmethod
    def delete(self, stored: Stored) -> list[Call]:
        """The calls that remove it."""

    def undo_creation(self) -> Call | None:
        """The call that reverts a creation that sets no tags."""
        return None

    def warnings(self, _stored: Stored, _join: bool) -> list[str]:
        """Warnings about a change."""
        return []

    def read_violations(self, stored: Stored) -> list[str]:
        """Violations of the declaration because of the existing resource."""
        return []


def optional(api: Api, operation: str, codes: frozenset[str], **request: Any) -> dict[str, Any] | None:
    """A response, or None if the service returns one of these codes for a missing resource. Raises ApiError."""
    try:
        return api.call(operation, **request)
    except ApiError as error:
        if error.code in codes:
            return None
        raise


def document(text: str | dict[str, Any] | None) -> Policy | None:
    """The policy document in a response, which is a string or was parsed by botocore."""
    if isinstance(text, str):
        parsed: Policy | None = json.loads(text) if text else None
        return parsed
    return text or None


def tag_calls(
    service: str, operations: tuple[str, str], where: dict[str, str], after: dict[str, str], removed: list[str]
) -> list[Call]:
    """The calls that set the given tags and remove the given keys. operations: to set tags, and to remove keys."""
    tag, untag = operations
    calls = [Call(service, tag, {**where, "Tags": ansible_dict_to_boto3_tag_list(after)})] if after else []
    return calls + ([Call(service, untag, {**where, "TagKeys": removed})] if removed else [])
