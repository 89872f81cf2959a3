"""Apache Airflow provider for Postpress: message history kept in sync and backfilled by date windows."""

from __future__ import annotations

__version__ = "0.1.0"


def get_provider_info() -> dict[str, object]:
    """Tell Airflow what this package provides (entry point ``apache_airflow_provider``)."""
    return {
        "package-name": "airflow-provider-postpress",
        "name": "Postpress",
        "description": "Keeps message history in `Postpress <https://postpress.ai/>`__ in sync and backfills it.",
        "integrations": [
            {"integration-name": "Postpress", "external-doc-url": "https://postpress.ai/", "tags": ["service"]}
        ],
        "hooks": [
            {"integration-name": "Postpress", "python-modules": ["airflow_provider_postpress.hooks.postpress"]},
        ],
        "operators": [
            {"integration-name": "Postpress", "python-modules": ["airflow_provider_postpress.operators.resync"]},
        ],
        "sensors": [
            {"integration-name": "Postpress", "python-modules": ["airflow_provider_postpress.sensors.resync"]},
        ],
        "triggers": [
            {"integration-name": "Postpress", "python-modules": ["airflow_provider_postpress.triggers.resync"]},
        ],
        "connection-types": [
            {
                "connection-type": "postpress",
                "hook-class-name": "airflow_provider_postpress.hooks.postpress.PostpressHook",
                "hook-name": "Postpress",
                "ui-field-behaviour": {
                    "hidden-fields": ["login", "schema", "extra"],
                    "relabeling": {"password": "API key"},
                    "placeholders": {
                        "host": "https://api.postpress.ai/v1",
                        "password": "from the Postpress dashboard",
                    },
                },
                "conn-fields": {
                    "time_span": {
                        "label": "Time span",
                        "description": "How the bounds of a window are sent: natural (after is its start, before its "
                        "end) or as_documented (the two swapped).",
                        "schema": {
                            "type": ["string", "null"],
                            "enum": ["natural", "as_documented"],
                            "default": "natural",
                        },
                    },
                    "timeout": {
                        "label": "Timeout",
                        "description": "Seconds that one request may take in all. Empty: 30.",
                        "schema": {"type": ["integer", "null"]},
                    },
                    "verify": {
                        "label": "Verify TLS",
                        "description": "true, false, or the path of a file with the certificates to trust. "
                        "Empty: true.",
                        "schema": {"type": ["string", "null"]},
                    },
                    "proxy": {
                        "label": "Proxy",
                        "description": "URL of a proxy to send requests through. Empty: none but the environment's.",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                },
            }
        ],
    }
