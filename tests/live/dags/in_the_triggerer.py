"""Tasks that the triggerer begins, ends, or both."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from airflow_provider_postpress.operators.resync import PostpressResyncOperator
from airflow_provider_postpress.sensors.account import PostpressAccountSensor
from airflow_provider_postpress.sensors.resync import PostpressChatResyncSensor, PostpressResyncSensor

DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
THROUGHOUT: dict[str, Any] = {
    "deferrable": True,
    "start_from_trigger": True,
    "end_from_trigger": True,
    "poke_interval": 0.5,
}

with DAG("healthy_throughout", schedule=None):
    PostpressAccountSensor(task_id="wait", account_id="healthy_throughout", **THROUGHOUT)

with DAG("unhealthy_throughout", schedule=None):
    PostpressAccountSensor(task_id="wait", account_id="unhealthy_throughout", **THROUGHOUT)

with DAG("reported_throughout", schedule=None):
    PostpressResyncSensor(task_id="wait", account_id="reported_throughout", window=DAY, **THROUGHOUT)

with DAG("cleared_throughout", schedule=None):
    PostpressAccountSensor(task_id="wait", account_id="cleared_throughout", **THROUGHOUT)

with DAG("templated_throughout", schedule=None):
    PostpressAccountSensor(task_id="wait", account_id="{{ dag.dag_id }}", **THROUGHOUT)

with DAG("no_window_throughout", schedule=None):
    PostpressResyncSensor(task_id="wait", account_id="no_window_throughout", **THROUGHOUT)

with DAG("chat_throughout", schedule=None):
    PostpressChatResyncSensor(task_id="wait", chat_id="chat_throughout", **THROUGHOUT)

with DAG("followed_throughout", schedule=None):
    started = PostpressResyncOperator(
        task_id="start", account_id="followed_throughout", window=DAY, wait_for_completion=False, poll_interval=0.2
    )
    PostpressResyncSensor(task_id="wait", resync=started.output, emit_asset_events=False, **THROUGHOUT)

with DAG("followed_with_event", schedule=None):
    started = PostpressResyncOperator(
        task_id="start", account_id="followed_with_event", window=DAY, wait_for_completion=False, poll_interval=0.2
    )
    PostpressResyncSensor(task_id="wait", resync=started.output, **{**THROUGHOUT, "end_from_trigger": False})

with DAG("ended_in_triggerer", schedule=None):
    PostpressResyncOperator(
        task_id="wait",
        account_id="ended_in_triggerer",
        window=DAY,
        deferrable=True,
        end_from_trigger=True,
        emit_asset_events=False,
        poll_interval=1,
        max_poll_interval=1,
    )
