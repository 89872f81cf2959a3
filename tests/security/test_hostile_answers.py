"""A server that means harm: bounded time and memory, one error of ours that names what happened, and nothing kept."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import time
from base64 import b64decode
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from api_clients import KEY, Connect, Serve
from misbehaving_server import OK_BODY, Behaviour, MisbehavingServer, Peer, answering, dripping, endless, http

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.client import AsyncPostpressClient
from airflow_provider_postpress.api.errors import PostpressAPIError, PostpressError, PostpressTransportError
from airflow_provider_postpress.api.secrets import sealed, struck_out, without_logins
from airflow_provider_postpress.resync.failure import Failure, FailureKind
from airflow_provider_postpress.resync.health import another_account
from airflow_provider_postpress.resync.pacing import Intervals, Pacing
from airflow_provider_postpress.resync.status import FOR_EVER, StatusWatch
from airflow_provider_postpress.resync.steps import Reply, Say

SYNC = endpoints.resync_account("acc_1", {"partial": True})
STATUS = b"HTTP/1.1 200 OK\r\n"
CHUNKED = STATUS + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED = STATUS + b"Content-Encoding: gzip\r\n\r\n"
GIGABYTE = 1024**3
PIECE = bytes(2**20)


def without_end(start: bytes, piece: bytes) -> Behaviour:
    return endless(start, piece, pieces=GIGABYTE // len(piece))


def json_of(size: int, item: str) -> bytes:
    """Make an answer of as many items as make Python's objects of it many times as large."""
    return (
        b'{"object": "AccountResync", "status": "SYNC_RUNNING", "x": [%s]}'
        % ",".join([item] * (size // (len(item) + 1))).encode()
    )


class Flood(NamedTuple):
    behaviour: Behaviour
    says: str


MAX = SYNC.max_bytes
LARGER = f"its body is larger than {MAX} bytes"
IN_TIME = "the whole answer did not come within 0.5 s"
TOO_LONG = "the whole answer did not come: Receive buffer too long"
FLOODS = {
    "a gigabyte that was announced": Flood(without_end(STATUS + b"Content-Length: 1073741824\r\n\r\n", PIECE), LARGER),
    "a gigabyte that was not announced": Flood(without_end(STATUS + b"\r\n", PIECE), LARGER),
    "a gigabyte in chunks": Flood(without_end(CHUNKED, b"100000\r\n" + PIECE + b"\r\n"), LARGER),
    "a gigabyte after a whole gzip": Flood(without_end(GZIPPED + gzip.compress(OK_BODY), PIECE), "something follows"),
    "a gigabyte of gzip that unpacks to nothing": Flood(
        without_end(GZIPPED + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 200_000), LARGER
    ),
    "a gzip in a gzip": Flood(
        answering(http(gzip.compress(gzip.compress(bytes(GIGABYTE // 8))), Content_Encoding="gzip, gzip")),
        "encoded as 'gzip, gzip', which was not asked for",
    ),
    "deflate": Flood(answering(http(gzip.compress(PIECE), Content_Encoding="deflate")), "encoded as 'deflate'"),
    "zstd": Flood(answering(http(gzip.compress(PIECE), Content_Encoding="zstd")), "encoded as 'zstd'"),
    "headers without end": Flood(without_end(STATUS, b"X-More: 1\r\n" * 1000), TOO_LONG),
    "a header without end": Flood(without_end(STATUS + b"X: ", PIECE), TOO_LONG),
    "a status line without end": Flood(without_end(b"HTTP/1.1 200 ", b"a" * 65536), TOO_LONG),
    "a status line that drips": Flood(dripping(b"HTTP/1.1 200 O", b"K", b"\r\n\r\n"), IN_TIME),
    "chunks that drip": Flood(dripping(CHUNKED, b"1\r\n \r\n", b"0\r\n\r\n"), IN_TIME),
    "chunk extensions without end": Flood(without_end(CHUNKED + b"35;", b"a" * 65536), TOO_LONG),
    "trailers without end": Flood(
        without_end(CHUNKED + b"35\r\n" + OK_BODY + b"\r\n0\r\n", b"X-More: 1\r\n" * 1000), TOO_LONG
    ),
    "provisional answers without end": Flood(
        without_end(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 1000), IN_TIME
    ),
    "chunks of one byte without end": Flood(without_end(CHUNKED, b"1\r\n \r\n" * 10_000), IN_TIME),
    "chunks with extensions without end": Flood(without_end(CHUNKED, b"1;" + b"a" * 60_000 + b"\r\n \r\n"), IN_TIME),
    "objects by the thousand": Flood(answering(http(json_of(MAX - 512, "{}"))), "SYNC_RUNNING"),
    "a number of thousands of digits": Flood(answering(http(json_of(MAX - 512, "9" * (MAX - 1024)))), "not a JSON"),
    "texts by the thousand": Flood(answering(http(json_of(MAX - 512, '"\\u00e4\\ud83d"'))), "SYNC_RUNNING"),
    "names by the thousand": Flood(
        answering(http(b'{"status": "x", %s}' % b",".join(b'"%d":0' % number for number in range(20_000)))), "'x'"
    ),
}
SECONDS = 20
MEGABYTES = 24
"""What may be needed above what a small answer needs."""

CHILD = """
import json, re, sys, time
from pathlib import Path
from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.client import AsyncPostpressClient, PostpressClient
from airflow_provider_postpress.api.errors import PostpressError
import asyncio

def blocking(url, timeout):
    with PostpressClient("key", base_url=url, timeout=timeout) as client:
        return client.send(endpoints.resync_account("acc_1", {}))

async def asynchronous(url, timeout):
    async with AsyncPostpressClient("key", base_url=url, timeout=timeout) as client:
        return await client.send(endpoints.resync_account("acc_1", {}))

def memory(name):
    return int(re.search(rf"{name}:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

send = blocking if sys.argv[1] == "blocking" else lambda *how: asyncio.run(asynchronous(*how))
small, *floods = json.loads(sys.argv[2])
send(*small)
for url, timeout in floods:
    Path("/proc/self/clear_refs").write_text("5")  # the peak is measured anew
    before, began = memory("VmRSS"), time.monotonic()
    try:
        came = repr(send(url, timeout).status)
    except PostpressError as error:
        came = str(error)
    print(json.dumps([came[:500], time.monotonic() - began, memory("VmHWM") - before]), flush=True)
"""


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_a_flood_ends_soon_in_little_memory_and_is_named(kind: str) -> None:
    with ExitStack() as servers:
        floods = [
            (servers.enter_context(MisbehavingServer(flood.behaviour)).url, 0.5 if flood.says is IN_TIME else 20)
            for flood in (Flood(answering(http()), ""), *FLOODS.values())
        ]
        child = subprocess.run(
            [sys.executable, "-c", CHILD, kind, json.dumps(floods)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert not child.stderr
    came = dict(zip(FLOODS, map(json.loads, child.stdout.splitlines()), strict=True))
    for name, (said, seconds, megabytes) in came.items():
        assert FLOODS[name].says in said, name
        assert seconds < SECONDS, name
        assert megabytes < MEGABYTES, name


@pytest.mark.parametrize(
    "location",
    [
        "javascript:alert(1)",
        "http://[",
        "http://xn--\xe4/",
        f"http://{'x' * 70_000}/",
        "//evil.example/%00",
        "http://a:99999999/",
        "",
        "\x1b[31m",
    ],
)
def test_a_redirect_is_told_as_one_wherever_it_leads(location: str, serve: Serve, connect: Connect) -> None:
    server = serve(answering(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % location.encode()))

    with pytest.raises(PostpressAPIError, match=r"was answered 302\. Redirects are not followed") as caught:
        connect(server.url).send(SYNC)

    assert caught.value.status == 302
    assert server.connections == len(server.requests) == 1


def test_the_key_follows_no_redirect_to_another_host_nor_along_its_own(serve: Serve, connect: Connect) -> None:
    elsewhere = serve(answering(http()))
    for location in (elsewhere.url, f"{elsewhere.url}/?key={KEY}", f"//127.0.0.1:{elsewhere.port}/", "/v1/elsewhere"):
        server = serve(answering(http("", 307, Location=location)))
        with pytest.raises(PostpressAPIError):
            connect(server.url).send(SYNC)
        assert len(server.requests) == 1

    assert elsewhere.connections == 0


def kept_open(*answers: bytes) -> Behaviour:
    """Answer one request after the other, and let the connection be kept."""

    def behave(peer: Peer) -> None:
        for answer in answers:
            peer.read_request()
            peer.send(answer)

    return behave


DONE = b'{"object": "AccountResync", "status": "SYNC_DONE"}'


def test_an_answer_that_came_glued_to_another_answers_no_request(serve: Serve, connect: Connect) -> None:
    two = http(Connection="keep-alive") + http(DONE, Connection="keep-alive")
    server = serve(kept_open(two, http(Connection="keep-alive")))
    client = connect(server.url)
    assert client.send(SYNC).status == "SYNC_RUNNING"

    with pytest.raises(PostpressTransportError, match="an answer was there before the request"):
        client.send(SYNC)

    assert client.send(SYNC).status == "SYNC_RUNNING"


def test_no_cookie_is_kept_or_sent(serve: Serve, connect: Connect) -> None:
    cookies = "".join(f"Set-Cookie: c{number}={KEY}; Max-Age=999999\r\n" for number in range(500))
    answer = f"HTTP/1.1 200 OK\r\n{cookies}Content-Length: {len(OK_BODY)}\r\n\r\n".encode() + OK_BODY
    server = serve(kept_open(answer, answer))
    client = connect(server.url)

    client.send(SYNC)
    client.send(SYNC)

    assert server.connections == 1
    assert all("cookie" not in request.headers for request in server.requests)


async def test_one_flood_leaves_the_others_of_a_client_their_answers(serve: Serve) -> None:
    server = serve(without_end(CHUNKED, b"100000\r\n" + PIECE + b"\r\n"))
    good = serve(kept_open(http(Connection="keep-alive"), http(Connection="keep-alive")))
    async with (
        AsyncPostpressClient(KEY, base_url=server.url) as flooded,
        AsyncPostpressClient(KEY, base_url=good.url) as client,
    ):
        *came, answer = await asyncio.gather(
            *(flooded.send(SYNC) for _ in range(3)), client.send(SYNC), return_exceptions=True
        )

    assert answer.status == "SYNC_RUNNING"
    assert all(LARGER in str(error) for error in came)


UNREADABLE = {
    "UTF-16": OK_BODY.decode().encode("utf-16"),
    "UTF-32": OK_BODY.decode().encode("utf-32"),
    "Latin-1": '{"status": "\xe4"}'.encode("latin-1"),
    "NaN": b'{"status": "SYNC_DONE", "progress": NaN}',
    "minus infinity": b'{"status": "SYNC_DONE", "progress": -Infinity}',
    "a number beyond all floats": b'{"status": "SYNC_DONE", "progress": 1e999999}',
    "a number of 10,000 digits": b'{"status": "SYNC_DONE", "progress": ' + b"9" * 10_000 + b"}",
    "two documents": b'{"status": "SYNC_DONE"}{"status": "SYNC_DONE"}',
    "a comment": b'{"status": "SYNC_DONE"} // all is well',
    "objects nested 20,000 deep": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "lists of objects nested 20,000 deep": b'{"a":[' * 20_000 + b"]}" * 20_000,
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_not_json_is_no_answer(body: bytes, serve: Serve, connect: Connect) -> None:
    client = connect(serve(answering(http(body), http(body))).url)

    for endpoint in (SYNC, endpoints.get_account("acc_1")):
        with pytest.raises(PostpressError, match="its body is not a JSON object"):
            client.send(endpoint)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"\ud83d", "\N{REPLACEMENT CHARACTER}"),
        (r"\ude00 \ud83d", "\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}"),
        (r"\ud83d\ude00", "\N{GRINNING FACE}"),
        (r"\ud83d\ud83d\ude00", "\N{REPLACEMENT CHARACTER}\N{GRINNING FACE}"),
        (r"\uD83D\uDE00\uDE00", "\N{GRINNING FACE}\N{REPLACEMENT CHARACTER}"),
        (r"\u0000", "\N{REPLACEMENT CHARACTER}"),
        (r"\\u0000 \\ud83d", r"\u0000 \ud83d"),
        (r"\\\u0000\"", '\\\N{REPLACEMENT CHARACTER}"'),
        (r"\u00e4\n", "\xe4\n"),
    ],
)
def test_a_text_comes_as_any_database_can_hold_it(written: str, read: str, serve: Serve, connect: Connect) -> None:
    body = '{"object": "Account", "type": "NEW", "id": "acc_1", "name": "<>"}'.replace("<>", written)

    account = connect(serve(answering(http(body))).url).send(endpoints.get_account("acc_1"))

    assert account.name == account.redacted()["name"] == read


PROXY = "http://anna:s3cr3t%20proxy@{}"


@pytest.mark.parametrize("host", ["https://postpress.invalid/v1", "http://postpress.invalid/v1"])
def test_a_proxy_that_repeats_its_password_is_not_repeated(
    host: str, serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def repeat(peer: Peer) -> None:
        sent = peer.read_request().headers["proxy-authorization"]
        words = f"{sent} {b64decode(sent.removeprefix('Basic ')).decode()} s3cr3t%20proxy"
        peer.send(f"HTTP/1.1 407 {words}\r\nContent-Length: {len(words) + 13}\r\n\r\n".encode())
        peer.send(json.dumps({"title": words}).encode())

    proxy = PROXY.format(serve(repeat).url.removeprefix("http://"))
    with pytest.raises(PostpressError) as given:
        connect(host, proxy=proxy).send(SYNC)
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(PostpressError) as of_the_environment:
        connect(host).send(SYNC)

    for error in (given.value, of_the_environment.value):
        assert "407" in str(error)
        assert "s3cr3t" not in str(error)
        assert "***" in str(error)


def test_a_setting_of_the_environment_that_is_no_url_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTP_PROXY", "http://[")

    assert repr(AsyncPostpressClient(KEY))


NASTY = "\x1b[2J\r\nERROR all is lost <script>alert(1)</script> \u202e\x9b" + "x" * 100_000


def test_what_is_told_of_an_account_writes_one_line_of_some_length(serve: Serve, connect: Connect) -> None:
    sources = [{"id": NASTY, "status": NASTY}, {"id": "messaging", "status": NASTY}]
    document = {"object": "Account", "type": NASTY, "id": "acc_1", "sources": sources}
    client = connect(serve(kept_open(http(document), http({"items": [document]}))).url)

    account = client.send(endpoints.get_account("acc_1"))
    steps = StatusWatch(Pacing(Intervals(1, 2), deadline=FOR_EVER, chance=lambda: 0.5)).look()
    page = connect(serve(answering(http({"items": [document]}))).url).send(next(steps).endpoint)
    with pytest.raises(StopIteration) as ended:
        steps.send(Reply(page, datetime(2026, 1, 1, tzinfo=UTC)))
    status = ended.value.value.statuses["acc_1"]

    told = [account.trouble(), status.message, status.account_type, Say(NASTY).text]
    told += [Failure(FailureKind.SYNC_ERROR, NASTY).message, another_account(account, "acc_2").message]
    for words in told:
        assert words.isprintable()
        assert len(words) <= 4000
    assert len(status.message) == len(status.account_type) == 100


@pytest.mark.parametrize("place", ["name", "token", "note"])
def test_the_key_in_a_good_answer_is_not_handed_on(place: str, serve: Serve, connect: Connect) -> None:
    document = {"object": "Account", "type": "NEW", "id": "acc_1", place: f"your key is {KEY}"}

    account = connect(serve(answering(http(document))).url).send(endpoints.get_account("acc_1"))

    assert (
        KEY not in f"{account} {account!r} {account.raw} {json.dumps(account.redacted())} {account.model_dump_json()}"
    )
    assert "***" in json.dumps(account.redacted())


@pytest.mark.parametrize(
    "text",
    [
        *("x" * 200_000, "?" * 200_000, "&key" * 50_000, ":x" * 100_000, "x:" * 100_000, "@x" * 100_000),
        *("//x" * 60_000, "aB" * 100_000, "[" * 200_000, "=&" * 100_000, ":@" * 100_000, "x@x:" * 50_000),
    ],
    ids=lambda text: text[:8],
)
def test_a_long_text_is_looked_through_in_no_time(text: str) -> None:
    began = time.process_time()

    sealed({"note": text, text: text})
    struck_out(without_logins(text[:10_000]), [KEY])

    assert time.process_time() - began < 2
