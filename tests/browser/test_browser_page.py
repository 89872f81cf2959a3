"""The coverage page as people see it, each with their own rights, in an Airflow under a path of its server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_3_PLUS
from coverage_rights import SECRET_DAG
from coverage_screen import CoverageScreen
from playwright.sync_api import Route, expect

from demo.past import Past

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
ANNA, BEN, CEM, DANA, HALF = "Anna Weber", "Ben Schuster", "Cem Kaya", "Dana Levi", "Half Hidden"
PLANT = "window.__pwned = true"
HOSTILE_ID = f'"><script>{PLANT}</script>'
HOSTILE_NAME = f'<img src=x onerror="{PLANT}">'
HOSTILE_DAG = f'javascript:{PLANT}//"onclick="{PLANT}"'

pytestmark = pytest.mark.xdist_group("browser")  # one Airflow for all


def expect_to_be_back(screen: CoverageScreen, account: str) -> None:
    """Expect the account that the address names; before 3.3 Airflow keeps that from the page, which begins anew."""
    if AIRFLOW_V_3_3_PLUS:
        expect(screen.drawer.get_by_role("heading", name=account)).to_be_visible()
    else:
        expect(screen.row(account)).to_be_visible()
        expect(screen.drawer).to_be_hidden()


def ago(days: int) -> datetime:
    return TODAY - timedelta(days=days)


@pytest.fixture(scope="module")
def airflow(an_airflow: Any) -> Iterator[Any]:
    """An API server without a scheduler, with the past of six accounts."""
    with an_airflow(base_path="/airflow") as airflow:
        with Past(airflow.home / "airflow.db") as past:
            put_past(past)
        yield airflow


def put_past(past: Past) -> None:
    past.account("acc_anna", ANNA)  # three days missing long ago, and one lately; two failed
    past.status("acc_anna", "OK", ago(200))
    past.days("acc_anna", ago(200), ago(63), dag_id="daily_history")
    past.days("acc_anna", ago(60), ago(20), dag_id="daily_history")
    past.days("acc_anna", ago(20), ago(18), dag_id="daily_history", status="SYNC_ERROR")
    past.days("acc_anna", ago(18), ago(10), dag_id="daily_history")
    past.days("acc_anna", ago(9), TODAY, dag_id="daily_history")

    past.account("acc_ben", BEN)  # all of it
    past.status("acc_ben", "OK", ago(200), "TELEGRAM")
    past.days("acc_ben", ago(200), TODAY, dag_id="daily_history")

    past.account("acc_cem", CEM)  # of two products, one of which lacks five days
    past.days("acc_cem", ago(100), TODAY, dag_id="daily_history", product="classic")
    past.days("acc_cem", ago(100), ago(45), dag_id="daily_history", product="recruiter")
    past.days("acc_cem", ago(40), TODAY, dag_id="daily_history", product="recruiter")

    past.account("acc_dana", DANA)  # away for nine days, and again since four
    past.days("acc_dana", ago(150), ago(120), dag_id="daily_history")
    past.status("acc_dana", "CREDENTIALS", ago(120))
    past.status("acc_dana", "OK", ago(111))
    past.days("acc_dana", ago(111), ago(4), dag_id="daily_history")
    past.status("acc_dana", "CREDENTIALS", ago(4))

    past.account("acc_half", HALF)  # by a DAG that some may not see
    past.days("acc_half", ago(90), ago(70), dag_id="daily_history")
    past.days("acc_half", ago(70), ago(30), dag_id=SECRET_DAG)
    past.days("acc_half", ago(30), TODAY, dag_id="daily_history")

    past.account(HOSTILE_ID, HOSTILE_NAME)
    past.status(HOSTILE_ID, HOSTILE_NAME, ago(50), HOSTILE_NAME)
    past.days(HOSTILE_ID, ago(50), ago(30), dag_id=HOSTILE_DAG, run=HOSTILE_NAME, chunks=HOSTILE_NAME)
    past.days(HOSTILE_ID, ago(30), ago(20), dag_id=HOSTILE_DAG, product=HOSTILE_NAME)
    past.days(HOSTILE_ID, ago(20), TODAY, dag_id=HOSTILE_DAG)


def test_the_page_is_in_airflows_navigation_and_lists_each_account_with_what_it_lacks(visit):
    screen = visit()
    screen.open()
    expect(screen.rows).to_have_count(6)
    expect(screen.row(ANNA, "6 days lost in 3 gaps")).to_be_visible()
    expect(screen.row(BEN, "100.% synced, no gaps")).to_be_visible()
    expect(screen.row(CEM, "5 days lost in 1 gap")).to_be_visible()
    expect(screen.row(DANA, "13 days lost in 2 gaps, disconnected now")).to_be_visible()
    expect(screen.row(HALF, "no gaps")).to_be_visible()
    expect(screen.card("Failed")).to_contain_text("1 gap in 1 account")
    expect(screen.card("Disconnected now")).to_contain_text(DANA)


def test_a_zoom_narrows_the_totals_and_the_rows(visit):
    screen = visit()
    screen.open_at()
    expect(screen.card("Missing")).to_contain_text("in 3 accounts")

    screen.frame.get_by_role("button", exact=True, name="Month").click()
    expect(screen.row(ANNA, "3 days lost in 2 gaps")).to_be_visible()
    expect(screen.row(CEM, "no gaps")).to_be_visible()
    screen.frame.get_by_role("button", exact=True, name="Day").click()
    expect(screen.card("Failed")).to_contain_text("none in this span")
    screen.frame.get_by_role("button", exact=True, name="Year").click()
    expect(screen.row(ANNA, "6 days lost in 3 gaps")).to_be_visible()


def test_a_part_of_the_year_is_dragged_out_of_the_overview(visit):
    screen = visit()
    screen.open_at()
    expect(screen.row(ANNA, "6 days lost in 3 gaps")).to_be_visible()
    screen.drag_overview(1 - 80 / 365, 1 - 50 / 365)
    expect(screen.row(ANNA, "3 days lost in 1 gap")).to_be_visible()
    expect(screen.card("Failed")).to_contain_text("none in this span")


def test_search_and_filters_leave_the_accounts_that_are_meant(visit):
    screen = visit()
    screen.open_at()
    expect(screen.rows).to_have_count(6)
    search = screen.search
    search.fill("webER")
    expect(screen.rows).to_have_count(1)
    expect(screen.row(ANNA)).to_be_visible()
    search.fill("nobody of that name")
    expect(screen.rows).to_have_count(0)
    search.fill("")
    expect(screen.rows).to_have_count(6)

    screen.frame.get_by_role("button", name=re.compile("^Failed")).click()
    expect(screen.rows).to_have_count(1)
    expect(screen.row(ANNA)).to_be_visible()


def test_an_account_opens_with_its_days_its_gaps_in_words_its_statuses_and_its_windows(visit):
    screen = visit()
    screen.open_at()
    screen.row(DANA).click()
    expect(screen.drawer.get_by_role("heading", name=DANA)).to_be_visible()
    expect(screen.drawer).to_contain_text("Needs to sign in again")
    expect(screen.gap("^Disconnected, .*9 days")).to_be_visible()
    expect(screen.drawer.get_by_role("gridcell", name=re.compile(": disconnected")).first).to_be_visible()
    expect(screen.drawer.get_by_role("heading", name="Windows (137)")).to_be_visible()
    screen.picture("drawer")

    screen.page.keyboard.press("Escape")
    expect(screen.drawer).to_be_hidden()
    expect(screen.row(DANA)).to_be_focused()


def test_products_are_told_apart(visit):
    screen = visit()
    screen.open_at()
    screen.row(CEM).click()
    expect(screen.drawer.get_by_role("heading", name="Products")).to_be_visible()
    expect(screen.drawer.get_by_role("listitem").filter(has_text="Recruiter").first).to_contain_text("5 days lost")
    expect(screen.drawer.get_by_role("listitem").filter(has_text="Classic").first).to_contain_text("100")


def test_airflows_theme_is_followed_as_soon_as_it_is_switched(visit):
    screen = visit(color_scheme="light")
    screen.open_at()
    html = screen.frame.locator("html")
    html.evaluate("() => { window.notLoadedAgain = true; }")
    light = html.evaluate("html => getComputedStyle(html.ownerDocument.body).backgroundColor")
    expect(html).to_have_attribute("data-theme", "light")
    screen.picture("light")

    screen.choose_theme("Dark Mode")
    expect(html).to_have_attribute("data-theme", "dark")
    expect(screen.frame.locator("body")).not_to_have_css("background-color", light)
    screen.picture("dark")
    screen.choose_theme("Light Mode")
    expect(screen.frame.locator("body")).to_have_css("background-color", light)
    assert html.evaluate("() => window.notLoadedAgain")


def test_times_are_those_of_the_timezone_that_is_chosen_in_airflow(visit):
    screen = visit()
    screen.open_at()
    screen.row(ANNA).click()
    expect(screen.gap("^Missing, .*, 3 days$")).not_to_contain_text(":")

    screen.choose_timezone("Asia/Tokyo")
    expect(screen.gap("^Missing, .* 09:00 to .* 09:00, 3 days$")).to_be_visible()
    expect(screen.drawer).to_contain_text("Asia/Tokyo")


def test_who_may_not_start_runs_is_offered_none_and_told_why(visit):
    screen = visit("vera")
    screen.open_at()
    screen.row(ANNA).click()
    screen.gap("^Missing, .*, 3 days$").click()
    expect(screen.drawer).to_contain_text("You may look, but not start runs.")
    expect(screen.drawer.get_by_role("button", name="Sync this window")).to_have_count(0)
    expect(screen.drawer.get_by_role("button", name="Backfill")).to_have_count(0)


def test_what_is_hidden_from_somebody_is_called_unknown_and_never_missing(visit):
    screen = visit("hana")
    screen.open_at()
    row = screen.row(HALF, "days unknown: some of it is hidden from you")
    expect(row).to_contain_text("partly hidden")
    row.click()
    expect(screen.drawer).to_contain_text("Some of it is hidden from you.")
    expect(screen.gap("Missing|Failed|Disconnected")).to_have_count(0)
    expect(screen.drawer.get_by_role("gridcell", name=re.compile("missing"))).to_have_count(0)


def test_who_may_not_read_assets_is_told_so_and_sees_nothing(visit):
    screen = visit("nora")
    screen.open_at()
    expect(screen.frame.get_by_role("heading", name="You may not see this page")).to_be_visible()
    expect(screen.rows).to_have_count(0)


def test_who_is_signed_out_meanwhile_is_asked_to_sign_in_and_comes_back_to_the_same_account(visit):
    screen = visit()
    screen.open_at()
    expect(screen.rows.first).to_be_visible()
    screen.page.wait_for_load_state("networkidle")  # or Airflow's own page notices first, and asks to sign in
    screen.context.clear_cookies()
    screen.row(ANNA).click()
    expect(screen.frame.get_by_role("heading", name="You are signed out")).to_be_visible()
    screen.picture("signed-out")

    screen.frame.get_by_role("button", name="Sign in").click()
    screen.fill_in("uma")
    expect_to_be_back(screen, ANNA)


def test_who_comes_signed_out_by_a_link_signs_in_and_comes_to_what_was_linked(visit):
    screen = visit(None)
    screen.open_at("account=acc_anna")
    screen.fill_in("uma")
    expect_to_be_back(screen, ANNA)


def test_an_airflow_that_has_synced_nothing_is_told_how_to_begin(visit):
    def nothing(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "accounts": []})

    screen = visit()
    screen.page.route("**/postpress/api/coverage?*", nothing)
    screen.open_at()
    expect(screen.frame.get_by_role("heading", name="No account has been synced yet")).to_be_visible()
    expect(screen.frame.locator("#state")).to_contain_text("PostpressResyncOperator")


def test_an_error_is_told_in_words_and_trying_again_helps(visit):
    screen = visit()
    route = "**/postpress/api/coverage?*"
    screen.page.route(route, lambda route: route.fulfill(status=503, json={"detail": "The database does not answer."}))
    screen.open_at()
    expect(screen.frame.get_by_role("heading", name="Coverage could not be loaded")).to_be_visible()
    expect(screen.frame.locator("#state")).to_contain_text("The database does not answer.")
    screen.picture("error")

    screen.page.unroute(route)
    screen.frame.get_by_role("button", name="Try again").click()
    expect(screen.row(ANNA)).to_be_visible()


def test_hostile_names_ids_and_statuses_are_shown_as_text(visit):
    screen = visit()
    screen.open_at()
    row = screen.row(HOSTILE_NAME)
    expect(row).to_contain_text(HOSTILE_NAME)
    row.click()
    expect(screen.drawer.get_by_role("heading", name=HOSTILE_NAME)).to_be_visible()
    expect(screen.drawer.locator("code").first).to_have_text(HOSTILE_ID)
    expect(screen.drawer.get_by_role("heading", name=re.compile("Windows"))).to_contain_text("(")
    screen.gap("^Missing").click()
    expect(screen.drawer.get_by_role("button", name="Sync this window")).to_be_visible()
    assert screen.frame.locator("[onerror], [onclick], a[href^='javascript:'], img[src='x']").count() == 0
    screen.page.reload(wait_until="commit")
    expect_to_be_back(screen, HOSTILE_NAME)
