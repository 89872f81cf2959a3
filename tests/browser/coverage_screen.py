"""The coverage page in Airflow's interface, in the hands of a person: what is done, in the person's words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_2_PLUS
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, FrameLocator, Locator, WebError, expect

PATIENCE_MS = 90_000

# in every frame, before any script of the page
WATCH = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`Content Security Policy of ${location.pathname}: ${event.effectiveDirective} ${event.blockedURI}`));
"""


def password_of(user: str) -> str:
    """Give a user's password."""
    return f"the password of {user}"


class CoverageScreen:
    """
    A tab of somebody's browser.

    :param context: the browser
    :param url: where the Airflow is
    :param pictures: how the names of its pictures begin
    """

    def __init__(self, context: BrowserContext, url: str, pictures: Path) -> None:
        self.context = context
        self.url = url
        self._pictures = pictures
        self._heard: list[str] = []
        context.add_init_script(WATCH)
        context.on("console", self._hear)
        context.on("weberror", self._fail)
        self.page = context.new_page()

    def sign_in(self, user: str) -> None:
        """Come to Airflow and sign in."""
        self.page.goto(self.url, wait_until="commit")
        self.fill_in(user)
        expect(self.page.get_by_role("link", name="Dags").first).to_be_visible()

    def fill_in(self, user: str) -> None:
        """Fill in Airflow's login form, which is on the screen."""
        self.page.get_by_label("Username").fill(user)
        self.page.locator("input[type=password]").fill(password_of(user))
        self.page.get_by_role("button", name="Sign in").click()

    def open(self) -> None:
        """Go to the page by Airflow's navigation, and see the accounts."""
        self.page.goto(self.url, wait_until="commit")
        self.page.get_by_role("button", name="Browse").click()
        self.page.get_by_role("menuitem", name="Postpress coverage").click()
        expect(self.rows.first).to_be_visible()

    def open_at(self, query: str = "") -> None:
        """Follow a link to the page."""
        path = urlsplit(self.url).path  # Airflow has the frame's whole path behind its own
        self.page.goto(f"{self.url}/plugin/postpress-coverage{path}/postpress/coverage?{query}", wait_until="commit")

    def choose_theme(self, name: str) -> None:
        """Choose a theme in Airflow's menu of the user."""
        self.page.get_by_role("button", name="User").click()
        self.page.get_by_role("menuitem", name="Appearance").hover()
        self.page.get_by_role("menuitemradio", name=name).click()

    def choose_timezone(self, name: str) -> None:
        """Choose a timezone in Airflow's dialog."""
        if AIRFLOW_V_3_2_PLUS:
            self.page.get_by_role("button", name=re.compile(r"^[+-]\d\d:\d\d$")).click()
        else:
            self.page.get_by_role("button", name="User").click()
            self.page.get_by_role("menuitem", name="Timezone").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("combobox").fill(name)
        dialog.get_by_role("option", name=name).click()
        dialog.get_by_role("button", name="Close").click()

    @property
    def frame(self) -> FrameLocator:
        """The page, in Airflow's."""
        return self.page.frame_locator("iframe")

    @property
    def rows(self) -> Locator:
        """The accounts that are listed."""
        return self.frame.locator("#list").get_by_role("option")

    def row(self, account: str, says: str = "") -> Locator:
        """An account's row; if its words are given (a regular expression), one that says so."""
        return self.rows.and_(self.frame.get_by_role("option", name=re.compile(f"^{re.escape(account)},.*{says}")))

    @property
    def search(self) -> Locator:
        """Where an account is looked for."""
        return self.frame.get_by_role("searchbox", name="Find an account")

    @property
    def drawer(self) -> Locator:
        """What is told of one account."""
        return self.frame.locator("#drawer")

    def gap(self, says: str) -> Locator:
        """A gap in the drawer, by its words (a regular expression)."""
        return self.drawer.get_by_role("button", name=re.compile(says))

    def card(self, name: str) -> Locator:
        """A card of totals."""
        return self.frame.locator(".kpi").filter(has=self.frame.locator("dt", has_text=re.compile(f"^{name}$")))

    @property
    def sync(self) -> Locator:
        """The button that starts one run for the gap that is chosen."""
        return self.drawer.get_by_role("button", name="Sync this window")

    def tab_to(self, wanted: Locator) -> None:
        """Press Tab until something has the focus."""
        expect(wanted).to_be_visible()
        for _ in range(60):
            if wanted.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"The Tab key does not lead to {wanted}.")

    def drag_overview(self, first: float, last: float) -> None:
        """Drag over the overview, from and to so far from left (0) to right (1). The accounts must be there already."""
        overview = self.frame.locator("#overview")
        box = overview.bounding_box()
        assert box
        places = [{"x": box["width"] * share, "y": box["height"] / 2} for share in (first, last)]
        overview.drag_to(overview, source_position=places[0], target_position=places[1])

    def click_strip(self, account: str, share: float) -> None:
        """Click on an account's strip, so far from left (0) to right (1)."""
        strip = self._painted_strip(account)
        box = strip.bounding_box()
        assert box
        strip.click(position={"x": box["width"] * share, "y": box["height"] / 2})

    def colours_of(self, account: str, first: float, last: float) -> set[str]:
        """The colours along the middle of a part of an account's strip (0: left, 1: right)."""
        strip = self._painted_strip(account)
        colours: list[str] = strip.evaluate(
            """(canvas, [first, last]) => {
                const [from, to] = [first, last].map((share) => Math.floor(canvas.width * share));
                const width = Math.max(to - from, 1);
                const { data } = canvas.getContext("2d").getImageData(from, Math.floor(canvas.height / 2), width, 1);
                return Array.from({ length: width }, (_, n) => data.slice(4 * n, 4 * n + 4).join());
            }""",
            [first, last],
        )
        return set(colours)

    def _painted_strip(self, account: str) -> Locator:
        strip = self.row(account).locator("canvas")
        # a canvas is 300 wide until it is painted, which is when it has been seen to be on the screen
        expect(strip).not_to_have_attribute("width", re.compile("^(0|300)$"))
        return strip

    def picture(self, name: str) -> None:
        """Take a picture of the tab."""
        self.page.screenshot(path=f"{self._pictures}-{name}.png")

    def complaints(self) -> list[str]:
        """List what went wrong unseen: scripts that failed or were refused, and what was planted and got to run."""
        return [*self._heard, *(f"pwned: {frame.url}" for frame in self.page.frames if _is_pwned(frame))]

    def _fail(self, failed: WebError) -> None:
        told = f"{failed.error} {failed.error.stack}"
        if "/postpress/" in told or "/static/assets/" not in told:  # not one of Airflow's own scripts
            self._heard.append(told)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and re.search("Content Security Policy|Content-Security-Policy", message.text):
            self._heard.append(message.text)


def _is_pwned(frame: Any) -> bool:
    try:
        return bool(frame.evaluate("'__pwned' in window"))
    except Error:  # it is on its way to another page
        return False
