"""
Arithmetic of spans of time.

An interval is half-open, ``(start, end)`` with its start and without its end, in epoch milliseconds. What is given here
may be in any order and overlap; what is returned is in order and disjoint, and intervals that touch are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Interval = tuple[int, int]


def union(*intervals: Iterable[Interval]) -> list[Interval]:
    """
    Give the time that lies in any of some intervals.

    :param intervals: intervals, of which one that ends where it starts, or before, holds nothing
    """
    united: list[Interval] = []
    for start, end in sorted(interval for some in intervals for interval in some):
        if start >= end:
            continue
        if united and start <= united[-1][1]:
            if end > united[-1][1]:
                united[-1] = (united[-1][0], end)
        else:
            united.append((start, end))
    return united


def subtract(intervals: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """
    Give the time that lies in some intervals and not in others.

    :param intervals: from these
    :param others: these are taken away
    """
    left: list[Interval] = []
    holes = union(others)
    first = 0
    for start, end in union(intervals):
        while first < len(holes) and holes[first][1] <= start:
            first += 1
        for hole_start, hole_end in holes[first:]:
            if hole_start >= end:
                break
            if start < hole_start:
                left.append((start, hole_start))
            start = hole_end
        if start < end:
            left.append((start, end))
    return left


def intersect(intervals: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """
    Give the time that lies in some intervals and in others as well.

    :param intervals: these
    :param others: and these
    """
    ours = union(intervals)
    return subtract(ours, subtract(ours, others))


def clip(intervals: Iterable[Interval], span: Interval) -> list[Interval]:
    """
    Give the part of intervals that lies in a span.

    :param intervals: what is cut off
    :param span: the span
    """
    first, last = span
    return union((max(start, first), min(end, last)) for start, end in intervals)


def total(intervals: Iterable[Interval]) -> int:
    """
    Give the length of the time that lies in any of some intervals, in milliseconds.

    :param intervals: the intervals
    """
    return sum(end - start for start, end in union(intervals))


def pieces(interval: Interval, longest: int) -> Iterator[Interval]:
    """
    Cut an interval, from its start on, so that no piece is longer than allowed.

    :param interval: what is cut
    :param longest: the length of a piece, in milliseconds, above 0
    """
    start, end = interval
    for first in range(start, end, longest):
        yield first, min(first + longest, end)
