"""Account statuses without a webhook: DAGs run when a watcher tells of a change, over a triggerer's restart, too."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("live")  # one Airflow for all


@pytest.fixture
def looks(airflow, emulator) -> Callable[[], list[int]]:
    """Wait for some more looks, give when they were taken, in epoch milliseconds."""

    def looks(times: int = 4) -> list[int]:
        before = len(emulator.requests(route="list_accounts"))
        airflow.wait_for(
            lambda: len(emulator.requests(route="list_accounts")) >= before + times,
            seconds=60,
            what=f"{times} looks at all accounts",
            every=0.1,
        )
        return [request["at"] for request in emulator.requests(route="list_accounts")[before:]]

    return looks


@pytest.fixture
def told(airflow) -> Callable[..., list[dict[str, Any]]]:
    """Wait until a DAG's runs have been told of so many changes in all; give what they were told."""

    def told(name: str, count: int) -> list[dict[str, Any]]:
        def extras() -> list[dict[str, Any]]:
            ended = [task for task in airflow.task_instances(name) if task["state"] == "success"]
            return [
                extra
                for task in sorted(ended, key=lambda task: task["start_date"])
                for extra in airflow.get(
                    f"dags/{name}/dagRuns/{task['dag_run_id']}/taskInstances/told/xcomEntries/return_value"
                )["value"]
            ]

        airflow.wait_for(lambda: len(extras()) >= count, seconds=60, what=f"{name} to be told of {count} changes")
        return extras()

    return told


def changes(extras: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What was told: from what to what a status changed."""
    return [(extra["payload"]["previous"], extra["payload"]["message"]) for extra in extras]


def test_changes_run_dags_once_each_and_a_triggerers_restart_makes_none_up(airflow, emulator, looks, told):
    since_33 = airflow.get("version")["version"] >= "3.3"  # watchers share their looks, and remember
    looks()
    for name in ("watched_anna", "watched_ben"):
        emulator.add_account("LINKEDIN", account_id=name, sources=["OK"])
        assert changes(told(name, 1)) == [("DELETED", "OK")]

    emulator.set_source_status("watched_anna", "ERROR")
    _, extra = told("watched_anna", 2)
    assert {name: extra["payload"][name] for name in ("told_by", "account_id", "account_type", "message")} == {
        "told_by": "watcher",
        "account_id": "watched_anna",
        "account_type": "LINKEDIN",
        "message": "ERROR",
    }
    assert extra["from_trigger"] is True

    taken = looks()
    airflow.kill_component("triggerer")
    emulator.set_source_status("watched_ben", "CREDENTIALS")
    airflow.start_component("triggerer")
    taken_after = looks(6)
    if since_33:
        assert changes(told("watched_ben", 2)) == [("DELETED", "OK"), ("OK", "CREDENTIALS")]
        assert min(after - before for before, after in [*pairwise(taken), *pairwise(taken_after)]) >= 700

    emulator.delete_account("watched_ben")
    told_of_ben = changes(told("watched_ben", 3 if since_33 else 2))
    assert told_of_ben[-1] == ("CREDENTIALS", "DELETED")
    assert len(told_of_ben) == (3 if since_33 else 2)
    assert changes(told("watched_anna", 2)) == [("DELETED", "OK"), ("OK", "ERROR")]
