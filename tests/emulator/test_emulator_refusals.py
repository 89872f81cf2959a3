"""What the routes refuse, and how."""

from __future__ import annotations

from typing import Any

import pytest
from emulator_bench import Bench

BAD = (400, "errors/invalid_parameters")


@pytest.mark.parametrize(
    "parameters",
    [
        {"chunk_size": "0"},
        {"chunk_size": "-1"},
        {"chunk_size": "1.5"},
        {"chunk_size": "many"},
        {"chunk_size": ""},
        {"chunk_size": "1_0"},
        {"chunk_size": "٣"},
        {"partial": "True"},
        {"partial": "1"},
        {"partial": ""},
        {"linkedin_product": "Classic"},
        {"linkedin_product": ""},
        {"after": "yesterday"},
        {"after": "nan"},
        {"before": "1e999"},
        {"before": " 1"},
        {"after": "2", "before": "1"},
        {"after": "1", "before": "1"},
        {"since": "1"},
    ],
)
def test_a_bad_parameter_is_refused_and_starts_nothing(bench: Bench, parameters: dict[str, str]) -> None:
    assert bench.refusal(**parameters) == BAD
    assert bench.engine.starts("acc") == []


def test_a_bad_parameter_is_refused_also_while_a_sync_runs(bench: Bench) -> None:
    bench.sync()
    assert bench.refusal(chunk_size="0") == BAD


def test_in_the_documented_reading_the_natural_span_is_empty() -> None:
    bench = Bench(time_span="as_documented")
    assert bench.refusal(after="1", before="2") == BAD
    assert bench.sync(after="2", before="1") == "SYNC_STARTED"


@pytest.mark.parametrize("parameters", [{"partial": "true"}, {"linkedin_product": "classic"}])
def test_telegram_is_not_sent_what_is_for_linkedin_only(parameters: dict[str, str]) -> None:
    assert Bench("TELEGRAM").refusal(**parameters) == BAD


def test_telegram_takes_bounds_and_chunks() -> None:
    assert Bench("TELEGRAM").sync(after="1", before="2", chunk_size="1") == "SYNC_STARTED"


def test_a_product_that_the_account_does_not_have_is_refused(bench: Bench) -> None:
    assert bench.refusal(linkedin_product="recruiter") == (403, "errors/feature_not_subscribed")
    assert bench.sync(linkedin_product="classic") == "SYNC_STARTED"


@pytest.mark.parametrize("account_type", ["WHATSAPP", "INSTAGRAM", "MAIL"])
def test_an_account_of_another_provider_cannot_be_synced_but_its_chats_can(account_type: str) -> None:
    bench = Bench(account_type)
    assert bench.refusal() == (501, "errors/feature_not_implemented")
    assert bench.sync_chat() == "SYNC_STARTED"


def test_chats_of_some_types_may_be_unsupported() -> None:
    answer = Bench("WHATSAPP", unsupported_chats=["WHATSAPP"]).engine.chat_sync("chat_1")
    assert (answer.status_code, answer.body["type"]) == (501, "errors/feature_not_implemented")


def test_an_unknown_id_is_not_found(bench: Bench) -> None:
    answers = [
        bench.engine.get_account("nobody"),
        bench.engine.account_sync("nobody", {}),
        bench.engine.chat_sync("nothing"),
    ]
    assert [(answer.status_code, answer.body["type"]) for answer in answers] == [(404, "errors/resource_not_found")] * 3


def test_an_account_without_credentials_can_be_read_but_not_synced(bench: Bench) -> None:
    bench.engine.set_source_status("acc", "CREDENTIALS")
    assert bench.engine.get_account("acc").body["sources"] == [{"id": "acc_1", "status": "CREDENTIALS"}]
    assert bench.refusal() == (401, "errors/disconnected_account")
    assert bench.engine.chat_sync("chat_1").body["type"] == "errors/disconnected_account"


def test_a_sync_under_way_goes_on_though_the_account_is_disconnected(bench: Bench) -> None:
    bench.sync()
    bench.engine.set_source_status("acc", "CREDENTIALS")
    bench.clock.seconds += 10
    assert bench.missing() == []


@pytest.mark.parametrize(
    ("status", "options"),
    [("STOPPED", {}), ("CONNECTING", {}), ("PERMISSIONS", {}), ("CREDENTIALS", {"refuse_disconnected": False})],
)
def test_any_other_status_of_a_source_does_not_keep_from_syncing(status: str, options: dict[str, Any]) -> None:
    bench = Bench(**options)
    bench.engine.set_source_status("acc", status)
    assert bench.sync() == "SYNC_STARTED"


def test_an_error_says_what_is_wrong_in_the_documented_envelope(bench: Bench) -> None:
    answer = bench.engine.account_sync("acc", {"chunk_size": "0"})
    assert answer.body == {
        "title": "Bad Request",
        "type": "errors/invalid_parameters",
        "detail": "chunk_size is a whole number of chats, at least 1, not '0'.",
        "status": 400,
    }
