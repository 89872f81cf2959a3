"""What the operators do: the same whether a task blocks, defers, or is waited for by a sensor."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.exceptions import (
    PostpressAccountNotReady,
    PostpressChatDeletedError,
    PostpressReconnectRequired,
    PostpressRequestRefused,
    PostpressSyncConflict,
    PostpressSyncError,
    PostpressSyncTimeout,
    PostpressUnavailable,
    PostpressUnexpectedAnswer,
    PostpressUnsupported,
    PostpressWindowError,
)
from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator

DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
DAY_MS = (1767571200000, 1767657600000)
BLOCKING = {"deferrable": False, "poll_interval": 0.004, "max_poll_interval": 0.01}
DEFERRED = {"deferrable": True, "poll_interval": 0.004, "max_poll_interval": 0.01}

worker_modes = pytest.mark.parametrize("how", [BLOCKING, DEFERRED], ids=["blocking", "deferred"])


def queries(emulator: Emulator) -> list[dict[str, str]]:
    """What the sync requests sent."""
    return [dict(parse_qsl(request["query"])) for request in syncs(emulator)]


def syncs(emulator: Emulator) -> list[dict]:
    return emulator.requests(route="account_sync") + emulator.requests(route="chat_sync")


def started_by(emulator: Emulator, account: str) -> list[str]:
    return [start["by"] for start in emulator.starts(account)]


class TestResult:
    def test_of_an_account_has_the_settled_shape_and_jsons_own_types(self, sync, account, emulator):
        result = sync(account_id=account).result

        started, finished = (datetime.fromisoformat(result.pop(when)) for when in ("started_at", "finished_at"))
        assert started.utcoffset() == finished.utcoffset() == timedelta(0)
        assert started < finished
        assert result.pop("polls") == len(syncs(emulator)) >= 2
        assert result == {
            "account_id": "acc_anna",
            "status": "SYNC_DONE",
            "window": {"start": "2026-01-05T00:00:00+00:00", "end": "2026-01-06T00:00:00+00:00"},
            "parameters": {"partial": True, "after": DAY_MS[0] - 1, "before": DAY_MS[1]},
            "chunks": 0,
            "restarts": 0,
        }
        assert emulator.missing(account, *DAY) == []

    def test_of_a_chat_has_the_same_shape_with_no_window_and_no_parameters(self, sync, chat, emulator):
        result = sync(PostpressChatResyncOperator, chat_id=chat).result

        assert result.pop("polls") == len(syncs(emulator)) >= 2
        assert datetime.fromisoformat(result.pop("started_at")) < datetime.fromisoformat(result.pop("finished_at"))
        assert result == {
            "chat_id": "chat_1",
            "status": "SYNC_DONE",
            "window": None,
            "parameters": {},
            "chunks": 0,
            "restarts": 0,
        }
        assert emulator.missing(chat_id=chat) == []

    @worker_modes
    def test_of_a_sync_that_is_not_waited_for_is_a_handle(self, worker, account, how):
        before = datetime.now(UTC)
        handle = worker.run(
            PostpressResyncOperator, account_id=account, wait_for_completion=False, timeout=60, **how
        ).result

        started, deadline = (datetime.fromisoformat(handle.pop(when)) for when in ("started_at", "deadline"))
        assert before <= started <= datetime.now(UTC)
        assert timedelta(seconds=59) < deadline - before <= timedelta(seconds=61)
        assert handle == {
            "account_id": "acc_anna",
            "status": "SYNC_STARTED",
            "window": {"start": "2026-01-05T00:00:00+00:00", "end": "2026-01-06T00:00:00+00:00"},
            "parameters": {"partial": True, "after": DAY_MS[0] - 1, "before": DAY_MS[1]},
            "chunks": 0,
            "polls": 1,
            "restarts": 0,
            "finished_at": None,
        }

    @worker_modes
    def test_that_is_not_waited_for_is_given_only_once_our_own_sync_has_started(self, worker, account, emulator, how):
        emulator.leave_leftover(account, status="SYNC_ERROR")
        emulator.foreign_sync(account, {"partial": "true"})

        ended = worker.run(PostpressResyncOperator, account_id=account, wait_for_completion=False, **how)

        assert (ended.state, ended.result["status"]) == ("success", "SYNC_STARTED")
        assert started_by(emulator, account) == ["foreign", "client"]


class TestWhatIsSent:
    def test_is_the_same_in_every_request_and_is_what_the_result_tells(self, sync, account, emulator):
        emulator.leave_leftover(account)
        emulator.inject(faults.LostAnswer(), route="account_sync", skip=2)

        ended = sync(account_id=account, chunk_size=1)

        assert ended.state == "success"
        sent = queries(emulator)
        assert len(sent) > 5
        assert all(query == sent[0] for query in sent)
        assert sent[0] == {name: json.dumps(value) for name, value in ended.result["parameters"].items()}

    @pytest.mark.parametrize("window", ["data_interval", "full"])
    @pytest.mark.parametrize(
        ("partial", "sent"), [(None, "true"), (True, "true"), (False, "false")], ids=["by default", "asked", "refused"]
    )
    def test_to_linkedin_always_says_partial_which_is_true_unless_refused(
        self, worker, account, emulator, window, partial, sent
    ):
        ended = worker.run(PostpressResyncOperator, account_id=account, window=window, partial=partial, **BLOCKING)

        assert {query["partial"] for query in queries(emulator)} == {sent}
        assert ended.result["parameters"]["partial"] is (sent == "true")

    def test_does_not_throw_away_what_is_already_synced_unless_asked_to(self, worker, account, emulator):
        emulator.add_messages(emulator.chat_ids(account)[0], ["2020-01-01T00:00:00Z"], synced=True)
        worker.run(PostpressResyncOperator, account_id=account, window="full", **BLOCKING)
        assert [start["from_scratch"] for start in emulator.starts(account)] == [False]

        worker.run(PostpressResyncOperator, account_id=account, window="full", partial=False, **BLOCKING)
        assert [start["from_scratch"] for start in emulator.starts(account)] == [False, True]

    @pytest.mark.parametrize("partial", [None, True, False])
    def test_to_telegram_says_no_partial(self, worker, emulator, log, partial):
        telegram = emulator.add_account("TELEGRAM")

        ended = worker.run(PostpressResyncOperator, account_id=telegram, partial=partial, **BLOCKING)

        assert ended.state == "success"
        assert {tuple(query) for query in queries(emulator)} == {("after", "before")}
        told = f"INFO partial={partial} is for LinkedIn only; left out for TELEGRAM."
        assert (told in log()) is (partial is not None)

    def test_for_the_whole_history_has_no_bounds(self, sync, account, emulator):
        ended = sync(account_id=account, window="full")

        assert {tuple(query) for query in queries(emulator)} == {("partial",)}
        assert ended.result["window"] is None
        assert emulator.missing(account) == []

    def test_has_the_bounds_swapped_where_the_connection_says_as_documented(self, sync, account, emulator, connect):
        connect(extra={"time_span": "as_documented"})
        emulator.configure(time_span="as_documented")

        ended = sync(account_id=account)

        for query in queries(emulator):
            assert (query["before"], query["after"]) == (str(DAY_MS[0] - 1), str(DAY_MS[1]))
        assert ended.result["window"] == {"start": "2026-01-05T00:00:00+00:00", "end": "2026-01-06T00:00:00+00:00"}
        assert emulator.missing(account, *DAY) == []

    @pytest.mark.parametrize("bounds", ["exclusive", "inclusive"])
    def test_misses_no_message_of_the_window_however_postpress_takes_its_bounds(
        self, worker, account, emulator, bounds
    ):
        emulator.configure(bounds=bounds)

        worker.run(PostpressResyncOperator, account_id=account, **BLOCKING)

        assert emulator.missing(account, *DAY) == []

    def test_comes_from_templates(self, sync, emulator, worker):
        recruiter = emulator.add_account("LINKEDIN", premium_features=["recruiter"])
        worker.dag_run["conf"] = {"who": recruiter, "product": "recruiter", "chats": "2"}

        ended = sync(
            account_id="{{ dag_run.conf.who }}",
            window=("{{ ds }}T06:00:00Z", "{{ data_interval_end }}"),
            chunk_size="{{ dag_run.conf.chats }}",
            linkedin_product="{{ dag_run.conf.product }}",
        )

        assert ended.result["parameters"] == {
            "chunk_size": 2,
            "partial": True,
            "linkedin_product": "recruiter",
            "after": DAY_MS[0] + 6 * 3_600_000 - 1,
            "before": DAY_MS[1],
        }
        assert queries(emulator)[0] == {
            "chunk_size": "2",
            "partial": "true",
            "linkedin_product": "recruiter",
            "after": str(DAY_MS[0] + 6 * 3_600_000 - 1),
            "before": str(DAY_MS[1]),
        }

    def test_names_a_chat_from_a_template(self, worker, chat, emulator):
        worker.dag_run["conf"] = {"chat": chat}

        ended = worker.run(PostpressChatResyncOperator, chat_id="{{ dag_run.conf.chat }}", **BLOCKING)

        assert ended.result["chat_id"] == chat
        assert {request["query"] for request in syncs(emulator)} == {""}

    @pytest.mark.parametrize("name", ["a/b", "../acc_anna", "%2e", "Ä b?c#d", "a+b"])
    def test_has_ids_as_one_segment_of_the_path(self, sync, emulator, name):
        emulator.add_account("LINKEDIN", account_id=name)

        assert sync(account_id=name).state == "success"
        assert {request["object_id"] for request in emulator.requests()} == {name}

    def test_has_a_window_made_longer_by_overlap_and_by_a_runs_conf(self, worker, account, emulator):
        worker.run(PostpressResyncOperator, account_id=account, overlap=timedelta(hours=1), **BLOCKING)
        worker.dag_run["conf"] = {"postpress_window": {"start": "2025-12-01", "end": "2025-12-02"}}
        worker.run(PostpressResyncOperator, account_id=account, overlap=timedelta(hours=1), **BLOCKING)

        afters = dict.fromkeys(int(query["after"]) for query in queries(emulator))
        assert list(afters) == [DAY_MS[0] - 3_600_000 - 1, 1764547200000 - 1]


class TestRefusedBeforeAnythingIsSent:
    @pytest.mark.parametrize(
        ("window", "run", "words"),
        [
            ("data_interval", {"data_interval_end": datetime(2999, 1, 1, tzinfo=UTC)}, "has not ended yet"),
            (
                "data_interval",
                {"logical_date": None, "data_interval_start": None, "data_interval_end": None},
                "no data interval",
            ),
            ("data_interval", {"data_interval_end": datetime(2026, 1, 5, tzinfo=UTC)}, "has no length"),
            (("2026-01-06", "2026-01-05"), {}, "is not before its end"),
            (("2999-01-01", "2999-01-02"), {}, "lies in the future"),
            (("{{ '' }}", "2026-01-05"), {}, "window.start is empty"),
            ("yesterday", {}, "window='yesterday' is not known"),
            ("data_interval", {"conf": {"postpress_window": {"start": "2026-01-05"}}}, "postpress_window"),
        ],
        ids=["not over", "no interval", "no tick before", "backwards", "future", "empty", "unknown word", "bad conf"],
    )
    def test_a_window_that_cannot_be_synced_fails_for_good(self, sync, account, emulator, worker, window, run, words):
        worker.dag_run = run

        ended = sync(account_id=account, window=window)

        assert isinstance(ended.error, PostpressWindowError)
        assert ended.state == "failed"
        assert words in str(ended.error)
        assert emulator.requests() == []

    def test_a_window_longer_than_max_window_fails_for_good(self, sync, account, emulator):
        ended = sync(account_id=account, max_window=timedelta(hours=23))

        assert isinstance(ended.error, PostpressWindowError)
        assert ended.state == "failed"
        assert emulator.requests() == []

    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            ({"chunk_size": 0}, "chunk_size=0 is not allowed"),
            ({"chunk_size": "{{ 'many' }}"}, "chunk_size='many' is not allowed"),
            ({"chunk_size": True}, "chunk_size=True is not allowed"),
            ({"chunk_size": 1.5}, "chunk_size=1.5 is not allowed"),
            ({"partial": "yes"}, "partial='yes' is not allowed"),
            ({"linkedin_product": "premium"}, "classic, recruiter, sales_navigator"),
            ({"linkedin_product": "recruiter"}, "it has classic, sales_navigator"),
        ],
        ids=lambda value: " ".join(map(str, *value.items())) if isinstance(value, dict) else "",
    )
    def test_a_bad_value_starts_no_sync(self, sync, emulator, bad, words):
        account = emulator.add_account("LINKEDIN", premium_features=["sales_navigator"])

        ended = sync(account_id=account, **bad)

        assert isinstance(ended.error, PostpressRequestRefused)
        assert ended.state == "failed"
        assert words in str(ended.error)
        assert syncs(emulator) == []

    def test_a_product_is_for_linkedin_only(self, sync, emulator):
        telegram = emulator.add_account("TELEGRAM")

        ended = sync(account_id=telegram, linkedin_product="classic")

        assert isinstance(ended.error, PostpressRequestRefused)
        assert "TELEGRAM" in str(ended.error)
        assert syncs(emulator) == []

    @pytest.mark.parametrize("name", ["", " ", ".", "..", "{{ '' }}"])
    @pytest.mark.parametrize(
        ("operator", "field"), [(PostpressResyncOperator, "account_id"), (PostpressChatResyncOperator, "chat_id")]
    )
    def test_an_id_that_no_path_can_hold(self, sync, emulator, operator, field, name):
        ended = sync(operator, **{field: name})

        assert isinstance(ended.error, PostpressRequestRefused)
        assert f"{field}=" in str(ended.error)
        assert emulator.requests() == []

    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            ({"poll_interval": 0}, "poll_interval=0"),
            ({"max_poll_interval": timedelta(seconds=-1)}, "max_poll_interval="),
            ({"timeout": "6h"}, "timeout='6h'"),
            ({"if_running": "join"}, "'wait', 'fail'"),
            ({"if_unsupported": "ignore"}, "'fail', 'skip'"),
        ],
    )
    def test_a_setting_that_makes_no_sense_is_refused_when_the_dag_file_is_parsed(self, worker, bad, words):
        with pytest.raises(ValueError, match=words):
            worker.task(PostpressResyncOperator, account_id="acc", **bad)

    def test_if_deleted_has_two_values(self, worker):
        with pytest.raises(ValueError, match="'fail', 'skip'"):
            worker.task(PostpressChatResyncOperator, chat_id="chat", if_deleted="ignore")


class TestLookAtTheAccount:
    @pytest.mark.parametrize(("if_unsupported", "state"), [("fail", "failed"), ("skip", "skipped")])
    @pytest.mark.parametrize("provider", ["WHATSAPP", "GOOGLE_OAUTH"])
    def test_of_a_provider_without_history_sync_fails_or_skips_with_its_name(
        self, sync, emulator, provider, if_unsupported, state
    ):
        ended = sync(account_id=emulator.add_account(provider), if_unsupported=if_unsupported)

        assert ended.state == state
        assert if_unsupported == "skip" or isinstance(ended.error, PostpressUnsupported)
        assert if_unsupported == "skip" or provider in str(ended.error)
        assert syncs(emulator) == []

    @pytest.mark.parametrize("status", ["CREDENTIALS", "PERMISSIONS"])
    def test_that_has_lost_its_login_needs_a_person(self, sync, emulator, status):
        ended = sync(account_id=emulator.add_account("LINKEDIN", sources=["OK", status]))

        assert isinstance(ended.error, PostpressReconnectRequired)
        assert ended.state == "failed"
        assert status in str(ended.error)
        assert syncs(emulator) == []

    @pytest.mark.parametrize("status", ["STOPPED", "ERROR"])
    def test_that_is_not_ready_may_be_tried_again(self, sync, emulator, status):
        ended = sync(account_id=emulator.add_account("TELEGRAM", sources=[status, "OK"]))

        assert type(ended.error) is PostpressAccountNotReady
        assert ended.state == "up_for_retry"
        assert status in str(ended.error)
        assert syncs(emulator) == []

    def test_that_is_connecting_goes_on(self, sync, emulator):
        assert sync(account_id=emulator.add_account("LINKEDIN", sources=["CONNECTING"])).state == "success"

    def test_that_does_not_exist_is_refused_by_name(self, sync, emulator):
        ended = sync(account_id="acc_nobody")

        assert isinstance(ended.error, PostpressRequestRefused)
        assert ended.state == "failed"
        assert "acc_nobody" in str(ended.error)
        assert syncs(emulator) == []

    def test_survives_a_storm(self, sync, account, emulator):
        emulator.inject(faults.Error(status=503, error_type="errors/service_unavailable"), route="get_account", count=9)

        assert sync(account_id=account).state == "success"
        assert len(emulator.requests(route="get_account")) == 10

    def test_gives_up_when_the_storm_does_not_end(self, sync, account, emulator):
        emulator.inject(faults.Body(), route="get_account", count=None)

        ended = sync(account_id=account)

        assert isinstance(ended.error, PostpressUnavailable)
        assert ended.state == "up_for_retry"
        assert len(emulator.requests()) == 10

    def test_of_an_account_says_nothing_of_its_secrets(self, worker, account, log):
        worker.run(PostpressResyncOperator, account_id=account, **BLOCKING)

        assert not any("publicIdentifier" in line for line in log())


class TestAnothersSync:
    @pytest.mark.parametrize("status", ["SYNC_DONE", "SYNC_ERROR"])
    @pytest.mark.parametrize("number", [1, 3])
    def test_that_ended_unread_is_not_taken_for_ours(self, sync, account, emulator, status, number):
        for _ in range(number):
            emulator.leave_leftover(account, status=status)

        assert sync(account_id=account).state == "success"
        assert started_by(emulator, account) == ["client"]
        assert emulator.missing(account, *DAY) == []

    def test_of_a_chat_that_ended_unread_is_not_taken_for_ours(self, sync, chat, emulator):
        emulator.leave_leftover(chat_id=chat)

        assert sync(PostpressChatResyncOperator, chat_id=chat).state == "success"
        assert emulator.missing(chat_id=chat) == []

    def test_that_seems_to_end_for_ever_is_not_postpress(self, sync, account, answers, emulator):
        answers("SYNC_DONE", count=9)

        ended = sync(account_id=account)

        assert isinstance(ended.error, PostpressUnexpectedAnswer)
        assert len(syncs(emulator)) == 4

    @pytest.mark.parametrize(
        "theirs",
        [{"partial": "true"}, {"partial": "true", "chunk_size": "1"}, {"after": "1", "before": "2"}],
        ids=["plain", "chunked", "of another window"],
    )
    def test_is_waited_out_and_then_ours_is_started(self, sync, account, emulator, theirs):
        emulator.foreign_sync(account, theirs)

        ended = sync(account_id=account)

        assert ended.state == "success"
        assert started_by(emulator, account) == ["foreign", "client"]
        assert emulator.starts(account)[0]["status"] == "SYNC_DONE"
        assert emulator.missing(account, *DAY) == []

    def test_whose_chunk_was_done_unread_is_waited_out_too(self, sync, account, emulator):
        emulator.foreign_sync(account, {"chunk_size": "1", "partial": "true"})
        emulator.advance(1)

        assert sync(account_id=account).state == "success"
        assert started_by(emulator, account) == ["foreign", "client"]
        assert emulator.missing(account, *DAY) == []

    def test_of_a_chat_is_waited_out_and_then_ours_is_started(self, sync, chat, emulator):
        emulator.foreign_sync(chat_id=chat)

        assert sync(PostpressChatResyncOperator, chat_id=chat).state == "success"
        assert [start["by"] for start in emulator.starts(chat_id=chat)] == ["foreign", "client"]

    def test_that_ends_in_error_does_not_fail_ours(self, sync, account, emulator):
        emulator.fail_next_sync(account)
        emulator.foreign_sync(account)

        assert sync(account_id=account).state == "success"

    def test_is_a_conflict_where_we_are_told_to_fail(self, sync, account, emulator):
        emulator.set_duration(account, duration_ms=3_000)
        emulator.foreign_sync(account)

        ended = sync(account_id=account, if_running="fail")

        assert isinstance(ended.error, PostpressSyncConflict)
        assert ended.state == "up_for_retry"
        assert len(syncs(emulator)) == 1

    def test_of_a_chat_is_a_conflict_where_we_are_told_to_fail(self, sync, chat, emulator):
        emulator.set_duration(chat_id=chat, duration_ms=3_000)
        emulator.foreign_sync(chat_id=chat)

        ended = sync(PostpressChatResyncOperator, chat_id=chat, if_running="fail")

        assert isinstance(ended.error, PostpressSyncConflict)

    def test_that_comes_after_another_is_a_conflict_too_where_we_are_told_to_fail(
        self, sync, account, answers, emulator
    ):
        emulator.inject(faults.LostAnswer(effect=False), route="account_sync")
        answers("SYNC_RUNNING", "SYNC_DONE", "SYNC_RUNNING")

        ended = sync(account_id=account, if_running="fail")

        assert isinstance(ended.error, PostpressSyncConflict)

    def test_is_no_conflict_where_it_may_be_our_own_whose_start_was_lost(self, sync, account, emulator):
        emulator.set_duration(account, duration_ms=60)
        emulator.inject(faults.LostAnswer(), route="account_sync")
        emulator.configure(started_answers=1)

        assert sync(account_id=account, if_running="fail").state == "success"
        assert started_by(emulator, account) == ["client", "client"]


class TestOurSync:
    def test_in_chunks_counts_them(self, sync, account, emulator):
        ended = sync(account_id=account, chunk_size=1)

        assert (ended.state, ended.result["chunks"]) == ("success", 2)
        assert len(emulator.starts(account)) == 1
        assert emulator.missing(account, *DAY) == []

    def test_that_postpress_cuts_into_chunks_by_itself_is_never_a_false_success(self, sync, account, emulator):
        emulator.configure(own_chunk_size=2)

        assert sync(account_id=account).state == "success"
        assert emulator.missing(account, *DAY) == []

    def test_that_ends_in_error_may_be_tried_again(self, sync, account, emulator):
        emulator.fail_next_sync(account)

        ended = sync(account_id=account)

        assert isinstance(ended.error, PostpressSyncError)
        assert ended.state == "up_for_retry"
        assert account in str(ended.error)

    def test_of_a_chat_that_ends_in_error_may_be_tried_again(self, sync, chat, emulator):
        emulator.fail_next_sync(chat_id=chat)

        ended = sync(PostpressChatResyncOperator, chat_id=chat)

        assert isinstance(ended.error, PostpressSyncError)
        assert ended.state == "up_for_retry"

    def test_whose_end_somebody_else_read_is_followed_once_more(self, sync, account, answers, log):
        answers("SYNC_STARTED", "SYNC_RUNNING", "SYNC_STARTED", "SYNC_RUNNING", "SYNC_DONE")

        ended = sync(account_id=account)

        assert (ended.state, ended.result["restarts"]) == ("success", 1)
        assert [line for line in log() if line.startswith("WARNING") and "restarted" in line]

    def test_whose_end_somebody_else_reads_again_and_again_is_a_conflict(self, sync, account, answers):
        answers("SYNC_STARTED", *["SYNC_RUNNING", "SYNC_STARTED"] * 2)

        ended = sync(account_id=account)

        assert isinstance(ended.error, PostpressSyncConflict)
        assert ended.state == "up_for_retry"

    @pytest.mark.parametrize("answers_before_running", [1, 4])
    def test_is_followed_however_long_postpress_says_that_it_started(
        self, sync, account, emulator, answers_before_running
    ):
        emulator.configure(started_answers=answers_before_running)

        ended = sync(account_id=account)

        assert (ended.state, ended.result["restarts"]) == ("success", 0)
        assert len(emulator.starts(account)) == 1

    @pytest.mark.parametrize("already", ["at the first request", "later"])
    @pytest.mark.parametrize(("if_deleted", "state"), [("fail", "failed"), ("skip", "skipped")])
    def test_of_a_chat_that_is_gone_fails_for_good_or_skips(
        self, sync, chat, emulator, answers, if_deleted, state, already
    ):
        if already == "later":
            answers("SYNC_STARTED")
        emulator.delete_chat(chat)

        ended = sync(PostpressChatResyncOperator, chat_id=chat, if_deleted=if_deleted)

        assert ended.state == state
        assert if_deleted == "skip" or isinstance(ended.error, PostpressChatDeletedError)
        assert if_deleted == "skip" or chat in str(ended.error)

    @worker_modes
    def test_that_never_ends_times_out_and_says_how_many_chunks_there_were(self, worker, account, emulator, how):
        emulator.configure(chunks="fresh")
        emulator.set_duration(account, duration_ms=1)

        ended = worker.run(PostpressResyncOperator, account_id=account, chunk_size=1, timeout=0.5, **how)

        assert isinstance(ended.error, PostpressSyncTimeout)
        assert ended.state == "up_for_retry"
        assert "chunks, never SYNC_DONE" in str(ended.error)
        assert "had 0 chunks" not in str(ended.error)
        assert "goes on working" in str(ended.error)

    @worker_modes
    def test_that_never_begins_times_out_and_says_why(self, worker, account, emulator, how):
        emulator.set_duration(account, duration_ms=3_000)
        emulator.foreign_sync(account)

        ended = worker.run(PostpressResyncOperator, account_id=account, timeout=0.1, **how)

        assert isinstance(ended.error, PostpressSyncTimeout)
        assert "a sync that we did not start went on all the time" in str(ended.error)

    @worker_modes
    def test_that_has_ended_when_time_runs_out_is_a_success(self, worker, account, answers, how):
        answers("SYNC_STARTED", "SYNC_DONE")

        # there is time for no more than the first poll
        slow = {**how, "poll_interval": 10, "max_poll_interval": 10}
        ended = worker.run(PostpressResyncOperator, account_id=account, timeout=0.5, **slow)

        assert ended.state == "success"


class TestTroubleOnTheWay:
    def test_a_lost_start_is_waited_out_and_started_again(self, sync, account, emulator):
        emulator.inject(faults.LostAnswer(), route="account_sync")

        assert sync(account_id=account).state == "success"
        assert emulator.missing(account, *DAY) == []

    def test_a_lost_start_of_a_chat_is_waited_out_and_started_again(self, sync, chat, emulator):
        emulator.inject(faults.LostAnswer(), route="chat_sync")

        assert sync(PostpressChatResyncOperator, chat_id=chat).state == "success"
        assert emulator.missing(chat_id=chat) == []

    def test_a_lost_end_is_made_good_by_another_sync(self, sync, account, emulator):
        emulator.set_duration(account, duration_ms=0)
        emulator.inject(faults.LostAnswer(), route="account_sync", skip=1)

        ended = sync(account_id=account)

        assert (ended.state, ended.result["restarts"]) == ("success", 0)
        assert len(emulator.starts(account)) == 2
        assert emulator.missing(account, *DAY) == []

    @pytest.mark.parametrize(
        "fault",
        [
            faults.Reset(),
            faults.Reset(effect=True),
            faults.LostAnswer(effect=False),
            faults.Truncated(),
            faults.Truncated(complete=False),
            faults.Body(status=200, content="<html>sign in</html>"),
            faults.Body(status=200, content=""),
            faults.Body(status=200, content="[]", content_type="application/json"),
            faults.Body(),
            faults.Error(status=408, error_type="errors/request_timeout"),
            faults.Error(status=429, error_type="errors/rate_limited"),
            faults.Error(status=500, error_type="errors/unexpected_error", envelope="second"),
            faults.Error(status=504, error_type="errors/request_timeout", effect=True),
        ],
        ids=lambda fault: " ".join([fault.kind, *(str(v)[:15] for v in vars(fault).values() if v is not None)]),
    )
    @pytest.mark.parametrize("skip", [0, 1], ids=["first request", "second request"])
    @worker_modes
    def test_a_request_without_a_usable_answer_is_followed_by_another(
        self, worker, account, emulator, fault, skip, how
    ):
        emulator.inject(fault, route="account_sync", skip=skip, count=2)

        assert worker.run(PostpressResyncOperator, account_id=account, **how).state == "success"
        assert emulator.missing(account, *DAY) == []
        assert emulator.pending_faults() == []

    @worker_modes
    @pytest.mark.parametrize("skip", [0, 1], ids=["first request", "second request"])
    def test_a_server_that_hangs_is_left_after_the_connections_timeout(
        self, worker, account, emulator, connect, how, skip
    ):
        connect(extra={"timeout": "0.1"})
        emulator.inject(faults.Hang(), route="account_sync", skip=skip)

        assert worker.run(PostpressResyncOperator, account_id=account, **how).state == "success"
        assert emulator.missing(account, *DAY) == []

    @pytest.mark.parametrize(
        ("how", "skip"),
        [(BLOCKING, 0), (BLOCKING, 1), (DEFERRED, 0), (DEFERRED, 1)],
        ids=["blocking, first", "blocking, second", "deferred, first", "deferred, second"],
    )
    def test_retry_after_is_obeyed(self, worker, account, emulator, how, skip):
        fault = faults.Error(status=429, error_type="errors/rate_limited", retry_after="1")
        emulator.inject(fault, route="account_sync", skip=skip)

        assert worker.run(PostpressResyncOperator, account_id=account, **how).state == "success"
        refused, again = [request["at"] for request in syncs(emulator)][skip : skip + 2]
        assert again - refused >= 1000

    @worker_modes
    def test_retry_after_is_obeyed_no_longer_than_the_deadline(self, worker, account, emulator, how):
        fault = faults.Error(status=429, error_type="errors/rate_limited", retry_after="3600")
        emulator.inject(fault, route="account_sync", count=None)

        ended = worker.run(PostpressResyncOperator, account_id=account, timeout=0.1, **how)

        assert isinstance(ended.error, PostpressSyncTimeout)

    @worker_modes
    @pytest.mark.parametrize("skip", [0, 1], ids=["from the beginning", "once it had started"])
    def test_a_storm_within_the_budget_passes(self, worker, account, emulator, how, skip):
        fault = faults.Error(status=503, error_type="errors/service_unavailable")
        emulator.inject(fault, route="account_sync", skip=skip, count=9)

        assert worker.run(PostpressResyncOperator, account_id=account, **how).state == "success"

    @worker_modes
    @pytest.mark.parametrize("skip", [0, 1], ids=["from the beginning", "once it had started"])
    def test_a_storm_beyond_the_budget_is_told_and_may_be_tried_again(self, worker, account, emulator, how, skip):
        fault = faults.Error(status=503, error_type="errors/service_unavailable")
        emulator.inject(fault, route="account_sync", skip=skip, count=None)

        ended = worker.run(PostpressResyncOperator, account_id=account, **how)

        assert isinstance(ended.error, PostpressUnavailable)
        assert ended.state == "up_for_retry"
        assert len(syncs(emulator)) == skip + 10
        assert "503" in str(ended.error)
        assert account in str(ended.error)

    def test_a_redirect_is_not_followed(self, sync, account, emulator):
        emulator.inject(faults.Redirect(), route="account_sync", skip=1, count=None)

        ended = sync(account_id=account)

        assert isinstance(ended.error, PostpressRequestRefused)
        assert ended.state == "failed"
        assert not any(request["path"] == "/redirected" for request in emulator.requests())

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"object": "ChatHistorySync", "chat_id": "acc_anna", "status": "SYNC_DONE"}, "'ChatHistorySync'"),
            ({"status": "SYNC_DONE"}, "None"),
            ({"object": "AccountResync", "status": "SYNC_PAUSED"}, "'SYNC_PAUSED'"),
            ({"object": "AccountResync", "status": "CHAT_DELETED"}, "'CHAT_DELETED'"),
        ],
        ids=["object", "no object", "status", "a chat's status"],
    )
    @pytest.mark.parametrize("skip", [0, 1], ids=["first request", "second request"])
    def test_an_answer_that_postpress_does_not_give_ends_the_task_for_good(
        self, sync, account, answers, emulator, body, words, skip
    ):
        answers(*["SYNC_STARTED"] * skip, body)

        ended = sync(account_id=account)

        assert isinstance(ended.error, PostpressUnexpectedAnswer)
        assert ended.state == "failed"
        assert words in str(ended.error)
        assert len(syncs(emulator)) == skip + 1

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"object": "ChatHistorySync", "chat_id": "chat_2", "status": "SYNC_DONE"}, "'chat_2'"),
            ({"object": "ChatHistorySync", "status": "SYNC_DONE"}, "None"),
            ({"object": "AccountResync", "status": "SYNC_DONE"}, "'AccountResync'"),
            ({"object": "ChatHistorySync", "chat_id": "chat_1", "status": "CHUNK_DONE"}, "'CHUNK_DONE'"),
        ],
        ids=["other chat", "no chat", "object", "an account's status"],
    )
    def test_an_answer_about_another_chat_ends_the_task_for_good(self, sync, chat, answers, body, words):
        answers("SYNC_STARTED", body)

        ended = sync(PostpressChatResyncOperator, chat_id=chat)

        assert isinstance(ended.error, PostpressUnexpectedAnswer)
        assert ended.state == "failed"
        assert words in str(ended.error)

    def test_a_wrong_key_is_refused_for_good_and_not_told(self, sync, account, connect, log):
        connect(password="pp_live_a_wrong_one")

        ended = sync(account_id=account)

        assert isinstance(ended.error, PostpressRequestRefused)
        assert ended.state == "failed"
        assert "pp_live" not in f"{ended!r}{ended.error}{log()}"

    def test_a_setting_of_the_connection_that_cannot_be_used_is_told_by_name(self, sync, account, connect):
        connect(extra={"time_span": "backwards"})

        ended = sync(account_id=account)

        assert isinstance(ended.error, PostpressRequestRefused)
        assert "time_span" in str(ended.error)
        assert "postpress_default" in str(ended.error)


class TestARetry:
    def test_after_a_try_that_was_killed_waits_out_what_runs_and_starts_its_own(self, worker, account, emulator):
        emulator.set_duration(account, duration_ms=250)
        slow = {**BLOCKING, "poll_interval": 0.01}

        killed = worker.run(
            PostpressResyncOperator, account_id=account, execution_timeout=timedelta(seconds=0.15), **slow
        )
        assert killed.state == "up_for_retry"
        assert killed.error.__class__.__name__ == "AirflowTaskTimeout"
        assert [start["status"] for start in emulator.starts(account)] == [None]

        again = worker.run(PostpressResyncOperator, account_id=account, **slow)

        assert again.state == "success"
        assert [start["status"] for start in emulator.starts(account)] == ["SYNC_DONE", "SYNC_DONE"]

    @worker_modes
    def test_after_a_failed_sync_starts_it_anew(self, worker, account, emulator, how):
        emulator.fail_next_sync(account)
        first = worker.run(PostpressResyncOperator, account_id=account, **how)
        second = worker.run(PostpressResyncOperator, account_id=account, **how)

        assert (first.state, second.state) == ("up_for_retry", "success")
        assert [start["status"] for start in emulator.starts(account)] == ["SYNC_ERROR", "SYNC_DONE"]

    @worker_modes
    def test_of_a_task_that_ended_well_syncs_again(self, worker, account, emulator, how):
        for _ in range(2):
            assert worker.run(PostpressResyncOperator, account_id=account, **how).state == "success"

        assert started_by(emulator, account) == ["client", "client"]


class TestDeferral:
    def test_happens_once_a_sync_also_for_a_foreign_one(self, worker, account, emulator):
        emulator.foreign_sync(account, {"chunk_size": "1"})

        ended = worker.run(PostpressResyncOperator, account_id=account, **DEFERRED)

        assert ended.state == "success"
        assert len(ended.deferrals) == 1

    def test_does_not_happen_before_it_is_known_whose_sync_is_followed(self, worker, account, emulator):
        emulator.inject(faults.Error(status=429, error_type="errors/too_many_requests"), route="account_sync", count=3)

        ended = worker.run(PostpressResyncOperator, account_id=account, **DEFERRED)

        assert [deferral.trigger_kwargs["progress"]["known"]["owner"] for deferral in ended.deferrals] == ["ours"]

    def test_is_given_a_timeout_a_little_later_than_our_own(self, worker, account):
        ended = worker.run(PostpressResyncOperator, account_id=account, timeout=timedelta(hours=1), **DEFERRED)

        (deferral,) = ended.deferrals
        assert timedelta(hours=1) < deferral.trigger_timeout <= timedelta(hours=1, minutes=5)

    @pytest.mark.parametrize(
        ("shorter", "hours"), [(None, 6), (timedelta(hours=1), 1), (timedelta(hours=9), 6)], ids=str
    )
    def test_is_bounded_by_a_shorter_execution_timeout_which_airflow_does_not_apply(
        self, worker, account, shorter, hours
    ):
        now = datetime.now(UTC)
        deferral = worker.begin(PostpressResyncOperator, account_id=account, execution_timeout=shorter)

        deadline = datetime.fromisoformat(deferral.trigger_kwargs["deadline"])
        assert timedelta(0) <= deadline - now - timedelta(hours=hours) < timedelta(seconds=30)

    def test_that_nobody_ends_is_a_sync_that_timed_out(self, worker, account):
        ended = worker.continue_at(
            "__fail__", {"error": "Trigger timeout"}, PostpressResyncOperator, account_id=account, **DEFERRED
        )

        assert isinstance(ended.error, PostpressSyncTimeout)
        assert "Is a triggerer running?" in str(ended.error)
        assert account in str(ended.error)

    @pytest.mark.parametrize(
        ("configured", "argument", "expected"),
        [("True", None, True), ("False", None, False), ("True", False, False), ("False", True, True)],
    )
    def test_is_what_airflow_is_configured_for_unless_told_otherwise(
        self, worker, monkeypatch, configured, argument, expected
    ):
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", configured)

        task = worker.task(PostpressChatResyncOperator, chat_id="chat", deferrable=argument)

        assert task.deferrable is expected


class TestLog:
    def test_tells_the_story_of_a_sync_in_a_few_lines(self, sync, account, log):
        sync(account_id=account, chunk_size=2)

        lines = log()
        assert len(lines) <= 6
        told = [line for line in lines if line.startswith("INFO Sync")]
        sent = "{'chunk_size': 2, 'partial': True, 'after': 1767571199999, 'before': 1767657600000}"
        window = "[2026-01-05 00:00 → 2026-01-06 00:00) UTC"
        assert told[:-1] == [
            f"INFO Syncing account 'acc_anna', {window}. Each request sends {sent}.",
            "INFO Sync of account 'acc_anna': started.",
            "INFO Sync of account 'acc_anna': chunk 1 done.",
        ]
        assert told[-1].startswith("INFO Sync of account 'acc_anna' done in ")
        assert told[-1].endswith(" polls, 1 chunk.")

    @worker_modes
    def test_has_no_line_for_a_poll(self, worker, account, emulator, log, how):
        emulator.set_duration(account, duration_ms=200)

        ended = worker.run(PostpressResyncOperator, account_id=account, **how)

        assert ended.result["polls"] > 5
        assert len(log()) == 3

    @worker_modes
    def test_tells_of_failures_that_are_waited_out(self, worker, account, emulator, log, how):
        emulator.inject(
            faults.Error(status=503, error_type="errors/service_unavailable"), route="account_sync", skip=1, count=2
        )

        worker.run(PostpressResyncOperator, account_id=account, **how)

        told = [line for line in log() if "503" in line]
        assert [line.rpartition("(")[2] for line in told] == [
            "1 of 10 failures in a row).",
            "2 of 10 failures in a row).",
        ]

    def test_tells_the_window_in_the_dags_timezone_and_in_utc(self, worker, account, log):
        worker.timezone = "Europe/Berlin"
        worker.run(PostpressResyncOperator, account_id=account, **BLOCKING)

        window = (
            "[2026-01-05 01:00 → 2026-01-06 01:00) Europe/Berlin, which is [2026-01-05 00:00 → 2026-01-06 00:00) UTC"
        )
        assert window in log()[0]

    @pytest.mark.parametrize("trouble", ["none", "storm", "refused"])
    def test_and_all_that_airflow_stores_hold_no_key(self, sync, account, emulator, log, trouble):
        if trouble == "storm":
            emulator.inject(faults.Body(), route="account_sync", skip=1, count=None)
        elif trouble == "refused":
            fault = faults.Error(status=401, error_type="errors/invalid_credentials", detail=f"Key {emulator.api_key}")
            emulator.inject(fault, route="account_sync", skip=1, count=None)

        ended = sync(account_id=account)

        assert (ended.state == "success") is (trouble == "none")
        assert emulator.api_key not in f"{ended!r} {ended.error} {log()}"

    def test_says_honestly_that_killing_the_task_stops_nothing(self, worker, log):
        worker.task(PostpressChatResyncOperator, chat_id="chat_1").on_kill()

        (line,) = log()
        assert line.startswith("WARNING Postpress cannot be told to stop: a sync of chat_id 'chat_1'")
