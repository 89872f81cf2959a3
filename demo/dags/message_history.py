"""Three accounts, a month at a time. Only the short intervals are the demo's: leave them out, and copy the rest."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_postpress.operators.resync import PostpressResyncOperator

CHUNK_SIZES = {"acc_anna": None, "acc_ben": 3, "acc_support": None}

with DAG(
    "message_history",
    schedule=CronDataIntervalTimetable("0 0 1 * *", timezone="UTC"),
    start_date=pendulum.datetime(2025, 1, 1),
    catchup=False,
) as dag:
    for account_id, chunk_size in CHUNK_SIZES.items():
        PostpressResyncOperator(
            task_id=account_id,
            account_id=account_id,
            chunk_size=chunk_size,
            depends_on_past=chunk_size is not None,  # no other window begins between two chunks
            pool=account_id,  # of one slot, counting deferred tasks: one poller an account
            deferrable=True,
            retries=2,
            retry_delay=timedelta(seconds=1),
            poll_interval=1,
            max_poll_interval=1,
        )
