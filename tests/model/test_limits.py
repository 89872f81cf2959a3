"""
The promise's limits: what no client of this API can tell apart, and what comes of it.

Each of these ends in a success although messages are missing. That is why an account wants one poller, and why the
README says so. A change that makes one of them fail, and tells no lie elsewhere, is an improvement.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from simulation import FOREIGN, Day, Fault, Postpress, Run, Task, request_of

from airflow_provider_postpress.emulator import Options
from airflow_provider_postpress.resync.driver import SyncResult
from airflow_provider_postpress.resync.failure import Failure
from airflow_provider_postpress.resync.request import Target
from airflow_provider_postpress.resync.tracker import Owner


@pytest.fixture
def postpress() -> Postpress:
    return Postpress(Target.ACCOUNT, Options(duration_ms=5_000))


def begin(postpress: Postpress, day: Day = Day.A, *, chunk_size: int | None = None) -> Run:
    return Run.begun(postpress, request_of(day, chunk_size=chunk_size))


def assert_false_success(run: Run) -> None:
    outcome = run.finish()
    assert isinstance(outcome, SyncResult), outcome
    assert run.postpress.missing(outcome)


# (a) somebody else's request in the middle of ours


def test_a_foreign_poller_reads_our_error_and_leaves_us_its_own_end(postpress: Postpress) -> None:
    postpress.engine.fail_next_sync("acc")
    run = begin(postpress)
    run.step()
    postpress.let_pass(5_000)
    somebody_elses = FOREIGN["another window"]
    assert postpress.ask(somebody_elses)[0]["status"] == "SYNC_ERROR"
    assert postpress.ask(somebody_elses)[0]["status"] == "SYNC_STARTED"
    assert_false_success(run)


def test_a_foreign_poller_that_reads_our_end_only_costs_another_sync(postpress: Postpress) -> None:
    postpress.engine.set_duration("acc", duration_ms=12_000)
    run = begin(postpress)
    run.step()
    run.step()
    assert run.driver.progress.known.seen_running
    postpress.let_pass(5_000)
    assert postpress.ask(FOREIGN["another window"])[0]["status"] == "SYNC_DONE"
    outcome = run.finish()
    assert isinstance(outcome, SyncResult)
    assert outcome.progress.known.restarts == 1
    assert not postpress.missing(outcome)


def test_a_trigger_that_outlives_its_task_is_a_foreign_poller_to_the_next_window(postpress: Postpress) -> None:
    postpress.ask(FOREIGN["another window"])
    task = Task(postpress, request_of(Day.B), fail_if_running=False)
    task.try_from_nothing()
    task.runs[0].step()
    task.defer()
    task.start_trigger()
    first, outliving = task.runs
    assert isinstance(first.finish(), SyncResult)
    postpress.engine.fail_next_sync("acc")
    ours = begin(postpress)
    ours.step()
    postpress.let_pass(5_000)
    outliving.step()  # reads the error of ours as the end of the sync that it waits for,
    outliving.step()  # and starts the window of its own task
    assert outliving.owner is Owner.OURS
    assert_false_success(ours)


# (b) somebody else's sync in chunks, whose CHUNK_DONE was read before our first request


def read_by_a_foreign_poller(postpress: Postpress) -> None:
    postpress.ask(FOREIGN["another window in chunks"])
    postpress.let_pass(5_000)
    assert postpress.ask(FOREIGN["another window in chunks"])[0]["status"] == "CHUNK_DONE"


def read_by_a_try_of_ours_that_waited_for_it_and_died(postpress: Postpress) -> None:
    postpress.ask(FOREIGN["another window in chunks"])
    died = begin(postpress)
    died.step()
    postpress.let_pass(5_000)
    died.step()
    assert died.owner is Owner.FOREIGN


def read_by_a_try_of_another_window_that_died_between_its_chunks(postpress: Postpress) -> None:
    died = begin(postpress, Day.B, chunk_size=1)
    died.step()
    died.step()
    assert died.driver.progress.known.chunks == 1


def lost_on_its_way_to_a_try_of_ours_that_died(postpress: Postpress) -> None:
    postpress.ask(FOREIGN["another window in chunks"])
    postpress.let_pass(5_000)
    died = begin(postpress)
    died.step(Fault.LOST_ANSWER)
    assert died.driver.progress.known.unread


@pytest.mark.parametrize(
    "consume",
    [
        read_by_a_foreign_poller,
        read_by_a_try_of_ours_that_waited_for_it_and_died,
        read_by_a_try_of_another_window_that_died_between_its_chunks,
        lost_on_its_way_to_a_try_of_ours_that_died,
    ],
)
def test_the_next_chunk_of_a_sync_that_was_left_between_two_chunks_looks_like_our_start(
    postpress: Postpress, consume: Callable[[Postpress], None]
) -> None:
    consume(postpress)
    run = begin(postpress, chunk_size=1)  # CHUNK_DONE would give it away to a sync without chunks
    run.step()
    assert run.owner is Owner.OURS
    assert_false_success(run)


def test_a_sync_that_is_given_up_at_its_deadline_is_not_left_between_two_chunks(postpress: Postpress) -> None:
    deadline = postpress.now + timedelta(seconds=7)
    given_up = Run.begun(postpress, request_of(Day.B, chunk_size=1), deadline=deadline)
    assert isinstance(given_up.finish(), Failure)
    assert given_up.driver.progress.known.chunks == 1
    outcome = begin(postpress, chunk_size=1).finish()
    assert isinstance(outcome, SyncResult)
    assert not postpress.missing(outcome)


def test_a_sync_without_chunks_finds_out_when_more_than_one_chunk_was_left(postpress: Postpress) -> None:
    read_by_a_foreign_poller(postpress)
    run = begin(postpress)
    outcome = run.finish()
    assert isinstance(outcome, SyncResult)
    assert not postpress.missing(outcome)


def test_a_sync_without_chunks_does_not_find_out_when_one_chunk_was_left(postpress: Postpress) -> None:
    read_by_a_foreign_poller(postpress)
    assert postpress.ask(FOREIGN["another window in chunks"])[0]["status"] == "SYNC_STARTED"
    postpress.let_pass(5_000)
    assert postpress.ask(FOREIGN["another window in chunks"])[0]["status"] == "CHUNK_DONE"
    assert_false_success(begin(postpress))


# (c) a slow flip


def test_a_start_that_is_told_twice_is_taken_for_ours_by_who_hears_it_second() -> None:
    postpress = Postpress(Target.ACCOUNT, Options(duration_ms=5_000, started_answers=2))
    assert postpress.ask(FOREIGN["another window"])[0]["status"] == "SYNC_STARTED"
    run = begin(postpress)
    run.step()
    assert run.owner is Owner.OURS
    assert_false_success(run)
