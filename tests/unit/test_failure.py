from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_postpress import exceptions
from airflow_provider_postpress.api.error_types import ERROR_TYPES, Treatment
from airflow_provider_postpress.api.errors import (
    PostpressAPIError,
    PostpressError,
    PostpressInvalidRequest,
    PostpressProtocolError,
    PostpressTransportError,
    PostpressUnreadableAnswer,
)
from airflow_provider_postpress.exceptions import task_exception
from airflow_provider_postpress.resync.failure import (
    RECONNECT_TYPES,
    Failure,
    FailureKind,
    failure_of,
    is_lost,
    may_have_been_answered,
)

NEVER_ARRIVED = PostpressTransportError(route="GET /", problem="connection refused", may_have_arrived=False)
LOST = PostpressTransportError(route="GET /", problem="read timeout", may_have_arrived=True)
UNREADABLE = PostpressUnreadableAnswer(route="GET /", status=200, problem="its body is empty")
REFUSED = PostpressInvalidRequest("chunk_size=0 is not allowed.")
ODD = PostpressProtocolError("that is no account")


def answered(status: int, error_type: str | None = None) -> PostpressAPIError:
    return PostpressAPIError(route="GET /", status=status, type=error_type)


@pytest.mark.parametrize(
    "error",
    [
        NEVER_ARRIVED,
        LOST,
        UNREADABLE,
        answered(408),
        answered(429),
        answered(429, "errors/limit_exceeded_by_us"),
        answered(500),
        answered(502),
        answered(503, "errors/no_handler"),
        answered(504, "errors/request_timeout"),
    ],
    ids=str,
)
def test_what_passes_with_time_is_lost(error: PostpressError) -> None:
    assert is_lost(error)


@pytest.mark.parametrize(
    "error",
    [
        REFUSED,
        ODD,
        answered(307),
        answered(400),
        answered(401),
        answered(404),
        answered(422),
        answered(501),
        answered(500, "errors/authentication_intent_error"),
        answered(503, "errors/expired_credentials"),
    ],
    ids=str,
)
def test_what_waiting_cannot_mend_is_not_lost(error: PostpressError) -> None:
    assert not is_lost(error)


@pytest.mark.parametrize("error_type", ERROR_TYPES)
def test_a_documented_error_is_lost_by_its_type_whatever_its_status(error_type: str) -> None:
    assert {is_lost(answered(status, error_type)) for status in (400, 500)} == {
        ERROR_TYPES[error_type].treatment.passes
    }


@pytest.mark.parametrize(
    "error",
    [
        LOST,
        UNREADABLE,
        answered(408),
        answered(502),
        answered(504),
        answered(504, "errors/request_timeout"),
        answered(500, "errors/unexpected_error"),
        answered(503, "errors/no_channel"),
    ],
    ids=str,
)
def test_a_status_may_be_gone_with_an_answer_that_was_lost_on_its_way(error: PostpressError) -> None:
    assert may_have_been_answered(error)


@pytest.mark.parametrize("error", [NEVER_ARRIVED, answered(429)], ids=str)
def test_no_status_is_gone_where_postpress_did_not_handle_the_request(error: PostpressError) -> None:
    assert not may_have_been_answered(error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (REFUSED, FailureKind.REQUEST_REFUSED),
        (ODD, FailureKind.UNEXPECTED_ANSWER),
        (LOST, FailureKind.UNAVAILABLE),
        (UNREADABLE, FailureKind.UNAVAILABLE),
        (answered(503), FailureKind.UNAVAILABLE),
        (answered(404, "errors/resource_not_found"), FailureKind.REQUEST_REFUSED),
        (answered(401, "errors/missing_credentials"), FailureKind.REQUEST_REFUSED),
        (answered(403), FailureKind.REQUEST_REFUSED),
        (answered(307), FailureKind.REQUEST_REFUSED),
        (answered(501), FailureKind.UNSUPPORTED),
        (answered(400, "errors/feature_not_implemented"), FailureKind.UNSUPPORTED),
    ],
    ids=str,
)
def test_an_error_that_ends_a_sync_has_one_kind_and_its_own_words(error: PostpressError, kind: FailureKind) -> None:
    assert failure_of(error) == Failure(kind, str(error))


@pytest.mark.parametrize("error_type", sorted(RECONNECT_TYPES))
def test_an_account_that_lost_its_login_must_be_reconnected(error_type: str) -> None:
    assert failure_of(answered(401, error_type)).kind is FailureKind.RECONNECT_REQUIRED


def test_only_documented_types_that_need_a_person_ask_to_reconnect() -> None:
    assert {ERROR_TYPES[error_type].treatment for error_type in RECONNECT_TYPES} == {Treatment.NEEDS_HUMAN}


RETRIED = {
    FailureKind.ACCOUNT_NOT_READY: exceptions.PostpressAccountNotReady,
    FailureKind.ACCOUNT_TIMEOUT: exceptions.PostpressAccountNotReady,
    FailureKind.SYNC_CONFLICT: exceptions.PostpressSyncConflict,
    FailureKind.SYNC_ERROR: exceptions.PostpressSyncError,
    FailureKind.SYNC_TIMEOUT: exceptions.PostpressSyncTimeout,
    FailureKind.UNAVAILABLE: exceptions.PostpressUnavailable,
}
NEVER_RETRIED = {
    FailureKind.CHAT_DELETED: exceptions.PostpressChatDeletedError,
    FailureKind.CHECKPOINT_REQUIRED: exceptions.PostpressCheckpointRequired,
    FailureKind.RECONNECT_REQUIRED: exceptions.PostpressReconnectRequired,
    FailureKind.REQUEST_REFUSED: exceptions.PostpressRequestRefused,
    FailureKind.UNEXPECTED_ANSWER: exceptions.PostpressUnexpectedAnswer,
    FailureKind.UNSUPPORTED: exceptions.PostpressUnsupported,
}


@pytest.mark.parametrize("kind", FailureKind)
def test_each_kind_of_failure_is_one_exception_that_airflow_retries_or_does_not(kind: FailureKind) -> None:
    raised = task_exception(Failure(kind, "what happened"))
    assert type(raised) is {**RETRIED, **NEVER_RETRIED}[kind]
    assert str(raised) == "what happened"
    assert isinstance(raised, AirflowException)
    assert isinstance(raised, AirflowFailException) == (kind in NEVER_RETRIED)


def test_an_account_to_reconnect_is_an_account_that_is_not_ready() -> None:
    assert issubclass(exceptions.PostpressReconnectRequired, exceptions.PostpressAccountNotReady)


def test_a_window_that_cannot_be_is_never_retried() -> None:
    assert issubclass(exceptions.PostpressWindowError, AirflowFailException)
