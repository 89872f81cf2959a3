"""What is a repeat: Postpress delivers at least once, and gives its events no ids."""

from __future__ import annotations

import logging
import math
from typing import Any

from airflow_provider_postpress.api.models.events import SYNC_SUCCESS
from airflow_provider_postpress.webhook.secret import SECTION

REPEAT_SECONDS = 60.0

Sameness = tuple[Any, ...]
Stream = tuple[Any, ...]

log = logging.getLogger(__name__)


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
    from airflow.configuration import conf

    written = conf.get(SECTION, "webhook_repeat_seconds", fallback="") or REPEAT_SECONDS
    try:
        seconds = float(written)
    except ValueError:
        seconds = math.nan
    if 0 <= seconds < math.inf:
        return seconds
    log.error("[%s] webhook_repeat_seconds is no number of seconds; %s is used.", SECTION, REPEAT_SECONDS)
    return REPEAT_SECONDS
