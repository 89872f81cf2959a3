"""
The state machine of a sync: what we knew, and what came back -> what it means, and what to do.

Postpress's sync routes start work and report on it with the same GET, say neither whose sync they speak of nor which,
and deliver a terminal status once. So ownership is inferred, and only a sync that was seen to start and then seen to
end is a success.

Assumed: a request after ``CHUNK_DONE`` starts the next chunk of the same sync. The page says that, and also that it
"starts a fresh sync"; under that reading a chunked sync never ends, and the deadline ends the waiting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum, StrEnum, auto
from typing import Any, Self

from airflow_provider_postpress.api.models import SyncAnswer
from airflow_provider_postpress.resync.failure import Failure, FailureKind
from airflow_provider_postpress.resync.request import SyncRequest, Target

MAX_LEFTOVERS = 3
"""Terminal statuses in a row that a request of ours may meet before its sync starts."""


class Owner(StrEnum):
    """Whose sync it is that Postpress speaks of."""

    NOBODY = "nobody"
    FOREIGN = "foreign"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """
    What is known of the sync.

    :param owner: whose sync it is
    :param seen_running: ours: it was answered ``SYNC_RUNNING`` since it, or its chunk, started
    :param after_end: the answer before our start was terminal, so our start cannot be a foreign sync's next chunk
    :param lost: the request before this one got no usable answer
    :param unread: an answer may have been given since the last usable one, and not have reached us
    :param leftovers: terminal statuses met in a row before ours started
    :param chunks: chunks of our sync that are done
    :param restarts: how often our sync was started anew because somebody else read its end
    """

    owner: Owner = Owner.NOBODY
    seen_running: bool = False
    after_end: bool = False
    lost: bool = False
    unread: bool = False
    leftovers: int = 0
    chunks: int = 0
    restarts: int = 0

    def taken_up(self) -> Knowledge:
        """Say what is left of it for a trigger that takes the sync up: others may have polled in the meantime."""
        return replace(self, seen_running=False, unread=True)

    def as_dict(self) -> dict[str, Any]:
        """Write it in JSON's types; see :meth:`from_dict`."""
        return {**asdict(self), "owner": self.owner.value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """
        Read it from a trigger's kwargs.

        :param data: what :meth:`as_dict` wrote
        """
        known = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        return cls(**{**known, "owner": Owner(known["owner"])})


class Do(Enum):
    """What to do next."""

    POLL = auto()
    """Request again after the poll interval, which goes on growing."""
    POLL_ANEW = auto()
    """Request again after the first poll interval."""
    REQUEST = auto()
    """Request again at once."""
    SUCCEED = auto()
    """It is done: never request again."""
    FAIL = auto()
    """Request no more."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What an answer means.

    :param known: what is known now
    :param do: what to do next
    :param note: what the log should tell, if anything
    :param warn: whether the note is a warning
    :param failure: why there is no success, when :attr:`do` is ``FAIL``
    """

    known: Knowledge
    do: Do
    note: str | None = None
    warn: bool = False
    failure: Failure | None = None


Tracker = Callable[[SyncRequest, Knowledge, SyncAnswer], Verdict]


@dataclass(frozen=True, slots=True)
class OwnSync:
    """
    Starts a sync and sees it through: succeeds only when ours was seen to start and then seen to end.

    :param fail_if_running: refuse to wait for a sync that somebody else began
    """

    fail_if_running: bool = False

    def __call__(self, request: SyncRequest, known: Knowledge, answer: SyncAnswer) -> Verdict:
        """
        Judge an answer.

        :param request: what was asked
        :param known: what was known before
        :param answer: what came back
        """
        if failure := _never_expected(request, answer):
            return Verdict(known, Do.FAIL, failure=failure)
        read = replace(known, lost=False, unread=False)
        match known.owner:
            case Owner.NOBODY:
                return self._judge_first(request, known, read, answer.status)
            case Owner.FOREIGN:
                return self._judge_foreign(request, read, answer.status)
            case Owner.OURS:
                return self._judge_ours(request, read, answer.status)

    def _judge_first(self, request: SyncRequest, known: Knowledge, read: Knowledge, status: str) -> Verdict:
        match status:
            case "SYNC_STARTED" if request.target is Target.ACCOUNT and known.unread:
                note = (
                    "an answer was lost before this start, and with it perhaps the end of a chunk of somebody else's "
                    "sync: this may be its next chunk; waiting for its end before starting ours"
                )
                return Verdict(_foreign(read), Do.POLL_ANEW, note)
            case "SYNC_STARTED":
                return Verdict(_ours(read), Do.POLL_ANEW, "started")
            case "SYNC_RUNNING" if self.fail_if_running and not known.lost:
                return Verdict(read, Do.FAIL, failure=_already_running(request))
            case "SYNC_RUNNING":
                note = "a sync that we did not start is running; waiting for its end, then starting ours"
                return Verdict(_foreign(read), Do.POLL_ANEW, note)
            case "CHUNK_DONE":
                note = "somebody else's sync has a chunk done; waiting for its end, then starting ours"
                return Verdict(_foreign(read), Do.REQUEST, note)
            case _ if read.leftovers == MAX_LEFTOVERS:
                return Verdict(read, Do.FAIL, failure=_never_starts(request, status))
            case _:
                note = f"{status} was left over from an earlier sync; this request started nothing, the next one does"
                return Verdict(replace(read, leftovers=read.leftovers + 1, after_end=True), Do.REQUEST, note)

    def _judge_foreign(self, request: SyncRequest, read: Knowledge, status: str) -> Verdict:
        match status:
            case "SYNC_STARTED" if request.target is Target.CHAT:
                return Verdict(_ours(read), Do.POLL_ANEW, "the sync that we waited for is over; started ours")
            case "SYNC_DONE" | "SYNC_ERROR":
                note = f"the sync that we waited for ended with {status}; starting ours"
                return Verdict(Knowledge(after_end=True, restarts=read.restarts), Do.REQUEST, note)
            case "CHUNK_DONE":
                return Verdict(read, Do.REQUEST)
            case _:
                return Verdict(read, Do.POLL)

    def _judge_ours(self, request: SyncRequest, read: Knowledge, status: str) -> Verdict:
        match status:
            case "SYNC_RUNNING":
                return Verdict(replace(read, seen_running=True), Do.POLL)
            case "SYNC_DONE":
                return Verdict(read, Do.SUCCEED)
            case "SYNC_ERROR":
                return Verdict(read, Do.FAIL, failure=_ended_in_error(request))
            case "CHUNK_DONE" if request.is_chunked or read.after_end:
                chunks = read.chunks + 1
                return Verdict(replace(read, chunks=chunks, seen_running=False), Do.POLL_ANEW, f"chunk {chunks} done")
            case "CHUNK_DONE":
                note = (
                    "CHUNK_DONE though no chunks were asked for: our start was the next chunk of somebody else's "
                    "sync; waiting for its end, then starting ours"
                )
                return Verdict(_foreign(read), Do.REQUEST, note, warn=True)
            case _ if not read.seen_running:
                return Verdict(read, Do.POLL)
            case _ if read.restarts:
                return Verdict(read, Do.FAIL, failure=_restarted_again(request))
            case _:
                note = (
                    "restarted: the sync ended, but somebody else read its end, and our poll started it anew; another "
                    f"task, DAG or program seems to poll this {request.target}"
                )
                restarted = _ours(replace(read, restarts=read.restarts + 1, after_end=False))
                return Verdict(restarted, Do.POLL_ANEW, note, warn=True)


def observe(request: SyncRequest, known: Knowledge, answer: SyncAnswer) -> Verdict:
    """
    Judge an answer without a claim of ours: report on whichever sync Postpress speaks of.

    :param request: what was asked
    :param known: what was known before; only the count of chunks matters here
    :param answer: what came back
    """
    if failure := _never_expected(request, answer):
        return Verdict(known, Do.FAIL, failure=failure)
    match answer.status:
        case "SYNC_STARTED":
            note = "nothing was running: our own poll has started a sync; following it"
            return Verdict(known, Do.POLL, note, warn=True)
        case "SYNC_DONE":
            return Verdict(known, Do.SUCCEED)
        case "SYNC_ERROR":
            return Verdict(known, Do.FAIL, failure=_ended_in_error(request))
        case "CHUNK_DONE":
            return Verdict(replace(known, chunks=known.chunks + 1), Do.POLL)
        case _:
            return Verdict(known, Do.POLL)


def after_loss(known: Knowledge, *, may_have_been_answered: bool) -> Knowledge:
    """
    Say what is known after a request that got no usable answer: what we owned we still own.

    A start after it no longer follows upon an end that was read: somebody else's sync may have begun in between.

    :param known: what was known before
    :param may_have_been_answered: whether a status may have been delivered and lost
    """
    return replace(
        known,
        lost=True,
        unread=known.unread or may_have_been_answered,
        after_end=known.after_end and known.owner is Owner.OURS,
        seen_running=False,
    )


def _ours(known: Knowledge) -> Knowledge:
    return replace(known, owner=Owner.OURS, seen_running=False, chunks=0)


def _foreign(known: Knowledge) -> Knowledge:
    return replace(known, owner=Owner.FOREIGN, seen_running=False, after_end=False, chunks=0)


def _never_expected(request: SyncRequest, answer: SyncAnswer) -> Failure | None:
    target = request.target
    surprise = None
    if answer.object != target.answer_object:
        surprise = f"object {_shown(answer.object)} where {target.answer_object!r} was expected"
    elif target is Target.CHAT and answer.chat_id != request.id:
        surprise = f"an answer about chat {_shown(answer.chat_id)}"
    elif answer.status not in target.statuses:
        surprise = f"status {_shown(answer.status)}, which the API pages do not list for it"
    if surprise:
        message = (
            f"The sync of {request} got {surprise}. Postpress has changed, or this is not Postpress: check the "
            "connection's host, and look for a newer version of this provider."
        )
        return Failure(FailureKind.UNEXPECTED_ANSWER, message)
    if answer.status == "CHAT_DELETED":
        message = f"The {request} no longer exists at its provider; its history cannot be synced. Take it off the list."
        return Failure(FailureKind.CHAT_DELETED, message)
    return None


def _shown(value: str | None) -> str:
    # what is no word is not repeated: it could be of any length, and hold anything
    return repr(value) if value is None or re.fullmatch(r"[\w-]{1,60}", value) else "that is no word"


def _already_running(request: SyncRequest) -> Failure:
    message = (
        f"A sync of {request} that we did not start is running, and if_running='fail'. Run again when it is over, or "
        "let if_running='wait' wait for it."
    )
    return Failure(FailureKind.SYNC_CONFLICT, message)


def _never_starts(request: SyncRequest, status: str) -> Failure:
    message = (
        f"Postpress answered {status} to {MAX_LEFTOVERS + 1} requests in a row for {request} and never started a sync. "
        "See that nothing else polls it, and clear this task; if it happens again, ask Postpress's support."
    )
    return Failure(FailureKind.UNEXPECTED_ANSWER, message)


def _ended_in_error(request: SyncRequest) -> Failure:
    message = (
        f"The sync of {request} ended with SYNC_ERROR. Postpress tells no reason: look at the account in its "
        "dashboard. A retry starts the sync again."
    )
    return Failure(FailureKind.SYNC_ERROR, message)


def _restarted_again(request: SyncRequest) -> Failure:
    message = (
        f"The sync of {request} was started anew a second time because somebody else read its end. Let only one task "
        "poll it at a time: give its tasks a pool of one slot that counts deferred tasks, or max_active_runs=1."
    )
    return Failure(FailureKind.SYNC_CONFLICT, message)
