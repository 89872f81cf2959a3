"""Webhooks over a real socket: what arrives, what is sent again, and who is left in peace."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from webhook_receiver import BREAK_OFF, HANG, TOLD_WITHIN, Received, Receiver

from airflow_provider_postpress.emulator import Emulator, EmulatorControl, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_postpress.emulator.webhooks import Delivery

pytest_plugins = ["airflow_provider_postpress.emulator.fixtures"]

SECRET = "hunter2-of-the-webhook"
HEADERS = {"Postpress-Auth": SECRET}
HOUR_MS = 3_600_000
BODY = b'{"AccountStatus":{"account_id":"acc","account_type":"LINKEDIN","message":"%s"}}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def emulator(postpress_emulator: Emulator, receiver: Receiver) -> Emulator:
    postpress_emulator.add_account("LINKEDIN", account_id="acc")
    postpress_emulator.register_webhook(f"{receiver.url}/hook?a=b", headers=HEADERS)
    return postpress_emulator


def deliveries_when(emulator: EmulatorControl, condition: Callable[[list[Delivery]], bool]) -> list[Delivery]:
    """Ask for the deliveries until they are as they shall be."""
    deadline = time.monotonic() + TOLD_WITHIN
    while not condition(deliveries := emulator.deliveries()):
        assert time.monotonic() < deadline, deliveries
    return deliveries


def settled(number: int) -> Callable[[list[Delivery]], bool]:
    """Tell whether so many attempts are over."""
    return lambda deliveries: (
        len(deliveries) >= number and all(delivery["status"] or delivery["error"] for delivery in deliveries)
    )


def messages(received: list[Received]) -> list[bytes]:
    return [request.body.rpartition(b'"message":"')[2].rstrip(b'"}') for request in received]


def test_a_delivery_is_a_post_of_json_that_does_not_say_so(emulator: Emulator, receiver: Receiver) -> None:
    emulator.set_source_status("acc", "CREDENTIALS")
    received = receiver.next()
    assert received == (
        "POST /hook?a=b HTTP/1.1",
        [
            ("Host", receiver.url.removeprefix("http://")),
            ("User-Agent", "postpress-emulator"),
            ("Postpress-Auth", SECRET),
            ("Content-Length", str(len(BODY % b"CREDENTIALS"))),
        ],
        BODY % b"CREDENTIALS",
    )
    (delivery,) = deliveries_when(emulator, settled(1))
    assert (delivery["status"], delivery["error"], delivery["attempt"]) == (200, None, 1)
    assert not receiver.has_more


@pytest.mark.parametrize("answer", [201, 204, 302, 401, 500, BREAK_OFF])
def test_what_is_not_answered_200_is_sent_again_five_times(emulator: Emulator, receiver: Receiver, answer: int) -> None:
    emulator.configure(webhook_delays_ms=(1, 2, 3, 4, 5))
    receiver.answer = answer
    emulator.send_webhook("acc", "ERROR")
    outcome = "RemoteProtocolError" if answer == BREAK_OFF else answer
    deliveries = deliveries_when(emulator, settled(6))
    receiver.answer = 200
    emulator.send_webhook("acc", "OK")
    deliveries = deliveries_when(emulator, settled(7))
    assert [delivery["status"] or delivery["error"] for delivery in deliveries] == [outcome] * 6 + [200]
    assert [delivery["attempt"] for delivery in deliveries] == [1, 2, 3, 4, 5, 6, 1]
    received = [receiver.next() for _ in deliveries]
    assert messages(received) == [b"ERROR"] * 6 + [b"OK"]
    assert received[0] == received[5]  # also the path: no redirect is followed, and no cookie is kept
    gaps = [later["at"] - earlier["at"] for earlier, later in pairwise(deliveries[:6])]
    assert all(gap >= delay for gap, delay in zip(gaps, (1, 2, 3, 4, 5), strict=True))


def test_a_webhook_that_hangs_is_given_up_and_tried_again_in_the_emulators_time(
    emulator: Emulator, receiver: Receiver
) -> None:
    emulator.configure(webhook_delays_ms=[HOUR_MS], webhook_timeout_ms=100)
    receiver.answer = HANG
    emulator.set_source_status("acc", "ERROR")
    assert [delivery["error"] for delivery in deliveries_when(emulator, settled(1))] == ["timeout"]
    emulator.configure(webhook_timeout_ms=30_000)
    receiver.answer = 200
    emulator.advance(3600)
    first, second = deliveries_when(emulator, settled(2))
    assert (second["status"], second["delivery"]) == (200, first["delivery"])
    assert second["at"] - first["at"] >= HOUR_MS


def test_a_webhook_that_is_not_there_yet_gets_it_when_it_is(postpress_emulator: Emulator) -> None:
    receiver = Receiver()
    postpress_emulator.configure(webhook_delays_ms=[HOUR_MS])
    postpress_emulator.register_webhook(receiver.url)
    postpress_emulator.add_account("LINKEDIN", account_id="acc")
    assert [delivery["error"] for delivery in deliveries_when(postpress_emulator, settled(1))] == ["ConnectError"]
    with receiver:
        postpress_emulator.advance(3600)
        assert receiver.next().body == BODY % b"CREATION_SUCCESS"


def test_the_end_of_a_sync_is_told_though_nobody_asks_for_it(emulator: Emulator, receiver: Receiver) -> None:
    emulator.configure(duration_ms=1)
    emulator.inject(faults.LostAnswer(), route="account_sync")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{emulator.url}/v1/accounts/acc/sync", headers={"X-API-KEY": emulator.api_key})
    assert receiver.next().body == BODY % b"SYNC_SUCCESS"


def test_a_login_brings_the_account_back_with_three_messages_in_their_order(
    emulator: Emulator, receiver: Receiver
) -> None:
    httpx.post(
        f"{emulator.url}/v1/accounts/acc",
        json={"provider": "LINKEDIN", "username": "anna", "password": "hunter2"},
        headers={"X-API-KEY": emulator.api_key},
    )
    assert messages([receiver.next() for _ in range(3)]) == [b"RECONNECTED", b"CONNECTING", b"OK"]


def test_from_outside_messages_can_be_held_multiplied_and_turned_round(emulator: Emulator, receiver: Receiver) -> None:
    other = EmulatorControl(emulator.url)
    other.register_webhook(f"{receiver.url}/hook?a=b", headers=HEADERS, messages={"OK", "DELETED"})
    other.hold_webhooks()
    other.send_webhook("acc", "OK", copies=2)
    other.send_webhook("acc", "ERROR")
    other.send_webhook("acc", "DELETED")
    assert not emulator.deliveries()
    other.release_webhooks(reorder=True)
    assert messages([receiver.next() for _ in range(3)]) == [b"DELETED", b"OK", b"OK"]
    other.unregister_webhook(f"{receiver.url}/hook?a=b")
    with pytest.raises(ValueError, match="register one"):
        other.send_webhook("acc", "OK")


def test_many_at_once_all_arrive(emulator: Emulator, receiver: Receiver) -> None:
    emulator.configure(webhooks_at_once=20, webhook_delays_ms=[1] * 5)
    emulator.send_webhook("acc", "OK", copies=300)
    deliveries = deliveries_when(emulator, settled(300))
    delivered = {delivery["delivery"] for delivery in deliveries if delivery["status"] == 200}
    assert len(delivered) == 300
    assert messages([receiver.next() for _ in range(300)]) == [b"OK"] * 300


def test_the_secret_is_told_to_the_webhook_alone(
    emulator: Emulator, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    emulator.configure(webhook_delays_ms=[0])
    receiver.answer = 500
    emulator.send_webhook("acc", "OK")
    deliveries = deliveries_when(emulator, settled(2))
    assert dict(receiver.next().headers)["Postpress-Auth"] == SECRET
    assert SECRET not in f"{deliveries} {emulator.requests()} {caplog.text}"
    with pytest.raises(ValueError, match="header") as refusal:
        emulator.register_webhook(receiver.url, headers={"Auth": f"{SECRET}\n"})
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("end", ["stop", "reset"])
def test_the_end_breaks_off_what_is_under_way(emulator: Emulator, receiver: Receiver, end: str) -> None:
    receiver.answer = HANG
    emulator.send_webhook("acc", "OK", copies=2)
    receiver.next()
    if end == "stop":
        emulator.stop()
    else:
        emulator.reset()
        assert receiver.left.wait(TOLD_WITHIN)
        receiver.answer = 200
        assert emulator.deliveries() == []
        emulator.register_webhook(receiver.url)
        emulator.add_account("LINKEDIN", account_id="acc")
        assert receiver.next().body == BODY % b"CREATION_SUCCESS"
    assert not receiver.has_more


def test_the_command_sends_to_a_webhook(receiver: Receiver) -> None:
    arguments = ["--port", "0", "--webhook", f"{receiver.url}/hook", "--webhook-secret", SECRET]
    arguments += ["--webhook-header", "X-Secret"]
    with subprocess.Popen(
        [sys.executable, "-m", "airflow_provider_postpress.emulator", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            greeting = [process.stdout.readline() for _ in range(4)]
            EmulatorControl(greeting[0].split()[-1]).set_source_status("acc_telegram", "CREDENTIALS")
            received: Any = receiver.next()
        finally:
            process.kill()
    assert greeting[3] == f"Webhook: {receiver.url}/hook\n"
    assert SECRET not in "".join(greeting)
    assert (dict(received.headers)["X-Secret"], b"acc_telegram" in received.body) == (SECRET, True)
    assert not receiver.has_more
