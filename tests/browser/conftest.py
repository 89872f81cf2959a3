"""Airflows with several users, and a Chromium that signs in to them as a person does."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from coverage_screen import PATIENCE_MS, CoverageScreen, password_of
from watched_airflow import WatchedAirflow

from demo.local_airflow import LocalAirflow

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).parent
USERS = {"ada": "admin", "uma": "user", "vera": "viewer", "hana": "user", "nora": "user"}
"""Their roles; what less two of them may is told in coverage_rights.py."""


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """The folder where pictures of the stories are kept."""
    folder = Path(os.environ.get("POSTPRESS_ARTEFACTS") or HERE.parents[1] / ".artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# the browser first: without one nothing is started
@pytest.fixture(scope="module")
def an_airflow(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """
    Prepare an Airflow of these tests' users, as a context manager.

    It is the one that is installed here, or, to see how another version does, that of the interpreter
    POSTPRESS_AIRFLOW_PYTHON, where this package must be installed, too, or on the PYTHONPATH with its metadata.
    """

    @contextmanager
    def an_airflow(**how: Any) -> Iterator[LocalAirflow]:
        home = tmp_path_factory.mktemp("airflow")
        passwords = home / "passwords.json"
        passwords.write_text(json.dumps({user: password_of(user) for user in USERS}))
        settings = {
            "AIRFLOW__CORE__AUTH_MANAGER": "coverage_rights.CoverageRights",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # no run but those that somebody starts
            "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
        }
        python = os.environ.get("POSTPRESS_AIRFLOW_PYTHON", sys.executable)
        airflow = WatchedAirflow(home, HERE / "dags", settings, login=("ada", password_of("ada")), python=python, **how)
        try:
            airflow.prepare()
            yield airflow
        finally:
            airflow.stop()

    return an_airflow


@pytest.fixture(scope="module")
def signed_in() -> dict[str, Any]:
    """The cookies of those who have signed in to a module's Airflow."""
    return {}


@pytest.fixture
def visit(
    browser: Browser, airflow: LocalAirflow, signed_in: dict[str, Any], artefacts: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., CoverageScreen]]:
    """
    Sign in as a user (``None``: do not), and give the screen; at the end it is photographed, and all was well.

    Whoever has been there before in this module still is signed in. Further arguments are the browser's: ``viewport`` …
    """
    screens: list[CoverageScreen] = []
    story = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")

    def visit(user: str | None = "uma", **how: Any) -> CoverageScreen:
        how = {"viewport": {"width": 1440, "height": 900}, "storage_state": signed_in.get(user), **how}
        context = browser.new_context(**how)
        context.set_default_timeout(PATIENCE_MS)
        screen = CoverageScreen(context, airflow.url, artefacts / f"{request.module.__name__}-{story}")
        screens.append(screen)
        if user and user not in signed_in:
            screen.sign_in(user)
            signed_in[user] = context.storage_state()
        return screen

    yield visit
    for screen in screens:
        screen.picture("end")
        complaints = screen.complaints()
        screen.context.close()
        assert complaints == []
