from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.resync.driver import Progress, SyncResult
from airflow_provider_postpress.resync.handle import read_handle
from airflow_provider_postpress.resync.request import SyncRequest, Target
from airflow_provider_postpress.resync.tracker import Knowledge, Owner
from airflow_provider_postpress.resync.window import SyncWindow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = SyncWindow("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")
REQUEST = SyncRequest(Target.ACCOUNT, "acc", WINDOW, {"partial": True, **WINDOW.parameters()})
STARTED = SyncResult(
    REQUEST,
    "SYNC_STARTED",
    Progress(Knowledge(Owner.OURS), polls=2, started_at=NOW - timedelta(minutes=1)),
    deadline=NOW + timedelta(hours=6),
).as_dict()
DONE = {**STARTED, "status": "SYNC_DONE", "finished_at": NOW.isoformat()}
del DONE["deadline"]


def without(key: str) -> dict[str, object]:
    return {name: value for name, value in STARTED.items() if name != key}


def test_a_handle_says_again_what_was_asked_and_how_far_it_had_come():
    handle = read_handle(STARTED, Target.ACCOUNT, now=NOW)

    assert handle.request == REQUEST
    assert handle.progress == Progress(Knowledge(Owner.OURS), polls=2, started_at=NOW - timedelta(minutes=1))
    assert handle.deadline == NOW + timedelta(hours=6)


def test_the_result_of_a_sync_that_ended_well_has_no_deadline():
    assert read_handle(DONE, Target.ACCOUNT, now=NOW).deadline is None


def test_a_handle_is_known_until_its_deadline():
    assert read_handle(STARTED, Target.ACCOUNT, now=NOW + timedelta(hours=5, minutes=59))


@pytest.mark.parametrize(
    "value",
    [
        None,
        "acc",
        [STARTED],
        {},
        *(without(key) for key in ("account_id", "parameters", "status", "chunks", "polls", "restarts", "started_at")),
        without("deadline"),
        {**STARTED, "status": "SYNC_RUNNING"},
        {**STARTED, "status": "SYNC_ERROR"},
        {**STARTED, "finished_at": NOW.isoformat()},
        {**DONE, "finished_at": None},
        {**STARTED, "started_at": "2026-03-01T11:59:00"},
        {**STARTED, "parameters": {}},
        {**STARTED, "parameters": {"partial": True, "after": 1, "before": 2}},
        {**STARTED, "window": None},
        {**STARTED, "deadline": "soon"},
        {**STARTED, "deadline": "2026-03-01T18:00:00"},
        {**STARTED, "window": "yesterday"},
        {**STARTED, "window": {"start": "2026-03-01T00:00:00Z"}},
        {**STARTED, "window": {"start": "2026-03-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}},
        {**STARTED, "polls": "many"},
        {**STARTED, "polls": True},
        {**STARTED, "chunks": -1},
        {**STARTED, "chunks": float("inf")},
        {**DONE, "deadline": STARTED["deadline"]},
        {**STARTED, "chat_id": "chat"},
        {**STARTED, "account_id": ".."},
    ],
)
def test_what_is_not_a_handle_is_refused_with_the_advice_to_clear_its_operator(value: object):
    with pytest.raises(PostpressInvalidRequest, match="Clear the operator"):
        read_handle(value, Target.ACCOUNT, now=NOW)


def test_an_expired_handle_is_refused_with_the_advice_to_clear_its_operator():
    with pytest.raises(PostpressInvalidRequest, match=r"could be followed until .*Clear the operator"):
        read_handle(STARTED, Target.ACCOUNT, now=NOW + timedelta(hours=6))


def test_a_handle_of_an_account_is_not_one_of_a_chat():
    with pytest.raises(PostpressInvalidRequest, match="account 'acc', and this sensor is about chats"):
        read_handle(STARTED, Target.CHAT, now=NOW)


@pytest.mark.parametrize("contradiction", [{"parameters": {"chunk_size": 5}}, {"window": WINDOW.as_dict()}])
def test_a_chats_handle_has_neither_window_nor_parameters(contradiction: dict[str, object]):
    chat = {**STARTED, "chat_id": "chat", "window": None, "parameters": {}}
    del chat["account_id"]
    assert read_handle(chat, Target.CHAT, now=NOW)

    with pytest.raises(PostpressInvalidRequest, match="contradicts itself"):
        read_handle({**chat, **contradiction}, Target.CHAT, now=NOW)
