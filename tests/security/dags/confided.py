"""Every sort of task, with the accounts of a Postpress that repeats all that it is told in confidence."""

from __future__ import annotations

import copy
import pickle
from contextlib import suppress
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_postpress.assets import watched_account_status_asset
from airflow_provider_postpress.hooks.postpress import PostpressHook
from airflow_provider_postpress.operators.account import (
    PostpressGetAccountOperator,
    PostpressListAccountsOperator,
    PostpressReconnectAccountOperator,
)
from airflow_provider_postpress.operators.coverage import PostpressCoverageOperator
from airflow_provider_postpress.operators.resync import PostpressResyncOperator
from airflow_provider_postpress.sensors.account import PostpressAccountSensor
from airflow_provider_postpress.sensors.resync import PostpressResyncSensor

DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
PACE = {"poll_interval": 1, "max_poll_interval": 1}

with DAG(
    "confided",
    schedule=None,
    default_args={"retries": 0, "retry_delay": timedelta(seconds=1)},
) as confided:
    for name in ("good", "garbled"):
        PostpressResyncOperator(task_id=f"resync_{name}", account_id=name, window=DAY, deferrable=True, **PACE)
    for name in ("refused", "moved", "strange"):
        PostpressResyncOperator(task_id=f"resync_{name}", account_id=name, window=DAY, **PACE)
    PostpressResyncSensor(task_id="watch_resync", account_id="seen", window=DAY, poke_interval=1, timeout=60)
    PostpressAccountSensor(task_id="watch", account_id="good", deferrable=True, poke_interval=1, timeout=60)
    PostpressGetAccountOperator(task_id="get", account_id="good")
    PostpressGetAccountOperator(task_id="get_refused", account_id="refused")
    PostpressListAccountsOperator(task_id="list", returns="accounts")
    PostpressCoverageOperator(task_id="gaps", account_id="good", start=DAY[0], end=DAY[1])
    PostpressReconnectAccountOperator(
        task_id="reconnect", account_id="good", credentials_conn_id="confided_login", deferrable=True, **PACE
    )
    PostpressReconnectAccountOperator(
        task_id="reconnect_refused", account_id="refused", credentials_conn_id="confided_login", **PACE
    )

    @task
    def code_of_a_user() -> Any:
        """Show all that there is to show, and return an account as it is."""
        with PostpressHook() as hook:
            account = hook.get_account("good")
            client = hook.get_conn()
            told = f"{hook!r} {vars(hook)} {client!r} {hook.settings!r} {copy.copy(hook.settings)} {account!r}"
            print(told, copy.deepcopy(account), vars(account))  # noqa: T201 (what a user does)
            with suppress(Exception):
                told += repr(pickle.dumps(client))
        return account

    @task
    def failing_code_of_a_user() -> None:
        with PostpressHook() as hook:
            try:
                hook.get_account("refused")
            except Exception as error:
                raise RuntimeError(f"{hook!r}: {error!r} {error.args} {vars(error)}") from error

    code_of_a_user()
    failing_code_of_a_user()

with DAG("confided_events", schedule=[watched_account_status_asset("good", poll_interval=1)]) as events:

    @task
    def told(triggering_asset_events: Any = None) -> list[Any]:
        return [event.extra for each in triggering_asset_events.values() for event in each]

    told()
