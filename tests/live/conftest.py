"""An Airflow with scheduler, triggerer, DAG processor and API server, against an emulator over HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from leaky_logins import CONNECTIONS

sys.path.insert(0, str(Path(__file__).parents[2]))

from watched_airflow import WatchedAirflow

from airflow_provider_postpress.emulator import Emulator, faults
from demo.local_airflow import LocalAirflow

API_KEY = "pp_live_do_not_tell"
WEBHOOK_SECRET = "wh_do_not_tell"
AN_HOUR_MS = 3_600_000
SETTINGS = {
    "AIRFLOW__POSTPRESS__WEBHOOK_SECRET": WEBHOOK_SECRET,
    # what comes twice is no repeat to the receiver: DAGs have to bear it
    "AIRFLOW__POSTPRESS__WEBHOOK_REPEAT_SECONDS": "0",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
}


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """An emulator whose syncs take 50 ms."""
    with Emulator(duration_ms=50, api_key=API_KEY) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def webhook_secret() -> str:
    """What lets a webhook's delivery into the Airflow."""
    return WEBHOOK_SECRET


@pytest.fixture(scope="session")
def airflow(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """The Airflow, with a connection to the emulator, at work on the backfill of the DAG ``nightly``."""
    airflow = WatchedAirflow(tmp_path_factory.mktemp("airflow"), Path(__file__).with_name("dags"), SETTINGS)
    try:
        airflow.prepare()
        airflow.add_connection("postpress_default", conn_type="postpress", host=emulator.url, password=API_KEY)
        _add_credentials(airflow, tmp_path_factory.mktemp("credentials") / "connections.json")
        _add_nightly_account(emulator)
        airflow.add_pool("nightly")
        airflow.cli("backfill", "create", "--dag-id", "nightly", "--from-date", "2025-03-29", "--to-date", "2025-04-01")
        airflow.start()
        yield airflow
    finally:
        airflow.stop()


def _add_credentials(airflow: LocalAirflow, file: Path) -> None:
    file.write_text(
        json.dumps({name: {"conn_type": "generic", **connection} for name, connection in CONNECTIONS.items()})
    )
    airflow.cli("connections", "import", str(file))


def _add_nightly_account(emulator: Emulator) -> None:
    emulator.add_account("LINKEDIN", account_id="nightly")
    for _ in range(3):
        emulator.add_chat("nightly")
    emulator.scatter_messages("nightly", 200, "2025-03-28T01:30:00Z", "2025-03-31T00:30:00Z")
    emulator.leave_leftover("nightly")
    unavailable = faults.Error(status=503, error_type="errors/service_unavailable")
    for skip, fault in ((2, faults.LostAnswer()), (6, unavailable), (8, faults.Reset())):
        emulator.inject(fault, account_id="nightly", route="account_sync", skip=skip)


@dataclass(frozen=True)
class Run:
    """
    A run of a DAG.

    :param airflow: where
    :param dag_id: the DAG
    :param id: the run's id
    """

    airflow: LocalAirflow
    dag_id: str
    id: str

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """Its task instances, mapped ones in order."""
        return sorted(self.airflow.task_instances(self.dag_id, self.id), key=lambda task: task["map_index"])

    @property
    def log(self) -> list[dict[str, Any]]:
        """What was written in its tasks' logs, on workers and in the triggerer."""
        return [line for task in self.tasks for line in self.log_of(task)]

    def log_of(self, task: dict[str, Any]) -> list[dict[str, Any]]:
        """
        Give what was written in the log of one of its tasks, in all its tries.

        :param task: one of :attr:`tasks`
        """
        logs = sorted(self.airflow.task_log(task).parent.glob("*.log*"))
        return [json.loads(line) for log in logs for line in log.read_text().splitlines()]

    def wait_until(self, state: str, *, try_number: int = 1) -> list[dict[str, Any]]:
        """Wait until all its task instances have a state, in this try; give them."""

        def reached() -> list[dict[str, Any]]:
            tasks = self.tasks
            return tasks if {(task["state"], task["try_number"]) for task in tasks} == {(state, try_number)} else []

        return self.airflow.wait_for(reached, seconds=120, what=f"{self.dag_id} to be {state} in try {try_number}")


@pytest.fixture
def run(airflow: LocalAirflow) -> Callable[[str], Run]:
    """Run a DAG, by hand and without a logical date."""

    def run(dag_id: str) -> Run:
        return Run(airflow, dag_id, airflow.post(f"dags/{dag_id}/dagRuns", logical_date=None)["dag_run_id"])

    return run


@pytest.fixture
def account(emulator: Emulator) -> Callable[..., str]:
    """Add an account of four chats, with messages on and around 5 January 2026; its first sync may take an hour."""

    def account(account_id: str, *, hour_long: bool = False) -> str:
        emulator.add_account("LINKEDIN", account_id=account_id)
        for _ in range(4):
            emulator.add_chat(account_id, messages=["2026-01-04T12:00Z", "2026-01-05T00:00Z", "2026-01-05T12:00Z"])
        if hour_long:
            emulator.set_duration(account_id, duration_ms=AN_HOUR_MS)
        return account_id

    return account
