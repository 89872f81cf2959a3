"""What Postpress is sent and answers, typed: requests strictly, answers leniently."""

from __future__ import annotations

from airflow_provider_postpress.api.models import account_variants as _variants  # noqa: F401 - it makes them known
from airflow_provider_postpress.api.models.accounts import LINKEDIN, SYNCED_TYPES, Account, AccountPage, Source
from airflow_provider_postpress.api.models.base import PostpressModel
from airflow_provider_postpress.api.models.credentials import Credentials, read_credentials
from airflow_provider_postpress.api.models.reconnect import Checkpoint, ReconnectAnswer
from airflow_provider_postpress.api.models.sync import SyncAnswer

__all__ = [
    "LINKEDIN",
    "SYNCED_TYPES",
    "Account",
    "AccountPage",
    "Checkpoint",
    "Credentials",
    "PostpressModel",
    "ReconnectAnswer",
    "Source",
    "SyncAnswer",
    "read_credentials",
]
