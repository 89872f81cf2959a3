"""How long an account was away, by the asset events that told of it, and whether a sync has made up for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_postpress.coverage.evidence import Event, evidence_of_event
from airflow_provider_postpress.coverage.history import History
from airflow_provider_postpress.coverage.intervals import Interval, subtract, union
from airflow_provider_postpress.resync.window import SyncWindow

AWAY = frozenset({"CREDENTIALS", "PERMISSIONS", "ERROR", "STOPPED"})
"""The messages that say that nothing new reaches Postpress, and will not by itself."""
BACK = frozenset({"OK", "RECONNECTED"})
"""The messages that say that it does again."""
_CONNECTED = {**dict.fromkeys({*AWAY, "DELETED"}, False), **dict.fromkeys({*BACK, "CREATION_SUCCESS"}, True)}
"""Whether an account is connected, by each message that tells it."""


@dataclass(frozen=True, slots=True)
class Change:
    """
    What an event of an account's status tells.

    :param at: when it was received, or seen
    :param message: the status
    """

    at: datetime
    message: str


def change_of(event: Event) -> Change | None:
    """
    Read an event of a status asset, told by the webhook or by a watcher; ``None`` if it tells no status.

    :param event: the event
    """
    # Airflow gives an event without an extra none at all
    extra = event.extra or {}
    told = extra.get("payload", extra)
    if not isinstance(told, Mapping) or not isinstance(told.get("message"), str):
        return None
    at = _instant(told.get("received_at")) or _instant(told.get("seen_at"))
    return Change(at or event.timestamp, told["message"])


def went_away(events: Iterable[Event]) -> Change | None:
    """
    Give the first word of an outage that still lasts; ``None`` if the account is not known to be away.

    :param events: the events of the account's status
    """
    begun = None
    for change in _changes(events):
        if change.message in AWAY:
            begun = begun or change
        elif change.message in _CONNECTED:
            begun = None
    return begun


def disconnections(changes: Iterable[Change], until: datetime) -> list[Interval]:
    """
    Give the times in which an account was known not to be connected, in epoch milliseconds.

    :param changes: of the account's status, in any order
    :param until: when a disconnection ends whose end nobody told of
    """
    intervals = []
    away_since = None
    for change in sorted(changes, key=lambda change: change.at):
        connected = _CONNECTED.get(change.message)
        if connected is False:
            away_since = away_since or change.at
        elif connected and away_since:
            intervals.append((_milliseconds(away_since), _milliseconds(change.at)))
            away_since = None
    if away_since:
        intervals.append((_milliseconds(away_since), _milliseconds(until)))
    return union(intervals)


def is_connected(changes: Iterable[Change]) -> bool | None:
    """
    Tell whether an account is connected, by the newest word of it; ``None`` if nobody told.

    :param changes: of the account's status, in any order
    """
    newest_first = sorted(changes, key=lambda change: change.at, reverse=True)
    return next((_CONNECTED[change.message] for change in newest_first if change.message in _CONNECTED), None)


def window_to_heal(
    status_events: Iterable[Event],
    sync_events: Iterable[Event],
    *,
    now: datetime,
    margin: timedelta,
    unknown: timedelta = timedelta(days=1),
    horizon: timedelta = timedelta(days=30),
) -> SyncWindow | None:
    """
    Give the window that an account has to be synced for, now that it is back; ``None`` if syncs have covered it.

    It begins with the first outage that no sync has made up for, with a margin before it: Postpress tells of an outage
    when it notices it, in no order, and perhaps late. An account that is reconnected though no event told that it was
    away has been away for an unknown time.

    :param status_events: the events of the account's status
    :param sync_events: the events of the account's messages
    :param now: the window's end; the account is healthy now
    :param margin: how much earlier than the first word of an outage the window starts
    :param unknown: how long before the word of a return an outage is taken to begin, where no event told of it
    :param horizon: outages that ended longer ago are left alone
    """
    synced = History().note(known for event in sync_events if (known := evidence_of_event(event))).synced()
    missed = [
        (start, end)
        for start, end in _outages(_changes(status_events), margin, unknown)
        if end >= now - horizon and subtract([(_milliseconds(start), _milliseconds(end))], synced)
    ]
    return SyncWindow(min(missed)[0], now) if missed else None


def _outages(changes: Iterable[Change], margin: timedelta, unknown: timedelta) -> list[tuple[datetime, datetime]]:
    outages = []
    away_since = last_away = last_back = None
    for change in changes:
        match change.message:
            case "SYNC_SUCCESS":
                continue
            case "CREATION_SUCCESS" | "DELETED":
                away_since, last_back = None, change.at
            case message if message in BACK:
                if away_since is not None:
                    outages.append((away_since - margin, change.at))
                elif last_back is None or (message == "RECONNECTED" and change.at - last_back > margin):
                    outages.append((change.at - unknown, change.at))
                away_since, last_back = None, change.at
            case _:
                away_since, last_away = away_since or change.at, change.at
    if away_since is not None and last_away is not None:
        # nobody told of its end: a sync that succeeded after its last word has made up for it
        outages.append((away_since - margin, last_away))
    return outages


def _changes(events: Iterable[Event]) -> list[Change]:
    changes = [change for event in events if (change := change_of(event))]
    return sorted(changes, key=lambda change: change.at)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _instant(text: Any) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return instant if instant.tzinfo else None
