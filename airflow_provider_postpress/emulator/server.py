"""An emulator on a port of its own: in a thread of a test, or for as long as a command runs."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from airflow_provider_postpress.emulator.app import create_app
from airflow_provider_postpress.emulator.control import EmulatorControl
from airflow_provider_postpress.emulator.fault_responses import TRANSPORT
from airflow_provider_postpress.emulator.options import Options
from airflow_provider_postpress.emulator.webhook_sender import WebhookSender
from airflow_provider_postpress.emulator.world import API_KEY, World

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType

HOST = "127.0.0.1"


class _Protocol(H11Protocol):
    """Lets the application reach its connection, so that it can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}

    def shutdown(self) -> None:
        self.transport.abort()  # a request that hangs must not keep the server from stopping


class _Server(uvicorn.Server):
    """Sends webhooks for as long as it serves."""

    def __init__(self, config: uvicorn.Config, sender: WebhookSender) -> None:
        super().__init__(config)
        self._sender = sender

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        async with self._sender.sending():
            await super().serve(sockets)


class Emulator(EmulatorControl):
    """
    A Postpress on a free port of this machine, with all its controls.

        with Emulator(seed=1, duration_ms=50) as emulator:
            account = emulator.add_account("LINKEDIN")
            chat = emulator.add_chat(account, messages=["2026-01-05T12:00:00Z"])
            emulator.inject(faults.LostAnswer(), route="account_sync")
            ...  # run what is under test against emulator.url
            assert emulator.missing(account, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z") == []

    It serves, and sends webhooks, from a thread of its own, from when it is made until ``stop``, and can be stopped
    twice.

    :param port: the port to listen on; 0 for a free one
    :param seed: decides all that is random
    :param api_key: the one key that is let in
    :param options: fields of ``Options``, which say how this Postpress behaves
    :raises OSError: where the port is taken
    """

    def __init__(self, *, port: int = 0, seed: int = 0, api_key: str = API_KEY, **options: Any) -> None:
        world = World(seed=seed, api_key=api_key, options=Options(**options))
        self._socket = _listen(port)
        super().__init__(f"http://{HOST}:{self._socket.getsockname()[1]}")
        self.api_key = api_key
        sender = WebhookSender(world)
        config = uvicorn.Config(
            create_app(world, sender.wake),
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        self._server = _Server(config, sender)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, and break off what is under way."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def connection(self) -> dict[str, str]:
        """An Airflow connection to it, as Airflow's JSON form has it."""
        return {"conn_type": "postpress", "host": self.url, "password": self.api_key}

    @property
    def connection_json(self) -> str:
        """The connection as JSON, for ``AIRFLOW_CONN_POSTPRESS_DEFAULT``."""
        return json.dumps(self.connection)

    @property
    def connection_uri(self) -> str:
        """The connection as a URI, for ``AIRFLOW_CONN_POSTPRESS_DEFAULT``."""
        return f"postpress://:{quote(self.api_key, safe='')}@{quote(self.url, safe='')}"


def _listen(port: int) -> socket.socket:
    # with its protocol named, so that asyncio knows it for TCP and sends small answers without delay
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
