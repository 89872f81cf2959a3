"""
Measure the page of coverage in a real API server: 300 accounts with a year of daily windows, by default on SQLite.

``python -m benchmarks.coverage [--postgres]`` prints what it found as JSON. Times are in milliseconds and of the whole
answer over HTTP, compressed as a browser has it. ``cold`` is the first request to a server that has just started,
``warm`` are the later ones, ``after_a_sync`` those that find a new event. A PostgreSQL is started from the programs
that are installed (``initdb``, ``postgres``), and Airflow needs its driver (``pip install psycopg2-binary asyncpg``).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, create_engine, text

from airflow_provider_postpress.assets import account_status_uri, account_uri
from demo.local_airflow import LocalAirflow
from demo.postgres import postgres

DAY = timedelta(days=1)
COLD_STARTS = 3
PATH = "/postpress/api/coverage"

DAGS = """
from airflow.sdk import DAG
for number in range(5):
    globals()[f"sync_{number}"] = DAG(f"sync_{number}", schedule="@daily", catchup=False, tags=["postpress"])
"""

_ASSET = text(
    'INSERT INTO asset (id, name, uri, "group", extra, created_at, updated_at) '
    "VALUES (:id, :uri, :uri, 'asset', '{}', :at, :at)"
)
_EVENT = text(
    "INSERT INTO asset_event (asset_id, extra, source_task_id, source_dag_id, source_run_id, source_map_index,"
    " timestamp) VALUES (:asset_id, :extra, :task_id, :dag_id, :run_id, -1, :at)"
)


def main() -> None:
    """Start an API server on a database with a past, measure it, and print what was found."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    arguments.add_argument("--postgres", action="store_true", help="on PostgreSQL, not on SQLite")
    arguments.add_argument("--accounts", type=int, default=300)
    arguments.add_argument("--days", type=int, default=365, help="how many daily windows each account has")
    arguments.add_argument("--requests", type=int, default=30, help="how many warm requests are timed")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, _database(chosen.postgres) as settings:
        dags = Path(folder) / "dags"
        dags.mkdir()
        dags.joinpath("syncs.py").write_text(DAGS)
        airflow = LocalAirflow(Path(folder) / "airflow", dags, settings)
        try:
            airflow.prepare()
            url = settings.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{airflow.home}/airflow.db?timeout=60")
            engine = create_engine(url)
            found = {"database": engine.dialect.name, **seed(engine, chosen.accounts, chosen.days)}
            found |= _measure(airflow, engine, chosen.requests)
        finally:
            airflow.stop()
    json.dump(found, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _measure(airflow: LocalAirflow, engine: Engine, requests: int) -> dict[str, Any]:
    cold = []
    for _ in range(COLD_STARTS):
        airflow.kill_component("api-server")
        airflow.start_component("api-server")
        airflow.wait_for(lambda: _is_up(airflow.url), seconds=60, what="Airflow's API server to start again")
        with httpx.Client(base_url=airflow.url, timeout=60) as http:
            token = http.get("/auth/token").raise_for_status().json()["access_token"]
            http.headers["Authorization"] = f"Bearer {token}"
            http.get("/api/v2/dags").raise_for_status()  # so that the database is connected
            cold.append(_time(http, PATH))
    with httpx.Client(base_url=airflow.url, headers=http.headers, timeout=60) as http:
        answer = http.get(PATH).raise_for_status()
        with http.stream("GET", PATH) as compressed:
            bytes_compressed = sum(map(len, compressed.iter_raw()))
        warm = [_time(http, PATH) for _ in range(requests)]
        one = [_time(http, f"{PATH}/acc_0") for _ in range(requests)]
        after_a_sync = []
        for number in range(requests):
            with engine.begin() as connection:
                window_end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
                event = _sync(number + 1, "acc", window_end - DAY, window_end)
                connection.execute(_EVENT, event | {"at": _written(engine, datetime.now(UTC))})
            after_a_sync.append(_time(http, PATH))
    return {
        "accounts": len(answer.json()["accounts"]),
        "bytes": len(answer.content),
        "bytes_compressed": bytes_compressed,
        "cold_ms": [round(milliseconds) for milliseconds in cold],
        "warm_ms": _percentiles(warm),
        "after_a_sync_ms": _percentiles(after_a_sync),
        "one_account_ms": _percentiles(one),
    }


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v2/version").is_success
    except httpx.TransportError:
        return False


def _time(http: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    http.get(path).raise_for_status()
    return (time.perf_counter() - began) * 1000


def _percentiles(times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times * 2, n=100, method="inclusive")
    return {"p50": round(cuts[49], 1), "p95": round(cuts[94], 1), "max": round(max(times), 1)}


def seed(engine: Engine, accounts: int, days: int) -> dict[str, Any]:
    """Write a past in which each account misses a day now and then, and is away for some days a year."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    events = 0
    with engine.begin() as connection:
        for number in range(accounts):
            account_id, messages, status = f"acc_{number}", 2 * number + 1, 2 * number + 2
            for asset_id, uri in ((messages, account_uri(account_id)), (status, account_status_uri(account_id))):
                connection.execute(_ASSET, {"id": asset_id, "uri": uri, "at": _written(engine, midnight)})
            written = [
                _sync(messages, account_id, end - DAY, end) | {"at": _written(engine, end + DAY / 24)}
                for end in (midnight - day * DAY for day in range(days - 1, -1, -1))
                if (number * 7 + end.toordinal()) % 37 and end + DAY / 24 < datetime.now(UTC)
            ]
            away = midnight - (number % days) * DAY
            written += [
                _status(status, account_id, message, at) | {"at": _written(engine, at)}
                for message, at in (("CREDENTIALS", away), ("RECONNECTED", away + 2 * DAY))
                if at < datetime.now(UTC)
            ]
            connection.execute(_EVENT, written)
            events += len(written)
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT setval('asset_id_seq', :last)"), {"last": 2 * accounts})
            connection.execute(text("ANALYZE"))  # as it does by itself after a while
    return {"events": events, "extra_bytes": len(written[0]["extra"])}


def _sync(asset_id: int, account_id: str, start: datetime, end: datetime) -> dict[str, Any]:
    run_id = f"scheduled__{end.isoformat()}"
    extra = {
        "told_by": "sync",
        "status": "SYNC_DONE",
        "window": {"start": start.isoformat(), "end": end.isoformat()},
        "product": None,
        "partial": True,
        "chunks": 0,
        "started_at": (end + DAY / 48).isoformat(),
        "run": run_id,
        "note": f"as much as other tasks of {account_id} would tell here",
    }
    return {
        "asset_id": asset_id,
        "extra": json.dumps(extra),
        "task_id": "resync",
        "dag_id": f"sync_{asset_id % 5}",
        "run_id": run_id,
    }


def _status(asset_id: int, account_id: str, message: str, at: datetime) -> dict[str, Any]:
    extra = {"told_by": "webhook", "account_id": account_id, "account_type": "LINKEDIN", "message": message}
    told = json.dumps({**extra, "received_at": at.isoformat()})
    return {"asset_id": asset_id, "extra": told, "task_id": None, "dag_id": None, "run_id": None}


def _written(engine: Engine, moment: datetime) -> datetime | str:
    return moment if engine.dialect.name == "postgresql" else f"{moment:%Y-%m-%d %H:%M:%S.%f}"


@contextmanager
def _database(is_postgres: bool) -> Iterator[Mapping[str, str]]:
    if not is_postgres:
        yield {}
        return
    with postgres() as server:
        yield {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": server.url}


if __name__ == "__main__":
    main()
