"""
Accounts watched in the triggerer: one until it is healthy, or for ever, for what changes.

DAG files import this, so it imports next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.triggers.account_status import PostpressAccountStatusTrigger
from airflow_provider_postpress.triggers.base import DeferredTrigger

if TYPE_CHECKING:
    from airflow_provider_postpress.api.models import Account
    from airflow_provider_postpress.hooks.settings import ConnectionSettings
    from airflow_provider_postpress.resync.runners import Steps

__all__ = ["PostpressAccountStatusTrigger", "PostpressAccountTrigger"]


class PostpressAccountTrigger(DeferredTrigger):
    """
    Reads an account until it is healthy, and fires one event with the account, its secrets as stars, or the failure.

    API page: "Retrieve an account".

    :param account_id: Postpress's id of the account
    :param deadline: when to give up, ISO 8601
    :param intervals: seconds of the waiting: ``first``, ``longest``, ``growth`` and ``spread`` of :class:`.Intervals`
    :param fail_on: source statuses at which waiting makes no sense
    :param sources: the ids of the sources that are to be OK, all when ``None``
    :param out_of_time: the kind of failure it is when the account does not become healthy in time
    :param discreet: nothing of what Postpress says is repeated, and the account is left out of the event
    :param not_before: when Postpress wants to be asked again, ISO 8601, if it said so
    :param end_from_trigger: end the task here where all went well, and let a worker end it only where it did not
    :param do_xcom_push: whether a task that ends here has its result as XCom
    :param postpress_conn_id: the Airflow connection
    """

    aftermath = "Whether the account is healthy is not known."

    def __init__(
        self,
        *,
        account_id: str,
        deadline: str,
        intervals: Mapping[str, float],
        fail_on: Sequence[str] = (),
        sources: Sequence[str] | None = None,
        out_of_time: str = "account_timeout",
        discreet: bool = False,
        not_before: str | None = None,
        end_from_trigger: bool = False,
        do_xcom_push: bool = True,
        postpress_conn_id: str = "postpress_default",
    ) -> None:
        super().__init__(
            deadline=deadline,
            intervals=intervals,
            end_from_trigger=end_from_trigger,
            do_xcom_push=do_xcom_push,
            postpress_conn_id=postpress_conn_id,
        )
        self.account_id = account_id
        self.fail_on = fail_on
        self.sources = sources
        self.out_of_time = out_of_time
        self.discreet = discreet
        self.not_before = not_before

    def subject(self) -> dict[str, Any]:
        """Give the kwargs that are about what is waited for, in JSON's types."""
        return {
            "account_id": self.account_id,
            "fail_on": list(self.fail_on),
            "sources": None if self.sources is None else list(self.sources),
            "out_of_time": str(self.out_of_time),
            "discreet": self.discreet,
            "not_before": self.not_before,
        }

    def steps(self, settings: ConnectionSettings, now: datetime) -> Steps[Any, Any]:
        """
        Give the steps of watching the account.

        :param settings: what the connection says
        :param now: the time
        """
        from airflow_provider_postpress.resync.health import Watch, Watcher

        not_before = self.not_before and datetime.fromisoformat(self.not_before)
        watcher = Watcher(Watch.from_dict(self.subject()), self.pacing(), not_before=not_before or None)
        return watcher.steps(wait_from=now)

    def result_of(self, outcome: Account) -> dict[str, Any]:
        """
        Write the account, its secrets as stars.

        :param outcome: the account, healthy
        """
        return {"account_id": self.account_id, "account": None if self.discreet else outcome.redacted()}

    def returned(self, result: dict[str, Any]) -> Any:
        """
        Give the account.

        :param result: as :meth:`result_of` wrote it
        """
        return result["account"]
