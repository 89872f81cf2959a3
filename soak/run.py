"""A soak from its beginning to its verdict."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random

from airflow_provider_postpress.emulator import Emulator
from demo.local_airflow import AirflowTrouble
from demo.postgres import postgres
from soak.cluster import Cluster, Task, broker
from soak.havoc import Havoc
from soak.scenario import DAG_ID, REQUEST_SECONDS, SYNC_MS, Scenario
from soak.verdict import Verdict, judge

Say = Callable[[str], None]

KILLS = {
    "task killed as it starts a sync": 3,
    "its watching process killed": 3,
    "triggerer killed as it waits": 4,
    "scheduler killed with its workers": 2,
    "scheduler killed alone": 2,
    "database crashed": 3,
}
MEDDLING = {
    "foreign sync": 4,
    "leftover": 4,
    "sync that ends in error": 6,
    "account that loses its login, and returns": 2,
    "account in error, and back": 3,
}
SHORT = (
    "task killed as it starts a sync",
    "triggerer killed as it waits",
    "scheduler killed with its workers",
    "database crashed",
)
CELERY = {"Celery worker killed": 3}
_LAST_DEED = 0.8
"""By which share of the windows all is done that is done to them."""
_STUCK_SECONDS = 300
"""Without any task that ends, what is left is stuck."""


@dataclass(frozen=True)
class Report:
    """
    What a soak came to.

    :param verdict: the counts
    :param scenario: its size and seed
    :param executor: where tasks ran
    :param seconds: how long it took, from the backfill's creation on
    :param deeds: what was done to Airflow and to the accounts
    :param in_vain: what was to be done, and could not
    :param started_again: components that ended by themselves and were started again
    :param repaired: tasks that failed for good, each of which was cleared
    """

    verdict: Verdict
    scenario: Scenario
    executor: str
    seconds: float
    deeds: Counter[str]
    in_vain: Sequence[str]
    started_again: Counter[str]
    repaired: int

    @property
    def is_good(self) -> bool:
        """Whether every promise is kept, and all was done that could break one."""
        return self.verdict.is_kept and not self.in_vain

    def markdown(self) -> str:
        """Write it as a table."""
        rows = {
            "daily windows of each account and chat": str(self.scenario.windows),
            "accounts, chats": self._size(),
            **self.verdict.rows(),
            "failed, for a lost login, and cleared": str(self.repaired),
            **{deed: str(times) for deed, times in self.deeds.items()},
            "ended by themselves, and started again": ", ".join(self.started_again.elements()) or "none",
            "duration": f"{self.seconds / 60:.0f} min",
        }
        width = max(map(len, rows))
        lines = [f"| {name:<{width}} | {figure} |" for name, figure in rows.items()]
        return "\n".join([f"| {f'seed {self.scenario.seed}, {self.executor}':<{width}} | |", "| --- | --- |", *lines])

    def _size(self) -> str:
        chats = sum(subject.is_chat for subject in self.scenario.subjects)
        return f"{self.scenario.accounts}, {chats}"


def soak(scenario: Scenario, folder: Path, *, executor: str, is_short: bool, say: Say) -> Report:
    """
    Backfill, do what goes wrong in production, and judge.

    :param scenario: what is synced
    :param folder: an empty folder
    :param executor: ``local`` or ``celery``
    :param is_short: do each kill once only
    :param say: takes a line of what goes on
    :raises AirflowTrouble: Airflow does not do what it is there for
    :raises NoPostgres: no PostgreSQL is installed
    """
    chance = Random(scenario.seed)  # noqa: S311 (not for secrets)
    deeds = _deeds(chance, executor, is_short=is_short)
    with (
        Emulator(seed=scenario.seed, duration_ms=SYNC_MS) as postpress,
        postgres() as database,
        broker(folder) if executor == "celery" else nullcontext() as redis,
    ):
        scenario.furnish(postpress)
        with _running(
            Cluster(folder / "airflow", database, scenario.environment, redis), postpress, scenario
        ) as cluster:
            began = time.monotonic()
            first, last = (f"{day:%Y-%m-%d}" for day in (scenario.days[0], scenario.days[-1]))
            cluster.cli("backfill", "create", "--dag-id", DAG_ID, "--from-date", first, "--to-date", last)
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
            seconds = time.monotonic() - began
            return Report(
                verdict, scenario, executor, seconds, havoc.done, havoc.in_vain, cluster.started_again, len(failed)
            )


def _deeds(chance: Random, executor: str, *, is_short: bool) -> Sequence[str]:
    if is_short:
        return SHORT
    times = {**KILLS, **MEDDLING, **(CELERY if executor == "celery" else {})}
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
