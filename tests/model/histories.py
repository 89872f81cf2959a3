"""What can happen to an account or a chat, and to the tasks that sync it, one after another."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

from simulation import CHAT_REQUEST, CHATS, FOREIGN, Day, Fault, Postpress, Run, Task, request_of

from airflow_provider_postpress.emulator import Options
from airflow_provider_postpress.resync.driver import SyncResult
from airflow_provider_postpress.resync.request import Target


class Event(NamedTuple):
    """Something that happens, where it can: the method of :class:`History` and its arguments."""

    what: str
    arguments: tuple[Any, ...] = ()


class History:
    """
    A Postpress, one task at a time, and somebody else who asks nothing while a sync of ours is under way.

    :param target: whether an account or a chat is synced
    :param options: how Postpress behaves
    """

    def __init__(self, target: Target, options: Options) -> None:
        self.postpress = Postpress(target, options)
        self.task: Task | None = None
        self.successes = 0

    def play(self, event: Event) -> None:
        getattr(self, event.what)(*event.arguments)

    def end(self) -> None:
        """Let what is still going on end, without faults."""
        if self.task and self.task.deferred and not self.task.runs:
            self.task.start_trigger()
        while self.task and self.task.live:
            self.step(self.task.live[0], Fault.NONE)

    def step(self, run: Run, fault: Fault) -> None:
        run.step(fault, spare_what_nobody_can_tell=True)
        if isinstance(run.outcome, SyncResult):
            assert not self.postpress.missing(run.outcome), "A false success."
            self.successes += 1

    @property
    def ours_is_under_way(self) -> bool:
        return self.task is not None and self.task.claims

    # Postpress and the others

    def time_passes(self, seconds: int) -> None:
        self.postpress.let_pass(seconds * 1000)

    def message_arrives(self, chat_id: str, day: Day) -> None:
        self.postpress.deliver(chat_id, day)

    def next_sync_will_fail(self, at_chunk: int) -> None:
        self.postpress.engine.fail_next_sync(**self.postpress.owner, at_chunk=at_chunk)

    def somebody_else_asks(self, what: str) -> None:
        if not self.ours_is_under_way:
            self.postpress.ask(FOREIGN[what])

    def somebody_else_starts_and_never_polls(self, what: str, seconds: int) -> None:
        if not self.ours_is_under_way:
            self.postpress.somebody_else_starts(FOREIGN[what])
            self.postpress.let_pass(seconds * 1000)

    # Ours

    def task_begins(self, day: Day, chunk_size: int | None, fail_if_running: bool) -> None:
        if self.task is None or self.task.is_over:
            is_account = self.postpress.target is Target.ACCOUNT
            request = request_of(day, chunk_size=chunk_size) if is_account else CHAT_REQUEST
            self.task = Task(self.postpress, request, fail_if_running)
            self.task.try_from_nothing()

    def run_steps(self, which: int, fault: Fault) -> None:
        if self.task and self.task.live:
            self.step(self.task.live[which % len(self.task.live)], fault)

    def worker_defers(self) -> None:
        if self.task and self.task.can_defer:
            self.task.defer()

    def trigger_starts_again(self, old_one_dies: bool) -> None:
        if self.task and self.task.deferred and not self.task.is_over:
            if old_one_dies or len(self.task.live) == 2:
                del self.task.runs[0]
            self.task.start_trigger()

    def try_dies_and_another_begins(self) -> None:
        if self.task:
            self.task.try_from_nothing()

    def task_is_given_up(self) -> None:
        self.task = None


def _every(what: str, *choices: Any) -> list[Event]:
    return [Event(what, arguments) for arguments in product(*choices)]


_IN_CHUNKS = [what for what in FOREIGN if what.endswith("in chunks")]

EVENTS = (
    _every("run_steps", [0, 1], [*[Fault.NONE] * 20, *list(Fault) * 2])
    + _every("task_begins", [Day.A, Day.B], [None, 1, 2], [False, False, True])
    + _every("somebody_else_asks", [*FOREIGN, *_IN_CHUNKS]) * 2
    + _every("somebody_else_starts_and_never_polls", [*FOREIGN, *_IN_CHUNKS], [1, 5, 20])
    + _every("worker_defers") * 8
    + _every("trigger_starts_again", [True, False]) * 3
    + _every("try_dies_and_another_begins") * 4
    + _every("task_is_given_up") * 4
    + _every("time_passes", [1, 5, 20, 60]) * 2
    + _every("message_arrives", CHATS[:1], [Day.A, Day.B])
    + _every("next_sync_will_fail", [1, 2]) * 2
)
"""All that can happen, each as often as it is likely to."""
