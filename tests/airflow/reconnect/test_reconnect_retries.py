"""A login is sent once, whatever comes: lost answers, dead workers, retries, signals and timeouts."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from airflow.sdk import DAG
from logging_in import FAST, LOGIN, ByTemplate, die_now, is_final, logins, looks
from login_variants import VARIANTS

from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.exceptions import (
    PostpressReconnectRequired,
    PostpressUnavailable,
)
from airflow_provider_postpress.operators.account import PostpressReconnectAccountOperator

LOST = {
    "closed": faults.LostAnswer(effect=True),
    "reset": faults.Reset(effect=True),
    "hanging": faults.Hang(effect=True),
    "cut": faults.Truncated(),
    "broken off": faults.Truncated(complete=False),
    "dripping": faults.Drip(),
    "a page": faults.Body(status=201, content="<html>welcome</html>", effect=True),
    "empty": faults.Body(status=201, content="", effect=True),
    "a list": faults.Body(status=201, content="[]", content_type="application/json", effect=True),
    "no object": faults.Body(status=201, content="{}", content_type="application/json", effect=True),
    "endless": faults.Oversized(size=16 * 1024 * 1024, effect=True),
}


class TestALostAnswer:
    @pytest.fixture(autouse=True)
    def _impatient(self, connect) -> None:
        connect(extra={"timeout": 0.25})

    @pytest.mark.parametrize("name", LOST)
    def test_is_followed_by_looks_and_is_a_success_once_the_account_is_healthy(
        self, reconnect, account, emulator, name
    ):
        emulator.configure(connecting_ms=30)
        emulator.inject(LOST[name], route="reconnect_account")

        ended = reconnect(account)

        assert ended.state == "success", ended.error
        assert ended.result == {"account_id": account, "healthy": True}
        assert logins(emulator) == 1
        assert looks(emulator) >= 1

    @pytest.mark.parametrize(
        "fault",
        [faults.LostAnswer(effect=False), faults.Reset(), faults.Hang(), faults.Body(status=201, content="<html>")],
        ids=lambda fault: fault.kind,
    )
    def test_of_a_login_without_effect_is_final_after_looks_alone(self, reconnect, account, emulator, fault, log):
        emulator.inject(fault, route="reconnect_account")

        ended = reconnect(account, timeout=0.5)

        assert is_final(ended)
        assert type(ended.error) is PostpressReconnectRequired
        assert "was sent, and is not repeated" in str(ended.error)
        assert "CREDENTIALS" in str(ended.error)
        assert logins(emulator) == 1
        assert looks(emulator) >= 2
        assert any(line.startswith("WARNING Whether the login succeeded is not known:") for line in log())

    @pytest.mark.parametrize("healthy", [True, False])
    def test_is_looked_after_once_where_nobody_wants_to_wait(self, reconnect, account, emulator, healthy):
        emulator.inject(faults.LostAnswer(effect=healthy), route="reconnect_account")

        ended = reconnect(account, wait_until_ok=False)

        assert (ended.state == "success") is healthy
        assert healthy or is_final(ended)
        assert (logins(emulator), looks(emulator), ended.deferrals) == (1, 1, [])

    def test_is_waited_for_no_longer_than_a_login_can_take(self, worker, account, emulator):
        emulator.inject(faults.LostAnswer(effect=False), route="reconnect_account")
        before = datetime.now(UTC)

        deferral = worker.begin(
            PostpressReconnectAccountOperator, account_id=account, credentials_conn_id="login", timeout=3600
        )

        deadline = datetime.fromisoformat(deferral.trigger_kwargs["deadline"])
        assert deadline - before <= timedelta(minutes=5, seconds=5)
        assert deferral.trigger_timeout > deadline - datetime.now(UTC)


@pytest.fixture(params=["remembering", "before Airflow 3.3"])
def memory(request, worker) -> dict[str, Any] | None:
    """What Airflow remembers of a task, or not."""
    if request.param == "remembering" and worker.memory is None:
        pytest.skip("Airflow remembers nothing over the tries of a task before 3.3")
    worker.memory = {} if request.param == "remembering" else None
    return worker.memory


class TestARetry:
    @pytest.mark.parametrize("healthy", [True, False])
    def test_after_a_worker_that_died_in_the_middle_only_looks(
        self, reconnect, worker, account, emulator, memory, die, log, healthy
    ):
        emulator.inject(faults.Hang(effect=healthy), route="reconnect_account")
        die()
        assert reconnect(account).state == "up_for_retry"

        worker.try_number = 2
        ended = reconnect(account, timeout=0.3)

        assert (ended.state == "success") is healthy
        assert healthy or is_final(ended)
        assert logins(emulator) == 1
        assert looks(emulator) >= 1
        (told,) = (line for line in log() if "An earlier try may have sent the login, so this one does not." in line)
        assert ("needs Airflow 3.3" in told) is (memory is None)

    def test_of_a_task_that_was_cleared_sends_a_login_of_its_own(
        self, reconnect, worker, account, emulator, memory, die
    ):
        emulator.inject(faults.Hang(), route="reconnect_account")
        die()
        assert reconnect(account).state == "up_for_retry"

        worker.try_number, worker.max_tries = 2, 2  # as Airflow clears it
        assert reconnect(account).state == "success"
        assert logins(emulator) == 2

    def test_of_a_task_that_was_cleared_and_died_again_only_looks(
        self, reconnect, worker, account, emulator, memory, die
    ):
        worker.try_number, worker.max_tries = 3, 3
        emulator.inject(faults.Hang(), route="reconnect_account")
        die()
        assert reconnect(account).state == "up_for_retry"

        worker.try_number = 4
        assert is_final(reconnect(account, timeout=0.2))
        assert logins(emulator) == 1

    def test_of_a_login_that_never_arrived_sends_it(self, reconnect, worker, account, emulator, connect, log):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            connect(host=f"http://127.0.0.1:{nobody.getsockname()[1]}")
            ended = reconnect(account)
        assert type(ended.error) is PostpressUnavailable
        assert ended.state == "up_for_retry"

        connect()
        worker.try_number = 2
        if worker.memory is None:
            assert is_final(reconnect(account, timeout=0.2))
            assert logins(emulator) == 0
        else:
            assert reconnect(account).state == "success"
            assert logins(emulator) == 1

    def test_after_a_worker_that_died_while_it_told_a_person_only_looks(self, reconnect, worker, telegram, emulator):
        ended = reconnect(telegram, on_checkpoint="wait", checkpoint_callback=lambda _: die_now())
        assert ended.state == "up_for_retry"

        emulator.solve_checkpoint(telegram)
        worker.try_number = 2
        assert reconnect(telegram).state == "success"
        assert logins(emulator) == 1

    def test_says_nothing_secret_to_what_airflow_remembers(self, reconnect, worker, account, emulator):
        reconnect(account)

        assert worker.memory is None or worker.memory == {"postpress_login": {"max_tries": 1}}


class TestEndedFromOutside:
    @pytest.mark.parametrize("during", ["login", "waiting", "callback"])
    def test_by_execution_timeout_is_final(self, worker, telegram, emulator, during):
        if during == "login":
            emulator.inject(faults.Hang(), route="reconnect_account")

        ended = worker.run(
            PostpressReconnectAccountOperator,
            account_id=telegram,
            credentials_conn_id="login",
            on_checkpoint="wait",
            checkpoint_callback=(lambda _: time.sleep(30)) if during == "callback" else None,
            execution_timeout=timedelta(seconds=0.5),
            deferrable=False,
            **FAST,
        )

        assert is_final(ended)
        assert "AirflowTaskTimeout" in str(ended.error)
        assert "is not repeated by itself" in str(ended.error)
        assert logins(emulator) == 1

    def test_by_execution_timeout_deferred_is_final_while_it_logs_in(self, worker, account, emulator):
        emulator.inject(faults.Hang(), route="reconnect_account")

        ended = worker.run(
            PostpressReconnectAccountOperator,
            account_id=account,
            credentials_conn_id="login",
            execution_timeout=timedelta(seconds=0.5),
            deferrable=True,
            **FAST,
        )

        assert is_final(ended)
        assert logins(emulator) == 1

    def test_by_a_signal_that_airflow_only_tells_the_task_of_sees_the_login_through(
        self, reconnect, account, emulator, connect, once_asked
    ):
        connect(extra={"timeout": 0.3})
        emulator.inject(faults.Hang(effect=True), route="reconnect_account")
        once_asked(lambda: os.kill(os.getpid(), signal.SIGTERM))

        assert reconnect(account).state == "success"
        assert logins(emulator) == 1

    @pytest.mark.parametrize(
        "event",
        [
            None,
            {},
            "success",
            {"status": "success"},
            {"status": "success", "result": None},
            {"status": "success", "result": {"account_id": "acc_anna"}},
            {"status": "success", "result": {"account_id": "acc_ben", "account": {}}},
            {"status": "failure", "kind": "weather", "message": "It rained."},
        ],
        ids=str,
    )
    def test_with_an_event_that_is_none_or_unknown_is_final_and_no_success(self, worker, event):
        ended = worker.resume(
            PostpressReconnectAccountOperator, event, account_id="acc_anna", credentials_conn_id="login"
        )

        assert is_final(ended)
        assert "'acc_anna'" in str(ended.error)

    @pytest.mark.parametrize("error", ["Trigger timeout", "Trigger failure"])
    def test_by_a_triggerer_that_never_answers_is_final(self, worker, error):
        ended = worker.continue_at(
            "__fail__",
            {"error": error},
            PostpressReconnectAccountOperator,
            account_id="acc_anna",
            credentials_conn_id="login",
        )

        assert is_final(ended)
        assert "'acc_anna' was sent" in str(ended.error)


@dataclass
class Person:
    """Solves the checkpoints of the emulator that it knows."""

    emulator: Emulator | None = None

    def solve(self, account_id: str) -> None:
        """Do what an account's checkpoint asks for."""
        assert self.emulator is not None
        self.emulator.solve_checkpoint(account_id)


PERSON = Person()


def ask_the_person(context: Any) -> None:
    PERSON.solve(context["task"].account_id)


def dag_under_test() -> DAG:
    """Give a DAG whose logins are mapped, and one that dies in the middle."""
    with DAG(
        "logins",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        default_args={**FAST, "timeout": 10, "retries": 2, "retry_delay": timedelta(0)},
    ) as dag:
        PostpressReconnectAccountOperator(task_id="dies", account_id="acc_dying", credentials_conn_id="login")
        PostpressReconnectAccountOperator.partial(
            task_id="asks",
            credentials_conn_id="telegram",
            on_checkpoint="wait",
            checkpoint_callback=ask_the_person,
            deferrable=True,
        ).expand(account_id=["acc_one", "acc_two"])
        PostpressReconnectAccountOperator.partial(
            task_id="notifies",
            on_checkpoint="wait",
            checkpoint_callback=ByTemplate("{{ task.account_id }}", PERSON.solve),
        ).expand_kwargs([{"account_id": "acc_three", "credentials_conn_id": "telegram"}])
    return dag


@pytest.fixture(scope="module")
def run(run_dag) -> Iterator[tuple[dict[str, list[Any]], Emulator]]:
    """The task instances of the DAG's run, by task, and the emulator as it was left."""
    with pytest.MonkeyPatch.context() as environment, Emulator() as emulator:
        PERSON.emulator = emulator
        environment.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", emulator.connection_json)
        environment.setenv(LOGIN, json.dumps(VARIANTS["LinkedIn, basic"].connection))
        environment.setenv("AIRFLOW_CONN_TELEGRAM", json.dumps(VARIANTS["Telegram"].connection))
        emulator.add_account("LINKEDIN", account_id="acc_dying", sources=["CREDENTIALS"])
        for account_id in ("acc_one", "acc_two", "acc_three"):
            emulator.add_account("TELEGRAM", account_id=account_id, sources=["CREDENTIALS"])
        emulator.inject(faults.Hang(effect=True), account_id="acc_dying", route="reconnect_account")

        def kill() -> None:
            until = time.monotonic() + 60
            while not emulator.requests("acc_dying", route="reconnect_account") and time.monotonic() < until:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGUSR1)

        before = signal.signal(signal.SIGUSR1, die_now)
        killing = Thread(target=kill)
        killing.start()
        dag_run = run_dag(dag_under_test(), logical_date=datetime(2026, 1, 6, tzinfo=UTC))
        killing.join()
        signal.signal(signal.SIGUSR1, before)
        tasks: dict[str, list[Any]] = {}
        for ti in sorted(dag_run.get_task_instances(), key=lambda ti: ti.map_index):
            tasks.setdefault(ti.task_id, []).append(ti)
        yield tasks, emulator


class TestARun:
    def test_does_not_repeat_a_login_in_whose_middle_a_worker_died(self, run):
        tasks, emulator = run

        (dies,) = tasks["dies"]
        assert (str(dies.state), dies.try_number) == ("success", 2)
        assert len(emulator.requests("acc_dying", route="reconnect_account")) == 1

    def test_maps_logins_that_ask_a_person_each(self, run):
        tasks, emulator = run

        asked = [(str(ti.state), ti.rendered_map_index) for ti in tasks["asks"] + tasks["notifies"]]
        assert asked == [("success", "acc_one"), ("success", "acc_two"), ("success", "acc_three")]
        for account_id in ("acc_one", "acc_two", "acc_three"):
            assert len(emulator.logins(account_id)) == 1
