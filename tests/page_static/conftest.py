"""The page by itself: a stand-in for Airflow answers it, and a real browser shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from stub import NOW, Stub, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TIMEOUT = 60_000  # ms that anything on the page may take


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A stand-in that knows no account."""
    with serving(Stub()) as stub:
        yield stub


@pytest.fixture
def opened(browser: Browser, stub: Stub) -> Iterator[Callable[..., Page]]:
    """
    Open an address of the stand-in, the page by default, and wait until it has been answered.

    The browser's storage is given by keyword (``theme``, ``timezone`` as Airflow writes it); the time is that of the
    stand-in, unless ``real_time``. Whatever the page throws fails the test.
    """
    contexts = []
    thrown: list[str] = []

    def open_page(
        path: str = "/postpress/coverage",
        *,
        width: int = 1440,
        height: int = 900,
        real_time: bool = False,
        context: Any = None,
        **storage: str,
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, timezone_id="UTC", **(context or {}))
        contexts.append(context)
        context.set_default_timeout(TIMEOUT)
        for key, value in {"timezone": '"UTC"', "theme": "light", **storage}.items():
            context.add_init_script(f"localStorage.getItem({key!r}) ?? localStorage.setItem({key!r}, {value!r})")
        page = context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error.stack)))
        page.on("console", lambda message: "Content Security Policy" in message.text and thrown.append(message.text))
        if not real_time:
            page.clock.set_fixed_time(datetime.fromtimestamp(NOW, UTC))
        page.goto(stub.url + path)
        ours = page.frame_locator("iframe") if path.startswith("/plugin/") else page
        expect(ours.locator("body")).not_to_have_attribute("data-state", "loading", timeout=TIMEOUT)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not thrown


@pytest.fixture(scope="module")
def call(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Call the page's modules: ``call("words", "(m, zone) => …")`` is given the module, and what makes a zone."""
    with serving(Stub()) as stub:
        context = browser.new_context(timezone_id="UTC")
        page = context.new_page()
        page.goto(stub.url + "/postpress/static/icon.svg")

        def evaluate(module: str, function: str, *arguments: Any) -> Any:
            return page.evaluate(
                f"""async (given) => {{
                    const m = await import("/postpress/static/{module}.js");
                    const {{ Zone }} = await import("/postpress/static/zone.js");
                    return ({function})(m, (name) => new Zone(name), ...given);
                }}""",
                list(arguments),
            )

        yield evaluate
        context.close()
