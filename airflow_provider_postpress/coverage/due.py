"""Until when windows are due: what is later is not missing, but not there yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

_LEAST_ENDS = 3


def due_until(
    now: int, *, grace: int, window_ends: Iterable[int], past_ends: Sequence[int], synced_until: int | None
) -> int | None:
    """
    Tell until when an account's messages are to be synced by now; ``None`` if nothing tells it.

    All are epoch milliseconds.

    :param now: the present moment
    :param grace: how long after its window's end a sync may take
    :param window_ends: of each schedule that syncs the account, the last end of a window that is ``grace`` ago. Where
        there is none, the account's own rhythm tells: the usual step between the ends of its past windows
    :param past_ends: the newest ends of synced windows of schedules, in order; fewer than three make no rhythm
    :param synced_until: the end of what is synced, which is all that is due of an account without a rhythm
    """
    scheduled = list(window_ends)
    if scheduled:
        return max(scheduled)
    if len(past_ends) < _LEAST_ENDS:
        return synced_until
    last = past_ends[-1]
    overdue = max(now - grace - last, 0)
    step = round(median(later - earlier for earlier, later in pairwise(past_ends)))
    return last + overdue // step * step
