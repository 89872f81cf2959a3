"""Logging an account in again: sent once whatever comes, seen through, handed to a person, and told to nobody else."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import socketserver
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from threading import Thread
from typing import Any, NamedTuple

import pytest
from airflow.providers.common.compat.notifier import BaseNotifier
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import DAG
from structlog.testing import capture_logs

from airflow_provider_postpress.api.error_types import ERROR_TYPES
from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.exceptions import (
    PostpressCheckpointRequired,
    PostpressReconnectRequired,
    PostpressRequestRefused,
    PostpressUnavailable,
    PostpressUnexpectedAnswer,
)
from airflow_provider_postpress.operators.account import PostpressReconnectAccountOperator
from airflow_provider_postpress.tasks.base import MAPPED_NAME

LOGIN = "AIRFLOW_CONN_LOGIN"
FAST = {"poll_interval": 0.004, "max_poll_interval": 0.01}
MODES = {"blocking": False, "deferred": True}


def planted(name: str) -> str:
    """Give a secret that is found wherever it comes, also as JSON, URLs and others write it."""
    return f's3cr3t-{name}/ü"+&'


SECRET = re.compile(r"s3cr3t-[a-z_]+")

COMMON = {
    "country": "FR",
    "ip": "203.0.113.7",
    "disabled_features": ["linkedin_recruiter", "linkedin_organizations_mailboxes"],
}
PROXY = {"protocol": "socks5", "host": "proxy.example.com", "port": 1080, "username": "anna"}
BROWSER = {
    **COMMON,
    "sync_limit": {"chats": 100, "messages": "2025-12-31T23:59:59.999Z"},
    "proxy": {**PROXY, "password": planted("proxy")},
    "user_agent": "Mozilla/5.0",
}
MAILBOX = {**COMMON, "sync_limit": "NO_HISTORY_SYNC"}
COOKIE = {"domain": ".facebook.com", "path": "/", "secure": True, "httpOnly": False, "sameSite": "lax"}


class Variant(NamedTuple):
    """
    A way to log in.

    :param provider: also the account's type
    :param login: the fields that the connection's login fills
    :param password: the fields that the connection's password fills
    :param extra: what else is in the connection
    """

    provider: str
    login: tuple[str, ...]
    password: tuple[str, ...]
    extra: dict[str, Any]

    @property
    def connection(self) -> dict[str, Any]:
        """The Airflow connection."""
        return {
            "conn_type": "generic",
            **({"login": self._login} if self.login else {}),
            **({"password": planted("password")} if self.password else {}),
            "extra": {"provider": self.provider, **self.extra},
        }

    @property
    def body(self) -> dict[str, Any]:
        """What Postpress's page wants to be sent."""
        fields = {**dict.fromkeys(self.login, self._login), **dict.fromkeys(self.password, planted("password"))}
        return {"provider": self.provider, **self.extra, **fields}

    @property
    def secrets(self) -> set[str]:
        """What must never be told, without what is written in different ways."""
        return set(SECRET.findall(json.dumps(self.connection)))

    @property
    def _login(self) -> str:
        return "33600000000" if self.provider == "WHATSAPP" else "anna@example.com"


VARIANTS = {
    "LinkedIn, basic": Variant(
        "LINKEDIN", ("username",), ("password",), {**BROWSER, "recruiter_contract_id": "contract_1"}
    ),
    "LinkedIn, cookie": Variant("LINKEDIN", (), ("access_token",), {**BROWSER, "premium_token": planted("premium")}),
    "WhatsApp": Variant("WHATSAPP", ("pairing_phone_number",), (), {**COMMON, "proxy": BROWSER["proxy"]}),
    "Instagram, basic": Variant("INSTAGRAM", ("username",), ("password",), BROWSER),
    "Instagram, cookie": Variant("INSTAGRAM", (), ("sessionid",), BROWSER),
    "Messenger, basic": Variant("MESSENGER", ("username",), ("password",), BROWSER),
    "Messenger, session": Variant(
        "MESSENGER",
        (),
        (),
        {
            **BROWSER,
            "cookies": [
                {"name": name, "value": planted(f"cookie_{name}"), "expirationDate": 1790000000.5, **COOKIE}
                for name in ("xs", "c_user", "datr", "presence")
            ],
            "headers": {"User-Agent": planted("header"), "Sec-CH-UA": planted("other_header")},
            "user_name": "Anna",
        },
    ),
    "IMAP and SMTP": Variant(
        "MAIL",
        ("imap_user", "smtp_user"),
        ("imap_password", "smtp_password"),
        {
            **MAILBOX,
            "imap_host": "imap.example.com",
            "imap_port": 993,
            "smtp_host": "smtp.example.com",
            "smtp_port": 587,
            "imap_encryption": "tls",
        },
    ),
    "Gmail": Variant("GOOGLE_OAUTH", (), ("refresh_token",), {**MAILBOX, "access_token": planted("access")}),
    "Telegram": Variant("TELEGRAM", (), ("password",), {**COMMON, "sync_limit": {"chats": 0}}),
    "Outlook": Variant(
        "OUTLOOK",
        ("username",),
        ("refresh_token",),
        {**MAILBOX, "access_token": planted("access"), "id": "microsoft_1"},
    ),
    "X": Variant("TWITTER", ("username",), ("password",), {**COMMON, "email": "anna@example.com"}),
}
WITH_CHECKPOINT = ("WHATSAPP", "TELEGRAM")
OF_TWO_MAILBOXES = {"imap_password": planted("imap"), "smtp_password": planted("smtp"), "smtp_user": "ben"}


@pytest.fixture
def connect_login(monkeypatch) -> Callable[[dict[str, Any]], None]:
    """Have the connection ``login`` say this."""
    return lambda connection: monkeypatch.setenv(LOGIN, json.dumps(connection))


@pytest.fixture
def account(emulator, connect_login) -> str:
    """A LinkedIn account that has lost its login, and a connection with its credentials."""
    connect_login(VARIANTS["LinkedIn, basic"].connection)
    return emulator.add_account("LINKEDIN", account_id="acc_anna", sources=["OK", "CREDENTIALS"])


@pytest.fixture
def telegram(emulator, connect_login) -> str:
    """A Telegram account that has lost its login, and a connection with its credentials."""
    connect_login(VARIANTS["Telegram"].connection)
    return emulator.add_account("TELEGRAM", account_id="acc_telegram", sources=["CREDENTIALS"])


Reconnect = Callable[..., Any]


@pytest.fixture(params=MODES)
def reconnect(request, worker) -> Reconnect:
    """Log an account in, in each of the modes."""

    def reconnect(account_id: str, **arguments: Any) -> Any:
        arguments = {"timeout": 10, "deferrable": MODES[request.param], **FAST, **arguments}
        return worker.run(
            PostpressReconnectAccountOperator, account_id=account_id, credentials_conn_id="login", **arguments
        )

    return reconnect


def logins(emulator: Emulator) -> int:
    """Count the logins that were sent, whether or not Postpress got round to them."""
    return len(emulator.requests(route="reconnect_account"))


def looks(emulator: Emulator) -> int:
    return len(emulator.requests(route="get_account"))


def is_final(ended: Any) -> bool:
    """Tell whether a task failed for good although it has a retry."""
    return ended.state == "failed" and isinstance(ended.error, AirflowFailException)


class TestParsing:
    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            ({"on_checkpoint": "ask"}, "on_checkpoint='ask' is not allowed: it is one of 'fail', 'wait'"),
            ({"checkpoint_callback": [print]}, "checkpoint_callback is not a notifier"),
            ({"poll_interval": 0}, "poll_interval=0 is not allowed"),
            ({"max_poll_interval": "1m"}, "max_poll_interval='1m' is not allowed"),
            ({"timeout": timedelta(seconds=-1)}, "timeout="),
            ({"timeout": float("inf")}, "timeout=inf"),
        ],
        ids=str,
    )
    def test_refuses_what_makes_no_sense(self, worker, bad, words):
        with pytest.raises(ValueError, match=re.escape(words)):
            worker.task(PostpressReconnectAccountOperator, account_id="acc", credentials_conn_id="login", **bad)

    @pytest.mark.parametrize("missing", ["account_id", "credentials_conn_id"])
    def test_wants_an_account_and_its_credentials(self, worker, missing):
        given = {name: "one" for name in ("account_id", "credentials_conn_id") if name != missing}

        with pytest.raises(Exception, match=missing):
            worker.task(PostpressReconnectAccountOperator, **given)

    @pytest.mark.parametrize(("configured", "expected"), [("True", True), ("False", False)])
    def test_defers_where_airflow_is_configured_to(self, worker, monkeypatch, configured, expected):
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", configured)

        task = worker.task(PostpressReconnectAccountOperator, account_id="acc", credentials_conn_id="login")

        assert task.deferrable is expected


class TestALogin:
    def test_that_is_accepted_is_waited_for_until_the_account_is_healthy(self, reconnect, account, emulator, log):
        emulator.configure(connecting_ms=200)

        ended = reconnect(account)

        assert ended.state == "success"
        assert ended.result == {"account_id": account, "healthy": True}
        assert logins(emulator) == 1
        assert looks(emulator) >= 2
        told = [line for line in log() if "not healthy yet" not in line]
        assert told == ["INFO Logging in account 'acc_anna', once.", "INFO Account 'acc_anna' is reconnected."]

    def test_that_is_accepted_is_enough_where_nobody_wants_to_wait(self, reconnect, account, emulator):
        emulator.configure(connecting_ms=60_000)

        ended = reconnect(account, wait_until_ok=False)

        assert (ended.state, ended.result) == ("success", {"account_id": account, "healthy": None})
        assert (logins(emulator), looks(emulator), ended.deferrals) == (1, 0, [])

    def test_that_is_accepted_but_mends_nothing_in_time_is_final(self, reconnect, account, emulator):
        emulator.configure(connecting_ms=60_000)

        ended = reconnect(account, timeout=0.1)

        assert is_final(ended)
        assert type(ended.error) is PostpressReconnectRequired
        assert "'acc_anna' was sent, and is not repeated" in str(ended.error)
        assert "CONNECTING" in str(ended.error)
        assert logins(emulator) == 1

    def test_waits_through_troubles_of_the_account_that_pass(self, reconnect, account, emulator):
        emulator.inject(faults.Error(status=503, error_type="errors/network_down"), route="get_account")
        emulator.inject(faults.Error(status=401, error_type="errors/disconnected_account"), route="get_account")
        for status in ("PERMISSIONS", "DANCING", "CREDENTIALS", "CONNECTING"):
            told = {"object": "Account", "type": "LINKEDIN", "id": account, "sources": [{"id": "im", "status": status}]}
            emulator.inject(faults.Body(status=200, content=json.dumps(told)), route="get_account")

        assert reconnect(account).state == "success"
        assert logins(emulator) == 1

    @pytest.mark.parametrize("gone", [True, False], ids=["404 at once", "outage without an end"])
    def test_is_final_when_the_account_cannot_be_read_afterwards(self, reconnect, account, emulator, gone):
        trouble = ("errors/resource_not_found", 404) if gone else ("errors/service_unavailable", 503)
        emulator.inject(faults.Error(status=trouble[1], error_type=trouble[0]), route="get_account", count=None)

        ended = reconnect(account)

        assert is_final(ended)
        assert str(trouble[1]) in str(ended.error)
        assert logins(emulator) == 1
        # deferred, the worker's own look does not count in the triggerer
        assert looks(emulator) in ((1,) if gone else (10, 11))

    @pytest.mark.parametrize("name", VARIANTS)
    def test_of_each_variant_comes_out_of_its_connection_as_the_page_wants_it(
        self, reconnect, emulator, connect_login, name
    ):
        variant = VARIANTS[name]
        connect_login(variant.connection)
        account_id = emulator.add_account(variant.provider, sources=["CREDENTIALS"])
        ask = {"on_checkpoint": "wait", "checkpoint_callback": lambda _: emulator.solve_checkpoint(account_id)}

        ended = reconnect(account_id, **(ask if variant.provider in WITH_CHECKPOINT else {}))

        assert ended.state == "success", ended.error
        (login,) = emulator.logins()
        assert login["body"] == variant.body
        # Airflow itself masks the extra as one text, which helps for none of its parts
        assert variant.secrets <= {SECRET.match(secret).group() for secret in ended.masked if SECRET.match(secret)}

    def test_takes_account_and_connection_from_templates(self, worker, account, emulator):
        worker.dag_run["conf"] = {"who": account, "login": "login"}

        ended = worker.run(
            PostpressReconnectAccountOperator,
            account_id="{{ dag_run.conf.who }}",
            credentials_conn_id="{{ dag_run.conf.login }}",
            **FAST,
        )

        assert (ended.state, ended.result["account_id"]) == ("success", account)
        assert ended.rendered == {"account_id": account, "credentials_conn_id": "login"}

    def test_of_a_connection_that_is_not_as_documented_is_refused_unsent_without_a_value(
        self, reconnect, account, emulator, connect_login
    ):
        connect_login(
            {
                "conn_type": "generic",
                "password": planted("a"),
                "extra": {"provider": "LINKEDIN", "pasword": planted("b")},
            }
        )

        ended = reconnect(account)

        assert is_final(ended)
        assert type(ended.error) is PostpressRequestRefused
        assert "'login'" in str(ended.error)
        assert "pasword" in str(ended.error)
        assert not SECRET.search(everything_about(ended))
        assert emulator.requests() == []

    def test_of_an_account_id_that_no_path_can_hold_is_refused_unsent(self, reconnect, account, emulator):
        ended = reconnect("..")

        assert is_final(ended)
        assert emulator.requests() == []

    def test_without_its_connection_names_that_and_may_be_tried_again(self, worker, account, emulator, monkeypatch):
        monkeypatch.delenv(LOGIN)

        arguments = {"account_id": account, "credentials_conn_id": "login", **FAST}
        ended = worker.run(PostpressReconnectAccountOperator, **arguments)
        assert ended.state == "up_for_retry"
        assert "login" in str(ended.error)

        monkeypatch.setenv(LOGIN, json.dumps(VARIANTS["LinkedIn, basic"].connection))
        worker.try_number = 2
        again = worker.run(PostpressReconnectAccountOperator, **{**arguments, "timeout": 0.2})
        # where nothing can be remembered, each retry may come after a login
        assert again.state == ("failed" if worker.memory is None else "success")
        assert logins(emulator) == (0 if worker.memory is None else 1)

    def test_is_named_by_its_account_where_it_is_mapped(self, reconnect, worker, account):
        worker.map_index = 3

        assert reconnect(account, map_index_template=MAPPED_NAME).map_name == account


REFUSED = {
    "400": (400, "errors/invalid_parameters", "look at the account"),
    "401": (401, "errors/invalid_credentials", "Correct the credentials connection"),
    "403 restricted": (403, "errors/account_restricted", "Look at the account"),
    "403 mismatch": (403, "errors/account_mismatch", "those of another account"),
    "403 action": (403, "errors/action_required", "Its owner has to do something"),
    "404": (404, "errors/resource_not_found", "Look at the account"),
    "407": (407, "errors/proxy_auth_error", "user and password of the proxy"),
    "408": (408, "errors/request_timeout", "The login may have begun all the same"),
    "409 canceled": (409, "errors/operation_canceled", "A newer login"),
    "409 exists": (409, "errors/already_exists", "under another id"),
    "425": (425, "errors/auth_in_progress", "ends after about five minutes"),
    "429": (429, "errors/rate_limited", "clear this task later"),
    "500": (500, "errors/unexpected_error", "each clear is another login"),
    "500 provider": (500, "errors/provider_error", "each clear is another login"),
    "500 intent": (500, "errors/authentication_intent_error", "Clear this task to begin anew"),
    "502": (502, "errors/proxy_error", "Check the proxy"),
    "503": (503, "errors/no_client_session", "each clear is another login"),
    "504": (504, "errors/request_timeout", "The login may have begun all the same"),
    "418 of no page": (418, "errors/teapot", "each clear is another login"),
}


class TestALoginThatIsNotAccepted:
    @pytest.mark.parametrize("name", REFUSED)
    def test_is_final_says_what_to_do_and_is_not_repeated(self, reconnect, account, emulator, name):
        status, error_type, advice = REFUSED[name]
        emulator.inject(faults.Error(status=status, error_type=error_type), route="reconnect_account")

        ended = reconnect(account)

        assert is_final(ended)
        assert f"'{account}' was sent once and not accepted" in str(ended.error)
        # what no page tells could repeat what was sent
        told = f"was answered {status} {error_type}" if error_type in ERROR_TYPES else f"was answered {status}"
        assert told in str(ended.error)
        assert advice.lower() in str(ended.error).lower()
        assert (logins(emulator), looks(emulator)) == (1, 0)

    @pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
    def test_is_final_also_where_no_envelope_says_so(self, reconnect, account, emulator, status):
        emulator.inject(faults.Body(status=status), route="reconnect_account")

        ended = reconnect(account)

        assert is_final(ended)
        assert f"{status}" in str(ended.error)
        assert (logins(emulator), looks(emulator)) == (1, 0)

    def test_for_wrong_credentials_tells_to_correct_them_and_tells_none(self, reconnect, account, emulator):
        emulator.expect_credentials(account, {"password": "another"})

        ended = reconnect(account)

        assert is_final(ended)
        assert "Correct the credentials connection" in str(ended.error)
        assert not SECRET.search(everything_about(ended))
        assert logins(emulator) == 1

    def test_for_credentials_of_another_account_tells_so(self, reconnect, emulator, account):
        ended = reconnect(emulator.add_account("MAIL"))

        assert is_final(ended)
        assert "errors/account_mismatch" in str(ended.error)
        assert logins(emulator) == 1

    def test_because_a_step_of_another_is_open_tells_how_long(self, worker, telegram, emulator):
        arguments = {"account_id": telegram, "credentials_conn_id": "login", **FAST}
        worker.run(PostpressReconnectAccountOperator, **arguments)
        worker.memory = worker.memory and {}  # another task

        ended = worker.run(PostpressReconnectAccountOperator, **arguments)

        assert is_final(ended)
        assert "about five minutes" in str(ended.error)

    @pytest.mark.parametrize(
        "body",
        [
            {"object": "AccountReconnected", "account_id": "acc_ben"},
            {"object": "AccountResync", "status": "SYNC_STARTED"},
            {"object": "Account", "account_id": "acc_anna"},
        ],
        ids=str,
    )
    def test_because_the_answer_is_one_that_no_page_tells_is_final(self, reconnect, account, emulator, body):
        fault = faults.Body(status=201, content=json.dumps(body), content_type="application/json")
        emulator.inject(fault, route="reconnect_account")

        ended = reconnect(account)

        assert is_final(ended)
        assert type(ended.error) is PostpressUnexpectedAnswer
        assert logins(emulator) == 1

    def test_but_redirected_is_final_and_goes_nowhere_else(self, reconnect, account, emulator):
        emulator.inject(faults.Redirect(), route="reconnect_account")

        assert is_final(reconnect(account))
        assert len(emulator.requests()) == 1


LOST = {
    "closed": faults.LostAnswer(effect=True),
    "reset": faults.Reset(effect=True),
    "hanging": faults.Hang(effect=True),
    "cut": faults.Truncated(),
    "broken off": faults.Truncated(complete=False),
    "dripping": faults.Drip(),
    "a page": faults.Body(status=201, content="<html>welcome</html>", effect=True),
    "empty": faults.Body(status=201, content="", effect=True),
    "a list": faults.Body(status=201, content="[]", content_type="application/json", effect=True),
    "no object": faults.Body(status=201, content="{}", content_type="application/json", effect=True),
    "endless": faults.Oversized(size=16 * 1024 * 1024, effect=True),
}


class TestALostAnswer:
    @pytest.fixture(autouse=True)
    def _impatient(self, connect) -> None:
        connect(extra={"timeout": 0.25})

    @pytest.mark.parametrize("name", LOST)
    def test_is_followed_by_looks_and_is_a_success_once_the_account_is_healthy(
        self, reconnect, account, emulator, name
    ):
        emulator.configure(connecting_ms=30)
        emulator.inject(LOST[name], route="reconnect_account")

        ended = reconnect(account)

        assert ended.state == "success", ended.error
        assert ended.result == {"account_id": account, "healthy": True}
        assert logins(emulator) == 1
        assert looks(emulator) >= 1

    @pytest.mark.parametrize(
        "fault",
        [faults.LostAnswer(effect=False), faults.Reset(), faults.Hang(), faults.Body(status=201, content="<html>")],
        ids=lambda fault: fault.kind,
    )
    def test_of_a_login_without_effect_is_final_after_looks_alone(self, reconnect, account, emulator, fault, log):
        emulator.inject(fault, route="reconnect_account")

        ended = reconnect(account, timeout=0.5)

        assert is_final(ended)
        assert type(ended.error) is PostpressReconnectRequired
        assert "was sent, and is not repeated" in str(ended.error)
        assert "CREDENTIALS" in str(ended.error)
        assert logins(emulator) == 1
        assert looks(emulator) >= 2
        assert any(line.startswith("WARNING Whether the login succeeded is not known:") for line in log())

    @pytest.mark.parametrize("healthy", [True, False])
    def test_is_looked_after_once_where_nobody_wants_to_wait(self, reconnect, account, emulator, healthy):
        emulator.inject(faults.LostAnswer(effect=healthy), route="reconnect_account")

        ended = reconnect(account, wait_until_ok=False)

        assert (ended.state == "success") is healthy
        assert healthy or is_final(ended)
        assert (logins(emulator), looks(emulator), ended.deferrals) == (1, 1, [])

    def test_is_waited_for_no_longer_than_a_login_can_take(self, worker, account, emulator):
        emulator.inject(faults.LostAnswer(effect=False), route="reconnect_account")
        before = datetime.now(UTC)

        deferral = worker.begin(
            PostpressReconnectAccountOperator, account_id=account, credentials_conn_id="login", timeout=3600
        )

        deadline = datetime.fromisoformat(deferral.trigger_kwargs["deadline"])
        assert deadline - before <= timedelta(minutes=5, seconds=5)
        assert deferral.trigger_timeout > deadline - datetime.now(UTC)


@pytest.fixture
def once_asked(emulator) -> Iterator[Callable[[Callable[[], Any]], None]]:
    """Do something as soon as the login has reached Postpress."""
    threads = []

    def once_asked(deed: Callable[[], Any]) -> None:
        def wait() -> None:
            until = time.monotonic() + 10
            while not logins(emulator) and time.monotonic() < until:
                time.sleep(0.002)
            deed()

        threads.append(Thread(target=wait))
        threads[-1].start()

    yield once_asked
    for thread in threads:
        thread.join()


@pytest.fixture
def die(once_asked) -> Iterator[Callable[[], None]]:
    """Let the worker die in the middle of the login."""

    before = signal.signal(signal.SIGUSR1, die_now)
    yield lambda: once_asked(lambda: os.kill(os.getpid(), signal.SIGUSR1))
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture(params=["remembering", "before Airflow 3.3"])
def memory(request, worker) -> dict[str, Any] | None:
    """What Airflow remembers of a task, or not."""
    if request.param == "remembering" and worker.memory is None:
        pytest.skip("This Airflow cannot.")
    worker.memory = {} if request.param == "remembering" else None
    return worker.memory


class TestARetry:
    @pytest.mark.parametrize("healthy", [True, False])
    def test_after_a_worker_that_died_in_the_middle_only_looks(
        self, reconnect, worker, account, emulator, memory, die, log, healthy
    ):
        emulator.inject(faults.Hang(effect=healthy), route="reconnect_account")
        die()
        assert reconnect(account).state == "up_for_retry"

        worker.try_number = 2
        ended = reconnect(account, timeout=0.3)

        assert (ended.state == "success") is healthy
        assert healthy or is_final(ended)
        assert logins(emulator) == 1
        assert looks(emulator) >= 1
        assert any("An earlier try may have sent the login, so this one does not." in line for line in log())

    def test_of_a_task_that_was_cleared_sends_a_login_of_its_own(
        self, reconnect, worker, account, emulator, memory, die
    ):
        emulator.inject(faults.Hang(), route="reconnect_account")
        die()
        assert reconnect(account).state == "up_for_retry"

        worker.try_number, worker.max_tries = 2, 2  # as Airflow clears it
        assert reconnect(account).state == "success"
        assert logins(emulator) == 2

    def test_of_a_task_that_was_cleared_and_died_again_only_looks(
        self, reconnect, worker, account, emulator, memory, die
    ):
        worker.try_number, worker.max_tries = 3, 3
        emulator.inject(faults.Hang(), route="reconnect_account")
        die()
        assert reconnect(account).state == "up_for_retry"

        worker.try_number = 4
        assert is_final(reconnect(account, timeout=0.2))
        assert logins(emulator) == 1

    def test_of_a_login_that_never_arrived_sends_it(self, reconnect, worker, account, emulator, connect, log):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            connect(host=f"http://127.0.0.1:{nobody.getsockname()[1]}")
            ended = reconnect(account)
        assert type(ended.error) is PostpressUnavailable
        assert ended.state == "up_for_retry"

        connect()
        worker.try_number = 2
        if worker.memory is None:
            assert is_final(reconnect(account, timeout=0.2))
            assert logins(emulator) == 0
        else:
            assert reconnect(account).state == "success"
            assert logins(emulator) == 1

    def test_after_a_worker_that_died_while_it_told_a_person_only_looks(self, reconnect, worker, telegram, emulator):
        ended = reconnect(telegram, on_checkpoint="wait", checkpoint_callback=lambda _: die_now())
        assert ended.state == "up_for_retry"

        emulator.solve_checkpoint(telegram)
        worker.try_number = 2
        assert reconnect(telegram).state == "success"
        assert logins(emulator) == 1

    def test_says_nothing_secret_to_what_airflow_remembers(self, reconnect, worker, account, emulator):
        reconnect(account)

        assert worker.memory is None or worker.memory == {"postpress_login": {"max_tries": 1}}


def die_now(*_: Any) -> None:
    raise SystemExit("The worker is gone.")


class TestEndedFromOutside:
    @pytest.mark.parametrize("during", ["login", "waiting", "callback"])
    def test_by_execution_timeout_is_final(self, worker, telegram, emulator, during):
        if during == "login":
            emulator.inject(faults.Hang(), route="reconnect_account")

        ended = worker.run(
            PostpressReconnectAccountOperator,
            account_id=telegram,
            credentials_conn_id="login",
            on_checkpoint="wait",
            checkpoint_callback=(lambda _: time.sleep(30)) if during == "callback" else None,
            execution_timeout=timedelta(seconds=0.5),
            deferrable=False,
            **FAST,
        )

        assert is_final(ended)
        assert "AirflowTaskTimeout" in str(ended.error)
        assert "is not repeated by itself" in str(ended.error)
        assert logins(emulator) == 1

    def test_by_execution_timeout_deferred_is_final_while_it_logs_in(self, worker, account, emulator):
        emulator.inject(faults.Hang(), route="reconnect_account")

        ended = worker.run(
            PostpressReconnectAccountOperator,
            account_id=account,
            credentials_conn_id="login",
            execution_timeout=timedelta(seconds=0.5),
            deferrable=True,
            **FAST,
        )

        assert is_final(ended)
        assert logins(emulator) == 1

    def test_by_a_signal_that_airflow_only_tells_the_task_of_sees_the_login_through(
        self, reconnect, account, emulator, connect, once_asked
    ):
        connect(extra={"timeout": 0.3})
        emulator.inject(faults.Hang(effect=True), route="reconnect_account")
        once_asked(lambda: os.kill(os.getpid(), signal.SIGTERM))

        assert reconnect(account).state == "success"
        assert logins(emulator) == 1

    @pytest.mark.parametrize(
        "event",
        [
            None,
            {},
            "success",
            {"status": "success"},
            {"status": "success", "result": None},
            {"status": "success", "result": {"account_id": "acc_anna"}},
            {"status": "success", "result": {"account_id": "acc_ben", "account": {}}},
            {"status": "failure", "kind": "weather", "message": "It rained."},
        ],
        ids=str,
    )
    def test_with_an_event_that_is_none_or_unknown_is_final_and_no_success(self, worker, event):
        ended = worker.resume(
            PostpressReconnectAccountOperator, event, account_id="acc_anna", credentials_conn_id="login"
        )

        assert is_final(ended)
        assert "'acc_anna'" in str(ended.error)

    @pytest.mark.parametrize("error", ["Trigger timeout", "Trigger failure"])
    def test_by_a_triggerer_that_never_answers_is_final(self, worker, error):
        ended = worker.continue_at(
            "__fail__",
            {"error": error},
            PostpressReconnectAccountOperator,
            account_id="acc_anna",
            credentials_conn_id="login",
        )

        assert is_final(ended)
        assert "'acc_anna' was sent" in str(ended.error)


QR = planted("qr")
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


class ByTemplate(BaseNotifier):
    """Tells a person, in the words of its template."""

    template_fields = ("words",)

    def __init__(self, words: str, tell: Callable[[str], Any]) -> None:
        super().__init__()
        self.words = words
        self.tell = tell

    def notify(self, context: Any) -> None:
        self.tell(self.words)


class TestWhatPostpressSaysAfterALogin:
    """It may know what was sent, so nothing of it is repeated."""

    @pytest.mark.parametrize("words", ["login with {} failed", '{{"password": "{}'])
    def test_of_the_account_is_left_out(self, reconnect, account, emulator, words, log):
        said = words.format("s3cr3t-pass")
        refusal = faults.Error(status=503, error_type="errors/service_unavailable", detail=said)
        emulator.inject(refusal, route="get_account", count=None)

        ended = reconnect(account)

        assert is_final(ended)
        assert "s3cr3t-pass" not in everything_about(ended) + repr(log())

    def test_of_the_login_is_left_out(self, reconnect, account, emulator, log):
        refusal = faults.Error(status=403, error_type="errors/action_required", detail="s3cr3t-pass is wrong")
        emulator.inject(refusal, route="reconnect_account")

        ended = reconnect(account)

        assert is_final(ended)
        assert "errors/action_required" in str(ended.error)
        assert "s3cr3t-pass" not in everything_about(ended) + repr(log())

    def test_of_another_account_is_no_success(self, reconnect, account, emulator):
        other = {"object": "Account", "type": "LINKEDIN", "id": "acc_ben", "sources": [{"id": "im", "status": "OK"}]}
        emulator.inject(faults.Body(status=200, content=json.dumps(other)), route="get_account", count=None)

        ended = reconnect(account)

        assert (ended.state, type(ended.error)) == ("failed", PostpressUnexpectedAnswer)


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


def chain_of(error: BaseException | None) -> list[BaseException]:
    """Give an exception with all that it came of, told or not."""
    found: list[BaseException] = []
    ahead = [error]
    while ahead:
        one = ahead.pop()
        if one is not None and one not in found:
            found.append(one)
            ahead += [one.__cause__, one.__context__]
    return found


def everything_about(ended: Any) -> str:
    """Give all that a task left behind, in its exceptions and with Airflow, as one text."""
    errors = [
        f"{one} {one!r} {one.args} {vars(one)} {''.join(traceback.format_exception(one))}"
        for one in chain_of(ended.error)
    ]
    return " ".join([repr(ended), repr(ended.told), repr(ended.events), repr(ended.rendered), *errors])


LEAKY = {
    "success": None,
    "refused, quoting all": lambda body: faults.Error(
        status=401, error_type="errors/invalid_credentials", detail=f"Wrong: {json.dumps(body)} {body}"
    ),
    "refused by a proxy, quoting all": lambda body: faults.Body(
        status=502, content=json.dumps(body), content_type="application/json"
    ),
    "accepted, quoting all": lambda body: faults.Body(
        status=201, content=json.dumps({"object": "Login", **body}), content_type="application/json"
    ),
    "accepted, another account": lambda body: faults.Body(
        status=201,
        content=json.dumps({"object": "AccountReconnected", "account_id": json.dumps(body)}),
        content_type="application/json",
    ),
    "checkpoint, quoting all": lambda body: faults.Body(
        status=202,
        content=json.dumps({"object": "Checkpoint", "checkpoint": {"type": json.dumps(body), "qrcode": str(body)}}),
        content_type="application/json",
    ),
    "unreadable, quoting all": lambda body: faults.Body(
        status=201, content=json.dumps({"object": [body]}), content_type="application/json"
    ),
    "lost": lambda _: faults.LostAnswer(effect=False),
}


class TestSecrets:
    @pytest.mark.parametrize("outcome", LEAKY)
    @pytest.mark.parametrize("name", VARIANTS)
    def test_of_a_login_are_told_to_nobody(self, reconnect, emulator, connect_login, caplog, name, outcome):
        variant = VARIANTS[name]
        extra = {**variant.extra, **(OF_TWO_MAILBOXES if variant.provider == "MAIL" else {})}
        connection = {**variant.connection, "extra": {"provider": variant.provider, **extra}}
        if variant.provider == "MAIL":
            connection = {**connection, "password": None}
        connect_login(connection)
        account_id = emulator.add_account(variant.provider, sources=["CREDENTIALS"])
        fault = LEAKY[outcome]
        if fault is not None:
            emulator.inject(fault({"key": emulator.api_key, **variant.body, **extra}), route="reconnect_account")
        caplog.set_level(logging.DEBUG)

        with capture_logs() as entries:
            ended = reconnect(
                account_id,
                timeout=10 if outcome == "success" else 0.05,
                on_checkpoint="wait",
                checkpoint_callback=(lambda _: emulator.solve_checkpoint(account_id)) if fault is None else None,
            )

        assert (ended.state == "success") is (outcome == "success")
        assert logins(emulator) == 1
        told = everything_about(ended) + logged(entries) + caplog.text
        assert SECRET.findall(json.dumps(connection))
        assert SECRET.findall(told) == []
        assert emulator.api_key not in told

    def test_of_an_exception_that_nobody_foresaw_are_told_to_nobody(
        self, reconnect, account, emulator, monkeypatch, log
    ):
        def break_down(*_: Any) -> Any:
            raise RuntimeError(f"It broke over {QR}") from KeyError(QR)

        monkeypatch.setattr("airflow_provider_postpress.resync.reconnect.is_lost", break_down)
        emulator.inject(faults.LostAnswer(), route="reconnect_account")

        ended = reconnect(account)

        assert is_final(ended)
        assert "RuntimeError" in str(ended.error)
        assert not SECRET.search(everything_about(ended) + repr(log()))


def logged(entries: list[Any]) -> str:
    """Write log entries with the exceptions that they carry."""
    texts = []
    for entry in entries:
        info = entry.get("exc_info")
        error = info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else None
        texts += [repr(entry), *("".join(traceback.format_exception(one)) for one in chain_of(error))]
    return " ".join(texts)


@dataclass
class Person:
    """Solves the checkpoints of the emulator that it knows."""

    emulator: Emulator | None = None

    def solve(self, account_id: str) -> None:
        """Do what an account's checkpoint asks for."""
        assert self.emulator is not None
        self.emulator.solve_checkpoint(account_id)


PERSON = Person()


def ask_the_person(context: Any) -> None:
    PERSON.solve(context["task"].account_id)


def dag_under_test() -> DAG:
    """Give a DAG whose logins are mapped, and one that dies in the middle."""
    with DAG(
        "logins",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        default_args={**FAST, "timeout": 10, "retries": 2, "retry_delay": timedelta(0)},
    ) as dag:
        PostpressReconnectAccountOperator(task_id="dies", account_id="acc_dying", credentials_conn_id="login")
        PostpressReconnectAccountOperator.partial(
            task_id="asks",
            credentials_conn_id="telegram",
            on_checkpoint="wait",
            checkpoint_callback=ask_the_person,
            deferrable=True,
        ).expand(account_id=["acc_one", "acc_two"])
        PostpressReconnectAccountOperator.partial(
            task_id="notifies",
            on_checkpoint="wait",
            checkpoint_callback=ByTemplate("{{ task.account_id }}", PERSON.solve),
        ).expand_kwargs([{"account_id": "acc_three", "credentials_conn_id": "telegram"}])
    return dag


@pytest.fixture(scope="module")
def run(run_dag) -> Iterator[tuple[dict[str, list[Any]], Emulator]]:
    """The task instances of the DAG's run, by task, and the emulator as it was left."""
    with pytest.MonkeyPatch.context() as environment, Emulator() as emulator:
        PERSON.emulator = emulator
        environment.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", emulator.connection_json)
        environment.setenv(LOGIN, json.dumps(VARIANTS["LinkedIn, basic"].connection))
        environment.setenv("AIRFLOW_CONN_TELEGRAM", json.dumps(VARIANTS["Telegram"].connection))
        emulator.add_account("LINKEDIN", account_id="acc_dying", sources=["CREDENTIALS"])
        for account_id in ("acc_one", "acc_two", "acc_three"):
            emulator.add_account("TELEGRAM", account_id=account_id, sources=["CREDENTIALS"])
        emulator.inject(faults.Hang(effect=True), account_id="acc_dying", route="reconnect_account")

        def kill() -> None:
            until = time.monotonic() + 60
            while not emulator.requests("acc_dying", route="reconnect_account") and time.monotonic() < until:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGUSR1)

        before = signal.signal(signal.SIGUSR1, die_now)
        killing = Thread(target=kill)
        killing.start()
        dag_run = run_dag(dag_under_test(), logical_date=datetime(2026, 1, 6, tzinfo=UTC))
        killing.join()
        signal.signal(signal.SIGUSR1, before)
        tasks: dict[str, list[Any]] = {}
        for ti in sorted(dag_run.get_task_instances(), key=lambda ti: ti.map_index):
            tasks.setdefault(ti.task_id, []).append(ti)
        yield tasks, emulator


class TestARun:
    def test_does_not_repeat_a_login_in_whose_middle_a_worker_died(self, run):
        tasks, emulator = run

        (dies,) = tasks["dies"]
        assert (str(dies.state), dies.try_number) == ("success", 2)
        assert len(emulator.requests("acc_dying", route="reconnect_account")) == 1

    def test_maps_logins_that_ask_a_person_each(self, run):
        tasks, emulator = run

        asked = [(str(ti.state), ti.rendered_map_index) for ti in tasks["asks"] + tasks["notifies"]]
        assert asked == [("success", "acc_one"), ("success", "acc_two"), ("success", "acc_three")]
        for account_id in ("acc_one", "acc_two", "acc_three"):
            assert len(emulator.logins(account_id)) == 1
