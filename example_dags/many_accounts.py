"""
Many accounts, each in a task of its own, from a list that is read when the DAG runs.

Use it when the accounts are all treated alike and come and go: the list is the Variable ``postpress_accounts``, as
``["acc_linkedin", "acc_telegram"]``, and the DAG need not be touched. An account that fails leaves the others alone;
one whose provider has no history sync is skipped.

An account must have one poller at a time. Mapped tasks share one pool, so it is ``max_active_runs=1`` that sees to it
here: no run of this DAG begins before the last one has ended. It does not hold back other DAGs, nor a backfill of this
one, which has its own limit. Where those sync the same accounts, see ``many_accounts_with_pools.py``.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Variable, task

from airflow_provider_postpress.operators.resync import PostpressResyncOperator

with DAG(
    "postpress_many_accounts",
    schedule="0 3 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=True,
    max_active_runs=1,
) as dag:

    @task
    def accounts() -> list[str]:
        """Read the list; an account that is on it twice must not get two pollers."""
        return sorted(set(Variable.get("postpress_accounts", deserialize_json=True)))

    PostpressResyncOperator.partial(
        task_id="resync",
        if_unsupported="skip",
        overlap=timedelta(days=3),
        deferrable=True,
        retries=3,
        retry_delay=timedelta(minutes=15),
    ).expand(account_id=accounts())
