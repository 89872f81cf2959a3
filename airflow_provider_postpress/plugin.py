"""
The plugin (entry point ``airflow.plugins``): the webhook's receiver and the page of coverage, in Airflow's API server.

Every process of Airflow imports this module, so it imports next to nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any, cast

from airflow.providers.common.compat.sdk import AirflowPlugin

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Lazy:
    """
    An ASGI application that is imported and made at its first request.

    :param module: the module that has its ``create_app``
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._made: asyncio.Task[App] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if self._made is None:
            # in a thread: it imports, and the API server's loop must not wait; once, for all who come meanwhile
            self._made = asyncio.create_task(asyncio.to_thread(self._make))
        try:
            app = await asyncio.shield(self._made)
        except Exception:
            self._made = None  # the next request tries again
            raise
        await app(scope, receive, send)

    def _make(self) -> App:
        return cast("App", import_module(self._module).create_app())


class Postpress:
    """All that this package answers in the API server; neither part needs the other to be importable."""

    def __init__(self) -> None:
        self._webhooks = Lazy("airflow_provider_postpress.webhook.app")
        self._page = Lazy("airflow_provider_postpress.page.app")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        app = self._webhooks if path.startswith("/webhooks/") else self._page
        await app(scope, receive, send)


class PostpressPlugin(AirflowPlugin):
    """Adds ``POST /postpress/webhooks/account-status``, and the page of coverage under "Browse"."""

    name = "postpress"
    fastapi_apps = [{"app": Postpress(), "url_prefix": "/postpress", "name": "Postpress"}]  # noqa: RUF012 (Airflow's)
    external_views = [  # noqa: RUF012
        {
            "name": "Postpress coverage",
            # relative, or it would miss the path that Airflow may have in front
            "href": "postpress/coverage",
            "url_route": "postpress-coverage",
            "destination": "nav",
            "category": "browse",
            "icon": "postpress/static/icon.svg",
            "icon_dark_mode": "postpress/static/icon-dark.svg",
        }
    ]
