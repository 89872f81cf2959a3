"""The loop, with scripted answers and an injected clock, played by both runners."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise, repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_postpress.api.endpoints import get_account
from airflow_provider_postpress.api.errors import (
    PostpressAPIError,
    PostpressError,
    PostpressInvalidRequest,
    PostpressTransportError,
    PostpressUnreadableAnswer,
)
from airflow_provider_postpress.api.models import Account, SyncAnswer
from airflow_provider_postpress.resync.driver import Goal, Progress, SyncDriver, SyncResult
from airflow_provider_postpress.resync.failure import Failure, FailureKind
from airflow_provider_postpress.resync.pacing import FAILURE_BUDGET, Intervals, Pacing
from airflow_provider_postpress.resync.request import SyncRequest, Target
from airflow_provider_postpress.resync.runners import arun, run, say_to
from airflow_provider_postpress.resync.steps import Say, read_steps
from airflow_provider_postpress.resync.tracker import Owner, OwnSync, Tracker, observe
from airflow_provider_postpress.resync.window import SyncWindow

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = SyncWindow("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
ACCOUNT = SyncRequest(Target.ACCOUNT, "acc", WINDOW, {"partial": True, **WINDOW.parameters()})
CHUNKED = SyncRequest(Target.ACCOUNT, "acc", WINDOW, {**ACCOUNT.parameters, "chunk_size": 5})
CHAT = SyncRequest(Target.CHAT, "chat")

NEVER_ARRIVED = PostpressTransportError(route="GET /", problem="connection refused", may_have_arrived=False)
LOST = PostpressTransportError(route="GET /", problem="read timeout", may_have_arrived=True)
UNREADABLE = PostpressUnreadableAnswer(route="GET /", status=200, problem="its body is empty")


def api_error(status: int, type: str | None = None, **rest: Any) -> PostpressAPIError:  # noqa: A002 - the field's name
    return PostpressAPIError(route="GET /", status=status, type=type, **rest)


Came = str | SyncAnswer | Account | PostpressError


class Scripted:
    """
    A Postpress that says what its script says, and a clock that only waits and requests move.

    :param came: the script
    :param seconds_per_request: how long a request takes
    :param steps: by how many seconds the clock is set, in the first wait, in the second …
    """

    def __init__(self, came: Iterable[Came], *, seconds_per_request: float = 0.0, steps: Iterable[float] = ()) -> None:
        self.now = NOW
        self.requests: list[datetime] = []
        self.paths: list[str] = []
        self.queries: list[dict[str, str]] = []
        self.waits: list[float] = []
        self.said: list[Say] = []
        self._came = iter(came)
        self._seconds_per_request = seconds_per_request
        self._steps = chain(steps, repeat(0.0))

    def send(self, endpoint: Any) -> Any:
        self.now += timedelta(seconds=self._seconds_per_request)
        self.requests.append(self.now)
        self.paths.append(endpoint.path)
        self.queries.append(dict(endpoint.query))
        try:
            came = next(self._came)
        except StopIteration:
            pytest.fail("A request beyond the script's end.")
        if isinstance(came, PostpressError):
            raise came
        if isinstance(came, str):
            kind, _, chat_id = endpoint.path.removesuffix("/sync").strip("/").partition("/")
            is_chat = kind == "chats"
            answer_object = "ChatHistorySync" if is_chat else "AccountResync"
            return SyncAnswer(object=answer_object, status=came, chat_id=chat_id if is_chat else None)
        return came

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds + next(self._steps))

    def log(self) -> str:
        return "\n".join(say.text for say in self.said)


Runner = Callable[[Any, Scripted], Any]


def blocking(steps: Any, postpress: Scripted) -> Any:
    return run(steps, send=postpress.send, sleep=postpress.sleep, say=postpress.said.append, now=lambda: postpress.now)


def asynchronous(steps: Any, postpress: Scripted) -> Any:
    async def send(endpoint: Any) -> Any:
        return postpress.send(endpoint)

    async def sleep(seconds: float) -> None:
        postpress.sleep(seconds)

    return asyncio.run(arun(steps, send=send, sleep=sleep, say=postpress.said.append, now=lambda: postpress.now))


@pytest.fixture(params=[blocking, asynchronous], ids=["run", "arun"])
def runner(request: pytest.FixtureRequest) -> Runner:
    return request.param  # type: ignore[no-any-return]  # pytest gives it no type


def pacing(timeout: float = 21_600) -> Pacing:
    return Pacing(Intervals(), deadline=NOW + timedelta(seconds=timeout), chance=lambda: 0.5)


def driver(
    request: SyncRequest = ACCOUNT,
    *,
    tracker: Tracker | None = None,
    timeout: float = 21_600,
    **rest: Any,
) -> SyncDriver:
    return SyncDriver(request, tracker or OwnSync(), pacing(timeout), **rest)


def follow(runner: Runner, came: Iterable[Came], made: SyncDriver | None = None, **rest: Any) -> tuple[Any, Scripted]:
    postpress = Scripted(came, **rest)
    return runner((made or driver()).steps(), postpress), postpress


def success(outcome: SyncResult | Failure) -> SyncResult:
    assert isinstance(outcome, SyncResult), outcome
    return outcome


def failure(outcome: SyncResult | Failure) -> Failure:
    assert isinstance(outcome, Failure), outcome
    return outcome


# the promise


def test_a_sync_that_was_seen_to_start_and_to_end_is_a_success(runner: Runner) -> None:
    outcome, postpress = follow(runner, ["SYNC_STARTED", "SYNC_RUNNING", "SYNC_RUNNING", "SYNC_DONE"])
    assert success(outcome).as_dict() == {
        "account_id": "acc",
        "window": {"start": "2026-01-01T00:00:00+00:00", "end": "2026-02-01T00:00:00+00:00"},
        "parameters": {"partial": True, "after": WINDOW.after_ms, "before": WINDOW.before_ms},
        "status": "SYNC_DONE",
        "chunks": 0,
        "polls": 4,
        "restarts": 0,
        "started_at": NOW.isoformat(),
        "finished_at": (NOW + timedelta(seconds=47.5)).isoformat(),
    }
    assert postpress.waits == [10, 15, 22.5]


def test_every_request_of_a_sync_is_the_same(runner: Runner) -> None:
    _, postpress = follow(
        runner, ["SYNC_DONE", LOST, "SYNC_RUNNING", "SYNC_DONE", "SYNC_STARTED", "SYNC_DONE"], driver(CHUNKED)
    )
    assert len(postpress.queries) == 6
    assert all(query == dict(CHUNKED.endpoint.query) for query in postpress.queries)


@pytest.mark.parametrize("status", ["SYNC_DONE", "SYNC_ERROR"])
def test_a_leftover_is_read_away_and_the_next_request_at_once_starts_ours(runner: Runner, status: str) -> None:
    outcome, postpress = follow(runner, [status, "SYNC_STARTED", "SYNC_DONE"])
    assert success(outcome).progress.polls == 3
    assert postpress.requests[1] == NOW
    assert f"{status} was left over" in postpress.log()


def test_several_leftovers_are_read_away_and_not_in_haste(runner: Runner) -> None:
    outcome, postpress = follow(runner, ["SYNC_DONE", "SYNC_ERROR", "SYNC_DONE", "SYNC_STARTED", "SYNC_DONE"])
    assert success(outcome).progress.polls == 5
    assert postpress.waits == [10, 10]


def test_a_server_that_only_ever_says_done_has_never_started_anything(runner: Runner) -> None:
    outcome, _ = follow(runner, ["SYNC_DONE"] * 4)
    assert failure(outcome).kind is FailureKind.UNEXPECTED_ANSWER


def test_a_foreign_sync_is_waited_out_and_then_ours_is_started(runner: Runner) -> None:
    came = ["SYNC_RUNNING", "SYNC_RUNNING", "SYNC_ERROR", "SYNC_STARTED", "SYNC_RUNNING", "SYNC_DONE"]
    outcome, postpress = follow(runner, came)
    assert success(outcome).progress.started_at == postpress.requests[3]
    assert postpress.waits == [10, 15, 10, 15]


def test_a_foreign_sync_in_chunks_is_ours_to_keep_going_and_not_ours_to_claim(runner: Runner) -> None:
    foreign = ["CHUNK_DONE", "SYNC_STARTED", "SYNC_RUNNING", "CHUNK_DONE", "SYNC_STARTED", "SYNC_DONE"]
    outcome, postpress = follow(runner, [*foreign, "SYNC_STARTED", "SYNC_DONE"])
    assert success(outcome).as_dict()["chunks"] == 0
    assert success(outcome).progress.started_at == postpress.requests[6]


def test_a_foreign_sync_fails_the_task_where_if_running_says_so(runner: Runner) -> None:
    outcome, _ = follow(runner, ["SYNC_RUNNING"], driver(tracker=OwnSync(fail_if_running=True)))
    assert failure(outcome).kind is FailureKind.SYNC_CONFLICT


def test_what_runs_after_a_lost_request_is_waited_out_whatever_if_running_says(runner: Runner) -> None:
    came: list[Came] = [LOST, "SYNC_RUNNING", "SYNC_DONE", "SYNC_STARTED", "SYNC_DONE"]
    outcome, _ = follow(runner, came, driver(tracker=OwnSync(fail_if_running=True)))
    assert success(outcome).progress.polls == 5


@pytest.mark.parametrize("error", [LOST, api_error(503, "errors/no_channel"), api_error(500)], ids=str)
def test_a_start_after_a_lost_answer_is_not_taken_for_ours(runner: Runner, error: PostpressError) -> None:
    came: list[Came] = [error, "SYNC_STARTED", "SYNC_RUNNING", "SYNC_DONE", "SYNC_STARTED", "SYNC_DONE"]
    outcome, postpress = follow(runner, came)
    assert success(outcome).progress.started_at == postpress.requests[4]


@pytest.mark.parametrize("error", [NEVER_ARRIVED, api_error(429)], ids=str)
def test_a_start_after_an_answer_that_cannot_have_been_lost_is_ours(runner: Runner, error: PostpressError) -> None:
    outcome, postpress = follow(runner, [error, "SYNC_STARTED", "SYNC_DONE"])
    assert success(outcome).progress.started_at == postpress.requests[1]


def test_an_end_that_was_lost_is_a_restart_that_nobody_is_blamed_for(runner: Runner) -> None:
    came: list[Came] = ["SYNC_STARTED", "SYNC_RUNNING", LOST, "SYNC_STARTED", "SYNC_RUNNING", "SYNC_DONE"]
    outcome, _ = follow(runner, came)
    assert success(outcome).as_dict()["restarts"] == 0


def test_an_end_that_somebody_else_read_is_a_restart_with_a_warning(runner: Runner) -> None:
    came = ["SYNC_STARTED", "SYNC_RUNNING", "SYNC_STARTED", "SYNC_RUNNING", "SYNC_DONE"]
    outcome, postpress = follow(runner, came)
    assert success(outcome).as_dict()["restarts"] == 1
    assert success(outcome).progress.started_at == postpress.requests[2]
    assert [say.warn for say in postpress.said] == [False, True, False]


def test_a_second_restart_is_a_conflict(runner: Runner) -> None:
    came = ["SYNC_STARTED", "SYNC_RUNNING", "SYNC_STARTED", "SYNC_RUNNING", "SYNC_STARTED"]
    outcome, _ = follow(runner, came)
    assert failure(outcome).kind is FailureKind.SYNC_CONFLICT


def test_chunks_are_counted_and_each_is_paced_anew(runner: Runner) -> None:
    came = ["SYNC_STARTED", "SYNC_RUNNING", "CHUNK_DONE", "SYNC_STARTED", "CHUNK_DONE", "SYNC_RUNNING", "SYNC_DONE"]
    outcome, postpress = follow(runner, came, driver(CHUNKED))
    assert success(outcome).as_dict()["chunks"] == 2
    assert postpress.waits == [10, 15, 10, 15, 10, 15]


def test_chunks_that_we_did_not_ask_for_are_waited_out_once_and_then_counted(runner: Runner) -> None:
    first = ["SYNC_STARTED", "CHUNK_DONE", "SYNC_STARTED", "SYNC_DONE"]
    outcome, postpress = follow(runner, [*first, "SYNC_STARTED", "CHUNK_DONE", "SYNC_STARTED", "SYNC_DONE"])
    assert success(outcome).as_dict()["chunks"] == 1
    assert success(outcome).progress.started_at == postpress.requests[4]
    assert any(say.warn for say in postpress.said)


def test_a_chat_is_synced_by_the_same_loop(runner: Runner) -> None:
    outcome, postpress = follow(runner, ["SYNC_RUNNING", "SYNC_STARTED", "SYNC_DONE"], driver(CHAT))
    assert success(outcome).as_dict()["chat_id"] == "chat"
    assert set(postpress.paths) == {"/chats/chat/sync"}


def test_a_deleted_chat_ends_it(runner: Runner) -> None:
    outcome, _ = follow(runner, ["SYNC_STARTED", "CHAT_DELETED"], driver(CHAT))
    assert failure(outcome).kind is FailureKind.CHAT_DELETED


def test_an_answer_about_another_chat_ends_it(runner: Runner) -> None:
    came = [SyncAnswer(object="ChatHistorySync", status="SYNC_DONE", chat_id="other")]
    outcome, _ = follow(runner, came, driver(CHAT))
    assert failure(outcome).kind is FailureKind.UNEXPECTED_ANSWER


def test_an_observer_succeeds_with_whichever_sync_it_meets(runner: Runner) -> None:
    outcome, _ = follow(runner, ["SYNC_RUNNING", "CHUNK_DONE", "SYNC_DONE"], driver(tracker=observe))
    assert success(outcome).as_dict()["chunks"] == 1
    assert success(outcome).as_dict()["started_at"] is None


# handing over


def test_a_sync_followed_to_its_start_gives_a_handle_until_its_deadline(runner: Runner) -> None:
    outcome, _ = follow(runner, ["SYNC_DONE", "SYNC_STARTED"], driver(goal=Goal.STARTED))
    handle = success(outcome).as_dict()
    assert (handle["status"], handle["finished_at"]) == ("SYNC_STARTED", None)
    assert handle["deadline"] == (NOW + timedelta(hours=6)).isoformat()
    assert json.loads(json.dumps(handle)) == handle


def test_a_sync_that_was_handed_over_goes_on_where_it_was(runner: Runner) -> None:
    started, _ = follow(runner, ["SYNC_DONE", "SYNC_STARTED"], driver(goal=Goal.STARTED))
    written = json.loads(json.dumps(started.progress.taken_up().as_dict()))
    postpress = Scripted(["SYNC_RUNNING", "SYNC_DONE"])
    taken_up = driver(progress=Progress.from_dict(written))
    outcome = runner(taken_up.steps(wait_from=NOW), postpress)
    assert postpress.waits[0] == 10
    assert success(outcome).progress.polls == 4
    assert success(outcome).progress.started_at == NOW


def test_who_takes_a_sync_up_blames_nobody_for_a_start_that_it_did_not_see(runner: Runner) -> None:
    known = Progress.from_dict(
        {"known": {"owner": "ours", "seen_running": True}, "polls": 3, "started_at": NOW.isoformat()}
    ).taken_up()
    outcome, _ = follow(runner, ["SYNC_STARTED", "SYNC_RUNNING", "SYNC_DONE"], driver(progress=known))
    assert success(outcome).as_dict()["restarts"] == 0


def test_a_foreign_sync_that_is_handed_over_is_still_foreign(runner: Runner) -> None:
    foreign = Progress.from_dict({"known": {"owner": "foreign"}, "polls": 1, "started_at": None}).taken_up()
    came = ["SYNC_STARTED", "SYNC_DONE", "SYNC_STARTED", "SYNC_DONE"]
    made = driver(progress=foreign)
    outcome, postpress = follow(runner, came, made)
    assert success(outcome).progress.started_at == postpress.requests[2]
    assert made.progress.known.owner is Owner.OURS


# failures and time


@pytest.mark.parametrize("error", [NEVER_ARRIVED, LOST, UNREADABLE, api_error(502), api_error(408)], ids=str)
def test_the_budget_is_ten_failures_in_a_row(runner: Runner, error: PostpressError) -> None:
    outcome, postpress = follow(runner, ["SYNC_STARTED", *[error] * FAILURE_BUDGET])
    assert failure(outcome).kind is FailureKind.UNAVAILABLE
    assert len(postpress.requests) == 11
    assert str(error) in failure(outcome).message


def test_a_good_answer_refills_the_budget(runner: Runner) -> None:
    nearly = [LOST] * (FAILURE_BUDGET - 1)
    outcome, _ = follow(runner, ["SYNC_STARTED", *nearly, "SYNC_RUNNING", *nearly, "SYNC_DONE"])
    assert success(outcome).progress.polls == 21


@pytest.mark.parametrize(("retry_after", "wait"), [(None, 10), (2.0, 10), (300.0, 300), (999_999.0, 21_600)])
def test_retry_after_is_obeyed_up_to_the_deadline(runner: Runner, retry_after: float | None, wait: float) -> None:
    came: list[Came] = [api_error(429, retry_after=retry_after), "SYNC_STARTED", "SYNC_DONE"]
    outcome, postpress = follow(runner, came)
    assert postpress.waits[0] == wait
    if wait == 21_600:
        assert failure(outcome).kind is FailureKind.SYNC_TIMEOUT
    else:
        success(outcome)


def test_an_error_that_waiting_cannot_mend_ends_it_and_names_what_was_asked(runner: Runner) -> None:
    outcome, _ = follow(runner, ["SYNC_STARTED", api_error(401, "errors/expired_credentials")])
    assert failure(outcome).kind is FailureKind.RECONNECT_REQUIRED
    assert failure(outcome).message.startswith("Account 'acc': ")


def test_an_answer_is_judged_before_the_deadline_is(runner: Runner) -> None:
    outcome, _ = follow(runner, ["SYNC_STARTED", "SYNC_DONE"], driver(timeout=5), seconds_per_request=100)
    assert failure(outcome).kind is FailureKind.SYNC_TIMEOUT
    outcome, postpress = follow(runner, ["SYNC_STARTED", "SYNC_DONE"], driver(timeout=10), seconds_per_request=4)
    success(outcome)
    assert postpress.requests[-1] > NOW + timedelta(seconds=10)


def test_a_deadline_that_passes_while_waiting_is_still_followed_by_a_last_request(runner: Runner) -> None:
    outcome, postpress = follow(runner, ["SYNC_STARTED", "SYNC_RUNNING", "SYNC_DONE"], driver(timeout=15))
    success(outcome)
    assert postpress.waits == [10, 5]


@pytest.mark.parametrize("last", ["SYNC_STARTED", "SYNC_RUNNING", "CHUNK_DONE", LOST], ids=str)
def test_a_sync_that_is_given_up_at_the_end_of_a_chunk_begins_the_next_one_first(runner: Runner, last: Came) -> None:
    outcome, postpress = follow(runner, ["SYNC_STARTED", "CHUNK_DONE", last], driver(CHUNKED, timeout=10))
    assert failure(outcome).kind is FailureKind.SYNC_TIMEOUT
    assert len(postpress.requests) == 3


@pytest.mark.parametrize(
    ("request_", "came", "met"),
    [
        (CHUNKED, ["SYNC_STARTED", "CHUNK_DONE", "CHUNK_DONE", "CHUNK_DONE"], "3 chunks, never SYNC_DONE"),
        (ACCOUNT, ["SYNC_STARTED"], "no chunks, never SYNC_DONE"),
        (ACCOUNT, ["SYNC_RUNNING"], "ours never began"),
        (ACCOUNT, [LOST], "never SYNC_DONE"),
    ],
)
def test_a_timeout_says_how_far_it_came_that_postpress_goes_on_and_what_the_next_run_meets(
    runner: Runner, request_: SyncRequest, came: list[Came], met: str
) -> None:
    timeout = 30 if len(came) > 1 else 5
    endless = chain(came, repeat(came[-1] if len(came) == 1 else "SYNC_RUNNING"))
    outcome, _ = follow(runner, endless, driver(request_, timeout=timeout))
    timed_out = failure(outcome)
    assert timed_out.kind is FailureKind.SYNC_TIMEOUT
    for words in (met, "Postpress has no cancel and goes on working", "the next run will meet", "`timeout`", "'acc'"):
        assert words in timed_out.message


def test_a_quiet_sync_is_told_in_two_lines_however_often_it_is_polled(runner: Runner) -> None:
    outcome, postpress = follow(runner, ["SYNC_STARTED", *["SYNC_RUNNING"] * 200, "SYNC_DONE"])
    success(outcome)
    assert [say.warn for say in postpress.said] == [False, False]
    assert "202 polls" in postpress.said[1].text


# whatever the server says

STATUSES = ["SYNC_STARTED", "SYNC_RUNNING", "CHUNK_DONE", "SYNC_DONE", "SYNC_ERROR"]
ERRORS: list[Came] = [NEVER_ARRIVED, LOST, UNREADABLE, api_error(503, "errors/no_channel"), api_error(429)]


def most_requests_without_a_wait(postpress: Scripted) -> int:
    longest = length = 1
    for before, after in pairwise(postpress.requests):
        length = length + 1 if before == after else 1
        longest = max(longest, length)
    return longest


@given(
    pattern=st.lists(st.sampled_from([*STATUSES, *ERRORS]), min_size=1, max_size=6),
    request_=st.sampled_from([ACCOUNT, CHUNKED]),
    tracker=st.sampled_from([OwnSync(), OwnSync(fail_if_running=True), observe]),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_server_can_make_it_ask_more_than_twice_without_a_wait_or_go_on_beyond_its_deadline(
    pattern: list[Came], request_: SyncRequest, tracker: Tracker
) -> None:
    def endless() -> Iterator[Came]:
        while True:
            yield from pattern

    outcome, postpress = follow(blocking, endless(), driver(request_, tracker=tracker, timeout=1800))
    assert isinstance(outcome, SyncResult | Failure)
    assert most_requests_without_a_wait(postpress) <= 2
    assert postpress.now <= NOW + timedelta(seconds=1800)
    assert len(postpress.requests) < 400


# clocks that are wrong

HOUR = 3600.0


@pytest.mark.parametrize("step", [-24 * HOUR, -HOUR, -1, HOUR], ids=str)
def test_a_clock_that_is_set_during_a_wait_changes_no_wait_before_the_deadline(runner: Runner, step: float) -> None:
    came = ["SYNC_STARTED", *["SYNC_RUNNING"] * 3, "SYNC_DONE"]
    outcome, postpress = follow(runner, came, steps=[0, step])
    assert success(outcome).status == "SYNC_DONE"
    assert postpress.waits == [10, 15, 22.5, 33.75]


def test_a_clock_that_is_set_back_lets_a_sync_be_given_up_later_by_no_more_than_that(runner: Runner) -> None:
    outcome, postpress = follow(runner, chain(["SYNC_STARTED"], repeat("SYNC_RUNNING")), steps=[0, -HOUR])
    assert failure(outcome).kind is FailureKind.SYNC_TIMEOUT
    assert sum(postpress.waits) == 6 * HOUR + HOUR


@pytest.mark.parametrize(("last", "ends"), [("SYNC_DONE", SyncResult), ("SYNC_RUNNING", Failure)])
def test_a_clock_that_is_set_beyond_the_deadline_is_followed_by_a_last_request(
    runner: Runner, last: str, ends: type
) -> None:
    outcome, postpress = follow(runner, ["SYNC_STARTED", last], steps=[7 * HOUR])
    assert isinstance(outcome, ends)
    assert len(postpress.requests) == 2


@pytest.mark.parametrize("behind", [-5 * HOUR, 5 * HOUR], ids=["behind", "ahead"])
def test_a_triggerer_whose_clock_is_not_the_workers_sees_a_sync_through(runner: Runner, behind: float) -> None:
    told = {"known": {"owner": "ours"}, "polls": 2, "started_at": NOW.isoformat(), "not_before": NOW.isoformat()}
    made = driver(progress=Progress.from_dict(told))
    postpress = Scripted(["SYNC_RUNNING", "SYNC_DONE"])
    postpress.now -= timedelta(seconds=behind)

    outcome = runner(made.steps(wait_from=postpress.now), postpress)

    assert success(outcome).progress.known.owner is Owner.OURS
    # what Postpress wants waited is told as a time, so that it outlasts a move: a clock that is behind waits for it
    assert postpress.waits == [max(10, behind), 15]


@given(
    pattern=st.lists(st.sampled_from([*STATUSES, *ERRORS]), min_size=1, max_size=6),
    request_=st.sampled_from([ACCOUNT, CHUNKED]),
    steps=st.lists(st.integers(-7200, 7200), max_size=12),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_clock_makes_a_success_of_what_did_not_start_and_end_nor_a_wait_without_an_end(
    pattern: list[Came], request_: SyncRequest, steps: list[int]
) -> None:
    given_: list[Came] = []

    def endless() -> Iterator[Came]:
        while True:
            for came in pattern:
                given_.append(came)
                yield came

    outcome, postpress = follow(blocking, endless(), driver(request_, timeout=1800), steps=steps)

    if isinstance(outcome, SyncResult):
        *before, last = given_
        assert ("SYNC_STARTED" in before, last) == (True, "SYNC_DONE")
    assert all(0 <= wait <= 72 for wait in postpress.waits)
    assert sum(postpress.waits) <= 1800 + sum(-step for step in steps if step < 0) + 0.001


# a request without effects


def read(runner: Runner, came: Iterable[Came], timeout: float = 21_600) -> tuple[Any, Scripted]:
    postpress = Scripted(came)
    return runner(read_steps(get_account("acc"), pacing(timeout), "account 'acc'"), postpress), postpress


def test_a_reading_is_repeated_until_it_is_answered(runner: Runner) -> None:
    account = Account(type="LINKEDIN", id="acc")
    outcome, postpress = read(runner, [LOST, api_error(503), account])
    assert outcome is account
    assert postpress.waits == [10, 15]


def test_a_reading_that_is_refused_is_not_repeated(runner: Runner) -> None:
    outcome, _ = read(runner, [api_error(404, "errors/resource_not_found")])
    assert failure(outcome).kind is FailureKind.REQUEST_REFUSED


def test_a_reading_has_the_same_failure_budget(runner: Runner) -> None:
    outcome, _ = read(runner, [LOST] * FAILURE_BUDGET)
    assert failure(outcome).kind is FailureKind.UNAVAILABLE


def test_a_reading_ends_at_the_deadline(runner: Runner) -> None:
    outcome, postpress = read(runner, repeat(LOST), timeout=12)
    assert failure(outcome).kind is FailureKind.SYNC_TIMEOUT
    assert postpress.waits == [10, 2]


# the runners


def test_a_fault_of_our_own_is_not_swallowed(runner: Runner) -> None:
    class Broken(Scripted):
        def send(self, endpoint: Any) -> Any:
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        runner(driver().steps(), Broken([]))


def test_a_request_that_is_refused_before_it_is_sent_ends_it(runner: Runner) -> None:
    outcome, _ = follow(runner, [PostpressInvalidRequest("no")])
    assert failure(outcome).kind is FailureKind.REQUEST_REFUSED


def test_cancelling_goes_through() -> None:
    async def follow_and_cancel() -> None:
        async def send(endpoint: Any) -> Any:
            raise asyncio.CancelledError

        await arun(driver().steps(), send=send, sleep=asyncio.sleep, say=lambda _: None, now=lambda: NOW)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(follow_and_cancel())


def test_words_go_to_the_log_at_their_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    say = say_to(logging.getLogger("a task"))
    say(Say("100 % done"))
    say(Say("look here", warn=True))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "100 % done"),
        ("WARNING", "look here"),
    ]
