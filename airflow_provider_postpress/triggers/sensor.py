"""
A sensor that begins in the triggerer, so that no worker starts it.

It does so only where the triggerer plainly knows all that it needs. It renders no templates: it has neither the DAG's
filters, macros and strictness, nor all that a template may ask Airflow for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_postpress.triggers.base import PostpressTrigger, new_event
from airflow_provider_postpress.triggers.result import RETURN_KEY, delete_result, result_of_task

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context
    from airflow.triggers.base import TriggerEvent

    from airflow_provider_postpress.hooks.settings import ConnectionSettings
    from airflow_provider_postpress.resync.runners import Steps

NOT_BEGUN = "not_begun"
"""The status of an event after which a worker begins the sensor, to raise or skip as it would have."""

_SHORTEST_PATIENCE = 0.001


class PostpressSensorTrigger(PostpressTrigger):
    """
    Takes a sensor's steps from the first on. Airflow gives it the run, from 3.3 on.

    A triggerer that takes it over begins it again: a sensor needs no memory between two looks.

    :param sensor: the sensor's class, as a path
    :param arguments: its arguments, without templates
    :param outputs: the arguments that are other tasks' outputs, by the ids of these tasks
    :param grace: seconds before Airflow's own deadline of the task at which the sensor gives up
    :param end_from_trigger: end the task here where all went well, and let a worker end it only where it did not
    :param do_xcom_push: whether a task that ends here has its result as XCom
    :param postpress_conn_id: the Airflow connection
    """

    aftermath = "A retry of this task begins to wait again."

    def __init__(
        self,
        *,
        sensor: str,
        arguments: Mapping[str, Any],
        outputs: Mapping[str, str],
        grace: float,
        end_from_trigger: bool = False,
        do_xcom_push: bool = True,
        postpress_conn_id: str = "postpress_default",
    ) -> None:
        super().__init__(
            end_from_trigger=end_from_trigger, do_xcom_push=do_xcom_push, postpress_conn_id=postpress_conn_id
        )
        self.sensor = sensor
        self.arguments = arguments
        self.outputs = outputs
        self.grace = grace
        self.timeout_after: datetime | None = None  # Airflow sets it
        self._context: Context | None = None
        self._waiting: Any = None

    def subject(self) -> dict[str, Any]:
        """Give the kwargs that are about what is waited for, in JSON's types."""
        return {
            "sensor": self.sensor,
            "arguments": dict(self.arguments),
            "outputs": dict(self.outputs),
            "grace": self.grace,
        }

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """
        Take the run. Nothing is rendered.

        :param context: the run
        :param jinja_env: not used
        """
        self._context = context

    def steps(self, settings: ConnectionSettings, now: datetime) -> Steps[Any, Any]:
        """
        Give the sensor's steps.

        :param settings: what the connection says
        :param now: the time
        """
        steps: Steps[Any, Any] = self._waiting.steps(self._context, settings)
        return steps

    def result_of(self, outcome: Any) -> Any:
        """
        Give the result as it is.

        :param outcome: what the sensor's steps ended with
        """
        return outcome

    def returned(self, result: dict[str, Any]) -> Any:
        """
        Give what the sensor returns.

        :param result: as :meth:`result_of` gave it
        """
        return self._waiting.returned(result)

    async def _fired(self) -> TriggerEvent:
        from asgiref.sync import sync_to_async

        try:
            self._waiting = await sync_to_async(self._new_sensor)()
        except Exception:
            self.log.exception("A worker begins the sensor, which cannot begin here.")
            return _not_begun()
        return await super()._fired()

    async def _follow(self) -> Any:
        try:
            return await super()._follow()
        except AirflowException as refused:
            self.log.info("A worker begins the sensor, which does not begin here: %s", refused)
            return refused

    async def _event(self, outcome: Any) -> TriggerEvent:
        return _not_begun() if isinstance(outcome, AirflowException) else await super()._event(outcome)

    def _new_sensor(self) -> Any:
        from airflow.providers.common.compat.module_loading import import_string

        if self._context is None:
            raise AirflowException("This Airflow does not tell a trigger of the run that it begins.")
        ti = self._context["ti"]
        delete_result(ti)
        arguments = {**self.arguments, **{name: result_of_task(ti, task) for name, task in self.outputs.items()}}
        if self.timeout_after is not None:
            gives_up = _aware(self.timeout_after) - timedelta(seconds=self.grace)
            arguments["timeout"] = max((gives_up - datetime.now(UTC)).total_seconds(), _SHORTEST_PATIENCE)
        return import_string(self.sensor)(
            task_id=ti.task_id,
            deferrable=True,
            start_from_trigger=True,
            postpress_conn_id=self.postpress_conn_id,
            **arguments,
        )


def is_plain(value: Any) -> bool:
    """
    Tell whether Airflow stores a value as it is, and a template would leave it as it is.

    :param value: an argument
    """
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    if isinstance(value, str):
        return "{" not in value
    # a pendulum.Duration loses its calendar, a datetime its lack of a timezone
    return value is None or type(value) in (bool, int, float, timedelta)


def task_of_output(value: Any) -> str | None:
    """
    Give the id of the task whose output a value is; ``None`` where it is none, or not that of exactly one task.

    :param value: an argument
    """
    from airflow.sdk.definitions.xcom_arg import PlainXComArg

    if not isinstance(value, PlainXComArg) or value.key != RETURN_KEY:
        return None
    task = value.operator
    return None if task.is_mapped or task.get_closest_mapped_task_group() else str(task.task_id)


def _not_begun() -> TriggerEvent:
    return new_event({"status": NOT_BEGUN})


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
