"""Sensors that wait for the sync of an account or a chat: ours by its handle, or whichever Postpress speaks of."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn, cast

from airflow_provider_postpress.tasks.arguments import DEFAULT_CONN_ID
from airflow_provider_postpress.tasks.base import utcnow
from airflow_provider_postpress.tasks.sensing import PostpressSensor
from airflow_provider_postpress.tasks.subjects import AccountTask, ChatTask
from airflow_provider_postpress.tasks.sync import SyncTask

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.hooks.settings import ConnectionSettings
    from airflow_provider_postpress.resync.driver import SyncDriver
    from airflow_provider_postpress.resync.failure import Failure
    from airflow_provider_postpress.resync.pacing import Pacing
    from airflow_provider_postpress.resync.runners import Steps
    from airflow_provider_postpress.tasks.subjects import Window


class _NotGiven(Enum):
    NOT_GIVEN = "not given"


NOT_GIVEN = _NotGiven.NOT_GIVEN


class _ResyncSensor(PostpressSensor, SyncTask):
    """Waits for a sync; the parameters are told where they are public."""

    def __init__(
        self, *, resync: Any, emit_asset_events: bool, start_from_trigger: bool, end_from_trigger: bool, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        # None, when it is given, is a handle that is missing
        self._follows_a_handle = resync is not NOT_GIVEN
        self.resync = resync if self._follows_a_handle else None
        self.emit_asset_events = emit_asset_events
        self._driver: SyncDriver | None = None
        self._pacing: Pacing | None = None
        if self.silent_fail:
            raise ValueError(
                "silent_fail=True is not allowed: the sensor would poke on after an error, and a poke can start a sync."
            )
        if self._follows_a_handle == (getattr(self, self.subject_field) is not None):
            raise ValueError(
                f"Give {type(self).__name__} either {self.subject_field}, to report on whichever sync Postpress speaks "
                "of, or resync, an operator's output, to follow that sync; not both, not neither."
            )
        if self._follows_a_handle:
            self.declare_event()
        self.use_triggerer(start_from_trigger=start_from_trigger, end_from_trigger=end_from_trigger)

    def arguments(self) -> dict[str, Any]:
        """Give the arguments that make such a task, but those that every task has."""
        followed = {"resync": self.resync} if self._follows_a_handle else {}
        return {**super().arguments(), **followed}

    def execute(self, context: Context) -> Any:
        """
        Wait, here or in the triggerer.

        :param context: the run
        """
        self._driver = self._pacing = None
        return super().execute(context)

    def ended(self, result: Any, context: Context) -> Any:
        """
        Tell Airflow what was synced, if this sensor is the one to tell.

        :param result: what the sync came to
        :param context: the run
        """
        # of a sync that had ended before, its operator has told
        if self._follows_a_handle and cast("Mapping[str, Any]", self.resync)["status"] != "SYNC_DONE":
            self.tell_synced(result, context)
        return result

    def steps(self, context: Context, settings: ConnectionSettings) -> Steps[Any, Any]:
        """
        Give the steps of following the sync.

        :param context: the run
        :param settings: what the connection says
        """
        from airflow_provider_postpress.resync.failure import Failure

        if self._driver is None:
            opened = yield from self._opened(context, settings)
            if opened is None:
                return self.resync
            if isinstance(opened, Failure):
                return opened
            self._driver = opened
        outcome = yield from self._driver.steps()
        return outcome if isinstance(outcome, Failure) else outcome.as_dict()

    @property
    def knows_what_to_wait_for(self) -> bool:
        """Whether it is known what to ask for."""
        return self._driver is not None

    def hand_over_waiting(self) -> NoReturn:
        """Let the triggerer follow the sync."""
        self.hand_over(cast("SyncDriver", self._driver), own=self._follows_a_handle)

    def _opened(
        self, context: Context, settings: ConnectionSettings
    ) -> Generator[Any, Any, SyncDriver | Failure | None]:
        rescheduled = context["ti"].get_first_reschedule_date(context) if self.forgets else None
        if self._follows_a_handle:
            return self._followed(rescheduled)
        return (yield from self._reported_on(context, settings, is_first=not rescheduled))

    def _followed(self, rescheduled: datetime | None) -> SyncDriver | None:
        from airflow_provider_postpress.resync.driver import SyncDriver
        from airflow_provider_postpress.resync.handle import read_handle
        from airflow_provider_postpress.resync.request import Target
        from airflow_provider_postpress.resync.tracker import OwnSync

        target = Target(self.subject_field.removesuffix("_id"))
        handle = read_handle(self.resync, target, now=rescheduled or utcnow())
        if handle.deadline is None:
            self.log.info("The sync of %s had already ended well.", handle.request)
            return None
        if not rescheduled:
            self.log.info("Following our sync of %s, started %s.", handle.request, handle.progress.started_at)
        pacing = self.pacing(min(handle.deadline, utcnow() + self.patience()))
        return SyncDriver(handle.request, OwnSync(), pacing, progress=handle.progress)

    def _reported_on(
        self, context: Context, settings: ConnectionSettings, *, is_first: bool
    ) -> Generator[Any, Any, SyncDriver | Failure]:
        from airflow_provider_postpress.resync.driver import SyncDriver
        from airflow_provider_postpress.resync.failure import Failure
        from airflow_provider_postpress.resync.tracker import observe

        self.skip_unless_asked_for(context)
        self._pacing = self._pacing or self.pacing()
        window = self.window_to_sync(context, moment=self._moment(context))
        request = yield from self.request_steps(settings, window, self._pacing)
        if isinstance(request, Failure):
            return request
        if is_first:
            span, sent = self.span_of(request, context), dict(request.parameters) or "no parameters"
            self.log.info("Reporting on whichever sync of %s Postpress speaks of.", request)
            self.log.info("Where none runs, a poll starts one, %s. Each request sends %s.", span, sent)
        return SyncDriver(request, observe, self._pacing)

    def _moment(self, context: Context) -> datetime:
        if not (self.forgets or self.start_from_trigger):
            return utcnow()
        # the same at every poke and in each triggerer: a window that reaches into the future is cut at one end
        return context["dag_run"].start_date or context["dag_run"].run_after

    def must_go_on(self) -> None:
        """Refuse what the next poke would not know."""
        from airflow_provider_postpress.resync.failure import Failure, FailureKind

        if not (self.forgets and self._follows_a_handle and self._driver and self._driver.follows_a_foreign_sync):
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


class PostpressResyncSensor(_ResyncSensor, AccountTask):
    """
    Wait for the sync of an account.

    Given ``resync``, the output of an operator with ``wait_for_completion=False``, it follows that very sync, with its
    parameters; one that had already ended well succeeds without a request. A handle that is missing, malformed or
    expired fails: clear its operator together with the sensor.

    Given ``account_id``, it reports on whichever sync Postpress speaks of: ``SYNC_DONE`` may be the end of somebody
    else's sync, or of yesterday's. And it is not passive: where no sync runs, its poll starts one, with the window and
    parameters given here, which is why it takes those of :class:`PostpressResyncOperator`, with the same defaults, and
    looks at the account first. Then it warns, and follows that sync. As the operator it is skipped in a run whose conf
    has the ``postpress_account_id`` of another account.

    With ``soft_fail`` every failure skips the task, in all modes alike.

    API page: "Resynchronize account messaging data".

    :param account_id: Postpress's id of the account (templated)
    :param resync: an operator's output (templated)
    :param window: the span of message time that a poll asks for (templated); as for ``PostpressResyncOperator``, as are
        all up to ``if_unsupported``, and like them of no effect with ``resync``. In ``mode="reschedule"``, and where it
        begins in the triggerer, an end in the future is cut to the start of the run
    :param overlap: how much earlier the window starts, for late arrivals; ``timedelta`` or seconds
    :param chunk_size: chats per chunk, at least 1 (templated); Postpress's own way when ``None``
    :param partial: LinkedIn only: keep what is already synced (``None`` means ``True``); left out for other providers
    :param linkedin_product: LinkedIn only: ``classic``, ``recruiter`` or ``sales_navigator``, if the account has it
        (templated); all that are connected when ``None``
    :param max_window: refuse a window that is longer; ``timedelta`` or seconds
    :param if_unsupported: ``"fail"`` (the default) or ``"skip"`` when the account's provider has no history sync
    :param emit_asset_events: with ``resync``, emit an event for ``postpress://accounts/{id}`` when the sync is done
        (the default), and keep what it covers, as ``PostpressResyncOperator`` does where it waits itself. Of a sync
        that had already ended well its operator has told. Of no effect with ``account_id``: nobody knows whose sync
        that was, and of which window
    :param deferrable: wait in the triggerer; Airflow's ``[operators] default_deferrable`` when not given
    :param start_from_trigger: where it is deferrable, begin in the triggerer, without a worker (``False``), from
        Airflow 3.3 on. A worker begins what is mapped, and what has arguments that only a worker can know: templates,
        datetimes, and outputs that are not one task's whole
    :param end_from_trigger: where it is deferrable, let the triggerer end the task that succeeds, without a worker
        (``False``); only failures then cost one. Not where asset events are emitted, nor under
        ``dag.test()``
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
        emit_asset_events: bool = True,
        deferrable: bool | None = None,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
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
            emit_asset_events=emit_asset_events,
            deferrable=deferrable,
            start_from_trigger=start_from_trigger,
            end_from_trigger=end_from_trigger,
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
    :param emit_asset_events: with ``resync``, emit an event for ``postpress://chats/{id}`` when the sync is done (the
        default)
    :param deferrable: wait in the triggerer; Airflow's ``[operators] default_deferrable`` when not given
    :param start_from_trigger: where it is deferrable, begin in the triggerer, without a worker (``False``), from
        Airflow 3.3 on. A worker begins what is mapped, and what has arguments that only a worker can know: templates,
        datetimes, and outputs that are not one task's whole
    :param end_from_trigger: where it is deferrable, let the triggerer end the task that succeeds, without a worker
        (``False``); only failures then cost one. Not where asset events are emitted, nor under
        ``dag.test()``
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
        emit_asset_events: bool = True,
        deferrable: bool | None = None,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
        postpress_conn_id: str = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            chat_id=chat_id,
            if_deleted=if_deleted,
            resync=resync,
            emit_asset_events=emit_asset_events,
            deferrable=deferrable,
            start_from_trigger=start_from_trigger,
            end_from_trigger=end_from_trigger,
            postpress_conn_id=postpress_conn_id,
            **kwargs,
        )
