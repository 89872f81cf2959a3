"""An Airflow as it runs in production, on this machine: PostgreSQL, two triggerers, and perhaps Celery's workers."""

from __future__ import annotations

import shutil
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from demo.local_airflow import COMPONENTS, AirflowTrouble, LocalAirflow, tail
from demo.postgres import Postgres
from demo.processes import Background, free_port, stop
from soak.cost import Cost, cost_of
from soak.scenario import DAG_ID

EXECUTORS = {"local": "LocalExecutor", "celery": "CeleryExecutor"}
TRIGGERERS = ("triggerer-1", "triggerer-2")
WORKERS = ("worker-1", "worker-2")
HOST = "127.0.0.1"
_SLOTS = 8
_BROKER_SECONDS = 20

SETTINGS = {
    "AIRFLOW__API__WORKERS": "2",
    "AIRFLOW__CORE__HOSTNAME_CALLABLE": "soak.hostname.component",
    "AIRFLOW__CORE__PARALLELISM": str(_SLOTS),
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "45",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "20",
}
"""What makes failovers quick: Airflow's defaults wait for up to five or ten minutes."""

_TASKS = text(
    "SELECT ti.task_id, ti.run_id, dag_run.logical_date AS day, ti.state, ti.try_number, ti.pid,"
    " ti.next_method IS NOT NULL AS resumes, ti.end_date AS ended, job.hostname AS triggerer, ti.hostname AS worker"
    " FROM task_instance ti JOIN dag_run ON dag_run.dag_id = ti.dag_id AND dag_run.run_id = ti.run_id"
    " LEFT JOIN trigger ON trigger.id = ti.trigger_id LEFT JOIN job ON job.id = trigger.triggerer_id"
    " WHERE ti.dag_id = :dag_id"
)


_CLIENTS = text("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")


@dataclass(frozen=True)
class Task:
    """
    A task instance, as Airflow's database has it.

    :param task_id: its task
    :param run_id: its run
    :param day: its run's logical date: where its window starts
    :param state: its state; ``None`` before it is scheduled
    :param try_number: which try it is in
    :param pid: the process of its latest try
    :param resumes: whether a worker goes on with it, or will, after a deferral
    :param ended: when it ended
    :param triggerer: the component that waits for it
    :param worker: the component that runs it: with the LocalExecutor the scheduler
    """

    task_id: str
    run_id: str
    day: datetime
    state: str | None
    try_number: int
    pid: int | None
    resumes: bool
    ended: datetime | None
    triggerer: str | None
    worker: str | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens with it."""
        return self.state in ("success", "failed", "upstream_failed", "skipped", "removed")

    @property
    def is_at_work(self) -> bool:
        """Whether it may be asking Postpress, now or in a moment."""
        return self.state in ("queued", "running", "deferred", "restarting")


class Cluster(LocalAirflow):
    """
    The Airflow. What ends by itself is started again, as systemd or Kubernetes would do, and counted.

    :param home: a new folder
    :param database: its PostgreSQL
    :param environment: what its DAG file reads
    :param broker: the URL of Celery's Redis; ``None`` for the LocalExecutor
    """

    def __init__(self, home: Path, database: Postgres, environment: Mapping[str, str], broker: str | None) -> None:
        settings = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database.url, **SETTINGS, **environment}
        triggerers = dict.fromkeys(TRIGGERERS, COMPONENTS["triggerer"])
        components = {**{name: how for name, how in COMPONENTS.items() if name != "triggerer"}, **triggerers}
        if broker:
            components |= {name: _worker(name, home) for name in WORKERS}
            settings |= {
                "AIRFLOW__CORE__EXECUTOR": EXECUTORS["celery"],
                "AIRFLOW__CELERY__BROKER_URL": broker,
                "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database.url}",
            }
        super().__init__(home, Path(__file__).with_name("dags"), settings, components=components)
        self.database = database
        self.started_again: Counter[str] = Counter()
        self._engine = create_engine(database.url, pool_pre_ping=True)

    def check(self) -> None:
        """Start again what has ended by itself."""
        for name in self.ended:
            self.started_again[name] += 1
            self.start_component(name)

    def tasks(self) -> list[Task]:
        """List the task instances; none while the database is away."""
        try:
            with self._engine.connect() as connection:
                return [Task(**row) for row in connection.execute(_TASKS, {"dag_id": DAG_ID}).mappings()]
        except OperationalError:
            return []

    def cost(self) -> Cost:
        """Measure what all has cost so far."""
        with self._engine.connect() as connection:
            clients = int(connection.execute(_CLIENTS).scalar_one())
        families = {name: component.family() for name, component in self._components.items()}
        return cost_of({**families, "PostgreSQL": self.database.family()}, clients)

    def stop(self) -> None:
        """End all components."""
        self._engine.dispose()
        super().stop()


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """
    Run a Redis, from the program that is installed, and give its URL.

    :param folder: where its log goes
    :raises AirflowTrouble: there is none, or it does not start
    """
    program = shutil.which("redis-server")
    if not program:
        raise AirflowTrouble("Celery needs a Redis (redis-server on the path): apt-get install redis-server.")
    port = free_port()
    log = folder / "redis.log"
    redis = Background([program, "--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no"], log)
    try:
        deadline = time.monotonic() + _BROKER_SECONDS
        while not _listens(port):
            if not redis.runs or time.monotonic() > deadline:
                raise AirflowTrouble(f"Redis did not start.\n{tail(log)}")
            time.sleep(0.1)
        yield f"redis://{HOST}:{port}/0"
    finally:
        stop([redis])


def _listens(port: int) -> bool:
    with socket.socket() as visitor:
        return visitor.connect_ex((HOST, port)) == 0


def _worker(name: str, home: Path) -> tuple[str, ...]:
    concurrency = str(_SLOTS // len(WORKERS))
    files = ("--pid", str(home / f"{name}.pid"))
    return ("celery", "worker", "--celery-hostname", name, "--concurrency", concurrency, "--skip-serve-logs", *files)
