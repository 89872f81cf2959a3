"""A pool of connections that costs the same, however many there are and however many requests wait for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx


class ConnectionPool:
    """
    Clients of httpx, each for one connection; the one that was used last is used next, so that few are kept alive.

    One client with a pool of its own would look at all of its connections, and at all requests that wait for one, as
    each request begins and ends: with 20 connections that takes more time than all the rest.

    :param new_client: makes a client that opens one connection at most; called at once, and then as more are needed
    :param size: how many connections there are at most
    """

    def __init__(self, new_client: Callable[[], httpx.AsyncClient], size: int) -> None:
        self._new_client = new_client
        self._turns = asyncio.Semaphore(size)
        self._clients = [new_client()]
        self._free = list(self._clients)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._clients[0].is_closed

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[httpx.AsyncClient]:
        """Wait for a free connection, and have it alone."""
        async with self._turns:
            client = self._free.pop() if self._free else self._another()
            try:
                yield client
            finally:
                self._free.append(client)

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.aclose()

    def _another(self) -> httpx.AsyncClient:
        client = self._new_client()
        self._clients.append(client)
        return client
