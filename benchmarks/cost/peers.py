"""
Who is measured: this package, its peers, and bare httpx, each with its own trigger, operator and dialect.

A dialect answers with the fields that the trigger reads and its client insists on, and with no more, though real
services answer with a lot more: that is in favour of the peers.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

CONN_ID = "measured"
FAR = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Peer:
    """
    Somebody who waits.

    :param name: what the tables call it
    :param distribution: its package
    :param trigger: the class path of its trigger
    :param kwargs: the trigger's kwargs, of the number of the wait, the seconds between polls, and the stub's url
    :param connection: the fields of its Airflow connection, of the stub's host and port
    :param waiting: what the stub answers while the wait goes on: status and JSON
    :param done: what it answers at the end
    :param operator: the class path of its operator; ``None``: it has none
    :param arguments: what the operator wants, as Python source
    :param prepare: what must be done in the triggerer's process, of the stub's host and port; ``None``: nothing
    """

    name: str
    distribution: str
    trigger: str
    kwargs: Callable[[int, float, str], Mapping[str, Any]]
    connection: Callable[[str, int], Mapping[str, Any]]
    waiting: tuple[int, Mapping[str, Any]]
    done: tuple[int, Mapping[str, Any]]
    operator: str | None = None
    arguments: str = ""
    prepare: Callable[[str, int], None] | None = None


def _postpress(number: int, interval: float, _: str) -> dict[str, Any]:
    from airflow_provider_postpress.resync.driver import Progress
    from airflow_provider_postpress.resync.pacing import SPREAD
    from airflow_provider_postpress.resync.tracker import Knowledge, Owner

    started = datetime.now(UTC)
    return {
        "request": {
            "account_id": f"acc_{number}",
            "window": {"start": "2026-03-01T00:00:00+00:00", "end": "2026-03-02T00:00:00+00:00"},
            "parameters": {"partial": True, "after": 1772323199999, "before": 1772409600000},
        },
        "progress": Progress(Knowledge(Owner.OURS), polls=1, started_at=started).taken_up().as_dict(),
        "deadline": (started + timedelta(hours=6)).isoformat(),
        "intervals": {"first": interval, "longest": interval, "growth": 1.0, "spread": SPREAD},
        "postpress_conn_id": CONN_ID,
    }


def _fivetran_host(host: str, port: int) -> None:
    # it has no setting for its host
    hooks = importlib.import_module("fivetran_provider_async.hooks")
    hooks.FivetranHook.api_host = f"{host}:{port}"


def _fivetran(succeeded_at: str) -> dict[str, Any]:
    return {
        "code": "Success",
        "data": {
            "id": "connector",
            "service": "linkedin",
            "schema": "messages",
            "succeeded_at": succeeded_at,
            "failed_at": None,
            "status": {"sync_state": "syncing"},
        },
    }


def _airbyte(status: str) -> dict[str, Any]:
    return {
        "jobId": 1,
        "status": status,
        "jobType": "sync",
        "startTime": "2026-03-01T00:00:00Z",
        "connectionId": "6a1f4c1e-8a5c-4d53-9b0d-0c9d4f0f8a01",
    }


OURS = Peer(
    name="Postpress",
    distribution="airflow-provider-postpress",
    trigger="airflow_provider_postpress.triggers.resync.PostpressResyncTrigger",
    kwargs=_postpress,
    connection=lambda host, port: {"conn_type": "postpress", "host": f"https://{host}:{port}", "password": "key"},
    waiting=(200, {"object": "AccountResync", "status": "SYNC_RUNNING"}),
    done=(200, {"object": "AccountResync", "status": "SYNC_DONE"}),
    operator="airflow_provider_postpress.operators.resync.PostpressResyncOperator",
    arguments='account_id="acc_linkedin"',
)
BARE = Peer(
    name="bare httpx",
    distribution="httpx",
    trigger="benchmarks.cost.bare.BareTrigger",
    kwargs=lambda number, interval, url: {"url": f"{url}/bare/{number}", "interval": interval},
    connection=lambda *_: {},
    waiting=(200, {"object": "AccountResync", "status": "SYNC_RUNNING"}),
    done=(200, {"object": "AccountResync", "status": "SYNC_DONE"}),
)
DBT = Peer(
    name="dbt Cloud",
    distribution="apache-airflow-providers-dbt-cloud",
    trigger="airflow.providers.dbt.cloud.triggers.dbt.DbtCloudRunJobTrigger",
    kwargs=lambda number, interval, _: {
        "conn_id": CONN_ID,
        "run_id": number,
        "end_time": FAR.timestamp(),
        "poll_interval": interval,
        "account_id": 1,
    },
    connection=lambda host, port: {"conn_type": "dbt_cloud", "host": f"{host}:{port}", "password": "key"},
    waiting=(200, {"data": {"status": 3}}),
    done=(200, {"data": {"status": 10}}),
    operator="airflow.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperator",
    arguments="job_id=1",
)
AIRBYTE = Peer(
    name="Airbyte",
    distribution="apache-airflow-providers-airbyte",
    trigger="airflow.providers.airbyte.triggers.airbyte.AirbyteSyncTrigger",
    kwargs=lambda number, interval, _: {
        "job_id": number,
        "conn_id": CONN_ID,
        "end_time": FAR.timestamp(),
        "poll_interval": interval,
    },
    connection=lambda host, port: {"conn_type": "airbyte", "host": f"https://{host}:{port}"},
    waiting=(200, _airbyte("running")),
    done=(200, _airbyte("succeeded")),
    operator="airflow.providers.airbyte.operators.airbyte.AirbyteTriggerSyncOperator",
    arguments='connection_id="c"',
)
DATABRICKS = Peer(
    name="Databricks",
    distribution="apache-airflow-providers-databricks",
    trigger="airflow.providers.databricks.triggers.databricks.DatabricksExecutionTrigger",
    kwargs=lambda number, interval, _: {
        "run_id": number,
        "databricks_conn_id": CONN_ID,
        "polling_period_seconds": interval,
    },
    connection=lambda host, port: {"conn_type": "databricks", "host": host, "port": port, "password": "key"},
    waiting=(200, {"state": {"life_cycle_state": "RUNNING", "state_message": ""}}),
    done=(200, {"state": {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS", "state_message": ""}}),
    operator="airflow.providers.databricks.operators.databricks.DatabricksRunNowOperator",
    arguments="job_id=1",
)
HTTP = Peer(
    name="HTTP sensor",
    distribution="apache-airflow-providers-http",
    trigger="airflow.providers.http.triggers.http.HttpSensorTrigger",
    kwargs=lambda number, interval, _: {
        "endpoint": f"http/{number}",
        "http_conn_id": CONN_ID,
        "poke_interval": interval,
    },
    connection=lambda host, port: {"conn_type": "http", "host": f"https://{host}", "port": port},
    waiting=(404, {"status": "running"}),
    done=(200, {"status": "done"}),
    operator="airflow.providers.http.sensors.http.HttpSensor",
    arguments='endpoint="e"',
)
FIVETRAN = Peer(
    name="Fivetran",
    distribution="airflow-provider-fivetran-async",
    trigger="fivetran_provider_async.triggers.FivetranTrigger",
    kwargs=lambda number, interval, _: {
        "task_id": "sync",
        "connector_id": f"connector_{number}",
        "fivetran_conn_id": CONN_ID,
        "poke_interval": interval,
    },
    connection=lambda *_: {"conn_type": "fivetran", "login": "key", "password": "secret"},
    waiting=(200, _fivetran("2026-03-01T00:00:00Z")),
    done=(200, _fivetran("2026-03-02T00:00:00Z")),
    operator="fivetran_provider_async.operators.FivetranOperator",
    arguments='connector_id="c"',
    prepare=_fivetran_host,
)

PEERS = {peer.name: peer for peer in (BARE, OURS, DBT, AIRBYTE, DATABRICKS, HTTP, FIVETRAN)}
