"""DAGs of one task each, which syncs the account that is named as the DAG is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG

from airflow_provider_postpress.operators.resync import PostpressResyncOperator

DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
SOON = {"retry_delay": timedelta(seconds=1), "poll_interval": 0.1, "max_poll_interval": 0.2}


def sync(name: str, **arguments: Any) -> DAG:
    with DAG(name, schedule=None) as dag:
        PostpressResyncOperator(task_id="resync", account_id=name, **{"window": DAY, **SOON, **arguments})
    return dag


deferred = sync("deferred", deferrable=True)
triggerer_killed = sync("triggerer_killed", deferrable=True)
worker_killed = sync("worker_killed", retries=1)
marked_failed = sync("marked_failed")
too_long = sync("too_long", deferrable=True, execution_timeout=timedelta(seconds=2))
sync_error = sync("sync_error", deferrable=True, retries=1)
no_connection = sync("no_connection", postpress_conn_id="nowhere")
no_window = sync("no_window", window="data_interval", retries=2)

with DAG("mapped", schedule=None) as mapped:
    PostpressResyncOperator.partial(task_id="resync", window=DAY, deferrable=True, **SOON).expand(
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
    PostpressResyncOperator(
        task_id="resync", account_id="nightly", pool="nightly", chunk_size=2, deferrable=True, retries=2, **SOON
    )
