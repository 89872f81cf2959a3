"""What is missing of an account's messages, as the windows of the syncs that fill it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.coverage.evidence import Event, Product, evidence_of_event
from airflow_provider_postpress.coverage.history import History
from airflow_provider_postpress.coverage.intervals import pieces
from airflow_provider_postpress.resync.window import SyncWindow

if TYPE_CHECKING:
    from airflow_provider_postpress.coverage.intervals import Interval

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def gaps(
    events: Iterable[Event],
    start: datetime | str | int,
    end: datetime | str | int,
    *,
    linkedin_product: Product = None,
    max_window: timedelta | None = None,
    max_windows: int | None = None,
) -> list[SyncWindow]:
    """
    Give the windows that are missing, by the events of an account's asset alone.

    :param events: the events, as ``inlet_events[account_asset(...)]`` gives them
    :param start: where to look from: an aware ``datetime``, an ISO 8601 string with an offset, or epoch milliseconds
    :param end: where to look to, given alike
    :param linkedin_product: what is missing of ``classic``, ``recruiter`` or ``sales_navigator``; of all when ``None``
    :param max_window: the longest window; a gap that is longer is cut, from its start on
    :param max_windows: the most windows
    :return: the windows, oldest first
    :raises PostpressInvalidRequest: the start, the end or ``max_window`` is not possible
    """
    history = History().note(known for event in events if (known := evidence_of_event(event)))
    return windows_to_fill(
        history, SyncWindow(start, end), product=linkedin_product, max_window=max_window, max_windows=max_windows
    )


def windows_to_fill(
    history: History,
    span: SyncWindow,
    *,
    product: Product = None,
    max_window: timedelta | None = None,
    max_windows: int | None = None,
) -> list[SyncWindow]:
    """
    Give the windows that are missing in a span, by all that is known of an account.

    :param history: what is known
    :param span: the span
    :param product: what is missing of this product of LinkedIn's; of all when ``None``
    :param max_window: the longest window; a gap that is longer is cut, from its start on
    :param max_windows: the most windows
    :return: the windows, oldest first
    :raises PostpressInvalidRequest: no window can be as short as ``max_window``
    """
    if max_window is not None and max_window < _MILLISECOND:
        raise PostpressInvalidRequest(f"max_window={max_window!r} is not allowed: it is a millisecond or more.")
    longest = None if max_window is None else max_window // _MILLISECOND
    missing = (
        piece
        for gap in history.gaps(interval_of(span), product)
        for piece in (pieces(gap, longest) if longest else [gap])
    )
    return [_window_of(interval) for interval in islice(missing, max_windows)]


def interval_of(window: SyncWindow) -> Interval:
    """
    Give a window as epoch milliseconds.

    :param window: the window
    """
    return round(window.start.timestamp() * 1000), round(window.end.timestamp() * 1000)


def _window_of(interval: Interval) -> SyncWindow:
    # not the numbers themselves: a window takes small ones for a mistake
    start, end = (_EPOCH + bound * _MILLISECOND for bound in interval)
    return SyncWindow(start, end)
