"""What events prove of an account's messages, and what is known of it by all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_postpress.coverage.checkpoint import checkpoint_of, is_later, key_of, read_checkpoint
from airflow_provider_postpress.coverage.due import due_until
from airflow_provider_postpress.coverage.evidence import (
    Attempt,
    Evidence,
    attempt_of,
    evidence_of,
    evidence_of_event,
)
from airflow_provider_postpress.coverage.history import History
from airflow_provider_postpress.coverage.intervals import union

MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = 3_600_000
DAY = 24 * HOUR
ZERO = round(MIDNIGHT.timestamp() * 1000)


def hours(*bounds: float) -> list[tuple[int, int]]:
    """Intervals, by the hours after midnight at which they start and end, in turn."""
    moments = [ZERO + round(hour * HOUR) for hour in bounds]
    return list(zip(moments[::2], moments[1::2], strict=True))


def iso(hour: float) -> str:
    return (MIDNIGHT + timedelta(hours=hour)).isoformat()


def done(start: float, end: float, **more: Any) -> dict[str, Any]:
    return {"told_by": "sync", "status": "SYNC_DONE", "window": {"start": iso(start), "end": iso(end)}} | more


def at(hour: float) -> int:
    return ZERO + round(hour * HOUR)


@dataclass
class Event:
    timestamp: datetime
    extra: dict[str, Any] | None


def history(*known: tuple[dict[str, Any], float], lost_before: int = 0) -> History:
    """What some events tell, each with the hour at which it was written."""
    evidence = [evidence_of(extra, at(hour)) for extra, hour in known]
    return History(lost_before=lost_before).note(one for one in evidence if one)


class TestAnEvent:
    def test_of_a_sync_proves_its_window(self):
        assert evidence_of(done(0, 24), at(25)) == Evidence(True, None, *hours(0, 24), at(25))

    def test_is_read_as_a_task_is_given_it(self):
        event = Event(MIDNIGHT + timedelta(hours=25), done(0, 24))
        assert evidence_of_event(event) == evidence_of(done(0, 24), at(25))

    def test_proves_nothing_after_itself(self):
        assert evidence_of(done(0, 24), at(20)).interval == hours(0, 20)[0]
        assert evidence_of(done(20, 24), at(20)) is None

    def test_of_the_whole_history_proves_what_was_there_when_the_sync_began(self):
        extra = {"status": "SYNC_DONE", "window": None, "started_at": iso(3)}
        assert evidence_of(extra, at(5)).interval == (0, at(3))
        assert evidence_of({**extra, "started_at": None}, at(5)).interval == (0, at(5))
        assert evidence_of({**extra, "started_at": iso(9)}, at(5)).interval == (0, at(5))

    def test_without_an_extra_proves_nothing(self):
        assert evidence_of_event(Event(MIDNIGHT, None)) is None

    def test_of_a_window_from_before_all_messages_proves_the_rest_of_it(self):
        window = {"start": "1960-01-01T00:00Z", "end": iso(1)}
        assert evidence_of({**done(0, 1), "window": window}, at(5)).interval == (0, at(1))

    @pytest.mark.parametrize(
        ("run_id", "is_regular"),
        [
            ("scheduled__2026-01-06T00:00:00+00:00", True),
            ("backfill__2026-01-05T00:00:00+00:00", True),
            ("scheduled__2026-01-10T08:00:00+00:00", False),
            ("manual__2026-01-06T00:00:00+00:00", False),
            ("asset_triggered__2026-01-06T00:00:00+00:00_x1", False),
            ("my own name", True),
            (None, True),
        ],
    )
    def test_tells_whether_its_window_is_that_of_its_runs_schedule(self, run_id, is_regular):
        assert evidence_of(done(0, 24, run=run_id), at(25)).is_regular is is_regular

    @pytest.mark.parametrize("status", ["SYNC_ERROR", "CHAT_DELETED"])
    def test_of_a_failure_proves_that_it_failed(self, status):
        known = evidence_of({**done(0, 24), "status": status}, at(25))
        assert not known.synced
        assert known.interval == hours(0, 24)[0]

    def test_tells_in_any_timezone_and_to_the_millisecond(self):
        window = {"start": "2026-01-05T01:00:00.123+01:00", "end": "2026-01-05T00:00:01Z"}
        assert evidence_of({**done(0, 1), "window": window}, at(5)).interval == (ZERO + 123, ZERO + 1000)

    @pytest.mark.parametrize(
        "extra",
        [
            {},
            {"status": "SYNC_DONE"},
            {"status": "SYNC_SUCCESS", "window": None},
            {"status": "SYNC_STARTED", "window": None},
            {"status": "SYNC_ERROR", "window": None},
            {"status": ["SYNC_DONE"], "window": None},
            {"status": "SYNC_DONE", "window": {}},
            {"status": "SYNC_DONE", "window": "all"},
            {"status": "SYNC_DONE", "window": []},
            {"status": "SYNC_DONE", "window": {"start": None, "end": None}},
            {"status": "SYNC_DONE", "window": {"start": 1, "end": 2}},
            {"status": "SYNC_DONE", "window": {"start": "2026-01-05", "end": "2026-01-06"}},
            {"status": "SYNC_DONE", "window": {"start": "yesterday", "end": "today"}},
            {"status": "SYNC_DONE", "window": {"start": iso(2), "end": iso(1)}},
            {"status": "SYNC_DONE", "window": {"start": iso(1), "end": iso(1)}},
            {"status": "SYNC_DONE", "window": {"start": "1960-01-01T00:00Z", "end": "1970-01-01T00:00Z"}},
            {"status": "SYNC_DONE", "window": {"start": "0001-01-01T00:00+14:00", "end": "1960-01-01T00:00Z"}},
            {"status": "SYNC_DONE", "window": None, "product": "sms"},
            {"status": "SYNC_DONE", "window": None, "product": ["classic"]},
            {"status": "SYNC_DONE", "window": None, "product": ""},
        ],
        ids=str,
    )
    def test_that_is_no_word_of_a_sync_proves_nothing(self, extra):
        assert evidence_of(extra, at(30)) is None

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda junk: st.lists(junk) | st.dictionaries(st.text(), junk),
        )
    )
    def test_of_junk_does_no_harm(self, junk):
        for extra in ({"status": junk}, {"status": "SYNC_DONE", "window": junk, "product": junk}):
            evidence_of(extra, at(30))
        evidence_of({"status": "SYNC_DONE", "window": {"start": junk, "end": junk}}, at(30))
        evidence_of({"status": "SYNC_DONE", "window": None, "started_at": junk}, at(30))
        assert attempt_of(junk) is None


class TestAnAttempt:
    def test_tells_its_window(self):
        told = {"account_id": "acc", "window": {"start": iso(0), "end": iso(1)}, "product": None, "partial": None}
        assert attempt_of(told) == Attempt("acc", None, hours(0, 1)[0], keeps=True)

    @pytest.mark.parametrize(("partial", "keeps"), [(True, True), (False, False), (None, False)])
    def test_at_the_whole_history_keeps_what_is_there_if_it_is_partial(self, partial, keeps):
        told = {"account_id": "acc", "window": None, "product": "classic", "partial": partial}
        assert attempt_of(told) == Attempt("acc", "classic", None, keeps=keeps)

    def test_at_the_whole_history_keeps_what_is_there_as_long_as_nothing_was_sent(self):
        told = {"account_id": "acc", "window": None, "product": None, "partial": None}
        assert attempt_of({**told, "sent": False}).keeps
        assert not attempt_of({**told, "sent": True}).keeps

    @pytest.mark.parametrize(
        "told",
        [
            None,
            {"account_id": "acc"},
            {"account_id": 5, "window": None, "product": None},
            {"account_id": "acc", "window": {"start": "now", "end": iso(1)}, "product": None},
            {"account_id": "acc", "window": [1, 2], "product": None},
            {"account_id": "acc", "window": None, "product": "sms"},
        ],
        ids=str,
    )
    def test_that_cannot_be_read_is_none(self, told):
        assert attempt_of(told) is None


class TestAHistory:
    def test_unites_windows_that_touch_or_overlap(self):
        assert history((done(0, 24), 25), (done(24, 48), 49), (done(20, 30), 49)).synced() == hours(0, 48)

    def test_of_nothing_knows_nothing(self):
        nothing = History()
        assert (nothing.synced(), nothing.followed(), nothing.failed(), nothing.products) == ([], [], [], ())
        assert (nothing.since(), nothing.newest) == (None, None)
        assert nothing.gaps((0, 9)) == [(0, 9)]

    def test_counts_a_sync_of_all_for_each_product(self):
        known = history((done(0, 24), 25), (done(24, 48, product="recruiter"), 49))
        assert known.synced("recruiter") == hours(0, 48)
        assert known.synced("classic") == hours(0, 24)
        assert known.synced() == known.followed() == hours(0, 24)
        assert known.products == ("recruiter",)

    def test_takes_all_products_by_themselves_for_all(self):
        each = [(done(0, 24, product=product), 25) for product in ("classic", "recruiter", "sales_navigator")]
        assert history(*each).synced() == hours(0, 24)
        assert history(*each[:2]).synced() == []

    def test_follows_the_products_that_are_synced_where_each_is_synced_by_itself(self):
        known = history((done(0, 24, product="classic"), 25), (done(12, 24, product="recruiter"), 25))
        assert known.followed() == hours(12, 24)

    def test_follows_no_product_more_because_all_were_synced_together_once(self):
        daily = [(done(0, 24, product=product), 25) for product in ("classic", "recruiter")]
        assert history(*daily, (done(24, 25), 26)).followed() == hours(0, 25)

    def test_tells_failures_of_a_product_and_of_all(self):
        failed = {"status": "SYNC_ERROR"}
        known = history((done(0, 1) | failed, 2), (done(3, 4, product="classic") | failed, 5))
        assert known.failed() == known.failed("classic") == hours(0, 1, 3, 4)
        assert known.failed("recruiter") == hours(0, 1)

    def test_begins_with_the_first_window_that_was_synced_of_a_product_or_of_all(self):
        known = history(
            (done(5, 6) | {"status": "SYNC_ERROR"}, 7), (done(9, 10, product="classic"), 11), (done(8, 9), 10)
        )
        assert known.since() == known.since("classic") == at(8)
        assert history((done(5, 6, product="classic"), 7), (done(8, 9), 10)).since("recruiter") == at(8)

    def test_tells_when_the_newest_sync_succeeded(self):
        assert history((done(5, 6), 7), (done(0, 1), 10), (done(8, 9) | {"status": "SYNC_ERROR"}, 11)).newest == at(10)

    def test_doubts_what_was_proven_before_everything_was_to_begin_anew(self):
        known = history((done(0, 24), 25), (done(24, 48), 49), lost_before=at(30))
        assert known.synced() == hours(24, 48)
        assert known.failed() == hours(0, 24)
        assert known.since() == at(0)

    def test_can_be_doubted_as_a_whole(self):
        doubted = history((done(0, 24), 25)).doubted()
        assert (doubted.synced(), doubted.failed(), doubted.since()) == ([], hours(0, 24), at(0))

    def test_takes_its_rhythm_from_windows_of_schedules(self):
        known = history((done(0, 24), 25), (done(3, 5, run="manual__2026-01-06T00:00:00+00:00"), 26))
        assert known.ends == [at(24)]

    def test_tells_the_gaps_of_a_span(self):
        known = history((done(2, 3), 5), (done(4, 5, product="classic"), 6))
        assert known.gaps(*hours(0, 6)) == hours(0, 2, 3, 6)
        assert known.gaps(*hours(0, 6), "classic") == hours(0, 2, 3, 4, 5, 6)

    @given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9), st.integers(0, 60), st.booleans()), max_size=12))
    def test_is_the_same_in_any_order_and_in_parts(self, syncs):
        events = [
            (done(start, start + length) | ({} if ok else {"status": "SYNC_ERROR"}), hour)
            for start, length, hour, ok in syncs
        ]
        whole, backwards = history(*events), history(*reversed(events))
        parts = history(*events[::2]).joined(history(*events[1::2]))
        twice = history(*events, *events)
        for other in (backwards, parts, twice):
            assert (other.synced(), other.failed(), other.since()) == (
                whole.synced(),
                whole.failed(),
                whole.since(),
            )
            assert (other.newest, other.ends) == (whole.newest, whole.ends)

    def test_that_is_joined_leaves_both_as_they_were(self):
        one, other = history((done(0, 1), 2)), history((done(1, 2), 3))
        one.joined(other).note_synced(None, hours(5, 6))
        assert (one.synced(), other.synced()) == (hours(0, 1), hours(1, 2))


class TestACheckpoint:
    def test_keeps_what_is_synced_by_product(self):
        known = history((done(0, 1), 2), (done(5, 6), 7), (done(3, 4, product="classic"), 5))
        kept = checkpoint_of(known)
        assert kept == {"v": 1, "synced": {"": [at(0), at(1), at(5), at(6)], "classic": [at(3), at(4)]}}
        again = read_checkpoint(kept)
        assert again.synced() == known.synced()
        assert again.synced("classic") == known.synced("classic")

    @pytest.mark.parametrize(
        "value",
        [
            None,
            [],
            "{}",
            {},
            {"v": 1},
            {"v": 2, "synced": {}},
            {"v": 1, "synced": []},
            {"v": 1, "synced": {"": [1]}},
            {"v": 1, "synced": {"": ["1", "2"]}},
            {"v": 1, "synced": {"": [True, 5]}},
            {"v": 1, "synced": {"": [-5, 5]}},
            {"v": 1, "synced": {"sms": [1, 2]}},
        ],
        ids=str,
    )
    def test_that_cannot_be_read_is_none(self, value):
        assert read_checkpoint(value) is None

    def test_of_a_later_version_is_known_as_one(self):
        assert is_later({"v": 2, "anything": []})
        assert not is_later({"v": 1, "synced": {}})
        assert not is_later({"v": "2"})
        assert not is_later(None)

    def test_has_a_key_for_each_dag(self):
        assert key_of("nightly") == "postpress_coverage:nightly"


def due(now: float, *, scheduled: list[float] | None = None, past: list[float], synced: float | None = None) -> float:
    """Until when windows are due, with a grace of six hours; all in hours."""
    ends = [at(end) for end in scheduled or ()]
    until = due_until(
        at(now),
        grace=6 * HOUR,
        window_ends=ends,
        past_ends=[at(end) for end in past],
        synced_until=None if synced is None else at(synced),
    )
    return None if until is None else (until - ZERO) / HOUR


class TestDue:
    def test_are_windows_until_the_last_that_a_schedule_had_time_for(self):
        assert due(100, scheduled=[24, 72], past=[90], synced=95) == 72

    def test_is_nothing_of_an_account_that_was_never_synced(self):
        assert due(100, past=[]) is None

    @pytest.mark.parametrize(("now", "until"), [(73, 72), (77.9, 72), (78, 72), (101, 72), (102, 96), (127, 120)])
    def test_follows_the_accounts_rhythm_where_no_schedule_tells(self, now, until):
        assert due(now, past=[0, 24, 48, 72], synced=75) == until

    @pytest.mark.parametrize("past", [[], [24], [24, 48]])
    def test_is_nothing_more_than_what_was_synced_of_an_account_without_a_rhythm(self, past):
        assert due(1000, past=past, synced=48) == 48

    def test_is_not_misled_by_a_gap(self):
        assert due(206, past=[0, 24, 48, 96, 120, 144], synced=144) == 192


def test_evidence_covers_just_the_windows_that_are_known():
    known = history(*[(done(start, start + 2), 60) for start in range(0, 40, 3)])
    assert known.synced() == union(*[hours(start, start + 2) for start in range(0, 40, 3)])
