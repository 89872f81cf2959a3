"""The page's drawer: all of an account, and a gap that becomes a run."""

# ruff: noqa: RUF001 (the page writes spans with a dash)
from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from stub import DISCONNECTED, FAILED, MISSING, NOW, SYNCED, Account, Stub, at, backfill, dag, make_windows

pytestmark = pytest.mark.xdist_group("browser")

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

GAP = (at(2026, 11, 12), at(2026, 11, 14), MISSING)


@pytest.fixture
def ana(stub: Stub) -> Account:
    """Give an account with gaps of each kind, and two DAGs that can fill them."""
    account = Account(
        "ana/1",
        "Ana Ruiz",
        gaps=[
            (at(2026, 3, 3), at(2026, 3, 6), DISCONNECTED),
            (at(2026, 9, 23, 16), at(2026, 9, 24), MISSING),
            GAP,
            (at(2026, 11, 14), at(2026, 11, 15), FAILED),
        ],
        off=[(at(2026, 3, 2), at(2026, 3, 7))],
    )
    make_windows(account)
    stub.add(account, Account("ben", "Ben"))
    stub.dags = [
        dag("daily", backfill=backfill(at(2026, 11, 12), at(2026, 11, 14), 2)),
        dag("repair", schedule=None, paused=True),
    ]
    return account


def open_gap(page: Page, label: str = "Missing, 12 to 13 November 2026, 2 days") -> Locator:
    page.locator("[data-account='ana/1']").click()
    drawer = page.get_by_role("complementary", name="Ana Ruiz")
    drawer.get_by_role("button", name=label).click()
    expect(drawer).not_to_contain_text(re.compile("Loading…|Looking for DAGs"))
    return drawer


def test_the_drawer_tells_all_of_an_account(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator("[data-account='ana/1']").click()
    drawer = page.get_by_role("complementary", name="Ana Ruiz")
    expect(drawer).not_to_contain_text("Loading…")

    assert drawer.locator("code").inner_text() == "ana/1"
    assert "LinkedIn · Connected" in drawer.inner_text()
    assert drawer.locator(".facts dd").all_inner_texts() == ["98.2\u202f%", "6.3 days", "5 h ago"]
    assert drawer.locator("[data-gap]").evaluate_all("(all) => all.map((one) => one.getAttribute('aria-label'))") == [
        "Failed, 14 November 2026, 1 day",
        "Missing, 12 to 13 November 2026, 2 days",
        "Missing, 23 September 2026, 16:00 to 24:00, 8 h",
        "Disconnected, 3 to 5 March 2026, 3 days",
    ]
    assert drawer.get_by_role("gridcell", name="Thu 12 Nov 2026: missing").is_visible()
    assert drawer.get_by_role(
        "gridcell", name="Wed 23 Sep 2026: missing 8 h, 23 September 2026, 16:00 to 24:00"
    ).is_visible()
    assert drawer.get_by_role("gridcell", name="Sat 21 Nov 2026: not due yet").is_visible()
    assert drawer.get_by_role("gridcell").count() == 365
    assert (
        drawer.locator("section", has_text="Status").first.get_by_role("listitem").all_inner_texts()[-1]
        == "2 Mar 2026, 00:00\nNeeds to sign in again"
    )
    link = drawer.get_by_role("link", name="Run of postpress_daily, 20 Nov 2026")
    assert (link.get_attribute("href") or "").endswith(
        "/dags/postpress_daily/runs/scheduled__2026-11-21T00%3A00%3A00%2B00%3A00"
    )
    log = drawer.get_by_role("link", name="Log of resync, 14 Nov 2026")
    assert (log.get_attribute("href") or "").endswith("/tasks/resync")
    drawer.get_by_role("button", name="Show 26 more").click()
    assert drawer.get_by_text("deleted", exact=True).count() > 0
    assert drawer.get_by_role("link", name="Run of").count() == 28


def test_figures_and_gaps_follow_the_zoom(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("button", name="Month", exact=True).click()
    page.locator("[data-account='ana/1']").click()
    drawer = page.get_by_role("complementary")
    assert drawer.locator(".facts dd").all_inner_texts()[:2] == ["89.6\u202f%", "3 days"]
    assert "The figures above are of 23 Oct – 21 Nov 2026." in drawer.inner_text()
    assert drawer.locator("[data-gap]").count() == 2
    drawer.get_by_role("button", name="2 more outside of the zoom").click()
    assert drawer.locator("[data-gap]").count() == 4


def test_focus_goes_in_and_comes_back(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_label("Sort").focus()
    for key in ("Tab", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.id") == "drawer-name"
    for _ in range(3):  # close, the calendar, the gaps: a stop each
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Failed, 14 November 2026, 1 day"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sync this window")).to_be_visible()
    assert (
        page.evaluate("document.activeElement.getAttribute('aria-label')") == "Missing, 12 to 13 November 2026, 2 days"
    )
    for _ in range(2):  # whether to fill those around it too, and what fills it
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "DAG"
    page.keyboard.press("Escape")
    assert page.get_by_role("complementary").count() == 0
    assert page.evaluate("document.activeElement.dataset.account") == "ana/1"


def test_the_calendar_is_walked_by_keys(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator("[data-account='ana/1']").click()
    page.locator("[role=gridcell][tabindex='0']").focus()
    label = "document.activeElement.getAttribute('aria-label')"
    for key, words in [
        ("ArrowUp", "Wed 21 Oct 2026: synced"),
        ("ArrowDown", "Sat 21 Nov 2026: not due yet"),
        ("Home", "Sun 1 Nov 2026: synced"),
        ("ArrowLeft", "Sat 31 Oct 2026: synced"),
        ("ArrowUp", "Wed 30 Sep 2026: synced"),
        ("ArrowDown", "Fri 30 Oct 2026: synced"),
        ("End", "Sat 31 Oct 2026: synced"),
    ]:
        page.keyboard.press(key)
        assert page.evaluate(label) == words
    page.get_by_role("gridcell", name="Fri 13 Nov 2026").press("Enter")
    assert (
        page.locator("[data-gap][aria-pressed=true]").get_attribute("aria-label")
        == "Missing, 12 to 13 November 2026, 2 days"
    )


def test_a_gap_becomes_a_run_and_the_strip_turns_when_it_is_done(
    ana: Account, stub: Stub, opened: Callable[..., Page]
) -> None:
    states = ["queued", "running"]
    stub.look = lambda run: states.pop(0) if states else "running"
    page = opened()
    drawer = open_gap(page)
    assert drawer.get_by_label("DAG").inner_text().split("\n") == ["daily", "repair (paused)"]
    assert "Sync: one run of daily syncs 12 – 13 Nov 2026, for Ana Ruiz only." in drawer.inner_text()
    asked = len(stub.asked)
    drawer.get_by_role("button", name="Sync this window").click()

    expect(page.locator("#toasts")).to_contain_text("A run of daily was started for Ana Ruiz.")
    path, body = stub.started[0]
    assert path == "/api/v2/dags/daily/dagRuns"
    assert body["logical_date"] is None
    assert body["conf"] == {
        "postpress_window": {"start": "2026-11-12T00:00:00.000Z", "end": "2026-11-14T00:00:00.000Z"},
        "postpress_account_id": "ana/1",
        "account_id": "ana/1",
    }
    expect(drawer.get_by_role("button", name="Sync this window")).to_be_disabled()
    assert drawer.get_by_role("button", name="2 days, a run is under way").is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Open the run"

    ana.gaps.remove(GAP)
    stub.look = lambda run: "success"
    expect(page.locator("#toasts")).to_contain_text("Synced: 12 – 13 Nov 2026 of Ana Ruiz.")
    expect(drawer.locator("[data-gap]")).to_have_count(3)
    assert "gap=2026-11-12" not in page.url
    assert page.locator("[data-account='ana/1'] .lost").inner_text() == "4.3 d"
    assert page.locator(".kpi", has_text="Missing").first.inner_text().startswith("Missing\n8 h")
    # what is looked at stays: the same account, and the focus within the drawer
    assert page.evaluate("document.querySelector('#drawer').contains(document.activeElement)")
    loads = [line for line in stub.asked[asked:] if line.startswith("GET /postpress/api/coverage?")]
    assert loads
    assert all("account=ana%2F1" in line for line in loads)  # only that account is loaded again


def test_a_run_that_fails_is_told_with_a_link_to_it(ana: Account, stub: Stub, opened: Callable[..., Page]) -> None:
    stub.look = lambda run: "failed"
    page = opened()
    open_gap(page).get_by_role("button", name="Sync this window").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The run of daily failed: 12 – 13 Nov 2026 of Ana Ruiz is not synced.")
    assert (alert.get_by_role("link", name="Open the run").get_attribute("href") or "").endswith(
        "/dags/daily/runs/manual__1"
    )
    expect(page.get_by_role("button", name="Sync this window")).to_be_enabled()


def test_a_run_that_succeeds_without_syncing_is_not_called_synced(
    ana: Account, stub: Stub, opened: Callable[..., Page]
) -> None:
    page = opened()
    open_gap(page).get_by_role("button", name="Sync this window").click()
    expect(page.get_by_role("alert")).to_contain_text(
        "The run of daily has ended, but 12 – 13 Nov 2026 of Ana Ruiz is still not synced."
    )


@pytest.mark.parametrize("fault", [(503, "The database is busy"), None])
def test_what_a_run_has_left_is_read_again_until_it_can_be(
    ana: Account, stub: Stub, opened: Callable[..., Page], fault: tuple[int, str] | None
) -> None:
    stub.look = lambda run: "running"
    page = opened()
    open_gap(page).get_by_role("button", name="Sync this window").click()
    expect(page.locator("#toasts")).to_contain_text("started")
    ana.gaps.remove(GAP)
    stub.faults["/postpress/api/coverage"] = fault
    stub.look = lambda run: "success"
    expect(page.locator("#stale")).to_be_visible()
    stub.faults = {}
    expect(page.locator("#toasts")).to_contain_text("Synced: 12 – 13 Nov 2026 of Ana Ruiz.")
    assert page.locator("#stale").is_hidden()


def test_a_run_whose_end_cannot_be_read_is_not_called_unsynced(
    ana: Account, stub: Stub, opened: Callable[..., Page]
) -> None:
    stub.look = lambda run: "running"
    page = opened()
    open_gap(page).get_by_role("button", name="Sync this window").click()
    expect(page.locator("#toasts")).to_contain_text("started")
    stub.faults["/postpress/api/coverage"] = (503, "The database is busy")
    stub.look = lambda run: "success"
    expect(page.locator("#toasts")).to_contain_text(
        "The run of daily has ended; whether 12 – 13 Nov 2026 of Ana Ruiz is synced could not be read yet."
    )
    assert page.get_by_role("alert").inner_text() == ""


def test_a_run_that_was_deleted_or_may_not_be_seen_is_told(
    ana: Account, stub: Stub, opened: Callable[..., Page]
) -> None:
    stub.faults["/api/v2/dags/daily/dagRuns/"] = (404, "gone")
    page = opened()
    drawer = open_gap(page)
    drawer.get_by_role("button", name="Sync this window").click()
    expect(page.get_by_role("alert")).to_contain_text("The run of daily was deleted before it ended.")
    stub.faults["/api/v2/dags/daily/dagRuns/"] = (403, "Forbidden")
    drawer.get_by_role("button", name="Sync this window").click()
    expect(page.locator("#toasts")).to_contain_text("What becomes of the run of daily cannot be seen from here.")


def test_a_gap_becomes_a_backfill(ana: Account, stub: Stub, opened: Callable[..., Page]) -> None:
    stub.look = lambda run: "running"
    page = opened()
    drawer = open_gap(page)
    assert (
        "Backfill: its 2 scheduled runs of that time, one after another, again where they ran already, "
        "for Ana Ruiz only." in drawer.inner_text()
    )
    drawer.get_by_role("button", name="Backfill (2 runs)").click()
    expect(page.locator("#toasts")).to_contain_text("A backfill of daily was started for Ana Ruiz: 2 runs.")
    assert stub.started == [
        (
            "/api/v2/backfills",
            {
                "dag_id": "daily",
                "from_date": "2026-11-12T00:00:00+00:00",
                "to_date": "2026-11-13T23:59:59+00:00",
                "run_backwards": False,
                "max_active_runs": 1,
                "reprocess_behavior": "completed",
                "dag_run_conf": {"postpress_account_id": "ana/1", "account_id": "ana/1"},
            },
        )
    ]
    # half of it is done: the strip shows it while the backfill goes on
    ana.gaps.remove(GAP)
    ana.gaps.append((at(2026, 11, 13), at(2026, 11, 14), MISSING))
    expect(page.locator("[data-account='ana/1'] .lost")).to_have_text("5.3 d")
    expect(drawer.locator("[data-gap][aria-pressed=true]")).to_contain_text("13 Nov 2026")
    stub.look = lambda run: "success"
    expect(page.locator("#toasts")).to_contain_text(
        "The backfill of daily has ended. 1 day of 12 – 13 Nov 2026 of Ana Ruiz is still not synced."
    )


def test_another_dag_is_chosen_and_what_it_cannot_do_is_said(
    ana: Account, stub: Stub, opened: Callable[..., Page]
) -> None:
    page = opened()
    drawer = open_gap(page)
    drawer.get_by_label("DAG").select_option("repair")
    assert drawer.get_by_role("button", name="Backfill").is_disabled()
    assert "A backfill is not possible: it has no schedule." in drawer.inner_text()
    assert "It is paused: a run will wait until somebody unpauses it." in drawer.inner_text()
    drawer.get_by_role("button", name="Sync this window").click()
    expect(page.locator("#toasts")).to_contain_text("repair")
    assert stub.started[0][0] == "/api/v2/dags/repair/dagRuns"


def test_a_run_of_a_paused_dag_waits_and_another_dag_may_be_quicker(
    ana: Account, stub: Stub, opened: Callable[..., Page]
) -> None:
    stub.look = lambda run: "queued"
    page = opened()
    drawer = open_gap(page)
    drawer.get_by_label("DAG").select_option("repair")
    drawer.get_by_role("button", name="Sync this window").click()
    expect(drawer.locator("#fill-job")).to_contain_text("A run of repair waits: repair is paused.")
    link = drawer.get_by_role("link", name="Open the DAG")
    assert (link.get_attribute("href") or "").endswith("/dags/repair")
    assert drawer.locator(".fill .spinner").count() == 0
    expect(drawer.get_by_role("button", name="Sync this window")).to_be_disabled()  # not twice by the same
    page.reload()
    expect(drawer.locator("#fill-job")).to_contain_text("repair is paused")
    expect(drawer.get_by_label("DAG")).to_be_enabled()

    stub.dags[1]["paused"] = False
    expect(drawer.locator("#fill-job")).to_contain_text("A run of repair is queued, since 12:00.")
    stub.look = lambda run: "running"
    expect(drawer.locator("#fill-job")).to_contain_text("repair is at it, since 12:00.")
    expect(drawer.get_by_label("DAG")).to_be_disabled()


def test_a_backfill_of_a_paused_dag_waits(ana: Account, stub: Stub, opened: Callable[..., Page]) -> None:
    stub.look = lambda run: "running"
    stub.dags[0]["paused"] = True
    page = opened()
    drawer = open_gap(page)
    drawer.get_by_role("button", name="Backfill (2 runs)").click()
    expect(drawer.locator("#fill-job")).to_contain_text("A backfill of daily waits: daily is paused.")
    drawer.get_by_label("DAG").select_option("repair")
    drawer.get_by_role("button", name="Sync this window").click()
    expect(drawer.locator("#fill-job")).to_contain_text("repair is at it")
    assert [path for path, _ in stub.started] == ["/api/v2/backfills", "/api/v2/dags/repair/dagRuns"]


def test_a_sync_that_somebody_else_started_is_told_of(ana: Account, stub: Stub, opened: Callable[..., Page]) -> None:
    ana.syncing = [(at(2026, 11, 13), at(2026, 11, 14))]
    page = opened()
    drawer = open_gap(page)
    expect(drawer.get_by_role("button", name="Sync this window")).to_be_enabled()
    assert "A sync of this time is under way." in drawer.locator(".fill").inner_text()
    drawer.locator("[data-gap]").first.click()  # the day after
    expect(drawer.locator(".what")).to_contain_text("14 Nov 2026")
    assert "under way" not in drawer.locator(".fill").inner_text()


@pytest.mark.parametrize(
    ("button", "label", "path"),
    [("Sync this window", "Open the DAG", "/dags/daily"), ("Backfill", "Open its backfills", "/dags/daily/backfills")],
)
def test_what_is_there_already_is_linked_by_its_name(
    ana: Account, stub: Stub, opened: Callable[..., Page], button: str, label: str, path: str
) -> None:
    stub.faults = {"/api/v2/": (409, "There is one already")}
    page = opened()
    open_gap(page).get_by_role("button", name=button).click()
    link = page.get_by_role("alert").get_by_role("link")
    assert link.inner_text() == label
    assert (link.get_attribute("href") or "").endswith(path)


def test_a_gap_is_filled_with_those_around_it(ana: Account, stub: Stub, opened: Callable[..., Page]) -> None:
    page = opened()
    drawer = open_gap(page)
    drawer.get_by_label("With the gaps around it: 12 – 14 Nov 2026").check()
    expect(drawer.locator(".what")).to_contain_text("12 – 14 Nov 2026")
    drawer.get_by_role("button", name="Sync this window").click()
    expect(page.locator("#toasts")).to_contain_text("started")
    assert stub.started[0][1]["conf"]["postpress_window"]["end"] == "2026-11-15T00:00:00.000Z"


@pytest.mark.parametrize(
    ("button", "fault", "words"),
    [
        ("Sync this window", (403, "Forbidden"), "The run was not started: you may look, but not start runs of daily."),
        (
            "Sync this window",
            (404, "DAG with dag_id: 'daily' not found"),
            "The run was not started: the DAG daily is gone.",
        ),
        (
            "Sync this window",
            (409, {"reason": "Unique constraint violation", "message": "A run with this id exists."}),
            "The run was not started: Airflow has such a run already. A run with this id exists.",
        ),
        (
            "Sync this window",
            (422, [{"loc": ["body", "conf"], "msg": "Input is bad"}]),
            "The run was not started: conf: Input is bad",
        ),
        (
            "Sync this window",
            (400, "DAG 'daily' has import errors"),
            "The run was not started: DAG 'daily' has import errors",
        ),
        ("Sync this window", None, "The run was not started: Airflow does not answer."),
        (
            "Backfill",
            (409, "There is already a running backfill"),
            "The backfill was not started: one is already running on daily",
        ),
        ("Backfill", (403, "Forbidden"), "The backfill was not started: you may look, but not start runs of daily."),
    ],
)
def test_a_refusal_is_told_in_words(
    ana: Account, stub: Stub, opened: Callable[..., Page], button: str, fault: tuple[int, Any] | None, words: str
) -> None:
    stub.faults = {"/api/v2/": fault}
    page = opened()
    drawer = open_gap(page)
    drawer.get_by_role("button", name=button).click()
    expect(page.get_by_role("alert")).to_contain_text(words)
    assert words in drawer.locator(".refused").inner_text()
    assert page.evaluate("document.activeElement.textContent").startswith(button)  # to try again, or another way


def test_who_may_start_no_runs_may_look(ana: Account, stub: Stub, opened: Callable[..., Page]) -> None:
    stub.dags = []
    page = opened()
    drawer = open_gap(page)
    expect(drawer).to_contain_text("You may look, but not start runs.")
    assert drawer.get_by_role("button", name="Sync this window").count() == 0


def test_a_run_under_way_is_known_after_a_reload(ana: Account, stub: Stub, opened: Callable[..., Page]) -> None:
    stub.look = lambda run: "running"
    page = opened()
    open_gap(page).get_by_role("button", name="Sync this window").click()
    expect(page.locator("#toasts")).to_contain_text("started")
    page.reload()
    expect(page.get_by_role("button", name="Sync this window")).to_be_disabled()
    ana.gaps.remove(GAP)
    stub.look = lambda run: "success"
    expect(page.locator("#toasts")).to_contain_text("Synced: 12 – 13 Nov 2026 of Ana Ruiz.")


def test_a_link_opens_an_account_and_a_gap_of_it(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened("/postpress/coverage?account=ana%2F1&from=2026-11-12T00:00:00Z&to=1794614400")
    assert page.get_by_role("complementary", name="Ana Ruiz").is_visible()
    assert page.inner_text("#range") == "12 – 13 Nov 2026"
    assert (
        page.locator("[data-gap][aria-pressed=true]").get_attribute("aria-label")
        == "Missing, 12 to 13 November 2026, 2 days"
    )

    page.goto(page.url.split("?")[0] + "?account=nobody&from=2025-07-01&to=2025-08-01")
    expect(page.get_by_role("alert")).to_contain_text("No account “nobody” is known here, or you may not see it.")
    assert page.inner_text("#range") == "1 – 31 Jul 2025"


def test_where_it_covers_the_list_the_list_is_out_of_reach(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened(width=900)
    page.locator("[data-account='ana/1']").click()
    assert page.evaluate("document.querySelector('#main').inert")
    page.locator("#backdrop").click(position={"x": 20, "y": 20})
    assert page.get_by_role("complementary").count() == 0
    assert not page.evaluate("document.querySelector('#main').inert")
    assert page.evaluate("document.activeElement.dataset.account") == "ana/1"


def test_what_cannot_be_read_is_told_and_asked_for_again(ana: Account, stub: Stub, opened: Callable[..., Page]) -> None:
    stub.faults = {"/postpress/api/coverage/": (500, "The database is locked."), "/postpress/api/dags": (500, "Oh no.")}
    page = opened()
    drawer = open_gap(page)
    expect(drawer).to_contain_text("They could not be read: The database is locked.")
    expect(drawer).to_contain_text("The DAGs could not be read: Oh no.")
    stub.faults = {}
    for again in reversed(drawer.get_by_role("button", name="Try again").all()):
        again.click()
    expect(drawer.get_by_role("button", name="Sync this window")).to_be_visible()
    expect(drawer.get_by_role("link", name="Run of").first).to_be_visible()


def test_a_name_that_is_but_the_id_is_told_once(stub: Stub, opened: Callable[..., Page]) -> None:
    stub.add(Account("..", ".."))
    page = opened()
    page.locator("[data-account]").click()
    drawer = page.get_by_role("complementary", name="..")
    assert drawer.locator("code").is_hidden()
    expect(drawer).to_contain_text("They could not be read: an account called “..” cannot be asked for by its address.")


def test_what_is_known_of_the_connection_is_told(stub: Stub, opened: Callable[..., Page]) -> None:
    stub.add(
        Account("a", "Away", connected=False, status="CREDENTIALS", off=[(NOW - 3 * 86400, NOW + 86400)]),
        Account(
            "b",
            "Blank",
            connected=None,
            status=None,
            last=None,
            since=None,
            gaps=[(at(2026, 1, 1), at(2026, 1, 1), SYNCED)],
            due=at(2020, 1, 1),
        ),
    )
    page = opened()
    page.locator("[data-account=a]").click()
    assert "Disconnected for 3 days: needs to sign in again" in page.get_by_role("complementary").inner_text()
    page.locator("[data-account=b]").click()
    drawer = page.get_by_role("complementary", name="Blank")
    assert "Whether it is connected is not known" in drawer.inner_text()
    assert drawer.locator(".facts dd").all_inner_texts() == ["–", "none", "never"]
    assert "Nothing of it was synced yet." in drawer.inner_text()
