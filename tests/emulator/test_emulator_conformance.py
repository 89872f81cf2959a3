"""The emulator's answers, and the requests that it accepts, against the documented API."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import pytest
import schemathesis
import yaml
from emulator_bench import Bench
from hypothesis import HealthCheck, settings

from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.emulator.accounts import ACCOUNT_TYPES, SOURCE_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_postpress.emulator.fault_book import Route

ACCOUNTS = [
    "acc_linkedin", "acc_recruiter", "acc_telegram", "acc_whatsapp", "acc/slash ü", "acc_logged_out", "acc_instagram",
    "acc_messenger", "acc_mail", "acc_icloud", "acc_google_oauth", "acc_outlook", "acc_twitter", "acc_slack",
]  # fmt: skip
CHATS = ["chat_linkedin_1", "chat_whatsapp_1", "chat/slash ü", "chat_gone"]
COOKIES = [{"name": name, "value": "v"} for name in ("xs", "c_user", "datr")]
UTC_DATETIME = r"^20[0-9]{2}-(0[1-9]|1[0-2])-[0-2][1-8]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$"


def _document() -> dict[str, Any]:
    """The API's own document, with real ids (or nothing but 404 would ever be seen) and what the pages add in words."""
    document: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "openapi.yaml").read_text())
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"]["enum"] = CHATS if path.startswith("/chats") else ACCOUNTS
    schemas = document["components"]["schemas"]
    words = {
        "country": {"type": "string", "pattern": "^[A-Za-z]{2}$"},
        "ip": {"type": "string", "format": "ipv4"},
        "pairing_phone_number": {"type": "string", "pattern": "^[0-9]+$"},
        "cookies": {"enum": [COOKIES]},
    }
    for name, schema in schemas.items():
        if name.startswith("Reconnect") or name in ("ProxyInput", "MessagingSyncLimit"):
            properties = schema.get("properties", {})
            properties.update({field: told for field, told in words.items() if field in properties})
            if properties:
                schema["additionalProperties"] = False
    for limit in schemas["MessagingSyncLimit"]["properties"].values():
        limit["oneOf"][0] = {"type": "string", "pattern": UTC_DATETIME}
    return document


DOCUMENT = _document()
# 400: an empty span, a chunk of no chats, partial for Telegram: the document cannot say that these are refused
SYNCS_ALSO = {
    "positive_data_acceptance": {"expected-statuses": ["2XX", "400", "401", "403", "404", "501"]},
    "not_a_server_error": {"expected-statuses": ["2XX", "3XX", "4XX", "501"]},
}
# 403: a login for another provider's account
LOGINS_ALSO = {"positive_data_acceptance": {"expected-statuses": ["2XX", "403"]}}
SCHEMA = schemathesis.openapi.from_dict(
    DOCUMENT,
    config=schemathesis.Config.from_dict(
        {
            "operations": [
                {"include-path": "/accounts/{account_id}/sync", "checks": SYNCS_ALSO},
                {"include-operation-id": "reconnectAccount", "checks": LOGINS_ALSO},
            ]
        }
    ),
)
LOGIN = {"provider": "LINKEDIN", "username": "anna", "password": "hunter2"}
OPERATIONS: dict[Route, tuple[str, str, str]] = {
    "get_account": ("GET", "/accounts/{id}", "acc_linkedin"),
    "reconnect_account": ("POST", "/accounts/{id}", "acc_linkedin"),
    "account_sync": ("GET", "/accounts/{account_id}/sync", "acc_linkedin"),
    "chat_sync": ("GET", "/chats/{chat_id}/sync", "chat_linkedin_1"),
}


def _documented_errors() -> Iterator[Any]:
    """Every error type of every status of every route."""
    for route, (method, path, _) in OPERATIONS.items():
        for status, response in DOCUMENT["paths"][path][method.lower()]["responses"].items():
            schema = response["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
            if status >= "400" and status != "default":
                error_types = DOCUMENT["components"]["schemas"][schema]["allOf"][1]["properties"]["type"]["enum"]
                yield pytest.param(route, int(status), error_types, id=f"{route} {status}")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(duration_ms=0, checkpoint_ms=1) as emulator:
        emulator.populate()
        for account_type in ("MESSENGER", "ICLOUD", "GOOGLE_OAUTH", "OUTLOOK", "TWITTER", "SLACK"):
            emulator.add_account(account_type, account_id=f"acc_{account_type.lower()}")
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
    method, path, object_id = OPERATIONS[route]
    for error_type in error_types:
        emulator.inject(faults.Error(status=status, error_type=error_type), route=route)
        response = client.request(method, re.sub(r"\{.*\}", object_id, path))
        assert (response.status_code, response.json()["type"]) == (status, error_type)
        SCHEMA[path][method].validate_response(response)


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

    def statuses(route: Route, path: str, *pauses: int) -> list[str]:
        seen = []
        for pause in pauses:
            emulator.advance(pause)
            response = client.get(path, params={"chunk_size": 1} if route == "account_sync" else None)
            SCHEMA[OPERATIONS[route][1]]["GET"].validate_response(response)
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


def test_an_account_with_a_proxy_conforms(emulator: Emulator, client: httpx.Client) -> None:
    account = emulator.add_account("LINKEDIN", proxy={"host": "proxy.example.com", "port": 3128, "password": "p"})
    SCHEMA["/accounts/{id}"]["GET"].validate_response(client.get(f"/accounts/{account}"))


def test_a_login_and_every_checkpoint_conform(emulator: Emulator, client: httpx.Client) -> None:
    def log_in(body: dict[str, str], account: str) -> tuple[int, str | None]:
        emulator.advance(1)
        response = client.post(f"/accounts/{account}", json=body)
        SCHEMA["/accounts/{id}"]["POST"].validate_response(response)
        return response.status_code, response.json().get("checkpoint", {}).get("type")

    assert log_in(LOGIN, "acc_linkedin") == (201, None)
    assert log_in({"provider": "TELEGRAM"}, "acc_telegram") == (202, "QRCODE")
    assert log_in({"provider": "WHATSAPP"}, "acc_whatsapp") == (202, "QRCODE")
    assert log_in({"provider": "WHATSAPP", "pairing_phone_number": "33600000000"}, "acc_whatsapp")[0] == 202
    emulator.require_checkpoint("acc_linkedin", "CONTRACT_CHOOSER", contract_options=[{"id": "1", "name": "One"}])
    assert log_in(LOGIN, "acc_linkedin") == (202, "CONTRACT_CHOOSER")


def test_every_message_to_a_webhook_conforms_and_every_documented_one_is_sent() -> None:
    bench = Bench("TELEGRAM", duration_ms=0, webhooks_at_once=100)
    engine = bench.engine
    engine.register_webhook("http://localhost/")
    engine.add_account("LINKEDIN", account_id="premium", premium_features=["recruiter"])
    engine.account_sync("premium", {})
    engine.reconnect_account("premium", json.dumps(LOGIN).encode())
    for status in SOURCE_STATUSES:
        engine.set_source_status("acc", status)
    engine.delete_account("acc")
    bodies = [attempt.delivery["body"] for attempt in engine.take_attempts()]
    schemas = DOCUMENT["components"]["schemas"]
    documented = schemas["AccountStatusMessage"]["enum"]
    assert {body["AccountStatus"]["message"] for body in bodies} == {*documented, "PERMISSIONS"}
    also = {**schemas, "AccountStatusMessage": {"enum": [*documented, "PERMISSIONS"]}}  # which other pages know
    event = {"$ref": "#/components/schemas/AccountStatusEvent", "components": {"schemas": also}}
    for body in bodies:
        jsonschema.validate(body, event)
