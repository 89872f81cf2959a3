"""Reading on a worker what is known of an account's messages: no connection, no inlets, any account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.assets import account_uri
from airflow_provider_postpress.tasks.arguments import choice, count, seconds
from airflow_provider_postpress.tasks.asset_events import evidence_in, past_events
from airflow_provider_postpress.tasks.checkpoint import kept

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.coverage.evidence import Product
    from airflow_provider_postpress.coverage.history import History
    from airflow_provider_postpress.resync.window import SyncWindow

    Moment = datetime | str | int | timedelta


def missing_windows(
    account_id: str,
    start: Moment,
    end: Moment = timedelta(0),
    *,
    linkedin_product: str | None = None,
    max_window: timedelta | float | None = None,
    max_windows: int | None = None,
) -> list[SyncWindow]:
    """
    Give the windows of an account that are missing, oldest first. For use inside a ``@task``.

    It asks no more than Airflow: the events of the account's asset, and what Airflow 3.3 keeps of it beside them.

    :param account_id: Postpress's id of the account
    :param start: where to look from: an aware ``datetime``, an ISO 8601 string (without an offset, in the DAG's
        timezone) or a ``timedelta``, that long before now
    :param end: where to look to, given alike; now when not given, and cut to now
    :param linkedin_product: what is missing of ``classic``, ``recruiter`` or ``sales_navigator``; of all when ``None``
    :param max_window: the longest window, ``timedelta`` or seconds: a gap that is longer is cut, from its start on
    :param max_windows: the most windows, at least 1; all when ``None``
    :raises PostpressWindowError: the start or the end is not possible
    :raises ValueError: the id, the product, ``max_window`` or ``max_windows`` is not allowed
    """
    from airflow.sdk import get_current_context

    from airflow_provider_postpress.coverage.gaps import windows_to_fill
    from airflow_provider_postpress.tasks.base import utcnow

    context = get_current_context()
    account_uri(account_id)
    product = read_product(linkedin_product)
    longest = None if max_window is None else timedelta(seconds=seconds("max_window", max_window))
    most = None if max_windows is None else count("max_windows", max_windows)
    span = read_span(start, end, context, now=utcnow())
    return windows_to_fill(
        known_history(account_id, context, after=span.start),
        span,
        product=product,
        max_window=longest,
        max_windows=most,
    )


def known_history(account_id: str, context: Context, *, after: datetime) -> History:
    """
    Read all that is known of an account since a moment. Nothing is known of an account that Airflow does not know.

    :param account_id: Postpress's id of the account
    :param context: the run
    :param after: what was proven before it is left out: no sync covers what comes after itself
    """
    from airflow_provider_postpress.coverage.history import History

    uri = account_uri(account_id)
    events = past_events(uri, after=after)
    history = History().note(evidence_in(events))
    dag_ids = {context["dag"].dag_id, *(event.source_dag_id for event in events)} - {None}
    for checkpoint in kept(uri, dag_ids):
        history = history.joined(checkpoint)
    return history


def read_product(linkedin_product: str | None, *, name: str = "linkedin_product") -> Product:
    """
    Read a product of LinkedIn's.

    :param linkedin_product: its name; ``None`` or empty: all
    :param name: the parameter's name, for the error
    :raises ValueError: there is no such product
    """
    from airflow_provider_postpress.api.products import LINKEDIN_PRODUCTS

    return choice(name, linkedin_product, LINKEDIN_PRODUCTS) if linkedin_product else None


def read_span(start: Any, end: Any, context: Context, *, now: datetime, is_cut: bool = True) -> SyncWindow:
    """
    Read the span of time to look at.

    :param start: an aware ``datetime``, an ISO 8601 string (without an offset, in the DAG's timezone; a date alone is
        its midnight), an ``int`` of epoch milliseconds, or a ``timedelta``, that long before ``now``
    :param end: given alike
    :param context: the run
    :param now: the present moment
    :param is_cut: whether an end in the future is cut to now, and a start in the future refused
    :raises PostpressWindowError: a bound is none of these, or the start is not before the end
    """
    from airflow_provider_postpress.api.errors import PostpressInvalidRequest
    from airflow_provider_postpress.exceptions import PostpressWindowError
    from airflow_provider_postpress.resync.window import SyncWindow

    try:
        first = _bound("start", start, context, now)
        last = _bound("end", end, context, now)
        if not is_cut or first < now:
            return SyncWindow(first, min(last, now) if is_cut else last)
    except PostpressInvalidRequest as refused:
        raise PostpressWindowError(str(refused)) from refused
    raise PostpressWindowError(f"start={first} lies in the future: it is {now}. Nothing can be missing there.")


def _bound(name: str, value: Any, context: Context, now: datetime) -> datetime:
    from airflow_provider_postpress.api.errors import PostpressInvalidRequest
    from airflow_provider_postpress.resync.window import read_instant

    match value:
        case timedelta() if value.total_seconds() < 0:
            raise PostpressInvalidRequest(f"{name}={value!r} lies in the future: a timedelta counts back from now.")
        case timedelta():
            try:
                value = now - timedelta(seconds=value.total_seconds())
            except OverflowError:
                raise PostpressInvalidRequest(f"{name}={value!r} before now is before the year 1.") from None
        case str() if not value.strip():
            raise PostpressInvalidRequest(
                f"{name} is empty. A template such as {{{{ ds }}}} renders to nothing in a run without a logical date."
            )
        case str() | int() | datetime():
            pass
        case _:
            raise PostpressInvalidRequest(
                f"{name}={value!r} is not a moment. Allowed: an aware datetime, an ISO 8601 string, or a timedelta, "
                "that long before now."
            )
    return read_instant(name, value, context["dag"].timezone)
