"""
The sync of one account or one chat: the documented state machine, moved by requests and by time.

Times are epoch milliseconds. A slot never looks at a clock: its engine tells it the time of each request, and ends each
chunk when it is due.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_postpress.emulator.chats import Chat, Span

By = Literal["client", "foreign"]


class Start(TypedDict):
    """
    A sync that began.

    ``parameters`` are what its first request sent; ``by`` says who sent it; ``began`` and ``ended`` are in epoch
    milliseconds; ``chunks`` counts the chunks that ended well; ``status`` is how it ended. ``ended`` and ``status`` are
    ``None`` while it is under way, or waits between chunks.
    """

    parameters: dict[str, str]
    by: By
    from_scratch: bool
    began: int
    ended: int | None
    chunks: int
    status: str | None


@dataclass
class Job:
    """
    A sync under way.

    :param start: its record
    :param chunks: the chats of each chunk still to do; the first is the one under way, or the next one to be
    :param span: the time that it copies
    :param duration_ms: how long each chunk takes
    :param failing_chunk: which chunk fails, counted from 1; ``None`` for none
    :param ends_at: when the chunk under way ends; ``None`` between two chunks
    :param told_started: to how many requests this chunk has said ``SYNC_STARTED``
    """

    start: Start
    chunks: deque[list[Chat]]
    span: Span
    duration_ms: int
    failing_chunk: int | None
    ends_at: int | None = None
    told_started: int = 0

    def begin_chunk(self, at: int) -> None:
        """Begin the next chunk."""
        self.ends_at = at + self.duration_ms
        self.told_started = 0


@dataclass
class Slot:
    """
    What an account or a chat has to say about its sync.

    :param job: the sync under way
    :param unread: statuses that wait for a request; each is delivered once
    :param failures: for each of the syncs to come, the chunk that fails, or ``None``
    :param duration_ms: how long a sync takes here; ``None`` for what the engine's options say
    :param starts: the syncs that began
    """

    job: Job | None = None
    unread: deque[str] = field(default_factory=deque)
    failures: deque[int] = field(default_factory=deque)
    duration_ms: int | None = None
    starts: list[Start] = field(default_factory=list)

    @property
    def due(self) -> int | None:
        """When the chunk under way ends; ``None`` where nothing is under way."""
        return self.job.ends_at if self.job else None

    def request(self, at: int, begin: Callable[[], Job], started_answers: int) -> str:
        """
        Answer a request: deliver what is unread, report on what is under way, or else start.

        :param at: the time of the request
        :param begin: makes the sync to start
        :param started_answers: to how many requests a chunk says ``SYNC_STARTED``
        """
        if self.unread:
            return self.unread.popleft()
        if self.job is None:
            self.job = begin()
            self.starts.append(self.job.start)
        if self.job.ends_at is None:
            self.job.begin_chunk(at)
        if self.job.told_started < started_answers:
            self.job.told_started += 1
            return "SYNC_STARTED"
        return "SYNC_RUNNING"

    def end_chunk(self, *, goes_on: bool) -> Start:
        """
        End the chunk under way, at its time, well or as a failure was asked for.

        :param goes_on: whether the sync goes on with its next chunk; if not, a ``CHUNK_DONE`` ends it too
        :returns: the record of the sync that it was a chunk of
        """
        job = self.job
        if job is None:
            raise RuntimeError("No chunk is under way.")
        if job.failing_chunk == job.start["chunks"] + 1:
            self._end("SYNC_ERROR")
            return job.start
        for chat in job.chunks.popleft():
            chat.copy(job.span)
        job.start["chunks"] += 1
        if not job.chunks:
            self._end("SYNC_DONE")
        elif not goes_on:
            self._end("CHUNK_DONE")
        else:
            job.ends_at = None
            self.unread.append("CHUNK_DONE")
        return job.start

    def _end(self, status: str) -> None:
        self.unread.append(status)
        self.close(status, self.due)

    def close(self, status: str, at: int | None) -> None:
        """Let go of the sync under way, if any, and write down how it ended."""
        if self.job:
            self.job.start["status"] = status
            self.job.start["ended"] = at
        self.job = None
