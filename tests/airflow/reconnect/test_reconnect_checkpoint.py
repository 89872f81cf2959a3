"""A login that wants a person: handed on, waited for, and told to nobody else."""

from __future__ import annotations

import json
import re
import socketserver
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from threading import Thread
from typing import Any

import pytest
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from logging_in import FAST, QR, ByTemplate, everything_about, is_final, logins, looks
from login_variants import SECRET

from airflow_provider_postpress.emulator import faults
from airflow_provider_postpress.exceptions import (
    PostpressCheckpointRequired,
)
from airflow_provider_postpress.operators.account import PostpressReconnectAccountOperator

CHECKPOINTS = {
    "QRCODE": {"qrcode": QR},
    "PAIRING_CODE": {"code": QR},
    "2FA": {"source": QR},
    "OTP": {"source": "SMS", "hint": QR},
    "IN_APP_VALIDATION": {},
    "PHONE_REGISTER": {"number": QR},
    "CAPTCHA": {"public_key": QR, "data": QR},
    "CONTRACT_CHOOSER": {"contract_options": [{"id": QR, "name": QR}]},
    "EYE_SCAN": {"eye": {"left": [QR]}},
}


class TestACheckpoint:
    @pytest.mark.parametrize("kind", CHECKPOINTS)
    def test_fails_for_good_with_its_type_and_nothing_else_of_it(self, reconnect, account, emulator, kind, log):
        emulator.require_checkpoint(account, kind, **CHECKPOINTS[kind])

        ended = reconnect(account)

        assert is_final(ended)
        assert type(ended.error) is PostpressCheckpointRequired
        assert f"({kind})" in str(ended.error)
        assert "on_checkpoint='wait'" in str(ended.error)
        assert not SECRET.search(everything_about(ended) + repr(log()))
        assert (logins(emulator), looks(emulator), ended.deferrals) == (1, 0, [])

    def test_that_fails_tells_no_callback(self, reconnect, telegram):
        told = []
        ended = reconnect(telegram, on_checkpoint="fail", checkpoint_callback=told.append)

        assert (type(ended.error), told) == (PostpressCheckpointRequired, [])

    def test_is_told_by_a_callback_that_is_a_coroutine(self, reconnect, telegram, emulator):
        async def solve(context: Any) -> None:
            emulator.solve_checkpoint(context["task"].account_id)

        assert reconnect(telegram, on_checkpoint="wait", checkpoint_callback=solve).state == "success"

    @pytest.mark.parametrize("kind", CHECKPOINTS)
    def test_is_handed_to_the_callback_and_waited_for(self, reconnect, account, emulator, kind, log):
        emulator.require_checkpoint(account, kind, **CHECKPOINTS[kind])
        handed = []

        def tell(context: Any) -> None:
            handed.append(context["checkpoint"])
            emulator.solve_checkpoint(account)

        ended = reconnect(account, on_checkpoint="wait", checkpoint_callback=tell)

        assert (ended.state, ended.result) == ("success", {"account_id": account, "healthy": True})
        (checkpoint,) = handed
        assert checkpoint.model_dump(exclude_unset=True) == {"type": kind, **CHECKPOINTS[kind]}
        assert not SECRET.search(everything_about(ended) + repr(log()) + f"{checkpoint!r} {checkpoint}")
        assert logins(emulator) == 1

    @pytest.mark.parametrize("status", [200, 201, 202, 400, 401, 403, 428, 500])
    @pytest.mark.parametrize("on_checkpoint", ["fail", "wait"])
    def test_is_one_whatever_its_http_status(self, reconnect, telegram, emulator, status, on_checkpoint):
        emulator.configure(checkpoint_status=status)
        solve = {"checkpoint_callback": lambda _: emulator.solve_checkpoint(telegram)}

        ended = reconnect(telegram, on_checkpoint=on_checkpoint, **(solve if on_checkpoint == "wait" else {}))

        assert ended.state == ("failed" if on_checkpoint == "fail" else "success")
        assert on_checkpoint == "wait" or type(ended.error) is PostpressCheckpointRequired

    @pytest.mark.parametrize(
        "body",
        [
            {"object": "Checkpoint"},
            {"object": "Checkpoint", "account_id": "acc_anna", "checkpoint": None},
            {"object": "Checkpoint", "checkpoint": {"qrcode": QR}},
        ],
        ids=["bare", "null", "untyped"],
    )
    def test_that_tells_less_than_it_should_is_one_all_the_same(self, reconnect, account, emulator, body):
        fault = faults.Body(status=202, content=json.dumps(body), content_type="application/json")
        emulator.inject(fault, route="reconnect_account")

        ended = reconnect(account)

        assert type(ended.error) is PostpressCheckpointRequired
        assert not SECRET.search(everything_about(ended))

    def test_gives_the_callback_airflows_context_and_leaves_that_as_it_was(self, worker, telegram, emulator):
        handed = {}

        def tell(context: Any) -> None:
            handed.update(context)
            emulator.solve_checkpoint(telegram)

        ended = worker.run(
            PostpressReconnectAccountOperator,
            account_id="{{ 'acc_telegram' }}",
            credentials_conn_id="login",
            on_checkpoint="wait",
            checkpoint_callback=tell,
            **FAST,
        )

        assert ended.state == "success"
        assert handed["checkpoint"].qrcode.startswith("tg://login?token=")
        assert handed["task"].account_id == telegram
        assert handed["ti"].task_id == "sync"
        assert (handed["ds"], handed["dag"].dag_id) == ("2026-01-05", "messages")
        assert "checkpoint" not in handed["ti"].get_template_context()

    def test_reaches_a_notifiers_template(self, reconnect, telegram, emulator):
        told = []

        def tell(words: str) -> None:
            told.append(words)
            emulator.solve_checkpoint(telegram)

        words = "{{ task.account_id }} {{ checkpoint.type }} {{ checkpoint.qrcode }} {{ checkpoint.code }} {{ ds }}"
        ended = reconnect(telegram, on_checkpoint="wait", checkpoint_callback=ByTemplate(words, tell))

        assert ended.state == "success"
        assert re.fullmatch(r"acc_telegram QRCODE tg://login\?token=\S{64} None 2026-01-05", told[0])
        assert "tg://" not in everything_about(ended)

    def test_reaches_a_person_by_airflows_own_smtp_notifier(self, reconnect, telegram, emulator, mail_server):
        mail_server.on_mail = lambda: emulator.solve_checkpoint(telegram)

        ended = reconnect(
            telegram,
            on_checkpoint="wait",
            checkpoint_callback=SmtpNotifier(
                from_email="airflow@example.com",
                to="oncall@example.com",
                subject="{{ task.account_id }} must be logged in: {{ checkpoint.type }}",
                html_content="{{ checkpoint.code or checkpoint.qrcode }}",
            ),
        )

        assert ended.state == "success", ended.error
        (mail,) = mail_server.mails
        assert (mail["To"], mail["Subject"]) == ("oncall@example.com", "acc_telegram must be logged in: QRCODE")
        assert mail.get_body().get_content().strip().startswith("tg://login?token=")
        assert "tg://" not in everything_about(ended)

    def test_that_somebody_does_unasked_needs_no_callback(self, reconnect, telegram, emulator, log):
        emulator.set_source_status(telegram, "OK", delay_ms=60)

        assert reconnect(telegram, on_checkpoint="wait").state == "success"
        assert logins(emulator) == 1
        assert (
            "INFO To log account 'acc_telegram' in, its provider wants a person to do a step (QRCODE), "
            "within five minutes." in log()
        )

    def test_that_nobody_does_in_time_is_final(self, reconnect, telegram, emulator):
        ended = reconnect(telegram, on_checkpoint="wait", checkpoint_callback=lambda _: None, timeout=0.1)

        assert is_final(ended)
        assert type(ended.error) is PostpressCheckpointRequired
        assert logins(emulator) == 1

    def test_is_waited_for_by_a_task_that_would_not_wait_otherwise(self, reconnect, telegram, emulator):
        emulator.set_source_status(telegram, "OK", delay_ms=60)

        ended = reconnect(telegram, on_checkpoint="wait", wait_until_ok=False)

        assert (ended.state, ended.result) == ("success", {"account_id": telegram, "healthy": True})

    def test_is_waited_for_in_the_triggerer_no_longer_than_postpress_keeps_it(self, worker, telegram):
        before = datetime.now(UTC)

        deferral = worker.begin(
            PostpressReconnectAccountOperator,
            account_id=telegram,
            credentials_conn_id="login",
            on_checkpoint="wait",
            timeout=3600,
        )

        assert datetime.fromisoformat(deferral.trigger_kwargs["deadline"]) - before <= timedelta(minutes=5, seconds=5)
        assert deferral.trigger_kwargs["out_of_time"] == "checkpoint_required"

    @pytest.mark.parametrize("how", ["callable", "notifier"])
    def test_whose_callback_fails_is_final_and_does_not_repeat_what_that_said(
        self, reconnect, account, emulator, log, how
    ):
        emulator.require_checkpoint(account, "QRCODE", qrcode=QR)

        def tell(words: Any) -> None:
            code = words if isinstance(words, str) else words["checkpoint"].qrcode
            raise RuntimeError(f"No mail server for {code}") from KeyError(code)

        callback = tell if how == "callable" else ByTemplate("{{ checkpoint.qrcode }}", tell)
        ended = reconnect(account, on_checkpoint="wait", checkpoint_callback=callback)

        assert is_final(ended)
        assert type(ended.error) is PostpressCheckpointRequired
        assert "RuntimeError" in str(ended.error)
        assert "perhaps nobody was told" in str(ended.error)
        assert not SECRET.search(everything_about(ended))
        # Airflow's own notifiers log what they fail with
        assert how == "notifier" or not SECRET.search(repr(log()))
        assert logins(emulator) == 1


class MailServer(socketserver.ThreadingTCPServer):
    """
    Takes mail, as far as SMTP is needed for it.

    :ivar mails: those that came
    :ivar on_mail: what is done when one came
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mailing)
        self.mails: list[EmailMessage] = []
        self.on_mail: Callable[[], Any] = lambda: None


class _Mailing(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.wfile.write(b"220 mail\r\n")
        while line := self.rfile.readline():
            match line[:4].upper():
                case b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    mail = b"".join(iter(self.rfile.readline, b".\r\n"))
                    self.server.mails.append(message_from_bytes(mail, policy=modern))
                    self.server.on_mail()
                case b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
            self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def mail_server(monkeypatch) -> Iterator[MailServer]:
    """A mail server on this machine, to which Airflow's connection ``smtp_default`` leads."""
    with MailServer() as server:
        connection = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": server.server_address[1],
            "extra": {"disable_ssl": True, "disable_tls": True},
        }
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
        serving = Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server
        server.shutdown()
        serving.join()
