# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service models, mainly that of SSM, read directly from botocore's data files.

Importing botocore would take longer than the whole start of the simulator, and reading its model does not.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Shape = dict[str, Any]

# Constraints that the service was observed to enforce, but that its published model does not contain.
_UNPUBLISHED = {"ssm": {"MaintenanceWindowStringDateTime": {"min": 1}}}


@cache
def service(name: str = "ssm") -> dict[str, Any]:
    """The parsed ``service-2.json`` of a service. Raises RuntimeError if botocore is not installed."""
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        raise RuntimeError("the simulator needs botocore for its service model")
    folder = max((Path(spec.origin).parent / "data" / name).iterdir())
    packed = folder / "service-2.json.gz"
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / "service-2.json").read_bytes()
    model: dict[str, Any] = json.loads(text)
    for shape_name, constraints in _UNPUBLISHED.get(name, {}).items():
        model["shapes"][shape_name] |= constraints
    return model


def shape(name: str) -> Shape:
    """The shape ``name``."""
    found: Shape = service()["shapes"][name]
    return found


def operations() -> dict[str, Any]:
    """All operations of the service by name."""
    found: dict[str, Any] = service()["operations"]
    return found


def input_shape(operation: str) -> str | None:
    """The name of the shape of an operation's request."""
    name: str | None = operations()[operation].get("input", {}).get("shape")
    return name


def output_shape(operation: str) -> str | None:
    """The name of the shape of an operation's response."""
    name: str | None = operations()[operation].get("output", {}).get("shape")
    return name


def errors(operation: str) -> set[str]:
    """The names of the errors that the model declares for an operation."""
    return {entry["shape"] for entry in operations()[operation].get("errors", [])}
