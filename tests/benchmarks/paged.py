# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read recorded listings with plain boto3, page by page, as many at a time as there are threads; keep nothing.

usage: paged.py LISTINGS THREADS

LISTINGS: JSON, a list of {"operation", "request", "pages"}. A listing waits for no other, the longest come first, and
each page for the one before it.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config


def read(listings: list[dict[str, Any]], threads: int) -> None:
    """Read all pages; raises the error of a call that fails, or where a listing has another length."""
    config = Config(max_pool_connections=max(threads, 10), retries={"mode": "standard", "total_max_attempts": 10})
    client = boto3.client("ssm", config=config)
    methods = {operation: getattr(client, name) for name, operation in client.meta.method_to_api_mapping.items()}

    def follow(listing: dict[str, Any]) -> None:
        token: dict[str, str] = {}
        for number in range(listing["pages"]):
            if number and not token:
                raise RuntimeError(f"{listing['operation']} ended after {number} pages")
            answer = methods[listing["operation"]](**listing["request"], **token)
            token = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(follow, sorted(listings, key=lambda one: -one["pages"])):
            pass


if __name__ == "__main__":
    read(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), int(sys.argv[2]))
