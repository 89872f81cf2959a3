"""Which span of message time a run of a DAG is to sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pendulum
from pendulum import DateTime, Duration

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.exceptions import PostpressWindowError
from airflow_provider_postpress.resync.window import SyncWindow, at_wall_clock, read_instant
from airflow_provider_postpress.tasks.schedule import ContinuousSchedule, Schedule, clock_of_intervals, schedule_of

if TYPE_CHECKING:
    from airflow.sdk import Context
    from pendulum import FixedTimezone, Timezone

    from airflow_provider_postpress.resync.runners import Log

CONF_KEY = "postpress_window"

_MADE_BY_THE_SCHEDULE = ("scheduled", "backfill")

_WAYS_OUT = (
    "Ways out: window=timedelta(...), that long until the run; window=(start, end); "
    f'for this run alone its conf, {{"{CONF_KEY}": {{"start": "2024-03-10", "end": "2024-03-11"}}}}; '
    "or a schedule whose runs have an interval, such as CronDataIntervalTimetable."
)


def resolve_window(
    context: Context,
    window: object,
    *,
    overlap: timedelta | float | None = None,
    max_window: timedelta | float | None = None,
    now: datetime,
    log: Log,
) -> SyncWindow | None:
    """
    Find the window of a run.

    Lengths are a ``timedelta``, seconds, or a ``pendulum.Duration``, whose days, weeks, months and years are those of
    the calendar in the DAG's timezone (to pendulum, 24 hours are a day).

    A run's conf ``{"postpress_window": {"start": …, "end": …}}`` replaces ``window``: it is taken as given, without
    ``overlap``, and like an explicit window otherwise.

    :param context: the task's context
    :param window: one of

        - ``"data_interval"``: the run's data interval. One of no length, as Airflow's trigger timetables give, means
          since the previous tick of the DAG's own schedule; a partitioned run means its partition's period
        - a length: that long, ending where the run's data interval (or partition) ends, or, for a run that has none,
          at its ``run_after``
        - ``(start, end)`` or ``{"start": …, "end": …}``: each an aware ``datetime``, an ISO 8601 string (without an
          offset, in the DAG's timezone; a date alone is its midnight) or an ``int`` of epoch milliseconds. An end in
          the future is cut to now
        - ``"full"``: no bounds
    :param overlap: how much earlier a window starts, for late arrivals. ``"full"`` has no start to move
    :param max_window: the longest window allowed, before ``overlap``; ``"full"`` is longer than any
    :param now: the present moment
    :param log: where to say what was changed or found odd
    :return: the window; ``None`` for ``"full"``
    :raises PostpressWindowError: a value is not allowed, the period cannot be known, it has not ended yet, or it is
        longer than ``max_window``
    """
    run, moment = _Run.of(context), _utc(now)
    try:
        earlier = _length("overlap", overlap) if overlap else None
        longest = _length("max_window", max_window) if max_window is not None else None
        found: SyncWindow | None
        if (wanted := run.conf.get(CONF_KEY)) is not None:
            log.info("The run's conf asks for %s=%s: it replaces the operator's window, %s", CONF_KEY, wanted, window)
            found, earlier = _from_conf(run, wanted, moment, log), None
        else:
            found = _from_operator(run, window, moment, log)
        if longest is not None:
            _check_length(found, longest, run)
        return _with_overlap(found, earlier, run) if found and earlier else found
    except PostpressInvalidRequest as refused:
        raise PostpressWindowError(str(refused)) from refused


@dataclass(frozen=True)
class _Run:
    """What the context says of a run's time."""

    run_id: str
    run_type: str
    run_after: DateTime
    logical_date: DateTime | None
    interval: tuple[DateTime, DateTime] | None
    partition_key: str | None
    partition_date: DateTime | None
    conf: Mapping[str, Any]
    timezone: Timezone | FixedTimezone
    timetable: object

    @classmethod
    def of(cls, context: Context) -> _Run:
        dag, dag_run = context["dag"], context["dag_run"]
        start, end = context.get("data_interval_start"), context.get("data_interval_end")
        return cls(
            run_id=dag_run.run_id,
            run_type=str(getattr(dag_run.run_type, "value", dag_run.run_type)),
            run_after=_utc(dag_run.run_after),
            logical_date=_utc_or_none(context.get("logical_date")),
            interval=(_utc(start), _utc(end)) if start and end else None,
            partition_key=context.get("partition_key"),
            partition_date=_utc_or_none(context.get("partition_date")),
            conf=dag_run.conf or {},
            timezone=dag.timezone,
            timetable=dag.timetable,
        )

    @cached_property
    def schedule(self) -> Schedule:
        """The schedule of the run's DAG, looked into only where the run's own facts do not do."""
        return schedule_of(self.timetable)

    def __str__(self) -> str:
        facts = {
            "run type": self.run_type,
            "logical date": self.logical_date or "none",
            "data interval": " to ".join(map(str, self.interval)) if self.interval else "none",
            "schedule": self.schedule.summary,
        }
        if self.partition_key is not None:
            facts |= {"partition": self.partition_key, "partition date": self.partition_date or "none"}
        return ", ".join(f"{fact} {value}" for fact, value in facts.items())


def _from_conf(run: _Run, wanted: object, now: DateTime, log: Log) -> SyncWindow:
    match wanted:
        case {"start": start, "end": end, **others} if not others:
            return _explicit(run, CONF_KEY, start, end, now, log)
        case _:
            raise PostpressWindowError(
                f'The run\'s conf has {CONF_KEY}={wanted!r}. Allowed: {{"start": …, "end": …}}, '
                "each an ISO 8601 string (without an offset, in the DAG's timezone)."
            )


def _from_operator(run: _Run, window: object, now: DateTime, log: Log) -> SyncWindow | None:
    match window:
        case "full":
            return None
        case "data_interval":
            return _ended(SyncWindow(*_period(run, log)), run, now)
        case timedelta():
            length = _length("window", window)
            end = _end(run, log)
            return _ended(SyncWindow(_earlier(end, length, run), end), run, now)
        case [start, end]:
            return _explicit(run, "window", start, end, now, log)
        case {"start": start, "end": end, **others} if not others:
            return _explicit(run, "window", start, end, now, log)
        case _:
            raise PostpressWindowError(
                f"window={window!r} is not known. Allowed: 'data_interval', a timedelta or pendulum.Duration, "
                "(start, end) as aware datetimes or ISO 8601 strings, or 'full'."
            )


def _period(run: _Run, log: Log) -> tuple[DateTime, DateTime]:
    """Find the period that a run stands for."""
    if run.partition_key is not None:
        return _partition(run)
    if run.interval is None:
        raise _unknown(run, "it has no data interval")
    start, end = run.interval
    if start != end:
        if run.run_type == "scheduled" and isinstance(run.schedule, ContinuousSchedule):
            raise _unknown(
                run, "its data interval is only what passed since the last run, or since the DAG's start_date"
            )
        _warn_of_inference(run, log)
        return _start_on_the_clock(run, start, end, log), end
    if end != run.logical_date:
        # So do `airflow dags trigger --logical-date` and, in some versions, TriggerDagRunOperator
        raise _unknown(run, "its data interval comes from the moment of triggering, not from its logical date")
    tick = run.schedule.tick_before(end)
    if tick is None:
        raise _unknown(run, "its data interval has no length, and its schedule no previous tick that can be known")
    if run.run_type in _MADE_BY_THE_SCHEDULE and run.schedule.tick_after(tick) != end:
        raise _unknown(run, "the DAG's schedule, which was perhaps changed since, has no tick where the run is")
    return tick, end


def _start_on_the_clock(run: _Run, start: DateTime, end: DateTime, log: Log) -> DateTime:
    """
    Find where a cron schedule's interval begins on the clock that the schedule follows.

    Airflow takes its length for one of absolute time, which leaves an hour out of a day that has 25.
    """
    clock = clock_of_intervals(run.timetable) if run.run_type in _MADE_BY_THE_SCHEDULE else None
    tick = run.schedule.tick_before(end) if clock else None
    if not (clock and tick) or tick == start:
        return start
    if (_wall_clock(end, clock) - _wall_clock(tick, clock)).total_seconds() != (end - start).total_seconds():
        return start
    log.info("The clocks changed within the run's data interval: its window starts at %s, not at %s", tick, start)
    return tick


def _partition(run: _Run) -> tuple[DateTime, DateTime]:
    """Find the period of a run's partition: from its date to the next tick."""
    start = run.partition_date
    if start is None or not run.schedule.has_tick_at(start):
        raise _unknown(run, "its partition does not begin at a tick of the DAG's schedule")
    end = run.schedule.tick_after(start)
    if end is None:
        raise _unknown(run, "no tick follows its partition's beginning")
    return start, end


def _end(run: _Run, log: Log) -> DateTime:
    """Find where a window of a given length ends."""
    if run.partition_key is not None:
        return _partition(run)[1]
    if run.interval is None:
        log.info("The run has no data interval: the window ends at the run's run_after, %s", run.run_after)
        return run.run_after
    _warn_of_inference(run, log)
    return run.interval[1]


def _warn_of_inference(run: _Run, log: Log) -> None:
    if run.interval and run.logical_date and run.logical_date < run.interval[0]:
        log.warning(
            "The run's logical date, %s, lies before its data interval, %s to %s, which is what is synced. "
            "`airflow dags trigger --logical-date` infers the interval from the moment of triggering",
            run.logical_date,
            *run.interval,
        )


def _explicit(run: _Run, name: str, start: object, end: object, now: DateTime, log: Log) -> SyncWindow:
    first = _bound(run, f"{name}.start", start)
    last = _bound(run, f"{name}.end", end)
    if first >= now:
        raise PostpressWindowError(f"{name}.start={first} lies in the future: it is {now}. There is nothing to sync.")
    if last > now:
        log.info("%s.end=%s lies in the future: the window is cut to now, %s", name, last, now)
        last = now
    return SyncWindow(first, last)


def _bound(run: _Run, parameter: str, value: object) -> DateTime:
    if isinstance(value, str) and not value.strip():
        raise PostpressWindowError(
            f"{parameter} is empty. A template such as {{{{ ds }}}} renders to nothing in a run without a logical date."
        )
    return read_instant(parameter, value, run.timezone)


def _ended(window: SyncWindow, run: _Run, now: DateTime) -> SyncWindow:
    if window.end <= now:
        return window
    way_out = (
        "CronPartitionTimetable's run_offset=-1 runs a partition once it is over."
        if run.partition_key is not None
        else "Run it again when it has, or give window=(start, end), which is cut to now."
    )
    raise PostpressWindowError(
        f"The window of run {run.run_id!r}, {window.describe(run.timezone)}, has not ended yet: it is {now}. {way_out}"
    )


def _unknown(run: _Run, reason: str) -> PostpressWindowError:
    return PostpressWindowError(
        f"The period of run {run.run_id!r} cannot be known: {reason}. Found: {run}. {_WAYS_OUT}"
    )


def _check_length(window: SyncWindow | None, longest: timedelta, run: _Run) -> None:
    if window is None:
        raise PostpressWindowError(
            f"window='full' has no bounds, and max_window allows {_words(longest)}. Leave one of the two out."
        )
    if window.start < _earlier(window.end, longest, run):
        raise PostpressWindowError(
            f"The window {window.describe(run.timezone)} is {_words(window.duration)} long, and max_window allows "
            f"{_words(longest)}. If it is meant, raise max_window; or sync it in pieces, with windows of their own."
        )


def _with_overlap(window: SyncWindow, overlap: timedelta, run: _Run) -> SyncWindow:
    return SyncWindow(_earlier(window.start, overlap, run), window.end)


def _length(parameter: str, value: object) -> timedelta:
    try:
        length = timedelta(seconds=value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    except (OverflowError, ValueError):  # infinite, or not a number
        length = None
    if not isinstance(length, timedelta) or length.total_seconds() <= 0:
        raise PostpressInvalidRequest(
            f"{parameter}={value!r} is not a length of time. Allowed: a timedelta or pendulum.Duration longer than "
            "nothing, or such a number of seconds."
        )
    return length


def _earlier(moment: DateTime, length: timedelta, run: _Run) -> DateTime:
    """Go back by a length of time; by days, weeks, months and years of a pendulum duration on the DAG's calendar."""
    try:
        if isinstance(length, Duration) and (length.years or length.months or length.weeks or length.remaining_days):
            return at_wall_clock(_wall_clock(moment, run.timezone) - length, run.timezone)
        return moment - timedelta(seconds=length.total_seconds())
    except (OverflowError, ValueError):
        raise PostpressInvalidRequest(f"{_words(length)} before {moment} is before the year 1.") from None


def _wall_clock(moment: DateTime, timezone: Timezone | FixedTimezone) -> DateTime:
    """
    Give the time that a clock shows, naive.

    A tick whose time the clock skips comes that much later; its own time is meant, or its day would begin late.
    """
    shown = moment.in_timezone(timezone).naive()
    as_yesterday = moment.subtract(days=1).in_timezone(timezone).naive().add(days=1)
    return as_yesterday if as_yesterday < shown and at_wall_clock(as_yesterday, timezone) == moment else shown


def _words(length: timedelta) -> str:
    return (length if isinstance(length, Duration) else pendulum.duration(seconds=length.total_seconds())).in_words()


def _utc(moment: datetime) -> DateTime:
    return pendulum.instance(moment).in_timezone(pendulum.UTC)


def _utc_or_none(moment: datetime | None) -> DateTime | None:
    return None if moment is None else _utc(moment)
