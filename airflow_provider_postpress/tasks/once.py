"""Something that Airflow's retries must not repeat: remembered over the tries of a task, until it is cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import Context

_KEY = "postpress_login"


def note_sending(context: Context) -> None:
    """
    Remember that it is about to be sent; before Airflow 3.3 there is no place for it.

    :param context: the run
    """
    if store := context.get("task_state_store"):
        # a clear changes max_tries, and a retry does not: that tells what a person asked for from what nobody did
        store.set(_KEY, {"max_tries": context["ti"].max_tries})


def may_have_been_sent(context: Context, retries: int | None) -> bool:
    """
    Tell whether an earlier try may have sent it. Without a place to remember, each retry is taken for one that may.

    :param context: the run
    :param retries: how many retries the task has
    """
    ti = context.get("ti")
    if ti is None:
        return False
    if store := context.get("task_state_store"):
        return bool(store.get(_KEY) == {"max_tries": ti.max_tries})
    tries_before_the_last_clear = (ti.max_tries or 0) - (retries or 0)
    return bool(ti.try_number - tries_before_the_last_clear > 1)


def remembers(context: Context) -> bool:
    """
    Tell whether there is a place to remember: from Airflow 3.3 on.

    :param context: the run
    """
    return "task_state_store" in context


def forget_sending(context: Context) -> None:
    """
    Let a retry send it: it is certain that it did not arrive.

    :param context: the run
    """
    if store := context.get("task_state_store"):
        store.delete(_KEY)
