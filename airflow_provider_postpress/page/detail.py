"""One account: its coverage, each of its windows, and how its status changed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow.models.asset import AssetEvent
from airflow.models.dagrun import DagRun
from sqlalchemy import select

from airflow_provider_postpress.coverage.evidence import BEGINNING, Product, evidence_of
from airflow_provider_postpress.coverage.intervals import Interval
from airflow_provider_postpress.page.accounts import Account, read_accounts
from airflow_provider_postpress.page.attempts import TaskSync
from airflow_provider_postpress.page.documents import read_object, text_of
from airflow_provider_postpress.page.overview import describe
from airflow_provider_postpress.page.spans import milliseconds, moment, seconds, seconds_or_none

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_provider_postpress.page.rights import Rights

MOST_WINDOWS = 2000

_AT_ONCE = 500
_LONGEST_STATUS = 200


def detail(
    session: Session,
    rights: Rights,
    account_id: str,
    span: Interval,
    *,
    now: int,
    grace: int,
    product: Product = None,
) -> dict[str, Any] | None:
    """
    Tell all of an account; ``None`` if there is none with this id, or none of which this may be known.

    :param session: of Airflow's database
    :param rights: what may be known
    :param account_id: Postpress's id of the account
    :param span: the span of time, in epoch milliseconds
    :param now: the present moment
    :param grace: how long after its window's end a sync may take
    :param product: only what is synced of this product of LinkedIn's counts; ``None``: of all
    """
    account = read_accounts(session, rights, [account_id]).get(account_id)
    if account is None:
        return None
    (described,) = describe(session, [account], span, now=now, grace=grace, product=product)
    windows = [*islice(_synced(session, rights, account, span), MOST_WINDOWS + 1), *_attempted(account, span)]
    windows.sort(key=lambda window: window["at"], reverse=True)
    shown = windows[:MOST_WINDOWS]
    _mark_runs(session, shown)
    return {
        **described,
        "windows": shown,
        "truncated": len(windows) > MOST_WINDOWS,
        "statuses": _statuses(account, span),
    }


def _synced(session: Session, rights: Rights, account: Account, span: Interval) -> Iterator[dict[str, Any]]:
    """Read what the account's events tell, the newest first."""
    query = (
        select(
            AssetEvent.timestamp,
            text_of(AssetEvent.extra),
            AssetEvent.source_dag_id,
            AssetEvent.source_run_id,
            AssetEvent.source_task_id,
            AssetEvent.source_map_index,
        )
        # no event proves anything of the time after it
        .where(AssetEvent.asset_id.in_(account.assets), AssetEvent.timestamp > moment(span[0]))
        .order_by(AssetEvent.timestamp.desc(), AssetEvent.id.desc())
        .execution_options(yield_per=_AT_ONCE)
    )
    for timestamp, text, dag_id, run_id, task_id, map_index in session.execute(query):
        if not rights.may_read(dag_id):
            continue
        known = evidence_of(read_object(text), milliseconds(timestamp))
        if known and _overlap(known.interval, span):
            yield {
                "start": None if known.interval[0] == BEGINNING else seconds(known.interval[0]),
                "end": seconds(known.interval[1]),
                "state": "synced" if known.synced else "failed",
                "product": known.product,
                "at": seconds(known.at),
                "dag_id": dag_id,
                "run_id": run_id,
                "task_id": task_id,
                "map_index": -1 if map_index is None else map_index,
            }


def _attempted(account: Account, span: Interval) -> Iterator[dict[str, Any]]:
    for sync in account.syncs:
        if _overlap(_interval(sync), span):
            start, end = sync.attempt.interval or (None, sync.at)
            yield {
                "start": seconds_or_none(start),
                "end": seconds(end),
                "state": sync.state,
                "product": sync.attempt.product,
                "at": seconds(sync.at),
                "dag_id": sync.dag_id,
                "run_id": sync.run_id,
                "task_id": sync.task_id,
                "map_index": sync.map_index,
            }


def _interval(sync: TaskSync) -> Interval:
    return sync.attempt.interval or (0, sync.at)


def _overlap(interval: Interval, span: Interval) -> bool:
    return interval[0] < span[1] and span[0] < interval[1]


def _mark_runs(session: Session, windows: list[dict[str, Any]]) -> None:
    """Tell of each window whether its run is still there to be looked at."""
    dag_ids = {window["dag_id"] for window in windows}
    run_ids = {window["run_id"] for window in windows}
    query = select(DagRun.dag_id, DagRun.run_id).where(DagRun.dag_id.in_(dag_ids), DagRun.run_id.in_(run_ids))
    runs = {tuple(run) for run in session.execute(query)}
    for window in windows:
        window["exists"] = (window["dag_id"], window["run_id"]) in runs


def _statuses(account: Account, span: Interval) -> list[dict[str, Any]]:
    changes = sorted(account.known.changes, key=lambda change: change.at, reverse=True)
    told = ((milliseconds(change.at), change.message[:_LONGEST_STATUS]) for change in changes)
    shown = ((at, status) for at, status in told if span[0] <= at < span[1])
    return [{"at": seconds(at), "status": status} for at, status in islice(shown, MOST_WINDOWS)]
