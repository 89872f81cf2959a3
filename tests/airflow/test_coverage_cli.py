"""``airflow postpress coverage``: the coverage of accounts on the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from ast import literal_eval
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.models.asset import AssetEvent, AssetModel
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_2_PLUS
from airflow.sdk import DAG
from airflow.utils.session import create_session
from sqlalchemy import delete

from airflow_provider_postpress.assets import account_asset, account_status_uri, account_uri
from airflow_provider_postpress.cli import main

AIRFLOW = [str(Path(sys.executable).with_name("airflow")), "postpress"]
WITHOUT_AIRFLOW = [sys.executable, "-m", "airflow_provider_postpress.cli"]
"""The way for Airflow 3.1."""

in_each_way = pytest.mark.parametrize(
    "command",
    [
        pytest.param(
            AIRFLOW,
            id="airflow postpress",
            marks=pytest.mark.skipif(not AIRFLOW_V_3_2_PLUS, reason="Airflow 3.1 takes no commands of providers"),
        ),
        pytest.param(WITHOUT_AIRFLOW, id="python -m airflow_provider_postpress.cli"),
    ],
)
DAY = timedelta(days=1)
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - 2 * DAY
"""Long enough ago for its windows to be due at any time of the day."""
NAME = "Ben [red]'s[/bold] \x1b[31mphone"


def ago(days: int) -> str:
    return (TODAY - days * DAY).isoformat().replace("+00:00", "Z")


@pytest.fixture(scope="module", autouse=True)
def _known(put_dag: Callable[[DAG], None]) -> Iterator[None]:
    """Two accounts: of one, three days of ten are missing and the last one failed; nothing of the other."""
    put_dag(DAG("unused", schedule=[account_asset("cli_unsynced")], start_date=TODAY))
    with create_session() as session:
        session.execute(delete(AssetEvent))
        anna = AssetModel(name=account_uri("cli_anna"), uri=account_uri("cli_anna"), group="asset")
        ben = AssetModel(name=NAME, uri=account_uri("cli_ben"), group="asset")
        status = AssetModel(name=account_status_uri("cli_ben"), uri=account_status_uri("cli_ben"), group="asset")
        session.add_all([anna, ben, status])
        session.flush()
        for number in (10, 9, 8, 4, 3, 2):
            session.add(synced(anna, number))
        for number in range(10, 0, -1):
            session.add(synced(ben, number))
        session.add(synced(anna, 1, status="SYNC_ERROR"))
        session.add(synced(anna, 5, product="recruiter"))
    yield
    with create_session() as session:
        session.execute(delete(AssetEvent))


def synced(asset: AssetModel, days_ago: int, *, status: str = "SYNC_DONE", product: str | None = None) -> AssetEvent:
    """Give the event of the sync of a day."""
    return AssetEvent(
        asset_id=asset.id,
        source_dag_id="nightly",
        timestamp=TODAY - (days_ago - 1) * DAY + timedelta(minutes=5),
        extra={
            "told_by": "sync",
            "status": status,
            "window": {"start": ago(days_ago), "end": ago(days_ago - 1)},
            "product": product,
        },
    )


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command in this process, and give what it prints."""

    def run(*arguments: str) -> str:
        capsys.readouterr()
        main(["coverage", "--to", ago(0), *arguments])
        return capsys.readouterr().out

    return run


def rows(printed: str) -> dict[str, dict[str, Any]]:
    return {row["account"]: row for row in json.loads(printed)}


def without_log(printed: str) -> str:
    """Leave out the log, which `airflow` writes to the same place before Airflow 3.3."""
    return "\n".join(line for line in printed.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", line))


@in_each_way
def test_a_process_of_its_own_tells_all_accounts_as_json(command: list[str]):
    ran = subprocess.run([*command, "coverage", "--to", ago(0), "--output", "json"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    anna = rows(without_log(ran.stdout))["cli_anna"]
    assert {name: anna[name] for name in anna if name.endswith("_seconds")} == {
        "synced_seconds": 6 * 86400,
        "missing_seconds": 3 * 86400,
        "failed_seconds": 86400,
        "disconnected_seconds": 0,
        "pending_seconds": 0,
    }
    assert anna["synced_percent"] == 60.0
    assert anna["gaps"] == [
        {"start": ago(7), "end": ago(4), "why": "missing", "seconds": 3 * 86400},
        {"start": ago(1), "end": ago(0), "why": "failed", "seconds": 86400},
    ]


@in_each_way
def test_a_process_of_its_own_tells_an_account_and_its_gaps_in_words(command: list[str]):
    ran = subprocess.run(
        [*command, "coverage", "--to", ago(0), "--account", "cli_anna"], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert [column.strip() for column in without_log(ran.stdout).splitlines()[0].split("|")] == [
        "account",
        "name",
        "type",
        "synced",
        "missing",
        "failed",
        "disconnected",
        "last sync",
    ]
    assert "60 %" in ran.stdout
    assert f"Account 'cli_anna': missing from {ago(7)} to {ago(4)}, 3 days." in ran.stdout
    assert f"Account 'cli_anna': failed from {ago(1)} to {ago(0)}, 1 day." in ran.stdout
    assert "cli_ben" not in ran.stdout


def test_the_span_and_the_product_are_chosen(run):
    found = rows(run("--output", "json", "--from", ago(7), "--to", ago(4), "--product", "recruiter"))
    assert found["cli_anna"]["synced_seconds"] == 86400
    assert found["cli_anna"]["gaps"] == [
        {"start": ago(7), "end": ago(5), "why": "missing", "seconds": 2 * 86400},
    ]


def test_several_accounts_are_chosen_and_told_in_each_form(run):
    chosen = ("--account", "cli_anna", "--account", "cli_ben")
    assert list(rows(run(*chosen, "--output", "json"))) == ["cli_anna", "cli_ben"]
    assert yaml.safe_load(run(*chosen, "--output", "yaml")) == json.loads(run(*chosen, "--output", "json"))
    lines = run(*chosen, "--output", "plain").splitlines()
    assert [line.split()[0] for line in lines] == ["account", "cli_anna", "cli_ben"]
    assert "Account 'cli_ben': nothing that was due is missing." in run(*chosen)


def test_names_are_shown_as_they_are_but_cannot_steer_the_terminal(run):
    for output in ("table", "plain"):
        assert "Ben [red]'s[/bold] \N{REPLACEMENT CHARACTER}[31mphone" in run("--output", output)


def test_an_account_that_no_sync_has_told_of_has_nothing_to_show(run):
    found = rows(run("--account", "cli_unsynced", "--output", "json"))["cli_unsynced"]
    assert (found["synced_percent"], found["last_sync"], found["gaps"]) == (None, None, [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--account", "cli_nobody"), "Nothing is known of 'cli_nobody': no DAG of this Airflow has an asset of it"),
        (("--from", "yesterday"), "from='yesterday' is no moment"),
        (("--from", ago(1), "--to", ago(2)), "is not before"),
        (("--product", "gold"), "^--product='gold' is not allowed: it is one of"),
    ],
)
def test_what_cannot_be_told_ends_with_words_and_not_with_success(run, arguments, words):
    with pytest.raises(SystemExit, match=words):
        run(*arguments)


def test_a_command_of_airflow_imports_next_to_nothing_of_ours():
    code = """
import sys
import airflow.cli.cli_config
before = set(sys.modules)
from airflow_provider_postpress.cli import get_commands
get_commands()
print(sorted(set(sys.modules) - before))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # before Airflow 3.2 nothing has asked for its commands by then
    ours = set(literal_eval(ran.stdout)) - {"airflow_provider_postpress"}
    assert ours == {"airflow_provider_postpress.cli"}
