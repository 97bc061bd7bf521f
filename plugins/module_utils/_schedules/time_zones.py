# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time zones by IANA name, from the database of the system or of tzdata, otherwise from the one in dateutil."""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tarfile import TarFile

# Files of a database whose names are not names of zones.
_NO_NAMES = ("posix/", "right/", "posixrules", "localtime", "Factory", "METADATA")


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo | None:
    """The zone with the case-sensitive name. None if this host has no such zone or no database."""
    if name == "UTC":
        return UTC
    if name.startswith(_NO_NAMES):
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        pass
    archive = _bundled()
    try:
        data = archive.extractfile(name) if archive else None
        return ZoneInfo.from_file(data, key=name) if data else None
    except (LookupError, ValueError):
        return None


def similar_names(name: str) -> list[str] | None:
    """At most three names that are similar to `name`, in full or by city. None if there is no database."""
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    archive = _bundled()
    bundled = {member.name for member in archive if not member.isdir()} if archive else set()
    names = sorted(known for known in available_timezones() | bundled if not known.startswith(_NO_NAMES))
    forms = {form.casefold(): known for known in names for form in (known.rpartition("/")[2], known)}
    near = get_close_matches(name.casefold(), forms, cutoff=0.8)
    return list(dict.fromkeys(forms[form] for form in near)) if names else None


@lru_cache(maxsize=1)
def _bundled() -> TarFile | None:
    import tarfile

    try:
        from dateutil.zoneinfo import getzoneinfofile_stream
    except ImportError:
        return None
    stream = getzoneinfofile_stream()
    return tarfile.open(fileobj=stream) if stream else None
