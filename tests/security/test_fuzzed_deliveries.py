"""Any request to the webhook: never a server's error, never let in without the secret, which no answer tells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_provider_postpress.webhook.app import PATH, create_app
from airflow_provider_postpress.webhook.register import Changes, Outcome
from airflow_provider_postpress.webhook.secret import Key

SECRET, PREVIOUS = "wh_s3cr3t", "wh_s3cr3t_before"
NAME = b"postpress-auth"
GOOD = json.dumps({"AccountStatus": {"account_id": "acc", "account_type": "LINKEDIN", "message": "OK"}}).encode()

NAMES = st.sampled_from(
    [NAME, NAME.upper(), b"authorization", b"content-type", b"content-length", b"transfer-encoding"]
)
VALUES = st.one_of(
    st.sampled_from(
        [SECRET, PREVIOUS, f" {SECRET}\t", f"{SECRET},{SECRET}", SECRET.upper(), SECRET[:-1], "", "9" * 5000]
    ),
    st.text(st.characters(max_codepoint=255), max_size=30),
).map(lambda text: text.encode("latin-1"))
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4)
NESTED = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
BODIES = st.one_of(
    st.just(GOOD),
    st.binary(max_size=200),
    st.tuples(st.integers(0, len(GOOD)), st.binary(min_size=1, max_size=4)).map(
        lambda change: GOOD[: change[0]] + change[1] + GOOD[change[0] :]
    ),
    st.sampled_from([NESTED, b"[" * 60_000, b"9" * 60_000, b'{"AccountStatus": NaN}', GOOD.decode().encode("utf-16")]),
)


def is_let_in(headers: list[tuple[bytes, bytes]]) -> bool:
    given = [value.strip(b" \t") for name, value in headers if name.lower() == NAME]
    return len(given) == 1 and given[0].decode("latin-1") in (SECRET, PREVIOUS)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(headers=HEADERS, body=BODIES, method=st.sampled_from(["POST"] * 9 + ["GET", "PUT", "HEAD", "TRACE"]))
@example(headers=[(NAME, SECRET.encode())], body=GOOD, method="POST")
@example(headers=[(NAME, SECRET.encode())], body=NESTED, method="POST")
@example(headers=[(NAME, SECRET.encode()), (NAME, b"x")], body=GOOD, method="POST")
@example(headers=[(NAME, SECRET.encode()), (b"content-length", b"9" * 5000)], body=GOOD, method="POST")
@example(headers=[(NAME, SECRET.encode()), (b"content-length", "²".encode())], body=GOOD, method="POST")
def test_any_request_is_answered_and_none_is_let_in_without_the_secret(
    headers: list[tuple[bytes, bytes]], body: bytes, method: str
) -> None:
    written: list[Changes] = []

    def write(deliveries: Sequence[Changes]) -> list[Outcome]:
        written.extend(deliveries)
        return ["recorded"] * len(deliveries)

    async def deliver() -> tuple[int, bytes]:
        app = create_app(lambda: Key("Postpress-Auth", (SECRET, PREVIOUS)), write)
        return await asked(app, method, headers, body)

    status, answer = asyncio.run(deliver())

    assert status in (200, 400, 401, 405, 413, 422)
    assert (status == 200) == bool(written)
    if method == "POST":
        assert (status == 401) == (not is_let_in(headers))
    assert b"s3cr3t" not in answer


async def asked(app: object, method: str, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[int, bytes]:
    """Ask as a server would that lets every header through, also those that no client sends."""
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": PATH,
        "raw_path": PATH.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in headers],
        "server": ("here", 80),
        "client": ("there", 1),
    }
    await app(scope, receive, send)  # type: ignore[operator]
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)  # type: ignore[return-value, misc]
