"""Every way to log an account in: its connection, and what Postpress is to be sent. Its secrets are found anywhere."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple


def planted(name: str) -> str:
    """Give a secret that is found wherever it comes, also as JSON, URLs and others write it."""
    return f's3cr3t-{name}/ü"+&'


SECRET = re.compile(r"s3cr3t-[a-z_]+")

COMMON = {
    "country": "FR",
    "ip": "203.0.113.7",
    "disabled_features": ["linkedin_recruiter", "linkedin_organizations_mailboxes"],
}
PROXY = {"protocol": "socks5", "host": "proxy.example.com", "port": 1080, "username": "anna"}
BROWSER = {
    **COMMON,
    "sync_limit": {"chats": 100, "messages": "2025-12-31T23:59:59.999Z"},
    "proxy": {**PROXY, "password": planted("proxy")},
    "user_agent": "Mozilla/5.0",
}
MAILBOX = {**COMMON, "sync_limit": "NO_HISTORY_SYNC"}
COOKIE = {"domain": ".facebook.com", "path": "/", "secure": True, "httpOnly": False, "sameSite": "lax"}


class Variant(NamedTuple):
    """
    A way to log in.

    :param provider: also the account's type
    :param login: the fields that the connection's login fills
    :param password: the fields that the connection's password fills
    :param extra: what else is in the connection
    """

    provider: str
    login: tuple[str, ...]
    password: tuple[str, ...]
    extra: dict[str, Any]

    @property
    def connection(self) -> dict[str, Any]:
        """The Airflow connection."""
        return {
            "conn_type": "generic",
            **({"login": self._login} if self.login else {}),
            **({"password": planted("password")} if self.password else {}),
            "extra": {"provider": self.provider, **self.extra},
        }

    @property
    def body(self) -> dict[str, Any]:
        """What Postpress's page wants to be sent."""
        fields = {**dict.fromkeys(self.login, self._login), **dict.fromkeys(self.password, planted("password"))}
        return {"provider": self.provider, **self.extra, **fields}

    @property
    def secrets(self) -> set[str]:
        """What must never be told, without what is written in different ways."""
        return set(SECRET.findall(json.dumps(self.connection)))

    @property
    def _login(self) -> str:
        return "33600000000" if self.provider == "WHATSAPP" else "anna@example.com"


VARIANTS = {
    "LinkedIn, basic": Variant(
        "LINKEDIN", ("username",), ("password",), {**BROWSER, "recruiter_contract_id": "contract_1"}
    ),
    "LinkedIn, cookie": Variant("LINKEDIN", (), ("access_token",), {**BROWSER, "premium_token": planted("premium")}),
    "WhatsApp": Variant("WHATSAPP", ("pairing_phone_number",), (), {**COMMON, "proxy": BROWSER["proxy"]}),
    "Instagram, basic": Variant("INSTAGRAM", ("username",), ("password",), BROWSER),
    "Instagram, cookie": Variant("INSTAGRAM", (), ("sessionid",), BROWSER),
    "Messenger, basic": Variant("MESSENGER", ("username",), ("password",), BROWSER),
    "Messenger, session": Variant(
        "MESSENGER",
        (),
        (),
        {
            **BROWSER,
            "cookies": [
                {"name": name, "value": planted(f"cookie_{name}"), "expirationDate": 1790000000.5, **COOKIE}
                for name in ("xs", "c_user", "datr", "presence")
            ],
            "headers": {"User-Agent": planted("header"), "Sec-CH-UA": planted("other_header")},
            "user_name": "Anna",
        },
    ),
    "IMAP and SMTP": Variant(
        "MAIL",
        ("imap_user", "smtp_user"),
        ("imap_password", "smtp_password"),
        {
            **MAILBOX,
            "imap_host": "imap.example.com",
            "imap_port": 993,
            "smtp_host": "smtp.example.com",
            "smtp_port": 587,
            "imap_encryption": "tls",
        },
    ),
    "Gmail": Variant("GOOGLE_OAUTH", (), ("refresh_token",), {**MAILBOX, "access_token": planted("access")}),
    "Telegram": Variant("TELEGRAM", (), ("password",), {**COMMON, "sync_limit": {"chats": 0}}),
    "Outlook": Variant(
        "OUTLOOK",
        ("username",),
        ("refresh_token",),
        {**MAILBOX, "access_token": planted("access"), "id": "microsoft_1"},
    ),
    "X": Variant("TWITTER", ("username",), ("password",), {**COMMON, "email": "anna@example.com"}),
}
WITH_CHECKPOINT = ("WHATSAPP", "TELEGRAM")
OF_TWO_MAILBOXES = {"imap_password": planted("imap"), "smtp_password": planted("smtp"), "smtp_user": "ben"}
