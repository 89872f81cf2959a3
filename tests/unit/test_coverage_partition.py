"""A span of time, cut into what is synced, missing, failed, disconnected, not due, before the first sync, unknown."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_coverage_intervals import DAY, intervals, minutes, moments

from airflow_provider_postpress.coverage.partition import Kind, partition, run_lengths

SPAN = (0, DAY)


def kinds(**known) -> list[Kind]:
    """The kind of each minute of the span."""
    return [kind for start, end, kind in partition(SPAN, **known) for _ in range(start, end)]


@given(
    synced=intervals,
    failed=intervals,
    away=intervals,
    since=st.none() | moments,
    due=st.none() | moments,
    is_partly_hidden=st.booleans(),
)
def test_each_minute_is_what_is_known_of_it(synced, failed, away, since, due, is_partly_hidden):
    segments = partition(
        SPAN, synced=synced, failed=failed, away=away, since=since, due=due, is_partly_hidden=is_partly_hidden
    )
    assert [bound for start, end, _ in segments for bound in (start, end)][1:-1:2] == [
        start for start, _, _ in segments[1:]
    ]
    assert (segments[0][0], segments[-1][1]) == SPAN
    assert all(one[2] != other[2] for one, other in pairwise(segments))
    for start, end, kind in segments:
        for minute in range(start, end):
            is_due = due is not None and minute < due
            if minute in minutes(synced):
                expected = {Kind.SYNCED}
            elif is_partly_hidden:
                expected = {Kind.UNKNOWN if is_due else Kind.PENDING}
            elif minute in minutes(failed):
                expected = {Kind.FAILED, Kind.DISCONNECTED}
            elif since is None or minute < since:
                expected = {Kind.BEFORE}
            elif not is_due:
                expected = {Kind.PENDING}
            else:
                expected = {Kind.MISSING, Kind.DISCONNECTED}
            assert kind in expected


@given(synced=intervals, failed=intervals, away=intervals)
def test_what_is_disconnected_was_so_for_half_of_it_and_what_is_missing_was_not(synced, failed, away):
    for start, end, kind in partition(SPAN, synced=synced, failed=failed, away=away, since=0, due=DAY):
        offline = len(minutes([(start, end)]) & minutes(away))
        if kind == Kind.DISCONNECTED:
            assert 2 * offline >= end - start
        if kind == Kind.MISSING:
            assert 2 * offline < end - start


def test_nothing_is_expected_of_an_account_that_was_never_synced():
    assert partition(SPAN, synced=[], since=None, due=DAY) == [(0, DAY, Kind.BEFORE)]


def test_what_was_synced_before_it_was_due_is_synced_and_the_rest_waits():
    assert partition(SPAN, synced=[(0, 10), (20, 30)], since=0, due=10) == [
        (0, 10, Kind.SYNCED),
        (10, 20, Kind.PENDING),
        (20, 30, Kind.SYNCED),
        (30, DAY, Kind.PENDING),
    ]


def test_a_window_that_failed_and_was_synced_later_is_synced():
    assert kinds(synced=[(0, DAY)], failed=[(5, 6)], since=0, due=DAY) == [Kind.SYNCED] * DAY


def test_a_short_outage_is_not_the_cause_of_a_long_gap():
    assert set(kinds(synced=[], away=[(0, 10)], since=0, due=DAY)) == {Kind.MISSING}


def test_a_gap_of_days_has_one_cause():
    assert partition(SPAN, synced=[(0, 10)], away=[(12, 40)], since=0, due=44) == [
        (0, 10, Kind.SYNCED),
        (10, 44, Kind.DISCONNECTED),
        (44, DAY, Kind.PENDING),
    ]


def test_nights_that_failed_in_an_outage_are_the_outages():
    assert partition(SPAN, synced=[(0, 10)], failed=[(20, 30)], away=[(12, 40)], since=0, due=44) == [
        (0, 10, Kind.SYNCED),
        (10, 44, Kind.DISCONNECTED),
        (44, DAY, Kind.PENDING),
    ]


def test_what_failed_is_failed_though_it_is_not_due_or_nothing_was_ever_synced():
    assert partition(SPAN, synced=[], failed=[(20, 30)], since=None, due=None) == [
        (0, 20, Kind.BEFORE),
        (20, 30, Kind.FAILED),
        (30, DAY, Kind.BEFORE),
    ]
    assert partition(SPAN, synced=[(0, 10)], failed=[(20, 30)], since=0, due=10) == [
        (0, 10, Kind.SYNCED),
        (10, 20, Kind.PENDING),
        (20, 30, Kind.FAILED),
        (30, DAY, Kind.PENDING),
    ]


def test_an_old_window_that_failed_does_not_make_all_since_then_missing():
    assert partition(SPAN, synced=[(30, DAY)], failed=[(5, 10)], since=30, due=DAY) == [
        (0, 5, Kind.BEFORE),
        (5, 10, Kind.FAILED),
        (10, 30, Kind.BEFORE),
        (30, DAY, Kind.SYNCED),
    ]


@pytest.mark.parametrize("lost", ["failed", "away"])
@pytest.mark.parametrize("since", [None, 0, 30])
def test_what_is_partly_hidden_is_never_called_missing_nor_before_all_syncs(lost, since):
    known = kinds(synced=[(30, 35)], since=since, due=44, is_partly_hidden=True, **{lost: [(10, 40)]})
    assert known == [
        *[Kind.UNKNOWN] * 30,
        *[Kind.SYNCED] * 5,
        *[Kind.UNKNOWN] * 9,
        *[Kind.PENDING] * 4,
    ]


def test_run_lengths_tell_the_start_and_the_kind_of_each_and_the_last_end():
    segments = [(0, 5, Kind.BEFORE), (5, 8, Kind.SYNCED)]
    assert run_lengths(segments) == [0, 0, 5, 1, 8]
