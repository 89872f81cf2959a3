"""What the sensors do, alike in the modes poke, reschedule and deferrable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowSensorTimeout

from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.exceptions import (
    PostpressAccountNotReady,
    PostpressChatDeletedError,
    PostpressReconnectRequired,
    PostpressRequestRefused,
    PostpressSyncConflict,
    PostpressSyncError,
    PostpressUnavailable,
    PostpressUnexpectedAnswer,
    PostpressUnsupported,
    PostpressWindowError,
)
from airflow_provider_postpress.hooks.postpress import PostpressHook
from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator
from airflow_provider_postpress.sensors.resync import PostpressChatResyncSensor, PostpressResyncSensor
from airflow_provider_postpress.tasks.base import MAPPED_NAME

DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
MODES = {"poke": {"mode": "poke"}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}
OUTAGE = faults.Error(status=503, error_type="errors/service_unavailable")


@pytest.fixture(params=MODES)
def wait(request, worker) -> Callable[..., Any]:
    """Wait with a sensor, in each of the modes."""

    def wait(sensor=PostpressResyncSensor, **arguments):
        arguments = {"poke_interval": 0.004, "timeout": 30, **arguments}
        return worker.run(sensor, **MODES[request.param], **arguments)

    return wait


@pytest.fixture
def start(worker) -> Callable[..., dict[str, Any]]:
    """Start a sync with an operator that does not wait for it, and give the handle."""

    def start(operator=PostpressResyncOperator, **arguments):
        ended = worker.run(operator, wait_for_completion=False, poll_interval=0.004, **arguments)
        assert ended.state == "success", ended.error
        return ended.result

    return start


def syncs(emulator: Emulator) -> list[dict]:
    return emulator.requests(route="account_sync") + emulator.requests(route="chat_sync")


def events_of(ended: Any) -> list[dict]:
    """The events of assets that a task ended with."""
    (success,) = [message for message in ended.told if type(message).__name__ == "SucceedTask"]
    return success.outlet_events


class TestParsing:
    def test_refuses_to_poke_on_after_an_error(self):
        with pytest.raises(ValueError, match="silent_fail"):
            PostpressResyncSensor(task_id="wait", account_id="acc", silent_fail=True)

    def test_knows_a_missing_handle_from_none_given_at_all(self, wait, emulator):
        ended = wait(resync=None)

        assert type(ended.error) is PostpressRequestRefused
        assert "Clear the operator" in str(ended.error)

    @pytest.mark.parametrize(
        ("sensor", "both"),
        [
            (PostpressResyncSensor, {"account_id": "acc", "resync": {}}),
            (PostpressChatResyncSensor, {"chat_id": "chat", "resync": {}}),
        ],
    )
    def test_wants_either_an_id_or_a_handle(self, worker, sensor, both):
        for wrong in (both, {}):
            with pytest.raises(ValueError, match="not both, not neither"):
                worker.task(sensor, **wrong)
        for name in both:
            worker.task(sensor, **{name: both[name]})

    @pytest.mark.parametrize(("configured", "expected"), [("True", True), ("False", False)])
    def test_defers_where_airflow_is_configured_to(self, worker, monkeypatch, configured, expected):
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", configured)

        assert worker.task(PostpressResyncSensor, account_id="acc").deferrable is expected


class TestWithAHandle:
    def test_follows_that_sync_to_its_end(self, wait, start, account, emulator):
        handle = start(account_id=account)

        ended = wait(resync=handle)

        assert ended.state == "success"
        # between two pokes of the mode reschedule nothing is remembered, nor counted
        assert 2 <= ended.result.pop("polls") <= len(syncs(emulator))
        assert datetime.fromisoformat(ended.result.pop("finished_at")) > datetime.fromisoformat(handle["started_at"])
        told_before = {name: handle[name] for name in handle if name not in ("deadline", "polls", "finished_at")}
        assert ended.result == {**told_before, "status": "SYNC_DONE"}
        assert len(emulator.starts(account)) == 1
        assert emulator.missing(account, *DAY) == []

    def test_tells_airflow_what_was_synced_where_it_saw_the_end_itself(self, wait, start, account, emulator):
        emulator.set_duration(account, duration_ms=300)
        handle = start(account_id=account, window=DAY)

        ended = wait(resync=handle)

        (told,) = events_of(ended)
        assert told["dest_asset_key"]["uri"] == f"postpress://accounts/{account}"
        assert told["extra"]["window"] == handle["window"]
        assert told["extra"]["started_at"] == handle["started_at"]
        assert ended.deferrals or ended.reschedules or len(syncs(emulator)) > 2

    def test_tells_nothing_of_an_end_that_the_operator_saw_and_told(self, wait, worker, account):
        done = worker.run(PostpressResyncOperator, account_id=account, window=DAY, poll_interval=0.004).result

        assert events_of(wait(resync=done)) == []

    def test_tells_nothing_where_it_is_not_to(self, wait, start, account):
        assert events_of(wait(resync=start(account_id=account, window=DAY), emit_asset_events=False)) == []

    def test_tells_nothing_of_a_sync_that_failed(self, wait, start, account, emulator):
        emulator.fail_next_sync(account)

        ended = wait(resync=start(account_id=account, window=DAY), soft_fail=True)

        assert ended.state == "skipped"
        assert not [message for message in ended.told if type(message).__name__ == "SucceedTask"]

    def test_follows_a_chats_sync_to_its_end(self, wait, start, chat, emulator):
        ended = wait(PostpressChatResyncSensor, resync=start(PostpressChatResyncOperator, chat_id=chat))

        assert (ended.state, ended.result["chat_id"]) == ("success", chat)
        assert emulator.missing(chat_id=chat) == []

    def test_polls_with_the_parameters_of_the_handle_and_not_with_its_own(self, wait, start, account, emulator):
        handle = start(account_id=account, window=("2026-01-01", "2026-02-01"), chunk_size=2, partial=False)

        ended = wait(resync=handle, window="full", chunk_size=1, partial=True)

        assert ended.state == "success"
        assert len({request["query"] for request in syncs(emulator)}) == 1
        sent = dict(parse_qsl(syncs(emulator)[-1]["query"]))
        assert sent == {"chunk_size": "2", "partial": "false", "after": "1767225599999", "before": "1769904000000"}
        assert ended.result["parameters"] == handle["parameters"]

    def test_does_not_look_at_the_account_again(self, wait, start, account, emulator):
        handle = start(account_id=account)
        emulator.set_source_status(account, "STOPPED")

        assert wait(resync=handle).state == "success"
        assert len(emulator.requests(route="get_account")) == 1

    def test_of_a_sync_that_ended_well_sends_no_request(self, wait, worker, account, emulator):
        done = worker.run(PostpressResyncOperator, account_id=account, poll_interval=0.004).result
        before = len(emulator.requests())

        ended = wait(resync=done)

        assert (ended.state, ended.result) == ("success", done)
        assert len(emulator.requests()) == before

    def test_of_a_sync_whose_end_somebody_else_read_syncs_again(self, wait, start, account, emulator):
        handle = start(account_id=account)
        emulator.advance(1)
        with PostpressHook() as somebody_else:
            assert somebody_else.resync_account(account).status == "SYNC_DONE"

        ended = wait(resync=handle)

        assert (ended.state, ended.result["restarts"]) == ("success", 0)
        assert [start["status"] for start in emulator.starts(account)] == ["SYNC_DONE", "SYNC_DONE"]

    def test_of_a_sync_that_ends_in_error_may_be_tried_again(self, wait, start, account, emulator):
        emulator.fail_next_sync(account)

        ended = wait(resync=start(account_id=account))

        assert isinstance(ended.error, PostpressSyncError)
        assert ended.state == "up_for_retry"

    @pytest.mark.parametrize(("if_deleted", "state"), [("fail", "failed"), ("skip", "skipped")])
    def test_of_a_chat_that_is_gone_fails_for_good_or_skips(self, wait, start, chat, emulator, if_deleted, state):
        handle = start(PostpressChatResyncOperator, chat_id=chat)
        emulator.delete_chat(chat)

        ended = wait(PostpressChatResyncSensor, resync=handle, if_deleted=if_deleted)

        assert ended.state == state
        assert if_deleted == "skip" or isinstance(ended.error, PostpressChatDeletedError)

    def test_whose_start_was_anothers_chunk_waits_that_out_unless_it_would_forget_it(
        self, wait, start, account, answers, request
    ):
        answers("SYNC_STARTED", "CHUNK_DONE", "SYNC_STARTED", "SYNC_DONE", "SYNC_STARTED", "SYNC_DONE")

        ended = wait(resync=start(account_id=account))

        if "reschedule" in request.node.name:
            assert isinstance(ended.error, PostpressSyncConflict)
            assert "Clear the operator that gave the handle together with this sensor" in str(ended.error)
            assert "deferrable=True" in str(ended.error)
        else:
            assert ended.state == "success"

    def test_is_named_by_what_the_handle_is_about_where_it_is_mapped(self, wait, worker, start, account, emulator):
        emulator.set_duration(account, duration_ms=200)
        handle = start(account_id=account)
        worker.map_index = 3

        assert wait(resync=handle, map_index_template=MAPPED_NAME).map_name == account

    def test_counts_polls_and_chunks_of_the_whole_sync(self, worker, start, account, emulator):
        emulator.inject(OUTAGE, route="account_sync")

        ended = worker.run(
            PostpressResyncSensor, resync=start(account_id=account, chunk_size=2), poke_interval=0.004, deferrable=True
        )

        assert (ended.result["polls"], ended.result["chunks"]) == (len(syncs(emulator)), 1)


HANDLE = {
    "account_id": "acc_anna",
    "status": "SYNC_STARTED",
    "window": {"start": "2026-01-05T00:00:00+00:00", "end": "2026-01-06T00:00:00+00:00"},
    "parameters": {"partial": True, "after": 1767571199999, "before": 1767657600000},
    "chunks": 0,
    "polls": 1,
    "restarts": 0,
    "started_at": "2026-01-06T00:00:00+00:00",
    "finished_at": None,
    "deadline": "2999-01-01T00:00:00+00:00",
}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in HANDLE.items() if key != name}


class TestWithAHandleThatIsNone:
    @pytest.mark.parametrize(
        ("handle", "words"),
        [
            ("{{ 'None' }}", "resync='None' is not an operator's result"),
            ([], "resync=[] is not an operator's result"),
            ({}, "resync={} is not an operator's result"),
            (without("account_id"), "told by 'account_id' or 'chat_id'"),
            (without("parameters"), "'parameters'"),
            (without("status"), "'status'"),
            (without("started_at"), "'started_at'"),
            (without("deadline"), "is not an operator's result"),
            ({**HANDLE, "chat_id": "chat_1"}, "told by 'account_id' or 'chat_id'"),
            ({**HANDLE, "account_id": ".."}, "account_id='..' is not an id"),
            ({**HANDLE, "window": {"start": "yesterday", "end": "today"}}, "'yesterday'"),
            ({**HANDLE, "polls": "many"}, "is not an operator's result"),
            ({**HANDLE, "deadline": "2999-01-01T00:00:00"}, "has no timezone"),
            ({**HANDLE, "status": "SYNC_RUNNING"}, "'SYNC_RUNNING'"),
            ({**HANDLE, "status": "SYNC_ERROR"}, "'SYNC_ERROR'"),
            ({**HANDLE, "deadline": "2026-01-06T06:00:00+00:00"}, "could be followed until 2026-01-06T06:00:00+00:00"),
        ],
        ids=lambda value: "" if isinstance(value, str) and "{{" not in value else None,
    )
    def test_fails_for_good_and_tells_to_clear_the_operator_too(self, wait, account, emulator, handle, words):
        ended = wait(resync=handle)

        assert isinstance(ended.error, PostpressRequestRefused)
        assert ended.state == "failed"
        assert words in str(ended.error)
        assert "Clear the operator that gave it together with this sensor" in str(ended.error)
        assert emulator.requests() == []

    def test_but_one_of_the_other_kind_fails_for_good(self, wait, emulator):
        ended = wait(PostpressChatResyncSensor, resync=HANDLE)

        assert isinstance(ended.error, PostpressRequestRefused)
        assert ended.state == "failed"
        assert "account 'acc_anna'" in str(ended.error)
        assert "chats" in str(ended.error)
        assert emulator.requests() == []

    def test_is_what_our_own_handle_is_not(self, wait, account, answers):
        answers("SYNC_DONE")

        assert wait(resync=HANDLE).state == "success"


class TestWithoutAHandle:
    def test_reports_the_end_of_whichever_sync_was_left_over(self, wait, account, emulator):
        emulator.leave_leftover(account)

        ended = wait(account_id=account)

        assert (ended.state, ended.result["status"]) == ("success", "SYNC_DONE")
        assert len(syncs(emulator)) == 1
        assert emulator.starts(account) == []

    def test_waits_for_the_end_of_whichever_sync_runs(self, wait, account, emulator, log):
        emulator.foreign_sync(account, {"chunk_size": "1"})

        assert wait(account_id=account).state == "success"
        assert [start["by"] for start in emulator.starts(account)] == ["foreign"]
        assert any("whichever sync" in line for line in log())

    def test_warns_that_its_poll_started_a_sync_and_follows_it(self, wait, account, emulator, log):
        ended = wait(account_id=account)

        assert ended.state == "success"
        assert emulator.missing(account, *DAY) == []
        (warning,) = [line for line in log() if line.startswith("WARNING")]
        assert "our own poll has started a sync" in warning

    def test_reports_on_a_chat_too(self, wait, chat, emulator):
        ended = wait(PostpressChatResyncSensor, chat_id=chat)

        assert (ended.state, ended.result["chat_id"]) == ("success", chat)
        assert emulator.missing(chat_id=chat) == []

    def test_asks_for_what_the_operator_would_ask_for(self, wait, emulator):
        account = emulator.add_account("LINKEDIN", premium_features=["recruiter"])

        wait(account_id=account)
        wait(
            account_id=account,
            window=("{{ ds }}", "2026-02-01"),
            overlap=3600,
            chunk_size="{{ 5 }}",
            partial=False,
            linkedin_product="recruiter",
        )

        sent = dict.fromkeys(request["query"] for request in syncs(emulator))
        assert [dict(parse_qsl(query)) for query in sent] == [
            {"partial": "true", "after": "1767571199999", "before": "1767657600000"},
            {
                "chunk_size": "5",
                "partial": "false",
                "linkedin_product": "recruiter",
                "after": str(1767571199999 - 3_600_000),
                "before": "1769904000000",
            },
        ]

    def test_asks_for_the_same_at_every_poke_where_the_window_reaches_into_the_future(self, wait, account, emulator):
        emulator.set_duration(account, duration_ms=500)

        assert wait(account_id=account, window=("2026-01-05", datetime.now(UTC) + timedelta(days=1))).state == "success"
        queries = [request["query"] for request in syncs(emulator)]
        assert len(queries) > 2
        assert all(query == queries[0] for query in queries)

    @pytest.mark.parametrize("back_off", [False, True], ids=["steady", "backing off"])
    def test_waits_as_long_as_postpress_asks_for(self, wait, account, emulator, back_off):
        emulator.inject(faults.Error(status=429, error_type="errors/slower", retry_after="2"), route="account_sync")

        assert wait(account_id=account, exponential_backoff=back_off).state == "success"
        refused, asked_again = [request["at"] for request in syncs(emulator)][:2]
        assert asked_again - refused >= 2_000

    def test_is_ended_by_its_timeout_whatever_postpress_asks_for(self, wait, account, emulator):
        slower = faults.Error(status=429, error_type="errors/slower", retry_after="1")
        emulator.inject(slower, route="account_sync", count=None)

        assert type(wait(account_id=account, timeout=0.5).error).__name__ == "AirflowSensorTimeout"
        assert len(syncs(emulator)) <= 2

    def test_raises_the_error_in_which_the_sync_ended(self, wait, account, emulator):
        emulator.leave_leftover(account, status="SYNC_ERROR")

        ended = wait(account_id=account)

        assert isinstance(ended.error, PostpressSyncError)
        assert ended.state == "up_for_retry"

    @pytest.mark.parametrize(("if_deleted", "state"), [("fail", "failed"), ("skip", "skipped")])
    def test_of_a_chat_that_is_gone_fails_for_good_or_skips(self, wait, chat, emulator, if_deleted, state):
        emulator.delete_chat(chat)

        ended = wait(PostpressChatResyncSensor, chat_id=chat, if_deleted=if_deleted)

        assert ended.state == state
        assert if_deleted == "skip" or isinstance(ended.error, PostpressChatDeletedError)

    @pytest.mark.parametrize(
        ("kind", "source", "expected", "state"),
        [
            ("WHATSAPP", "OK", PostpressUnsupported, "failed"),
            ("LINKEDIN", "CREDENTIALS", PostpressReconnectRequired, "failed"),
            ("TELEGRAM", "ERROR", PostpressAccountNotReady, "up_for_retry"),
        ],
    )
    def test_looks_at_the_account_first(self, wait, emulator, kind, source, expected, state):
        ended = wait(account_id=emulator.add_account(kind, sources=[source]))

        assert type(ended.error) is expected
        assert ended.state == state
        assert syncs(emulator) == []

    def test_skips_a_provider_without_history_sync_where_told_to(self, wait, emulator):
        assert wait(account_id=emulator.add_account("MAIL"), if_unsupported="skip").state == "skipped"

    @pytest.mark.parametrize("route", ["get_account", "account_sync"])
    def test_survives_a_storm(self, wait, account, emulator, route):
        emulator.inject(OUTAGE, route=route, count=5)

        assert wait(account_id=account).state == "success"
        assert emulator.missing(account, *DAY) == []

    def test_ends_on_an_answer_that_postpress_does_not_give(self, wait, account, answers):
        answers("SYNC_RUNNING", "SYNC_PAUSED")

        ended = wait(account_id=account)

        assert isinstance(ended.error, PostpressUnexpectedAnswer)
        assert ended.state == "failed"

    def test_is_refused_a_window_before_any_request(self, wait, account, emulator):
        ended = wait(account_id=account, window=("2999-01-01", "2999-02-01"))

        assert isinstance(ended.error, PostpressWindowError)
        assert ended.state == "failed"
        assert emulator.requests() == []


class TestOutOfTime:
    def test_is_what_it_is_for_any_sensor(self, wait, account, emulator):
        emulator.set_duration(account, duration_ms=3_000)

        ended = wait(account_id=account, timeout=0.15)

        assert isinstance(ended.error, AirflowSensorTimeout)
        assert ended.state == "failed"

    def test_with_a_handle_is_too(self, wait, start, account, emulator):
        emulator.set_duration(account, duration_ms=3_000)

        ended = wait(resync=start(account_id=account), timeout=timedelta(seconds=0.15))

        assert isinstance(ended.error, AirflowSensorTimeout)
        assert ended.state == "failed"

    def test_with_a_handle_that_ends_first_fails(self, wait, start, account, emulator):
        emulator.set_duration(account, duration_ms=3_000)

        ended = wait(resync=start(account_id=account, timeout=0.5), timeout=30)

        assert ended.error is not None
        assert ended.state == "failed"

    def test_in_the_triggerer_is_too(self, worker, account):
        ended = worker.continue_at(
            "__fail__", {"error": "Trigger timeout"}, PostpressResyncSensor, account_id=account, deferrable=True
        )

        assert isinstance(ended.error, AirflowSensorTimeout)
        assert ended.state == "failed"


def fails(emulator: Emulator, account: str, failure: str) -> dict[str, Any]:
    """Make a sensor's sync fail, and give the arguments of the sensor."""
    arrangements = {
        "sync error": lambda: emulator.fail_next_sync(account),
        "out of time": lambda: emulator.set_duration(account, duration_ms=3_000),
        "unavailable": lambda: emulator.inject(OUTAGE, route="account_sync", count=None),
        "not ready": lambda: emulator.set_source_status(account, "STOPPED"),
        "login lost": lambda: emulator.set_source_status(account, "CREDENTIALS"),
        "redirect": lambda: emulator.inject(faults.Redirect(), route="account_sync", skip=1),
    }
    arguments = {
        "out of time": {"timeout": 0.1},
        "unavailable": {"timeout": 0.3},
        "refused window": {"window": ("2999-01-01", "2999-02-01")},
        "unsupported": {"account_id": "acc_mail"},
        "bad handle": {"account_id": None, "resync": {}},
        "no connection": {"postpress_conn_id": "postpress_nowhere"},
    }
    emulator.add_account("MAIL", account_id="acc_mail")
    arrangements.get(failure, lambda: None)()
    return {"account_id": account, **arguments.get(failure, {})}


class TestSoftFail:
    @pytest.mark.parametrize(
        ("failure", "error"),
        {
            "sync error": PostpressSyncError,
            "out of time": AirflowSensorTimeout,
            "unavailable": (PostpressUnavailable, AirflowSensorTimeout),
            "not ready": PostpressAccountNotReady,
            "login lost": PostpressReconnectRequired,
            "redirect": PostpressRequestRefused,
            "refused window": PostpressWindowError,
            "unsupported": PostpressUnsupported,
            "bad handle": PostpressRequestRefused,
            "no connection": AirflowException,
        }.items(),
    )
    @pytest.mark.parametrize("soft_fail", [True, False])
    def test_skips_on_every_failure_and_nothing_else_does(self, wait, account, emulator, failure, error, soft_fail):
        ended = wait(soft_fail=soft_fail, **fails(emulator, account, failure))

        assert (ended.state == "skipped") is soft_fail
        assert soft_fail or isinstance(ended.error, error)

    def test_skips_a_chat_that_is_gone(self, wait, chat, emulator):
        emulator.delete_chat(chat)

        assert wait(PostpressChatResyncSensor, chat_id=chat, soft_fail=True).state == "skipped"

    def test_skips_what_the_triggerer_never_answered(self, worker, account):
        ended = worker.continue_at(
            "__fail__",
            {"error": "Trigger timeout"},
            PostpressResyncSensor,
            account_id=account,
            deferrable=True,
            soft_fail=True,
        )

        assert ended.state == "skipped"


class TestUnavailable:
    @pytest.mark.parametrize("how", [MODES["poke"], MODES["deferrable"]], ids=["poke", "deferrable"])
    def test_is_told_when_the_account_cannot_be_read(self, worker, account, emulator, how):
        emulator.inject(OUTAGE, route="get_account", count=None)

        ended = worker.run(PostpressResyncSensor, account_id=account, poke_interval=0.004, **how)

        assert isinstance(ended.error, PostpressUnavailable)
        assert syncs(emulator) == []

    @pytest.mark.parametrize("how", [MODES["poke"], MODES["deferrable"]], ids=["poke", "deferrable"])
    def test_is_told_when_the_failure_budget_is_spent(self, worker, account, emulator, how):
        emulator.inject(OUTAGE, route="account_sync", count=None)

        ended = worker.run(PostpressResyncSensor, account_id=account, poke_interval=0.004, **how)

        assert isinstance(ended.error, PostpressUnavailable)
        assert ended.state == "up_for_retry"
        assert account in str(ended.error)


class TestPacing:
    def test_deferred_polls_at_the_poke_interval_first_in_the_worker(self, worker, account, emulator):
        emulator.leave_leftover(account)

        ended = worker.run(PostpressResyncSensor, account_id=account, poke_interval=60, deferrable=True)

        assert (ended.state, ended.deferrals) == ("success", [])

    @pytest.mark.parametrize(
        ("arguments", "intervals"),
        [
            ({"poke_interval": 0.01}, {"first": 0.01, "longest": 0.01, "growth": 1, "spread": 0}),
            ({"poke_interval": 0}, {"first": 0.001, "longest": 0.001, "growth": 1, "spread": 0}),
            (
                {"poke_interval": 0.01, "exponential_backoff": True, "max_wait": timedelta(seconds=1)},
                {"first": 0.01, "longest": 1.0, "growth": 2, "spread": 0.2},
            ),
            (
                {"poke_interval": timedelta(seconds=0.01), "exponential_backoff": True, "timeout": 60},
                {"first": 0.01, "longest": 60, "growth": 2, "spread": 0.2},
            ),
        ],
        ids=["as given", "none", "backing off to max_wait", "backing off to the timeout"],
    )
    def test_deferred_is_that_of_any_sensor(self, worker, account, arguments, intervals):
        ended = worker.run(PostpressResyncSensor, account_id=account, deferrable=True, **arguments)

        (deferral,) = ended.deferrals
        assert deferral.trigger_kwargs["intervals"] == intervals

    @pytest.mark.parametrize(("timeout", "first"), [(60, 60), (7200, 3600)], ids=["timeout", "handle"])
    def test_deferred_ends_with_the_timeout_or_with_the_handle_whichever_is_first(
        self, worker, start, account, emulator, timeout, first
    ):
        emulator.set_duration(account, duration_ms=3_000)
        before = datetime.now(UTC)
        handle = start(account_id=account, timeout=3600)

        deferral = worker.begin(PostpressResyncSensor, resync=handle, timeout=timeout)

        deadline = datetime.fromisoformat(deferral.trigger_kwargs["deadline"])
        assert timedelta(0) <= deadline - before - timedelta(seconds=first) < timedelta(seconds=10)
