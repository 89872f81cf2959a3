"""A span of an account's time, cut into what is synced, what is missing and why, and what nobody can know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import pairwise

from airflow_provider_postpress.coverage.intervals import Interval, clip, subtract, total, union


class Kind(IntEnum):
    """What a segment of time is."""

    BEFORE = 0
    """Before the first moment that was ever synced."""
    SYNCED = 1
    """Its messages are in Postpress."""
    MISSING = 2
    """It was due, and no sync has covered it."""
    FAILED = 3
    """The sync of it has failed, or what was synced is in doubt since a later sync failed."""
    DISCONNECTED = 4
    """It was due, and the account was not connected for most of it."""
    PENDING = 5
    """It is not due yet."""
    UNKNOWN = 6
    """It may be synced: some of what is known of the account is hidden from who asks."""


PROBLEMS = (Kind.MISSING, Kind.FAILED, Kind.DISCONNECTED)

Segment = tuple[int, int, Kind]


def partition(
    span: Interval,
    *,
    synced: Iterable[Interval],
    failed: Iterable[Interval] = (),
    away: Iterable[Interval] = (),
    since: int | None,
    due: int | None,
    is_partly_hidden: bool = False,
) -> list[Segment]:
    """
    Cut a span into segments, of which neighbours differ.

    A gap is what is due, or has failed, and is not synced. It has one cause, disconnected, if the account was not
    connected for at least half of it. Else what has failed of it is failed, and the rest is disconnected or missing, by
    the same rule for each piece.

    :param span: the span
    :param synced: what is synced
    :param failed: what has failed
    :param away: when the account was not connected
    :param since: the first moment that was ever synced; ``None``: nothing was
    :param due: until when it is to be synced by now; ``None``: nothing is
    :param is_partly_hidden: whether there are syncs of which who asks may not know: what is not synced is then unknown,
        from the span's start until it is due
    :return: segments as ``(start, end, kind)``, from the span's start to its end
    """
    start, end = span
    covered = clip(synced, span)
    first = start if is_partly_hidden else end if since is None else min(max(since, start), end)
    last = first if due is None else min(max(due, first), end)
    broken = [] if is_partly_hidden else subtract(clip(failed, span), covered)
    gaps = union(subtract([(first, last)], covered), broken)
    known = union(covered, gaps)
    segments = [(*interval, Kind.SYNCED) for interval in covered]
    segments += [(*interval, Kind.BEFORE) for interval in subtract([(start, first)], known)]
    segments += [(*interval, Kind.PENDING) for interval in subtract([(last, end)], known)]
    if is_partly_hidden:
        segments += [(*gap, Kind.UNKNOWN) for gap in gaps]
    else:
        segments += _causes(gaps, broken, union(away))
    return _fused(sorted(segments))


def _causes(gaps: Iterable[Interval], broken: Sequence[Interval], away: Sequence[Interval]) -> Iterator[Segment]:
    for gap in gaps:
        if _is_outage(gap, away):
            yield *gap, Kind.DISCONNECTED
            continue
        yield from ((*piece, Kind.FAILED) for piece in clip(broken, gap))
        for piece in subtract([gap], broken):
            yield *piece, Kind.DISCONNECTED if _is_outage(piece, away) else Kind.MISSING


def _is_outage(gap: Interval, away: Sequence[Interval]) -> bool:
    return 2 * total(clip(away, gap)) >= gap[1] - gap[0]


def run_lengths(segments: Sequence[Segment]) -> list[int]:
    """
    Write segments as ``[start, kind, start, kind, …, end]``.

    :param segments: segments of which each ends where the next one starts
    """
    flat = [number for start, _, kind in segments for number in (start, int(kind))]
    return [*flat, segments[-1][1]] if segments else []


def _fused(segments: Sequence[Segment]) -> list[Segment]:
    changes = [index for index, (_, _, kind) in enumerate(segments) if index == 0 or segments[index - 1][2] != kind]
    return [
        (segments[first][0], segments[after - 1][1], segments[first][2])
        for first, after in pairwise([*changes, len(segments)])
    ]
