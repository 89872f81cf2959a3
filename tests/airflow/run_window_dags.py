"""DAGs of several schedules. Each run writes down the window it gets; run as a program, this file runs them all."""

from __future__ import annotations

import json
import logging
import os
from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.sdk import DAG, get_current_context, task

try:
    from airflow.sdk import CronDataIntervalTimetable
except ImportError:  # before Airflow 3.2
    from airflow.timetables.interval import CronDataIntervalTimetable

BERLIN = pendulum.timezone("Europe/Berlin")


@task(retries=1, retry_delay=timedelta(0))
def write_down_the_window() -> None:
    from airflow_provider_postpress.tasks.window import resolve_window

    context = get_current_context()
    found: dict[str, str | None] = {"dag": context["dag"].dag_id}
    try:
        window = resolve_window(
            context, "data_interval", max_window=timedelta(days=40), now=pendulum.now(), log=logging.getLogger(__name__)
        )
        found["window"] = window and window.describe(BERLIN)
    except Exception as failure:
        found["failure"] = f"{type(failure).__name__}: {failure}"
        raise
    finally:
        with Path(os.environ["WINDOWS_FILE"]).open("a") as windows:
            windows.write(json.dumps(found) + "\n")


def dag_of(dag_id: str, schedule: object) -> DAG:
    start = pendulum.datetime(2024, 1, 1, tz=BERLIN)
    with DAG(dag_id, schedule=schedule, start_date=start, catchup=False, max_active_runs=1) as dag:
        write_down_the_window()
    return dag


nightly = dag_of("nightly", "0 0 * * *")
own_intervals = dag_of("own_intervals", CronDataIntervalTimetable("0 0 * * *", timezone="Europe/Berlin"))
once = dag_of("once", "@once")
by_hand = dag_of("by_hand", None)
repaired = dag_of("repaired", None)

if __name__ == "__main__":
    nightly.test(logical_date=pendulum.datetime(2024, 4, 1, tz=BERLIN))
    own_intervals.test(logical_date=pendulum.datetime(2024, 10, 28, 9, tz=BERLIN))
    once.test(logical_date=pendulum.datetime(2024, 4, 1, tz=BERLIN))
    by_hand.test(logical_date=None)
    repaired.test(
        logical_date=None, run_conf={"postpress_window": {"start": "2024-03-01", "end": "2024-04-01T00:00:00+02:00"}}
    )
