"""What is known of the accounts by their asset events: kept in this process, and brought up to date at each request."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from airflow_provider_postpress.coverage.evidence import evidence_of
from airflow_provider_postpress.coverage.history import History
from airflow_provider_postpress.coverage.outage import Change, change_of
from airflow_provider_postpress.page.events import (
    AccountAsset,
    Event,
    Told,
    count_events,
    newest_event,
    read_assets,
    read_events,
)
from airflow_provider_postpress.page.spans import moment

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine
    from sqlalchemy.orm import Session

DagId = str | None

_MOST_NEW = 10_000
"""After more new events than these, of whatever assets, all is read anew."""


@dataclass(frozen=True, eq=False)
class Known:
    """
    What the events of an asset tell that the tasks of one DAG have written.

    :param events: how many they are
    :param history: of the account's messages
    :param changes: of the account's status, in no order
    :param account_type: what the newest event that told it called the account's type, and when
    """

    events: int = 0
    history: History = field(default_factory=History)
    changes: tuple[Change, ...] = ()
    account_type: tuple[int, str] = (0, "")

    def joined(self, other: Known) -> Known:
        """
        Give what this and another tell together.

        :param other: the other
        """
        return Known(
            self.events + other.events,
            self.history.joined(other.history),
            self.changes + other.changes,
            max(self.account_type, other.account_type),
        )


KnownByDag = Mapping[DagId, Known]


class Memory:
    """
    What the events of one database tell, by asset and DAG, so that what a user may not see can be left out.

    It follows the database: an asset that has more or fewer events than it should have by what is known (of a
    transaction that committed late, or after ``airflow db clean``) is read anew.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._newest_id = -1
        self._known: dict[int, dict[DagId, Known]] = {}
        self._lost_before: dict[int, int] = {}

    def update(
        self, session: Session, lost_before: Mapping[str, int]
    ) -> tuple[Sequence[AccountAsset], Mapping[int, KnownByDag]]:
        """
        Read what is new, and give the accounts' assets and all that is known by them, by asset.

        :param session: of the database
        :param lost_before: of accounts whose messages may have been thrown away: when, in epoch milliseconds
        """
        with self._lock:
            assets = read_assets(session)
            newest_id = newest_event(session)
            new: Mapping[int, int] = {}
            if self._known and 0 <= newest_id - self._newest_id <= _MOST_NEW:
                new = count_events(session, self._newest_id, newest_id)
            else:
                self._known.clear()
            self._forget(assets, lost_before)
            grown, changed = [], []
            for asset in assets:
                known = sum(told.events for told in self._known.get(asset.asset_id, {}).values())
                if known + new.get(asset.asset_id, 0) != asset.events:
                    changed.append(asset.asset_id)
                elif known != asset.events:
                    grown.append(asset.asset_id)
            self._add(read_events(session, grown, after_id=self._newest_id, to_id=newest_id), assets)
            for asset_id in changed:
                self._known.pop(asset_id, None)
            with _no_collection():
                self._add(read_events(session, changed, to_id=newest_id), assets)
            self._newest_id = newest_id
            return assets, {asset_id: dict(by_dag) for asset_id, by_dag in self._known.items()}

    def _forget(self, assets: Sequence[AccountAsset], lost_before: Mapping[str, int]) -> None:
        """Forget assets that are gone, and those whose messages may have been thrown away meanwhile."""
        lost = {asset.asset_id: lost_before[asset.account_id] for asset in assets if asset.account_id in lost_before}
        there = {asset.asset_id for asset in assets}
        for asset_id in list(self._known):
            if asset_id not in there or self._lost_before.get(asset_id) != lost.get(asset_id):
                del self._known[asset_id]
        self._lost_before = lost

    def _add(self, told: Iterable[Told], assets: Sequence[AccountAsset]) -> None:
        statuses = {asset.asset_id for asset in assets if asset.is_status}
        for some in told:
            by_dag = self._known.setdefault(some.asset_id, {})
            read = _read_changes(some) if some.asset_id in statuses else self._read_history(some)
            more = replace(read, events=some.count)
            before = by_dag.get(some.dag_id)
            by_dag[some.dag_id] = before.joined(more) if before else more

    def _read_history(self, told: Told) -> Known:
        history = History(lost_before=self._lost_before.get(told.asset_id, 0))
        known = (evidence_of(extra, at) for at, extra in told.events if isinstance(extra, dict))
        return Known(history=history.note(evidence for evidence in known if evidence))


@contextmanager
def _no_collection() -> Iterator[None]:
    """
    Let Python look for no cycles meanwhile.

    A first reading makes many objects, and the search goes through all that Airflow has loaded, again and again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


_memories: WeakKeyDictionary[Engine, Memory] = WeakKeyDictionary()
_memories_lock = Lock()


def memory_of(session: Session) -> Memory:
    """
    Give this process's memory of a database.

    :param session: of the database
    """
    engine: Any = session.get_bind()
    with _memories_lock:
        return _memories.setdefault(engine, Memory())


class _StatusEvent(NamedTuple):
    timestamp: datetime
    extra: Mapping[str, Any]


def read_change(event: Event) -> Change | None:
    """
    Read an event of an account's status; ``None`` if it tells no status.

    :param event: the event
    """
    at, extra = event
    if not isinstance(extra, dict):
        return None
    written = moment(at)
    change = change_of(_StatusEvent(written, extra))
    # nothing was received after it was written down, whatever is said
    return replace(change, at=written) if change and change.at > written else change


def _read_changes(told: Told) -> Known:
    changes = []
    account_type = (0, "")
    for event in told.events:
        if change := read_change(event):
            changes.append(change)
            at, extra = event
            if isinstance(named := extra.get("payload", extra).get("account_type"), str):
                account_type = max(account_type, (at, named))
    return Known(changes=tuple(changes), account_type=account_type)
