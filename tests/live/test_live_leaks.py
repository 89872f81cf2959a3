"""What a live Airflow keeps of accounts and their logins: no secret, in no file and no table, in no form."""

from __future__ import annotations

import html
import json
import sqlite3
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from leaky_logins import CHECKPOINTS, CONNECTIONS, PROXY, secret, secrets_in
from written import Written, raised

from airflow_provider_postpress.emulator import Emulator, faults

pytestmark = pytest.mark.xdist_group("live")  # one Airflow for all

SECRETS = [*secrets_in(CONNECTIONS), *secrets_in(CHECKPOINTS), *secrets_in(PROXY)]
WAITING = dict.fromkeys(("telegram", "whatsapp", "sensor"), "deferred")
ENDED = {"success", "failed"}
REFUSED = "PostpressRequestRefused"
CHECKPOINT = "PostpressCheckpointRequired"
RAISED = {
    "linkedin_wrong": REFUSED,
    "linkedin_misspelt": REFUSED,
    "mail": REFUSED,
    "gmail": REFUSED,
    "outlook": "PostpressUnexpectedAnswer",
    "telegram_fail": CHECKPOINT,
    "telegram_callable": CHECKPOINT,
    "telegram_notifier": CHECKPOINT,
}


@pytest.fixture
def accounts(emulator: Emulator) -> Iterator[None]:
    """The accounts of the logins, whose answers, true or not, repeat what was sent."""
    for name, connection in CONNECTIONS.items():
        emulator.add_account(connection["extra"]["provider"], account_id=name, sources=["CREDENTIALS"])
    emulator.add_account(
        "LINKEDIN", account_id="with_proxy", name="Anna of the canaries", proxy=PROXY, sources=["STOPPED"]
    )
    for name, checkpoint in CHECKPOINTS.items():
        emulator.require_checkpoint(name, **checkpoint)
    for name, fault in {
        "linkedin_wrong": faults.Error(
            effect=True, status=401, error_type="errors/invalid_credentials", detail=echo_of("linkedin_wrong")
        ),
        "messenger": faults.LostAnswer(),
        "mail": faults.Body(
            effect=True, status=422, content=problem(echo_of("mail")), content_type="application/problem+json"
        ),
        "gmail": faults.Body(effect=True, content=f"<html><body>{html.escape(echo_of('gmail'))}</body></html>"),
        "outlook": faults.Body(
            effect=True, status=201, content=json.dumps({"object": echo_of("outlook")}), content_type="application/json"
        ),
    }.items():
        emulator.inject(fault, account_id=name, route="reconnect_account")
    emulator.configure(connecting_ms=4000)  # long enough for the triggerer to read an account with its proxy
    yield
    emulator.configure(connecting_ms=0)


def echo_of(name: str) -> str:
    """Repeat the secrets of a login, each in several forms."""
    return " ".join(
        form
        for each in secrets_in(CONNECTIONS[name])
        for form in (each, json.dumps(each), quote(each), b64encode(each.encode()).decode())
    )


def problem(text: str) -> str:
    """Write an error that has a text wherever there can be one."""
    return json.dumps(dict.fromkeys(("type", "title", "detail", "instance", "more"), text))


@pytest.fixture
def leaks(airflow, emulator) -> Callable[[], dict[str, list[str]]]:
    """Look where secrets are; what is looked for next to them has to be found."""

    def leaks(*, to_be_found: dict[str, str]) -> dict[str, list[str]]:
        written = Written(airflow.home)
        for text, place in to_be_found.items():
            assert place in written.places_of(text)
        return {each: places for each in (emulator.api_key, *SECRETS) if (places := written.places_of(each))}

    return leaks


def test_logins_leave_no_secret_behind(airflow, emulator, accounts, run, leaks):
    logins = run("logins")

    def only_those_that_wait_are_left() -> bool:
        return {task["task_id"]: task["state"] for task in logins.tasks if task["state"] not in ENDED} == WAITING

    airflow.wait_for(only_those_that_wait_are_left, seconds=120, what="logins that wait for a person")
    assert leaks(to_be_found={"with_proxy": "trigger.kwargs"}) == {}

    for account_id in ("telegram", "whatsapp"):
        emulator.solve_checkpoint(account_id)
    emulator.set_source_status("with_proxy", "OK")
    airflow.wait_for(lambda: {task["state"] for task in logins.tasks} <= ENDED, seconds=60, what="logins to end")
    found = {"Anna of the canaries": "xcom.value", "anna@example.com": "connection.login"}
    assert leaks(to_be_found=found) == {}

    exceptions = {task["task_id"]: raised(logins.log_of(task)) for task in logins.tasks}
    assert {name: told[0][0] for name, told in exceptions.items() if told} == RAISED
    of_ours = [login for login in emulator.logins() if login["account_id"] in CONNECTIONS]
    sent = {login["account_id"]: login["body"] for login in of_ours}
    assert set(CONNECTIONS) - set(sent) == {"linkedin_misspelt"}
    assert len(of_ours) == len(sent)
    for name, body in sent.items():
        assert set(secrets_in(CONNECTIONS[name])) == set(secrets_in(body))


@pytest.mark.parametrize(
    "written_as",
    [
        str,
        repr,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        lambda text: json.dumps({"event": json.dumps([text])}),
        quote,
        quote_plus,
        html.escape,
        lambda text: b64encode(text.encode()).decode(),
        lambda text: b64encode(b"anna:" + text.encode() + b"!").decode(),
        lambda text: urlsafe_b64encode(b"user:" + text.encode()).decode().rstrip("="),
    ],
)
def test_what_is_written_is_found_in_files_and_in_tables(tmp_path: Path, written_as: Callable[[str], str]):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/attempt=1.log").write_text(f"Logged in with {written_as(secret('planted'))}.")
    with closing(sqlite3.connect(tmp_path / "airflow.db")) as database, database:
        database.execute("CREATE TABLE xcom (key, value)")
        database.execute("INSERT INTO xcom VALUES ('text', ?)", [written_as(secret("planted"))])
        database.execute("INSERT INTO xcom VALUES ('bytes', ?)", [written_as(secret("planted")).encode()])
    written = Written(tmp_path)
    assert {"logs/attempt=1.log", "xcom.value"} <= set(written.places_of(secret("planted")))
    assert written.places_of(secret("not there")) == []
