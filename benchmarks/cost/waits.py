"""
Measure many waits in one triggerer's process: one peer, so many waits. Prints what it found as JSON.

The process is Airflow's own ``TriggerRunner``, with its supervisor on the other side of its sockets: triggers are sent
to it as they are sent in a triggerer, ask the supervisor for their connection, and log through it. Only the database
behind the supervisor is missing. CPU is the runner's, in a stretch of time in which all waits poll and none begins or
ends, less what the runner uses without any wait.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

IDLE_SECONDS = 2.0


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
        os.dup2(nowhere.fileno(), 1)
        yield output


def _measure(folder: Path, name: str, waits: int, interval: float, seconds: float) -> dict[str, Any]:
    from benchmarks.cost import certificate
    from benchmarks.cost.peers import PEERS
    from benchmarks.cost.runner import Runner
    from benchmarks.cost.stub import stub

    peer = PEERS[name]
    with stub(peer, folder) as server:
        os.environ |= certificate.trust(folder)
        host, port = certificate.HOST, server.port
        runner = Runner(peer.connection(host, port), partial(peer.prepare, host, port) if peer.prepare else None)
        try:
            runner.let_pass(1.5)
            idle_from = runner.snapshot()
            runner.let_pass(IDLE_SECONDS)
            idle = runner.snapshot()
            idle_share = (idle["cpu"] - idle_from["cpu"]) / (idle["at"] - idle_from["at"])
            runner.stall.worst = runner.stall.own = runner.stall.collection = 0.0
            runner.create(peer.trigger, [peer.kwargs(number, interval, server.url) for number in range(1, waits + 1)])
            runner.let_pass_until(lambda: server.counters.waits >= waits)
            start = runner.snapshot()
            # one interval more, so that the burst of the beginning is over
            runner.let_pass(min(2 * interval, 5.0))
            stall_at_start, own_at_start = runner.stall.worst, runner.stall.own
            before, polls, server_cpu = runner.snapshot(), server.counters.polls, server.cpu
            runner.stall.worst = runner.stall.own = runner.stall.collection = 0.0
            runner.let_pass(seconds)
            after, polled = runner.snapshot(), server.counters.polls - polls
            stall, own, collection = runner.stall.worst, runner.stall.own, runner.stall.collection
            connections, open_ = server.counters.connections, server.counters.open
            server_share = (server.cpu - server_cpu) / (after["at"] - before["at"])
            server.counters.done = True
            runner.let_pass_until(lambda: len(runner.fired) + len(runner.failed) >= waits)
        finally:
            runner.kill()
    if runner.failed or any("success" not in json.dumps(event).lower() and event is not True for event in runner.fired):
        raise RuntimeError(f"Not every wait ended well: {runner.failed[:1] or runner.fired[:1]}")
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
        "own_stall_ms": own * 1000,
        "collection_ms": collection * 1000,
        "stall_ms_at_start": stall_at_start * 1000,
        "own_stall_ms_at_start": own_at_start * 1000,
        "stub_busy": server_share,
    }


if __name__ == "__main__":
    main()
