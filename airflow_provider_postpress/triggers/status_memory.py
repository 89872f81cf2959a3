"""What a watcher saw last, remembered by Airflow where it can: it outlives the triggerer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_postpress.assets import account_status_asset

if TYPE_CHECKING:
    from airflow.triggers.base import BaseEventTrigger

    from airflow_provider_postpress.resync.status import AccountStatus


_log = logging.getLogger(__name__)


class StatusMemory:
    """
    The last status of an account, in the state store of the asset that is watched.

    Trouble with the store is told in the log, and keeps no watcher from watching.

    :param store: has ``aget`` and ``aset``; ``None`` where Airflow remembers nothing (before 3.3)
    :param account_id: Postpress's id of the account
    """

    def __init__(self, store: Any, account_id: str) -> None:
        self._store = store
        self._key = f"postpress_account_status/{account_id}"
        self._kept: AccountStatus | None = None
        self._trouble: str | None = None

    @classmethod
    def of(cls, trigger: BaseEventTrigger, account_id: str) -> Self:
        """
        Give the memory of a watcher.

        :param trigger: the watcher, as the triggerer runs it
        :param account_id: Postpress's id of the account that it watches
        """
        stores = getattr(trigger, "asset_state_store", None)
        try:
            # of several assets that are watched alike, this account's own
            return cls(stores and stores[account_status_asset(account_id)], account_id)
        except KeyError:
            return cls(stores, account_id)

    @property
    def lasts(self) -> bool:
        """Whether it outlives the triggerer."""
        return self._store is not None

    async def recall(self) -> AccountStatus | None:
        """Give what was remembered; ``None`` where nothing is."""
        from airflow_provider_postpress.resync.status import AccountStatus

        if self._store is None:
            return None
        try:
            self._kept = AccountStatus.from_dict(await self._store.aget(self._key))
        except Exception as error:  # noqa: BLE001 (of whatever sort, it is not to end the watching)
            self._tell(error)
        return self._kept

    async def keep(self, status: AccountStatus) -> None:
        """
        Remember a status, unless it is remembered already.

        :param status: what was seen
        """
        if self._store is None or status == self._kept:
            return
        try:
            await self._store.aset(self._key, status.as_dict())
        except Exception as error:  # noqa: BLE001 (see above)
            self._tell(error)
        else:
            self._kept, self._trouble = status, None

    def _tell(self, error: Exception) -> None:
        trouble = type(error).__name__
        if trouble != self._trouble:
            _log.warning(
                "Airflow cannot remember %s (%s): a change while no triggerer runs is not told.", self._key, trouble
            )
        self._trouble = trouble
