"""A sensor that waits until a span of an account's message history is synced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseSensorOperator

from airflow_provider_postpress.assets import account_uri
from airflow_provider_postpress.tasks.base import NamedTask
from airflow_provider_postpress.tasks.coverage import known_history, read_product, read_span

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.tasks.coverage import Moment

_TOLD = 3
"""So many windows are told in words."""


class PostpressCoverageSensor(BaseSensorOperator, NamedTask):
    """
    Wait until a span of an account's messages is covered by syncs, whichever DAGs they are of.

    For what comes after several syncs, or after the DAG of another team: a report of a month waits until there is no
    hole in the month. It asks only Airflow, as :class:`PostpressCoverageOperator` does, and so needs no connection to
    Postpress. It starts no sync.

    It is rescheduled between its pokes, so it takes a worker's slot only while it looks. It cannot be deferred: a
    trigger has no way to the events of an asset.

    :param account_id: Postpress's id of the account (templated)
    :param start: where the span starts (templated): an aware ``datetime``, an ISO 8601 string (without an offset, in
        the DAG's timezone) or a ``timedelta``, that long before the run's start
    :param end: where the span ends (templated), given alike. What lies in the future is waited for
    :param linkedin_product: covered for ``classic``, ``recruiter`` or ``sales_navigator`` (templated); for all when
        ``None``
    :param mode: ``reschedule`` (the default) or ``poke``
    :param poke_interval: time between two looks; ``timedelta`` or seconds
    :param timeout: time after which the sensor gives up; ``timedelta`` or seconds
    :raises PostpressWindowError: the start or the end is not possible
    :raises PostpressRequestRefused: the id or the product is not allowed
    :raises AirflowSensorTimeout: the span was not covered within ``timeout``
    """

    subject_field = "account_id"
    template_fields: Sequence[str] = ("account_id", "start", "end", "linkedin_product")

    def __init__(
        self,
        *,
        account_id: str,
        start: Moment,
        end: Moment,
        linkedin_product: str | None = None,
        mode: str = "reschedule",
        **kwargs: Any,
    ) -> None:
        super().__init__(mode=mode, **kwargs)
        self.account_id = account_id
        self.start = start
        self.end = end
        self.linkedin_product = linkedin_product

    def poke(self, context: Context) -> bool:
        """
        Look once.

        :param context: the run
        :return: whether the span is covered
        """
        from airflow_provider_postpress.coverage.gaps import windows_to_fill

        with self.reading_arguments():
            account_uri(self.account_id)
            product = read_product(self.linkedin_product)
        began = context["dag_run"].start_date or context["dag_run"].run_after
        span = read_span(self.start, self.end, context, now=began, is_cut=False)
        missing = windows_to_fill(known_history(self.account_id, context, after=span.start), span, product=product)
        if not missing:
            self.log.info("Account %r is synced in %s.", self.account_id, span)
            return True
        more = f" and {len(missing) - _TOLD} more" if len(missing) > _TOLD else ""
        told = ", ".join(map(str, missing[:_TOLD]))
        self.log.info("Still missing of account %r in %s: %s%s.", self.account_id, span, told, more)
        return False
