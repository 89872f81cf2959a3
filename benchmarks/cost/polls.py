"""
Count the requests of a sync, and tell how late its end is seen: ours, a fixed interval's, and the best possible.

Ours is the real driver with its real pacing, on a clock that is moved instead of waited for, against a sync that takes
so long. A fixed interval asks after one interval, after two, and so on. The best possible asks once, at the end.

*At equal delay* is said of all syncs together, since who chooses an interval does not know how long a sync will take:
as many short ones as long ones, by orders of magnitude (log-uniform), and the fixed interval that makes the mean of
their delays the same. A delay is measured in two ways: as a share of the time that the sync took, where all count the
same, and in seconds, where the longest syncs decide. For both there is a best plan of polls for all that do not know
how long a sync takes, which dynamic programming finds: the fewest requests at that delay.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from airflow_provider_postpress.api.models import SyncAnswer
from airflow_provider_postpress.resync.driver import SyncDriver, SyncResult
from airflow_provider_postpress.resync.pacing import Intervals, Pacing
from airflow_provider_postpress.resync.request import SyncRequest, Target
from airflow_provider_postpress.resync.runners import run
from airflow_provider_postpress.resync.tracker import OwnSync
from benchmarks.cost.table import table

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
SHORTEST, LONGEST = 5.0, 7200.0
SHOWN = {"5 s": 5, "30 s": 30, "2 min": 120, "10 min": 600, "30 min": 1800, "2 h": 7200}
FIXED = {"Fivetran": 15, "Databricks": 30, "dbt Cloud, Airbyte, HTTP": 60}
"""The peers' defaults: seconds between two polls of a deferred task."""
SAMPLES = 400
STEP = 0.3
"""How close together the moments are at which the best plan may ask: times the root of the time, in seconds."""


@dataclass(frozen=True)
class Seen:
    """
    How a sync was seen.

    :param took: seconds that it took
    :param polls: requests after the one that started it
    :param late: seconds from its end to the answer that told it
    """

    took: float
    polls: float
    late: float

    @property
    def share(self) -> float:
        """How late, as a share of what it took."""
        return self.late / self.took


Waiter = Callable[[float], Seen]


def ours(intervals: Intervals, chance: random.Random) -> Waiter:
    """
    Give the driver with its pacing.

    :param intervals: the settings of the waiting
    :param chance: moves the intervals
    """

    def wait(took: float) -> Seen:
        now = 0.0

        def send(_: object) -> SyncAnswer:
            nonlocal started
            status = "SYNC_STARTED" if not started else "SYNC_RUNNING" if now < took else "SYNC_DONE"
            started = True
            return SyncAnswer(object="AccountResync", status=status)

        def sleep(seconds: float) -> None:
            nonlocal now
            now += seconds

        started = False
        pacing = Pacing(intervals, deadline=EPOCH + timedelta(days=1), chance=chance.random)
        driver = SyncDriver(SyncRequest(Target.ACCOUNT, "acc", None, {}), OwnSync(), pacing)
        outcome = run(
            driver.steps(), send=send, sleep=sleep, say=lambda _: None, now=lambda: EPOCH + timedelta(seconds=now)
        )
        if not isinstance(outcome, SyncResult):
            raise RuntimeError(f"The sync did not end well: {outcome}")  # noqa: TRY004 - no type was given wrongly
        return Seen(took, driver.progress.polls - 1, now - took)

    return wait


def fixed(interval: float) -> Waiter:
    """
    Give a fixed interval.

    :param interval: seconds
    """

    def wait(took: float) -> Seen:
        polls = math.ceil(took / interval)
        return Seen(took, polls, polls * interval - took)

    return wait


def around(took: float, chance: random.Random) -> list[float]:
    """Give durations about that long, so that no interval meets its end by chance."""
    return [took * chance.uniform(0.9, 1.1) for _ in range(SAMPLES)]


def mixed(chance: random.Random) -> list[float]:
    """Give durations of all orders of magnitude alike."""
    span = math.log(LONGEST / SHORTEST)
    return [SHORTEST * math.exp(span * (number + chance.random()) / (5 * SAMPLES)) for number in range(5 * SAMPLES)]


def mean(seen: Sequence[Seen], what: Callable[[Seen], float]) -> float:
    """Give the mean of something over syncs."""
    return statistics.fmean(map(what, seen))


def equal(took: Sequence[float], what: Callable[[Seen], float], wanted: float) -> float:
    """
    Find the fixed interval whose mean delay is that.

    :param took: the syncs
    :param what: how a delay is measured
    :param wanted: the mean delay
    """
    low, high = 0.01, LONGEST
    for _ in range(60):
        middle = math.sqrt(low * high)
        waiter = fixed(middle)
        low, high = (middle, high) if mean([waiter(each) for each in took], what) < wanted else (low, middle)
    return low


def best_plan(took: Sequence[float], what: Callable[[Seen], float], wanted: float) -> float:
    """
    Find the fewest polls, on the mean, by which the mean delay is no longer than that.

    :param took: the syncs
    :param what: how a delay is measured
    :param wanted: the mean delay
    """
    low, high = 1e-3, 1e3  # polls that one unit of delay is worth
    polls = math.inf
    for _ in range(20):
        middle = math.sqrt(low * high)
        delay, polls = _plan(took, what, middle)
        low, high = (middle, high) if delay > wanted else (low, middle)
    return polls


def _plan(took: Sequence[float], what: Callable[[Seen], float], worth: float) -> tuple[float, float]:
    """Give mean delay and polls of the plan that is best where a unit of delay is worth so many polls."""
    ends = sorted(took)
    # a delay is linear in the moment at which it ends: what(1 s late) each, less what(its own end)
    slope = list(accumulate((what(Seen(end, 1, 1.0)) for end in ends), initial=0.0))
    offset = list(accumulate((what(Seen(end, 1, end)) for end in ends), initial=0.0))
    count = int(2 * (math.sqrt(LONGEST) - math.sqrt(SHORTEST)) / STEP)
    moments = [(math.sqrt(SHORTEST) + STEP / 2 * number) ** 2 for number in range(count)]
    marks = sorted({0, len(ends), *(bisect_right(ends, moment) for moment in moments)})
    best: dict[int, tuple[float, float, float]] = {len(ends): (0.0, 0.0, 0.0)}  # cost, delay, polls from here on
    for here in reversed(marks[:-1]):
        options = []
        for there in marks[bisect_right(marks, here) :]:
            at = ends[there - 1]  # the next poll, right after the last of those that it sees the end of
            delay = (slope[there] - slope[here]) * at - (offset[there] - offset[here])
            asked = len(ends) - here
            cost, delays, polls = best[there]
            options.append((cost + worth * delay + asked, delays + delay, polls + asked))
        best[here] = min(options)
    _, delays, polls = best[0]
    return delays / len(ends), polls / len(ends)


def main() -> None:
    """Print both tables."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    defaults = Intervals()
    arguments.add_argument("--first", type=float, default=defaults.first)
    arguments.add_argument("--longest", type=float, default=defaults.longest)
    arguments.add_argument("--growth", type=float, default=defaults.growth)
    chosen = arguments.parse_args()
    chance = random.Random(4)  # noqa: S311 - so that every run gives the same
    intervals = Intervals(chosen.first, chosen.longest, chosen.growth)
    waiter = ours(intervals, chance)
    rows = []
    for name, seconds in SHOWN.items():
        took = around(seconds, chance)
        waiters = [waiter, *map(fixed, FIXED.values())]
        seen = [[each(duration) for duration in took] for each in waiters]
        cells = [f"{mean(some, lambda s: s.polls):.1f} / {mean(some, lambda s: s.late):.1f} s" for some in seen]
        rows.append([name, *cells, "1 / 0 s"])
    peers = [f"{name} ({seconds} s)" for name, seconds in FIXED.items()]
    print(table(["sync takes", "Postpress", *peers, "best possible"], rows))  # noqa: T201
    print()  # noqa: T201
    took = mixed(chance)
    mine = [waiter(duration) for duration in took]
    rows = []
    for name, what, unit in (
        ("share of the sync's time", lambda seen: seen.share, "{:.1%}"),
        ("seconds", lambda seen: seen.late, "{:.1f} s"),
    ):
        interval = equal(took, what, mean(mine, what))
        theirs = [fixed(interval)(duration) for duration in took]
        polls, others = (mean(some, lambda seen: seen.polls) for some in (mine, theirs))
        rows.append(
            [
                name,
                unit.format(mean(mine, what)),
                f"{polls:.1f}",
                f"every {interval:.1f} s: {others:.1f}",
                f"{polls / others:.2f}",
                f"{best_plan(took, what, mean(mine, what)) / others:.2f}",
            ]
        )
    head = ["delay as", "mean delay of both", "polls", "fixed interval: polls", "ratio", "best plan's ratio"]
    print(table(head, rows))  # noqa: T201


if __name__ == "__main__":
    main()
