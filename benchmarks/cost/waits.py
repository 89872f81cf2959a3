"""
Measure many waits in one triggerer's process: one peer, so many waits. Prints what it found as JSON.

The process is Airflow's own ``TriggerRunner``, with its supervisor on the other side of its sockets: triggers are sent
to it as they are sent in a triggerer, ask the supervisor for their connection, and log through it. Only the database
behind the supervisor is missing. CPU is the runner's, in a stretch of time in which all waits poll and none begins or
ends, less what the runner uses without any wait.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from ctypes import Structure, c_double
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

PROBE_SECONDS = 0.01
IDLE_SECONDS = 2.0
PATIENCE_SECONDS = float(os.environ.get("PAT", "120"))


class Stall(Structure):
    """What the probe in the runner's loop shares."""

    _fields_ = (("worst", c_double),)

    worst: float
    """Seconds that the loop was late at most since this was last set to 0."""


def main() -> None:
    """Measure one cell."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    arguments.add_argument("peer")
    arguments.add_argument("--waits", type=int, required=True)
    arguments.add_argument("--interval", type=float, required=True, help="seconds between the polls of a wait")
    arguments.add_argument("--seconds", type=float, required=True, help="how long the polling is measured")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, _quiet() as output:
        os.environ |= {
            "AIRFLOW_HOME": folder,
            "AIRFLOW__CORE__FERNET_KEY": "",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
            "PYTHONWARNINGS": "ignore",
        }
        found = _measure(Path(folder), chosen.peer, chosen.waits, chosen.interval, chosen.seconds)
        output.write(json.dumps(found) + "\n")


@contextlib.contextmanager
def _quiet() -> Iterator[Any]:
    # the supervisor writes the triggers' logs to standard output, which costs time, and is not what is asked for
    with os.fdopen(os.dup(1), "w") as output, Path(os.devnull).open("w") as nowhere:
        if "BENCH_DEBUG" not in os.environ:
            os.dup2(nowhere.fileno(), 1)
        if "BENCH_DEBUG" not in os.environ:
            os.dup2(nowhere.fileno(), 2)
        yield output


def _measure(folder: Path, name: str, waits: int, interval: float, seconds: float) -> dict[str, Any]:
    from benchmarks.cost import certificate
    from benchmarks.cost.peers import PEERS
    from benchmarks.cost.stub import stub

    peer = PEERS[name]
    with stub(peer, folder) as server:
        os.environ |= certificate.trust(folder)
        host, port = certificate.HOST, server.port
        runner = Runner(peer.connection(host, port), lambda: peer.prepare and peer.prepare(host, port))
        try:
            runner.let_pass(1.5)
            idle_from = runner.snapshot()
            runner.let_pass(IDLE_SECONDS)
            idle = runner.snapshot()
            idle_share = (idle["cpu"] - idle_from["cpu"]) / (idle["at"] - idle_from["at"])
            runner.stall.worst = 0.0
            runner.create(peer.trigger, [peer.kwargs(number, interval, server.url) for number in range(1, waits + 1)])
            runner.let_pass_until(lambda: server.counters.waits >= waits)
            start = runner.snapshot()
            # one interval more, so that the burst of the beginning is over
            runner.let_pass(min(2 * interval, 5.0))
            stall_at_start = runner.stall.worst
            before, polls, server_cpu = runner.snapshot(), server.counters.polls, server.cpu
            runner.stall.worst = 0.0
            runner.let_pass(seconds)
            after, polled = runner.snapshot(), server.counters.polls - polls
            stall = runner.stall.worst
            connections, open_ = server.counters.connections, server.counters.open
            server_share = (server.cpu - server_cpu) / (after["at"] - before["at"])
            server.counters.done = True
            runner.let_pass_until(lambda: len(runner.events) + len(runner.failures) >= waits)
        finally:
            runner.kill()
    if runner.failures or any(
        "success" not in json.dumps(event).lower() and event is not True for event in runner.events
    ):
        raise RuntimeError(f"Not every wait ended well: {runner.failures[:1] or runner.events[:1]}")
    took = after["at"] - before["at"]
    used = after["cpu"] - before["cpu"]
    return {
        "peer": name,
        "waits": waits,
        "interval": interval,
        "polls": polled,
        "polls_wanted": waits * took / interval,
        "seconds": took,
        "cpu_ms_per_poll": (used - idle_share * took) / polled * 1000,
        "cpu_ms_per_poll_with_idle": used / polled * 1000,
        "busy": used / took,
        "start_cpu_ms_per_wait": (start["cpu"] - idle["cpu"] - idle_share * (start["at"] - idle["at"])) / waits * 1000,
        "memory_kib_per_wait": (after["memory"] - idle["memory"]) / waits / 1024,
        "memory_mib": (after["memory"] - idle["memory"]) / 1024**2,
        "connections": connections,
        "open": open_,
        "stall_ms": stall * 1000,
        "stall_ms_at_start": stall_at_start * 1000,
        "stub_busy": server_share,
    }


class Runner:
    """
    A TriggerRunner in its process, and its supervisor in this one.

    :param connection: the fields of the one Airflow connection that there is
    :param prepare: called in the runner's process before it begins
    """

    def __init__(self, connection: Mapping[str, Any], prepare: Any) -> None:
        import psutil
        from airflow.jobs.triggerer_job_runner import TriggerRunner, TriggerRunnerSupervisor
        from airflow.sdk.api.datamodels._generated import ConnectionResponse

        from benchmarks.cost.peers import CONN_ID

        self.stall: Any = multiprocessing.get_context("spawn").Value(Stall, lock=False)
        self.events: list[Any] = []
        self.failures: list[Any] = []
        runner = self

        class ProbedRunner(TriggerRunner):
            async def init_comms(self) -> None:
                await super().init_comms()
                self.probe = asyncio.create_task(_probe(runner.stall))

        class Connections:
            base_url = "http://nowhere.invalid"

            @property
            def connections(self) -> Connections:
                return self

            def get(self, conn_id: str) -> Any:
                fields = dict.fromkeys(("host", "schema", "login", "password", "port", "extra"))
                return ConnectionResponse(conn_id=CONN_ID, **{"conn_type": "none", **fields, **connection})

        class Supervisor(TriggerRunnerSupervisor):
            run_in_process: ClassVar[Any]

            @classmethod
            def run_in_process(cls) -> None:
                prepare()
                ProbedRunner().run()

            def make_client(self) -> Any:
                return Connections()

            def load_triggers(self) -> None: ...

            def heartbeat(self) -> None: ...

            def clean_unused(self) -> None: ...

            def metric_tags(self) -> dict[str, str]:
                return {"hostname": "benchmark"}

            def on_trigger_event(self, trigger_id: int, event: Any) -> None:
                runner.events.append(event.payload)

            def on_trigger_failure(self, trigger_id: int, exc: Any) -> None:
                runner.failures.append(exc)

        self._supervisor = Supervisor.start(capacity=10**6)
        self._process = psutil.Process(self._supervisor.pid)

    def create(self, classpath: str, kwargs: list[Mapping[str, Any]]) -> None:
        """Have triggers created, as the triggerer has them."""
        from airflow.executors.workloads import RunTrigger
        from airflow.executors.workloads.task import TaskInstanceDTO
        from airflow.models.trigger import Trigger

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
            self._supervisor.creating_triggers.append(
                RunTrigger(id=number, classpath=classpath, encrypted_kwargs=Trigger.encrypt_kwargs(dict(these)), ti=ti)
            )

    def let_pass(self, seconds: float) -> None:
        """Serve the runner for so long."""
        until = time.monotonic() + seconds
        self.let_pass_until(lambda: time.monotonic() >= until)

    def let_pass_until(self, condition: Any) -> None:
        """Serve the runner until a condition holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline or not self._supervisor.is_alive():
                raise RuntimeError("The runner does not get on.")
            self._supervisor._service_subprocess(0.05)
            self._supervisor.handle_events()
            self._supervisor.handle_failed_triggers()

    def snapshot(self) -> dict[str, float]:
        """Tell the time, the seconds of CPU that the runner has used, and the bytes that are its own."""
        cpu = time.clock_gettime(~self._process.pid << 3 | 2)  # the clock of that process, to the nanosecond
        return {"at": time.monotonic(), "cpu": cpu, "memory": self._process.memory_full_info().uss}

    def kill(self) -> None:
        """End the runner."""
        self._process.kill()


async def _probe(stall: Stall) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(PROBE_SECONDS)
        stall.worst = max(stall.worst, time.perf_counter() - began - PROBE_SECONDS)


if __name__ == "__main__":
    main()
    sys.exit()
