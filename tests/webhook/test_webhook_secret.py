"""The webhook's secret: where it is found, how long it is kept, and what becomes of a wrong one."""

from __future__ import annotations

import asyncio
import json
import logging
import threading

import pytest

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.webhook import secret as secrets
from airflow_provider_postpress.webhook.secret import Key, Keyring, look_up_key


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch):
    """Define the connection ``postpress_default``, by its extra."""

    def connection(conn_id: str = "postpress_default", **extra: object) -> None:
        fields = {"conn_type": "postpress", "password": "pp_live_key", "extra": extra}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    return connection


@pytest.fixture
def configuration(monkeypatch: pytest.MonkeyPatch):
    """Set options of the section ``[postpress]``."""

    def configuration(**options: str) -> None:
        for name, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__POSTPRESS__{name.upper()}", value)

    return configuration


def test_it_is_found_in_the_default_connection(connection):
    connection(webhook_secret="one", webhook_secret_previous="two", webhook_header="X-Hook")
    assert look_up_key() == Key("X-Hook", ("one", "two"))


def test_it_is_found_in_the_connection_that_is_named(connection, configuration):
    connection("hooks", webhook_secret="one")
    configuration(webhook_conn_id="hooks")
    assert look_up_key() == Key("Postpress-Auth", ("one",))


def test_the_configuration_comes_first(connection, configuration):
    connection(webhook_secret="one", webhook_secret_previous="two", webhook_header="X-Hook")
    configuration(webhook_header="X-Own")
    assert look_up_key() == Key("X-Own", ("one", "two"))
    configuration(webhook_secret=" three\n")
    assert look_up_key() == Key("X-Own", ("three",))
    configuration(webhook_secret_previous="four")
    assert look_up_key() == Key("X-Own", ("three", "four"))


def test_a_previous_secret_alone_opens_nothing(connection, configuration):
    configuration(webhook_secret_previous="old")
    connection(webhook_secret="new")
    assert look_up_key() == Key("Postpress-Auth", ("new",))
    connection(webhook_secret="", webhook_secret_previous="old")
    with pytest.raises(PostpressInvalidRequest, match="no secret is configured"):
        look_up_key()


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({}, "no secret is configured"),
        ({"webhook_secret": ""}, "no secret is configured"),
        ({"webhook_secret": "  "}, "no secret is configured"),
        ({"webhook_secret": None}, "no secret is configured"),
        ({"webhook_secret": 1234567}, "webhook_secret in the extra is not a text"),
        ({"webhook_secret": ["do_not_tell"]}, "webhook_secret in the extra is not a text"),
        ({"webhook_secret": "do_not_tell\nit"}, "webhook_secret in the extra is not a text"),
        ({"webhook_secret": "do_not_tell_ü"}, "webhook_secret in the extra is not a text"),
        ({"webhook_secret": "do_not_tell", "webhook_secret_previous": "ü"}, "webhook_secret_previous in the extra"),
        ({"webhook_secret": "do_not_tell", "webhook_header": "X Hook"}, "webhook_header='X Hook' is not the name"),
        ({"webhook_secret": "do_not_tell", "webhook_header": 5}, "webhook_header=5 is not the name"),
    ],
)
def test_a_wrong_one_is_refused_by_name_and_not_told(connection, extra, told):
    connection(**extra)
    with pytest.raises(PostpressInvalidRequest) as refusal:
        look_up_key()
    assert str(refusal.value).startswith("Connection 'postpress_default': ")
    assert told in str(refusal.value)
    assert "do_not_tell" not in str(refusal.value)
    assert "1234567" not in str(refusal.value)


def test_a_key_does_not_tell_its_secrets():
    assert "do_not_tell" not in repr(Key("X-Hook", ("do_not_tell",)))


@pytest.mark.parametrize(
    ("headers", "fits"),
    [
        ([(b"x-hook", b"one")], True),
        ([(b"X-HOOK", b"two")], True),
        ([(b"x-hook", b"three")], False),
        ([(b"x-hook", b"")], False),
        ([(b"x-hook", b"one two")], False),
        ([(b"x-hook", "öne".encode())], False),
        ([(b"x-hook", b"one"), (b"x-hook", b"one")], False),
        ([(b"x-other", b"one")], False),
        ([], False),
    ],
)
def test_one_header_with_one_of_the_secrets_fits(headers, fits):
    assert Key("X-Hook", ("one", "two")).fits(headers) == fits


async def test_a_rotation_is_noticed_in_time_and_not_at_each_request(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now, raising=False)
    keys = [Key("X", ("one",)), Key("X", ("two",))]
    keyring = Keyring(lambda: keys.pop(0))
    assert await keyring.key() == Key("X", ("one",))
    now += secrets.KEPT_SECONDS - 1
    assert await keyring.key() == Key("X", ("one",))
    now += 2
    assert await keyring.key() == Key("X", ("two",))


async def test_all_who_ask_meanwhile_share_one_look_up_that_outlives_them():
    asked, released, looked = threading.Event(), threading.Event(), []

    def look_up() -> Key:
        looked.append(1)
        asked.set()
        assert released.wait(10)
        return Key("X", ("one",))

    keyring = Keyring(look_up)
    first, *others = [asyncio.create_task(keyring.key()) for _ in range(5)]
    await asyncio.to_thread(asked.wait, 10)
    first.cancel()
    released.set()
    assert await asyncio.gather(*others) == [Key("X", ("one",))] * 4
    assert len(looked) == 1


async def test_a_look_up_that_fails_lets_nobody_in_and_is_told_once(caplog: pytest.LogCaptureFixture, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now, raising=False)

    def look_up() -> Key:
        raise ConnectionError("do_not_tell")

    keyring = Keyring(look_up)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            assert await keyring.key() is None
            now += secrets.MISSED_SECONDS + 1
    (record,) = caplog.records
    assert "ConnectionError" in record.getMessage()
    assert "do_not_tell" not in caplog.text
