"""What the conf of a run asks of its tasks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.tasks.window import CONF_KEY, resolve_window

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.resync.runners import Log
    from airflow_provider_postpress.resync.window import SyncWindow

ACCOUNT_KEY = "postpress_account_id"


def accounts_asked_for(context: Context) -> frozenset[str] | None:
    """
    Give the ids of the accounts that a run is for; ``None``: it is for whichever its tasks say.

    :param context: the run
    :raises PostpressInvalidRequest: the conf has something else there than an id or a list of ids
    """
    wanted = (context["dag_run"].conf or {}).get(ACCOUNT_KEY)
    if wanted is None:
        return None
    ids = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) and one.strip() for one in ids):
        raise PostpressInvalidRequest(
            f"The run's conf has {ACCOUNT_KEY}={wanted!r}. Allowed: the id of an account, or a list of ids."
        )
    return frozenset(ids)


def window_asked_for(context: Context, instead_of: str, *, now: datetime, log: Log) -> SyncWindow | None:
    """
    Give the window that a run is for; ``None``: it is for whichever its tasks say.

    :param context: the run
    :param instead_of: what a task says, for the log
    :param now: the present moment
    :param log: where to say what was changed
    :raises PostpressWindowError: the conf's window is not possible
    """
    if (context["dag_run"].conf or {}).get(CONF_KEY) is None:
        return None
    return resolve_window(context, instead_of, now=now, log=log)
