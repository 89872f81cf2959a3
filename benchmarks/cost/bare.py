"""The least that a wait over HTTP can be: httpx, one client for all, nothing checked and nothing bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import httpx
from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_postpress.api.client import KEEPALIVE_SECONDS, MAX_CONNECTIONS


@cache
def client() -> httpx.AsyncClient:
    """Give the one client, with a pool as large and as lasting as this package's."""
    limits = httpx.Limits(
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_CONNECTIONS,
        keepalive_expiry=KEEPALIVE_SECONDS,
    )
    return httpx.AsyncClient(limits=limits, timeout=None)  # noqa: S113 - it is the least there can be


class BareTrigger(BaseTrigger):
    """
    Polls until the answer says that it is done.

    :param url: what to ask
    :param interval: seconds between polls
    """

    def __init__(self, url: str, interval: float) -> None:
        super().__init__()
        self.url = url
        self.interval = interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give Airflow what it stores."""
        return f"{__name__}.BareTrigger", {"url": self.url, "interval": self.interval}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll."""
        while True:
            await asyncio.sleep(self.interval)
            answer = (await client().get(self.url)).json()
            if answer["status"] == "SYNC_DONE":
                break
        yield TriggerEvent({"status": "success"})
