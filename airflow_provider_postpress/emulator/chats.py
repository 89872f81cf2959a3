"""Chats and their messages: what the provider has, and what Postpress has of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypedDict

if TYPE_CHECKING:
    from airflow_provider_postpress.emulator.slots import Slot

_EPOCH = datetime.fromtimestamp(0, UTC)

Instant = int | str | datetime
"""Epoch milliseconds, ISO 8601 with an offset, or an aware datetime."""


def milliseconds(instant: Instant) -> int:
    """
    Give an instant in epoch milliseconds.

    :param instant: epoch milliseconds, ISO 8601 with an offset, or an aware datetime
    :raises ValueError: for one without an offset
    """
    if isinstance(instant, int):
        return instant
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    if instant.tzinfo is None:
        raise ValueError(f"An instant needs an offset from UTC: {instant.isoformat()!r} has none.")
    return (instant - _EPOCH) // timedelta(milliseconds=1)


class Message(TypedDict):
    """A message; ``at`` is in epoch milliseconds."""

    id: str
    chat_id: str
    at: int


class Span(NamedTuple):
    """The time that a sync covers, in epoch milliseconds; a bound that is ``None`` is open."""

    lower: float | None = None
    upper: float | None = None
    inclusive: bool = False

    def __contains__(self, at: object) -> bool:
        if not isinstance(at, int):
            return False
        if self.inclusive:
            return (self.lower is None or self.lower <= at) and (self.upper is None or at <= self.upper)
        return (self.lower is None or self.lower < at) and (self.upper is None or at < self.upper)

    @property
    def is_everything(self) -> bool:
        """Whether it has no bounds."""
        return self.lower is None and self.upper is None


@dataclass
class Chat:
    """A chat of an account, with its messages by id and the state of its own sync."""

    id: str
    account_id: str
    product: str
    slot: Slot
    at_provider: dict[str, int] = field(default_factory=dict)
    in_postpress: dict[str, int] = field(default_factory=dict)
    deleted: bool = False

    def copy(self, span: Span) -> None:
        """Bring what the provider has of this span to Postpress."""
        self.in_postpress.update((message, at) for message, at in self.at_provider.items() if at in span)

    def missing(self, start: int | None, end: int | None) -> list[Message]:
        """List what the provider has from ``start`` to before ``end`` and Postpress has not."""
        return [
            Message(id=message, chat_id=self.id, at=at)
            for message, at in self.at_provider.items()
            if message not in self.in_postpress and within(at, start, end)
        ]


def within(at: int, start: int | None, end: int | None) -> bool:
    """Tell whether an instant is in ``[start, end)``."""
    return (start is None or start <= at) and (end is None or at < end)
