"""One connection pool for all that a triggerer does with one connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple
from weakref import WeakKeyDictionary, WeakValueDictionary

from airflow.providers.common.compat.connection import get_async_connection

from airflow_provider_postpress.api.client import AsyncPostpressClient
from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.hooks.settings import ConnectionSettings, new_client, settings_of


class SharedClient(NamedTuple):
    """
    A client that others may be using too.

    :param client: the client; not to be closed by its user
    :param settings: what the connection says
    """

    client: AsyncPostpressClient
    settings: ConnectionSettings


@asynccontextmanager
async def shared_client(postpress_conn_id: str) -> AsyncIterator[SharedClient]:
    """
    Look a connection up, without blocking the event loop, and share one client with all who use equal settings on it.

    The client is closed when the last of them leaves.

    :param postpress_conn_id: the Airflow connection
    :raises AirflowNotFoundException: there is no such connection
    :raises PostpressInvalidRequest: a setting of the connection is wrong or missing
    """
    settings = settings_of(await get_async_connection(postpress_conn_id))
    lease = _join(settings, postpress_conn_id)
    try:
        # who is cancelled here takes the client from nobody else
        yield SharedClient(await asyncio.shield(lease.client), settings)
    finally:
        await _leave(lease, settings)


class _Lease:
    """
    A client that is being made, and how many use it.

    It is made in a thread: to read the certificates that TLS trusts would hold the event loop up.
    """

    def __init__(self, settings: ConnectionSettings, conn_id: str) -> None:
        making = asyncio.to_thread(new_client, AsyncPostpressClient, settings, conn_id=conn_id)
        self.client = asyncio.ensure_future(making)
        self.users = 0

    async def close(self) -> None:
        """Close the client, if there came to be one."""
        with suppress(PostpressInvalidRequest):
            await (await self.client).aclose()


_Leases = WeakValueDictionary[ConnectionSettings, _Lease]

_leases: WeakKeyDictionary[asyncio.AbstractEventLoop, _Leases] = WeakKeyDictionary()
"""Keeps no loop, key or client alive: only their users do."""
_closing: set[asyncio.Future[None]] = set()
"""Keeps the closing tasks from being collected before their end: an event loop refers to them weakly."""


def _join(settings: ConnectionSettings, conn_id: str) -> _Lease:
    leases = _leases.setdefault(asyncio.get_running_loop(), _Leases())
    lease = leases.get(settings)
    if lease is None:
        lease = leases[settings] = _Lease(settings, conn_id)
    lease.users += 1
    return lease


async def _leave(lease: _Lease, settings: ConnectionSettings) -> None:
    lease.users -= 1
    if lease.users:
        return
    # before the first await: who comes now must not find a client that is being closed
    del _leases[asyncio.get_running_loop()][settings]
    closing = asyncio.ensure_future(lease.close())
    _closing.add(closing)
    closing.add_done_callback(_closing.discard)
    # who is cancelled here leaves at once; the connections are closed nevertheless
    await asyncio.shield(closing)
