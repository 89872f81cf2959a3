"""What is synced: an account, within a window, or a chat, whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_postpress.tasks.arguments import choice
from airflow_provider_postpress.tasks.base import PostpressTask

if TYPE_CHECKING:
    from airflow.sdk import Context
    from pendulum import Duration

    from airflow_provider_postpress.hooks.postpress import PostpressHook
    from airflow_provider_postpress.resync.pacing import Pacing
    from airflow_provider_postpress.resync.request import SyncRequest

    Window = str | timedelta | Duration | tuple[datetime | str, datetime | str]


class AccountTask(PostpressTask):
    """The sync of an account; the parameters are told where they are public."""

    subject_field = "account_id"
    template_fields: Sequence[str] = ("account_id", "window", "linkedin_product", "chunk_size")

    def __init__(
        self,
        *,
        account_id: str | None,
        window: Window,
        overlap: timedelta | float | None,
        chunk_size: int | str | None,
        partial: bool | None,
        linkedin_product: str | None,
        max_window: timedelta | float | None,
        if_unsupported: str,
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
        self, hook: PostpressHook, context: Context, *, moment: datetime, pacing: Pacing, sleep: Callable[[float], Any]
    ) -> SyncRequest:
        """
        Find the window, then look at the account (without effects), then build the request.

        :param hook: the connection
        :param context: the run
        :param moment: the time; a window does not reach beyond it
        :param pacing: how long to wait before a failed look at the account is repeated
        :param sleep: lets seconds pass
        """
        from airflow_provider_postpress.api.endpoints import get_account
        from airflow_provider_postpress.api.models import LINKEDIN
        from airflow_provider_postpress.resync.driver import read_steps
        from airflow_provider_postpress.resync.failure import Failure
        from airflow_provider_postpress.resync.readiness import unready
        from airflow_provider_postpress.resync.request import account_request
        from airflow_provider_postpress.tasks.window import resolve_window

        account_id = cast("str", self.account_id)
        window = resolve_window(
            context, self.window, overlap=self.overlap, max_window=self.max_window, now=moment, log=self.log
        )
        account = self.take(read_steps(get_account(account_id), pacing, f"account {account_id!r}"), hook, sleep)
        if isinstance(account, Failure):
            self.give_up(account)
        if failure := unready(account):
            self.give_up(failure)
        if self.partial_resync is not None and account.type != LINKEDIN:
            self.log.info("partial=%s is for LinkedIn only; left out for %s.", self.partial_resync, account.type)
        return account_request(
            account_id,
            account,
            window,
            time_span=hook.settings.time_span,
            chunk_size=self.chunk_size,
            partial=self.partial_resync,
            linkedin_product=self.linkedin_product,
        )

    def span_of(self, request: SyncRequest, context: Context) -> str:
        """
        Tell the window, in the DAG's timezone and UTC.

        :param request: what is asked for
        :param context: the run
        """
        return request.window.describe(context["dag"].timezone) if request.window else "the whole history"


class ChatTask(PostpressTask):
    """The sync of a chat, always whole; the parameters are told where they are public."""

    subject_field = "chat_id"
    template_fields: Sequence[str] = ("chat_id",)

    def __init__(self, *, chat_id: str | None, if_deleted: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chat_id = chat_id
        self.if_deleted = choice("if_deleted", if_deleted, ("fail", "skip"))
        if self.if_deleted == "skip":
            self.skipped_failures |= {"chat_deleted"}

    def sync_request(
        self, hook: PostpressHook, context: Context, *, moment: datetime, pacing: Pacing, sleep: Callable[[float], Any]
    ) -> SyncRequest:
        """
        Build the request. A chat tells no account to look at, and takes no parameters.

        :param hook: the connection
        :param context: the run
        :param moment: the time
        :param pacing: how long to wait
        :param sleep: lets seconds pass
        """
        from airflow_provider_postpress.resync.request import SyncRequest, Target

        return SyncRequest(Target.CHAT, cast("str", self.chat_id))

    def span_of(self, request: SyncRequest, context: Context) -> str:
        """
        Tell that a chat is synced whole.

        :param request: what is asked for
        :param context: the run
        """
        return "from its beginning"
