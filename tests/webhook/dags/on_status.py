"""DAGs that are scheduled on what the webhook tells."""

from __future__ import annotations

from airflow.sdk import DAG, Asset

from airflow_provider_postpress.assets import account_asset, account_status_asset, account_status_uri

ODD_IDS = ("../../acc", "acc/1?x=y#z", "Zoë 🦋", "%2e%2e")

for name, asset in {
    "status": account_status_asset("acc_1"),
    "repeats": account_status_asset("repeats"),
    "concurrent": account_status_asset("concurrent"),
    "forms": account_status_asset("forms"),
    "lenient": account_status_asset("lenient"),
    "registered": account_status_asset("registered"),
    "burst": account_status_asset("burst"),
    "synced_status": account_status_asset("synced"),
    "synced": account_asset("synced"),
    "named": Asset("the_accounts_health", uri=account_status_uri("named")),
    **{f"odd_{number}": account_status_asset(odd) for number, odd in enumerate(ODD_IDS)},
}.items():
    with DAG(name, schedule=[asset]):
        pass
