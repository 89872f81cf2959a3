"""One function a route: what to send, and what comes back. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models import Account, PostpressModel, SyncAnswer

Answer = TypeVar("Answer", bound=PostpressModel)
Parameter = int | bool | str


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
    :param parameters: ``chunk_size``, ``partial``, ``linkedin_product``, ``before``, ``after``; those that are given
    :raises PostpressInvalidRequest: the id cannot be part of a path
    """
    return Endpoint(
        "GET /accounts/{account_id}/sync",
        f"/accounts/{path_segment('account_id', account_id)}/sync",
        SyncAnswer,
        {name: query_value(value) for name, value in parameters.items()},
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


def query_value(value: Parameter) -> str:
    """
    Write a query parameter as Postpress reads it.

    :param value: a number, a text, or a boolean, which becomes ``true`` or ``false``
    """
    return str(value).lower() if isinstance(value, bool) else str(value)
