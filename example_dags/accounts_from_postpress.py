"""
Every account that Postpress has and can sync, each in a task of its own, without a list to keep.

Use it when accounts are linked in Postpress's dashboard by people who do not write DAGs: the accounts are found when
the DAG runs, a new one is synced from its next run on, and the DAG need not be touched. Where none is found, the syncs
are skipped.

Only healthy accounts are synced. One that has lost its login is left out, and its night is not made up for: so
``overlap`` is as long as it may take until it is reconnected, which ``account_health.py`` sees to.

An account must have one poller at a time: Postpress lists each account once, and ``max_active_runs=1`` keeps the runs
of this DAG apart. It does not hold back other DAGs, nor a backfill of this one; see ``many_accounts_with_pools.py``.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG

from airflow_provider_postpress.operators.account import PostpressListAccountsOperator
from airflow_provider_postpress.operators.resync import PostpressResyncOperator

with DAG(
    "postpress_accounts_from_postpress",
    schedule="0 1 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=True,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=15)},
) as dag:
    accounts = PostpressListAccountsOperator(task_id="accounts", types=["LINKEDIN", "TELEGRAM"], healthy=True)
    PostpressResyncOperator.partial(
        task_id="resync",
        if_unsupported="skip",
        overlap=timedelta(days=7),
        deferrable=True,
    ).expand(account_id=accounts.output)
