"""Any bytes as an answer: a typed one, or an error of ours without a secret; and no success that was not told."""

from __future__ import annotations

import copy
import json
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from account_documents import telegram
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.answers import read_answer
from airflow_provider_postpress.api.endpoints import Endpoint
from airflow_provider_postpress.api.errors import PostpressError
from airflow_provider_postpress.api.models import Account, AccountPage
from airflow_provider_postpress.api.paging import AccountPages
from airflow_provider_postpress.resync.driver import SyncDriver, SyncResult
from airflow_provider_postpress.resync.failure import Failure
from airflow_provider_postpress.resync.health import Watch
from airflow_provider_postpress.resync.pacing import Intervals, Pacing
from airflow_provider_postpress.resync.reconnect import outcome_of
from airflow_provider_postpress.resync.request import SyncRequest, Target
from airflow_provider_postpress.resync.runners import arun, run
from airflow_provider_postpress.resync.status import StatusWatch
from airflow_provider_postpress.resync.steps import Say
from airflow_provider_postpress.resync.tracker import OwnSync

KEY = "pp_live_s3cr3t-k3y"
PASSWORD = 's3cr3t "ö\\/+&<%='
SECRETS = (KEY, PASSWORD)
LOGIN = endpoints.reconnect_account("acc_1", {"provider": "LINKEDIN", "username": "anna", "password": PASSWORD})
CHECKPOINT = {"object": "Checkpoint", "account_id": "acc_1", "checkpoint": {"type": "QRCODE", "qrcode": "s3cr3t"}}
ANSWERED: list[tuple[Endpoint[Any], dict[str, Any]]] = [
    (endpoints.resync_account("acc_1", {"partial": True}), {"object": "AccountResync", "status": "SYNC_RUNNING"}),
    (endpoints.sync_chat("chat_1"), {"object": "ChatHistorySync", "chat_id": "chat_1", "status": "SYNC_DONE"}),
    (endpoints.get_account("acc_1"), telegram(id="acc_1")),
    (endpoints.list_accounts(), {"items": [telegram(id="acc_1"), telegram(id="acc_2")], "cursor": "next"}),
    (LOGIN, CHECKPOINT),
]
ERRORS = (
    {"type": "errors/limit", "title": "Too many", "detail": "Wait", "instance": "req_1", "status": 429},
    {"error": {"code": "LIMIT", "message": "Too many", "request_id": "req_1"}},
)

# a secret, and the beginning of one that is part of nothing else
ECHOES = st.sampled_from(
    [KEY, PASSWORD, f"key {KEY}!", f"\x1b[31m{KEY}\n{PASSWORD}", json.dumps(PASSWORD), f"//anna:{KEY}@here", KEY * 100]
)
TEXTS = st.text(max_size=20) | ECHOES | st.sampled_from(["SYNC_DONE", "SYNC_STARTED", "\ud800", "\x00", "OK", "acc_1"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(place for name, value in inner for place in places(value, (*path, name)))]


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """Change a document at one to three places."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(document)))
        if not path:
            if draw(st.integers(0, 9)) == 0:
                return draw(VALUES)
            document[draw(TEXTS)] = draw(VALUES)
            continue
        *before, last = path
        parent = document
        for name in before:
            parent = parent[name]
        if isinstance(parent, dict) and draw(st.booleans()):
            value = parent.pop(last)
            if draw(st.booleans()):
                parent[draw(TEXTS)] = value
        else:
            parent[last] = draw(VALUES)
        if not isinstance(document, dict):
            break
    return document


def bodies(document: Any) -> st.SearchStrategy[bytes]:
    written = mutated(document).map(lambda changed: json.dumps(changed).encode())
    return st.one_of(
        written,
        written,
        st.sampled_from(ERRORS).flatmap(mutated).map(lambda changed: json.dumps(changed).encode()),
        VALUES.map(lambda value: json.dumps(value).encode()),
        st.binary(max_size=100),
        st.tuples(written, st.integers(0, 300), st.binary(max_size=3)).map(
            lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
        ),
    )


STATUSES = st.sampled_from([200, 201, 204, 302, 400, 401, 404, 408, 425, 429, 500, 503, 599, 999]) | st.integers(
    200, 999
)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Retry-After", "Date"]),
    st.text(st.characters(max_codepoint=255), max_size=60)
    | ECHOES
    | st.sampled_from(
        ["9" * 400, "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359", "-1", "1e9", "²"]
    )
    | st.from_regex(
        r"[A-Z][a-z]{2}, \d{1,12} [A-Z][a-z]{2} \d{1,12} \d{1,9}:\d{1,9}:\d{1,9} [+-]?\w{1,12}", fullmatch=True
    ),
)
BOUNDED = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def told_by(error: BaseException) -> str:
    told = "".join(traceback.format_exception(error))
    link: BaseException | None = error
    while link is not None:
        told += f" {link} {link!r} {link.args} {vars(link)}"
        link = link.__cause__ or link.__context__
    return told


@pytest.mark.parametrize(("endpoint", "document"), ANSWERED, ids=[endpoint.route for endpoint, _ in ANSWERED])
@BOUNDED
@given(data=st.data())
def test_any_answer_is_typed_or_an_error_without_a_secret(
    endpoint: Endpoint[Any], document: dict[str, Any], data: st.DataObject
) -> None:
    body = data.draw(bodies(document))
    status, headers = data.draw(STATUSES), data.draw(HEADERS)
    came = read(endpoint, status, headers, body)
    if isinstance(came, PostpressError):
        assert "s3cr3t" not in told_by(came)
        assert str(came).isprintable()
        assert len(str(came)) < 2000
        assert 0 <= (getattr(came, "retry_after", None) or 0) <= timedelta(days=365).total_seconds()
    else:
        assert isinstance(came, endpoint.answer)
        use(came)


def read(endpoint: Endpoint[Any], status: int, headers: dict[str, str], body: bytes) -> Any:
    try:
        return read_answer(endpoint, status, headers, body, secrets=SECRETS)
    except PostpressError as error:
        return error


def use(answer: Any) -> None:
    """Do with an answer what the rooms above do: no error that is not ours, and nothing that JSON or UTF-8 refuse."""
    match answer:
        case Account():
            json.dumps(answer.redacted(), allow_nan=False, ensure_ascii=False).encode()
            told = [answer.trouble(), answer.trouble(["messaging", "x"]), repr(answer.linkedin_products)]
            told.append(str(Watch("acc_1").trouble(answer)))
            assert all(len(words or "") < 3000 and (words or "").isprintable() for words in told)
        case AccountPage():
            looked = StatusWatch(pacing()).look()
            next(looked)
            AccountPages().turn(answer)
        case _:
            json.dumps(answer.model_dump(mode="json"), allow_nan=False, ensure_ascii=False).encode()


@BOUNDED
@given(body=bodies(CHECKPOINT), status=STATUSES)
def test_no_outcome_of_a_login_tells_a_secret(body: bytes, status: int) -> None:
    outcome = outcome_of("acc_1", read(LOGIN, status, {}, body), SECRETS)
    assert "s3cr3t" not in f"{outcome!r} {outcome}"


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pacing() -> Pacing:
    return Pacing(Intervals(1, 2), deadline=NOW + timedelta(seconds=60), chance=lambda: 0.5)


class Wire:
    """
    Answers requests with the bodies that were drawn, the last one again and again, and keeps what was truly told.

    :param answers: the bodies, each with its HTTP status
    """

    def __init__(self, answers: list[tuple[int, bytes]]) -> None:
        self._answers = answers
        self._seconds = 0.0
        self.sent = 0
        self.told: list[str | None] = []
        self.said: list[str] = []

    def send(self, endpoint: Endpoint[Any]) -> Any:
        assert self.sent < 1000, "It does not end."
        status, body = self._answers[min(self.sent, len(self._answers) - 1)]
        self.sent += 1
        self.told.append(None)
        answer = read_answer(endpoint, status, {}, body, secrets=SECRETS)
        self.told[-1] = answer.status
        return answer

    async def asend(self, endpoint: Endpoint[Any]) -> Any:
        return self.send(endpoint)

    def sleep(self, seconds: float) -> None:
        self._seconds += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)

    def say(self, words: Say) -> None:
        self.said.append(words.text)

    def now(self) -> datetime:
        self._seconds += 0.01
        return NOW + timedelta(seconds=self._seconds)


REQUESTS = {
    "account": SyncRequest(Target.ACCOUNT, "acc_1", None, {"partial": True}),
    "account in chunks": SyncRequest(Target.ACCOUNT, "acc_1", None, {"partial": True, "chunk_size": 2}),
    "chat": SyncRequest(Target.CHAT, "chat_1"),
}


def answers_about(request: SyncRequest) -> st.SearchStrategy[list[tuple[int, bytes]]]:
    document = {"object": request.target.answer_object}
    document |= {"chat_id": request.id} if request.target is Target.CHAT else {}
    valid = st.sampled_from([*sorted(request.target.statuses)]).map(lambda status: {**document, "status": status})
    told = valid.map(lambda answer: (200, json.dumps(answer).encode()))
    fuzzed = valid.flatmap(bodies)
    return st.lists(told | told | told | st.tuples(STATUSES, fuzzed), min_size=1, max_size=8)


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@BOUNDED
@given(data=st.data())
async def test_no_fuzzed_answers_make_a_sync_succeed_that_was_not_seen_to_start_and_end(
    request_: SyncRequest, data: st.DataObject
) -> None:
    answers = data.draw(answers_about(request_))
    wires = Wire(answers), Wire(answers)
    blocking = SyncDriver(request_, OwnSync(), pacing()).steps()
    asynchronous = SyncDriver(request_, OwnSync(), pacing()).steps()

    wire, awire = wires
    outcome = run(blocking, send=wire.send, sleep=wire.sleep, say=wire.say, now=wire.now)
    again = await arun(asynchronous, send=awire.asend, sleep=awire.asleep, say=awire.say, now=awire.now)

    assert (outcome, wire.told, wire.said) == (again, awire.told, awire.said)
    if isinstance(outcome, SyncResult):
        assert wire.told[-1] == "SYNC_DONE"
        assert "SYNC_STARTED" in wire.told[:-1]
    else:
        assert isinstance(outcome, Failure)
    for words in (*wire.said, getattr(outcome, "message", "")):
        assert "s3cr3t" not in words
        assert words.isprintable()
        assert len(words) <= 4000
