"""Windows tile the line: what the runs of Airflow's own scheduler and backfills ask of Postpress leaves nothing out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import pendulum
import pytest
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable

try:
    from airflow.sdk import CronPartitionTimetable
except ImportError:  # before Airflow 3.3
    CronPartitionTimetable = None

from airflow_provider_postpress.emulator import Emulator
from airflow_provider_postpress.operators.resync import PostpressResyncOperator

Run = dict[str, Any]

FAST = {"poll_interval": 0.001, "max_poll_interval": 0.002, "deferrable": False}
MILLISECOND, HOUR, DAY = timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=1)
ODD = timedelta(hours=7, seconds=3.25)
BERLIN, NEW_YORK, LORD_HOWE, SANTIAGO = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"
_NUMBERS = count(1)


class Plan(NamedTuple):
    """
    A catch-up.

    :param schedule: the DAG's, or what makes it
    :param timezone: the DAG's
    :param since: its start, on the clock of its timezone
    :param runs: how many runs to catch up
    :param lengths: those of their windows in hours, each once: by them the clock is known to have done what it does
    """

    schedule: Any
    timezone: str
    since: tuple[int, ...]
    runs: int
    lengths: set[float]


def intervals(expression: str, timezone: str) -> Any:
    return CronDataIntervalTimetable(expression, timezone=timezone)


PLANS = {
    "400 nights with a leap day and two ends of a year": Plan("@daily", BERLIN, (2023, 12, 20), 400, {23, 24, 25}),
    "in the hour that New York skips": Plan("30 2 * * *", NEW_YORK, (2024, 3, 8), 6, {23, 24}),
    "in the hour that New York has twice": Plan("30 1 * * *", NEW_YORK, (2024, 11, 1), 6, {24, 25}),
    "each hour, of which New York skips one": Plan("@hourly", NEW_YORK, (2024, 3, 9, 22), 9, {1}),
    "each hour, of which New York has one twice": Plan("@hourly", NEW_YORK, (2024, 11, 2, 22), 9, {1}),
    "in the half hour that Lord Howe skips": Plan("15 2 * * *", LORD_HOWE, (2024, 10, 4), 6, {23.5, 24}),
    "in the half hour that Lord Howe has twice": Plan("45 1 * * *", LORD_HOWE, (2024, 4, 5), 6, {24, 24.5}),
    "at the midnight that Santiago skips": Plan("@daily", SANTIAGO, (2024, 9, 5), 7, {23, 24}),
    "at the midnight that Santiago has twice": Plan("@daily", SANTIAGO, (2024, 4, 4), 7, {24, 25}),
    "leap days": Plan("0 0 29 2 *", BERLIN, (1996, 1, 1), 8, {1461 * 24}),
    "the months of a leap year": Plan(
        "@monthly", NEW_YORK, (2024, 1, 1), 13, {24 * 31 - 1, 24 * 29, 24 * 30, 24 * 30 + 1, 24 * 31}
    ),
    "workdays over the end of a year": Plan("0 6 * * 1-5", BERLIN, (2024, 12, 20), 12, {24, 72}),
    "intervals, in the hour that Berlin skips": Plan(
        lambda: intervals("30 2 * * *", BERLIN), BERLIN, (2024, 3, 28), 7, {23, 24}
    ),
    "intervals, at the end of New York's summer": Plan(
        lambda: intervals("@daily", NEW_YORK), NEW_YORK, (2024, 10, 31), 7, {24, 25}
    ),
    "every 24 hours, whatever the clock does": Plan(DAY, BERLIN, (2024, 10, 24), 7, {24}),
    "every odd length of time": Plan(ODD, SANTIAGO, (2024, 12, 30), 12, {ODD / HOUR}),
    "a cron with an interval": Plan(
        lambda: CronTriggerTimetable("0 0 * * *", timezone="Asia/Kolkata", interval=DAY),
        "Asia/Kolkata", (2024, 2, 26), 7, {24},
    ),
}  # fmt: skip
if CronPartitionTimetable:
    PLANS["partitions, at the beginning of Berlin's summer"] = Plan(
        lambda: CronPartitionTimetable("0 0 * * *", timezone=BERLIN, run_offset=-1), BERLIN, (2024, 3, 29), 7, {23, 24}
    )


class Window(NamedTuple):
    """
    What a run's sync asked of Postpress.

    :param after: the last millisecond that is not asked for, but for the one that no window leaves out
    :param before: the first one after it
    """

    after: datetime
    before: datetime

    @classmethod
    def of(cls, query: str) -> Window:
        """Read it from a request."""
        bounds = parse_qs(query)
        return cls(*(datetime.fromtimestamp(0, UTC) + int(bounds[name][0]) * MILLISECOND for name in cls._fields))

    @property
    def start(self) -> datetime:
        """What the sync was to begin with."""
        return self.after + MILLISECOND


def dag_of(schedule: Any, timezone: str, since: tuple[int, ...], runs: int = 1) -> DAG:
    """Make a DAG as a user would for a catch-up, under a name of its own."""
    with DAG(
        f"tiles_{next(_NUMBERS)}",
        schedule=schedule() if callable(schedule) else schedule,
        start_date=pendulum.datetime(*since, tz=timezone),
        catchup=True,
        max_active_runs=runs,
    ) as dag:
        PostpressResyncOperator(task_id="sync", account_id="acc_anna")
    return dag


def runs_of(dag: DAG) -> list[Run]:
    """Give a DAG's runs as Airflow's API server tells them to a worker."""
    from airflow.api_fastapi.execution_api.datamodels.taskinstance import DagRun as Told
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        runs = session.scalars(select(DagRun).where(DagRun.dag_id == dag.dag_id).order_by(DagRun.run_after)).all()
        for run in runs:
            run.set_state("running")  # as the scheduler begins it
        return [Told.model_validate(run, from_attributes=True).model_dump() for run in runs]


@pytest.fixture
def catch_up(put_dag) -> Callable[[DAG], list[Run]]:
    """Let Airflow's scheduler make as many runs of a DAG as it may at once."""

    def catch_up(dag: DAG) -> list[Run]:
        from airflow.jobs.job import Job
        from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
        from airflow.models.dag import DagModel
        from airflow.utils.session import create_session

        put_dag(dag)
        with create_session() as session:
            scheduler = SchedulerJobRunner(Job())
            for _ in range(dag.max_active_runs):
                scheduler._create_dag_runs([session.get(DagModel, dag.dag_id)], session)
                session.flush()
        return runs_of(dag)

    return catch_up


@pytest.fixture
def backfill(put_dag) -> Callable[[DAG, str, str], list[Run]]:
    """Let ``airflow backfill create`` make the runs of a DAG."""

    def backfill(dag: DAG, first: str, last: str) -> list[Run]:
        from airflow.cli.cli_parser import get_parser

        put_dag(dag)
        asked = ["--dag-id", dag.dag_id, "--from-date", first, "--to-date", last, "--max-active-runs", "1"]
        command = get_parser().parse_args(["backfill", "create", *asked])
        command.func(command)
        return runs_of(dag)

    return backfill


@pytest.fixture
def sync(worker, emulator: Emulator) -> Callable[..., list[Window]]:
    """Sync in each of a DAG's runs, and give what reached Postpress, in the order of the time that was asked for."""

    def sync(dag: DAG, runs: list[Run], **arguments: Any) -> list[Window]:
        bounds = {run[name] for run in runs for name in ("data_interval_start", "data_interval_end", "run_after")}
        moments = sorted(bound for bound in bounds if bound)
        emulator.configure(duration_ms=1)
        emulator.add_account("LINKEDIN", account_id="acc_anna")
        emulator.add_chat("acc_anna", messages=[at + step * MILLISECOND for at in moments for step in (-1, 0, 1)])
        emulator.scatter_messages("acc_anna", 500, moments[0], moments[-1])
        worker.schedule, worker.timezone = dag.schedule, dag.timezone
        for worker.dag_run in runs:
            ended = worker.run(PostpressResyncOperator, account_id="acc_anna", **FAST, **arguments)
            assert ended.state == "success", ended.error
        requests = emulator.requests("acc_anna", route="account_sync")
        assert [request["sync_status"] for request in requests].count("SYNC_STARTED") == len(runs)
        return sorted({Window.of(request["query"]) for request in requests})

    return sync


def assert_nothing_is_left_out(emulator: Emulator, windows: list[Window]) -> None:
    whole = (windows[0].start, windows[-1].before)
    assert emulator.missing("acc_anna", *whole) == []
    assert emulator.count_messages("acc_anna", *whole)["in_postpress"] > 400


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_catch_up_leaves_nothing_out_and_asks_for_nothing_twice(catch_up, sync, emulator, plan):
    dag = dag_of(*plan[:4])

    runs = catch_up(dag)
    windows = sync(dag, runs)

    assert len(windows) == len(runs) == plan.runs
    assert all(following.start == window.before for window, following in pairwise(windows))
    assert {(window.before - window.start) / HOUR for window in windows} == plan.lengths
    assert_nothing_is_left_out(emulator, windows)


def test_a_backfill_leaves_nothing_out_and_asks_for_nothing_twice(backfill, sync, emulator):
    dag = dag_of("@daily", NEW_YORK, (2024, 1, 1))

    windows = sync(dag, backfill(dag, "2024-10-31T00:00-04:00", "2024-11-06T00:00-05:00"))

    assert [(window.before - window.start) / HOUR for window in windows] == [24, 24, 24, 24, 25, 24, 24]
    assert all(following.start == window.before for window, following in pairwise(windows))
    assert_nothing_is_left_out(emulator, windows)


@pytest.mark.skipif(CronPartitionTimetable is None, reason="Airflow has partitioned runs since 3.3")
def test_a_backfill_of_partitions_leaves_none_out_where_the_clock_skips_midnight(backfill, sync, emulator):
    dag = dag_of(CronPartitionTimetable("@daily", timezone=SANTIAGO, run_offset=-1), SANTIAGO, (2024, 1, 1))

    windows = sync(dag, backfill(dag, "2024-09-05", "2024-09-11"))

    assert [(window.before - window.start) / HOUR for window in windows] == [24, 24, 24, 23, 24, 24, 24]
    assert all(following.start == window.before for window, following in pairwise(windows))
    assert_nothing_is_left_out(emulator, windows)


def test_an_overlap_comes_on_top_and_does_not_count_for_the_longest_window(catch_up, sync, emulator):
    dag = dag_of("@daily", BERLIN, (2024, 10, 24), 7)

    windows = sync(dag, catch_up(dag), overlap=timedelta(hours=3), max_window=pendulum.duration(days=1))

    assert all(following.start == window.before - 3 * HOUR for window, following in pairwise(windows))
    assert max(window.before - window.start for window in windows) == 28 * HOUR
    assert_nothing_is_left_out(emulator, windows)


def test_an_interval_of_a_day_is_the_day_on_the_clock_also_of_23_and_25_hours(catch_up, sync, emulator):
    dag = dag_of(CronTriggerTimetable("@daily", timezone=BERLIN, interval=DAY), BERLIN, (2024, 10, 24), 7)

    windows = sync(dag, catch_up(dag))

    assert [(window.before - window.start) / HOUR for window in windows].count(25) == 1
    assert_nothing_is_left_out(emulator, windows)
