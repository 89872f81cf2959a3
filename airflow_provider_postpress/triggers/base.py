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

from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent

from airflow_provider_postpress.triggers.machinery import load_machinery
from airflow_provider_postpress.triggers.result import push_result

if TYPE_CHECKING:
    from airflow_provider_postpress.hooks.settings import ConnectionSettings
    from airflow_provider_postpress.resync.pacing import Pacing
    from airflow_provider_postpress.resync.runners import Steps


class PostpressTrigger(BaseTrigger):
    """
    Follows steps to their end and fires one event with the result or the failure.

    Its kwargs are stored in the clear and hold no secret.

    :param end_from_trigger: end the task here where all went well, and let a worker end it only where it did not
    :param do_xcom_push: whether a task that ends here has its result as XCom
    :param postpress_conn_id: the Airflow connection
    """

    aftermath: str
    """What a retry of the task does after a failure that nobody expected."""

    def __init__(self, *, end_from_trigger: bool, do_xcom_push: bool, postpress_conn_id: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow does not type it
        self.end_from_trigger = end_from_trigger
        self.do_xcom_push = do_xcom_push
        self.postpress_conn_id = postpress_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give Airflow what it stores."""
        end = {
            "end_from_trigger": self.end_from_trigger,
            "do_xcom_push": self.do_xcom_push,
            "postpress_conn_id": self.postpress_conn_id,
        }
        return f"{type(self).__module__}.{type(self).__qualname__}", {**self.subject(), **end}

    @abstractmethod
    def subject(self) -> dict[str, Any]:
        """Give the kwargs that are about what is waited for, in JSON's types."""

    @abstractmethod
    def steps(self, settings: ConnectionSettings, now: datetime) -> Steps[Any, Any]:
        """
        Give the steps; they end with a :class:`.Failure`, or with what :meth:`result_of` can write.

        :param settings: what the connection says
        :param now: the time
        """

    @abstractmethod
    def result_of(self, outcome: Any) -> dict[str, Any]:
        """
        Write what the steps ended with in JSON's types, without a secret.

        :param outcome: no failure
        """

    def returned(self, result: dict[str, Any]) -> Any:
        """
        Give what a task returns that ends here.

        :param result: as :meth:`result_of` wrote it
        """
        return result

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Follow the steps and fire one event."""
        yield await self._fired()

    async def _fired(self) -> TriggerEvent:
        return await self._event(await self._outcome())

    async def _event(self, outcome: Any) -> TriggerEvent:
        from airflow_provider_postpress.resync.failure import Failure

        if isinstance(outcome, Failure):
            return new_event({"status": "failure", "kind": str(outcome.kind), "message": outcome.message})
        if self.end_from_trigger and await self._has_stored(outcome):
            return TaskSuccessEvent()
        return new_event({"status": "success", "result": outcome})

    async def _has_stored(self, result: dict[str, Any]) -> bool:
        if not self.do_xcom_push:
            return True
        from asgiref.sync import sync_to_async

        try:
            await sync_to_async(push_result)(self.task_instance, self.returned(result))
        except Exception:
            self.log.exception("The result cannot be stored from here; a worker ends the task.")
            return False
        return True

    async def _outcome(self) -> Any:
        from airflow_provider_postpress.api.errors import PostpressError
        from airflow_provider_postpress.resync.failure import Failure, FailureKind, failure_of

        try:
            outcome = await self._follow()
            return outcome if isinstance(outcome, Failure) else self.result_of(outcome)
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
        await load_machinery()
        from airflow_provider_postpress.hooks.shared import shared_client
        from airflow_provider_postpress.resync.runners import arun, say_to

        async with shared_client(self.postpress_conn_id) as (client, settings):
            steps = self.steps(settings, _now())
            return await arun(steps, send=client.send, sleep=asyncio.sleep, say=say_to(self.log), now=_now)


class DeferredTrigger(PostpressTrigger):
    """
    Goes on with the waiting of a task that has deferred.

    :param deadline: when to give up, ISO 8601
    :param intervals: seconds of the waiting: ``first``, ``longest``, ``growth`` and ``spread`` of :class:`.Intervals`
    :param end_from_trigger: end the task here where all went well, and let a worker end it only where it did not
    :param do_xcom_push: whether a task that ends here has its result as XCom
    :param postpress_conn_id: the Airflow connection
    """

    def __init__(self, *, deadline: str, intervals: Mapping[str, float], **end: Any) -> None:
        super().__init__(**end)
        self.deadline = deadline
        self.intervals = intervals

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give Airflow what it stores."""
        path, kwargs = super().serialize()
        return path, {**kwargs, "deadline": self.deadline, "intervals": dict(self.intervals)}

    def pacing(self) -> Pacing:
        """Give how long to wait."""
        from airflow_provider_postpress.resync.pacing import Intervals, Pacing

        deadline = datetime.fromisoformat(self.deadline)
        return Pacing(Intervals(**self.intervals), deadline=deadline, chance=random.random)


def new_event(payload: dict[str, Any]) -> TriggerEvent:
    """
    Make an event that a worker ends the task with.

    :param payload: what it tells, in JSON's types
    """
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]  # Airflow does not type it


def _now() -> datetime:
    return datetime.now(UTC)
