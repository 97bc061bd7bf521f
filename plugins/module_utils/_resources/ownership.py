# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags that record the owner of a resource, and the rules for writing to it. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SETUP_TAG = "patchfleet:setup"
# The suffix of the name of a target or task that is being replaced.
REPLACED = ".replaced"
# Marks a resource that a setup uses but did not create, so that removal only reverts additions.
TAKEN_OVER_TAG = "patchfleet:taken-over"
STACK_TAG = "aws:cloudformation:stack-id"
OWNER_TAGS = (SETUP_TAG, STACK_TAG)
RESERVED_TAGS = ("aws:", "patchfleet:")


def is_reserved(tag_key: str) -> bool:
    """Whether a tag belongs to AWS or to the collection rather than to the user."""
    return tag_key.lower().startswith(RESERVED_TAGS)


def user_tags(tags: Mapping[str, str] | None) -> dict[str, str] | None:
    """The tags that users manage, without those of AWS and the collection."""
    return None if tags is None else {key: value for key, value in tags.items() if not is_reserved(key)}


def given_tags(tags: Mapping[str, Any] | None) -> dict[str, str] | None:
    """The tags of an option as texts. As for every option, the value null counts as omitted."""
    return None if tags is None else {str(key): str(value) for key, value in tags.items() if value is not None}


def setup_mistake(name: str | None, can_clear: bool = False) -> str | None:
    """Violations in the name of a setup. An empty text from a template must not count as no setup.

    can_clear: whether an empty name removes the tag.
    """
    if name is None or name.strip() or (can_clear and not name):
        return None
    clearing = "" if can_clear else ", or omit it"
    way = "; an empty string removes the tag" if can_clear else ""
    return f"setup: {name!r} is blank; specify the name of the setup{clearing}{way}"


def refusal(tags: Mapping[str, str], setup: str | None, take_over: bool, removes: bool) -> str | None:
    """Why a run must not write to a resource. None if it can.

    Args:
        tags: all tags of the resource.
        setup: the setup for which the run claims the resource.
        take_over: whether it can take resources of others.
        removes: whether it removes the resource.
    """
    owner = tags.get(SETUP_TAG)
    if take_over:
        return None
    if STACK_TAG in tags:
        return f"is managed by the CloudFormation stack {tags[STACK_TAG]}; specify take_over: true to adopt it"
    if owner and owner != setup:
        if setup:
            return f"belongs to the setup {owner!r}, not {setup!r}; specify take_over: true to adopt it"
        return f"belongs to the setup {owner!r}; specify setup: {owner} if this is part of it, or take_over: true"
    if removes and setup and not owner:
        return (
            f"does not belong to the setup {setup!r}, which deletes only resources with its tag {SETUP_TAG};"
            " specify take_over: true to delete it anyway"
        )
    return None
