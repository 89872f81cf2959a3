"""DAGs of one task each, which syncs the account that is named as the DAG is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG

from airflow_provider_postpress.operators.resync import PostpressResyncOperator

DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
BLOCKING = {"retry_delay": timedelta(seconds=1), "poll_interval": 0.1, "max_poll_interval": 0.2}
# no sooner: a task that resumes before its worker's end was noticed is failed by Airflow (apache/airflow#72716)
DEFERRED = {**BLOCKING, "deferrable": True, "poll_interval": 1, "max_poll_interval": 1}


def sync(name: str, how: dict[str, Any], **arguments: Any) -> DAG:
    with DAG(name, schedule=None) as dag:
        PostpressResyncOperator(task_id="resync", account_id=name, **{"window": DAY, **how, **arguments})
    return dag


deferred = sync("deferred", DEFERRED)
triggerer_killed = sync("triggerer_killed", DEFERRED)
worker_killed = sync("worker_killed", BLOCKING, retries=1)
marked_failed = sync("marked_failed", BLOCKING)
too_long = sync("too_long", DEFERRED, execution_timeout=timedelta(seconds=3))
sync_error = sync("sync_error", DEFERRED, retries=1)
no_connection = sync("no_connection", BLOCKING, postpress_conn_id="nowhere")
no_window = sync("no_window", BLOCKING, window="data_interval", retries=2)

with DAG("mapped", schedule=None) as mapped:
    PostpressResyncOperator.partial(task_id="resync", window=DAY, **DEFERRED).expand(
        account_id=["mapped_anna", "mapped_ben"]
    )

# on 30 March 2025 there is no half past two in Berlin
with DAG(
    "nightly",
    schedule="30 2 * * *",
    start_date=pendulum.datetime(2025, 3, 1, tz="Europe/Berlin"),
    end_date=pendulum.datetime(2025, 4, 30, tz="Europe/Berlin"),
    catchup=False,
) as nightly:
    PostpressResyncOperator(task_id="resync", account_id="nightly", pool="nightly", chunk_size=2, retries=2, **DEFERRED)
