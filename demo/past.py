"""A past for an Airflow on SQLite: what syncs and statuses of long ago have left in its database, put there at once."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from airflow_provider_postpress.assets import account_status_uri, account_uri

DAY = timedelta(days=1)


class DailySyncs(ABC):
    """Something that can tell of a sync, and so of one for each day."""

    @abstractmethod
    def sync(self, account_id: str, start: datetime, end: datetime) -> Any:
        """
        Tell of a sync.

        :param account_id: the account
        :param start: the window's start
        :param end: its end
        """

    def days(self, account_id: str, first: datetime, last: datetime, **sync: Any) -> None:
        """
        Tell of a sync for each day.

        :param account_id: the account
        :param first: the start of the first day
        :param last: the end of the last
        :param sync: see :meth:`sync`
        """
        while first < last:
            self.sync(account_id, first, first + DAY, **sync)
            first += DAY


def sync_event(
    start: datetime, end: datetime, *, began: datetime, status: str, product: str | None, run_id: str | None
) -> dict[str, Any]:
    """
    Write what the event of a sync tells.

    :param start: the window's start
    :param end: its end
    :param began: when it began
    :param status: how it ended
    :param product: of which of LinkedIn's products
    :param run_id: by which run
    """
    return {
        "told_by": "sync",
        "status": status,
        "window": {"start": start.isoformat(), "end": end.isoformat()},
        "product": product,
        "chunks": 0,
        "run": run_id,
        "started_at": began.isoformat(),
        "partial": True,
    }


def status_event(account_id: str, message: str, at: datetime, account_type: str) -> dict[str, Any]:
    """
    Write what the event of a change of an account's status tells.

    :param account_id: the account
    :param message: the status
    :param at: since when
    :param account_type: the account's type
    """
    return {
        "told_by": "webhook",
        "account_id": account_id,
        "account_type": account_type,
        "product": None,
        "message": message,
        "received_at": at.isoformat(),
    }


_SYNC_TAKES = timedelta(minutes=12)


class Past(DailySyncs):
    """
    Events of accounts that were never told, as a context manager that writes them when it ends without an error.

    :param database: the file; nobody else should be writing to it
    """

    def __init__(self, database: Path) -> None:
        self._connection = sqlite3.connect(database, timeout=60)
        self._assets: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._connection.commit()
        self._connection.close()

    def account(self, account_id: str, name: str | None = None) -> None:
        """
        Add an account that no sync has told of.

        :param account_id: its id
        :param name: its asset's name; default: its asset's URI, as Airflow has it for an asset that no DAG names
        """
        self._asset(account_uri(account_id), name)

    def sync(
        self,
        account_id: str,
        start: datetime,
        end: datetime,
        *,
        at: datetime | None = None,
        status: str = "SYNC_DONE",
        dag_id: str | None = None,
        product: str | None = None,
        **extra: Any,
    ) -> None:
        """
        Tell of a sync.

        :param account_id: the account
        :param start: the window's start
        :param end: its end
        :param at: when the sync ended; default: soon after the window, and not in the future
        :param status: how
        :param dag_id: by which DAG; default: by none, as what is told by Airflow's REST API
        :param product: of which of LinkedIn's products
        :param extra: what else the event tells, or tells differently
        """
        told = min(at or end + _SYNC_TAKES, datetime.now(UTC))
        run_id = dag_id and f"scheduled__{end.isoformat()}"
        tells = sync_event(start, end, began=told - _SYNC_TAKES, status=status, product=product, run_id=run_id)
        self._event(account_uri(account_id), told, {**tells, **extra}, dag_id, run_id)

    def status(self, account_id: str, message: str, at: datetime, account_type: str = "LINKEDIN") -> None:
        """
        Tell of a change of an account's status.

        :param account_id: the account
        :param message: the status
        :param at: since when
        :param account_type: the account's type
        """
        self._event(account_status_uri(account_id), at, status_event(account_id, message, at, account_type), None, None)

    def _event(self, uri: str, at: datetime, extra: dict[str, Any], dag_id: str | None, run_id: str | None) -> None:
        self._connection.execute(
            "INSERT INTO asset_event (asset_id, extra, source_task_id, source_dag_id, source_run_id, source_map_index,"
            " timestamp) VALUES (?, ?, ?, ?, ?, -1, ?)",
            (self._asset(uri), json.dumps(extra), dag_id and "resync", dag_id, run_id, _as_airflow_writes(at)),
        )

    def _asset(self, uri: str, name: str | None = None) -> int:
        if uri not in self._assets:
            found = self._connection.execute("SELECT id FROM asset WHERE uri = ?", (uri,)).fetchone()
            self._assets[uri] = found[0] if found else self._add_asset(uri, name or uri)
        return self._assets[uri]

    def _add_asset(self, uri: str, name: str) -> int:
        now = _as_airflow_writes(datetime.now(UTC))
        added = self._connection.execute(
            'INSERT INTO asset (name, uri, "group", extra, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
            (name, uri, "asset", "{}", now, now),
        )
        return int(added.lastrowid or 0)


def _as_airflow_writes(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
