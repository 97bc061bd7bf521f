# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a call that failed certainly had no effect: the service refused it, or it never left.

Everything else is a lost answer: the connection broke, a proxy answered in the place of the service, or the answer is
not understood. The service may have done what was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule tells what is missing
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectTimeoutError,
        CredentialRetrievalError,
        EndpointConnectionError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
        ProxyConnectionError,
        SSOError,
    )

# Refusals that every operation may give, by the list of common errors in the API references of AWS and what the
# service was seen to answer. RequestTimeoutException and RequestAbortedException leave open what was done.
_COMMON = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation", "OptInRequired"),
        *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"),
        *("IncompleteSignature", "IncompleteSignatureException", "InvalidSignatureException", "SignatureDoesNotMatch"),
        *("MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired"),
        *("MalformedHttpRequestException", "RequestEntityTooLargeException", "SerializationException"),
        *("SubscriptionRequiredException", "UnknownOperationException", "ValidationError", "ValidationException"),
        *("Throttling", "ThrottlingException", "TooManyRequestsException"),
    }
)


def is_refusal(operation_model: Any, error: ClientError) -> bool:
    """Whether an error answer is the service's own document of an error of the caller.

    Its parts are the status, the id of the request, and a code that the service has. A proxy sends HTML, nothing, or
    JSON of its own, where botocore takes the status for the code.
    """
    if error.operation_name != operation_model.name:
        # Credentials could not be had (AssumeRole), so nothing was signed and sent.
        return True
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    is_of_caller = 400 <= metadata.get("HTTPStatusCode", 0) < 500
    return is_of_caller and bool(metadata.get("RequestId")) and _is_code(operation_model, str(_code(error)))


def was_unsent(error: BotoCoreError) -> bool:
    """Whether the call never left, because there was no connection, or nothing to sign it with."""
    unconnected = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
    unsigned = (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError, SSOError)
    return isinstance(error, (ParamValidationError, *unconnected, *unsigned))


def _code(error: ClientError) -> Any:
    return error.response.get("Error", {}).get("Code")


def _is_code(operation_model: Any, code: str) -> bool:
    """Whether the service has the code. The model of S3 names hardly any, so that one that is no status will do."""
    if operation_model.service_model.service_name == "s3":
        return not code.isdigit() and code != "RequestTimeout"
    return code in _COMMON | _modelled(operation_model)


def _modelled(operation_model: Any) -> frozenset[str]:
    """The codes of the operation's own errors, less those that are no errors of the caller."""
    codes = (str(shape.error_code) for shape in operation_model.error_shapes)
    return frozenset(code for code in codes if not code.startswith("Internal"))
