"""Accounts that are odd, change, or go."""

from __future__ import annotations

import pytest
from emulator_bench import Bench


def sources(bench: Bench, account_id: str) -> list[str]:
    return [source["status"] for source in bench.engine.get_account(account_id).body["sources"]]


def test_a_linkedin_account_may_show_its_proxy_with_the_password(bench: Bench) -> None:
    proxy = {"host": "proxy.example.com", "port": 3128, "protocol": "http", "username": "u", "password": "p"}
    account = bench.engine.add_account("LINKEDIN", proxy=proxy)
    assert bench.engine.get_account(account).body["connection_params"]["im"]["proxy"] == {"source": "USER", **proxy}
    assert "proxy" not in bench.engine.get_account("acc").body["connection_params"]["im"]


def test_an_account_may_be_odd_in_a_few_fields_and_documented_in_the_others(bench: Bench) -> None:
    oddities = {"connection_params": {"im": {"premiumId": 7}, "fax": {}}, "groups": ["g"], "mood": None}
    account = bench.engine.add_account("LINKEDIN", document=oddities)
    odd, plain = (bench.engine.get_account(account_id).body for account_id in (account, "acc"))
    assert (odd["groups"], odd["mood"], odd["connection_params"]["fax"]) == (["g"], None, {})
    assert odd["connection_params"]["im"] == {**plain["connection_params"]["im"], "premiumId": 7}
    assert plain["connection_params"]["im"]["premiumId"] is None


def test_an_account_may_be_of_a_type_that_is_not_documented(bench: Bench) -> None:
    account = bench.engine.add_account("FAX", document={"connection_params": {"line": {"number": "1"}}})
    document = bench.engine.get_account(account).body
    assert (document["type"], document["connection_params"]) == ("FAX", {"line": {"number": "1"}})
    assert bench.engine.account_sync(account, {}).status_code == 501


def test_one_source_or_all_of_them_change_their_status_also_to_one_that_nobody_has_heard_of(bench: Bench) -> None:
    account = bench.engine.add_account("OUTLOOK", sources=["OK", "SLEEPY"])
    assert sources(bench, account) == ["OK", "SLEEPY"]
    bench.engine.set_source_status(account, "GRUMPY", source_id=f"{account}_1")
    assert sources(bench, account) == ["GRUMPY", "SLEEPY"]
    bench.engine.set_source_status(account, "STOPPED")
    assert sources(bench, account) == ["STOPPED", "STOPPED"]


def test_a_status_may_change_later_and_in_the_order_of_time(bench: Bench) -> None:
    bench.engine.set_source_status("acc", "OK", delay_ms=3000)
    bench.engine.set_source_status("acc", "CONNECTING", delay_ms=1000)
    bench.engine.set_source_status("acc", "CREDENTIALS")
    assert bench.statuses(wait=0.999) == ["CREDENTIALS"]
    assert bench.statuses(wait=0.001) == ["CONNECTING"]
    assert bench.statuses(wait=10) == ["OK"]


def test_the_list_shows_a_change_too(bench: Bench) -> None:
    bench.engine.set_source_status("acc", "ERROR", delay_ms=1000)
    bench.clock.seconds += 1
    assert bench.engine.list_accounts({}).body["items"][0]["sources"] == [{"id": "acc_1", "status": "ERROR"}]


def test_a_sync_that_is_asked_for_after_the_change_is_refused(bench: Bench) -> None:
    bench.engine.set_source_status("acc", "CREDENTIALS", delay_ms=1000)
    assert bench.sync() == "SYNC_STARTED"
    bench.clock.seconds += 1
    assert bench.refusal() == (401, "errors/disconnected_account")


def test_a_deleted_account_and_its_chats_are_not_found_and_its_id_is_free(bench: Bench) -> None:
    bench.engine.foreign_sync("acc", poll_every_ms=1000)
    bench.engine.foreign_sync(chat_id="chat_1", poll_every_ms=1000)
    bench.engine.set_source_status("acc", "ERROR", delay_ms=1000)
    bench.engine.delete_account("acc")
    answers = [
        bench.engine.get_account("acc"),
        bench.engine.account_sync("acc", {}),
        bench.engine.chat_sync("chat_1"),
        bench.log_in(),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert bench.engine.list_accounts({}).body["items"] == []
    with pytest.raises(ValueError, match="no account 'acc'"):
        bench.engine.missing("acc")
    bench.engine.add_account("TELEGRAM", account_id="acc")
    assert bench.statuses(wait=10) == ["OK"]
    assert bench.engine.starts("acc") == []
