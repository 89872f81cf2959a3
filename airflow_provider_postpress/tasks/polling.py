"""What every operator does that waits: its pacing, and what it says where the triggerer never answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.tasks.arguments import default_deferrable, seconds
from airflow_provider_postpress.tasks.waiting import WaitingTask

if TYPE_CHECKING:
    from airflow_provider_postpress.resync.pacing import Intervals


class PollingOperator(WaitingTask):
    """Polls, here or in the triggerer; the parameters are told where they are public."""

    def __init__(
        self,
        *,
        deferrable: bool | None,
        poll_interval: timedelta | float,
        max_poll_interval: timedelta | float,
        timeout: timedelta | float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.poll_interval = seconds("poll_interval", poll_interval)
        self.max_poll_interval = max(seconds("max_poll_interval", max_poll_interval), self.poll_interval)
        self.timeout = seconds("timeout", timeout)

    def intervals(self) -> Intervals:
        """Give the settings of the waiting."""
        from airflow_provider_postpress.resync.pacing import Intervals

        return Intervals(self.poll_interval, self.max_poll_interval)

    def patience(self) -> timedelta:
        """Give the time after which waiting is given up."""
        timeout = timedelta(seconds=self.timeout)
        # Airflow does not count the time of a deferral against it
        return min(timeout, self.execution_timeout) if self.deferrable and self.execution_timeout else timeout
