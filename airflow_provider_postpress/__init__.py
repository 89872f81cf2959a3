"""Apache Airflow provider for Postpress: message history kept in sync and backfilled by date windows."""

from __future__ import annotations

__version__ = "0.1.0"


def get_provider_info() -> dict[str, object]:
    """Tell Airflow what this package provides (entry point ``apache_airflow_provider``)."""
    return {
        "package-name": "airflow-provider-postpress",
        "name": "Postpress",
        "description": "Keeps message history in `Postpress <https://postpress.ai/>`__ in sync and backfills it.",
    }
