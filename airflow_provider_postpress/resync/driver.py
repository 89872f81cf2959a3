"""
The loop that plays tracker and pacing, written once.

It does nothing itself: it yields the steps to take and is sent what came of them, see :mod:`.steps`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from airflow_provider_postpress.api.errors import PostpressError
from airflow_provider_postpress.api.models import SyncAnswer
from airflow_provider_postpress.resync.failure import Failure, FailureKind, may_have_been_answered
from airflow_provider_postpress.resync.pacing import Pacing
from airflow_provider_postpress.resync.request import SyncRequest
from airflow_provider_postpress.resync.steps import Ask, Reply, Say, Step, Wait, back_off
from airflow_provider_postpress.resync.tracker import Do, Knowledge, Owner, Tracker, after_loss


class Goal(StrEnum):
    """How far a sync is to be followed."""

    STARTED = "started"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """
    How far a sync has come.

    :param known: what is known of it
    :param polls: requests sent for it
    :param started_at: when ours started
    :param not_before: when Postpress wants to be asked again, if it said so
    """

    known: Knowledge = field(default_factory=Knowledge)
    polls: int = 0
    started_at: datetime | None = None
    not_before: datetime | None = None

    def taken_up(self) -> Progress:
        """Say what is left of it for a trigger that takes the sync up."""
        return replace(self, known=self.known.taken_up())

    def as_dict(self) -> dict[str, Any]:
        """Write it in JSON's types; see :meth:`from_dict`."""
        return {
            "known": self.known.as_dict(),
            "polls": self.polls,
            "started_at": _iso(self.started_at),
            "not_before": _iso(self.not_before),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """
        Read it from a trigger's kwargs.

        :param data: what :meth:`as_dict` wrote
        """
        started_at, not_before = data["started_at"], data.get("not_before")
        return cls(
            Knowledge.from_dict(data["known"]),
            data["polls"],
            started_at and instant(started_at),
            not_before and instant(not_before),
        )


RESULT_KEYS = frozenset(
    {"window", "parameters", "status", "chunks", "polls", "restarts", "started_at", "finished_at"},
)
"""What every result has, beside the id of what it is about."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """
    What a sync came to: the task's result, and with ``SYNC_STARTED`` the handle of a sync that goes on.

    :param request: what was asked
    :param status: ``SYNC_DONE``, or ``SYNC_STARTED`` where it was followed only so far
    :param progress: how it went
    :param finished_at: when its end was read
    :param deadline: until when it may be followed by its handle
    """

    request: SyncRequest
    status: str
    progress: Progress
    finished_at: datetime | None = None
    deadline: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Write it in JSON's types, as XCom and events hold it."""
        result = {
            **self.request.as_dict(),
            "status": self.status,
            "chunks": self.progress.known.chunks,
            "polls": self.progress.polls,
            "restarts": self.progress.known.restarts,
            "started_at": _iso(self.progress.started_at),
            "finished_at": _iso(self.finished_at),
        }
        return result if self.deadline is None else {**result, "deadline": _iso(self.deadline)}


class SyncDriver:
    """
    One sync, from its first request to its end.

    :param request: what is asked
    :param tracker: what its answers mean
    :param pacing: how long to wait between requests
    :param goal: how far to follow it
    :param progress: how far it had come already
    """

    def __init__(
        self,
        request: SyncRequest,
        tracker: Tracker,
        pacing: Pacing,
        *,
        goal: Goal = Goal.DONE,
        progress: Progress | None = None,
    ) -> None:
        self.request = request
        self.progress = progress or Progress()
        self._endpoint = request.endpoint
        self._tracker = tracker
        self._pacing = pacing
        self._goal = goal
        self._hurried = False
        self._lingered = False

    @property
    def knows_nothing(self) -> bool:
        """Whether it is still unknown whose sync Postpress speaks of."""
        return self.progress.known.owner is Owner.NOBODY

    @property
    def follows_a_foreign_sync(self) -> bool:
        """Whether Postpress speaks of a sync that we did not start."""
        return self.progress.known.owner is Owner.FOREIGN

    @property
    def deadline(self) -> datetime:
        """When the sync is given up."""
        return self._pacing.deadline

    def steps(
        self, *, wait_from: datetime | None = None
    ) -> Generator[Step[SyncAnswer], Reply[SyncAnswer], SyncResult | Failure]:
        """
        Give the steps, and at last what the sync came to.

        :param wait_from: the time, where the first request is to wait as one that follows another does
        """
        if wait_from is not None:
            yield Wait(self._pacing.before_poll(wait_from, not_before=self.progress.not_before))
        while True:
            reply = yield Ask(self._endpoint)
            self.progress = replace(self.progress, polls=self.progress.polls + 1)
            outcome: SyncResult | Failure | None
            if isinstance(reply.came, PostpressError):
                outcome, wait = yield from self._lost(reply.came, reply.at)
            else:
                outcome, wait = yield from self._answered(reply.came, reply.at)
            if outcome:
                return outcome
            if self._pacing.is_over(reply.at):
                if self._is_left_between_chunks(reply.came):
                    continue
                return self._timed_out()
            if wait:
                yield Wait(wait)

    def _lost(self, error: PostpressError, now: datetime) -> Generator[Say, Any, tuple[Failure | None, float]]:
        known = after_loss(self.progress.known, may_have_been_answered=may_have_been_answered(error))
        retry_after = getattr(error, "retry_after", None)
        not_before = None if retry_after is None else now + timedelta(seconds=retry_after)
        self.progress = replace(self.progress, known=known, not_before=not_before)
        return (
            yield from back_off(
                self._pacing,
                error,
                now,
                str(self.request),
                "A sync that was running goes on there; a retry of this task waits it out and starts again.",
            )
        )

    def _answered(
        self, answer: SyncAnswer, now: datetime
    ) -> Generator[Say, Any, tuple[SyncResult | Failure | None, float]]:
        self._pacing.recovered()
        before = self.progress.known
        verdict = self._tracker(self.request, before, answer)
        self.progress = replace(self.progress, known=verdict.known, not_before=None)
        if answer.status == "SYNC_STARTED" and _is_new_start(before, verdict.known):
            self.progress = replace(self.progress, started_at=now)
        if verdict.note:
            yield Say(f"Sync of {self.request}: {verdict.note}.", verdict.warn)
        if verdict.do is Do.SUCCEED:
            yield Say(self._told(now))
            return SyncResult(self.request, answer.status, self.progress, finished_at=now), 0.0
        if self._goal is Goal.STARTED and verdict.known.owner is Owner.OURS and not verdict.failure:
            return SyncResult(self.request, "SYNC_STARTED", self.progress, deadline=self.deadline), 0.0
        # a server that says the same again and again must not be asked without pause
        self._hurried = verdict.do is Do.REQUEST and not self._hurried
        if self._hurried:
            return verdict.failure, 0.0
        if verdict.do is Do.POLL_ANEW:
            self._pacing.anew()
        return verdict.failure, self._pacing.before_poll(now)

    def _is_left_between_chunks(self, came: SyncAnswer | PostpressError) -> bool:
        # the next chunk is started before we leave: whoever asks next would start it, and take it for a sync of its own
        self._lingered = not self._lingered and isinstance(came, SyncAnswer) and came.status == "CHUNK_DONE"
        return self._lingered

    def _told(self, now: datetime) -> str:
        known = self.progress.known
        counts = [_count(self.progress.polls, "poll")]
        counts += [_count(known.chunks, "chunk")] if known.chunks else []
        counts += [_count(known.restarts, "restart")] if known.restarts else []
        took = f" in {(now - self.progress.started_at).total_seconds():.3g} s" if self.progress.started_at else ""
        return f"Sync of {self.request} done{took}: {', '.join(counts)}."

    def _timed_out(self) -> Failure:
        known = self.progress.known
        match known.owner:
            case Owner.OURS if known.chunks:
                met = f"our sync has had {_count(known.chunks, 'chunk')}, never SYNC_DONE"
            case Owner.OURS:
                met = "our sync started, but its end was never seen (no chunks, never SYNC_DONE)"
            case Owner.FOREIGN:
                met = "a sync that we did not start went on all the time, so ours never began (0 chunks)"
            case _:
                met = f"no end of a sync was seen ({_count(known.chunks, 'chunk')}, never SYNC_DONE)"
        message = (
            f"The sync of {self.request} did not end in time: {met}, in {_count(self.progress.polls, 'request')}. "
            "Postpress has no cancel and goes on working: the next run will meet SYNC_RUNNING, or the end that nobody "
            "read, and start its own sync after it. Give `timeout` more time, or sync a shorter window."
        )
        return Failure(FailureKind.SYNC_TIMEOUT, message)


def instant(text: str) -> datetime:
    """
    Read an instant that a result, a handle or a trigger's kwargs hold.

    :param text: ISO 8601 with an offset
    """
    return datetime.fromisoformat(text)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _is_new_start(before: Knowledge, after: Knowledge) -> bool:
    if after.owner is Owner.FOREIGN:
        return False
    return before.owner is not Owner.OURS or after.restarts > before.restarts


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
