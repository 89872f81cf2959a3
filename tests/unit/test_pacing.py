from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.resync.pacing import FAILURE_BUDGET, Intervals, Pacing

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def pacing(*, chance: float = 0.5, deadline: datetime = NOW + HOUR, intervals: Intervals | None = None) -> Pacing:
    return Pacing(intervals or Intervals(), deadline=deadline, chance=lambda: chance)


def test_polls_begin_after_ten_seconds_and_come_half_again_as_late_each_time_up_to_a_minute() -> None:
    paced = pacing()
    assert [paced.before_poll(NOW) for _ in range(7)] == pytest.approx([10, 15, 22.5, 33.75, 50.625, 60, 60])


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_chance_moves_each_wait_by_a_fifth_at_most(chance: float, share: float) -> None:
    paced = pacing(chance=chance)
    assert [paced.before_poll(NOW) for _ in range(3)] == pytest.approx([10 * share, 15 * share, 22.5 * share])
    assert pacing(chance=chance).after_failure(NOW, None) == pytest.approx(10 * share)


def test_polls_begin_anew() -> None:
    paced = pacing()
    for _ in range(5):
        paced.before_poll(NOW)
    paced.anew()
    assert paced.before_poll(NOW) == 10


def test_a_failure_does_not_change_the_time_between_polls() -> None:
    paced = pacing()
    paced.before_poll(NOW)
    paced.after_failure(NOW, None)
    paced.recovered()
    assert paced.before_poll(NOW) == 15


def test_failures_are_backed_off_from_ever_longer_until_a_good_answer_comes() -> None:
    paced = pacing()
    assert [paced.after_failure(NOW, None) for _ in range(3)] == pytest.approx([10, 15, 22.5])
    paced.recovered()
    assert paced.after_failure(NOW, None) == 10


@pytest.mark.parametrize(("retry_after", "wait"), [(None, 10), (0.0, 10), (3.0, 10), (45.0, 45), (1800.0, 1800)])
def test_postpress_can_ask_for_a_longer_wait_and_not_for_a_shorter_one(retry_after: float | None, wait: float) -> None:
    assert pacing().after_failure(NOW, retry_after) == wait


def test_no_wait_goes_beyond_the_deadline() -> None:
    late = NOW + HOUR - timedelta(seconds=4)
    assert pacing().before_poll(late) == 4
    assert pacing().after_failure(late, 86_400.0) == 4
    assert pacing().before_poll(NOW + 2 * HOUR) == 0


def test_the_budget_is_spent_by_ten_failures_in_a_row() -> None:
    paced = pacing()
    for _ in range(FAILURE_BUDGET - 1):
        paced.after_failure(NOW, None)
    assert not paced.budget_is_spent
    paced.after_failure(NOW, None)
    assert paced.budget_is_spent
    paced.recovered()
    assert not paced.budget_is_spent


def test_the_deadline_is_over_when_it_is_reached() -> None:
    paced = pacing()
    assert not paced.is_over(NOW + HOUR - timedelta(microseconds=1))
    assert paced.is_over(NOW + HOUR)


@pytest.mark.parametrize(
    ("first", "longest", "named"),
    [
        (0, 60, "poll_interval=0"),
        (-1, 60, "poll_interval=-1"),
        (float("nan"), 60, "poll_interval=nan"),
        (float("inf"), float("inf"), "poll_interval=inf"),
        (10, 9, "max_poll_interval=9"),
        (10, float("inf"), "max_poll_interval=inf"),
        (10, float("nan"), "max_poll_interval=nan"),
    ],
)
def test_intervals_that_cannot_be_waited_are_refused_by_name(first: float, longest: float, named: str) -> None:
    with pytest.raises(PostpressInvalidRequest, match=named):
        Intervals(first=first, longest=longest)


@given(steps=st.integers(0, 10**9), first=st.floats(0.001, 1e6), over=st.floats(1, 1e6))
def test_an_interval_lies_between_the_first_and_the_longest_however_often_it_grew(
    steps: int, first: float, over: float
) -> None:
    intervals = Intervals(first=first, longest=first * over)
    assert intervals.first <= intervals.after(steps) <= intervals.longest
