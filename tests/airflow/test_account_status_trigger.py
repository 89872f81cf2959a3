"""The watcher of an account's status, run by Airflow's own triggerer code: what it tells, once, and over restarts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from airflow.jobs.triggerer_job_runner import TriggerRunner
from airflow.sdk import Asset, AssetWatcher
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.sdk.execution_time.supervisor import set_supervisor_comms
from airflow.serialization.serialized_objects import BaseSerialization
from airflow.triggers.base import BaseEventTrigger

from airflow_provider_postpress.assets import account_status_asset, watched_account_status_asset
from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.hooks import shared
from airflow_provider_postpress.triggers.account import PostpressAccountStatusTrigger

PATH = "airflow_provider_postpress.triggers.account.PostpressAccountStatusTrigger"
SHARES = hasattr(BaseEventTrigger, "shared_stream_key")
"""Whether watchers share their looks, and assets remember: since Airflow 3.3."""
ROUTE = "list_accounts"
FAST = 0.02

since_33 = pytest.mark.skipif(not SHARES, reason="Airflow 3.3 and later")


class Database:
    """What the triggerer's supervisor keeps: the state of assets. It knows no connection."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], Any] = {}
        self.fails = False

    async def asend(self, msg: Any) -> Any:
        from airflow.sdk.execution_time.comms import AssetStateStoreResult  # since Airflow 3.3

        if self.fails:
            raise OSError("database is locked")
        match type(msg).__name__:
            case "GetAssetStateStoreByName" if (msg.name, msg.key) in self.states:
                return AssetStateStoreResult(value=json.loads(self.states[msg.name, msg.key]))
            case "GetAssetStateStoreByName":
                return ErrorResponse(error=ErrorType.ASSET_STORE_NOT_FOUND)
            case "SetAssetStateStoreByName":
                self.states[msg.name, msg.key] = json.dumps(msg.value)
                return None
        return ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND)

    @property
    def messages(self) -> list[str]:
        """The statuses that it remembers."""
        return [json.loads(state)["message"] for state in self.states.values()]


class Triggerer:
    """
    Airflow's triggerer in this process, with its watchers as they come out of the database.

    :param database: where assets remember; ``None`` for an Airflow that cannot
    """

    def __init__(self, database: Database | None) -> None:
        self._database = database
        self._runner = TriggerRunner()
        self._tasks: list[asyncio.Task[None]] = []

    def watch(self, *assets: Asset) -> None:
        """Run a watcher that serves some assets."""
        (watcher,) = assets[0].watchers
        path, kwargs = watcher.trigger.serialize()
        module, _, name = path.rpartition(".")
        trigger = getattr(import_module(module), name)(**json.loads(json.dumps(kwargs)))
        if self._database:
            from airflow.sdk.execution_time.context import AssetStateStoreAccessors  # since Airflow 3.3

            trigger.asset_state_store = AssetStateStoreAccessors(inlets=[Asset(a.name, a.uri) for a in assets])
        number = len(self._tasks)
        self._runner.triggers[number] = {"task": None, "is_watcher": True, "name": str(number), "events": 0}
        self._tasks.append(asyncio.create_task(self._runner.run_trigger(number, trigger)))

    @property
    def told(self) -> list[dict[str, Any]]:
        """The payloads of all events."""
        assert [task for task in self._tasks if task.done()] == []
        events = [entry.event if SHARES else entry[1] for entry in self._runner.events]
        return [json.loads(json.dumps(event.payload)) for event in events]

    def of(self, account_id: str) -> list[tuple[str, str]]:
        """What was told of an account: from what to what it changed."""
        return [(told["previous"], told["message"]) for told in self.told if told["account_id"] == account_id]

    async def stop(self) -> None:
        """End all watchers, as a triggerer does that is stopped."""
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        assert [type(result) for result in results] == [asyncio.CancelledError] * len(results)


@asynccontextmanager
async def triggerer(database: Database | None = None) -> AsyncIterator[Triggerer]:
    """Run a triggerer for a while."""
    running = Triggerer(database)
    with set_supervisor_comms(database or Database()):
        try:
            yield running
        finally:
            await running.stop()


async def become(condition: Callable[[], Any]) -> None:
    """Wait until something that happens elsewhere is so."""
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 (another thread's doings set no event here)
            await asyncio.sleep(0.002)


@pytest.fixture
def looks(emulator: Emulator) -> Callable[..., Any]:
    """Wait until a look was taken that began after now."""

    async def looks(times: int = 3) -> None:  # one that is under way, one that is whole, and the next
        before = len(emulator.requests(route=ROUTE))
        await become(lambda: len(emulator.requests(route=ROUTE)) >= before + times)

    return looks


@pytest.fixture
def anna(emulator: Emulator) -> str:
    """A LinkedIn account of two sources, which is healthy."""
    return emulator.add_account("LINKEDIN", account_id="anna", sources=["OK", "OK"])


@pytest.fixture
def ben(emulator: Emulator) -> str:
    """A Telegram account, which is healthy."""
    return emulator.add_account("TELEGRAM", account_id="ben", sources=["OK"])


def watched(account_id: str, **arguments: Any) -> Asset:
    """The asset of an account's status, watched at a test's pace."""
    return watched_account_status_asset(account_id, **{"poll_interval": FAST, **arguments})


class TestWhatIsStored:
    def test_makes_the_same_trigger_again_and_holds_no_secret(self):
        (watcher,) = watched_account_status_asset("anna", postpress_conn_id="elsewhere").watchers

        path, kwargs = watcher.trigger.serialize()

        assert (path, kwargs) == (
            PATH,
            {"account_id": "anna", "poll_interval": 60.0, "postpress_conn_id": "elsewhere"},
        )
        assert PostpressAccountStatusTrigger(**json.loads(json.dumps(kwargs))).serialize() == (path, kwargs)

    def test_is_the_same_for_the_same_interval_however_it_is_written(self):
        intervals = [60, 60.0, timedelta(minutes=1)]

        stored = [
            PostpressAccountStatusTrigger(account_id="anna", poll_interval=interval).serialize()
            for interval in intervals
        ]

        assert {json.dumps(BaseSerialization.serialize(kwargs)) for _, kwargs in stored} == {
            json.dumps(BaseSerialization.serialize(stored[0][1]))
        }

    @pytest.mark.parametrize(
        "wrong",
        [
            {"account_id": " "},
            {"account_id": None},
            {"poll_interval": 0},
            {"poll_interval": timedelta(seconds=-1)},
            {"poll_interval": float("inf")},
            {"poll_interval": float("nan")},
            {"poll_interval": True},
            {"poll_interval": "60"},
        ],
        ids=str,
    )
    def test_is_refused_by_name_when_the_dag_file_is_parsed(self, wrong):
        (name,) = wrong

        with pytest.raises(ValueError, match=name):
            PostpressAccountStatusTrigger(**{"account_id": "anna", **wrong})

    def test_is_part_of_the_asset_that_a_webhook_tells_of_too(self):
        asset = watched("anna")

        assert asset == account_status_asset("anna", watchers=asset.watchers)
        assert asset.watchers == [
            AssetWatcher(name="postpress://accounts/anna/status", trigger=asset.watchers[0].trigger)
        ]


class TestAChange:
    async def test_is_told_once_with_what_a_webhook_would_tell(self, emulator, anna, looks):
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await looks()
            began = datetime.now(UTC)
            emulator.set_source_status(anna, "CREDENTIALS")
            await become(lambda: airflow.told)
            await looks()
            (told,) = airflow.told

        assert began <= datetime.fromisoformat(told.pop("seen_at")) <= datetime.now(UTC)
        assert told == {
            "told_by": "watcher",
            "account_id": "anna",
            "account_type": "LINKEDIN",
            "message": "CREDENTIALS",
            "previous": "OK",
        }

    async def test_that_follows_another_is_told_after_it(self, emulator, anna, looks):
        statuses = ["CONNECTING", "ERROR", "OK", "STOPPED", "PERMISSIONS", "OK"]
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await looks()
            for number, status in enumerate(statuses, 1):
                emulator.set_source_status(anna, status)
                await become(lambda number=number: len(airflow.told) == number)

            assert airflow.of(anna) == list(zip(["OK", *statuses], statuses, strict=False))

    async def test_of_one_source_counts_if_it_is_the_gravest(self, emulator, anna, looks):
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await looks()
            emulator.set_source_status(anna, "CREDENTIALS", source_id="anna_1")
            await become(lambda: airflow.told)
            emulator.set_source_status(anna, "CONNECTING", source_id="anna_2")
            await looks()

            assert airflow.of(anna) == [("OK", "CREDENTIALS")]

    async def test_and_back_between_two_looks_is_not_told(self, emulator, anna, looks):
        async with triggerer() as airflow:
            airflow.watch(watched(anna, poll_interval=0.3))
            await looks(1)
            await become(lambda: emulator.requests(route=ROUTE)[-1]["status"])
            emulator.set_source_status(anna, "ERROR")
            emulator.set_source_status(anna, "OK")
            await looks(2)

            assert airflow.told == []

    async def test_to_being_deleted_names_the_type_that_the_account_had(self, emulator, ben, looks):
        async with triggerer() as airflow:
            airflow.watch(watched(ben))
            await looks()
            emulator.delete_account(ben)
            await become(lambda: airflow.told)
            emulator.add_account("TELEGRAM", account_id=ben)
            await become(lambda: len(airflow.told) == 2)

            assert airflow.of(ben) == [("OK", "DELETED"), ("DELETED", "OK")]
            assert [told["account_type"] for told in airflow.told] == ["TELEGRAM", "TELEGRAM"]

    async def test_of_another_account_is_none_of_a_watchers_business(self, emulator, anna, ben, looks):
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            airflow.watch(watched(ben))
            await looks()
            emulator.set_source_status(ben, "ERROR")
            await become(lambda: airflow.told)
            await looks()

            assert (airflow.of(anna), airflow.of(ben)) == ([], [("OK", "ERROR")])

    async def test_of_an_account_that_is_not_listed_yet_is_told_when_it_comes(self, emulator, looks, caplog):
        async with triggerer() as airflow:
            airflow.watch(watched("anna"))
            await looks()
            assert "lists no account 'anna'" in caplog.text
            emulator.add_account("LINKEDIN", account_id="anna")
            await become(lambda: airflow.told)

            assert airflow.of("anna") == [("DELETED", "OK")]


class TestLooking:
    async def test_reads_lists_and_nothing_else(self, emulator, anna, looks):
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await looks()

        assert {(request["method"], request["route"]) for request in emulator.requests()} == {("GET", ROUTE)}

    @since_33
    async def test_is_shared_by_all_watchers_of_a_connection(self, emulator, looks):
        names = [emulator.add_account("LINKEDIN", sources=["OK"]) for _ in range(40)]
        database = Database()
        async with triggerer(database) as airflow:
            for name in names:
                airflow.watch(watched(name, poll_interval=0.2))
            await become(lambda: len(database.messages) == 40)
            before = len(emulator.requests())
            for name in names:
                emulator.set_source_status(name, "ERROR")
            await become(lambda: len(airflow.told) == 40)
            seen_at = {told["seen_at"] for told in airflow.told}

        assert {told["account_id"] for told in airflow.told} == set(names)
        assert len(seen_at) <= 2  # the changes were made one by one
        assert len(emulator.requests()) - before <= 4

    @since_33
    async def test_is_shared_by_nobody_with_another_interval_or_connection(self, emulator, anna):
        keys = {
            PostpressAccountStatusTrigger(
                account_id, poll_interval=interval, postpress_conn_id=conn_id
            ).shared_stream_key()
            for account_id in ("anna", "ben")
            for interval in (60, 61)
            for conn_id in ("postpress_default", "elsewhere")
        }

        assert len(keys) == 4

    async def test_is_not_in_step_with_others_who_began_at_once(self, emulator, anna, connect, monkeypatch):
        async with triggerer() as airflow:
            for number in range(5):
                monkeypatch.setenv(f"AIRFLOW_CONN_C{number}", emulator.connection_json)
                airflow.watch(watched(anna, poll_interval=2, postpress_conn_id=f"c{number}"))
            await become(lambda: len(emulator.requests()) == 5)

        came = [request["at"] for request in emulator.requests()]
        assert max(came) - min(came) > 20

    async def test_ends_with_the_last_watcher_and_leaves_no_client_open(self, emulator, anna, ben, looks):
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            airflow.watch(watched(ben))
            await looks()
            assert len(shared._leases[asyncio.get_running_loop()]) == 1
            await airflow.stop()

            assert len(shared._leases[asyncio.get_running_loop()]) == 0

    async def test_does_not_wait_for_an_answer_when_it_is_to_end(self, emulator, anna):
        emulator.inject(faults.Hang(), route=ROUTE)
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await become(lambda: emulator.requests())
            async with asyncio.timeout(2):
                await airflow.stop()


class TestTrouble:
    FAULTS = (
        faults.Error(status=503, error_type="errors/service_unavailable"),
        faults.Error(status=401, error_type="errors/invalid_credentials"),
        faults.Error(status=403, error_type="errors/insufficient_permissions"),
        faults.Reset(),
        faults.LostAnswer(),
        faults.Truncated(),
        faults.Body(),
    )

    @pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind} {getattr(fault, 'status', '')}")
    async def test_tells_no_change_and_ends_no_watcher(self, emulator, anna, looks, fault):
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await looks()
            emulator.inject(fault, route=ROUTE, count=3)
            await become(lambda: not emulator.pending_faults())
            await looks()
            assert airflow.told == []
            emulator.set_source_status(anna, "ERROR")
            await become(lambda: airflow.told)

            assert airflow.of(anna) == [("OK", "ERROR")]

    async def test_is_told_once_in_the_log_and_without_the_key(self, emulator, anna, looks, caplog):
        fault = faults.Error(status=401, error_type="errors/invalid_credentials", detail=f"No key {emulator.api_key}")
        emulator.inject(fault, route=ROUTE, count=3)
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await become(lambda: not emulator.pending_faults())
            await looks()

        told = [record.getMessage() for record in caplog.records if "statuses of accounts" in record.getMessage()]
        assert ["errors/invalid_credentials" in told[0], "told again" in told[1], len(told)] == [True, True, 2]
        assert emulator.api_key not in caplog.text

    async def test_on_a_page_says_nothing_of_the_accounts_on_the_pages_to_come(self, emulator, looks):
        names = [emulator.add_account("LINKEDIN", sources=["OK"]) for _ in range(251)]
        first, last = names[0], names[-1]
        async with triggerer() as airflow:
            airflow.watch(watched(first))
            airflow.watch(watched(last))
            await looks(5)
            await become(lambda: "cursor" in emulator.requests(route=ROUTE)[-1]["query"])
            # each look that follows breaks off at its second page
            for _ in range(5):
                emulator.inject(faults.Reset(), route=ROUTE, skip=1)
            emulator.set_source_status(first, "ERROR")
            await become(lambda: airflow.of(first))
            await looks()
            told_of_last = airflow.of(last)
            emulator.clear_faults()

            assert told_of_last == []
            assert airflow.of(first) == [("OK", "ERROR")]

    async def test_lasts_as_long_as_postpress_asked_for(self, emulator, anna, looks):
        slower = faults.Error(status=429, error_type="errors/rate_limited", retry_after="1")
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await looks()
            emulator.inject(slower, route=ROUTE)
            await become(lambda: not emulator.pending_faults())
            await looks(1)

        refused, after = emulator.requests(route=ROUTE)[-2:]
        assert refused["status"] == 429
        assert after["at"] - refused["at"] >= 1000

    async def test_with_a_missing_connection_is_over_when_it_is_made(self, emulator, anna, looks, monkeypatch, caplog):
        async with triggerer() as airflow:
            airflow.watch(watched(anna, postpress_conn_id="made_later"))
            await become(lambda: "'made_later'" in caplog.text)
            monkeypatch.setenv("AIRFLOW_CONN_MADE_LATER", emulator.connection_json)
            await looks()
            emulator.set_source_status(anna, "ERROR")
            await become(lambda: airflow.told)

            assert airflow.of(anna) == [("OK", "ERROR")]

    async def test_with_the_key_is_over_when_the_connection_has_a_new_one(self, emulator, anna, looks, connect, caplog):
        connect(password="of_yesterday")
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await become(lambda: "401" in caplog.text)
            connect()
            await become(lambda: emulator.requests(route=ROUTE)[-1]["status"] == 200)

        assert "of_yesterday" not in caplog.text

    async def test_with_a_setting_of_the_connection_names_it(self, emulator, anna, connect, caplog):
        connect(extra={"timeout": "soon"})
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await become(lambda: "timeout='soon'" in caplog.text)
            assert airflow.told == []


@since_33
class TestAMemory:
    KEY = ("postpress://accounts/anna/status", "postpress_account_status/anna")

    @pytest.fixture
    def database(self) -> Database:
        """An empty one."""
        return Database()

    async def test_holds_what_was_seen_first_which_is_not_told(self, emulator, anna, database):
        async with triggerer(database) as airflow:
            airflow.watch(watched(anna))
            await become(lambda: database.states)
            assert airflow.told == []

        assert {key: json.loads(state) for key, state in database.states.items()} == {
            self.KEY: {"message": "OK", "account_type": "LINKEDIN"}
        }

    async def test_lets_a_change_while_no_triggerer_runs_be_told(self, emulator, anna, database, looks):
        async with triggerer(database) as airflow:
            airflow.watch(watched(anna))
            await become(lambda: database.states)
        emulator.set_source_status(anna, "CREDENTIALS")
        async with triggerer(database) as airflow:
            airflow.watch(watched(anna))
            await become(lambda: database.messages == ["CREDENTIALS"])
            assert airflow.of(anna) == [("OK", "CREDENTIALS")]
        async with triggerer(database) as airflow:
            airflow.watch(watched(anna))
            await looks()
            assert airflow.told == []

    async def test_lets_a_deletion_while_no_triggerer_runs_be_told_with_the_type(self, emulator, anna, database):
        async with triggerer(database) as airflow:
            airflow.watch(watched(anna))
            await become(lambda: database.states)
        emulator.delete_account(anna)
        async with triggerer(database) as airflow:
            airflow.watch(watched(anna))
            await become(lambda: airflow.told)

            assert (airflow.of(anna), airflow.told[0]["account_type"]) == ([("OK", "DELETED")], "LINKEDIN")

    async def test_tells_again_what_a_triggerer_died_of_telling(self, emulator, anna, database):
        database.states[self.KEY] = json.dumps({"message": "OK", "account_type": "LINKEDIN"})
        emulator.set_source_status(anna, "ERROR")
        for _ in range(2):
            async with triggerer(database) as airflow:
                airflow.watch(watched(anna, poll_interval=1))
                await become(lambda: airflow.told)
                assert airflow.of(anna) == [("OK", "ERROR")]
                assert database.messages == ["OK"]

    async def test_is_that_of_the_accounts_own_asset_where_several_are_watched_alike(self, emulator, anna, database):
        other = Asset("other", watchers=watched(anna).watchers)
        async with triggerer(database) as airflow:
            airflow.watch(other, watched(anna))
            await become(lambda: database.states)

        assert list(database.states) == [self.KEY]

    async def test_is_that_of_whichever_asset_is_the_only_one(self, emulator, anna, database):
        async with triggerer(database) as airflow:
            airflow.watch(Asset("other", watchers=watched(anna).watchers))
            await become(lambda: database.states)

        assert list(database.states) == [("other", self.KEY[1])]

    async def test_that_fails_is_told_once_and_keeps_no_watcher_from_watching(
        self, emulator, anna, database, looks, caplog
    ):
        database.fails = True
        async with triggerer(database) as airflow:
            airflow.watch(watched(anna))
            await looks()
            emulator.set_source_status(anna, "ERROR")
            await become(lambda: airflow.told)
            await looks()
            assert airflow.of(anna) == [("OK", "ERROR")]
            database.fails = False
            await become(lambda: database.messages == ["ERROR"])

        assert len([record for record in caplog.records if "cannot remember" in record.getMessage()]) == 1

    @pytest.mark.parametrize("written", ['"OK"', "{}", "[1]", '{"message": 1}'])
    async def test_that_somebody_else_wrote_is_as_good_as_none(self, emulator, anna, database, written):
        database.states[self.KEY] = written
        async with triggerer(database) as airflow:
            airflow.watch(watched(anna))
            await become(lambda: "account_type" in database.states[self.KEY])

            assert airflow.told == []


class TestWithoutAMemory:
    async def test_the_first_look_after_a_start_is_not_told(self, emulator, anna, looks):
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await looks()
        emulator.set_source_status(anna, "CREDENTIALS")
        async with triggerer() as airflow:
            airflow.watch(watched(anna))
            await looks()
            assert airflow.told == []
            emulator.set_source_status(anna, "OK")
            await become(lambda: airflow.told)

            assert airflow.of(anna) == [("CREDENTIALS", "OK")]

    async def test_or_others_to_share_with_it_runs_by_itself(self, emulator, anna, looks):
        events = PostpressAccountStatusTrigger(anna, poll_interval=FAST).run()
        first = asyncio.create_task(anext(events))
        await looks()
        emulator.set_source_status(anna, "ERROR")
        told = (await first).payload
        await events.aclose()

        assert (told["previous"], told["message"]) == ("OK", "ERROR")
        assert len(shared._leases[asyncio.get_running_loop()]) == 0
