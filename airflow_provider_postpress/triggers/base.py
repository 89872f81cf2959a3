"""What every trigger of ours does: connect, follow its steps, let no exception out, and fire one event.

DAG files import this, through the watcher of account statuses, so it imports next to nothing.
"""

from __future__ import annotations

import asyncio
import random
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from airflow_provider_postpress.resync.pacing import Pacing
    from airflow_provider_postpress.resync.runners import Steps


class PostpressTrigger(BaseTrigger):
    """
    Follows steps to their end and fires one event with the result or the failure.

    Its kwargs are stored in the clear and hold no secret.

    :param deadline: when to give up, ISO 8601
    :param intervals: seconds of the waiting: ``first``, ``longest``, ``growth`` and ``spread`` of :class:`.Intervals`
    :param postpress_conn_id: the Airflow connection
    """

    aftermath: str
    """What a retry of the task does after a failure that nobody expected."""

    def __init__(self, *, deadline: str, intervals: Mapping[str, float], postpress_conn_id: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow does not type it
        self.deadline = deadline
        self.intervals = intervals
        self.postpress_conn_id = postpress_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give Airflow what it stores."""
        waiting = {
            "deadline": self.deadline,
            "intervals": dict(self.intervals),
            "postpress_conn_id": self.postpress_conn_id,
        }
        return f"{type(self).__module__}.{type(self).__qualname__}", {**self.subject(), **waiting}

    @abstractmethod
    def subject(self) -> dict[str, Any]:
        """Give the kwargs that are not about waiting, in JSON's types."""

    @abstractmethod
    def steps(self, pacing: Pacing, now: datetime) -> Steps[Any, Any]:
        """
        Give the steps; they end with a :class:`.Failure`, or with what :meth:`result_of` can write.

        :param pacing: how long to wait
        :param now: the time
        """

    @abstractmethod
    def result_of(self, outcome: Any) -> dict[str, Any]:
        """
        Write what the steps ended with in JSON's types, without a secret.

        :param outcome: no failure
        """

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Follow the steps and fire one event."""
        yield TriggerEvent(self._event(await self._outcome()))  # type: ignore[no-untyped-call]  # Airflow does not type it

    def _event(self, outcome: Any) -> dict[str, Any]:
        from airflow_provider_postpress.resync.failure import Failure

        if isinstance(outcome, Failure):
            return {"status": "failure", "kind": str(outcome.kind), "message": outcome.message}
        return {"status": "success", "result": self.result_of(outcome)}

    async def _outcome(self) -> Any:
        from airflow_provider_postpress.api.errors import PostpressError
        from airflow_provider_postpress.resync.failure import Failure, FailureKind, failure_of

        try:
            return await self._follow()
        except PostpressError as error:
            return failure_of(error)
        except Exception as error:
            # let out, Airflow would show its text unmasked in the task's log
            self.log.exception("The trigger failed")
            message = (
                f"Waiting failed in the triggerer with {type(error).__name__}; its log tells more. Check that the "
                f"connection {self.postpress_conn_id!r} can be read there. {self.aftermath}"
            )
            return Failure(FailureKind.UNAVAILABLE, message)

    async def _follow(self) -> Any:
        from airflow_provider_postpress.hooks.shared import shared_client
        from airflow_provider_postpress.resync.pacing import Intervals, Pacing
        from airflow_provider_postpress.resync.runners import arun, say_to

        pacing = Pacing(
            Intervals(**self.intervals), deadline=datetime.fromisoformat(self.deadline), chance=random.random
        )
        async with shared_client(self.postpress_conn_id) as (client, _):
            return await arun(
                self.steps(pacing, _now()), send=client.send, sleep=asyncio.sleep, say=say_to(self.log), now=_now
            )


def _now() -> datetime:
    return datetime.now(UTC)
