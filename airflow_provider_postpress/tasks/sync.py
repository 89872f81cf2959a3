"""What every task does that follows a sync."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_postpress.assets import SYNCED
from airflow_provider_postpress.tasks.asset_events import emit_synced, synced_extra
from airflow_provider_postpress.tasks.waiting import WaitingTask

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.hooks.settings import ConnectionSettings
    from airflow_provider_postpress.resync.driver import SyncDriver
    from airflow_provider_postpress.resync.failure import Failure
    from airflow_provider_postpress.resync.pacing import Pacing
    from airflow_provider_postpress.resync.request import SyncRequest
    from airflow_provider_postpress.resync.window import SyncWindow


class SyncTask(WaitingTask):
    """A task that follows the sync of one account or chat."""

    aftermath = "How the sync ended is not known; a retry of this task waits out what runs and starts again."
    asset_uri: Callable[[str], str]
    """Writes the URI of the asset whose messages a sync refreshes."""
    expected_status = "SYNC_DONE"
    """The status that a success has."""

    emit_asset_events: bool
    """Whether Airflow is told what is synced."""

    @abstractmethod
    def window_to_sync(self, context: Context, *, moment: datetime) -> SyncWindow | None:
        """
        Find out which window to ask for; ``None``: all there is. Needs no connection.

        :param context: the run
        :param moment: the time; a window does not reach beyond it
        """

    @abstractmethod
    def request_steps(
        self, settings: ConnectionSettings, window: SyncWindow | None, pacing: Pacing
    ) -> Generator[Any, Any, SyncRequest | Failure]:
        """
        Give the steps of finding out what to ask for, and at last that, or why nothing can be. They start nothing.

        :param settings: what the connection says
        :param window: the window, as :meth:`window_to_sync` gives it
        :param pacing: how long to wait before a failed look at the account is repeated
        """

    @abstractmethod
    def span_of(self, request: SyncRequest, context: Context) -> str:
        """
        Tell in words what span of messages is asked for.

        :param request: what is asked for
        :param context: the run
        """

    def skip_unless_asked_for(self, context: Context) -> None:
        """
        Skip the task in a run whose conf asks for other accounts.

        :param context: the run
        """
        from airflow_provider_postpress.tasks.run_conf import ACCOUNT_KEY, accounts_asked_for

        with self.reading_arguments():
            wanted = accounts_asked_for(context)
        if wanted is None or self.account_synced in wanted:
            return
        reason = "" if self.account_synced else ", since nobody knows which account it belongs to"
        raise AirflowSkipException(
            f"The run's conf asks for {ACCOUNT_KEY}={', '.join(sorted(wanted))}: {self.subject_field} "
            f"{self.subject_id!r} is left alone{reason}."
        )

    @property
    def account_synced(self) -> str | None:
        """The account whose messages are synced; ``None`` if nobody knows."""
        return None

    def note_attempt(self, window: SyncWindow | None, context: Context, *, request: SyncRequest | None = None) -> None:
        """
        Tell Airflow what is to be synced, so that it is known where it fails.

        :param window: the window
        :param context: the run
        :param request: what is sent next; ``None`` while nothing is
        """

    def declare_event(self) -> None:
        """Declare that the task can tell Airflow what it has synced, if it is to."""
        if self.emit_asset_events and SYNCED not in self.outlets:
            self.add_outlets([SYNCED])

    def tell_synced(self, result: Mapping[str, Any], context: Context) -> None:
        """
        Tell Airflow what was synced, if it is to be told.

        :param result: what the sync came to
        :param context: the run
        """
        if self.emit_asset_events:
            told = synced_extra(result, context)
            emit_synced(self.asset_uri(self.subject_id), told, context)
            self.note_end(told, context)

    def note_end(self, told: Mapping[str, Any], context: Context) -> None:
        """
        Have Airflow keep what was synced, where it outlasts the event that tells it.

        :param told: what the event tells
        :param context: the run
        """

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

        self.hand_over_to(
            PostpressResyncTrigger,
            deadline=driver.deadline,
            request=driver.request.as_dict(),
            progress=driver.progress.taken_up().as_dict(),
            own=own,
            fail_if_running=fail_if_running,
            goal=goal,
        )

    def is_success(self, result: Mapping[str, Any]) -> bool:
        """
        Tell whether a trigger's result is that of this task's sync, and whole.

        :param result: what it told
        """
        from airflow_provider_postpress.resync.driver import RESULT_KEYS

        return super().is_success(result) and result.keys() >= RESULT_KEYS and result["status"] == self.expected_status

    def on_kill(self) -> None:
        """Say what killing the task does not do."""
        self.log.warning(
            "Postpress cannot be told to stop: a sync of %s %r that has started goes on there. The next run of this "
            "task waits it out and starts its own.",
            self.subject_field,
            self.subject_id,
        )
