# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes all calls to AWS. Requests and responses are plain values, and all errors are ApiError.

botocore retries calls (mode C(adaptive)): a create call keeps its token, and throttling slows the run down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict

from .answers import not_understood, understand_id, understood
from .errors import ApiError
from .moments import read_dates
from .refusals import is_refusal, was_unsent

with suppress(ImportError):  # AnsibleAWSModule reports the missing library
    from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable

Answer = dict[str, Any]
Entry = TypeVar("Entry")
# A call that stores its own result and can return further calls that depend on it.
Job = Callable[[], "Iterable[Job]"]

# The error codes for a resource that does not exist. They differ by operation.
GONE = frozenset({"DoesNotExistException", "InvalidResourceId"})
_NO_REGION = (
    "No Region is set: specify region, or aws_region for a playbook of this collection, or set AWS_REGION or a region"
    " in the AWS profile"
)
# The largest page that all listings support. It requires fewer calls than the default of 50.
_PAGE = 100
# A page can be empty although others follow. A listing with more such pages or repeated ones in a row never ends.
_MOST_STALE = 100
# More pages than any listing has: half a million entries with 50 on each page.
_MOST_PAGES = 10_000


class Api:
    """A client for one account and Region.

    is_lenient: parts of a response of the wrong type count as absent. Only for readers that base no decision on them.
    """

    def __init__(self, client: Any, is_lenient: bool = False) -> None:
        self._client = client
        self._is_lenient = is_lenient
        self._model = client.meta.service_model
        self._methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}

    def input_shape(self, operation: str) -> Any:
        """The botocore shape of an operation's input, with the limits of its members."""
        return self._model.operation_model(operation).input_shape

    def input_members(self, operation: str) -> frozenset[str]:
        """The members of an operation's input."""
        return frozenset(self.input_shape(operation).members)

    def call(self, operation: str, **request: Any) -> Answer:
        """Make an API call. Raises ApiError."""
        method = getattr(self._client, self._methods[operation])
        try:
            answer: Answer = method(**request)
        except ClientError as error:
            details = error.response.get("Error", {})
            request_id = error.response.get("ResponseMetadata", {}).get("RequestId")
            code, message = str(details.get("Code", "Unknown")), str(details.get("Message", error))
            refused = is_refusal(self._model.operation_model(operation), error)
            raise ApiError(operation, code, message, request_id, self._model.service_name, refused=refused) from error
        except BotoCoreError as error:
            code, refused = type(error).__name__, was_unsent(error)
            raise ApiError(operation, code, str(error), None, self._model.service_name, refused=refused) from error
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            # The parsers of botocore do not handle a response that does not match the service model.
            raise not_understood(operation, f"{type(error).__name__}: {error}") from error
        answer.pop("ResponseMetadata", None)
        return answer

    def write(self, operation: str, **request: Any) -> Answer:
        """Make an API call that changes something. An unexpectedly empty response is an error: it proves no change."""
        answer = self.call(operation, **request)
        shape = self._output_shape(operation)
        if not answer and shape and shape.members:
            # botocore parses an HTML page or truncated JSON as an empty response.
            raise not_understood(operation, "the response is empty")
        return answer

    def _output_shape(self, operation: str) -> Any:
        return self._model.operation_model(operation).output_shape

    def get(self, operation: str, *members: str, **request: Any) -> Answer:
        """Make an API call whose response must be valid, contain these members, and be about the requested resource."""
        answer = self._understood(operation, self._output_shape(operation), self.call(operation, **request), members)
        understand_id(operation, request, answer)
        return answer

    def _understood(self, operation: str, shape: Any, answer: Any, members: Iterable[str]) -> Answer:
        """The response if it has the required members and matches the service model. Raises ApiError otherwise."""
        known: Answer = understood(operation, shape, answer, members, self._is_lenient)
        return known

    def tags(self, resource_type: str, resource_id: str) -> dict[str, str]:
        """The tags of a resource."""
        answer = self.get("ListTagsForResource", "TagList", ResourceType=resource_type, ResourceId=resource_id)
        tags: dict[str, str] = boto3_tag_list_to_ansible_dict(answer["TagList"])
        return tags

    def pages(self, operation: str, result: str, *members: str, **request: Any) -> Iterator[Answer]:
        """All entries of a listing. Pages are read when needed. A response without the listing is an error.

        members: the required members of each entry. Without any, entries are only validated for a lenient reader.
        request: can contain a different C(MaxResults).
        """
        shape = self._output_shape(operation).members[result].member
        end = _End(operation)
        token: str | None = None
        while True:
            more = {"NextToken": token} if token else {}
            answer = self.call(operation, **{"MaxResults": _PAGE, **request, **more})
            if result not in answer:
                raise not_understood(operation, f"the response contains no {result}")
            token = answer.get("NextToken")
            end.must_come(answer[result], token)
            for entry in answer[result]:
                yield self._understood(operation, shape, entry, members) if members or self._is_lenient else entry
            if not token:
                return


class _End:
    """Ensures that a listing ends, whatever the service returns. Raises ApiError."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._tokens: set[str] = set()
        self._contents: set[int] = set()
        self._stale = 0

    def must_come(self, entries: Any, token: Any) -> None:
        """Record a page and the token of the next one."""
        if not isinstance(token, str | None):
            raise not_understood(self._operation, "NextToken is not a string")
        if token in self._tokens:
            raise not_understood(self._operation, "AWS returned the same page twice")
        if token:
            self._tokens.add(token)
        # The first and last entries identify a page. A hash of all entries would take as long as their validation.
        content = hash(repr((entries[:1], entries[-1:], len(entries)) if isinstance(entries, list) else entries))
        self._stale = self._stale + 1 if not entries or content in self._contents else 0
        self._contents.add(content)
        if token and self._stale > _MOST_STALE:
            text = f"{self._stale} consecutive pages contained nothing new, and the listing does not end"
            raise not_understood(self._operation, text)
        if len(self._tokens) >= _MOST_PAGES:
            raise not_understood(self._operation, f"the listing does not end after {_MOST_PAGES} pages")


def unless_gone(one: Any, read: Callable[[Any], Iterable[Job]]) -> Job:
    """A job that reads a resource, and marks it as C(gone) if it no longer exists."""

    def job() -> Iterable[Job]:
        try:
            return read(one)
        except ApiError as error:
            if error.code not in GONE:
                raise
            one.gone = True
            return ()

    return job


def connect(
    module: Any,
    workers: int,
    service: str = "ssm",
    *,
    is_lenient: bool = False,
    make: Callable[[Any, bool], Api] = Api,
) -> Api:
    """The API for a module, with a connection for each concurrent call. Keys of O(aws_config) take precedence."""
    if not module.region:
        module.fail_json(msg=_NO_REGION)
    retries = {"mode": "adaptive", "total_max_attempts": 10}
    client = module.client(service, config={"max_pool_connections": max(workers, 10), "retries": retries})
    return make(read_dates(client), is_lenient)


@contextmanager
def worker_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """A thread pool that, after an error, cancels the calls that have not started."""
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def run_jobs(jobs: Iterable[Job], workers: int) -> None:
    """Run jobs concurrently, and the jobs that they return. The first failure ends the run and is raised."""
    with worker_pool(workers) as pool:
        start_jobs(pool, jobs).result()


def start_jobs(pool: ThreadPoolExecutor, jobs: Iterable[Job]) -> Future[None]:
    """Start jobs in a pool, and then those that they return. The future ends with the last, or fails with the first."""
    whole: Future[None] = Future()
    lock = Lock()
    left = 1

    def start(named: Iterable[Job]) -> None:
        """Start the jobs that a job has returned. They replace that job in the count."""
        nonlocal left
        ready = [*named]
        with lock:
            left += len(ready) - 1
            is_over = not left
        for job in ready:
            pool.submit(work, job)
        if is_over:
            whole.set_result(None)

    def work(job: Job) -> None:
        try:
            start(job())
        except BaseException as error:
            with lock:
                if not whole.done():
                    whole.set_exception(error)

    start(jobs)
    return whole


def page_job(entries: Iterator[Entry], size: int, take: Callable[[list[Entry]], Iterable[Job]]) -> Job:
    """A job that processes one page of a listing and returns itself for the next, so that listings take turns."""

    def job() -> Iterable[Job]:
        page = [*islice(entries, size)]
        return [*take(page), job] if page else ()

    return job
