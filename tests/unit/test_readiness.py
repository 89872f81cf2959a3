from __future__ import annotations

import pytest

from airflow_provider_postpress.api.models import Account
from airflow_provider_postpress.resync.failure import FailureKind
from airflow_provider_postpress.resync.readiness import unready


def account(*statuses: str, provider: str = "LINKEDIN") -> Account:
    sources = [{"id": f"source-{number}", "status": status} for number, status in enumerate(statuses)]
    return Account.model_validate(
        {"object": "Account", "type": provider, "id": "acc", "name": "Anna", "sources": sources}
    )


@pytest.mark.parametrize("provider", ["LINKEDIN", "TELEGRAM"])
@pytest.mark.parametrize("statuses", [(), ("OK",), ("OK", "CONNECTING"), ("HIBERNATING",)])
def test_an_account_that_runs_or_comes_up_can_be_synced(provider: str, statuses: tuple[str, ...]):
    assert unready(account(*statuses, provider=provider)) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("CREDENTIALS", FailureKind.RECONNECT_REQUIRED),
        ("PERMISSIONS", FailureKind.RECONNECT_REQUIRED),
        ("STOPPED", FailureKind.ACCOUNT_NOT_READY),
        ("ERROR", FailureKind.ACCOUNT_NOT_READY),
    ],
)
def test_one_troubled_source_is_enough_and_is_named(status: str, kind: FailureKind):
    failure = unready(account("OK", status))

    assert failure is not None
    assert failure.kind is kind
    assert f"source-1: {status}" in failure.message
    assert "source-0" not in failure.message


def test_a_lost_login_outweighs_an_error():
    failure = unready(account("ERROR", "CREDENTIALS"))

    assert failure is not None
    assert failure.kind is FailureKind.RECONNECT_REQUIRED


@pytest.mark.parametrize("provider", ["WHATSAPP", "INSTAGRAM", "MAIL", "SOMETHING_NEW"])
def test_a_provider_without_history_sync_is_named(provider: str):
    failure = unready(account("CREDENTIALS", provider=provider))

    assert failure is not None
    assert failure.kind is FailureKind.UNSUPPORTED
    assert provider in failure.message
