"""
Many accounts, each with a pool of one slot, so that whatever syncs an account waits for its turn.

Use it when several DAGs sync the same accounts, or when a DAG is backfilled while its schedule goes on: every task that
names the account's pool, in any DAG of this Airflow, takes turns. The pool must count deferred tasks, or a task leaves
its slot as soon as it waits in the triggerer. Create one for each account::

    airflow pools set --include-deferred postpress_acc_linkedin 1 "One poller of acc_linkedin"
    airflow pools set --include-deferred postpress_acc_telegram 1 "One poller of acc_telegram"

Mapped tasks cannot have a pool each (Airflow leaves them all in the default one), so here the accounts are listed in
the file, and each has a task of its own.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG

from airflow_provider_postpress.operators.resync import PostpressResyncOperator

ACCOUNTS = ("acc_linkedin", "acc_telegram")

with DAG(
    "postpress_many_accounts_with_pools",
    schedule="0 4 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=True,
) as dag:
    for account_id in ACCOUNTS:
        PostpressResyncOperator(
            task_id=f"resync_{account_id}",
            account_id=account_id,
            pool=f"postpress_{account_id}",
            overlap=timedelta(days=3),
            deferrable=True,
            retries=3,
            retry_delay=timedelta(minutes=15),
        )
