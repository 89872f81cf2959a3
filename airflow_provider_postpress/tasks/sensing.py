"""What every sensor of ours does: poke in Airflow's loop, or hand over to the triggerer; fail softly alike in both."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
)

from airflow_provider_postpress.tasks.arguments import default_deferrable
from airflow_provider_postpress.tasks.compat import begins_in_triggerer
from airflow_provider_postpress.tasks.waiting import DEFERRAL_GRACE, WaitingTask

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.triggers.base import StartTriggerArgs

    from airflow_provider_postpress.hooks.settings import ConnectionSettings
    from airflow_provider_postpress.resync.failure import Failure
    from airflow_provider_postpress.resync.pacing import Intervals
    from airflow_provider_postpress.resync.runners import Steps

MIN_POLL_INTERVAL = 0.001


class _NotYetError(Exception):
    """
    It has not ended; poke again later.

    :param wait: seconds
    """

    def __init__(self, wait: float) -> None:
        self.wait = wait


class PostpressSensor(BaseSensorOperator, WaitingTask):
    """Waits; the parameters are told where they are public."""

    # of Airflow's operators
    start_trigger_args: StartTriggerArgs | None
    start_from_trigger: bool

    def __init__(self, *, deferrable: bool | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self._wait = 0.0

    @abstractmethod
    def steps(self, context: Context, settings: ConnectionSettings) -> Steps[Any, Any]:
        """
        Give the steps of waiting, from the first or from where the last poke came to an end.

        They end with a :class:`.Failure`, or with a result that :meth:`returned` takes.

        :param context: the run
        :param settings: what the connection says
        """

    @property
    @abstractmethod
    def knows_what_to_wait_for(self) -> bool:
        """Whether another poke, or the triggerer, can go on from here."""

    @abstractmethod
    def hand_over_waiting(self) -> NoReturn:
        """Let the triggerer go on from here."""

    def arguments(self) -> dict[str, Any]:
        """Give the arguments that make such a task, but those that every task has."""
        return {
            **super().arguments(),
            "poke_interval": self.poke_interval,
            "timeout": self.timeout,
            "exponential_backoff": self.exponential_backoff,
            "max_wait": self.max_wait,
        }

    def use_triggerer(self, *, start_from_trigger: bool, end_from_trigger: bool) -> None:
        """
        Let the triggerer begin and end the task, as far as it is to.

        :param start_from_trigger: whether it begins it, where it can: a worker begins what is mapped, and what has
            arguments that only a worker can know, such as templates
        :param end_from_trigger: whether it ends it
        :raises ValueError: it cannot end this task
        """
        self.let_trigger_end(end_from_trigger)
        if start_from_trigger and self.deferrable and not self.get_closest_mapped_task_group():
            self.start_trigger_args = self._start_trigger_args()
            self.start_from_trigger = self.start_trigger_args is not None

    def _start_trigger_args(self) -> StartTriggerArgs | None:
        from airflow.triggers.base import StartTriggerArgs

        from airflow_provider_postpress.triggers.sensor import PostpressSensorTrigger, is_plain, task_of_output

        arguments = self.arguments()
        outputs = {name: task for name, value in arguments.items() if (task := task_of_output(value))}
        arguments = {name: value for name, value in arguments.items() if name not in outputs}
        if not all(map(is_plain, arguments.values())):
            return None
        patience, limit = self.patience(), self.patience() + DEFERRAL_GRACE
        if self.execution_timeout:
            # Airflow lets it bound a task that begins in the triggerer
            patience, limit = min(patience, self.execution_timeout), min(limit, self.execution_timeout)
        sensor, trigger = type(self), PostpressSensorTrigger
        return StartTriggerArgs(
            trigger_cls=f"{trigger.__module__}.{trigger.__qualname__}",
            trigger_kwargs={
                "sensor": f"{sensor.__module__}.{sensor.__qualname__}",
                "arguments": arguments,
                "outputs": outputs,
                "grace": (limit - patience).total_seconds(),
                "end_from_trigger": self.end_from_trigger,
                "do_xcom_push": self.do_xcom_push,
                "postpress_conn_id": self.postpress_conn_id,
            },
            next_method="execute_complete",
            timeout=limit,
        )

    def ended(self, result: Any, context: Context) -> Any:
        """
        Do what is to be done once the waiting has ended well, and give what the task returns.

        :param result: what it ended with
        :param context: the run
        """
        return result

    def execute(self, context: Context) -> Any:
        """
        Wait, here or in the triggerer.

        :param context: the run
        """
        if self.start_from_trigger and not begins_in_triggerer():
            self.log.info("To begin a task in the triggerer needs Airflow 3.3: a worker begins it here.")
        if not self.deferrable:
            # Airflow's own timeout knows nothing of never_fail
            with self.failing_softly(AirflowSensorTimeout):
                result = super().execute(context)
            return self.ended(result, context)
        found = self.poke(context)
        if not found:
            self.hand_over_waiting()
        return self.ended(found.xcom_value, context)

    def execute_complete(self, context: Context, event: Mapping[str, Any] | None = None) -> Any:
        """
        End the task with what the trigger tells.

        :param context: the run
        :param event: the trigger's event
        """
        from airflow_provider_postpress.triggers.sensor import NOT_BEGUN

        if event == {"status": NOT_BEGUN}:
            return self.execute(context)
        with self.failing_softly():
            result = super().execute_complete(context, event)
        return self.ended(result, context)

    def poke(self, context: Context) -> PokeReturnValue:
        """
        Ask once.

        :param context: the run
        :return: whether it has ended, and its result
        """
        from airflow_provider_postpress.resync.failure import Failure

        with self.failing_softly(), self.opened_hook() as hook:
            try:
                outcome = self.take(self.steps(context, hook.settings), hook, self._sleep)
            except _NotYetError as later:
                self._wait = later.wait
                self.must_go_on()
                return PokeReturnValue(is_done=False)
            if isinstance(outcome, Failure):
                self.give_up(outcome)
            return PokeReturnValue(is_done=True, xcom_value=self.returned(outcome))

    def _sleep(self, wait: float) -> None:
        # Airflow waits between two pokes, and the triggerer from where it knows what for
        if self.deferrable and not self.knows_what_to_wait_for:
            time.sleep(wait)
        else:
            raise _NotYetError(wait)

    def must_go_on(self) -> None:
        """Refuse to go on where the next poke could not be right."""

    @property
    def forgets(self) -> bool:
        """Whether each poke is made by an operator of its own, which knows nothing of the one before."""
        return self.reschedule and not self.deferrable

    def _get_next_poke_interval(self, *args: Any, **kwargs: Any) -> float:
        # Postpress can ask for more than Airflow would wait
        return max(super()._get_next_poke_interval(*args, **kwargs), self._wait)

    def give_up(self, failure: Failure) -> NoReturn:
        """
        Raise what a failure means for the task; running out of time is what it is for any sensor.

        :param failure: why there is no success
        """
        from airflow_provider_postpress.resync.failure import FailureKind

        if failure.kind in (FailureKind.SYNC_TIMEOUT, FailureKind.ACCOUNT_TIMEOUT):
            raise AirflowSensorTimeout(failure.message)
        super().give_up(failure)

    def intervals(self) -> Intervals:
        """Give the settings of the waiting: those of any sensor."""
        from airflow_provider_postpress.resync.pacing import Intervals

        first = max(self.poke_interval, MIN_POLL_INTERVAL)
        if not self.exponential_backoff:
            return Intervals(first, first, growth=1, spread=0)
        longest = self.max_wait.total_seconds() if self.max_wait else self.timeout
        return Intervals(first, max(longest, first), growth=2)

    def patience(self) -> timedelta:
        """Give the time after which waiting is given up."""
        return timedelta(seconds=self.timeout)

    @contextmanager
    def failing_softly(self, failure: type[AirflowException] = AirflowException) -> Iterator[None]:
        """
        Skip the task for its errors where it is to fail softly.

        :param failure: which errors
        """
        # Airflow's own soft_fail skips on other errors in poke mode than it does when deferred
        try:
            yield
        except AirflowSkipException:
            raise
        except failure as error:
            if self.soft_fail or self.never_fail:
                setting = "soft_fail" if self.soft_fail else "never_fail"
                raise AirflowSkipException(f"Skipped because of {setting}: {error}") from error
            raise
