# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates in responses, in UTC. The service returns dates for events that never happened. They must not end a read.

For patches whose installation Windows did not record, AWS returns the first second of the year 1, which botocore
cannot convert to the local time of a time zone west of Greenwich: https://github.com/boto/boto3/issues/3642
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule reports the missing library
    from botocore.utils import parse_timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_dates(client: Any) -> Any:
    """Make a client parse dates with moment_of, and return the client."""
    # An existing client has no public access to its parsers. The factory creates one for each response.
    client._endpoint._response_parser_factory.set_parser_defaults(timestamp_parser=moment_of)
    return client


def moment_of(value: Any) -> datetime | None:
    """The date in a response, from epoch seconds or text. None if it is invalid, or in 1970 or earlier."""
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
