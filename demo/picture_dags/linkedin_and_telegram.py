"""The DAG that is said to have synced the accounts of the pictures, a day at a time."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_postpress.operators.resync import PostpressResyncOperator

with DAG(
    "message_history",
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=pendulum.datetime(2025, 1, 1),
    catchup=False,
) as dag:
    PostpressResyncOperator(task_id="resync", account_id="{{ dag_run.conf['account_id'] }}", deferrable=True)
