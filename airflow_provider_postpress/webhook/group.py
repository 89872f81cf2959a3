"""Group commit: what waits is written together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class CrowdedError(Exception):
    """Too many wait already."""


class GroupWriter(Generic[Item, Result]):
    """
    Writes in a thread, one group at a time: all that has come to wait while the last one was written.

    :param write: writes a group, and gives the result of each of its items; can block
    :param max_group: how many items a group can have
    :param max_waiting: how many items can wait
    """

    def __init__(
        self, write: Callable[[Sequence[Item]], Sequence[Result]], *, max_group: int, max_waiting: int
    ) -> None:
        self._write = write
        self._max_group = max_group
        self._max_waiting = max_waiting
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def write(self, item: Item) -> Result:
        """
        Have an item written, and wait until it is. It is written even if nobody waits any more.

        :param item: the item
        :raises CrowdedError: too many wait already; it will not be written
        """
        if len(self._waiting) >= self._max_waiting:
            raise CrowdedError
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await result

    async def _write_all(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(self._max_group, len(self._waiting)))]
            try:
                results = await asyncio.to_thread(self._write, [item for item, _ in group])
            except Exception as error:  # noqa: BLE001 (it belongs to those who wait)
                for _, waiting in group:
                    if not waiting.done():
                        waiting.set_exception(error)
                continue
            for (_, waiting), result in zip(group, results, strict=True):
                if not waiting.done():
                    waiting.set_result(result)
