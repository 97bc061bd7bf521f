# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates of answers, in UTC. The service fills in dates for what never happened, and they must not end a read.

For patches whose installation Windows did not record, AWS answers the first second of the year 1, which botocore
cannot convert to the local time of a zone west of Greenwich: https://github.com/boto/boto3/issues/3642
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule reports the missing library
    from botocore.utils import parse_timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_dates(client: Any) -> Any:
    """The client, which from now on reads dates by moment_of."""
    # A client that is made already has no public way to its parsers; the factory makes one for each answer.
    client._endpoint._response_parser_factory.set_parser_defaults(timestamp_parser=moment_of)
    return client


def moment_of(value: Any) -> datetime | None:
    """The date of an answer, in seconds of the epoch or as text; None where it is none, or of 1970 or before."""
    moment: datetime | None
    try:
        moment = _EPOCH + timedelta(seconds=float(value))
    except OverflowError:
        return None
    except (TypeError, ValueError):
        moment = _parsed(value)
    return moment if moment is not None and moment.year > _EPOCH.year else None


def _parsed(text: Any) -> datetime | None:
    try:
        moment: datetime = parse_timestamp(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError):
        return None
