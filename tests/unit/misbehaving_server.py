"""A server on a raw socket that does exactly what a test wants, down to the byte, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

PATIENCE = 5.0
"""Seconds after which the server gives a good answer after all: a client that waited so long has no bound."""

OK_BODY = b'{"object": "AccountResync", "status": "SYNC_RUNNING"}'


@dataclass
class Request:
    """A request as it came: the target byte for byte, the headers by lower-case name."""

    method: str
    target: str
    headers: dict[str, str]


@dataclass
class Peer:
    """One connection, seen from the server."""

    connection: socket.socket
    server: MisbehavingServer
    buffer: bytes = field(default=b"")

    def read_request(self) -> Request:
        while b"\r\n\r\n" not in self.buffer:
            received = self.connection.recv(65536)
            if not received:
                raise ConnectionError
            self.buffer += received
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        request = Request(method, target, headers)
        self.server.requests.append(request)
        self.server.received.release()
        return request

    def read_body(self, request: Request) -> bytes:
        """Read the body of a request that was read, and no more."""
        length = int(request.headers["content-length"])
        while len(self.buffer) < length:
            received = self.connection.recv(65536)
            if not received:
                raise ConnectionError
            self.buffer += received
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return body

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def send_slowly(self, pieces: Iterator[bytes]) -> None:
        """One piece after the other with a pause between, faster than a timeout between bytes would notice."""
        for piece in pieces:
            self.send(piece)
            if self.server.stopping.wait(0.01):
                return

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


Behaviour = Callable[[Peer], None]


class MisbehavingServer:
    """
    Listens on a free port of this machine.

    :param behaviour: what is done with each connection, which is closed afterwards
    :param tls: what to speak TLS with, if at all
    """

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.received = threading.Semaphore(0)
        self.closed = threading.Semaphore(0)
        self.connections = 0
        self.stopping = threading.Event()
        self._behaviour = behaviour
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stopping.set()
        # wakes accept() up, which closing alone does not
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(PATIENCE)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._behaviour(Peer(connection, self))
        self.closed.release()


def http(body: bytes | str | dict[str, Any] = OK_BODY, status: int = 200, **headers: str) -> bytes:
    """Write a well-formed answer; ``Content_Length="7"`` and the like win over what would be right."""
    if isinstance(body, dict):
        body = json.dumps(body)
    data = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": "application/json", "Content-Length": str(len(data)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + data


def answering(*answers: bytes) -> Behaviour:
    """Answer the requests of a connection one after the other."""

    def behave(peer: Peer) -> None:
        for answer in answers:
            peer.read_request()
            peer.send(answer)

    return behave


def silent(peer: Peer) -> None:
    """Take the request and say nothing, until nobody waits any more."""
    peer.read_request()
    if not peer.server.stopping.wait(PATIENCE):
        peer.send(http())


def reset_at_first_byte(peer: Peer) -> None:
    """Reset the connection before the request was read."""
    peer.connection.recv(1)
    peer.reset()


def reset_after_request(peer: Peer) -> None:
    """Reset the connection after the request was read."""
    peer.read_request()
    peer.reset()


def dripping(start: bytes, drop: bytes, end: bytes) -> Behaviour:
    """Keep a client busy with drops for as long as patience lasts, then finish the answer as is due."""

    def drops() -> Iterator[bytes]:
        deadline = time.monotonic() + PATIENCE
        yield start
        while time.monotonic() < deadline:
            yield drop
        yield end

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send_slowly(drops())

    return behave


def endless(start: bytes, piece: bytes, pieces: int = 4096) -> Behaviour:
    """Send a body that does not end before the client has enough of it."""

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(start)
        for _ in range(pieces):
            peer.send(piece)

    return behave
