"""One function a route: what to send, and what comes back. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeGuard, TypeVar
from urllib.parse import quote

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models import Account, PostpressModel, SyncAnswer

Answer = TypeVar("Answer", bound=PostpressModel)
Parameter = int | bool | str

LINKEDIN_PRODUCTS = ("classic", "recruiter", "sales_navigator")

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
    """

    route: str
    path: str
    answer: type[Answer]
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.route.partition(" ")[0]


def get_account(account_id: str) -> Endpoint[Account]:
    """
    Read an account. Without effects.

    :param account_id: Postpress's id of the account
    :raises PostpressInvalidRequest: the id cannot be part of a path
    """
    return Endpoint("GET /accounts/{id}", f"/accounts/{path_segment('account_id', account_id)}", Account)


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


def _is_whole(value: Parameter) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
