"""The DAGs that can fill a gap of an account."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel, DagTag
from sqlalchemy import select

from airflow_provider_postpress.coverage.intervals import Interval
from airflow_provider_postpress.page.accounts import read_accounts
from airflow_provider_postpress.page.schedules import DagSchedule, backfill_of, schedules_of
from airflow_provider_postpress.page.spans import moment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_provider_postpress.page.rights import Rights

TAG = "postpress"


def dags_for(
    session: Session, rights: Rights, account_id: str | None, gap: Interval | None, *, now: int
) -> list[dict[str, Any]]:
    """
    Give the DAGs that can be run to fill a gap: those that have synced the account, the last one first; then others.

    :param session: of Airflow's database
    :param rights: what may be known and run: of a DAG that may not be run, nothing is told
    :param account_id: Postpress's id of the account; ``None``: of no account in particular
    :param gap: the gap, in epoch milliseconds; ``None``: none in particular, and there is no backfill for it
    :param now: the present moment
    """
    accounts = read_accounts(session, rights, [account_id]) if account_id else {}
    synced = accounts[account_id].dag_ids if account_id in accounts else {}
    tagged = select(DagTag.dag_id).where(DagTag.name == TAG)
    query = select(DagModel).where(DagModel.dag_id.in_(tagged) | DagModel.dag_id.in_(synced), ~DagModel.is_stale)
    dags = [dag for dag in session.scalars(query) if _allows(dag, "manual") and rights.may_run(dag.dag_id)]
    dags.sort(key=lambda dag: (dag.dag_id not in synced, -synced.get(dag.dag_id, 0), dag.dag_id))
    schedules = schedules_of(session).of(session, [dag.dag_id for dag in dags])
    return [
        {
            "id": dag.dag_id,
            "name": dag.dag_display_name,
            "paused": dag.is_paused,
            "schedule": _schedule(dag),
            "synced_before": dag.dag_id in synced,
            "backfill": _backfill(dag, schedules.get(dag.dag_id), gap, now),
        }
        for dag in dags
    ]


def _schedule(dag: DagModel) -> str | None:
    summary = dag.timetable_summary
    return None if summary in (None, "", "None") else str(summary)


def _backfill(dag: DagModel, schedule: DagSchedule | None, gap: Interval | None, now: int) -> dict[str, Any] | None:
    if gap is None or schedule is None or not _allows(dag, "backfill"):
        return None
    start, end = map(moment, gap)
    found = backfill_of(schedule, start, end, moment(now))
    if found is None:
        return None
    return {"from_date": _iso(found.from_date), "to_date": _iso(found.to_date), "runs": found.runs}


def _allows(dag: DagModel, run_type: str) -> bool:
    allowed = getattr(dag, "allowed_run_types", None)  # since Airflow 3.2
    return allowed is None or run_type in allowed


def _iso(date: datetime) -> str:
    return date.isoformat(timespec="microseconds" if date.microsecond else "seconds")
