"""
What is missing of the last 90 days is found once a week, and filled.

Use it beside the DAGs that sync the accounts, which need not be touched: nights that failed for good, nights in which
Airflow stood still, months before an account was first synced. The windows that no sync has covered are found in what
Airflow knows of all its DAGs (see "Coverage" in the README), and are synced one after the other, the oldest first. The
last two days are left to the DAGs whose they are.

A gap is filled in pieces of a week, of each account no more than five in a run, so that a new account does not keep
Postpress busy for a whole night: the next run goes on with the rest. Where nothing is missing, nothing is done. A run
that is started by hand with ``{"postpress_account_id": "acc_linkedin"}`` as its conf is about that account alone; it
fails where that is not among the accounts found here, such as one that is not healthy.

An account must have one poller at a time: ``max_active_runs=1`` and ``max_active_tis_per_dag=1`` see to it within this
DAG, but before Airflow 3.2 only without ``deferrable=True``. Where other DAGs may be syncing meanwhile, see
``many_accounts_with_pools.py``.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG

from airflow_provider_postpress.operators.account import PostpressListAccountsOperator
from airflow_provider_postpress.operators.coverage import PostpressCoverageOperator
from airflow_provider_postpress.operators.resync import PostpressResyncOperator

with DAG(
    "postpress_fill_gaps",
    schedule="0 8 * * 6",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    tags=["postpress"],
    default_args={"retries": 3, "retry_delay": timedelta(minutes=15)},
) as dag:
    accounts = PostpressListAccountsOperator(task_id="accounts", types=["LINKEDIN", "TELEGRAM"], healthy=True)
    gaps = PostpressCoverageOperator(
        task_id="gaps",
        accounts=accounts.output,
        start=timedelta(days=90),
        end=timedelta(days=2),
        max_window=timedelta(days=7),
        max_windows=5,
    )
    PostpressResyncOperator.partial(
        task_id="fill",
        if_unsupported="skip",
        deferrable=True,
        max_active_tis_per_dag=1,
        map_index_template="{{ task.account_id }} since {{ task.window['start'][:10] }}",
    ).expand_kwargs(gaps.output)
