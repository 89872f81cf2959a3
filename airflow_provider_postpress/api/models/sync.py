"""What the sync routes answer."""

from __future__ import annotations

from airflow_provider_postpress.api.models.base import PostpressModel


class SyncAnswer(PostpressModel):
    """
    What a sync route says of the sync it started or found.

    API pages: "Resynchronize account messaging data", "Synchronize a conversation from its beginning".

    :param object: ``AccountResync`` or ``ChatHistorySync``
    :param status: ``SYNC_STARTED``, ``SYNC_RUNNING``, ``SYNC_DONE``, ``SYNC_ERROR``, for accounts also ``CHUNK_DONE``
        and for chats also ``CHAT_DELETED``
    :param chat_id: the chat, where a chat was asked for
    """

    object: str | None = None
    status: str
    chat_id: str | None = None
