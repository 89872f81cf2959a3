"""How long an account was away, by the events that told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_postpress.coverage.outage import change_of, went_away, window_to_heal

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MARGIN = timedelta(minutes=30)


@dataclass
class Event:
    timestamp: datetime
    extra: dict[str, Any] | None


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def told(*messages: tuple[float, str]) -> list[Event]:
    """Events of a status asset, as the webhook makes them, written a second after they were received."""
    return [
        Event(
            minute(at) + timedelta(seconds=1),
            {"told_by": "webhook", "message": message, "received_at": minute(at).isoformat()},
        )
        for at, message in messages
    ]


def synced(start: float, end: float, **extra: Any) -> Event:
    window = {"start": minute(start).isoformat(), "end": minute(end).isoformat()}
    return Event(minute(end), {"told_by": "sync", "status": "SYNC_DONE", "window": window, "product": None, **extra})


def heal(messages: list[Event], *syncs: Event, now: float = 100) -> tuple[float, float] | None:
    """The window to heal, in minutes."""
    window = window_to_heal(messages, syncs, now=minute(now), margin=MARGIN)
    return window and tuple((bound - NOON).total_seconds() / 60 for bound in (window.start, window.end))


def test_an_event_without_an_extra_tells_nothing():
    empty = Event(minute(70), None)
    assert change_of(empty) is None
    assert heal([*told((10, "ERROR"), (60, "OK")), empty], empty) == (-20, 100)


def test_an_outage_is_healed_from_a_margin_before_its_first_word_until_now():
    assert heal(told((10, "CREDENTIALS"), (20, "ERROR"), (60, "RECONNECTED"))) == (-20, 100)


def test_what_is_told_twice_and_what_is_told_of_the_way_back_makes_no_other_outage():
    events = told((10, "CREDENTIALS"), (11, "CREDENTIALS"), (60, "CONNECTING"), (61, "RECONNECTED"), (70, "OK"))
    assert heal(events) == (-20, 100)


def test_outages_that_no_sync_has_covered_are_healed_together():
    events = told((0, "STOPPED"), (5, "OK"), (50, "PERMISSIONS"), (60, "OK"), (61, "SYNC_SUCCESS"))
    assert heal(events) == (-30, 100)
    assert heal(events, synced(-30, 6)) == (20, 100)
    assert heal(events, synced(20, 61)) == (-30, 100)
    assert heal(events, synced(-30, 6), synced(20, 61)) is None


def test_an_account_that_drops_again_while_it_is_healed_loses_nothing():
    events = told((0, "CREDENTIALS"), (1440, "RECONNECTED"), (1441, "ERROR"), (1446, "OK"))
    assert heal(events, now=1450) == (-30, 1450)


def test_an_outage_that_ended_too_long_ago_is_left_alone():
    assert heal(told((0, "CREDENTIALS"), (60, "OK")), now=60 + 30 * 24 * 60) is not None
    assert heal(told((0, "CREDENTIALS"), (60, "OK")), now=61 + 30 * 24 * 60) is None


def test_a_provider_that_was_down_is_an_outage():
    assert heal(told((10, "CONNECTING"), (60, "OK"))) == (-20, 100)


def test_an_account_that_is_new_has_missed_nothing():
    assert heal(told((10, "CREATION_SUCCESS"), (60, "OK"))) is None


def test_events_count_in_the_order_in_which_they_were_received():
    assert heal(told((60, "RECONNECTED"), (10, "CREDENTIALS"))) == (-20, 100)


def test_an_outage_whose_word_came_after_that_of_its_end_is_healed():
    assert heal(told((60, "RECONNECTED"), (62, "CREDENTIALS"))) == (60 - 24 * 60, 100)
    assert heal(told((60, "RECONNECTED"), (62, "CREDENTIALS")), synced(60 - 24 * 60, 61)) == (32, 100)


def test_an_outage_of_whose_end_nobody_told_is_healed_once():
    events = told((0, "CREDENTIALS"), (60, "RECONNECTED"), (62, "CREDENTIALS"))
    assert heal(events, synced(-30, 61)) == (32, 100)
    assert heal(events, synced(-30, 61), synced(32, 90)) is None


def test_a_return_from_an_outage_that_nobody_told_of_is_healed_for_a_day():
    assert heal(told((-50000, "OK"), (60, "RECONNECTED"), (61, "OK"))) == (60 - 24 * 60, 100)
    assert heal(told((-50000, "OK"), (60, "OK"))) is None


@pytest.mark.parametrize("messages", [[], [(5, "SYNC_SUCCESS")], [(5, "CREATION_SUCCESS")], [(5, "DELETED")]])
def test_without_a_word_of_away_or_back_there_is_nothing_to_heal(messages):
    assert heal(told(*messages)) is None


def test_what_a_sync_has_covered_is_not_healed_again():
    events = told((10, "CREDENTIALS"), (60, "RECONNECTED"), (70, "OK"))
    assert heal(events, synced(-20, 65)) is None
    assert heal(events, synced(-20, 60)) is None


@pytest.mark.parametrize(
    "sync",
    [
        synced(-19, 65),
        synced(-20, 59),
        synced(-20, 65, product="recruiter"),
        synced(-20, 65, status="SYNC_SUCCESS"),
        Event(minute(65), {"status": "SYNC_DONE", "window": {}}),
        Event(minute(65), {"status": "SYNC_DONE", "window": {"start": "yesterday", "end": "2026-01-05"}}),
    ],
    ids=["began too late", "ended too early", "of one product", "told by webhook", "of an odd window", "of no dates"],
)
def test_a_sync_that_does_not_cover_an_outage_does_not_count(sync: Event):
    assert heal(told((10, "CREDENTIALS"), (60, "RECONNECTED")), sync) == (-20, 100)


def test_syncs_that_cover_an_outage_together_and_one_of_the_whole_history_count():
    events = told((10, "CREDENTIALS"), (60, "RECONNECTED"))
    assert heal(events, synced(-20, 30), synced(30, 60)) is None
    assert heal(events, synced(-20, 29), synced(30, 60)) == (-20, 100)
    assert heal(events, Event(minute(65), {"status": "SYNC_DONE", "window": None})) is None


@pytest.mark.parametrize("at", ["yesterday", "2026-01-05T12:00:00", 5, None])
def test_an_event_whose_time_cannot_be_read_happened_when_airflow_wrote_it(at):
    assert change_of(Event(minute(9), {"message": "OK", "received_at": at})).at == minute(9)


def test_what_a_watcher_saw_is_read_from_its_payload():
    payload = {"told_by": "watcher", "message": "CREDENTIALS", "seen_at": minute(3).isoformat()}
    change = change_of(Event(minute(9), {"from_trigger": True, "payload": payload}))
    assert (change.at, change.message) == (minute(3), "CREDENTIALS")


def test_an_event_without_a_time_of_its_own_happened_when_airflow_wrote_it():
    assert change_of(Event(minute(9), {"message": "OK"})).at == minute(9)


@pytest.mark.parametrize("extra", [{}, {"message": 5}, {"payload": "OK"}, {"from_rest_api": True}])
def test_an_event_that_tells_no_status_is_none(extra):
    assert change_of(Event(NOON, extra)) is None


def test_an_account_is_away_since_the_first_word_of_the_outage_that_lasts():
    assert went_away(told((10, "CREDENTIALS"), (11, "CREDENTIALS"))).at == minute(10)
    assert went_away(told((0, "ERROR"), (5, "OK"), (10, "STOPPED"))).at == minute(10)
    assert went_away(told((10, "CREDENTIALS"), (20, "OK"))) is None
    assert went_away([]) is None
