"""The webhook's receiver in a real API server, over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import httpx
import pytest
from api_server import HEADER, PREVIOUS, SECRET, Receiver, told

pytestmark = pytest.mark.xdist_group("live")  # two Airflows at once are too much for two cores

MESSAGES = ["OK", "ERROR", "STOPPED", "CREDENTIALS", "CONNECTING", "DELETED", "CREATION_SUCCESS", "RECONNECTED"]
ODD_IDS = ["../../acc", "acc/1?x=y#z", "Zoë 🦋", "%2e%2e"]
LIMIT = 64 * 1024

Unchanged = Callable[[httpx.Response], str]


def test_airflow_lists_the_plugin(receiver: Receiver):
    (plugin,) = [plugin for plugin in receiver.airflow.get("plugins")["plugins"] if plugin["name"] == "postpress"]
    assert [app["url_prefix"] for app in plugin["fastapi_apps"]] == ["/postpress"]
    assert receiver.airflow.get("plugins/importErrors")["import_errors"] == []


@pytest.mark.parametrize("message", [*MESSAGES, "PERMISSIONS", "CREATION_FAIL", "SOMETHING_NEW"])
def test_a_message_becomes_an_event_of_the_status(message: str, receiver: Receiver):
    before = datetime.now(UTC)
    answer = receiver.post(told("acc_1", message))
    assert (answer.status_code, answer.json()) == (200, {"outcome": "recorded"})
    (extra,) = [extra for extra in receiver.status_events("acc_1") if extra["message"] == message]
    received_at = datetime.fromisoformat(extra.pop("received_at"))
    assert before <= received_at <= datetime.now(UTC)
    assert received_at.utcoffset() == timedelta(0)
    assert extra == {
        "told_by": "webhook",
        "account_id": "acc_1",
        "account_type": "LINKEDIN",
        "message": message,
        "product": None,
    }


def test_a_dag_that_is_scheduled_on_it_is_queued(receiver: Receiver):
    receiver.post(told("named", "ERROR"))
    queued = receiver.airflow.get("dags/named/assets/queuedEvents")["queued_events"]
    assert [event["dag_id"] for event in queued] == ["named"]


def test_an_assets_own_name_does_not_matter(receiver: Receiver):
    assert receiver.post(told("named", "CREDENTIALS")).json() == {"outcome": "recorded"}
    messages = [event["extra"]["message"] for event in receiver.events("the_accounts_health")]
    assert "CREDENTIALS" in messages


def test_the_end_of_a_sync_is_told_of_the_account_too_once_for_each_product(receiver: Receiver):
    documents = [
        told("synced", "SYNC_SUCCESS"),
        told("synced", "SYNC_SUCCESS", product="classic"),
        {**told("synced", "SYNC_SUCCESS"), "product": "recruiter"},
        told("synced", "SYNC_SUCCESS", details=[{"product": "sales_navigator"}]),
    ]
    for document in documents:
        assert receiver.post(document).json() == {"outcome": "recorded"}
    products = [None, "classic", "recruiter", "sales_navigator"]
    assert [extra["product"] for extra in receiver.status_events("synced")] == products
    extras = [event["extra"] for event in receiver.events("postpress://accounts/synced")]
    assert [extra["product"] for extra in extras] == products
    assert {(extra["told_by"], extra["status"], extra["window"]) for extra in extras} == {
        ("webhook", "SYNC_SUCCESS", None)
    }


@pytest.mark.parametrize("odd", ODD_IDS)
def test_an_id_is_one_segment_whatever_it_holds(odd: str, receiver: Receiver):
    assert receiver.post(told(odd)).json() == {"outcome": "recorded"}
    (extra,) = receiver.status_events(quote(odd, safe=""))
    assert extra["account_id"] == odd


def test_an_account_that_no_dag_refers_to_is_fine_and_noted_in_the_log(receiver: Receiver, unchanged: Unchanged):
    answer = receiver.post(told("a\u2028stranger"))
    assert answer.status_code == 422
    answer = receiver.post(told("a stranger", "DELETED"))
    assert (answer.status_code, answer.json()) == (200, {"outcome": "no asset"})
    log = receiver.airflow.log_of("api-server").read_text()
    assert "Postpress told of postpress://accounts/a%20stranger/status, and no DAG refers to that." in log


def test_a_repeat_is_answered_and_not_told_again(receiver: Receiver):
    outcomes = [
        receiver.post(told("repeats", message)).json()["outcome"] for message in ("OK", "OK", "ERROR", "OK", "OK")
    ]
    assert outcomes == ["recorded", "repeated", "recorded", "recorded", "repeated"]
    assert [extra["message"] for extra in receiver.status_events("repeats")] == ["OK", "ERROR", "OK"]


def test_of_equal_deliveries_at_once_one_is_told(receiver: Receiver):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: receiver.post(told("concurrent", "CREDENTIALS")), range(48)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["outcome"] for answer in answers) == ["recorded", *["repeated"] * 47]
    assert len(receiver.status_events("concurrent")) == 1


def test_of_a_burst_none_is_lost(receiver: Receiver):
    messages = [f"MESSAGE_{number}" for number in range(100)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda message: receiver.post(told("burst", message)), messages))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(extra["message"] for extra in receiver.status_events("burst")) == sorted(messages)


def test_a_delivery_that_cannot_be_recorded_spoils_no_other_and_a_locked_database_takes_none(receiver: Receiver):
    database = receiver.airflow.home / "airflow.db"
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(receiver.airflow.home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{database}?timeout=0.1",
        "DATABASE": str(database),
    }
    program = Path(__file__).with_name("registering.py")
    run = subprocess.run([sys.executable, program], env=environment, check=True, stdout=subprocess.PIPE, text=True)
    assert json.loads(run.stdout.splitlines()[-1]) == {
        "one is poison": ["recorded", "failed", "recorded"],
        "locked": ["failed", "failed"],
        "no repeats": ["recorded", "recorded"],
        "twins": ["recorded", "repeated"],
        "later": ["recorded"],
    }
    messages = [extra["message"] for extra in receiver.status_events("registered")]
    assert messages == ["FIRST", "LAST", "FIRST", "FIRST", "TWIN", "TWIN"]


def form(message: str) -> dict[str, str]:
    return {"AccountStatus[account_id]": "forms", "AccountStatus[message]": message}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", urlencode(form("FORM_1"))),
        ("application/json", urlencode(form("FORM_2"))),
        (None, urlencode({"AccountStatus.account_id": "forms", "AccountStatus.message": "FORM_3"})),
        (None, urlencode({"AccountStatus": json.dumps(told("forms", "FORM_4")["AccountStatus"])})),
        (None, urlencode({"payload": json.dumps(told("forms", "FORM_5"))})),
        (None, urlencode({json.dumps(told("forms", "FORM_6")): ""})),
        ("application/x-www-form-urlencoded", json.dumps(told("forms", "JSON_1"))),
        ("text/plain", "\ufeff" + json.dumps(told("forms", "JSON_2"))),
        ("nonsense", " \r\n" + json.dumps(told("forms", "JSON_3"))),
    ],
)
def test_a_body_is_read_whatever_its_content_type_says(content_type: str | None, body: str, receiver: Receiver):
    headers = {HEADER: SECRET, **({"Content-Type": content_type} if content_type else {})}
    assert receiver.post(body.encode(), headers=headers).json() == {"outcome": "recorded"}


def test_the_previous_secret_is_let_in_as_well(receiver: Receiver):
    assert receiver.post(told("nobody"), headers={HEADER.lower(): PREVIOUS}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: ""},
        {HEADER: "wrong"},
        {HEADER: SECRET[:-1]},
        {HEADER: SECRET + "x"},
        {HEADER: SECRET.upper()},
        {HEADER: f"{SECRET}, {SECRET}"},
        {"Postpress-Auth": SECRET},
        {"Authorization": f"Bearer {SECRET}"},
        {"Cookie": f"{HEADER}={SECRET}"},
    ],
    ids=str,
)
def test_without_the_secret_nothing_is_let_in(headers: dict[str, str], receiver: Receiver, unchanged: Unchanged):
    answer = receiver.post(told("acc_1", "REFUSED"), headers=headers)
    assert answer.status_code == 401
    assert unchanged(answer) == "The secret is missing or wrong."


def test_a_secret_that_is_sent_twice_is_refused(receiver: Receiver, unchanged: Unchanged):
    headers = [(HEADER, SECRET), (HEADER, SECRET)]
    answer = receiver.http.post(receiver.url, content=json.dumps(told("acc_1", "TWICE")), headers=headers)
    unchanged(answer)
    assert answer.status_code == 401


def test_without_a_configured_secret_every_delivery_is_refused_and_the_log_tells_what_to_do(receiver: Receiver):
    assert receiver.before.status_code == 403
    assert SECRET not in receiver.before.text
    log = receiver.airflow.log_of("api-server").read_text()
    assert log.count("refuses every delivery") == 1
    assert "webhook_secret" in log
    assert SECRET not in log
    assert PREVIOUS not in log


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(method: str, receiver: Receiver):
    answer = receiver.http.request(method, receiver.url, headers={HEADER: SECRET})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/postpress/", "/postpress/webhooks", "/postpress/webhooks/account-status/"])
def test_other_paths_are_not_there(path: str, receiver: Receiver):
    assert receiver.http.post(receiver.airflow.url + path, headers={HEADER: SECRET}).status_code == 404


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 1024):
        yield b" " * 1024


@pytest.mark.parametrize("size", [LIMIT + 1024, 20_000_000])
def test_a_body_that_is_too_large_is_refused_declared_or_not(size: int, receiver: Receiver, unchanged: Unchanged):
    for content in (b" " * size, chunks(size)):
        answer = receiver.http.post(receiver.url, content=content, headers={HEADER: SECRET})
        assert answer.status_code == 413
        assert "65536" in unchanged(answer)


def test_a_body_that_is_just_small_enough_is_read(receiver: Receiver):
    document = json.dumps(told("lenient", "LARGE", more="x")).encode()
    assert receiver.post(document + b" " * (LIMIT - len(document))).json() == {"outcome": "recorded"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"AccountStatus"',
        b"\xff\xfe\x00",
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b"9" * 60_000,
        b"a=b&c=d",
        b"&".join(b"a=b" for _ in range(1000)),
        b"AccountStatus[account_id]=%ff&AccountStatus[message]=OK",
        json.dumps(told("acc_1", "UTF-16")).encode("utf-16"),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_neither_json_nor_a_form_is_refused(body: bytes, receiver: Receiver, unchanged: Unchanged):
    answer = receiver.post(body)
    assert answer.status_code == 400
    assert unchanged(answer).startswith("The body is neither")


MARK = "do-not-repeat-me"


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({}, ""),
        ({"AccountStatus": None}, ""),
        ({"AccountStatus": [MARK]}, ""),
        ({"MessageReceived": {"account_id": MARK}}, ""),
        ({"status": "CREATION_SUCCESS", "account_id": MARK, "name": MARK}, ""),
        ({"AccountStatus": {"account_id": MARK}}, "message"),
        ({"AccountStatus": {"message": MARK}}, "account_id"),
        (told("acc_1", ""), "message"),
        (told("acc_1", "x" * 101), "message"),
        (told("x" * 501), "account_id"),
        (told("acc\n1"), "account_id"),
        (told("acc\x00"), "account_id"),
        (told("\ud800"), "account_id"),
        (told(""), "account_id"),
        (told("   "), "account_id"),
        (told("."), "account_id"),
        (told(".."), "account_id"),
        ({"AccountStatus": {"account_id": 1, "message": "OK"}}, "account_id"),
        ({"AccountStatus": {"account_id": {"a": MARK}, "message": "OK"}}, "account_id"),
        ({"AccountStatus": {"account_id": "acc_1", "message": [MARK]}}, "message"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_what_is_no_status_is_refused(document: object, names: str, receiver: Receiver, unchanged: Unchanged):
    answer = receiver.post(document)
    assert answer.status_code == 422
    assert names in unchanged(answer)
    assert MARK not in answer.text


@pytest.mark.parametrize("product", [5, ["classic"], {"name": "classic"}, "", "x" * 101])
def test_an_odd_product_is_left_out(product: object, receiver: Receiver):
    message = f"ODD_{json.dumps(product)[:20]}"
    assert receiver.post(told("lenient", message, product=product)).json() == {"outcome": "recorded"}
    (extra,) = [extra for extra in receiver.status_events("lenient") if extra["message"] == message]
    assert extra["product"] is None


def test_a_slow_body_is_not_waited_for(receiver: Receiver, unchanged: Unchanged):
    address = urlsplit(receiver.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as slow:
        head = f"POST {address.path} HTTP/1.1\r\nHost: x\r\n{HEADER}: {SECRET}\r\nContent-Length: 100\r\n\r\n{{"
        slow.sendall(head.encode())
        receiver.airflow.get("version")  # the others do not wait for it
        answer = b"".join(iter(lambda: slow.recv(4096), b""))  # until the server has closed the connection
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_wrong_secret_is_answered_before_the_body_has_come(receiver: Receiver, unchanged: Unchanged):
    address = urlsplit(receiver.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as patient:
        patient.sendall(f"POST {address.path} HTTP/1.1\r\nHost: x\r\n{HEADER}: x\r\nContent-Length: 9\r\n\r\n".encode())
        assert patient.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_the_secret_is_in_no_file_of_the_server(receiver: Receiver):
    files = [path for path in Path(receiver.airflow.home).rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
