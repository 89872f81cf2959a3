"""The DAGs that can fill a gap, in a real API server; what a backfill of theirs would be is asked of Airflow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from page_past import HOUR, Past, utc
from page_server import Page

from demo.local_airflow import LocalAirflow
from demo.past import DAY

pytestmark = pytest.mark.xdist_group("live")  # two Airflows at once are too much for two cores

Visit = Callable[[str | None], Page]


def by_id(dags: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {dag["id"]: dag for dag in dags}


def test_those_that_have_synced_the_account_come_first_the_last_one_first(uma: Page, server_past: Past):
    server_past.sync("acc", utc(2026, 3, 5), utc(2026, 3, 6), dag_id="untagged_daily")
    server_past.sync("acc", utc(2026, 3, 6), utc(2026, 3, 7), dag_id="daily")
    server_past.sync("acc", utc(2026, 3, 4), utc(2026, 3, 5), dag_id="gone")
    dags = uma.dags(account="acc")
    assert [dag["id"] for dag in dags[:2]] == ["daily", "untagged_daily"]
    assert [dag["synced_before"] for dag in dags[:3]] == [True, True, False]
    others = [dag["id"] for dag in dags[2:]]
    assert others == sorted(others)
    assert "gone" not in others


def test_without_an_account_they_are_those_of_this_packages_tag(uma: Page):
    dags = by_id(uma.dags())
    assert "daily" in dags
    assert "untagged_daily" not in dags
    assert not any(dag["synced_before"] or dag["backfill"] for dag in dags.values())


def test_what_a_person_has_to_know_of_them_is_told(uma: Page):
    dags = by_id(uma.dags())
    assert dags["daily"] == {
        "id": "daily",
        "name": "daily",
        "paused": False,
        "schedule": "0 0 * * *",
        "synced_before": False,
        "backfill": None,
    }
    assert dags["paused_daily"]["paused"] is True
    assert dags["unscheduled"]["schedule"] is None


def test_of_dags_that_a_user_may_not_run_nothing_is_said(visit: Visit, server_past: Past):
    server_past.sync("secret", utc(2026, 3, 5), utc(2026, 3, 6), dag_id="hidden_daily")
    assert by_id(visit("uma").dags(account="secret"))["hidden_daily"]["synced_before"] is True
    seen = visit("hugo").get("api/dags", params={"account": "secret"})
    assert seen.json()["dags"]
    assert "hidden" not in seen.text
    assert visit("vera").dags(account="secret") == []  # a viewer may read all and run nothing


@pytest.mark.parametrize(
    ("dag_id", "start", "end", "runs"),
    [
        ("daily", utc(2026, 3, 5), utc(2026, 3, 14), 9),
        ("daily", utc(2026, 3, 5, 7), utc(2026, 3, 5, 8), 1),
        ("daily", utc(2026, 3, 5, 7), utc(2026, 3, 6, 8), 2),
        ("paused_daily", utc(2026, 3, 5), utc(2026, 3, 6), 1),
        ("daily_with_interval", utc(2026, 3, 5), utc(2026, 3, 8), 3),
        ("hourly_interval", utc(2026, 3, 5), utc(2026, 3, 6), 24),
        ("hourly_interval", utc(2026, 3, 5, 0, 30), utc(2026, 3, 5, 2, 30), 3),
        ("berlin", utc(2026, 3, 27), utc(2026, 3, 31), 5),
        ("twice_a_day", utc(2026, 3, 5, 6), utc(2026, 3, 6, 6), 2),
        ("six_hours", utc(2026, 3, 5, 1), utc(2026, 3, 6, 1), 4),
        ("six_hours_interval", utc(2026, 3, 5, 1), utc(2026, 3, 6, 2), 5),
        ("daily_or_asset", utc(2026, 3, 5), utc(2026, 3, 7), 2),
        ("listed", utc(2026, 1, 12), utc(2026, 1, 16), 1),
    ],
)
def test_a_backfill_of_these_dates_is_what_covers_the_gap(
    dag_id: str, start: datetime, end: datetime, runs: int, uma: Page, server: LocalAirflow
):
    told = by_id(uma.dags(start=start.isoformat(), end=end.isoformat()))[dag_id]["backfill"]
    assert told["runs"] == runs
    asked = {"dag_id": dag_id, "from_date": told["from_date"], "to_date": told["to_date"], "run_backwards": False}
    planned = server.post("backfills/dry_run", **asked, dag_run_conf={}, reprocess_behavior="completed")["backfills"]
    dates = [datetime.fromisoformat(run["logical_date"]) for run in planned]
    assert len(dates) == runs
    if dag_id.endswith("interval"):
        assert dates[0] <= start  # such a run's window begins with its logical date
        assert dates[-1] < end
    else:
        assert start < dates[0]  # and of the others, it ends there
        assert end <= dates[-1]


@pytest.mark.parametrize("dag_id", ["unscheduled", "once", "continuous", "on_asset", "partitioned"])
def test_a_schedule_without_such_dates_has_no_backfill(dag_id: str, uma: Page):
    dags = by_id(uma.dags(start="2026-03-05", end="2026-03-06"))
    if dag_id not in dags:
        pytest.skip("This Airflow has no partitions.")
    assert dags[dag_id]["backfill"] is None


def test_a_window_that_has_not_ended_is_left_out(uma: Page):
    now = datetime.now(UTC)
    dags = by_id(uma.dags(start=(now - 3 * DAY).isoformat(), end=(now + 3 * DAY).isoformat()))
    assert datetime.fromisoformat(dags["daily"]["backfill"]["to_date"]) < now
    assert dags["daily"]["backfill"]["runs"] == 3
    for start, end in ((now + 3 * DAY, now + 6 * DAY), (utc(9999, 12, 30), utc(9999, 12, 31))):
        future = uma.dags(start=start.isoformat(), end=end.isoformat())
        assert not any(dag["backfill"] for dag in future)


def test_more_runs_than_anybody_wants_are_not_offered(uma: Page):
    start = utc(2026, 1, 5)
    most = by_id(uma.dags(start=start.isoformat(), end=(start + 1000 * HOUR).isoformat()))["hourly_interval"]
    assert most["backfill"]["runs"] == 1000
    more = by_id(uma.dags(start=start.isoformat(), end=(start + 1001 * HOUR).isoformat()))["hourly_interval"]
    assert more["backfill"] is None


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"start": "soon", "end": "2026-03-06"}, "start='soon'"),
        ({"start": "2026-03-06", "end": "2026-03-05"}, "not before"),
        ({"start": "2026-03-06", "end": "9" * 5000}, "end='999"),
    ],
)
def test_what_cannot_be_answered_is_said_in_words(parameters: dict[str, str], said: str, uma: Page):
    answer = uma.get("api/dags", params=parameters)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_a_gap_of_all_time_is_answered_at_once(uma: Page):
    began = datetime.now(UTC)
    dags = by_id(uma.dags(start="0", end="9999-12-31"))
    assert dags["daily"]["backfill"] is None
    assert datetime.now(UTC) - began < timedelta(seconds=20)
