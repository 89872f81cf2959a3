"""
One real Airflow that does all there is to do, at ``DEBUG``, with a Postpress that repeats whatever it is told.

Its files, its tables, what its REST API and its pages answer, and OpenLineage's events hold no secret, in no form.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from account_documents import telegram
from misbehaving_server import MisbehavingServer, Peer, Request

sys.path[:0] = [str(Path(__file__).parents[1] / "live"), str(Path(__file__).parents[1])]

from leaky_logins import secret  # noqa: E402 (not before it can be found)
from watched_airflow import WatchedAirflow  # noqa: E402
from written import Written  # noqa: E402

from demo.local_airflow import LocalAirflow  # noqa: E402

pytestmark = pytest.mark.xdist_group("live")  # two Airflows at once are too much for two cores

KEY = 'pp_live_s3cr3t\\"/+&<%=key'
SECRETS = {
    "the API key": KEY,
    "the proxy's password": secret("proxy"),
    "the login's password": secret("login"),
    "the login's proxy": secret("login's proxy"),
    "the webhook's secret": "wh_s3cr3t/+&<%=hook",
    "the webhook's previous secret": "wh_s3cr3t_before",
}
LOGIN = {
    "conn_type": "generic",
    "login": "anna@example.com",
    "password": SECRETS["the login's password"],
    "extra": {"provider": "LINKEDIN", "proxy": {"host": "proxy", "port": 1, "password": SECRETS["the login's proxy"]}},
}
SETTINGS = {
    "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
    "AIRFLOW__POSTPRESS__WEBHOOK_SECRET": SECRETS["the webhook's secret"],
    "AIRFLOW__POSTPRESS__WEBHOOK_SECRET_PREVIOUS": SECRETS["the webhook's previous secret"],
}
STATUSES = ("SYNC_STARTED", "SYNC_RUNNING", "SYNC_DONE")
DOCUMENT = {"connection_params": {"proxy": {"password": "{}"}, "note": "{}"}, "name": "{}", "token": "{}"}


class Echo:
    """A Postpress, and a proxy before it, that repeats in each answer, wherever it can, what it was told."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}

    def __call__(self, peer: Peer) -> None:
        while True:
            request = peer.read_request()
            body = peer.read_body(request) if "content-length" in request.headers else b""
            peer.send(self._answer(request, body))

    def _answer(self, request: Request, body: bytes) -> bytes:
        heard = [
            request.headers["x-api-key"],
            *b64decode(request.headers["proxy-authorization"][6:]).decode().split(":", 1),
        ]
        if body:
            heard += [json.loads(body)["password"], json.loads(body)["proxy"]["password"]]
        forms = [
            form for each in heard for form in (each, quote(each), json.dumps(each), b64encode(each.encode()).decode())
        ]
        path = urlsplit(request.target).path.removeprefix("/v1")
        self.asked[path] = self.asked.get(path, 0) + 1
        status, document = self._document(request.method, path, " ".join(forms))
        written = (document if isinstance(document, str) else json.dumps(document)).encode()
        first = quote(forms[0])
        head = f"HTTP/1.1 {status} {first}\r\nSet-Cookie: a={first}\r\nX-Echo: {' '.join(map(quote, forms))}\r\n"
        head += (
            f"Location: http://{first}/?{first}\r\nContent-Type: a/{first}\r\nContent-Length: {len(written)}\r\n\r\n"
        )
        return head.encode() + written

    def _document(self, method: str, path: str, echo: str) -> tuple[int, Any]:
        _, _, account_id, *rest = (*path.split("/"), "")[:4] if path.count("/") > 1 else ("", "", "")
        refusal = dict.fromkeys(("type", "title", "detail", "instance", "more"), echo)
        match method, account_id, bool(rest and rest[0]):
            case "POST", "good", _:
                return 201, {"object": "AccountReconnected", "account_id": "good", "note": echo}
            case _, "refused", _:
                return 401, refusal
            case _, "moved", True:
                return 302, refusal
            case _, "strange", True:
                return 200, {"object": echo, "status": echo}
            case _, "garbled", True if self.asked[path] == 2:
                return 200, f"<html>{echo}</html>"
            case _, "seen", True:
                return 200, {"object": "AccountResync", "status": "SYNC_DONE", "note": echo}
            case _, _, True:
                sync = {"object": "AccountResync", "note": echo}
                return 200, {**sync, "status": STATUSES[min(self.asked[path] - 1, 2)]}
            case _, "", _:
                status = "OK" if self.asked[path] < 3 else "ERROR"
                source = {"id": "messaging", "status": status}
                return 200, {"items": [telegram(id="good", sources=[source])], "note": echo}
        return 200, telegram(id=account_id, sources=[{"id": "messaging", "status": "OK"}], token=echo)


@pytest.fixture(scope="module")
def echo() -> Iterator[MisbehavingServer]:
    with MisbehavingServer(Echo()) as server:
        yield server


@pytest.fixture(scope="module")
def airflow(echo: MisbehavingServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    home = tmp_path_factory.mktemp("airflow")
    lineage = {"type": "file", "log_file_path": str(home / "lineage.jsonl"), "append": True}
    settings = {**SETTINGS, "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(lineage)}
    airflow = WatchedAirflow(home, Path(__file__).with_name("dags"), settings)
    password = quote(SECRETS["the proxy's password"], safe="")
    postpress = {
        "conn_type": "postpress",
        "host": "http://postpress.invalid",
        "password": KEY,
        "extra": {"proxy": echo.url.replace("//", f"//anna:{password}@")},
    }
    connections = tmp_path_factory.mktemp("connections") / "connections.json"
    connections.write_text(json.dumps({"postpress_default": postpress, "confided_login": LOGIN}))
    try:
        airflow.prepare()
        airflow.cli("connections", "import", str(connections))
        airflow.start()
        yield airflow
    finally:
        airflow.stop()


EXPECTED = {
    "resync_good": "success",
    "resync_garbled": "success",
    "resync_refused": "failed",
    "resync_moved": "failed",
    "resync_strange": "failed",
    "watch_resync": "success",
    "watch": "success",
    "get": "success",
    "get_refused": "failed",
    "list": "success",
    "gaps": "success",
    "reconnect": "success",
    "reconnect_refused": "failed",
    "code_of_a_user": "success",
    "failing_code_of_a_user": "failed",
}
ENDED = {"success", "failed", "skipped"}


def test_nothing_that_was_confided_is_kept_or_told(airflow: LocalAirflow, echo: MisbehavingServer) -> None:
    run_id = airflow.post("dags/confided/dagRuns", logical_date=None)["dag_run_id"]

    def ended() -> list[dict[str, Any]]:
        tasks = airflow.task_instances("confided", run_id)
        waiting = {task["state"] for task in tasks} - ENDED
        # what is kept while tasks wait is looked at as well
        assert leaks(Written(airflow.home)) == {}
        return [] if waiting else tasks

    tasks = airflow.wait_for(ended, seconds=240, what="all tasks to end", every=3)
    airflow.wait_for(
        lambda: airflow.task_instances("confided_events"), seconds=60, what="an event of the watcher to be told"
    )
    answers = told_over_http(airflow, run_id, tasks)
    (airflow.home / "answers.json").write_text(json.dumps(answers))

    assert {task["task_id"]: task["state"] for task in tasks} == EXPECTED
    written = Written(airflow.home)
    for text, place in TO_BE_FOUND.items():
        assert any(place in found for found in written.places_of(text)), (text, written.places_of(text))
    assert leaks(written) == {}
    assert any("good" in request.target and "sync" in request.target for request in echo.requests)
    assert "/accounts/refused" in {urlsplit(request.target).path.removeprefix("/v1") for request in echo.requests}


TO_BE_FOUND = {
    "resync_garbled": "lineage.jsonl",
    "receive_response_headers.complete": ".log",
    "anna@example.com": "connection.login",
    "http://postpress.invalid": ".log",
    "postpress_webhook_told": "answers.json",
}
"""What is written where secrets would be: that those are not found means something."""


def leaks(written: Written) -> dict[str, list[str]]:
    """Tell which secret was written where; the whole connection as a URI has them in it."""
    return {name: places for name, each in SECRETS.items() if (places := written.places_of(each))}


def told_over_http(airflow: LocalAirflow, run_id: str, tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """Ask for all that the REST API, the page and the webhook tell."""
    run = f"dags/confided/dagRuns/{run_id}"
    paths = [
        "connections", "eventLogs", "assets", "assets/events", "importErrors", "plugins", "providers", "config",
        "variables", "dags/confided/details", "dags/confided/tasks", run, f"{run}/taskInstances",
    ]  # fmt: skip
    for task in tasks:
        name = task["task_id"]
        paths += [f"{run}/taskInstances/{name}/{what}" for what in ("xcomEntries/return_value", "logs/1", "tries")]
    with httpx.Client(base_url=airflow.url, timeout=60) as http:
        token = http.get("/auth/token").json()["access_token"]
        http.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/json"})
        answers = {path: http.get(f"/api/v2/{path}").text for path in paths}
        for page in ("coverage", "api/coverage", "api/coverage/good", "api/dags"):
            answers[page] = http.get(f"/postpress/{page}").raise_for_status().text
        connection = {"connection_id": "postpress_default", "conn_type": "postpress", "password": "***"}
        answers["test"] = http.post("/api/v2/connections/test", json={**connection, "host": "http://a.invalid"}).text
        answers["test of another"] = http.post(
            "/api/v2/connections/test", json={**connection, "extra": '{"proxy": "none"}'}
        ).text
        webhook = "/postpress/webhooks/account-status"
        event = {"AccountStatus": {"account_id": "good", "message": "postpress_webhook_told"}}
        for header in ("webhook", "webhook's previous"):
            confided = {
                "Postpress-Auth": SECRETS[f"the {header} secret" if " " in header else f"the {header}'s secret"]
            }
            answers[header] = http.post(webhook, json=event, headers=confided).text
            answers[f"{header}, wrong"] = http.post(webhook, content=confided["Postpress-Auth"], headers=confided).text
            nearly = {"Postpress-Auth": f"{confided['Postpress-Auth']}x"}
            answers[f"{header}, nearly"] = http.post(webhook, json=event, headers=nearly).text
        answers["events"] = http.get("/api/v2/assets/events").text
    return answers
