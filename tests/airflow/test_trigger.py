"""The trigger: what is stored of it, how it polls, and that nothing but one event comes out of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred
from structlog.testing import capture_logs

from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator
from airflow_provider_postpress.resync.failure import FailureKind
from airflow_provider_postpress.sensors.resync import PostpressChatResyncSensor, PostpressResyncSensor
from airflow_provider_postpress.triggers.resync import PostpressResyncTrigger

DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
FAST = {"poll_interval": 0.004, "max_poll_interval": 0.01}


@pytest.fixture
def kwargs(worker, account, emulator) -> dict[str, Any]:
    """The kwargs of the trigger of a sync that has just started and takes 100 ms, as they come out of the database."""
    emulator.set_duration(account, duration_ms=100)
    return stored(worker.begin(PostpressResyncOperator, account_id=account, **FAST))


def stored(deferral: Any) -> dict[str, Any]:
    return json.loads(json.dumps(deferral.trigger_kwargs))


async def events_of(trigger: PostpressResyncTrigger) -> list[Any]:
    return [event.payload async for event in trigger.run()]


async def outcome_of(kwargs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Run a trigger, and give the payload of its only event."""
    (payload,) = await events_of(PostpressResyncTrigger(**{**kwargs, **changes}))
    return json.loads(json.dumps(payload))


def polls(emulator: Emulator) -> int:
    return len(emulator.requests(route="account_sync"))


async def become(condition: Callable[[], bool]) -> None:
    """Wait until something that happens elsewhere is so."""
    async with asyncio.timeout(5):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 (another thread's doings set no event here)
            await asyncio.sleep(0.002)


async def polled(emulator: Emulator, times: int) -> None:
    """Wait until the account's sync was asked for so often."""
    await become(lambda: polls(emulator) >= times)


class TestWhatIsStored:
    @pytest.mark.parametrize("task", ["operator", "chat operator", "fire and forget", "sensor", "chat sensor"])
    def test_is_of_jsons_own_types_and_makes_the_same_trigger_again(self, worker, account, chat, emulator, task):
        emulator.configure(duration_ms=60_000)
        emulator.foreign_sync(account)
        emulator.foreign_sync(chat_id=chat)
        operator, arguments = {
            "operator": (PostpressResyncOperator, {"account_id": account, "chunk_size": 1, "if_running": "wait"}),
            "chat operator": (PostpressChatResyncOperator, {"chat_id": chat}),
            "fire and forget": (PostpressResyncOperator, {"account_id": account, "wait_for_completion": False}),
            "sensor": (PostpressResyncSensor, {"account_id": account}),
            "chat sensor": (PostpressChatResyncSensor, {"chat_id": chat}),
        }[task]
        defers = worker.task(operator, deferrable=True, **arguments)

        with pytest.raises(TaskDeferred) as deferral:
            defers.execute(worker.context(defers))

        path, kwargs = deferral.value.trigger.serialize()
        assert path == "airflow_provider_postpress.triggers.resync.PostpressResyncTrigger"
        assert json.loads(json.dumps(kwargs)) == kwargs
        assert types_in(kwargs) <= {dict, list, str, int, float, bool, type(None)}
        assert PostpressResyncTrigger(**kwargs).serialize() == (path, kwargs)

    def test_names_the_connection_and_holds_no_secret(self, kwargs, emulator):
        assert kwargs["postpress_conn_id"] == "postpress_default"
        assert emulator.api_key not in json.dumps(kwargs)
        assert emulator.url not in json.dumps(kwargs)

    def test_is_not_changed_by_what_happens_to_what_it_was_made_of(self, kwargs):
        trigger = PostpressResyncTrigger(**kwargs)
        _, before = trigger.serialize()
        before["request"]["account_id"] = "another"

        assert trigger.serialize()[1]["request"]["account_id"] == "acc_anna"


def types_in(value: Any) -> set[type]:
    inside = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return {type(value)}.union(*map(types_in, inside))


class TestFollowing:
    async def test_ends_in_one_event_with_the_result(self, kwargs, account, emulator):
        event = await outcome_of(kwargs)

        assert event["status"] == "success"
        assert event["result"]["status"] == "SYNC_DONE"
        assert event["result"]["polls"] == polls(emulator)
        assert emulator.missing(account, *DAY) == []

    async def test_sleeps_before_its_first_poll(self, kwargs, emulator):
        began = datetime.now(UTC)
        await outcome_of(kwargs, intervals={"first": 0.3, "longest": 0.3, "growth": 1, "spread": 0})

        _, first, *_ = emulator.requests(route="account_sync")
        assert first["at"] >= (began.timestamp() + 0.3) * 1000 - 1

    async def test_begun_again_elsewhere_polls_the_same_sync(self, kwargs, account, emulator):
        first = asyncio.create_task(outcome_of(kwargs))
        await polled(emulator, 3)
        first.cancel()
        await asyncio.wait([first])

        event = await outcome_of(kwargs)

        assert (event["status"], event["result"]["restarts"]) == ("success", 0)
        assert len(emulator.starts(account)) == 1
        assert emulator.missing(account, *DAY) == []

    async def test_begun_twice_at_once_is_never_a_false_success(self, kwargs, account, emulator):
        events = await asyncio.gather(outcome_of(kwargs), outcome_of(kwargs))

        assert [event["status"] for event in events] == ["success", "success"]
        assert emulator.starts(account)[-1]["status"] == "SYNC_DONE"
        assert len(emulator.starts(account)) == 2
        assert emulator.missing(account, *DAY) == []

    async def test_begun_long_after_its_sync_ended_reads_the_end(self, kwargs, account, emulator):
        emulator.advance(3600)

        event = await outcome_of(kwargs)

        assert event["status"] == "success"
        assert len(emulator.starts(account)) == 1

    async def test_of_a_foreign_sync_waits_it_out_and_starts_ours(self, worker, account, emulator):
        emulator.set_duration(account, duration_ms=200)
        emulator.foreign_sync(account)

        event = await outcome_of(worker_begins(worker, account))

        assert event["status"] == "success"
        assert [start["by"] for start in emulator.starts(account)] == ["foreign", "client"]

    async def test_only_to_its_start_tells_that_it_started(self, worker, account, emulator):
        emulator.set_duration(account, duration_ms=200)
        emulator.foreign_sync(account)
        kwargs = worker_begins(worker, account, wait_for_completion=False)

        event = await outcome_of(kwargs)

        assert event["status"] == "success"
        assert event["result"]["status"] == "SYNC_STARTED"
        assert event["result"]["deadline"] == kwargs["deadline"]
        assert event["result"]["finished_at"] is None

    async def test_that_knows_nothing_yet_obeys_if_running(self, kwargs, account, emulator):
        nothing = {**kwargs["progress"], "known": {**kwargs["progress"]["known"], "owner": "nobody"}}

        event = await outcome_of(kwargs, progress=nothing, fail_if_running=True)

        assert (event["status"], event["kind"]) == ("failure", "sync_conflict")

    async def test_does_not_block_the_loop_while_postpress_hangs(self, kwargs, emulator, connect):
        connect(extra={"timeout": 0.3})
        emulator.inject(faults.Hang(), route="account_sync")
        loop = asyncio.get_running_loop()
        gaps = []

        async def tick() -> None:
            while True:
                before = loop.time()
                await asyncio.sleep(0.01)
                gaps.append(loop.time() - before)

        ticking = asyncio.create_task(tick())
        event = await outcome_of(kwargs)
        ticking.cancel()

        assert event["status"] == "success"
        assert max(gaps) < 0.25


def worker_begins(worker: Any, account: str, **arguments: Any) -> dict[str, Any]:
    return stored(worker.begin(PostpressResyncOperator, account_id=account, **FAST, **arguments))


class TestDeadline:
    LONG_AGO = (datetime(2026, 1, 6, tzinfo=UTC)).isoformat()

    async def test_that_has_passed_leaves_time_for_one_poll_whose_answer_counts(self, kwargs, emulator):
        emulator.advance(3600)

        event = await outcome_of(kwargs, deadline=self.LONG_AGO)

        assert (event["status"], event["result"]["status"]) == ("success", "SYNC_DONE")
        assert polls(emulator) == 2

    async def test_that_has_passed_leaves_time_for_no_more_than_that(self, kwargs, account, emulator):
        emulator.set_duration(account, duration_ms=60_000)

        event = await outcome_of(
            kwargs, deadline=self.LONG_AGO, intervals={**kwargs["intervals"], "first": 60, "longest": 60}
        )

        assert (event["status"], event["kind"]) == ("failure", "sync_timeout")
        assert "did not end in time" in event["message"]
        assert polls(emulator) == 2

    async def test_is_an_instant_that_a_move_does_not_put_off(self, kwargs, account, worker, emulator):
        emulator.advance(1)
        emulator.set_duration(account, duration_ms=60_000)
        await outcome_of(kwargs)
        deadline = datetime.now(UTC) + timedelta(seconds=1)
        started = worker_begins(worker, account)

        for _ in range(2):
            moved = asyncio.create_task(outcome_of(started, deadline=deadline.isoformat()))
            await asyncio.sleep(0.05)
            moved.cancel()
            await asyncio.wait([moved])
        event = await outcome_of(started, deadline=deadline.isoformat())

        assert event["kind"] == "sync_timeout"
        assert timedelta(0) <= datetime.now(UTC) - deadline < timedelta(seconds=0.7)


class TestTrouble:
    @pytest.mark.parametrize(
        "changes",
        [
            {"progress": {}},
            {"request": {}},
            {"request": {"account_id": "..", "window": None, "parameters": {}}},
            {"intervals": {"first": 0}},
            {"intervals": {"pace": 1}},
            {"deadline": "tomorrow"},
            {"goal": "stopped"},
        ],
        ids=str,
    )
    async def test_with_its_own_kwargs_is_an_event_and_no_exception(self, kwargs, emulator, changes):
        event = await outcome_of(kwargs, **changes)

        assert event["status"] == "failure"
        assert event["kind"] in ("unavailable", "request_refused")
        assert polls(emulator) == 1

    async def test_with_a_missing_connection_names_it(self, kwargs):
        event = await outcome_of(kwargs, postpress_conn_id="postpress_elsewhere")

        assert (event["status"], event["kind"]) == ("failure", "unavailable")
        assert "'postpress_elsewhere'" in event["message"]

    async def test_with_a_setting_of_the_connection_names_it(self, kwargs, connect):
        connect(extra={"timeout": "soon"})

        event = await outcome_of(kwargs)

        assert (event["status"], event["kind"]) == ("failure", "request_refused")
        assert "timeout='soon'" in event["message"]

    @pytest.mark.parametrize("secret", ["pp_live_secret"])
    @pytest.mark.parametrize(
        "connection", ['{{"password": "{}"', '{{"conn_type": "postpress", "password": ["{}"]}}', "postpress://:{}@[bad"]
    )
    async def test_that_holds_a_secret_does_not_tell_it(self, kwargs, monkeypatch, connection, secret):
        monkeypatch.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", connection.format(secret))

        event = await outcome_of(kwargs)

        assert event["status"] == "failure"
        assert secret not in json.dumps(event)

    async def test_with_the_answers_is_an_event_that_tells_no_key(self, kwargs, emulator):
        fault = faults.Error(status=401, error_type="errors/invalid_credentials", detail=f"No key {emulator.api_key}")
        emulator.inject(fault, route="account_sync")

        event = await outcome_of(kwargs)

        assert (event["status"], event["kind"]) == ("failure", "request_refused")
        assert emulator.api_key not in json.dumps(event)

    @pytest.mark.parametrize("secret", ["pp_live_secret"])
    async def test_of_its_own_is_told_in_the_log_and_not_in_the_event(self, kwargs, secret):
        with capture_logs() as entries:
            event = await outcome_of(kwargs, progress={**kwargs["progress"], "started_at": secret})

        assert secret not in json.dumps(event)
        assert "ValueError" in event["message"]
        assert [entry["event"] for entry in entries] == ["The trigger failed"]


class TestCancellation:
    @pytest.mark.parametrize("doing", ["sleeping", "waiting for an answer"])
    async def test_comes_out_and_leaves_no_connection_open(self, kwargs, emulator, connect, doing):
        changes = {}
        if doing == "sleeping":
            changes["intervals"] = {"first": 60, "longest": 60}
        else:
            emulator.inject(faults.Hang(), route="account_sync")
        async with counting_proxy(emulator) as proxy:
            connect(host=proxy.url)
            following = asyncio.create_task(outcome_of(kwargs, **changes))
            if doing == "sleeping":
                await asyncio.sleep(0.05)
            else:
                await polled(emulator, 2)
            following.cancel()
            with pytest.raises(asyncio.CancelledError):
                await following
            await proxy.closed()

        assert proxy.accepted == (0 if doing == "sleeping" else 1)

    async def test_of_one_trigger_leaves_the_others_their_connection(self, kwargs, account, emulator):
        staying = asyncio.create_task(outcome_of(kwargs))
        leaving = asyncio.create_task(outcome_of(kwargs))
        await polled(emulator, 3)
        leaving.cancel()

        assert (await staying)["status"] == "success"


class TestConnections:
    async def test_are_one_for_all_the_triggers_of_a_connection(self, worker, emulator, connect):
        accounts = [emulator.add_account("LINKEDIN") for _ in range(6)]
        async with counting_proxy(emulator) as proxy:
            every = [worker_begins(worker, account) for account in accounts]
            connect(host=proxy.url)
            stays = asyncio.create_task(outcome_of(every[0], intervals={"first": 60, "longest": 60}))
            await asyncio.sleep(0)
            events = [await outcome_of(kwargs) for kwargs in every[1:]]
            stays.cancel()
            await asyncio.wait([stays])
            await proxy.closed()

        assert {event["status"] for event in events} == {"success"}
        assert proxy.accepted == 1

    async def test_are_closed_when_the_last_trigger_ends(self, kwargs, emulator, connect):
        async with counting_proxy(emulator) as proxy:
            connect(host=proxy.url)
            await outcome_of(kwargs)
            await proxy.closed()

        assert proxy.accepted == 1


@dataclass
class Proxy:
    """
    Stands before an emulator and counts.

    :param url: where it is
    :param accepted: connections so far
    :param open: connections now
    """

    url: str = ""
    accepted: int = 0
    open: int = 0

    async def closed(self) -> None:
        """Wait until no connection is open."""
        await become(lambda: self.open == 0)


@asynccontextmanager
async def counting_proxy(emulator: Emulator) -> AsyncIterator[Proxy]:
    proxy = Proxy()
    behind = urlsplit(emulator.url)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.accepted += 1
        proxy.open += 1
        to_emulator = await asyncio.open_connection(behind.hostname, behind.port)
        answers = asyncio.create_task(pass_on(to_emulator[0], writer))
        await pass_on(reader, to_emulator[1])
        proxy.open -= 1
        answers.cancel()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.url = "http://{}:{}".format(*server.sockets[0].getsockname())
    async with server:
        yield proxy


DONE = {
    "account_id": "acc_anna",
    "window": None,
    "parameters": {},
    "status": "SYNC_DONE",
    "chunks": 0,
    "polls": 3,
    "restarts": 0,
    "started_at": "2026-01-05T00:00:00+00:00",
    "finished_at": "2026-01-05T00:01:00+00:00",
}
STARTED = {**DONE, "status": "SYNC_STARTED", "finished_at": None, "deadline": "2026-01-05T06:00:00+00:00"}
UNKNOWN = [
    None,
    {},
    [],
    "success",
    {"status": "success"},
    {"status": "success", "result": None},
    {"status": "success", "result": {}},
    {"status": "success", "result": {**DONE, "status": "SYNC_RUNNING"}},
    {"status": "success", "result": {"status": "SYNC_DONE"}},
    {"status": "success", "result": {**DONE, "status": "SYNC_ERROR"}},
    {"status": "success", "result": {**DONE, "account_id": "acc_ben"}},
    {"status": "finished", "result": DONE},
    {"result": DONE},
    {"status": "failure"},
    {"status": "failure", "kind": "sync_error"},
    {"status": "failure", "kind": "weather", "message": "It rained."},
    {"status": "failure", "kind": None, "message": "It rained."},
]
TASKS = {
    "operator": (PostpressResyncOperator, {}),
    "fire and forget": (PostpressResyncOperator, {"wait_for_completion": False}),
    "sensor": (PostpressResyncSensor, {}),
}


class TestTheEndInTheWorker:
    @pytest.mark.parametrize("event", UNKNOWN, ids=str)
    @pytest.mark.parametrize("task", TASKS)
    def test_with_no_event_or_an_unknown_one_is_no_success(self, worker, event, task):
        operator, arguments = TASKS[task]

        ended = worker.resume(operator, event, account_id="acc_anna", deferrable=True, **arguments)

        assert type(ended.error) is AirflowException
        assert ended.state == "up_for_retry"
        assert "'acc_anna'" in str(ended.error)
        assert "not known" in str(ended.error)

    @pytest.mark.parametrize(
        ("task", "result"), [("operator", STARTED), ("fire and forget", DONE), ("sensor", STARTED)]
    )
    def test_with_a_success_of_another_kind_is_no_success(self, worker, task, result):
        operator, arguments = TASKS[task]

        event = {"status": "success", "result": result}
        ended = worker.resume(operator, event, account_id="acc_anna", deferrable=True, **arguments)

        assert ended.state == "up_for_retry"

    @pytest.mark.parametrize(("task", "result"), [("operator", DONE), ("fire and forget", STARTED), ("sensor", DONE)])
    def test_with_the_success_that_was_waited_for_is_its_result(self, worker, task, result):
        operator, arguments = TASKS[task]

        event = {"status": "success", "result": result}
        ended = worker.resume(operator, event, account_id="acc_anna", deferrable=True, **arguments)

        assert (ended.state, ended.result) == ("success", result)

    @pytest.mark.parametrize("kind", FailureKind)
    def test_with_a_failure_raises_what_a_blocking_task_would(self, worker, kind):
        event = {"status": "failure", "kind": str(kind), "message": "What happened."}

        ended = worker.resume(PostpressResyncOperator, event, account_id="acc_anna", deferrable=True)

        assert type(ended.error).__module__ == "airflow_provider_postpress.exceptions"
        assert str(ended.error) == "What happened."
