"""Accounts of all 14 types that "Retrieve an account" documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_postpress.emulator.authentication import Authentication
    from airflow_provider_postpress.emulator.chats import Chat
    from airflow_provider_postpress.emulator.slots import Slot

SYNCED_TYPES = ("LINKEDIN", "TELEGRAM")
"""The types whose accounts can be synced."""

SOURCE_STATUSES = ("OK", "STOPPED", "ERROR", "CREDENTIALS", "PERMISSIONS", "CONNECTING")
"""The documented statuses of a source."""

_WORST_FIRST = ("CREDENTIALS", "PERMISSIONS", "ERROR", "STOPPED")

LINKEDIN_PRODUCTS = ("classic", "recruiter", "sales_navigator")

_USER = {"id": "user_01", "username": "anna.doe"}
_MAIL = {
    "imap_host": "imap.example.com",
    "imap_port": 993,
    "imap_user": "anna@example.com",
    "imap_encryption": "tls",
    "smtp_host": "smtp.example.com",
    "smtp_port": 587,
    "smtp_user": "anna@example.com",
}
_PHONE = {"phone_number": "33600000000", "sim_serial_number": "8933150319000000000"}
_MAILBOX = {"id": "user_01", "username": "anna@example.com"}

_CONNECTION_PARAMS: dict[str, dict[str, Any]] = {
    "MOBILE": {"im": _PHONE, "call": _PHONE},
    "MAIL": {"mail": _MAIL},
    "GOOGLE_OAUTH": {"mail": _MAILBOX, "calendar": _MAILBOX},
    "ICLOUD": {"mail": _MAIL},
    "OUTLOOK": {"mail": _MAILBOX, "calendar": _MAILBOX},
    "GOOGLE_CALENDAR": {"calendar": "anna@example.com"},
    "WHATSAPP": {"im": {"phone_number": "33600000000"}},
    "LINKEDIN": {
        "im": {
            **_USER,
            "publicIdentifier": "anna-doe",
            "premiumId": None,
            "premiumContractId": None,
            "organizations": [],
        }
    },
    "SLACK": {
        "im": {
            "url": "https://example.slack.com/",
            "user": "anna",
            "user_id": "U01",
            "team": "Example",
            "team_id": "T01",
        }
    },
    "TWITTER": {"im": _USER},
    "EXCHANGE": {"mail": _MAIL},
    "TELEGRAM": {"im": {"user_id": "700000001", "username": "anna_doe"}},
    "INSTAGRAM": {"im": _USER},
    "MESSENGER": {"im": _USER},
}
ACCOUNT_TYPES = tuple(_CONNECTION_PARAMS)


@dataclass
class Account:
    """
    An account that is linked to the workspace, with its chats and the state of its sync and of its login.

    :param number: how many accounts were linked before it
    :param proxy: LinkedIn only: the proxy that "Retrieve an account" shows
    :param oddities: what is merged over the documented account
    """

    id: str
    type: str
    name: str
    number: int
    premium_features: tuple[str, ...]
    sources: dict[str, str]
    slot: Slot
    authentication: Authentication
    proxy: Mapping[str, Any] | None = None
    oddities: Mapping[str, Any] = field(default_factory=dict)
    chats: list[Chat] = field(default_factory=list)

    @property
    def products(self) -> tuple[str, ...]:
        """The LinkedIn messaging products it has: classic always, the others where they are paid for."""
        return ("classic", *(product for product in LINKEDIN_PRODUCTS if product in self.premium_features))

    @property
    def status(self) -> str:
        """That of its worst source; one that nobody has heard of is worse than ``CONNECTING`` and ``OK`` only."""
        statuses = set(self.sources.values())
        for status in _WORST_FIRST:
            if status in statuses:
                return status
        strange = sorted(statuses - {"CONNECTING", "OK"})
        return strange[0] if strange else "CONNECTING" if "CONNECTING" in statuses else "OK"

    @property
    def document(self) -> dict[str, Any]:
        """The account as "Retrieve an account" shows it."""
        params = _CONNECTION_PARAMS.get(self.type, {})
        if self.type == "LINKEDIN":
            im = {**params["im"], "premiumFeatures": list(self.premium_features)}
            if self.proxy is not None:
                im["proxy"] = {"source": "USER", **self.proxy}
            params = {"im": im}
        document = {
            "object": "Account",
            "type": self.type,
            "id": self.id,
            "name": self.name,
            "created_at": "2025-12-31T23:59:59.999Z",
            "connection_params": params,
            "signatures": [],
            "groups": [],
            "sources": [{"id": source, "status": status} for source, status in self.sources.items()],
        }
        return _merged(document, self.oddities)

    def set_status(self, status: str, source_id: str | None = None) -> None:
        """Set the status of one of its sources, or of all of them."""
        self.sources.update(dict.fromkeys(self.sources if source_id is None else [source_id], status))

    def finish_connecting(self) -> None:
        """Let the sources that are connecting be OK."""
        for source_id, status in self.sources.items():
            if status == "CONNECTING":
                self.sources[source_id] = "OK"


def _merged(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(document)
    for name, value in changes.items():
        before = merged.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = _merged(before, value)
        merged[name] = value
    return merged
