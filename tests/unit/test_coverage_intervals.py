"""Interval arithmetic, against a model that looks at each minute by itself."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_postpress.coverage.intervals import clip, intersect, pieces, subtract, total, union

Minutes = frozenset[int]
DAY = 48  # of half-hours, say: what counts is that small days have all the edges

moments = st.integers(0, DAY)
intervals = st.lists(st.tuples(moments, moments), max_size=8)


def minutes(some) -> Minutes:
    return frozenset(minute for start, end in some for minute in range(start, end))


def is_in_order_and_apart(some) -> bool:
    bounds = [bound for interval in some for bound in interval]
    return all(earlier < later for earlier, later in pairwise(bounds))


@given(intervals, intervals)
def test_a_union_holds_each_minute_of_any(some, others):
    united = union(some, others)
    assert minutes(united) == minutes(some) | minutes(others)
    assert is_in_order_and_apart(united)


@given(intervals, intervals)
def test_a_difference_holds_each_minute_of_the_first_alone(some, others):
    left = subtract(some, others)
    assert minutes(left) == minutes(some) - minutes(others)
    assert is_in_order_and_apart(left)


@given(intervals, intervals)
def test_an_intersection_holds_each_minute_of_both(some, others):
    common = intersect(some, others)
    assert minutes(common) == minutes(some) & minutes(others)
    assert is_in_order_and_apart(common)


@given(intervals, st.tuples(moments, moments))
def test_what_is_clipped_lies_in_the_span(some, span):
    assert minutes(clip(some, span)) == minutes(some) & minutes([span])


@given(intervals)
def test_each_minute_is_counted_once(some):
    assert total(some) == len(minutes(some))


@given(moments, moments, st.integers(1, DAY))
def test_pieces_tile_what_was_cut(start, end, longest):
    cut = list(pieces((start, end), longest))
    assert [minute for piece in cut for minute in range(*piece)] == list(range(start, end))
    assert all(0 < last - first <= longest for first, last in cut)


def test_intervals_that_touch_are_one_and_empty_ones_are_none():
    assert union([(3, 4), (1, 3)], [(7, 7), (9, 8)]) == [(1, 4)]
