"""Accounts that have lost their login, and the operator that logs them in."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from logging_in import FAST, LOGIN, die_now, logins
from login_variants import VARIANTS

from airflow_provider_postpress.operators.account import PostpressReconnectAccountOperator

MODES = {"blocking": False, "deferred": True}


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
