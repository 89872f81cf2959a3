"""Webhooks and asset events: DAGs that run when messages are fresh, and that repair an outage by themselves."""

from __future__ import annotations

import email
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from airflow_provider_postpress.emulator import Emulator

ACCOUNT = "acc_linkedin"
FRESH, HEAL = "postpress_after_each_sync", "postpress_self_heal"
WORDS, APPROVED = "postpress_lost_login", "postpress_approved_reconnect"
NIGHT = {"start": "2026-01-05T00:00:00+00:00", "end": "2026-01-06T00:00:00+00:00"}

pytestmark = pytest.mark.xdist_group("live")  # one Airflow for all


class Mailbox:
    """The mails that a mail server has taken, in the order that they came."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        self.mails.append(email.message_from_bytes(envelope.content, _class=EmailMessage))
        return "250 Taken"


@pytest.fixture(scope="module")
def mailbox(airflow) -> Iterator[Mailbox]:
    """The mailbox of the person on call, behind a mail server to which Airflow's ``smtp_default`` leads."""
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"}
    airflow.add_connection("smtp_default", conn_type="smtp", host="127.0.0.1", port=port, extra=json.dumps(extra))
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    yield mailbox
    server.stop()


@pytest.fixture(scope="module")
def postpress(airflow, emulator: Emulator, webhook_secret: str) -> Iterator[Emulator]:
    """The emulator, with the examples' account, the credentials for it here, and a webhook to this Airflow."""
    airflow.add_connection(
        "linkedin_login",
        conn_type="generic",
        login="anna@example.com",
        password="s3cr3t of acc_linkedin",
        extra='{"provider": "LINKEDIN"}',
    )
    emulator.add_account("LINKEDIN", account_id=ACCOUNT)
    emulator.add_chat(ACCOUNT, chat_id="chat_of_events", messages=["2026-01-05T12:00Z"])
    url = f"{airflow.url}/postpress/webhooks/account-status"
    emulator.register_webhook(url, headers={"Postpress-Auth": webhook_secret})
    yield emulator
    emulator.unregister_webhook(url)


class Runs:
    """
    The runs of a DAG.

    :param airflow: where
    :param dag_id: the DAG
    """

    def __init__(self, airflow: Any, dag_id: str) -> None:
        self._airflow = airflow
        self._dag_id = dag_id

    @property
    def states(self) -> list[str]:
        """The states of the runs, in the order in which they were made."""
        runs = self._airflow.get(f"dags/{self._dag_id}/dagRuns", limit=1000, order_by="id")["dag_runs"]
        return [run["state"] for run in runs]

    @property
    def are_over(self) -> bool:
        """Whether none is under way, nor to be made because of an event."""
        queued = self._airflow.get(f"dags/{self._dag_id}/assets/queuedEvents")["queued_events"]
        return not queued and set(self.states) <= {"success", "failed"}

    def tasks(self, task_id: str, *states: str) -> list[dict[str, Any]]:
        """
        List the instances of a task that are in one of some states.

        :param task_id: the task
        :param states: the states
        """
        return [
            task
            for task in self._airflow.task_instances(self._dag_id)
            if task["task_id"] == task_id and task["state"] in states
        ]

    def returned(self, task_id: str) -> list[Any]:
        """
        List what the instances of a task have returned.

        :param task_id: the task
        """
        return [
            self._airflow.get(
                f"dags/{self._dag_id}/dagRuns/{task['dag_run_id']}/taskInstances/{task_id}/xcomEntries/return_value"
            )["value"]
            for task in self.tasks(task_id, "success")
        ]


@pytest.fixture
def runs(airflow) -> Callable[[str], Runs]:
    """Give the runs of a DAG."""
    return lambda dag_id: Runs(airflow, dag_id)


@pytest.fixture
def quiet(airflow, postpress: Emulator, runs) -> Callable[[], None]:
    """Wait until all that Postpress told has arrived, and every run that followed from it is over."""

    def quiet() -> None:
        def is_quiet() -> bool:
            told = postpress.deliveries(ACCOUNT)
            arrived = all(delivery["status"] == 200 for delivery in told)
            over = all(runs(dag_id).are_over for dag_id in (WORDS, HEAL, APPROVED, FRESH))
            return arrived and over and len(postpress.deliveries(ACCOUNT)) == len(told)

        airflow.wait_for(is_quiet, seconds=60, what="all to be done that follows from what Postpress told")

    return quiet


def test_an_outage_is_told_of_once_ended_by_a_person_and_what_was_missed_is_synced_by_itself(
    airflow, postpress, mailbox, run, runs, quiet
):
    fresh, heal, words, approved = runs(FRESH), runs(HEAL), runs(WORDS), runs(APPROVED)
    run("events_nightly").wait_until("success")
    airflow.wait_for(lambda: [NIGHT] in fresh.returned("windows"), seconds=60, what="a run after the sync")
    quiet()
    before = len(postpress.starts(ACCOUNT)), len(postpress.logins(ACCOUNT)), len(mailbox.mails), approved.states

    postpress.set_source_status(ACCOUNT, "CREDENTIALS")
    away = datetime.now(UTC)
    postpress.add_messages("chat_of_events", [away])
    (approval,) = airflow.wait_for(
        lambda: approved.tasks("approval", "awaiting_input", "deferred"), seconds=60, what="an approval to be asked for"
    )
    asked = len(words.states)
    postpress.send_webhook(ACCOUNT, "CREDENTIALS")
    airflow.wait_for(
        lambda: len(words.states) > asked and words.are_over and heal.are_over,
        seconds=60,
        what="the repeated word to have done nothing",
    )
    assert approved.states == [*before[3], "running"]
    assert len(postpress.missing(ACCOUNT)) == 1
    (mail,) = mailbox.mails[before[2] :]
    assert mail["Subject"] == "acc_linkedin has lost its login"
    link = f"{airflow.url}/dags/{APPROVED}/runs/{approval['dag_run_id']}/tasks/approval/required_actions"
    assert link in mail.get_payload(0).get_payload(decode=True).decode()

    path = f"dags/{APPROVED}/dagRuns/{approval['dag_run_id']}/taskInstances/approval/-1/hitlDetails"
    airflow.patch(path, chosen_options=["Approve"])
    quiet()
    assert [login["outcome"] for login in postpress.logins(ACCOUNT)[before[1] :]] == ["reconnected"]
    assert postpress.missing(ACCOUNT) == []
    assert len(postpress.starts(ACCOUNT)) == before[0] + 1, "an outage is healed once"
    healed = heal.returned("resync")[-1]["window"]
    assert datetime.fromisoformat(healed["start"]) < away < datetime.fromisoformat(healed["end"])
    airflow.wait_for(lambda: [healed] in fresh.returned("windows"), seconds=60, what="a run after the healing")


def test_words_that_come_twice_and_in_the_wrong_order_do_no_harm(postpress, mailbox, runs, quiet):
    before = len(postpress.logins(ACCOUNT)), len(mailbox.mails), runs(APPROVED).states
    missing = postpress.missing(ACCOUNT)
    postpress.configure(webhook_duplicates=1)
    postpress.hold_webhooks()
    postpress.set_source_status(ACCOUNT, "CREDENTIALS")
    postpress.add_messages("chat_of_events", [datetime.now(UTC)])
    postpress.set_source_status(ACCOUNT, "OK")
    postpress.release_webhooks(reorder=True)
    postpress.configure(webhook_duplicates=0)

    quiet()
    assert postpress.missing(ACCOUNT) == missing
    assert (len(postpress.logins(ACCOUNT)), len(mailbox.mails), runs(APPROVED).states) == before
