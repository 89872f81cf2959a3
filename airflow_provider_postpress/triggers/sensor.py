"""A sensor that begins in the triggerer, so that no worker starts it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException
from airflow.triggers.base import TriggerEvent

from airflow_provider_postpress.triggers.base import PostpressTrigger

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

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
    :param arguments: its arguments, as a DAG gives them; XComs as :func:`without_xcoms` writes them
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
        self.grace = grace
        self.timeout_after: datetime | None = None  # Airflow sets it
        self._context: Context | None = None
        self._waiting: Any = None

    def subject(self) -> dict[str, Any]:
        """Give the kwargs that are about what is waited for, in JSON's types."""
        return {"sensor": self.sensor, "arguments": dict(self.arguments), "grace": self.grace}

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """
        Take the run, in which the sensor's own templates are rendered later, where a failure can be told.

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
        if self._context is None:
            raise AirflowException("This Airflow does not tell a trigger of the run that it begins.")
        self._waiting = self._new_sensor(self._context, now)
        steps: Steps[Any, Any] = self._waiting.steps(self._context, settings)
        return steps

    def result_of(self, outcome: dict[str, Any]) -> dict[str, Any]:
        """
        Give the result.

        :param outcome: what the sensor's steps ended with
        """
        return outcome

    def returned(self, result: dict[str, Any]) -> Any:
        """
        Give what the sensor returns.

        :param result: as :meth:`result_of` gave it
        """
        return self._waiting.returned(result)

    def _event(self, outcome: Any) -> TriggerEvent:
        if isinstance(outcome, AirflowException):
            return TriggerEvent({"status": NOT_BEGUN})  # type: ignore[no-untyped-call]  # Airflow does not type it
        return super()._event(outcome)

    async def _follow(self) -> Any:
        try:
            return await super()._follow()
        except AirflowException as refused:
            return refused

    def _new_sensor(self, context: Context, now: datetime) -> Any:
        from airflow.providers.common.compat.module_loading import import_string

        arguments = {name: _pulled(value, context) for name, value in self.arguments.items()}
        if self.timeout_after is not None:
            gives_up = _aware(self.timeout_after) - timedelta(seconds=self.grace)
            arguments["timeout"] = max((gives_up - now).total_seconds(), _SHORTEST_PATIENCE)
        sensor = import_string(self.sensor)(
            task_id=context["ti"].task_id, deferrable=True, postpress_conn_id=self.postpress_conn_id, **arguments
        )
        sensor.render_template_fields(context)
        return sensor


def without_xcoms(name: str, value: Any) -> Any:
    """
    Write an argument so that Airflow can store it: in place of another task's output, where to find that.

    :param name: the argument, for the error
    :param value: its value
    :raises ValueError: it is made of outputs in a way that only a worker can follow
    """
    from airflow.sdk import XComArg
    from airflow.sdk.definitions.xcom_arg import PlainXComArg

    if not isinstance(value, XComArg):
        return value
    if not isinstance(value, PlainXComArg) or value.operator.is_mapped:
        raise ValueError(
            f"start_from_trigger=True is not allowed with this {name}: the triggerer can read the output of one task "
            "that is not mapped, nothing that is made of outputs."
        )
    return {"postpress_xcom": {"task_ids": value.operator.task_id, "key": value.key}}


def _pulled(value: Any, context: Context) -> Any:
    match value:
        case {"postpress_xcom": {"task_ids": task_id, "key": key}}:
            # map_indexes has it ask for one value, which is all that a triggerer can ask for
            return context["ti"].xcom_pull(task_ids=task_id, key=key, map_indexes=None)
    return value


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
