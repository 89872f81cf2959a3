"""Each example, as a user would copy it, run by Airflow against an emulator."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import shutil
import sys
import warnings
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.cli.cli_parser import get_parser
from airflow.models.pool import Pool
from airflow.sdk import DAG
from airflow.utils.db import upgradedb

from airflow_provider_postpress.emulator import Emulator

FOLDER = Path(__file__).parents[2] / "example_dags"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
BERLIN = "Europe/Berlin"


@pytest.fixture(scope="module", autouse=True)
def _in_the_dags_folder():
    dags_folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    for name in NAMES:
        shutil.copy(FOLDER / f"{name}.py", dags_folder)
    sys.path.insert(0, str(dags_folder))
    upgradedb()
    yield
    sys.path.remove(str(dags_folder))


@pytest.fixture
def postpress(emulator: Emulator) -> Emulator:
    """An emulator with the accounts that the examples name."""
    emulator.populate()
    return emulator


def fresh(name: str) -> DAG:
    sys.modules.pop(name, None)
    return import_module(name).dag


def run(name: str, **arguments: Any) -> Any:
    """Run an example with its waiting cut short."""
    dag = fresh(name)
    for task in dag.tasks:
        if task.is_mapped:
            task.partial_kwargs |= {"poll_interval": 0.05, "retry_delay": timedelta(0)}
        else:
            vars(task).update(poll_interval=0.05, poke_interval=0.05, retry_delay=timedelta(0))
    return dag.test(**arguments)


def states_of(dag_run: Any) -> tuple[str, dict[str, str]]:
    """Give the states of a run and of each task or mapped task."""
    states = {ti.rendered_map_index or ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}
    return str(dag_run.state), states


def commands_of(name: str) -> list[list[str]]:
    """The commands that an example tells, without the program's name."""
    fresh(name)
    told = (inspect.getdoc(sys.modules[name]) or "").replace("\\\n", "")
    return [shlex.split(command) for command in re.findall(r"^    airflow (.+)", told, re.MULTILINE)]


def do(command: list[str]) -> None:
    arguments = get_parser().parse_args(command)
    arguments.func(arguments)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_says_when_to_use_it_and_is_read_without_a_warning(name: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh(name)
    assert "\nUse it " in sys.modules[name].__doc__


def test_a_night_brings_its_day_and_what_arrived_late(postpress: Emulator):
    postpress.add_messages("chat_linkedin_1", ["2026-03-04T01:00:00Z", "2026-03-05T00:59:59.999Z"])
    dag_run = run(
        "nightly_incremental",
        logical_date=pendulum.datetime(2026, 3, 5, 2, tz=BERLIN),
        run_conf={"spread_minutes": 0},
    )
    assert states_of(dag_run) == ("success", {"at_an_uneven_time": "success", "resync": "success"})
    assert postpress.missing("acc_linkedin", "2026-03-01T01:00:00Z", "2026-03-05T01:00:00Z") == []
    assert postpress.missing("acc_linkedin", "2026-03-05T01:00:00Z")


def test_each_of_many_accounts_is_synced_once_and_those_that_cannot_be_are_skipped(
    postpress: Emulator, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(
        "AIRFLOW_VAR_POSTPRESS_ACCOUNTS", '["acc_telegram", "acc_linkedin", "acc_whatsapp", "acc_linkedin"]'
    )
    dag_run = run("many_accounts", logical_date=pendulum.datetime(2026, 3, 5, 3, tz=BERLIN))
    assert states_of(dag_run) == (
        "success",
        {"accounts": "success", "acc_linkedin": "success", "acc_telegram": "success", "acc_whatsapp": "skipped"},
    )
    for account in ("acc_linkedin", "acc_telegram"):
        assert len(postpress.starts(account)) == 1
        assert postpress.missing(account, "2026-03-01T02:00:00Z", "2026-03-05T02:00:00Z") == []


def test_each_account_has_a_pool_of_one_slot_that_counts_deferred_tasks(postpress: Emulator):
    for command in commands_of("many_accounts_with_pools"):
        do(command)
    pools = {task.account_id: Pool.get_pool(task.pool) for task in fresh("many_accounts_with_pools").tasks}
    assert {account: (pool.slots, pool.include_deferred) for account, pool in pools.items()} == {
        "acc_linkedin": (1, True),
        "acc_telegram": (1, True),
    }
    dag_run = run("many_accounts_with_pools", logical_date=pendulum.datetime(2026, 3, 5, 4, tz=BERLIN))
    assert states_of(dag_run) == ("success", {"resync_acc_linkedin": "success", "resync_acc_telegram": "success"})
    for account in pools:
        assert postpress.missing(account, "2026-03-01T03:00:00Z", "2026-03-05T03:00:00Z") == []


def test_chats_are_repaired_whole_each_alone(postpress: Emulator):
    postpress.fail_next_sync(chat_id="chat_linkedin_1")
    postpress.delete_chat("chat_linkedin_2")
    asked_for = ["chat_linkedin_3", "chat_linkedin_1", "chat_unknown", "chat_linkedin_2", "chat_linkedin_3"]
    dag_run = run("chat_repair", logical_date=None, run_conf={"chat_ids": asked_for})
    assert states_of(dag_run) == (
        "failed",
        {
            "chats": "success",
            "chat_linkedin_1": "success",
            "chat_linkedin_2": "skipped",
            "chat_linkedin_3": "success",
            "chat_unknown": "failed",
        },
    )
    assert [start["status"] for start in postpress.starts(chat_id="chat_linkedin_1")] == ["SYNC_ERROR", "SYNC_DONE"]
    assert [start["status"] for start in postpress.starts(chat_id="chat_linkedin_3")] == ["SYNC_DONE"]
    for chat in ("chat_linkedin_1", "chat_linkedin_3"):
        assert postpress.missing(chat_id=chat) == []


def test_a_sync_is_started_and_waited_for_later(postpress: Emulator):
    dag_run = run("trigger_now_wait_later", logical_date=pendulum.datetime(2026, 3, 5, 5, tz=BERLIN))
    assert states_of(dag_run) == ("success", dict.fromkeys(("start", "name_of", "wait", "report"), "success"))
    results = {task: dag_run.get_task_instance(task).xcom_pull(task_ids=task)["status"] for task in ("start", "wait")}
    assert results == {"start": "SYNC_STARTED", "wait": "SYNC_DONE"}
    assert len(postpress.starts("acc_linkedin")) == 1
    assert postpress.missing("acc_linkedin", "2026-03-04T04:00:00Z", "2026-03-05T04:00:00Z") == []


def test_a_year_is_filled_month_by_month(postpress: Emulator):
    postpress.add_messages("chat_telegram_1", ["2025-01-31T23:59:59.999Z", "2025-02-01T00:00:00Z"])
    postpress.scatter_messages("acc_telegram", 100, "2025-01-01T00:00:00Z", "2025-04-01T00:00:00Z")
    for month_over in ("2025-02-01", "2025-03-01"):
        dag_run = run(
            "yearly_backfill",
            logical_date=pendulum.parse(month_over),
            run_conf={"account_id": "acc_telegram", "spread_minutes": 0},
        )
        assert states_of(dag_run) == ("success", {"at_an_uneven_time": "success", "resync": "success"})
    assert postpress.missing("acc_telegram", "2025-01-01T00:00:00Z", "2025-03-01T00:00:00Z") == []
    assert postpress.missing("acc_telegram", "2025-03-01T00:00:00Z", "2025-04-01T00:00:00Z")


def test_the_backfill_command_makes_a_run_for_each_month(capsys: pytest.CaptureFixture[str]):
    (command,) = commands_of("yearly_backfill")
    run("yearly_backfill", logical_date=pendulum.datetime(2025, 2, 1), mark_success_pattern=".*")  # stores the DAG
    capsys.readouterr()
    do([*command, "--reprocess-behavior", "completed", "--dry-run"])
    months = re.findall(r"2025-\d\d-01 00:00:00\+00:00", capsys.readouterr().out.partition(" to be attempted:")[2])
    assert len(set(months)) == 12
