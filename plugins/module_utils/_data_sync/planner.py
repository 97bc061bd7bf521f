# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the change of a sync. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._aws.errors import InvalidDeclarationError
from .sync import FROM_SOURCE, TO_DESTINATION, Raw, destination_of, differences, request

# The name of the kind in diffs and errors.
KIND = "sync"


@dataclass(frozen=True)
class Plan:
    """The change of a sync. action: C(create), C(recreate), C(delete) or None. before, after: the raw sync or None."""

    action: str | None
    before: Raw | None
    after: Raw | None

    @property
    def fields(self) -> list[str]:
        """The options whose values differ."""
        before, after = _values(self.before), _values(self.after)
        return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))

    def diff(self) -> list[dict[str, Any]]:
        """The difference in the format of Ansible."""
        if not self.action:
            return []
        title = f"{KIND} {(self.before or self.after or {}).get('SyncName')}"
        headers = {"before_header": title, "after_header": title}
        return [{**headers, "before": _values(self.before), "after": _values(self.after)}]


def plan(syncs: Iterable[Raw], params: Mapping[str, Any], region: str) -> Plan:
    """The plan of a run. Raises InvalidDeclarationError if the sync must not or cannot be changed as declared."""
    stored = next((sync for sync in syncs if sync.get("SyncName") == params["name"]), None)
    if stored and stored.get("SyncType") == FROM_SOURCE:
        raise InvalidDeclarationError([f"name: the sync {params['name']!r} belongs to Explorer; choose another name"])
    if params["state"] == "absent":
        return _removal(stored, params)
    if stored is None:
        if params["bucket"] is None:
            raise InvalidDeclarationError([f"bucket: is required to create the sync {params['name']!r}"])
        return Plan("create", None, _made(None, params, region))
    if not (found := differences(stored, params)):
        return Plan(None, stored, stored)
    if not params["recreate"]:
        way = "AWS cannot update a sync to an S3 bucket; specify recreate: true to delete and recreate it"
        raise InvalidDeclarationError([f"{_listed(found, params)}. {way}"])
    return Plan("recreate", stored, _made(stored, params, region))


def _removal(stored: Raw | None, params: Mapping[str, Any]) -> Plan:
    if stored is None:
        return Plan(None, None, None)
    if found := differences(stored, params):
        way = "A sync with another destination is not deleted; specify its destination"
        raise InvalidDeclarationError([f"{_listed(found, params)}. {way}"])
    return Plan("delete", stored, None)


def _made(stored: Raw | None, params: Mapping[str, Any], region: str) -> Raw:
    destination = request(stored, params, region)
    return {"SyncName": params["name"], "SyncType": TO_DESTINATION, "S3Destination": destination}


def _listed(found: Mapping[str, tuple[Any, Any]], params: Mapping[str, Any]) -> str:
    listed = ", ".join(f"{name} is {old!r}, not {new!r}" for name, (old, new) in found.items())
    return f"the sync {params['name']!r} has another destination: {listed}"


def _values(raw: Raw | None) -> dict[str, Any]:
    return {"name": raw["SyncName"], **destination_of(raw)} if raw else {}
