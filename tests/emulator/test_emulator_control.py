"""The controls: from Python, over HTTP, from another process; the command; the fixtures."""

from __future__ import annotations

import inspect
import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from airflow_provider_postpress.emulator import Emulator, EmulatorControl, faults
from airflow_provider_postpress.emulator.control import Verb
from airflow_provider_postpress.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["airflow_provider_postpress.emulator.fixtures", "pytester"]


def test_every_verb_of_the_world_is_a_verb_of_the_control_and_the_other_way_round() -> None:
    controls = {name for name, attribute in vars(EmulatorControl).items() if isinstance(attribute, Verb)}
    assert controls == set(World().verbs)


def test_every_verb_says_what_it_does() -> None:
    assert all(inspect.getdoc(method) for method in World().verbs.values())


def test_another_control_of_the_same_emulator_sees_the_same(postpress_emulator: Emulator) -> None:
    account = postpress_emulator.add_account("LINKEDIN", premium_features=("recruiter",))
    other = EmulatorControl(postpress_emulator.url)
    chat = other.add_chat(account, messages=[datetime(2026, 1, 1, tzinfo=UTC), "2026-01-02T00:00:00Z"])
    other.inject(faults.Error(status=500, error_type="errors/unexpected_error"), account_id=account)
    assert postpress_emulator.chat_ids(account) == [chat]
    assert postpress_emulator.missing(account, end=datetime(2026, 1, 2, tzinfo=UTC)) == other.missing(
        account, None, 1_767_312_000_000
    )
    assert len(other.missing(account)) == 2
    assert postpress_emulator.pending_faults()[0]["fault"]["status"] == 500


def test_a_verb_is_a_post_of_json(postpress_emulator: Emulator) -> None:
    response = httpx.post(f"{postpress_emulator.url}/_control/add_account", json={"account_type": "MAIL"})
    assert (response.status_code, response.json()) == (200, {"result": "acc_mail_1"})
    assert httpx.post(f"{postpress_emulator.url}/_control/account_ids").json() == {"result": ["acc_mail_1"]}
    assert postpress_emulator.requests() == []


@pytest.mark.parametrize(
    ("verb", "body", "status", "message"),
    [
        ("explode", "{}", 404, "add_account"),
        ("add_account", '{"account_type": "FAX"}', 400, "LINKEDIN"),
        ("add_account", '{"kind": "FAX"}', 400, "kind"),
        ("add_account", "{", 400, "Expecting"),
        ("add_account", "[]", 400, "mapping"),
        ("inject", '{"fault": {"kind": "flood"}}', 400, "lost_answer"),
        ("solve_checkpoint", '{"account_id": "nobody"}', 400, "nobody"),
    ],
)
def test_a_bad_call_is_told(postpress_emulator: Emulator, verb: str, body: str, status: int, message: str) -> None:
    response = httpx.post(f"{postpress_emulator.url}/_control/{verb}", content=body)
    assert response.status_code == status
    assert message in response.json()["error"]


def test_a_bad_call_from_python_is_an_error(postpress_emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="no account 'nobody'"):
        postpress_emulator.missing("nobody")
    with pytest.raises(TypeError, match="end_of_time"):
        postpress_emulator.missing("nobody", end_of_time=1)  # type: ignore[call-arg]  # that is the point
    with pytest.raises(TypeError, match="takes JSON"):
        postpress_emulator.missing("nobody", object())  # type: ignore[arg-type]  # that is the point


def test_logins_can_be_led_and_seen_from_outside(postpress_emulator: Emulator) -> None:
    account = postpress_emulator.add_account(
        "LINKEDIN", sources=["CREDENTIALS"], proxy={"host": "proxy.example.com", "port": 3128}, document={"name": "Odd"}
    )
    postpress_emulator.configure(connecting_ms=60_000)
    postpress_emulator.expect_credentials(account, {"password": "right"})
    postpress_emulator.require_checkpoint(account, "2FA", source="SMS")
    other = EmulatorControl(postpress_emulator.url)

    def log_in(password: str) -> int:
        body = {"provider": "LINKEDIN", "username": "anna", "password": password}
        url = f"{postpress_emulator.url}/v1/accounts/{account}"
        return httpx.post(url, json=body, headers={"X-API-KEY": postpress_emulator.api_key}).status_code

    assert [log_in("wrong"), log_in("right"), log_in("right")] == [401, 202, 425]
    other.solve_checkpoint(account)
    postpress_emulator.advance(60)
    outcomes = [(login["body"]["password"], login["outcome"], login["status"]) for login in other.logins(account)]
    assert outcomes == [("wrong", "refused", 401), ("right", "checkpoint", 202), ("right", "refused", 425)]
    other.set_source_status(account, "SHINY", source_id=f"{account}_1", delay_ms=0)
    other.delete_account(account)
    assert other.account_ids() == []


def test_time_can_be_moved(postpress_emulator: Emulator) -> None:
    account = postpress_emulator.add_account("LINKEDIN")
    postpress_emulator.set_duration(account, duration_ms=3_600_000)
    postpress_emulator.foreign_sync(account, {"after": "1"})
    postpress_emulator.advance(3601)
    assert postpress_emulator.starts(account)[0]["status"] == "SYNC_DONE"


def test_reset_begins_again_with_the_options_of_the_beginning() -> None:
    with Emulator(duration_ms=0, base_paths=["/api/v1"]) as emulator:
        emulator.populate()
        emulator.configure(base_paths=["/v1"])
        emulator.inject(faults.Reset())
        httpx.get(f"{emulator.url}/nowhere")
        emulator.reset()
        assert emulator.account_ids() == []
        assert emulator.pending_faults() == []
        assert emulator.requests() == []
        account = emulator.add_account("LINKEDIN")
        response = httpx.get(f"{emulator.url}/api/v1/accounts/{account}", headers={"X-API-KEY": emulator.api_key})
        assert response.status_code == 200


def test_populate_gives_accounts_of_several_providers_with_messages() -> None:
    worlds = [World(seed=1), World(seed=1)]
    for world in worlds:
        world.populate()
    engine = worlds[0].engine
    types = {engine.get_account(account).body["type"] for account in engine.account_ids()}
    assert types == {"LINKEDIN", "TELEGRAM", "WHATSAPP", "INSTAGRAM", "MAIL"}
    assert all(engine.missing(account) for account in engine.account_ids())
    assert engine.missing("acc_linkedin") == worlds[1].engine.missing("acc_linkedin")


def test_an_emulator_can_be_stopped_at_once_and_twice_and_its_port_is_free_again() -> None:
    emulator = Emulator()
    emulator.stop()
    emulator.stop()
    with pytest.raises(OSError, match="refused"):
        emulator.account_ids()
    with Emulator(port=int(emulator.url.rsplit(":", 1)[1])) as again:
        assert again.url == emulator.url


def test_a_port_that_is_taken_is_an_error(postpress_emulator: Emulator) -> None:
    with pytest.raises(OSError, match="in use"):
        Emulator(port=int(postpress_emulator.url.rsplit(":", 1)[1]))


def test_an_emulator_needs_a_key_and_good_options() -> None:
    with pytest.raises(ValueError, match="API key"):
        Emulator(api_key="")
    with pytest.raises(ValueError, match="next, fresh"):
        Emulator(chunks="other")


@pytest.fixture
def command() -> Iterator[subprocess.Popen[str]]:
    arguments = ["--port", "0", "--seed", "7", "--api-key", "pp_x", "--set", "duration_ms=0", "--set", "chunks=fresh"]
    with subprocess.Popen(
        [sys.executable, "-m", "airflow_provider_postpress.emulator", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_accounts_until_it_is_stopped(command: subprocess.Popen[str], stop: signal.Signals) -> None:
    assert command.stdout
    greeting = [command.stdout.readline() for _ in range(6)]
    found = re.search(r"http://127\.0\.0\.1:\d+", greeting[0])
    assert found
    assert greeting[1] == "API key: pp_x\n"
    assert "".join(greeting[4:]) == (
        "airflow connections add postpress_default --conn-type postpress \\\n"
        f"    --conn-host {found[0]} --conn-password pp_x\n"
    )
    sync = [
        httpx.get(f"{found[0]}/v1/accounts/acc_telegram/sync?chunk_size=1", headers={"X-API-KEY": "pp_x"}).json()
        for _ in range(2)
    ]
    assert [answer["status"] for answer in sync] == ["SYNC_STARTED", "CHUNK_DONE"]
    assert len(EmulatorControl(found[0]).missing("acc_telegram")) < 300
    command.send_signal(stop)
    assert command.wait(10) == 0


def test_the_connection_can_be_had_in_every_form(postpress_emulator: Emulator) -> None:
    port = postpress_emulator.url.rsplit(":", 1)[1]
    assert json.loads(postpress_emulator.connection_json) == {
        "conn_type": "postpress",
        "host": f"http://127.0.0.1:{port}",
        "password": "pp_test_emulator",
    }
    assert postpress_emulator.connection_uri == f"postpress://:pp_test_emulator@http%3A%2F%2F127.0.0.1%3A{port}"


def test_the_default_connection_can_lead_to_the_emulator(postpress_default: Emulator) -> None:
    assert os.environ["AIRFLOW_CONN_POSTPRESS_DEFAULT"] == postpress_default.connection_json


def test_a_users_own_tests_get_a_fresh_emulator_each(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["airflow_provider_postpress.emulator.fixtures"]')
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("time", [1, 2])
        def test_it_is_empty(postpress_emulator, time):
            assert postpress_emulator.account_ids() == []
            postpress_emulator.add_account("LINKEDIN")
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)
