# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paging of all listings."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from ssmsim import model
from ssmsim.distortions import AGAIN
from ssmsim.errors import ServiceError, invalid_next_token, validation
from ssmsim.store import Region

_UNBOUND = frozenset({"NextToken", "MaxResults"})


def page(
    region: Region,
    operation: str,
    request: dict[str, Any],
    items: Iterable[Any],
    result_key: str,
    default: int = 50,
    holds: Callable[[Any], bool] | None = None,
) -> dict[str, Any]:
    """One page of ``items``, which can be endless: ``{result_key: [...], "NextToken": ...}``.

    With ``holds``, only items for which it is true are listed. A token contains the place among all items, so that
    each item is tested only once in a listing.

    A token belongs to its request. Any other token causes InvalidNextToken if the operation has this error, or else
    ValidationException. The last page has an empty token in the strict profile, and none in the lenient one.
    """
    binding = _binding(region, operation, request)
    token = str(request.get("NextToken") or "")
    while token.startswith(AGAIN):
        token = token.removeprefix(AGAIN)
    offset = _offset(token, binding, operation) if token else 0
    size = request.get("MaxResults") or default
    rest = ((place, item) for place, item in enumerate(islice(items, offset, None), offset) if not holds or holds(item))
    answer: dict[str, Any] = {result_key: [item for _, item in islice(rest, size)]}
    following = next(rest, None)
    if following is not None:
        answer["NextToken"] = _token(binding, following[0])
    elif region.strict:
        answer["NextToken"] = ""
    return answer


def _binding(region: Region, operation: str, request: dict[str, Any]) -> str:
    bound = {key: value for key, value in request.items() if key not in _UNBOUND}
    text = json.dumps([region.account, region.region, operation, bound], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _token(binding: str, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{binding}:{offset}".encode()).decode()


def _offset(token: str, binding: str, operation: str) -> int:
    try:
        bound, _, offset = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if bound == binding:
            return int(offset)
    except (binascii.Error, ValueError):
        pass
    raise _bad_token(operation)


def _bad_token(operation: str) -> ServiceError:
    message = "The specified token is not valid."
    return invalid_next_token(message) if "InvalidNextToken" in model.errors(operation) else validation(message)
