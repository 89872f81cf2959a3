"""Waiting until an account is healthy, alike in the modes poke, reschedule and deferrable."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowSensorTimeout
from airflow.sdk import DAG

from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.exceptions import (
    PostpressReconnectRequired,
    PostpressRequestRefused,
    PostpressUnavailable,
)
from airflow_provider_postpress.sensors.account import PostpressAccountSensor
from airflow_provider_postpress.tasks.arguments import UNHEALTHY_STATUSES
from airflow_provider_postpress.tasks.base import MAPPED_NAME

MODES = {"poke": {"mode": "poke"}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}
REMEMBERING = {name: MODES[name] for name in ("poke", "deferrable")}
OUTAGE = faults.Error(status=503, error_type="errors/service_unavailable")
DISCONNECTED = faults.Error(status=401, error_type="errors/disconnected_account")


@pytest.fixture(params=MODES)
def wait(request, worker) -> Callable[..., Any]:
    """Wait for an account, in each of the modes."""

    def wait(account_id: str, **arguments: Any) -> Any:
        arguments = {"poke_interval": 0.004, "timeout": 10, **arguments}
        return worker.run(PostpressAccountSensor, account_id=account_id, **MODES[request.param], **arguments)

    return wait


@pytest.fixture
def account(emulator: Emulator) -> str:
    """A LinkedIn account of two sources that are OK, and a proxy."""
    proxy = {"host": "proxy.example.com", "port": 1080, "password": "s3cr3t"}
    return emulator.add_account("LINKEDIN", account_id="acc_anna", sources=["OK", "OK"], proxy=proxy)


class TestParsing:
    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            ({"fail_on": ("CREDENTIAL",)}, "fail_on='CREDENTIAL' is not allowed: it is one of 'STOPPED'"),
            ({"fail_on": "credentials"}, "fail_on='credentials' is not allowed"),
            ({"fail_on": ["OK"]}, "fail_on='OK' is not allowed"),
            ({"fail_on": [""]}, "fail_on"),
            ({"fail_on": None}, "fail_on"),
            ({"poke_interval": -1}, "poke_interval"),
            ({"timeout": "soon"}, "timeout"),
            ({"mode": "deferrable"}, "mode"),
        ],
        ids=str,
    )
    def test_refuses_what_makes_no_sense(self, worker, bad, words):
        with pytest.raises((ValueError, AirflowException), match=words):
            worker.task(PostpressAccountSensor, account_id="acc", **bad)

    @pytest.mark.parametrize(("configured", "expected"), [("True", True), ("False", False)])
    def test_defers_where_airflow_is_configured_to(self, worker, monkeypatch, configured, expected):
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", configured)

        assert worker.task(PostpressAccountSensor, account_id="acc").deferrable is expected


class TestAHealthyAccount:
    def test_ends_the_waiting_at_once_and_is_given_with_stars_for_secrets(self, wait, account, emulator):
        ended = wait(account)

        assert ended.state == "success"
        assert (ended.result["object"], ended.result["id"]) == ("Account", account)
        assert ended.result["connection_params"]["im"]["proxy"]["password"] == "**********"
        assert "s3cr3t" not in repr(ended)
        assert (len(emulator.requests()), ended.deferrals, ended.reschedules) == (1, [], 0)

    def test_is_waited_for_by_reading_alone(self, wait, account, emulator, log):
        emulator.set_source_status(account, "CONNECTING")
        emulator.set_source_status(account, "ERROR", source_id="acc_anna_2", delay_ms=300)
        emulator.set_source_status(account, "OK", delay_ms=500)

        ended = wait(account)

        assert (ended.state, ended.result["id"]) == ("success", account)
        assert "s3cr3t" not in repr(ended)
        asked = {(request["method"], request["route"], request["query"]) for request in emulator.requests()}
        assert asked == {("GET", "get_account", "")}
        assert len(emulator.requests()) >= 3
        assert any("acc_anna_1: CONNECTING" in line for line in log())

    @pytest.mark.parametrize("how", REMEMBERING.values(), ids=REMEMBERING)
    def test_is_told_of_once_and_not_with_each_look(self, worker, account, emulator, log, how):
        emulator.inject(DISCONNECTED, route="get_account", count=5)

        ended = worker.run(PostpressAccountSensor, account_id=account, fail_on=(), poke_interval=0.004, **how)

        assert (ended.state, len(emulator.requests())) == ("success", 6)
        # deferred, once in the worker and once in the triggerer
        assert len([line for line in log() if "not healthy yet" in line]) == (2 if "deferrable" in how else 1)

    def test_is_named_by_its_id_where_it_is_mapped(self, wait, worker, account):
        worker.map_index = 2

        assert wait(account, map_index_template=MAPPED_NAME).map_name == account

    def test_comes_from_a_template(self, wait, worker, account):
        worker.dag_run["conf"] = {"who": account}

        assert wait("{{ dag_run.conf.who }}").result["id"] == account


class TestFailOn:
    @pytest.mark.parametrize("status", UNHEALTHY_STATUSES)
    @pytest.mark.parametrize(
        "fail_on", [None, "STOPPED", ("ERROR", "CONNECTING"), UNHEALTHY_STATUSES, ()], ids=lambda value: str(value)
    )
    def test_ends_the_waiting_for_good_at_what_it_names_and_only_there(self, wait, account, emulator, status, fail_on):
        named = ("CREDENTIALS", "PERMISSIONS") if fail_on is None else fail_on
        emulator.set_source_status(account, status, source_id="acc_anna_2")
        if status not in named:
            emulator.set_source_status(account, "OK", delay_ms=40)

        ended = wait(account, **({} if fail_on is None else {"fail_on": fail_on}))

        if status in named:
            assert type(ended.error) is PostpressReconnectRequired
            assert ended.state == "failed"
            assert f"acc_anna_2: {status}" in str(ended.error)
            assert "PostpressReconnectAccountOperator" in str(ended.error)
            assert len(emulator.requests()) == 1
        else:
            assert ended.state == "success"

    def test_ends_the_waiting_also_when_it_comes_later(self, wait, account, emulator):
        emulator.set_source_status(account, "CONNECTING")
        emulator.set_source_status(account, "PERMISSIONS", delay_ms=40)

        ended = wait(account)

        assert type(ended.error) is PostpressReconnectRequired
        assert ended.state == "failed"

    def test_takes_a_refusal_because_of_a_lost_login_for_credentials(self, wait, account, emulator):
        emulator.inject(DISCONNECTED, route="get_account", count=2)

        ended = wait(account)
        assert type(ended.error) is PostpressReconnectRequired
        assert "errors/disconnected_account" in str(ended.error)

        emulator.clear_faults()
        emulator.inject(DISCONNECTED, route="get_account", count=3)
        assert wait(account, fail_on=("STOPPED",)).state == "success"

    def test_of_nothing_waits_until_somebody_reconnects(self, wait, account, emulator):
        emulator.set_source_status(account, "CREDENTIALS")
        emulator.set_source_status(account, "CONNECTING", delay_ms=30)
        emulator.set_source_status(account, "OK", delay_ms=60)

        assert wait(account, fail_on=()).state == "success"

    def test_asks_only_the_sources_that_are_watched(self, wait, account, emulator):
        emulator.set_source_status(account, "CREDENTIALS", source_id="acc_anna_2")
        emulator.set_source_status(account, "CONNECTING", source_id="acc_anna_1")

        assert isinstance(wait(account, sources=["acc_anna_1"], timeout=0.05).error, AirflowSensorTimeout)
        assert type(wait(account, sources=["acc_anna_2"]).error) is PostpressReconnectRequired

    def test_asks_no_status_that_no_page_tells_which_is_waited_out(self, wait, account, emulator, log):
        emulator.set_source_status(account, "DANCING", source_id="acc_anna_1")
        timed_out = wait(account, timeout=0.05)
        emulator.set_source_status(account, "OK", delay_ms=40)

        assert isinstance(timed_out.error, AirflowSensorTimeout)
        assert any("DANCING (a status that the API pages do not tell)" in line for line in log())
        assert wait(account, fail_on=UNHEALTHY_STATUSES).state == "success"


class TestSources:
    @pytest.mark.parametrize(
        "sources",
        [
            ["acc_anna_1"],
            "acc_anna_1",
            ("{{ dag_run.conf.source }}",),
            "{{ dag_run.conf.source }}",
            "{{ dag_run.conf.sources }}",
        ],
        ids=str,
    )
    def test_that_are_named_are_the_only_ones_to_be_healthy(self, wait, worker, account, emulator, sources):
        worker.dag_run["conf"] = {"source": "acc_anna_1", "sources": ["acc_anna_1"]}
        emulator.set_source_status(account, "STOPPED", source_id="acc_anna_2")
        emulator.set_source_status(account, "CONNECTING", source_id="acc_anna_1")
        emulator.set_source_status(account, "OK", source_id="acc_anna_1", delay_ms=30)

        assert wait(account, sources=sources).state == "success"

    def test_that_there_are_not_are_told_and_are_never_healthy(self, wait, account, log):
        ended = wait(account, sources=["acc_anna_1", "messaging"], timeout=0.05)

        assert isinstance(ended.error, AirflowSensorTimeout)
        words = "messaging: there is no such source, only acc_anna_1, acc_anna_2"
        assert any(words in line for line in log())

    def test_that_are_none_make_an_account_that_nothing_feeds_and_that_is_not_healthy(self, wait, emulator, log):
        ended = wait(emulator.add_account("MAIL", sources=[]), timeout=0.05)

        assert isinstance(ended.error, AirflowSensorTimeout)
        assert any("no sources" in line for line in log())

    @pytest.mark.parametrize("sources", [["{{ '' }}"], [1], "{{ '' }}", []], ids=str)
    def test_that_cannot_be_are_refused_for_good_and_nothing_is_asked(self, wait, account, emulator, sources):
        ended = wait(account, sources=sources)

        assert type(ended.error) is PostpressRequestRefused
        assert ended.state == "failed"
        assert "sources=" in str(ended.error)
        assert emulator.requests() == []


class TestTroubleOnTheWay:
    @pytest.mark.parametrize(
        "fault",
        [
            OUTAGE,
            faults.LostAnswer(),
            faults.Reset(),
            faults.Truncated(),
            faults.Body(),
            faults.Body(status=200, content="[]", content_type="application/json"),
            faults.Error(status=429, error_type="errors/rate_limited"),
        ],
        ids=lambda fault: fault.kind,
    )
    def test_is_waited_out(self, wait, account, emulator, fault):
        emulator.inject(fault, route="get_account", count=3)

        assert wait(account).state == "success"
        assert emulator.pending_faults() == []

    def test_that_hangs_is_left_after_the_connections_timeout(self, wait, account, emulator, connect):
        connect(extra={"timeout": 0.1})
        emulator.inject(faults.Hang(), route="get_account", count=2)
        began = time.monotonic()

        assert wait(account).state == "success"
        assert time.monotonic() - began < 3

    def test_that_hangs_for_ever_does_not_outlast_the_sensors_timeout_by_more_than_a_request(
        self, wait, account, emulator, connect
    ):
        connect(extra={"timeout": 0.1})
        emulator.inject(faults.Hang(), route="get_account", count=None)
        began = time.monotonic()

        ended = wait(account, timeout=0.3)

        assert isinstance(ended.error, AirflowSensorTimeout)
        assert time.monotonic() - began < 3

    @pytest.mark.parametrize("how", REMEMBERING.values(), ids=REMEMBERING)
    def test_without_an_end_is_told_and_may_be_tried_again(self, worker, account, emulator, how):
        emulator.inject(OUTAGE, route="get_account", count=None)

        ended = worker.run(PostpressAccountSensor, account_id=account, poke_interval=0.004, **how)

        assert type(ended.error) is PostpressUnavailable
        assert ended.state == "up_for_retry"
        assert account in str(ended.error)

    def test_is_given_the_time_that_postpress_asks_for(self, wait, account, emulator):
        slower = faults.Error(status=429, error_type="errors/rate_limited", retry_after="1")
        emulator.inject(slower, route="get_account")

        assert wait(account).state == "success"
        refused, again = [request["at"] for request in emulator.requests()]
        assert again - refused >= 1000

    def test_is_given_no_longer_than_the_sensors_timeout(self, wait, account, emulator):
        slower = faults.Error(status=429, error_type="errors/rate_limited", retry_after="1")
        emulator.inject(slower, route="get_account", count=None)

        assert isinstance(wait(account, timeout=0.3).error, AirflowSensorTimeout)
        assert len(emulator.requests()) <= 2

    @pytest.mark.parametrize("skip", [0, 1], ids=["from the beginning", "meanwhile"])
    def test_that_the_account_is_gone_is_refused_for_good(self, wait, account, emulator, skip):
        emulator.set_source_status(account, "CONNECTING")
        if skip:
            gone = faults.Error(status=404, error_type="errors/resource_not_found")
            emulator.inject(gone, route="get_account", skip=skip)
        else:
            emulator.delete_account(account)

        ended = wait(account)

        assert type(ended.error) is PostpressRequestRefused
        assert ended.state == "failed"
        assert "404 errors/resource_not_found" in str(ended.error)
        assert len(emulator.requests()) == skip + 1

    def test_that_an_id_can_be_no_part_of_a_path_is_refused_for_good(self, wait, emulator):
        ended = wait("..")

        assert type(ended.error) is PostpressRequestRefused
        assert ended.state == "failed"
        assert emulator.requests() == []


class TestOutOfTime:
    def test_is_what_it_is_for_any_sensor(self, wait, account, emulator):
        emulator.set_source_status(account, "CONNECTING")

        ended = wait(account, timeout=timedelta(seconds=0.1))

        assert isinstance(ended.error, AirflowSensorTimeout)
        assert ended.state == "failed"

    def test_in_the_triggerer_is_too(self, worker, account):
        ended = worker.continue_at(
            "__fail__", {"error": "Trigger timeout"}, PostpressAccountSensor, account_id=account, deferrable=True
        )

        assert isinstance(ended.error, AirflowSensorTimeout)
        assert ended.state == "failed"

    def test_comes_at_the_timeout_counted_from_the_first_look(self, worker, account, emulator):
        emulator.set_source_status(account, "CONNECTING")
        before = datetime.now(UTC)

        deferral = worker.begin(PostpressAccountSensor, account_id=account, timeout=3600)

        deadline = datetime.fromisoformat(deferral.trigger_kwargs["deadline"])
        assert timedelta(0) <= deadline - before - timedelta(hours=1) < timedelta(seconds=10)
        assert deferral.trigger_timeout > timedelta(hours=1)


def fails(emulator: Emulator, account: str, failure: str) -> dict[str, Any]:
    """Make a sensor fail, and give its arguments."""
    match failure:
        case "out of time":
            emulator.set_source_status(account, "CONNECTING")
            return {"timeout": 0.1}
        case "login lost":
            emulator.set_source_status(account, "CREDENTIALS")
        case "login lost later":
            emulator.set_source_status(account, "CONNECTING")
            emulator.set_source_status(account, "CREDENTIALS", delay_ms=30)
        case "gone":
            emulator.delete_account(account)
        case "unavailable":
            emulator.inject(OUTAGE, route="get_account", count=None)
            return {"timeout": 0.3}
        case "bad sources":
            return {"sources": [""]}
        case "no connection":
            return {"postpress_conn_id": "postpress_nowhere"}
    return {}


FAILURES = {
    "out of time": AirflowSensorTimeout,
    "login lost": PostpressReconnectRequired,
    "login lost later": PostpressReconnectRequired,
    "gone": PostpressRequestRefused,
    "unavailable": (PostpressUnavailable, AirflowSensorTimeout),
    "bad sources": PostpressRequestRefused,
    "no connection": AirflowException,
}


class TestSoftly:
    @pytest.mark.parametrize("failure", FAILURES)
    @pytest.mark.parametrize("softly", ["soft_fail", "never_fail", None])
    def test_skips_on_every_failure_where_told_to_and_only_there(self, wait, account, emulator, failure, softly):
        arguments = fails(emulator, account, failure)

        ended = wait(account, **arguments, **({softly: True} if softly else {}))

        assert (ended.state == "skipped") is bool(softly)
        assert softly or isinstance(ended.error, FAILURES[failure])

    @pytest.mark.parametrize("softly", ["soft_fail", "never_fail"])
    def test_skips_what_the_triggerer_never_answered(self, worker, account, softly):
        ended = worker.continue_at(
            "__fail__",
            {"error": "Trigger timeout"},
            PostpressAccountSensor,
            account_id=account,
            deferrable=True,
            **{softly: True},
        )

        assert ended.state == "skipped"


class TestPacing:
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
    def test_deferred_is_that_of_any_sensor(self, worker, account, emulator, arguments, intervals):
        emulator.set_source_status(account, "CONNECTING")

        deferral = worker.begin(PostpressAccountSensor, account_id=account, **arguments)

        assert deferral.trigger_kwargs["intervals"] == intervals

    def test_backs_off_where_told_to_in_all_modes(self, wait, account, emulator):
        emulator.inject(DISCONNECTED, route="get_account", count=2)

        ended = wait(account, fail_on=(), poke_interval=0.01, exponential_backoff=True, max_wait=timedelta(seconds=0.2))

        assert ended.state == "success"
        first, _, last = [request["at"] for request in emulator.requests()]
        assert last - first >= 30 * 0.8

    def test_reschedules_and_holds_no_slot_meanwhile(self, worker, account, emulator):
        emulator.inject(DISCONNECTED, route="get_account", count=2)

        ended = worker.run(
            PostpressAccountSensor, account_id=account, fail_on=(), mode="reschedule", poke_interval=0.01
        )

        assert (ended.state, ended.reschedules) == ("success", 2)


class TestTheEndInTheWorker:
    @pytest.mark.parametrize(
        "event",
        [
            None,
            {},
            [],
            "success",
            {"status": "success"},
            {"status": "success", "result": {}},
            {"status": "success", "result": {"account_id": "acc_anna"}},
            {"status": "success", "result": {"account_id": "acc_anna", "account": None}},
            {"status": "success", "result": {"account_id": "acc_ben", "account": {}}},
            {"status": "finished", "result": {"account_id": "acc_anna", "account": {}}},
            {"status": "failure", "kind": "account_timeout"},
            {"status": "failure", "kind": "weather", "message": "It rained."},
        ],
        ids=str,
    )
    def test_with_no_event_or_an_unknown_one_is_no_success(self, worker, event):
        ended = worker.resume(PostpressAccountSensor, event, account_id="acc_anna", deferrable=True)

        assert type(ended.error) is AirflowException
        assert ended.state == "up_for_retry"
        assert "'acc_anna'" in str(ended.error)
        assert "not known" in str(ended.error)


def test_mapped_sensors_are_named_by_their_accounts(run_dag, emulator):
    accounts = [emulator.add_account(kind, account_id=f"acc/{kind}") for kind in ("LINKEDIN", "MAIL", "SLACK")]
    emulator.set_source_status("acc/SLACK", "PERMISSIONS")
    with DAG(
        "health",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        default_args={"poke_interval": 0.01, "timeout": 20, "retries": 1, "retry_delay": timedelta(0)},
    ) as dag:
        for name, how in MODES.items():
            PostpressAccountSensor.partial(
                task_id=name, fail_on=("PERMISSIONS", "CREDENTIALS"), soft_fail=False, **how
            ).expand(account_id=accounts)

    dag_run = run_dag(dag, logical_date=datetime(2026, 1, 6, tzinfo=UTC))

    for name in MODES:
        ran = {
            ti.rendered_map_index: (str(ti.state), ti.try_number)
            for ti in dag_run.get_task_instances()
            if ti.task_id == name
        }
        assert ran == {"acc/LINKEDIN": ("success", 1), "acc/MAIL": ("success", 1), "acc/SLACK": ("failed", 1)}
