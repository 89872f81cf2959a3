"""The client over real sockets, against servers that misbehave byte by byte; each kind of client by the same cases."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import ssl
import threading
import traceback
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from api_clients import KEY, Connect, Serve
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from misbehaving_server import (
    OK_BODY,
    Behaviour,
    Peer,
    answering,
    dripping,
    endless,
    http,
    reset_after_request,
    reset_at_first_byte,
    silent,
)

from airflow_provider_postpress.api import client as client_module
from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.client import AsyncPostpressClient, PostpressClient
from airflow_provider_postpress.api.errors import (
    PostpressAPIError,
    PostpressError,
    PostpressInvalidRequest,
    PostpressTransportError,
    PostpressUnreadableAnswer,
)

SYNC = endpoints.resync_account("acc_1", {"partial": True})
BRIEF = 0.2
"""Seconds that a request may take where it is to give up."""


class Unreadable(NamedTuple):
    answer: Behaviour
    says: str


BOMB = zlib.compressobj(wbits=31)
BOMB_BODY = BOMB.compress(bytes(64 * 1024 * 1024)) + BOMB.flush()
DEEP = b'{"object": ' + b"[" * 100_000 + b"]" * 100_000 + b', "status": "SYNC_DONE"}'

UNREADABLE = {
    "truncated JSON": Unreadable(answering(http(OK_BODY[:-5])), "not a JSON object"),
    "an HTML page": Unreadable(
        answering(http("<html>Login</html>", Content_Type="text/html; charset=utf-8")),
        "not a JSON object but text/html",
    ),
    "an empty body": Unreadable(answering(http("")), "its body is empty"),
    "blank lines": Unreadable(answering(http("\n\n")), "its body is empty"),
    "no content": Unreadable(answering(b"HTTP/1.1 204 No Content\r\n\r\n"), "its body is empty"),
    "a JSON array": Unreadable(answering(http("[1, 2]")), "not a JSON object"),
    "bytes that are no text": Unreadable(answering(http(b"\xff\xfe\xfd\x00")), "not a JSON object"),
    "no status": Unreadable(answering(http({"object": "AccountResync"})), "status: Field required"),
    "a status that is a number": Unreadable(answering(http({"status": 7})), "status: Input should be a valid string"),
    "JSON nested 100,000 deep": Unreadable(answering(http(DEEP)), "not a JSON object"),
    "a huge body": Unreadable(
        endless(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", bytes(65536)), "larger than 262144 bytes"
    ),
    "a huge body in chunks": Unreadable(
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + bytes(65536) + b"\r\n"),
        "larger than 262144 bytes",
    ),
    "a gzip bomb": Unreadable(answering(http(BOMB_BODY, Content_Encoding="gzip")), "larger than 262144 bytes"),
    "damaged gzip": Unreadable(
        answering(http(b"\x1f\x8b\x08" + b"damage" * 9, Content_Encoding="gzip")), "compressed body is damaged"
    ),
    "gzip with a wrong checksum": Unreadable(
        answering(http(gzip.compress(OK_BODY)[:-8] + bytes(8), Content_Encoding="gzip")), "compressed body is damaged"
    ),
    "gzip that is cut short": Unreadable(
        answering(http(gzip.compress(OK_BODY)[:-8], Content_Encoding="gzip")), "compressed body is cut short"
    ),
    "an encoding nobody asked for": Unreadable(
        answering(http(OK_BODY, Content_Encoding="br")), "encoded as 'br', which was not asked for"
    ),
}


@pytest.mark.parametrize("case", UNREADABLE.values(), ids=UNREADABLE)
def test_a_success_that_cannot_be_read_names_route_status_and_fault(
    case: Unreadable, serve: Serve, connect: Connect
) -> None:
    server = serve(case.answer)

    with pytest.raises(PostpressUnreadableAnswer, match=r"GET /accounts/\{account_id\}/sync was answered 20") as caught:
        connect(server.url).send(SYNC)

    assert case.says in caught.value.problem
    assert len(server.requests) == 1


class Lost(NamedTuple):
    behaviour: Behaviour
    says: str


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: 1000\r\n\r\n"

LOST = {
    "no answer": Lost(silent, "the whole answer did not come within 0.2 s"),
    "an answer that drips in its headers": Lost(
        dripping(
            HEAD, b"X-Drop: 1\r\n", b"Connection: close\r\nContent-Length: 23\r\n\r\n" + b'{"status": "SYNC_DONE"}'
        ),
        "the whole answer did not come within 0.2 s",
    ),
    "an answer that drips in its body": Lost(
        dripping(HEAD + b"Connection: close\r\n\r\n", b" ", OK_BODY), "the whole answer did not come within 0.2 s"
    ),
    "a compressed answer that drips": Lost(
        # empty deflate blocks: bytes come, and nothing comes out of them
        dripping(
            HEAD + b"Connection: close\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10],
            b"\x00\x00\x00\xff\xff",
            b"",
        ),
        "the whole answer did not come within 0.2 s",
    ),
    "a reset before the request was read": Lost(reset_at_first_byte, "the whole answer did not come: "),
    "a reset after the request was read": Lost(reset_after_request, "the whole answer did not come: "),
    "an end without an answer": Lost(answering(b""), "Server disconnected without sending a response"),
    "an answer that ends in its headers": Lost(answering(HEAD), "the whole answer did not come: "),
    "an answer that ends in its body": Lost(answering(HEAD + LENGTH + OK_BODY), "the whole answer did not come: "),
    "something that is not HTTP": Lost(answering(b"220 mail.example.com ESMTP\r\n\r\n"), "illegal status line"),
    "headers without end": Lost(endless(HEAD, b"X-More: 1\r\n" * 100), "the whole answer did not come: "),
}


@pytest.mark.parametrize("case", LOST.values(), ids=LOST)
def test_a_request_that_went_out_and_got_no_whole_answer_may_have_arrived(
    case: Lost, serve: Serve, connect: Connect
) -> None:
    server = serve(case.behaviour)

    with pytest.raises(PostpressTransportError) as caught:
        connect(server.url, timeout=BRIEF if "0.2" in case.says else 5).send(SYNC)

    assert caught.value.may_have_arrived
    assert case.says in caught.value.problem
    assert "GET /accounts/{account_id}/sync got no answer" in str(caught.value)
    assert "it may have had its effect" in str(caught.value)


@pytest.mark.parametrize("behaviour", [silent, reset_after_request, answering(b"")])
def test_a_lost_request_is_not_repeated(behaviour: Behaviour, serve: Serve, connect: Connect) -> None:
    server = serve(behaviour)

    with pytest.raises(PostpressTransportError):
        connect(server.url, timeout=BRIEF).send(SYNC)

    assert len(server.requests) == server.connections == 1


@pytest.mark.parametrize("host", ["no-such-host.invalid", "no..name", "x" * 64])
def test_a_host_without_address_is_not_reached(host: str, connect: Connect) -> None:
    with pytest.raises(PostpressTransportError, match="no connection could be made") as caught:
        connect(f"http://{host}/v1", timeout=5).send(SYNC)

    assert not caught.value.may_have_arrived
    assert "it did not reach Postpress" in str(caught.value)


def test_a_refused_connection_is_not_reached(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(PostpressTransportError, match="no connection could be made: Connect call failed") as caught:
        connect(f"http://127.0.0.1:{port}/v1").send(SYNC)

    assert not caught.value.may_have_arrived


def test_a_connection_that_is_never_accepted_is_not_reached(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        queue = [socket.socket() for _ in range(4)]
        for waiting in queue:
            waiting.setblocking(False)
            waiting.connect_ex(address)

        with pytest.raises(PostpressTransportError, match=r"no connection could be made within 0\.2 s") as caught:
            connect(f"http://127.0.0.1:{address[1]}", timeout=BRIEF).send(SYNC)

        for waiting in queue:
            waiting.close()
    assert not caught.value.may_have_arrived


async def test_a_request_that_waits_for_a_free_connection_is_not_reached(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_CONNECTIONS", 1)
    server = serve(silent)
    async with AsyncPostpressClient(KEY, base_url=server.url) as client:
        under_way = asyncio.create_task(client.send(SYNC))
        await asyncio.to_thread(server.received.acquire)

        client._timeout = BRIEF
        with pytest.raises(PostpressTransportError, match=r"no connection became free within 0\.2 s") as caught:
            await client.send(SYNC)

        under_way.cancel()
        await asyncio.wait([under_way])
    assert not caught.value.may_have_arrived
    assert len(server.requests) == 1


async def test_a_cancelled_request_gives_its_connection_free(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_CONNECTIONS", 1)

    def silent_then_answering(peer: Peer) -> None:
        peer.read_request()
        if peer.server.connections > 1:
            peer.send(http())
        else:
            peer.server.stopping.wait(5)

    server = serve(silent_then_answering)
    async with AsyncPostpressClient(KEY, base_url=server.url) as client:
        under_way = asyncio.create_task(client.send(SYNC))
        await asyncio.to_thread(server.received.acquire)
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way

        assert (await client.send(SYNC)).status == "SYNC_RUNNING"


class Certificate(NamedTuple):
    file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for 127.0.0.1 that nobody trusts by himself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    file, key_file = folder / "certificate.pem", folder / "key.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return Certificate(file, context)


def test_a_certificate_that_is_not_trusted_is_refused_before_the_key_is_sent(
    certificate: Certificate, serve: Serve, connect: Connect
) -> None:
    server = serve(answering(http()), tls=certificate.context)

    with pytest.raises(PostpressTransportError, match=r"no TLS connection could be made: .*self.signed") as caught:
        connect(server.url).send(SYNC)

    assert not caught.value.may_have_arrived
    assert server.requests == []


def test_a_certificate_for_another_host_is_refused(certificate: Certificate, serve: Serve, connect: Connect) -> None:
    server = serve(answering(http()), tls=certificate.context)

    with pytest.raises(PostpressTransportError, match=r"no TLS connection could be made: .*127\.0\.0\.1"):
        connect(server.url, verify=str(certificate.file)).send(SYNC)


def test_a_certificate_is_trusted_by_its_file(certificate: Certificate, serve: Serve, connect: Connect) -> None:
    server = serve(answering(http()), tls=certificate.context)

    answer = connect(f"https://localhost:{server.port}", verify=str(certificate.file)).send(SYNC)

    assert answer.status == "SYNC_RUNNING"


def test_certificates_can_be_left_unverified(certificate: Certificate, serve: Serve, connect: Connect) -> None:
    server = serve(answering(http()), tls=certificate.context)

    assert connect(server.url, verify=False).send(SYNC).status == "SYNC_RUNNING"


@pytest.mark.parametrize("behaviour", [lambda peer: peer.send(b"HTTP/1.1 400 No\r\n\r\n"), reset_at_first_byte])
def test_a_host_that_speaks_no_tls_is_not_reached(behaviour: Behaviour, serve: Serve, connect: Connect) -> None:
    server = serve(behaviour)

    with pytest.raises(PostpressTransportError, match="no TLS connection could be made: ") as caught:
        connect(f"https://127.0.0.1:{server.port}").send(SYNC)

    assert not caught.value.may_have_arrived


def test_a_tls_handshake_that_never_ends_is_not_reached(serve: Serve, connect: Connect) -> None:
    server = serve(lambda peer: peer.server.stopping.wait(5))

    with pytest.raises(PostpressTransportError, match=r"no TLS connection could be made within 0\.2 s") as caught:
        connect(f"https://127.0.0.1:{server.port}", timeout=BRIEF).send(SYNC)

    assert not caught.value.may_have_arrived


def test_an_answer_that_breaks_in_tls_may_have_arrived(
    certificate: Certificate, serve: Serve, connect: Connect
) -> None:
    def break_the_encryption(peer: Peer) -> None:
        peer.read_request()
        with socket.socket(fileno=peer.connection.detach()) as plain:
            plain.sendall(b"\x17\x03\x03\x00\x20" + b"not encrypted" * 3)

    server = serve(break_the_encryption, tls=certificate.context)

    with pytest.raises(PostpressTransportError, match="the whole answer did not come: ") as caught:
        connect(server.url, verify=False).send(SYNC)

    assert caught.value.may_have_arrived


def kept(*answers: bytes) -> Behaviour:
    return answering(*(answer.replace(b"Connection: close\r\n", b"") for answer in answers))


def test_a_connection_is_kept_for_the_next_request(serve: Serve, connect: Connect) -> None:
    server = serve(kept(http(), http()))
    client = connect(server.url)

    client.send(SYNC)
    client.send(SYNC)

    assert len(server.requests) == 2
    assert server.connections == 1


async def test_many_requests_at_once_take_turns_on_few_connections(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_CONNECTIONS", 2)
    server = serve(kept(*[http()] * 9))
    async with AsyncPostpressClient(KEY, base_url=server.url) as client:
        answers = await asyncio.gather(*(client.send(SYNC) for _ in range(9)))
        at_once = server.connections
        await client.send(SYNC)

    assert [answer.status for answer in answers] == ["SYNC_RUNNING"] * 9
    assert at_once == server.connections == 2


async def test_no_more_connections_are_used_than_there_are_requests_at_once(serve: Serve) -> None:
    server = serve(kept(*[http()] * 3))
    async with AsyncPostpressClient(KEY, base_url=server.url) as client:
        await asyncio.gather(client.send(SYNC), client.send(SYNC))
        await client.send(SYNC)
        await client.send(SYNC)

    assert server.connections == 2


def test_a_kept_connection_that_was_closed_meanwhile_is_not_used(serve: Serve, connect: Connect) -> None:
    server = serve(kept(http()))
    client = connect(server.url)

    client.send(SYNC)
    assert server.closed.acquire(timeout=5)
    assert client.send(SYNC).status == "SYNC_RUNNING"

    assert len(server.requests) == server.connections == 2


@pytest.mark.parametrize("end", [lambda peer: None, Peer.reset], ids=["closed", "reset"])
def test_a_kept_connection_that_ends_under_a_request_leaves_it_lost_and_unrepeated(
    end: Behaviour, serve: Serve, connect: Connect
) -> None:
    def answer_once(peer: Peer) -> None:
        kept(http())(peer)
        peer.read_request()
        end(peer)

    server = serve(answer_once)
    client = connect(server.url)
    client.send(SYNC)

    with pytest.raises(PostpressTransportError) as caught:
        client.send(SYNC)

    assert caught.value.may_have_arrived
    assert len(server.requests) == 2
    assert server.connections == 1


def test_a_request_carries_key_method_and_parameters(serve: Serve, connect: Connect) -> None:
    server = serve(answering(http()))

    connect(f"{server.url}/v1/").send(
        endpoints.resync_account("acc_1", {"chunk_size": 50, "partial": False, "after": 1_700_000_000_000})
    )

    (request,) = server.requests
    assert request.method == "GET"
    assert request.target == "/v1/accounts/acc_1/sync?chunk_size=50&partial=false&after=1700000000000"
    assert request.headers["x-api-key"] == KEY
    assert request.headers["accept-encoding"] == "gzip"


CREDENTIALS = {
    "provider": "LINKEDIN",
    "username": "änna@acme.com",
    "password": 'hunter2 "\\/',
    "country": "DE",
    "sync_limit": {"chats": 5, "messages": "2025-12-31T23:59:59.999Z"},
    "proxy": {"host": "proxy.acme.com", "port": 8080, "password": "pr0xy-s3cr3t"},
}
LOGIN = endpoints.reconnect_account("acc/1", CREDENTIALS)


def test_a_login_is_posted_as_json_once(serve: Serve, connect: Connect) -> None:
    bodies: list[bytes] = []

    def behave(peer: Peer) -> None:
        bodies.append(peer.read_body(peer.read_request()))
        peer.send(http({"object": "AccountReconnected", "account_id": "acc/1"}, 201))
        assert peer.buffer == b""

    server = serve(behave)

    answer = connect(f"{server.url}/v1").send(LOGIN)

    (request,) = server.requests
    (body,) = bodies
    assert (answer.object, answer.account_id) == ("AccountReconnected", "acc/1")
    assert (request.method, request.target) == ("POST", "/v1/accounts/acc%2F1")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-api-key"] == KEY
    assert json.loads(body) == CREDENTIALS
    assert server.connections == 1


def test_a_request_without_a_body_sends_none(serve: Serve, connect: Connect) -> None:
    server = serve(answering(http()))

    connect(server.url).send(SYNC)

    assert not {"content-length", "content-type", "transfer-encoding"} & set(server.requests[0].headers)


def reset_after_body(peer: Peer) -> None:
    peer.read_body(peer.read_request())
    peer.reset()


def reset_within_body(peer: Peer) -> None:
    peer.read_request()
    peer.reset()


@pytest.mark.parametrize(
    "behaviour", [silent, reset_after_body, reset_within_body, reset_at_first_byte, answering(b"")]
)
def test_a_login_that_got_no_answer_is_not_repeated(behaviour: Behaviour, serve: Serve, connect: Connect) -> None:
    server = serve(behaviour)

    with pytest.raises(PostpressTransportError, match=r"POST /accounts/\{id\} got no answer") as caught:
        connect(server.url, timeout=BRIEF).send(LOGIN)

    assert caught.value.may_have_arrived
    assert server.connections == 1
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_login_on_a_kept_connection_that_ends_is_not_repeated(serve: Serve, connect: Connect) -> None:
    def answer_once(peer: Peer) -> None:
        kept(http())(peer)
        reset_after_body(peer)

    server = serve(answer_once)
    client = connect(server.url)
    client.send(SYNC)

    with pytest.raises(PostpressTransportError) as caught:
        client.send(LOGIN)

    assert caught.value.may_have_arrived
    assert [request.method for request in server.requests] == ["GET", "POST"]
    assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_do_not_follow_a_redirect(status: int, serve: Serve, connect: Connect) -> None:
    elsewhere = serve(answering(http()))
    server = serve(answering(http("", status, Location=f"{elsewhere.url}/v1")))

    with pytest.raises(PostpressAPIError, match="Redirects are not followed"):
        connect(server.url).send(LOGIN)

    assert len(server.requests) == 1
    assert elsewhere.connections == 0


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_login_that_was_answered_with_an_error_is_not_repeated(status: int, serve: Serve, connect: Connect) -> None:
    server = serve(answering(*[http({"title": "No"}, status, Retry_After="0")] * 2))

    with pytest.raises(PostpressAPIError):
        connect(server.url).send(LOGIN)

    assert len(server.requests) == server.connections == 1


@pytest.mark.parametrize(
    ("endpoint", "status"), [(SYNC, 401), (endpoints.get_account("acc_1"), 202), (endpoints.get_account("acc_1"), 500)]
)
def test_only_a_login_can_be_answered_with_a_checkpoint(
    endpoint: Any, status: int, serve: Serve, connect: Connect
) -> None:
    server = serve(answering(http({"object": "Checkpoint", "checkpoint": {"type": "QRCODE"}}, status)))

    with pytest.raises((PostpressAPIError, PostpressUnreadableAnswer)):
        connect(server.url).send(endpoint)


@pytest.mark.parametrize("named", [["Account"], {"Account": 1}, 7, True])
@pytest.mark.parametrize(("status", "error"), [(201, PostpressUnreadableAnswer), (401, PostpressAPIError)])
def test_an_object_that_is_no_text_is_answered_for(
    named: Any, status: int, error: type[PostpressError], serve: Serve, connect: Connect
) -> None:
    server = serve(answering(http({"object": named}, status)))

    with pytest.raises(error):
        connect(server.url).send(endpoints.get_account("acc_1"))


def test_a_long_secret_in_a_header_is_not_told_in_part(serve: Serve, connect: Connect) -> None:
    token = "AQEDAT" * 30
    endpoint = endpoints.reconnect_account(
        "acc_1", {"provider": "LINKEDIN", "access_token": token, "user_agent": "Mozilla/5.0"}
    )
    for answer in (http("x", 201, Content_Type=f"a/{token}"), http("x", 201, Content_Encoding=token)):
        with pytest.raises(PostpressUnreadableAnswer) as caught:
            connect(serve(answering(answer)).url).send(endpoint)

        assert "aqedat" not in str(caught.value).lower()


@pytest.mark.parametrize(
    ("identifier", "segment"),
    [
        ("acc_01HXYZ4QK3", "acc_01HXYZ4QK3"),
        ("../x", "..%2Fx"),
        ("a/b", "a%2Fb"),
        ("%2e", "%252e"),
        ("%2e%2e", "%252e%252e"),
        (".", None),
        ("..", None),
        ("", None),
        ("  ", None),
        (None, None),
        (7, None),
        ("\ud800", None),
        ("...", "..."),
        ("two words", "two%20words"),
        ("a?b#c", "a%3Fb%23c"),
        ("a\r\nX-Evil: 1", "a%0D%0AX-Evil%3A%201"),
        ("a;b&c=d+e", "a%3Bb%26c%3Dd%2Be"),
        ("http://evil.example/", "http%3A%2F%2Fevil.example%2F"),
        ("zürich-東京", "z%C3%BCrich-%E6%9D%B1%E4%BA%AC"),
    ],
)
def test_an_id_reaches_the_server_as_one_encoded_segment_or_is_refused(
    identifier: Any, segment: str | None, serve: Serve, connect: Connect
) -> None:
    server = serve(kept(*[http({"type": "LINKEDIN", "id": "x"}), http(), http()]))
    client = connect(f"{server.url}/v1")

    def send_all() -> None:
        client.send(endpoints.get_account(identifier))
        client.send(endpoints.resync_account(identifier, {}))
        client.send(endpoints.sync_chat(identifier))

    if segment is None:
        with pytest.raises(PostpressInvalidRequest, match="is not an id"):
            send_all()
        assert server.requests == []
    else:
        send_all()
        assert [request.target for request in server.requests] == [
            f"/v1/accounts/{segment}",
            f"/v1/accounts/{segment}/sync",
            f"/v1/chats/{segment}/sync",
        ]


def test_an_id_too_long_for_a_url_is_refused(connect: Connect) -> None:
    with pytest.raises(PostpressInvalidRequest, match="URL too long"):
        connect("http://127.0.0.1:1").send(endpoints.get_account("x" * 100_000))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_and_not_followed(status: int, serve: Serve, connect: Connect) -> None:
    elsewhere = serve(answering(http()))
    server = serve(answering(http("", status, Location=f"{elsewhere.url}/v1")))

    with pytest.raises(PostpressAPIError, match="Redirects are not followed") as caught:
        connect(server.url).send(SYNC)

    assert caught.value.status == status
    assert elsewhere.requests == []


ECHOES = {
    "an envelope": http({"type": "errors/x", "title": KEY, "detail": f"key {KEY}", "instance": KEY}, 401),
    "the second envelope": http({"error": {"code": KEY, "message": f"no {KEY}", "request_id": KEY}}, 401),
    "an HTML page": http(f"<p>{KEY}</p>", 403, Content_Type=f"text/{KEY}"),
    "a success": http({"status": {KEY: KEY}}),
    "a success of another type": http(KEY, Content_Type=f"text/{KEY}"),
    "an encoding": http(KEY, Content_Encoding=KEY),
    "a status line": f"{KEY} 200 OK\r\n\r\n".encode(),
    "a header": HEAD + f"{KEY}\r\n\r\n".encode(),
    "a redirect": http("", 302, Location=f"/?{KEY}", Content_Type=f"text/{KEY}"),
    "no answer": b"",
}


@pytest.mark.parametrize("answer", ECHOES.values(), ids=ECHOES)
def test_no_error_repeats_the_key_that_a_server_echoes(answer: bytes, serve: Serve, connect: Connect) -> None:
    client = connect(serve(answering(answer)).url)

    with pytest.raises(PostpressError) as caught:
        client.send(SYNC)

    error: BaseException | None = caught.value
    told = f"{error} {error!r} {vars(error)} {''.join(traceback.format_exception(caught.value))} {client!r}"
    while error is not None:
        told += f"{error} {error!r}"
        error = error.__cause__ or error.__context__
    assert KEY not in told


def test_what_a_server_says_comes_as_one_printable_line_of_some_length(serve: Serve, connect: Connect) -> None:
    server = serve(answering(http({"title": "\x1b[31mred\nline\ud800", "detail": "x" * 10_000}, 400)))

    with pytest.raises(PostpressAPIError) as caught:
        connect(server.url).send(SYNC)

    assert caught.value.title == "\N{REPLACEMENT CHARACTER}[31mred line\N{REPLACEMENT CHARACTER}"
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("key", ["", "two words", "line\n", "schlüssel", "nul\x00", None])
@pytest.mark.parametrize("kind", [PostpressClient, AsyncPostpressClient])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(kind: Any, key: Any) -> None:
    with pytest.raises(PostpressInvalidRequest, match="The API key") as caught:
        kind(key)

    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("proxy", ["not a url", "ftp://user:hunter2@proxy:21", "http://user:hunter2@proxy:port"])
@pytest.mark.parametrize("kind", [PostpressClient, AsyncPostpressClient])
def test_a_proxy_that_cannot_be_used_is_refused_without_being_shown(kind: Any, proxy: str) -> None:
    with pytest.raises(PostpressInvalidRequest, match="proxy is not a URL that can be used") as caught:
        kind(KEY, proxy=proxy)

    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")

    with pytest.raises(PostpressInvalidRequest, match="is not a file of certificates"):
        PostpressClient(KEY, verify=str(nothing))
    with pytest.raises(PostpressInvalidRequest, match="is not a file of certificates"):
        PostpressClient(KEY, verify=str(tmp_path / "absent.pem"))


def test_requests_go_through_the_proxy(serve: Serve, connect: Connect) -> None:
    proxy = serve(answering(http()))

    connect("http://postpress.invalid/v1", proxy=proxy.url.replace("//", "//user:hunter2@")).send(SYNC)

    (request,) = proxy.requests
    assert request.target == "http://postpress.invalid/v1/accounts/acc_1/sync?partial=true"
    assert request.headers["proxy-authorization"].startswith("Basic ")


def test_a_request_that_the_proxy_does_not_let_through_is_not_reached(serve: Serve, connect: Connect) -> None:
    proxy = serve(answering(http("", 407)))

    with pytest.raises(PostpressTransportError, match="the proxy made no connection: 407") as caught:
        connect("https://postpress.invalid/v1", proxy=proxy.url).send(SYNC)

    assert not caught.value.may_have_arrived


def test_a_blocking_request_ends_with_the_task_that_is_killed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        pass

    gone = threading.Event()

    def tell_when_gone(peer: Peer) -> None:
        peer.read_request()
        assert peer.connection.recv(1) == b""
        gone.set()

    server = serve(tell_when_gone)

    def kill(*_: Any) -> None:
        server.received.acquire()
        raise KilledError

    with PostpressClient(KEY, base_url=server.url) as client:
        monkeypatch.setattr("concurrent.futures.Future.result", kill)
        with pytest.raises(KilledError):
            client.send(SYNC)
        assert gone.wait(5)
        monkeypatch.undo()


@pytest.mark.filterwarnings("error")
def test_a_closed_client_leaves_nothing_behind(serve: Serve) -> None:
    server = serve(kept(http()))
    before = set(threading.enumerate())
    client = PostpressClient(KEY, base_url=server.url)
    client.send(SYNC)
    (own,) = [thread for thread in set(threading.enumerate()) - before if thread.name == "postpress-client"]

    client.close()
    client.close()

    assert not own.is_alive()
    assert len(set(threading.enumerate()) - before) <= 1, "the server's answering, at most"


def test_a_blocking_client_serves_several_threads(serve: Serve) -> None:
    server = serve(answering(http()))
    answers: list[Any] = []
    with PostpressClient(KEY, base_url=server.url) as client:
        threads = [threading.Thread(target=lambda: answers.append(client.send(SYNC))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [answer.status for answer in answers] == ["SYNC_RUNNING"] * 8
