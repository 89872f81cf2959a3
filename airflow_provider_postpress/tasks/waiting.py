"""What every task does that waits: here, or in the triggerer."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_postpress.tasks.base import PostpressTask, utcnow
from airflow_provider_postpress.tasks.compat import counts_deferred

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.hooks.postpress import PostpressHook
    from airflow_provider_postpress.resync.pacing import Intervals, Pacing
    from airflow_provider_postpress.triggers.base import DeferredTrigger

T = TypeVar("T")

DEFERRAL_GRACE = timedelta(minutes=5)
"""How much later than our own deadline Airflow gives up waiting for the trigger."""


class WaitingTask(PostpressTask):
    """A task that waits for something at Postpress."""

    aftermath: str
    """What is not known where the triggerer told nothing, and what can be done about it."""
    end_from_trigger = False
    """Whether the triggerer ends the task where all went well, without a worker."""

    def arguments(self) -> dict[str, Any]:
        """Give the arguments that make such a task, but those that every task has."""
        return {}

    def let_trigger_end(self, end_from_trigger: bool) -> None:
        """
        Let the triggerer end the task where all goes well, if it is to.

        :param end_from_trigger: whether it is to
        :raises ValueError: the task has asset events to emit, which only a worker can
        """
        if end_from_trigger and self.outlets:
            raise ValueError(
                "end_from_trigger=True is not allowed for a task that emits asset events: Airflow emits none for a "
                f"task that ends in the triggerer. Give {type(self).__name__} emit_asset_events=False, and no outlets."
            )
        self.end_from_trigger = end_from_trigger

    def add_outlets(self, outlets: Iterable[Any]) -> None:
        """
        Declare asset events of this task.

        :param outlets: the assets
        :raises ValueError: the triggerer ends the task, where Airflow emits none
        """
        super().add_outlets(outlets)
        self.let_trigger_end(self.end_from_trigger)

    @abstractmethod
    def intervals(self) -> Intervals:
        """Give the settings of the waiting."""

    @abstractmethod
    def patience(self) -> timedelta:
        """Give the time after which waiting is given up."""

    def pacing(self, deadline: datetime | None = None) -> Pacing:
        """
        Begin the waiting.

        :param deadline: when to give up; :meth:`patience` from now when ``None``
        """
        from airflow_provider_postpress.resync.pacing import Pacing

        return Pacing(self.intervals(), deadline=deadline or utcnow() + self.patience(), chance=random.random)

    def take(self, steps: Generator[Any, Any, T], hook: PostpressHook, sleep: Callable[[float], Any]) -> T:
        """
        Take steps in this process.

        :param steps: what to do
        :param hook: the connection
        :param sleep: lets seconds pass, or hands over to somebody who does
        """
        from airflow_provider_postpress.resync.runners import run, say_to

        return run(steps, send=hook.get_conn().send, sleep=sleep, say=say_to(self.log), now=utcnow)

    def hand_over_to(self, trigger: type[DeferredTrigger], *, deadline: datetime, **subject: Any) -> NoReturn:
        """
        Let the triggerer go on from here.

        :param trigger: the trigger's class
        :param deadline: when it gives up
        :param subject: its kwargs that are not about waiting
        """
        if (self.max_active_tis_per_dag or self.max_active_tis_per_dagrun) and not counts_deferred():
            self.log.warning(
                "To count this task for max_active_tis_per_dag or max_active_tis_per_dagrun while it is deferred needs "
                "Airflow 3.2. Here others can run meanwhile: use a pool that counts deferred tasks, or do not defer."
            )
        self.defer(
            trigger=trigger(
                **subject,
                deadline=deadline.isoformat(),
                intervals=asdict(self.intervals()),
                end_from_trigger=self.end_from_trigger,
                do_xcom_push=self.do_xcom_push,
                postpress_conn_id=self.postpress_conn_id,
            ),
            method_name="execute_complete",
            timeout=deadline - utcnow() + DEFERRAL_GRACE,
        )

    def execute_complete(self, context: Context, event: Mapping[str, Any] | None = None) -> Any:
        """
        End the task with what the trigger tells. An event that is missing or unknown is an error, never a success.

        :param context: the run
        :param event: the trigger's event
        """
        from airflow_provider_postpress.resync.failure import Failure, FailureKind

        match event:
            case {"status": "success", "result": dict(result)} if self.is_success(result):
                return self.returned(result)
            case {"status": "failure", "kind": str(kind), "message": str(message)} if kind in set(FailureKind):
                self.give_up(Failure(FailureKind(kind), message))
            case "success" if self.end_from_trigger:
                raise AirflowException(
                    f"dag.test() does not know triggers that end a task, so how that of {self.subject_field} "
                    f"{self.subject_id!r} ended is lost. Test it with end_from_trigger=False."
                )
        raise AirflowException(
            f"The trigger ended with an event that this version does not know, about {self.subject_field} "
            f"{self.subject_id!r}: {event!r}. {self.aftermath}"
        )

    def is_success(self, result: Mapping[str, Any]) -> bool:
        """
        Tell whether a trigger's result is one that this task succeeds with.

        :param result: what it told
        """
        return bool(result.get(self.subject_field) == self.subject_id)

    def returned(self, result: dict[str, Any]) -> Any:
        """
        Give what the task returns.

        :param result: what the trigger told
        """
        return result
