"""
Logins full of secrets, as Airflow connections. Each is of the account, and the task, that is named as it is.

Secrets hold what is written in another way in JSON, in URLs, in HTML and by Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def secret(of: str) -> str:
    """
    Make a secret.

    :param of: what it opens
    """
    return f's3cr3t {of} "ö\\/+&<%='


def _proxy(of: str) -> dict[str, Any]:
    return {"host": "proxy.example.com", "port": 8443, "username": "acme", "password": secret(f"{of} proxy")}


CONNECTIONS: dict[str, dict[str, Any]] = {
    **{
        name: {
            "login": "anna@example.com",
            "password": secret(name),
            "extra": {"provider": "LINKEDIN", "proxy": _proxy(name)},
        }
        for name in ("linkedin", "linkedin_wrong")
    },
    "linkedin_misspelt": {
        "login": "anna@example.com",
        "extra": {"provider": "LINKEDIN", "pasword": secret("misspelt"), "proxy": {"pass": secret("misspelt proxy")}},
    },
    "messenger": {
        "extra": {
            "provider": "MESSENGER",
            "cookies": [{"name": name, "value": secret(f"cookie {name}")} for name in ("xs", "c_user", "datr")],
            "headers": {"X-Session": secret("header")},
        }
    },
    "mail": {
        "login": "anna@example.com",
        "password": secret("imap"),
        "extra": {
            "provider": "MAIL",
            "smtp_password": secret("smtp"),
            "imap_host": "imap.example.com",
            "imap_port": 993,
            "imap_encryption": "tls",
            "smtp_host": "smtp.example.com",
            "smtp_port": 465,
        },
    },
    "gmail": {
        "password": secret("refresh token"),
        "extra": {"provider": "GOOGLE_OAUTH", "access_token": secret("access token")},
    },
    "outlook": {
        "login": "anna@example.com",
        "password": secret("another refresh token"),
        "extra": {"provider": "OUTLOOK", "access_token": secret("another access token"), "id": "anna"},
    },
    **{
        name: {"password": secret(name), "extra": {"provider": "TELEGRAM"}}
        for name in ("telegram", "telegram_fail", "telegram_callable", "telegram_notifier")
    },
    "whatsapp": {"login": "33600000000", "extra": {"provider": "WHATSAPP", "proxy": _proxy("whatsapp")}},
}
CHECKPOINTS = {
    **{
        name: {"type": "QRCODE", "qrcode": secret(f"{name} QR code")}
        for name in ("telegram", "telegram_fail", "telegram_callable", "telegram_notifier")
    },
    "whatsapp": {"type": "PAIRING_CODE", "code": "S3CR3T-PAIRING-CODE", "hint": secret("undocumented")},
}
"""What the logins are answered with."""

PROXY = {"host": "proxy.example.com", "port": 8443, "username": "acme", "password": secret("account's proxy")}
"""What Postpress tells of the account ``with_proxy``."""


def secrets_in(document: Any) -> Iterator[str]:
    """
    Find the secrets in a document.

    :param document: of JSON's types
    """
    match document:
        case dict():
            for value in document.values():
                yield from secrets_in(value)
        case list():
            for value in document:
                yield from secrets_in(value)
        case str() if "s3cr3t" in document.lower():
            yield document
