from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models import Account
from airflow_provider_postpress.resync.request import SyncRequest, Target, account_request
from airflow_provider_postpress.resync.window import SyncWindow

WINDOW = SyncWindow("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
LINKEDIN = Account(type="LINKEDIN", id="acc", connection_params={"im": {"premiumFeatures": ["recruiter", "premium"]}})
TELEGRAM = Account(type="TELEGRAM", id="acc")


def test_a_window_of_a_linkedin_account_keeps_what_is_there() -> None:
    endpoint = account_request("acc", LINKEDIN, WINDOW).endpoint
    assert (endpoint.method, endpoint.path) == ("GET", "/accounts/acc/sync")
    assert endpoint.query == {"partial": "true", "after": "1767225599999", "before": "1769904000000"}


def test_as_documented_swaps_the_bounds() -> None:
    query = account_request("acc", TELEGRAM, WINDOW, time_span="as_documented").endpoint.query
    assert query == {"after": "1769904000000", "before": "1767225599999"}


@pytest.mark.parametrize(("partial", "sent"), [(None, "true"), (True, "true"), (False, "false")])
def test_partial_is_always_said_to_linkedin_and_is_true_unless_told_otherwise(partial: bool | None, sent: str) -> None:
    assert account_request("acc", LINKEDIN, None, partial=partial).endpoint.query == {"partial": sent}


@pytest.mark.parametrize("partial", [None, True, False])
def test_partial_is_not_said_to_others(partial: bool | None) -> None:
    assert account_request("acc", TELEGRAM, None, partial=partial).endpoint.query == {}


@pytest.mark.parametrize("partial", ["true", 1, 0, ""])
def test_partial_is_nothing_else(partial: Any) -> None:
    with pytest.raises(PostpressInvalidRequest, match="partial="):
        account_request("acc", LINKEDIN, None, partial=partial)


@pytest.mark.parametrize("chunk_size", [1, 50, "50", " 7 "])
def test_a_chunk_size_is_a_number_of_chats_and_may_come_from_a_template(chunk_size: int | str) -> None:
    request = account_request("acc", TELEGRAM, None, chunk_size=chunk_size)
    assert request.endpoint.query == {"chunk_size": str(int(chunk_size))}
    assert request.is_chunked
    assert not account_request("acc", TELEGRAM, None).is_chunked


@pytest.mark.parametrize("chunk_size", [0, -1, True, 1.5, "", "0", "-1", "1.5", "many", "²"])
def test_a_chunk_size_that_is_none_is_refused_by_name(chunk_size: Any) -> None:
    with pytest.raises(PostpressInvalidRequest, match="chunk_size="):
        account_request("acc", TELEGRAM, None, chunk_size=chunk_size)


@pytest.mark.parametrize("product", ["classic", "recruiter"])
def test_a_product_that_the_account_has_can_be_asked_for(product: str) -> None:
    assert (
        account_request("acc", LINKEDIN, None, linkedin_product=product).endpoint.query["linkedin_product"] == product
    )


@pytest.mark.parametrize("product", [None, ""])
def test_no_product_means_all(product: str | None) -> None:
    assert "linkedin_product" not in account_request("acc", LINKEDIN, None, linkedin_product=product).endpoint.query


@pytest.mark.parametrize(
    ("account", "product", "said"),
    [
        (LINKEDIN, "jobs", "Allowed: classic, recruiter, sales_navigator"),
        (LINKEDIN, "sales_navigator", "it has classic, recruiter"),
        (TELEGRAM, "classic", "is of TELEGRAM, and products are LinkedIn's"),
    ],
)
def test_a_product_that_the_account_does_not_have_is_refused_with_those_it_has(
    account: Account, product: str, said: str
) -> None:
    with pytest.raises(PostpressInvalidRequest, match=said):
        account_request("acc", account, None, linkedin_product=product)


def test_a_chat_is_asked_for_without_parameters() -> None:
    endpoint = SyncRequest(Target.CHAT, "a/b").endpoint
    assert (endpoint.path, endpoint.query) == ("/chats/a%2Fb/sync", {})


@pytest.mark.parametrize("target", Target)
@pytest.mark.parametrize("bad", ["", " ", ".", ".."])
def test_an_id_that_cannot_be_part_of_a_path_is_refused_by_name(target: Target, bad: str) -> None:
    with pytest.raises(PostpressInvalidRequest, match=f"{target}_id="):
        SyncRequest(target, bad)


@pytest.mark.parametrize(
    "request_",
    [
        account_request("acc", LINKEDIN, WINDOW, chunk_size=3, partial=False, linkedin_product="recruiter"),
        account_request("acc", TELEGRAM, None),
        SyncRequest(Target.CHAT, "chat ü/1"),
    ],
    ids=str,
)
def test_a_request_survives_json_and_is_found_among_other_keys(request_: SyncRequest) -> None:
    written = json.loads(json.dumps({**request_.as_dict(), "status": "SYNC_STARTED"}))
    assert SyncRequest.from_dict(written) == request_


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"window": None, "parameters": {}},
        {"account_id": "a", "chat_id": "b", "window": None, "parameters": {}},
        {"account_id": "a", "window": None},
        {"account_id": "a", "window": "all", "parameters": {}},
        {"account_id": "a", "window": {"start": "2026-01-01T00:00:00Z"}, "parameters": {}},
        {"account_id": 7, "window": None, "parameters": {}},
    ],
    ids=str,
)
def test_what_is_no_request_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(PostpressInvalidRequest):
        SyncRequest.from_dict(data)


def test_the_id_that_was_asked_for_is_the_one_that_is_synced_whatever_the_answer_calls_the_account() -> None:
    assert account_request("an alias", LINKEDIN, None).endpoint.path == "/accounts/an%20alias/sync"
