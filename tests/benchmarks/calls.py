# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make recorded API calls of any service with plain boto3, one at a time.

usage: calls.py RECORDING

RECORDING: JSON, a list of {"service", "operation", "request", "fails"}.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

client = cache(boto3.client)


def make(call: dict[str, Any]) -> None:
    """Make one call; raises where it ends in another way than it was recorded."""
    service = client(call["service"])
    names = {operation: name for name, operation in service.meta.method_to_api_mapping.items()}
    try:
        getattr(service, names[call["operation"]])(**call["request"])
    except ClientError:
        if not call["fails"]:
            raise
    else:
        if call["fails"]:
            raise RuntimeError(f"{call['operation']} did not fail")


if __name__ == "__main__":
    for one in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        make(one)
