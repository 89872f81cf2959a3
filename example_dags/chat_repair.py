"""
Chats from a list, each synced anew from its beginning.

Use it when single conversations are known to have holes: paste their ids into the trigger form. Each chat is a task of
its own, named by its id, so those that fail can be seen, and cleared, alone; the run fails if any of them does. A chat
that no longer exists at its provider is skipped. They are synced four at a time, for the account's sake.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param, task

from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator

with DAG(
    "postpress_chat_repair",
    schedule=None,
    params={"chat_ids": Param(type="array", items={"type": "string"}, minItems=1)},
    max_active_runs=1,
) as dag:

    @task
    def chats(params: dict[str, Any]) -> list[str]:
        """Take each chat once: two tasks on one chat would read each other's answers."""
        return sorted(set(params["chat_ids"]))

    PostpressChatResyncOperator.partial(
        task_id="resync",
        if_deleted="skip",
        deferrable=False,
        max_active_tis_per_dagrun=4,
        retries=2,
        retry_delay=timedelta(minutes=5),
    ).expand(chat_id=chats())
