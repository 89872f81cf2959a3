"""The emulator's answers, and the requests that it accepts, against the documented API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings

from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.emulator.accounts import ACCOUNT_TYPES, SOURCE_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_postpress.emulator.fault_book import Route

ACCOUNTS = ["acc_linkedin", "acc_recruiter", "acc_telegram", "acc_whatsapp", "acc/slash ü", "acc_logged_out"]
CHATS = ["chat_linkedin_1", "chat_whatsapp_1", "chat/slash ü", "chat_gone"]


def _document() -> dict[str, Any]:
    """The API's own document, without the route that the emulator does not have.

    Ids are to be real ones: with others nothing but 404 would ever be seen.
    """
    document: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "openapi.yaml").read_text())
    for path, operations in document["paths"].items():
        operations.pop("post", None)
        for parameter in operations["get"]["parameters"]:
            if parameter["in"] == "path":
                parameter["schema"]["enum"] = CHATS if path.startswith("/chats") else ACCOUNTS
    return document


DOCUMENT = _document()
# 400: an empty span, a chunk of no chats, partial for Telegram: the document cannot say that these are refused
ALSO_EXPECTED = {
    "positive_data_acceptance": {"expected-statuses": ["2XX", "400", "401", "403", "404", "501"]},
    "not_a_server_error": {"expected-statuses": ["2XX", "3XX", "4XX", "501"]},
}
SCHEMA = schemathesis.openapi.from_dict(
    DOCUMENT,
    config=schemathesis.Config.from_dict(
        {"operations": [{"include-path": "/accounts/{account_id}/sync", "checks": ALSO_EXPECTED}]}
    ),
)
OPERATIONS = {
    "get_account": ("/accounts/{id}", "acc_linkedin"),
    "account_sync": ("/accounts/{account_id}/sync", "acc_linkedin"),
    "chat_sync": ("/chats/{chat_id}/sync", "chat_linkedin_1"),
}


def _documented_errors() -> Iterator[Any]:
    """Every error type of every status of every route."""
    for route, (path, _) in OPERATIONS.items():
        for status, response in DOCUMENT["paths"][path]["get"]["responses"].items():
            schema = response["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
            if status not in ("200", "default"):
                error_types = DOCUMENT["components"]["schemas"][schema]["allOf"][1]["properties"]["type"]["enum"]
                yield pytest.param(route, int(status), error_types, id=f"{route} {status}")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(duration_ms=0) as emulator:
        emulator.populate()
        emulator.add_account("LINKEDIN", account_id="acc/slash ü")
        emulator.add_chat("acc/slash ü", chat_id="chat/slash ü")
        emulator.add_chat("acc/slash ü", chat_id="chat_gone")
        emulator.delete_chat("chat_gone")
        yield emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{emulator.url}/v1", headers={"X-API-KEY": emulator.api_key}) as client:
        yield client


@SCHEMA.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_request_gets_a_documented_answer_and_only_documented_requests_are_accepted(
    case: schemathesis.Case[Any], emulator: Emulator
) -> None:
    case.call_and_validate(base_url=f"{emulator.url}/v1", headers={"X-API-KEY": emulator.api_key})


@pytest.mark.parametrize(("route", "status", "error_types"), list(_documented_errors()))
def test_every_documented_error_conforms(
    emulator: Emulator, client: httpx.Client, route: Route, status: int, error_types: list[str]
) -> None:
    path, object_id = OPERATIONS[route]
    for error_type in error_types:
        emulator.inject(faults.Error(status=status, error_type=error_type), route=route)
        response = client.get(re.sub(r"\{.*\}", object_id, path))
        assert (response.status_code, response.json()["type"]) == (status, error_type)
        SCHEMA[path]["GET"].validate_response(response)


@pytest.mark.parametrize("account_type", ACCOUNT_TYPES)
def test_an_account_of_every_type_conforms(emulator: Emulator, client: httpx.Client, account_type: str) -> None:
    account = emulator.add_account(account_type, sources=SOURCE_STATUSES)
    response = client.get(f"/accounts/{account}")
    SCHEMA["/accounts/{id}"]["GET"].validate_response(response)
    assert response.json()["type"] == account_type


def test_every_documented_type_of_account_can_be_made() -> None:
    assert set(DOCUMENT["components"]["schemas"]["Account"]["discriminator"]["mapping"]) == set(ACCOUNT_TYPES)


def test_every_documented_status_of_a_sync_conforms(emulator: Emulator, client: httpx.Client) -> None:
    account = emulator.add_account("LINKEDIN")
    chats = [emulator.add_chat(account) for _ in range(2)]
    emulator.fail_next_sync(account, at_chunk=2)
    emulator.fail_next_sync(chat_id=chats[0])
    emulator.configure(duration_ms=60_000)

    def statuses(route: str, path: str, *pauses: int) -> list[str]:
        seen = []
        for pause in pauses:
            emulator.advance(pause)
            response = client.get(path, params={"chunk_size": 1} if route == "account_sync" else None)
            SCHEMA[OPERATIONS[route][0]]["GET"].validate_response(response)
            seen.append(response.json()["status"])
        return seen

    assert statuses("account_sync", f"/accounts/{account}/sync", 0, 0, 60, 0, 60, 0, 60, 0, 60) == [
        "SYNC_STARTED", "SYNC_RUNNING", "CHUNK_DONE", "SYNC_STARTED", "SYNC_ERROR",
        "SYNC_STARTED", "CHUNK_DONE", "SYNC_STARTED", "SYNC_DONE",
    ]  # fmt: skip
    assert statuses("chat_sync", f"/chats/{chats[0]}/sync", 0, 0, 60, 0, 60) == [
        "SYNC_STARTED", "SYNC_RUNNING", "SYNC_ERROR", "SYNC_STARTED", "SYNC_DONE",
    ]  # fmt: skip
    emulator.delete_chat(chats[0])
    assert statuses("chat_sync", f"/chats/{chats[0]}/sync", 0, 0) == ["CHAT_DELETED", "CHAT_DELETED"]
    emulator.configure(duration_ms=0)
