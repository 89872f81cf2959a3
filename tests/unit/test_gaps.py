"""What is missing, as windows to fill."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.coverage.gaps import gaps, interval_of
from airflow_provider_postpress.resync.window import SyncWindow

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@dataclass
class Event:
    extra: dict[str, Any] | None
    timestamp: datetime = field(default=NOON)


def synced(start: str, end: str, product: str | None = None) -> Event:
    return Event({"status": "SYNC_DONE", "window": {"start": f"{start}Z", "end": f"{end}Z"}, "product": product})


def found(events: list[Event], start: str, end: str, **how: Any) -> list[str]:
    bounds = (datetime.fromisoformat(bound).replace(tzinfo=UTC) for bound in (start, end))
    return [str(window) for window in gaps(events, *bounds, **how)]


def test_what_no_event_tells_of_is_missing_oldest_first():
    events = [synced("2026-01-03T00:00", "2026-01-04T00:00"), synced("2026-01-01T00:00", "2026-01-02T00:00")]
    assert found(events, "2025-12-31T12:00", "2026-01-04T00:00") == [
        "[2025-12-31 12:00 → 2026-01-01 00:00) UTC",
        "[2026-01-02 00:00 → 2026-01-03 00:00) UTC",
    ]


def test_all_is_missing_where_nothing_is_known_and_nothing_where_all_is():
    assert found([], "2026-01-01", "2026-01-02") == ["[2026-01-01 00:00 → 2026-01-02 00:00) UTC"]
    assert found([synced("2026-01-01T00:00", "2026-01-02T00:00")], "2026-01-01", "2026-01-02") == []


def test_an_event_without_an_extra_proves_nothing():
    assert found([Event(None)], "2026-01-01", "2026-01-02") == ["[2026-01-01 00:00 → 2026-01-02 00:00) UTC"]


def test_a_gap_that_is_too_long_is_cut_from_its_start_on():
    assert found([], "2026-01-01", "2026-01-06", max_window=timedelta(days=2)) == [
        "[2026-01-01 00:00 → 2026-01-03 00:00) UTC",
        "[2026-01-03 00:00 → 2026-01-05 00:00) UTC",
        "[2026-01-05 00:00 → 2026-01-06 00:00) UTC",
    ]


def test_of_many_windows_the_oldest_are_given():
    cut = {"max_window": timedelta(days=1), "max_windows": 2}
    assert found([], "2026-01-01", "2026-01-06", **cut) == [
        "[2026-01-01 00:00 → 2026-01-02 00:00) UTC",
        "[2026-01-02 00:00 → 2026-01-03 00:00) UTC",
    ]


def test_a_sync_of_a_product_leaves_the_others_missing():
    events = [synced("2026-01-01T00:00", "2026-01-02T00:00", "recruiter")]
    assert found(events, "2026-01-01", "2026-01-02", linkedin_product="recruiter") == []
    assert len(found(events, "2026-01-01", "2026-01-02", linkedin_product="classic")) == 1
    assert len(found(events, "2026-01-01", "2026-01-02")) == 1


def test_a_gap_of_a_millisecond_is_one():
    events = [synced("2026-01-01T00:00", "2026-01-01T12:00"), synced("2026-01-01T12:00:00.001", "2026-01-02T00:00")]
    assert found(events, "2026-01-01", "2026-01-02") == ["[2026-01-01 12:00 → 2026-01-01 12:00:00.001) UTC"]


def test_history_before_march_1973_is_missing_like_any_other():
    assert found([], "1970-01-01", "1970-01-02") == ["[1970-01-01 00:00 → 1970-01-02 00:00) UTC"]


def test_a_window_is_its_bounds_in_milliseconds():
    assert interval_of(SyncWindow("1970-01-01T00:00:00.001Z", "2026-01-01T00:00:00.999Z")) == (1, 1767225600999)


def test_a_span_without_length_is_refused():
    with pytest.raises(PostpressInvalidRequest, match="is not before its end"):
        found([], "2026-01-02", "2026-01-02")


@pytest.mark.parametrize("length", [timedelta(0), timedelta(days=-1), timedelta(microseconds=999)])
def test_windows_of_no_length_are_refused(length: timedelta):
    with pytest.raises(PostpressInvalidRequest, match=r"max_window=.* is not allowed: it is a millisecond or more"):
        found([], "2026-01-01", "2026-01-02", max_window=length)
