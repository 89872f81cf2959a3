"""Somebody who receives webhooks, and answers as a test wants."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import NamedTuple, Self

TOLD_WITHIN = 20.0
HANG = 0
BREAK_OFF = -1


class Received(NamedTuple):
    """A request: its first line, its headers as they came, and its body."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes


class Receiver:
    """
    Has a free port from when it is made, listens there when it is entered, and notes each request before it answers.

    ``answer`` is the status to come, ``HANG`` for no answer, or ``BREAK_OFF`` for a connection that is closed. ``left``
    is set when somebody who got no answer has closed the connection.
    """

    def __init__(self) -> None:
        self.answer = 200
        self._received: Queue[Received] = Queue()
        self.left = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = receiver.answer
                receiver._received.put(Received(self.requestline, self.headers.items(), body))
                if answer == HANG:
                    self.connection.recv(1)
                    receiver.left.set()
                elif answer != BREAK_OFF:
                    self.send_response(answer)
                    self.send_header("Location", f"{receiver.url}/elsewhere")
                    self.send_header("Set-Cookie", "crumb=1")
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 100  # with the five of old, those who come at once wait for a second

        self._server = Server(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self._server.server_bind()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._server.server_activate()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def next(self) -> Received:
        """Wait for the next request."""
        return self._received.get(timeout=TOLD_WITHIN)

    @property
    def has_more(self) -> bool:
        """Whether more came than was asked for."""
        return not self._received.empty()
