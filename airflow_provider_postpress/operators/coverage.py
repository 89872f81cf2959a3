"""An operator that finds what is missing of the message history of accounts, for others to fill."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.assets import account_uri
from airflow_provider_postpress.tasks.arguments import count, items, seconds
from airflow_provider_postpress.tasks.base import NamedTask, utcnow
from airflow_provider_postpress.tasks.coverage import known_history, read_product, read_span

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.coverage.evidence import Product
    from airflow_provider_postpress.resync.window import SyncWindow
    from airflow_provider_postpress.tasks.coverage import Moment

NOW = timedelta(0)
_TOLD = 10
"""So many accounts are told in words."""


class PostpressCoverageOperator(NamedTask):
    """
    Find the windows of message history that no sync has covered, of one account or of many.

    It returns (XCom) a list, oldest window first, that a task can be mapped over as it is; an empty one skips that
    task::

        gaps = PostpressCoverageOperator(task_id="gaps", account_id="acc_linkedin", start=timedelta(days=90))
        PostpressResyncOperator.partial(task_id="fill").expand_kwargs(gaps.output)

    It asks only Airflow, so it needs no connection to Postpress: the events of the accounts' assets, and what Airflow
    3.3 keeps of them beside those. All of an account of which Airflow knows nothing is missing. What is not synced yet
    because it is too new is missing as well: ``end=timedelta(days=1)`` leaves the last day to the DAG whose it is.

    Airflow maps a task over no more than ``[core] max_map_length`` (1024) windows: ``max_windows`` keeps it below.

    In a run whose conf has ``postpress_account_id``, an id or a list of ids, other accounts are left out. One that is
    asked for and not among the accounts is told in the log; if none of them is, the task fails, unless it is mapped or
    the DAG has others like it, which may look at that account. In one whose
    conf has a ``postpress_window``, that is the window of each account, as it is and unseen, and in one piece.

    :param account_id: Postpress's id of the account (templated)
    :param accounts: in place of ``account_id`` (templated): a list of ids, or what ``PostpressListAccountsOperator``
        returns, in any of its forms
    :param start: where to look from (templated): an aware ``datetime``, an ISO 8601 string (without an offset, in the
        DAG's timezone) or a ``timedelta``, that long before now
    :param end: where to look to (templated), given alike: now when not given, and cut to now
    :param linkedin_product: what is missing of ``classic``, ``recruiter`` or ``sales_navigator``, and for the task that
        fills it (templated); of all when ``None``
    :param max_window: the longest window, ``timedelta`` or seconds: a gap that is longer is cut, from its start on. Of
        no effect on a window of the run's conf
    :param max_windows: the most windows of one account, its oldest; all when ``None``
    :raises PostpressWindowError: the start or the end, or the window of the run's conf, is not possible
    :raises PostpressRequestRefused: an id or the product is not allowed, or the run asks for other accounts alone
    """

    subject_field = "account_id"
    template_fields: Sequence[str] = ("account_id", "accounts", "start", "end", "linkedin_product")

    def __init__(
        self,
        *,
        account_id: str | None = None,
        accounts: Any = None,
        start: Moment,
        end: Moment = NOW,
        linkedin_product: str | None = None,
        max_window: timedelta | float | None = None,
        max_windows: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.account_id = account_id
        self.accounts = accounts
        self.start = start
        self.end = end
        self.linkedin_product = linkedin_product
        self.max_window = None if max_window is None else seconds("max_window", max_window)
        self.max_windows = None if max_windows is None else count("max_windows", max_windows)
        if (account_id is None) == (accounts is None):
            raise ValueError("Give PostpressCoverageOperator either account_id or accounts; not both, not neither.")

    @property
    def subject_id(self) -> Any:
        """The account, or the accounts."""
        return self.accounts if self.account_id is None else self.account_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """
        Find what is missing.

        :param context: the run
        """
        from airflow_provider_postpress.tasks.run_conf import accounts_asked_for, window_asked_for

        now = utcnow()
        with self.reading_arguments():
            ids = self._ids()
            wanted = accounts_asked_for(context)
            if wanted is not None:
                ids = self._asked_for(wanted, ids, context)
            product = read_product(self.linkedin_product)
        window = window_asked_for(context, "what is missing", now=now, log=self.log)
        if window is None:
            span = read_span(self.start, self.end, context, now=now)
            self.log.info("Looking for what is missing of %d accounts in %s.", len(ids), span)
            found = [(missing, one) for one in ids for missing in self._missing(one, span, product, context)]
        else:
            found = [(window, one) for one in ids]
        # of all accounts, not only of each, the oldest first
        found.sort(key=lambda missing: missing[0].start)
        return [_kwargs(one, missing, product) for missing, one in found]

    def _ids(self) -> list[str]:
        """Give the ids, each once, that a URI can hold."""
        given = [self.account_id] if self.accounts is None else items(self.accounts)
        ids = list(dict.fromkeys(map(_id_of, given)))
        for one in ids:
            account_uri(one)
        return ids

    def _asked_for(self, wanted: frozenset[str], ids: list[str], context: Context) -> list[str]:
        """Give the ids that the run is for. To find nothing missing of none of them would say that all is well."""
        from airflow_provider_postpress.tasks.run_conf import ACCOUNT_KEY

        found = [one for one in ids if one in wanted]
        if not found and self._is_the_only_one(context):
            more = f" and {len(ids) - _TOLD} more" if len(ids) > _TOLD else ""
            looked_at = f"{', '.join(map(repr, ids[:_TOLD]))}{more}" if ids else "none"
            raise ValueError(
                f"The run's conf asks for {ACCOUNT_KEY}={', '.join(sorted(wanted))}, which is not among the accounts "
                f"that task {self.task_id!r} looks at: {looked_at}. Add it to them, or start a DAG that looks at it."
            )
        for stranger in sorted(wanted.difference(ids)):
            self.log.warning(
                "The run's conf asks for account %r, which is not among the accounts of this task: what is missing of "
                "it is not looked for here.",
                stranger,
            )
        return found

    def _is_the_only_one(self, context: Context) -> bool:
        """Tell whether no other task like this, nor another of it where it is mapped, may look at other accounts."""
        like_this = [task for task in context["dag"].tasks if task.task_type == self.task_type]
        return len(like_this) == 1 and context["ti"].map_index in (None, -1)

    def _missing(self, account_id: str, span: SyncWindow, product: Product, context: Context) -> list[SyncWindow]:
        from airflow_provider_postpress.coverage.gaps import windows_to_fill

        history = known_history(account_id, context, after=span.start)
        longest = None if self.max_window is None else timedelta(seconds=self.max_window)
        missing = windows_to_fill(history, span, product=product, max_window=longest, max_windows=self.max_windows)
        if missing:
            self.log.info("Account %r: %s.", account_id, "; ".join(map(str, missing)))
        return missing


def _id_of(given: Any) -> str:
    match given:
        case str(account_id) | {"account_id": str(account_id)} | {"object": "Account", "id": str(account_id)}:
            return account_id
    raise ValueError(
        f"{str(given)[:200]!r} is no account. Allowed: an id, {{'account_id': id}}, or an account as "
        "PostpressListAccountsOperator returns it."
    )


def _kwargs(account_id: str, missing: SyncWindow, product: Product) -> dict[str, Any]:
    kwargs = {"account_id": account_id, "window": missing.as_dict()}
    return {**kwargs, "linkedin_product": product} if product else kwargs
