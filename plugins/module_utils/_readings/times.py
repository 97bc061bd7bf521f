# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments as the readings hold them."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(text: str | None) -> datetime | None:
    """The instant of an ISO-8601 text, in UTC where it names no zone; None if it is none."""
    try:
        moment = datetime.fromisoformat(text) if text else None
        moment = moment.replace(tzinfo=UTC) if moment and not moment.tzinfo else moment
        return moment if moment is None or moment.astimezone(UTC) else None
    except (ValueError, OverflowError):
        return None


def utc_text(text: str) -> str | None:
    """The same instant in the form by which readings are compared; None if it is none."""
    moment = instant(text)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None
