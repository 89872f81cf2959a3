"""How long to wait: poll intervals, back-off, jitter, Retry-After, the failure budget and the deadline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from airflow_provider_postpress.api.errors import PostpressInvalidRequest

GROWTH = 1.5
SPREAD = 0.2
FAILURE_BUDGET = 10


@dataclass(frozen=True, slots=True)
class Intervals:
    """
    The settings of the waiting.

    :param first: seconds before the first poll
    :param longest: seconds that the time between two polls grows to
    :param growth: what each poll's interval is multiplied by for the next
    :param spread: each wait is longer or shorter by up to this share of it, at random
    :raises PostpressInvalidRequest: an interval is not positive, or the longest is shorter than the first
    """

    first: float = 10.0
    longest: float = 60.0
    growth: float = GROWTH
    spread: float = SPREAD

    def __post_init__(self) -> None:
        if not 0 < self.first < float("inf"):
            raise PostpressInvalidRequest(f"poll_interval={self.first!r} s is not allowed: it is longer than 0 s.")
        if not self.first <= self.longest < float("inf"):
            raise PostpressInvalidRequest(
                f"max_poll_interval={self.longest!r} s is not allowed: it is at least poll_interval ({self.first:g} s)."
            )

    def after(self, steps: int) -> float:
        """
        Give the interval after a number of steps, before chance moves it.

        :param steps: how often it has grown
        """
        longest_power = 64  # grown to any limit by then, and far from overflow
        return min(self.first * self.growth ** min(steps, longest_power), self.longest)


class Pacing:
    """
    The waiting of one sync.

    :param intervals: its settings
    :param deadline: when it is to be given up
    :param chance: gives a number between 0 and 1
    """

    def __init__(self, intervals: Intervals, *, deadline: datetime, chance: Callable[[], float]) -> None:
        self.intervals = intervals
        self.deadline = deadline
        self.failures = 0
        self._chance = chance
        self._polls = 0

    @property
    def budget_is_spent(self) -> bool:
        """Whether too many requests in a row have failed."""
        return self.failures >= FAILURE_BUDGET

    def anew(self) -> None:
        """Begin again with the first interval."""
        self._polls = 0

    def recovered(self) -> None:
        """Refill the failure budget: a good answer came."""
        self.failures = 0

    def before_poll(self, now: datetime, *, not_before: datetime | None = None) -> float:
        """
        Give the seconds to wait before the next poll.

        :param now: the time
        :param not_before: when Postpress wants to be asked again, if it said so
        """
        wait = self._spread(self.intervals.after(self._polls))
        self._polls += 1
        return self._up_to_deadline(max(wait, (not_before - now).total_seconds()) if not_before else wait, now)

    def after_failure(self, now: datetime, retry_after: float | None) -> float:
        """
        Count a failure and give the seconds to back off.

        :param now: the time
        :param retry_after: seconds that Postpress asked for, if it did
        """
        wait = self._spread(self.intervals.after(self.failures))
        self.failures += 1
        return self._up_to_deadline(max(wait, retry_after or 0.0), now)

    def is_over(self, now: datetime) -> bool:
        """
        Tell whether the deadline has passed. Ask after an answer was judged, never before.

        :param now: the time
        """
        return now >= self.deadline

    def _spread(self, seconds: float) -> float:
        return seconds * (1 + self.intervals.spread * (2 * self._chance() - 1))

    def _up_to_deadline(self, seconds: float, now: datetime) -> float:
        return max(0.0, min(seconds, (self.deadline - now).total_seconds()))
