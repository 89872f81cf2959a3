"""
Measure what waiting costs in a triggerer: this package, its peers and bare httpx, with 1 to 5,000 waits at once.

Each cell is a process of its own, see :mod:`.waits`. Of several runs of a cell the least CPU and the least stall are
shown, those that the rest of the machine disturbed least. A stall is how late the event loop was; in brackets, as far
as its thread was computing meanwhile: not waiting for the network or for the machine's other work, nor collecting
garbage, which goes over all of Airflow and is told beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from benchmarks.cost.peers import BARE, OURS, PEERS
from benchmarks.cost.table import table

INTERVALS = {1: 0.01, 100: 0.5, 1000: 5.0, 5000: 10.0}
"""Seconds between the polls of a wait, of so many waits."""
SECONDS = 10.0
REPEATED = (BARE.name, OURS.name)
"""Whose ratio is asked for: measured twice, with up to 1,000 waits."""
PATIENCE_SECONDS = 150.0


def main() -> None:
    """Measure, and print a table for each number of waits."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    arguments.add_argument("--quick", action="store_true", help="1 and 100 waits, each cell once and briefly")
    arguments.add_argument("--waits", type=int, nargs="+", choices=INTERVALS, help="how many waits at once")
    arguments.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    chosen = arguments.parse_args()
    memory: dict[str, dict[int, float | None]] = {name: {} for name in chosen.peers}
    for waits in chosen.waits or (list(INTERVALS)[:2] if chosen.quick else INTERVALS):
        runs = _measure_all(waits, chosen.peers, quick=chosen.quick)
        _say(f"### {waits:,} {'wait' if waits == 1 else 'waits'}\n\n{_table(runs)}\n")
        for name, some in runs.items():
            memory[name][waits] = _least(some, "memory_mib")
    if len(next(iter(memory.values()))) > 1:
        _say(f"### Memory of each further wait\n\n{_further(memory)}")


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201


def _measure_all(waits: int, names: Sequence[str], *, quick: bool) -> dict[str, list[dict[str, Any]]]:
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for name in names:
        runs[name] += _measure(name, waits, 3.0 if quick else SECONDS)
    if not quick and waits <= 1000:
        for name in REPEATED:
            if runs.get(name):
                runs[name] += _measure(name, waits, SECONDS)
    return runs


def _table(runs: Mapping[str, Sequence[dict[str, Any]]]) -> str:
    head = [
        "",
        "CPU per poll",
        "to bare httpx",
        "memory",
        "connections opened",
        "worst stall (own)",
        "longest garbage collection",
        "worst stall as they begin (own)",
        "CPU to begin a wait",
        "polls per second",
        "stub busy",
    ]
    base = _least(runs.get(BARE.name, []), "cpu_ms_per_poll")
    return table(head, [[name, *_cells(some, base)] for name, some in runs.items()])


def _further(memory: Mapping[str, Mapping[int, float | None]]) -> str:
    pairs = list(pairwise(next(iter(memory.values()))))
    rows = []
    for name, found in memory.items():
        row = [name]
        for few, many in pairs:
            less, more = found[few], found[many]
            row.append("" if less is None or more is None else f"{(more - less) / (many - few) * 1024:.1f} KiB")
        rows.append(row)
    return table(["", *(f"from {few:,} to {many:,}" for few, many in pairs)], rows)


def _measure(name: str, waits: int, seconds: float) -> list[dict[str, Any]]:
    # whole intervals: waits that began together poll together
    seconds = INTERVALS[waits] * max(1, round(seconds / INTERVALS[waits]))
    command = [sys.executable, "-m", "benchmarks.cost.waits", name]
    command += ["--waits", str(waits), "--interval", str(INTERVALS[waits]), "--seconds", str(seconds)]
    # a session of its own, so that its processes end with it
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as cell:  # noqa: S603 (it is ours)
        try:
            found, _ = cell.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            return []
        finally:
            with suppress(ProcessLookupError):
                os.killpg(cell.pid, signal.SIGKILL)
    return [json.loads(found)] if cell.returncode == 0 else []


def _cells(runs: Sequence[dict[str, Any]], base: float | None) -> list[str]:
    cpu = _least(runs, "cpu_ms_per_poll")
    if cpu is None:
        return [f"does not get through in {PATIENCE_SECONDS:g} s", *[""] * 9]
    found = min(runs, key=lambda run: run["cpu_ms_per_poll"])
    return [
        f"{cpu:.2f} ms",
        f"{cpu / base:.2f}" if base else "",
        f"{_least(runs, 'memory_mib'):,.1f} MiB",
        f"{found['connections']:,}",
        f"{_least(runs, 'stall_ms'):,.0f} ms ({_least(runs, 'own_stall_ms'):,.0f})",
        f"{_least(runs, 'collection_ms'):,.0f} ms",
        f"{_least(runs, 'stall_ms_at_start'):,.0f} ms ({_least(runs, 'own_stall_ms_at_start'):,.0f})",
        f"{_least(runs, 'start_cpu_ms_per_wait'):.1f} ms",
        f"{found['polls'] / found['seconds']:,.0f} of {found['polls_wanted'] / found['seconds']:,.0f}",
        f"{found['stub_busy']:.0%}",
    ]


def _least(runs: Sequence[dict[str, Any]], what: str) -> float | None:
    return min((run[what] for run in runs), default=None)


if __name__ == "__main__":
    main()
