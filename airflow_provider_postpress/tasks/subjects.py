"""What is synced: an account, within a window, or a chat, whole."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_postpress.assets import account_uri, chat_uri
from airflow_provider_postpress.tasks.arguments import choice
from airflow_provider_postpress.tasks.base import utcnow
from airflow_provider_postpress.tasks.sync import SyncTask

if TYPE_CHECKING:
    from airflow.sdk import Context
    from pendulum import Duration

    from airflow_provider_postpress.hooks.settings import ConnectionSettings
    from airflow_provider_postpress.resync.failure import Failure
    from airflow_provider_postpress.resync.pacing import Pacing
    from airflow_provider_postpress.resync.request import SyncRequest
    from airflow_provider_postpress.resync.window import SyncWindow

    Window = str | timedelta | Duration | tuple[datetime | str, datetime | str]


class AccountTask(SyncTask):
    """The sync of an account; the parameters are told where they are public."""

    subject_field = "account_id"
    asset_uri = staticmethod(account_uri)
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

    def arguments(self) -> dict[str, Any]:
        """Give the arguments that make such a task, but those that every task has."""
        return {
            **super().arguments(),
            "account_id": self.account_id,
            "window": self.window,
            "overlap": self.overlap,
            "chunk_size": self.chunk_size,
            "partial": self.partial_resync,
            "linkedin_product": self.linkedin_product,
            "max_window": self.max_window,
            "if_unsupported": self.if_unsupported,
        }

    def window_to_sync(self, context: Context, *, moment: datetime) -> SyncWindow | None:
        """
        Find the window; ``None``: the whole history.

        :param context: the run
        :param moment: the time; a window does not reach beyond it
        """
        from airflow_provider_postpress.tasks.window import resolve_window

        return resolve_window(
            context, self.window, overlap=self.overlap, max_window=self.max_window, now=moment, log=self.log
        )

    def request_steps(
        self, settings: ConnectionSettings, window: SyncWindow | None, pacing: Pacing
    ) -> Generator[Any, Any, SyncRequest | Failure]:
        """
        Give the steps of looking at the account (without effects), and at last the request.

        :param settings: what the connection says
        :param window: the window
        :param pacing: how long to wait before a failed look at the account is repeated
        """
        from airflow_provider_postpress.api.endpoints import get_account
        from airflow_provider_postpress.api.models import LINKEDIN
        from airflow_provider_postpress.resync.failure import Failure
        from airflow_provider_postpress.resync.readiness import unready
        from airflow_provider_postpress.resync.request import account_request
        from airflow_provider_postpress.resync.steps import Say, read_steps

        account_id = cast("str", self.account_id)
        account = yield from read_steps(get_account(account_id), pacing, f"account {account_id!r}")
        if isinstance(account, Failure):
            return account
        if failure := unready(account):
            return failure
        if self.partial_resync is not None and account.type != LINKEDIN:
            yield Say(f"partial={self.partial_resync} is for LinkedIn only; left out for {account.type}.")
        return account_request(
            account_id,
            account,
            window,
            time_span=settings.time_span,
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

    @property
    def account_synced(self) -> str | None:
        """The account whose messages are synced."""
        return self.account_id

    def note_attempt(self, window: SyncWindow | None, context: Context, *, request: SyncRequest | None = None) -> None:
        """
        Push the window as an XCom: a task that fails emits no event, and this tells what it did not sync.

        :param window: the window
        :param context: the run
        :param request: what is sent next; ``None`` while nothing is, and nothing can be lost
        """
        from airflow_provider_postpress.coverage.evidence import ATTEMPT_KEY

        if not (self.do_xcom_push and self.emit_asset_events and self._is_id()):
            return
        attempt = {
            "account_id": self.account_id,
            "window": window and window.as_dict(),
            "product": self.linkedin_product or None,
            "partial": request and request.parameters.get("partial"),
            "sent": request is not None,
        }
        try:
            context["ti"].xcom_push(ATTEMPT_KEY, attempt)
        except Exception as error:  # noqa: BLE001 - the sync does not depend on it
            self.log.warning(
                "What is to be synced could not be told to Airflow: should it fail, no page can say. %s", error
            )

    def _is_id(self) -> bool:
        """Tell whether there can be such an account, not what a template made of one that is missing."""
        try:
            account_uri(cast("str", self.account_id))
        except ValueError:
            return False
        return True

    def note_end(self, told: Mapping[str, Any], context: Context) -> None:
        """
        Add what was synced to what Airflow keeps of the account.

        :param told: what the event tells
        :param context: the run
        """
        from airflow_provider_postpress.tasks.checkpoint import keep

        at = round(utcnow().timestamp() * 1000)
        keep(self.asset_uri(self.subject_id), context["dag"].dag_id, told, at, self.log)


class ChatTask(SyncTask):
    """The sync of a chat, always whole; the parameters are told where they are public."""

    subject_field = "chat_id"
    asset_uri = staticmethod(chat_uri)
    template_fields: Sequence[str] = ("chat_id",)

    def __init__(self, *, chat_id: str | None, if_deleted: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chat_id = chat_id
        self.if_deleted = choice("if_deleted", if_deleted, ("fail", "skip"))
        if self.if_deleted == "skip":
            self.skipped_failures |= {"chat_deleted"}

    def arguments(self) -> dict[str, Any]:
        """Give the arguments that make such a task, but those that every task has."""
        return {**super().arguments(), "chat_id": self.chat_id, "if_deleted": self.if_deleted}

    def window_to_sync(self, context: Context, *, moment: datetime) -> SyncWindow | None:
        """
        Give ``None``: a chat is synced whole.

        :param context: the run
        :param moment: the time
        """
        return None

    def request_steps(
        self, settings: ConnectionSettings, window: SyncWindow | None, pacing: Pacing
    ) -> Generator[Any, Any, SyncRequest | Failure]:
        """
        Give the request. A chat tells no account to look at, and takes no parameters.

        :param settings: what the connection says
        :param window: none
        :param pacing: how long to wait
        """
        from airflow_provider_postpress.resync.request import SyncRequest, Target

        yield from ()
        return SyncRequest(Target.CHAT, cast("str", self.chat_id))

    def span_of(self, request: SyncRequest, context: Context) -> str:
        """
        Tell that a chat is synced whole.

        :param request: what is asked for
        :param context: the run
        """
        return "from its beginning"
