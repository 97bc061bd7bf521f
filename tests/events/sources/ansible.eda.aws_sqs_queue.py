# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the event source ansible.eda.aws_sqs_queue, which is on Galaxy alone.

It takes the same arguments and hands on the same events. Where that one waits for more, this one ends after
EVENTS_IDLE_SECONDS without a message, so that a test ends too.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import boto3

_ARGUMENTS = {
    "access_key": "aws_access_key_id",
    "secret_key": "aws_secret_access_key",
    "session_token": "aws_session_token",
    "endpoint_url": "endpoint_url",
    "region": "region_name",
}


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Put each message of the queue into the queue of the rulebook, as its body and its ID."""
    unknown = set(args) - {*_ARGUMENTS, "name", "delay_seconds"}
    if unknown:
        raise ValueError(f"ansible.eda.aws_sqs_queue has no {', '.join(sorted(unknown))}")
    client = boto3.client("sqs", **{_ARGUMENTS[name]: value for name, value in args.items() if name in _ARGUMENTS})
    url = client.get_queue_url(QueueName=str(args["name"]))["QueueUrl"]
    while messages := client.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages"):
        for message in messages:
            try:
                body = json.loads(message["Body"])
            except json.JSONDecodeError:
                body = message["Body"]
            await queue.put({"body": body, "meta": {"MessageId": message["MessageId"]}})
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    await asyncio.sleep(float(os.environ["EVENTS_IDLE_SECONDS"]))
