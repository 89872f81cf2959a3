"""The page's look and surroundings: zones, themes, Airflow's frame, states without accounts, contrast, widths."""

# ruff: noqa: RUF001 (the page writes spans with a dash)
from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from stub import MISSING, STATIC, UNKNOWN, Account, Stub, at, dag, example, make_windows, probe

pytestmark = pytest.mark.xdist_group("browser")

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOST = "/plugin/postpress-coverage/postpress/coverage"


@pytest.fixture
def ana(stub: Stub) -> Account:
    """Give an account that misses a day of UTC: the one on which Europe's clocks are put back."""
    account = Account("ana", "Ana Ruiz", gaps=[(at(2026, 10, 25), at(2026, 10, 26), MISSING)])
    make_windows(account, 3)
    stub.add(account)
    stub.dags = [dag("daily")]
    return account


# ---- time zones


def test_all_times_are_those_of_airflows_zone(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened(timezone='"America/Santiago"')
    assert page.inner_text("#summary") == "1 account, 22 Nov 2025 to 21 Nov 2026, times in America/Santiago"
    page.locator("[data-account]").click()
    assert page.locator("[data-gap]").inner_text().split("\n")[0] == "24 Oct, 21:00 – 25 Oct 2026, 21:00"
    cells = page.get_by_role("gridcell")
    assert cells.filter(has=page.locator("xpath=self::*[contains(@aria-label, 'missing')]")).count() == 2
    assert page.get_by_role(
        "gridcell", name="Sat 24 Oct 2026: missing 3 h, 24 October 2026, 21:00 to 24:00"
    ).is_visible()


def test_another_zone_is_taken_over_at_once_from_the_frame_around_and_from_another_tab(
    ana: Account, stub: Stub, opened: Callable[..., Page]
) -> None:
    page = opened(HOST)
    frame = page.frame_locator("iframe")
    frame.locator("[data-account]").click()
    page.evaluate("setTimezone('Europe/Berlin')")
    expect(frame.locator("#summary")).to_contain_text("times in Europe/Berlin")
    expect(frame.locator("[data-gap] .when")).to_have_text("25 Oct, 02:00 (UTC+2) – 26 Oct 2026, 01:00")
    # the days that are loaded are those of the zone
    expect(frame.locator("#summary")).to_contain_text("22 Nov 2025 to 21 Nov 2026, times in Europe/Berlin")
    assert f"from={at(2025, 11, 21, 23)}&to={at(2026, 11, 21, 23)}" in stub.asked[-1] + stub.asked[-2]

    other = page.context.new_page()
    other.goto(f"{stub.url}/dags/x")
    other.evaluate("localStorage.setItem('timezone', '\"Asia/Kathmandu\"')")
    expect(frame.locator("#summary")).to_contain_text("times in Asia/Kathmandu")


def test_a_zoom_is_of_as_many_days_in_another_zone(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened(HOST)
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Week", exact=True).click()
    frame.get_by_role("button", name="Earlier").click()
    expect(frame.locator("#range")).to_have_text("8 – 14 Nov 2026")
    for zone in ("Asia/Kathmandu", "America/New_York"):
        page.evaluate(f"setTimezone('{zone}')")
        expect(frame.locator("#summary")).to_contain_text(f"to 21 Nov 2026, times in {zone}")
        expect(frame.locator("#range")).to_have_text("8 – 14 Nov 2026")
        expect(frame.get_by_role("button", name="Week", exact=True)).to_have_attribute("aria-pressed", "true")


# ---- Airflow's frame


def test_the_theme_is_airflows_and_follows_it(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened(HOST)
    frame = page.frame_locator("iframe")
    background = "getComputedStyle(document.body).backgroundColor"
    expect(frame.locator("html")).to_have_attribute("data-theme", "light")
    inner = next(frame for frame in page.frames if frame.parent_frame)
    assert inner.evaluate(background) == "rgb(255, 255, 255)"
    before = painted(inner)
    page.evaluate("document.documentElement.className = 'dark'")  # what Airflow does, whatever is stored
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    assert inner.evaluate(background) == "oklch(0.23185 0.0323 266.44)"
    assert "Inter" in inner.evaluate("getComputedStyle(document.body).fontFamily")
    assert painted(inner) != before  # what is painted, too


def painted(frame: Any) -> str:
    frame.locator("[data-account] canvas:not([width='300']):not([width='0'])").first.wait_for()
    return str(frame.evaluate("document.querySelector('[data-account] canvas').toDataURL()"))


@pytest.mark.parametrize(
    ("stored", "system", "theme"),
    [("dark", "light", "dark"), ("light", "dark", "light"), ("system", "dark", "dark"), ("system", "light", "light")],
)
def test_alone_the_theme_is_the_stored_one_or_the_systems(
    ana: Account, opened: Callable[..., Page], stored: str, system: str, theme: str
) -> None:
    page = opened(theme=stored, context={"color_scheme": system})
    assert page.locator("html").get_attribute("data-theme") == theme
    other = page.context.new_page()
    other.goto(page.url)
    other.evaluate("localStorage.setItem('theme', 'dark')")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_run_opens_in_airflow_and_one_comes_back_to_where_one_was(
    ana: Account, stub: Stub, opened: Callable[..., Page]
) -> None:
    page = opened(HOST)
    frame = page.frame_locator("iframe")
    frame.locator("[data-account]").click()
    frame.locator("[data-gap]").click()
    assert "account=ana&gap=2026-10-25T00:00:00Z" in page.url  # the address can be shared
    frame.get_by_role("link", name="Run of").first.click()
    expect(page.get_by_role("heading")).to_have_text(re.compile("^Airflow: /dags/postpress_daily/runs/scheduled__"))
    assert page.evaluate("loads") == 1  # by Airflow's own router
    page.go_back()
    expect(frame.get_by_role("complementary", name="Ana Ruiz")).to_be_visible()
    expect(frame.locator("[data-gap][aria-pressed=true]")).to_be_visible()


def test_a_run_opens_where_no_router_listens(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened(HOST)
    page.evaluate("window.isDeaf = true")
    frame = page.frame_locator("iframe")
    frame.locator("[data-account]").click()
    frame.get_by_role("link", name="Run of").first.click()
    expect(page.get_by_role("heading")).to_have_text(re.compile("^Airflow: /dags/"))
    assert page.evaluate("loads") == 2


def test_a_click_with_control_opens_a_tab(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened(HOST)
    frame = page.frame_locator("iframe")
    frame.locator("[data-account]").click()
    with page.context.expect_page() as tab:
        frame.get_by_role("link", name="Run of").first.click(modifiers=["Control"])
    assert "/dags/postpress_daily/runs/" in tab.value.url
    assert page.frame_locator("iframe").get_by_role("complementary").is_visible()


# ---- states


def test_while_it_loads_outlines_are_shown(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened()
    page.route("**/api/coverage*", lambda route: None)
    page.reload(wait_until="commit")
    expect(page.locator(".row.skeleton").first).to_be_visible()
    assert page.locator("#content").get_attribute("aria-busy") == "true"
    assert page.inner_text("#summary") == "Loading…"


def test_where_nothing_was_synced_it_says_what_to_do(stub: Stub, opened: Callable[..., Page]) -> None:
    page = opened()
    expect(page.get_by_role("heading", name="No account has been synced yet")).to_be_visible()
    assert "PostpressResyncOperator" in page.inner_text("#state")
    stub.add(Account("ana", "Ana"))
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("[data-account=ana]")).to_be_visible()


@pytest.mark.parametrize(
    ("fault", "title", "words", "button"),
    [
        ((500, "The database is locked."), "Coverage could not be loaded", "The database is locked.", "Try again"),
        (None, "Coverage could not be loaded", "Airflow does not answer.", "Try again"),
        ((422, "from is after to"), "Coverage could not be loaded", "from is after to", "Try again"),
        ((403, "Forbidden"), "You may not see this page", "no right to read assets", "Try again"),
        ((401, "Not authenticated"), "You are signed out", "Sign in", "Sign in"),
    ],
)
def test_why_nothing_is_shown_is_told_and_what_to_do(
    ana: Account,
    stub: Stub,
    opened: Callable[..., Page],
    fault: tuple[int, str] | None,
    title: str,
    words: str,
    button: str,
) -> None:
    stub.faults = {"/postpress/api/": fault}
    page = opened()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    assert words in page.inner_text("#state")
    assert page.locator("#content").is_hidden()
    stub.faults = {}
    page.get_by_role("button", name=button).click()
    expect(page.locator("[data-account=ana]")).to_be_visible()


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "null",
        '{"accounts": [], "products": [], "notes": []}',
        '{"from": 1763769600, "to": 1795305600, "now": 1795262400, "accounts": [{}], "products": [], "notes": []}',
    ],
)
def test_an_answer_that_makes_no_sense_is_told_and_asked_for_again(
    ana: Account, opened: Callable[..., Page], answer: str
) -> None:
    page = opened()
    page.locator("[data-account]").wait_for()
    page.route("**/api/coverage?*", lambda route: route.fulfill(body=answer, content_type="application/json"))
    page.reload()
    expect(page.get_by_role("heading", name="Coverage could not be loaded")).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("[data-account=ana]")).to_be_visible()
    assert page.inner_text("#range") == "22 Nov 2025 – 21 Nov 2026"


def test_an_address_that_makes_no_sense_is_set_right(ana: Account, stub: Stub, opened: Callable[..., Page]) -> None:
    page = opened("/postpress/coverage?from=0&to=99999999999999&gap=99999999999999&product=bogus&show=x&sort=y")
    expect(page.locator("[data-account=ana]")).to_be_visible()
    assert page.inner_text("#range") == "22 Nov 2025 – 21 Nov 2026"
    assert page.url.endswith("/postpress/coverage")
    assert not any("bogus" in asked for asked in stub.asked if "/api/" in asked)


def test_what_is_typed_before_the_first_answer_counts(ana: Account, stub: Stub, opened: Callable[..., Page]) -> None:
    stub.add(Account("ben", "Ben"))
    page = opened()
    page.locator("[data-account]").first.wait_for()
    held: list[Any] = []
    page.route("**/api/coverage?*", lambda route: held.append(route))
    page.reload(wait_until="commit")
    expect(page.locator("#sort option").first).to_be_attached()
    page.get_by_role("searchbox").fill("ben")
    while not held:
        page.wait_for_timeout(10)
    held[0].continue_()
    expect(page.locator("[data-account=ben]")).to_be_visible()
    assert page.locator("[data-account]").count() == 1


def test_a_refresh_that_fails_leaves_what_was_known_and_says_so(
    ana: Account, stub: Stub, opened: Callable[..., Page]
) -> None:
    page = opened()
    page.locator("[data-account]").wait_for()
    stub.faults = {"/postpress/api/": (503, "The database is busy")}
    page.get_by_role("button", name="Reload").click()
    expect(page.locator("#stale")).to_have_text("The database is busy. Shown is what was known at 12:00.")
    assert page.locator("[data-account]").is_visible()
    stub.faults = {}
    page.get_by_role("button", name="Reload").click()
    expect(page.locator("#stale")).to_be_hidden()
    expect(page.locator("#say")).to_have_text("Up to date")


@pytest.mark.parametrize("width", [1440, 900])
def test_who_is_signed_out_meanwhile_is_told_and_comes_back(
    ana: Account, stub: Stub, opened: Callable[..., Page], width: int
) -> None:
    page = opened(HOST, width=width)
    frame = page.frame_locator("iframe")
    frame.locator("[data-account]").click()
    stub.faults = {"/postpress/api/dags": (401, "Not authenticated")}
    frame.locator("[data-gap]").click()
    expect(frame.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert frame.get_by_role("complementary").count() == 0
    expect(frame.get_by_role("heading", name="You are signed out")).to_be_focused()
    stub.faults = {}
    frame.get_by_role("button", name="Sign in").click()
    expect(frame.get_by_role("complementary", name="Ana Ruiz")).to_be_visible()
    assert page.evaluate("loads") == 2  # all of Airflow, which asks to sign in


def test_what_this_airflow_cannot_know_is_told_in_a_quiet_place(
    ana: Account, stub: Stub, opened: Callable[..., Page]
) -> None:
    stub.notes = ["Failures before 3.1 are not known."]
    page = opened()
    page.get_by_text("What is not known here").click()
    expect(page.get_by_text("Failures before 3.1 are not known.")).to_be_visible()


# ---- for everybody


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_words_can_be_read(stub: Stub, opened: Callable[..., Page], theme: str) -> None:
    seen = example()
    stub.accounts, stub.notes, stub.products, stub.dags = seen.accounts, seen.notes, seen.products, seen.dags
    stub.faults = {"/api/v2/backfills": (409, "busy")}
    page = opened(HOST, theme=theme)
    inner = next(frame for frame in page.frames if frame.parent_frame)
    inner.locator("[data-account]").nth(1).click()
    inner.locator("[data-gap]").first.click()
    inner.get_by_role("button", name="Backfill").click()
    expect(inner.locator(".refused")).to_be_visible()
    assert inner.evaluate(probe("contrast")) == []
    inner.get_by_role("button", name="Close").click()
    inner.get_by_role("button", name="Month", exact=True).click()
    canvas = inner.locator("[data-account] canvas").first
    canvas.hover(position={"x": 40, "y": 14})
    assert inner.evaluate(probe("contrast")) == []


def test_everything_has_a_name_and_what_is_referred_to_is_there(stub: Stub, opened: Callable[..., Page]) -> None:
    seen = example(14)
    stub.accounts, stub.dags = seen.accounts, seen.dags
    page = opened()
    page.locator("[data-account]").first.click()
    page.locator("[data-gap]").first.click()
    expect(page.get_by_role("button", name="Sync this window")).to_be_visible()
    assert page.evaluate(probe("nameless")) == []
    assert page.evaluate(probe("dangling")) == []


@pytest.mark.parametrize("width", [1440, 1101, 900, 720, 480, 320])
def test_nothing_sticks_out_at_any_width(stub: Stub, opened: Callable[..., Page], width: int) -> None:
    seen = example(14)
    stub.accounts, stub.dags, stub.products = seen.accounts, seen.dags, seen.products
    page = opened(width=width)
    page.locator("[data-account]").first.wait_for()
    sticks_out = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(sticks_out) <= 0
    page.locator("[data-account]").first.click()
    page.locator("[data-gap]").first.click()
    expect(page.get_by_role("button", name="Sync this window")).to_be_visible()
    assert page.evaluate(sticks_out) <= 0
    assert (
        page.evaluate(
            "document.querySelector('.drawer-body').scrollWidth - document.querySelector('.drawer-body').clientWidth"
        )
        <= 0
    )


def test_nothing_moves_for_who_wants_that(ana: Account, opened: Callable[..., Page]) -> None:
    def moving(wanted: str) -> int:
        page = opened(context={"reduced_motion": wanted})
        page.locator("[data-account]").click()
        moves = "(all) => all.filter((one) => getComputedStyle(one).animationName !== 'none').length"
        return int(page.locator("*").evaluate_all(moves))

    assert moving("no-preference") > 0
    assert moving("reduce") == 0


def test_colours_forced_by_the_system_still_show_what_is_missing(ana: Account, opened: Callable[..., Page]) -> None:
    page = opened(context={"forced_colors": "active"})
    painted(page)
    assert page.evaluate(probe("distinct")) >= 3


def test_the_page_itself_needs_no_inline_script_nor_style() -> None:
    for file in [*STATIC.glob("*.html"), *STATIC.glob("*.js")]:
        text = file.read_text()
        assert not re.search(r"\son\w+=[\"']|\sstyle=[\"']|<style|<script(?![^>]*\ssrc=)", text), file.name
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser", text
        ), file.name
        assert not re.search(r"https?://(?!www\.w3\.org/)", text), file.name


def test_every_module_is_fetched_at_once(ana: Account, opened: Callable[..., Page], stub: Stub) -> None:
    page = opened()
    page.locator("[data-account]").wait_for()
    preloaded = set(re.findall(r'modulepreload" href="static/(\w+\.js)"', (STATIC / "coverage.html").read_text()))
    modules = {file.name for file in STATIC.glob("*.js")} - {"theme.js", "main.js"}
    assert preloaded == modules
    assert {line.rsplit("/", 1)[1] for line in stub.asked if line.endswith(".js")} == modules | {"theme.js", "main.js"}


def test_an_unknown_stretch_is_reached_by_keys_but_not_filled(stub: Stub, opened: Callable[..., Page]) -> None:
    stub.add(Account("dora", "Dora", hidden=3, gaps=[(at(2026, 3, 1), at(2026, 3, 2), UNKNOWN)]))
    page = opened()
    page.locator("[data-account]").focus()
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#say") == "Unknown, 1 March 2026, 1 day. 1 of 1."
    page.keyboard.press("Enter")
    assert page.get_by_role("complementary", name="Dora").is_visible()
    assert page.get_by_role("button", name="Sync this window").count() == 0
