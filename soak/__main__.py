"""
The soak, as ``make soak`` runs it: nothing may be lost while requests go wrong and processes are killed.

It prints a table, and ends with 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from demo.local_airflow import AirflowTrouble
from demo.postgres import NoPostgres
from soak.cluster import EXECUTORS
from soak.report import Report
from soak.run import soak
from soak.scenario import Scenario

FOLDER = Path(__file__).parents[1] / ".soak"


def main() -> None:
    """Soak; end with 0 only if every promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    plan = parser.add_mutually_exclusive_group()
    plan.add_argument("--short", action="store_const", const="short", dest="plan", help="little, and one of each kill")
    plan.add_argument("--calm", action="store_const", const="calm", dest="plan", help="nothing fails: for measuring")
    parser.set_defaults(plan="long")
    parser.add_argument("--executor", choices=EXECUTORS, default="local", help="where tasks run (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="decides what goes wrong (%(default)s)")
    parser.add_argument("--accounts", type=int, help="how many accounts (20; short: 4)")
    parser.add_argument("--windows", type=int, help="how many daily windows of each (30; short: 4)")
    chosen = parser.parse_args()
    accounts, windows = (4, 4) if chosen.plan == "short" else (20, 30)
    scenario = Scenario(chosen.seed, chosen.accounts or accounts, chosen.windows or windows)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _interrupt)
    shutil.rmtree(FOLDER / "airflow", ignore_errors=True)
    FOLDER.mkdir(exist_ok=True)
    try:
        report = soak(scenario, FOLDER, executor=chosen.executor, plan=chosen.plan, say=_say)
    except (AirflowTrouble, NoPostgres) as trouble:
        _say(f"{trouble}\nAll logs are in {FOLDER}.")
        sys.exit(1)
    except KeyboardInterrupt:
        _say("Stopped; nothing is left running.")
        sys.exit(130)
    _tell(report)
    sys.exit(not report.is_good)


def _tell(report: Report) -> None:
    _say("")
    _say(report.markdown())
    verdict = report.verdict
    for broken in (*verdict.false_successes, *verdict.stray, *verdict.stuck):
        _say(f"BROKEN: {broken}")
    for deed in report.in_vain:
        _say(f"NOT DONE: {deed}")
    if not report.is_good:
        _say(f"All logs are in {FOLDER}.")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _interrupt(_signum: int, _frame: FrameType | None) -> NoReturn:
    # once: what is still to be ended is ended undisturbed
    for again in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(again, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
