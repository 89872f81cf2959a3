"""What an error answer becomes: one exception with all that Postpress said, and how it is to be treated."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from api_clients import Connect, Serve
from misbehaving_server import answering, http

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.error_types import ERROR_TYPES, Treatment, treatment_of
from airflow_provider_postpress.api.errors import PostpressAPIError

DOCUMENTED = json.loads((Path(__file__).parent / "errors.json").read_text())
DISCONNECTED = {
    "title": "Unauthorized",
    "detail": "The account was disconnected.",
    "instance": "req_7",
    "type": "errors/disconnected_account",
    "status": 401,
}
NO_ENVELOPE = "not Postpress's error envelope"


class Case(NamedTuple):
    answer: bytes
    told: dict[str, Any]
    says: str = ""


CASES = {
    "the documented envelope": Case(
        http(DISCONNECTED, 401),
        {
            "status": 401,
            "type": "errors/disconnected_account",
            "title": "Unauthorized",
            "detail": "The account was disconnected.",
            "instance": "req_7",
            "retry_after": None,
            "treatment": Treatment.NEEDS_HUMAN,
        },
        "was answered 401 errors/disconnected_account (Unauthorized: The account was disconnected). "
        "The account is no longer connected to its provider; reconnect it. Postpress's id of this request: req_7.",
    ),
    "the second envelope": Case(
        http({"error": {"code": "SERVICE_UNAVAILABLE", "message": "Try later.", "request_id": "req_8"}}, 503),
        {
            "status": 503,
            "type": "errors/service_unavailable",
            "title": None,
            "detail": "Try later.",
            "instance": "req_8",
            "treatment": Treatment.RETRY_LATER,
        },
    ),
    "an envelope with little in it": Case(
        http({"title": "Bad Request"}, 400),
        {"type": None, "title": "Bad Request", "detail": None, "treatment": Treatment.NEVER_RETRY},
    ),
    "an envelope of other types": Case(
        http({"title": 1, "detail": ["x"], "type": {"a": 1}, "instance": None}, 500),
        {"type": None, "title": None, "detail": None, "instance": None, "treatment": Treatment.RETRY_LATER},
        NO_ENVELOPE,
    ),
    "an unknown type": Case(
        http({**DISCONNECTED, "type": "errors/on_fire"}, 503),
        {"type": "errors/on_fire", "treatment": Treatment.RETRY_LATER},
    ),
    "a type that says more than its status": Case(
        http({**DISCONNECTED, "type": "errors/feature_not_implemented", "status": 500}, 500),
        {"treatment": Treatment.UNSUPPORTED},
    ),
    "a page of a proxy": Case(
        http("<html>Bad Gateway</html>", 502, Content_Type="text/html"),
        {"status": 502, "type": None, "treatment": Treatment.RETRY_LATER},
        f"{NO_ENVELOPE} but text/html; check the base URL.",
    ),
    "nothing": Case(http("", 404), {"status": 404, "type": None, "treatment": Treatment.NEVER_RETRY}, NO_ENVELOPE),
    "truncated JSON": Case(http('{"type": "errors/x', 400), {"status": 400, "type": None}, NO_ENVELOPE),
    "a JSON array": Case(http("[]", 400), {"status": 400, "type": None}, NO_ENVELOPE),
    "an error that is a text": Case(http({"error": "no"}, 400), {"status": 400, "type": None}, NO_ENVELOPE),
    "deep JSON": Case(http(b'{"error":' * 100_000, 500), {"status": 500, "type": None}, NO_ENVELOPE),
    "a body too large": Case(
        http(b" " * (9 * 1024 * 1024), 500), {"status": 500, "type": None, "treatment": Treatment.RETRY_LATER}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_error_answer_becomes_one_exception(case: Case, serve: Serve, connect: Connect) -> None:
    client = connect(serve(answering(case.answer)).url)

    with pytest.raises(PostpressAPIError, match=r"^GET /accounts/\{account_id\}/sync was answered \d{3}") as caught:
        client.send(endpoints.resync_account("acc_1", {}))

    assert {name: getattr(caught.value, name) for name in case.told} == case.told
    assert case.says in str(caught.value)


NOW = datetime.now(UTC).replace(microsecond=0)
IN_A_MINUTE = format_datetime(NOW + timedelta(minutes=1), usegmt=True)
YEAR = 365 * 24 * 3600


@pytest.fixture
def _far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_far_from_utc")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "0"}, 0.0),
        ({"Retry_After": "9" * 400}, YEAR),
        ({"Retry_After": IN_A_MINUTE, "Date": format_datetime(NOW, usegmt=True)}, 60.0),
        # the server's clock is wrong, and it counts
        ({"Retry_After": "Wed, 01 Jan 2020 00:01:00 GMT", "Date": "Wed, 01 Jan 2020 00:00:00 GMT"}, 60.0),
        ({"Retry_After": "Wednesday, 01-Jan-20 00:01:00 GMT", "Date": "Wed, 01 Jan 2020 00:00:00 GMT"}, 60.0),
        ({"Retry_After": "Wed Jan  1 00:01:00 2020", "Date": "Wed, 01 Jan 2020 00:00:00 GMT"}, 60.0),
        ({"Retry_After": "Wed, 01 Jan 2020 00:00:00 GMT"}, 0.0),
        ({"Retry_After": "Wed, 01 Jan 9999 00:00:00 GMT"}, YEAR),
        ({"Retry_After": "-1"}, None),
        ({"Retry_After": "1.5"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "Wed, 99 Jan 2020 00:00:00 GMT"}, None),
        ({"Retry_After": "Wed, 01 Jan 99999999999 00:00:00 GMT"}, None),
    ],
)
def test_retry_after_is_read_as_seconds(
    headers: dict[str, str], seconds: float | None, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(answering(http({"type": "errors/rate", "title": "Slow down"}, 429, **headers))).url)

    with pytest.raises(PostpressAPIError) as caught:
        client.send(endpoints.sync_chat("chat_1"))

    assert caught.value.retry_after == seconds


def test_a_date_without_the_servers_clock_is_taken_by_ours(serve: Serve, connect: Connect) -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    client = connect(serve(answering(http({"title": "Slow down"}, 429, Retry_After=in_an_hour))).url)

    with pytest.raises(PostpressAPIError) as caught:
        client.send(endpoints.sync_chat("chat_1"))

    assert caught.value.retry_after is not None
    assert 3500 < caught.value.retry_after <= 3600


@pytest.mark.parametrize("documented", DOCUMENTED, ids=lambda documented: documented["type"])
def test_every_documented_type_is_known_with_its_treatment(documented: dict[str, Any]) -> None:
    known = ERROR_TYPES[documented["type"]]

    assert known.treatment == documented["retry_class"]
    assert known.meaning == documented["meaning"]
    for status in documented["statuses"]:
        assert treatment_of(documented["type"], status) == documented["retry_class"]


def test_no_type_is_known_that_is_not_documented() -> None:
    assert set(ERROR_TYPES) == {documented["type"] for documented in DOCUMENTED}


@pytest.mark.parametrize(
    ("status", "treatment"),
    [
        (400, Treatment.NEVER_RETRY),
        (401, Treatment.NEEDS_HUMAN),
        (403, Treatment.NEEDS_HUMAN),
        (404, Treatment.NEVER_RETRY),
        (407, Treatment.NEEDS_HUMAN),
        (408, Treatment.RETRY_LATER),
        (422, Treatment.NEVER_RETRY),
        (429, Treatment.RETRY_LATER),
        (500, Treatment.RETRY_LATER),
        (501, Treatment.UNSUPPORTED),
        (502, Treatment.RETRY_LATER),
        (599, Treatment.RETRY_LATER),
        (302, Treatment.NEVER_RETRY),
    ],
)
@pytest.mark.parametrize("unknown", [None, "errors/on_fire", ""])
def test_an_unknown_type_is_treated_by_its_status(unknown: str | None, status: int, treatment: Treatment) -> None:
    assert treatment_of(unknown, status) is treatment
