"""What tasks raise. The pure rooms return a :class:`Failure`; here it becomes an exception that Airflow understands."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_postpress.resync.failure import Failure, FailureKind


class PostpressSyncError(AirflowException):
    """Postpress ended the sync with ``SYNC_ERROR``. A retry starts it again."""


class PostpressSyncConflict(AirflowException):
    """Somebody else polls or syncs the same account or chat."""


class PostpressSyncTimeout(AirflowException):
    """The sync did not end within ``timeout``. Postpress goes on working."""


class PostpressUnavailable(AirflowException):
    """Postpress could not be asked: too many requests in a row failed."""


class PostpressAccountNotReady(AirflowException):
    """The account is stopped or in error at Postpress, or did not become healthy in time."""


class PostpressReconnectRequired(PostpressAccountNotReady, AirflowFailException):
    """The account has lost its login or its permissions; a person must reconnect it."""


class PostpressCheckpointRequired(AirflowFailException):
    """The provider wants a person to do a step before it lets the account in."""


class PostpressChatDeletedError(AirflowFailException):
    """The chat no longer exists at its provider."""


class PostpressWindowError(AirflowFailException):
    """The window cannot be synced: it is not known, not possible, or not over yet."""


class PostpressUnsupported(AirflowFailException):
    """The provider or the kind of account does not support this."""


class PostpressRequestRefused(AirflowFailException):
    """A request that a retry cannot mend was refused, by us before sending it or by Postpress."""


class PostpressUnexpectedAnswer(AirflowFailException):
    """Postpress answered something that its API pages do not describe."""


_EXCEPTIONS: dict[FailureKind, type[AirflowException]] = {
    FailureKind.ACCOUNT_NOT_READY: PostpressAccountNotReady,
    FailureKind.ACCOUNT_TIMEOUT: PostpressAccountNotReady,
    FailureKind.CHAT_DELETED: PostpressChatDeletedError,
    FailureKind.CHECKPOINT_REQUIRED: PostpressCheckpointRequired,
    FailureKind.RECONNECT_REQUIRED: PostpressReconnectRequired,
    FailureKind.REQUEST_REFUSED: PostpressRequestRefused,
    FailureKind.SYNC_CONFLICT: PostpressSyncConflict,
    FailureKind.SYNC_ERROR: PostpressSyncError,
    FailureKind.SYNC_TIMEOUT: PostpressSyncTimeout,
    FailureKind.UNAVAILABLE: PostpressUnavailable,
    FailureKind.UNEXPECTED_ANSWER: PostpressUnexpectedAnswer,
    FailureKind.UNSUPPORTED: PostpressUnsupported,
}


def task_exception(failure: Failure) -> AirflowException:
    """
    Turn a failure into what the task raises.

    :param failure: why there is no success
    """
    return _EXCEPTIONS[failure.kind](failure.message)
