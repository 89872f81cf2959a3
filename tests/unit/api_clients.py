"""What the fixtures ``serve`` and ``connect`` give."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from misbehaving_server import MisbehavingServer

from airflow_provider_postpress.api.client import AsyncPostpressClient
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
