"""The schedules of DAGs, as Airflow's database has them: which window ended last, and which runs fill a gap."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pendulum
from airflow.models.dag import DagModel
from airflow.models.serialized_dag import SerializedDagModel
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from sqlalchemy import func, select

from airflow_provider_postpress.page.spans import milliseconds
from airflow_provider_postpress.tasks.schedule import DeltaSchedule, Schedule, schedule_of

if TYPE_CHECKING:
    from pendulum import DateTime
    from sqlalchemy.engine import Engine
    from sqlalchemy.orm import Session

MAX_RUNS = 1000
"""More runs than these are not offered as one backfill."""

_MOST_STEPS = 10_000
_LEAST = timedelta(microseconds=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DagSchedule:
    """
    The schedule of a DAG.

    :param schedule: how it ticks
    :param timetable: Airflow's own
    :param last: the last moment at which it can make a run; ``None``: there is none
    """

    schedule: Schedule
    timetable: Any
    last: DateTime | None


@dataclass(frozen=True, slots=True)
class Backfill:
    """
    The runs of a schedule that cover a span.

    :param from_date: what to ask Airflow's backfill for
    :param to_date: and until when, inclusively
    :param runs: how many runs these are
    """

    from_date: DateTime
    to_date: DateTime
    runs: int


@dataclass(slots=True)
class _Kept:
    version: datetime
    schedule: DagSchedule | None
    tick: DateTime | None = None
    following: DateTime | None = None


class Schedules:
    """The schedules of one database's DAGs, kept in this process until a DAG changes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, _Kept] = {}

    def of(self, session: Session, dag_ids: Collection[str]) -> dict[str, DagSchedule]:
        """
        Give the schedules of DAGs; a DAG that is gone, or whose schedule cannot be read, has none.

        :param session: of the database
        :param dag_ids: the DAGs
        """
        with self._lock:
            self._update(session, dag_ids)
            return {dag_id: kept.schedule for dag_id in dag_ids if (kept := self._kept.get(dag_id)) and kept.schedule}

    def last_ends(self, session: Session, dag_ids: Collection[str], moment: datetime) -> dict[str, int]:
        """
        Tell when the last windows of DAGs' schedules ended, in epoch milliseconds.

        :param session: of the database
        :param dag_ids: the DAGs
        :param moment: not after this moment
        """
        with self._lock:
            anchors = self._update(session, dag_ids)
            ticks = {dag_id: self._last_tick(self._kept[dag_id], anchor, moment) for dag_id, anchor in anchors.items()}
        return {dag_id: milliseconds(tick) for dag_id, tick in ticks.items() if tick}

    def _update(self, session: Session, dag_ids: Collection[str]) -> dict[str, datetime | None]:
        """Read what has changed; give the DAGs there are, and when each is to run next."""
        query = (
            select(DagModel.dag_id, DagModel.next_dagrun_create_after, func.max(SerializedDagModel.last_updated))
            .join(SerializedDagModel, SerializedDagModel.dag_id == DagModel.dag_id)
            .where(DagModel.dag_id.in_(dag_ids), ~DagModel.is_stale)
            .group_by(DagModel.dag_id, DagModel.next_dagrun_create_after)
        )
        found = session.execute(query).all()
        for dag_id, _, version in found:
            if dag_id not in self._kept or self._kept[dag_id].version != version:
                self._kept[dag_id] = _Kept(version, _read(session, dag_id))
        for dag_id in set(dag_ids).difference(dag_id for dag_id, _, _ in found):
            self._kept.pop(dag_id, None)
        return {dag_id: next_run for dag_id, next_run, _ in found}

    def _last_tick(self, kept: _Kept, anchor: datetime | None, moment: datetime) -> DateTime | None:
        if kept.schedule is None:
            return None
        latest = pendulum.instance(moment)
        if kept.schedule.last:
            latest = min(latest, kept.schedule.last)
        if isinstance(kept.schedule.schedule, DeltaSchedule):
            return _step(anchor, kept.schedule.schedule.delta, latest)
        if kept.tick is None or latest < kept.tick or (kept.following and kept.following <= latest):
            schedule = kept.schedule.schedule
            kept.tick = schedule.tick_before(latest + _LEAST)
            kept.following = schedule.tick_after(kept.tick) if kept.tick else None
        return kept.tick


_schedules: WeakKeyDictionary[Engine, Schedules] = WeakKeyDictionary()
_schedules_lock = Lock()


def schedules_of(session: Session) -> Schedules:
    """
    Give the schedules of a database's DAGs.

    :param session: of the database
    """
    engine: Any = session.get_bind()
    with _schedules_lock:
        return _schedules.setdefault(engine, Schedules())


def backfill_of(dag: DagSchedule, start: datetime, end: datetime, now: datetime) -> Backfill | None:
    """
    Find the runs of a schedule whose windows cover a span; ``None`` if there are none, or too many.

    A run of a trigger timetable syncs what passed since the tick before; one of a data interval's timetable, its
    interval.

    :param dag: the schedule
    :param start: of the span
    :param end: of the span
    :param now: the present moment: a window that has not ended has no run
    """
    timetable = dag.timetable
    if isinstance(timetable, AssetOrTimeSchedule):
        timetable = timetable.timetable
    if start >= now or getattr(timetable, "partitioned", False):
        return None
    windows = _windows(dag.schedule, pendulum.instance(start), pendulum.instance(min(end, now)))
    ended = [window for window in islice(windows, MAX_RUNS + 1) if window[1] < now]
    if not ended or len(ended) > MAX_RUNS:
        return None
    starts_with_window = isinstance(timetable, (CronDataIntervalTimetable, DeltaDataIntervalTimetable))
    dates = [window[0 if starts_with_window else 1].in_timezone("UTC") for window in ended]
    return Backfill(dates[0], dates[-1], len(dates))


def _windows(schedule: Schedule, start: DateTime, end: DateTime) -> Iterator[tuple[DateTime, DateTime]]:
    # a backfill of a delta schedule counts from where it is told to begin
    tick = start if isinstance(schedule, DeltaSchedule) else schedule.tick_before(start + _LEAST)
    while tick is not None and tick < end:
        following = schedule.tick_after(tick)
        if following is None or following <= tick:
            return
        yield tick, following
        tick = following


def _read(session: Session, dag_id: str) -> DagSchedule | None:
    try:
        dag = SerializedDagModel.get_dag(dag_id, session=session)
        if dag is None:
            return None
        last = pendulum.instance(dag.end_date) if dag.end_date else None
        return DagSchedule(schedule_of(dag.timetable), dag.timetable, last)
    except Exception:  # whatever is wrong with one DAG, the accounts of the others are to be seen
        log.exception("The schedule of DAG %r cannot be read: until when its syncs are due is not known.", dag_id)
        return None


def _step(anchor: datetime | None, delta: Any, latest: DateTime) -> DateTime | None:
    """Go from one tick to another, back or forth, to the last that is not after a moment."""
    if anchor is None:
        return None
    tick = pendulum.instance(anchor)
    if isinstance(delta, timedelta):
        return tick + (latest - tick) // delta * delta
    for _ in range(_MOST_STEPS):
        if tick > latest:
            tick -= delta
        elif tick + delta <= latest:
            tick += delta
        else:
            return tick
    return None
