"""An Airflow in one folder: SQLite, scheduler, triggerer, DAG processor and API server, on a port of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil  # type: ignore[import-untyped]  # it comes with Airflow, and without types

from demo.processes import Background, free_port, stop

T = TypeVar("T")

COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
_START_SECONDS = 300
_CLI_SECONDS = 300
_READ_SECONDS = 15
_READ_TRIES = 3


class AirflowTrouble(RuntimeError):
    """Airflow does not do what it is there for; the text tells what, and the end of the log that tells why."""


class LocalAirflow:
    """
    An Airflow, from ``prepare`` over ``start`` to ``stop``.

    :param home: an empty or a new folder, where everything that it writes goes
    :param dags: the folder of the DAG files
    :param settings: more settings, as ``AIRFLOW__SECTION__OPTION`` or any other environment variable
    :param login: name and password to ask the REST API with, where the settings do not let in everybody as an admin
    :param python: the interpreter of the Airflow; default: this one
    :param base_path: where on its server it is, such as ``/airflow``, as behind a proxy; default: at the root
    :param components: what it consists of: for each component what follows ``airflow`` on its command line. Each is
        told its name as the environment variable ``LOCAL_AIRFLOW_COMPONENT``
    """

    def __init__(
        self,
        home: Path,
        dags: Path,
        settings: Mapping[str, str] | None = None,
        *,
        login: tuple[str, str] | None = None,
        python: str = sys.executable,
        base_path: str = "",
        components: Mapping[str, tuple[str, ...]] = COMPONENTS,
    ) -> None:
        self.home = home
        port = free_port()
        self.url = f"http://127.0.0.1:{port}{base_path}"
        self._environment = {**_inherited(), **_settings(home, dags, self.url, port), **(settings or {})}
        self._login = login
        self._python = python
        self._commands = components
        self._components: dict[str, Background] = {}
        self._fallen: list[Background] = []
        self._http = httpx.Client(base_url=self.url, timeout=60)

    def prepare(self) -> None:
        """
        Make the database, read the DAG files into it, and start the API server. Nothing is scheduled yet.

        Now is the time to add connections and pools and to create backfills: with a scheduler at work that can fail,
        since SQLite refuses a transaction that began to read before somebody else wrote ("database is locked").

        :raises AirflowTrouble: the API server does not start, or a DAG file cannot be read
        """
        self.home.mkdir(parents=True, exist_ok=True)
        self.cli("db", "migrate")
        self.start_component("api-server")
        self.cli("dags", "reserialize")
        self.wait_for(self._answers, seconds=_START_SECONDS, what="Airflow's API server to start")
        if errors := self.get("importErrors")["import_errors"]:
            raise AirflowTrouble("\n".join(f"{error['filename']}: {error['stack_trace']}" for error in errors))

    def start(self) -> None:
        """
        Start the other components; return once each of them says that it is well.

        :raises AirflowTrouble: one of them does not start
        """
        for name in self._commands:
            if name not in self._components:
                self.start_component(name)
        self.wait_for(self._is_well, seconds=_START_SECONDS, what="Airflow to start")

    def stop(self) -> None:
        """End all components."""
        self._http.close()
        stop([*self._components.values(), *self._fallen])
        self._components.clear()
        self._fallen.clear()

    def start_component(self, name: str) -> None:
        """
        Start a component, for the first time or again after ``kill_component``.

        :param name: one of its components, as ``scheduler``
        """
        command = [self._python, "-m", "airflow", *self._commands[name]]
        environment = {**self._environment, "LOCAL_AIRFLOW_COMPONENT": name}
        self._components[name] = Background(command, self.log_of(name), environment)

    def kill_component(self, name: str, *, alone: bool = False) -> None:
        """
        End a component at once, without a chance to clean up.

        :param name: see :meth:`start_component`
        :param alone: leave its descendants to themselves, until :meth:`kill_what_fell` or :meth:`stop`
        """
        component = self._components.pop(name)
        component.kill(alone=alone)
        if alone:
            self._fallen.append(component)

    def kill_what_fell(self) -> None:
        """End the descendants of components that were killed alone."""
        for component in self._fallen:
            component.kill()
        self._fallen.clear()

    @property
    def ended(self) -> list[str]:
        """The components that have ended by themselves."""
        return [name for name, component in self._components.items() if not component.runs]

    def family_of(self, name: str) -> list[psutil.Process]:
        """
        List the process of a component and all its descendants.

        :param name: see :meth:`start_component`
        """
        return self._components[name].family()

    def log_of(self, name: str) -> Path:
        """
        Tell where a component, or the command line, writes its log.

        :param name: see :meth:`start_component`; ``cli`` for the command line
        """
        return self.home / f"{name}.log"

    def cli(self, *arguments: str) -> str:
        """
        Run an ``airflow`` command, and give its standard output.

        :param arguments: what follows ``airflow`` on the command line
        :raises AirflowTrouble: it fails
        """
        with self.log_of("cli").open("ab") as errors:
            run = subprocess.run(  # noqa: S603 (the command is ours)
                [self._python, "-m", "airflow", *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                timeout=_CLI_SECONDS,
                check=False,
            )
            errors.write(run.stdout)
        if run.returncode:
            raise AirflowTrouble(f"`airflow {' '.join(arguments)}` failed.\n{tail(self.log_of('cli'))}")
        return run.stdout.decode()

    def get(self, path: str, **parameters: Any) -> Any:
        """
        Read from the REST API.

        :param path: what follows ``/api/v2/``
        :param parameters: the query
        """
        for _ in range(_READ_TRIES - 1):
            # on a busy machine a request to Airflow on SQLite can stall for a minute; another goes through meanwhile
            try:
                return self._request("GET", path, params=parameters, timeout=_READ_SECONDS)
            except httpx.ReadTimeout:
                continue
        return self._request("GET", path, params=parameters)

    def post(self, path: str, **fields: Any) -> Any:
        """
        Post to the REST API.

        :param path: what follows ``/api/v2/``
        :param fields: the body
        """
        return self._request("POST", path, json=fields)

    def patch(self, path: str, **fields: Any) -> Any:
        """
        Change by the REST API.

        :param path: what follows ``/api/v2/``
        :param fields: the body
        """
        return self._request("PATCH", path, json=fields)

    def add_connection(self, conn_id: str, **fields: Any) -> None:
        """
        Add a connection.

        :param conn_id: its id
        :param fields: its fields, as the REST API names them
        """
        self.post("connections", connection_id=conn_id, **fields)

    def add_pool(self, name: str) -> None:
        """
        Add a pool of one slot that counts deferred tasks.

        :param name: its name
        """
        self.post("pools", name=name, slots=1, include_deferred=True)

    def resize_pool(self, name: str, slots: int) -> None:
        """
        Change how many slots a pool has that :meth:`add_pool` has added.

        :param name: its name
        :param slots: 0 closes it: what is queued or waits goes on, and nothing is added
        """
        self.patch(f"pools/{name}", pool=name, slots=slots, include_deferred=True)

    def task_instances(self, dag_id: str, run_id: str = "~") -> list[dict[str, Any]]:
        """
        List the task instances of a DAG.

        :param dag_id: the DAG
        :param run_id: only those of this run
        """
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        instances: list[dict[str, Any]] = self.get(path, limit=1000)["task_instances"]
        return instances

    def task_log(self, instance: Mapping[str, Any]) -> Path:
        """
        Tell where the log of the latest try of a task is.

        :param instance: as :meth:`task_instances` lists it
        """
        folder = self.home / f"logs/dag_id={instance['dag_id']}/run_id={instance['dag_run_id']}"
        folder /= f"task_id={instance['task_id']}"
        if instance["map_index"] >= 0:
            folder /= f"map_index={instance['map_index']}"
        return folder / f"attempt={max(instance['try_number'], 1)}.log"

    def wait_for(self, condition: Callable[[], T | None], *, seconds: float, what: str, every: float = 0.3) -> T:
        """
        Wait until a condition holds, and give what it gives.

        :param condition: true, or anything that counts as true, once it holds
        :param seconds: how long at most
        :param what: what is waited for, for the error
        :param every: seconds between two looks
        :raises AirflowTrouble: it does not hold in time, or a component of Airflow has ended meanwhile
        """
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            self.check()
            if time.monotonic() > deadline:
                raise AirflowTrouble(f"Waited {seconds:.0f} seconds in vain for {what}.")
            time.sleep(every)
        return found

    def check(self) -> None:
        """
        Look whether all components run.

        :raises AirflowTrouble: one has ended
        """
        for name in self.ended:
            raise AirflowTrouble(f"Airflow's {name} has ended by itself.\n{tail(self.log_of(name))}")

    def _answers(self) -> bool:
        try:
            self.get("version")
        except httpx.TransportError:
            return False
        return True

    def _is_well(self) -> bool:
        health = self.get("monitor/health")
        return all(health[part]["status"] == "healthy" for part in ("scheduler", "triggerer", "dag_processor"))

    def _request(self, method: str, path: str, **options: Any) -> Any:
        if "Authorization" not in self._http.headers:
            self._http.headers["Authorization"] = f"Bearer {self._token()}"
        answer = self._http.request(method, f"/api/v2/{path}", **options)
        if answer.is_error:
            raise AirflowTrouble(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text}")
        return answer.json()

    def _token(self) -> str:
        if self._login is None:
            answer = self._http.get("/auth/token")
        else:
            name, password = self._login
            answer = self._http.post("/auth/token", json={"username": name, "password": password})
        token: str = answer.raise_for_status().json()["access_token"]
        return token


def tail(log: Path, lines: int = 15) -> str:
    """
    Give the end of a log, and say where all of it is.

    :param log: the file; a task's, of JSON lines, is made readable
    :param lines: how many lines
    """
    try:
        end = [_readable(line) for line in log.read_text(errors="replace").splitlines()[-lines:]]
    except FileNotFoundError:
        end = ["(there is none)"]
    return "\n".join([f"The end of {log}:", *(f"    {line}" for line in end)])


def _readable(line: str) -> str:
    try:
        entry = json.loads(line)
        raised = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or ()]
        return " ".join([entry["timestamp"][11:19], entry["level"].upper(), entry["event"], *raised])
    except (ValueError, TypeError, KeyError):
        return line


def _inherited() -> dict[str, str]:
    """Leave out another Airflow's settings, so that this one keeps to its folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}


def _settings(home: Path, dags: Path, url: str, port: int) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__SECRET_KEY": _secret(),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": _secret(),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": _secret(),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": str(2 * (os.cpu_count() or 1)),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        # a writer waits for the others: SQLite has room for one
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=60",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # a worker's slot stays taken for so long after its task has ended or deferred; one that resumes meanwhile is
        # failed as "killed externally" (apache/airflow#72716)
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }


def _secret() -> str:
    return urlsafe_b64encode(os.urandom(32)).decode()
