"""The statuses of all accounts: one word for each, what a look tells of an account, and how looking goes on."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_postpress.api.errors import PostpressAPIError, PostpressError, PostpressTransportError
from airflow_provider_postpress.api.models import Account, AccountPage
from airflow_provider_postpress.resync.pacing import Intervals, Pacing
from airflow_provider_postpress.resync.status import FOR_EVER, AccountStatus, Look, StatusWatch, status_word
from airflow_provider_postpress.resync.steps import Ask, Reply, Say

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
RESET = PostpressTransportError(route="GET /accounts", problem="the connection was reset", may_have_arrived=True)


def account(account_id: str, *statuses: str, type: str = "LINKEDIN") -> Account:  # noqa: A002 (the document's name)
    sources = [{"id": f"source_{number}", "status": status} for number, status in enumerate(statuses)]
    return Account.model_validate({"object": "Account", "type": type, "id": account_id, "sources": sources})


def page(*accounts: Account, cursor: str | None = None) -> AccountPage:
    return AccountPage.model_validate({"items": [dict(account.raw) for account in accounts], "cursor": cursor})


def error(status: int, **fields: Any) -> PostpressAPIError:
    return PostpressAPIError(route="GET /accounts", status=status, **fields)


@pytest.fixture
def watch() -> StatusWatch:
    """Looks every minute, without chance."""
    return StatusWatch(Pacing(Intervals(60, 300), deadline=FOR_EVER, chance=lambda: 0.5))


def look(watch: StatusWatch, *came: AccountPage | PostpressError) -> tuple[Look, list[Say], list[dict[str, str]]]:
    """Take the steps of a look; give what was seen, said and asked."""
    steps: Generator[Any, Any, Look] = watch.look()
    answers, said, asked = iter(came), [], []
    reply = None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration as end:
            assert next(answers, None) is None, "not all was asked for"
            return end.value, said, asked
        reply = None
        if isinstance(step, Ask):
            asked.append(dict(step.endpoint.query))
            reply = Reply(next(answers), NOON)
        else:
            said.append(step)


class TestTheStatusOfAnAccount:
    @pytest.mark.parametrize(
        ("statuses", "word"),
        [
            (["OK"], "OK"),
            (["OK", "OK"], "OK"),
            (["OK", "CONNECTING"], "CONNECTING"),
            (["CONNECTING", "ASLEEP", "OK"], "ASLEEP"),
            (["ASLEEP", "STOPPED"], "STOPPED"),
            (["STOPPED", "ERROR"], "ERROR"),
            (["ERROR", "PERMISSIONS"], "PERMISSIONS"),
            (["PERMISSIONS", "OK", "CREDENTIALS"], "CREDENTIALS"),
        ],
    )
    def test_is_the_gravest_of_its_sources(self, statuses, word):
        assert status_word(account("anna", *statuses)) == word
        assert status_word(account("anna", *reversed(statuses))) == word

    def test_is_the_first_of_those_that_nobody_documents(self):
        assert status_word(account("anna", "ASLEEP", "DREAMING")) == "ASLEEP"

    def test_is_not_ok_where_nothing_feeds_it(self):
        assert status_word(account("anna")) == "UNKNOWN"

    def test_is_remembered_in_types_of_json(self):
        status = AccountStatus("OK", "LINKEDIN")

        assert AccountStatus.from_dict(status.as_dict()) == status
        assert AccountStatus.from_dict({"message": "DELETED", "account_type": None}) == AccountStatus("DELETED", None)

    @pytest.mark.parametrize("stored", [None, "OK", {}, {"message": "OK"}, {"message": 1, "account_type": None}, []])
    def test_that_was_written_by_somebody_else_is_none(self, stored):
        assert AccountStatus.from_dict(stored) is None


class TestALook:
    KNOWN = AccountStatus("OK", "TELEGRAM")

    def test_tells_of_the_accounts_on_all_pages(self, watch):
        pages = (page(account("anna", "OK"), cursor="2"), page(account("ben", "STOPPED", type="TELEGRAM")))

        seen, said, asked = look(watch, *pages)

        assert seen.status_of("anna", None) == AccountStatus("OK", "LINKEDIN")
        assert seen.status_of("ben", None) == AccountStatus("STOPPED", "TELEGRAM")
        assert (seen.whole, seen.at, seen.wait, said) == (True, NOON, 60, [])
        assert asked == [{"limit": "250"}, {"limit": "250", "cursor": "2"}]

    def test_that_is_whole_tells_that_an_account_is_gone_and_of_which_type_it_was(self, watch):
        seen, _, _ = look(watch, page(account("anna", "OK")))

        assert seen.status_of("ben", self.KNOWN) == AccountStatus("DELETED", "TELEGRAM")
        assert seen.status_of("ben", None) == AccountStatus("DELETED", None)

    def test_that_broke_off_tells_nothing_of_those_that_it_did_not_see(self, watch):
        seen, _, _ = look(watch, page(account("anna", "ERROR"), cursor="2"), RESET)

        assert seen.status_of("anna", self.KNOWN) == AccountStatus("ERROR", "LINKEDIN")
        assert seen.status_of("ben", self.KNOWN) is None
        assert not seen.whole


class TestTrouble:
    def test_is_backed_off_from_and_the_pace_is_the_old_one_afterwards(self, watch):
        waits = [look(watch, RESET)[0].wait for _ in range(6)]

        assert waits == [60, 90, 135, 202.5, 300, 300]
        assert look(watch, page())[0].wait == 60
        assert look(watch, RESET)[0].wait == 60

    def test_lasts_as_long_as_postpress_says(self, watch):
        assert look(watch, error(429, retry_after=3600))[0].wait == 3600

    def test_that_there_was_not_leaves_the_pace_as_it_is(self, watch):
        assert [look(watch, page())[0].wait for _ in range(3)] == [60, 60, 60]

    def test_is_told_once_and_so_is_its_end(self, watch):
        first = look(watch, error(503, type="errors/down", instance="req_1"))[1]
        again = look(watch, error(503, type="errors/down", instance="req_2"))[1]
        other = look(watch, error(401))[1]
        over = look(watch, page())[1]

        assert [words.warn for words in (*first, *again, *other, *over)] == [True, True, False]
        assert "errors/down" in first[0].text
        assert "401" in other[0].text
        assert look(watch, page())[1] == []

    def test_of_another_sort_is_told_in_given_words_alone(self, watch):
        words, wait = watch.back_off(KeyError("s3cr3t"), NOON, "KeyError.")

        assert words
        assert "KeyError." in words.text
        assert "s3cr3t" not in words.text
        assert wait == 60
