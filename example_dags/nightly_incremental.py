"""
One account, every night: the messages since the night before, and three days more for those that arrive late.

Use it to keep an account complete in Postpress from ``start_date`` on. With ``catchup=True`` no night is left out: what
Airflow missed while it was down or the DAG was paused is made up for, one night after the other. So set ``start_date``
to the first day that you want; for a long time before it see ``yearly_backfill.py``.

Postpress warns that requests every day at the same hour can get an account disconnected, so each night begins at a
random moment. Its window does not move with it: that is the time from one tick of the schedule to the next.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import DAG

from airflow_provider_postpress.operators.resync import PostpressResyncOperator

with DAG(
    "postpress_nightly_incremental",
    schedule="0 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=True,
    max_active_runs=1,
    params={"account_id": "acc_linkedin", "spread_minutes": 120},
) as dag:
    at_an_uneven_time = DateTimeSensorAsync(
        task_id="at_an_uneven_time",
        target_time="{{ ti.start_date + macros.timedelta(minutes=params.spread_minutes * macros.random()) }}",
    )
    resync = PostpressResyncOperator(
        task_id="resync",
        account_id="{{ params.account_id }}",
        overlap=timedelta(days=3),
        deferrable=True,
        retries=3,
        retry_delay=timedelta(minutes=15),
    )
    at_an_uneven_time >> resync
