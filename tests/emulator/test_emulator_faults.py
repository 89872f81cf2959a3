"""Each fault as a client sees it over a real socket, and what it does to the sync behind it."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any, ClassVar, get_args
from urllib.parse import urlsplit

import httpx
import pytest

from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.emulator.fault_book import FaultBook, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["airflow_provider_postpress.emulator.fixtures"]

SYNC = "/accounts/acc/sync"


@pytest.fixture
def emulator(postpress_emulator: Emulator) -> Emulator:
    postpress_emulator.configure(duration_ms=60_000)
    postpress_emulator.add_account("LINKEDIN", account_id="acc")
    return postpress_emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{emulator.url}/v1", headers={"X-API-KEY": emulator.api_key}) as client:
        yield client


def test_an_error_comes_in_the_documented_envelope_and_starts_nothing(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Error(status=503, error_type="errors/no_channel"))
    response = client.get(SYNC)
    assert response.status_code == 503
    assert response.json() == {
        "title": "Service Unavailable",
        "detail": "The API cannot reach the account worker session.",
        "type": "errors/no_channel",
        "status": 503,
        "instance": "req_000001",
    }
    assert emulator.starts("acc") == []


def test_an_error_may_come_after_the_effect(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Error(status=504, error_type="errors/request_timeout", effect=True))
    assert client.get(SYNC).status_code == 504
    assert client.get(SYNC).json()["status"] == "SYNC_RUNNING"


def test_an_error_may_come_in_the_second_envelope(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Error(status=500, error_type="errors/boom", detail="Boom.", envelope="second"))
    assert client.get(SYNC).json() == {"error": {"code": "boom", "message": "Boom.", "request_id": "req_000001"}}


@pytest.mark.parametrize("retry_after", ["7", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_too_many_requests_says_when_to_come_again(emulator: Emulator, client: httpx.Client, retry_after: str) -> None:
    emulator.inject(faults.Error(status=429, error_type="errors/too_many_requests", retry_after=retry_after))
    response = client.get(SYNC)
    assert (response.status_code, response.headers["Retry-After"]) == (429, retry_after)


def test_a_reset_breaks_the_connection_before_the_effect(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Reset())
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        client.get(SYNC)
    assert emulator.starts("acc") == []


def test_a_lost_answer_had_its_effect(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.LostAnswer())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.get(SYNC)
    assert client.get(SYNC).json()["status"] == "SYNC_RUNNING"


def test_a_lost_answer_may_have_been_the_only_copy_of_the_end(emulator: Emulator, client: httpx.Client) -> None:
    client.get(SYNC)
    emulator.advance(60)
    emulator.inject(faults.LostAnswer())
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(SYNC)
    assert client.get(SYNC).json()["status"] == "SYNC_STARTED"
    assert [entry["sync_status"] for entry in emulator.requests("acc")] == ["SYNC_STARTED", "SYNC_DONE", "SYNC_STARTED"]


def test_a_hang_outlasts_the_patience_of_the_client(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Hang(effect=True))
    with pytest.raises(httpx.ReadTimeout):
        client.get(SYNC, timeout=0.05)
    assert client.get(SYNC).json()["status"] == "SYNC_RUNNING"


def test_a_hang_ends_without_an_answer(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Hang(seconds=0.01))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.get(SYNC)


def test_half_an_answer_can_be_called_a_whole_one(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Truncated())
    assert client.get(SYNC).text == '{"object":"AccountResync"'
    assert client.get(SYNC).json()["status"] == "SYNC_RUNNING"


def test_half_an_answer_can_break_off(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Truncated(complete=False))
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        client.get(SYNC)
    assert client.get(SYNC).json()["status"] == "SYNC_RUNNING"


def test_an_answer_can_drip(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Drip(seconds_per_byte=0.001))
    with client.stream("GET", SYNC) as response:
        pieces = list(response.iter_raw())
    assert len(pieces) > 10
    assert b"".join(pieces) == b'{"object":"AccountResync","status":"SYNC_STARTED"}'


def test_a_proxys_page_can_come_instead(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Body())
    response = client.get(SYNC)
    assert (response.status_code, response.text[:6]) == (502, "<html>")
    assert response.headers["Content-Type"].startswith("text/html")


def test_an_empty_body_or_garbage_can_come_with_200(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Body(status=200, content="", content_type="application/json"))
    emulator.inject(faults.Body(status=200, content="\x00]", content_type="application/json"))
    assert [client.get(SYNC).content, client.get(SYNC).content] == [b"", b"\x00]"]


def test_a_client_that_follows_a_redirect_is_seen(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Redirect(), count=2)
    assert client.get(SYNC).headers["Location"] == "/redirected"
    assert client.get(SYNC, follow_redirects=True).status_code == 404
    assert [entry["path"] for entry in emulator.requests()] == ["/v1" + SYNC, "/v1" + SYNC, "/redirected"]


def test_an_answer_can_be_oversized(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Oversized(size=1_000_001))
    assert len(client.get(SYNC).content) == 1_000_001


def test_an_oversized_answer_can_be_small_on_the_wire(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Oversized(size=10_000_000, compressed=True), count=2)
    with client.stream("GET", SYNC) as response:
        assert sum(map(len, response.iter_raw())) < 20_000
    assert len(client.get(SYNC).content) == 10_000_000


def test_a_client_may_leave_an_oversized_answer(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Oversized(size=10**12))
    with client.stream("GET", SYNC) as response:
        next(response.iter_raw())
    assert client.get(SYNC).json()["status"] == "SYNC_STARTED"


def test_the_log_names_the_fault_and_what_was_sent(emulator: Emulator, client: httpx.Client) -> None:
    emulator.inject(faults.Error(status=500, error_type="errors/unexpected_error"))
    emulator.inject(faults.Reset())
    emulator.inject(faults.Truncated())
    client.get(SYNC)
    with pytest.raises(httpx.ReadError):
        client.get(SYNC)
    client.get(SYNC)
    assert [(entry["fault"], entry["status"], entry["sync_status"]) for entry in emulator.requests()] == [
        ("error", 500, None),
        ("reset", None, None),
        ("truncated", 200, "SYNC_STARTED"),
    ]


class TestLogins:
    """What goes wrong with a login, before or after it had its effect."""

    PATH = "/accounts/acc"
    LOGIN: ClassVar = {"provider": "LINKEDIN", "username": "anna", "password": "hunter2"}

    @pytest.fixture(autouse=True)
    def logged_out(self, emulator: Emulator) -> None:
        emulator.set_source_status("acc", "CREDENTIALS")

    def status(self, client: httpx.Client) -> str:
        return str(client.get(self.PATH).json()["sources"][0]["status"])

    @pytest.mark.parametrize("status", [407, 408, 409, 425, 500, 502, 503, 504])
    def test_an_error_leaves_the_account_logged_out(
        self, emulator: Emulator, client: httpx.Client, status: int
    ) -> None:
        emulator.inject(faults.Error(status=status, error_type="errors/some"), route="reconnect_account")
        assert self.status(client) == "CREDENTIALS"
        assert client.post(self.PATH, json=self.LOGIN).status_code == status
        assert self.status(client) == "CREDENTIALS"
        assert emulator.logins() == []

    @pytest.mark.parametrize(
        "fault",
        [
            faults.LostAnswer(),
            faults.Reset(effect=True),
            faults.Hang(seconds=0.01, effect=True),
            faults.Truncated(complete=False),
        ],
        ids=lambda fault: fault.kind,
    )
    def test_a_login_may_have_happened_though_its_answer_is_lost(
        self, emulator: Emulator, client: httpx.Client, fault: faults.Fault
    ) -> None:
        emulator.inject(fault, route="reconnect_account")
        with pytest.raises(httpx.TransportError):
            client.post(self.PATH, json=self.LOGIN)
        assert self.status(client) == "OK"
        assert [(login["outcome"], login["status"]) for login in emulator.logins("acc")] == [("reconnected", 201)]

    def test_an_error_may_hide_a_checkpoint(self, emulator: Emulator, client: httpx.Client) -> None:
        emulator.require_checkpoint("acc", "IN_APP_VALIDATION")
        emulator.inject(faults.Error(status=504, error_type="errors/request_timeout", effect=True))
        assert client.post(self.PATH, json=self.LOGIN).status_code == 504
        assert client.post(self.PATH, json=self.LOGIN).status_code == 425

    def test_a_page_of_the_list_can_get_lost(self, emulator: Emulator, client: httpx.Client) -> None:
        emulator.inject(faults.LostAnswer(), route="list_accounts", skip=1)
        assert client.get("/accounts").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/accounts")


def test_an_emulator_stops_at_once_though_a_request_hangs() -> None:
    with Emulator() as emulator:
        emulator.inject(faults.Hang())
        connection = socket.create_connection((urlsplit(emulator.url).hostname, urlsplit(emulator.url).port))
        connection.sendall(f"GET /v1/accounts/x HTTP/1.1\r\nHost: x\r\nX-API-KEY: {emulator.api_key}\r\n\r\n".encode())
        while emulator.pending_faults():
            pass
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 5
    with connection:
        assert connection.recv(1) == b""


class TestWhere:
    """Which requests a fault hits; the book alone."""

    @pytest.mark.parametrize(
        ("where", "hit"),
        [
            ({}, ["list_accounts", "get_account", "reconnect_account", "account_sync", "chat_sync"]),
            ({"route": "account_sync"}, ["account_sync"]),
            ({"route": "list_accounts"}, ["list_accounts"]),
            ({"account_id": "x"}, ["get_account", "reconnect_account", "account_sync"]),
            ({"account_id": "x", "route": "get_account"}, ["get_account"]),
            ({"chat_id": "x"}, ["chat_sync"]),
            ({"account_id": "y"}, []),
        ],
    )
    def test_it_is_the_route_and_the_object(self, where: dict[str, Any], hit: list[str]) -> None:
        book = FaultBook()
        book.inject(faults.Reset(), count=None, **where)
        routes: tuple[Route, ...] = get_args(Route)
        assert [route for route in routes if book.take(route, None if route == "list_accounts" else "x")] == hit

    def test_faults_happen_one_after_the_other(self) -> None:
        book = FaultBook()
        book.inject(faults.Reset(), skip=1, count=2)
        book.inject(faults.Hang(), count=2)
        taken = [book.take("get_account", "x") for _ in range(5)]
        assert [fault and fault.kind for fault in taken] == ["hang", "reset", "reset", "hang", None]

    def test_a_fault_may_happen_for_ever_until_cleared(self) -> None:
        book = FaultBook()
        book.inject(faults.Reset(), count=None)
        assert all(book.take("get_account", "x") for _ in range(100))
        book.clear_faults()
        assert book.take("get_account", "x") is None

    def test_what_is_pending_is_told(self) -> None:
        book = FaultBook()
        book.inject(faults.Reset(), count=2, route="chat_sync")
        book.take("chat_sync", "x")
        assert book.pending_faults() == [
            {
                "fault": {"kind": "reset", "effect": False},
                "route": "chat_sync",
                "account_id": None,
                "chat_id": None,
                "skip": 0,
                "count": 1,
                "probability": 1.0,
            }
        ]
        book.take("chat_sync", "x")
        assert book.pending_faults() == []

    def test_a_seed_hits_the_same_requests_again(self) -> None:
        def hits(seed: int) -> list[bool]:
            book = FaultBook(seed)
            book.inject(faults.Reset(), count=None, probability=0.3)
            return [book.take("get_account", "x") is not None for _ in range(1000)]

        assert hits(1) == hits(1) != hits(2)
        assert 200 < sum(hits(1)) < 400

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"fault": faults.Reset(), "route": "accounts"}, "get_account"),
            ({"fault": faults.Reset(), "probability": 2}, "0 to 1"),
            ({"fault": faults.Reset(), "count": 0}, "at least once"),
            ({"fault": {"kind": "flood"}}, "lost_answer"),
            ({"fault": {"status": 500}}, "kind"),
            ({"fault": {"kind": "error", "status": 500}}, "error_type"),
            ({"fault": {"kind": "drip", "effect": False}}, "true answer"),
        ],
    )
    def test_what_cannot_be_is_refused(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            FaultBook().inject(**arguments)

    @pytest.mark.parametrize("fault", [faults.Error(status=500, error_type="errors/x"), faults.Drip(), faults.Hang()])
    def test_a_fault_survives_json(self, fault: faults.Fault) -> None:
        assert faults.from_json(faults.to_json(fault)) == fault
