# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that modules report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .text import itemized, printable

_HINTS = {
    "AccessDeniedException": "Allow the action {action} in the IAM policy of these credentials.",
    "UnauthorizedOperation": "Allow the action {action} in the IAM policy of these credentials.",
    "UnrecognizedClientException": "AWS does not know the access key: check the credentials and the Region.",
    "InvalidSignatureException": "The secret key does not match the access key, or the clock of this machine is wrong: "
    "check both.",
    "RequestExpired": "Check the clock of this machine.",
    "ExpiredTokenException": "The session has expired: get new credentials and run again. Completed changes are kept.",
    "ThrottlingException": "AWS throttled the requests even after retries: lower concurrency, or run again later.",
    "ResourceLimitExceededException": "A quota of this account and Region is reached: delete resources that you do"
    " not need, or request a quota increase in Service Quotas.",
    "FeatureNotAvailableException": "This account or Region does not offer the feature.",
    "InvalidParameters": "AWS does not name the parameter. Compare your parameters with those of the document"
    ", their allowed values and their patterns.",
    "InvalidCommandId": "Check the ID, the account and the Region. AWS keeps the history for 30 days.",
    "IdempotentParameterMismatch": "Another run is creating the same resource with other values: run again.",
    "NoCredentialsError": "Specify credentials: a profile, access_key and secret_key, the environment or an"
    " instance role.",
    "EndpointConnectionError": "The endpoint cannot be reached: check region, endpoint_url and the network.",
}

# Hints by a pattern in the message, for error codes that have several causes.
_SPOKEN_HINTS = {
    r"atchFilters'? failed to satisfy": "This applies to the filters of a rule in approval_rules, or to"
    " global_filters. Specify fewer filters, for example by omitting a key that has only '*'.",
    r"Invalid Filter Value": "This is a value in the filters of approval_rules or in global_filters.",
    r"schedule at DateTime": "The schedule at(...) is in the past, or does not have the form at(yyyy-MM-ddTHH:mm:ss).",
}
_SILENT = "AWS returned no reason"

# The note for a write that the service neither confirmed nor refused.
LOST_ANSWER = "AWS did not respond, so it is unknown whether this was done; run again to check"


class PatchingError(Exception):
    """An error with a message for the user. Text from an account is escaped, so that it cannot control a terminal."""

    def __init__(self, text: str, items: Sequence[str] = ()) -> None:
        super().__init__(itemized(text, items) if items else printable(text))


class InvalidDeclarationError(PatchingError):
    """The declaration is not valid. Contains all violations, which are found before anything is written."""

    def __init__(self, violations: list[str]) -> None:
        self.violations = violations
        head = (
            "The declaration is not valid" if len(violations) == 1 else f"{len(violations)} errors in the declaration"
        )
        super().__init__(f"{head}; nothing was written", violations)


class ApiError(PatchingError):
    """A call that failed after all retries.

    code: the service's error code, or the name of botocore's exception if there was no response. refused: whether the
    call certainly had no effect. Otherwise the response is lost, and a write might have been done.
    """

    def __init__(
        self,
        operation: str,
        code: str,
        message: str,
        request_id: str | None = None,
        service: str = "ssm",
        *,
        refused: bool = False,
    ) -> None:
        self.operation, self.code, self.message, self.request_id = operation, code, message, request_id
        self.refused = refused
        self.action = f"{service}:{operation}"
        super().__init__(self.text())

    def text(self) -> str:
        """The action, message, code and request ID, and hints for the user."""
        request = f", request ID {self.request_id}" if self.request_id else ""
        # A call can require further actions, such as iam:PassRole. The service's message names the missing one.
        named = re.search(r"to perform: ([a-z0-9-]+:\w+)", self.message)
        hints = [_HINTS.get(self.code, "").format(action=named[1] if named else self.action)]
        hints += [hint for pattern, hint in _SPOKEN_HINTS.items() if re.search(pattern, self.message)]
        hint = " ".join(filter(None, hints))
        return f"{self.action} failed: {self.message or _SILENT} ({self.code}{request}). {hint}".rstrip()


def error_facts(error: PatchingError) -> dict[str, Any]:
    """What a module returns in addition to the message: the code and request ID of an API error."""
    return {"error": {"code": error.code, "request_id": error.request_id}} if isinstance(error, ApiError) else {}
