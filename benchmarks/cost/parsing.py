"""
Measure what a DAG file costs when it is parsed: with this package's operator, with a peer's, and with Airflow's own.

Each parse is a fresh interpreter; the files take turns. Time is CPU, memory is what the process has of its own. The
file they are compared with has a task of ``airflow.sdk``'s ``BaseOperator``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from benchmarks.cost.peers import PEERS, Peer
from benchmarks.cost.table import table

REPEATS = 8
BASE = "airflow.sdk"

_PARSE = """
import json, sys, time
import psutil
exec(compile({source!r}, "dag.py", "exec"), {{"__name__": "dag"}})
print(json.dumps([time.process_time(), psutil.Process().memory_full_info().uss]))
"""
_FILE = """
from airflow.sdk import DAG
from {module} import {name} as Operator

with DAG("measured", schedule=None):
    Operator(task_id="task"{arguments})
"""


def main() -> None:
    """Measure, and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    arguments.add_argument("--quick", action="store_true", help="3 parses of each")
    repeats = 3 if arguments.parse_args().quick else REPEATS
    files = {BASE: _file("airflow.sdk.BaseOperator")} | {
        peer.name: _of(peer) for peer in PEERS.values() if peer.operator
    }
    seconds: dict[str, list[float]] = {name: [] for name in files}
    memory: dict[str, list[float]] = {name: [] for name in files}
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "AIRFLOW_HOME": folder, "PYTHONWARNINGS": "ignore"}
        for source in files.values():
            _parse(source, environment)  # the first writes the bytecode
        for _ in range(repeats):
            for name, source in files.items():
                took, had = _parse(source, environment)
                seconds[name].append(took)
                memory[name].append(had)
    # the least: what the rest of the machine adds is none of the file's
    base, base_memory = min(seconds[BASE]), statistics.median(memory[BASE])
    rows = [
        [
            name,
            f"{min(seconds[name]):.3f} s",
            f"{min(seconds[name]) / base:.3f}",
            f"{(statistics.median(memory[name]) - base_memory) / 1024**2:+.2f} MiB",
        ]
        for name in files
    ]
    print(table(["a task of", "CPU", "to airflow.sdk", "memory above it"], rows))  # noqa: T201


def _of(peer: Peer) -> str:
    return _file(str(peer.operator), peer.arguments)


def _file(operator: str, arguments: str = "") -> str:
    module, _, name = operator.rpartition(".")
    return _FILE.format(module=module, name=name, arguments=f", {arguments}" if arguments else "")


def _parse(source: str, environment: Mapping[str, str]) -> tuple[float, float]:
    run = subprocess.run(  # noqa: S603 (the command is ours)
        [sys.executable, "-c", _PARSE.format(source=source)],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    took, had = json.loads(run.stdout.splitlines()[-1])
    return took, had


if __name__ == "__main__":
    main()
