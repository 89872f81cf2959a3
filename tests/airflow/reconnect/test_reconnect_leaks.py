"""What a login holds is told to nobody, however it ends and whatever Postpress repeats of it."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from logging_in import QR, everything_about, is_final, logged, logins
from login_variants import OF_TWO_MAILBOXES, SECRET, VARIANTS
from structlog.testing import capture_logs

from airflow_provider_postpress.emulator import faults
from airflow_provider_postpress.exceptions import (
    PostpressUnexpectedAnswer,
)


class TestWhatPostpressSaysAfterALogin:
    """It may know what was sent, so nothing of it is repeated."""

    @pytest.mark.parametrize("words", ["login with {} failed", '{{"password": "{}'])
    def test_of_the_account_is_left_out(self, reconnect, account, emulator, words, log):
        said = words.format("s3cr3t-pass")
        refusal = faults.Error(status=503, error_type="errors/service_unavailable", detail=said)
        emulator.inject(refusal, route="get_account", count=None)

        ended = reconnect(account)

        assert is_final(ended)
        assert "s3cr3t-pass" not in everything_about(ended) + repr(log())

    def test_of_the_login_is_left_out(self, reconnect, account, emulator, log):
        refusal = faults.Error(status=403, error_type="errors/action_required", detail="s3cr3t-pass is wrong")
        emulator.inject(refusal, route="reconnect_account")

        ended = reconnect(account)

        assert is_final(ended)
        assert "errors/action_required" in str(ended.error)
        assert "s3cr3t-pass" not in everything_about(ended) + repr(log())

    def test_of_another_account_is_no_success(self, reconnect, account, emulator):
        other = {"object": "Account", "type": "LINKEDIN", "id": "acc_ben", "sources": [{"id": "im", "status": "OK"}]}
        emulator.inject(faults.Body(status=200, content=json.dumps(other)), route="get_account", count=None)

        ended = reconnect(account)

        assert (ended.state, type(ended.error)) == ("failed", PostpressUnexpectedAnswer)


LEAKY = {
    "success": None,
    "refused, quoting all": lambda body: faults.Error(
        status=401, error_type="errors/invalid_credentials", detail=f"Wrong: {json.dumps(body)} {body}"
    ),
    "refused by a proxy, quoting all": lambda body: faults.Body(
        status=502, content=json.dumps(body), content_type="application/json"
    ),
    "accepted, quoting all": lambda body: faults.Body(
        status=201, content=json.dumps({"object": "Login", **body}), content_type="application/json"
    ),
    "accepted, another account": lambda body: faults.Body(
        status=201,
        content=json.dumps({"object": "AccountReconnected", "account_id": json.dumps(body)}),
        content_type="application/json",
    ),
    "checkpoint, quoting all": lambda body: faults.Body(
        status=202,
        content=json.dumps({"object": "Checkpoint", "checkpoint": {"type": json.dumps(body), "qrcode": str(body)}}),
        content_type="application/json",
    ),
    "unreadable, quoting all": lambda body: faults.Body(
        status=201, content=json.dumps({"object": [body]}), content_type="application/json"
    ),
    "lost": lambda _: faults.LostAnswer(effect=False),
}


class TestSecrets:
    @pytest.mark.parametrize("outcome", LEAKY)
    @pytest.mark.parametrize("name", VARIANTS)
    def test_of_a_login_are_told_to_nobody(self, reconnect, emulator, connect_login, caplog, name, outcome):
        variant = VARIANTS[name]
        extra = {**variant.extra, **(OF_TWO_MAILBOXES if variant.provider == "MAIL" else {})}
        connection = {**variant.connection, "extra": {"provider": variant.provider, **extra}}
        if variant.provider == "MAIL":
            connection = {**connection, "password": None}
        connect_login(connection)
        account_id = emulator.add_account(variant.provider, sources=["CREDENTIALS"])
        fault = LEAKY[outcome]
        if fault is not None:
            emulator.inject(fault({"key": emulator.api_key, **variant.body, **extra}), route="reconnect_account")
        caplog.set_level(logging.DEBUG)

        with capture_logs() as entries:
            ended = reconnect(
                account_id,
                timeout=10 if outcome == "success" else 0.05,
                on_checkpoint="wait",
                checkpoint_callback=(lambda _: emulator.solve_checkpoint(account_id)) if fault is None else None,
            )

        assert (ended.state == "success") is (outcome == "success")
        assert logins(emulator) == 1
        told = everything_about(ended) + logged(entries) + caplog.text
        assert SECRET.findall(json.dumps(connection))
        assert SECRET.findall(told) == []
        assert emulator.api_key not in told

    def test_of_an_exception_that_nobody_foresaw_are_told_to_nobody(
        self, reconnect, account, emulator, monkeypatch, log
    ):
        def break_down(*_: Any) -> Any:
            raise RuntimeError(f"It broke over {QR}") from KeyError(QR)

        monkeypatch.setattr("airflow_provider_postpress.resync.reconnect.is_lost", break_down)
        emulator.inject(faults.LostAnswer(), route="reconnect_account")

        ended = reconnect(account)

        assert is_final(ended)
        assert "RuntimeError" in str(ended.error)
        assert not SECRET.search(everything_about(ended) + repr(log()))
