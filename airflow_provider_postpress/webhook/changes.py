"""What an event of Postpress's means to Airflow: which assets have changed, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.api.models.events import SYNC_SUCCESS, AccountStatusEvent
from airflow_provider_postpress.assets import account_status_uri, account_uri

if TYPE_CHECKING:
    from datetime import datetime

TOLD_BY = "webhook"


@dataclass(frozen=True, slots=True)
class Change:
    """
    The change of an asset.

    :param uri: the asset's
    :param extra: what its event tells
    """

    uri: str
    extra: dict[str, Any]


def changes_of(event: AccountStatusEvent, received_at: datetime) -> tuple[Change, ...]:
    """
    Give the changes that an event means: of the account's status; after a sync of its messages, too.

    :param event: the event
    :param received_at: when it was received, which is the only time there is: the event itself has none
    :raises ValueError: no URI can hold the account's id
    """
    told = {
        "told_by": TOLD_BY,
        "account_id": event.account_id,
        "account_type": event.account_type,
        "product": event.product,
        "received_at": received_at.isoformat(),
    }
    status = Change(account_status_uri(event.account_id), {**told, "message": event.message})
    if event.message != SYNC_SUCCESS:
        return (status,)
    return status, Change(account_uri(event.account_id), {**told, "status": SYNC_SUCCESS, "window": None})
