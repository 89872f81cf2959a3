"""
Measure what one more window of a backfill costs, after 10, 100 and 1,000 that were synced before.

What was synced before is written into the database, as its tasks would have told it, a day missing now and then; then
further windows of the same DAG are run by ``dag.test()``, against an emulator. The first of them begins the account's
checkpoint with all that the events tell, once in a DAG's life; the later ones are what a window costs. Each history is
a process and a database of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.cost.table import table

OWN_HOME = "BENCHMARK_HAS_ITS_OWN_AIRFLOW_HOME"
HISTORIES = (10, 100, 1000)
LATER = 5
ACCOUNT, DAG_ID = "acc_0", "sync_1"
"""Those of the history that is written."""


def main() -> None:
    """Measure each history, and print the table; or measure one, for that."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    arguments.add_argument("--history", type=int, help="measure after so many windows, and print JSON")
    arguments.add_argument("--quick", action="store_true", help="without the longest history")
    chosen = arguments.parse_args()
    if chosen.history:
        if not os.environ.get(OWN_HOME):
            arguments.error("--history is for this command's own processes: it writes into the database of its Airflow")
        sys.stdout.write(json.dumps(_measure(chosen.history)))
        return
    rows = []
    for history in HISTORIES[:-1] if chosen.quick else HISTORIES:
        with tempfile.TemporaryDirectory() as home:
            found = _in_a_home(Path(home), history)
        rows.append(
            [
                f"{history:,}",
                f"{found['cpu']:.2f} s",
                f"{found['first_cpu']:.2f} s",
                f"{found['requests']:g}",
                f"{found['memory_mib']:.0f} MiB",
                f"{found['event_bytes']} B",
                f"{found['xcom_bytes']} B",
                f"{found['checkpoint_bytes']} B",
            ]
        )
    head = [
        "windows before",
        "CPU of a window",
        "CPU of the first",
        "requests to Postpress",
        "memory",
        "its event",
        "its XComs",
        "checkpoint",
    ]
    print(table(head, rows))  # noqa: T201


def _in_a_home(home: Path, history: int) -> dict[str, Any]:
    (home / "dags").mkdir()
    settings = {
        OWN_HOME: "1",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONWARNINGS": "ignore",
    }
    run = subprocess.run(  # noqa: S603 (the command is ours)
        [sys.executable, "-m", "benchmarks.cost.growth", "--history", str(history)],
        env={**os.environ, **settings},
        capture_output=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(run.stderr.decode()[-2000:])
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def _measure(history: int) -> dict[str, Any]:
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.sdk import DAG, Asset
    from airflow.settings import engine
    from airflow.timetables.interval import CronDataIntervalTimetable
    from airflow.utils.db import initdb
    from sqlalchemy import text

    from airflow_provider_postpress.assets import account_uri
    from airflow_provider_postpress.emulator.server import Emulator
    from airflow_provider_postpress.operators.resync import PostpressResyncOperator
    from benchmarks.coverage import DAY, seed

    initdb()
    seed(engine, 1, history)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    timetable = CronDataIntervalTimetable("@daily", timezone="UTC")
    with DAG(DAG_ID, schedule=timetable, start_date=today - 3000 * DAY, catchup=False) as dag:
        PostpressResyncOperator(
            task_id="resync", account_id=ACCOUNT, poll_interval=0.05, outlets=[Asset(account_uri(ACCOUNT))]
        )
    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)
    cpu = []
    with Emulator(duration_ms=10) as postpress:
        os.environ["AIRFLOW_CONN_POSTPRESS_DEFAULT"] = postpress.connection_json
        postpress.add_account("TELEGRAM", account_id=ACCOUNT)
        for number in range(1 + LATER):
            before = time.process_time()
            run = dag.test(logical_date=today - (history + 1 + number) * DAY - timedelta(days=1))
            cpu.append(time.process_time() - before)
            if run.state != "success":
                raise RuntimeError(f"The run of window {number} did not succeed.")
        requests = len(postpress.requests()) / (1 + LATER)
    with engine.connect() as connection:

        def size(query: str) -> int:
            return int(connection.execute(text(query)).scalar_one() or 0)

        return {
            "first_cpu": cpu[0],
            "cpu": min(cpu[1:]),
            "requests": requests,
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "event_bytes": size("SELECT length(extra) FROM asset_event ORDER BY id DESC LIMIT 1"),
            "xcom_bytes": size("SELECT max(total) FROM (SELECT sum(length(value)) AS total FROM xcom GROUP BY run_id)"),
            "checkpoint_bytes": size("SELECT max(length(value)) FROM asset_state_store"),
        }


if __name__ == "__main__":
    main()
