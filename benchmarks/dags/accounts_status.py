"""A DAG that is scheduled on the status of ``ACCOUNTS`` accounts."""

from __future__ import annotations

import os

from airflow.sdk import DAG, AssetAny

from airflow_provider_postpress.assets import account_status_asset

accounts = [account_status_asset(f"acc_{number}") for number in range(int(os.environ["ACCOUNTS"]))]

with DAG("on_status", schedule=AssetAny(*accounts)):
    pass
