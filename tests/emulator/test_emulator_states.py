"""The documented state machine, row by row."""

from __future__ import annotations

import pytest
from emulator_bench import Bench

EVERYTHING = 9


def test_a_sync_is_started_runs_and_is_done(bench: Bench) -> None:
    assert [bench.sync(), bench.sync(), bench.sync(wait=9.999), bench.sync(wait=0.001)] == [
        "SYNC_STARTED",
        "SYNC_RUNNING",
        "SYNC_RUNNING",
        "SYNC_DONE",
    ]


def test_done_is_delivered_once_and_the_next_request_starts_again(bench: Bench) -> None:
    bench.sync()
    assert [bench.sync(wait=10), bench.sync(), bench.sync()] == ["SYNC_DONE", "SYNC_STARTED", "SYNC_RUNNING"]


def test_a_terminal_status_waits_for_ever_for_the_next_request(bench: Bench) -> None:
    bench.sync()
    assert bench.sync(wait=1_000_000) == "SYNC_DONE"


def test_a_failed_sync_says_so_once_and_copies_nothing(bench: Bench) -> None:
    bench.engine.fail_next_sync("acc")
    bench.sync()
    assert bench.sync(wait=10) == "SYNC_ERROR"
    assert len(bench.missing()) == EVERYTHING
    assert [bench.sync(), bench.sync(wait=10)] == ["SYNC_STARTED", "SYNC_DONE"]


def test_as_many_syncs_fail_as_were_asked_to(bench: Bench) -> None:
    bench.engine.fail_next_sync("acc")
    bench.engine.fail_next_sync("acc")
    ends = []
    for _ in range(3):
        bench.sync()
        ends.append(bench.sync(wait=10))
    assert ends == ["SYNC_ERROR", "SYNC_ERROR", "SYNC_DONE"]


def test_a_sync_copies_when_it_ends_and_not_before(bench: Bench) -> None:
    bench.sync()
    bench.clock.seconds += 9.999
    assert len(bench.missing()) == EVERYTHING
    bench.clock.seconds += 0.001
    assert bench.missing() == []


def test_a_message_that_comes_after_the_end_is_missing_though_nobody_looked_in_between(bench: Bench) -> None:
    bench.sync()
    bench.clock.seconds += 11
    bench.engine.add_messages("chat_1", [4000])
    assert bench.missing() == [("chat_1", 4000)]


def test_a_slow_flip_says_started_to_the_first_requests() -> None:
    bench = Bench(started_answers=3)
    assert [bench.sync() for _ in range(4)] == ["SYNC_STARTED", "SYNC_STARTED", "SYNC_STARTED", "SYNC_RUNNING"]


def test_a_slow_flip_does_not_hide_the_end() -> None:
    bench = Bench(started_answers=3)
    assert [bench.sync(), bench.sync(wait=10), bench.sync()] == ["SYNC_STARTED", "SYNC_DONE", "SYNC_STARTED"]


def test_a_sync_that_takes_no_time_is_done_at_the_second_request() -> None:
    bench = Bench(duration_ms=0)
    assert [bench.sync(), bench.sync(), bench.sync()] == ["SYNC_STARTED", "SYNC_DONE", "SYNC_STARTED"]


def test_a_duration_of_its_own_wins(bench: Bench) -> None:
    bench.engine.set_duration("acc", duration_ms=20_000)
    bench.sync()
    assert [bench.sync(wait=19), bench.sync(wait=1)] == ["SYNC_RUNNING", "SYNC_DONE"]


def test_leftovers_are_read_in_order_and_start_nothing(bench: Bench) -> None:
    bench.engine.leave_leftover("acc", status="SYNC_ERROR")
    bench.engine.leave_leftover("acc")
    assert [bench.sync(), bench.sync()] == ["SYNC_ERROR", "SYNC_DONE"]
    assert bench.engine.starts("acc") == []
    assert bench.sync() == "SYNC_STARTED"


def test_a_leftover_cannot_be_left_while_a_sync_runs(bench: Bench) -> None:
    bench.sync()
    with pytest.raises(ValueError, match="under way"):
        bench.engine.leave_leftover("acc")


def test_starts_tell_what_began_with_what_and_how_it_ended(bench: Bench) -> None:
    began = round(bench.clock.seconds * 1000)
    bench.sync(after="500", partial="true")
    bench.sync(wait=60)
    bench.sync()
    assert bench.engine.starts("acc") == [
        {
            "parameters": {"after": "500", "partial": "true"},
            "by": "client",
            "from_scratch": False,
            "began": began,
            "ended": began + 10_000,
            "chunks": 1,
            "status": "SYNC_DONE",
        },
        {
            "parameters": {},
            "by": "client",
            "from_scratch": True,
            "began": began + 60_000,
            "ended": None,
            "chunks": 0,
            "status": None,
        },
    ]


class TestChunks:
    def test_each_chunk_is_started_by_a_request_and_the_last_one_is_done(self, bench: Bench) -> None:
        assert [bench.sync(chunk_size="2"), bench.sync(), bench.sync(wait=10), bench.sync(), bench.sync(wait=10)] == [
            "SYNC_STARTED",
            "SYNC_RUNNING",
            "CHUNK_DONE",
            "SYNC_STARTED",
            "SYNC_DONE",
        ]
        assert [start["chunks"] for start in bench.engine.starts("acc")] == [2]

    def test_each_chunk_copies_its_chats_when_it_ends(self, bench: Bench) -> None:
        bench.sync(chunk_size="2", partial="true")
        bench.sync(wait=10)
        assert {chat for chat, _ in bench.missing()} == {"chat_3"}

    def test_no_chunk_begins_by_itself(self, bench: Bench) -> None:
        bench.sync(chunk_size="2")
        assert [bench.sync(wait=1000), bench.sync(wait=1000)] == ["CHUNK_DONE", "SYNC_STARTED"]
        assert {chat for chat, _ in bench.missing()} == {"chat_3"}

    def test_the_next_chunk_keeps_the_parameters_of_the_sync_whatever_the_request_says(self, bench: Bench) -> None:
        bench.sync(chunk_size="2", after="1500")
        bench.sync(wait=10)
        assert bench.sync(before="1500", chunk_size="1", partial="true") == "SYNC_STARTED"
        assert bench.sync(wait=10) == "SYNC_DONE"
        assert bench.missing() == [("chat_1", 1000), ("chat_2", 1000), ("chat_3", 1000)]
        assert len(bench.engine.starts("acc")) == 1

    def test_a_chunk_that_fails_ends_the_sync_and_the_chunks_before_it_stay(self, bench: Bench) -> None:
        bench.engine.fail_next_sync("acc", at_chunk=2)
        bench.sync(chunk_size="1")
        bench.sync(wait=10)
        bench.sync()
        assert bench.sync(wait=10) == "SYNC_ERROR"
        assert {chat for chat, _ in bench.missing()} == {"chat_2", "chat_3"}

    def test_in_the_fresh_reading_the_request_after_a_chunk_starts_a_new_sync_and_there_is_no_end(self) -> None:
        bench = Bench(chunks="fresh")
        for _ in range(5):
            assert [bench.sync(chunk_size="2"), bench.sync(wait=10)] == ["SYNC_STARTED", "CHUNK_DONE"]
        assert {chat for chat, _ in bench.missing()} == {"chat_3"}
        assert [start["status"] for start in bench.engine.starts("acc")] == ["CHUNK_DONE"] * 5

    def test_in_the_fresh_reading_the_new_sync_has_the_parameters_of_the_request(self) -> None:
        bench = Bench(chunks="fresh")
        bench.sync(chunk_size="2", after="1")
        bench.sync(wait=10)
        bench.sync(after="2")
        assert bench.sync(wait=10) == "SYNC_DONE"
        assert [start["parameters"] for start in bench.engine.starts("acc")] == [
            {"chunk_size": "2", "after": "1"},
            {"after": "2"},
        ]

    def test_postpress_may_make_chunks_by_itself(self) -> None:
        bench = Bench(own_chunk_size=2)
        assert [bench.sync(), bench.sync(wait=10), bench.sync(), bench.sync(wait=10)] == [
            "SYNC_STARTED",
            "CHUNK_DONE",
            "SYNC_STARTED",
            "SYNC_DONE",
        ]

    def test_an_account_without_chats_has_one_empty_chunk(self, bench: Bench) -> None:
        for chat in bench.engine.chat_ids("acc"):
            bench.engine.delete_chat(chat)
        assert [bench.sync(chunk_size="1"), bench.sync(wait=10)] == ["SYNC_STARTED", "SYNC_DONE"]


class TestChats:
    def test_a_sync_is_started_runs_and_is_done_once(self, bench: Bench) -> None:
        assert [bench.sync_chat(), bench.sync_chat(), bench.sync_chat(wait=10), bench.sync_chat()] == [
            "SYNC_STARTED",
            "SYNC_RUNNING",
            "SYNC_DONE",
            "SYNC_STARTED",
        ]

    def test_it_copies_the_whole_chat_and_no_other(self, bench: Bench) -> None:
        bench.sync_chat()
        bench.clock.seconds += 10
        assert bench.engine.missing(chat_id="chat_1") == []
        assert {chat for chat, _ in bench.missing()} == {"chat_2", "chat_3"}

    def test_it_knows_nothing_of_the_sync_of_its_account(self, bench: Bench) -> None:
        assert [bench.sync(), bench.sync_chat(), bench.sync_chat()] == ["SYNC_STARTED", "SYNC_STARTED", "SYNC_RUNNING"]

    def test_it_can_fail_and_have_leftovers(self, bench: Bench) -> None:
        bench.engine.leave_leftover(chat_id="chat_1")
        bench.engine.fail_next_sync(chat_id="chat_1")
        assert [bench.sync_chat(), bench.sync_chat(), bench.sync_chat(wait=10)] == [
            "SYNC_DONE",
            "SYNC_STARTED",
            "SYNC_ERROR",
        ]

    def test_a_deleted_chat_says_so_for_ever(self, bench: Bench) -> None:
        bench.engine.delete_chat("chat_1")
        assert [bench.sync_chat() for _ in range(3)] == ["CHAT_DELETED"] * 3
        assert bench.engine.starts(chat_id="chat_1") == []

    def test_a_chat_deleted_while_it_is_synced_says_so_and_is_no_longer_missing(self, bench: Bench) -> None:
        bench.sync_chat()
        bench.engine.delete_chat("chat_1")
        assert bench.sync_chat(wait=10) == "CHAT_DELETED"
        assert bench.engine.starts(chat_id="chat_1")[0]["status"] == "CHAT_DELETED"
        assert bench.engine.missing(chat_id="chat_1") == []


class TestForeignSyncs:
    def test_ours_finds_it_running_and_then_its_end(self, bench: Bench) -> None:
        bench.engine.foreign_sync("acc", {"after": "1500"})
        assert [bench.sync(), bench.sync(wait=10), bench.sync()] == ["SYNC_RUNNING", "SYNC_DONE", "SYNC_STARTED"]
        assert [(start["by"], start["parameters"]) for start in bench.engine.starts("acc")] == [
            ("foreign", {"after": "1500"}),
            ("client", {}),
        ]

    def test_without_a_poller_its_chunks_wait_for_us_and_go_on_with_its_own_parameters(self, bench: Bench) -> None:
        bench.engine.foreign_sync("acc", {"after": "1500", "chunk_size": "2"})
        assert [bench.sync(wait=10), bench.sync(), bench.sync(wait=10)] == ["CHUNK_DONE", "SYNC_STARTED", "SYNC_DONE"]
        assert [at for _, at in bench.missing()] == [1000, 1000, 1000]
        assert [start["by"] for start in bench.engine.starts("acc")] == ["foreign"]

    def test_with_a_poller_it_reads_its_own_chunks_and_end(self, bench: Bench) -> None:
        bench.engine.foreign_sync("acc", {"after": "1", "chunk_size": "1"}, poll_every_ms=1000)
        assert bench.sync(wait=35.5) == "SYNC_STARTED"
        foreign, ours = bench.engine.starts("acc")
        assert (foreign["status"], foreign["chunks"], ours["by"]) == ("SYNC_DONE", 3, "client")

    def test_a_poll_at_the_very_end_reads_the_end(self, bench: Bench) -> None:
        bench.engine.foreign_sync("acc", {"after": "1"}, poll_every_ms=10_000)
        assert bench.sync(wait=10) == "SYNC_STARTED"

    def test_a_poller_may_stop_before_the_end(self, bench: Bench) -> None:
        bench.engine.foreign_sync("acc", {"after": "1"}, poll_every_ms=1000, polls=3)
        assert bench.sync(wait=60) == "SYNC_DONE"

    def test_it_reads_leftovers_away_first(self, bench: Bench) -> None:
        bench.engine.leave_leftover("acc")
        bench.engine.foreign_sync("acc")
        assert bench.sync() == "SYNC_RUNNING"

    def test_a_poller_in_the_middle_of_ours_can_read_our_end_away(self, bench: Bench) -> None:
        bench.sync(after="1")
        bench.engine.foreign_sync("acc", {"after": "2000"}, delay_ms=5000, poll_every_ms=6000)
        assert bench.sync(wait=12) == "SYNC_STARTED"
        assert [start["by"] for start in bench.engine.starts("acc")] == ["client", "client"]

    def test_one_that_begins_between_our_end_and_our_poll_leaves_us_its_own_end(self, bench: Bench) -> None:
        bench.sync(after="1")
        bench.engine.foreign_sync("acc", {"after": "2000"}, delay_ms=11_000)
        assert bench.sync(wait=30) == "SYNC_DONE"
        assert [start["by"] for start in bench.engine.starts("acc")] == ["client", "foreign"]

    def test_it_can_be_of_a_chat(self, bench: Bench) -> None:
        bench.engine.foreign_sync(chat_id="chat_1")
        assert [bench.sync_chat(), bench.sync_chat(wait=10)] == ["SYNC_RUNNING", "SYNC_DONE"]
        assert bench.engine.starts(chat_id="chat_1")[0]["by"] == "foreign"

    def test_it_can_be_of_a_deleted_chat(self, bench: Bench) -> None:
        bench.engine.delete_chat("chat_1")
        bench.engine.foreign_sync(chat_id="chat_1", poll_every_ms=1000)
        assert bench.sync_chat(wait=10) == "CHAT_DELETED"

    def test_one_that_postpress_would_refuse_is_refused(self, bench: Bench) -> None:
        with pytest.raises(ValueError, match="chunk_size"):
            bench.engine.foreign_sync("acc", {"chunk_size": "0"})
