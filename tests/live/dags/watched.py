"""DAGs that run when the status of the account that is named as the DAG is has changed."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_postpress.assets import watched_account_status_asset


@task
def told(triggering_asset_events: Any = None) -> list[dict[str, Any]]:
    return [event.extra for events in triggering_asset_events.values() for event in events]


def watched(name: str) -> DAG:
    with DAG(name, schedule=[watched_account_status_asset(name, poll_interval=1)]) as dag:
        told()
    return dag


anna = watched("watched_anna")
ben = watched("watched_ben")
