"""What tests of several folders use: a browser, a PostgreSQL; and that groups of tests stay together."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from demo.browser import NoChromium, chromium, find_chromium
from demo.postgres import NoPostgres, find_postgres

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PATIENCE_MS = 90_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none, unless POSTPRESS_REQUIRE_BROWSER=1 says that there is one."""
    if os.environ.get("POSTPRESS_REQUIRE_BROWSER") == "1":
        return
    try:
        find_chromium()
    except NoChromium as none:
        for item in items:
            if "browser" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(str(none)))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to run where xdist has lost the groups: two live Airflows at once are too much for a small machine."""
    if session.config.getoption("loadgroup", False):
        grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
        if any("@" not in item.nodeid for item in grouped):
            raise pytest.UsageError("This pytest and this xdist do not keep groups of tests together.")


# for a module, and no longer: while Playwright runs, tests of asyncio cannot
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium without a window; what is expected of a page may take as long as a busy machine needs."""
    with chromium() as browser:
        from playwright.sync_api import expect

        expect.set_options(timeout=PATIENCE_MS)
        yield browser


@pytest.fixture(scope="session")
def needs_postgres() -> None:
    """Skip where no PostgreSQL is installed, or no driver; fail where POSTPRESS_REQUIRE_POSTGRES=1 says that one is."""
    try:
        find_postgres()
        import psycopg2  # noqa: F401 (what Airflow needs)
    except (NoPostgres, ImportError) as none:
        if os.environ.get("POSTPRESS_REQUIRE_POSTGRES") == "1":
            raise
        pytest.skip(str(none))
