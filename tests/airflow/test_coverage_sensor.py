"""Waiting until a span of an account's messages is covered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
import pytest
from airflow.models.asset import AssetEvent, AssetModel
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.utils.session import create_session
from sqlalchemy import select

from airflow_provider_postpress.assets import account_asset, account_uri
from airflow_provider_postpress.exceptions import PostpressRequestRefused, PostpressWindowError
from airflow_provider_postpress.operators.resync import PostpressResyncOperator
from airflow_provider_postpress.sensors.coverage import PostpressCoverageSensor

START = pendulum.datetime(2026, 1, 1)
DAY = {"start": "2026-01-05T00:00:00Z", "end": "2026-01-06T00:00:00Z"}
WAIT: dict[str, Any] = {**DAY, "poke_interval": 0.02, "timeout": 30}
GIVE_UP = {"poke_interval": 0.01, "timeout": 0.05}


def tell(account: str, *windows: tuple[str, str], product: str | None = None) -> None:
    """Record syncs of windows that the scheduler's next look will have activated."""
    uri = account_uri(account)
    with create_session() as session:
        asset = session.scalars(select(AssetModel).where(AssetModel.uri == uri)).one_or_none()
        if asset is None:
            asset = AssetModel(name=uri, uri=uri, group="asset")
            session.add(asset)
            session.flush()
        for start, end in windows:
            extra = {"status": "SYNC_DONE", "window": {"start": start, "end": end}, "product": product}
            session.add(AssetEvent(asset_id=asset.id, source_dag_id="nightly", extra=extra))


def test_it_waits_for_syncs_of_whatever_dag_that_leave_no_hole(emulator, run_dag: Callable[..., Any], put_dag, log):
    emulator.add_account("LINKEDIN", account_id="gated")
    put_dag(DAG("gates", schedule=[account_asset("gated")], start_date=START))
    tell("gated", ("2026-01-05T00:00:00Z", "2026-01-05T06:00:00Z"), ("2026-01-05T12:00:00Z", "2026-01-07T00:00:00Z"))
    with DAG("gated", schedule=None, start_date=START) as dag:
        PostpressCoverageSensor(task_id="covered", account_id="gated", **WAIT)
        # so that the sensor has looked before
        EmptyOperator(task_id="first") >> PostpressResyncOperator(
            task_id="sync",
            account_id="gated",
            window=("2026-01-05T06:00:00Z", "2026-01-05T12:00:00Z"),
            poll_interval=0.01,
        )
    dag_run = run_dag(dag)

    assert {ti.state for ti in dag_run.get_task_instances()} == {"success"}
    said = [line for line in log() if "gated" in line and "account" in line.lower()]
    missing = (
        "INFO Still missing of account 'gated' in [2026-01-05 00:00 → 2026-01-06 00:00) UTC: "
        "[2026-01-05 06:00 → 2026-01-05 12:00) UTC."
    )
    assert missing in said
    assert "INFO Account 'gated' is synced in [2026-01-05 00:00 → 2026-01-06 00:00) UTC." in said


def test_it_waits_for_a_product_or_for_all(run_dag: Callable[..., Any]):
    tell("by_product", (DAY["start"], DAY["end"]), product="recruiter")
    with DAG("waiting", schedule=None, start_date=START, params={"account": "by_product"}) as dag:
        PostpressCoverageSensor(
            task_id="product", account_id="{{ params.account }}", linkedin_product="recruiter", **WAIT
        )
        PostpressCoverageSensor(task_id="all", account_id="by_product", **DAY, **GIVE_UP)
    dag_run = run_dag(dag)
    assert {ti.task_id: ti.state for ti in dag_run.get_task_instances()} == {"product": "success", "all": "failed"}


def test_it_gives_its_slot_back_between_its_looks(worker):
    task = worker.task(PostpressCoverageSensor, account_id="acc", **WAIT)
    assert (task.mode, task.reschedule) == ("reschedule", True)
    ended = worker.run(PostpressCoverageSensor, account_id="acc", **DAY, **GIVE_UP)
    assert (ended.state, ended.reschedules > 0) == ("failed", True)


@pytest.mark.parametrize("mode", ["reschedule", "poke"])
def test_it_gives_up_in_time_and_can_do_so_softly(worker, mode):
    arguments = {**DAY, **GIVE_UP, "mode": mode, "account_id": "acc"}
    assert worker.run(PostpressCoverageSensor, **arguments).state == "failed"
    assert worker.run(PostpressCoverageSensor, soft_fail=True, **arguments).state == "skipped"


def test_it_tells_at_each_look_some_of_what_is_missing(run_dag: Callable[..., Any], log):
    tell("holey_gate", *((f"2026-01-05T{hour:02}:00:00Z", f"2026-01-05T{hour:02}:30:00Z") for hour in range(0, 10, 2)))
    with DAG("telling", schedule=None, start_date=START) as dag:
        PostpressCoverageSensor(task_id="wait", account_id="holey_gate", **DAY, **GIVE_UP, mode="poke")
    run_dag(dag)
    (told, *_) = [line for line in log() if "holey_gate" in line and "Still missing" in line]
    assert told.endswith(
        "[2026-01-05 00:30 → 2026-01-05 02:00) UTC, [2026-01-05 02:30 → 2026-01-05 04:00) UTC, "
        "[2026-01-05 04:30 → 2026-01-05 06:00) UTC and 2 more."
    )


def test_what_lies_in_the_future_is_waited_for_and_not_cut(worker, log):
    later = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    worker.run(PostpressCoverageSensor, account_id="acc", start=timedelta(0), end=later.isoformat(), **GIVE_UP)
    assert any(f"→ {later:%Y-%m-%d %H:%M:%S}) UTC" in line for line in log())


def test_time_is_counted_back_from_the_start_of_the_run_at_each_look(worker, log):
    worker.dag_run = {"start_date": datetime(2026, 1, 8, tzinfo=UTC)}
    worker.run(
        PostpressCoverageSensor,
        account_id="acc",
        start=timedelta(days=2),
        end=timedelta(days=1),
        **GIVE_UP,
        mode="poke",
    )
    told = {line for line in log() if "Still missing" in line}
    assert [line.partition(" in ")[2].partition(":  ")[0][:42] for line in told] == [
        "[2026-01-06 00:00 → 2026-01-07 00:00) UTC:"
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"start": "x"}, PostpressWindowError, "start='x' is not a moment"),
        ({"end": DAY["start"]}, PostpressWindowError, "is not before its end"),
        ({"account_id": ""}, PostpressRequestRefused, "account_id='' is not an id"),
        ({"linkedin_product": "gold"}, PostpressRequestRefused, "linkedin_product='gold' is not allowed"),
    ],
)
def test_what_cannot_be_waited_for_is_refused_with_words_and_for_good(worker, arguments, error, words):
    ended = worker.run(PostpressCoverageSensor, **{"account_id": "acc", **WAIT, **arguments})
    assert ended.state == "failed"
    with pytest.raises(error, match=words):
        raise ended.error
    assert not [message for message in ended.told if "Asset" in type(message).__name__]
