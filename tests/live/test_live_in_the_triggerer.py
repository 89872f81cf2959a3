"""Tasks that the triggerer begins and ends: no worker process is started for them, but to tell of a failure."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.version import Version
from written import raised

from demo.local_airflow import AirflowTrouble

DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
SENT = {"window": {"start": "2026-01-05T00:00:00+00:00", "end": "2026-01-06T00:00:00+00:00"}, "status": "SYNC_DONE"}

pytestmark = pytest.mark.xdist_group("live")  # one Airflow for all


@pytest.fixture
def can_begin(airflow) -> bool:
    """Whether this Airflow begins tasks in the triggerer."""
    return Version(airflow.get("version")["version"]) >= Version("3.3")


def worker_processes(airflow, task: dict[str, Any]) -> int:
    """Tell how many processes of workers have written the log of a task."""
    log = airflow.task_log(task)
    return log.read_text().count('"event":"DAG bundles loaded: ') if log.exists() else 0


def returned(airflow, task: dict[str, Any]) -> Any:
    path = (
        f"dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}/xcomEntries/return_value"
    )
    return airflow.get(path)["value"]


def waiting(syncing) -> dict[str, Any]:
    (task,) = [task for task in syncing.tasks if task["task_id"] == "wait"]
    return task


def test_a_sensor_of_an_account_starts_no_worker(airflow, account, run, can_begin):
    account("healthy_throughout")
    looking = run("healthy_throughout")

    looking.wait_until("success")
    assert returned(airflow, waiting(looking))["id"] == "healthy_throughout"
    assert worker_processes(airflow, waiting(looking)) == (0 if can_begin else 1)


def test_a_sensor_with_a_template_is_begun_by_a_worker(airflow, account, run):
    account("templated_throughout")
    looking = run("templated_throughout")

    looking.wait_until("success")
    assert returned(airflow, waiting(looking))["id"] == "templated_throughout"
    assert worker_processes(airflow, waiting(looking)) == 1


def test_what_an_earlier_try_returned_is_not_the_result_of_one_that_fails(airflow, emulator, account, run, can_begin):
    account("cleared_throughout")
    looking = run("cleared_throughout")
    path = f"dags/cleared_throughout/dagRuns/{looking.id}"
    airflow.wait_for(lambda: airflow.get(path)["state"] == "success", seconds=120, what="the run to end")
    emulator.set_source_status("cleared_throughout", "CREDENTIALS")

    airflow.post("dags/cleared_throughout/clearTaskInstances", dag_run_id=looking.id, dry_run=False, only_failed=False)
    looking.wait_until("failed", try_number=2)
    with pytest.raises(AirflowTrouble, match="404"):
        returned(airflow, waiting(looking))


@pytest.mark.parametrize("dag_id", ["reported_throughout", "chat_throughout"])
def test_a_sensor_that_reports_on_a_sync_starts_no_worker(airflow, emulator, account, run, can_begin, dag_id):
    account(dag_id)
    emulator.add_chat(dag_id, chat_id=dag_id)
    looking = run(dag_id)

    looking.wait_until("success")
    result = returned(airflow, waiting(looking))
    assert result["status"] == "SYNC_DONE"
    assert result["polls"] == 2
    if dag_id == "reported_throughout":
        assert result["window"] == SENT["window"]
        assert emulator.missing(dag_id, *DAY) == []
    assert worker_processes(airflow, waiting(looking)) == (0 if can_begin else 1)


def test_a_sensor_that_follows_a_handle_starts_no_worker(airflow, emulator, account, run, can_begin):
    account("followed_throughout")
    following = run("followed_throughout")

    following.wait_until("success")
    result = returned(airflow, waiting(following))
    assert SENT.items() <= result.items()
    assert emulator.missing("followed_throughout", *DAY) == []
    assert len(emulator.starts("followed_throughout")) == 1
    assert worker_processes(airflow, waiting(following)) == (0 if can_begin else 1)


def test_a_sensor_with_an_event_to_emit_is_ended_by_a_worker(airflow, account, run, can_begin):
    account("followed_with_event")
    following = run("followed_with_event")

    following.wait_until("success")
    (event,) = airflow.get("assets/events", source_dag_id="followed_with_event", source_task_id="wait")["asset_events"]
    assert SENT.items() <= event["extra"].items()
    # one that a worker begins may find at its first look that the sync has ended
    assert worker_processes(airflow, waiting(following)) in ({1} if can_begin else {1, 2})


def test_an_operator_that_the_triggerer_ends_starts_one_worker_process(airflow, emulator, account, run):
    account("ended_in_triggerer")
    syncing = run("ended_in_triggerer")

    syncing.wait_until("success")
    assert SENT.items() <= returned(airflow, waiting(syncing)).items()
    assert emulator.missing("ended_in_triggerer", *DAY) == []
    assert worker_processes(airflow, waiting(syncing)) == 1


def test_a_failure_in_the_triggerer_is_raised_by_a_worker(airflow, emulator, account, run, can_begin):
    account("unhealthy_throughout")
    emulator.set_source_status("unhealthy_throughout", "CREDENTIALS")
    looking = run("unhealthy_throughout")

    looking.wait_until("failed")
    assert [error for error, _ in raised(looking.log)] == ["PostpressReconnectRequired"]
    assert worker_processes(airflow, waiting(looking)) == 1


def test_what_cannot_begin_in_the_triggerer_fails_as_it_would_on_a_worker(airflow, emulator, account, run):
    account("no_window_throughout")
    looking = run("no_window_throughout")

    looking.wait_until("failed")
    assert [error for error, _ in raised(looking.log)] == ["PostpressWindowError"]
    assert emulator.starts("no_window_throughout") == []
    assert worker_processes(airflow, waiting(looking)) == 1
