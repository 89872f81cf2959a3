r"""
The messages of a whole year, a month at a time.

Use it once, to fill Postpress with what was before its nightly syncs. Few large windows, one after the other and begun
at random moments, suit an account better than 365 small ones: Postpress warns that excessive, repetitive or
non-randomized requests can get it disconnected. Unpause the DAG (of itself it never runs: its last month is over),
then::

    airflow backfill create --dag-id postpress_yearly_backfill --from-date 2025-01-01 --to-date 2025-12-01 \
        --max-active-runs 1 --dag-run-conf '{"account_id": "acc_linkedin"}'

``--max-active-runs 1`` is what keeps the months apart: a backfill does not ask the DAG's own ``max_active_runs``. Pause
what else syncs the account meanwhile. The same command with ``--reprocess-behavior failed`` repeats what has failed.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_postpress.operators.resync import PostpressResyncOperator

with DAG(
    "postpress_yearly_backfill",
    schedule=CronDataIntervalTimetable("0 0 1 * *", timezone="UTC"),
    start_date=pendulum.datetime(2025, 1, 1),
    end_date=pendulum.datetime(2025, 12, 31),
    catchup=False,
    params={"account_id": "acc_linkedin", "spread_minutes": 240},
) as dag:
    at_an_uneven_time = DateTimeSensorAsync(
        task_id="at_an_uneven_time",
        target_time="{{ ti.start_date + macros.timedelta(minutes=params.spread_minutes * macros.random()) }}",
    )
    resync = PostpressResyncOperator(
        task_id="resync",
        account_id="{{ params.account_id }}",
        max_window=timedelta(days=31),
        deferrable=True,
        timeout=timedelta(hours=24),
        retries=3,
        retry_delay=timedelta(hours=1),
    )
    at_an_uneven_time >> resync
