"""One client for all that a triggerer does with one connection, closed when the last of its users leaves."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from airflow.exceptions import AirflowNotFoundException
from airflow.providers.common.compat.sdk import Connection
from api_clients import Serve
from misbehaving_server import MisbehavingServer, Peer, http

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.client import AsyncPostpressClient
from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.hooks import shared
from airflow_provider_postpress.hooks.shared import shared_client

SYNC = endpoints.sync_chat("chat_1")


def keep_answering(peer: Peer) -> None:
    while True:
        peer.read_request()
        peer.send(http().replace(b"Connection: close\r\n", b""))


@pytest.fixture
def server(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> MisbehavingServer:
    server = serve(keep_answering)
    uri = f"postpress://http://:pp_live_key@127.0.0.1:{server.port}"
    monkeypatch.setenv("AIRFLOW_CONN_ONE", uri)
    monkeypatch.setenv("AIRFLOW_CONN_SAME", uri)
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", uri.replace("pp_live_key", "pp_live_other"))
    return server


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Any:
    yield
    gc.collect()
    assert [leases for leases in shared._leases.values() if leases] == []
    assert shared._closing == set()


def is_closed(client: AsyncPostpressClient) -> bool:
    return client._pool.is_closed


@pytest.mark.usefixtures("server")
async def test_users_of_equal_settings_share_a_client_until_the_last_leaves() -> None:
    async with shared_client("one") as (client, settings):
        async with shared_client("same") as (same, same_settings):
            assert same is client
            assert same_settings == settings
        assert not is_closed(client)
    assert is_closed(client)


@pytest.mark.usefixtures("server")
async def test_users_of_other_settings_have_their_own_client() -> None:
    async with shared_client("one") as (client, _), shared_client("other") as (other, _):
        assert other is not client


async def test_all_syncs_of_a_connection_use_one_pool(server: MisbehavingServer) -> None:
    async def poll() -> None:
        async with shared_client("one") as (client, _):
            for _ in range(5):
                await client.send(SYNC)

    async with shared_client("one"):
        for _ in range(5):
            await poll()

    assert len(server.requests) == 25
    assert server.connections == 1


@pytest.mark.usefixtures("server")
async def test_who_comes_after_the_last_left_has_a_new_client() -> None:
    async with shared_client("one") as (client, _):
        pass
    async with shared_client("one") as (later, _):
        assert later is not client
        assert (await later.send(SYNC)).status == "SYNC_RUNNING"


@pytest.mark.usefixtures("server")
async def test_who_comes_while_the_last_is_leaving_has_a_new_client(monkeypatch: pytest.MonkeyPatch) -> None:
    leaving, go_on = asyncio.Event(), asyncio.Event()
    close = AsyncPostpressClient.aclose

    async def close_slowly(client: AsyncPostpressClient) -> None:
        leaving.set()
        await go_on.wait()
        await close(client)

    monkeypatch.setattr(AsyncPostpressClient, "aclose", close_slowly)

    async def use() -> None:
        async with shared_client("one"):
            pass

    last = asyncio.create_task(use())
    await leaving.wait()
    async with shared_client("one") as (client, _):
        go_on.set()
        await last
        assert (await client.send(SYNC)).status == "SYNC_RUNNING"


@pytest.mark.usefixtures("server")
async def test_who_is_cancelled_in_use_leaves_and_the_others_go_on() -> None:
    entered = asyncio.Event()

    async def use() -> None:
        async with shared_client("one"):
            entered.set()
            await asyncio.Event().wait()

    async with shared_client("one") as (client, _):
        task = asyncio.create_task(use())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.send(SYNC)).status == "SYNC_RUNNING"
    assert is_closed(client)


@pytest.mark.usefixtures("server")
async def test_who_is_cancelled_while_entering_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    looking_up = asyncio.Event()

    async def look_up_for_ever(conn_id: str) -> None:
        looking_up.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(shared, "get_async_connection", look_up_for_ever)

    async def use() -> None:
        async with shared_client("one"):
            raise AssertionError

    task = asyncio.create_task(use())
    await looking_up.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.usefixtures("server")
async def test_who_is_cancelled_while_leaving_leaves_at_once_and_the_client_is_closed_nevertheless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leaving, go_on, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()
    close = AsyncPostpressClient.aclose

    async def close_slowly(client: AsyncPostpressClient) -> None:
        leaving.set()
        await go_on.wait()
        await close(client)
        closed.set()

    monkeypatch.setattr(AsyncPostpressClient, "aclose", close_slowly)
    clients = []

    async def use() -> None:
        async with shared_client("one") as (client, _):
            clients.append(client)

    task = asyncio.create_task(use())
    await leaving.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gc.collect()
    go_on.set()
    await closed.wait()
    assert is_closed(clients[0])
    await asyncio.sleep(0)


@pytest.mark.usefixtures("server")
async def test_an_error_in_use_closes_the_client() -> None:
    with pytest.raises(ZeroDivisionError):
        async with shared_client("one") as (client, _):
            _ = 1 / 0
    assert is_closed(client)


@pytest.mark.usefixtures("server")
def test_event_loops_share_nothing() -> None:
    clients = []

    async def use() -> None:
        async with shared_client("one") as (client, _):
            await client.send(SYNC)
            clients.append(client)

    asyncio.run(use())
    asyncio.run(use())

    assert clients[0] is not clients[1]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_event_loop_that_ended_under_its_users_is_not_kept(
    server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look_up(conn_id: str) -> Connection:
        # Airflow's own look-up keeps the loop, through asgiref
        return Connection(conn_id=conn_id, conn_type="postpress", host=server.url, password="pp_live_key")

    monkeypatch.setattr(shared, "get_async_connection", look_up)
    loop = asyncio.new_event_loop()
    entering = shared_client("one")
    client, _ = loop.run_until_complete(entering.__aenter__())
    loop.run_until_complete(client.send(SYNC))
    # the thread that made the client may know the loop a bit longer
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    ended = weakref.ref(loop)

    del loop, entering, client
    gc.collect()

    assert ended() is None


async def test_a_connection_that_is_not_there_is_told_as_airflow_does() -> None:
    with pytest.raises(AirflowNotFoundException, match="absent"):
        async with shared_client("absent"):
            raise AssertionError


async def test_a_wrong_setting_is_told_with_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WRONG", "postpress://:key@host?proxy=ftp%3A%2F%2Fhunter2")

    with pytest.raises(PostpressInvalidRequest, match="Connection 'wrong': proxy") as caught:
        async with shared_client("wrong"):
            raise AssertionError

    assert "hunter2" not in str(caught.value)


@pytest.mark.usefixtures("server")
async def test_the_connection_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []
    look_up = shared.get_async_connection

    async def count(conn_id: str) -> Any:
        looked_up.append(conn_id)
        return await look_up(conn_id)

    monkeypatch.setattr(shared, "get_async_connection", count)
    async with shared_client("one") as (client, _):
        await client.send(SYNC)
        await client.send(SYNC)

    assert looked_up == ["one"]
