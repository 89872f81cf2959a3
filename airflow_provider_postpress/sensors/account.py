"""A sensor that waits until an account is healthy. It only reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from airflow_provider_postpress.tasks.arguments import DEFAULT_CONN_ID, UNHEALTHY_STATUSES, choices, texts
from airflow_provider_postpress.tasks.sensing import PostpressSensor
from airflow_provider_postpress.tasks.watching import WatchingTask

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.hooks.settings import ConnectionSettings
    from airflow_provider_postpress.resync.health import Watcher
    from airflow_provider_postpress.resync.runners import Steps


class PostpressAccountSensor(PostpressSensor, WatchingTask):
    """
    Wait until an account is healthy: until each of its sources, or each that is named, says ``OK``.

    It only reads, and so can be poked as often as one likes. Where a source says what ``fail_on`` names, it fails at
    once, and is not retried; with ``fail_on=()`` it waits until somebody reconnects the account. Several accounts:
    ``.partial(...).expand(account_id=[...])``. It returns the account (XCom), its secrets as stars.

    An account without sources is not healthy: nothing feeds it. With ``soft_fail`` every failure skips the task, in all
    modes alike.

    API page: "Retrieve an account".

    :param account_id: Postpress's id of the account (templated)
    :param fail_on: source statuses at which waiting makes no sense: some of ``STOPPED``, ``ERROR``, ``CREDENTIALS``,
        ``PERMISSIONS`` and ``CONNECTING``. An answer that says that the account is disconnected counts as
        ``CREDENTIALS``
    :param sources: the ids of the sources that are to be ``OK`` (templated); all when ``None``
    :param deferrable: wait in the triggerer; Airflow's ``[operators] default_deferrable`` when not given
    :param start_from_trigger: where it is deferrable, begin in the triggerer, without a worker (``False``), from
        Airflow 3.3 on. A worker begins what is mapped, and what has arguments that only a worker can know: templates,
        and outputs that are not one task's whole
    :param end_from_trigger: where it is deferrable, let the triggerer end the task that succeeds, without a worker
        (``False``); only failures then cost one. Not under ``dag.test()``
    :param poke_interval: time between two looks; ``timedelta`` or seconds
    :param timeout: time after which the sensor gives up; ``timedelta`` or seconds
    :param mode: ``poke`` or ``reschedule``, where it is not deferrable
    :param postpress_conn_id: the Airflow connection
    :raises PostpressReconnectRequired: a source says what ``fail_on`` names
    :raises AirflowSensorTimeout: the account did not become healthy within ``timeout``
    :raises PostpressRequestRefused: there is no such account, or Postpress refused for good
    :raises PostpressUnavailable: ten requests in a row failed
    """

    subject_field = "account_id"
    template_fields: Sequence[str] = ("account_id", "sources")

    def __init__(
        self,
        *,
        account_id: str,
        fail_on: Sequence[str] = ("CREDENTIALS", "PERMISSIONS"),
        sources: Sequence[str] | None = None,
        deferrable: bool | None = None,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
        postpress_conn_id: str = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(deferrable=deferrable, postpress_conn_id=postpress_conn_id, **kwargs)
        self.account_id = account_id
        self.fail_on = choices("fail_on", fail_on, UNHEALTHY_STATUSES)
        self.sources = sources
        self._watcher: Watcher | None = None
        self.use_triggerer(start_from_trigger=start_from_trigger, end_from_trigger=end_from_trigger)

    def execute(self, context: Context) -> Any:
        """
        Wait, here or in the triggerer.

        :param context: the run
        """
        self._watcher = None
        return super().execute(context)

    def arguments(self) -> dict[str, Any]:
        """Give the arguments that make such a task, but those that every task has."""
        own = {"account_id": self.account_id, "fail_on": list(self.fail_on), "sources": self.sources}
        return {**super().arguments(), **own}

    def steps(self, context: Context, settings: ConnectionSettings) -> Steps[Any, Any]:
        """
        Give the steps of reading the account until it is healthy.

        :param context: the run
        :param settings: what the connection says
        """
        from airflow_provider_postpress.resync.failure import Failure

        self._watcher = self._watcher or self._new_watcher()
        outcome = yield from self._watcher.steps()
        return (
            outcome if isinstance(outcome, Failure) else {"account_id": self.account_id, "account": outcome.redacted()}
        )

    @property
    def knows_what_to_wait_for(self) -> bool:
        """Always: its arguments say it."""
        return True

    def hand_over_waiting(self) -> NoReturn:
        """Let the triggerer watch the account."""
        self.hand_over(cast("Watcher", self._watcher))

    def is_success(self, result: Mapping[str, Any]) -> bool:
        """
        Tell whether a trigger's result tells of this task's account.

        :param result: what it told
        """
        return super().is_success(result) and isinstance(result["account"], dict)

    def returned(self, result: dict[str, Any]) -> Any:
        """
        Give the account.

        :param result: what the trigger told
        """
        return result["account"]

    def _new_watcher(self) -> Watcher:
        from airflow_provider_postpress.resync.health import Watch, Watcher

        with self.reading_arguments():
            sources = None if self.sources is None else texts("sources", self.sources)
            if sources == ():
                raise ValueError("sources=[] is not allowed: it names none. Leave it out to wait for all of them.")
        return Watcher(Watch(self.account_id, self.fail_on, sources), self.pacing())
