"""
An outage that mends itself: when an account is back, what was missed meanwhile is synced.

Use it for each account that syncs depend on, beside the DAG that syncs it, which need not be touched. Postpress's
webhook tells Airflow when the account loses its login and when it is back (see "Events" in the README; where no webhook
can reach Airflow, ``watched_account_status_asset`` asks instead). This DAG runs at each word of it, goes on only when
the account is really back, finds in the past events since when it was away, and syncs from a margin before that until
now: Postpress notices an outage some time after it begins. An outage that was healed is not healed again, so events
that come twice or in the wrong order do no harm.

An account must have one poller at a time: where other DAGs sync it, put the pool of ``many_accounts_with_pools.py`` on
``resync``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import AirflowSkipException
from airflow.sdk import DAG, task

from airflow_provider_postpress.assets import account_asset, account_status_asset
from airflow_provider_postpress.operators.resync import PostpressResyncOperator
from airflow_provider_postpress.sensors.account import PostpressAccountSensor

ACCOUNT_ID = "acc_linkedin"
STATUS = account_status_asset(ACCOUNT_ID)
MESSAGES = account_asset(ACCOUNT_ID)

with DAG(
    "postpress_self_heal",
    schedule=[STATUS],
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    max_active_runs=1,
) as dag:
    back = PostpressAccountSensor(
        task_id="back",
        account_id=ACCOUNT_ID,
        soft_fail=True,  # away: the word of its return will start another run
        deferrable=True,
        poke_interval=timedelta(seconds=30),
        timeout=timedelta(minutes=30),
    )

    @task(inlets=[STATUS, MESSAGES])
    def outage(*, inlet_events: Any) -> list[str]:
        """Find the window that was missed."""
        from airflow_provider_postpress.coverage.outage import window_to_heal

        window = window_to_heal(
            inlet_events[STATUS], inlet_events[MESSAGES], now=pendulum.now("UTC"), margin=timedelta(hours=1)
        )
        if window is None:
            raise AirflowSkipException("Nothing was missed, or it has been synced.")
        return [window.start.isoformat(), window.end.isoformat()]

    missed = outage()
    resync = PostpressResyncOperator(
        task_id="resync",
        account_id=ACCOUNT_ID,
        window=missed,
        deferrable=True,
        retries=3,
        retry_delay=timedelta(minutes=15),
    )
    back >> missed >> resync
