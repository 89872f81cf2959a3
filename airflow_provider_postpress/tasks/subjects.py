"""What is synced: an account, within a window, or a chat, whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.tasks.arguments import choice
from airflow_provider_postpress.tasks.base import PostpressTask, utcnow

if TYPE_CHECKING:
    from airflow.sdk import Context
    from pendulum import Duration

    from airflow_provider_postpress.api.models import Account
    from airflow_provider_postpress.hooks.postpress import PostpressHook
    from airflow_provider_postpress.resync.request import SyncRequest

    Window = str | timedelta | Duration | tuple[datetime | str, datetime | str]


class AccountTask(PostpressTask):
    """
    The sync of an account.

    :param account_id: Postpress's id of the account (templated)
    :param window: the span of message time to sync (templated): ``"data_interval"``, the run's (the default); a
        ``timedelta`` or ``pendulum.Duration``, that long until the end of the run's interval; ``(start, end)``, each a
        ``datetime`` or a string; ``"full"``, the whole history. See :func:`.resolve_window`
    :param overlap: how much earlier the window starts, for late arrivals; ``timedelta`` or seconds
    :param chunk_size: chats per chunk, at least 1 (templated); Postpress's own way when ``None``
    :param partial: LinkedIn only: keep what is already synced (``None`` means ``True``); dropped for other providers
    :param linkedin_product: LinkedIn only: ``classic``, ``recruiter`` or ``sales_navigator`` (templated); all that are
        connected when ``None``
    :param max_window: refuse a window that is longer; ``timedelta`` or seconds
    :param if_unsupported: ``"fail"`` or ``"skip"`` when the account's provider has no history sync
    """

    subject_field = "account_id"
    template_fields: Sequence[str] = ("account_id", "window", "linkedin_product", "chunk_size")

    def __init__(
        self,
        *,
        account_id: str | None,
        window: Window = "data_interval",
        overlap: timedelta | float | None = None,
        chunk_size: int | str | None = None,
        partial: bool | None = None,
        linkedin_product: str | None = None,
        max_window: timedelta | float | None = None,
        if_unsupported: str = "fail",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.account_id = account_id
        self.window = window
        self.overlap = overlap
        self.chunk_size = chunk_size
        self.partial_resync = partial
        self.linkedin_product = linkedin_product
        self.max_window = max_window
        self.if_unsupported = choice("if_unsupported", if_unsupported, ("fail", "skip"))
        if self.if_unsupported == "skip":
            self.skipped_failures |= {"unsupported"}

    def sync_request(
        self, hook: PostpressHook, context: Context, *, sleep: Callable[[float], Any] = time.sleep
    ) -> SyncRequest:
        """
        Find the window, then look at the account (without effects), then build the request.

        :param hook: the connection
        :param context: the run
        :param sleep: lets seconds pass before a failed look at the account is repeated
        """
        from airflow_provider_postpress.resync.readiness import unready
        from airflow_provider_postpress.resync.request import account_request
        from airflow_provider_postpress.tasks.window import resolve_window

        window = resolve_window(
            context, self.window, overlap=self.overlap, max_window=self.max_window, now=utcnow(), log=self.log
        )
        account = self._read_account(hook, sleep)
        if failure := unready(account):
            self.give_up(failure)
        request = account_request(
            self.account_id or "",
            account,
            window,
            time_span=hook.settings.time_span,
            chunk_size=self.chunk_size,
            partial=self.partial_resync,
            linkedin_product=self.linkedin_product,
        )
        if self.partial_resync is not None and "partial" not in request.parameters:
            self.log.info("partial=%s is for LinkedIn only; left out for %s.", self.partial_resync, account.type)
        span = window.describe(context["dag"].timezone) if window else "the whole history"
        self.log.info(
            "Syncing %s (%s, %r): %s. Sent: %s", request, account.type, account.name, span, request.parameters
        )
        return request

    def _read_account(self, hook: PostpressHook, sleep: Callable[[float], Any]) -> Account:
        from airflow_provider_postpress.api.endpoints import get_account
        from airflow_provider_postpress.resync.driver import read_steps
        from airflow_provider_postpress.resync.failure import Failure
        from airflow_provider_postpress.resync.runners import run, say_to

        outcome = run(
            read_steps(
                get_account(self.account_id or ""),
                self.pacing(),
                f"account {self.account_id!r}",
            ),
            send=hook.get_conn().send,
            sleep=sleep,
            say=say_to(self.log),
            now=utcnow,
        )
        if isinstance(outcome, Failure):
            self.give_up(outcome)
        return outcome


class ChatTask(PostpressTask):
    """
    The sync of a chat, always whole.

    :param chat_id: Postpress's id of the chat (templated)
    :param if_deleted: ``"fail"`` or ``"skip"`` when the chat no longer exists at its provider
    """

    subject_field = "chat_id"
    template_fields: Sequence[str] = ("chat_id",)

    def __init__(self, *, chat_id: str | None, if_deleted: str = "fail", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chat_id = chat_id
        self.if_deleted = choice("if_deleted", if_deleted, ("fail", "skip"))
        if self.if_deleted == "skip":
            self.skipped_failures |= {"chat_deleted"}

    def sync_request(
        self, hook: PostpressHook, context: Context, *, sleep: Callable[[float], Any] = time.sleep
    ) -> SyncRequest:
        """
        Build the request. A chat tells no account to look at, and takes no parameters.

        :param hook: the connection
        :param context: the run
        :param sleep: lets seconds pass
        """
        from airflow_provider_postpress.resync.request import SyncRequest, Target

        request = SyncRequest(Target.CHAT, self.chat_id or "")
        self.log.info("Syncing %s from its beginning.", request)
        return request
