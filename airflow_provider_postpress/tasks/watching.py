"""What every task does that waits until an account is healthy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_postpress.tasks.waiting import WaitingTask

if TYPE_CHECKING:
    from airflow_provider_postpress.resync.health import Watcher


class WatchingTask(WaitingTask):
    """A task that waits until an account is healthy."""

    subject_field = "account_id"
    aftermath = "Whether the account became healthy is not known; a retry of this task looks again."
    account_id: str

    def hand_over(self, watcher: Watcher) -> NoReturn:
        """
        Let the triggerer watch the account from here on.

        :param watcher: what is waited for, and until when
        """
        from airflow_provider_postpress.triggers.account import PostpressAccountTrigger

        self.hand_over_to(
            PostpressAccountTrigger,
            deadline=watcher.deadline,
            not_before=watcher.not_before and watcher.not_before.isoformat(),
            **watcher.watch.as_dict(),
        )

    def is_success(self, result: Mapping[str, Any]) -> bool:
        """
        Tell whether a trigger's result is that of this task's account, and whole.

        :param result: what it told
        """
        return super().is_success(result) and "account" in result
