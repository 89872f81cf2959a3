"""
Measure the worker time of a sync in a real Airflow: processes started, and seconds for which a slot is held.

Each way to wait is a DAG, begun one after the other. LocalExecutor's slots are processes, which tell in their titles
whether they are busy, and with what: that is looked at many times a second. Seconds of a slot that do not grow with the
sync are the same for a longer one; ``--seconds 600`` shows it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it comes with Airflow, and without types

from airflow_provider_postpress.emulator.server import Emulator
from benchmarks.cost.table import table
from demo.local_airflow import LocalAirflow

DAGS = Path(__file__).with_name("dags")
TITLE = "airflow worker -- LocalExecutor: "
LOOK_SECONDS = 0.02
TEN_MINUTES = 600.0
SECONDS = 30.0


class Slots:
    """
    The slots of a LocalExecutor, watched.

    :param scheduler: the process whose children they are
    """

    def __init__(self, scheduler: psutil.Process) -> None:
        self._scheduler = scheduler
        self._looked = time.monotonic()
        self.seconds: dict[str, float] = defaultdict(float)
        self.processes: dict[str, set[int]] = defaultdict(set)

    def look(self) -> None:
        """See who holds a slot, and which processes work for it."""
        now = time.monotonic()
        for slot in self._scheduler.children():
            title = " ".join(_or_nothing(slot.cmdline, []))
            if title.startswith(TITLE) and "<idle>" not in title:
                holder = title.removeprefix(TITLE).strip()
                self.seconds[holder] += now - self._looked
                self.processes[holder].update(child.pid for child in _or_nothing(slot.children, []))
        self._looked = now


def main() -> None:
    """Measure, and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    arguments.add_argument("--seconds", type=float, default=SECONDS, help="how long each sync takes")
    arguments.add_argument(
        "--heartbeat", type=int, default=5, help="Airflow's [workers] min_heartbeat_interval: 5 unless set"
    )
    chosen = arguments.parse_args()
    took = chosen.seconds
    with _airflow(took, chosen.heartbeat) as airflow:
        slots = Slots(airflow.family_of("scheduler")[0])
        ways = [dag["dag_id"] for dag in airflow.get("dags")["dags"]]
        for way in ways:
            airflow.post(f"dags/{way}/dagRuns", logical_date=None)
            _watch(slots, airflow, [way], ("running", "deferred", "success"), seconds=120)
            _for(slots, 8.0)  # until a deferred task has left its slot
        _watch(slots, airflow, ways, ("success",), seconds=took + 240)
        _for(slots, 8.0)
        instances = {way: airflow.task_instances(way)[0] for way in ways}
    rows = []
    for way, instance in instances.items():
        held = slots.seconds.get(instance["id"], 0.0)
        at_ten_minutes = held + max(0.0, TEN_MINUTES - took) if held >= took else held
        rows.append(
            [
                way.replace("_", " "),
                len(slots.processes.get(instance["id"], ())),
                f"{held:.1f} s",
                f"{at_ten_minutes / TEN_MINUTES:.1%}",
            ]
        )
    head = [f"a sync of {took:g} s", "processes started", "slot held for", "share at 10 minutes"]
    print(table(head, rows))  # noqa: T201


@contextmanager
def _airflow(took: float, heartbeat: int) -> Iterator[LocalAirflow]:
    settings = {
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": str(heartbeat),
    }
    with tempfile.TemporaryDirectory() as folder, Emulator(duration_ms=int(took * 1000)) as postpress:
        airflow = LocalAirflow(Path(folder) / "airflow", DAGS, settings)
        try:
            airflow.prepare()
            airflow.add_connection("postpress_default", **postpress.connection)
            for dag in airflow.get("dags")["dags"]:
                postpress.add_account("TELEGRAM", account_id=dag["dag_id"])
            airflow.start()
            yield airflow
        finally:
            airflow.stop()


def _watch(slots: Slots, airflow: LocalAirflow, ways: list[str], states: tuple[str, ...], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    asked = 0.0
    while time.monotonic() < deadline:
        slots.look()
        if time.monotonic() - asked > 1.0:
            asked = time.monotonic()
            found = [instance["state"] for way in ways for instance in airflow.task_instances(way)]
            if "failed" in found:
                raise RuntimeError(f"A task of {', '.join(ways)} failed.")
            if len(found) == len(ways) and all(state in states for state in found):
                return
            airflow.check()
        time.sleep(LOOK_SECONDS)
    raise RuntimeError(f"Waited in vain for {', '.join(ways)}.")


def _for(slots: Slots, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        slots.look()
        time.sleep(LOOK_SECONDS)


def _or_nothing(ask: Any, nothing: Any) -> Any:
    try:
        return ask()
    except psutil.NoSuchProcess:
        return nothing


if __name__ == "__main__":
    main()
    sys.exit()
