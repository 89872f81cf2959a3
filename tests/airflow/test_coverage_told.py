"""What a sync leaves behind for coverage: its window before it begins, and what it has proven when it is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pendulum
import pytest
from airflow.models.asset import AssetEvent, AssetModel
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.sdk import DAG, Context
from airflow.sdk.execution_time import task_runner
from airflow.utils.session import create_session
from sqlalchemy import select, text

from airflow_provider_postpress.assets import account_asset, account_uri, id_of
from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.exceptions import PostpressReconnectRequired
from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator
from airflow_provider_postpress.sensors.resync import PostpressResyncSensor

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)
START = pendulum.datetime(2026, 1, 1)
DAY = {"start": "2026-01-05T00:00:00+00:00", "end": "2026-01-06T00:00:00+00:00"}
NEXT_DAY = {"start": "2026-01-06T00:00:00+00:00", "end": "2026-01-07T00:00:00+00:00"}
DAY_MS = [1767571200000, 1767657600000]
NEXT_DAY_MS = [DAY_MS[1], 1767744000000]
HAS_A_STORE = "asset_state_store" in Context.__annotations__
"""Whether Airflow keeps something for an asset: since 3.3."""
FAST = {"poll_interval": 0.01, "max_poll_interval": 0.01}
SYNC: dict[str, Any] = {"window": tuple(DAY.values()), **FAST}

ATTEMPT = {"window": DAY, "product": None, "partial": None, "sent": False}

ACCOUNTS = ["deferred", "mapped_1", "mapped/2", "quiet", "failed", "full", "twice", "new", "broken", "later", "again"]


def dag_under_test() -> DAG:
    with DAG("leaving", schedule=None, start_date=START) as dag:
        PostpressResyncOperator(task_id="deferred", account_id="deferred", deferrable=True, **SYNC)
        PostpressResyncOperator.partial(task_id="mapped", **SYNC).expand(account_id=["mapped_1", "mapped/2"])
        PostpressResyncOperator(task_id="quiet", account_id="quiet", do_xcom_push=False, **SYNC)
        PostpressResyncOperator(task_id="failed", account_id="failed", **SYNC)
        PostpressResyncOperator(task_id="full", account_id="full", window="full", partial=False, **FAST)
        PostpressResyncOperator(task_id="product", account_id="product", linkedin_product="recruiter", **SYNC)
        PostpressResyncOperator(task_id="silent", account_id="silent", emit_asset_events=False, **SYNC)
        PostpressResyncOperator(task_id="new", account_id="new", **SYNC)
        PostpressResyncOperator(task_id="broken", account_id="broken", **SYNC)
        PostpressResyncOperator(task_id="later", account_id="later", **SYNC)
        PostpressResyncOperator(task_id="again", account_id="again", **SYNC)
        PostpressChatResyncOperator(task_id="chat", chat_id="chat", **FAST)
        started = PostpressResyncOperator(task_id="start", account_id="waited", wait_for_completion=False, **SYNC)
        PostpressResyncSensor(task_id="wait", resync=started.output, poke_interval=0.01)
        once = PostpressResyncOperator(task_id="once", account_id="twice", **SYNC)
        once >> PostpressResyncOperator(task_id="twice", account_id="twice", window=tuple(NEXT_DAY.values()), **FAST)
    return dag


@pytest.fixture(scope="module")
def left(run_dag: Callable[..., Any], put_dag: Callable[[DAG], None]) -> Iterator[dict[str, Any]]:
    """What one run of the DAG has left: its XComs, the checkpoints, and what the emulator was asked."""
    with Emulator(duration_ms=10) as emulator, pytest.MonkeyPatch.context() as environment:
        connection = {**emulator.connection, "extra": {"verify": False}}
        environment.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", json.dumps(connection))
        for account in (*ACCOUNTS, "silent", "waited"):
            emulator.add_account("LINKEDIN", account_id=account)
        emulator.add_account("LINKEDIN", account_id="product", premium_features=["recruiter"])
        emulator.add_chat("full", chat_id="chat")
        emulator.fail_next_sync("failed")
        # a DAG that is scheduled on them makes them known; all but one, which no sync has told of so far
        known = [account_asset(account) for account in (*ACCOUNTS, "product", "silent", "waited") if account != "new"]
        put_dag(DAG("knowing", schedule=known, start_date=START))
        for account in ("twice", "broken"):
            tell(account, "leaving", NEXT_DAY)
        tell("twice", "another", {"start": NEXT_DAY["end"], "end": "2026-01-08T00:00:00+00:00"})
        if HAS_A_STORE:
            keep("broken", "leaving", ["what", "is", "this"])
            keep("later", "leaving", {"v": 2, "better": True})
            keep("again", "leaving", {"v": 1, "synced": {"recruiter": NEXT_DAY_MS}})
            keep("again", "another", {"v": 1, "synced": {"": NEXT_DAY_MS}})
            keep("again", None, {"v": 1, "dags": ["another"]})
            keep("mapped_1", None, {"v": 2, "better": True})
            keep("mapped/2", None, "what is this")
        run_dag(dag_under_test(), logical_date=datetime(2026, 1, 6, tzinfo=UTC))
        yield {"attempts": attempts(), "kept": kept() if HAS_A_STORE else {}}


def tell(account: str, dag_id: str, window: dict[str, str]) -> None:
    """Record a sync by a DAG."""
    extra = {"told_by": "sync", "status": "SYNC_DONE", "window": window, "product": None}
    with create_session() as session:
        session.add(AssetEvent(asset_id=asset_id(account), source_dag_id=dag_id, extra=extra, timestamp=NOON))


def asset_id(account: str) -> int:
    with create_session() as session:
        return session.scalars(select(AssetModel.id).where(AssetModel.uri == account_uri(account))).one()


def keep(account: str, dag_id: str | None, value: Any) -> None:
    """Put a value where the checkpoint of a DAG's syncs is kept, or the index of the DAGs."""
    with create_session() as session:
        session.execute(
            text("insert into asset_state_store (asset_id, key, value, updated_at) values (:id, :key, :value, :now)"),
            {
                "id": asset_id(account),
                "key": f"postpress_coverage:{dag_id}" if dag_id else "postpress_coverage",
                "value": json.dumps(value),
                "now": datetime.now(UTC),
            },
        )


def kept() -> dict[tuple[str, str], Any]:
    """The checkpoints, by account and DAG, and the indexes, by account and nothing."""
    with create_session() as session:
        rows = session.execute(
            text("select a.uri, s.key, s.value from asset_state_store s join asset a on a.id = s.asset_id")
        )
        return {
            (id_of(uri), key.removeprefix("postpress_coverage").removeprefix(":")): json.loads(value)
            for uri, key, value in rows
        }


def attempts_of(ended: Any) -> list[Any]:
    """What a task told before it began, as often as it did."""
    return [message.value for message in ended.told if getattr(message, "key", None) == "postpress_sync"]


def attempts() -> dict[tuple[str, int], Any]:
    """What tasks told before they began, by task."""
    with create_session() as session:
        rows = session.execute(
            text("select task_id, map_index, value from xcom where dag_id = 'leaving' and key = 'postpress_sync'")
        )
        return {(task_id, map_index): json.loads(value) for task_id, map_index, value in rows}


class TestWhatATaskTellsBeforeItBegins:
    @pytest.mark.parametrize(
        ("task", "account"), [(("deferred", -1), "deferred"), (("mapped", 0), "mapped_1"), (("mapped", 1), "mapped/2")]
    )
    def test_is_its_window_whether_it_is_deferred_or_mapped(self, left, task, account):
        assert left["attempts"][task] == {**ATTEMPT, "account_id": account, "partial": True, "sent": True}

    def test_outlasts_its_failure(self, left):
        assert left["attempts"]["failed", -1]["window"] == DAY

    def test_has_the_product_and_whether_anything_is_thrown_away(self, left):
        assert left["attempts"]["product", -1]["product"] == "recruiter"
        assert left["attempts"]["full", -1] == {
            **ATTEMPT,
            "account_id": "full",
            "window": None,
            "partial": False,
            "sent": True,
        }

    @pytest.mark.parametrize("task_id", ["quiet", "chat", "silent"])
    def test_is_nothing_where_xcoms_or_events_are_turned_off_or_a_chat_is_synced(self, left, task_id):
        assert (task_id, -1) not in left["attempts"]

    def test_is_nothing_of_a_sensors_that_follows_a_sync_by_its_handle(self, left):
        assert ("start", -1) in left["attempts"]
        assert ("wait", -1) not in left["attempts"]

    def test_is_told_before_the_first_request_of_the_sync(self, worker, account, emulator):
        emulator.inject(faults.Error(status=403, error_type="errors/forbidden"), route="account_sync")
        ended = worker.run(PostpressResyncOperator, account_id=account, window="full", deferrable=False)
        whole = {**ATTEMPT, "account_id": account, "window": None}
        assert ended.state == "failed"
        assert attempts_of(ended) == [whole, {**whole, "partial": True, "sent": True}]

    def test_is_known_of_an_account_that_is_not_connected(self, worker, emulator):
        account = emulator.add_account("LINKEDIN", sources=["CREDENTIALS"])
        ended = worker.run(PostpressResyncOperator, account_id=account, **SYNC)
        assert isinstance(ended.error, PostpressReconnectRequired)
        assert attempts_of(ended) == [{**ATTEMPT, "account_id": account}]

    def test_is_known_without_a_connection(self, worker):
        ended = worker.run(PostpressResyncOperator, account_id="acc", postpress_conn_id="nowhere", **SYNC)
        assert isinstance(ended.error, AirflowNotFoundException)
        assert attempts_of(ended) == [{**ATTEMPT, "account_id": "acc"}]

    def test_is_told_by_a_task_that_does_not_wait(self, worker, account):
        ended = worker.run(PostpressResyncOperator, account_id=account, wait_for_completion=False, **SYNC)
        assert [told["sent"] for told in attempts_of(ended)] == [False, True]

    @pytest.mark.parametrize("nobody", ["", " ", ".."])
    def test_is_nothing_of_an_id_that_no_account_can_have(self, worker, nobody):
        ended = worker.run(PostpressResyncOperator, account_id=nobody, **SYNC)
        assert (ended.state, attempts_of(ended)) == ("failed", [])

    def test_is_nothing_of_an_account_that_the_run_is_not_for(self, worker, account):
        worker.dag_run = {"conf": {"postpress_account_id": "acc_ben"}}
        ended = worker.run(PostpressResyncOperator, account_id=account, **SYNC)
        assert (ended.state, attempts_of(ended)) == ("skipped", [])

    def test_does_not_fail_the_sync_where_it_cannot_be_told(self, worker, account, monkeypatch, log):
        push = task_runner._xcom_push

        def fail(ti: Any, key: str, value: Any, **how: Any) -> None:
            if key == "postpress_sync":
                raise OSError("the backend is away")
            push(ti, key, value, **how)

        monkeypatch.setattr(task_runner, "_xcom_push", fail)
        assert worker.run(PostpressResyncOperator, account_id=account, deferrable=False, **SYNC).state == "success"
        assert [line for line in log() if line.startswith("WARNING") and "the backend is away" in line]


@pytest.mark.skipif(not HAS_A_STORE, reason="Airflow keeps nothing for assets before 3.3")
class TestWhatIsKept:
    @pytest.mark.parametrize("account", ["deferred", "mapped_1", "mapped/2", "quiet", "waited"])
    def test_is_what_a_dags_syncs_have_proven(self, left, account):
        assert left["kept"][account, "leaving"] == {"v": 1, "synced": {"": DAY_MS}}

    def test_is_told_by_product(self, left):
        assert left["kept"]["product", "leaving"] == {"v": 1, "synced": {"recruiter": DAY_MS}}

    def test_of_the_whole_history_ends_where_the_sync_began(self, left):
        ((start, end),) = [left["kept"]["full", "leaving"]["synced"][""]]
        assert start == 0
        assert DAY_MS[1] < end <= datetime.now(UTC).timestamp() * 1000

    def test_begins_with_what_events_tell_of_the_dag(self, left):
        assert left["kept"]["twice", "leaving"] == {"v": 1, "synced": {"": [DAY_MS[0], NEXT_DAY_MS[1]]}}

    def test_leaves_the_checkpoints_of_other_dags_alone(self, left):
        assert ("twice", "another") not in left["kept"]
        assert left["kept"]["again", "another"] == {"v": 1, "synced": {"": NEXT_DAY_MS}}

    def test_is_added_to_what_was_kept(self, left):
        assert left["kept"]["again", "leaving"] == {"v": 1, "synced": {"": DAY_MS, "recruiter": NEXT_DAY_MS}}

    def test_replaces_what_cannot_be_read_but_nothing_of_a_later_version(self, left):
        assert left["kept"]["broken", "leaving"] == {"v": 1, "synced": {"": [DAY_MS[0], NEXT_DAY_MS[1]]}}
        assert left["kept"]["later", "leaving"] == {"v": 2, "better": True}

    @pytest.mark.parametrize("account", ["deferred", "quiet", "broken", "twice", "mapped/2"])
    def test_has_an_index_of_the_dags(self, left, account):
        assert left["kept"][account, ""] == {"v": 1, "dags": ["leaving"]}

    def test_has_an_index_that_dags_are_added_to_unless_it_is_of_a_later_version(self, left):
        assert left["kept"]["again", ""] == {"v": 1, "dags": ["another", "leaving"]}
        assert left["kept"]["mapped_1", ""] == {"v": 2, "better": True}

    @pytest.mark.parametrize("account", ["failed", "silent", "new"])
    def test_is_nothing_where_nothing_is_told_or_airflow_does_not_know_the_asset_yet(self, left, account):
        assert (account, "leaving") not in left["kept"]

    def test_does_not_fail_the_sync_where_it_cannot_be_kept(self, worker, account, monkeypatch, log):
        def fail(*arguments: Any) -> None:
            raise OSError("the store is away")

        monkeypatch.setattr("airflow.sdk.execution_time.context.AssetStateStoreAccessor.get", fail)
        assert worker.run(PostpressResyncOperator, account_id=account, deferrable=False, **SYNC).state == "success"
        assert [line for line in log() if line.startswith("WARNING") and "the store is away" in line]
