"""How each fault looks on the wire."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from airflow_provider_postpress.emulator import faults
from airflow_provider_postpress.emulator.answers import Answer, ProblemError, second_envelope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

TRANSPORT = "transport"
"""The key of the server's connection in the ``state`` of a request's scope."""

_PIECE = b" " * 65536


def json_response(answer: Answer, instance: str, *, second: bool = False) -> JSONResponse:
    """
    Send an answer.

    :param answer: what to send
    :param instance: the request's id, quoted in errors
    :param second: whether an error goes in the second envelope
    """
    body = answer.body
    if answer.status_code >= 400:
        body = second_envelope(body, instance) if second else {**body, "instance": instance}
    return JSONResponse(body, answer.status_code)


def wire_response(answer: Answer | None, fault: faults.Fault | None, instance: str) -> Response:
    """
    Send an answer, or what a fault makes of it.

    :param answer: the true answer; ``None`` where a fault kept the request from having its effect
    :param fault: what goes wrong, if anything
    :param instance: the request's id
    """
    replacement = _replacement(fault, instance)
    if replacement is not None:
        return replacement
    if answer is None:
        raise ValueError(f"Without an answer there is nothing to send; the fault is {fault!r}.")
    whole = json_response(answer, instance)
    content = bytes(whole.body)
    match fault:
        case faults.Truncated(complete=True):
            return Response(content[: len(content) // 2], whole.status_code, media_type=whole.media_type)
        case faults.Truncated():
            return BrokenBody(content, whole.status_code, media_type=whole.media_type)
        case faults.Drip():
            drops = _drip(content, fault.seconds_per_byte)
            return StreamingResponse(drops, whole.status_code, media_type=whole.media_type)
    return whole


def _replacement(fault: faults.Fault | None, instance: str) -> Response | None:
    """Make what comes instead of the answer; ``None`` where the answer comes, whole or spoilt."""
    match fault:
        case faults.Error():
            return _error_response(fault, instance)
        case faults.Body():
            return Response(fault.content, fault.status, media_type=fault.content_type)
        case faults.Redirect():
            return RedirectResponse(fault.location, fault.status)
        case faults.Reset():
            return Disconnection(reset=True)
        case faults.LostAnswer():
            return Disconnection()
        case faults.Hang():
            return Disconnection(after_seconds=fault.seconds)
        case faults.Oversized(compressed=True):
            return StreamingResponse(_gzip_of_spaces(fault.size), 200, {"Content-Encoding": "gzip"}, "application/json")
        case faults.Oversized():
            return StreamingResponse(_spaces(fault.size), 200, None, "application/json")
    return None


def _error_response(fault: faults.Error, instance: str) -> Response:
    problem = ProblemError(fault.status, fault.error_type, fault.detail)
    response = json_response(problem.answer, instance, second=fault.envelope == "second")
    if fault.retry_after is not None:
        response.headers["Retry-After"] = fault.retry_after
    return response


class Disconnection(Response):
    """
    The end of the connection instead of an answer.

    :param reset: whether the connection is reset, not closed
    :param after_seconds: how long nothing happens first
    """

    def __init__(self, *, reset: bool = False, after_seconds: float = 0.0) -> None:
        super().__init__()
        self.reset = reset
        self.after_seconds = after_seconds

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """Break the connection."""
        try:
            await asyncio.wait_for(_disconnected(receive), self.after_seconds)
        except TimeoutError:
            await _disconnect(scope, receive, reset=self.reset)


class BrokenBody(Response):
    """Half of a body, then the end of the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half, and break the connection."""
        content = bytes(self.body)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
        await _disconnect(scope, receive)


async def _disconnect(scope: Scope, receive: Receive, *, reset: bool = False) -> None:
    transport: asyncio.Transport | None = scope.get("state", {}).get(TRANSPORT)
    if transport is None:  # called in process, without a server: this is as near as it gets
        raise ConnectionResetError("The emulator closed the connection.")
    if reset:
        linger_not_at_all = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all)
        transport.abort()
    else:
        transport.close()
    await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drip(content: bytes, seconds_per_byte: float) -> AsyncIterator[bytes]:
    for position in range(len(content)):
        await asyncio.sleep(seconds_per_byte)
        yield content[position : position + 1]


async def _spaces(size: int) -> AsyncIterator[bytes]:
    for sent in range(0, size, len(_PIECE)):
        yield _PIECE[: size - sent]
        await asyncio.sleep(0)  # or the loop would never see that the client has left


async def _gzip_of_spaces(size: int) -> AsyncIterator[bytes]:
    gzip = zlib.compressobj(wbits=31)  # 31: with gzip's header
    async for piece in _spaces(size):
        yield gzip.compress(piece)
    yield gzip.flush()
