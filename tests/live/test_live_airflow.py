"""What only a live Airflow shows: schedules, failovers, kills, retries, and what its logs and its database keep."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from written import Written, raised

import airflow_provider_postpress
from airflow_provider_postpress.emulator import Emulator

PACKAGE = Path(airflow_provider_postpress.__file__).parent
OUR_FILES = {
    path.name for room in ("operators", "resync", "tasks", "triggers") for path in (PACKAGE / room).glob("*.py")
}
DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")

pytestmark = pytest.mark.xdist_group("live")  # one Airflow for all


@pytest.fixture
def polled(airflow, emulator) -> Callable[..., None]:
    """Wait until Postpress was asked about an account some more times."""

    def polled(account_id: str, times: int = 2) -> None:
        before = len(emulator.requests(account_id, route="account_sync"))
        airflow.wait_for(
            lambda: len(emulator.requests(account_id, route="account_sync")) >= before + times,
            seconds=90,
            what=f"{times} requests for {account_id}",
            every=0.05,
        )

    return polled


def let_the_hour_pass(emulator: Emulator, account_id: str) -> None:
    """End the sync that takes an hour, and let those to come take none."""
    emulator.set_duration(account_id, duration_ms=50)
    emulator.advance(3600)


def ours(log: list[dict[str, Any]]) -> list[str]:
    """What this package's code wrote in a log."""
    return [line["event"] for line in log if is_ours(line)]


def is_ours(line: dict[str, Any]) -> bool:
    logger = line.get("logger", "task")
    # Airflow 3.1 tells no more than a file's name
    return "airflow_provider_postpress" in logger or (logger == "task" and line.get("filename") in OUR_FILES)


def test_a_sync_outlives_its_triggerer_and_is_not_started_again(airflow, emulator, account, run, polled):
    account("triggerer_killed", hour_long=True)
    syncing = run("triggerer_killed")
    syncing.wait_until("deferred")
    polled("triggerer_killed")

    airflow.kill_component("triggerer")
    airflow.start_component("triggerer")
    polled("triggerer_killed", 3)
    let_the_hour_pass(emulator, "triggerer_killed")

    syncing.wait_until("success")
    assert len(emulator.starts("triggerer_killed")) == 1
    assert emulator.missing("triggerer_killed", *DAY) == []


def test_a_worker_that_is_killed_in_a_sync_is_followed_by_a_try_that_waits_it_out_and_starts_its_own(
    emulator, account, run, polled
):
    account("worker_killed", hour_long=True)
    syncing = run("worker_killed")
    (task,) = syncing.wait_until("running")
    polled("worker_killed")

    os.kill(task["pid"], signal.SIGKILL)
    syncing.wait_until("running", try_number=2)
    polled("worker_killed", 3)
    let_the_hour_pass(emulator, "worker_killed")

    syncing.wait_until("success", try_number=2)
    first, second = emulator.starts("worker_killed")
    assert first["ended"] <= second["began"]
    assert emulator.missing("worker_killed", *DAY) == []


def test_a_task_that_is_marked_failed_in_a_sync_ends_says_what_goes_on_and_can_be_cleared(
    airflow, emulator, account, run, polled
):
    account("marked_failed", hour_long=True)
    syncing = run("marked_failed")
    (task,) = syncing.wait_until("running")
    polled("marked_failed")

    path = f"dags/marked_failed/dagRuns/{syncing.id}/taskInstances/resync"
    airflow.patch(path, new_state="failed")
    airflow.wait_for(lambda: not psutil.pid_exists(task["pid"]), seconds=30, what="the task's process to end")
    assert any("Postpress cannot be told to stop" in line for line in ours(syncing.log))

    airflow.post("dags/marked_failed/clearTaskInstances", dag_run_id=syncing.id, dry_run=False, only_failed=False)
    syncing.wait_until("running", try_number=2)
    polled("marked_failed", 3)
    let_the_hour_pass(emulator, "marked_failed")
    syncing.wait_until("success", try_number=2)
    assert emulator.missing("marked_failed", *DAY) == []


def test_a_deferred_sync_is_given_up_after_execution_timeout(account, run):
    account("too_long", hour_long=True)
    syncing = run("too_long")

    syncing.wait_until("failed")
    ((error, text),) = raised(syncing.log)
    assert error == "PostpressSyncTimeout"
    assert "goes on working" in text


def test_a_sync_that_ends_in_error_in_the_triggerer_fails_its_try_and_the_next_one_succeeds(emulator, account, run):
    account("sync_error")
    emulator.fail_next_sync("sync_error")
    syncing = run("sync_error")

    syncing.wait_until("success", try_number=2)
    assert [error for error, _ in raised(syncing.log)] == ["PostpressSyncError"]
    assert [start["status"] for start in emulator.starts("sync_error")] == ["SYNC_ERROR", "SYNC_DONE"]
    assert emulator.missing("sync_error", *DAY) == []


def test_mapped_tasks_are_named_by_their_accounts_while_they_wait_and_after(airflow, emulator, account, run):
    names = ["mapped_anna", "mapped_ben"]
    names_at_first = names if airflow.get("version")["version"] >= "3.2" else ["0", "1"]  # 3.1 names what has ended
    for name in names:
        account(name, hour_long=True)
    syncing = run("mapped")

    assert [task["rendered_map_index"] for task in syncing.wait_until("deferred")] == names_at_first
    for name in names:
        emulator.set_duration(name, duration_ms=50)
    emulator.advance(3600)
    assert [task["rendered_map_index"] for task in syncing.wait_until("success")] == names


def test_a_missing_connection_is_told_by_its_name(run):
    syncing = run("no_connection")

    syncing.wait_until("failed")
    ((_, text),) = raised(syncing.log)
    assert "nowhere" in text


def test_a_run_without_a_period_fails_before_any_request_and_is_not_tried_again(emulator, account, run):
    account("no_window")
    syncing = run("no_window")

    syncing.wait_until("failed", try_number=1)
    assert [error for error, _ in raised(syncing.log)] == ["PostpressWindowError"]
    assert emulator.requests("no_window") == []


def test_a_nightly_dag_backfilled_across_a_change_of_the_clocks_with_faults_leaves_nothing_missing(airflow, emulator):
    def ended() -> list[dict[str, Any]]:
        tasks = airflow.task_instances("nightly")
        return tasks if {task["state"] for task in tasks} <= {"success", "failed"} else []

    tasks = airflow.wait_for(ended, seconds=90, what="the backfill to end")
    results = [
        airflow.get(f"dags/nightly/dagRuns/{task['dag_run_id']}/taskInstances/resync/xcomEntries/return_value")
        for task in sorted(tasks, key=lambda task: task["logical_date"])
        if task["state"] == "success"
    ]

    assert [result["value"]["window"] for result in results] == [
        {"start": "2025-03-28T01:30:00+00:00", "end": "2025-03-29T01:30:00+00:00"},
        {"start": "2025-03-29T01:30:00+00:00", "end": "2025-03-30T01:30:00+00:00"},
        {"start": "2025-03-30T01:30:00+00:00", "end": "2025-03-31T00:30:00+00:00"},
    ]
    assert emulator.missing("nightly") == []
    assert emulator.pending_faults() == []


def test_the_log_of_a_sync_is_a_few_lines_and_the_api_key_is_nowhere(airflow, emulator, account, run, polled):
    account("deferred", hour_long=True)
    syncing = run("deferred")
    syncing.wait_until("deferred")
    polled("deferred", 6)
    assert Written(airflow.home).places_of(emulator.api_key) == []
    let_the_hour_pass(emulator, "deferred")

    syncing.wait_until("success")
    assert len(ours(syncing.log)) == 3, "what is synced, that it started, that it is done"
    assert Written(airflow.home).places_of(emulator.api_key) == []
