"""Reading an account and listing accounts: what becomes XCom, what is refused, and lists that tasks are mapped over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, task

from airflow_provider_postpress.emulator import Emulator, faults
from airflow_provider_postpress.exceptions import (
    PostpressReconnectRequired,
    PostpressRequestRefused,
    PostpressUnavailable,
)
from airflow_provider_postpress.operators.account import PostpressGetAccountOperator, PostpressListAccountsOperator
from airflow_provider_postpress.operators.resync import PostpressResyncOperator
from airflow_provider_postpress.sensors.account import PostpressAccountSensor

PROXY = {"protocol": "socks5", "host": "proxy.example.com", "port": 1080, "username": "anna", "password": "s3cr3t"}
OUTAGE = faults.Error(status=503, error_type="errors/service_unavailable")


class TestGet:
    def test_gives_the_account_as_postpress_tells_it_with_stars_for_secrets(self, worker, emulator, log):
        emulator.add_account(
            "LINKEDIN",
            account_id="acc_anna",
            name="Anna",
            proxy=PROXY,
            document={"connection_params": {"im": {"session_token": "t0k3n", "unheard_of": [1, None]}}, "new": True},
        )

        ended = worker.run(PostpressGetAccountOperator, account_id="acc_anna")

        assert ended.state == "success"
        account = ended.result
        assert (account["id"], account["type"], account["name"], account["new"]) == (
            "acc_anna",
            "LINKEDIN",
            "Anna",
            True,
        )
        assert account["sources"] == [{"id": "acc_anna_1", "status": "OK"}]
        assert account["created_at"] == "2025-12-31T23:59:59.999Z"
        params = account["connection_params"]["im"]
        assert params["proxy"] == {"source": "USER", **PROXY, "password": "**********"}
        assert (params["session_token"], params["unheard_of"]) == ("**********", [1, None])
        assert log() == ["INFO Account 'acc_anna' (LINKEDIN): healthy."]
        assert not [secret for secret in ("s3cr3t", "t0k3n") if secret in repr(ended)]

    def test_takes_the_id_from_a_template(self, worker, emulator):
        worker.dag_run["conf"] = {"who": emulator.add_account("MAIL", account_id="a/b")}

        assert worker.run(PostpressGetAccountOperator, account_id="{{ dag_run.conf.who }}").result["id"] == "a/b"

    def test_gives_accounts_of_types_that_no_page_tells(self, worker, emulator):
        emulator.add_account("PIGEON", account_id="coop", document={"sources": None}, sources=["RESTING"])

        ended = worker.run(PostpressGetAccountOperator, account_id="coop")

        assert (ended.state, ended.result["type"], ended.result["sources"]) == ("success", "PIGEON", None)

    def test_of_one_that_lost_its_login_tells_so_and_succeeds(self, worker, emulator, log):
        emulator.add_account("LINKEDIN", account_id="acc_left", sources=["OK", "CREDENTIALS"])

        ended = worker.run(PostpressGetAccountOperator, account_id="acc_left")

        assert (ended.state, ended.result["sources"][1]["status"]) == ("success", "CREDENTIALS")
        assert log() == ["INFO Account 'acc_left' (LINKEDIN): acc_left_2: CREDENTIALS (its login must be renewed)."]

    @pytest.mark.parametrize(
        ("fault", "error", "state"),
        [
            (None, PostpressRequestRefused, "failed"),
            (
                faults.Error(status=401, error_type="errors/disconnected_account"),
                PostpressReconnectRequired,
                "failed",
            ),
            (faults.Error(status=403, error_type="errors/insufficient_permissions"), PostpressRequestRefused, "failed"),
            (faults.Redirect(), PostpressRequestRefused, "failed"),
            (OUTAGE, PostpressUnavailable, "up_for_retry"),
            (faults.LostAnswer(), PostpressUnavailable, "up_for_retry"),
            (faults.Body(status=200, content="<html>"), PostpressUnavailable, "up_for_retry"),
        ],
        ids=["404", "401", "403", "redirect", "503", "lost", "unreadable"],
    )
    def test_that_cannot_be_read_is_tried_again_where_that_can_help(self, worker, emulator, fault, error, state):
        if fault:
            emulator.inject(fault, route="get_account")

        ended = worker.run(PostpressGetAccountOperator, account_id="acc_none")

        assert type(ended.error) is error
        assert ended.state == state
        assert [request["method"] for request in emulator.requests()] == ["GET"]

    @pytest.mark.parametrize("operator", [PostpressGetAccountOperator, PostpressListAccountsOperator])
    def test_and_list_with_a_wrong_key_are_refused_for_good_and_tell_no_key(self, worker, connect, operator, log):
        connect(password="pp_live_wrong")
        arguments = {"account_id": "acc_anna"} if operator is PostpressGetAccountOperator else {}

        ended = worker.run(operator, **arguments)

        assert isinstance(ended.error, PostpressRequestRefused)
        assert ended.state == "failed"
        assert "pp_live_wrong" not in f"{ended!r} {log()}"


@pytest.fixture
def several(emulator: Emulator) -> Emulator:
    """An emulator of five accounts, not linked in the order of their ids."""
    emulator.add_account("TELEGRAM", account_id="d_telegram")
    emulator.add_account("LINKEDIN", account_id="b_recruiter", premium_features=["recruiter"], proxy=PROXY)
    emulator.add_account("MAIL", account_id="e_mail", sources=["OK", "ERROR"])
    emulator.add_account(
        "LINKEDIN", account_id="a_sales", premium_features=["sales_navigator"], sources=["CREDENTIALS"]
    )
    emulator.add_account("PIGEON", account_id="c_pigeon", document={"sources": []})
    return emulator


class TestList:
    @pytest.mark.parametrize(
        ("arguments", "ids"),
        [
            ({}, "abcde"),
            ({"types": "LINKEDIN"}, "ab"),
            ({"types": ["TELEGRAM", "LINKEDIN"]}, "abd"),
            ({"types": ("PIGEON",)}, "c"),
            ({"types": ["SLACK"]}, ""),
            ({"types": []}, ""),
            ({"healthy": True}, "bd"),
            ({"healthy": False}, "ace"),
            ({"types": ["LINKEDIN"], "healthy": True}, "b"),
            ({"has_product": "classic"}, "ab"),
            ({"has_product": "recruiter"}, "b"),
            ({"has_product": "sales_navigator", "healthy": False}, "a"),
            ({"has_product": "sales_navigator", "healthy": True}, ""),
            ({"has_product": "recruiter", "types": "TELEGRAM"}, ""),
        ],
        ids=str,
    )
    def test_gives_the_ids_of_the_accounts_that_are_asked_for_in_their_order(
        self, worker, several, arguments, ids, log
    ):
        ended = worker.run(PostpressListAccountsOperator, **arguments)

        assert ended.state == "success"
        assert [account_id[0] for account_id in ended.result] == list(ids)
        assert log()[-1] == f"INFO {len(ids)} of 5 accounts."
        assert {(request["method"], request["route"]) for request in several.requests()} == {("GET", "list_accounts")}

    def test_gives_kwargs_where_told_to(self, worker, several):
        ended = worker.run(PostpressListAccountsOperator, returns="kwargs", healthy=True)

        assert ended.result == [{"account_id": "b_recruiter"}, {"account_id": "d_telegram"}]

    def test_gives_whole_accounts_with_stars_for_secrets_where_told_to(self, worker, several):
        ended = worker.run(PostpressListAccountsOperator, returns="accounts", types="LINKEDIN")

        assert [account["id"] for account in ended.result] == ["a_sales", "b_recruiter"]
        assert ended.result[1]["connection_params"]["im"]["proxy"]["password"] == "**********"
        assert PROXY["password"] not in repr(ended)

    def test_gives_the_same_list_when_the_servers_order_changes(self, worker, several):
        before = worker.run(PostpressListAccountsOperator).result
        several.delete_account("a_sales")
        several.add_account("LINKEDIN", account_id="a_sales")

        assert worker.run(PostpressListAccountsOperator).result == before

    def test_takes_types_and_product_from_templates(self, worker, several):
        worker.dag_run["conf"] = {"type": "LINKEDIN", "types": ["MAIL", "LINKEDIN"], "product": "recruiter"}

        ended = worker.run(
            PostpressListAccountsOperator,
            types=["MAIL", "{{ dag_run.conf.type }}"],
            has_product="{{ dag_run.conf.product }}",
        )
        alone = worker.run(PostpressListAccountsOperator, types="{{ dag_run.conf.type }}")
        as_text = worker.run(PostpressListAccountsOperator, types="{{ dag_run.conf.types }}")
        as_json = worker.run(PostpressListAccountsOperator, types="{{ dag_run.conf.types | tojson }}")

        assert (ended.result, alone.result) == (["b_recruiter"], ["a_sales", "b_recruiter"])
        assert as_text.result == as_json.result == ["a_sales", "b_recruiter", "e_mail"]

    def test_goes_through_all_pages_whatever_the_last_one_says(self, worker, emulator):
        accounts = [emulator.add_account("MOBILE", account_id=f"acc_{number:03}") for number in range(251)]

        for listing, last_cursor in (("items", "null"), ("items", "repeated"), ("data", "missing"), ("data", "empty")):
            emulator.configure(listing=listing, last_cursor=last_cursor)
            before = len(emulator.requests())

            assert worker.run(PostpressListAccountsOperator).result == accounts
            assert 2 <= len(emulator.requests()) - before <= 3

    def test_tells_an_account_once_that_is_on_two_pages(self, worker, emulator):
        for ids, cursor in ((["b", "a"], "next"), (["b", "c"], None)):
            items = [{"object": "Account", "type": "MAIL", "id": account_id} for account_id in ids]
            page = json.dumps({"object": "AccountList", "items": items, "cursor": cursor})
            emulator.inject(faults.Body(status=200, content=page, content_type="application/json"))

        assert worker.run(PostpressListAccountsOperator).result == ["a", "b", "c"]

    @pytest.mark.parametrize("skip", [0, 1], ids=["first page", "second page"])
    def test_with_a_page_missing_is_no_list_and_may_be_tried_again(self, worker, emulator, skip):
        emulator.add_account("MAIL", account_id="acc_mail")
        emulator.configure(last_cursor="repeated")
        emulator.inject(OUTAGE, route="list_accounts", skip=skip)

        ended = worker.run(PostpressListAccountsOperator)

        assert type(ended.error) is PostpressUnavailable
        assert (ended.state, ended.result) == ("up_for_retry", None)

    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            ({"has_product": "premium"}, "has_product='premium' is not allowed: it is one of 'classic', 'recruiter'"),
            ({"has_product": "{{ '' }}"}, "has_product='' is not allowed"),
            ({"types": ["LINKEDIN", "{{ '' }}"]}, "types=['LINKEDIN', ''] is not allowed"),
            ({"types": [None]}, "types=[None] is not allowed"),
            ({"types": 7}, "types=7 is not allowed"),
            ({"types": "{{ [1, 2] }}"}, "types='[1, 2]' is not allowed"),
            ({"types": "[LINKEDIN]"}, "types='[LINKEDIN]' is not allowed"),
        ],
        ids=str,
    )
    def test_refuses_what_it_cannot_look_for_for_good_and_asks_nothing(self, worker, several, bad, words):
        ended = worker.run(PostpressListAccountsOperator, **bad)

        assert type(ended.error) is PostpressRequestRefused
        assert ended.state == "failed"
        assert words in str(ended.error)
        assert several.requests() == []

    def test_refuses_another_form_of_result_when_the_dag_file_is_parsed(self, worker):
        with pytest.raises(ValueError, match="'ids', 'kwargs', 'accounts'"):
            worker.task(PostpressListAccountsOperator, returns="names")


def dag_under_test() -> DAG:
    """Give a DAG that finds accounts and maps tasks over them."""
    pacing = {"poll_interval": 0.01, "max_poll_interval": 0.02, "poke_interval": 0.01, "timeout": 20}
    with DAG(
        "accounts",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        params={"types": ["LINKEDIN", "TELEGRAM"], "product": "recruiter"},
        default_args={**pacing, "retries": 1, "retry_delay": timedelta(0)},
        render_template_as_native_obj=True,
    ) as dag:
        found = PostpressListAccountsOperator(task_id="found", types="{{ params.types }}", healthy=True)
        PostpressResyncOperator.partial(task_id="resync", window="full").expand(account_id=found.output)
        PostpressAccountSensor.partial(task_id="healthy", deferrable=True).expand(account_id=found.output)
        PostpressGetAccountOperator.partial(task_id="read").expand(account_id=found.output)

        as_kwargs = PostpressListAccountsOperator(
            task_id="as_kwargs", has_product="{{ params.product }}", returns="kwargs"
        )
        PostpressResyncOperator.partial(task_id="resync_kwargs", window="full").expand_kwargs(as_kwargs.output)

        @task
        def choose_types() -> list[str]:
            return ["MAIL"]

        mails = PostpressListAccountsOperator(task_id="mails", types=choose_types())
        PostpressGetAccountOperator.partial(task_id="read_mails").expand(account_id=mails.output)

        none = PostpressListAccountsOperator(task_id="none", types=["SLACK"])
        resync_none = PostpressResyncOperator.partial(task_id="resync_none").expand(account_id=none.output)
        resync_none >> PostpressGetAccountOperator(task_id="after_none", account_id="b_recruiter")
    return dag


Tasks = dict[str, list[tuple[str, str | None, Any]]]


@pytest.fixture(scope="module")
def run(run_dag) -> Iterator[tuple[str, Tasks, Emulator]]:
    """The state of the DAG's run, its tasks as state, name and result, and the emulator as it was left."""
    with pytest.MonkeyPatch.context() as environment, Emulator(duration_ms=30) as emulator:
        environment.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", emulator.connection_json)
        emulator.add_account("TELEGRAM", account_id="d_telegram")
        emulator.add_account("LINKEDIN", account_id="b_recruiter", premium_features=["recruiter"])
        emulator.add_account("LINKEDIN", account_id="a_left", sources=["CREDENTIALS"])
        emulator.add_account("MAIL", account_id="c_mail")
        for account_id in ("b_recruiter", "d_telegram"):
            emulator.add_chat(account_id, messages=["2026-01-05T12:00:00Z"])
        dag_run = run_dag(dag_under_test(), logical_date=datetime(2026, 1, 6, tzinfo=UTC))
        tasks: Tasks = {}
        for ti in sorted(dag_run.get_task_instances(), key=lambda ti: ti.map_index):
            result = ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index)
            tasks.setdefault(ti.task_id, []).append((str(ti.state), ti.rendered_map_index, result))
        yield str(dag_run.state), tasks, emulator


class TestARun:
    def test_maps_tasks_over_the_list_as_it_is_each_named_by_its_account(self, run):
        _, tasks, emulator = run

        (listed,) = tasks["found"]
        assert listed[2] == ["b_recruiter", "d_telegram"]
        for task_id in ("resync", "healthy", "read"):
            states = [(state, name) for state, name, _ in tasks[task_id]]
            assert states == [("success", "b_recruiter"), ("success", "d_telegram")]
        for account_id in listed[2]:
            assert emulator.missing(account_id) == []

    def test_maps_tasks_over_kwargs_as_they_are(self, run):
        _, tasks, _ = run

        assert [(state, name) for state, name, _ in tasks["resync_kwargs"]] == [("success", "b_recruiter")]

    def test_takes_types_from_another_tasks_result(self, run):
        _, tasks, _ = run

        assert [(state, name) for state, name, _ in tasks["read_mails"]] == [("success", "c_mail")]

    def test_skips_what_is_mapped_over_no_account_and_succeeds(self, run):
        state, tasks, _ = run

        assert tasks["none"] == [("success", None, [])]
        assert [state for state, *_ in tasks["resync_none"]] == ["skipped"]
        assert [state for state, *_ in tasks["after_none"]] == ["skipped"]
        assert state == "success"
