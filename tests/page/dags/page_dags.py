"""DAGs of all schedules: what the page reads of them is when they run."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable, MultipleCronTriggerTimetable

START = pendulum.datetime(2026, 1, 1)
SCHEDULES = {
    "daily": "@daily",
    "hidden_daily": "@daily",
    "paused_daily": "@daily",
    "ended_daily": "@daily",
    "untagged_daily": "@daily",
    "daily_with_interval": CronTriggerTimetable("0 0 * * *", timezone="UTC", interval=timedelta(days=1)),
    "hourly_interval": CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    "berlin": CronTriggerTimetable("30 2 * * *", timezone="Europe/Berlin"),
    "twice_a_day": MultipleCronTriggerTimetable("0 6 * * *", "30 18 * * *", timezone="UTC"),
    "six_hours": timedelta(hours=6),
    "six_hours_interval": DeltaDataIntervalTimetable(timedelta(hours=6)),
    "daily_or_asset": AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 0 * * *", timezone="UTC"), assets=[Asset("other")]
    ),
    "listed": EventsTimetable(event_dates=[START.add(days=days) for days in (10, 11, 15, 22)]),
    "unscheduled": None,
    "once": "@once",
    "continuous": "@continuous",
    "on_asset": [Asset("other")],
}

try:
    from airflow.sdk import CronPartitionTimetable
except ImportError:  # before Airflow 3.3
    pass
else:
    SCHEDULES["partitioned"] = CronPartitionTimetable("0 0 * * *", timezone="UTC")

for dag_id, schedule in SCHEDULES.items():
    with DAG(
        dag_id,
        schedule=schedule,
        start_date=START,
        end_date=START.add(months=3) if dag_id == "ended_daily" else None,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=dag_id == "paused_daily",
        tags=[] if dag_id == "untagged_daily" else ["postpress"],
    ):
        EmptyOperator(task_id="resync")
