"""The list of accounts, page by page."""

from __future__ import annotations

from typing import Any

import pytest
from emulator_bench import Clock

from airflow_provider_postpress.emulator import Engine, Options


def engine_of(number: int, **options: Any) -> Engine:
    engine = Engine(Clock(), Options(**options))
    for position in range(number):
        engine.add_account("LINKEDIN", account_id=f"acc_{position}")
    return engine


def page(engine: Engine, **parameters: str) -> dict[str, Any]:
    answer = engine.list_accounts(parameters)
    assert answer.status_code == 200, answer.body
    return answer.body


def ids(page: dict[str, Any]) -> list[str]:
    return [account["id"] for account in page["items"]]


def test_a_page_has_whole_accounts_in_the_order_in_which_they_were_linked() -> None:
    engine = engine_of(2)
    engine.add_account("MAIL", account_id="a_mailbox")
    assert page(engine) == {
        "object": "AccountList",
        "items": [engine.get_account(account).body for account in ("acc_0", "acc_1", "a_mailbox")],
        "cursor": None,
    }


def test_the_cursors_lead_through_all_pages_to_the_last_one() -> None:
    engine = engine_of(5)
    first = page(engine, limit="2")
    second = page(engine, limit="2", cursor=first["cursor"])
    third = page(engine, limit="2", cursor=second["cursor"])
    assert [ids(first), ids(second), ids(third)] == [["acc_0", "acc_1"], ["acc_2", "acc_3"], ["acc_4"]]
    assert third["cursor"] is None


def test_a_last_page_that_is_full_is_the_last_one_all_the_same() -> None:
    engine = engine_of(4)
    assert page(engine, limit="2", cursor=page(engine, limit="2")["cursor"])["cursor"] is None


def test_a_workspace_without_accounts_has_one_empty_page() -> None:
    assert page(engine_of(0)) == {"object": "AccountList", "items": [], "cursor": None}


def test_a_page_has_a_hundred_accounts_and_at_most_two_hundred_and_fifty() -> None:
    engine = engine_of(251)
    assert [len(ids(page(engine))), len(ids(page(engine, limit="250")))] == [100, 250]


def test_accounts_that_come_and_go_between_two_pages_move_no_other() -> None:
    engine = engine_of(4)
    cursor = page(engine, limit="2")["cursor"]
    engine.delete_account("acc_0")
    engine.delete_account("acc_1")
    engine.add_account("LINKEDIN", account_id="acc_0")
    assert ids(page(engine, limit="3", cursor=cursor)) == ["acc_2", "acc_3", "acc_0"]


def test_a_cursor_says_nothing_and_has_to_be_percent_encoded() -> None:
    engine = engine_of(3)
    cursors = {page(engine, limit="1")["cursor"], page(engine, limit="2")["cursor"]}
    assert len(cursors) == 2
    assert all(cursor.startswith("+/") and cursor.endswith("=") and "acc" not in cursor for cursor in cursors)


@pytest.mark.parametrize(
    ("parameters", "error_type"),
    [
        ({"limit": "0"}, "invalid_parameters"),
        ({"limit": "-1"}, "invalid_parameters"),
        ({"limit": "1.0"}, "invalid_parameters"),
        ({"limit": ""}, "invalid_parameters"),
        ({"limit": "all"}, "invalid_parameters"),
        ({"limit": "٣"}, "invalid_parameters"),
        ({"limit": "251"}, "limit_too_high"),
        ({"cursor": "2"}, "invalid_parameters"),
        ({"cursor": ""}, "invalid_parameters"),
        ({"offset": "2"}, "invalid_parameters"),
    ],
)
def test_a_bad_parameter_is_refused(parameters: dict[str, str], error_type: str) -> None:
    answer = engine_of(1).list_accounts(parameters)
    assert (answer.status_code, answer.body["type"]) == (400, f"errors/{error_type}")


def test_a_page_may_look_as_the_quick_start_has_it() -> None:
    engine = engine_of(3, listing="data")
    first = page(engine, limit="2")
    assert set(first) == {"data", "next_cursor"}
    last = page(engine, limit="2", cursor=first["next_cursor"])
    assert last == {"data": [engine.get_account("acc_2").body], "next_cursor": None}
    engine.configure(last_cursor="missing")
    assert set(page(engine)) == {"data"}


@pytest.mark.parametrize(
    ("last_cursor", "end"), [("null", {"cursor": None}), ("missing", {}), ("empty", {"cursor": ""})]
)
def test_the_last_page_may_say_in_other_ways_that_it_is_the_last(last_cursor: str, end: dict[str, Any]) -> None:
    engine = engine_of(3, last_cursor=last_cursor)
    first = page(engine, limit="2")
    assert first["cursor"]
    last = page(engine, limit="2", cursor=first["cursor"])
    assert {name: value for name, value in last.items() if name == "cursor"} == end


def test_the_last_page_may_repeat_its_own_cursor() -> None:
    engine = engine_of(3, last_cursor="repeated")
    cursor = page(engine, limit="2")["cursor"]
    last = page(engine, limit="2", cursor=cursor)
    assert (ids(last), last["cursor"]) == (["acc_2"], cursor)


def test_an_only_page_may_lead_to_an_empty_one_that_repeats_its_cursor() -> None:
    engine = engine_of(2, last_cursor="repeated")
    cursor = page(engine)["cursor"]
    assert page(engine, cursor=cursor) == {"object": "AccountList", "items": [], "cursor": cursor}
    assert page(engine_of(0, last_cursor="repeated"))["cursor"] is None
