"""A sync followed in the triggerer, so that no worker waits for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_postpress.api.errors import PostpressError
from airflow_provider_postpress.hooks.shared import shared_client
from airflow_provider_postpress.resync.driver import Goal, Progress, SyncDriver, SyncResult, instant
from airflow_provider_postpress.resync.failure import Failure, FailureKind, failure_of
from airflow_provider_postpress.resync.pacing import Intervals, Pacing
from airflow_provider_postpress.resync.request import SyncRequest
from airflow_provider_postpress.resync.runners import arun, say_to
from airflow_provider_postpress.resync.tracker import OwnSync, observe


class PostpressResyncTrigger(BaseTrigger):
    """
    Follows a sync to its end, or to its start, and fires one event with the result or the failure.

    Its kwargs hold what was known when the task deferred, so that a trigger that begins again elsewhere polls, and does
    not take a stranger's sync for its own. They are stored in the clear and hold no secret.

    :param request: what is asked, as :meth:`.SyncRequest.as_dict` writes it
    :param progress: how far it had come, as :meth:`.Progress.as_dict` writes it
    :param deadline: when to give up, ISO 8601
    :param intervals: seconds of the waiting: ``first``, ``longest``, ``growth`` and ``spread`` of :class:`.Intervals`
    :param own: whether a sync of ours is seen through, or whichever Postpress speaks of is reported on
    :param fail_if_running: refuse to wait for a sync that somebody else began
    :param goal: ``done``, or ``started`` to follow it only so far
    :param postpress_conn_id: the Airflow connection
    """

    def __init__(
        self,
        *,
        request: Mapping[str, Any],
        progress: Mapping[str, Any],
        deadline: str,
        intervals: Mapping[str, float],
        own: bool = True,
        fail_if_running: bool = False,
        goal: str = Goal.DONE,
        postpress_conn_id: str = "postpress_default",
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow does not type it
        self.request = request
        self.progress = progress
        self.deadline = deadline
        self.intervals = intervals
        self.own = own
        self.fail_if_running = fail_if_running
        self.goal = goal
        self.postpress_conn_id = postpress_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give Airflow what it stores."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "request": dict(self.request),
                "progress": dict(self.progress),
                "deadline": self.deadline,
                "intervals": dict(self.intervals),
                "own": self.own,
                "fail_if_running": self.fail_if_running,
                "goal": str(self.goal),
                "postpress_conn_id": self.postpress_conn_id,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Follow the sync and fire one event."""
        yield TriggerEvent(event_of(await self._outcome()))  # type: ignore[no-untyped-call]  # Airflow does not type it

    async def _outcome(self) -> SyncResult | Failure:
        try:
            return await self._follow()
        except PostpressError as error:
            return failure_of(error)
        except Exception as error:
            # let out, Airflow would show its text unmasked in the task's log
            self.log.exception("The trigger failed")
            message = (
                f"Following the sync failed in the triggerer with {type(error).__name__}; its log tells more. Check "
                f"that the connection {self.postpress_conn_id!r} can be read there. A retry of this task waits out "
                "what runs and starts again."
            )
            return Failure(FailureKind.UNAVAILABLE, message)

    async def _follow(self) -> SyncResult | Failure:
        driver = SyncDriver(
            SyncRequest.from_dict(self.request),
            OwnSync(fail_if_running=self.fail_if_running) if self.own else observe,
            Pacing(
                Intervals(**self.intervals),
                deadline=instant(self.deadline),
                chance=random.random,
            ),
            goal=Goal(self.goal),
            progress=Progress.from_dict(self.progress),
        )
        async with shared_client(self.postpress_conn_id) as (client, _):
            return await arun(
                driver.steps(wait_from=_now()), send=client.send, sleep=asyncio.sleep, say=say_to(self.log), now=_now
            )


def event_of(outcome: SyncResult | Failure) -> dict[str, Any]:
    """
    Write what a sync came to as an event's payload, in JSON's types.

    :param outcome: the result or the failure
    """
    if isinstance(outcome, Failure):
        return {"status": "failure", "kind": str(outcome.kind), "message": outcome.message}
    return {"status": "success", "result": outcome.as_dict()}


def _now() -> datetime:
    return datetime.now(UTC)
