"""What comes of a login. It is sent once: whatever comes, it is not repeated."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from airflow_provider_postpress.api.errors import PostpressAPIError, PostpressError, PostpressTransportError
from airflow_provider_postpress.api.models import Checkpoint, ReconnectAnswer
from airflow_provider_postpress.api.secrets import struck_out
from airflow_provider_postpress.resync.failure import Failure, FailureKind, failure_of, is_lost

_FINAL = frozenset(
    {
        FailureKind.CHECKPOINT_REQUIRED,
        FailureKind.RECONNECT_REQUIRED,
        FailureKind.REQUEST_REFUSED,
        FailureKind.UNEXPECTED_ANSWER,
        FailureKind.UNSUPPORTED,
    }
)

_CHECKPOINT_TYPES = frozenset(
    {"QRCODE", "PAIRING_CODE", "2FA", "OTP", "IN_APP_VALIDATION", "PHONE_REGISTER", "CAPTCHA", "CONTRACT_CHOOSER"}
)

_OWN_NAME = re.compile(r"[A-Za-z]{1,40}|[A-Z0-9_]{1,40}")

_LOOK_FIRST = (
    "The login may have begun all the same: look at the account in a few minutes, and clear this task only if it is "
    "still disconnected."
)
_ADVICE_BY_TYPE = {
    "errors/auth_in_progress": "Somebody is logging this account in, or a step that was asked of a person is still "
    "open. Such an attempt ends after about five minutes: clear this task then, if the account is still disconnected.",
    "errors/operation_canceled": "A newer login of this account took this one's place. Look at the account before you "
    "clear this task, or it will cancel that one in turn.",
    "errors/already_exists": "The workspace has the same account under another id: use that one, or remove it.",
    "errors/proxy_auth_error": "Correct the user and password of the proxy in the credentials connection, or leave "
    "the proxy out; then clear this task.",
    "errors/proxy_error": "Check the proxy in the credentials connection, or leave it out; then clear this task.",
    "errors/invalid_credentials": "Correct the credentials connection, then clear this task. (A wrong API key is told "
    "in the same words: the connection's Test button tells the two apart.)",
    "errors/account_mismatch": "The credentials are those of another account: check which connection belongs to which "
    "account.",
    "errors/wrong_account": "The credentials are those of another account: check which connection belongs to which "
    "account.",
    "errors/action_required": "Its owner has to do something in the provider's own app or site; then clear this task.",
    "errors/authentication_intent_error": "Clear this task to begin anew; not at once, and not again and again.",
}
_ADVICE_BY_STATUS = {
    408: f"The provider did not answer Postpress in time. {_LOOK_FIRST}",
    409: "Another operation on this account is in the way. Look at the account before you clear this task.",
    425: _ADVICE_BY_TYPE["errors/auth_in_progress"],
    429: "Too many requests: clear this task later.",
    407: _ADVICE_BY_TYPE["errors/proxy_auth_error"],
    502: f"A proxy failed: the account's own, or one before Postpress. {_LOOK_FIRST}",
    504: f"The provider did not answer the gateway in time. {_LOOK_FIRST}",
}


@dataclass(frozen=True, slots=True)
class Reconnected:
    """Postpress said that the account is reconnected."""


@dataclass(frozen=True, slots=True)
class Lost:
    """
    Its answer never came: the account itself must tell.

    :param reason: what is known of it, in words
    """

    reason: str


def outcome_of(
    account_id: str, came: ReconnectAnswer | PostpressError, secrets: Collection[str]
) -> Reconnected | Lost | Checkpoint | Failure:
    """
    Tell what a login came to.

    :param account_id: the account
    :param came: the answer, or the error that it met
    :param secrets: what was sent in confidence: no text may repeat it
    """
    match came:
        case ReconnectAnswer(object="AccountReconnected", account_id=None):
            return Reconnected()
        case ReconnectAnswer(object="AccountReconnected") if came.account_id == account_id:
            return Reconnected()
        case ReconnectAnswer(checkpoint=Checkpoint(type=kind) as checkpoint):
            # one that is known is kept as it is: a short secret could be a part of it
            known = kind in _CHECKPOINT_TYPES
            return checkpoint if known else checkpoint.model_copy(update={"type": _told(kind, secrets)})
        case ReconnectAnswer(object="Checkpoint"):
            return Checkpoint()
        case ReconnectAnswer():
            message = (
                f"The login of account {account_id!r} was answered with an object {_told(came.object, secrets)}, "
                "or for another account, which the API pages do not describe. Look at the account before anything else."
            )
            return Failure(FailureKind.UNEXPECTED_ANSWER, message)
        case PostpressTransportError(may_have_arrived=False):
            return failure_of(came)
        case PostpressAPIError():
            return Failure(_kind_of(came), _refused(account_id, came))
        case _ if is_lost(came):
            return Lost(str(came))
        case _:
            return failure_of(came)


def final(account_id: str, failure: Failure) -> Failure:
    """
    Make a failure one that no retry may follow: the login was sent, and is not sent again.

    :param account_id: the account
    :param failure: what went wrong after the login was sent
    """
    if failure.kind in _FINAL:
        return failure
    message = (
        f"The login of account {account_id!r} was sent, and is not repeated by itself: repeated logins are what "
        f"providers look for. Look at the account before you clear this task. What went wrong: {failure.message}"
    )
    return replace(failure, kind=FailureKind.RECONNECT_REQUIRED, message=message)


def _told(words: str, secrets: Collection[str]) -> str:
    # what is not written as Postpress writes its own names may be an echo of what was sent, or of a part of it
    own = _OWN_NAME.fullmatch(words) and struck_out(words, secrets) == words
    return words if own else "of a type that was not told"


def _kind_of(error: PostpressAPIError) -> FailureKind:
    kind = failure_of(error).kind
    return kind if kind in _FINAL else FailureKind.REQUEST_REFUSED


def _refused(account_id: str, error: PostpressAPIError) -> str:
    advice = _ADVICE_BY_TYPE.get(error.type or "") or _ADVICE_BY_STATUS.get(error.status)
    advice = advice or "Look at the account before you clear this task: each clear is another login."
    return f"The login of account {account_id!r} was sent once and not accepted: {error} {advice}"
