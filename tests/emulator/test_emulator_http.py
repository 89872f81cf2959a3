"""The routes over a real socket: keys, paths, ids, and the request log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from airflow_provider_postpress.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["airflow_provider_postpress.emulator.fixtures"]

ROUTES = ["/accounts", "/accounts/acc", "/accounts/acc/sync", "/chats/chat_1/sync"]
LOGIN = {"provider": "LINKEDIN", "username": "anna", "password": "hunter2"}


@pytest.fixture
def emulator(postpress_emulator: Emulator) -> Emulator:
    postpress_emulator.add_account("LINKEDIN", account_id="acc")
    postpress_emulator.add_chat("acc", chat_id="chat_1")
    return postpress_emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{emulator.url}/v1", headers={"X-API-KEY": emulator.api_key}) as client:
        yield client


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_answers_json_to_the_right_key(client: httpx.Client, route: str) -> None:
    response = client.get(route)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("headers", "error_type"),
    [({}, "errors/missing_credentials"), ({"X-API-KEY": "wrong"}, "errors/invalid_credentials")],
)
def test_a_route_refuses_no_key_or_a_wrong_one_and_starts_nothing(
    emulator: Emulator, route: str, headers: dict[str, str], error_type: str
) -> None:
    response = httpx.get(f"{emulator.url}/v1{route}", headers=headers)
    assert (response.status_code, response.json()["type"]) == (401, error_type)
    assert emulator.starts("acc") == emulator.starts(chat_id="chat_1") == []


def test_each_sync_route_moves_its_own_state(client: httpx.Client) -> None:
    assert [client.get("/accounts/acc/sync").json()["status"] for _ in range(2)] == ["SYNC_STARTED", "SYNC_RUNNING"]
    assert client.get("/chats/chat_1/sync").json() == {
        "object": "ChatHistorySync",
        "chat_id": "chat_1",
        "status": "SYNC_STARTED",
    }


@pytest.mark.parametrize(
    ("object_id", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("a/b", "a%2fb"),
        ("../x", "..%2Fx"),
        ("%2e", "%252e"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("zoë-日本", "zo%C3%AB-%E6%97%A5%E6%9C%AC"),
        ("acc/sync", "acc%2Fsync"),
    ],
)
def test_an_encoded_id_is_one_segment_of_the_path(
    emulator: Emulator, client: httpx.Client, object_id: str, segment: str
) -> None:
    emulator.add_account("TELEGRAM", account_id=object_id)
    emulator.add_chat(object_id, chat_id=object_id)
    assert client.get(f"/accounts/{segment}").json()["id"] == object_id
    assert client.get(f"/accounts/{segment}/sync").json()["status"] == "SYNC_STARTED"
    assert client.get(f"/chats/{segment}/sync").json()["chat_id"] == object_id
    assert len(emulator.starts(object_id)) == 1
    assert client.post(f"/accounts/{segment}", json={"provider": "TELEGRAM"}).json()["account_id"] == object_id


def test_an_id_with_a_bare_slash_is_no_route(emulator: Emulator, client: httpx.Client) -> None:
    emulator.add_account("TELEGRAM", account_id="a/b")
    assert client.get("/accounts/a/b/sync").status_code == 404
    assert emulator.starts("a/b") == []


def test_bytes_that_are_no_text_are_an_unknown_id(client: httpx.Client) -> None:
    assert client.get("/accounts/%ff").json()["type"] == "errors/resource_not_found"


def test_a_parameter_that_comes_twice_is_refused(emulator: Emulator, client: httpx.Client) -> None:
    response = client.get("/accounts/acc/sync?after=1&after=2")
    assert (response.status_code, response.json()["type"]) == (400, "errors/invalid_parameters")
    assert emulator.starts("acc") == []


def test_an_empty_parameter_is_refused(client: httpx.Client) -> None:
    assert client.get("/accounts/acc/sync?after=").status_code == 400


@pytest.mark.parametrize("headers", [{}, {"X-API-KEY": "wrong"}])
def test_a_login_without_the_right_key_does_nothing(emulator: Emulator, headers: dict[str, str]) -> None:
    response = httpx.post(f"{emulator.url}/v1/accounts/acc", json=LOGIN, headers=headers)
    assert (response.status_code, response.json()["type"]) == (401, "errors/invalid_credentials")
    assert emulator.logins() == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_login_that_does_not_say_that_it_is_json_is_refused(
    emulator: Emulator, client: httpx.Client, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = client.post("/accounts/acc", content=json.dumps(LOGIN), headers=headers)
    assert (response.status_code, response.json()["type"]) == (400, "errors/invalid_request")
    assert emulator.logins() == []


def test_a_login_may_name_the_charset_of_its_json(client: httpx.Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    response = client.post("/accounts/acc", content=json.dumps(LOGIN), headers=headers)
    assert (response.status_code, response.json()) == (201, {"object": "AccountReconnected", "account_id": "acc"})


def test_the_log_has_no_body_of_a_login_and_no_cursor_loses_its_letters(
    emulator: Emulator, client: httpx.Client
) -> None:
    emulator.add_account("WHATSAPP", account_id="phone")
    code = client.post("/accounts/phone", json={"provider": "WHATSAPP"}).json()["checkpoint"]["qrcode"]
    client.post("/accounts/acc", json={**LOGIN, "passwort": "hunter3"})
    client.post("/accounts/acc", json=LOGIN)
    cursor = client.get("/accounts", params={"limit": 1}).json()["cursor"]
    assert client.get("/accounts", params={"limit": 1, "cursor": cursor}).json()["items"][0]["id"] == "phone"
    assert client.get(f"/accounts?limit=1&cursor={cursor}").json()["type"] == "errors/invalid_parameters"
    log = emulator.requests()
    assert [(entry["route"], entry["object_id"], entry["status"]) for entry in log] == [
        ("reconnect_account", "phone", 202),
        ("reconnect_account", "acc", 400),
        ("reconnect_account", "acc", 201),
        ("list_accounts", None, 200),
        ("list_accounts", None, 200),
        ("list_accounts", None, 400),
    ]
    assert "hunter" not in str(log)
    assert code not in str(log)


def test_a_parameter_of_the_list_that_comes_twice_is_refused(client: httpx.Client) -> None:
    assert client.get("/accounts?limit=1&limit=2").json()["type"] == "errors/invalid_parameters"


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/accounts", "POST", "GET"),
        ("/accounts", "HEAD", "GET"),
        ("/accounts/acc", "PUT", "GET, POST"),
        ("/accounts/acc", "HEAD", "GET, POST"),
    ],
)
def test_no_other_method_is_served(client: httpx.Client, path: str, method: str, allowed: str) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE"])
def test_only_get_starts_a_sync(emulator: Emulator, client: httpx.Client, method: str) -> None:
    response = client.request(method, "/accounts/acc/sync")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET")
    assert emulator.starts("acc") == []


def test_the_other_base_path_is_served_where_asked_for(emulator: Emulator, client: httpx.Client) -> None:
    other = f"{emulator.url}/api/v1/accounts/acc"
    assert client.get(other).status_code == 404
    emulator.configure(base_paths=["/api/v1"])
    assert client.get(other).status_code == 200
    assert client.get("/accounts/acc").status_code == 404
    emulator.configure(base_paths=["/v1", "/api/v1"])
    assert client.get("/accounts/acc").status_code == client.get(other).status_code == 200


def test_an_unknown_route_looks_as_asked_for(emulator: Emulator, client: httpx.Client) -> None:
    assert client.get("/users").json() == {
        "title": "Not Found",
        "detail": "Cannot GET /v1/users",
        "type": "errors/resource_not_found",
        "status": 404,
        "instance": "req_000001",
    }
    emulator.configure(unknown_route="second")
    assert client.get("/users").json() == {
        "error": {"code": "resource_not_found", "message": "Cannot GET /v1/users", "request_id": "req_000002"}
    }
    emulator.configure(unknown_route="html")
    page = client.get("/<b>")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "<b>" not in page.text


def test_the_log_tells_what_was_asked_and_answered(emulator: Emulator, client: httpx.Client) -> None:
    client.get("/accounts/acc")
    client.get("/accounts/acc/sync?after=1")
    client.get("/chats/none%2F/sync")
    assert [{**entry, "at": None} for entry in emulator.requests()] == [
        {
            "instance": "req_000001",
            "at": None,
            "method": "GET",
            "path": "/v1/accounts/acc",
            "query": "",
            "route": "get_account",
            "object_id": "acc",
            "status": 200,
            "sync_status": None,
            "fault": None,
        },
        {
            "instance": "req_000002",
            "at": None,
            "method": "GET",
            "path": "/v1/accounts/acc/sync",
            "query": "after=1",
            "route": "account_sync",
            "object_id": "acc",
            "status": 200,
            "sync_status": "SYNC_STARTED",
            "fault": None,
        },
        {
            "instance": "req_000003",
            "at": None,
            "method": "GET",
            "path": "/v1/chats/none%2F/sync",
            "query": "",
            "route": "chat_sync",
            "object_id": "none/",
            "status": 404,
            "sync_status": None,
            "fault": None,
        },
    ]


def test_the_log_can_be_asked_for_an_account_a_chat_or_a_route(emulator: Emulator, client: httpx.Client) -> None:
    for route in ROUTES:
        client.get(route)
    assert [entry["path"] for entry in emulator.requests("acc")] == ["/v1/accounts/acc", "/v1/accounts/acc/sync"]
    assert [entry["path"] for entry in emulator.requests(route="list_accounts")] == ["/v1/accounts"]
    assert [entry["path"] for entry in emulator.requests(chat_id="chat_1")] == ["/v1/chats/chat_1/sync"]
    assert [entry["path"] for entry in emulator.requests(route="account_sync")] == ["/v1/accounts/acc/sync"]


def test_the_log_never_has_the_key() -> None:
    with Emulator(api_key="pp/se+cret") as emulator:
        for path in ("/accounts/pp%2Fse%2Bcret/sync?after=pp/se+cret", "/pp/se+cret", "/accounts/x?key=pp%2Fse%2Bcret"):
            httpx.get(f"{emulator.url}/v1{path}", headers={"X-API-KEY": emulator.api_key})
        assert len(emulator.requests()) == 3
        assert "cret" not in str(emulator.requests())
