"""A Chromium of this machine, driven by Playwright: ``python -m demo.browser`` tells which one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMED_BY = "POSTPRESS_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


class NoChromium(RuntimeError):
    """There is no Chromium; the text tells where it was looked for, and what to install."""


def find_chromium() -> str:
    """
    Find a Chromium: the one that ``POSTPRESS_CHROMIUM`` names, else one on the path.

    :raises NoChromium: there is none
    """
    named = os.environ.get(NAMED_BY)
    for name in [named] if named else _NAMES:
        if found := shutil.which(name):
            return found
    sought = f"{NAMED_BY}={named}" if named else f"{', '.join(_NAMES)} on the path"
    raise NoChromium(f"No Chromium ({sought}): apt-get install chromium, or name one in {NAMED_BY}.")


@contextmanager
def chromium() -> Iterator[Browser]:
    """
    Run a Chromium without a window, and end it.

    While it runs asyncio has a running loop in this thread: Playwright's.

    :raises NoChromium: there is none
    """
    executable = find_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable)
        yield browser
        browser.close()


def main() -> None:
    """Print where the Chromium is that tests use, or end with what is wrong with it, in words."""
    try:
        found = find_chromium()
    except NoChromium as none:
        sys.exit(str(none))
    # a distribution may have a stub of that name
    if subprocess.run([found, "--version"], capture_output=True, check=False).returncode:  # noqa: S603 (it is trusted)
        sys.exit(f"{found} does not run: try `{found} --version`, or name another one in {NAMED_BY}.")
    sys.stdout.write(f"{found}\n")


if __name__ == "__main__":
    main()
