"""Whether an account can be synced at all, by what Postpress says of it."""

from __future__ import annotations

from airflow_provider_postpress.api.models import SYNCED_TYPES, Account
from airflow_provider_postpress.resync.failure import Failure, FailureKind

_STATUSES = (
    (
        ("CREDENTIALS", "PERMISSIONS"),
        FailureKind.RECONNECT_REQUIRED,
        "Nothing new reaches Postpress until a person reconnects the account; then clear this task.",
    ),
    (
        ("STOPPED", "ERROR"),
        FailureKind.ACCOUNT_NOT_READY,
        "Look at the account in Postpress's dashboard; a retry of this task looks again.",
    ),
)


def unready(account: Account) -> Failure | None:
    """
    Tell why an account cannot be synced, ``None`` if it can. ``CONNECTING`` passes: it is temporary.

    :param account: the account as Postpress tells it ("Retrieve an account")
    """
    if not account.can_be_synced:
        message = (
            f"Account {account.id!r} is of {account.type}, whose history Postpress cannot sync; it can for "
            f"{' and '.join(SYNCED_TYPES)}. Take it off the list, or skip such accounts with if_unsupported='skip'."
        )
        return Failure(FailureKind.UNSUPPORTED, message)
    for statuses, kind, remedy in _STATUSES:
        if troubled := [f"{source.id}: {source.status}" for source in account.sources if source.status in statuses]:
            message = f"Account {account.id!r} ({account.type}) cannot be synced now: {', '.join(troubled)}. {remedy}"
            return Failure(kind, message)
    return None
