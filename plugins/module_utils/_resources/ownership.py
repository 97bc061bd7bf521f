# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags that record who owns a resource."""

from __future__ import annotations

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
