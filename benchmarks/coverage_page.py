"""
Measure the coverage page in a Chromium, at a real API server: until it can be used, and until a zoom is shown.

``python -m benchmarks.coverage_page`` prints what it found as JSON, in milliseconds: how long the answer of the API
took, how long after it the page was usable, how long after a click on a zoom the next frame was shown, and how much of
that was the work of the page's scripts. The first load is apart: it finds nothing cached. Needs Chromium, and the extra
``dev`` of this package.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine

from benchmarks.coverage import DAGS, seed
from demo.browser import chromium
from demo.local_airflow import LocalAirflow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator

PAGE = "/plugin/postpress-coverage"
ZOOMS = ("Quarter", "Month", "Week", "Day", "Year")

# the page's own measures, and when its answer had come
LOADED = """() => {
    const measures = performance.getEntriesByType("measure").filter(({ name }) => name.startsWith("postpress:"));
    const ready = measures.find(({ name }) => name === "postpress:ready");
    const answer = performance.getEntriesByType("resource").find(({ name }) => name.includes("/api/coverage?"));
    if (!ready || !answer) return null;
    const { startTime, responseEnd } = answer;
    return { answer: responseEnd - startTime, usable: ready.startTime + ready.duration - responseEnd };
}"""
ZOOM = """(button) => new Promise((done) => {
    performance.clearMeasures("postpress:zoom");
    const began = performance.now();
    button.click();
    const script = performance.getEntriesByName("postpress:zoom").at(-1)?.duration;
    requestAnimationFrame(() => setTimeout(() => done({ shown: performance.now() - began, script })));
})"""


def main() -> None:
    """Start an API server with a year of accounts, load the page a few times, zoom, and print what was found."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    arguments.add_argument("--accounts", type=int, default=300)
    arguments.add_argument("--days", type=int, default=365, help="how many daily windows each account has")
    arguments.add_argument("--loads", type=int, default=7, help="how often the page is loaded")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        dags = Path(folder) / "dags"
        dags.mkdir()
        dags.joinpath("syncs.py").write_text(DAGS)
        airflow = LocalAirflow(Path(folder) / "airflow", dags)
        try:
            airflow.prepare()
            seed(create_engine(f"sqlite:///{airflow.home}/airflow.db?timeout=60"), chosen.accounts, chosen.days)
            loads = [_load(browser, airflow.url, chosen.accounts) for _ in range(chosen.loads)]
        finally:
            airflow.stop()
    first, *later = loads
    zooms = [zoom for load in loads for zoom in load["zooms"]]
    found = {
        "accounts": chosen.accounts,
        "first_answer_ms": round(first["answer"]),
        "first_usable_ms": round(first["usable"]),
        "answer_ms": _summary([load["answer"] for load in later]),
        "usable_ms": _summary([load["usable"] for load in later]),
        "zoom_ms": _summary([zoom["shown"] for zoom in zooms]),
        "zoom_script_ms": _summary([zoom["script"] for zoom in zooms]),
    }
    json.dump(found, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _load(browser: Browser, url: str, accounts: int) -> dict[str, Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        page = context.new_page()
        page.goto(url + PAGE, wait_until="commit")
        coverage = page.frame_locator("iframe")
        coverage.locator(f"#list [role=option] >> nth={accounts - 1}").wait_for(timeout=60_000)
        loaded: dict[str, Any] = coverage.locator("html").evaluate(LOADED)
        return {**loaded, "zooms": [_zoom(coverage, name) for name in ZOOMS]}
    finally:
        context.close()


def _zoom(coverage: FrameLocator, name: str) -> dict[str, float]:
    zoomed: dict[str, float] = coverage.get_by_role("button", name=name, exact=True).evaluate(ZOOM)
    return zoomed


def _summary(times: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(times), 1), "worst": round(max(times), 1)}


if __name__ == "__main__":
    main()
