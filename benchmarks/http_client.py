"""A client of HTTP that costs next to nothing, so that what is measured is the server."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Self
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Connection:
    """
    A connection that is kept open.

    :param url: the server's, of http
    """

    def __init__(self, url: str) -> None:
        self._host, _, port = urlsplit(url).netloc.partition(":")
        self._port = int(port)

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._writer.close()

    async def request(self, method: str, path: str, headers: dict[str, str], body: str = "") -> tuple[int, float]:
        """
        Send a request; give the answer's status, and how many milliseconds it took.

        :param method: such as ``GET``
        :param path: the path
        :param headers: further headers
        :param body: the body
        """
        began = time.perf_counter()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", body]).encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None:
            raise RuntimeError(f"An answer without a length: {head!r}")
        await self._reader.readexactly(int(length[1]))
        return int(head.split(b" ", 2)[1]), (time.perf_counter() - began) * 1000
