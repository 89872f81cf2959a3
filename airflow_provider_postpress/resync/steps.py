"""
What there is to do, as steps: generators yield them and are sent what came of them, and so do nothing themselves.

:mod:`.runners` takes the steps, one runner blocking and one asynchronous.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic

from airflow_provider_postpress.api.endpoints import Answer, Endpoint
from airflow_provider_postpress.api.errors import PostpressError
from airflow_provider_postpress.api.words import one_line
from airflow_provider_postpress.resync.failure import Failure, FailureKind, failure_of, is_lost
from airflow_provider_postpress.resync.pacing import FAILURE_BUDGET, Pacing

_MAX_TEXT = 4000
NOTHING_BEGUN = "Nothing was begun there; a retry of this task asks again."


@dataclass(frozen=True, slots=True)
class Ask(Generic[Answer]):
    """Step: send this request once, and send back a :class:`Reply`."""

    endpoint: Endpoint[Answer]


@dataclass(frozen=True, slots=True)
class Wait:
    """Step: let this many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Say:
    """Step: tell this in the log."""

    text: str
    warn: bool = False

    def __post_init__(self) -> None:
        # Postpress's words may be part of it
        object.__setattr__(self, "text", one_line(self.text, longest=_MAX_TEXT))


@dataclass(frozen=True, slots=True)
class Reply(Generic[Answer]):
    """
    What came of a request.

    :param came: its answer, or the error it met
    :param at: when
    """

    came: Answer | PostpressError
    at: datetime


Step = Ask[Answer] | Wait | Say


def read_steps(
    endpoint: Endpoint[Answer], pacing: Pacing, subject: str
) -> Generator[Step[Answer], Reply[Answer], Answer | Failure]:
    """
    Give the steps of a request without effects: it is repeated until it is answered.

    :param endpoint: what to ask
    :param pacing: how long to wait after a failure
    :param subject: what is asked about, for errors
    """
    while True:
        reply = yield Ask(endpoint)
        if not isinstance(reply.came, PostpressError):
            pacing.recovered()
            return reply.came
        failure, wait = yield from back_off(pacing, reply.came, reply.at, subject, NOTHING_BEGUN)
        if failure:
            return failure
        if pacing.is_over(reply.at):
            message = f"Postpress did not tell of {subject} in time, and nothing was begun: {reply.came}"
            return Failure(FailureKind.SYNC_TIMEOUT, message)
        yield Wait(wait)


def back_off(
    pacing: Pacing, error: PostpressError, now: datetime, subject: str, aftermath: str
) -> Generator[Say, Any, tuple[Failure | None, float]]:
    """
    Give the steps after a request that met an error, and at last the failure that it is, or the seconds to wait.

    :param pacing: how long to wait after a failure
    :param error: what the request met
    :param now: when
    :param subject: what was asked about
    :param aftermath: what goes on, and what to do, where no further request is made
    """
    if not is_lost(error):
        failure = failure_of(error)
        return replace(failure, message=f"{subject[0].upper()}{subject[1:]}: {failure.message}"), 0.0
    wait = pacing.after_failure(now, getattr(error, "retry_after", None))
    if pacing.budget_is_spent:
        message = (
            f"Postpress could not be asked about {subject}: {pacing.failures} requests in a row failed, the last one "
            f"so: {error} {aftermath}"
        )
        return Failure(FailureKind.UNAVAILABLE, message), 0.0
    yield Say(f"{error} Asking again in {wait:.3g} s ({pacing.failures} of {FAILURE_BUDGET} failures in a row).")
    return None, wait
