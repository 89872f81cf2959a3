"""The pool of connections: one request's end, of whatever kind, is not another's trouble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from airflow_provider_postpress.api.client import AsyncPostpressClient
from airflow_provider_postpress.api.endpoints import get_account
from airflow_provider_postpress.api.errors import PostpressTransportError
from airflow_provider_postpress.api.pool import ConnectionPool

ACCOUNT = b'{"object": "Account", "id": "acc", "type": "MAIL", "sources": []}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(ACCOUNT), ACCOUNT)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


@asynccontextmanager
async def a_server() -> AsyncIterator[str]:
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("steps", range(30))
async def test_a_request_that_is_cancelled_at_any_moment_leaves_the_next_ones_a_connection(steps: int) -> None:
    async with a_server() as url, AsyncPostpressClient("key", base_url=url, timeout=5) as client:
        cancelled = asyncio.ensure_future(client.send(get_account("acc")))
        for _ in range(steps):
            await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)

        for _ in range(3):
            assert (await client.send(get_account("acc"))).id == "acc"


async def test_a_request_that_waits_while_the_client_is_closed_is_told_so() -> None:
    clients: list[httpx.AsyncClient] = []

    def new_client() -> httpx.AsyncClient:
        clients.append(httpx.AsyncClient())
        return clients[-1]

    pool = ConnectionPool(new_client, 1)

    async def wait() -> None:
        async with pool.connection():
            raise AssertionError("a closed pool has given a connection")

    async with pool.connection():
        waits = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        await pool.aclose()
    with pytest.raises(httpx.PoolTimeout, match="closed"):
        await waits
    await pool.aclose()
    assert [client.is_closed for client in clients] == [True]


async def test_a_client_that_was_closed_sends_no_more() -> None:
    async with a_server() as url:
        client = AsyncPostpressClient("key", base_url=url)
        await client.aclose()
        with pytest.raises(PostpressTransportError, match="no connection became free: the client was closed") as raised:
            await client.send(get_account("acc"))
    assert not raised.value.may_have_arrived


async def test_connections_that_one_after_the_other_needs_are_one() -> None:
    clients: list[httpx.AsyncClient] = []

    def new_client() -> httpx.AsyncClient:
        clients.append(httpx.AsyncClient())
        return clients[-1]

    pool = ConnectionPool(new_client, 20)
    for _ in range(5):
        async with pool.connection():
            pass
    assert len(clients) == 1
    await pool.aclose()
