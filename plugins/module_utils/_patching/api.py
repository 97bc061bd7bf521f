# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every call to Systems Manager passes here: plain values in, plain values out, one family of errors.

Retries are botocore's (mode C(adaptive)): a create keeps its token through them, and throttling slows the run down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .errors import ApiError

with suppress(ImportError):  # AnsibleAWSModule tells what is missing
    from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable

Answer = dict[str, Any]
# A read that stores its own result and may name further reads that became possible by it.
Job = Callable[[], "Iterable[Job]"]

# The codes by which the service says that there is no such resource; which of them depends on the operation.
GONE = frozenset({"DoesNotExistException", "InvalidResourceId"})
# The largest page each listing takes; fewer calls than the default of 50.
_PAGE = 100


class Api:
    """One client of one account and region."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._model = client.meta.service_model
        self._methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}

    def input_shape(self, operation: str) -> Any:
        """The botocore shape of an operation's input, with the limits of its members."""
        return self._model.operation_model(operation).input_shape

    def input_members(self, operation: str) -> frozenset[str]:
        """The members that an operation takes."""
        return frozenset(self.input_shape(operation).members)

    def call(self, operation: str, **request: Any) -> Answer:
        """One API call; raises ApiError."""
        try:
            answer: Answer = getattr(self._client, self._methods[operation])(**request)
        except ClientError as error:
            details = error.response.get("Error", {})
            request_id = error.response.get("ResponseMetadata", {}).get("RequestId")
            code, message = str(details.get("Code", "Unknown")), str(details.get("Message", error))
            raise ApiError(operation, code, message, request_id) from error
        except BotoCoreError as error:
            raise ApiError(operation, type(error).__name__, str(error)) from error
        answer.pop("ResponseMetadata", None)
        return answer

    def get(self, operation: str, result: str, **request: Any) -> Answer:
        """One API call whose answer must hold a member; without it the answer is not understood, and is an error."""
        answer = self.call(operation, **request)
        if not answer.get(result) and answer.get(result) != []:
            raise ApiError(operation, "UnexpectedAnswer", f"the answer holds no {result}")
        return answer

    def pages(self, operation: str, result: str, **request: Any) -> Iterator[Answer]:
        """All entries of a listing, page by page as they are taken; an answer without the listing is an error.

        request may hold another C(MaxResults).
        """
        seen: set[str] = set()
        token: str | None = None
        while True:
            more = {"NextToken": token} if token else {}
            answer = self.call(operation, **{"MaxResults": _PAGE, **request, **more})
            if result not in answer:
                raise ApiError(operation, "UnexpectedAnswer", f"the answer holds no {result}")
            yield from answer[result]
            token = answer.get("NextToken")
            if not token:
                return
            if token in seen:
                raise ApiError(operation, "UnexpectedAnswer", "the same page came twice")
            seen.add(token)


def connect(module: Any, workers: int) -> Api:
    """The API for a module, with as many connections as there are calls at a time; O(aws_config) wins key by key."""
    retries = {"mode": "adaptive", "total_max_attempts": 10}
    return Api(module.client("ssm", config={"max_pool_connections": max(workers, 10), "retries": retries}))


def run_jobs(jobs: Iterable[Job], workers: int) -> None:
    """Run reads concurrently, and the reads that they name; the first failure ends it and is raised."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        running: set[Future[Iterable[Job]]] = {pool.submit(job) for job in jobs}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    running |= {pool.submit(job) for job in future.result()}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
