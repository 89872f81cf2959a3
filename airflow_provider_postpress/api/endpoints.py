"""One function a route: what to send, and what comes back. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeGuard, TypeVar
from urllib.parse import quote

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models import Account, AccountPage, PostpressModel, ReconnectAnswer, SyncAnswer
from airflow_provider_postpress.api.models.credentials import Credentials, read_credentials
from airflow_provider_postpress.api.models.reconnect import CHECKPOINT
from airflow_provider_postpress.api.products import LINKEDIN_PRODUCTS

Answer = TypeVar("Answer", bound=PostpressModel)
Parameter = int | bool | str

MAX_PAGE = 250

_MAX_BYTES = 256 * 1024
_MAX_ACCOUNT_BYTES = 1024 * 1024
_MAX_PAGE_BYTES = 8 * 1024 * 1024
"""Far more than answers have. Of a byte of JSON Python makes up to forty, and does nothing else meanwhile."""

_SECONDS = range(10**8, 10**10)
"""The years 1973 to 2286 in seconds; in milliseconds a few weeks of 1970, in which nobody sent a message."""
_MICROSECONDS_FROM = 10**14
"""The year 5138 in milliseconds, 1973 in microseconds."""


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[Answer]):
    """
    A request to Postpress.

    :param route: method and path template as the API pages write them: what errors name
    :param path: the path below the base URL, its ids percent-encoded
    :param answer: the model that a success is read as
    :param query: the query parameters
    :param body: what is sent as JSON, if anything
    :param told_by_object: values of an answer's ``object`` for which it is no error, whatever its HTTP status
    :param discreet: errors repeat nothing of what the server says, but its type and its id of the request: it may know
        a secret that was sent
    :param max_bytes: how many bytes an answer may have, as sent and when unpacked
    """

    route: str
    path: str
    answer: type[Answer]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Credentials | None = None
    told_by_object: frozenset[str] = frozenset()
    discreet: bool = False
    max_bytes: int = _MAX_BYTES

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.route.partition(" ")[0]


def get_account(account_id: str, *, discreet: bool = False) -> Endpoint[Account]:
    """
    Read an account. Without effects.

    :param account_id: Postpress's id of the account
    :param discreet: as of an :class:`Endpoint`; for the time after a login
    :raises PostpressInvalidRequest: the id cannot be part of a path
    """
    path = f"/accounts/{path_segment('account_id', account_id)}"
    return Endpoint("GET /accounts/{id}", path, Account, discreet=discreet, max_bytes=_MAX_ACCOUNT_BYTES)


def list_accounts(cursor: str | None = None, limit: int = MAX_PAGE) -> Endpoint[AccountPage]:
    """
    Read a page of the list of accounts. Without effects.

    Not in the five API pages; Postpress's public reference has it.

    :param cursor: where the page begins, as the page before told it; ``None`` for the first page
    :param limit: how many accounts a page has, 1 to 250
    :raises PostpressInvalidRequest: there can be no such page
    """
    if not _is_whole(limit) or not 1 <= limit <= MAX_PAGE:
        raise PostpressInvalidRequest(f"limit={limit!r} is not allowed. Allowed: 1 to {MAX_PAGE} accounts a page.")
    if cursor and not _can_be_encoded(cursor):
        raise PostpressInvalidRequest(f"cursor={cursor!r} is not allowed: it cannot be encoded as UTF-8.")
    query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
    return Endpoint("GET /accounts", "/accounts", AccountPage, query, max_bytes=_MAX_PAGE_BYTES)


def reconnect_account(account_id: str, credentials: Credentials | Mapping[str, Any]) -> Endpoint[ReconnectAnswer]:
    """
    Log an account in again. To be sent once: repeated logins are what providers look for.

    :param account_id: Postpress's id of the account
    :param credentials: one of the variants of "Reconnect an account"; a mapping is read by
        :func:`~airflow_provider_postpress.api.models.credentials.read_credentials`
    :raises PostpressInvalidRequest: the id cannot be part of a path, or the credentials are not as documented; the
        text tells no value of theirs
    """
    return Endpoint(
        "POST /accounts/{id}",
        f"/accounts/{path_segment('account_id', account_id)}",
        ReconnectAnswer,
        body=credentials if isinstance(credentials, Credentials) else read_credentials(credentials),
        # the page does not tell the status of a checkpoint
        told_by_object=frozenset({CHECKPOINT}),
        discreet=True,
    )


def resync_account(account_id: str, parameters: Mapping[str, Parameter]) -> Endpoint[SyncAnswer]:
    """
    Start the sync of an account, or report on the one that runs. Not safe to repeat although it is a GET.

    :param account_id: Postpress's id of the account
    :param parameters: those that are given of ``chunk_size``, a number of chats of at least 1; ``partial``, a boolean
        (LinkedIn only); ``linkedin_product``, one of :data:`LINKEDIN_PRODUCTS` (LinkedIn only); ``before`` and
        ``after``, epoch milliseconds
    :raises PostpressInvalidRequest: the id cannot be part of a path, or there is no such parameter or it has no such
        value
    """
    return Endpoint(
        "GET /accounts/{account_id}/sync",
        f"/accounts/{path_segment('account_id', account_id)}/sync",
        SyncAnswer,
        {name: _query_value(name, value) for name, value in parameters.items()},
    )


def sync_chat(chat_id: str) -> Endpoint[SyncAnswer]:
    """
    Start the sync of a whole chat, or report on the one that runs. Not safe to repeat although it is a GET.

    :param chat_id: Postpress's id of the chat
    :raises PostpressInvalidRequest: the id cannot be part of a path
    """
    return Endpoint("GET /chats/{chat_id}/sync", f"/chats/{path_segment('chat_id', chat_id)}/sync", SyncAnswer)


def path_segment(name: str, value: str) -> str:
    """
    Encode an id into one path segment.

    :param name: the parameter's name, for the error
    :param value: the id; any text but the empty one, ``.`` and ``..``
    :raises PostpressInvalidRequest: no path segment can hold it
    """
    if not isinstance(value, str) or not value.strip() or value in (".", ".."):
        raise PostpressInvalidRequest(f"{name}={value!r} is not an id: it must be a text, not empty, not '.' or '..'.")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError as error:
        raise PostpressInvalidRequest(f"{name}={value!r} is not an id: it cannot be encoded as UTF-8.") from error


def _query_value(name: str, value: Parameter) -> str:
    match name:
        case "chunk_size":
            accepted, allowed = _is_whole(value) and value >= 1, "a number of chats of at least 1"
        case "partial":
            accepted, allowed = isinstance(value, bool), "true or false"
        case "linkedin_product":
            accepted, allowed = value in LINKEDIN_PRODUCTS, ", ".join(LINKEDIN_PRODUCTS)
        case "before" | "after":
            accepted = _is_whole(value) and 0 <= value < _MICROSECONDS_FROM and value not in _SECONDS
            allowed = "epoch milliseconds, neither seconds nor microseconds"
        case _:
            raise PostpressInvalidRequest(
                f"{name}={value!r} is no parameter of an account's sync. "
                "Allowed: chunk_size, partial, linkedin_product, before, after."
            )
    if not accepted:
        raise PostpressInvalidRequest(f"{name}={value!r} is not allowed. Allowed: {allowed}.")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _can_be_encoded(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_whole(value: Parameter) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
