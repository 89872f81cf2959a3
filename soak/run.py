"""A soak from its beginning to its verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random

from airflow_provider_postpress.emulator import Emulator
from demo.local_airflow import AirflowTrouble
from demo.postgres import postgres
from soak.cluster import Cluster, Task, broker
from soak.havoc import Havoc
from soak.report import Report
from soak.scenario import DAG_ID, REQUEST_SECONDS, SYNC_MS, Scenario
from soak.verdict import judge

Say = Callable[[str], None]

PLANS = {
    "long": {
        "task killed as it starts a sync": 3,
        "its watching process killed": 3,
        "triggerer killed as it waits": 4,
        "scheduler killed with its workers": 2,
        "scheduler killed alone": 2,
        "database crashed": 3,
        "foreign sync": 4,
        "leftover": 4,
        "sync that ends in error": 6,
        "account that loses its login, and returns": 2,
        "account in error, and back": 3,
    },
    "short": {
        "task killed as it starts a sync": 1,
        "triggerer killed as it waits": 1,
        "scheduler killed with its workers": 1,
        "database crashed": 1,
        "foreign sync": 1,
    },
    "calm": {},
}
"""What is done to an Airflow and its accounts, and how often. With ``calm``, for measuring, no request fails either."""
CELERY = {"long": {"Celery worker killed": 4}, "short": {"Celery worker killed": 1}, "calm": {}}
"""What is done to it besides where Celery runs its tasks."""
_LAST_DEED = 0.6
"""By which share of the windows all is done that is done to them."""
_STUCK_SECONDS = 300
"""Without any task that ends, what is left is stuck."""


def soak(scenario: Scenario, folder: Path, *, executor: str, plan: str, say: Say) -> Report:
    """
    Backfill, do what goes wrong in production, and judge.

    :param scenario: what is synced
    :param folder: an empty folder
    :param executor: ``local`` or ``celery``
    :param plan: what is done to it: ``long``, ``short`` or ``calm``
    :param say: takes a line of what goes on
    :raises AirflowTrouble: Airflow does not do what it is there for
    :raises NoPostgres: no PostgreSQL is installed
    """
    chance = Random(scenario.seed)  # noqa: S311 (not for secrets)
    deeds = _deeds(chance, executor, plan)
    with (
        Emulator(seed=scenario.seed, duration_ms=SYNC_MS) as postpress,
        postgres() as database,
        broker(folder) if executor == "celery" else nullcontext() as redis,
        _running(Cluster(folder / "airflow", database, scenario.environment, redis), postpress, scenario) as cluster,
    ):
        scenario.furnish(postpress)
        if plan != "calm":
            scenario.let_go_wrong(postpress)
        began, cost_before = time.monotonic(), cluster.cost()
        first, last = (f"{day:%Y-%m-%d}" for day in (scenario.days[0], scenario.days[-1]))
        # Airflow wants to be told what to do with runs that there are, where a task depends on its past
        span = ("--from-date", first, "--to-date", last, "--reprocess-behavior", "failed")
        cluster.cli("backfill", "create", "--dag-id", DAG_ID, *span)
        watch = _Watch(cluster, scenario, say)
        havoc = Havoc(cluster, postpress, scenario.subjects, chance)
        for number, deed in enumerate(deeds, 1):
            watch.until(_LAST_DEED * number / (len(deeds) + 1))
            havoc.do(deed)
            watch.tell(deed)
        failed = [task for task in watch.to_the_end() if task.state == "failed"]
        if failed:
            cluster.cli("tasks", "clear", DAG_ID, "--only-failed", "--yes")
            watch.tell(f"{len(failed)} failed tasks cleared")
            watch.to_the_end()
        verdict = judge(scenario, cluster.tasks(), postpress)
        return Report(
            verdict,
            scenario,
            executor,
            time.monotonic() - began,
            havoc.done,
            havoc.in_vain,
            cluster.started_again,
            len(failed),
            cluster.cost().rows(cost_before, verdict.windows) if plan == "calm" else {},
        )


def _deeds(chance: Random, executor: str, plan: str) -> Sequence[str]:
    times = {**PLANS[plan], **(CELERY[plan] if executor == "celery" else {})}
    deeds = [deed for deed, number in times.items() for _ in range(number)]
    chance.shuffle(deeds)
    return deeds


@contextmanager
def _running(cluster: Cluster, postpress: Emulator, scenario: Scenario) -> Iterator[Cluster]:
    try:
        cluster.prepare()
        cluster.add_connection("postpress_default", **postpress.connection, extra=f'{{"timeout": {REQUEST_SECONDS}}}')
        for subject in scenario.subjects:
            cluster.add_pool(subject.id)
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


class _Watch:
    """Waits for windows to be over, and says how far they are."""

    def __init__(self, cluster: Cluster, scenario: Scenario, say: Say) -> None:
        self._cluster = cluster
        self._windows = len(scenario.subjects) * len(scenario.days)
        self._say = say
        self._began = time.monotonic()

    def tell(self, news: str) -> None:
        """
        Say what happened.

        :param news: what
        """
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        self._say(f"  {minutes:>3}:{seconds:02}  {len(self._over()):>4} of {self._windows} windows over  {news}")

    def until(self, share: float) -> None:
        """
        Wait for a share of the windows to be over.

        :param share: from 0 to 1
        """
        self._wait(lambda: len(self._over()) >= share * self._windows)

    def to_the_end(self) -> list[Task]:
        """Wait for all windows to be over, or to be stuck; give the tasks."""
        try:
            self._wait(lambda: len(self._over()) == self._windows)
        except AirflowTrouble as stuck:
            self.tell(str(stuck))
        return self._cluster.tasks()

    def _wait(self, condition: Callable[[], bool]) -> None:
        while not condition():
            over = len(self._over())
            self._cluster.wait_for(
                lambda over=over: condition() or len(self._over()) > over,  # type: ignore[misc]
                seconds=_STUCK_SECONDS,
                what="a task to end",
                every=1,
            )

    def _over(self) -> list[Task]:
        return [task for task in self._cluster.tasks() if task.is_over]
