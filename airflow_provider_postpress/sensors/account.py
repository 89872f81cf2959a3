"""A sensor that waits until an account is healthy. It only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from airflow_provider_postpress.tasks.arguments import DEFAULT_CONN_ID, UNHEALTHY_STATUSES, choices, texts
from airflow_provider_postpress.tasks.sensing import PostpressSensor
from airflow_provider_postpress.tasks.watching import WatchingTask

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.hooks.postpress import PostpressHook
    from airflow_provider_postpress.resync.health import Watcher


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
        postpress_conn_id: str = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(deferrable=deferrable, postpress_conn_id=postpress_conn_id, **kwargs)
        self.account_id = account_id
        self.fail_on = choices("fail_on", fail_on, UNHEALTHY_STATUSES)
        self.sources = sources
        self._watcher: Watcher | None = None

    def execute(self, context: Context) -> Any:
        """
        Wait, here or in the triggerer.

        :param context: the run
        """
        self._watcher = None
        return super().execute(context)

    def look(self, hook: PostpressHook, context: Context, sleep: Callable[[float], Any]) -> Any:
        """
        Read the account once.

        :param hook: the connection
        :param context: the run
        :param sleep: is called where it is to be read again
        """
        from airflow_provider_postpress.resync.failure import Failure

        self._watcher = self._watcher or self._new_watcher()
        outcome = self.take(self._watcher.steps(), hook, sleep)
        return outcome if isinstance(outcome, Failure) else outcome.redacted()

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
