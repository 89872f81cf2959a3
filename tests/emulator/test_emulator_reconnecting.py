"""Logins: what they do to an account, and the checkpoints that they meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator_bench import LOGIN, Bench

from airflow_provider_postpress.emulator import Engine
from airflow_provider_postpress.emulator.accounts import ACCOUNT_TYPES

if TYPE_CHECKING:
    from airflow_provider_postpress.emulator.answers import Answer

WHATSAPP = {"provider": "WHATSAPP"}
PAIRING = {"provider": "WHATSAPP", "pairing_phone_number": "33600000000"}
TELEGRAM = {"provider": "TELEGRAM"}
IN_PROGRESS = (425, "errors/auth_in_progress")


def bench_of(account_type: str, **options: Any) -> Bench:
    """An account that is logged out."""
    bench = Bench(account_type, **options)
    bench.engine.set_source_status("acc", "CREDENTIALS")
    return bench


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status_code, answer.body["type"]


def outcomes(engine: Engine) -> list[str]:
    return [login["outcome"] for login in engine.logins()]


def test_a_login_brings_the_account_back() -> None:
    bench = bench_of("LINKEDIN")
    assert bench.log_in() == (201, {"object": "AccountReconnected", "account_id": "acc"})
    assert bench.statuses() == ["OK"]
    assert bench.sync() == "SYNC_STARTED"


def test_the_account_may_take_its_time_to_connect() -> None:
    bench = bench_of("LINKEDIN", connecting_ms=5000)
    bench.log_in()
    assert [bench.statuses(), bench.statuses(wait=4.999), bench.statuses(wait=0.001)] == [
        ["CONNECTING"],
        ["CONNECTING"],
        ["OK"],
    ]


def test_a_second_login_begins_to_connect_anew() -> None:
    bench = bench_of("LINKEDIN", connecting_ms=5000)
    bench.log_in()
    bench.log_in(wait=3)
    assert [bench.statuses(wait=4), bench.statuses(wait=1)] == [["CONNECTING"], ["OK"]]


def test_what_happens_while_it_connects_stays() -> None:
    bench = bench_of("LINKEDIN", connecting_ms=5000)
    bench.log_in()
    bench.engine.set_source_status("acc", "PERMISSIONS", delay_ms=1000)
    assert bench.statuses(wait=10) == ["PERMISSIONS"]


def test_a_linkedin_account_shows_the_proxy_that_it_was_logged_in_with() -> None:
    bench = bench_of("LINKEDIN")
    bench.log_in(**LOGIN, proxy={"host": "proxy.example.com", "port": 3128, "password": "pass"})
    bench.log_in()
    assert bench.engine.get_account("acc").body["connection_params"]["im"]["proxy"] == {
        "source": "USER",
        "host": "proxy.example.com",
        "port": 3128,
        "password": "pass",
    }


def test_an_unknown_account_is_not_found() -> None:
    answer = Bench().engine.reconnect_account("nobody", b'{"provider": "TELEGRAM"}')
    assert refusal(answer) == (404, "errors/resource_not_found")


@pytest.mark.parametrize("account_type", ACCOUNT_TYPES)
def test_a_login_has_to_fit_the_type_of_the_account(account_type: str) -> None:
    telegram = bench_of(account_type).log_in(**TELEGRAM)
    google = bench_of(account_type).log_in(provider="GOOGLE_OAUTH", refresh_token="r", access_token="a")
    mail = bench_of(account_type).log_in(
        provider="MAIL", imap_user="u", smtp_user="u", imap_password="p", smtp_password="p", imap_host="i",
        smtp_host="s", imap_port=993, smtp_port=465, imap_encryption="tls",
    )  # fmt: skip
    fitting = [answer.status_code < 300 for answer in (telegram, google, mail)]
    assert fitting == [
        account_type == "TELEGRAM",
        account_type in ("GOOGLE_OAUTH", "GOOGLE_CALENDAR"),
        account_type in ("MAIL", "ICLOUD", "EXCHANGE"),
    ]
    assert {refusal(answer) for answer in (telegram, google, mail) if answer.status_code >= 300} == {
        (403, "errors/account_mismatch")
    }


def test_wrong_credentials_are_refused_and_change_nothing() -> None:
    bench = bench_of("LINKEDIN")
    bench.engine.expect_credentials("acc", {"password": "right", "user_agent": "Lynx"})
    wrong = (401, "errors/invalid_credentials")
    assert refusal(bench.log_in(**LOGIN)) == wrong
    assert refusal(bench.log_in(**{**LOGIN, "password": "right"})) == wrong
    assert refusal(bench.log_in(provider="LINKEDIN", access_token="right", user_agent="Lynx")) == wrong
    assert bench.statuses() == ["CREDENTIALS"]
    assert bench.log_in(**{**LOGIN, "password": "right", "user_agent": "Lynx"}).status_code == 201


def test_the_last_expectation_counts() -> None:
    bench = bench_of("LINKEDIN")
    bench.engine.expect_credentials("acc", {"password": "right"})
    bench.engine.expect_credentials("acc", {})
    assert bench.log_in().status_code == 201


@pytest.mark.parametrize(
    ("body", "type_", "secret", "length"),
    [(WHATSAPP, "QRCODE", "qrcode", 66), (PAIRING, "PAIRING_CODE", "code", 8), (TELEGRAM, "QRCODE", "qrcode", 81)],
)
def test_whatsapp_and_telegram_ask_a_person(body: dict[str, str], type_: str, secret: str, length: int) -> None:
    def ask(seed: int) -> Answer:
        bench = bench_of(body["provider"])
        bench.engine = Engine(bench.clock, seed=seed)
        bench.engine.add_account(body["provider"], account_id="acc")
        return bench.log_in(**body)

    answer = ask(1)
    assert answer.status_code == 202
    assert (answer.body["object"], answer.body["account_id"]) == ("Checkpoint", "acc")
    assert (answer.body["checkpoint"]["type"], set(answer.body["checkpoint"])) == (type_, {"type", secret})
    assert len(answer.body["checkpoint"][secret]) == length
    assert ask(1) == answer != ask(2)


def test_each_checkpoint_has_a_secret_of_its_own() -> None:
    bench = bench_of("WHATSAPP")
    first = bench.log_in(**WHATSAPP)
    assert bench.log_in(wait=300, **WHATSAPP).body["checkpoint"]["qrcode"] != first.body["checkpoint"]["qrcode"]


@pytest.mark.parametrize("status", [200, 201, 400])
def test_a_checkpoint_may_come_with_another_status(status: int) -> None:
    assert bench_of("TELEGRAM", checkpoint_status=status).log_in(**TELEGRAM).status_code == status


@pytest.mark.parametrize(
    "checkpoint",
    [
        {"type": "2FA", "source": "SMS"},
        {"type": "OTP"},
        {"type": "IN_APP_VALIDATION"},
        {"type": "PHONE_REGISTER"},
        {"type": "CAPTCHA", "public_key": "key", "data": "blob"},
        {"type": "CONTRACT_CHOOSER", "contract_options": [{"id": "1", "name": "One"}]},
        {"type": "QRCODE", "qrcode": "2@mine"},
        {"type": "PAIRING_CODE", "code": "MINE"},
        {"type": "BLOOD_SAMPLE", "arm": "left"},
    ],
)
@pytest.mark.parametrize(("account_type", "body"), [("LINKEDIN", LOGIN), ("WHATSAPP", WHATSAPP)])
def test_any_login_may_be_made_to_meet_any_checkpoint(
    account_type: str, body: dict[str, str], checkpoint: dict[str, Any]
) -> None:
    bench = bench_of(account_type)
    bench.engine.require_checkpoint("acc", **checkpoint)
    assert bench.log_in(**body).body == {"object": "Checkpoint", "account_id": "acc", "checkpoint": checkpoint}


def test_checkpoints_are_met_one_a_login() -> None:
    bench = bench_of("LINKEDIN")
    bench.engine.require_checkpoint("acc", "OTP")
    bench.engine.require_checkpoint("acc", "CAPTCHA")
    met = [bench.log_in(wait=300) for _ in range(3)]
    assert [answer.body.get("checkpoint") for answer in met] == [{"type": "OTP"}, {"type": "CAPTCHA"}, None]


def test_wrong_credentials_meet_no_checkpoint_and_use_none_up() -> None:
    bench = bench_of("LINKEDIN")
    bench.engine.require_checkpoint("acc", "OTP")
    bench.engine.expect_credentials("acc", {"password": "right"})
    assert bench.log_in().status_code == 401
    assert bench.log_in(**{**LOGIN, "password": "right"}).status_code == 202


class TestAnOpenCheckpoint:
    def test_the_account_stays_as_it_was_and_another_login_is_too_early(self) -> None:
        bench = bench_of("WHATSAPP")
        bench.log_in(**WHATSAPP)
        assert refusal(bench.log_in(**WHATSAPP)) == IN_PROGRESS
        assert refusal(bench.log_in(wait=299.999, **PAIRING)) == IN_PROGRESS
        assert bench.statuses() == ["CREDENTIALS"]

    def test_a_login_that_is_malformed_is_told_so_first(self) -> None:
        bench = bench_of("WHATSAPP")
        bench.log_in(**WHATSAPP)
        assert refusal(bench.log_in(provider="WHATSAPP", password="x")) == (400, "errors/invalid_parameters")

    def test_when_it_is_solved_the_account_connects(self) -> None:
        bench = bench_of("WHATSAPP", connecting_ms=5000)
        bench.log_in(**WHATSAPP)
        bench.clock.seconds += 10
        bench.engine.solve_checkpoint("acc")
        assert [bench.statuses(), bench.statuses(wait=5)] == [["CONNECTING"], ["OK"]]
        login = bench.engine.logins()[0]
        assert (login["solved_at"], login["expired_at"]) == (login["at"] + 10_000, None)

    def test_when_it_is_solved_another_login_may_come_and_it_expires_no_more(self) -> None:
        bench = bench_of("WHATSAPP")
        bench.log_in(**WHATSAPP)
        bench.engine.solve_checkpoint("acc")
        bench.log_in(wait=100, **WHATSAPP)
        assert refusal(bench.log_in(wait=250, **WHATSAPP)) == IN_PROGRESS
        assert bench.statuses() == ["OK"]

    def test_after_its_time_it_is_gone_and_the_account_as_before(self) -> None:
        bench = bench_of("WHATSAPP", checkpoint_ms=60_000)
        bench.log_in(**WHATSAPP)
        bench.clock.seconds += 60
        with pytest.raises(ValueError, match="No checkpoint is open"):
            bench.engine.solve_checkpoint("acc")
        assert bench.statuses() == ["CREDENTIALS"]
        login = bench.engine.logins()[0]
        assert (login["solved_at"], login["expired_at"]) == (None, login["at"] + 60_000)
        assert bench.log_in(**WHATSAPP).status_code == 202

    def test_it_is_the_checkpoint_of_one_account_only(self) -> None:
        bench = bench_of("WHATSAPP")
        bench.engine.add_account("WHATSAPP", account_id="other")
        bench.log_in(**WHATSAPP)
        assert bench.engine.reconnect_account("other", b'{"provider": "WHATSAPP"}').status_code == 202


class TestLogins:
    def test_they_are_told_with_what_was_sent_and_what_came_of_it(self) -> None:
        bench = bench_of("LINKEDIN")
        bench.log_in()
        at = round(bench.clock.seconds * 1000)
        bench.engine.require_checkpoint("acc", "OTP")
        bench.log_in(**TELEGRAM)
        bench.log_in()
        bench.engine.reconnect_account("acc", b"{")
        bench.engine.reconnect_account("nobody", b"[1]")
        common = {
            "at": at, "account_id": "acc", "provider": "LINKEDIN", "body": LOGIN, "outcome": "refused",
            "error_type": None, "checkpoint": None, "solved_at": None, "expired_at": None,
        }  # fmt: skip
        assert bench.engine.logins() == [
            {**common, "outcome": "reconnected", "status": 201},
            {
                **common,
                "provider": "TELEGRAM",
                "body": TELEGRAM,
                "status": 403,
                "error_type": "errors/account_mismatch",
            },
            {**common, "outcome": "checkpoint", "status": 202, "checkpoint": "OTP"},
            {**common, "provider": None, "body": None, "status": 400, "error_type": "errors/invalid_request"},
            {
                **common,
                "account_id": "nobody",
                "provider": None,
                "body": [1],
                "status": 404,
                "error_type": "errors/resource_not_found",
            },
        ]

    def test_they_can_be_asked_for_one_account_also_after_it_was_deleted(self) -> None:
        bench = bench_of("LINKEDIN")
        bench.log_in()
        bench.engine.delete_account("acc")
        assert [login["outcome"] for login in bench.engine.logins("acc")] == ["reconnected"]
        assert bench.engine.logins("other") == []
