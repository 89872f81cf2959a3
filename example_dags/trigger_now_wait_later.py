"""
Start a sync, do something else, and wait for its end only where it is needed.

Use it when other tasks have work that can go on while Postpress syncs. The operator returns as soon as its own sync has
started, with a handle; the sensor takes the handle and follows that very sync. The handle expires ``timeout`` after the
operator began (6 h unless set). After that, clear the operator together with the sensor.

A pool does not keep others away between the two tasks: ``max_active_runs=1`` and one DAG for an account do.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG, task

from airflow_provider_postpress.operators.resync import PostpressResyncOperator
from airflow_provider_postpress.sensors.resync import PostpressResyncSensor

ACCOUNT_ID = "{{ params.account_id }}"

with DAG(
    "postpress_trigger_now_wait_later",
    schedule="0 5 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    params={"account_id": "acc_linkedin"},
) as dag:
    started = PostpressResyncOperator(task_id="start", account_id=ACCOUNT_ID, wait_for_completion=False)
    ended = PostpressResyncSensor(
        task_id="wait", resync=started.output, deferrable=True, poke_interval=30, timeout=timedelta(hours=6)
    )

    @task
    def name_of(account_id: str) -> str:
        """Look the account up: work that needs none of the messages."""
        from airflow_provider_postpress.hooks.postpress import PostpressHook

        with PostpressHook() as hook:
            return hook.get_account(account_id).name

    @task
    def report(name: str, resync: dict[str, Any]) -> None:
        """Tell what is there now: work that needs the messages."""
        logging.getLogger(__name__).info("%s is synced: %s", name, resync["window"])

    report(name_of(ACCOUNT_ID), ended.output)
