"""The examples that run at events, their waiting cut short, and a sync that they follow."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG

from airflow_provider_postpress.operators.resync import PostpressResyncOperator

sys.path.insert(0, str(Path(__file__).parents[3] / "example_dags"))

import after_each_sync
import approved_reconnect
import self_heal

fresh, heal = after_each_sync.dag, self_heal.dag
words, approved = approved_reconnect.words, approved_reconnect.dag

# no sooner: a task that resumes before its worker's end was noticed is failed by Airflow (apache/airflow#72716)
for task in (approved.get_task("reconnect"), *heal.tasks):
    vars(task).update(poll_interval=1, max_poll_interval=1, poke_interval=1, retry_delay=timedelta(seconds=1))

with DAG("events_nightly", schedule=None) as nightly:
    PostpressResyncOperator(
        task_id="resync",
        account_id=self_heal.ACCOUNT_ID,
        window=("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"),
        poll_interval=0.1,
        max_poll_interval=0.2,
    )
