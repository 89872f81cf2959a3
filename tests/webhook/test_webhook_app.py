"""The receiver in this process: what it answers when recording is slow, fails or is crowded, and to hostile bodies."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from api_server import PATH, told
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_postpress.webhook import app as receiver
from airflow_provider_postpress.webhook.app import create_app
from airflow_provider_postpress.webhook.register import Changes, Outcome
from airflow_provider_postpress.webhook.repeats import repeat_seconds
from airflow_provider_postpress.webhook.secret import Key

SECRET = "secret"
ROUTE = PATH.removeprefix("/postpress")


def look_up() -> Key:
    return Key("Postpress-Auth", (SECRET,))


def record(deliveries: Sequence[Changes]) -> list[Outcome]:
    return ["recorded"] * len(deliveries)


class Client(httpx.AsyncClient):
    """Delivers to a receiver in this process, with the secret."""

    def __init__(self, **parts: Any) -> None:
        app = create_app(**{"look_up": look_up, "write": record, **parts})
        super().__init__(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://here",
            headers={"Postpress-Auth": SECRET},
        )

    async def deliver(self, message: str = "OK") -> httpx.Response:
        return await self.post(ROUTE, json=told("acc", message))


class HeldUp:
    """Records, once it is released; ``async with`` waits until it was asked to, and releases it in the end."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self._asked = threading.Event()
        self._released = threading.Event()

    def __call__(self, deliveries: Sequence[Changes]) -> list[Outcome]:
        self.groups.append(len(deliveries))
        self._asked.set()
        assert self._released.wait(10)
        return record(deliveries)

    async def __aenter__(self) -> None:
        assert await asyncio.to_thread(self._asked.wait, 10)

    async def __aexit__(self, *exc_info: object) -> None:
        self._released.set()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", ROUTE, 200), ("POST", f"{ROUTE}/", 404), ("GET", "/webhooks/other", 404), ("GET", ROUTE, 405)],
)
async def test_no_answer_can_be_made_a_page_of_airflows(method: str, path: str, status: int):
    async with Client() as client:
        answer = await client.request(method, path, json=told("acc", "OK"))
    assert answer.status_code == status
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_answer_waits_until_it_is_recorded_and_the_loop_does_not():
    write = HeldUp()
    async with Client(write=write) as client:
        first = asyncio.create_task(client.deliver())
        async with write:
            others = [asyncio.create_task(client.deliver()) for _ in range(50)]
            assert (await client.get(ROUTE)).status_code == 405  # the loop is free
            assert not any(task.done() for task in (first, *others))
        answers = await asyncio.gather(first, *others)
    assert {answer.status_code for answer in answers} == {200}
    assert sum(write.groups) == 51
    assert len(write.groups) <= 4  # what waited was written together


async def test_what_cannot_be_recorded_is_to_be_sent_again():
    async with Client(write=lambda deliveries: ["failed"] * len(deliveries)) as client:
        answer = await client.deliver()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


async def test_an_error_of_ours_is_told_as_one_and_not_what_it_is():
    def write(deliveries: Sequence[Changes]) -> list[Outcome]:
        raise RuntimeError("do_not_tell")

    async with Client(write=write) as client:
        answers = await asyncio.gather(*(client.deliver() for _ in range(3)))
    assert {answer.status_code for answer in answers} == {500}
    assert "do_not_tell" not in answers[0].text


async def test_when_too_many_wait_the_next_is_to_be_sent_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(receiver, "MAX_WAITING", 2)
    write = HeldUp()
    async with Client(write=write) as client:
        first = asyncio.create_task(client.deliver())
        async with write:
            others = [asyncio.create_task(client.deliver()) for _ in range(5)]
            done, _ = await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
            assert {task.result().status_code for task in done} == {503}
        statuses = [answer.status_code for answer in await asyncio.gather(first, *others)]
    assert sorted(statuses) == [200, 200, 200, 503, 503, 503]
    assert sum(write.groups) == 3


async def test_who_waits_too_long_is_told_to_send_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(receiver, "ANSWER_SECONDS", 0.01)
    write = HeldUp()
    async with Client(write=write) as client:
        delivery = asyncio.create_task(client.deliver())
        async with write:
            assert (await delivery).status_code == 503


async def test_one_who_goes_away_keeps_nobody_else_waiting():
    write = HeldUp()
    async with Client(write=write) as client:
        impatient = asyncio.create_task(client.deliver())
        async with write:
            patient = asyncio.create_task(client.deliver())
            impatient.cancel()
        assert (await patient).status_code == 200
    assert sum(write.groups) == 2


async def test_without_a_key_nobody_is_let_in():
    def look_up() -> Key:
        raise ConnectionError("do_not_tell")

    async with Client(look_up=look_up) as client:
        answer = await client.deliver()
    assert answer.status_code == 403
    assert "do_not_tell" not in answer.text


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(None, 60), ("", 60), ("0", 0), ("0.5", 0.5), ("900", 900), ("-1", 60), ("soon", 60), ("inf", 60)],
)
def test_how_long_a_repeat_is_one_can_be_configured(
    written: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch
):
    if written is not None:
        monkeypatch.setenv("AIRFLOW__POSTPRESS__WEBHOOK_REPEAT_SECONDS", written)
    assert repeat_seconds() == seconds


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["product", "message"]), inner),
)
FIELDS = st.fixed_dictionaries(
    {}, optional={name: JSON | st.text() for name in ("account_id", "account_type", "message", "product")}
)
BODIES = st.one_of(
    st.binary(),
    JSON.map(lambda value: json.dumps(value).encode()),
    FIELDS.map(lambda fields: json.dumps({"AccountStatus": fields}).encode()),
    FIELDS.map(
        lambda fields: urlencode(
            {f"AccountStatus[{name}]": str(value) for name, value in fields.items()}, errors="replace"
        ).encode()
    ),
    st.text().map(lambda text: f"payload={text}".encode(errors="replace")),
)


@settings(deadline=None)
@given(body=BODIES)
def test_no_body_is_a_servers_error_and_what_is_let_in_has_an_id_and_a_message(body: bytes):
    written: list[Changes] = []

    def write(deliveries: Sequence[Changes]) -> list[Outcome]:
        written.extend(deliveries)
        return record(deliveries)

    async def deliver() -> int:
        async with Client(write=write) as client:
            return (await client.post(ROUTE, content=body)).status_code

    status = asyncio.run(deliver())
    assert status in (200, 400, 422)
    assert (status == 200) == bool(written)
    for changes in written:
        assert changes[0].extra["account_id"]
        assert changes[0].extra["message"]
        assert changes[0].uri.isascii()
        json.dumps([change.extra for change in changes])
