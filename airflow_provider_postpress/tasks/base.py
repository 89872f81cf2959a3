"""What every task of this package does, operator or sensor: connect, and raise what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import AirflowSkipException, BaseOperator

from airflow_provider_postpress.tasks.arguments import DEFAULT_CONN_ID

if TYPE_CHECKING:
    from airflow.sdk.definitions.mappedoperator import OperatorPartial

    from airflow_provider_postpress.hooks.postpress import PostpressHook
    from airflow_provider_postpress.resync.failure import Failure

MAPPED_NAME = "{{ (task.subject_id | string)[:250] }}"
"""Airflow's column for the name holds no more."""


def utcnow() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


class NamedTask(BaseOperator):
    """A task that is about something, such as an account."""

    subject_field: str
    """The name of the field that says what the task is about, such as the account's id."""
    skipped_failures: frozenset[str] = frozenset()
    """The kinds of failure for which the task is skipped."""

    ui_color = "#dcebe3"

    @classmethod
    def partial(cls, **kwargs: Any) -> OperatorPartial:
        """
        Prepare mapped tasks, which the UI names by what each is about unless the DAG names them otherwise.

        :param kwargs: the arguments that they share
        """
        return super().partial(**{"map_index_template": MAPPED_NAME, **kwargs})

    @property
    def subject_id(self) -> Any:
        """What the task is about, such as the account's id."""
        return getattr(self, self.subject_field)

    @contextmanager
    def reading_arguments(self) -> Iterator[None]:
        """Refuse for good what a template made of an argument, where it cannot be."""
        from airflow_provider_postpress.resync.failure import Failure, FailureKind

        try:
            yield
        except ValueError as error:
            self.give_up(Failure(FailureKind.REQUEST_REFUSED, str(error)))

    def give_up(self, failure: Failure) -> NoReturn:
        """
        Raise what a failure means for the task.

        :param failure: why there is no success
        """
        from airflow_provider_postpress.exceptions import task_exception

        if failure.kind in self.skipped_failures:
            raise AirflowSkipException(failure.message)
        raise task_exception(failure)


class PostpressTask(NamedTask):
    """
    A task that asks Postpress.

    :param postpress_conn_id: the Airflow connection to Postpress
    """

    def __init__(self, *, postpress_conn_id: str = DEFAULT_CONN_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.postpress_conn_id = postpress_conn_id

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
