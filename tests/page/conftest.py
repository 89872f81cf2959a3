"""Databases as Airflow has them, and an API server with several users; both with a past that the tests write."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import metadata
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any

import pytest
from page_past import NOW, SPAN, Past, Read, milliseconds, tables_made
from page_server import Page, password_of
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[2]))
# whoever imports Airflow first must not find the home of another
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

from watched_airflow import WatchedAirflow

from demo.local_airflow import LocalAirflow
from demo.postgres import postgres

if TYPE_CHECKING:
    from sqlalchemy import Engine

HERE = Path(__file__).parent
USERS = {"ada": "admin", "uma": "user", "vera": "viewer", "hugo": "user", "nora": "user"}
"""Their roles; what less ``hugo`` and ``nora`` may is told in page_rights.py."""


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine of a database with Airflow's tables."""
    if request.param == "sqlite":
        yield tables_made(f"sqlite:///{tmp_path_factory.mktemp('database')}/airflow.db")
        return
    request.getfixturevalue("needs_postgres")
    with postgres() as server:
        yield tables_made(server.url)


@pytest.fixture
def past(engine: Engine) -> Iterator[Past]:
    """Writes into the database."""
    past = Past(engine)
    yield past
    past.clear()


@pytest.fixture
def read_all(engine: Engine) -> Read:
    """Read the coverage of all accounts."""
    from airflow_provider_postpress.page.overview import overview
    from airflow_provider_postpress.page.rights import AllRights

    def read_all(start: datetime = SPAN[0], end: datetime = SPAN[1], **how: Any) -> Any:
        how = {"now": milliseconds(NOW), "grace": 6 * 3_600_000, "rights": AllRights(), **how}
        with Session(engine) as session:
            return overview(session, how.pop("rights"), (milliseconds(start), milliseconds(end)), **how)

    return read_all


@pytest.fixture
def read(read_all: Read) -> Read:
    """Read the coverage of one account."""

    def read(account_id: str, *bounds: datetime, **how: Any) -> Any:
        (account,) = read_all(*bounds, only=[account_id], **how)["accounts"]
        return account

    return read


@pytest.fixture
def read_detail(engine: Engine) -> Read:
    """Read all of one account."""
    from airflow_provider_postpress.page.detail import detail
    from airflow_provider_postpress.page.rights import AllRights

    def read_detail(account_id: str, start: datetime = SPAN[0], end: datetime = SPAN[1], **how: Any) -> Any:
        how = {"now": milliseconds(NOW), "grace": 6 * 3_600_000, "rights": AllRights(), **how}
        with Session(engine) as session:
            rights = how.pop("rights")
            return detail(session, rights, account_id, (milliseconds(start), milliseconds(end)), **how)

    return read_detail


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """
    An API server of these tests' users, below a path of its server's.

    With POSTPRESS_PAGE_PYTHON, it is the Airflow of that interpreter, in which this package need not be installed.
    """
    home = tmp_path_factory.mktemp("airflow")
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({user: password_of(user) for user in USERS}))
    python = os.environ.get("POSTPRESS_PAGE_PYTHON", sys.executable)
    settings = {
        "AIRFLOW__CORE__AUTH_MANAGER": "page_rights.PageRights",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
        "PYTHONPATH": os.pathsep.join([str(HERE), *([] if python == sys.executable else _installed(home))]),
    }
    login = ("ada", password_of("ada"))
    airflow = WatchedAirflow(home, HERE / "dags", settings, login=login, python=python, base_path="/airflow")
    try:
        airflow.prepare()
        yield airflow
    finally:
        airflow.stop()


@pytest.fixture(scope="session")
def server_past(server: LocalAirflow) -> Past:
    """Writes into the API server's database; each test has accounts of its own."""
    return Past(create_engine(f"sqlite:///{server.home}/airflow.db?timeout=60"))


@pytest.fixture(scope="session")
def visit(server: LocalAirflow) -> Iterator[Callable[[str | None], Page]]:
    """Give what a user, or nobody, is answered."""
    pages: dict[str | None, Page] = {}

    def visit(user: str | None) -> Page:
        if user not in pages:
            pages[user] = Page(server.url, user)
        return pages[user]

    yield visit
    for page in pages.values():
        page.http.close()


@pytest.fixture
def uma(visit: Callable[[str | None], Page]) -> Page:
    """What a user of all rights but an admin's is answered."""
    return visit("uma")


def _installed(home: Path) -> list[str]:
    """Make this package known to another interpreter: its code, and what its installation tells of it."""
    told: Any = metadata.distribution("airflow-provider-postpress")
    copytree(told._path, home / "installed" / told._path.name)
    return [str(HERE.parents[1]), str(home / "installed")]
