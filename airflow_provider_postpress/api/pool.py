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
        self.is_closed = False
        self._new_client = new_client
        self._turns = asyncio.Semaphore(size)
        self._free = [new_client()]
        self._closing: set[asyncio.Future[None]] = set()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[httpx.AsyncClient]:
        """
        Wait for a free connection, and have it alone.

        :raises httpx.PoolTimeout: the pool was closed
        """
        async with self._turns:
            if self.is_closed:
                raise httpx.PoolTimeout("the client was closed")
            client = self._free.pop() if self._free else self._new_client()
            try:
                yield client
            except BaseException:
                # a request that is cancelled at a certain moment has httpcore give its connection to nobody ever again
                self._close(client)
                raise
            if self.is_closed:
                self._close(client)
            else:
                self._free.append(client)

    async def aclose(self) -> None:
        """Close all connections; those in use are closed when they come back."""
        self.is_closed = True
        while self._free:
            self._close(self._free.pop())
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _close(self, client: httpx.AsyncClient) -> None:
        closing = asyncio.ensure_future(client.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closed)

    def _closed(self, closing: asyncio.Future[None]) -> None:
        self._closing.discard(closing)
        # nobody waits for what it met, and a loop would complain of that
        _ = closing.cancelled() or closing.exception()
