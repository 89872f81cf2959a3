"""What is written and shown of a request in this process, at every level of logging, and of all that can be printed."""

from __future__ import annotations

import copy
import logging
import pickle
import warnings
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import structlog
from airflow.sdk import Connection
from api_clients import KEY, Connect, Serve
from misbehaving_server import OK_BODY, Peer, answering, http

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.client import AsyncPostpressClient, PostpressClient
from airflow_provider_postpress.api.errors import PostpressAPIError, PostpressError, PostpressTransportError
from airflow_provider_postpress.api.models import read_credentials
from airflow_provider_postpress.hooks.settings import settings_of
from airflow_provider_postpress.resync.request import SyncRequest, Target
from airflow_provider_postpress.resync.steps import Ask

SYNC = endpoints.resync_account("acc_1", {"partial": True})
PASSWORD = "s3cr3t proxy"
CREDENTIALS = {"provider": "LINKEDIN", "username": "anna", "password": "s3cr3t login"}
LOGIN = endpoints.reconnect_account("acc_1", CREDENTIALS)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    for name in ("", "httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield caplog
    assert "s3cr3t" not in " ".join(str(warning.message) for warning in warned)


def echoing(peer: Peer) -> None:
    key = peer.read_request().headers["x-api-key"]
    forms = f"{key} {quote(key)} {b64encode(key.encode()).decode()}"
    head = f"HTTP/1.1 200 {key} \x1b[31m\r\nX-Echo: {forms}\r\nSet-Cookie: a={key}\r\n"
    peer.send(f"{head}Content-Length: {len(OK_BODY)}\r\n\r\n".encode() + OK_BODY)


def test_of_our_requests_httpx_and_httpcore_log_the_steps_alone(
    serve: Serve, connect: Connect, logged: pytest.LogCaptureFixture
) -> None:
    server = serve(echoing)

    connect(server.url).send(SYNC)

    written = [record.getMessage() for record in logged.records if record.name.startswith("http")]
    assert f"HTTP Request: GET {server.url}/accounts/acc_1/sync?partial=true 200" in written
    assert {"connect_tcp.started", "receive_response_headers.complete", "response_closed.complete"} <= set(written)
    assert KEY not in logged.text
    assert b64encode(KEY.encode()).decode() not in logged.text
    assert "\x1b" not in logged.text


def test_of_the_requests_of_others_they_log_all(serve: Serve, logged: pytest.LogCaptureFixture) -> None:
    httpx.get(serve(echoing).url, headers={"X-API-KEY": "not a secret of ours"})

    assert "not a secret of ours" in logged.text


def test_the_password_of_a_socks_proxy_is_not_logged(
    serve: Serve, connect: Connect, logged: pytest.LogCaptureFixture
) -> None:
    heard: list[bytes] = []

    def socks(peer: Peer) -> None:
        peer.connection.recv(100)
        peer.send(b"\x05\x02")
        heard.append(peer.connection.recv(100))
        peer.send(b"\x01\x01")  # no such user

    proxy = serve(socks).url.replace("http://", f"socks5://anna:{quote(PASSWORD)}@")

    with pytest.raises(PostpressTransportError, match="the proxy made no connection") as caught:
        connect("http://postpress.invalid", proxy=proxy).send(SYNC)

    assert PASSWORD.encode() in heard[0]
    assert "setup_socks5_connection.started" in logged.text
    assert "s3cr3t" not in f"{logged.text} {caught.value!r}"


SHOWN: dict[str, Any] = {
    "a blocking client": lambda: PostpressClient(KEY, proxy=f"http://anna:{quote(PASSWORD)}@proxy"),
    "an asynchronous client": lambda: AsyncPostpressClient(KEY, proxy=f"http://anna:{quote(PASSWORD)}@proxy"),
    "settings": lambda: settings_of(
        Connection(
            conn_id="postpress_default",
            conn_type="postpress",
            password=KEY,
            extra=f'{{"proxy": "http://anna:{quote(PASSWORD)}@proxy", "webhook_secret": "s3cr3t"}}',
        )
    ),
    "credentials": lambda: read_credentials(CREDENTIALS),
    "a login": lambda: LOGIN,
    "a step": lambda: Ask(LOGIN),
    "a request": lambda: SyncRequest(Target.ACCOUNT, "acc_1", None, {"partial": True}),
}


@pytest.mark.parametrize("make", SHOWN.values(), ids=SHOWN)
def test_nothing_that_can_be_printed_shows_a_secret_nor_does_its_copy(make: Any) -> None:
    shown = make()
    copies = [shown]
    with suppress(TypeError):
        copies += [copy.copy(shown), copy.deepcopy(shown)]

    for each in copies:
        assert "s3cr3t" not in f"{each} {each!r} {[each]} {each!a:.10000}"
    if isinstance(shown, PostpressClient):
        shown.close()


@pytest.mark.parametrize("make", [SHOWN["a blocking client"], SHOWN["an asynchronous client"]])
def test_a_client_cannot_be_pickled(make: Any) -> None:
    client = make()

    with pytest.raises((TypeError, AttributeError)) as caught:
        pickle.dumps(client)

    assert "s3cr3t" not in str(caught.value)
    if isinstance(client, PostpressClient):
        client.close()


def test_no_renderer_of_exceptions_shows_a_secret(serve: Serve, connect: Connect) -> None:
    body = {"type": f"errors/{KEY}", "title": KEY, "detail": f"{KEY} s3cr3t login"}
    errors: list[PostpressError] = []
    for endpoint in (LOGIN, endpoints.get_account("acc_1")):
        with pytest.raises(PostpressAPIError) as caught:
            connect(serve(answering(http({**body, "detail": KEY}, 401))).url).send(endpoint)
        errors.append(caught.value)

    plain = structlog.processors.ExceptionRenderer()
    as_dict = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
    for error in errors:
        for render in (plain, as_dict):
            assert "s3cr3t" not in str(render(None, "error", {"exc_info": error}))
