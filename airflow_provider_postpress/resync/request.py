"""What is asked of Postpress: one account or chat, one window, one set of parameters, the same in every request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.endpoints import Endpoint, Parameter
from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models import LINKEDIN, Account, SyncAnswer
from airflow_provider_postpress.resync.window import SyncWindow, TimeSpan


class Target(StrEnum):
    """What is synced. All that differs between the two is said here, as data."""

    ACCOUNT = "account"
    CHAT = "chat"

    @property
    def id_name(self) -> str:
        """How its id is called."""
        return f"{self}_id"

    @property
    def answer_object(self) -> str:
        """The ``object`` of its answers."""
        return {Target.ACCOUNT: "AccountResync", Target.CHAT: "ChatHistorySync"}[self]

    @property
    def statuses(self) -> frozenset[str]:
        """The statuses that its answers can have."""
        own = {Target.ACCOUNT: "CHUNK_DONE", Target.CHAT: "CHAT_DELETED"}[self]
        return frozenset({"SYNC_STARTED", "SYNC_RUNNING", "SYNC_DONE", "SYNC_ERROR", own})


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """
    A sync that is asked for.

    :param target: an account or a chat
    :param id: its id
    :param window: the span of message time; ``None`` for all of it
    :param parameters: the query parameters, the same in every request of the sync
    :raises PostpressInvalidRequest: the id cannot be part of a path, or there is no such parameter or value
    """

    target: Target
    id: str
    window: SyncWindow | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ = self.endpoint  # it refuses what cannot be sent

    def __str__(self) -> str:
        return f"{self.target} {self.id!r}"

    @property
    def endpoint(self) -> Endpoint[SyncAnswer]:
        """The request as it is sent, each time."""
        if self.target is Target.CHAT:
            return endpoints.sync_chat(self.id)
        return endpoints.resync_account(self.id, self.parameters)

    @property
    def is_chunked(self) -> bool:
        """Whether the sync was asked for in chunks."""
        return "chunk_size" in self.parameters

    def as_dict(self) -> dict[str, Any]:
        """Write it in JSON's types, as results and handles hold it; see :meth:`from_dict`."""
        return {
            self.target.id_name: self.id,
            "window": self.window and self.window.as_dict(),
            "parameters": dict(self.parameters),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """
        Read it from a result, a handle or a trigger's kwargs.

        :param data: what :meth:`as_dict` wrote, among other keys
        :raises PostpressInvalidRequest: it is not that
        """
        targets = [target for target in Target if target.id_name in data]
        window, parameters = data.get("window"), data.get("parameters")
        if len(targets) != 1 or not isinstance(window, Mapping | None) or not isinstance(parameters, Mapping):
            raise PostpressInvalidRequest(
                "a sync is told by 'account_id' or 'chat_id', its 'window' and its 'parameters'; "
                f"here are {sorted(map(str, data))}."
            )
        (target,) = targets
        span = None if window is None else SyncWindow.from_dict(window)
        return cls(target, data[target.id_name], span, parameters)


def account_request(
    account_id: str,
    account: Account,
    window: SyncWindow | None,
    *,
    time_span: TimeSpan = "natural",
    chunk_size: int | str | None = None,
    partial: bool | None = None,
    linkedin_product: str | None = None,
) -> SyncRequest:
    """
    Build the request that resynchronises an account ("Resynchronize account messaging data").

    :param account_id: Postpress's id of the account
    :param account: the account as Postpress tells it
    :param window: the span of message time; ``None`` for the whole history
    :param time_span: ``natural`` or ``as_documented``: how ``before`` and ``after`` are understood
    :param chunk_size: chats per chunk, at least 1; Postpress's own way when ``None``
    :param partial: LinkedIn only: keep what is already synced; ``True`` when ``None``; dropped for other providers
    :param linkedin_product: LinkedIn only: one of the products the account has; all of them when ``None`` or empty
    :raises PostpressInvalidRequest: a value is not allowed, or not for this account
    """
    parameters: dict[str, Parameter] = {}
    if chunk_size is not None:
        is_number = isinstance(chunk_size, str) and chunk_size.strip().isdecimal()
        parameters["chunk_size"] = int(chunk_size) if is_number else chunk_size
    if partial is not None and not isinstance(partial, bool):
        raise PostpressInvalidRequest(f"partial={partial!r} is not allowed: it is True, False or None.")
    if account.type == LINKEDIN:
        parameters["partial"] = partial is not False
    if linkedin_product:
        parameters["linkedin_product"] = linkedin_product
    if window is not None:
        parameters |= window.parameters(time_span)
    request = SyncRequest(Target.ACCOUNT, account_id, window, parameters)
    if linkedin_product and linkedin_product not in account.linkedin_products:
        has = (
            f"it has {', '.join(account.linkedin_products)}"
            if account.type == LINKEDIN
            else f"it is of {account.type}, and products are LinkedIn's"
        )
        raise PostpressInvalidRequest(
            f"linkedin_product={linkedin_product!r} is not for account {account_id!r}: {has}."
        )
    return request
