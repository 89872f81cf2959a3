"""Each example, as a user would copy it, run by Airflow against an emulator."""

from __future__ import annotations

import email
import inspect
import json
import os
import re
import shlex
import shutil
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import pendulum
import pytest
import zxingcpp
from aiosmtpd.controller import Controller
from airflow.cli.cli_parser import get_parser
from airflow.models.asset import AssetEvent
from airflow.models.pool import Pool
from airflow.sdk import DAG, Connection
from airflow.utils.db import upgradedb
from airflow.utils.session import create_session
from PIL import Image
from sqlalchemy import delete

from airflow_provider_postpress.api.models.events import AccountStatusEvent
from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.hooks.credentials import credentials_of
from airflow_provider_postpress.webhook.changes import changes_of
from airflow_provider_postpress.webhook.register import register

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


class Mailbox:
    """
    What a mail server has taken.

    :ivar mails: the mails, in the order that they came
    :ivar reader: is called with each mail when it comes, by the person whose it is
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.reader: Callable[[EmailMessage], None] = lambda mail: None

    @property
    def subjects(self) -> list[str]:
        """What the mails are about."""
        return [mail["Subject"] for mail in self.mails]

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        mail = email.message_from_bytes(envelope.content, _class=EmailMessage)
        self.mails.append(mail)
        self.reader(mail)
        return "250 Taken"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """The mailbox of the person on call, behind a mail server to which the connection ``smtp_default`` leads."""
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    connection = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    yield mailbox
    server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection ``linkedin_login`` and one ``telegram_login``."""
    linkedin = {"login": "anna@example.com", "password": "s3cr3t", "extra": {"provider": "LINKEDIN"}}
    for name, connection in (("LINKEDIN", linkedin), ("TELEGRAM", {"extra": {"provider": "TELEGRAM"}})):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_LOGIN", json.dumps({"conn_type": "generic", **connection}))


def fresh(name: str) -> DAG:
    sys.modules.pop(name, None)
    return import_module(name).dag


def run(example: str | DAG, **arguments: Any) -> Any:
    """Run an example with its waiting cut short."""
    dag = fresh(example) if isinstance(example, str) else example
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
        # the newest, on Airflow 3.1, for the standard provider's own imports
        warnings.filterwarnings("ignore", module=r"airflow\.providers\.common\.compat\._compat_utils")
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


def test_the_accounts_that_postpress_lists_as_healthy_are_synced(postpress: Emulator):
    postpress.set_source_status("acc_recruiter", "CONNECTING")
    dag_run = run("accounts_from_postpress", logical_date=pendulum.datetime(2026, 3, 5, 1, tz=BERLIN))
    synced = ("acc_linkedin", "acc_sales_navigator", "acc_telegram")
    assert states_of(dag_run) == ("success", {"accounts": "success", **dict.fromkeys(synced, "success")})
    for account in synced:
        assert len(postpress.starts(account)) == 1
        assert postpress.missing(account, "2026-02-25T00:00:00Z", "2026-03-05T00:00:00Z") == []


def test_where_postpress_lists_no_account_nothing_fails(emulator: Emulator):
    emulator.add_account("MAIL")
    dag_run = run("accounts_from_postpress", logical_date=pendulum.datetime(2026, 3, 5, 1, tz=BERLIN))
    assert states_of(dag_run) == ("success", {"accounts": "success", "resync": "skipped"})


@pytest.fixture
def nothing_told(put_dag: Callable[[DAG], None]) -> None:
    """Airflow knows of no sync."""
    put_dag(fresh("fill_gaps"))
    with create_session() as session:
        session.execute(delete(AssetEvent))


def filled(dag_run: Any) -> dict[str, set[str]]:
    """Give the states of the tasks that fill gaps, by account."""
    found: dict[str, set[str]] = {}
    for ti in dag_run.get_task_instances():
        if ti.task_id == "fill":
            found.setdefault(str(ti.rendered_map_index).partition(" since ")[0], set()).add(str(ti.state))
    return found


@pytest.mark.usefixtures("nothing_told")
def test_gaps_are_filled_the_oldest_first_some_in_each_run(postpress: Emulator):
    now = pendulum.now("UTC")
    for account in ("acc_linkedin", "acc_recruiter", "acc_sales_navigator"):
        postpress.set_source_status(account, "STOPPED")
    postpress.scatter_messages("acc_telegram", 200, now.subtract(days=90), now)
    for weeks, run_of_it in ((5, 1), (10, 2)):
        dag_run = run("fill_gaps", logical_date=None, run_after=now.add(seconds=run_of_it))
        assert str(dag_run.state) == "success"
        assert filled(dag_run) == {"acc_telegram": {"success"}}
        assert len(postpress.starts("acc_telegram")) == weeks
        filled_until = now.subtract(days=90).add(weeks=weeks)
        assert postpress.missing("acc_telegram", now.subtract(days=90).add(minutes=5), filled_until) == []
        assert postpress.missing("acc_telegram", filled_until.add(minutes=5), now)


@pytest.mark.usefixtures("nothing_told")
def test_a_window_that_is_asked_for_is_filled_for_its_account_alone(postpress: Emulator):
    window = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-05T00:00:00Z"}
    asked_for = {"postpress_window": window, "postpress_account_id": "acc_telegram", "account_id": "acc_telegram"}
    dag_run = run("fill_gaps", logical_date=None, run_conf=asked_for)
    assert filled(dag_run) == {"acc_telegram": {"success"}}
    assert postpress.missing("acc_telegram", *window.values()) == []
    assert postpress.starts("acc_linkedin") == []


def test_a_healthy_account_is_looked_at_and_left_alone(postpress: Emulator, mailbox: Mailbox, credentials: None):
    dag_run = run("account_health")
    assert states_of(dag_run) == ("success", {"healthy": "success", "lost_login": "skipped", "reconnect": "skipped"})
    assert postpress.logins() == []
    assert mailbox.mails == []


def test_an_account_that_lost_its_login_is_logged_in_and_told_of(
    postpress: Emulator, mailbox: Mailbox, credentials: None
):
    postpress.set_source_status("acc_linkedin", "CREDENTIALS")
    dag_run = run("account_health")
    assert states_of(dag_run) == ("success", {"healthy": "failed", "lost_login": "success", "reconnect": "success"})
    assert [login["outcome"] for login in postpress.logins()] == ["reconnected"]
    assert mailbox.subjects == ["acc_linkedin: healthy failed", "acc_linkedin is healthy again"]
    told = mailbox.mails[0].get_payload(0).get_payload(decode=True).decode()
    assert "its login must be renewed" in told or "Its log tells why" in told  # 3.1 does not know the exception


def test_an_account_that_postpress_only_calls_disconnected_is_logged_in(
    postpress: Emulator, mailbox: Mailbox, credentials: None
):
    disconnected = faults.Error(status=401, error_type="errors/disconnected_account")
    postpress.inject(disconnected, route="get_account", count=2)
    assert states_of(run("account_health"))[0] == "success"
    assert [login["outcome"] for login in postpress.logins()] == ["reconnected"]


def test_a_person_is_mailed_the_qr_code_scans_it_and_the_account_is_logged_in(
    postpress: Emulator, mailbox: Mailbox, credentials: None
):
    def scan(mail: EmailMessage) -> None:
        for attached in mail.walk():
            if attached.get_filename() == "qrcode.png":
                image = Image.open(BytesIO(attached.get_payload(decode=True)))
                scanned.extend(code.text for code in zxingcpp.read_barcodes(image))
                postpress.solve_checkpoint("acc_telegram")

    scanned: list[str] = []
    mailbox.reader = scan
    postpress.set_source_status("acc_telegram", "CREDENTIALS")
    postpress.require_checkpoint("acc_telegram", "QRCODE", qrcode="tg://login?token=AQJ9fLm")
    dag_run = run("account_health", run_conf={"account_id": "acc_telegram", "credentials_conn_id": "telegram_login"})
    assert states_of(dag_run)[0] == "success"
    assert scanned == ["tg://login?token=AQJ9fLm"]
    assert mailbox.subjects == [
        "acc_telegram: healthy failed",
        "acc_telegram must be logged in within five minutes (QRCODE)",
        "acc_telegram is healthy again",
    ]
    assert len(postpress.logins()) == 1


def test_an_account_that_a_login_would_not_mend_is_not_logged_in(
    postpress: Emulator, mailbox: Mailbox, credentials: None
):
    postpress.delete_account("acc_linkedin")
    postpress.add_account("LINKEDIN", account_id="acc_linkedin", sources=["STOPPED"])
    dag = fresh("account_health")
    dag.get_task("healthy").timeout = timedelta(seconds=0.1)
    dag_run = run(dag)
    assert states_of(dag_run) == (
        "failed",
        {"healthy": "failed", "lost_login": "failed", "reconnect": "upstream_failed"},
    )
    assert postpress.logins() == []


def test_wrong_credentials_are_sent_once_in_a_run(postpress: Emulator, mailbox: Mailbox, credentials: None):
    postpress.set_source_status("acc_linkedin", "CREDENTIALS")
    postpress.expect_credentials("acc_linkedin", {"password": "changed"})
    dag_run = run("account_health")
    assert states_of(dag_run) == ("failed", {"healthy": "failed", "lost_login": "success", "reconnect": "failed"})
    assert len(postpress.logins()) == 1


def test_the_connections_of_the_health_example_are_as_it_tells(tmp_path: Path):
    for command in commands_of("account_health"):
        do(command)
    do(["connections", "export", str(tmp_path / "connections.json")])
    stored = json.loads((tmp_path / "connections.json").read_text())
    assert credentials_of(Connection(conn_id="linkedin_login", **stored["linkedin_login"])).provider == "LINKEDIN"
    assert json.loads(stored["smtp_default"]["extra"])["from_email"] == "airflow@example.com"


@pytest.fixture
def tell(put_dag: Callable[[DAG], None]) -> Callable[..., None]:
    """Record what Postpress told of ``acc_linkedin`` so many minutes ago, as the webhook does. At first, nothing."""
    put_dag(fresh("self_heal"))
    with create_session() as session:
        session.execute(delete(AssetEvent))

    def tell(message: str, *, minutes_ago: float) -> None:
        received_at = pendulum.now("UTC").subtract(minutes=minutes_ago)
        told = {"account_id": "acc_linkedin", "account_type": "LINKEDIN", "message": message}
        event = AccountStatusEvent.model_validate({"AccountStatus": told})
        assert register([changes_of(event, received_at)], repeat_seconds=0) == ["recorded"]

    return tell


def test_an_outage_is_healed_once_from_an_hour_before_its_first_word(postpress: Emulator, tell: Callable[..., None]):
    now = pendulum.now("UTC")
    postpress.add_messages("chat_linkedin_1", [now.subtract(minutes=minutes) for minutes in (145, 100, 35)])
    tell("RECONNECTED", minutes_ago=30)
    tell("CREDENTIALS", minutes_ago=90)
    tell("CREDENTIALS", minutes_ago=80)
    assert states_of(run("self_heal")) == ("success", dict.fromkeys(("back", "outage", "resync"), "success"))
    assert postpress.missing("acc_linkedin", now.subtract(minutes=149)) == []

    tell("OK", minutes_ago=0)
    assert states_of(run("self_heal")) == ("success", {"back": "success", "outage": "skipped", "resync": "skipped"})
    assert len(postpress.starts("acc_linkedin")) == 1


def test_an_account_that_is_away_is_not_healed(postpress: Emulator, tell: Callable[..., None]):
    tell("CREDENTIALS", minutes_ago=90)
    tell("OK", minutes_ago=30)
    postpress.set_source_status("acc_linkedin", "CREDENTIALS")
    assert states_of(run("self_heal")) == ("success", dict.fromkeys(("back", "outage", "resync"), "skipped"))


def test_a_lost_login_is_asked_about_once_in_an_outage(postpress: Emulator, tell: Callable[..., None]):
    postpress.set_source_status("acc_linkedin", "ERROR")
    tell("ERROR", minutes_ago=90)
    assert states_of(run(words())) == ("success", dict.fromkeys(("outage", "ask"), "skipped"))

    postpress.set_source_status("acc_linkedin", "CREDENTIALS")
    for minutes_ago in (80, 70):
        tell("CREDENTIALS", minutes_ago=minutes_ago)
    assert states_of(run(words())) == ("success", {"outage": "success", "ask": "success"})
    assert states_of(run(words())) == ("success", {"outage": "success", "ask": "skipped"})


def test_nobody_is_asked_about_a_lost_login_that_is_told_of_too_late(postpress: Emulator, tell: Callable[..., None]):
    tell("OK", minutes_ago=90)
    tell("CREDENTIALS", minutes_ago=80)
    assert states_of(run(words())) == ("success", dict.fromkeys(("outage", "ask"), "skipped"))


def words() -> DAG:
    fresh("approved_reconnect")
    return sys.modules["approved_reconnect"].words


@pytest.mark.usefixtures("tell")
@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("after_each_sync", {"windows": "success", "digest": "skipped"}),
        ("self_heal", {"back": "success", "outage": "skipped", "resync": "skipped"}),
    ],
)
def test_what_runs_at_events_does_nothing_without_one(postpress: Emulator, name: str, states: dict[str, str]):
    assert states_of(run(name)) == ("success", states)
    assert postpress.starts("acc_linkedin") == []
    assert postpress.logins() == []
