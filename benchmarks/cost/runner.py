"""
Airflow's own ``TriggerRunner`` in a process, as the triggerer runs it, with its supervisor in this one.

Only the database behind the supervisor is missing: triggers and their connection come from here. To be imported when
Airflow's home is known.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from ctypes import Structure, c_double
from typing import Any, ClassVar
from uuid import uuid4

import psutil  # type: ignore[import-untyped]  # it comes with Airflow, and without types
from airflow.executors.workloads import RunTrigger
from airflow.executors.workloads.task import TaskInstanceDTO
from airflow.jobs.triggerer_job_runner import TriggerRunner, TriggerRunnerSupervisor
from airflow.models.trigger import Trigger
from airflow.sdk.api.datamodels._generated import ConnectionResponse

PROBE_SECONDS = 0.01
PATIENCE_SECONDS = 120.0


class Stall(Structure):
    """What the probe in the runner's loop shares."""

    _fields_ = (("worst", c_double), ("own", c_double), ("collection", c_double))

    worst: float
    """Seconds that the loop was late at most since this was last set to 0."""
    own: float
    """The same, but only as far as the loop's thread was computing, and not collecting garbage."""
    collection: float
    """Seconds of the longest garbage collection: Python stops for it, and most of what it goes over is Airflow."""


_stall: Any = multiprocessing.get_context("spawn").Value(Stall, lock=False)
"""Shared with the runner's process, which is a fork of this one."""


class _ProbedRunner(TriggerRunner):
    """Tells how late its loop is."""

    async def init_comms(self) -> None:
        await super().init_comms()
        self.probe = asyncio.create_task(_probe(_stall))


class _Connections:
    """What the supervisor asks for connections, instead of Airflow's API: there is one."""

    base_url = "http://nowhere.invalid"

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = dict.fromkeys(("host", "schema", "login", "password", "port", "extra")) | dict(fields)

    @property
    def connections(self) -> _Connections:
        return self

    def get(self, conn_id: str) -> Any:
        return ConnectionResponse(conn_id=conn_id, **{"conn_type": "none", **self._fields})


class _Supervisor(TriggerRunnerSupervisor):
    """Keeps what would go to the database."""

    connection: ClassVar[Mapping[str, Any]] = {}
    prepare: ClassVar[Callable[[], None] | None] = None
    fired: ClassVar[list[Any]] = []
    failed: ClassVar[list[Any]] = []

    @classmethod
    def run_in_process(cls) -> None:
        if cls.prepare:
            cls.prepare()
        _ProbedRunner().run()

    def make_client(self) -> Any:
        return _Connections(self.connection)

    def on_trigger_event(self, trigger_id: int, event: Any) -> None:
        self.fired.append(event.payload)

    def on_trigger_failure(self, trigger_id: int, exc: Any) -> None:
        self.failed.append(exc)


class Runner:
    """
    A TriggerRunner in its process. There can be one.

    :param connection: the fields of the one Airflow connection that there is
    :param prepare: called in the runner's process before it begins
    """

    stall: Stall = _stall
    fired: Sequence[Any] = _Supervisor.fired
    """The payloads of the events."""
    failed: Sequence[Any] = _Supervisor.failed
    """The tracebacks of triggers that failed."""

    def __init__(self, connection: Mapping[str, Any], prepare: Callable[[], None] | None) -> None:
        _Supervisor.connection = connection
        _Supervisor.prepare = staticmethod(prepare) if prepare else None
        self._supervisor = _Supervisor.start(capacity=10**6)
        self._process = psutil.Process(self._supervisor.pid)

    def create(self, classpath: str, kwargs: Sequence[Mapping[str, Any]]) -> None:
        """
        Have triggers created, each for a task instance.

        :param classpath: their class
        :param kwargs: of each
        """
        for number, these in enumerate(kwargs, start=1):
            ti = TaskInstanceDTO(
                id=uuid4(),
                dag_version_id=uuid4(),
                task_id="sync",
                dag_id="measured",
                run_id=f"scheduled__{number}",
                try_number=1,
                map_index=-1,
                pool_slots=1,
                queue="default",
                priority_weight=1,
                external_executor_id=None,
            )
            encrypted = Trigger.encrypt_kwargs(dict(these))
            self._supervisor.creating_triggers.append(
                RunTrigger(id=number, classpath=classpath, encrypted_kwargs=encrypted, ti=ti)
            )

    def let_pass(self, seconds: float) -> None:
        """
        Serve the runner for so long.

        :param seconds: how long
        """
        until = time.monotonic() + seconds
        self.let_pass_until(lambda: time.monotonic() >= until)

    def let_pass_until(self, condition: Callable[[], bool]) -> None:
        """
        Serve the runner until a condition holds.

        :param condition: the condition
        :raises RuntimeError: it does not hold in time, or the runner has ended
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline or not self._supervisor.is_alive():
                raise RuntimeError(f"The runner does not get on; failed so far: {self.failed[:1]}")
            self._supervisor._service_subprocess(0.05)
            self._supervisor.handle_events()
            self._supervisor.handle_failed_triggers()

    def snapshot(self) -> dict[str, float]:
        """Tell the time, the seconds of CPU that the runner has used, and the bytes that are its own."""
        cpu = time.clock_gettime(~self._process.pid << 3 | 2)  # Linux's clock of that process, to the nanosecond
        return {"at": time.monotonic(), "cpu": cpu, "memory": self._process.memory_full_info().uss}

    def kill(self) -> None:
        """End the runner."""
        self._process.kill()


async def _probe(stall: Stall) -> None:
    began_collecting = collected = 0.0

    def note_collection(phase: str, _: object) -> None:
        nonlocal began_collecting, collected
        if phase == "start":
            began_collecting = time.thread_time()
            return
        took = time.thread_time() - began_collecting
        collected += took
        stall.collection = max(stall.collection, took)

    gc.callbacks.append(note_collection)
    while True:
        began, computed, collected = time.perf_counter(), time.thread_time(), 0.0
        await asyncio.sleep(PROBE_SECONDS)
        late = time.perf_counter() - began - PROBE_SECONDS
        stall.worst = max(stall.worst, late)
        stall.own = max(stall.own, min(late, time.thread_time() - computed - collected))
