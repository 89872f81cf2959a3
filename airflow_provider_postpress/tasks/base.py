"""What every Postpress task does, operator or sensor, about an account or a chat."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from airflow.providers.common.compat.sdk import AirflowException, AirflowSkipException, BaseOperator

from airflow_provider_postpress.tasks.arguments import DEFAULT_CONN_ID

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.definitions.mappedoperator import OperatorPartial

    from airflow_provider_postpress.hooks.postpress import PostpressHook
    from airflow_provider_postpress.resync.driver import SyncDriver
    from airflow_provider_postpress.resync.failure import Failure
    from airflow_provider_postpress.resync.pacing import Intervals, Pacing
    from airflow_provider_postpress.resync.request import SyncRequest

T = TypeVar("T")

DEFERRAL_GRACE = timedelta(minutes=5)
"""How much later than our own deadline Airflow gives up waiting for the trigger."""

MAPPED_NAME = "{{ (task.subject_id | string)[:250] }}"
"""Airflow's column for the name holds no more."""


def utcnow() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


class PostpressTask(BaseOperator):
    """
    A task that follows the sync of one account or chat.

    :param postpress_conn_id: the Airflow connection to Postpress
    """

    subject_field: str
    """The name of the field that holds the account's or chat's id."""
    skipped_failures: frozenset[str] = frozenset()
    """The kinds of failure for which the task is skipped."""
    expected_status = "SYNC_DONE"
    """The status that a success has."""

    ui_color = "#dcebe3"

    def __init__(self, *, postpress_conn_id: str = DEFAULT_CONN_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.postpress_conn_id = postpress_conn_id

    @classmethod
    def partial(cls, **kwargs: Any) -> OperatorPartial:
        """
        Prepare mapped tasks, which the UI names by their account or chat unless the DAG names them otherwise.

        :param kwargs: the arguments that they share
        """
        return super().partial(**{"map_index_template": MAPPED_NAME, **kwargs})

    @property
    def subject_id(self) -> Any:
        """The id of the account or chat."""
        return getattr(self, self.subject_field)

    @abstractmethod
    def sync_request(
        self, hook: PostpressHook, context: Context, *, moment: datetime, pacing: Pacing, sleep: Callable[[float], Any]
    ) -> SyncRequest:
        """
        Find out what to ask for. Starts nothing.

        :param hook: the connection
        :param context: the run
        :param moment: the time; a window does not reach beyond it
        :param pacing: how long to wait before a failed look at the account is repeated
        :param sleep: lets seconds pass
        """

    @abstractmethod
    def span_of(self, request: SyncRequest, context: Context) -> str:
        """
        Tell in words what span of messages is asked for.

        :param request: what is asked for
        :param context: the run
        """

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

    @contextmanager
    def opened_hook(self) -> Iterator[PostpressHook]:
        """Open the connection, and raise what goes wrong in using it as the task's own exceptions."""
        from airflow_provider_postpress.api.errors import PostpressError
        from airflow_provider_postpress.hooks.postpress import PostpressHook
        from airflow_provider_postpress.resync.failure import failure_of

        try:
            with PostpressHook(postpress_conn_id=self.postpress_conn_id) as hook:
                yield hook
        except PostpressError as error:
            self.give_up(failure_of(error))

    def take(self, steps: Generator[Any, Any, T], hook: PostpressHook, sleep: Callable[[float], Any]) -> T:
        """
        Take the steps of a sync, or of a look, in this process.

        :param steps: what to do
        :param hook: the connection
        :param sleep: lets seconds pass, or hands over to somebody who does
        """
        from airflow_provider_postpress.resync.runners import run, say_to

        return run(steps, send=hook.get_conn().send, sleep=sleep, say=say_to(self.log), now=utcnow)

    def hand_over(
        self, driver: SyncDriver, *, own: bool = True, fail_if_running: bool = False, goal: str = "done"
    ) -> NoReturn:
        """
        Let the triggerer follow a sync from here on.

        :param driver: the sync, as far as it has come
        :param own: whether a sync of ours is seen through, or whichever Postpress speaks of is reported on
        :param fail_if_running: refuse to wait for a sync that somebody else began
        :param goal: ``done``, or ``started`` to follow it only so far
        """
        from airflow_provider_postpress.triggers.resync import PostpressResyncTrigger

        self.defer(
            trigger=PostpressResyncTrigger(
                request=driver.request.as_dict(),
                progress=driver.progress.taken_up().as_dict(),
                deadline=driver.deadline.isoformat(),
                intervals=asdict(self.intervals()),
                own=own,
                fail_if_running=fail_if_running,
                goal=goal,
                postpress_conn_id=self.postpress_conn_id,
            ),
            method_name="execute_complete",
            timeout=driver.deadline - utcnow() + DEFERRAL_GRACE,
        )

    def execute_complete(self, context: Context, event: Mapping[str, Any] | None = None) -> Any:
        """
        End the task with what the trigger tells. An event that is missing or unknown is an error, never a success.

        :param context: the run
        :param event: the trigger's event
        """
        from airflow_provider_postpress.resync.failure import Failure, FailureKind

        match event:
            case {"status": "success", "result": dict(result)} if self._is_success(result):
                return result
            case {"status": "failure", "kind": str(kind), "message": str(message)} if kind in set(FailureKind):
                self.give_up(Failure(FailureKind(kind), message))
        raise AirflowException(
            f"The trigger ended with an event that this version does not know: {event!r}. How the sync of "
            f"{self.subject_field} {self.subject_id!r} ended is not known; a retry of this task "
            "waits out what runs and starts again."
        )

    def _is_success(self, result: Mapping[str, Any]) -> bool:
        from airflow_provider_postpress.resync.driver import RESULT_KEYS

        return (
            result.keys() >= RESULT_KEYS
            and result["status"] == self.expected_status
            and result.get(self.subject_field) == self.subject_id
        )

    def give_up(self, failure: Failure) -> NoReturn:
        """
        Raise what a failure means for the task.

        :param failure: why there is no success
        """
        from airflow_provider_postpress.exceptions import task_exception

        if failure.kind in self.skipped_failures:
            raise AirflowSkipException(failure.message)
        raise task_exception(failure)

    def on_kill(self) -> None:
        """Say what killing the task does not do."""
        self.log.warning(
            "Postpress cannot be told to stop: a sync of %s %r that has started goes on there. The next run of this "
            "task waits it out and starts its own.",
            self.subject_field,
            self.subject_id,
        )
