"""Logging an account in again: what is sent, and what is accepted and refused."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from logging_in import FAST, LOGIN, everything_about, is_final, logins, looks
from login_variants import SECRET, VARIANTS, WITH_CHECKPOINT, planted

from airflow_provider_postpress.api.error_types import ERROR_TYPES
from airflow_provider_postpress.emulator import faults
from airflow_provider_postpress.exceptions import (
    PostpressReconnectRequired,
    PostpressRequestRefused,
    PostpressUnexpectedAnswer,
)
from airflow_provider_postpress.operators.account import PostpressReconnectAccountOperator
from airflow_provider_postpress.tasks.base import MAPPED_NAME


class TestParsing:
    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            ({"on_checkpoint": "ask"}, "on_checkpoint='ask' is not allowed: it is one of 'fail', 'wait'"),
            ({"checkpoint_callback": [print]}, "checkpoint_callback is not a notifier"),
            ({"poll_interval": 0}, "poll_interval=0 is not allowed"),
            ({"max_poll_interval": "1m"}, "max_poll_interval='1m' is not allowed"),
            ({"timeout": timedelta(seconds=-1)}, "timeout="),
            ({"timeout": float("inf")}, "timeout=inf"),
        ],
        ids=str,
    )
    def test_refuses_what_makes_no_sense(self, worker, bad, words):
        with pytest.raises(ValueError, match=re.escape(words)):
            worker.task(PostpressReconnectAccountOperator, account_id="acc", credentials_conn_id="login", **bad)

    @pytest.mark.parametrize("missing", ["account_id", "credentials_conn_id"])
    def test_wants_an_account_and_its_credentials(self, worker, missing):
        given = {name: "one" for name in ("account_id", "credentials_conn_id") if name != missing}

        with pytest.raises(Exception, match=missing):
            worker.task(PostpressReconnectAccountOperator, **given)

    @pytest.mark.parametrize(("configured", "expected"), [("True", True), ("False", False)])
    def test_defers_where_airflow_is_configured_to(self, worker, monkeypatch, configured, expected):
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", configured)

        task = worker.task(PostpressReconnectAccountOperator, account_id="acc", credentials_conn_id="login")

        assert task.deferrable is expected


class TestALogin:
    def test_that_is_accepted_is_waited_for_until_the_account_is_healthy(self, reconnect, account, emulator, log):
        emulator.configure(connecting_ms=200)

        ended = reconnect(account)

        assert ended.state == "success"
        assert ended.result == {"account_id": account, "healthy": True}
        assert logins(emulator) == 1
        assert looks(emulator) >= 2
        told = [line for line in log() if "not healthy yet" not in line]
        assert told == ["INFO Logging in account 'acc_anna', once.", "INFO Account 'acc_anna' is reconnected."]

    def test_that_is_accepted_is_enough_where_nobody_wants_to_wait(self, reconnect, account, emulator):
        emulator.configure(connecting_ms=60_000)

        ended = reconnect(account, wait_until_ok=False)

        assert (ended.state, ended.result) == ("success", {"account_id": account, "healthy": None})
        assert (logins(emulator), looks(emulator), ended.deferrals) == (1, 0, [])

    def test_that_is_accepted_but_mends_nothing_in_time_is_final(self, reconnect, account, emulator):
        emulator.configure(connecting_ms=60_000)

        ended = reconnect(account, timeout=0.1)

        assert is_final(ended)
        assert type(ended.error) is PostpressReconnectRequired
        assert "'acc_anna' was sent, and is not repeated" in str(ended.error)
        assert "CONNECTING" in str(ended.error)
        assert logins(emulator) == 1

    def test_waits_through_troubles_of_the_account_that_pass(self, reconnect, account, emulator):
        emulator.inject(faults.Error(status=503, error_type="errors/network_down"), route="get_account")
        emulator.inject(faults.Error(status=401, error_type="errors/disconnected_account"), route="get_account")
        for status in ("PERMISSIONS", "DANCING", "CREDENTIALS", "CONNECTING"):
            told = {"object": "Account", "type": "LINKEDIN", "id": account, "sources": [{"id": "im", "status": status}]}
            emulator.inject(faults.Body(status=200, content=json.dumps(told)), route="get_account")

        assert reconnect(account).state == "success"
        assert logins(emulator) == 1

    @pytest.mark.parametrize("gone", [True, False], ids=["404 at once", "outage without an end"])
    def test_is_final_when_the_account_cannot_be_read_afterwards(self, reconnect, account, emulator, gone):
        trouble = ("errors/resource_not_found", 404) if gone else ("errors/service_unavailable", 503)
        emulator.inject(faults.Error(status=trouble[1], error_type=trouble[0]), route="get_account", count=None)

        ended = reconnect(account)

        assert is_final(ended)
        assert str(trouble[1]) in str(ended.error)
        assert logins(emulator) == 1
        # deferred, the worker's own look does not count in the triggerer
        assert looks(emulator) in ((1,) if gone else (10, 11))

    @pytest.mark.parametrize("name", VARIANTS)
    def test_of_each_variant_comes_out_of_its_connection_as_the_page_wants_it(
        self, reconnect, emulator, connect_login, name
    ):
        variant = VARIANTS[name]
        connect_login(variant.connection)
        account_id = emulator.add_account(variant.provider, sources=["CREDENTIALS"])
        ask = {"on_checkpoint": "wait", "checkpoint_callback": lambda _: emulator.solve_checkpoint(account_id)}

        ended = reconnect(account_id, **(ask if variant.provider in WITH_CHECKPOINT else {}))

        assert ended.state == "success", ended.error
        (login,) = emulator.logins()
        assert login["body"] == variant.body
        # Airflow itself masks the extra as one text, which helps for none of its parts
        assert variant.secrets <= {SECRET.match(secret).group() for secret in ended.masked if SECRET.match(secret)}

    def test_takes_account_and_connection_from_templates(self, worker, account, emulator):
        worker.dag_run["conf"] = {"who": account, "login": "login"}

        ended = worker.run(
            PostpressReconnectAccountOperator,
            account_id="{{ dag_run.conf.who }}",
            credentials_conn_id="{{ dag_run.conf.login }}",
            **FAST,
        )

        assert (ended.state, ended.result["account_id"]) == ("success", account)
        assert ended.rendered == {"account_id": account, "credentials_conn_id": "login"}

    def test_of_a_connection_that_is_not_as_documented_is_refused_unsent_without_a_value(
        self, reconnect, account, emulator, connect_login
    ):
        connect_login(
            {
                "conn_type": "generic",
                "password": planted("a"),
                "extra": {"provider": "LINKEDIN", "pasword": planted("b")},
            }
        )

        ended = reconnect(account)

        assert is_final(ended)
        assert type(ended.error) is PostpressRequestRefused
        assert "'login'" in str(ended.error)
        assert "pasword" in str(ended.error)
        assert not SECRET.search(everything_about(ended))
        assert emulator.requests() == []

    def test_of_an_account_id_that_no_path_can_hold_is_refused_unsent(self, reconnect, account, emulator):
        ended = reconnect("..")

        assert is_final(ended)
        assert emulator.requests() == []

    def test_without_its_connection_names_that_and_may_be_tried_again(self, worker, account, emulator, monkeypatch):
        monkeypatch.delenv(LOGIN)

        arguments = {"account_id": account, "credentials_conn_id": "login", **FAST}
        ended = worker.run(PostpressReconnectAccountOperator, **arguments)
        assert ended.state == "up_for_retry"
        assert "login" in str(ended.error)

        monkeypatch.setenv(LOGIN, json.dumps(VARIANTS["LinkedIn, basic"].connection))
        worker.try_number = 2
        again = worker.run(PostpressReconnectAccountOperator, **{**arguments, "timeout": 0.2})
        # where nothing can be remembered, each retry may come after a login
        assert again.state == ("failed" if worker.memory is None else "success")
        assert logins(emulator) == (0 if worker.memory is None else 1)

    def test_is_named_by_its_account_where_it_is_mapped(self, reconnect, worker, account):
        worker.map_index = 3

        assert reconnect(account, map_index_template=MAPPED_NAME).map_name == account


REFUSED = {
    "400": (400, "errors/invalid_parameters", "look at the account"),
    "401": (401, "errors/invalid_credentials", "Correct the credentials connection"),
    "403 restricted": (403, "errors/account_restricted", "Look at the account"),
    "403 mismatch": (403, "errors/account_mismatch", "those of another account"),
    "403 action": (403, "errors/action_required", "Its owner has to do something"),
    "404": (404, "errors/resource_not_found", "Look at the account"),
    "407": (407, "errors/proxy_auth_error", "user and password of the proxy"),
    "408": (408, "errors/request_timeout", "The login may have begun all the same"),
    "409 canceled": (409, "errors/operation_canceled", "A newer login"),
    "409 exists": (409, "errors/already_exists", "under another id"),
    "425": (425, "errors/auth_in_progress", "ends after about five minutes"),
    "429": (429, "errors/rate_limited", "clear this task later"),
    "500": (500, "errors/unexpected_error", "each clear is another login"),
    "500 provider": (500, "errors/provider_error", "each clear is another login"),
    "500 intent": (500, "errors/authentication_intent_error", "Clear this task to begin anew"),
    "502": (502, "errors/proxy_error", "Check the proxy"),
    "503": (503, "errors/no_client_session", "each clear is another login"),
    "504": (504, "errors/request_timeout", "The login may have begun all the same"),
    "418 of no page": (418, "errors/teapot", "each clear is another login"),
}


class TestALoginThatIsNotAccepted:
    @pytest.mark.parametrize("name", REFUSED)
    def test_is_final_says_what_to_do_and_is_not_repeated(self, reconnect, account, emulator, name):
        status, error_type, advice = REFUSED[name]
        emulator.inject(faults.Error(status=status, error_type=error_type), route="reconnect_account")

        ended = reconnect(account)

        assert is_final(ended)
        assert f"'{account}' was sent once and not accepted" in str(ended.error)
        # what no page tells could repeat what was sent
        told = f"was answered {status} {error_type}" if error_type in ERROR_TYPES else f"was answered {status}"
        assert told in str(ended.error)
        assert advice.lower() in str(ended.error).lower()
        assert (logins(emulator), looks(emulator)) == (1, 0)

    @pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
    def test_is_final_also_where_no_envelope_says_so(self, reconnect, account, emulator, status):
        emulator.inject(faults.Body(status=status), route="reconnect_account")

        ended = reconnect(account)

        assert is_final(ended)
        assert f"{status}" in str(ended.error)
        assert (logins(emulator), looks(emulator)) == (1, 0)

    def test_for_wrong_credentials_tells_to_correct_them_and_tells_none(self, reconnect, account, emulator):
        emulator.expect_credentials(account, {"password": "another"})

        ended = reconnect(account)

        assert is_final(ended)
        assert "Correct the credentials connection" in str(ended.error)
        assert not SECRET.search(everything_about(ended))
        assert logins(emulator) == 1

    def test_for_credentials_of_another_account_tells_so(self, reconnect, emulator, account):
        ended = reconnect(emulator.add_account("MAIL"))

        assert is_final(ended)
        assert "errors/account_mismatch" in str(ended.error)
        assert logins(emulator) == 1

    def test_because_a_step_of_another_is_open_tells_how_long(self, worker, telegram, emulator):
        arguments = {"account_id": telegram, "credentials_conn_id": "login", **FAST}
        worker.run(PostpressReconnectAccountOperator, **arguments)
        worker.memory = worker.memory and {}  # another task

        ended = worker.run(PostpressReconnectAccountOperator, **arguments)

        assert is_final(ended)
        assert "about five minutes" in str(ended.error)

    @pytest.mark.parametrize(
        "body",
        [
            {"object": "AccountReconnected", "account_id": "acc_ben"},
            {"object": "AccountResync", "status": "SYNC_STARTED"},
            {"object": "Account", "account_id": "acc_anna"},
        ],
        ids=str,
    )
    def test_because_the_answer_is_one_that_no_page_tells_is_final(self, reconnect, account, emulator, body):
        fault = faults.Body(status=201, content=json.dumps(body), content_type="application/json")
        emulator.inject(fault, route="reconnect_account")

        ended = reconnect(account)

        assert is_final(ended)
        assert type(ended.error) is PostpressUnexpectedAnswer
        assert logins(emulator) == 1

    def test_but_redirected_is_final_and_goes_nowhere_else(self, reconnect, account, emulator):
        emulator.inject(faults.Redirect(), route="reconnect_account")

        assert is_final(reconnect(account))
        assert len(emulator.requests()) == 1
