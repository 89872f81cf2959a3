"""What the README says, held against the code."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import warnings
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.cli.cli_parser import get_parser
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_2_PLUS
from airflow.sdk import DAG
from airflow.utils.db import upgradedb

from airflow_provider_postpress import exceptions
from airflow_provider_postpress.assets import account_asset, account_status_asset, chat_asset
from airflow_provider_postpress.emulator import Emulator
from airflow_provider_postpress.emulator.fixtures import postpress_default, postpress_emulator
from airflow_provider_postpress.hooks.postpress import PostpressHook
from airflow_provider_postpress.hooks.settings import EXTRAS
from airflow_provider_postpress.operators.account import (
    PostpressListAccountsOperator,
    PostpressReconnectAccountOperator,
)
from airflow_provider_postpress.operators.coverage import PostpressCoverageOperator
from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator
from airflow_provider_postpress.resync.driver import Progress, SyncResult
from airflow_provider_postpress.resync.request import SyncRequest
from airflow_provider_postpress.resync.window import SyncWindow, read_instant
from airflow_provider_postpress.sensors.account import PostpressAccountSensor
from airflow_provider_postpress.sensors.resync import PostpressChatResyncSensor, PostpressResyncSensor
from airflow_provider_postpress.tasks.window import CONF_KEY

__all__ = ["postpress_default", "postpress_emulator"]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def commands(program: str) -> list[str]:
    return [line for text in blocks("bash") for line in text.splitlines() if line.startswith(f"{program} ")]


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def tables(text: str) -> list[list[list[str]]]:
    """Give the rows of each table, without its head."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    return [[line[2:-2].split(" | ") for line in rows.splitlines()[2:]] for rows in found]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture
def nightly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The DAG to copy, in the DAGs folder as ``nightly.py``."""
    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    dag_file = folder / "nightly.py"
    dag_file.write_text(blocks("python")[0])
    monkeypatch.syspath_prepend(str(folder))
    upgradedb()
    yield
    dag_file.unlink()


@pytest.mark.usefixtures("nightly")
def test_the_dag_and_the_test_to_copy_work_as_they_are(postpress_default: Emulator):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        import_module("nightly")
    names: dict[str, Any] = {}
    exec(blocks("python")[2], names)  # noqa: S102 (our own words)
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    test(postpress_default)


@pytest.mark.parametrize("snippet", blocks("py"))
def test_the_snippets_about_accounts_events_and_coverage_can_be_put_into_a_dag_file(snippet: str):
    names = (
        DAG,
        PostpressCoverageOperator,
        PostpressListAccountsOperator,
        PostpressReconnectAccountOperator,
        PostpressResyncOperator,
        timedelta,
    )
    with DAG("snippet", schedule=None):
        exec(snippet, {name.__name__: name for name in names})  # noqa: S102 (our own words)


def test_the_assets_that_are_told_are_those_that_the_helpers_give():
    helpers = {"account_asset": account_asset, "account_status_asset": account_status_asset, "chat_asset": chat_asset}
    for uri, helper, _ in tables(section("Events"))[0][:3]:
        assert helpers[codes(helper)[0].partition("(")[0]]("{id}").uri == codes(uri)[0].replace("{id}", "%7Bid%7D")


def test_the_fixtures_are_where_it_says():
    names: dict[str, Any] = {}
    exec(blocks("python")[1], names)  # noqa: S102 (our own words)
    for module in names["pytest_plugins"]:
        assert import_module(module).postpress_default


@pytest.mark.parametrize("command", commands("airflow"))
def test_airflow_knows_each_command(command: str):
    if command.startswith("airflow postpress") and not AIRFLOW_V_3_2_PLUS:
        pytest.skip("Airflow 3.1 takes no commands of providers")
    get_parser().parse_args(shlex.split(command)[1:])


def test_what_replaces_airflow_postpress_is_known_and_takes_the_same(capsys: pytest.CaptureFixture[str]):
    (told,) = re.findall(r"`python -m (airflow_provider_postpress\.\S+ coverage)`", section("Coverage"))
    (command,) = (line for line in commands("airflow") if line.startswith("airflow postpress"))
    module, *arguments = [told.split()[0], *shlex.split(command)[2:]]

    with pytest.raises(SystemExit) as ended:
        import_module(module).main([*arguments, "--help"])

    assert (ended.value.code, told.split()[1:]) == (0, arguments[:1])
    assert "--account" in capsys.readouterr().out


@pytest.mark.parametrize("command", commands("make"))
def test_make_knows_each_command(command: str):
    assert re.search(rf"^{command.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("export", commands("export"))
def test_each_form_of_the_connection_says_the_same(export: str, monkeypatch: pytest.MonkeyPatch):
    name, _, value = shlex.split(export)[1].partition("=")
    monkeypatch.setenv(name, value)
    settings = PostpressHook().settings
    assert (settings.api_key, settings.base_url, settings.timeout) == ("pp_live_key", "https://api.postpress.ai/v1", 60)


def test_the_connections_fields_are_those_that_there_are():
    told = {code for row in tables(section("The connection"))[0] for code in codes(row[1])}
    assert told == {"host", "password", *EXTRAS}


def test_the_result_is_as_told():
    told = json.loads(blocks("json")[1])
    request = SyncRequest.from_dict(told)
    now = datetime.now(UTC)
    result = SyncResult(request, "SYNC_DONE", Progress(started_at=now), finished_at=now)
    assert list(told) == list(result.as_dict())
    assert told["parameters"] == {"partial": True, **request.window.parameters()}


def test_the_conf_that_repairs_is_understood():
    bounds = json.loads(blocks("json")[0])[CONF_KEY]
    assert SyncWindow(read_instant("start", bounds["start"], pendulum.UTC), bounds["end"])


@pytest.mark.parametrize(
    ("title", "number", "operators"),
    [
        ("Operators", 0, [PostpressResyncOperator]),
        ("Operators", 1, [PostpressChatResyncOperator]),
        ("Sensors", 0, [PostpressResyncSensor, PostpressChatResyncSensor]),
        ("Accounts", 0, [PostpressListAccountsOperator]),
        ("Accounts", 1, [PostpressAccountSensor]),
        ("Accounts", 2, [PostpressReconnectAccountOperator]),
        ("Coverage", 1, [PostpressCoverageOperator]),
    ],
)
def test_the_parameters_are_those_that_are_documented(title: str, number: int, operators: list[type]):
    told = {name for row in tables(section(title))[number] for name in codes(row[0])}
    also_told = set(codes(section(title))) if title == "Sensors" else set()
    documented = {name for operator in operators for name in re.findall(r":param (\w+):", operator.__doc__ or "")}
    assert documented <= told | also_told
    for name in told - documented:
        assert any(name in inspect.signature(base).parameters for op in operators for base in op.__mro__), name


def test_the_exceptions_are_those_that_there_are_and_retried_as_told():
    told = {codes(row[0])[0]: row[1] for row in tables(section("What each exception means"))[0]}
    there = {name: kind for name, kind in vars(exceptions).items() if name.startswith("Postpress")}
    assert told == {name: "no" if issubclass(kind, AirflowFailException) else "yes" for name, kind in there.items()}
