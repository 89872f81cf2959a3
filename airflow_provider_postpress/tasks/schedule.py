"""When a DAG's own schedule makes its runs: the tick before a moment, and the one after a tick."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pendulum

if TYPE_CHECKING:
    from airflow.timetables.base import DagRunInfo, Timetable
    from pendulum import DateTime, FixedTimezone, Timezone

_FIRST_LOOK_BACK = timedelta(hours=1)
_LAST_LOOK_BACK = timedelta(days=16 * 366)
"""Longer than any cron schedule waits: 29 February stays away for eight years around 2100."""


@dataclass(frozen=True)
class Schedule(ABC):
    """
    A DAG's schedule.

    :param summary: what Airflow shows for it, such as ``0 0 * * *`` or ``@once``
    """

    summary: str

    @abstractmethod
    def tick_before(self, moment: DateTime) -> DateTime | None:
        """
        Find the last tick before a moment.

        :param moment: in UTC
        :return: the tick in UTC; ``None`` where there is none or it cannot be known
        """

    @abstractmethod
    def tick_after(self, tick: DateTime) -> DateTime | None:
        """
        Find the tick that follows a tick.

        :param tick: in UTC
        :return: the tick in UTC; ``None`` where there is none or it cannot be known
        """

    def has_tick_at(self, moment: DateTime) -> bool:
        """
        Tell whether a moment is a tick that follows another.

        :param moment: in UTC
        """
        before = self.tick_before(moment)
        return before is not None and self.tick_after(before) == moment


@dataclass(frozen=True)
class CronSchedule(Schedule):
    """
    One cron expression or several, in the timetable's own timezone.

    Ticks are found as the scheduler finds them, from one to the next. Airflow's way back
    (``CronMixin._get_prev``) answers with the tick itself on a day whose clock skips it.

    :param timetable: a timetable that triggers at its ticks
    """

    timetable: Timetable

    def tick_before(self, moment: DateTime) -> DateTime | None:
        """Start further and further back until a tick comes before the moment, and go on from there."""
        look_back = _FIRST_LOOK_BACK
        while look_back < _LAST_LOOK_BACK:
            tick = self._tick_from(moment - look_back)
            if tick is not None and tick < moment:
                while (following := self.tick_after(tick)) is not None and following < moment:
                    tick = following
                return tick
            look_back *= 2
        return None

    def tick_after(self, tick: DateTime) -> DateTime | None:
        """Ask the timetable, as the scheduler does."""
        from airflow.timetables.base import DataInterval, TimeRestriction

        return _moment_of(
            self.timetable.next_dagrun_info(
                last_automated_data_interval=DataInterval.exact(tick), restriction=TimeRestriction(None, None, True)
            )
        )

    def _tick_from(self, earliest: DateTime) -> DateTime | None:
        from airflow.timetables.base import TimeRestriction

        return _moment_of(
            self.timetable.next_dagrun_info(
                last_automated_data_interval=None, restriction=TimeRestriction(earliest, None, True)
            )
        )


@dataclass(frozen=True)
class DeltaSchedule(Schedule):
    """
    A length of time after the run before, counted in UTC from whenever the first run was.

    :param delta: the length, a ``timedelta`` or, for calendar arithmetic, a ``relativedelta``
    """

    delta: Any

    def tick_before(self, moment: DateTime) -> DateTime | None:
        """Subtract the length, and see what leads back: months differ, so the result can be some days off."""
        about: DateTime = moment - self.delta
        # From 29, 30 and 31 January alike, a month leads to 29 February. Nobody can know which it was: the earliest
        # leaves no gap
        ticks = (about.add(days=days) for days in range(-4, 5))
        return next((tick for tick in ticks if tick < moment and self.tick_after(tick) == moment), None)

    def tick_after(self, tick: DateTime) -> DateTime:
        """Add the length."""
        following: DateTime = tick + self.delta
        return following


@dataclass(frozen=True)
class ListedSchedule(Schedule):
    """
    A list of moments.

    :param ticks: the moments in UTC; none where there are none, or where only the timetable's maker knows them
    """

    ticks: tuple[DateTime, ...] = ()

    def tick_before(self, moment: DateTime) -> DateTime | None:
        """Look the last one before up."""
        return max((tick for tick in self.ticks if tick < moment), default=None)

    def tick_after(self, tick: DateTime) -> DateTime | None:
        """Look the next one up."""
        return min((later for later in self.ticks if later > tick), default=None)


@dataclass(frozen=True)
class ContinuousSchedule(ListedSchedule):
    """``@continuous``: no ticks. A run's interval is what passed since the last run, or since ``start_date``."""


def schedule_of(timetable: object) -> Schedule:
    """
    Find out how a DAG's schedule ticks.

    Only Airflow's own timetables are understood: a subclass may tick as it pleases.

    :param timetable: ``dag.timetable``, as a task sees it
    """
    from airflow.timetables.assets import AssetOrTimeSchedule
    from airflow.timetables.events import EventsTimetable
    from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
    from airflow.timetables.simple import ContinuousTimetable
    from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable, MultipleCronTriggerTimetable

    timetable = _as_the_scheduler_has_it(timetable)
    summary = str(getattr(timetable, "summary", type(timetable).__name__))
    if not type(timetable).__module__.startswith("airflow.timetables."):
        return ListedSchedule(summary)
    match timetable:
        case AssetOrTimeSchedule():
            # A run with an interval comes from the schedule's time part: one triggered by assets has none
            return replace(schedule_of(timetable.timetable), summary=summary)
        case CronTriggerTimetable() | MultipleCronTriggerTimetable():
            return CronSchedule(summary, timetable)
        case CronDataIntervalTimetable():
            trigger = CronTriggerTimetable(timetable._expression, timezone=timetable._timezone)
            return CronSchedule(summary, trigger)
        case DeltaTriggerTimetable() | DeltaDataIntervalTimetable():
            return DeltaSchedule(summary, _as_scheduled(timetable._delta))
        case EventsTimetable():
            return ListedSchedule(
                summary, tuple(pendulum.instance(x).in_timezone("UTC") for x in timetable.event_dates)
            )
        case ContinuousTimetable():
            return ContinuousSchedule(summary)
        case _:
            return ListedSchedule(summary)


def clock_of_intervals(timetable: object) -> Timezone | FixedTimezone | None:
    """
    Give the timezone that a cron schedule follows, if its runs have an interval whose length was given.

    :param timetable: ``dag.timetable``, as a task sees it
    """
    from airflow.timetables.trigger import CronTriggerTimetable

    if type(timetable).__name__ != CronTriggerTimetable.__name__:
        return None
    scheduled = _as_the_scheduler_has_it(timetable)
    is_given = type(scheduled) is CronTriggerTimetable and scheduled._interval
    return scheduled._timezone if is_given else None


def _as_the_scheduler_has_it(timetable: Any) -> Any:
    """Since Airflow 3.2 a task sees a description of the schedule; what ticks is made of it."""
    try:
        from airflow.serialization.encoders import coerce_to_core_timetable
    except ImportError:
        return timetable
    try:
        return coerce_to_core_timetable(timetable)
    except (KeyError, ValueError):  # a timetable that no plugin registers, or that Airflow itself cannot read back
        return timetable


def _as_scheduled(delta: Any) -> Any:
    """Give a pendulum duration its length alone, as the scheduler does: its months are 30 days."""
    return timedelta(seconds=delta.total_seconds()) if isinstance(delta, timedelta) else delta


def _moment_of(run: DagRunInfo | None) -> DateTime | None:
    return None if run is None else run.run_after
