"""Which windows the runs of a real Airflow get."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DAGS = Path(__file__).with_name("run_window_dags.py")


@pytest.fixture(scope="module")
def written_down(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """What each DAG's task wrote down, one entry a try."""
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "dags"
    dags.mkdir()
    program = shutil.copy(DAGS, dags)
    windows = home / "windows.jsonl"
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "WINDOWS_FILE": str(windows),
    }
    for command in (["-m", "airflow", "db", "migrate"], [program]):
        done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
    found: dict[str, list[dict[str, str]]] = {}
    for line in windows.read_text().splitlines():
        entry = json.loads(line)
        found.setdefault(entry["dag"], []).append(entry)
    return found


@pytest.mark.parametrize(
    ("dag", "window"),
    [
        (
            "nightly",
            "[2024-03-31 00:00 → 2024-04-01 00:00) Europe/Berlin, which is [2024-03-30 23:00 → 2024-03-31 22:00) UTC",
        ),
        (
            "own_intervals",
            "[2024-10-27 00:00 → 2024-10-28 00:00) Europe/Berlin, which is [2024-10-26 22:00 → 2024-10-27 23:00) UTC",
        ),
        (
            "repaired",
            "[2024-03-01 00:00 → 2024-04-01 00:00) Europe/Berlin, which is [2024-02-29 23:00 → 2024-03-31 22:00) UTC",
        ),
    ],
)
def test_a_run_gets_the_window_of_its_period_or_of_its_conf(written_down: dict, dag: str, window: str):
    assert written_down[dag] == [{"dag": dag, "window": window}]


@pytest.mark.parametrize(("dag", "found"), [("once", "schedule @once"), ("by_hand", "data interval none")])
def test_a_run_without_a_known_period_fails_and_is_not_tried_again(written_down: dict, dag: str, found: str):
    (only_try,) = written_down[dag]
    assert only_try["failure"].startswith("PostpressWindowError: The period of run ")
    assert found in only_try["failure"]
