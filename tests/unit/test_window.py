"""The window of a run: the span itself, and how a run's context becomes one."""

from __future__ import annotations

import copy
import logging
import pickle
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import airflow.sdk
import pendulum
import pytest
from airflow.sdk import DAG, Asset
from airflow.sdk.api.datamodels._generated import DagRun
from airflow.timetables.base import TimeRestriction
from airflow.timetables.events import EventsTimetable
from dateutil.relativedelta import relativedelta
from pendulum import DateTime

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.exceptions import PostpressWindowError
from airflow_provider_postpress.resync.window import SyncWindow
from airflow_provider_postpress.tasks.window import resolve_window

BERLIN = pendulum.timezone("Europe/Berlin")
SANTIAGO = pendulum.timezone("America/Santiago")
HAVANA = pendulum.timezone("America/Havana")
NOW = pendulum.datetime(2026, 11, 21, 12)
NAIVE = datetime.fromisoformat("2024-03-10")
log = logging.getLogger(__name__)


def utc(*fields: int) -> DateTime:
    return pendulum.datetime(*fields)


def timetable(name: str) -> Any:
    """Airflow 3.3 has timetables for DAG files in its SDK; 3.1 only those of the scheduler."""
    if found := getattr(airflow.sdk, name, None):
        return found
    from airflow.timetables import assets, interval, trigger

    return next(getattr(module, name) for module in (assets, interval, trigger) if hasattr(module, name))


def dag(schedule: Any = "0 0 * * *", *, timezone: Any = BERLIN) -> DAG:
    return DAG("nightly", schedule=schedule, start_date=pendulum.datetime(2023, 1, 1, tz=timezone), max_active_runs=1)


def scheduler_timetable(dag: DAG) -> Any:
    try:
        from airflow.serialization.encoders import coerce_to_core_timetable
    except ImportError:
        return dag.timetable
    return coerce_to_core_timetable(dag.timetable)


def scheduled_intervals(dag: DAG, *, since: DateTime, count: int) -> list[tuple[DateTime, DateTime]]:
    """Drive the DAG's timetable as the scheduler does, from each run to the next."""
    ticking = scheduler_timetable(dag)
    restriction = TimeRestriction(earliest=since, latest=None, catchup=True)
    intervals = [ticking.next_dagrun_info(last_automated_data_interval=None, restriction=restriction).data_interval]
    while len(intervals) < count:
        run = ticking.next_dagrun_info(last_automated_data_interval=intervals[-1], restriction=restriction)
        intervals.append(run.data_interval)
    return [(interval.start, interval.end) for interval in intervals]


LIKE_START = object()


def context(
    dag: DAG,
    start: DateTime | None = None,
    end: DateTime | None = None,
    *,
    logical_date: Any = LIKE_START,
    run_type: str = "scheduled",
    run_after: DateTime | None = None,
    conf: dict[str, Any] | None = None,
    partition_date: DateTime | None = None,
    partition_key: str | None = None,
) -> Any:
    """Build what a worker hands to a task: without the interval's keys where there is no logical date."""
    end = end or start
    logical_date = start if logical_date is LIKE_START else logical_date
    facts = {
        "dag_id": dag.dag_id,
        "run_id": f"{run_type}__1",
        "logical_date": logical_date,
        "data_interval_start": start,
        "data_interval_end": end,
        "run_after": run_after or end or NOW,
        "start_date": NOW,
        "end_date": None,
        "run_type": run_type,
        "state": "running",
        "conf": conf,
        "consumed_asset_events": [],
        "partition_key": partition_key,
        "partition_date": partition_date,
    }
    found = {
        "dag": dag,
        "dag_run": DagRun(**{name: value for name, value in facts.items() if name in DagRun.model_fields}),
    }
    if "partition_key" in DagRun.model_fields:
        found |= {"partition_key": partition_key, "partition_date": partition_date}
    if logical_date is not None:
        found |= {"logical_date": logical_date, "data_interval_start": start, "data_interval_end": end}
    return found


def resolve(context: Any, window: Any = "data_interval", **options: Any) -> SyncWindow:
    found = resolve_window(context, window, log=log, **{"now": NOW, **options})
    assert found is not None
    return found


class TestSyncWindow:
    def test_is_in_utc_whatever_it_was_given_in(self):
        window = SyncWindow(datetime(2024, 3, 31, tzinfo=BERLIN), "2024-04-01T00:00:00+02:00")
        assert window == SyncWindow(utc(2024, 3, 30, 23), utc(2024, 3, 31, 22))
        assert (window.start.timezone_name, window.end.timezone_name) == ("UTC", "UTC")
        assert window.duration == timedelta(hours=23)

    def test_takes_whole_numbers_as_epoch_milliseconds(self):
        window = SyncWindow(1710028800000, 1710028800001)
        assert window == SyncWindow("2024-03-10T00:00:00Z", "2024-03-10T00:00:00.001Z")
        assert SyncWindow(1710028800000, 253402300799999).before_ms == 253402300799999

    def test_floors_both_bounds_to_milliseconds_so_that_windows_still_touch(self):
        moment = datetime(2024, 3, 10, 0, 0, 0, 123_999, tzinfo=UTC)
        before, after = SyncWindow(utc(2024, 3, 9), moment), SyncWindow(moment, utc(2024, 3, 11))
        assert before.end == after.start == utc(2024, 3, 10).add(microseconds=123_000)
        assert before.before_ms == after.after_ms + 1

    def test_sends_its_start_less_a_millisecond_and_its_end(self):
        window = SyncWindow(1710028800123, 1710115200456)
        assert window.parameters() == {"after": 1710028800122, "before": 1710115200456}
        assert window.parameters("as_documented") == {"after": 1710115200456, "before": 1710028800122}

    def test_never_sends_a_negative_bound(self):
        assert SyncWindow("1970-01-01T00:00:00Z", utc(2024, 1, 1)).after_ms == 0

    def test_refuses_a_reading_of_the_time_span_that_it_does_not_know(self):
        with pytest.raises(PostpressInvalidRequest, match=r"time_span='reversed' .*'natural', 'as_documented'"):
            SyncWindow(utc(2024, 1, 1), utc(2024, 1, 2)).parameters("reversed")  # type: ignore[arg-type]  # the point

    @pytest.mark.parametrize(
        ("start", "says"),
        [
            (NAIVE, "start='2024-03-10 00:00:00' has no timezone"),
            ("2024-03-10", "start='2024-03-10' has no timezone"),
            ("yesterday", "start='yesterday' is not a moment"),
            ("now", "start='now' is not a moment"),
            ("12:00", "start='12:00' is not a moment"),
            ("1701010100000", "start='1701010100000' is not a moment"),
            ("", "start='' is not a moment"),
            (date(2024, 3, 10), "is not a moment"),
            (None, "start=None is not a moment"),
            (True, "start=True is not a moment"),
            (1710028800000.0, "start=1710028800000.0 is not a moment"),
            (1710028800, "multiply it by 1000"),
            (-1710028800000, "too small for epoch milliseconds"),
            (1710028800000000, "outside the years that can be told"),
            ("0001-01-01T00:00:00+14:00", "outside the years that can be told"),
            ("1969-12-31T23:59:59Z", "before 1970"),
        ],
    )
    def test_refuses_what_is_not_a_moment_and_says_what_is(self, start: Any, says: str):
        with pytest.raises(PostpressInvalidRequest) as refused:
            SyncWindow(start, utc(2024, 3, 11))
        assert says in str(refused.value)

    @pytest.mark.parametrize("end", [utc(2024, 3, 10), utc(2024, 3, 9), utc(2024, 3, 10).add(microseconds=999)])
    def test_refuses_to_be_empty_or_backwards(self, end: DateTime):
        with pytest.raises(PostpressInvalidRequest, match="is not before its end"):
            SyncWindow(utc(2024, 3, 10), end)

    def test_travels_as_json(self):
        window = SyncWindow("2024-03-10T01:00:00.250+01:00", "2024-03-11T00:00:00Z")
        assert window.as_dict() == {"start": "2024-03-10T00:00:00.250+00:00", "end": "2024-03-11T00:00:00+00:00"}
        assert SyncWindow.from_dict(window.as_dict()) == window

    def test_refuses_a_dict_that_is_not_a_window(self):
        with pytest.raises(PostpressInvalidRequest, match="'until'"):
            SyncWindow.from_dict({"start": "2024-03-10T00:00:00Z", "until": "2024-03-11T00:00:00Z"})

    def test_is_a_value(self):
        window = SyncWindow(utc(2024, 3, 10), utc(2024, 3, 11))
        assert len({window, copy.deepcopy(window), pickle.loads(pickle.dumps(window))}) == 1  # noqa: S301 - our own
        with pytest.raises(AttributeError):
            window.start = utc(2024, 1, 1)  # type: ignore[misc]  # the point

    def test_prints_itself_half_open(self):
        assert str(SyncWindow(utc(2024, 3, 10), utc(2024, 3, 11))) == "[2024-03-10 00:00 → 2024-03-11 00:00) UTC"
        assert str(SyncWindow(1710028801000, 1710028801250)) == ("[2024-03-10 00:00:01 → 2024-03-10 00:00:01.250) UTC")

    def test_describes_itself_in_the_dags_timezone_and_in_utc(self):
        window = SyncWindow(utc(2024, 3, 30, 23), utc(2024, 3, 31, 22))
        assert window.describe(BERLIN) == (
            "[2024-03-31 00:00 → 2024-04-01 00:00) Europe/Berlin, which is [2024-03-30 23:00 → 2024-03-31 22:00) UTC"
        )
        assert window.describe(pendulum.timezone("UTC")) == str(window)


def cron(expression: str, timezone: str, *, of: str = "CronTriggerTimetable") -> Any:
    return timetable(of)(expression, timezone=timezone)


SPRING, AUTUMN = utc(2024, 2, 20), utc(2024, 8, 25)
TOUCHING = {
    "at midnight in Berlin": lambda: cron("0 0 * * *", "Europe/Berlin"),
    "in the hour that Berlin skips": lambda: cron("30 2 * * *", "Europe/Berlin"),
    "twice in the hour that Berlin skips": lambda: cron("15,45 2 * * *", "Europe/Berlin"),
    "at the midnight that Santiago skips": lambda: cron("@daily", "America/Santiago"),
    "at the midnight that Havana has twice": lambda: cron("@daily", "America/Havana"),
    "in the half hour that Lord Howe skips": lambda: cron("10 2 * * *", "Australia/Lord_Howe"),
    "on workdays": lambda: cron("0 6 * * 1-5", "Europe/Berlin"),
    "by several crons": lambda: timetable("MultipleCronTriggerTimetable")(
        "45 2 * * *", "15 3 * * *", "0 12 * * 1", timezone="Europe/Berlin"
    ),
    "or by assets": lambda: timetable("AssetOrTimeSchedule")(
        timetable=cron("30 2 * * *", "Europe/Berlin"), assets=[Asset("inbox")]
    ),
    "a day apart": lambda: timedelta(days=1),
    "an odd length apart": lambda: timetable("DeltaTriggerTimetable")(timedelta(hours=17, seconds=3.25)),
    "a month apart": lambda: relativedelta(months=1),
    "with intervals of their own, in the hour that Berlin skips": lambda: cron(
        "30 2 * * *", "Europe/Berlin", of="CronDataIntervalTimetable"
    ),
    "with intervals of their own, at the midnight that Santiago skips": lambda: cron(
        "@daily", "America/Santiago", of="CronDataIntervalTimetable"
    ),
    "with an interval of a day": lambda: timetable("CronTriggerTimetable")(
        "@daily", timezone="Europe/Berlin", interval=timedelta(days=1)
    ),
    "with an interval of a day, in the hour that Berlin skips": lambda: timetable("CronTriggerTimetable")(
        "30 2 * * *", timezone="Europe/Berlin", interval=timedelta(days=1)
    ),
    "with an interval of a week, at the midnight that Santiago skips": lambda: timetable("CronTriggerTimetable")(
        "0 0 * * 0", timezone="America/Santiago", interval=timedelta(weeks=1)
    ),
    "at listed moments": lambda: EventsTimetable([SPRING.add(hours=7 * n * n) for n in range(500)]),
}


class TestDataInterval:
    @pytest.mark.parametrize("schedule", TOUCHING.values(), ids=TOUCHING)
    @pytest.mark.parametrize("since", [SPRING, AUTUMN], ids=["spring", "autumn"])
    def test_windows_of_consecutive_runs_touch(self, schedule: Any, since: DateTime):
        scheduled = dag(schedule())
        intervals = scheduled_intervals(scheduled, since=since, count=210)
        windows = [resolve(context(scheduled, *interval), now=utc(2500, 1, 1)) for interval in intervals[1:]]
        assert windows[0].start == intervals[0][1]
        assert [window.end for window in windows] == [end for _, end in intervals[1:]]
        assert all(before.end == after.start for before, after in pairwise(windows))

    @pytest.mark.parametrize("expression", ["0 * * * *", "*/20 * * * *", "30 2 * * *"])
    @pytest.mark.parametrize("since", [utc(2024, 3, 30, 22), utc(2024, 10, 26, 22), utc(2024, 12, 31, 20)])
    def test_windows_touch_around_the_hour_that_is_skipped_doubled_or_ends_the_year(
        self, expression: str, since: DateTime
    ):
        hourly = dag(expression)
        intervals = scheduled_intervals(hourly, since=since, count=20)
        windows = [resolve(context(hourly, *interval)) for interval in intervals]
        assert all(before.end == after.start for before, after in pairwise(windows))

    @pytest.mark.parametrize(
        ("day", "hours"), [(utc(2024, 3, 31, 22), 23), (utc(2024, 10, 27, 23), 25), (utc(2024, 2, 29, 23), 24)]
    )
    def test_a_day_has_the_hours_that_its_timezone_gives_it(self, day: DateTime, hours: int):
        assert resolve(context(dag("@daily"), day)).duration == timedelta(hours=hours)

    def test_an_interval_is_taken_as_it_is(self):
        start, end = utc(2020, 1, 1), utc(2024, 3, 10, 7)
        assert resolve(context(dag(None), start, end, run_type="manual")) == SyncWindow(start, end)

    def test_a_run_between_two_ticks_reaches_back_to_the_tick(self):
        moment = utc(2024, 3, 10, 13, 45)
        window = resolve(context(dag("@daily"), moment, run_type="manual"))
        assert window == SyncWindow(utc(2024, 3, 9, 23), moment)

    def test_a_leap_day_is_found_across_the_century_that_has_none(self):
        window = resolve(context(dag("0 0 29 2 *", timezone="UTC"), utc(2104, 2, 29)), now=utc(2110, 1, 1))
        assert window.start == utc(2096, 2, 29)

    def test_where_two_months_lead_to_a_tick_nothing_is_left_out(self):
        monthly = dag(relativedelta(months=1))
        assert resolve(context(monthly, utc(2024, 2, 29))).start == utc(2024, 1, 29)
        assert resolve(context(dag(relativedelta(months=1, days=1)), utc(2024, 3, 1))).start == utc(2024, 1, 29)

    def test_a_pendulum_duration_as_schedule_is_as_long_as_to_the_scheduler(self):
        end = utc(2024, 3, 31)
        window = resolve(context(dag(timetable("DeltaTriggerTimetable")(pendulum.duration(months=1))), end))
        assert window == SyncWindow(end.subtract(days=30), end)

    def test_an_interval_that_has_not_ended_is_refused(self):
        with pytest.raises(PostpressWindowError, match=r"has not ended yet: it is 2026-11-21 12:00:00.*cut to now"):
            resolve(context(dag(), utc(2026, 11, 21), utc(2026, 11, 22), run_type="manual"))

    def test_an_interval_inferred_from_the_moment_of_triggering_is_told(self, caplog: pytest.LogCaptureFixture):
        start, end = utc(2026, 11, 19, 23), utc(2026, 11, 20, 23)
        window = resolve(context(dag(), start, end, logical_date=utc(2024, 3, 10), run_type="manual"))
        assert window == SyncWindow(start, end)
        assert "logical date, 2024-03-10 00:00:00+00:00, lies before its data interval" in caplog.text

    @pytest.mark.parametrize(
        ("schedule", "run", "reason"),
        [
            (None, {"start": utc(2024, 3, 10), "run_type": "manual"}, "no previous tick"),
            ("@once", {"start": utc(2024, 3, 10)}, "no previous tick"),
            ("@continuous", {"start": utc(2024, 3, 10), "run_type": "manual"}, "no previous tick"),
            ("@continuous", {"start": utc(2023, 1, 1), "end": utc(2024, 3, 10)}, "passed since the last run"),
            ([Asset("inbox")], {"run_type": "asset_triggered"}, "no data interval"),
            ("@daily", {"run_type": "manual"}, "no data interval"),
            (
                "@daily",
                {"start": utc(2026, 11, 21, 11), "logical_date": utc(2024, 3, 10), "run_type": "manual"},
                "comes from the moment of triggering",
            ),
            ("@daily", {"start": utc(2024, 3, 10, 2, 30)}, "has no tick where the run is"),
            ("@daily", {"start": utc(2024, 3, 10, 2, 30), "run_type": "backfill"}, "has no tick where the run is"),
        ],
    )
    def test_a_period_that_cannot_be_known_is_refused_with_what_was_found_and_the_ways_out(
        self, schedule: Any, run: dict[str, Any], reason: str
    ):
        scheduled = dag(schedule)
        with pytest.raises(PostpressWindowError) as refused:
            resolve(context(scheduled, **run))
        said = str(refused.value)
        assert reason in said
        assert f"run type {run.get('run_type', 'scheduled')}" in said
        assert f"schedule {scheduler_timetable(scheduled).summary}" in said
        for way_out in ("timedelta", "(start, end)", "postpress_window", "CronDataIntervalTimetable"):
            assert way_out in said

    def test_the_first_of_listed_moments_has_no_period(self):
        listed = dag(EventsTimetable([utc(2024, 3, 10), utc(2024, 3, 12)]))
        assert resolve(context(listed, utc(2024, 3, 12))).start == utc(2024, 3, 10)
        with pytest.raises(PostpressWindowError, match="no previous tick"):
            resolve(context(listed, utc(2024, 3, 10)))

    def test_a_timetable_of_somebody_elses_is_not_guessed_at(self):
        from airflow.timetables.trigger import CronTriggerTimetable

        class Workdays(CronTriggerTimetable):
            pass

        with pytest.raises(PostpressWindowError, match="no previous tick that can be known"):
            resolve(context(dag(Workdays("@daily", timezone="Europe/Berlin")), utc(2024, 3, 9, 23)))


@pytest.mark.skipif(not hasattr(airflow.sdk, "CronPartitionTimetable"), reason="Airflow has partitioned runs since 3.3")
class TestPartition:
    def nightly(self, **options: Any) -> DAG:
        return dag(timetable("CronPartitionTimetable")("@daily", timezone="Europe/Berlin", **options))

    def run(self, dag: DAG, date: DateTime | None, **facts: Any) -> Any:
        return context(dag, partition_key="2024-03-31", partition_date=date, **facts)

    def test_a_run_means_its_partitions_period(self):
        window = resolve(self.run(self.nightly(), utc(2024, 3, 30, 23)))
        assert window == SyncWindow(utc(2024, 3, 30, 23), utc(2024, 3, 31, 22))

    def test_windows_of_consecutive_partitions_touch(self):
        nightly = self.nightly(run_offset=-1)
        ticking, run, windows = scheduler_timetable(nightly), None, []
        for _ in range(310):
            run = ticking.next_dagrun_info_v2(
                last_dagrun_info=run, restriction=TimeRestriction(utc(2024, 1, 20), None, True)
            )
            windows.append(resolve(self.run(nightly, run.partition_date)))
            assert windows[-1].end == run.run_after
        assert all(before.end == after.start for before, after in pairwise(windows))

    def test_a_length_ends_where_the_partition_does(self):
        window = resolve(self.run(self.nightly(), utc(2024, 3, 30, 23)), timedelta(days=7))
        assert window == SyncWindow(utc(2024, 3, 24, 22), utc(2024, 3, 31, 22))

    def test_a_partition_that_has_not_ended_is_refused_with_the_way_to_run_it_when_it_has(self):
        with pytest.raises(PostpressWindowError, match=r"has not ended yet.*run_offset=-1"):
            resolve(self.run(self.nightly(), utc(2026, 11, 20, 23)))

    @pytest.mark.parametrize("date", [None, utc(2024, 3, 30, 23, 30)])
    @pytest.mark.parametrize("window", ["data_interval", timedelta(days=1)])
    def test_a_partition_that_does_not_begin_at_a_tick_is_refused(self, date: DateTime | None, window: Any):
        with pytest.raises(PostpressWindowError, match=r"does not begin at a tick.*partition 2024-03-31"):
            resolve(self.run(self.nightly(), date), window)

    def test_a_run_without_partition_is_a_run_like_any_other(self):
        window = resolve(context(self.nightly(), utc(2024, 3, 31, 22), run_type="manual"))
        assert window == SyncWindow(utc(2024, 3, 30, 23), utc(2024, 3, 31, 22))


class TestLength:
    @pytest.mark.parametrize("schedule", [None, "@once", "@continuous", "@daily"])
    def test_ends_where_the_runs_interval_ends(self, schedule: Any):
        end = utc(2024, 3, 31, 22)
        assert resolve(context(dag(schedule), end), timedelta(hours=36)) == SyncWindow(end.subtract(hours=36), end)

    def test_ends_at_run_after_where_the_run_has_no_interval(self, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.INFO)
        end = utc(2024, 3, 10, 9)
        run = context(dag([Asset("inbox")]), run_type="asset_triggered", run_after=end)
        assert resolve(run, timedelta(days=1)) == SyncWindow(utc(2024, 3, 9, 9), end)
        assert "no data interval" in caplog.text

    def test_a_timedelta_is_absolute_and_a_pendulum_duration_is_on_the_calendar(self):
        for end, hours in ((utc(2024, 3, 31, 22), 23), (utc(2024, 10, 27, 23), 25)):
            run = context(dag(), end)
            assert resolve(run, timedelta(days=1)).duration == timedelta(hours=24)
            assert resolve(run, pendulum.duration(days=1)).duration == timedelta(hours=hours)
            assert resolve(run, pendulum.duration(hours=6)).duration == timedelta(hours=6)

    def test_months_have_the_days_that_the_calendar_gives_them(self):
        window = resolve(context(dag("@monthly"), utc(2024, 2, 29, 23)), pendulum.duration(months=1))
        assert window == SyncWindow(utc(2024, 1, 31, 23), utc(2024, 2, 29, 23))

    @pytest.mark.parametrize(
        ("expression", "timezone"),
        [("0 0 * * *", BERLIN), ("30 2 * * *", BERLIN), ("0 0 * * *", SANTIAGO), ("0 0 * * *", HAVANA)],
    )
    def test_calendar_days_of_consecutive_daily_runs_touch(self, expression: str, timezone: Any):
        daily = dag(expression, timezone=timezone)
        intervals = scheduled_intervals(daily, since=utc(2024, 1, 20), count=310)
        windows = [resolve(context(daily, *interval), pendulum.duration(days=1)) for interval in intervals]
        assert all(before.end == after.start for before, after in pairwise(windows))

    @pytest.mark.parametrize("length", [timedelta(0), timedelta(days=-1), pendulum.duration(days=-1)])
    def test_must_be_longer_than_nothing(self, length: timedelta):
        with pytest.raises(PostpressWindowError, match=r"window=.* is not a length of time"):
            resolve(context(dag(), utc(2024, 3, 10)), length)

    def test_that_reaches_back_too_far_is_refused(self):
        for length, says in ((timedelta(days=365 * 60), "before 1970"), (timedelta(days=999_999), "before the year 1")):
            with pytest.raises(PostpressWindowError, match=says):
                resolve(context(dag(), utc(2024, 3, 10)), length)

    def test_that_has_not_ended_is_refused(self):
        with pytest.raises(PostpressWindowError, match="has not ended yet"):
            resolve(context(dag(), utc(2026, 11, 22), run_type="manual"), timedelta(days=1))


UNKNOWN_PERIOD = {"run_type": "asset_triggered"}


class TestExplicit:
    @pytest.mark.parametrize(
        "window",
        [
            (utc(2024, 3, 30, 23), datetime(2024, 4, 1, tzinfo=BERLIN)),
            ("2024-03-31", "2024-04-01"),
            ["20240331", " 2024-04-01T00:00 "],
            ("2024-03-30 23:00:00+00:00", "2024-03-31T22:00:00Z"),
            {"start": "2024-03-31", "end": "2024-04-01"},
            (1711839600000, 1711922400000),
        ],
    )
    def test_reads_every_form_and_what_has_no_offset_in_the_dags_timezone(self, window: Any):
        assert resolve(context(dag(None), **UNKNOWN_PERIOD), window) == SyncWindow(
            utc(2024, 3, 30, 23), utc(2024, 3, 31, 22)
        )

    def test_times_that_the_clock_skips_or_has_twice_are_those_of_the_schedule(self):
        for timezone, day in ((SANTIAGO, "2024-09-08"), (HAVANA, "2024-11-03")):
            daily = dag("@daily", timezone=timezone)
            (_, tick), *_ = scheduled_intervals(daily, since=pendulum.parse(day).subtract(hours=1), count=1)
            assert resolve(context(daily, utc(2024, 12, 1)), (day, "2024-11-04")).start == tick

    def test_an_end_in_the_future_is_cut_to_now_and_told(self, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.INFO)
        window = resolve(context(dag(None), **UNKNOWN_PERIOD), ("2026-11-01", "2026-12-01"))
        assert window == SyncWindow(utc(2026, 10, 31, 23), NOW)
        assert "window.end=2026-11-30 23:00:00+00:00 lies in the future: the window is cut to now" in caplog.text

    @pytest.mark.parametrize(
        ("window", "says"),
        [
            ((NOW, "2027-01-01"), "window.start=2026-11-21 12:00:00+00:00 lies in the future"),
            (("2024-03-10", "2024-03-10"), "is not before its end"),
            ((NAIVE, utc(2024, 3, 11)), "window.start='2024-03-10 00:00:00' has no timezone"),
            (("2024-03-09", NAIVE), "window.end='2024-03-10 00:00:00' has no timezone"),
            (("2024-03-10", ""), "window.end is empty"),
            (("2024-03-10", "tomorrow"), "window.end='tomorrow' is not a moment"),
            ((1710028800, 1710115200), "multiply it by 1000"),
        ],
    )
    def test_bounds_that_make_no_window_are_refused(self, window: Any, says: str):
        with pytest.raises(PostpressWindowError) as refused:
            resolve(context(dag(None), **UNKNOWN_PERIOD), window)
        assert says in str(refused.value)

    @pytest.mark.parametrize(
        "window",
        [
            *("weekly", "['2024-03-10', '2024-03-11']", 86400, None, True),
            *((), ("2024-03-10",), ("2024-03-10", "2024-03-11", "2024-03-12")),
            *({"start": "2024-03-10"}, {"start": "2024-03-10", "end": "2024-03-11", "overlap": 1}),
        ],
    )
    def test_any_other_window_is_refused_with_those_that_are_allowed(self, window: Any):
        with pytest.raises(PostpressWindowError, match=r"is not known. Allowed: 'data_interval', a timedelta .*'full'"):
            resolve(context(dag(), utc(2024, 3, 10)), window)


class TestConf:
    REPAIR = {"postpress_window": {"start": "2024-03-01", "end": "2024-04-01"}}  # noqa: RUF012 - a constant
    MARCH = SyncWindow(utc(2024, 2, 29, 23), utc(2024, 3, 31, 22))

    @pytest.mark.parametrize("window", ["data_interval", "full", timedelta(days=1), ("2020-01-01", "2020-01-02")])
    def test_wins_over_the_operators_window_and_is_told(self, window: Any, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.INFO)
        run = context(dag(None), run_type="manual", conf=self.REPAIR)
        assert resolve(run, window, overlap=timedelta(days=1)) == self.MARCH
        assert "it replaces the operator's window" in caplog.text

    def test_is_cut_to_now_like_any_explicit_window(self):
        conf = {"postpress_window": {"start": "2026-11-01", "end": "2027-01-01"}}
        assert resolve(context(dag(), conf=conf)).end == NOW

    def test_is_held_to_the_longest_window_like_any_other(self):
        with pytest.raises(PostpressWindowError, match="max_window allows 1 week"):
            resolve(context(dag(), conf=self.REPAIR), max_window=timedelta(days=7))

    @pytest.mark.parametrize(
        "wanted",
        [
            *("full", "2024-03-01", ["2024-03-01", "2024-04-01"]),
            *({}, {"start": "2024-03-01"}, {"start": "2024-03-01", "end": "2024-04-01", "overlap": 1}),
        ],
    )
    def test_anything_but_a_start_and_an_end_is_refused(self, wanted: Any):
        with pytest.raises(PostpressWindowError, match=r"The run's conf has postpress_window=.*Allowed: \{\"start\""):
            resolve(context(dag(), utc(2024, 3, 10), conf={"postpress_window": wanted}))

    def test_a_bad_bound_is_named(self):
        with pytest.raises(PostpressWindowError, match=r"postpress_window\.end=None is not a moment"):
            resolve(context(dag(), conf={"postpress_window": {"start": "2024-03-01", "end": None}}))

    @pytest.mark.parametrize("conf", [None, {}, {"other": 1}, {"postpress_window": None}])
    def test_without_a_window_changes_nothing(self, conf: Any):
        assert resolve(context(dag(), utc(2024, 3, 9, 23), conf=conf)).start == utc(2024, 3, 8, 23)


class TestFull:
    def test_has_no_bounds_whatever_the_run(self):
        run = context(dag(None), **UNKNOWN_PERIOD)
        assert resolve_window(run, "full", overlap=timedelta(days=1), now=NOW, log=log) is None

    def test_is_longer_than_any_longest_window(self):
        with pytest.raises(PostpressWindowError, match=r"window='full' has no bounds.*1 week"):
            resolve(context(dag(), utc(2024, 3, 10)), "full", max_window=timedelta(days=7))


class TestOverlap:
    @pytest.mark.parametrize("window", ["data_interval", timedelta(days=1), ("2024-03-09T00:00Z", "2024-03-10T00:00Z")])
    @pytest.mark.parametrize("overlap", [timedelta(hours=2), 7200, 7200.0])
    def test_starts_every_bounded_window_earlier(self, window: Any, overlap: Any):
        run = context(dag(timezone="UTC"), utc(2024, 3, 10))
        assert resolve(run, window, overlap=overlap) == SyncWindow(utc(2024, 3, 8, 22), utc(2024, 3, 10))

    def test_of_calendar_days_is_counted_in_the_dags_timezone(self):
        run = context(dag(), utc(2024, 4, 1, 22))
        assert resolve(run, overlap=pendulum.duration(days=1)).start == utc(2024, 3, 30, 23)

    @pytest.mark.parametrize("overlap", [None, 0, timedelta(0)])
    def test_may_be_none(self, overlap: Any):
        assert resolve(context(dag(), utc(2024, 3, 9, 23)), overlap=overlap).start == utc(2024, 3, 8, 23)

    @pytest.mark.parametrize("overlap", [-1, timedelta(seconds=-1), True, "1 day", float("nan"), float("inf")])
    def test_that_is_no_length_is_refused(self, overlap: Any):
        with pytest.raises(PostpressWindowError, match=r"overlap=.* is not a length of time"):
            resolve(context(dag(), utc(2024, 3, 10)), overlap=overlap)


class TestLongestWindow:
    def test_a_longer_one_is_refused_with_both_lengths_and_the_ways_out(self):
        run = context(dag(None), utc(2020, 1, 1), utc(2024, 1, 1), run_type="manual")
        with pytest.raises(PostpressWindowError, match=r"208 weeks 5 days long, .* allows 31 days|4 weeks 3 days"):
            resolve(run, max_window=timedelta(days=31))

    def test_one_just_as_long_is_allowed_and_the_overlap_is_not_counted(self):
        run = context(dag(timezone="UTC"), utc(2024, 3, 10))
        window = resolve(run, max_window=86400, overlap=timedelta(hours=1))
        assert window.duration == timedelta(hours=25)
        with pytest.raises(PostpressWindowError):
            resolve(run, max_window=86399)

    def test_of_a_calendar_day_allows_the_day_of_25_hours(self):
        run = context(dag(), utc(2024, 10, 27, 23))
        assert resolve(run, max_window=pendulum.duration(days=1)).duration == timedelta(hours=25)
        with pytest.raises(PostpressWindowError, match="1 day 1 hour long"):
            resolve(run, max_window=timedelta(days=1))

    @pytest.mark.parametrize("longest", [0, -1, timedelta(0), True, "1 day"])
    def test_must_be_a_length(self, longest: Any):
        with pytest.raises(PostpressWindowError, match=r"max_window=.* is not a length of time"):
            resolve(context(dag(), utc(2024, 3, 10)), max_window=longest)
