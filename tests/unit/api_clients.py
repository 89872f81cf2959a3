"""The fixtures ``serve`` and ``connect``, and what they give."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest
from misbehaving_server import Behaviour, MisbehavingServer

from airflow_provider_postpress.api.client import AsyncPostpressClient, PostpressClient
from airflow_provider_postpress.api.endpoints import Endpoint

KEY = "pp_live_s3cr3t-k3y"


class Client(Protocol):
    def send(self, endpoint: Endpoint[Any]) -> Any: ...


class FromBlockingCode:
    """An asynchronous client, driven by a test that is written once for both kinds."""

    def __init__(self, runner: asyncio.Runner, client: AsyncPostpressClient) -> None:
        self._runner, self._client = runner, client

    def send(self, endpoint: Endpoint[Any]) -> Any:
        return self._runner.run(self._client.send(endpoint))


Serve = Callable[..., MisbehavingServer]
Connect = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers, which end with the test."""
    with ExitStack() as stack:

        def start(behaviour: Behaviour, **options: Any) -> MisbehavingServer:
            return stack.enter_context(MisbehavingServer(behaviour, **options))

        yield start


@pytest.fixture(params=["blocking", "asynchronous"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Make clients of each kind, which are closed with the test."""
    with ExitStack() as stack:

        def blocking(url: str, **options: Any) -> Client:
            return stack.enter_context(PostpressClient(KEY, base_url=url, **options))

        def asynchronous(url: str, **options: Any) -> Client:
            runner = stack.enter_context(asyncio.Runner())
            client = AsyncPostpressClient(KEY, base_url=url, **options)
            stack.callback(lambda: runner.run(client.aclose()))
            return FromBlockingCode(runner, client)

        yield {"blocking": blocking, "asynchronous": asynchronous}[request.param]
