"""The trigger that watches an account: what is stored of it, how it looks, and that nothing but one event comes out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.operators.account import PostpressReconnectAccountOperator
from airflow_provider_postpress.sensors.account import PostpressAccountSensor
from airflow_provider_postpress.triggers.account import PostpressAccountTrigger

PATH = "airflow_provider_postpress.triggers.account.PostpressAccountTrigger"
PASSWORD = "s3cr3t-password"
INTERVALS = {"first": 0.004, "longest": 0.01, "growth": 1.5, "spread": 0.2}


@pytest.fixture
def account(emulator: Emulator) -> str:
    """A LinkedIn account that is on its way up, and a proxy with a password."""
    proxy = {"host": "proxy.example.com", "port": 1080, "password": PASSWORD}
    return emulator.add_account("LINKEDIN", account_id="acc_anna", sources=["CONNECTING", "OK"], proxy=proxy)


@pytest.fixture
def kwargs(account) -> dict[str, Any]:
    """The kwargs of a trigger that watches the account."""
    return {
        "account_id": account,
        "deadline": (datetime.now(UTC) + timedelta(seconds=20)).isoformat(),
        "intervals": INTERVALS,
        "fail_on": ["CREDENTIALS"],
        "sources": None,
        "out_of_time": "account_timeout",
        "discreet": False,
        "not_before": None,
        "postpress_conn_id": "postpress_default",
    }


async def outcome_of(kwargs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Run a trigger, and give the payload of its only event."""
    (payload,) = [event.payload async for event in PostpressAccountTrigger(**{**kwargs, **changes}).run()]
    assert json.loads(json.dumps(payload)) == payload
    return payload


async def become(condition: Callable[[], bool]) -> None:
    """Wait until something that happens elsewhere is so."""
    async with asyncio.timeout(5):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 (another thread's doings set no event here)
            await asyncio.sleep(0.002)


class TestWhatIsStored:
    def test_makes_the_same_trigger_again(self, kwargs):
        path, stored = PostpressAccountTrigger(**kwargs).serialize()

        assert path == PATH
        assert kwargs.items() <= stored.items()
        assert PostpressAccountTrigger(**json.loads(json.dumps(stored))).serialize() == (path, stored)

    def test_needs_no_more_than_an_account_and_times(self, kwargs):
        needed = {name: kwargs[name] for name in ("account_id", "deadline", "intervals")}

        stored = PostpressAccountTrigger(**needed).serialize()[1]
        assert {**kwargs, "fail_on": []}.items() <= stored.items()

    def test_by_a_sensor_is_what_it_was_told(self, worker, account):
        before = datetime.now(UTC)

        deferral = worker.begin(
            PostpressAccountSensor,
            account_id=account,
            fail_on="ERROR",
            sources=["{{ 'acc_anna_1' }}"],
            poke_interval=7,
            timeout=60,
        )

        kwargs = dict(deferral.trigger_kwargs)
        deadline = datetime.fromisoformat(kwargs.pop("deadline"))
        assert timedelta(0) <= deadline - before - timedelta(minutes=1) < timedelta(seconds=10)
        assert deferral.classpath == PATH
        told = {
            "account_id": account,
            "fail_on": ["ERROR"],
            "sources": ["acc_anna_1"],
            "out_of_time": "account_timeout",
            "discreet": False,
            "not_before": None,
            "intervals": {"first": 7, "longest": 7, "growth": 1, "spread": 0},
            "postpress_conn_id": "postpress_default",
        }
        assert told.items() <= json.loads(json.dumps(kwargs)).items()

    def test_by_a_login_names_no_connection_but_postpress_and_holds_no_secret(
        self, worker, account, emulator, monkeypatch
    ):
        emulator.configure(connecting_ms=60_000)
        login = {"login": "anna", "password": PASSWORD, "extra": {"provider": "LINKEDIN"}}
        monkeypatch.setenv("AIRFLOW_CONN_LOGIN", json.dumps({"conn_type": "generic", **login}))

        deferral = worker.begin(
            PostpressReconnectAccountOperator,
            account_id=account,
            credentials_conn_id="login",
            postpress_conn_id="postpress_default",
        )

        stored = json.dumps(deferral.trigger_kwargs) + json.dumps(deferral.next_kwargs)
        assert deferral.trigger_kwargs["postpress_conn_id"] == "postpress_default"
        for secret in (PASSWORD, emulator.api_key, emulator.url, "anna@", '"login"'):
            assert secret not in stored

    def test_tells_when_postpress_wants_to_be_asked_again(self, worker, account, emulator):
        slower = faults.Error(status=429, error_type="errors/rate_limited", retry_after="30")
        emulator.inject(slower, route="get_account")
        before = datetime.now(UTC)

        deferral = worker.begin(PostpressAccountSensor, account_id=account, timeout=60)

        not_before = datetime.fromisoformat(deferral.trigger_kwargs["not_before"])
        assert timedelta(0) <= not_before - before - timedelta(seconds=30) < timedelta(seconds=10)


class TestWatching:
    async def test_ends_in_one_event_with_the_account_and_stars_for_its_secrets(self, kwargs, account, emulator):
        emulator.set_source_status(account, "OK", delay_ms=40)

        event = await outcome_of(kwargs)

        assert event["status"] == "success"
        assert event["result"]["account_id"] == account
        assert event["result"]["account"]["sources"][0] == {"id": "acc_anna_1", "status": "OK"}
        assert event["result"]["account"]["connection_params"]["im"]["proxy"]["password"] == "**********"
        assert PASSWORD not in json.dumps(event)
        asked = {(request["method"], request["route"]) for request in emulator.requests()}
        assert asked == {("GET", "get_account")}

    async def test_sleeps_before_its_first_look(self, kwargs, account, emulator):
        emulator.set_source_status(account, "OK")
        began = datetime.now(UTC)

        await outcome_of(kwargs, intervals={"first": 0.2, "longest": 0.2, "growth": 1, "spread": 0})

        (look,) = emulator.requests()
        assert look["at"] >= (began.timestamp() + 0.2) * 1000 - 1

    async def test_sleeps_as_long_as_postpress_asked_for(self, kwargs, account, emulator):
        emulator.set_source_status(account, "OK")
        not_before = datetime.now(UTC) + timedelta(seconds=0.3)

        await outcome_of(kwargs, not_before=not_before.isoformat())

        (look,) = emulator.requests()
        assert look["at"] >= not_before.timestamp() * 1000 - 1

    async def test_takes_no_field_of_an_account_for_a_wish_of_postpress(self, kwargs, emulator):
        odd = emulator.add_account("MAIL", document={"retry_after": "soon"}, sources=["CONNECTING"])
        emulator.set_source_status(odd, "OK", delay_ms=20)

        assert (await outcome_of(kwargs, account_id=odd))["status"] == "success"

    async def test_ends_at_what_makes_waiting_hopeless(self, kwargs, account, emulator):
        emulator.set_source_status(account, "CREDENTIALS", delay_ms=20)

        event = await outcome_of(kwargs)

        assert (event["status"], event["kind"]) == ("failure", "reconnect_required")
        assert "acc_anna_1: CREDENTIALS" in event["message"]

    async def test_begun_twice_or_again_only_looks_more_often(self, kwargs, account, emulator):
        first = asyncio.create_task(outcome_of(kwargs))
        await become(lambda: len(emulator.requests()) >= 2)
        first.cancel()
        await asyncio.wait([first])
        emulator.set_source_status(account, "OK", delay_ms=20)

        events = await asyncio.gather(outcome_of(kwargs), outcome_of(kwargs))

        assert [event["status"] for event in events] == ["success", "success"]
        assert {request["method"] for request in emulator.requests()} == {"GET"}

    async def test_waits_out_trouble_within_the_budget_and_tells_of_more(self, kwargs, account, emulator):
        emulator.inject(faults.Body(), count=9)
        emulator.set_source_status(account, "OK")
        assert (await outcome_of(kwargs))["status"] == "success"

        emulator.inject(faults.Body(), count=None)
        event = await outcome_of(kwargs)
        assert (event["status"], event["kind"]) == ("failure", "unavailable")
        assert "10 requests in a row failed" in event["message"]

    async def test_of_an_account_that_is_deleted_is_refused(self, kwargs, account, emulator):
        emulator.delete_account(account)

        event = await outcome_of(kwargs)

        assert (event["status"], event["kind"]) == ("failure", "request_refused")
        assert "404" in event["message"]

    async def test_does_not_block_the_loop_while_postpress_hangs(self, kwargs, account, emulator, connect):
        connect(extra={"timeout": 0.3})
        emulator.set_source_status(account, "OK")
        emulator.inject(faults.Hang())
        loop = asyncio.get_running_loop()
        gaps = []

        async def tick() -> None:
            while True:
                before = loop.time()
                await asyncio.sleep(0.01)
                gaps.append(loop.time() - before)

        ticking = asyncio.create_task(tick())
        began = loop.time()
        event = await outcome_of(kwargs)
        ticking.cancel()

        assert event["status"] == "success"
        assert loop.time() - began < 3
        assert max(gaps) < 0.25


class TestDeadline:
    LONG_AGO = datetime(2026, 1, 6, tzinfo=UTC).isoformat()

    async def test_that_has_passed_leaves_time_for_one_look_which_counts(self, kwargs, account, emulator):
        emulator.set_source_status(account, "OK")

        event = await outcome_of(kwargs, deadline=self.LONG_AGO)

        assert (event["status"], len(emulator.requests())) == ("success", 1)

    @pytest.mark.parametrize("kind", ["account_timeout", "checkpoint_required"])
    async def test_that_has_passed_is_told_as_what_the_task_wants_it_to_be(self, kwargs, emulator, kind):
        event = await outcome_of(kwargs, deadline=self.LONG_AGO, out_of_time=kind)

        assert (event["status"], event["kind"]) == ("failure", kind)
        assert "did not become healthy in time" in event["message"]
        assert len(emulator.requests()) == 1

    async def test_is_an_instant_that_a_move_does_not_put_off(self, kwargs):
        deadline = datetime.now(UTC) + timedelta(seconds=0.5)

        for _ in range(2):
            moved = asyncio.create_task(outcome_of(kwargs, deadline=deadline.isoformat()))
            await asyncio.sleep(0.05)
            moved.cancel()
            await asyncio.wait([moved])
        event = await outcome_of(kwargs, deadline=deadline.isoformat())

        assert event["kind"] == "account_timeout"
        assert timedelta(0) <= datetime.now(UTC) - deadline < timedelta(seconds=0.7)

    async def test_bounds_what_postpress_asked_for(self, kwargs):
        deadline = datetime.now(UTC) + timedelta(seconds=0.2)

        event = await outcome_of(kwargs, deadline=deadline.isoformat(), not_before="2999-01-01T00:00:00+00:00")

        assert event["kind"] == "account_timeout"
        assert datetime.now(UTC) - deadline < timedelta(seconds=1)


class TestTrouble:
    @pytest.mark.parametrize(
        "changes",
        [
            {"account_id": ".."},
            {"account_id": None},
            {"intervals": {"first": 0}},
            {"intervals": {"pace": 1}},
            {"deadline": "tomorrow"},
            {"deadline": None},
            {"deadline": "2026-01-06T00:00:00"},
            {"not_before": "later"},
            {"out_of_time": "weather"},
        ],
        ids=str,
    )
    async def test_with_its_own_kwargs_is_an_event_and_no_exception(self, kwargs, emulator, changes):
        event = await outcome_of(kwargs, **changes)

        assert event["status"] == "failure"
        assert event["kind"] in ("unavailable", "request_refused")
        assert emulator.requests() == []

    async def test_with_a_missing_connection_is_told_by_its_id(self, kwargs):
        event = await outcome_of(kwargs, postpress_conn_id="postpress_elsewhere")

        assert (event["status"], event["kind"]) == ("failure", "unavailable")
        assert "'postpress_elsewhere'" in event["message"]

    async def test_with_a_setting_of_the_connection_names_it(self, kwargs, connect):
        connect(extra={"timeout": "soon"})

        event = await outcome_of(kwargs)

        assert (event["status"], event["kind"]) == ("failure", "request_refused")
        assert "timeout='soon'" in event["message"]

    async def test_with_the_answers_is_an_event_that_tells_no_key(self, kwargs, emulator):
        fault = faults.Error(status=401, error_type="errors/invalid_credentials", detail=f"No key {emulator.api_key}")
        emulator.inject(fault)

        event = await outcome_of(kwargs)

        assert (event["status"], event["kind"]) == ("failure", "request_refused")
        assert emulator.api_key not in json.dumps(event)

    async def test_of_its_own_is_told_in_the_log_and_not_in_the_event(self, kwargs):
        with capture_logs() as entries:
            event = await outcome_of(kwargs, deadline=PASSWORD)

        assert PASSWORD not in json.dumps(event)
        assert "ValueError" in event["message"]
        assert "is not known" in event["message"]
        assert [entry["event"] for entry in entries] == ["The trigger failed"]


class TestCancellation:
    @pytest.mark.parametrize("doing", ["sleeping", "waiting for an answer"])
    async def test_comes_out_and_there_is_no_event(self, kwargs, emulator, doing):
        if doing == "sleeping":
            kwargs["intervals"] = {"first": 60, "longest": 60}
        else:
            emulator.inject(faults.Hang())
        events = []

        async def follow() -> None:
            async for event in PostpressAccountTrigger(**kwargs).run():
                events.append(event)  # noqa: PERF401 (what came before the cancellation counts too)

        following = asyncio.create_task(follow())
        if doing == "sleeping":
            await asyncio.sleep(0.05)
        else:
            await become(lambda: len(emulator.requests()) == 1)
        following.cancel()

        with pytest.raises(asyncio.CancelledError):
            await following
        assert events == []
