"""
What Postpress answers, read leniently: unknown fields and unknown values survive.

See "Retrieve an account", "Resynchronize account messaging data" and "Synchronize a conversation from its beginning".
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

LINKEDIN = "LINKEDIN"


class PostpressModel(BaseModel):
    """An object of Postpress's."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        return {name: value for name, value in document.items() if value is not None}


class SyncAnswer(PostpressModel):
    """
    What a sync route says of the sync it started or found.

    :param object: ``AccountResync`` or ``ChatHistorySync``
    :param status: ``SYNC_STARTED``, ``SYNC_RUNNING``, ``SYNC_DONE``, ``SYNC_ERROR``, for accounts also ``CHUNK_DONE``
        and for chats also ``CHAT_DELETED``
    :param chat_id: the chat, where a chat was asked for
    """

    object: str | None = None
    status: str
    chat_id: str | None = None


class Source(PostpressModel):
    """
    One of the services that feed an account.

    :param id: its name, such as ``messaging``
    :param status: ``OK``, ``STOPPED``, ``ERROR``, ``CREDENTIALS``, ``PERMISSIONS`` or ``CONNECTING``
    """

    id: str
    status: str


class Account(PostpressModel):
    """
    An account linked to Postpress.

    :param type: its provider, such as ``LINKEDIN`` or ``TELEGRAM``
    :param id: Postpress's id of it
    :param name: the name people gave it
    :param sources: the services that feed it
    :param connection_params: what is particular to its provider; can hold a proxy's password, so it is not printed
    """

    type: str
    id: str
    name: str = ""
    sources: tuple[Source, ...] = ()
    connection_params: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def linkedin_products(self) -> tuple[str, ...]:
        """The LinkedIn messaging products it can sync: ``classic`` and those premium ones it has; none elsewhere."""
        if self.type != LINKEDIN:
            return ()
        messaging = self.connection_params.get("im")
        features = messaging.get("premiumFeatures") if isinstance(messaging, dict) else None
        return ("classic", *(product for product in ("recruiter", "sales_navigator") if product in (features or ())))
