"""The state machine of DESIGN.md, one test a row, in the order of its table."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_postpress.api.models import SyncAnswer
from airflow_provider_postpress.resync.failure import FailureKind
from airflow_provider_postpress.resync.request import SyncRequest, Target
from airflow_provider_postpress.resync.tracker import (
    MAX_LEFTOVERS,
    Do,
    Knowledge,
    Owner,
    OwnSync,
    Verdict,
    after_loss,
    observe,
)

ACCOUNT = SyncRequest(Target.ACCOUNT, "acc")
CHUNKED = SyncRequest(Target.ACCOUNT, "acc", parameters={"chunk_size": 5})
CHAT = SyncRequest(Target.CHAT, "chat")

NOTHING = Knowledge()
FOREIGN = Knowledge(owner=Owner.FOREIGN)
STARTED = Knowledge(owner=Owner.OURS)
RUNNING = Knowledge(owner=Owner.OURS, seen_running=True)
AFTER_A_LOST_ANSWER = after_loss(NOTHING, may_have_been_answered=True)
AFTER_A_REQUEST_THAT_NEVER_ARRIVED = after_loss(NOTHING, may_have_been_answered=False)
ANY = {
    "nothing": NOTHING,
    "nothing, after a lost answer": AFTER_A_LOST_ANSWER,
    "foreign": FOREIGN,
    "ours, just started": STARTED,
    "ours, seen running": RUNNING,
    "ours, taken up": RUNNING.taken_up(),
}

either = pytest.mark.parametrize("request_", [ACCOUNT, CHAT], ids=["account", "chat"])
any_knowledge = pytest.mark.parametrize("known", ANY.values(), ids=ANY)
terminal = pytest.mark.parametrize("status", ["SYNC_DONE", "SYNC_ERROR"])


def answer(request: SyncRequest, status: str, **fields: Any) -> SyncAnswer:
    chat_id = request.id if request.target is Target.CHAT else None
    return SyncAnswer(**{"object": request.target.answer_object, "chat_id": chat_id, "status": status, **fields})


def judge(request: SyncRequest, known: Knowledge, status: str, *, fail_if_running: bool = False) -> Verdict:
    return OwnSync(fail_if_running)(request, known, answer(request, status))


def failure_kind(verdict: Verdict) -> FailureKind:
    assert verdict.do is Do.FAIL
    assert verdict.failure is not None
    return verdict.failure.kind


# nothing


@either
def test_nothing_and_started_is_ours(request_: SyncRequest) -> None:
    verdict = judge(request_, NOTHING, "SYNC_STARTED")
    assert (verdict.known, verdict.do) == (STARTED, Do.POLL_ANEW)


@either
def test_nothing_and_running_is_foreign_and_waited_for(request_: SyncRequest) -> None:
    verdict = judge(request_, NOTHING, "SYNC_RUNNING")
    assert (verdict.known.owner, verdict.do) == (Owner.FOREIGN, Do.POLL_ANEW)


@either
def test_nothing_and_running_fails_where_if_running_says_so(request_: SyncRequest) -> None:
    verdict = judge(request_, NOTHING, "SYNC_RUNNING", fail_if_running=True)
    assert failure_kind(verdict) is FailureKind.SYNC_CONFLICT


@either
@pytest.mark.parametrize("fail_if_running", [False, True], ids=["wait", "fail"])
@pytest.mark.parametrize("known", [AFTER_A_LOST_ANSWER, AFTER_A_REQUEST_THAT_NEVER_ARRIVED])
def test_nothing_and_running_after_a_lost_request_is_waited_for_whatever_if_running_says(
    request_: SyncRequest, known: Knowledge, fail_if_running: bool
) -> None:
    verdict = judge(request_, known, "SYNC_RUNNING", fail_if_running=fail_if_running)
    assert (verdict.known.owner, verdict.do) == (Owner.FOREIGN, Do.POLL_ANEW)


def test_a_usable_answer_ends_the_excuse_of_a_lost_request() -> None:
    leftover = judge(ACCOUNT, AFTER_A_LOST_ANSWER, "SYNC_DONE", fail_if_running=True)
    verdict = judge(ACCOUNT, leftover.known, "SYNC_RUNNING", fail_if_running=True)
    assert failure_kind(verdict) is FailureKind.SYNC_CONFLICT


@either
@terminal
def test_nothing_and_a_terminal_status_is_a_leftover_and_the_next_request_starts_ours(
    request_: SyncRequest, status: str
) -> None:
    leftover = judge(request_, NOTHING, status)
    assert (leftover.known.owner, leftover.do, leftover.failure) == (Owner.NOBODY, Do.REQUEST, None)
    assert leftover.note is not None
    assert status in leftover.note
    assert judge(request_, leftover.known, "SYNC_STARTED").known.owner is Owner.OURS


@either
def test_three_leftovers_in_a_row_are_borne_and_a_fourth_is_not(request_: SyncRequest) -> None:
    known = NOTHING
    for _ in range(MAX_LEFTOVERS):
        verdict = judge(request_, known, "SYNC_DONE")
        assert verdict.do is Do.REQUEST
        known = verdict.known
    assert failure_kind(judge(request_, known, "SYNC_ERROR")) is FailureKind.UNEXPECTED_ANSWER


def test_nothing_and_a_chunk_is_foreign() -> None:
    verdict = judge(CHUNKED, NOTHING, "CHUNK_DONE")
    assert (verdict.known.owner, verdict.do) == (Owner.FOREIGN, Do.REQUEST)


def test_a_start_after_a_lost_answer_may_be_the_next_chunk_of_somebody_elses_sync() -> None:
    verdict = judge(ACCOUNT, AFTER_A_LOST_ANSWER, "SYNC_STARTED")
    assert (verdict.known.owner, verdict.do) == (Owner.FOREIGN, Do.POLL_ANEW)


def test_a_start_after_a_request_that_never_arrived_is_ours() -> None:
    verdict = judge(ACCOUNT, AFTER_A_REQUEST_THAT_NEVER_ARRIVED, "SYNC_STARTED")
    assert (verdict.known, verdict.do) == (STARTED, Do.POLL_ANEW)


def test_a_start_after_a_lost_answer_and_a_terminal_status_is_ours() -> None:
    leftover = judge(ACCOUNT, AFTER_A_LOST_ANSWER, "SYNC_DONE")
    assert judge(ACCOUNT, leftover.known, "SYNC_STARTED").known.owner is Owner.OURS


@terminal
@pytest.mark.parametrize("before", [NOTHING, FOREIGN], ids=["leftover", "end of a foreign sync"])
def test_a_start_after_a_terminal_status_and_a_lost_answer_may_be_the_next_chunk_of_a_sync_begun_since(
    before: Knowledge, status: str
) -> None:
    lost = after_loss(judge(ACCOUNT, before, status).known, may_have_been_answered=True)
    assert judge(ACCOUNT, lost, "SYNC_STARTED").known.owner is Owner.FOREIGN


def test_a_start_after_a_terminal_status_and_a_request_that_never_arrived_is_ours_but_its_chunk_is_not() -> None:
    lost = after_loss(judge(ACCOUNT, NOTHING, "SYNC_DONE").known, may_have_been_answered=False)
    started = judge(ACCOUNT, lost, "SYNC_STARTED")
    assert started.known.owner is Owner.OURS
    assert judge(ACCOUNT, started.known, "CHUNK_DONE").known.owner is Owner.FOREIGN


def test_a_lost_request_does_not_take_away_what_a_sync_of_ours_started_after() -> None:
    started = judge(ACCOUNT, judge(ACCOUNT, NOTHING, "SYNC_DONE").known, "SYNC_STARTED")
    lost = after_loss(started.known, may_have_been_answered=True)
    assert judge(ACCOUNT, lost, "CHUNK_DONE").known.owner is Owner.OURS


def test_a_lost_answer_stays_lost_when_a_later_request_never_arrives() -> None:
    known = after_loss(AFTER_A_LOST_ANSWER, may_have_been_answered=False)
    assert judge(ACCOUNT, known, "SYNC_STARTED").known.owner is Owner.FOREIGN


def test_a_chat_has_no_chunks_so_its_start_after_a_lost_answer_is_ours() -> None:
    assert judge(CHAT, AFTER_A_LOST_ANSWER, "SYNC_STARTED").known.owner is Owner.OURS


# foreign


@either
def test_foreign_and_running_is_still_foreign(request_: SyncRequest) -> None:
    verdict = judge(request_, FOREIGN, "SYNC_RUNNING")
    assert (verdict.known, verdict.do) == (FOREIGN, Do.POLL)


def test_foreign_and_a_chunk_is_still_foreign() -> None:
    verdict = judge(CHUNKED, FOREIGN, "CHUNK_DONE")
    assert (verdict.known, verdict.do) == (FOREIGN, Do.REQUEST)


@either
@terminal
def test_foreign_and_a_terminal_status_is_its_end_and_the_next_request_starts_ours(
    request_: SyncRequest, status: str
) -> None:
    end = judge(request_, FOREIGN, status)
    assert (end.known.owner, end.do, end.failure) == (Owner.NOBODY, Do.REQUEST, None)
    assert judge(request_, end.known, "SYNC_STARTED").known.owner is Owner.OURS


def test_foreign_and_started_on_an_account_may_be_its_next_chunk() -> None:
    verdict = judge(ACCOUNT, FOREIGN, "SYNC_STARTED")
    assert (verdict.known, verdict.do) == (FOREIGN, Do.POLL)


def test_foreign_and_started_on_a_chat_is_ours() -> None:
    verdict = judge(CHAT, FOREIGN, "SYNC_STARTED")
    assert (verdict.known, verdict.do) == (STARTED, Do.POLL_ANEW)


# ours


@either
@pytest.mark.parametrize("known", [STARTED, RUNNING])
def test_ours_and_running_is_under_way(request_: SyncRequest, known: Knowledge) -> None:
    verdict = judge(request_, known, "SYNC_RUNNING")
    assert (verdict.known, verdict.do) == (RUNNING, Do.POLL)


@either
@pytest.mark.parametrize("known", [STARTED, RUNNING, after_loss(RUNNING, may_have_been_answered=True)])
def test_ours_and_done_succeeds(request_: SyncRequest, known: Knowledge) -> None:
    assert judge(request_, known, "SYNC_DONE").do is Do.SUCCEED


@either
def test_ours_and_an_error_fails(request_: SyncRequest) -> None:
    assert failure_kind(judge(request_, RUNNING, "SYNC_ERROR")) is FailureKind.SYNC_ERROR


def test_ours_with_chunk_size_and_a_chunk_is_counted_and_paced_anew() -> None:
    verdict = judge(CHUNKED, replace(RUNNING, chunks=2), "CHUNK_DONE")
    assert (verdict.known, verdict.do) == (replace(STARTED, chunks=3), Do.POLL_ANEW)


def test_ours_without_chunk_size_and_a_chunk_was_a_foreign_syncs_next_chunk() -> None:
    verdict = judge(ACCOUNT, RUNNING, "CHUNK_DONE")
    assert (verdict.known, verdict.do, verdict.warn) == (FOREIGN, Do.REQUEST, True)


@terminal
@pytest.mark.parametrize("before", [NOTHING, FOREIGN], ids=["leftover", "end of a foreign sync"])
def test_ours_without_chunk_size_but_started_after_a_terminal_status_and_a_chunk_is_one_of_ours(
    before: Knowledge, status: str
) -> None:
    started = judge(ACCOUNT, judge(ACCOUNT, before, status).known, "SYNC_STARTED")
    verdict = judge(ACCOUNT, started.known, "CHUNK_DONE")
    assert (verdict.known.owner, verdict.known.chunks, verdict.do) == (Owner.OURS, 1, Do.POLL_ANEW)


@either
@pytest.mark.parametrize(
    "known",
    {
        "just started": STARTED,
        "after a lost answer": after_loss(RUNNING, may_have_been_answered=True),
        "after a lost request": after_loss(RUNNING, may_have_been_answered=False),
        "taken up": RUNNING.taken_up(),
        "restarted": replace(STARTED, restarts=1),
    }.items(),
    ids=lambda case: case[0],
)
def test_ours_and_started_is_followed_and_not_counted(request_: SyncRequest, known: tuple[str, Knowledge]) -> None:
    verdict = judge(request_, known[1], "SYNC_STARTED")
    assert (verdict.known.owner, verdict.known.restarts) == (Owner.OURS, known[1].restarts)
    assert verdict.do is Do.POLL


def test_ours_after_a_chunk_and_started_is_the_next_chunk() -> None:
    chunk = judge(CHUNKED, RUNNING, "CHUNK_DONE")
    verdict = judge(CHUNKED, chunk.known, "SYNC_STARTED")
    assert (verdict.known.chunks, verdict.known.restarts, verdict.do) == (1, 0, Do.POLL)


@either
def test_ours_seen_running_and_started_is_a_restart_and_a_second_one_is_a_conflict(request_: SyncRequest) -> None:
    restart = judge(request_, RUNNING, "SYNC_STARTED")
    assert (restart.known, restart.do, restart.warn) == (replace(STARTED, restarts=1), Do.POLL_ANEW, True)
    running = judge(request_, restart.known, "SYNC_RUNNING")
    assert failure_kind(judge(request_, running.known, "SYNC_STARTED")) is FailureKind.SYNC_CONFLICT


def test_a_restart_begins_to_count_chunks_anew_and_may_be_a_foreign_syncs_next_chunk() -> None:
    known = replace(RUNNING, chunks=2, after_end=True)
    restart = judge(ACCOUNT, known, "SYNC_STARTED")
    assert restart.known.chunks == 0
    assert judge(ACCOUNT, restart.known, "CHUNK_DONE").known.owner is Owner.FOREIGN


# any


@any_knowledge
@pytest.mark.parametrize("may_have_been_answered", [True, False])
def test_any_and_no_answer_leaves_the_owner_as_it_was(known: Knowledge, may_have_been_answered: bool) -> None:
    lost = after_loss(known, may_have_been_answered=may_have_been_answered)
    assert lost == replace(known, lost=True, unread=known.unread or may_have_been_answered, seen_running=False)


@any_knowledge
@pytest.mark.parametrize("tracker", [OwnSync(), observe], ids=["own", "observe"])
def test_any_and_chat_deleted_is_the_end(known: Knowledge, tracker: Any) -> None:
    verdict = tracker(CHAT, known, answer(CHAT, "CHAT_DELETED"))
    assert failure_kind(verdict) is FailureKind.CHAT_DELETED


@any_knowledge
@pytest.mark.parametrize("tracker", [OwnSync(), observe], ids=["own", "observe"])
@pytest.mark.parametrize(
    ("request_", "fields", "named"),
    [
        (CHAT, {"chat_id": "another"}, "another"),
        (CHAT, {"chat_id": None}, "None"),
        (CHAT, {"object": "AccountResync"}, "AccountResync"),
        (CHAT, {"status": "CHUNK_DONE"}, "CHUNK_DONE"),
        (ACCOUNT, {"object": "ChatHistorySync"}, "ChatHistorySync"),
        (ACCOUNT, {"object": None}, "None"),
        (ACCOUNT, {"status": "CHAT_DELETED"}, "CHAT_DELETED"),
        (ACCOUNT, {"status": "SYNC_PAUSED"}, "SYNC_PAUSED"),
        (ACCOUNT, {"status": "sync_done"}, "sync_done"),
    ],
    ids=str,
)
def test_any_and_an_answer_that_the_pages_do_not_describe_is_named_and_fails(
    known: Knowledge, tracker: Any, request_: SyncRequest, fields: dict[str, Any], named: str
) -> None:
    verdict = tracker(request_, known, answer(request_, **{"status": "SYNC_DONE", **fields}))
    assert failure_kind(verdict) is FailureKind.UNEXPECTED_ANSWER
    assert named in verdict.failure.message


# a sensor without a handle


@either
@any_knowledge
@pytest.mark.parametrize(
    ("status", "do"), [("SYNC_RUNNING", Do.POLL), ("SYNC_STARTED", Do.POLL), ("SYNC_DONE", Do.SUCCEED)]
)
def test_an_observer_reports_on_whichever_sync_it_meets(
    request_: SyncRequest, known: Knowledge, status: str, do: Do
) -> None:
    verdict = observe(request_, known, answer(request_, status))
    assert (verdict.do, verdict.known) == (do, known)


@either
def test_an_observer_fails_with_the_sync_it_meets(request_: SyncRequest) -> None:
    assert failure_kind(observe(request_, NOTHING, answer(request_, "SYNC_ERROR"))) is FailureKind.SYNC_ERROR


def test_an_observer_waits_at_a_chunk_and_counts_it() -> None:
    verdict = observe(ACCOUNT, NOTHING, answer(ACCOUNT, "CHUNK_DONE"))
    assert (verdict.do, verdict.known) == (Do.POLL, replace(NOTHING, chunks=1))


def test_an_observer_warns_when_its_own_poll_started_a_sync() -> None:
    assert observe(ACCOUNT, NOTHING, answer(ACCOUNT, "SYNC_STARTED")).warn


# how knowledge travels


@any_knowledge
def test_knowledge_survives_json(known: Knowledge) -> None:
    full = replace(known, after_end=True, leftovers=2, chunks=7, restarts=1)
    assert Knowledge.from_dict(json.loads(json.dumps(full.as_dict()))) == full


def test_knowledge_of_an_older_version_lacks_what_that_version_did_not_know() -> None:
    assert Knowledge.from_dict({"owner": "ours"}) == STARTED


@any_knowledge
def test_who_takes_a_sync_up_knows_the_owner_but_not_what_was_answered_meanwhile(known: Knowledge) -> None:
    taken_up = known.taken_up()
    assert taken_up == replace(known, seen_running=False, unread=True)
