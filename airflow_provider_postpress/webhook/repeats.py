"""What is a repeat: Postpress delivers at least once, and gives its events no ids."""

from __future__ import annotations

from typing import Any

from airflow_provider_postpress.api.models.events import SYNC_SUCCESS
from airflow_provider_postpress.configuration import seconds

REPEAT_SECONDS = 60.0

Sameness = tuple[Any, ...]
Stream = tuple[Any, ...]


def stream(extra: dict[str, Any]) -> Stream:
    """
    Give the stream that an event belongs to.

    It can repeat the newest of its stream, and no older one: what is said again after something else can be news. Each
    product's syncs are a stream, and all other changes of status are one.

    :param extra: what an event tells
    """
    of_a_sync = SYNC_SUCCESS in (extra.get("message"), extra.get("status"))
    return (SYNC_SUCCESS, extra.get("product")) if of_a_sync else ("status",)


def sameness(extra: dict[str, Any]) -> Sameness:
    """
    Give what two events of one asset have in common when one repeats the other.

    :param extra: what an event tells
    """
    return tuple(extra.get(name) for name in ("told_by", "message", "status", "product"))


def repeat_seconds() -> float:
    """Give the seconds within which an event that is the same is a repeat, as configured. 0: none is."""
    return seconds("webhook_repeat_seconds", REPEAT_SECONDS)
