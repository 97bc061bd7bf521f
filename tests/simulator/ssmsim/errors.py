# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error responses of the service."""

from __future__ import annotations


class ServiceError(Exception):
    """An error response with its code (``__type``), its message and its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def validation(message: str) -> ServiceError:
    """A violation of the model or of a rule between members."""
    return ServiceError("ValidationException", message)


def does_not_exist(message: str) -> ServiceError:
    """An ID that does not exist."""
    return ServiceError("DoesNotExistException", message)


def already_exists(message: str) -> ServiceError:
    """A registration that already exists."""
    return ServiceError("AlreadyExistsException", message)


def limit_exceeded(message: str) -> ServiceError:
    """A quota of the account or of a resource."""
    return ServiceError("ResourceLimitExceededException", message)


def idempotent_mismatch(message: str) -> ServiceError:
    """A ClientToken that was used with another request."""
    return ServiceError("IdempotentParameterMismatch", message)


def resource_in_use(message: str) -> ServiceError:
    """A baseline that is still registered somewhere."""
    return ServiceError("ResourceInUseException", message)


def target_in_use(message: str) -> ServiceError:
    """A window target that a task still names, deregistered with ``Safe``."""
    return ServiceError("TargetInUseException", message)


def invalid_next_token(message: str) -> ServiceError:
    """A page token that does not belong to the request."""
    return ServiceError("InvalidNextToken", message)


def invalid_resource_id(message: str) -> ServiceError:
    """An ID whose format is invalid for the resource type."""
    return ServiceError("InvalidResourceId", message)


def invalid_filter(message: str) -> ServiceError:
    """A filter with an invalid key, value or operator."""
    return ServiceError("InvalidFilter", message)


def invalid_instance_id(instance_id: str) -> ServiceError:
    """An ID that is not the ID of a managed node."""
    return ServiceError("InvalidInstanceId", f"The instance ID {instance_id} is not valid or is not a managed node.")


def not_implemented(operation: str) -> ServiceError:
    """An operation of the service that the simulator does not implement."""
    return ServiceError("NotImplemented", f"The simulator does not implement {operation}", 501)
