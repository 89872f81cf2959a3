"""What is proven of an account's messages: by an asset event of a sync, or by a task that did not come so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from airflow_provider_postpress.api.products import LINKEDIN_PRODUCTS
from airflow_provider_postpress.coverage.intervals import Interval

BEGINNING = 0
"""The start of an account's whole history: no message can be older."""

Product = str | None
"""One of LinkedIn's products; ``None``: all that the account has."""

ATTEMPT_KEY = "postpress_sync"
"""The XCom in which a task tells what it is about to sync."""

_MISSING = object()
_FAILURES = ("SYNC_ERROR", "CHAT_DELETED")


class Event(Protocol):
    """An event of an asset, as Airflow's ``inlet_events`` and ``triggering_asset_events`` give it."""

    @property
    def timestamp(self) -> datetime:
        """When Airflow wrote it."""

    @property
    def extra(self) -> Mapping[str, Any] | None:
        """What it tells."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    What is known of a span of an account's messages.

    :param synced: whether it is in Postpress; or a sync of it has failed
    :param product: of which product of LinkedIn's; ``None``: of all that the account has
    :param interval: the span
    :param at: when it was known, in epoch milliseconds
    :param run_id: the run whose task synced it, where that is told
    """

    synced: bool
    product: Product
    interval: Interval
    at: int
    run_id: Any = None

    @property
    def is_regular(self) -> bool:
        """Whether it is the window of its run's own schedule: not the whole history, nor a gap or a repair."""
        return self.interval[0] > BEGINNING and is_regular(self.interval, self.run_id)


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    What a task told before it began its sync.

    :param account_id: the account
    :param product: the product of LinkedIn's; ``None``: all that the account has
    :param interval: the window; ``None``: the whole history
    :param keeps: whether what Postpress has is kept, whatever comes of the sync
    """

    account_id: str
    product: Product
    interval: Interval | None
    keeps: bool


def evidence_of(extra: Mapping[str, Any], at: int) -> Evidence | None:
    """
    Read an event of an account's asset; ``None`` if it proves nothing.

    A sync proves its window as far as that was over, and one of the whole history what was there when it began.

    :param extra: what the event tells
    :param at: when it was written, in epoch milliseconds
    """
    status = extra.get("status")
    synced = status == "SYNC_DONE"
    if not synced and status not in _FAILURES:
        return None
    product = extra.get("product")
    if not is_product(product):
        return None
    window = extra.get("window", _MISSING)
    if window is None:
        began = milliseconds(extra.get("started_at"))
        return Evidence(True, product, (BEGINNING, at if began is None else min(began, at)), at) if synced else None
    if isinstance(window, Mapping):
        interval = _interval(window.get("start"), window.get("end"))
        if interval is not None and interval[0] < at:
            return Evidence(synced, product, (interval[0], min(interval[1], at)), at, extra.get("run"))
    return None


def evidence_of_event(event: Event) -> Evidence | None:
    """
    Read an event of an account's asset, as a task is given it; ``None`` if it proves nothing.

    :param event: the event
    """
    # Airflow gives an event without an extra none at all
    return evidence_of(event.extra or {}, round(event.timestamp.timestamp() * 1000))


def attempt_of(told: Any) -> Attempt | None:
    """
    Read what a task told before it began its sync; ``None`` if it cannot be read.

    :param told: ``{"account_id": str, "window": {"start": ISO 8601, "end": ISO 8601} | None, "product": str | None,
        "partial": bool | None, "sent": bool}``, where ``sent`` is whether the sync was about to be asked for
    """
    match told:
        case {"account_id": str(account_id), "window": window, "product": product} if is_product(product):
            keeps = window is not None or told.get("partial") is True or told.get("sent") is False
            if window is None:
                return Attempt(account_id, product, None, keeps)
            if isinstance(window, Mapping) and (interval := _interval(window.get("start"), window.get("end"))):
                return Attempt(account_id, product, interval, keeps)
    return None


def is_regular(interval: Interval, run_id: Any) -> bool:
    """
    Tell whether a window is that of its run's own schedule, as far as the run's id tells.

    Airflow names a run of a schedule, and of a backfill, by the moment at which it is due, where its window ends, or
    by its logical date, where the window of a data interval starts. So the windows of a run that fills gaps are others.

    :param interval: the window
    :param run_id: the id of the run
    """
    if not isinstance(run_id, str):
        return True
    kind, _, named = run_id.partition("__")
    moment = milliseconds(named)
    return kind not in ("manual", "asset_triggered") and (moment is None or moment in interval)


def milliseconds(text: Any) -> int | None:
    """
    Read a moment in ISO 8601 with an offset, as epoch milliseconds; ``None`` if it is none.

    :param text: the moment
    """
    return _milliseconds(text) if isinstance(text, str) else None


# the windows of many accounts have the same bounds, and one window ends where the next one starts
@lru_cache(maxsize=10_000)
def _milliseconds(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
        return round(moment.timestamp() * 1000) if moment.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None


def is_product(product: Any) -> bool:
    """
    Tell whether a product is one that a sync can be of.

    :param product: ``None`` or a name
    """
    return product is None or (isinstance(product, str) and product in LINKEDIN_PRODUCTS)


def _interval(start: Any, end: Any) -> Interval | None:
    first, last = milliseconds(start), milliseconds(end)
    if first is None or last is None or first >= last or last <= BEGINNING:
        return None
    return max(first, BEGINNING), last
