"""
Take the pictures of the coverage page that the README shows: ``python -m demo.pictures``.

A year of forty accounts is put into the database of an Airflow, of which the API server alone runs, and a Chromium
looks at it. Needs Chromium, and this package's extra ``dev``.
"""

from __future__ import annotations

import re
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from demo.browser import chromium
from demo.local_airflow import LocalAirflow
from demo.past import Past

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COVERAGE_PAGE = "/plugin/postpress-coverage"
FOLDER = Path(__file__).parents[1] / "docs/images"
DAG_ID = "message_history"
NAMES = (
    "Ada Okafor", "Amara Nwosu", "Anna Weber", "Beatriz Costa", "Ben Schuster", "Carla Rossi", "Chloé Martin",
    "Daniel Kim", "David Levi", "Elif Demir", "Emma Lindqvist", "Eva Novák", "Felix Braun", "Fatima Haddad",
    "Giulia Conti", "Hana Sato", "Hiring · DACH", "Hiring · Nordics", "Ines Pereira", "Isaac Cohen", "Jakub Zieliński",
    "Jonas Meyer", "Kaja Hansen", "Laura Gómez", "Leila Rahimi", "Liam O'Connor", "Lucía Fernández", "Marek Dvořák",
    "Maya Patel", "Noah Dubois", "Olga Petrova", "Partnerships", "Priya Sharma", "Rasmus Nielsen", "Sales · Benelux",
    "Sofia Papadaki", "Support", "Tomás Silva", "Yuki Tanaka", "Zeynep Kaya",
)  # fmt: skip
CHOSEN = "Anna Weber"
ON_TELEGRAM = {"Support", "Partnerships", "Olga Petrova", "Leila Rahimi"}

YEAR = 365
OUTAGE = (131, 128)
"""Days ago, from and to, of which a quarter of the accounts was not synced."""
LATECOMERS = {"Hiring · Nordics": 216, "Kaja Hansen": 140, "Rasmus Nielsen": 301, "Sales · Benelux": 88}
"""How many days ago an account was added."""
AWAY = {
    "Anna Weber": (58, 46), "Daniel Kim": (17, 0), "Felix Braun": (290, 281), "Giulia Conti": (103, 99),
    "Jakub Zieliński": (221, 202), "Maya Patel": (70, 66), "Partnerships": (34, 31), "Tomás Silva": (160, 144),
}  # fmt: skip
"""From how many days ago an account's login was lost, and until when; 0: it still is."""
LOST = {
    "Anna Weber": (96, 93), "Beatriz Costa": (331, 318), "Emma Lindqvist": (20, 17), "Hana Sato": (249, 245),
    "Isaac Cohen": (188, 185), "Olga Petrova": (77, 69), "Tomás Silva": (40, 35), "Zeynep Kaya": (63, 62),
}  # fmt: skip
"""Days that nobody synced, for no reason that is known."""
FAILED = {
    "Anna Weber": (25, 22), "Ben Schuster": (41, 38), "Elif Demir": (240, 238), "Laura Gómez": (9, 6),
    "Jakub Zieliński": (84, 80), "Liam O'Connor": (119, 118), "Priya Sharma": (3, 1), "Support": (266, 262),
    "Yuki Tanaka": (170, 166),
}  # fmt: skip
"""Days of which the sync failed, and was not repeated."""

_TIMEOUT_MS = 60_000
_COLOURS = 256


def main() -> None:
    """Take the pictures."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        airflow = LocalAirflow(Path(folder) / "airflow", Path(__file__).with_name("picture_dags"))
        try:
            airflow.prepare()
            with Past(airflow.home / "airflow.db") as past:
                for number, name in enumerate(NAMES):
                    put_year(past, name, OUTAGE if number % 4 == 0 else None)
            FOLDER.mkdir(parents=True, exist_ok=True)
            _take(browser, airflow)
        finally:
            airflow.stop()


def put_year(past: Past, name: str, outage: tuple[int, int] | None) -> None:
    """
    Put an account's year.

    :param past: where
    :param name: the account's
    :param outage: from and until how many days ago nothing was synced
    """
    account_id = "acc_" + "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha())
    account_type = "TELEGRAM" if name in ON_TELEGRAM else "LINKEDIN"
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = LATECOMERS.get(name, YEAR)
    gone, back = AWAY.get(name, (0, 0))
    past.account(account_id, name)
    past.status(account_id, "CREATION_SUCCESS", today - timedelta(days=first), account_type)
    if gone:
        past.status(account_id, "CREDENTIALS", today - timedelta(days=gone, hours=-7), account_type)
    if back:
        past.status(account_id, "OK", today - timedelta(days=back, hours=-9), account_type)
    for ago in range(first, 0, -1):
        start = today - timedelta(days=ago)
        if _within(ago, FAILED.get(name)):
            past.sync(account_id, start, start + timedelta(days=1), status="SYNC_ERROR", dag_id=DAG_ID)
        elif not any(_within(ago, span) for span in (outage, (gone, back), LOST.get(name))):
            past.sync(account_id, start, start + timedelta(days=1), dag_id=DAG_ID)


def _within(ago: int, span: tuple[int, int] | None) -> bool:
    return span is not None and span[0] >= ago > span[1]


def _take(browser: Browser, airflow: LocalAirflow) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(_TIMEOUT_MS)
    page = context.new_page()
    page.emulate_media(color_scheme="light")
    page.goto(airflow.url + COVERAGE_PAGE)
    coverage = page.frame_locator("iframe")
    account = coverage.get_by_role("option", name=re.compile(f"^{CHOSEN},"))
    account.wait_for()
    _save(page, "coverage-light")

    page.emulate_media(color_scheme="dark")
    account.click()
    drawer = coverage.locator("#drawer")
    drawer.get_by_role("button", name=re.compile("^Failed,")).click()
    drawer.get_by_role("button", name="Sync this window").wait_for()
    drawer.get_by_role("heading", name=re.compile(r"^Windows \(")).wait_for()
    coverage.locator("html[data-theme=dark]").wait_for()
    page.mouse.move(0, 0)
    _save(page, "coverage-drawer-dark")
    context.close()


def _save(page: Page, name: str) -> None:
    file = FOLDER / f"{name}.png"
    page.screenshot(path=file)
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(_COLOURS, kmeans=1).save(file, optimize=True)
    sys.stdout.write(f"{file}: {file.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
