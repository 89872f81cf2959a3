"""What a sync tells Airflow: an event of its asset, with what was synced, and nothing where nothing was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG, Asset
from sqlalchemy import text

from airflow_provider_postpress.assets import SYNCED, account_asset
from airflow_provider_postpress.emulator import Emulator
from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator
from airflow_provider_postpress.sensors.resync import PostpressChatResyncSensor, PostpressResyncSensor

START = pendulum.datetime(2026, 1, 1)
DAY = {"start": "2026-01-05T00:00:00+00:00", "end": "2026-01-06T00:00:00+00:00"}
SYNC: dict[str, Any] = {"window": tuple(DAY.values()), "poll_interval": 0.01, "max_poll_interval": 0.01}
CHAT = {"poll_interval": 0.01, "max_poll_interval": 0.01}


def dag_under_test() -> DAG:
    with DAG("syncing", schedule=None, start_date=START, params={"account": "by_template"}) as dag:
        PostpressResyncOperator(task_id="literal", account_id="literal", chunk_size=1, **SYNC)
        PostpressResyncOperator(task_id="deferred", account_id="deferred", deferrable=True, **SYNC)
        PostpressResyncOperator(task_id="templated", account_id="{{ params.account }}", **SYNC)
        PostpressResyncOperator.partial(task_id="mapped", **SYNC).expand(account_id=["mapped_1", "mapped/2"])
        PostpressResyncOperator(task_id="product", account_id="product", linkedin_product="recruiter", **SYNC)
        PostpressResyncOperator(task_id="named", account_id="named", **SYNC)
        declared = account_asset("declared", name="Declared")
        PostpressResyncOperator(task_id="declared", account_id="declared", outlets=[declared], **SYNC)
        PostpressChatResyncOperator(task_id="chat", chat_id="chat", **CHAT)
        PostpressResyncOperator(task_id="silent", account_id="silent", emit_asset_events=False, **SYNC)
        PostpressResyncOperator(task_id="fired", account_id="fired", wait_for_completion=False, **SYNC)
        PostpressResyncOperator(task_id="skipped", account_id="whatsapp", if_unsupported="skip", **SYNC)
        PostpressResyncOperator(task_id="failed", account_id="failed", **SYNC)
        for mode, how in WAITING.items():
            started = PostpressResyncOperator(task_id=f"start_{mode}", account_id=mode, **STARTED, **SYNC)
            PostpressResyncSensor(task_id=mode, resync=started.output, **how)
        started = PostpressResyncOperator.partial(task_id="start_mapped", **STARTED, **SYNC).expand(
            account_id=["waited_1", "waited_2"]
        )
        PostpressResyncSensor.partial(task_id="wait_mapped", poke_interval=0.01).expand(resync=started.output)
        started_chat = PostpressChatResyncOperator(task_id="start_chat", chat_id="another chat", **STARTED, **CHAT)
        PostpressChatResyncSensor(task_id="wait_chat", resync=started_chat.output, poke_interval=0.01)
        done = PostpressResyncOperator(task_id="done", account_id="done", **SYNC)
        PostpressResyncSensor(task_id="after_its_end", resync=done.output)
        done >> PostpressResyncSensor(task_id="whichever", account_id="whichever", poke_interval=0.01, window="full")
    return dag


WAITING = {
    "poke": {"mode": "poke", "poke_interval": 0.01},
    "reschedule": {"mode": "reschedule", "poke_interval": 0.01},
    "deferrable": {"deferrable": True, "poke_interval": 0.01},
    "unheard": {"emit_asset_events": False, "poke_interval": 0.01},
}
STARTED: dict[str, Any] = {"wait_for_completion": False}


LISTENERS = {
    "on_an_account": [account_asset("literal")],
    "on_a_name_of_its_own": [Asset(name="Anna's messages", uri="postpress://accounts/named")],
    "on_all": [SYNCED],
    "on_another": [account_asset("silent")],
}


@pytest.fixture(scope="module")
def told(run_dag: Callable[..., Any], put_dag: Callable[[DAG], None]) -> Iterator[dict[str, Any]]:
    """The events of one run, by URI, and the DAGs that wait for the scheduler because of them."""
    with Emulator(duration_ms=10) as emulator, pytest.MonkeyPatch.context() as environment:
        connection = {**emulator.connection, "extra": {"verify": False}}
        environment.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", json.dumps(connection))
        for account in (
            "literal",
            "deferred",
            "by_template",
            "mapped_1",
            "mapped/2",
            "named",
            "declared",
            "silent",
            "fired",
            "failed",
            *WAITING,
            "waited_1",
            "waited_2",
            "done",
            "whichever",
        ):
            emulator.add_account("LINKEDIN", account_id=account)
        emulator.add_account("LINKEDIN", account_id="product", premium_features=["recruiter"])
        emulator.add_account("WHATSAPP", account_id="whatsapp")
        emulator.add_chat("literal", chat_id="chat")
        emulator.add_chat("literal", chat_id="another chat")
        emulator.fail_next_sync("failed")
        for name, schedule in LISTENERS.items():
            put_dag(DAG(name, schedule=schedule, start_date=START))
            unpause(name)
        dag_run = run_dag(dag_under_test(), logical_date=datetime(2026, 1, 6, tzinfo=UTC))
        yield {"run_id": dag_run.run_id, "events": events(), "queued": queued()}


def unpause(dag_id: str) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.get(DagModel, dag_id).is_paused = False


def rows(statement: str) -> list[Any]:
    from airflow.utils.session import create_session

    with create_session() as session:
        return list(session.execute(text(statement)))


def events() -> dict[str, tuple[str, dict[str, Any]]]:
    found = rows(
        "select a.uri, a.name, e.extra from asset_event e join asset a on a.id = e.asset_id "
        "where e.source_dag_id = 'syncing'"
    )
    assert len({uri for uri, _, _ in found}) == len(found)
    return {uri: (name, json.loads(extra) if isinstance(extra, str) else extra) for uri, name, extra in found}


def queued() -> set[str]:
    return {dag_id for (dag_id,) in rows("select distinct target_dag_id from asset_dag_run_queue")}


def extra_of(told: dict[str, Any], uri: str) -> dict[str, Any]:
    return told["events"][uri][1]


def test_an_event_tells_what_was_synced_how_since_when_and_by_which_run(told):
    extra = {**extra_of(told, "postpress://accounts/literal")}
    assert datetime.fromisoformat(extra.pop("started_at")).utcoffset() == timedelta(0)
    assert extra == {
        "told_by": "sync",
        "status": "SYNC_DONE",
        "window": DAY,
        "product": None,
        "partial": True,
        "chunks": 1,
        "run": told["run_id"],
    }
    assert extra_of(told, "postpress://accounts/product")["product"] == "recruiter"


def test_a_chat_has_an_event_without_a_window(told):
    extra = extra_of(told, "postpress://chats/chat")
    assert (extra["window"], extra["partial"]) == (None, None)


@pytest.mark.parametrize("account", ["deferred", "by_template", "mapped_1", "mapped%2F2"])
def test_an_id_that_is_deferred_templated_or_mapped_has_its_event(told, account):
    assert extra_of(told, f"postpress://accounts/{account}")["window"] == DAY


@pytest.mark.parametrize("account", ["poke", "reschedule", "deferrable", "waited_1", "waited_2"])
def test_a_sync_that_a_sensor_follows_by_its_handle_has_its_event_when_it_is_done(told, account):
    extra = extra_of(told, f"postpress://accounts/{account}")
    assert (extra["status"], extra["window"], extra["partial"]) == ("SYNC_DONE", DAY, True)


def test_a_chat_that_a_sensor_follows_has_its_event(told):
    assert extra_of(told, "postpress://chats/another%20chat")["status"] == "SYNC_DONE"


def test_a_sync_that_had_ended_before_its_sensor_looked_has_the_one_event_of_its_operator(told):
    assert extra_of(told, "postpress://accounts/done")["window"] == DAY


@pytest.mark.parametrize("account", ["silent", "fired", "whatsapp", "failed", "unheard", "whichever"])
def test_there_is_no_event_where_it_is_turned_off_or_nothing_was_synced(told, account):
    assert f"postpress://accounts/{account}" not in told["events"]


def test_an_outlet_that_the_task_declares_has_one_event_with_what_was_synced(told):
    name, extra = told["events"]["postpress://accounts/declared"]
    assert (name, extra["window"]) == ("Declared", DAY)


def test_dags_are_scheduled_on_an_account_by_its_uri_whatever_its_name_or_on_all(told):
    assert told["events"]["postpress://accounts/named"][0] == "Anna's messages"
    assert told["queued"] == {"on_an_account", "on_a_name_of_its_own", "on_all"}
