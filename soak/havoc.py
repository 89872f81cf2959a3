"""
What is done to an Airflow and to its accounts while it works.

Each deed waits for the moment that it is meant for, such as "a sync of ours runs, and a triggerer waits for it", and
then until Airflow has taken notice. None sleeps and hopes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import TypeVar

import httpx
import psutil  # type: ignore[import-untyped]  # it comes with Airflow, and without types

from airflow_provider_postpress.emulator import EmulatorControl, faults
from airflow_provider_postpress.emulator.fault_book import Route
from demo.local_airflow import AirflowTrouble
from soak.cluster import WORKERS, Cluster, Task
from soak.scenario import BEFORE_ALL, FOREIGN_MS, Subject

T = TypeVar("T")

_PATIENCE_SECONDS = 480
_SLOWLY = faults.Drip(seconds_per_byte=0.06)
"""An answer that takes three seconds: time enough to kill who reads it."""


class Havoc:
    """
    Does what goes wrong in production.

    :param cluster: the Airflow
    :param postpress: the emulator
    :param subjects: what is synced
    :param chance: decides to whom
    """

    def __init__(
        self, cluster: Cluster, postpress: EmulatorControl, subjects: Sequence[Subject], chance: Random
    ) -> None:
        self.done: Counter[str] = Counter()
        self.in_vain: list[str] = []
        self._cluster = cluster
        self._postpress = postpress
        self._subjects = {subject.id: subject for subject in subjects}
        self._chance = chance

    def do(self, deed: str) -> None:
        """
        Do something, and count it; or count that its moment never came.

        :param deed: one of :data:`DEEDS`
        """
        try:
            DEEDS[deed](self)
        except AirflowTrouble as in_vain:
            self.in_vain.append(f"{deed}: {in_vain}")
        else:
            self.done[deed] += 1

    def kill_task(self) -> None:
        """Kill a task's process that has just started a sync and reads the answer."""
        self._kill_as_it_starts(lambda task: task)

    def kill_worker_of_task(self) -> None:
        """Kill the process that watches over such a task; the task is left to itself."""
        self._kill_as_it_starts(psutil.Process.parent)

    def kill_triggerer(self) -> None:
        """Kill a triggerer that waits for a sync that runs; the other one has to take over before it is back."""

        def waited_for() -> Task | None:
            return self._any(task for task in self._tasks("deferred") if task.triggerer and self._syncs(task))

        victim = self._wait(waited_for, "a triggerer to wait for a sync of ours")
        fallen = str(victim.triggerer)
        self._cluster.kill_component(fallen)
        try:
            self._wait(
                lambda: all(task.triggerer != fallen for task in self._tasks("deferred")),
                f"the other triggerer to take over from {fallen}",
            )
        finally:
            self._cluster.start_component(fallen)

    def kill_scheduler(self) -> None:
        """Kill the scheduler, with the LocalExecutor's workers, while tasks run and others wait."""
        self._at_full_speed()
        self._cluster.kill_component("scheduler")
        self._cluster.start_component("scheduler")

    def kill_scheduler_alone(self) -> None:
        """Kill the scheduler; its LocalExecutor's workers, if any, go on until a task has ended without it."""
        self._at_full_speed()
        self._cluster.kill_component("scheduler", alone=True)
        running = {(task.task_id, task.run_id) for task in self._tasks("running")}
        self._wait(
            lambda: running - {(task.task_id, task.run_id) for task in self._tasks("running")},
            "a task to end without a scheduler",
        )
        # as systemd does: they hold its connection to the database, and with it what it had locked when it was killed
        self._cluster.kill_what_fell()
        self._cluster.start_component("scheduler")

    def crash_database(self) -> None:
        """Crash the database while tasks run and others wait, and start it again."""
        self._at_full_speed()
        self._cluster.database.crash()
        self._cluster.database.start()

    def kill_celery_worker(self) -> None:
        """Kill one of Celery's workers, with all that it runs, and start it again."""

        def busy() -> Task | None:
            return self._any(task for task in self._tasks("running") if task.worker in WORKERS)

        fallen = str(self._wait(busy, "one of Celery's workers to run a task").worker)
        self._cluster.kill_component(fallen)
        self._cluster.start_component(fallen)

    def let_somebody_else_sync(self) -> None:
        """Begin a sync that is not ours, for our next task to meet."""
        self._wait(self._foreign_sync_is_met, "a task to meet a sync that somebody else began")

    def leave_leftover(self) -> None:
        """Leave the end of an earlier sync, which nobody has read."""
        with self._alone_with() as subject:
            status = self._chance.choice(("SYNC_DONE", "SYNC_ERROR"))
            self._postpress.leave_leftover(status=status, **subject.address)

    def fail_sync(self) -> None:
        """Let the next sync of an account end in an error."""
        subject = self._chance.choice(list(self._subjects.values()))
        self._postpress.fail_next_sync(**subject.address)

    def drop_login(self) -> None:
        """Let an account lose its login until a task has failed for it, which is cleared at the end."""
        self._drop("CREDENTIALS", until="failed")

    def stop_source(self) -> None:
        """Let an account be in error until a task has met it, which is tried again."""
        self._drop("ERROR", until="up_for_retry")

    @staticmethod
    def _is_dropped(subject: Subject) -> bool:
        # a window that fails for good holds up those after it where a task depends on its past
        return not subject.is_chat and not subject.chunk_size

    def _drop(self, status: str, *, until: str) -> None:
        account = self._wait(lambda: self._any_to_come(self._is_dropped), "an account with windows to come")
        met = {(task.run_id, task.try_number) for task in self._tasks(until, account)}
        self._postpress.set_source_status(account.id, status)
        try:
            self._wait(
                lambda: {(task.run_id, task.try_number) for task in self._tasks(until, account)} - met,
                f"a task to meet {account.id} with {status}",
            )
        finally:
            self._postpress.set_source_status(account.id, "OK")

    def _kill_as_it_starts(self, victim_of: Callable[[psutil.Process], psutil.Process]) -> None:
        def about_to_start() -> Task | None:
            return self._any(task for task in self._tasks("queued") if not task.resumes)

        def killed() -> bool:
            subject = self._of(self._wait(about_to_start, "a task to be queued"))
            seen = self._slow_answers(subject)
            route: Route = "chat_sync" if subject.is_chat else "account_sync"
            self._postpress.inject(_SLOWLY, route=route, **subject.address)
            self._wait(lambda: self._slow_answers(subject) > seen, f"a request for {subject.id}")
            return any(task.pid and self._syncs(task) and kill(task.pid) for task in self._tasks("running", subject))

        def kill(pid: int) -> bool:
            try:
                process = psutil.Process(pid)
                is_watched = os.getsid(process.ppid()) == os.getsid(process.pid)  # not left to itself already
                if is_watched:
                    victim_of(process).kill()
            except (psutil.NoSuchProcess, ProcessLookupError):  # it was quicker
                return False
            return is_watched

        self._wait(killed, "a task that starts a sync")

    def _slow_answers(self, subject: Subject) -> int:
        return sum(request["fault"] == _SLOWLY.kind for request in self._postpress.requests(**subject.address))

    def _at_full_speed(self) -> None:
        self._wait(
            lambda: self._tasks("running") and any(self._syncs(task) for task in self._tasks("deferred")),
            "a task to run and another to wait in the triggerer, at once",
        )

    def _foreign_sync_is_met(self) -> bool:
        with self._alone_with() as subject:
            self._postpress.set_duration(duration_ms=FOREIGN_MS, **subject.address)
            self._postpress.foreign_sync(parameters=None if subject.is_chat else BEFORE_ALL, **subject.address)
            self._postpress.set_duration(duration_ms=subject.sync_ms, **subject.address)
            seen = self._requests_that_met_a_sync(subject)

        def is_over() -> bool:
            return self._requests_that_met_a_sync(subject) > seen or not self._is_under_way(subject)

        self._wait(is_over, f"a task to meet the sync of {subject.id} that somebody else began, or its end")
        return self._requests_that_met_a_sync(subject) > seen

    def _requests_that_met_a_sync(self, subject: Subject) -> int:
        requests = self._postpress.requests(**subject.address)
        return sum(request["sync_status"] == "SYNC_RUNNING" for request in requests)

    @contextmanager
    def _alone_with(self) -> Iterator[Subject]:
        """
        Keep our tasks away from an account for a moment, by its pool.

        What others do while our sync is under way, or its end is unread, no client of Postpress can tell from our own.
        """
        while True:
            subject = self._wait(self._any_to_come, "an account with windows to come")
            self._resize_pool(subject, 0)
            try:
                self._wait(partial(self._is_left_alone, subject), f"the tasks of {subject.id} to end")
                if not self._is_under_way(subject):
                    yield subject
                    return
            finally:
                self._resize_pool(subject, 1)

    def _resize_pool(self, subject: Subject, slots: int) -> None:
        def resized() -> bool:
            try:
                self._cluster.resize_pool(subject.id, slots)
            except (AirflowTrouble, httpx.TransportError):  # its API server or its database is being started again
                return False
            return True

        self._wait(resized, f"the pool of {subject.id} to have {slots} slots")

    def _is_left_alone(self, subject: Subject) -> bool:
        tasks = [task for task in self._cluster.tasks() if task.task_id == subject.id]
        return bool(tasks) and not any(task.is_at_work for task in tasks)

    def _is_under_way(self, subject: Subject) -> bool:
        starts = self._postpress.starts(**subject.address)
        return bool(starts) and starts[-1]["ended"] is None

    def _syncs(self, task: Task) -> bool:
        subject = self._subjects[task.task_id]
        return self._is_under_way(subject) and self._postpress.starts(**subject.address)[-1]["by"] == "client"

    def _tasks(self, state: str, subject: Subject | None = None) -> list[Task]:
        return [task for task in self._cluster.tasks() if task.state == state and subject in (None, self._of(task))]

    def _of(self, task: Task) -> Subject:
        return self._subjects[task.task_id]

    def _any_to_come(self, is_meant: Callable[[Subject], bool] = lambda _: True) -> Subject | None:
        coming = {task.task_id for task in self._cluster.tasks() if task.state in (None, "scheduled")}
        return self._any(one for one in self._subjects.values() if one.id in coming and is_meant(one))

    def _any(self, found: Iterable[T]) -> T | None:
        return self._chance.choice(choices) if (choices := list(found)) else None

    def _wait(self, condition: Callable[[], T | None], what: str) -> T:
        def held() -> T | None:
            found = condition()
            if not found and (tasks := self._cluster.tasks()) and all(task.is_over for task in tasks):
                raise AirflowTrouble(f"All windows were over before {what}.")
            return found

        return self._cluster.wait_for(held, seconds=_PATIENCE_SECONDS, what=what, every=0.2)


DEEDS: Mapping[str, Callable[[Havoc], None]] = {
    "task killed as it starts a sync": Havoc.kill_task,
    "its watching process killed": Havoc.kill_worker_of_task,
    "triggerer killed as it waits": Havoc.kill_triggerer,
    "scheduler killed with its workers": Havoc.kill_scheduler,
    "scheduler killed alone": Havoc.kill_scheduler_alone,
    "Celery worker killed": Havoc.kill_celery_worker,
    "database crashed": Havoc.crash_database,
    "foreign sync": Havoc.let_somebody_else_sync,
    "leftover": Havoc.leave_leftover,
    "sync that ends in error": Havoc.fail_sync,
    "account that loses its login, and returns": Havoc.drop_login,
    "account in error, and back": Havoc.stop_source,
}
"""What can be done, in the words of the report."""
