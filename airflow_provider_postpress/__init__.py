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
            {
                "integration-name": "Postpress",
                "python-modules": [
                    "airflow_provider_postpress.operators.account",
                    "airflow_provider_postpress.operators.coverage",
                    "airflow_provider_postpress.operators.resync",
                ],
            },
        ],
        "sensors": [
            {
                "integration-name": "Postpress",
                "python-modules": [
                    "airflow_provider_postpress.sensors.account",
                    "airflow_provider_postpress.sensors.coverage",
                    "airflow_provider_postpress.sensors.resync",
                ],
            },
        ],
        "triggers": [
            {
                "integration-name": "Postpress",
                "python-modules": [
                    "airflow_provider_postpress.triggers.account",
                    "airflow_provider_postpress.triggers.resync",
                ],
            },
        ],
        "asset-uris": [
            {
                "schemes": ["postpress"],
                "handler": "airflow_provider_postpress.assets.sanitize_uri",
                "to_openlineage_converter": "airflow_provider_postpress.assets.to_openlineage",
            }
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
                    "webhook_secret": {
                        "label": "Webhook secret",
                        "description": "What Postpress sends with each delivery of its webhook. "
                        "Empty: no delivery is let in.",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                    "webhook_secret_previous": {
                        "label": "Previous webhook secret",
                        "description": "While the secret is being changed: the one before, which is let in as well.",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                    "webhook_header": {
                        "label": "Webhook header",
                        "description": "The header that holds the webhook's secret. Empty: Postpress-Auth.",
                        "schema": {"type": ["string", "null"]},
                    },
                },
            }
        ],
        "cli": ["airflow_provider_postpress.cli.get_commands"],
        "config": {
            "postpress": {
                "description": "The receiver of Postpress's webhook and the page of coverage, in the API server.",
                "options": {
                    "webhook_secret": {
                        "description": "The secret that Postpress sends with each delivery. Empty: that of the "
                        "connection ``webhook_conn_id``; where that has none either, no delivery is let in.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "sensitive": True,
                        "example": None,
                        "default": None,
                    },
                    "webhook_secret_previous": {
                        "description": "While ``webhook_secret`` is being changed: the one before, let in as well.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "sensitive": True,
                        "example": None,
                        "default": None,
                    },
                    "webhook_header": {
                        "description": "The header that holds ``webhook_secret``. Empty: ``Postpress-Auth``. Where the "
                        "secret is the connection's, so is the header.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "X-Hook-Secret",
                        "default": None,
                    },
                    "webhook_conn_id": {
                        "description": "The connection whose extra holds ``webhook_secret``, "
                        "``webhook_secret_previous`` and ``webhook_header``.",
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": None,
                        "default": "postpress_default",
                    },
                    "webhook_repeat_seconds": {
                        "description": "A delivery that says what the newest event of the account says, within so many "
                        "seconds of it, is a repeat, and no event. 0: none is.",
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": None,
                        "default": "60",
                    },
                    "coverage_grace_seconds": {
                        "description": "How long after the end of its window a sync may take, before the page of "
                        "coverage calls the window missing.",
                        "version_added": "0.1.0",
                        "type": "integer",
                        "example": None,
                        "default": "21600",
                    },
                },
            }
        },
    }
