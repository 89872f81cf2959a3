"""Sends webhooks over HTTP, from the loop of the emulator's server: what is due, when it is due."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_provider_postpress.emulator.engine import Engine
    from airflow_provider_postpress.emulator.webhooks import Attempt
    from airflow_provider_postpress.emulator.world import World


class WebhookSender:
    """
    Sends what an engine has to send.

    :param world: whose engine that is
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._woken = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look again: there may be something to send, or at another time than before."""
        self._woken.set()

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Send, until this is left; what is under way then is broken off."""
        sending = asyncio.create_task(self._send_what_is_due())
        try:
            yield
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    async def _send_what_is_due(self) -> None:
        engine = self._world.engine
        # each attempt on a connection of its own: one kept from an earlier attempt may be dead
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        trusting_nobody = ssl.SSLContext(
            ssl.PROTOCOL_TLS_CLIENT
        )  # webhooks are http: it takes long to load authorities
        async with httpx.AsyncHTTPTransport(limits=limits, verify=trusting_nobody) as transport:
            try:
                while True:
                    self._woken.clear()
                    if engine is not self._world.engine:
                        await self._break_off()
                        engine = self._world.engine
                    for attempt in engine.take_attempts():
                        task = asyncio.create_task(self._send(transport, engine, attempt))
                        self._under_way.add(task)
                        task.add_done_callback(self._under_way.discard)
                    await self._wait_until(engine.next_due())
            finally:
                await self._break_off()

    async def _wait_until(self, due: int | None) -> None:
        seconds = None if due is None else due / 1000 - self._world.now()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    async def _send(self, transport: httpx.AsyncHTTPTransport, engine: Engine, attempt: Attempt) -> None:
        # without a client: no header of its own, no redirect, no cookie, no proxy
        headers = {"User-Agent": "postpress-emulator", **attempt.headers}
        request = httpx.Request("POST", attempt.delivery["url"], headers=headers, content=attempt.content)
        status = error = None
        try:
            async with asyncio.timeout(engine.options.webhook_timeout_ms / 1000):
                status = await _answer_to(request, transport)
        except TimeoutError:
            error = "timeout"
        except httpx.HTTPError as failure:
            error = type(failure).__name__
        engine.settle_attempt(attempt, status=status, error=error)
        self.wake()

    async def _break_off(self) -> None:
        under_way = list(self._under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _answer_to(request: httpx.Request, transport: httpx.AsyncHTTPTransport) -> int:
    """Send a request, read its answer to the end, and give the status."""
    response = await transport.handle_async_request(request)
    try:
        async for _ in response.aiter_raw():
            pass
    finally:
        await response.aclose()
    return response.status_code
