"""
Postpress's accounts and chats as Airflow assets: their URIs, and how lineage names them.

========================================  ==========================================================
``postpress://accounts/{id}``             the messages of the account were refreshed
``postpress://accounts/{id}/status``      the account's status changed
``postpress://chats/{id}``                the messages of the chat were refreshed
========================================  ==========================================================

An id is percent-encoded into one segment of the path.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from airflow.sdk import Asset, AssetAlias, AssetWatcher

if TYPE_CHECKING:
    from datetime import timedelta

    from airflow.providers.common.compat.openlineage.facet import Dataset

SCHEME = "postpress"

SYNCED = AssetAlias("postpress_synced")
"""Every account and chat that a task of this Airflow has synced: a DAG scheduled on it runs after each sync."""


def account_asset(account_id: str, **fields: Any) -> Asset:
    """
    Give the asset of an account's messages.

    :param account_id: Postpress's id of the account
    :param fields: further fields of the asset, such as ``name``
    :raises ValueError: no URI can hold the id
    """
    return Asset(uri=account_uri(account_id), **fields)


def account_status_asset(account_id: str, **fields: Any) -> Asset:
    """
    Give the asset of an account's status.

    :param account_id: Postpress's id of the account
    :param fields: further fields of the asset, such as ``watchers``
    :raises ValueError: no URI can hold the id
    """
    return Asset(uri=account_status_uri(account_id), **fields)


def watched_account_status_asset(
    account_id: str, *, poll_interval: timedelta | float = 60, postpress_conn_id: str = "postpress_default"
) -> Asset:
    """
    Give the asset of an account's status, watched in the triggerer: for where no webhook can reach Airflow.

    :param account_id: Postpress's id of the account
    :param poll_interval: the time between two looks, a ``timedelta`` or seconds
    :param postpress_conn_id: the Airflow connection
    :raises ValueError: no URI can hold the id, or the interval is not positive
    """
    from airflow_provider_postpress.triggers.account_status import PostpressAccountStatusTrigger

    trigger = PostpressAccountStatusTrigger(
        account_id, poll_interval=poll_interval, postpress_conn_id=postpress_conn_id
    )
    uri = account_status_uri(account_id)
    return account_status_asset(account_id, watchers=[AssetWatcher(name=uri, trigger=trigger)])


def chat_asset(chat_id: str, **fields: Any) -> Asset:
    """
    Give the asset of a chat's messages.

    :param chat_id: Postpress's id of the chat
    :param fields: further fields of the asset, such as ``name``
    :raises ValueError: no URI can hold the id
    """
    return Asset(uri=chat_uri(chat_id), **fields)


def account_uri(account_id: str) -> str:
    """
    Write the URI of an account's messages.

    :param account_id: Postpress's id of the account
    :raises ValueError: no URI can hold the id
    """
    return f"{SCHEME}://accounts/{_segment('account_id', account_id)}"


def account_status_uri(account_id: str) -> str:
    """
    Write the URI of an account's status.

    :param account_id: Postpress's id of the account
    :raises ValueError: no URI can hold the id
    """
    return f"{account_uri(account_id)}/status"


def chat_uri(chat_id: str) -> str:
    """
    Write the URI of a chat's messages.

    :param chat_id: Postpress's id of the chat
    :raises ValueError: no URI can hold the id
    """
    return f"{SCHEME}://chats/{_segment('chat_id', chat_id)}"


def id_of(uri: str) -> str:
    """
    Give the id that a URI holds: of an account, whichever of its URIs it is, or of a chat.

    :param uri: one of this package's URIs
    :raises ValueError: it is none
    """
    return unquote(sanitize_uri(urlsplit(uri)).path.split("/")[1])


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """
    Write a URI in its one form, or refuse it; Airflow calls this for each asset of the scheme.

    :param uri: the parts of the URI
    :raises ValueError: it is not one of the three forms
    """
    match [uri.netloc, *uri.path.split("/")]:
        case ["accounts" | "chats" as kind, "", written]:
            path = [_segment(f"the id of {kind}", _decoded(written))]
        case ["accounts", "", written, "status"]:
            path = [_segment("the id of accounts", _decoded(written)), "status"]
        case _:
            path = []
    if not path or uri.query or uri.fragment:
        raise ValueError(
            f"{uri.geturl()!r} is no asset of Postpress's. Allowed: {SCHEME}://accounts/ID, "
            f"{SCHEME}://accounts/ID/status and {SCHEME}://chats/ID, each ID percent-encoded."
        )
    return uri._replace(scheme=SCHEME, path="/" + "/".join(path))


def to_openlineage(asset: Asset, lineage_context: Any) -> Dataset:  # noqa: ARG001 - Airflow gives it
    """
    Name an asset as lineage does; Airflow's OpenLineage provider calls this.

    :param asset: the asset
    :param lineage_context: the hook or the context that speaks of it
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset

    uri = urlsplit(asset.uri)
    return Dataset(namespace=f"{SCHEME}://{uri.netloc}", name=uri.path.lstrip("/"))


def _decoded(written: str) -> str:
    if re.search("%(?![0-9A-Fa-f]{2})", written):
        raise ValueError(f"{written!r} is not an id: '%' must be followed by two hexadecimal digits.")
    try:
        return unquote(written, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(f"{written!r} is not an id: it does not write UTF-8.") from None


def _segment(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or value in (".", "..") or not value.isprintable():
        raise ValueError(f"{name}={value!r} is not an id: it must be a text, printable, not empty, not '.' or '..'.")
    return quote(value, safe="")
