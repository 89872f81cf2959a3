"""The DAGs that fill gaps: of whichever account a run is for, in three shapes, and one that some may not see."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_postpress.operators.resync import PostpressResyncOperator

HOW = {"poll_interval": 0.1, "max_poll_interval": 0.2}

with DAG("mapped_history", schedule=None, tags=["postpress"]) as mapped_history:
    PostpressResyncOperator.partial(task_id="resync", window=timedelta(days=1), **HOW).expand(
        account_id=["acc_anna", "acc_other"]
    )

with DAG("anyones_history", schedule=None, params={"account_id": "acc_anna"}) as anyones_history:
    PostpressResyncOperator(task_id="resync", account_id="{{ params.account_id }}", window=timedelta(days=1), **HOW)

with DAG(
    "daily_history",
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=pendulum.datetime(2020, 1, 1),
    catchup=False,
) as daily_history:
    PostpressResyncOperator(task_id="resync", account_id="acc_ben", **HOW)

with DAG("secret_history", schedule=None, tags=["postpress"]) as secret_history:
    PostpressResyncOperator(task_id="resync", account_id="acc_hidden", window=timedelta(days=1), **HOW)
