"""The coverage of accounts over a span of time, as the page and the command line show it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.api.products import LINKEDIN_PRODUCTS
from airflow_provider_postpress.coverage.due import due_until
from airflow_provider_postpress.coverage.evidence import BEGINNING, Product
from airflow_provider_postpress.coverage.history import History
from airflow_provider_postpress.coverage.intervals import Interval, clip
from airflow_provider_postpress.coverage.outage import disconnections, is_connected
from airflow_provider_postpress.coverage.partition import Kind, partition, run_lengths
from airflow_provider_postpress.page.accounts import Account, read_accounts
from airflow_provider_postpress.page.checkpoints import ARE_KEPT
from airflow_provider_postpress.page.known import Known
from airflow_provider_postpress.page.schedules import schedules_of
from airflow_provider_postpress.page.settings import MOST_KEPT
from airflow_provider_postpress.page.spans import moment, seconds, seconds_or_none

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_provider_postpress.page.rights import Rights

_LONGEST = 200
_MINUTE = 60_000
_NO_CHECKPOINTS = (
    "This Airflow keeps nothing but the events of assets: what `airflow db clean` has deleted of them counts as never "
    "synced. Airflow 3.3 and later keep what was synced apart from the events."
)


def overview(
    session: Session,
    rights: Rights,
    span: Interval,
    *,
    now: int,
    grace: int,
    only: Collection[str] | None = None,
    product: Product = None,
) -> dict[str, Any]:
    """
    Tell the coverage of accounts.

    All times that are given are epoch milliseconds; those in the answer are epoch seconds.

    :param session: of Airflow's database
    :param rights: what may be known
    :param span: the span of time
    :param now: the present moment
    :param grace: how long after its window's end a sync may take
    :param only: the ids of the accounts that are asked for; ``None``: all
    :param product: only what is synced of this product of LinkedIn's counts; ``None``: of all
    """
    accounts = read_accounts(session, rights, only)
    described = describe(session, accounts.values(), span, now=now, grace=grace, product=product)
    spoken_of = {product for account in accounts.values() for product in account.known.history.products}
    return {
        "from": seconds(span[0]),
        "to": seconds(span[1]),
        "now": seconds(now),
        "grace": seconds(grace),
        "kinds": [kind.name.lower() for kind in Kind],
        "product": product,
        "products": [product for product in LINKEDIN_PRODUCTS if product in spoken_of],
        "notes": [] if ARE_KEPT else [_NO_CHECKPOINTS],
        "accounts": described,
    }


def describe(
    session: Session, accounts: Collection[Account], span: Interval, *, now: int, grace: int, product: Product
) -> list[dict[str, Any]]:
    """
    Tell the coverage of each of some accounts.

    :param session: of Airflow's database
    :param accounts: the accounts
    :param span: see :func:`overview`
    :param now: see :func:`overview`
    :param grace: see :func:`overview`
    :param product: see :func:`overview`
    """
    dag_ids = {dag_id for account in accounts for dag_id in account.scheduled_by}
    window_ends = schedules_of(session).last_ends(session, dag_ids, moment(max(now - grace, BEGINNING)))
    described = []
    for account in accounts:
        known = account.known
        synced = _synced(known.history, product)
        due = due_until(
            now,
            grace=grace,
            window_ends=[window_ends[dag_id] for dag_id in account.scheduled_by if dag_id in window_ends],
            past_ends=known.history.ends,
            synced_until=synced[-1][1] if synced else None,
        )
        if account.hidden and due is None:
            # when it is due is hidden as well; to the minute, so that what is worked out is of use for a while
            due = (now - grace) // _MINUTE * _MINUTE
        told = _describe(known, span, due, product, is_partly_hidden=account.hidden > 0)
        described.append(
            {
                "id": account.account_id,
                "name": account.name,
                "type": known.account_type[1][:_LONGEST] or account.account_type,
                "asset_id": account.assets[-1] if account.assets else None,
                "syncing": _bounds(clip(_under_way(account, product), span)),
                "hidden": account.hidden,
                **told,
            }
        )
    return described


@lru_cache(maxsize=MOST_KEPT)
def _describe(
    known: Known, span: Interval, due: int | None, product: Product, *, is_partly_hidden: bool
) -> Mapping[str, Any]:
    history = known.history
    away = disconnections(known.changes, moment(span[1]))
    newest = max(known.changes, key=lambda change: change.at, default=None)

    def line(of: Product) -> dict[str, Any]:
        segments = partition(
            span,
            synced=_synced(history, of),
            failed=history.failed(of),
            away=away,
            since=history.since(of),
            due=due,
            is_partly_hidden=is_partly_hidden,
        )
        length, count = [0] * len(Kind), [0] * len(Kind)
        for start, end, kind in segments:
            length[kind] += end - start
            count[kind] += 1
        flat = run_lengths(segments)
        return {
            "seg": [number if index % 2 else seconds(number) for index, number in enumerate(flat)],
            "sec": [seconds(milliseconds) for milliseconds in length],
            "n": count,
        }

    return {
        "since": seconds_or_none(history.since(product)),
        "due": seconds_or_none(due),
        "last": seconds_or_none(history.newest),
        "status": newest.message[:_LONGEST] if newest else None,
        "connected": is_connected(known.changes),
        **line(product),
        "off": _bounds(clip(away, span)),
        "products": {str(one): line(one) for one in history.products},
    }


def _synced(history: History, product: Product) -> list[Interval]:
    return history.followed() if product is None else history.synced(product)


def _under_way(account: Account, product: Product) -> list[Interval]:
    return [
        sync.attempt.interval or (BEGINNING, sync.at)
        for sync in account.syncs
        if sync.state == "syncing" and (product is None or sync.attempt.product in (None, product))
    ]


def _bounds(intervals: Iterable[Interval]) -> list[list[int | float]]:
    return [[seconds(start), seconds(end)] for start, end in intervals]
