"""Accounts read and logged in, well and badly; each task's account, and its credentials, are named as the task is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, BaseNotifier

from airflow_provider_postpress.operators.account import (
    PostpressGetAccountOperator,
    PostpressListAccountsOperator,
    PostpressReconnectAccountOperator,
)
from airflow_provider_postpress.sensors.account import PostpressAccountSensor


class Unreachable(BaseNotifier):
    """A notifier that fails, and repeats what it was to tell."""

    template_fields = ("text",)

    def __init__(self) -> None:
        super().__init__()
        self.text = "{{ checkpoint.qrcode }}"

    def notify(self, context: Any) -> None:
        raise ConnectionError(f"Nobody was told {self.text}")


def fail(context: Any) -> None:
    """Fail, and repeat in an exception and in its cause what was to be told."""
    try:
        int(context["checkpoint"].qrcode)
    except ValueError as error:
        raise RuntimeError(f"{context['checkpoint'].qrcode} is not a number") from error


def login(name: str, **arguments: Any) -> None:
    PostpressReconnectAccountOperator(
        task_id=name, account_id=name, credentials_conn_id=name, deferrable=True, **arguments
    )


with DAG(
    "logins",
    schedule=None,
    # no sooner: a task that resumes before its worker's end was noticed is failed by Airflow (apache/airflow#72716)
    default_args={"retries": 1, "retry_delay": timedelta(seconds=1)},
) as logins:
    for name in ("linkedin", "linkedin_wrong", "linkedin_misspelt", "messenger", "mail", "gmail", "outlook"):
        login(name, poll_interval=1, max_poll_interval=1)
    for name in ("telegram", "whatsapp"):
        login(name, poll_interval=1, max_poll_interval=1, on_checkpoint="wait")
    login("telegram_fail", on_checkpoint="fail")
    login("telegram_callable", on_checkpoint="wait", checkpoint_callback=fail)
    login("telegram_notifier", on_checkpoint="wait", checkpoint_callback=Unreachable())
    PostpressGetAccountOperator(task_id="get", account_id="with_proxy")
    PostpressListAccountsOperator(task_id="list", returns="accounts")
    PostpressAccountSensor(task_id="sensor", account_id="with_proxy", deferrable=True, poke_interval=1, timeout=60)
