"""Operators that sync an account or a chat, and succeed only when that sync was seen to start and seen to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.tasks.arguments import DEFAULT_CONN_ID, choice
from airflow_provider_postpress.tasks.base import utcnow
from airflow_provider_postpress.tasks.compat import TaskDeferralTimeout
from airflow_provider_postpress.tasks.polling import PollingOperator
from airflow_provider_postpress.tasks.subjects import AccountTask, ChatTask
from airflow_provider_postpress.tasks.sync import SyncTask

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.resync.driver import SyncDriver
    from airflow_provider_postpress.tasks.subjects import Window

DEFAULT_TIMEOUT = timedelta(hours=6)


class _ResyncOperator(PollingOperator, SyncTask):
    """Starts a sync and follows it; the parameters are told where they are public."""

    def __init__(
        self,
        *,
        if_running: str,
        wait_for_completion: bool,
        emit_asset_events: bool,
        end_from_trigger: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.emit_asset_events = emit_asset_events
        if wait_for_completion:
            self.declare_event()
        self.let_trigger_end(end_from_trigger)
        self.if_running = choice("if_running", if_running, ("wait", "fail"))
        self.wait_for_completion = wait_for_completion
        self.expected_status = "SYNC_DONE" if wait_for_completion else "SYNC_STARTED"

    def execute(self, context: Context) -> dict[str, Any]:
        """
        Start the sync and follow it.

        :param context: the run
        :return: the result, as the README shows it
        """
        from airflow_provider_postpress.resync.driver import Goal, SyncDriver
        from airflow_provider_postpress.resync.failure import Failure
        from airflow_provider_postpress.resync.tracker import OwnSync

        self.skip_unless_asked_for(context)
        window = self.window_to_sync(context, moment=utcnow())
        self.note_attempt(window, context)
        with self.opened_hook() as hook:
            pacing = self.pacing()
            request = self.take(self.request_steps(hook.settings, window, pacing), hook, time.sleep)
            if isinstance(request, Failure):
                self.give_up(request)
            sent = dict(request.parameters) or "no parameters"
            self.log.info("Syncing %s, %s. Each request sends %s.", request, self.span_of(request, context), sent)
            driver = SyncDriver(
                request,
                OwnSync(fail_if_running=self.if_running == "fail"),
                pacing,
                goal=Goal.DONE if self.wait_for_completion else Goal.STARTED,
            )
            self.note_attempt(window, context, request=request)
            outcome = self.take(driver.steps(), hook, self._sleep(driver))
        if isinstance(outcome, Failure):
            self.give_up(outcome)
        return self._told(outcome.as_dict(), context)

    def execute_complete(self, context: Context, event: Mapping[str, Any] | None = None) -> Any:
        """
        End the task with what the trigger tells.

        :param context: the run
        :param event: the trigger's event
        """
        return self._told(super().execute_complete(context, event), context)

    def _told(self, result: dict[str, Any], context: Context) -> dict[str, Any]:
        if self.wait_for_completion:
            self.tell_synced(result, context)
        return result

    def _sleep(self, driver: SyncDriver) -> Callable[[float], Any]:
        if not self.deferrable:
            return time.sleep

        def hand_over_unless_nothing_is_known(wait: float) -> None:
            # a trigger may begin again from the same kwargs: better it knows whose sync it follows
            if driver.knows_nothing and wait <= 2 * self.max_poll_interval:
                time.sleep(wait)
            else:
                goal = "done" if self.wait_for_completion else "started"
                self.hand_over(driver, fail_if_running=self.if_running == "fail", goal=goal)

        return hand_over_unless_nothing_is_known

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """
        Go on after the triggerer; where it never answered, raise the exception of a sync that did not end in time.

        :param next_method: the method to go on with
        :param next_kwargs: its arguments
        :param context: the run
        """
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout as error:
            from airflow_provider_postpress.exceptions import PostpressSyncTimeout

            message = (
                f"The triggerer did not tell in time how the sync of {self.subject_field} "
                f"{self.subject_id!r} ended. Is a triggerer running? Postpress goes on working; the "
                "next run waits for it and starts its own."
            )
            raise PostpressSyncTimeout(message) from error


class PostpressResyncOperator(_ResyncOperator, AccountTask):
    """
    Resynchronise an account within a window, by default its run's data interval.

    It succeeds only when its own sync was seen to start and then seen to end. The account is looked at first, without
    effects. Several accounts: ``.partial(...).expand(account_id=[...])``. One account is to be synced by one task at a
    time: see "One poller an account" in the README.

    The result (XCom), the same whether the task blocks, defers, or does not wait::

        {"account_id": str, "status": "SYNC_DONE", "window": {"start": ISO 8601, "end": ISO 8601} | None,
         "parameters": {what was sent}, "chunks": int, "polls": int, "restarts": int,
         "started_at": ISO 8601, "finished_at": ISO 8601}

    Without waiting its status is ``SYNC_STARTED``, ``finished_at`` is ``None``, and there is a ``deadline``: it is the
    handle that ``PostpressResyncSensor(resync=...)`` takes.

    As soon as its window is known it is pushed as the XCom ``postpress_sync``, since a task that fails emits no event;
    and once more right before the sync begins.
    In a run whose conf has ``postpress_account_id``, an id or a list of ids, the tasks of other accounts are skipped.

    API pages: "Retrieve an account", "Resynchronize account messaging data".

    :param account_id: Postpress's id of the account (templated)
    :param window: the span of message time to sync (templated): ``"data_interval"``, the run's (the default); a
        ``timedelta`` or ``pendulum.Duration``, that long until the end of the run's interval; ``(start, end)``, each a
        ``datetime`` or a string; ``"full"``, the whole history. A run's conf
        ``{"postpress_window": {"start": ..., "end": ...}}`` wins over it
    :param overlap: how much earlier the window starts, for late arrivals; ``timedelta`` or seconds
    :param chunk_size: chats per chunk, at least 1 (templated); Postpress's own way when ``None``. It wants
        ``depends_on_past=True``: a task that is killed between two chunks leaves the next one to the next request
    :param partial: LinkedIn only: keep what is already synced (``None`` means ``True``); left out for other providers
    :param linkedin_product: LinkedIn only: ``classic``, ``recruiter`` or ``sales_navigator``, if the account has it
        (templated); all that are connected when ``None``
    :param max_window: refuse a window that is longer; ``timedelta`` or seconds
    :param if_running: ``"wait"`` (the default) until a sync that somebody else began ends, then start ours; or
        ``"fail"`` with ``PostpressSyncConflict``
    :param if_unsupported: ``"fail"`` (the default) or ``"skip"`` when the account's provider has no history sync
    :param wait_for_completion: see the sync through (the default); ``False``: return once ours has started
    :param emit_asset_events: emit an event for ``postpress://accounts/{id}`` when the sync is done (the default), with
        window, product, chunks, status and run, and keep what it covers in Airflow's state store of that asset (from
        Airflow 3.3 on). Without ``wait_for_completion`` it is the sensor with the handle that does so. ``False``: also
        no ``postpress_sync``, so what this task syncs, or fails to, is not known
    :param deferrable: wait in the triggerer; Airflow's ``[operators] default_deferrable`` when not given
    :param end_from_trigger: where it is deferrable, let the triggerer end the task that succeeds, without a worker
        (``False``); only failures then cost one. Not where asset events are emitted, nor under ``dag.test()``
    :param poll_interval: time before the first poll (10 s), growing by half with each; ``timedelta`` or seconds
    :param max_poll_interval: time that the poll interval grows to (60 s); ``timedelta`` or seconds
    :param timeout: time after which the sync is given up (6 h); ``timedelta`` or seconds. When deferrable, a shorter
        ``execution_timeout`` counts instead, since Airflow does not apply it to a deferred task
    :param postpress_conn_id: the Airflow connection
    :raises PostpressWindowError: the window is not known, not possible, or not over yet
    :raises PostpressUnsupported: the account's provider has no history sync
    :raises PostpressReconnectRequired: the account has lost its login or its permissions
    :raises PostpressAccountNotReady: the account is stopped or in error
    :raises PostpressRequestRefused: a parameter is not allowed, or Postpress refused the request for good
    :raises PostpressSyncError: the sync ended with ``SYNC_ERROR``
    :raises PostpressSyncConflict: somebody else polls or syncs the account
    :raises PostpressSyncTimeout: the sync did not end within ``timeout``
    :raises PostpressUnavailable: ten requests in a row failed
    :raises PostpressUnexpectedAnswer: Postpress answered what its API pages do not describe
    """

    def __init__(
        self,
        *,
        account_id: str,
        window: Window = "data_interval",
        overlap: timedelta | float | None = None,
        chunk_size: int | str | None = None,
        partial: bool | None = None,
        linkedin_product: str | None = None,
        max_window: timedelta | float | None = None,
        if_running: str = "wait",
        if_unsupported: str = "fail",
        wait_for_completion: bool = True,
        emit_asset_events: bool = True,
        deferrable: bool | None = None,
        end_from_trigger: bool = False,
        poll_interval: timedelta | float = 10,
        max_poll_interval: timedelta | float = 60,
        timeout: timedelta | float = DEFAULT_TIMEOUT,
        postpress_conn_id: str = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            account_id=account_id,
            window=window,
            overlap=overlap,
            chunk_size=chunk_size,
            partial=partial,
            linkedin_product=linkedin_product,
            max_window=max_window,
            if_unsupported=if_unsupported,
            if_running=if_running,
            wait_for_completion=wait_for_completion,
            emit_asset_events=emit_asset_events,
            deferrable=deferrable,
            end_from_trigger=end_from_trigger,
            poll_interval=poll_interval,
            max_poll_interval=max_poll_interval,
            timeout=timeout,
            postpress_conn_id=postpress_conn_id,
            **kwargs,
        )


class PostpressChatResyncOperator(_ResyncOperator, ChatTask):
    """
    Synchronise one chat from its beginning.

    It succeeds only when its own sync was seen to start and then seen to end. The result is that of
    :class:`PostpressResyncOperator`, with ``chat_id`` instead of ``account_id``, no window and no parameters. In a run
    whose conf has ``postpress_account_id`` it is skipped: nobody knows which account the chat belongs to.

    API page: "Synchronize a conversation from its beginning".

    :param chat_id: Postpress's id of the chat (templated)
    :param if_deleted: ``"fail"`` (the default) with ``PostpressChatDeletedError``, or ``"skip"``, when the chat no
        longer exists at its provider
    :param if_running: ``"wait"`` (the default) until a sync that somebody else began ends, then start ours; or
        ``"fail"`` with ``PostpressSyncConflict``
    :param wait_for_completion: see the sync through (the default); ``False``: return once ours has started
    :param emit_asset_events: emit an event for ``postpress://chats/{id}`` when the sync is done (the default), with
        window, product, chunks, status and run. Without ``wait_for_completion`` the sensor with the handle does so
    :param deferrable: wait in the triggerer; Airflow's ``[operators] default_deferrable`` when not given
    :param end_from_trigger: where it is deferrable, let the triggerer end the task that succeeds, without a worker
        (``False``); only failures then cost one. Not where asset events are emitted, nor under ``dag.test()``
    :param poll_interval: time before the first poll (10 s), growing by half with each; ``timedelta`` or seconds
    :param max_poll_interval: time that the poll interval grows to (60 s); ``timedelta`` or seconds
    :param timeout: time after which the sync is given up (6 h); ``timedelta`` or seconds. When deferrable, a shorter
        ``execution_timeout`` counts instead, since Airflow does not apply it to a deferred task
    :param postpress_conn_id: the Airflow connection
    :raises PostpressChatDeletedError: the chat no longer exists at its provider
    :raises PostpressSyncError: and what else ``PostpressResyncOperator`` raises, but for windows and accounts
    """

    def __init__(
        self,
        *,
        chat_id: str,
        if_deleted: str = "fail",
        if_running: str = "wait",
        wait_for_completion: bool = True,
        emit_asset_events: bool = True,
        deferrable: bool | None = None,
        end_from_trigger: bool = False,
        poll_interval: timedelta | float = 10,
        max_poll_interval: timedelta | float = 60,
        timeout: timedelta | float = DEFAULT_TIMEOUT,
        postpress_conn_id: str = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            chat_id=chat_id,
            if_deleted=if_deleted,
            if_running=if_running,
            wait_for_completion=wait_for_completion,
            emit_asset_events=emit_asset_events,
            deferrable=deferrable,
            end_from_trigger=end_from_trigger,
            poll_interval=poll_interval,
            max_poll_interval=max_poll_interval,
            timeout=timeout,
            postpress_conn_id=postpress_conn_id,
            **kwargs,
        )
