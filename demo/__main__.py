"""
The demo, as ``make demo`` runs it.

A real Airflow backfills the messages of three accounts, a month at a time, from an emulated Postpress that misbehaves.
It ends with a table of what is in Postpress and what is missing, and fails if anything is. With ``--serve`` one more
month follows, of which one account's sync fails for good: a gap to be filled on the coverage page.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from airflow_provider_postpress.emulator import EmulatorControl
from airflow_provider_postpress.emulator.world import API_KEY
from demo.board import Board, Instance, month_of
from demo.local_airflow import AirflowTrouble, LocalAirflow, tail
from demo.processes import Background, stop
from demo.scenario import (
    ACCOUNTS,
    BEN,
    DAG_ID,
    END,
    MONTH_BEFORE,
    MONTHS,
    START,
    SYNC_MS,
    furnish,
    let_every_try_fail,
    let_somebody_else_sync,
    let_time_pass,
)

FOLDER = Path(__file__).parents[1] / ".demo"
BACKFILL = (
    *("backfill", "create", "--dag-id", DAG_ID),
    *("--reprocess-behavior", "failed"),  # Airflow wants to be told, where tasks depend on their past
    *("--from-date", f"{MONTHS[0]}-01", "--to-date", f"{MONTHS[-1]}-01", "--max-active-runs", str(len(MONTHS))),
)
COVERAGE_PAGE = "/plugin/postpress-coverage"
_PATIENCE_SECONDS = 60
_BACKFILL_SECONDS = 600
_RUN_SECONDS = 180
_FAILURES_SHOWN = 3
_STOPPED = "Stopped; nothing is left running."

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Run the demo; end with 0 only if every task succeeded and nothing is missing."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--serve", action="store_true", help="leave Airflow up at the end, until Ctrl-C")
    serve = parser.parse_args().serve
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _interrupt)
    try:
        is_complete = _play(serve=serve)
        if serve:
            console.print(_STOPPED)
        sys.exit(not is_complete)
    except AirflowTrouble as trouble:
        console.print(f"\n[red]{escape(str(trouble))}[/]\nAll logs are in {FOLDER}.")
        sys.exit(1)
    except KeyboardInterrupt:
        console.print(_STOPPED)
        sys.exit(130)


def _play(*, serve: bool) -> bool:
    shutil.rmtree(FOLDER / "airflow", ignore_errors=True)
    FOLDER.mkdir(exist_ok=True)
    with _emulator(FOLDER / "emulator.log") as postpress:
        furnish(postpress)
        console.print(f"[bold]Postpress[/], emulated here: {postpress.url}. What will go wrong:")
        for account in ACCOUNTS:
            console.print(f"  {account.id:<11}  {account.provider:<19}  [dim]{account.goes_wrong}[/]")
        airflow = LocalAirflow(FOLDER / "airflow", Path(__file__).with_name("dags"))
        try:
            _start(airflow, postpress)
            is_complete = _watch(airflow, postpress)
            if serve:
                _leave_a_gap(airflow, postpress)
                console.print(f"Airflow stays up until Ctrl-C; the DAG is at {airflow.url}/dags/{DAG_ID}.")
                with suppress(KeyboardInterrupt):
                    while True:
                        airflow.check()
                        time.sleep(1)
            return is_complete
        finally:
            with console.status("Stopping …"):
                airflow.stop()


@contextmanager
def _emulator(log: Path) -> Iterator[EmulatorControl]:
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "airflow_provider_postpress.emulator", "--port", "0", "--empty"]
    process = Background([*command, "--set", f"duration_ms={SYNC_MS}"], log)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (greeting := re.search(r"emulator at (\S+)", log.read_text())):
            if not process.runs or time.monotonic() > deadline:
                raise AirflowTrouble(f"The emulator did not start.\n{tail(log)}")
            time.sleep(0.1)
        yield EmulatorControl(greeting[1])
    finally:
        stop([process])


def _start(airflow: LocalAirflow, postpress: EmulatorControl) -> None:
    with console.status("Airflow is starting: database, API server …"):
        airflow.prepare()
        airflow.add_connection("postpress_default", conn_type="postpress", host=postpress.url, password=API_KEY)
        for account in ACCOUNTS:
            airflow.add_pool(account.id)
    console.print(f"[bold]Airflow[/] {airflow.get('version')['version']}: {airflow.url}\n")
    console.print(f"$ airflow {' '.join(BACKFILL)}\n")
    with console.status("Airflow is starting: scheduler, DAG processor, triggerer …"):
        airflow.cli(*BACKFILL)
        let_somebody_else_sync(postpress)
        airflow.start()


def _watch(airflow: LocalAirflow, postpress: EmulatorControl) -> bool:
    began = time.monotonic()
    with Board(console) as board:

        def ended() -> list[dict[str, Any]]:
            let_time_pass(postpress)
            instances = airflow.task_instances(DAG_ID)
            board.show(instances)
            is_over = bool(instances) and all(ti["state"] in ("success", "failed") for ti in instances)
            return instances if is_over else []

        instances = airflow.wait_for(ended, seconds=_BACKFILL_SECONDS, what="the backfill to end", every=1)
    return _verdict(airflow, postpress, instances, seconds=time.monotonic() - began)


def _verdict(
    airflow: LocalAirflow, postpress: EmulatorControl, instances: Sequence[Instance], *, seconds: float
) -> bool:
    table = Table("Account", box=box.SIMPLE_HEAD)
    for column in ("Windows", "Messages at the provider", "In Postpress", "Missing"):
        table.add_column(column, justify="right")
    missing = 0
    for account in ACCOUNTS:
        counts = postpress.count_messages(account.id, START, END)
        missing += counts["missing"]
        green = sum(ti["state"] == "success" for ti in instances if ti["task_id"] == account.id)
        numbers = (counts["at_provider"], counts["in_postpress"], counts["missing"])
        table.add_row(account.id, f"{green} of {len(MONTHS)}", *map(str, numbers))
    console.print(table)
    failed = [ti for ti in instances if ti["state"] != "success"]
    for ti in failed[:_FAILURES_SHOWN]:
        console.print(f"[red]{ti['task_id']} {month_of(ti)} failed.[/] {escape(tail(airflow.task_log(ti)))}")
    if failed or missing:
        console.print(f"[red]Failed tasks: {len(failed)}. Missing messages: {missing}.[/] All logs are in {FOLDER}.")
        return False
    mishaps = sum(request["fault"] is not None for request in postpress.requests())
    syncs = len(ACCOUNTS) * len(MONTHS)
    console.print(f"[green]Nothing is missing.[/] {syncs} windows in {seconds:.0f} s; {mishaps} requests went wrong.")
    return True


def _leave_a_gap(airflow: LocalAirflow, postpress: EmulatorControl) -> None:
    month = MONTH_BEFORE["start"][:7]
    let_every_try_fail(postpress, BEN)
    run = airflow.post(f"dags/{DAG_ID}/dagRuns", logical_date=None, conf={"postpress_window": MONTH_BEFORE})
    with console.status(f"One more month, {month}, of which every sync of {BEN.id} fails …"):
        airflow.wait_for(
            lambda: airflow.get(f"dags/{DAG_ID}/dagRuns/{run['dag_run_id']}")["state"] in ("success", "failed"),
            seconds=_RUN_SECONDS,
            what="the last run to end",
            every=1,
        )
    console.print(
        f"\nThen {month} was asked for, and every sync of {BEN.id} failed. What is synced and what is missing is at\n"
        f"  [bold]{airflow.url}{COVERAGE_PAGE}[/]\n"
        f"Choose the gap of {BEN.id} there, and [bold]Sync this window[/].\n"
    )


def _interrupt(_signum: int, _frame: FrameType | None) -> NoReturn:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)  # what runs is stopped now, and not disturbed in it
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
