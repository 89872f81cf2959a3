"""What the pages leave open, and what a test wants to decide: the settings of an emulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_postpress.emulator.accounts import ACCOUNT_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHOICES = {
    "chunks": ("next", "fresh"),
    "bounds": ("exclusive", "inclusive"),
    "time_span": ("natural", "as_documented"),
    "unknown_route": ("problem", "second", "html"),
    "listing": ("items", "data"),
    "last_cursor": ("null", "missing", "empty", "repeated"),
    "product_place": ("inside", "outside"),
}
_AT_LEAST = {
    "duration_ms": 0,
    "started_answers": 1,
    "own_chunk_size": 1,
    "connecting_ms": 0,
    "checkpoint_ms": 1,
    "webhook_timeout_ms": 1,
    "webhook_duplicates": 0,
    "webhooks_at_once": 1,
}
_WITHOUT_BODY = (204, 205, 304)
BASE_PATHS = ("/v1", "/api/v1")


@dataclass(frozen=True, kw_only=True)
class Options:
    """
    How this Postpress behaves.

    :param duration_ms: how long a sync, or each chunk of one, takes, in milliseconds; ``set_duration`` says otherwise
        for one account or chat
    :param started_answers: to how many requests a sync, or each chunk of one, says ``SYNC_STARTED`` before it says
        ``SYNC_RUNNING``; more than 1 is a slow flip
    :param chunks: what a request after ``CHUNK_DONE`` starts: ``"next"``, the next chunk of the same sync with that
        sync's parameters; ``"fresh"``, a new sync with the request's own parameters, so that a sync of several chunks
        never ends
    :param own_chunk_size: chats per chunk where the request names none; ``None`` for no chunks
    :param bounds: whether a message at ``after`` or ``before`` itself is outside (``"exclusive"``) or inside
        (``"inclusive"``) the span
    :param time_span: ``"natural"``: ``after`` is the lower bound and ``before`` the upper one; ``"as_documented"``: the
        other way round, as the page's gloss can be read
    :param refuse_disconnected: whether an account with a source that says ``CREDENTIALS`` refuses to sync
    :param unsupported_chats: account types whose chats cannot be synced; the page names none
    :param base_paths: where the API is served: ``"/v1"``, ``"/api/v1"`` or both
    :param unknown_route: the 404 of a path that is no route: the documented envelope (``"problem"``), the second
        envelope (``"second"``) or a page of ``"html"``
    :param listing: what a page of the list of accounts looks like: ``{"object": "AccountList", "items", "cursor"}``
        (``"items"``), or as the quick start has it, ``{"data", "next_cursor"}`` (``"data"``)
    :param last_cursor: what the last page says of the next one: ``"null"``; nothing at all (``"missing"``); an
        ``"empty"`` text; or again the cursor that it was asked for (``"repeated"``), and a list of one page leads to an
        empty second page that does
    :param connecting_ms: how long the sources of an account that was logged in say ``CONNECTING`` before they say
        ``OK``, in milliseconds
    :param checkpoint_status: the HTTP status of a checkpoint, which no page tells
    :param checkpoint_ms: how long a checkpoint can be solved, in milliseconds
    :param product_place: where a webhook tells the LinkedIn product: ``"inside"`` of ``AccountStatus``, or
        ``"outside"``, beside it
    :param webhook_delays_ms: after how long each further attempt to deliver to a webhook follows the one before it, in
        milliseconds; there are as many as there are delays
    :param webhook_timeout_ms: how long a webhook may take to answer, in milliseconds of real time
    :param webhook_duplicates: how many further copies of each message webhooks get; ``send_webhook`` says so itself
    :param webhooks_at_once: how many deliveries are under way to one webhook; with 1, messages come in their order but
        for further attempts
    :raises ValueError: for a value that is not allowed
    """

    duration_ms: int = 200
    started_answers: int = 1
    chunks: str = "next"
    own_chunk_size: int | None = None
    bounds: str = "exclusive"
    time_span: str = "natural"
    refuse_disconnected: bool = True
    unsupported_chats: Sequence[str] = ()
    base_paths: Sequence[str] = ("/v1",)
    unknown_route: str = "problem"
    listing: str = "items"
    last_cursor: str = "null"
    connecting_ms: int = 0
    checkpoint_status: int = 202
    checkpoint_ms: int = 300_000
    product_place: str = "inside"
    webhook_delays_ms: Sequence[int] = (1000, 2000, 4000, 8000, 16_000)
    webhook_timeout_ms: int = 30_000
    webhook_duplicates: int = 0
    webhooks_at_once: int = 1

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is one of {', '.join(allowed)}, not {getattr(self, name)!r}.")
        for name, least in _AT_LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} is at least {least}, not {value!r}.")
        if not 200 <= self.checkpoint_status <= 599 or self.checkpoint_status in _WITHOUT_BODY:
            raise ValueError(f"checkpoint_status is the status of an answer with a body, not {self.checkpoint_status}.")
        if not all(isinstance(delay, int) and delay >= 0 for delay in self.webhook_delays_ms):
            raise ValueError(f"webhook_delays_ms are whole numbers from 0, not {self.webhook_delays_ms!r}.")
        if not set(self.unsupported_chats) <= set(ACCOUNT_TYPES):
            raise ValueError(f"unsupported_chats are account types, not {self.unsupported_chats!r}.")
        if not self.base_paths or not set(self.base_paths) <= set(BASE_PATHS):
            raise ValueError(f"base_paths are some of {', '.join(BASE_PATHS)}, not {self.base_paths!r}.")
