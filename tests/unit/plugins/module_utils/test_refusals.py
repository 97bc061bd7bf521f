# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which error responses prove that AWS did nothing."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.refusals import is_refusal
from botocore.exceptions import ClientError

CREATE, BUCKET = ("ssm", "CreateMaintenanceWindow"), ("s3", "CreateBucket")


@cache
def _model(service: str, operation: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation)


def _error(operation: str, code: str, status: int = 400, request_id: str = "1-2-3") -> ClientError:
    metadata = {"HTTPStatusCode": status, "RequestId": request_id}
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, operation)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("called", "code"),
    [
        (CREATE, "ResourceLimitExceededException"),
        (CREATE, "IdempotentParameterMismatch"),
        (CREATE, "AccessDeniedException"),
        (CREATE, "ThrottlingException"),
        (BUCKET, "BucketAlreadyExists"),
        (BUCKET, "AccessDenied"),
        (BUCKET, "TooManyBuckets"),
    ],
)
def test_an_error_of_the_service_is_a_refusal(called: tuple[str, str], code: str) -> None:
    assert is_refusal(_model(*called), _error(called[1], code))


@pytest.mark.parametrize(
    ("called", "error"),
    [
        (CREATE, _error(CREATE[1], "InternalServerError", 500)),
        (CREATE, _error(CREATE[1], "InternalServerError")),
        (CREATE, _error(CREATE[1], "ResourceLimitExceededException", 503)),
        (CREATE, _error(CREATE[1], "ResourceLimitExceededException", 399)),
        (CREATE, _error(CREATE[1], "ResourceLimitExceededException", request_id="")),
        (CREATE, _error(CREATE[1], "403", 403)),
        (CREATE, _error(CREATE[1], "ProxyAuthenticationRequired", 407)),
        (BUCKET, _error(BUCKET[1], "403", 403)),
        (BUCKET, _error(BUCKET[1], "RequestTimeout")),
        (BUCKET, _error(BUCKET[1], "SlowDown", 503)),
    ],
)
def test_any_other_error_leaves_open_what_was_done(called: tuple[str, str], error: ClientError) -> None:
    assert not is_refusal(_model(*called), error)


def test_without_credentials_nothing_was_sent() -> None:
    assert is_refusal(_model(*CREATE), _error("AssumeRole", "InternalFailure", 500))
