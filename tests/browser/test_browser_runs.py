"""Gaps that people turn into runs on the coverage page of a live Airflow, until the strip has turned."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from airflow_provider_postpress.emulator import Emulator
from demo.past import Past

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
GAP = (TODAY - timedelta(days=183), TODAY - timedelta(days=180))
"""Three days in the middle of the year that the page shows."""
SHARE = (1 - 182.7 / 365, 1 - 181.3 / 365)
"""Where in the year that is."""
NAMES = {
    "acc_anna": "Anna Weber",
    "acc_ben": "Ben Schuster",
    "acc_emil": "Emil Berg",
    "acc_kim": "Kim Park",
    "acc_lena": "Lena Vogel",
}
DAGS = {"acc_anna": "mapped_history", "acc_ben": "daily_history"}

pytestmark = pytest.mark.xdist_group("live")  # never two live Airflows at once


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """A Postpress whose accounts have a message for each day of their gaps, which it lacks."""
    with Emulator(duration_ms=50) as emulator:
        for account_id in NAMES:
            emulator.add_account("LINKEDIN", account_id=account_id)
            emulator.add_chat(
                account_id, messages=[(GAP[0] + timedelta(days=n, hours=9)).isoformat() for n in range(3)]
            )
        yield emulator


@pytest.fixture(scope="module")
def airflow(an_airflow: Any, emulator: Emulator) -> Iterator[Any]:
    """A live Airflow, whose accounts were synced every day, but for three."""
    with an_airflow() as airflow:
        airflow.add_connection("postpress_default", **emulator.connection)
        with Past(airflow.home / "airflow.db") as past:
            for account_id, name in NAMES.items():
                dag_id = DAGS.get(account_id, "anyones_history")
                past.account(account_id, name)
                past.days(account_id, TODAY - timedelta(days=300), GAP[0], dag_id=dag_id)
                past.days(account_id, GAP[1], TODAY, dag_id=dag_id)
        airflow.start()
        yield airflow


@pytest.fixture
def runs(airflow: Any) -> Callable[[str], list[dict[str, Any]]]:
    """List the runs that were made for an account, the oldest first."""

    def runs(account_id: str) -> list[dict[str, Any]]:
        dag_id = DAGS.get(account_id, "anyones_history")
        made = airflow.get(f"dags/{dag_id}/dagRuns", limit=100, order_by="id")["dag_runs"]
        return [run for run in made if run["conf"].get("postpress_account_id") == account_id]

    return runs


def test_a_gap_becomes_one_run_of_its_window_and_account_and_the_strip_turns(visit, emulator, runs):
    screen = visit()
    screen.open()
    row = screen.row("Anna Weber", "3 days lost in 1 gap")
    expect(row).to_be_visible()
    lost = screen.colours_of("Anna Weber", *SHARE)
    screen.click_strip("Anna Weber", sum(SHARE) / 2)
    expect(screen.gap("^Missing, .*, 3 days$")).to_have_attribute("aria-pressed", "true")
    screen.picture("chosen")

    screen.sync.click()
    expect(screen.frame.get_by_text("A run of mapped_history was started for Anna Weber.")).to_be_visible()
    expect(screen.row("Anna Weber", "no gaps")).to_be_visible()
    expect(screen.frame.get_by_text(re.compile("^Synced: .* of Anna Weber"))).to_be_visible()
    expect(screen.drawer).to_contain_text("None: all that was due is synced.")
    assert not screen.colours_of("Anna Weber", *SHARE) & (lost - screen.colours_of("Anna Weber", 0.6, 0.9))

    (run,) = runs("acc_anna")
    assert (run["state"], run["logical_date"], run["triggering_user_name"]) == ("success", None, "uma")
    window = {name: datetime.fromisoformat(at) for name, at in run["conf"]["postpress_window"].items()}
    assert (window["start"], window["end"]) == GAP
    assert emulator.missing("acc_anna", *(at.isoformat() for at in GAP)) == []


def test_the_run_is_reached_from_the_window_that_it_has_synced(visit, runs):
    screen = visit()
    screen.open_at()
    screen.row("Lena Vogel").click()
    screen.gap("^Missing").click()
    screen.sync.click()
    expect(screen.row("Lena Vogel", "no gaps")).to_be_visible()
    screen.drawer.get_by_role("link", name=re.compile("^Run of anyones_history, ")).first.click()
    (run,) = runs("acc_lena")
    expect(screen.page).to_have_url(re.compile(f"/dags/anyones_history/runs/{re.escape(quote(run['dag_run_id']))}"))
    expect(screen.page.get_by_role("link", name="Dags").first).to_be_visible()
    screen.page.go_back()
    expect(screen.row("Lena Vogel", "no gaps")).to_be_visible()


def test_a_gap_is_filled_by_a_backfill_of_its_days(visit, airflow, emulator, runs):
    screen = visit()
    screen.open_at()
    screen.row("Ben Schuster").click()
    screen.gap("^Missing, .*, 3 days$").click()
    # SQLite refuses a transaction that began to read before somebody else wrote: nobody else does
    for name in ("scheduler", "triggerer", "dag-processor"):
        airflow.kill_component(name)
    screen.drawer.get_by_role("button", name="Backfill (3 runs)").click()
    expect(
        screen.frame.get_by_text("A backfill of daily_history was started for Ben Schuster: 3 runs.")
    ).to_be_visible()
    airflow.start()

    expect(screen.row("Ben Schuster", "no gaps")).to_be_visible()
    assert [run["run_type"] for run in runs("acc_ben")] == ["backfill"] * 3
    assert emulator.missing("acc_ben", *(at.isoformat() for at in GAP)) == []


def test_a_run_that_fails_is_told_of_and_its_window_is_a_failed_one_until_another_succeeds(visit, emulator, runs):
    screen = visit()
    screen.open_at()
    screen.row("Emil Berg").click()
    screen.gap("^Missing, .*, 3 days$").click()
    emulator.fail_next_sync("acc_emil")
    screen.sync.click()
    expect(screen.frame.get_by_role("alert")).to_contain_text("The run of anyones_history failed")
    expect(screen.gap("^Failed, .*, 3 days$")).to_be_visible()
    screen.picture("failed")

    screen.gap("^Failed, .*, 3 days$").and_(screen.frame.locator("[aria-pressed=true]")).wait_for()
    screen.sync.click()
    expect(screen.row("Emil Berg", "no gaps")).to_be_visible()
    assert [run["state"] for run in runs("acc_emil")] == ["failed", "success"]


def test_a_gap_is_found_and_synced_with_the_keyboard_alone(visit, runs):
    screen = visit()
    screen.open_at()
    press = screen.page.keyboard.press
    screen.tab_to(screen.search)
    screen.page.keyboard.type("kim")
    expect(screen.rows).to_have_count(1)
    screen.tab_to(screen.row("Kim Park"))
    press("ArrowRight")
    expect(screen.frame.locator("#say")).to_contain_text(re.compile("^Missing, .*, 3 days. 1 of 1.$"))
    press("Enter")
    expect(screen.sync).to_be_enabled()
    screen.tab_to(screen.sync)
    press("Enter")
    expect(screen.row("Kim Park", "no gaps")).to_be_visible()
    assert [run["state"] for run in runs("acc_kim")] == ["success"]
