"""How a sync, a look at an account or a login can fail, in a form that travels as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from airflow_provider_postpress.api.error_types import Treatment
from airflow_provider_postpress.api.errors import (
    PostpressAPIError,
    PostpressError,
    PostpressInvalidRequest,
    PostpressProtocolError,
    PostpressTransportError,
    PostpressUnreadableAnswer,
)
from airflow_provider_postpress.api.words import one_line

_MAX_MESSAGE = 4000

RECONNECT_TYPES = frozenset(
    {
        "errors/disconnected_account",
        "errors/disconnected_feature",
        "errors/expired_credentials",
        "errors/invalid_credentials_but_valid_account_imap",
        "errors/multiple_sessions",
    }
)
"""The error types whose remedy is to reconnect the account."""


class FailureKind(StrEnum):
    """Why there is no success. Each has one exception in :mod:`airflow_provider_postpress.exceptions`."""

    ACCOUNT_NOT_READY = "account_not_ready"
    ACCOUNT_TIMEOUT = "account_timeout"
    CHAT_DELETED = "chat_deleted"
    CHECKPOINT_REQUIRED = "checkpoint_required"
    RECONNECT_REQUIRED = "reconnect_required"
    REQUEST_REFUSED = "request_refused"
    SYNC_CONFLICT = "sync_conflict"
    SYNC_ERROR = "sync_error"
    SYNC_TIMEOUT = "sync_timeout"
    UNAVAILABLE = "unavailable"
    UNEXPECTED_ANSWER = "unexpected_answer"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Failure:
    """
    Why there is no success.

    :param kind: what sort of failure it is
    :param message: what happened, to which account or chat, and what to do next; never a secret
    """

    kind: FailureKind
    message: str

    def __post_init__(self) -> None:
        # Postpress's words may be part of it
        object.__setattr__(self, "message", one_line(self.message, longest=_MAX_MESSAGE))


def is_lost(error: PostpressError) -> bool:
    """
    Tell whether a request simply got no usable answer, so that another may be sent.

    :param error: what the request met
    """
    match error:
        case PostpressTransportError() | PostpressUnreadableAnswer():
            return True
        case PostpressAPIError():
            return error.treatment.passes
        case _:
            return False


def may_have_been_answered(error: PostpressError) -> bool:
    """
    Tell whether Postpress may have given its answer to a lost request: a delivered-once status may be gone with it.

    Not so where the request never arrived, and where there were too many of them.

    :param error: what the request met
    """
    match error:
        case PostpressTransportError():
            return error.may_have_arrived
        case PostpressAPIError():
            return error.status != 429
        case _:
            return True


def failure_of(error: PostpressError) -> Failure:
    """
    Tell what an error means for the task, when it is not waited out.

    :param error: what a request met
    """
    return Failure(_kind_of(error), str(error))


def _kind_of(error: PostpressError) -> FailureKind:
    match error:
        case PostpressInvalidRequest():
            return FailureKind.REQUEST_REFUSED
        case PostpressAPIError() if error.treatment.passes:
            return FailureKind.UNAVAILABLE
        case PostpressAPIError(treatment=Treatment.UNSUPPORTED):
            return FailureKind.UNSUPPORTED
        case PostpressAPIError() if error.type in RECONNECT_TYPES:
            return FailureKind.RECONNECT_REQUIRED
        case PostpressAPIError():
            return FailureKind.REQUEST_REFUSED
        case PostpressTransportError() | PostpressUnreadableAnswer():
            return FailureKind.UNAVAILABLE
        case PostpressProtocolError():
            return FailureKind.UNEXPECTED_ANSWER
        case _:
            return FailureKind.UNAVAILABLE
