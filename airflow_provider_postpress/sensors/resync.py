"""Sensors that wait for the sync of an account or a chat: ours by its handle, or whichever Postpress speaks of."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
)

from airflow_provider_postpress.tasks.arguments import DEFAULT_CONN_ID, default_deferrable
from airflow_provider_postpress.tasks.base import PostpressTask, utcnow
from airflow_provider_postpress.tasks.subjects import AccountTask, ChatTask

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.hooks.postpress import PostpressHook
    from airflow_provider_postpress.resync.driver import SyncDriver
    from airflow_provider_postpress.resync.failure import Failure
    from airflow_provider_postpress.resync.pacing import Intervals, Pacing
    from airflow_provider_postpress.tasks.subjects import Window

MIN_POLL_INTERVAL = 0.001


class _NotGiven(Enum):
    NOT_GIVEN = "not given"


NOT_GIVEN = _NotGiven.NOT_GIVEN


class _NotYetError(Exception):
    """
    The sync has not ended; poke again later.

    :param wait: seconds
    """

    def __init__(self, wait: float) -> None:
        self.wait = wait


def _not_yet(wait: float) -> NoReturn:
    raise _NotYetError(wait)


class _ResyncSensor(BaseSensorOperator, PostpressTask):
    """Waits for a sync; the parameters are told where they are public."""

    def __init__(self, *, resync: Any, deferrable: bool | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # None, when it is given, is a handle that is missing
        self._follows_a_handle = resync is not NOT_GIVEN
        self.resync = resync if self._follows_a_handle else None
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self._driver: SyncDriver | None = None
        self._pacing: Pacing | None = None
        self._wait = 0.0
        if self.silent_fail:
            raise ValueError(
                "silent_fail=True is not allowed: the sensor would poke on after an error, and a poke can start a sync."
            )
        if self._follows_a_handle == (getattr(self, self.subject_field) is not None):
            raise ValueError(
                f"Give {type(self).__name__} either {self.subject_field}, to report on whichever sync Postpress speaks "
                "of, or resync, an operator's output, to follow that sync; not both, not neither."
            )

    def execute(self, context: Context) -> Any:
        """
        Wait, here or in the triggerer.

        :param context: the run
        """
        self._driver = self._pacing = None
        if not self.deferrable:
            return super().execute(context)
        with self._failing_softly():
            found = self.poke(context)
            if self._driver is not None and not found:
                self.hand_over(self._driver, own=self._follows_a_handle)
        return found.xcom_value

    def execute_complete(self, context: Context, event: Mapping[str, Any] | None = None) -> Any:
        """
        End the task with what the trigger tells.

        :param context: the run
        :param event: the trigger's event
        """
        with self._failing_softly():
            return super().execute_complete(context, event)

    def poke(self, context: Context) -> PokeReturnValue:
        """
        Ask once.

        :param context: the run
        :return: whether the sync has ended, and its result
        """
        from airflow_provider_postpress.resync.failure import Failure

        with self._failing_softly(), self.opened_hook() as hook:
            try:
                if self._driver is None:
                    self._driver = self._new_driver(hook, context)
                if self._driver is None:
                    return PokeReturnValue(is_done=True, xcom_value=self.resync)
                outcome = self.take(self._driver.steps(), hook, _not_yet)
            except _NotYetError as later:
                self._refuse_what_will_be_forgotten()
                self._wait = later.wait
                return PokeReturnValue(is_done=False)
            if isinstance(outcome, Failure):
                self.give_up(outcome)
            return PokeReturnValue(is_done=True, xcom_value=outcome.as_dict())

    def _new_driver(self, hook: PostpressHook, context: Context) -> SyncDriver | None:
        from airflow_provider_postpress.resync.driver import SyncDriver
        from airflow_provider_postpress.resync.handle import read_handle
        from airflow_provider_postpress.resync.request import Target
        from airflow_provider_postpress.resync.tracker import OwnSync, observe

        rescheduled = context["ti"].get_first_reschedule_date(context) if self._forgets else None
        if not self._follows_a_handle:
            self._pacing = self._pacing or self.pacing()
            request = self.sync_request(
                hook,
                context,
                moment=self._moment(context),
                pacing=self._pacing,
                sleep=time.sleep if self.deferrable else _not_yet,
            )
            if not rescheduled:
                span, sent = self.span_of(request, context), dict(request.parameters) or "no parameters"
                self.log.info("Reporting on whichever sync of %s Postpress speaks of.", request)
                self.log.info("Where none runs, a poll starts one, %s. Each request sends %s.", span, sent)
            return SyncDriver(request, observe, self._pacing)
        target = Target(self.subject_field.removesuffix("_id"))
        handle = read_handle(self.resync, target, now=rescheduled or utcnow())
        if handle.deadline is None:
            self.log.info("The sync of %s had already ended well.", handle.request)
            return None
        if not rescheduled:
            self.log.info("Following our sync of %s, started %s.", handle.request, handle.progress.started_at)
        pacing = self.pacing(min(handle.deadline, utcnow() + self.patience()))
        return SyncDriver(handle.request, OwnSync(), pacing, progress=handle.progress)

    def _moment(self, context: Context) -> datetime:
        if not self._forgets:
            return utcnow()
        # the same at every poke, or each would cut a window that reaches into the future at another end
        return context["dag_run"].start_date or context["dag_run"].run_after

    @property
    def _forgets(self) -> bool:
        """Whether each poke is made by an operator of its own, which knows nothing of the one before."""
        return self.reschedule and not self.deferrable

    def _get_next_poke_interval(self, *args: Any, **kwargs: Any) -> float:
        # Postpress can ask for more than Airflow would wait
        return max(super()._get_next_poke_interval(*args, **kwargs), self._wait)

    def _refuse_what_will_be_forgotten(self) -> None:
        from airflow_provider_postpress.resync.failure import Failure, FailureKind

        if not (self._forgets and self._follows_a_handle and self._driver and self._driver.follows_a_foreign_sync):
            return
        message = (
            f"The sync of {self._driver.request} was answered CHUNK_DONE though no chunks were asked for, so it may be "
            "somebody else's, and mode='reschedule' cannot remember that until the next poke. Clear the operator that "
            "gave the handle together with this sensor, and use deferrable=True."
        )
        self.give_up(Failure(FailureKind.SYNC_CONFLICT, message))

    @property
    def subject_id(self) -> Any:
        """The id of the account or chat, by the handle if there is one."""
        return self.resync.get(self.subject_field) if isinstance(self.resync, Mapping) else super().subject_id

    def give_up(self, failure: Failure) -> NoReturn:
        """
        Raise what a failure means for the task; running out of time is what it is for any sensor.

        :param failure: why there is no success
        """
        from airflow_provider_postpress.resync.failure import FailureKind

        if failure.kind is FailureKind.SYNC_TIMEOUT:
            raise AirflowSensorTimeout(failure.message)
        super().give_up(failure)

    def intervals(self) -> Intervals:
        """Give the settings of the waiting: those of any sensor."""
        from airflow_provider_postpress.resync.pacing import Intervals

        first = max(self.poke_interval, MIN_POLL_INTERVAL)
        if not self.exponential_backoff:
            return Intervals(first, first, growth=1, spread=0)
        longest = self.max_wait.total_seconds() if self.max_wait else self.timeout
        return Intervals(first, max(longest, first), growth=2)

    def patience(self) -> timedelta:
        """Give the time after which waiting is given up."""
        return timedelta(seconds=self.timeout)

    @contextmanager
    def _failing_softly(self) -> Iterator[None]:
        # Airflow's own soft_fail skips on other errors in poke mode than it does when deferred
        try:
            yield
        except AirflowSkipException:
            raise
        except AirflowException as error:
            if self.soft_fail or self.never_fail:
                setting = "soft_fail" if self.soft_fail else "never_fail"
                raise AirflowSkipException(f"Skipped because of {setting}: {error}") from error
            raise


class PostpressResyncSensor(_ResyncSensor, AccountTask):
    """
    Wait for the sync of an account.

    Given ``resync``, the output of an operator with ``wait_for_completion=False``, it follows that very sync, with its
    parameters; one that had already ended well succeeds without a request. A handle that is missing, malformed or
    expired fails: clear its operator together with the sensor.

    Given ``account_id``, it reports on whichever sync Postpress speaks of: ``SYNC_DONE`` may be the end of somebody
    else's sync, or of yesterday's. And it is not passive: where no sync runs, its poll starts one, with the window and
    parameters given here, which is why it takes those of :class:`PostpressResyncOperator`, with the same defaults, and
    looks at the account first. Then it warns, and follows that sync.

    With ``soft_fail`` every failure skips the task, in all modes alike.

    API page: "Resynchronize account messaging data".

    :param account_id: Postpress's id of the account (templated)
    :param resync: an operator's output (templated)
    :param window: the span of message time that a poll asks for (templated); as for ``PostpressResyncOperator``, as are
        all up to ``if_unsupported``, and like them of no effect with ``resync``. In ``mode="reschedule"`` an end in the
        future is cut to the start of the run
    :param overlap: how much earlier the window starts, for late arrivals; ``timedelta`` or seconds
    :param chunk_size: chats per chunk, at least 1 (templated); Postpress's own way when ``None``
    :param partial: LinkedIn only: keep what is already synced (``None`` means ``True``); left out for other providers
    :param linkedin_product: LinkedIn only: ``classic``, ``recruiter`` or ``sales_navigator``, if the account has it
        (templated); all that are connected when ``None``
    :param max_window: refuse a window that is longer; ``timedelta`` or seconds
    :param if_unsupported: ``"fail"`` (the default) or ``"skip"`` when the account's provider has no history sync
    :param deferrable: wait in the triggerer; Airflow's ``[operators] default_deferrable`` when not given
    :param poke_interval: time between two polls; ``timedelta`` or seconds
    :param timeout: time after which the sensor gives up; ``timedelta`` or seconds
    :param mode: ``poke`` or ``reschedule``, where it is not deferrable
    :param postpress_conn_id: the Airflow connection
    :raises PostpressSyncError: the sync ended with ``SYNC_ERROR``
    :raises AirflowSensorTimeout: the sync did not end within ``timeout``, or within the handle's deadline
    :raises PostpressRequestRefused: the handle or a parameter is not allowed, or Postpress refused for good
    :raises PostpressSyncConflict: with a handle: somebody else polls or syncs the account
    :raises PostpressUnavailable: ten requests in a row failed
    :raises PostpressUnexpectedAnswer: Postpress answered what its API pages do not describe

    Without a handle it looks at the window and the account first, and raises what ``PostpressResyncOperator`` does.
    """

    template_fields: Sequence[str] = (*AccountTask.template_fields, "resync")

    def __init__(
        self,
        *,
        account_id: str | None = None,
        resync: Any = NOT_GIVEN,
        window: Window = "data_interval",
        overlap: timedelta | float | None = None,
        chunk_size: int | str | None = None,
        partial: bool | None = None,
        linkedin_product: str | None = None,
        max_window: timedelta | float | None = None,
        if_unsupported: str = "fail",
        deferrable: bool | None = None,
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
            resync=resync,
            deferrable=deferrable,
            postpress_conn_id=postpress_conn_id,
            **kwargs,
        )


class PostpressChatResyncSensor(_ResyncSensor, ChatTask):
    """
    Wait for the sync of a chat; as :class:`PostpressResyncSensor` does for an account.

    API page: "Synchronize a conversation from its beginning".

    :param chat_id: Postpress's id of the chat (templated)
    :param resync: an operator's output (templated)
    :param if_deleted: ``"fail"`` (the default) with ``PostpressChatDeletedError``, or ``"skip"``, when the chat no
        longer exists at its provider
    :param deferrable: wait in the triggerer; Airflow's ``[operators] default_deferrable`` when not given
    :param poke_interval: time between two polls; ``timedelta`` or seconds
    :param timeout: time after which the sensor gives up; ``timedelta`` or seconds
    :param mode: ``poke`` or ``reschedule``, where it is not deferrable
    :param postpress_conn_id: the Airflow connection
    :raises PostpressChatDeletedError: the chat no longer exists at its provider
    :raises PostpressSyncError: the sync ended with ``SYNC_ERROR``
    """

    template_fields: Sequence[str] = (*ChatTask.template_fields, "resync")

    def __init__(
        self,
        *,
        chat_id: str | None = None,
        resync: Any = NOT_GIVEN,
        if_deleted: str = "fail",
        deferrable: bool | None = None,
        postpress_conn_id: str = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            chat_id=chat_id,
            if_deleted=if_deleted,
            resync=resync,
            deferrable=deferrable,
            postpress_conn_id=postpress_conn_id,
            **kwargs,
        )
