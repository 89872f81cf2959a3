"""Waiting until an account is healthy, with scripted answers and a clock that only waits and requests move."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from account_documents import telegram, with_sources

from airflow_provider_postpress.api.errors import (
    PostpressAPIError,
    PostpressError,
    PostpressInvalidRequest,
    PostpressTransportError,
    PostpressUnreadableAnswer,
)
from airflow_provider_postpress.api.models import Account
from airflow_provider_postpress.resync.failure import RECONNECT_TYPES, Failure, FailureKind
from airflow_provider_postpress.resync.health import Watch, Watcher
from airflow_provider_postpress.resync.pacing import FAILURE_BUDGET, Intervals, Pacing
from airflow_provider_postpress.resync.steps import Ask, Reply, Say, Wait

NOW = datetime(2026, 3, 1, tzinfo=UTC)
STATUSES = ("STOPPED", "ERROR", "CREDENTIALS", "PERMISSIONS", "CONNECTING")
LOST = PostpressTransportError(route="GET /", problem="read timeout", may_have_arrived=True)
UNREADABLE = PostpressUnreadableAnswer(route="GET /", status=200, problem="its body is empty")


def error(status: int, type: str | None = None, **rest: Any) -> PostpressAPIError:  # noqa: A002 - the field's name
    return PostpressAPIError(route="GET /accounts/{id}", status=status, type=type, **rest)


DISCONNECTED = error(401, "errors/disconnected_account")


def account(**statuses: str) -> Account:
    return Account.model_validate(with_sources(**statuses))


OK = account(messaging="OK")
CONNECTING = account(messaging="CONNECTING")
CREDENTIALS = account(messaging="CREDENTIALS")


@dataclass
class Played:
    outcome: Any = None
    asked: list[datetime] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def failure(self) -> Failure:
        assert isinstance(self.outcome, Failure), self.outcome
        return self.outcome


def play(
    came: Iterable[Account | PostpressError],
    watch: Watch | None = None,
    *,
    timeout: float = 3600,
    seconds_per_request: float = 0.0,
    wait_from: datetime | None = None,
    not_before: datetime | None = None,
) -> Played:
    pacing = Pacing(Intervals(), deadline=NOW + timedelta(seconds=timeout), chance=lambda: 0.5)
    steps = Watcher(watch or Watch("acc_1"), pacing, not_before=not_before).steps(wait_from=wait_from)
    played, script, now = Played(), iter(came), NOW
    reply: Any = None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration as end:
            played.outcome = end.value
            assert next(script, None) is None, "It ended before the script did."
            for text in (*played.said, getattr(played.outcome, "message", "")):
                assert ".." not in text
            return played
        reply = None
        match step:
            case Ask():
                assert step.endpoint.route == "GET /accounts/{id}"
                now += timedelta(seconds=seconds_per_request)
                played.asked.append(now)
                reply = Reply(next(script), now)
            case Wait():
                played.waits.append(step.seconds)
                now += timedelta(seconds=step.seconds)
            case Say():
                played.said.append(step.text)


def test_a_healthy_account_is_given_at_once() -> None:
    played = play([OK], Watch("acc_1", STATUSES))

    assert played.outcome is OK
    assert (played.waits, played.said) == ([], [])


def test_a_connecting_account_is_waited_for() -> None:
    played = play([CONNECTING, CONNECTING, OK], Watch("acc_1", ("CREDENTIALS", "PERMISSIONS")))

    assert played.outcome is OK
    assert played.waits == [10, 15]
    assert played.said == [
        "Account 'acc_1' is not healthy yet: messaging: CONNECTING (it is on its way up, or catching up)."
    ]


def test_a_change_is_said_once() -> None:
    played = play([CONNECTING, CONNECTING, CREDENTIALS, CREDENTIALS, DISCONNECTED, DISCONNECTED, CONNECTING, OK])

    assert [next(word for word in WORDS if word in text) for text in played.said] == [
        "CONNECTING",
        "CREDENTIALS",
        "errors/disconnected_account",
        "CONNECTING",
    ]


WORDS = ("CONNECTING", "CREDENTIALS", "errors/disconnected_account")


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_to_fail_on_fails_at_once(status: str) -> None:
    played = play([account(messaging=status)], Watch("acc_1", (status,)))

    assert played.failure.kind is FailureKind.RECONNECT_REQUIRED
    assert f"messaging: {status} (" in played.failure.message
    assert "PostpressReconnectAccountOperator" in played.failure.message
    assert played.waits == []


@pytest.mark.parametrize("status", STATUSES)
def test_any_other_status_is_waited_out(status: str) -> None:
    others = tuple(other for other in STATUSES if other != status)

    assert play([account(messaging=status), OK], Watch("acc_1", others)).outcome is OK


@pytest.mark.parametrize("came", [CREDENTIALS, account(messaging="PERMISSIONS"), DISCONNECTED])
def test_with_nothing_to_fail_on_a_disconnection_is_waited_out(came: Any) -> None:
    assert play([came] * 20 + [OK]).outcome is OK


@pytest.mark.parametrize("type_", sorted(RECONNECT_TYPES))
def test_an_error_that_tells_of_a_lost_login_is_as_a_source_without_credentials(type_: str) -> None:
    played = play([CONNECTING, error(401, type_)], Watch("acc_1", ("CREDENTIALS",)))

    assert played.failure.kind is FailureKind.RECONNECT_REQUIRED
    assert type_ in played.failure.message
    assert play([error(401, type_), OK], Watch("acc_1", ("PERMISSIONS",))).outcome is OK


@pytest.mark.parametrize(
    ("came", "kind"),
    [
        (error(401, "errors/invalid_credentials"), FailureKind.REQUEST_REFUSED),
        (error(401), FailureKind.REQUEST_REFUSED),
        (error(403, "errors/insufficient_permissions"), FailureKind.REQUEST_REFUSED),
        (error(404, "errors/resource_not_found"), FailureKind.REQUEST_REFUSED),
        (error(302), FailureKind.REQUEST_REFUSED),
        (error(501), FailureKind.UNSUPPORTED),
        (PostpressInvalidRequest("no"), FailureKind.REQUEST_REFUSED),
    ],
)
def test_what_waiting_cannot_mend_fails_at_once(came: PostpressError, kind: FailureKind) -> None:
    failure = play([came]).failure

    assert failure.kind is kind
    assert failure.message.startswith("Account 'acc_1': ")
    assert str(came) in failure.message


@pytest.mark.parametrize("came", [LOST, UNREADABLE, error(503), error(429), error(504, "errors/request_timeout")])
def test_a_lost_answer_is_asked_for_again(came: PostpressError) -> None:
    played = play([came, OK])

    assert played.outcome is OK
    assert played.waits == [10]
    assert "Asking again in 10 s (1 of 10 failures in a row)" in played.said[0]


def test_lost_answers_have_a_budget() -> None:
    failure = play([LOST] * FAILURE_BUDGET).failure

    assert failure.kind is FailureKind.UNAVAILABLE
    assert "10 requests in a row failed" in failure.message
    assert "Whether the account is healthy is not known" in failure.message


@pytest.mark.parametrize("between", [CONNECTING, DISCONNECTED])
def test_an_answer_refills_the_budget(between: Any) -> None:
    came = [LOST] * (FAILURE_BUDGET - 1) + [between] + [LOST] * (FAILURE_BUDGET - 1) + [OK]

    assert play(came, timeout=100_000).outcome is OK


@pytest.mark.parametrize(
    "came", [error(503, retry_after=120.0), error(401, "errors/disconnected_account", retry_after=120.0)]
)
def test_retry_after_is_obeyed(came: PostpressError) -> None:
    assert play([came, OK]).waits == [120]


def test_a_wait_ends_with_the_time() -> None:
    played = play([error(503, retry_after=9999.0), OK], timeout=60)

    assert played.waits == [60]
    assert played.outcome is OK


@pytest.mark.parametrize("last", [OK, None])
def test_the_answer_is_judged_before_the_time(last: Account | None) -> None:
    played = play([last or CONNECTING], timeout=60, seconds_per_request=61)

    assert (played.outcome is OK) == (last is OK)


@pytest.mark.parametrize("kind", [FailureKind.ACCOUNT_TIMEOUT, FailureKind.CHECKPOINT_REQUIRED])
@pytest.mark.parametrize(
    ("came", "words"),
    [
        (CREDENTIALS, "messaging: CREDENTIALS"),
        (DISCONNECTED, "errors/disconnected_account"),
        (error(503), "Postpress did not tell: GET /accounts/{id} was answered 503"),
        (LOST, "Postpress did not tell: GET / got no answer"),
        (Account.model_validate(telegram(sources=[])), "no sources"),
    ],
)
def test_what_does_not_come_in_time_fails_as_it_was_told_to(came: Any, words: str, kind: FailureKind) -> None:
    played = play([CONNECTING, came], Watch("acc_1", out_of_time=kind), timeout=10)

    assert played.failure.kind is kind
    assert "did not become healthy in time" in played.failure.message
    assert words in played.failure.message


def test_a_status_to_fail_on_is_told_before_the_time() -> None:
    played = play([CREDENTIALS], Watch("acc_1", ("CREDENTIALS",)), timeout=0)

    assert played.failure.kind is FailureKind.RECONNECT_REQUIRED


def test_what_waiting_cannot_mend_is_told_before_the_time() -> None:
    assert play([error(404)], timeout=0).failure.kind is FailureKind.REQUEST_REFUSED


@pytest.mark.parametrize(
    ("sources", "statuses"),
    [(("messaging",), {"messaging": "OK", "calls": "CREDENTIALS"}), (None, {"messaging": "OK", "calls": "OK"})],
)
def test_only_the_sources_that_are_watched_matter(sources: Any, statuses: dict[str, str]) -> None:
    came = account(**statuses)

    assert play([came], Watch("acc_1", ("CREDENTIALS",), sources)).outcome is came


def test_a_source_that_is_not_watched_does_not_fail_the_wait_for_another() -> None:
    came = [account(messaging="CONNECTING", calls="CREDENTIALS"), account(messaging="OK", calls="CREDENTIALS")]

    assert play(came, Watch("acc_1", ("CREDENTIALS",), ("messaging",))).outcome is came[1]


def test_a_source_that_is_watched_and_lost_fails() -> None:
    watch = Watch("acc_1", ("CREDENTIALS",), ("calls", "messaging"))

    assert play([account(messaging="OK", calls="CREDENTIALS")], watch).failure.kind is FailureKind.RECONNECT_REQUIRED


@pytest.mark.parametrize("sources", [("fax",), ("messaging", "fax"), ()])
def test_a_source_that_is_not_there_never_comes(sources: tuple[str, ...]) -> None:
    played = play([OK, OK], Watch("acc_1", STATUSES, sources), timeout=10)

    assert played.failure.kind is FailureKind.ACCOUNT_TIMEOUT


def test_one_that_follows_another_waits_before_its_first_look() -> None:
    assert play([OK], wait_from=NOW).waits == [10]
    assert play([OK], wait_from=NOW, not_before=NOW + timedelta(seconds=45)).waits == [45]


def test_when_it_gives_up_can_be_asked() -> None:
    pacing = Pacing(Intervals(), deadline=NOW, chance=lambda: 0.5)

    assert Watcher(Watch("acc_1"), pacing).deadline == NOW


@pytest.mark.parametrize(
    "watch",
    [
        Watch("acc_1"),
        Watch("acc_1", ("CREDENTIALS", "PERMISSIONS"), ("messaging",), FailureKind.CHECKPOINT_REQUIRED),
        Watch("acc_1", sources=()),
    ],
)
def test_what_is_waited_for_travels_as_json(watch: Watch) -> None:
    assert Watch.from_dict(json.loads(json.dumps(watch.as_dict()))) == watch
