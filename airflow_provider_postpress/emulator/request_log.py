"""Who asked what, when, and what was answered. The API key and the bodies of requests are never in it."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import quote


class LoggedRequest(TypedDict):
    """
    A request.

    ``path`` and ``query`` are as they came, percent-encoded. ``at`` is in epoch milliseconds. ``route`` and
    ``object_id`` are ``None`` for a path that is no route, ``object_id`` also for the list of accounts. ``status`` is
    what was answered: ``None`` where nothing was; ``sync_status`` the status of the sync where the request reached it,
    read or not. ``fault`` is the kind of the fault that happened to it. ``instance`` is the request's id, as the
    envelopes of errors quote it.
    """

    instance: str
    at: int
    method: str
    path: str
    query: str
    route: str | None
    object_id: str | None
    status: int | None
    sync_status: str | None
    fault: str | None


class RequestLog:
    """
    The requests so far, oldest first.

    :param secret: the API key, which is struck out wherever it comes
    """

    def __init__(self, secret: str) -> None:
        self._secrets = (secret, quote(secret, safe=""))
        self._requests: list[LoggedRequest] = []

    def add(
        self, *, at: int, method: str, path: str, query: str, route: str | None, object_id: str | None
    ) -> LoggedRequest:
        """Write a request down; what becomes of it is filled in later."""
        entry = LoggedRequest(
            instance=f"req_{len(self._requests) + 1:06}",
            at=at,
            method=method,
            path=self._without_secret(path),
            query=self._without_secret(query),
            route=route,
            object_id=None if object_id is None else self._without_secret(object_id),
            status=None,
            sync_status=None,
            fault=None,
        )
        self._requests.append(entry)
        return entry

    def requests(
        self, account_id: str | None = None, *, chat_id: str | None = None, route: str | None = None
    ) -> list[LoggedRequest]:
        """
        List the requests that came, oldest first.

        :param account_id: only those for this account
        :param chat_id: only those for this chat
        :param route: only those on ``"list_accounts"``, ``"get_account"``, ``"reconnect_account"``,
            ``"account_sync"`` or ``"chat_sync"``
        """
        return [
            entry.copy()
            for entry in self._requests
            if route in (None, entry["route"])
            and (account_id is None or (entry["object_id"] == account_id and entry["route"] != "chat_sync"))
            and (chat_id is None or (entry["object_id"] == chat_id and entry["route"] == "chat_sync"))
        ]

    def _without_secret(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text
