"""What tasks raise: what Airflow may try again, and what it must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_postpress import exceptions
from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.exceptions import (
    PostpressAccountNotReady,
    PostpressChatDeletedError,
    PostpressCheckpointRequired,
    PostpressReconnectRequired,
    PostpressRequestRefused,
    PostpressSyncConflict,
    PostpressSyncError,
    PostpressSyncTimeout,
    PostpressUnavailable,
    PostpressUnexpectedAnswer,
    PostpressUnsupported,
    PostpressWindowError,
    task_exception,
)
from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator
from airflow_provider_postpress.resync.failure import Failure, FailureKind

NEVER_RETRIED = (
    PostpressChatDeletedError,
    PostpressWindowError,
    PostpressReconnectRequired,
    PostpressCheckpointRequired,
    PostpressUnsupported,
    PostpressRequestRefused,
    PostpressUnexpectedAnswer,
)
RETRIED = (
    PostpressSyncError,
    PostpressSyncConflict,
    PostpressSyncTimeout,
    PostpressAccountNotReady,
    PostpressUnavailable,
)
RECONNECT = {
    "errors/disconnected_account",
    "errors/disconnected_feature",
    "errors/expired_credentials",
    "errors/invalid_credentials_but_valid_account_imap",
    "errors/multiple_sessions",
}
BY_RETRY_CLASS = {
    "retry-now": PostpressUnavailable,
    "retry-later-with-backoff": PostpressUnavailable,
    "needs-human": PostpressRequestRefused,
    "unsupported": PostpressUnsupported,
    "never-retry": PostpressRequestRefused,
}
DOCUMENTED = [
    (error["type"], status, PostpressReconnectRequired if error["type"] in RECONNECT else BY_RETRY_CLASS[retry_class])
    for error in json.loads(Path(__file__).parents[1].joinpath("unit", "errors.json").read_text())
    for retry_class in [error["retry_class"]]
    for status in error["statuses"]
]
FAST = {"poll_interval": 0.002, "max_poll_interval": 0.004}

in_both_modes = pytest.mark.parametrize("deferrable", [False, True], ids=["blocking", "deferred"])


def test_every_exception_is_in_the_table_that_people_read():
    public = {
        value
        for name, value in vars(exceptions).items()
        if name.startswith("Postpress") and isinstance(value, type) and issubclass(value, AirflowException)
    }
    assert public == {*NEVER_RETRIED, *RETRIED}


@pytest.mark.parametrize("exception", NEVER_RETRIED, ids=lambda exception: exception.__name__)
def test_what_a_retry_cannot_mend_is_not_retried(exception):
    assert issubclass(exception, AirflowFailException)


@pytest.mark.parametrize("exception", RETRIED, ids=lambda exception: exception.__name__)
def test_what_a_retry_can_mend_is_left_to_the_task(exception):
    assert issubclass(exception, AirflowException)
    assert not issubclass(exception, AirflowFailException)


def test_who_waits_for_an_account_to_be_ready_catches_also_that_it_must_be_reconnected():
    assert issubclass(PostpressReconnectRequired, PostpressAccountNotReady)


@pytest.mark.parametrize("kind", FailureKind)
def test_every_kind_of_failure_has_an_exception_that_says_its_message(kind):
    error = task_exception(Failure(kind, "what happened, and what to do"))

    assert type(error) in (*NEVER_RETRIED, *RETRIED)
    assert str(error) == "what happened, and what to do"


@in_both_modes
@pytest.mark.parametrize(
    ("error_type", "status", "exception"), DOCUMENTED, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_a_documented_error_in_the_middle_of_a_sync_is_raised_by_its_type(
    worker, account, emulator, error_type, status, exception, deferrable
):
    emulator.inject(faults.Error(status=status, error_type=error_type), route="account_sync", skip=1, count=None)

    ended = worker.run(PostpressResyncOperator, account_id=account, deferrable=deferrable, **FAST)

    assert type(ended.error) is exception
    assert ended.state == ("up_for_retry" if exception in RETRIED else "failed")
    assert error_type in str(ended.error)
    assert account in str(ended.error)
    assert len(emulator.requests(route="account_sync")) == (11 if exception is PostpressUnavailable else 2)


@pytest.mark.parametrize(
    ("status", "exception"),
    [
        (400, PostpressRequestRefused),
        (401, PostpressRequestRefused),
        (402, PostpressRequestRefused),
        (403, PostpressRequestRefused),
        (404, PostpressRequestRefused),
        (408, PostpressUnavailable),
        (422, PostpressRequestRefused),
        (429, PostpressUnavailable),
        (500, PostpressUnavailable),
        (501, PostpressUnsupported),
        (503, PostpressUnavailable),
    ],
)
@in_both_modes
def test_an_error_of_a_type_that_nobody_documents_is_raised_by_its_status(
    worker, chat, emulator, status, exception, deferrable
):
    emulator.inject(faults.Error(status=status, error_type="errors/news"), route="chat_sync", skip=1, count=None)

    ended = worker.run(PostpressChatResyncOperator, chat_id=chat, deferrable=deferrable, **FAST)

    assert type(ended.error) is exception
    assert f"{status} errors/news" in str(ended.error)


Arrangement = Callable[[Emulator, str, Callable[..., None]], Any]


def nothing(*_: Any) -> None:
    """Arrange nothing."""


ROWS: list[tuple[type[Exception], type, Arrangement, dict[str, Any]]] = [
    (
        PostpressChatDeletedError,
        PostpressChatResyncOperator,
        lambda emulator, subject, answers: (answers("SYNC_STARTED"), emulator.delete_chat(subject)),
        {},
    ),
    (PostpressWindowError, PostpressResyncOperator, nothing, {"window": ("2999-01-01", "2999-01-02")}),
    (
        PostpressReconnectRequired,
        PostpressResyncOperator,
        lambda emulator, subject, answers: (answers("SYNC_STARTED"), fail_with(emulator, 401, "disconnected_account")),
        {},
    ),
    (
        PostpressUnsupported,
        PostpressChatResyncOperator,
        lambda emulator, subject, answers: emulator.configure(unsupported_chats=["TELEGRAM"]),
        {},
    ),
    (
        PostpressRequestRefused,
        PostpressResyncOperator,
        lambda emulator, subject, answers: (answers("SYNC_STARTED"), fail_with(emulator, 403, "account_restricted")),
        {},
    ),
    (
        PostpressUnexpectedAnswer,
        PostpressResyncOperator,
        lambda emulator, subject, answers: answers("SYNC_STARTED", "SYNC_PAUSED"),
        {},
    ),
    (
        PostpressSyncError,
        PostpressChatResyncOperator,
        lambda emulator, subject, answers: emulator.fail_next_sync(chat_id=subject),
        {},
    ),
    (
        PostpressSyncConflict,
        PostpressChatResyncOperator,
        lambda emulator, subject, answers: answers("SYNC_STARTED", *["SYNC_RUNNING", "SYNC_STARTED"] * 2),
        {},
    ),
    (
        PostpressSyncTimeout,
        PostpressChatResyncOperator,
        lambda emulator, subject, answers: emulator.set_duration(chat_id=subject, duration_ms=60_000),
        {"timeout": 0.15},
    ),
    (
        PostpressAccountNotReady,
        PostpressResyncOperator,
        lambda emulator, subject, answers: emulator.set_source_status(subject, "STOPPED"),
        {},
    ),
    (
        PostpressUnavailable,
        PostpressResyncOperator,
        lambda emulator, subject, answers: (answers("SYNC_STARTED"), fail_with(emulator, 503, "network_down", None)),
        {},
    ),
]


def fail_with(emulator: Emulator, status: int, error_type: str, count: int | None = 1) -> None:
    """Let the sync of an account be answered with an error."""
    emulator.inject(faults.Error(status=status, error_type=f"errors/{error_type}"), route="account_sync", count=count)


@in_both_modes
@pytest.mark.parametrize(
    ("exception", "operator", "arrange", "arguments"), ROWS, ids=lambda v: getattr(v, "__name__", "")
)
def test_each_is_raised_alike_whether_the_task_blocks_or_defers(
    worker, account, chat, emulator, answers, exception, operator, arrange, arguments, deferrable
):
    subject = {PostpressResyncOperator: {"account_id": account}, PostpressChatResyncOperator: {"chat_id": chat}}
    arrange(emulator, *subject[operator].values(), answers)

    ended = worker.run(operator, deferrable=deferrable, **subject[operator], **FAST, **arguments)

    assert type(ended.error) is exception
    assert ended.state == ("failed" if exception in NEVER_RETRIED else "up_for_retry")
    assert emulator.api_key not in f"{ended!r} {ended.error}"
