"""A server that answers every poll in one dialect, as fast as can be, and counts what reaches it."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import Structure, c_bool, c_int, c_long
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import psutil
import uvloop

from benchmarks.cost import certificate
from benchmarks.cost.peers import Peer
from demo.processes import free_port

_LENGTH = b"\r\ncontent-length:"


class Counters(Structure):
    """What the stub and its users share."""

    _fields_ = (
        ("polls", c_long),
        ("waits", c_int),
        ("connections", c_int),
        ("open", c_int),
        ("ready", c_bool),
        ("done", c_bool),
    )

    polls: int
    """How many requests came."""
    waits: int
    """How many different requests came: one of each wait."""
    connections: int
    """How many connections were opened."""
    open: int
    """How many are open."""
    ready: bool
    """Whether it serves."""
    done: bool
    """Whether it tells that the waits are over."""


class Stub:
    """
    The server, seen from outside.

    :param url: where it is
    :param counters: what it counts
    :param pid: its process
    """

    def __init__(self, port: int, counters: Counters, pid: int) -> None:
        self.port = port
        self.url = f"https://{certificate.HOST}:{port}"
        self.counters = counters
        self._process = psutil.Process(pid)

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        times = self._process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def stub(peer: Peer, folder: Path) -> Iterator[Stub]:
    """
    Run a server in a process of its own.

    :param peer: whose dialect it speaks
    :param folder: where its certificate is written
    """
    context = multiprocessing.get_context("spawn")
    counters: Synchronized[Any] = context.Value(Counters, lock=False)  # type: ignore[assignment]
    port = free_port()
    files = certificate.make(folder)
    process = context.Process(target=_serve, args=(port, peer.name, files, counters), daemon=True)
    process.start()
    while not counters.ready:
        if not process.is_alive():
            raise RuntimeError("The stub does not start.")
        time.sleep(0.05)
    try:
        yield Stub(port, counters, process.pid)  # type: ignore[arg-type]
    finally:
        process.terminate()
        process.join()


def _serve(port: int, name: str, files: tuple[Path, Path], counters: Counters) -> None:
    from benchmarks.cost.peers import PEERS

    peer = PEERS[name]
    waiting, done = _written(*peer.waiting), _written(*peer.done)
    seen: set[bytes] = set()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*files)

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport: Any = transport
            self.data = b""
            counters.connections += 1
            counters.open += 1

        def connection_lost(self, exc: Exception | None) -> None:
            counters.open -= 1

        def data_received(self, data: bytes) -> None:
            self.data += data
            head, end, body = self.data.partition(b"\r\n\r\n")
            if not end or len(body) < _length(head):
                return
            self.data = b""
            seen.add(head.partition(b"\r\n")[0] + body)
            counters.polls += 1
            counters.waits = len(seen)
            self.transport.write(done if counters.done else waiting)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Protocol, certificate.HOST, port, ssl=tls, backlog=4096)
        counters.ready = True
        await server.serve_forever()

    uvloop.run(serve())


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0


def _written(status: int, document: Any) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
