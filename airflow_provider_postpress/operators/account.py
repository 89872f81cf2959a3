"""Operators that read accounts, list them, and log them in again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from airflow_provider_postpress.tasks.arguments import DEFAULT_CONN_ID, choice, texts
from airflow_provider_postpress.tasks.base import PostpressTask, utcnow
from airflow_provider_postpress.tasks.callbacks import place_of, trouble_in
from airflow_provider_postpress.tasks.once import forget_sending, may_have_been_sent, note_sending, remembers
from airflow_provider_postpress.tasks.polling import PollingOperator
from airflow_provider_postpress.tasks.watching import WatchingTask

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.api.client import PostpressClient
    from airflow_provider_postpress.api.endpoints import Endpoint
    from airflow_provider_postpress.api.models import Account, Checkpoint, Credentials, ReconnectAnswer
    from airflow_provider_postpress.hooks.postpress import PostpressHook
    from airflow_provider_postpress.resync.failure import Failure
    from airflow_provider_postpress.resync.health import Watcher
    from airflow_provider_postpress.resync.reconnect import Lost, Reconnected

    CheckpointCallback = Callable[[dict[str, Any]], Any]

T = TypeVar("T")

CHECKPOINT_TIME = timedelta(minutes=5)
"""How long Postpress keeps a login open."""


class PostpressGetAccountOperator(PostpressTask):
    """
    Read an account. Without effects.

    It returns the account (XCom) as Postpress tells it, its secrets as stars.

    API page: "Retrieve an account".

    :param account_id: Postpress's id of the account (templated)
    :param postpress_conn_id: the Airflow connection
    :raises PostpressRequestRefused: there is no such account, or Postpress refused for good
    :raises PostpressReconnectRequired: Postpress does not tell of the account because it is disconnected
    :raises PostpressUnavailable: Postpress gave no usable answer
    """

    subject_field = "account_id"
    template_fields: Sequence[str] = ("account_id",)

    def __init__(self, *, account_id: str, postpress_conn_id: str = DEFAULT_CONN_ID, **kwargs: Any) -> None:
        super().__init__(postpress_conn_id=postpress_conn_id, **kwargs)
        self.account_id = account_id

    def execute(self, context: Context) -> dict[str, Any]:
        """
        Read the account.

        :param context: the run
        """
        from airflow_provider_postpress.api.words import one_line
        from airflow_provider_postpress.resync.health import another_account

        with self.opened_hook() as hook:
            account = hook.get_account(self.account_id)
        if failure := another_account(account, self.account_id):
            self.give_up(failure)
        trouble = account.trouble() or "healthy"
        self.log.info("%s", one_line(f"Account {account.id!r} ({account.type}): {trouble}.", longest=4000))
        return account.redacted()


class PostpressListAccountsOperator(PostpressTask):
    """
    List the accounts of the workspace, all or some. Without effects.

    It returns (XCom) a list, in the order of the accounts' ids, that a task can be mapped over as it is; an empty one
    skips that task::

        accounts = PostpressListAccountsOperator(task_id="accounts", types=["LINKEDIN", "TELEGRAM"], healthy=True)
        PostpressResyncOperator.partial(task_id="resync").expand(account_id=accounts.output)

    Not in the API pages: Postpress's public reference has ``GET /accounts``.

    :param types: only accounts of these types, such as ``LINKEDIN`` (templated); of all when ``None``
    :param healthy: ``True``: only accounts each of whose sources says ``OK``; ``False``: only the others; all when
        ``None``
    :param has_product: only LinkedIn accounts that have ``classic``, ``recruiter`` or ``sales_navigator`` (templated)
    :param returns: ``"ids"`` (the default); ``"kwargs"``: dicts ``{"account_id": id}`` for ``.expand_kwargs()``; or
        ``"accounts"``: the accounts as Postpress tells them, their secrets as stars
    :param postpress_conn_id: the Airflow connection
    :raises PostpressRequestRefused: Postpress refused for good
    :raises PostpressUnavailable: Postpress gave no usable answer
    """

    subject_field = "postpress_conn_id"
    template_fields: Sequence[str] = ("types", "has_product")

    def __init__(
        self,
        *,
        types: Sequence[str] | None = None,
        healthy: bool | None = None,
        has_product: str | None = None,
        returns: str = "ids",
        postpress_conn_id: str = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(postpress_conn_id=postpress_conn_id, **kwargs)
        self.types = types
        self.healthy = healthy
        self.has_product = has_product
        self.returns = choice("returns", returns, ("ids", "kwargs", "accounts"))

    def execute(self, context: Context) -> list[Any]:
        """
        List the accounts.

        :param context: the run
        """
        from airflow_provider_postpress.api.products import LINKEDIN_PRODUCTS

        with self.reading_arguments():
            types = None if self.types is None else texts("types", self.types)
            if self.has_product is not None:
                choice("has_product", self.has_product, LINKEDIN_PRODUCTS)
        with self.opened_hook() as hook:
            accounts = list(hook.list_accounts())
        if unseen := sorted(set(types or ()) - {account.type for account in accounts}):
            self.log.warning("No account is of type %s.", " or ".join(unseen))
        chosen = [account for account in accounts if self._is_wanted(account, types)]
        self.log.info("%d of %d accounts.", len(chosen), len(accounts))
        return [self._told(account) for account in sorted(chosen, key=lambda account: account.id)]

    def _is_wanted(self, account: Account, types: Sequence[str] | None) -> bool:
        return (
            (types is None or account.type in types)
            and (self.healthy is None or account.healthy is self.healthy)
            and (self.has_product is None or self.has_product in account.linkedin_products)
        )

    def _told(self, account: Account) -> Any:
        match self.returns:
            case "ids":
                return account.id
            case "kwargs":
                return {"account_id": account.id}
            case _:
                return account.redacted()


class PostpressReconnectAccountOperator(PollingOperator, WatchingTask):
    """
    Log a disconnected account in again, with the credentials of an Airflow connection.

    The login is sent once. Neither this task nor Airflow's retries repeat it: repeated logins are what providers look
    for. Once it was sent every failure is final, and the message says what to do before the task is cleared. Where its
    answer is lost the account is read instead, and if that is healthy the task succeeds. The try that follows a worker
    that died in the middle only reads the account too (before Airflow 3.3 every retry does: nothing can be remembered).

    The provider may want a person to do a step first, a checkpoint: scan a QR code, type a pairing code, approve in the
    app. Postpress gives about five minutes for it. ``on_checkpoint="wait"`` hands it to ``checkpoint_callback``, in
    whose context (and so in a notifier's templates) it is ``checkpoint``, with ``type``, ``qrcode``, ``code`` and what
    else Postpress told, and then waits until the account is healthy. This package writes nothing of it anywhere else
    than its type.

    It returns (XCom) ``{"account_id": str, "healthy": True}``, with ``None`` where it was not waited for. After a login
    nothing of what Postpress says is repeated, in words or as an account: it may know what was sent.

    API page: "Reconnect an account".

    :param account_id: Postpress's id of the account (templated)
    :param credentials_conn_id: the Airflow connection with the credentials, see "Credentials connections" in the README
        (templated)
    :param on_checkpoint: when a person has to do a step: ``"fail"`` (the default) with ``PostpressCheckpointRequired``,
        or ``"wait"`` for it
    :param checkpoint_callback: with ``"wait"``: what tells that person, a notifier or a callable that takes the context
    :param wait_until_ok: succeed only when the account is healthy (the default); ``False``: when Postpress said that it
        is reconnected
    :param deferrable: wait in the triggerer; Airflow's ``[operators] default_deferrable`` when not given
    :param poll_interval: time between the first two looks at the account (5 s), growing by half with each;
        ``timedelta`` or seconds
    :param max_poll_interval: time that it grows to (30 s); ``timedelta`` or seconds
    :param timeout: time after which waiting is given up (30 min; with a checkpoint or a lost answer at most 5 min);
        ``timedelta`` or seconds. When deferrable, a shorter ``execution_timeout`` counts instead
    :param postpress_conn_id: the Airflow connection to Postpress
    :raises PostpressRequestRefused: the credentials connection is not as documented (then nothing was sent), or
        Postpress or the provider refused the login
    :raises PostpressCheckpointRequired: a person has to do a step, or did not do it in time
    :raises PostpressReconnectRequired: the account did not become healthy in time
    :raises PostpressUnexpectedAnswer: Postpress answered what its API pages do not describe
    :raises PostpressUnavailable: Postpress could not be reached, so that the login was not sent; may be retried
    """

    template_fields: Sequence[str] = ("account_id", "credentials_conn_id")
    aftermath = "Whether the account became healthy is not known."

    def __init__(
        self,
        *,
        account_id: str,
        credentials_conn_id: str,
        on_checkpoint: str = "fail",
        checkpoint_callback: CheckpointCallback | None = None,
        wait_until_ok: bool = True,
        deferrable: bool | None = None,
        poll_interval: timedelta | float = 5,
        max_poll_interval: timedelta | float = 30,
        timeout: timedelta | float = timedelta(minutes=30),
        postpress_conn_id: str = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            deferrable=deferrable,
            poll_interval=poll_interval,
            max_poll_interval=max_poll_interval,
            timeout=timeout,
            postpress_conn_id=postpress_conn_id,
            **kwargs,
        )
        self.account_id = account_id
        self.credentials_conn_id = credentials_conn_id
        self.on_checkpoint = choice("on_checkpoint", on_checkpoint, ("fail", "wait"))
        self.checkpoint_callback = checkpoint_callback
        self.wait_until_ok = wait_until_ok
        if checkpoint_callback is not None and not callable(checkpoint_callback):
            raise ValueError("checkpoint_callback is not a notifier, nor anything else that can be called.")

    def execute(self, context: Context) -> dict[str, Any]:
        """
        Log the account in, and see it through.

        :param context: the run
        """
        began = utcnow()
        with self.opened_hook() as hook:
            login = self._log_in(hook, context)
            return self._never_retried(lambda: self._see_through(login, hook, context, began))

    def _log_in(self, hook: PostpressHook, context: Context) -> Reconnected | Lost | Checkpoint:
        from airflow_provider_postpress.api.endpoints import reconnect_account
        from airflow_provider_postpress.resync.failure import Failure, FailureKind
        from airflow_provider_postpress.resync.reconnect import Lost

        if may_have_been_sent(context, self.retries):
            reason = "An earlier try may have sent the login, so this one does not."
            return Lost(reason if remembers(context) else f"{reason} To know whether it did needs Airflow 3.3.")
        client = hook.get_conn()
        credentials = self._credentials()
        endpoint = reconnect_account(self.account_id, credentials)
        secrets = (hook.settings.api_key, *credentials.secrets())
        note_sending(context)
        outcome = self._never_retried(lambda: self._send(endpoint, client, secrets))
        if isinstance(outcome, Failure):
            if outcome.kind is FailureKind.UNAVAILABLE:
                forget_sending(context)
                super().give_up(outcome)
            self.give_up(outcome)
        return outcome

    def _credentials(self) -> Credentials:
        from airflow_provider_postpress.hooks.credentials import credentials_of, mask
        from airflow_provider_postpress.hooks.postpress import PostpressHook

        credentials = credentials_of(PostpressHook.get_connection(self.credentials_conn_id))
        mask(credentials)
        return credentials

    def _send(
        self, endpoint: Endpoint[ReconnectAnswer], client: PostpressClient, secrets: Collection[str]
    ) -> Reconnected | Lost | Checkpoint | Failure:
        from airflow_provider_postpress.api.errors import PostpressError
        from airflow_provider_postpress.resync.reconnect import outcome_of

        self.log.info("Logging in account %r, once.", self.account_id)
        try:
            return outcome_of(self.account_id, client.send(endpoint), secrets)
        except PostpressError as error:
            return outcome_of(self.account_id, error, secrets)

    def _see_through(
        self, login: Reconnected | Lost | Checkpoint, hook: PostpressHook, context: Context, began: datetime
    ) -> dict[str, Any]:
        from airflow_provider_postpress.resync.failure import Failure, FailureKind
        from airflow_provider_postpress.resync.health import Watch, Watcher
        from airflow_provider_postpress.resync.reconnect import Lost, Reconnected

        watch, patience, wait_from = Watch(self.account_id, discreet=True), self.patience(), None
        match login:
            case Reconnected():
                self.log.info("Account %r is reconnected.", self.account_id)
                if not self.wait_until_ok:
                    return self._result(healthy=None)
            case Lost(reason):
                self.log.warning("Whether the login succeeded is not known: the account itself must tell. %s", reason)
                patience = min(patience, CHECKPOINT_TIME) if self.wait_until_ok else timedelta(0)
            case checkpoint:
                self._hand_to_a_person(checkpoint, context)
                watch = replace(watch, out_of_time=FailureKind.CHECKPOINT_REQUIRED)
                patience, wait_from = min(patience, CHECKPOINT_TIME), utcnow()
        watcher = Watcher(watch, self.pacing(began + patience))
        outcome = self.take(watcher.steps(wait_from=wait_from), hook, self._sleep(watcher))
        if isinstance(outcome, Failure):
            self.give_up(outcome)
        return self._result(healthy=True)

    def returned(self, result: dict[str, Any]) -> dict[str, Any]:
        """
        Give the result.

        :param result: what the trigger told
        """
        return self._result(healthy=True)

    def _result(self, *, healthy: bool | None) -> dict[str, Any]:
        return {"account_id": self.account_id, "healthy": healthy}

    def _sleep(self, watcher: Watcher) -> Callable[[float], Any]:
        return (lambda _: self.hand_over(watcher)) if self.deferrable else time.sleep

    def _hand_to_a_person(self, checkpoint: Checkpoint, context: Context) -> None:
        from airflow_provider_postpress.resync.failure import Failure, FailureKind

        wanted = (
            f"To log account {self.account_id!r} in, its provider wants a person to do a step ({checkpoint.type[:60]})"
        )
        if self.on_checkpoint == "fail":
            message = (
                f"{wanted}. Log it in by hand in Postpress's dashboard, or use on_checkpoint='wait' with a "
                "checkpoint_callback that tells a person."
            )
            self.give_up(Failure(FailureKind.CHECKPOINT_REQUIRED, message))
        self.log.info("%s, within five minutes.", wanted)
        if self.checkpoint_callback is None:
            return
        if trouble := trouble_in(self.checkpoint_callback, {**context, "checkpoint": checkpoint}):
            message = f"{wanted}, but checkpoint_callback failed with {trouble}, so perhaps nobody was told."
            self.give_up(Failure(FailureKind.CHECKPOINT_REQUIRED, message))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """
        Go on after the triggerer.

        :param next_method: the method to go on with
        :param next_kwargs: its arguments
        :param context: the run
        """
        resume = super().resume_execution
        return self._never_retried(lambda: resume(next_method, next_kwargs, context))

    def give_up(self, failure: Failure) -> NoReturn:
        """
        Raise what a failure means for the task; a retry must not follow.

        :param failure: why there is no success
        """
        from airflow_provider_postpress.resync.reconnect import final

        super().give_up(final(self.account_id, failure))

    def _never_retried(self, work: Callable[[], T]) -> T:
        from airflow_provider_postpress.resync.failure import Failure, FailureKind

        try:
            return work()
        except (AirflowFailException, AirflowSkipException):
            raise
        except AirflowException as error:
            problem = str(error)
        except (Exception, AirflowTaskTimeout) as error:  # noqa: BLE001 - its text may repeat what was sent
            problem = f"{place_of(error)}."
        # raised out here, so that the error does not hang on it
        return self.give_up(Failure(FailureKind.UNAVAILABLE, problem))
