"""
A sync followed in the triggerer, so that no worker waits for it.

The triggerer imports this on its event loop, so it imports next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.triggers.base import DeferredTrigger

if TYPE_CHECKING:
    from airflow_provider_postpress.hooks.settings import ConnectionSettings
    from airflow_provider_postpress.resync.driver import SyncResult
    from airflow_provider_postpress.resync.runners import Steps


class PostpressResyncTrigger(DeferredTrigger):
    """
    Follows a sync to its end, or to its start, and fires one event with the result or the failure.

    Its kwargs hold what was known when the task deferred, so that a trigger that begins again elsewhere polls, and does
    not take a stranger's sync for its own. They are stored in the clear and hold no secret.

    :param request: what is asked, as :meth:`.SyncRequest.as_dict` writes it
    :param progress: how far it had come, as :meth:`.Progress.as_dict` writes it
    :param deadline: when to give up, ISO 8601
    :param intervals: seconds of the waiting: ``first``, ``longest``, ``growth`` and ``spread`` of :class:`.Intervals`
    :param own: whether a sync of ours is seen through, or whichever Postpress speaks of is reported on
    :param fail_if_running: refuse to wait for a sync that somebody else began
    :param goal: ``done``, or ``started`` to follow it only so far
    :param end_from_trigger: end the task here where all went well, and let a worker end it only where it did not
    :param do_xcom_push: whether a task that ends here has its result as XCom
    :param postpress_conn_id: the Airflow connection
    """

    aftermath = "A retry of this task waits out what runs and starts again."

    def __init__(
        self,
        *,
        request: Mapping[str, Any],
        progress: Mapping[str, Any],
        deadline: str,
        intervals: Mapping[str, float],
        own: bool = True,
        fail_if_running: bool = False,
        goal: str = "done",
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
        self.request = request
        self.progress = progress
        self.own = own
        self.fail_if_running = fail_if_running
        self.goal = goal

    def subject(self) -> dict[str, Any]:
        """Give the kwargs that are about what is waited for, in JSON's types."""
        return {
            "request": dict(self.request),
            "progress": dict(self.progress),
            "own": self.own,
            "fail_if_running": self.fail_if_running,
            "goal": str(self.goal),
        }

    def steps(self, settings: ConnectionSettings, now: datetime) -> Steps[Any, Any]:
        """
        Give the steps of following the sync.

        :param settings: what the connection says
        :param now: the time
        """
        from airflow_provider_postpress.resync.driver import Goal, Progress, SyncDriver
        from airflow_provider_postpress.resync.request import SyncRequest
        from airflow_provider_postpress.resync.tracker import OwnSync, observe

        driver = SyncDriver(
            SyncRequest.from_dict(self.request),
            OwnSync(fail_if_running=self.fail_if_running) if self.own else observe,
            self.pacing(),
            goal=Goal(self.goal),
            progress=Progress.from_dict(self.progress),
        )
        return driver.steps(wait_from=now)

    def result_of(self, outcome: SyncResult) -> dict[str, Any]:
        """
        Write the result as XCom holds it.

        :param outcome: what the sync came to
        """
        return outcome.as_dict()
