"""Each account its task and its pool. Only the short durations are the soak's: leave them out, and copy the rest."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta

import pendulum
from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator

with DAG(
    "soak",
    schedule=CronDataIntervalTimetable("@daily", timezone="UTC"),
    start_date=pendulum.datetime(2025, 1, 1),
    end_date=datetime.fromisoformat(os.environ["SOAK_LAST_DAY"]),
    catchup=False,
    default_args={
        "deferrable": True,
        "retries": 10,
        "retry_delay": timedelta(seconds=5),
        "poll_interval": 4,
        "max_poll_interval": 8,
        "timeout": timedelta(minutes=5),
    },
) as dag:
    for subject in json.loads(os.environ["SOAK_SUBJECTS"]):
        own = {
            "task_id": subject["id"],
            "pool": subject["id"],  # of one slot, counting deferred tasks: one poller an account
            # a task that is killed between two chunks leaves the rest to the next request: it has to be of that window
            "depends_on_past": subject["chunk_size"] is not None,
            "deferrable": subject["deferrable"],
            "end_from_trigger": subject["ends_in_triggerer"],
            "emit_asset_events": not subject["ends_in_triggerer"],  # Airflow emits none for a task that ends there
        }
        if subject["is_chat"]:
            PostpressChatResyncOperator(chat_id=subject["id"], **own)
        else:
            PostpressResyncOperator(account_id=subject["id"], chunk_size=subject["chunk_size"], **own)
