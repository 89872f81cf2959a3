"""From page to page: both forms of a page, every way to say that it was the last one, and what is asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from account_documents import telegram
from api_clients import Connect, Serve
from misbehaving_server import Peer, answering, http

from airflow_provider_postpress.api import endpoints, paging
from airflow_provider_postpress.api.errors import (
    PostpressInvalidRequest,
    PostpressProtocolError,
    PostpressUnreadableAnswer,
)
from airflow_provider_postpress.api.models import AccountPage
from airflow_provider_postpress.api.paging import AccountPages


def page(*ids: str, **rest: Any) -> dict[str, Any]:
    return {"object": "AccountList", "items": [telegram(id=name) for name in ids], **rest}


def quick_start(*ids: str, **rest: Any) -> dict[str, Any]:
    return {"data": [telegram(id=name) for name in ids], **rest}


def turned(*documents: dict[str, Any]) -> tuple[list[str], list[str | None]]:
    """Turn pages until there is no next one; give the accounts' ids, and the cursors that were asked for."""
    pages, told, asked = AccountPages(), [], []
    for document in documents:
        if pages.next is None:
            break
        asked.append(pages.next.query.get("cursor"))
        told += [account.id for account in pages.turn(AccountPage.model_validate(document))]
    assert pages.next is None, "It goes on after the last page."
    return told, asked


LAST = {
    "missing": {},
    "null": {"cursor": None},
    "empty": {"cursor": ""},
    "repeated": {"cursor": "A"},
    "null under the other name": {"next_cursor": None},
    "empty under the other name": {"next_cursor": ""},
    "null, and the page's own": {"next_cursor": None, "cursor": "A"},
}


@pytest.mark.parametrize("last", LAST.values(), ids=LAST)
@pytest.mark.parametrize("form", [page, quick_start])
@pytest.mark.parametrize("name", ["cursor", "next_cursor"])
def test_the_last_page_is_known_by_its_cursor(form: Any, name: str, last: dict[str, Any]) -> None:
    told, asked = turned(form("a", "b", **{name: "A"}), form("c", **last), form("beyond"))

    assert told == ["a", "b", "c"]
    assert asked == [None, "A"]


def test_one_page_can_be_all() -> None:
    assert turned(page("a"), page("beyond")) == (["a"], [None])
    assert turned(page(), page("beyond")) == ([], [None])


def test_cursors_that_go_round_end() -> None:
    told, asked = turned(page("a", cursor="A"), page("b", cursor="B"), page("c", cursor="A"), page("beyond"))

    assert told == ["a", "b", "c"]
    assert asked == [None, "A", "B"]


def test_an_empty_page_with_a_cursor_is_not_the_last() -> None:
    assert turned(page("a", cursor="A"), page(cursor="B"), page("b")) == (["a", "b"], [None, "A", "B"])


def test_an_account_that_is_told_twice_is_given_once() -> None:
    told, _ = turned(page("a", "b", "a", cursor="A"), page("b", "c", cursor="B"), page("a"))

    assert told == ["a", "b", "c"]


def test_the_form_can_change_from_page_to_page() -> None:
    assert turned(page("a", cursor="A"), quick_start("b", next_cursor="B"), page("c"))[0] == ["a", "b", "c"]


def test_a_null_beside_the_other_form_is_passed_over() -> None:
    assert turned(quick_start("a", items=None))[0] == ["a"]
    assert turned(page("a", data=None))[0] == ["a"]


def test_a_cursor_can_be_a_number() -> None:
    assert turned(page("a", cursor=0), page("b", cursor=17), page("c"))[1] == [None, "0", "17"]


def test_every_page_has_the_same_limit() -> None:
    pages = AccountPages(7)
    assert pages.next is not None
    assert pages.next.query == {"limit": "7"}

    pages.turn(AccountPage.model_validate(page("a", cursor="A")))

    assert pages.next.query == {"limit": "7", "cursor": "A"}


@pytest.mark.parametrize("limit", [1, 100, 250])
def test_a_limit_that_postpress_takes_is_sent(limit: int) -> None:
    assert endpoints.list_accounts(limit=limit).query == {"limit": str(limit)}


@pytest.mark.parametrize("limit", [0, -1, 251, True, "100", 1.5, None])
def test_another_limit_is_refused(limit: Any) -> None:
    with pytest.raises(PostpressInvalidRequest, match=r"limit=.* is not allowed\. Allowed: 1 to 250 accounts a page"):
        AccountPages(limit)


@pytest.mark.parametrize(
    "cursor", ["a&limit=9", "a=b", "a+b c", "a/b?c#d", "%2B", "zürich-東京", "a\r\nX-Evil: 1", "+/==", "{x}", " "]
)
def test_an_odd_cursor_reaches_the_server_as_it_was_told(cursor: str, serve: Serve, connect: Connect) -> None:
    server = serve(answering(http(page("a", cursor=cursor)), http(page("b"))))
    server_of_the_next = serve(answering(http(page("b"))))
    pages = AccountPages()
    assert pages.next is not None
    pages.turn(connect(server.url).send(pages.next))
    assert pages.next is not None

    connect(f"{server_of_the_next.url}/v1").send(pages.next)

    (request,) = server_of_the_next.requests
    assert urlsplit(request.target).path == "/v1/accounts"
    assert parse_qs(urlsplit(request.target).query, strict_parsing=True) == {"limit": ["250"], "cursor": [cursor]}
    assert "x-evil" not in request.headers


def test_a_cursor_that_cannot_be_sent_is_refused() -> None:
    with pytest.raises(PostpressInvalidRequest, match="cannot be encoded as UTF-8"):
        endpoints.list_accounts("\ud800")
    with pytest.raises(PostpressProtocolError, match="a cursor too long for a URL"):
        AccountPages().turn(AccountPage.model_validate(page("a", cursor="x" * 1_000_000)))


def test_a_list_of_ever_more_accounts_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "_MAX_PAGES", 20)
    pages = AccountPages()
    for number in range(19):
        pages.turn(AccountPage.model_validate(page(f"acc_{number}", cursor=str(number))))

    with pytest.raises(PostpressProtocolError, match="does not end: it told of more than 20 pages"):
        pages.turn(AccountPage.model_validate(page("acc_19", cursor="19")))


NO_PAGES = {
    "nothing": {},
    "an account": telegram(),
    "no list": {"items": {"a": telegram()}},
    "a text": {"items": "abc"},
    "null": {"items": None},
    "numbers": {"items": [7]},
    "an account without an id": {"items": [telegram(), {"type": "TELEGRAM"}]},
    "a type that is a list": {"items": [telegram(type=["TELEGRAM"])]},
    "a cursor that is an object": {"items": [], "cursor": {"after": "a"}},
    "a cursor that is false": {"items": [], "cursor": False},
}


@pytest.mark.parametrize("document", NO_PAGES.values(), ids=NO_PAGES)
def test_what_is_no_page_is_unreadable(document: dict[str, Any], serve: Serve, connect: Connect) -> None:
    with pytest.raises(PostpressUnreadableAnswer, match=r"GET /accounts was answered 200, .* is not AccountPage"):
        connect(serve(answering(http(document))).url).send(endpoints.list_accounts())


def test_a_list_alone_is_unreadable(serve: Serve, connect: Connect) -> None:
    with pytest.raises(PostpressUnreadableAnswer, match="not a JSON object"):
        connect(serve(answering(http("[]"))).url).send(endpoints.list_accounts())


def test_a_page_holds_each_account_as_its_own_class_and_odd_ones_too(serve: Serve, connect: Connect) -> None:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(http({"items": [telegram(), telegram(type="MATRIX"), telegram(name=7)]}))

    answer = connect(serve(behave).url).send(endpoints.list_accounts())

    assert [type(account).__name__ for account in answer.items] == ["TelegramAccount", "Account", "Account"]
