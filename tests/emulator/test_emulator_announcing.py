"""What webhooks are told, when, and how often: decided by an engine, sent by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator_bench import LOGIN, Bench

if TYPE_CHECKING:
    from airflow_provider_postpress.emulator.webhooks import Attempt

URL = "http://127.0.0.1:9/hook"
OTHER_URL = "http://localhost:9/other"
FOREVER = 1_000_000


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.engine.register_webhook(URL)
    return bench


def bench_with_webhook(account_type: str = "LINKEDIN", **options: Any) -> Bench:
    bench = Bench(account_type, **options)
    bench.engine.register_webhook(URL)
    return bench


def sent(bench: Bench, *, wait: float = 0, status: int = 200) -> list[dict[str, Any]]:
    """Wait, and send what is due until there is no more; give the bodies."""
    bench.clock.seconds += wait
    bodies = []
    while attempts := bench.engine.take_attempts():
        for attempt in attempts:
            bodies.append(attempt.delivery["body"])
            bench.engine.settle_attempt(attempt, status=status)
    return bodies


def told(bench: Bench, *, wait: float = 0, status: int = 200) -> list[str]:
    """Wait, and give the messages that are sent."""
    return [body["AccountStatus"]["message"] for body in sent(bench, wait=wait, status=status)]


def take_one(bench: Bench, *, wait: float = 0) -> Attempt:
    bench.clock.seconds += wait
    (attempt,) = bench.engine.take_attempts()
    return attempt


class TestTheLifeOfAnAccount:
    def test_it_is_told_as_the_page_has_it(self, bench: Bench) -> None:
        bench.engine.set_source_status("acc", "CREDENTIALS")
        assert sent(bench) == [
            {"AccountStatus": {"account_id": "acc", "account_type": "LINKEDIN", "message": "CREDENTIALS"}}
        ]

    @pytest.mark.parametrize("status", ["ERROR", "STOPPED", "CREDENTIALS", "PERMISSIONS", "CONNECTING", "GRUMPY"])
    def test_each_change_of_its_status_is_told_once(self, bench: Bench, status: str) -> None:
        bench.engine.set_source_status("acc", status)
        bench.engine.set_source_status("acc", status)
        bench.engine.set_source_status("acc", "OK")
        assert told(bench) == [status, "OK"]

    def test_its_status_is_that_of_its_worst_source(self, bench: Bench) -> None:
        account = bench.engine.add_account("OUTLOOK", sources=["OK", "OK"])
        for source, status in [(1, "CONNECTING"), (2, "GRUMPY"), (1, "STOPPED"), (2, "ERROR"), (1, "PERMISSIONS"),
                               (2, "CREDENTIALS"), (1, "ERROR"), (2, "OK"), (2, "CONNECTING"), (1, "OK")]:  # fmt: skip
            bench.engine.set_source_status(account, status, source_id=f"{account}_{source}")
        assert told(bench) == [
            "CREATION_SUCCESS", "CONNECTING", "GRUMPY", "STOPPED", "ERROR", "PERMISSIONS", "CREDENTIALS", "ERROR",
            "CONNECTING",
        ]  # fmt: skip

    def test_a_change_is_told_when_it_happens_and_in_the_order_of_time(self, bench: Bench) -> None:
        bench.engine.set_source_status("acc", "OK", delay_ms=3000)
        bench.engine.set_source_status("acc", "CREDENTIALS", delay_ms=1000)
        assert told(bench, wait=0.999) == []
        assert told(bench, wait=10) == ["CREDENTIALS", "OK"]

    def test_an_account_that_comes_and_goes_is_told_and_nothing_after_that(self, bench: Bench) -> None:
        bench.engine.add_account("TELEGRAM", account_id="new")
        bench.engine.set_source_status("new", "ERROR", delay_ms=1000)
        bench.engine.delete_account("new")
        status = {"account_id": "new", "account_type": "TELEGRAM"}
        assert sent(bench, wait=10) == [
            {"AccountStatus": {**status, "message": "CREATION_SUCCESS"}},
            {"AccountStatus": {**status, "message": "DELETED"}},
        ]

    def test_a_login_that_succeeds_is_told_and_then_how_it_connects(self) -> None:
        bench = bench_with_webhook(connecting_ms=5000)
        bench.engine.set_source_status("acc", "CREDENTIALS")
        bench.log_in()
        assert told(bench) == ["CREDENTIALS", "RECONNECTED", "CONNECTING"]
        assert [told(bench, wait=4.999), told(bench, wait=0.001)] == [[], ["OK"]]

    def test_a_login_that_is_refused_is_not_told(self, bench: Bench) -> None:
        bench.engine.expect_credentials("acc", {"password": "right"})
        bench.log_in()
        assert told(bench) == []

    def test_a_checkpoint_is_told_when_it_is_solved(self) -> None:
        bench = bench_with_webhook("WHATSAPP")
        bench.log_in(provider="WHATSAPP")
        assert told(bench) == []
        bench.engine.solve_checkpoint("acc")
        assert told(bench) == ["RECONNECTED", "CONNECTING", "OK"]

    def test_a_checkpoint_that_nobody_solves_changes_nothing_and_is_not_told(self) -> None:
        bench = bench_with_webhook("WHATSAPP")
        bench.log_in(provider="WHATSAPP")
        assert told(bench, wait=FOREVER) == []


class TestSyncs:
    def test_one_that_ends_well_is_told_when_it_ends_though_nobody_polls(self, bench: Bench) -> None:
        bench.sync()
        assert told(bench, wait=9.999) == []
        assert sent(bench, wait=0.001) == [
            {"AccountStatus": {"account_id": "acc", "account_type": "LINKEDIN", "message": "SYNC_SUCCESS"}}
        ]

    def test_one_in_chunks_is_told_at_its_end_alone(self, bench: Bench) -> None:
        bench.sync(chunk_size="2")
        assert told(bench, wait=10) == []
        assert [bench.sync(), bench.sync(), told(bench, wait=10)] == ["CHUNK_DONE", "SYNC_STARTED", ["SYNC_SUCCESS"]]

    def test_a_foreign_one_is_told_too(self, bench: Bench) -> None:
        bench.engine.foreign_sync("acc")
        assert told(bench, wait=10) == ["SYNC_SUCCESS"]

    def test_one_that_fails_and_one_of_a_chat_are_not_told(self, bench: Bench) -> None:
        bench.engine.fail_next_sync("acc")
        bench.sync()
        bench.sync_chat()
        assert told(bench, wait=10) == []

    @pytest.mark.parametrize(
        ("parameters", "products"),
        [
            ({}, ["classic", "sales_navigator"]),
            ({"linkedin_product": "classic"}, ["classic"]),
            ({"linkedin_product": "sales_navigator"}, ["sales_navigator"]),
        ],
    )
    def test_of_an_account_with_a_premium_product_each_product_is_told(
        self, bench: Bench, parameters: dict[str, str], products: list[str]
    ) -> None:
        bench.engine.add_account("LINKEDIN", account_id="premium", premium_features=["premium", "sales_navigator"])
        sent(bench)
        bench.engine.account_sync("premium", parameters)
        status = {"account_id": "premium", "account_type": "LINKEDIN", "message": "SYNC_SUCCESS"}
        assert sent(bench, wait=10) == [{"AccountStatus": {**status, "product": product}} for product in products]

    def test_the_product_may_stand_outside(self) -> None:
        bench = bench_with_webhook(product_place="outside")
        bench.engine.send_webhook("acc", "SYNC_SUCCESS", product="recruiter")
        status = {"account_id": "acc", "account_type": "LINKEDIN", "message": "SYNC_SUCCESS"}
        assert sent(bench) == [{"AccountStatus": status, "product": "recruiter"}]


class TestByHand:
    def test_any_message_about_any_account_is_sent_as_often_and_as_late_as_asked_for(self, bench: Bench) -> None:
        bench.engine.send_webhook("gone", "CREATION_FAIL", account_type="FAX", product="x", copies=2, delay_ms=1000)
        assert sent(bench, wait=0.999) == []
        status = {"account_id": "gone", "account_type": "FAX", "message": "CREATION_FAIL", "product": "x"}
        assert sent(bench, wait=0.001) == [{"AccountStatus": status}] * 2

    def test_it_changes_nothing_in_the_account(self, bench: Bench) -> None:
        bench.engine.send_webhook("acc", "CREDENTIALS")
        assert bench.statuses() == ["OK"]

    @pytest.mark.parametrize(
        ("asked", "complaint"),
        [
            ({"account_id": "nobody"}, "no account 'nobody'"),
            ({"message": ""}, "not empty"),
            ({"copies": 0}, "at least 1"),
            ({"delay_ms": -1}, "at least 0"),
        ],
    )
    def test_what_cannot_be_is_refused(self, bench: Bench, asked: dict[str, Any], complaint: str) -> None:
        with pytest.raises(ValueError, match=complaint):
            bench.engine.send_webhook(**{"account_id": "acc", "message": "OK", **asked})

    def test_it_needs_a_webhook(self) -> None:
        with pytest.raises(ValueError, match="register one"):
            Bench().engine.send_webhook("acc", "OK")


class TestWebhooks:
    def test_each_gets_the_messages_that_it_wants(self, bench: Bench) -> None:
        bench.engine.register_webhook(OTHER_URL, messages=["CREDENTIALS", "GRUMPY"])
        for status in ("CREDENTIALS", "ERROR", "GRUMPY"):
            bench.engine.set_source_status("acc", status)
        bench.engine.send_webhook("acc", "DELETED")
        sent(bench)
        by_url: dict[str, list[str]] = {URL: [], OTHER_URL: []}
        for delivery in bench.engine.deliveries():
            by_url[delivery["url"]].append(delivery["message"])
        assert by_url == {
            URL: ["CREDENTIALS", "ERROR", "GRUMPY", "DELETED"],
            OTHER_URL: ["CREDENTIALS", "GRUMPY"],
        }

    def test_what_happened_before_it_was_registered_is_not_told(self) -> None:
        bench = Bench()
        bench.engine.set_source_status("acc", "CREDENTIALS", delay_ms=1000)
        bench.clock.seconds += 1
        bench.engine.register_webhook(URL)
        assert told(bench) == []

    def test_one_that_is_registered_again_has_the_new_headers_and_messages_for_what_waits_too(
        self, bench: Bench
    ) -> None:
        bench.engine.register_webhook(URL, headers={"Auth": "old"})
        bench.engine.send_webhook("acc", "OK")
        bench.engine.register_webhook(URL, headers={"Auth": "new"}, messages=["ERROR"])
        bench.engine.send_webhook("acc", "OK")
        attempt = take_one(bench)
        assert attempt.headers == {"Auth": "new"}
        bench.engine.settle_attempt(attempt, status=200)
        assert told(bench) == []

    def test_one_that_is_unregistered_gets_nothing_more_not_even_a_further_attempt(self, bench: Bench) -> None:
        bench.engine.send_webhook("acc", "OK", copies=2)
        attempt = take_one(bench)
        bench.engine.unregister_webhook(URL)
        bench.engine.settle_attempt(attempt, status=500)
        bench.engine.register_webhook(URL)
        assert told(bench, wait=FOREVER) == []
        assert [delivery["status"] for delivery in bench.engine.deliveries()] == [500]
        with pytest.raises(ValueError, match="no webhook"):
            bench.engine.unregister_webhook(OTHER_URL)

    @pytest.mark.parametrize(
        ("url", "complaint"),
        [
            ("http://example.com/hook", "not to 'example.com'"),
            ("http://10.0.0.1/", "not to '10.0.0.1'"),
            ("http://0.0.0.0/", "not to '0.0.0.0'"),
            ("http://localhost.example.com/", "not to 'localhost.example.com'"),
            ("http://127.0.0.1.example.com/", "this machine alone"),
            ("http:///hook", "nowhere"),
            ("https://localhost/", "begins with http://"),
            ("http://anna:hunter2@localhost/", "neither a user nor a password"),
            ("http://hunter2@localhost/", "neither a user nor a password"),
            ("localhost:8080", "begins with http://"),
            ("http://[::1/hunter2", "begins with http://"),
        ],
    )
    def test_only_this_machine_can_have_one(self, bench: Bench, url: str, complaint: str) -> None:
        with pytest.raises(ValueError, match=complaint) as refusal:
            bench.engine.register_webhook(url)
        assert "hunter2" not in str(refusal.value)

    @pytest.mark.parametrize("url", ["http://localhost/", "http://127.0.0.2:8080/a?b=c", "http://[::1]:8080"])
    def test_this_machine_has_several_names(self, bench: Bench, url: str) -> None:
        bench.engine.register_webhook(url)
        bench.engine.unregister_webhook(url)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Auth": "hunter2\r\nX: y"},
            {"Auth": "hunter2 "},
            {"Auth": "hünter2"},
            {"Auth": ""},
            {"Auth\n": "hunter2"},
            {"": "hunter2"},
            {"content-length": "1"},
        ],
    )
    def test_a_header_that_cannot_be_is_refused_without_its_value(self, bench: Bench, headers: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="header") as refusal:
            bench.engine.register_webhook(OTHER_URL, headers=headers)
        assert "nter2" not in str(refusal.value)
        with pytest.raises(ValueError, match="no webhook"):
            bench.engine.unregister_webhook(OTHER_URL)

    @pytest.mark.parametrize("messages", [[], "OK"])
    def test_the_messages_that_it_wants_are_a_list_of_some(self, bench: Bench, messages: Any) -> None:
        with pytest.raises(ValueError, match="at least one"):
            bench.engine.register_webhook(URL, messages=messages)

    def test_its_secret_is_in_no_repr(self, bench: Bench) -> None:
        bench.engine.register_webhook(URL, headers={"Auth": "hunter2"})
        bench.engine.send_webhook("acc", "OK")
        attempt = take_one(bench)
        assert "hunter2" not in f"{attempt!r} {attempt.webhook!r} {bench.engine.deliveries()!r}"


class TestFurtherAttempts:
    @pytest.mark.parametrize("outcome", [{"status": 500}, {"status": 302}, {"status": 204}, {"error": "timeout"}])
    def test_there_are_five_each_later_than_the_one_before(self, bench: Bench, outcome: dict[str, Any]) -> None:
        bench.engine.send_webhook("acc", "OK")
        waits = []
        for wait in (0, 1, 2, 4, 8, 16):
            if wait:
                assert told(bench, wait=wait - 0.001) == []
                bench.clock.seconds += 0.001
            bench.engine.settle_attempt(take_one(bench), **outcome)
            waits.append(wait)
        assert told(bench, wait=FOREVER) == []
        deliveries = bench.engine.deliveries()
        assert [delivery["attempt"] for delivery in deliveries] == [1, 2, 3, 4, 5, 6]
        assert {delivery["delivery"] for delivery in deliveries} == {1}
        assert all(
            delivery["status" if "status" in outcome else "error"] in outcome.values() for delivery in deliveries
        )

    def test_there_are_no_more_after_a_200(self, bench: Bench) -> None:
        bench.engine.send_webhook("acc", "OK")
        bench.engine.settle_attempt(take_one(bench), status=503)
        bench.engine.settle_attempt(take_one(bench, wait=1), status=200)
        assert told(bench, wait=FOREVER) == []

    def test_how_many_and_how_late_can_be_chosen(self) -> None:
        bench = bench_with_webhook(webhook_delays_ms=[0, 50])
        bench.engine.send_webhook("acc", "OK")
        assert told(bench, status=500) == ["OK", "OK"]
        assert [told(bench, wait=0.049, status=500), told(bench, wait=0.001, status=500)] == [[], ["OK"]]
        assert told(bench, wait=FOREVER) == []

    @pytest.mark.parametrize("delay_ms", [0, 1000])
    def test_a_later_message_overtakes_one_that_is_tried_again(self, bench: Bench, delay_ms: int) -> None:
        bench.engine.configure(webhook_delays_ms=[delay_ms])
        bench.engine.set_source_status("acc", "CREDENTIALS")
        bench.engine.set_source_status("acc", "OK")
        bench.engine.settle_attempt(take_one(bench), status=500)
        assert told(bench) + told(bench, wait=delay_ms / 1000) == ["OK", "CREDENTIALS"]


class TestOrder:
    def test_the_next_message_waits_for_the_one_under_way(self, bench: Bench) -> None:
        bench.engine.send_webhook("acc", "ERROR")
        bench.engine.send_webhook("acc", "OK")
        attempt = take_one(bench)
        assert bench.engine.take_attempts() == []
        bench.engine.settle_attempt(attempt, status=200)
        assert take_one(bench).delivery["message"] == "OK"

    def test_several_may_be_under_way_at_once(self) -> None:
        bench = bench_with_webhook(webhooks_at_once=3)
        bench.engine.send_webhook("acc", "OK", copies=4)
        assert [len(bench.engine.take_attempts()), len(bench.engine.take_attempts())] == [3, 0]

    def test_one_webhook_does_not_wait_for_another(self, bench: Bench) -> None:
        bench.engine.register_webhook(OTHER_URL)
        bench.engine.send_webhook("acc", "OK")
        assert [attempt.delivery["url"] for attempt in bench.engine.take_attempts()] == [URL, OTHER_URL]

    @pytest.mark.parametrize(("reorder", "order"), [(False, ["A", "B", "C"]), (True, ["C", "B", "A"])])
    def test_what_is_held_comes_when_it_is_released_in_its_order_or_last_first(
        self, bench: Bench, reorder: bool, order: list[str]
    ) -> None:
        bench.engine.hold_webhooks()
        for message in ("A", "B", "C"):
            bench.engine.send_webhook("acc", message)
        bench.engine.send_webhook("acc", "LATER", delay_ms=1000)
        assert (told(bench), bench.engine.next_due()) == ([], round(bench.clock.seconds * 1000) + 1000)
        bench.engine.release_webhooks(reorder=reorder)
        assert told(bench) == order
        assert told(bench, wait=1) == ["LATER"]

    def test_a_further_attempt_is_held_too(self, bench: Bench) -> None:
        bench.engine.send_webhook("acc", "OK")
        attempt = take_one(bench)
        bench.engine.hold_webhooks()
        bench.engine.settle_attempt(attempt, status=500)
        assert told(bench, wait=1) == []
        bench.engine.release_webhooks()
        assert told(bench) == ["OK"]

    def test_reordering_leaves_an_attempt_that_is_not_yet_due_to_its_time(self, bench: Bench) -> None:
        bench.engine.send_webhook("acc", "A")
        bench.engine.settle_attempt(take_one(bench), status=500)
        bench.engine.hold_webhooks()
        for message in ("B", "C"):
            bench.engine.send_webhook("acc", message)
        bench.engine.release_webhooks(reorder=True)
        assert [told(bench), told(bench, wait=1)] == [["C", "B"], ["A"]]


class TestDuplicates:
    def test_each_message_may_come_more_than_once(self) -> None:
        bench = bench_with_webhook(webhook_duplicates=2)
        bench.engine.set_source_status("acc", "CREDENTIALS")
        bench.engine.send_webhook("acc", "DELETED")
        assert told(bench) == ["CREDENTIALS"] * 3 + ["DELETED"]
        assert [delivery["delivery"] for delivery in bench.engine.deliveries()] == [1, 2, 3, 4]


class TestDeliveries:
    def test_they_tell_what_was_sent_when_and_what_came_of_it(self, bench: Bench) -> None:
        at = round(bench.clock.seconds * 1000)
        bench.engine.send_webhook("acc", "OK")
        common = {
            "delivery": 1,
            "url": URL,
            "body": {"AccountStatus": {"account_id": "acc", "account_type": "LINKEDIN", "message": "OK"}},
            "status": None,
            "error": None,
            "account_id": "acc",
            "message": "OK",
        }
        assert bench.engine.deliveries() == []
        bench.engine.settle_attempt(take_one(bench), error="timeout")
        take_one(bench, wait=1)
        first, second = bench.engine.deliveries("acc")
        assert first == {**common, "at": at, "attempt": 1, "error": "timeout"}
        assert second == {**common, "at": at + 1000, "attempt": 2}
        assert bench.engine.deliveries("other") == []

    def test_the_body_is_compact_json_in_utf_8(self, bench: Bench) -> None:
        bench.engine.send_webhook("zoë/1", "OK", account_type="LINKEDIN")
        assert take_one(bench).content == (
            '{"AccountStatus":{"account_id":"zoë/1","account_type":"LINKEDIN","message":"OK"}}'.encode()
        )


class TestWhenToLookAgain:
    def test_without_a_webhook_never(self) -> None:
        bench = Bench()
        bench.sync()
        assert bench.engine.next_due() is None

    def test_with_one_when_the_next_thing_happens(self, bench: Bench) -> None:
        now = round(bench.clock.seconds * 1000)
        assert bench.engine.next_due() is None
        bench.sync()
        assert bench.engine.next_due() == now + 10_000
        bench.engine.set_source_status("acc", "OK", delay_ms=5000)
        assert bench.engine.next_due() == now + 5000
        bench.engine.foreign_sync("acc", delay_ms=4000)
        assert bench.engine.next_due() == now + 4000
        bench.engine.send_webhook("acc", "OK")
        assert bench.engine.next_due() == now
        attempt = take_one(bench)
        assert bench.engine.next_due() == now + 4000
        bench.engine.settle_attempt(attempt, status=500)
        assert bench.engine.next_due() == now + 1000


@pytest.mark.parametrize(
    "option",
    [
        {"product_place": "beside"},
        {"webhook_delays_ms": [1, -1]},
        {"webhook_delays_ms": ["1"]},
        {"webhook_timeout_ms": 0},
        {"webhook_duplicates": -1},
        {"webhooks_at_once": 0},
    ],
)
def test_an_option_that_cannot_be_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(option))):
        Bench(**option)


def test_a_login_does_not_reach_a_webhook(bench: Bench) -> None:
    bench.log_in()
    bodies = sent(bench)
    assert len(bodies) == 3
    assert LOGIN["password"] not in str(bodies)
