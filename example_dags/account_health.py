"""
An account whose login is looked after: watched, told of by mail, and logged in again once.

Use it for each account that syncs depend on, in a copy of its own. A run ends well where the account is healthy, or is
so again after one login; whatever fails is mailed. Credentials and the way to the mail server are connections::

    airflow connections add linkedin_login --conn-type generic \
        --conn-login anna@example.com --conn-password s3cr3t --conn-extra '{"provider": "LINKEDIN"}'
    airflow connections add smtp_default --conn-type smtp --conn-host smtp.example.com --conn-port 587 \
        --conn-login airflow --conn-password s3cr3t \
        --conn-extra '{"disable_ssl": true, "from_email": "airflow@example.com"}'

Repeated logins are what providers look for, so there are few. Only an account that has lost its login is logged in: not
one that is slow, and not because Postpress is down. A run does it once at most, and its retries do not repeat it. After
two failed runs in a row Airflow pauses the DAG, until somebody has corrected the credentials and unpauses it.

Telegram, WhatsApp, and at times the others, want a person to do a step within five minutes. That person gets a mail,
with the QR code in a picture (this needs the extra ``qr``): so the DAG runs when somebody is there to read it.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pendulum
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import DAG, Context, task

from airflow_provider_postpress.operators.account import PostpressReconnectAccountOperator
from airflow_provider_postpress.sensors.account import PostpressAccountSensor

ON_CALL = "on-call@example.com"
ACCOUNT_ID = "{{ params.account_id }}"
LOST_LOGIN = {"CREDENTIALS", "PERMISSIONS"}


def ask_a_person(context: Context) -> None:
    """Mail what a person has to do. Whoever reads this mail can log in: send it to nobody else."""
    from airflow_provider_postpress.qr import png

    with TemporaryDirectory() as folder:
        pictures = []
        if context["checkpoint"].qrcode:
            picture = Path(folder, "qrcode.png")
            picture.write_bytes(png(context["checkpoint"].qrcode))
            pictures.append(str(picture))
        mail = SmtpNotifier(
            to=ON_CALL,
            subject="{{ params.account_id }} must be logged in within five minutes ({{ checkpoint.type }})",
            html_content="{{ checkpoint.code or 'Scan the QR code, if there is one, or look into the app.' }}",
            files=pictures,
        )
        mail(context)


with DAG(
    "postpress_account_health",
    schedule="0 9,13,17 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    max_consecutive_failed_dag_runs=2,
    params={"account_id": "acc_linkedin", "credentials_conn_id": "linkedin_login"},
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "on_failure_callback": SmtpNotifier(
            to=ON_CALL,
            subject="{{ params.account_id }}: {{ ti.task_id }} failed",
            html_content="{{ exception | default('Its log tells why.') | e }}",  # 3.1 does not know the exception
        ),
    },
) as dag:
    healthy = PostpressAccountSensor(
        task_id="healthy",
        account_id=ACCOUNT_ID,
        deferrable=True,
        poke_interval=timedelta(minutes=2),
        timeout=timedelta(hours=1),
    )

    @task(trigger_rule="all_failed")
    def lost_login(account_id: str) -> None:
        """Let nothing but a lost login be followed by a login."""
        from airflow_provider_postpress.api.errors import PostpressAPIError
        from airflow_provider_postpress.hooks.postpress import PostpressHook
        from airflow_provider_postpress.resync.failure import RECONNECT_TYPES

        with PostpressHook() as hook:
            try:
                account = hook.get_account(account_id)
            except PostpressAPIError as error:
                if error.type in RECONNECT_TYPES:
                    return
                raise
        if not any(source.status in LOST_LOGIN for source in account.sources):
            raise AirflowFailException(f"A login would not mend it: {account.trouble() or 'it is healthy by now'}.")

    reconnect = PostpressReconnectAccountOperator(
        task_id="reconnect",
        account_id=ACCOUNT_ID,
        credentials_conn_id="{{ params.credentials_conn_id }}",
        on_checkpoint="wait",
        checkpoint_callback=ask_a_person,
        deferrable=True,
        on_success_callback=SmtpNotifier(
            to=ON_CALL, subject="{{ params.account_id }} is healthy again", html_content="It was logged in."
        ),
    )
    healthy >> lost_login(ACCOUNT_ID) >> reconnect
