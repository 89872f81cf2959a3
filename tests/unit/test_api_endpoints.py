"""What is sent for what is asked, refused where Postpress would not understand it."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from api_clients import Connect, Serve
from misbehaving_server import answering, http

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models import read_credentials


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({}, {}),
        ({"chunk_size": 1}, {"chunk_size": "1"}),
        ({"partial": True}, {"partial": "true"}),
        ({"partial": False}, {"partial": "false"}),
        ({"linkedin_product": "sales_navigator"}, {"linkedin_product": "sales_navigator"}),
        (
            {"before": 1_735_689_600_000, "after": 1_704_067_199_999},
            {"before": "1735689600000", "after": "1704067199999"},
        ),
        ({"after": 0}, {"after": "0"}),
    ],
)
def test_parameters_are_written_as_postpress_reads_them(parameters: dict[str, Any], query: dict[str, str]) -> None:
    assert endpoints.resync_account("acc_1", parameters).query == query


@pytest.mark.parametrize(
    ("parameters", "allowed"),
    [
        ({"chunk_size": 0}, "at least 1"),
        ({"chunk_size": -5}, "at least 1"),
        ({"chunk_size": True}, "at least 1"),
        ({"chunk_size": "50"}, "at least 1"),
        ({"chunk_size": 1.5}, "at least 1"),
        ({"chunk_size": None}, "at least 1"),
        ({"partial": "true"}, "true or false"),
        ({"partial": 1}, "true or false"),
        ({"partial": None}, "true or false"),
        ({"linkedin_product": "premium"}, "classic, recruiter, sales_navigator"),
        ({"linkedin_product": ""}, "classic, recruiter, sales_navigator"),
        ({"before": 1_735_689_600}, "neither seconds"),
        ({"after": 1_735_689_600}, "neither seconds"),
        ({"after": 1_735_689_600_000_000}, "nor microseconds"),
        ({"after": -1}, "epoch milliseconds"),
        ({"after": 1_735_689_600_000.0}, "epoch milliseconds"),
        ({"after": "2025-01-01"}, "epoch milliseconds"),
        ({"since": 1_735_689_600_000}, "chunk_size, partial, linkedin_product, before, after"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name_and_value_with_what_is_allowed(
    parameters: dict[str, Any], allowed: str
) -> None:
    ((name, value),) = parameters.items()

    with pytest.raises(PostpressInvalidRequest) as caught:
        endpoints.resync_account("acc_1", parameters)

    assert f"{name}={value!r}" in str(caught.value)
    assert allowed in str(caught.value)


ACCOUNT = {
    "object": "Account",
    "type": "LINKEDIN",
    "id": "acc_1",
    "name": "Anna",
    "sources": [{"id": "messaging", "status": "OK", "since": "yesterday"}],
    "connection_params": {"im": {"premiumFeatures": ["sales_navigator"]}, "proxy": {"password": "hunter2"}},
    "invented_later": {"deep": [1]},
}


def test_an_account_is_read_leniently(serve: Serve, connect: Connect) -> None:
    account = connect(serve(answering(http(ACCOUNT))).url).send(endpoints.get_account("acc_1"))

    assert (account.id, account.type, account.name) == ("acc_1", "LINKEDIN", "Anna")
    assert [(source.id, source.status) for source in account.sources] == [("messaging", "OK")]
    assert account.linkedin_products == ("classic", "sales_navigator")
    assert account.model_dump()["invented_later"] == {"deep": [1]}


def test_an_account_does_not_show_its_connection_parameters(serve: Serve, connect: Connect) -> None:
    account = connect(serve(answering(http(ACCOUNT))).url).send(endpoints.get_account("acc_1"))

    assert "hunter2" not in f"{account} {account!r}"


def test_credentials_are_read_strictly_before_there_is_a_request() -> None:
    with pytest.raises(PostpressInvalidRequest, match="passwrd") as caught:
        endpoints.reconnect_account("acc_1", {"provider": "LINKEDIN", "username": "anna", "passwrd": "hunter2"})

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("identifier", ["", ".", "..", None])
def test_a_login_needs_an_id(identifier: Any) -> None:
    with pytest.raises(PostpressInvalidRequest, match="is not an id"):
        endpoints.reconnect_account(identifier, {"provider": "TELEGRAM"})


def test_credentials_that_were_read_are_taken_as_they_are() -> None:
    credentials = read_credentials({"provider": "LINKEDIN", "username": "anna", "password": "hunter2"})

    endpoint = endpoints.reconnect_account("acc_1", credentials)

    assert endpoint.body is credentials
    assert (endpoint.method, endpoint.path, endpoint.query) == ("POST", "/accounts/acc_1", {})
    assert endpoint.route == "POST /accounts/{id}"


def test_what_only_reads_has_no_body() -> None:
    for endpoint in (endpoints.get_account("acc_1"), endpoints.list_accounts(), endpoints.sync_chat("chat_1")):
        assert (endpoint.method, endpoint.body) == ("GET", None)


@pytest.mark.parametrize("cursor", [None, ""])
def test_the_first_page_is_asked_for_without_a_cursor(cursor: str | None) -> None:
    endpoint = endpoints.list_accounts(cursor, 100)

    assert (endpoint.route, endpoint.path, endpoint.query) == ("GET /accounts", "/accounts", {"limit": "100"})


@pytest.mark.parametrize("status", ["SYNC_STARTED", "CHUNK_DONE", "CHAT_DELETED", "SYNC_PAUSED"])
def test_a_sync_answer_keeps_any_status(status: str, serve: Serve, connect: Connect) -> None:
    server = serve(answering(http({"object": "ChatHistorySync", "chat_id": "chat_1", "status": status, "new": 1})))

    answer = connect(server.url).send(endpoints.sync_chat("chat_1"))

    assert (answer.object, answer.chat_id, answer.status) == ("ChatHistorySync", "chat_1", status)


def test_a_compressed_answer_is_read(serve: Serve, connect: Connect) -> None:
    body = gzip.compress(b'{"object": "AccountResync", "status": "SYNC_DONE"}')
    server = serve(answering(http(body, Content_Encoding="gzip")))

    assert connect(server.url).send(endpoints.resync_account("acc_1", {})).status == "SYNC_DONE"
