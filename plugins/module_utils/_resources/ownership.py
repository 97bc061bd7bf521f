# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags that record who owns a resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SETUP_TAG = "patchfleet:setup"
# The end of the name of a target or task that is being replaced.
REPLACED = ".replaced"
# Marks a resource that a setup uses but did not create, so that removal takes back only what was added to it.
TAKEN_OVER_TAG = "patchfleet:taken-over"
STACK_TAG = "aws:cloudformation:stack-id"
OWNER_TAGS = (SETUP_TAG, STACK_TAG)
RESERVED_TAGS = ("aws:", "patchfleet:")


def is_reserved(tag_key: str) -> bool:
    """Whether a tag belongs to AWS or to the collection, and not to the user."""
    return tag_key.lower().startswith(RESERVED_TAGS)


def given_tags(tags: Mapping[str, Any] | None) -> dict[str, str] | None:
    """The tags of an option as texts; one with the value null counts as not given, as every option does."""
    return None if tags is None else {str(key): str(value) for key, value in tags.items() if value is not None}
