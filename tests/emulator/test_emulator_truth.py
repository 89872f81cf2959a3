"""What a sync copies, keeps and throws away; and what the truth says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from emulator_bench import Bench, Clock

from airflow_provider_postpress.emulator import Engine

if TYPE_CHECKING:
    from airflow_provider_postpress.emulator.chats import Instant


def synced_by(bench: Bench, **parameters: Any) -> list[int]:
    """Sync, and give the instants of the messages of the first chat that are in Postpress then."""
    bench.sync(**parameters)
    bench.clock.seconds += 10
    missing = {at for chat, at in bench.missing() if chat == "chat_1"}
    return [at for at in (1000, 2000, 3000) if at not in missing]


@pytest.mark.parametrize(
    ("options", "parameters", "synced"),
    [
        ({}, {"after": "999", "before": "2001"}, [1000, 2000]),
        ({}, {"after": "1000", "before": "3000"}, [2000]),
        ({}, {"after": "999.5"}, [1000, 2000, 3000]),
        ({}, {"before": "2e3"}, [1000]),
        ({"bounds": "inclusive"}, {"after": "1000", "before": "2000"}, [1000, 2000]),
        ({"time_span": "as_documented"}, {"after": "3000", "before": "1000"}, [2000]),
        ({"time_span": "as_documented"}, {"after": "2000"}, [1000]),
        ({"time_span": "as_documented", "bounds": "inclusive"}, {"before": "2000"}, [2000, 3000]),
    ],
)
def test_a_sync_copies_the_messages_of_its_span(
    options: dict[str, Any], parameters: dict[str, str], synced: list[int]
) -> None:
    assert synced_by(Bench(**options), **parameters) == synced


def test_a_sync_from_scratch_throws_away_at_once_and_copies_all_at_its_end(bench: Bench) -> None:
    synced_by(bench)
    bench.sync()
    bench.sync()
    assert len(bench.missing()) == 9
    assert bench.engine.starts("acc")[-1]["from_scratch"]
    bench.clock.seconds += 10
    assert bench.missing() == []


def test_a_sync_from_scratch_that_fails_leaves_nothing(bench: Bench) -> None:
    synced_by(bench)
    bench.sync()
    bench.engine.fail_next_sync("acc")
    bench.sync()
    bench.clock.seconds += 10
    assert len(bench.missing()) == 9


def test_a_telegram_sync_without_bounds_is_from_scratch() -> None:
    bench = Bench("TELEGRAM")
    bench.sync()
    assert bench.engine.starts("acc")[0]["from_scratch"]


@pytest.mark.parametrize(
    "parameters", [{"partial": "true"}, {"after": "0"}, {"before": "1"}, {"after": "0", "partial": "false"}]
)
def test_a_partial_or_bounded_sync_keeps_what_is_there(bench: Bench, parameters: dict[str, Any]) -> None:
    synced_by(bench)
    bench.sync()
    bench.sync(**parameters)
    assert bench.missing() == []


def test_a_sync_of_one_product_copies_and_throws_away_no_other() -> None:
    clock = Clock()
    engine = Engine(clock)
    engine.add_account("LINKEDIN", account_id="acc", premium_features=["recruiter"])
    engine.add_chat("acc", product="recruiter", messages=[1])
    classic = engine.add_chat("acc", product="classic")
    engine.add_messages(classic, [2], synced=True)
    engine.account_sync("acc", {"linkedin_product": "recruiter"})
    clock.seconds += 1
    assert engine.missing("acc") == []
    engine.add_messages(classic, [3])
    assert engine.missing("acc", product="recruiter") == []
    assert [message["at"] for message in engine.missing("acc", product="classic")] == [3]


def test_missing_counts_from_its_start_to_before_its_end(bench: Bench) -> None:
    assert [message["at"] for message in bench.engine.missing(chat_id="chat_1", start=1000, end=2000)] == [1000]


def test_instants_are_milliseconds_text_or_aware_datetimes(bench: Bench) -> None:
    instants: list[Instant] = [
        1_767_225_600_001,
        "2026-01-01T00:00:00.001Z",
        "2026-01-01T01:00:00.001+01:00",
        datetime(2026, 1, 1, 0, 0, 0, 1999, tzinfo=UTC),
        datetime(2026, 1, 1, 1, 0, 0, 1000, tzinfo=timezone(timedelta(hours=1))),
    ]
    chat = bench.engine.add_chat("acc", messages=instants)
    assert {message["at"] for message in bench.engine.missing(chat_id=chat)} == {1_767_225_600_001}


def test_counts_are_of_the_provider_of_postpress_and_of_what_is_missing(bench: Bench) -> None:
    bench.engine.add_messages("chat_1", [1500], synced=True)
    assert bench.engine.count_messages("acc", 1000, 2000) == {"at_provider": 4, "in_postpress": 1, "missing": 3}
    assert bench.engine.count_messages(chat_id="chat_2") == {"at_provider": 3, "in_postpress": 0, "missing": 3}


def test_a_deleted_chat_has_no_messages_at_the_provider_but_stays_in_postpress(bench: Bench) -> None:
    bench.engine.add_messages("chat_1", [1500], synced=True)
    bench.engine.delete_chat("chat_1")
    assert bench.engine.count_messages(chat_id="chat_1") == {"at_provider": 0, "in_postpress": 1, "missing": 0}


def test_a_seed_scatters_the_same_messages_again() -> None:
    def scattered(seed: int) -> list[tuple[str, int]]:
        engine = Engine(Clock(), seed=seed)
        engine.add_account("LINKEDIN", account_id="acc")
        for chat in ("a", "b"):
            engine.add_chat("acc", chat_id=chat)
        engine.scatter_messages("acc", 50, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
        return [(message["chat_id"], message["at"]) for message in engine.missing("acc")]

    assert scattered(1) == scattered(1) != scattered(2)
    assert len({chat for chat, _ in scattered(1)}) == 2


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("add_account", {"account_type": "FAX"}, "MOBILE"),
        ("add_account", {"account_type": "LINKEDIN", "account_id": "acc"}, "already"),
        ("add_account", {"account_type": "TELEGRAM", "proxy": {"host": "p", "port": 1}}, "Only LINKEDIN"),
        ("delete_account", {"account_id": "nobody"}, "no account 'nobody'"),
        ("add_chat", {"account_id": "nobody"}, "no account 'nobody'"),
        ("add_chat", {"account_id": "acc", "chat_id": "chat_1"}, "already"),
        ("add_chat", {"account_id": "acc", "product": "premium"}, "classic"),
        ("add_messages", {"chat_id": "nothing", "at": [1]}, "no chat 'nothing'"),
        ("add_messages", {"chat_id": "chat_1", "at": ["2026-01-01T00:00:00"]}, "offset"),
        ("set_source_status", {"account_id": "nobody", "status": "OK"}, "no account 'nobody'"),
        ("set_source_status", {"account_id": "acc", "status": ""}, "not empty"),
        ("set_source_status", {"account_id": "acc", "status": "OK", "source_id": "acc_2"}, "one of acc_1, not 'acc_2'"),
        ("set_source_status", {"account_id": "acc", "status": "OK", "delay_ms": -1}, "at least 0"),
        ("require_checkpoint", {"account_id": "nobody", "type": "QRCODE"}, "no account 'nobody'"),
        ("solve_checkpoint", {"account_id": "nobody"}, "no account 'nobody'"),
        ("solve_checkpoint", {"account_id": "acc"}, "No checkpoint is open"),
        ("expect_credentials", {"account_id": "nobody", "fields": {}}, "no account 'nobody'"),
        ("missing", {}, "account or a chat"),
        ("missing", {"account_id": "acc", "chat_id": "chat_1"}, "account or a chat"),
        ("leave_leftover", {"account_id": "acc", "status": "CHUNK_DONE"}, "foreign_sync"),
        ("foreign_sync", {"account_id": "acc", "poll_every_ms": 0}, "at least 1"),
        ("configure", {"chunks": "other"}, "next, fresh"),
        ("configure", {"duration_ms": -1}, "at least 0"),
        ("configure", {"base_paths": ["/v2"]}, "/api/v1"),
        ("configure", {"unsupported_chats": ["FAX"]}, "FAX"),
        ("configure", {"durations": 1}, "durations"),
        ("configure", {"listing": "users"}, "items, data"),
        ("configure", {"last_cursor": "none"}, "repeated"),
        ("configure", {"connecting_ms": -1}, "at least 0"),
        ("configure", {"checkpoint_ms": 0}, "at least 1"),
        ("configure", {"checkpoint_status": 204}, "with a body"),
        ("configure", {"checkpoint_status": 100}, "with a body"),
    ],
)
def test_what_cannot_be_is_refused_by_name(bench: Bench, method: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(bench.engine, method)(**arguments)
