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
}
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

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is one of {', '.join(allowed)}, not {getattr(self, name)!r}.")
        for name, least in (("duration_ms", 0), ("started_answers", 1), ("own_chunk_size", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} is at least {least}, not {value!r}.")
        if not set(self.unsupported_chats) <= set(ACCOUNT_TYPES):
            raise ValueError(f"unsupported_chats are account types, not {self.unsupported_chats!r}.")
        if not self.base_paths or not set(self.base_paths) <= set(BASE_PATHS):
            raise ValueError(f"base_paths are some of {', '.join(BASE_PATHS)}, not {self.base_paths!r}.")
