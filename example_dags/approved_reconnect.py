"""
An account that lost its login, told of once, and logged in again when a person approves.

Use it where nobody may log in without being asked. Postpress's webhook tells Airflow of the lost login (see "Events" in
the README). The first word of an outage mails the people on call, with the link to an approval in Airflow's UI, and
waits for it; further words of the same outage do nothing, since the run that asks is named after the outage. Approved,
the account is logged in, once, with the credentials of a connection. Rejected, or not answered in eight hours, nothing
is done. Then ``self_heal.py`` syncs what was missed.

Words may come late: before it asks, and before it logs in, the DAG looks whether the account is healthy by now.

Approvals are Airflow's human-in-the-loop operators; the mail needs the connection ``smtp_default``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import AirflowSkipException
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, task

from airflow_provider_postpress.assets import account_status_asset
from airflow_provider_postpress.operators.account import PostpressReconnectAccountOperator

ACCOUNT_ID = "acc_linkedin"
STATUS = account_status_asset(ACCOUNT_ID)
LOST_LOGIN = {"CREDENTIALS", "PERMISSIONS"}
ON_CALL = "on-call@example.com"


def needs_login() -> bool:
    """Ask Postpress itself whether the account has lost its login."""
    from airflow_provider_postpress.api.errors import PostpressAPIError
    from airflow_provider_postpress.hooks.postpress import PostpressHook
    from airflow_provider_postpress.resync.failure import RECONNECT_TYPES

    with PostpressHook() as hook:
        try:
            account = hook.get_account(ACCOUNT_ID)
        except PostpressAPIError as error:
            if error.type in RECONNECT_TYPES:
                return True
            raise
    return any(source.status in LOST_LOGIN for source in account.sources)


with DAG(
    "postpress_lost_login",
    schedule=[STATUS],
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
) as words:

    @task(inlets=[STATUS], retries=3)
    def outage(*, inlet_events: Any) -> str:
        """Give the run that is to ask about the outage: one, whichever word of it is read, and however often."""
        from airflow_provider_postpress.coverage.outage import went_away

        first = went_away(inlet_events[STATUS])
        if first is None or not needs_login():
            raise AirflowSkipException("The account has not lost its login, or is back.")
        return f"outage_{first.at.isoformat()}"

    TriggerDagRunOperator(
        task_id="ask",
        trigger_dag_id="postpress_approved_reconnect",
        trigger_run_id=outage(),
        skip_when_already_exists=True,
    )

with DAG("postpress_approved_reconnect", schedule=None) as dag:

    @task.short_circuit(retries=3)
    def still_lost() -> bool:
        """Go on unless the account is back: somebody may have logged it in while the approval was waited for."""
        return needs_login()

    approval = ApprovalOperator(
        task_id="approval",
        subject=f"Log {ACCOUNT_ID} in again?",
        body=f"Postpress has lost the login of {ACCOUNT_ID}: nothing new reaches it.",
        response_timeout=timedelta(hours=8),
        notifiers=[
            SmtpNotifier(
                to=ON_CALL,
                subject=f"{ACCOUNT_ID} has lost its login",
                html_content=(
                    '<a href="{{ task.generate_link_to_ui(task_instance=ti) | e }}">Shall it be logged in again?</a>'
                ),
            )
        ],
    )
    reconnect = PostpressReconnectAccountOperator(
        task_id="reconnect",
        account_id=ACCOUNT_ID,
        credentials_conn_id="linkedin_login",
        deferrable=True,
    )
    approval >> still_lost() >> reconnect
