# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts the times in readings."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(text: str | None) -> datetime | None:
    """The time of an ISO-8601 string, in UTC if it has no time zone. None if the string is invalid."""
    try:
        moment = datetime.fromisoformat(text) if text else None
        moment = moment.replace(tzinfo=UTC) if moment and not moment.tzinfo else moment
        return moment if moment is None or moment.astimezone(UTC) else None
    except (ValueError, OverflowError):
        return None


def utc_text(text: str) -> str | None:
    """The same time in UTC, in the format for comparing readings. None if the string is invalid."""
    moment = instant(text)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None
