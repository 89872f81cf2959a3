"""Whole runs of a DAG: mapped tasks, what a DAG hands to its tasks, and what tasks hand to each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_provider_postpress.emulator import Emulator
from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator
from airflow_provider_postpress.sensors.resync import PostpressChatResyncSensor, PostpressResyncSensor

DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
ACCOUNTS = ["acc_anna", "acc/ben", "acc_hotline", "acc_left", "acc_slow"]
FAST = {"poll_interval": 0.01, "max_poll_interval": 0.02}


def dag_under_test() -> DAG:
    """Give a DAG whose tasks find ``postpress_conn_id``, pacing and retries in its ``default_args``."""
    with DAG(
        "messages",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        default_args={
            **FAST,
            "postpress_conn_id": "postpress_of_the_team",
            "window": DAY,
            "retries": 1,
            "retry_delay": timedelta(0),
        },
    ) as dag:
        PostpressResyncOperator.partial(task_id="blocking", if_unsupported="skip").expand(account_id=ACCOUNTS)
        PostpressResyncOperator.partial(task_id="deferred", if_unsupported="skip", deferrable=True).expand(
            account_id=ACCOUNTS[:3]
        )
        PostpressChatResyncOperator.partial(task_id="chats", if_deleted="skip", deferrable=True).expand(
            chat_id=["chat_1", "chat_gone"]
        )
        PostpressResyncOperator.partial(task_id="named_by_the_dag", map_index_template="{{ task.window[0] }}").expand(
            account_id=ACCOUNTS[:1]
        )
        PostpressResyncOperator.partial(task_id="windows", account_id="acc_anna").expand(
            window=[("2026-01-01", "2026-01-02"), "full"]
        )
        PostpressResyncOperator.partial(
            task_id="everything_else",
            overlap=timedelta(hours=1),
            partial=False,
            max_window=timedelta(days=2),
            if_running="wait",
            wait_for_completion=True,
            timeout=timedelta(minutes=1),
        ).expand_kwargs([{"account_id": "acc_anna", "chunk_size": "2", "linkedin_product": "recruiter"}])

        handles = PostpressResyncOperator.partial(task_id="start", wait_for_completion=False).expand(
            account_id=["acc_anna", "acc_hotline"]
        )
        PostpressResyncSensor.partial(task_id="wait_for_each", poke_interval=0.02, trigger_rule="all_done").expand(
            resync=handles.output
        )
        one = PostpressChatResyncOperator(task_id="start_chat", chat_id="chat_2", wait_for_completion=False)
        for mode, how in (("poke", {}), ("reschedule", {"mode": "reschedule"}), ("deferred", {"deferrable": True})):
            PostpressChatResyncSensor(task_id=f"wait_{mode}", resync=one.output, poke_interval=0.02, **how)
        skipped = PostpressChatResyncOperator(task_id="skipped", chat_id="chat_gone", if_deleted="skip")
        PostpressChatResyncSensor(task_id="wait_for_none", resync=skipped.output, trigger_rule="all_done")
    return dag


@dataclass(frozen=True)
class Ran:
    """What became of a task."""

    state: str
    name: str | None
    tries: int
    result: Any


@pytest.fixture(scope="module")
def run(run_dag, request) -> Iterator[tuple[dict[str, list[Ran]], Emulator]]:
    """The run of the DAG, by task, and the emulator as it was left."""
    with pytest.MonkeyPatch.context() as environment, Emulator(duration_ms=30) as emulator:
        environment.setenv("AIRFLOW_CONN_POSTPRESS_OF_THE_TEAM", emulator.connection_json)
        for account in ACCOUNTS[:2]:
            emulator.add_account("LINKEDIN", account_id=account, premium_features=["recruiter"])
            emulator.add_chat(account, messages=["2026-01-01T12:00:00Z", "2026-01-05T12:00:00Z"])
        emulator.add_account("WHATSAPP", account_id="acc_hotline")
        emulator.add_account("LINKEDIN", account_id="acc_left", sources=["CREDENTIALS"])
        emulator.add_account("TELEGRAM", account_id="acc_slow")
        for chat in ("chat_1", "chat_2", "chat_gone"):
            emulator.add_chat("acc_slow", chat_id=chat, messages=["2026-01-05T12:00:00Z"])
        emulator.delete_chat("chat_gone")
        emulator.fail_next_sync("acc_slow")
        dag_run = run_dag(dag_under_test(), logical_date=datetime(2026, 1, 6, tzinfo=UTC))
        ran: dict[str, list[Ran]] = {}
        for ti in sorted(dag_run.get_task_instances(), key=lambda ti: ti.map_index):
            result = ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index)
            found = Ran(str(ti.state), ti.rendered_map_index, ti.try_number, result)
            ran.setdefault(ti.task_id, []).append(found)
        yield ran, emulator


class TestMappedTasks:
    def test_are_named_by_their_ids(self, run):
        tasks, _ = run
        assert [task.name for task in tasks["blocking"]] == ACCOUNTS
        assert [task.name for task in tasks["deferred"]] == ACCOUNTS[:3]
        assert [task.name for task in tasks["chats"]] == ["chat_1", "chat_gone"]

    def test_are_named_otherwise_where_the_dag_says_so(self, run):
        tasks, _ = run
        assert [task.name for task in tasks["named_by_the_dag"]] == [DAY[0]]

    def test_end_each_in_its_own_way(self, run):
        tasks, _ = run
        assert [task.state for task in tasks["blocking"]] == ["success", "success", "skipped", "failed", "success"]
        assert [task.state for task in tasks["deferred"]] == ["success", "success", "skipped"]
        assert [task.state for task in tasks["chats"]] == ["success", "skipped"]

    def test_are_tried_again_where_a_retry_can_mend_it_and_only_there(self, run):
        tasks, emulator = run
        assert [task.tries for task in tasks["blocking"]] == [1, 1, 1, 1, 2]
        assert [start["status"] for start in emulator.starts("acc_slow")] == ["SYNC_ERROR", "SYNC_DONE"]

    def test_give_a_result_each(self, run):
        tasks, _ = run
        for task_id in ("blocking", "deferred"):
            done = [task.result["account_id"] for task in tasks[task_id] if task.state == "success"]
            assert done == [task.name for task in tasks[task_id] if task.state == "success"]

    def test_can_be_mapped_over_windows(self, run):
        tasks, emulator = run
        assert [task.name for task in tasks["windows"]] == ["acc_anna", "acc_anna"]
        assert [task.result["window"] for task in tasks["windows"]] == [
            {"start": "2026-01-01T00:00:00+00:00", "end": "2026-01-02T00:00:00+00:00"},
            None,
        ]
        assert emulator.missing("acc_anna") == []

    def test_can_have_every_parameter_in_their_partial(self, run):
        tasks, _ = run
        (task,) = tasks["everything_else"]
        assert task.state == "success"
        assert task.result["parameters"] == {
            "chunk_size": 2,
            "partial": False,
            "linkedin_product": "recruiter",
            "after": 1767571200000 - 3_600_000 - 1,
            "before": 1767657600000,
        }


class TestHandles:
    def test_travel_from_mapped_operators_to_mapped_sensors(self, run):
        tasks, _ = run
        (anna, hotline) = tasks["start"]
        assert (anna.state, hotline.state) == ("success", "failed")
        assert (anna.result["status"], anna.tries, hotline.tries) == ("SYNC_STARTED", 1, 1)
        (waited,) = tasks["wait_for_each"]
        assert (waited.state, waited.name) == ("success", "acc_anna")
        assert waited.result["status"] == "SYNC_DONE"

    def test_travel_from_one_task_to_others(self, run):
        tasks, _ = run
        assert {tasks[f"wait_{mode}"][0].state for mode in ("poke", "reschedule", "deferred")} == {"success"}

    def test_of_a_skipped_operator_are_none_and_fail_for_good(self, run):
        tasks, _ = run
        (skipped,), (waited,) = tasks["skipped"], tasks["wait_for_none"]
        assert (skipped.state, waited.state, waited.tries) == ("skipped", "failed", 1)


def test_every_public_parameter_can_be_partial():
    """What an operator takes itself, it takes from ``.partial()`` too, where Airflow knows only its ``__init__``."""
    with DAG("parsed", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        PostpressResyncOperator.partial(
            task_id="account",
            window=timedelta(days=1),
            overlap=1,
            chunk_size=1,
            partial=True,
            linkedin_product="classic",
            max_window=timedelta(days=2),
            if_running="fail",
            if_unsupported="skip",
            wait_for_completion=False,
            deferrable=True,
            poll_interval=1,
            max_poll_interval=2,
            timeout=3,
            postpress_conn_id="postpress_default",
        ).expand(account_id=["acc"])
        PostpressChatResyncOperator.partial(
            task_id="chat",
            if_deleted="skip",
            if_running="fail",
            wait_for_completion=False,
            deferrable=True,
            poll_interval=1,
            max_poll_interval=2,
            timeout=3,
            postpress_conn_id="postpress_default",
        ).expand(chat_id=["chat"])
        PostpressResyncSensor.partial(
            task_id="account_sensor",
            window="full",
            overlap=1,
            chunk_size=1,
            partial=True,
            linkedin_product="classic",
            max_window=timedelta(days=2),
            if_unsupported="skip",
            deferrable=True,
            poke_interval=1,
            timeout=3,
            soft_fail=True,
            mode="poke",
            postpress_conn_id="postpress_default",
        ).expand(account_id=["acc"])
        PostpressChatResyncSensor.partial(
            task_id="chat_sensor", if_deleted="skip", deferrable=True, postpress_conn_id="postpress_default"
        ).expand(resync=[{}])


@pytest.mark.parametrize("name", ["poll_interval", "postpress_conn_id", "timeout", "if_running", "deferrable"])
def test_default_args_reach_what_an_operators_base_takes(name):
    values = {"poll_interval": 7, "postpress_conn_id": "other", "timeout": 8, "if_running": "fail", "deferrable": True}
    with DAG("parsed", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), default_args={name: values[name]}):
        task = PostpressResyncOperator(task_id="sync", account_id="acc")

    assert getattr(task, name) == values[name]
