"""What is read of events, tasks and checkpoints, on SQLite and on PostgreSQL, as Airflow's tables have them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from page_past import HOUR, NOW, SPAN, Past, Raw, Read, epoch, milliseconds, utc, window
from page_server import kinds, segments

from airflow_provider_postpress.assets import account_status_uri, account_uri
from airflow_provider_postpress.coverage.checkpoint import checkpoint_of
from airflow_provider_postpress.coverage.history import History
from airflow_provider_postpress.page.checkpoints import ARE_KEPT


def bounds(start: datetime, end: datetime) -> tuple[int, int]:
    return milliseconds(start), milliseconds(end)


needs_checkpoints = pytest.mark.skipif(not ARE_KEPT, reason="Airflow keeps them from 3.3 on")


def test_each_day_that_was_synced_is_and_the_one_between_is_missing(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    past.days("acc", utc(2026, 3, 11), utc(2026, 3, 20))
    told = read("acc")
    assert segments(told) == [
        (epoch(utc(2026, 3, 1)), "before", epoch(utc(2026, 3, 5))),
        (epoch(utc(2026, 3, 5)), "synced", epoch(utc(2026, 3, 10))),
        (epoch(utc(2026, 3, 10)), "missing", epoch(utc(2026, 3, 11))),
        (epoch(utc(2026, 3, 11)), "synced", epoch(utc(2026, 3, 20))),
        (epoch(utc(2026, 3, 20)), "pending", epoch(utc(2026, 3, 21))),
    ]
    assert told["sec"] == [4 * 86400, 14 * 86400, 86400, 0, 0, 86400, 0]
    assert told["n"] == [1, 2, 1, 0, 0, 1, 0]
    assert (told["since"], told["due"]) == (epoch(utc(2026, 3, 5)), epoch(utc(2026, 3, 20)))
    assert told["last"] == epoch(utc(2026, 3, 20, 1))


def test_a_window_is_cut_where_its_event_was_written_to_the_millisecond(past: Past, read: Read):
    at = utc(2026, 3, 10, 12) + timedelta(milliseconds=345, microseconds=400)
    past.sync("acc", utc(2026, 3, 10), utc(2026, 3, 11), at=at)
    assert segments(read("acc"))[1] == (epoch(utc(2026, 3, 10)), "synced", epoch(utc(2026, 3, 10, 12)) + 0.345)


def test_a_second_that_is_whole_is_told_as_an_integer(past: Past, read: Read):
    past.sync("acc", utc(2026, 3, 10), utc(2026, 3, 11))
    assert all(isinstance(number, int) for number in read("acc")["seg"])


def test_the_whole_history_is_proven_until_the_sync_began(past: Past, read: Read, read_detail: Read):
    began = utc(2026, 3, 10)
    extra = {"status": "SYNC_DONE", "window": None, "product": None, "started_at": began.isoformat()}
    past.event(account_uri("acc"), extra, began + HOUR)
    assert segments(read("acc"))[0] == (epoch(SPAN[0]), "synced", epoch(began))
    (shown,) = read_detail("acc")["windows"]
    assert (shown["start"], shown["end"], shown["state"]) == (None, epoch(began), "synced")


def test_without_its_beginning_the_whole_history_is_proven_until_its_event(past: Past, read: Read):
    past.event(account_uri("acc"), {"status": "SYNC_DONE", "window": None, "product": None}, utc(2026, 3, 10))
    assert segments(read("acc"))[0] == (epoch(SPAN[0]), "synced", epoch(utc(2026, 3, 10)))


@pytest.mark.parametrize("status", ["SYNC_ERROR", "CHAT_DELETED"])
def test_an_event_can_tell_of_a_failure(status: str, past: Past, read: Read, read_detail: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    past.sync("acc", utc(2026, 3, 10), utc(2026, 3, 11), status=status)
    past.days("acc", utc(2026, 3, 11), utc(2026, 3, 20))
    assert kinds(read("acc")) == ["before", "synced", "failed", "synced", "pending"]
    assert [shown["state"] for shown in read_detail("acc")["windows"]].count("failed") == 1


def test_a_failure_counts_no_more_once_it_is_synced(past: Past, read: Read):
    past.sync("acc", utc(2026, 3, 10), utc(2026, 3, 11), status="SYNC_ERROR")
    past.sync("acc", utc(2026, 3, 10), utc(2026, 3, 11), at=utc(2026, 3, 15))
    assert kinds(read("acc")) == ["before", "synced", "pending"]


DEEP = "[" * 5000 + "]" * 5000
PROVES_NOTHING: dict[str, Any] = {
    "no window": {"status": "SYNC_DONE"},
    "an empty extra": {},
    "a list": ["SYNC_DONE"],
    "a text": "SYNC_DONE",
    "nothing": None,
    "a number": 7,
    "a window that is a list": {"status": "SYNC_DONE", "window": ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]},
    "a window of numbers": {"status": "SYNC_DONE", "window": {"start": 1772323200, "end": 1772409600}},
    "a window of huge numbers": {"status": "SYNC_DONE", "window": {"start": 10**400, "end": 10**401}},
    "a window of false": {"status": "SYNC_DONE", "window": False},
    "an empty window": {"status": "SYNC_DONE", "window": {}},
    "a window without an end": {"status": "SYNC_DONE", "window": {"start": "2026-03-01T00:00:00Z"}},
    "naive dates": {"status": "SYNC_DONE", "window": {"start": "2026-03-01T00:00:00", "end": "2026-03-02T00:00:00"}},
    "no dates": {"status": "SYNC_DONE", "window": {"start": "yesterday", "end": "<script>alert(1)</script>"}},
    "the wrong way round": {"status": "SYNC_DONE", "window": window(utc(2026, 3, 9), utc(2026, 3, 8))},
    "of no length": {"status": "SYNC_DONE", "window": window(utc(2026, 3, 9), utc(2026, 3, 9))},
    "the end of time": {
        "status": "SYNC_DONE",
        "window": {"start": "9999-12-31T23:59:58-12:00", "end": "9999-12-31T23:59:59-12:00"},
    },
    "before the beginning": {
        "status": "SYNC_DONE",
        "window": {"start": "0001-01-01T00:00:00+14:00", "end": "0001-01-02T00:00:00+14:00"},
    },
    "a status that is a number": {"status": 7, "window": window(utc(2026, 3, 8), utc(2026, 3, 9))},
    "a status that is a list": {"status": ["SYNC_DONE"], "window": window(utc(2026, 3, 8), utc(2026, 3, 9))},
    "the webhook's word of a sync": {"status": "SYNC_SUCCESS", "window": None, "told_by": "webhook"},
    "no product of LinkedIn's": {
        "status": "SYNC_DONE",
        "window": window(utc(2026, 3, 8), utc(2026, 3, 9)),
        "product": "gold",
    },
    "a product that is a list": {
        "status": "SYNC_DONE",
        "window": window(utc(2026, 3, 8), utc(2026, 3, 9)),
        "product": ["classic"],
    },
    "deep nesting": Raw(json.dumps({"status": "SYNC_DONE"})[:-1] + f', "window": {DEEP}}}'),
    "half a surrogate pair": Raw(r'{"status": "SYNC_DONE", "window": "\ud800"}'),
    "much text": {"status": "SYNC_DONE", "window": {"start": "2" * 100_000, "end": "3" * 100_000}},
}


@pytest.mark.parametrize("extra", PROVES_NOTHING.values(), ids=PROVES_NOTHING)
def test_what_proves_nothing_is_ignored_and_spoils_nothing(extra: Any, past: Past, read: Read, read_detail: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    before = read("acc")
    past.event(account_uri("acc"), extra, utc(2026, 3, 10, 2), dag_id="syncing")
    assert read("acc") == before
    assert len(read_detail("acc")["windows"]) == 5


@pytest.mark.parametrize("extra", PROVES_NOTHING.values(), ids=PROVES_NOTHING)
def test_it_does_not_when_it_is_there_from_the_beginning_either(extra: Any, past: Past, read: Read):
    past.event(account_uri("acc"), extra, utc(2026, 3, 10, 2), dag_id="syncing")
    past.event(account_status_uri("acc"), extra, utc(2026, 3, 10, 2))
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    past.status("acc", "OK", utc(2026, 3, 7))
    told = read("acc")
    assert kinds(told) == ["before", "synced", "missing", "pending"]
    assert (told["status"], told["connected"]) == ("OK", True)


def test_what_only_python_takes_for_json_spoils_nothing(past: Past, read: Read):
    if past.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL lets no such JSON in.")
    for extra in ('{"status": "SYNC_DONE", "window": NaN}', '{"status": ', "", '{"window": Infinity}', "nul\x00"):
        past.event(account_uri("acc"), Raw(extra), utc(2026, 3, 10, 2), dag_id="syncing")
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    assert kinds(read("acc")) == ["before", "synced", "missing", "pending"]


def test_events_that_somebody_made_by_the_rest_api_count(past: Past, read: Read):
    told = {"status": "SYNC_DONE", "window": window(utc(2026, 3, 8), utc(2026, 3, 9)), "product": None}
    past.event(account_uri("acc"), {**told, "from_rest_api": True}, utc(2026, 3, 10))
    assert kinds(read("acc")) == ["before", "synced", "pending"]


@pytest.mark.parametrize(
    "account_id", ["acc/1?x=y#z", "<script>alert(1)</script>", "../..", "a" * 300, "Zoë 🦋", "100%_\\", "%2e", "status"]
)
def test_any_id_is_read_from_its_uri(account_id: str, past: Past, read: Read, read_detail: Read):
    past.days(account_id, utc(2026, 3, 5), utc(2026, 3, 10))
    past.status(account_id, "OK", utc(2026, 3, 7))
    told = read(account_id)
    assert (told["id"], told["name"], told["status"]) == (account_id, account_id, "OK")
    assert read_detail(account_id)["id"] == account_id


@pytest.mark.parametrize(
    "uri",
    [
        "postpress://accounts/",
        "postpress://accounts/%zz",
        "postpress://accounts/a/b/c",
        "postpress://accounts/a/other",
        "postpress://accounts/a?x=1",
        "postpress://accounts/%61",  # not as it is written here
        "postpress://accounts/[::1",
        "postpress://chats/a",
        "POSTPRESS://ACCOUNTS/a",
        "postpress-other://accounts/a",
        "s3://bucket/key",
    ],
)
def test_a_uri_of_nobodys_is_ignored(uri: str, past: Past, read_all: Read):
    told = {"status": "SYNC_DONE", "window": window(utc(2026, 3, 8), utc(2026, 3, 9))}
    past.event(uri, told, utc(2026, 3, 10))
    assert read_all()["accounts"] == []


def test_accounts_are_told_in_the_order_of_their_ids_and_only_those_asked_for(past: Past, read_all: Read):
    for account_id in ("b", "a", "c"):
        past.days(account_id, utc(2026, 3, 5), utc(2026, 3, 6))
    assert [account["id"] for account in read_all()["accounts"]] == ["a", "b", "c"]
    assert [account["id"] for account in read_all(only=["c", "nobody", "a"])["accounts"]] == ["a", "c"]


def test_the_name_is_what_the_asset_is_called(past: Past, read: Read):
    past.sync("acc", utc(2026, 3, 5), utc(2026, 3, 6), name="<b>Ada's</b> LinkedIn")
    assert read("acc")["name"] == "<b>Ada's</b> LinkedIn"
    past.asset(account_uri("told"), extra={"name": "Told", "type": "TELEGRAM"})
    assert (read("told")["name"], read("told")["type"]) == ("Told", "TELEGRAM")
    past.asset(account_uri("hostile"), extra={"name": ["x"], "type": 7})
    assert (read("hostile")["name"], read("hostile")["type"]) == ("hostile", "")


def test_assets_of_other_names_and_the_same_account_are_one_account(past: Past, read: Read, read_detail: Read):
    past.sync("acc", utc(2026, 3, 5), utc(2026, 3, 6))
    past.sync("acc", utc(2026, 3, 6), utc(2026, 3, 7), name="named")
    assert segments(read("acc"))[1] == (epoch(utc(2026, 3, 5)), "synced", epoch(utc(2026, 3, 7)))
    assert len(read_detail("acc")["windows"]) == 2


def test_an_account_of_which_only_its_status_is_known_is_one(past: Past, read: Read):
    past.status("acc", "CREDENTIALS", utc(2026, 3, 7))
    told = read("acc")
    assert (told["asset_id"], told["since"], told["due"], told["last"]) == (None, None, None, None)
    assert kinds(told) == ["before"]
    assert (told["status"], told["connected"], told["type"]) == ("CREDENTIALS", False, "LINKEDIN")


def test_a_gap_of_which_most_was_a_disconnection_is_one(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 2), utc(2026, 3, 5))
    past.days("acc", utc(2026, 3, 8), utc(2026, 3, 20))
    past.status("acc", "CREDENTIALS", utc(2026, 3, 5, 12))
    past.status("acc", "RECONNECTED", utc(2026, 3, 7, 12))
    told = read("acc")
    assert kinds(told) == ["before", "synced", "disconnected", "synced", "pending"]
    assert told["off"] == [[epoch(utc(2026, 3, 5, 12)), epoch(utc(2026, 3, 7, 12))]]
    assert told["connected"] is True


def test_a_disconnection_that_lasts_ends_with_the_span(past: Past, read: Read):
    past.status("acc", "STOPPED", utc(2026, 3, 5))
    assert read("acc")["off"] == [[epoch(utc(2026, 3, 5)), epoch(SPAN[1])]]


def test_a_watchers_events_tell_the_status_too(past: Past, read: Read, read_detail: Read):
    payload = {
        "told_by": "watcher",
        "account_id": "acc",
        "account_type": "TELEGRAM",
        "message": "STOPPED",
        "previous": "OK",
        "seen_at": utc(2026, 3, 5).isoformat(),
    }
    past.event(account_status_uri("acc"), {"from_trigger": True, "payload": payload}, utc(2026, 3, 5, 0, 1))
    told = read("acc")
    assert (told["status"], told["connected"], told["type"]) == ("STOPPED", False, "TELEGRAM")
    assert read_detail("acc")["statuses"] == [{"at": epoch(utc(2026, 3, 5)), "status": "STOPPED"}]


def test_nothing_was_received_after_it_was_written_down(past: Past, read: Read):
    hostile = {"message": "STOPPED", "received_at": "9999-12-31T23:59:59+00:00"}
    past.event(account_status_uri("acc"), hostile, utc(2026, 3, 5))
    past.status("acc", "OK", utc(2026, 3, 6))
    told = read("acc")
    assert (told["status"], told["off"]) == ("OK", [[epoch(utc(2026, 3, 5)), epoch(utc(2026, 3, 6))]])


def test_statuses_are_listed_the_newest_first(past: Past, read_detail: Read):
    past.status("acc", "OK", utc(2026, 2, 6))
    past.status("acc", "RECONNECTED", utc(2026, 3, 9))
    past.status("acc", "ERROR", utc(2026, 3, 6))
    assert [told["status"] for told in read_detail("acc")["statuses"]] == ["RECONNECTED", "ERROR"]


def test_a_very_long_status_is_cut(past: Past, read: Read):
    past.status("acc", "X" * 100_000, utc(2026, 3, 6))
    assert len(read("acc")["status"]) == 200


def test_products_are_covered_separately(past: Past, read: Read, read_all: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 20), product="classic")
    past.days("acc", utc(2026, 3, 10), utc(2026, 3, 20), product="recruiter")
    told = read("acc")
    assert kinds(told["products"]["classic"]) == ["before", "synced", "pending"]
    assert kinds(told["products"]["recruiter"]) == ["before", "synced", "pending"]
    assert kinds(told) == ["before", "missing", "synced", "pending"]
    assert kinds(read("acc", product="classic")) == ["before", "synced", "pending"]
    assert read_all()["products"] == ["classic", "recruiter"]
    assert read_all(product="classic")["product"] == "classic"


def told_before(account_id: str, start: datetime | None, end: datetime | None, **more: Any) -> dict[str, Any]:
    span = window(start, end) if start and end else None
    return {"account_id": account_id, "window": span, "product": None, "partial": True, **more}


def test_a_failed_task_of_which_no_event_tells_has_failed_its_window(past: Past, read: Read, read_detail: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    past.days("acc", utc(2026, 3, 11), utc(2026, 3, 20))
    run_id = past.task(
        "syncing",
        "failed",
        told_before("acc", utc(2026, 3, 10), utc(2026, 3, 11)),
        started=utc(2026, 3, 11, 1),
        ended=utc(2026, 3, 11, 2),
        map_index=7,
    )
    assert kinds(read("acc")) == ["before", "synced", "failed", "synced", "pending"]
    (failed,) = [shown for shown in read_detail("acc")["windows"] if shown["state"] == "failed"]
    assert failed == {
        "start": epoch(utc(2026, 3, 10)),
        "end": epoch(utc(2026, 3, 11)),
        "state": "failed",
        "product": None,
        "at": epoch(utc(2026, 3, 11, 2)),
        "dag_id": "syncing",
        "run_id": run_id,
        "task_id": "resync",
        "map_index": 7,
        "exists": True,
    }


def test_an_account_of_which_only_a_failed_task_tells_is_one(past: Past, read: Read):
    past.task("syncing", "failed", told_before("acc", utc(2026, 3, 10), utc(2026, 3, 11)), started=utc(2026, 3, 11, 1))
    told = read("acc")
    assert (told["asset_id"], told["since"]) == (None, None)
    assert (epoch(utc(2026, 3, 10)), "failed", epoch(utc(2026, 3, 11))) in segments(told)


@pytest.mark.parametrize(
    "state", ["running", "deferred", "queued", "scheduled", "up_for_retry", "up_for_reschedule", "restarting"]
)
def test_a_task_that_is_not_over_is_syncing(state: str, past: Past, read: Read, read_detail: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    past.task("syncing", state, told_before("acc", utc(2026, 3, 10), utc(2026, 3, 11)), started=utc(2026, 3, 20))
    assert read("acc")["syncing"] == [[epoch(utc(2026, 3, 10)), epoch(utc(2026, 3, 11))]]
    assert read_detail("acc")["windows"][0]["state"] == "syncing"


def test_the_whole_history_can_be_syncing(past: Past, read: Read, read_detail: Read):
    past.task("syncing", "running", told_before("acc", None, None), started=utc(2026, 3, 15))
    assert read("acc")["syncing"] == [[epoch(SPAN[0]), epoch(utc(2026, 3, 15))]]
    (shown,) = read_detail("acc")["windows"]
    assert (shown["start"], shown["end"], shown["state"]) == (None, epoch(utc(2026, 3, 15)), "syncing")


@pytest.mark.parametrize("state", ["success", "skipped", "removed", "upstream_failed"])
def test_other_tasks_tell_nothing(state: str, past: Past, read_all: Read):
    past.task("syncing", state, told_before("acc", utc(2026, 3, 10), utc(2026, 3, 11)), started=utc(2026, 3, 20))
    assert read_all()["accounts"] == []


@pytest.mark.parametrize(
    "told",
    [
        None,
        "text",
        "{",
        ["acc"],
        {},
        {"account_id": "acc"},
        {"account_id": 7, "window": None, "product": None},
        {"account_id": "acc", "window": {"start": 1, "end": 2}, "product": None},
        {"account_id": "acc", "window": None, "product": {"x": 1}},
        {"account_id": "acc", "window": [[[]]], "product": None},
    ],
    ids=repr,
)
def test_a_task_that_told_something_else_tells_nothing(told: Any, past: Past, read_all: Read):
    past.task("syncing", "failed", told, started=utc(2026, 3, 20))
    past.task("syncing", "failed", told_before("other", None, None), started=utc(2026, 3, 20), key="return_value")
    assert read_all()["accounts"] == []


def test_a_sync_of_everything_anew_that_failed_may_have_thrown_away_what_was_there(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 20))
    past.days("other", utc(2026, 3, 5), utc(2026, 3, 20))
    assert kinds(read("acc")) == ["before", "synced", "pending"]  # so that it is known already
    anew = told_before("acc", None, None, partial=False)
    past.task("syncing", "failed", anew, started=utc(2026, 3, 15, 12), ended=utc(2026, 3, 15, 13))
    told = read("acc")
    assert kinds(told) == ["failed", "synced", "pending"]
    assert segments(told)[1] == (epoch(utc(2026, 3, 15)), "synced", epoch(utc(2026, 3, 20)))
    assert told["since"] == epoch(utc(2026, 3, 5))
    assert kinds(read("other")) == ["before", "synced", "pending"]


def test_one_that_keeps_what_is_there_has_not(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 20))
    past.task("syncing", "failed", told_before("acc", None, None), started=utc(2026, 3, 15, 12))
    assert kinds(read("acc")) == ["failed", "synced", "pending"]


def test_the_runs_of_what_fills_gaps_make_nothing_due(past: Past, read: Read):
    nightly = {"run": "scheduled__2026-03-10T00:00:00+00:00"}
    past.sync("acc", utc(2026, 3, 9), utc(2026, 3, 10), dag_id="gone", **nightly)
    past.sync("acc", utc(2026, 3, 8), utc(2026, 3, 9), run="scheduled__2026-03-14T08:00:00+00:00")
    assert kinds(read("acc")) == ["before", "synced", "pending"]


def test_a_repair_of_today_leaves_the_rest_of_today_pending(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 20))
    past.sync("acc", utc(2026, 3, 20, 2), utc(2026, 3, 20, 3), run="manual__2026-03-20T04:00:00+00:00")
    assert kinds(read("acc")) == ["before", "synced", "pending", "synced", "pending"]


@needs_checkpoints
def test_what_is_kept_beside_the_events_outlasts_them(past: Past, read: Read, read_detail: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 20))
    before = read("acc")
    kept = History().note_synced(None, [bounds(utc(2026, 3, 5), utc(2026, 3, 20))])
    past.checkpoint("acc", "syncing", checkpoint_of(kept), utc(2026, 3, 20, 1))
    past.forget_events(before=utc(2026, 3, 18))
    assert read("acc")["seg"] == before["seg"]
    assert len(read_detail("acc")["windows"]) == 3


@needs_checkpoints
@pytest.mark.parametrize(
    "value",
    [
        Raw("{"),
        Raw(""),
        None,
        [],
        {"v": 2, "synced": {"": [0, 1]}},
        {"v": 1, "synced": {"": [1]}},
        {"v": 1, "synced": {"gold": [0, 1]}},
        {"v": 1, "synced": {"": ["0", "1"]}},
        {"v": 1, "synced": {"": [0, 1e400]}},
        Raw('{"v": 1, "synced": ' + DEEP + "}"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_checkpoint_that_cannot_be_read_is_ignored(value: Any, past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    past.checkpoint("acc", "syncing", value, utc(2026, 3, 20))
    assert kinds(read("acc")) == ["before", "synced", "missing", "pending"]


@needs_checkpoints
def test_a_checkpoint_proves_nothing_of_the_time_after_it(past: Past, read: Read):
    kept = {"v": 1, "synced": {"": [*bounds(utc(2026, 3, 5), utc(2200, 1, 1))]}}
    past.checkpoint("acc", "syncing", kept, utc(2026, 3, 10))
    assert segments(read("acc"))[1] == (epoch(utc(2026, 3, 5)), "synced", epoch(utc(2026, 3, 10)))


@needs_checkpoints
def test_a_checkpoint_counts_no_more_once_all_may_have_been_thrown_away(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 16), utc(2026, 3, 20))
    kept = History().note_synced(None, [bounds(utc(2026, 3, 5), utc(2026, 3, 20))])
    past.checkpoint("acc", "syncing", checkpoint_of(kept), utc(2026, 3, 20, 1))
    anew = told_before("acc", None, None, partial=False)
    past.task("syncing", "failed", anew, started=utc(2026, 3, 15, 12), ended=utc(2026, 3, 15, 13))
    assert segments(read("acc"))[1][0] == epoch(utc(2026, 3, 16))


def test_windows_are_listed_the_newest_first_and_only_those_of_the_span(past: Past, read_detail: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 20))
    told = read_detail("acc", utc(2026, 3, 7, 12), utc(2026, 3, 10))
    assert [shown["start"] for shown in told["windows"]] == [epoch(utc(2026, 3, day)) for day in (9, 8, 7)]
    first = told["windows"][0]
    assert (first["dag_id"], first["task_id"], first["map_index"], first["exists"]) == ("syncing", "resync", -1, False)
    assert first["run_id"] == f"scheduled__{utc(2026, 3, 10).isoformat()}"
    assert told["truncated"] is False


def test_so_many_windows_are_listed_and_no_more(past: Past, read_detail: Read, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("airflow_provider_postpress.page.detail.MOST_WINDOWS", 3)
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 9))
    told = read_detail("acc")
    assert told["truncated"] is True
    assert [shown["start"] for shown in told["windows"]] == [epoch(utc(2026, 3, day)) for day in (8, 7, 6)]


def test_of_an_account_that_nobody_knows_nothing_is_told(past: Past, read_detail: Read):
    assert read_detail("nobody") is None


def test_without_a_schedule_an_accounts_own_rhythm_tells_what_is_due(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 15))
    told = read("acc")
    assert told["due"] == epoch(utc(2026, 3, 20))
    assert segments(told)[2] == (epoch(utc(2026, 3, 15)), "missing", epoch(utc(2026, 3, 20)))


def test_a_grace_longer_than_there_have_been_computers_leaves_nothing_missing(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 15))
    assert kinds(read("acc", grace=10**18)) == ["before", "synced", "pending"]


def test_what_this_airflow_cannot_know_is_said(past: Past, read_all: Read):
    assert [note for note in read_all()["notes"] if "db clean" in note] == read_all()["notes"]
    assert bool(read_all()["notes"]) is not ARE_KEPT


def test_the_answer_says_what_it_is_an_answer_to(past: Past, read_all: Read):
    told = read_all()
    assert {name: told[name] for name in told if name != "notes"} == {
        "from": epoch(SPAN[0]),
        "to": epoch(SPAN[1]),
        "now": epoch(NOW),
        "grace": 21600,
        "kinds": ["before", "synced", "missing", "failed", "disconnected", "pending", "unknown"],
        "product": None,
        "products": [],
        "accounts": [],
    }
    assert datetime.fromtimestamp(told["now"], UTC) == NOW
