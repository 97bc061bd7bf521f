# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a failed call certainly had no effect: the service refused it, or it was never sent.

Otherwise the response is lost: the connection broke, a proxy responded instead of the service, or the response is not
valid. The service might have done what was requested.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule reports the missing library
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

# Refusals that any operation can return, from the common errors in the API references of AWS and from observed
# responses. RequestTimeoutException and RequestAbortedException are not included: the request might have been done.
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
    """Whether an error response is from the service itself and reports a client error.

    Such a response has a 4xx status, a request ID, and a code that the service defines. A proxy returns HTML, nothing,
    or its own JSON, for which botocore uses the status as the code.
    """
    if error.operation_name != operation_model.name:
        # A call for credentials failed (AssumeRole), so nothing was signed and sent.
        return True
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    is_of_caller = 400 <= metadata.get("HTTPStatusCode", 0) < 500
    return is_of_caller and bool(metadata.get("RequestId")) and _is_code(operation_model, str(_code(error)))


def was_unsent(error: BotoCoreError) -> bool:
    """Whether the call was never sent, because of its parameters, no connection, or no credentials to sign it."""
    unconnected = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
    unsigned = (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError, SSOError)
    return isinstance(error, (ParamValidationError, *unconnected, *unsigned))


def _code(error: ClientError) -> Any:
    return error.response.get("Error", {}).get("Code")


def _is_code(operation_model: Any, code: str) -> bool:
    """Whether the service defines the code. The S3 model lists few, so any counts that is not a status or a timeout."""
    if operation_model.service_model.service_name == "s3":
        return not code.isdigit() and code != "RequestTimeout"
    return code in _COMMON | _modelled(operation_model)


def _modelled(operation_model: Any) -> frozenset[str]:
    """The codes of the operation's own errors, without internal errors of the service."""
    codes = (str(shape.error_code) for shape in operation_model.error_shapes)
    return frozenset(code for code in codes if not code.startswith("Internal"))
