"""The page's list: what is shown of the accounts, and how one moves in it."""

# ruff: noqa: RUF001 (the page writes spans with a dash)
from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from stub import DAY, DISCONNECTED, FAILED, MISSING, NOW, UNKNOWN, Account, Stub, at, example, probe

pytestmark = pytest.mark.xdist_group("browser")

if TYPE_CHECKING:
    from playwright.sync_api import Page

MIDNIGHT = at(2026, 11, 21)


@pytest.fixture
def three(stub: Stub) -> Stub:
    """Three accounts: one that misses days, one that failed and was away, one that is complete."""
    stub.add(
        Account(
            "ana",
            "Ana Ruiz",
            gaps=[(at(2026, 3, 3), at(2026, 3, 6), MISSING), (at(2026, 11, 12), at(2026, 11, 13), MISSING)],
            last=NOW - 600,
        ),
        Account(
            "ben/1",
            "Ben Dahl",
            "TELEGRAM",
            gaps=[(at(2026, 11, 10), at(2026, 11, 11), FAILED), (at(2026, 10, 1), at(2026, 10, 9), DISCONNECTED)],
            off=[(at(2026, 10, 1), at(2026, 10, 9))],
            connected=False,
            last=None,
        ),
        Account("cho", "Cho Kim", last=NOW - 86400),
    )
    return stub


def names(page: Page) -> list[str]:
    return page.locator("[data-account] .name").all_inner_texts()


def cards(page: Page) -> dict[str, str]:
    texts = page.locator(".kpi").all_inner_texts()
    return {text.split("\n")[0]: " ".join(text.split("\n")[1:]) for text in texts}


def test_the_page_tells_of_its_accounts_its_span_and_its_zone(three: Stub, opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator("[data-account]").first.wait_for()

    assert page.inner_text("#summary") == "3 accounts, 22 Nov 2025 to 21 Nov 2026, times in UTC"
    assert names(page) == ["Ben Dahl", "Ana Ruiz", "Cho Kim"]  # most missing first
    told = cards(page)
    assert told["Missing"] == "4 days 2 gaps in 1 account"
    assert told["Failed"] == "1 day 1 gap in 1 account"
    assert told["Disconnected"] == "8 days 1 gap in 1 account"
    assert told["Disconnected now"] == "1 account Ben Dahl"
    assert told["Synced, of what is due"].startswith("98.8\u202f%")
    assert "Unknown" not in told
    chips = page.get_by_role("group", name="Show").get_by_role("button")
    assert chips.all_inner_texts() == ["All\n3", "Missing\n1", "Failed\n1", "Disconnected\n1", "Complete\n1"]
    assert page.get_by_role("button", name="Failed", exact=True).get_attribute("aria-description") == "1 account"


def test_totals_follow_the_zoom(three: Stub, opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("button", name="Month", exact=True).click()

    assert page.inner_text("#range") == "23 Oct – 21 Nov 2026"
    assert page.get_by_role("button", name="Month", exact=True).get_attribute("aria-pressed") == "true"
    told = cards(page)
    assert told["Missing"] == "1 day 1 gap in 1 account"
    assert told["Disconnected"] == "0 days none in this span"
    ben = page.locator("[data-account='ben/1']")
    assert ben.inner_text().split("\n")[-2:] == ["1 d", "96.5\u202f%"]
    assert "1 day lost in 1 gap" in (ben.get_attribute("aria-label") or "")

    page.get_by_role("button", name="Day", exact=True).click()
    assert cards(page)["Synced, of what is due"].startswith("– Nothing is due")
    page.get_by_role("button", name="Earlier").click()
    assert page.inner_text("#range") == "20 Nov 2026"
    assert cards(page)["Synced, of what is due"].startswith("100\u202f% of 3 days")
    page.get_by_role("button", name="Later").click()
    assert page.get_by_role("button", name="Later").is_disabled()


def test_earlier_leads_beyond_the_year_as_far_as_something_is_known(three: Stub, opened: Callable[..., Page]) -> None:
    page = opened()
    earlier = page.get_by_role("button", name="Earlier")
    earlier.click()

    expect(page.locator("#range")).to_have_text("22 Nov 2024 – 21 Nov 2025")
    assert "from=2024-11-22" in page.url
    assert earlier.is_disabled()  # nothing was known before June 2025
    page.get_by_role("button", name="Later").click()
    expect(page.locator("#range")).to_have_text("22 Nov 2025 – 21 Nov 2026")
    assert "from=" not in page.url


def test_the_brush_zooms_moves_and_is_undone(three: Stub, opened: Callable[..., Page]) -> None:
    page = opened()
    overview, shown = page.locator("#overview"), page.locator("#range")
    box = overview.bounding_box()
    assert box is not None
    width = box["width"]

    def drag(first: float, last: float) -> None:
        places: list[Any] = [{"x": day / 365 * width, "y": 30} for day in (first, last)]
        overview.drag_to(overview, source_position=places[0], target_position=places[1])

    drag(100.5, 129.5)
    expect(shown).to_have_text("2 – 31 Mar 2026")
    assert cards(page)["Missing"] == "3 days 1 gap in 1 account"
    drag(110.5, 120.5)  # within: as it is, moved
    expect(shown).to_have_text("12 Mar – 10 Apr 2026")
    drag(139.9, 149.5)  # by its end
    expect(shown).to_have_text("12 Mar – 20 Apr 2026")
    drag(20.5, 22.4)  # outside: anew
    expect(shown).to_have_text("12 – 14 Dec 2025")
    overview.dblclick(position={"x": width / 2, "y": 30})
    expect(shown).to_have_text("22 Nov 2025 – 21 Nov 2026")


def test_the_brush_is_played_by_keys_and_tells_its_values(three: Stub, opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("button", name="Week", exact=True).click()
    window = page.get_by_role("slider", name="Days shown")
    window.focus()
    for key, words in [
        ("ArrowLeft", "14 to 20 November 2026, 7 days"),
        ("PageDown", "7 to 13 November 2026, 7 days"),
        ("Shift+ArrowRight", "7 to 14 November 2026, 8 days"),
        ("Shift+ArrowLeft", "7 to 13 November 2026, 7 days"),
        ("-", "6 to 15 November 2026, 10 days"),
        ("+", "7 to 13 November 2026, 7 days"),
        ("Home", "22 to 28 November 2025, 7 days"),
        ("End", "15 to 21 November 2026, 7 days"),
        ("0", "22 November 2025 to 21 November 2026, 365 days"),
    ]:
        page.keyboard.press(key)
        assert window.get_attribute("aria-valuetext") == words
    page.get_by_role("slider", name="First day shown").focus()
    page.keyboard.press("End")
    assert page.get_by_role("slider", name="First day shown").get_attribute("aria-valuetext") == "21 November 2026"
    assert page.get_by_role("slider", name="First day shown").get_attribute("aria-valuenow") == "364"


def test_the_list_is_searched_filtered_and_sorted(three: Stub, opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_label("Find an account").fill("BEN/")
    assert names(page) == ["Ben Dahl"]  # by its id
    assert page.inner_text("#say") == "1 of 3 accounts"
    page.get_by_role("button", name="Complete", exact=True).click()
    assert "No account matches “BEN/” and “Complete”" in page.inner_text("#nothing")
    page.get_by_role("button", name="Show all accounts").click()
    assert page.evaluate("document.activeElement.id") == "search"  # the button is gone
    assert len(names(page)) == 3

    page.get_by_role("button", name="Complete", exact=True).click()
    assert names(page) == ["Cho Kim"]
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_label("Sort").select_option("Name")
    assert names(page) == ["Ana Ruiz", "Ben Dahl", "Cho Kim"]
    page.get_by_label("Sort").select_option("Oldest sync")
    assert names(page) == ["Ben Dahl", "Cho Kim", "Ana Ruiz"]
    page.reload()
    page.locator("[data-account]").first.wait_for()
    assert names(page) == ["Ben Dahl", "Cho Kim", "Ana Ruiz"]  # the address keeps it


def test_the_list_is_walked_by_keys_row_by_row_and_gap_by_gap(three: Stub, opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_label("Sort").focus()
    page.keyboard.press("Tab")  # one stop, be there three rows or three hundred
    focused = "document.activeElement.dataset.account"
    assert page.evaluate(focused) == "ben/1"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "ana"
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#say") == "Missing, 3 to 5 March 2026, 3 days. 1 of 2."
    assert page.locator("#tip").is_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#say") == "Missing, 12 November 2026, 1 day. 2 of 2."
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert page.get_by_role("complementary", name="Ana Ruiz").is_visible()
    assert page.locator("[data-gap][aria-pressed=true]").inner_text().startswith("12 Nov 2026")
    page.keyboard.press("Escape")
    assert page.evaluate(focused) == "ana"
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "cho"
    assert page.inner_text("#say") == "No gaps in this span."
    page.keyboard.press("b")
    assert page.evaluate(focused) == "ben/1"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"


def painted(page: Page, account: str) -> dict[str, Any]:
    """Give the pixels of an account's strip: above it, in it row by row, and below it."""
    canvas = page.locator(f"[data-account='{account}'] canvas")
    expect(canvas).not_to_have_attribute("width", re.compile("^(0|300)$"))
    pixels: dict[str, Any] = canvas.evaluate(probe("pixels"))
    return pixels


def test_an_hour_of_a_year_is_still_two_pixels(stub: Stub, opened: Callable[..., Page]) -> None:
    stub.add(
        Account("whole", "Whole"),
        Account("missing", "Missing", gaps=[(at(2026, 5, 5, 4), at(2026, 5, 5, 5), MISSING)]),
        Account("failed", "Failed", gaps=[(at(2026, 5, 5, 4), at(2026, 5, 5, 5), FAILED)]),
        Account("away", "Away", gaps=[(at(2026, 5, 5, 4), at(2026, 5, 5, 5), DISCONNECTED)]),
        # where a month begins, and the strip is divided
        Account("edge", "Edge", gaps=[(at(2026, 5, 1), at(2026, 5, 1, 1), MISSING)]),
    )
    page = opened()
    whole = set(painted(page, "whole")["strip"][6])
    for account in ("missing", "failed", "away", "edge"):
        line = painted(page, account)["strip"][6]
        assert sum(pixel not in whole for pixel in line) >= 2, account


def test_no_two_kinds_differ_by_colour_alone(stub: Stub, opened: Callable[..., Page]) -> None:
    start, end = at(2026, 5, 5), at(2026, 6, 5)
    for kind, name in [(MISSING, "missing"), (FAILED, "failed"), (DISCONNECTED, "disconnected"), (UNKNOWN, "unknown")]:
        stub.add(
            Account(
                name,
                name,
                gaps=[(start, end, kind)],
                hidden=kind == UNKNOWN,
                off=[(start, end)] if kind == DISCONNECTED else [],
            )
        )
    page = opened()

    def look(account: str) -> tuple[bool, int, bool]:
        """Tell whether something is above it, how often it changes from left to right, whether something is below."""
        pixels = painted(page, account)
        width = len(pixels["pin"])
        first, last = (int(width * (t - (MIDNIGHT - 364 * DAY)) / (365 * DAY)) for t in (start, end))
        inside = slice(first + 4, last - 4)
        lines = [line[inside] for line in pixels["strip"]]
        changes = max(sum(a != b for a, b in pairwise(line)) for line in lines)
        above, below = (any(pixel != 0 for pixel in pixels[name][inside]) for name in ("pin", "under"))
        return above, min(changes, 6), below

    looks = [look(name) for name in ("missing", "failed", "disconnected", "unknown")]
    assert looks[0][1] <= 2  # solid, but for a division
    assert looks[1][0] is True  # a pin on top
    assert looks[2][1:] == (6, True)  # hatched and underlined
    assert looks[3][:2] == (False, 6)  # dotted
    assert len(set(looks)) == 4


def test_what_is_pointed_at_is_told(three: Stub, opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("button", name="Month", exact=True).click()
    canvas = page.locator("[data-account=ana] canvas")
    box = canvas.bounding_box()
    assert box is not None
    canvas.hover(position={"x": box["width"] * 20.5 / 30, "y": 14})
    expect(page.locator("#tip")).to_have_text("Missing 12 Nov 2026 1 day Click to fill it", use_inner_text=True)
    assert page.inner_text(".moment") == "Thu 12 Nov 2026"
    canvas.click(position={"x": box["width"] * 20.5 / 30, "y": 14})
    assert (
        page.locator("[data-gap][aria-pressed=true]").get_attribute("aria-label") == "Missing, 12 November 2026, 1 day"
    )

    page.keyboard.press("Escape")
    three.accounts["cho"].off = [(at(2026, 11, 2), at(2026, 11, 4))]
    page.get_by_role("button", name="Reload").click()
    expect(page.locator("#say")).to_have_text("Up to date")
    page.locator("[data-account=cho] canvas").hover(position={"x": box["width"] * 11 / 30, "y": 14})
    expect(page.locator("#tip")).to_have_text("Disconnected, synced since 2 – 3 Nov 2026", use_inner_text=True)
    overview = page.locator("#overview")
    box = overview.bounding_box()
    assert box is not None
    overview.hover(position={"x": box["width"] * 353.5 / 365, "y": 60})
    expect(page.locator("#tip")).to_have_text("Tue 10 Nov 2026 1 account: failed", use_inner_text=True)


def test_what_is_hidden_is_unknown_and_never_called_missing(stub: Stub, opened: Callable[..., Page]) -> None:
    stub.add(Account("dora", "Dora", hidden=12, gaps=[(at(2026, 3, 1), at(2026, 11, 21), UNKNOWN)]))
    page = opened()
    row = page.locator("[data-account=dora]")
    row.wait_for()
    assert "partly hidden" in row.inner_text()
    assert "≥\u202f27.1\u202f%" in row.inner_text()
    assert "missing" not in (row.get_attribute("aria-label") or "").lower()
    assert cards(page)["Missing"].startswith("0 days")
    assert cards(page)["Unknown"] == "265 days hidden from you, in 1 account"
    assert cards(page)["Synced, of what is due"].startswith("≥")
    assert "1 account is partly hidden from you" in page.inner_text("#hidden-some")
    row.click()
    drawer = page.get_by_role("complementary", name="Dora")
    assert "12 events of this account came from DAGs that you may not see" in drawer.inner_text()
    assert "None that you can see." in drawer.inner_text()


def test_what_is_hidden_is_not_called_never(stub: Stub, opened: Callable[..., Page]) -> None:
    stub.add(
        Account(
            "eve", "Eve", hidden=3, since=at(2025, 11, 22), last=None, gaps=[(at(2025, 11, 22), MIDNIGHT, UNKNOWN)]
        ),
        Account("fay", "Fay", hidden=1),
        Account("gus", "Gus"),
    )
    answer = stub.accounts["eve"].answer
    stub.accounts["eve"].answer = lambda *given: {**answer(*given), "since": None}  # type: ignore[method-assign]
    page = opened()
    page.locator("[data-account=eve]").click()
    drawer = page.get_by_role("complementary", name="Eve")
    expect(drawer).to_contain_text("No window of it that you can see is known in this span.")
    assert "Nothing of it was synced yet that you can see." in drawer.inner_text()
    assert "none that you can see" in drawer.locator(".facts").inner_text()
    assert "No change of its status that you can see." in drawer.inner_text()
    assert "never" not in drawer.inner_text()
    page.get_by_role("button", name="Unknown", exact=True).click()
    assert names(page) == ["Eve", "Fay"]
    page.locator("[data-account=fay]").click()
    fay = page.get_by_role("complementary", name="Fay")
    assert "First synced that you can see: 1 Jun 2025, 00:00" in fay.inner_text()


def test_a_pointer_that_chose_an_account_leaves_no_mark_at_its_old_place(
    three: Stub, opened: Callable[..., Page]
) -> None:
    page = opened()
    strip = page.locator("[data-account=cho] canvas.strip")
    strip.hover()
    assert page.locator(".cross").is_visible()
    assert page.locator(".moment").is_visible()
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("complementary", name="Cho Kim")).to_be_visible()
    expect(page.locator(".cross")).to_be_hidden()
    assert page.locator(".moment").is_hidden()

    strip.hover()
    assert page.locator(".cross").is_visible()
    page.set_viewport_size({"width": 1300, "height": 900})
    expect(page.locator(".cross")).to_be_hidden()


def test_a_product_has_a_line_of_its_own(stub: Stub, opened: Callable[..., Page]) -> None:
    gap = (at(2026, 3, 3), at(2026, 3, 6), MISSING)
    stub.add(Account("ana", "Ana", gaps=[gap], products={"classic": [], "sales_navigator": [gap]}))
    stub.products = ["classic", "sales_navigator"]
    page = opened()
    group = page.get_by_role("group", name="Product")
    assert group.get_by_role("button").all_inner_texts() == ["All products", "Classic", "Sales Navigator"]
    page.locator("[data-account]").click()
    lines = page.locator(".products li").all_inner_texts()
    assert [line.split("\n")[0] for line in lines] == ["Classic", "Sales Navigator"]
    group.get_by_role("button", name="Classic").click()
    expect(page.locator("[data-account] .share")).to_have_text("100\u202f%")
    assert any("product=classic" in asked for asked in stub.asked)
    assert "product=classic" in page.url


def test_the_page_keeps_what_is_chosen_when_it_refreshes_itself(three: Stub, opened: Callable[..., Page]) -> None:
    page = opened(real_time=True)
    page.clock.install(time=NOW)
    page.reload()
    page.get_by_role("button", name="Quarter", exact=True).click()
    page.get_by_label("Find an account").fill("a")
    page.locator("[data-account=ana]").click()
    page.locator("[data-gap]").first.click()
    chosen = page.locator("[data-gap][aria-pressed=true]").get_attribute("data-gap")
    three.add(Account("dan", "Dan Aas"))
    three.accounts["ana"].name = "Ana R."
    three.now = NOW + 61
    page.clock.run_for(61_000)

    page.locator("[data-account=dan]").wait_for()
    assert page.get_by_role("complementary", name="Ana R.").is_visible()
    assert page.locator("[data-gap][aria-pressed=true]").get_attribute("data-gap") == chosen
    assert page.get_by_role("button", name="Quarter", exact=True).get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.activeElement.dataset.gap") == chosen


def test_a_new_day_moves_a_view_that_ends_with_today(three: Stub, opened: Callable[..., Page]) -> None:
    page = opened(real_time=True)
    page.clock.install(time=MIDNIGHT + DAY - 30)
    three.now = MIDNIGHT + DAY - 30
    page.reload()
    page.get_by_role("button", name="Week", exact=True).click()
    assert page.inner_text("#range") == "15 – 21 Nov 2026"
    three.now += 61
    page.clock.run_for(61_000)
    expect(page.locator("#range")).to_have_text("16 – 22 Nov 2026")
    assert "23 Nov 2025 to 22 Nov 2026" in page.inner_text("#summary")


def test_three_hundred_accounts_are_usable_within_a_second_and_zoomed_at_once(
    stub: Stub, opened: Callable[..., Page]
) -> None:
    page = opened(real_time=True)
    tell = page.context.new_cdp_session(page).send
    tell("Performance.enable", {"timeDomain": "threadTicks"})  # the page's own time, however busy the machine is

    def worked() -> float:
        """Tell for how many seconds the page has worked since it was loaded."""
        spent = {metric["name"]: metric["value"] for metric in tell("Performance.getMetrics")["metrics"]}
        return float(sum(spent[f"{kind}Duration"] for kind in ("Script", "RecalcStyle", "Layout")))

    stub.accounts = example(300).accounts
    page.reload()
    page.locator("[data-account]").nth(5).wait_for()
    times = [worked()]
    for name in ["Quarter", "Month", "Week", "Year", "Quarter", "Year"]:
        page.get_by_role("button", name=name, exact=True).click()
        times.append(worked())
    assert times[0] <= 0.5
    assert median(after - before for before, after in pairwise(times)) <= 0.05
    painted = page.evaluate(
        "[...document.querySelectorAll('[data-account] canvas')].filter(({ width }) => width > 300).length"
    )
    assert painted < 60  # only what can be seen


def test_a_hostile_account_is_but_text(stub: Stub, opened: Callable[..., Page]) -> None:
    name = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"
    hostile = "'\"><script>document.title='owned'</script>/../#?&"
    gaps = [(at(2026, 3, 3), at(2026, 3, 6), MISSING)]
    stub.add(Account(hostile, name, "<svg onload=1>", status="<i>", connected=False, gaps=gaps))
    stub.notes = ["<style>body { display: none }</style>"]
    stub.products = ["__proto__", "<u>"]
    account = stub.accounts[hostile]
    account.products = {"<u>": gaps}
    account.statuses = [{"at": NOW, "status": "constructor"}, {"at": NOW, "status": "<i>x</i>"}]
    account.windows = [
        {
            "start": None,
            "end": NOW,
            "state": "synced",
            "product": "<u>",
            "at": NOW,
            "dag_id": "<d>/../x",
            "run_id": "a/b?c#<e>",
            "task_id": "t",
            "map_index": -1,
            "exists": True,
        },
    ]
    stub.dags = [
        {
            "id": "<d>",
            "name": "<d onclick=x>",
            "paused": True,
            "schedule": None,
            "synced_before": True,
            "backfill": None,
        }
    ]
    page = opened()
    page.locator("[data-account]").click()
    page.locator("[data-gap]").click()
    page.get_by_role("button", name="Sync this window").click()
    page.get_by_role("link", name="Open the run").first.wait_for()

    assert page.title() == "Postpress coverage"
    assert page.evaluate("document.querySelectorAll('img, b, u, i, script:not([src]), body style, d').length") == 0
    assert page.get_by_role("complementary").get_by_role("heading", level=2).inner_text() == name
    assert page.locator(".drawer code").inner_text() == hostile
    assert (
        page.get_by_role("link", name="Run of").get_attribute("href")
        == f"{stub.url}/dags/%3Cd%3E%2F..%2Fx/runs/a%2Fb%3Fc%23%3Ce%3E"
    )
    assert stub.started[0][1]["conf"]["account_id"] == hostile
    assert re.search(r"GET /postpress/api/coverage/'%22%3E%3Cscript%3E", "\n".join(stub.asked))
