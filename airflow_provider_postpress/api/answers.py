"""From the bytes of an answer to a typed one, or to the one exception that says what is wrong with it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import ValidationError

from airflow_provider_postpress.api.endpoints import Answer, Endpoint
from airflow_provider_postpress.api.error_types import ERROR_TYPES
from airflow_provider_postpress.api.errors import PostpressAPIError, PostpressUnreadableAnswer

MAX_ANSWER_BYTES = 8 * 1024 * 1024
_MAX_WORDS = 300
_MAX_FAULTS = 3
_MAX_WAIT = timedelta(days=365).total_seconds()


class AnswerReader:
    """
    Gathers a body, also a compressed one, within a limit that no compression can go around.

    :param encoding: the ``Content-Encoding`` of the answer, if any
    :param limit: bytes that the body may have, as sent and when unpacked
    """

    def __init__(self, encoding: str | None, *, limit: int) -> None:
        self._limit = limit
        self._body = bytearray()
        self._problem: str | None = None
        self._unpack: Any = None
        match (encoding or "identity").strip().lower():
            case "identity":
                pass
            case "gzip" | "x-gzip":
                self._unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            case other:
                self._problem = f"its body is encoded as {other[:40]!r}, which was not asked for"

    def feed(self, chunk: bytes) -> bool:
        """
        Take the next bytes; tell whether more are wanted.

        :param chunk: the bytes as they came
        """
        if self._problem:
            return False
        room = self._limit - len(self._body) + 1
        try:
            self._body += self._unpack.decompress(chunk, room) if self._unpack else chunk[:room]
        except zlib.error:
            self._problem = "its compressed body is damaged"
        if len(self._body) > self._limit:
            self._problem = f"its body is larger than {self._limit} bytes"
        return self._problem is None

    def result(self) -> bytes | str:
        """Give the body, or what is wrong with it in words."""
        if self._unpack and self._body and not self._unpack.eof:
            self._problem = self._problem or "its compressed body is cut short"
        return self._problem or bytes(self._body)


def read_answer(
    endpoint: Endpoint[Answer], status: int, headers: Mapping[str, str], body: bytes | str, *, secret: str
) -> Answer:
    """
    Read an answer.

    :param endpoint: what was asked
    :param status: the HTTP status
    :param headers: the answer's headers; their names in any case
    :param body: the body, or what is wrong with it in words
    :param secret: the API key, which no error may repeat
    :raises PostpressAPIError: the status is not a success
    :raises PostpressUnreadableAnswer: a success whose body cannot be read
    """
    if not 200 <= status < 300:
        raise _api_error(endpoint.route, status, headers, body, secret)

    def unreadable(problem: str) -> PostpressUnreadableAnswer:
        return PostpressUnreadableAnswer(route=endpoint.route, status=status, problem=presentable(problem, secret))

    if isinstance(body, str):
        raise unreadable(body)
    if not body.strip():
        raise unreadable("its body is empty")
    document = _json(body)
    if not isinstance(document, dict):
        raise unreadable(f"its body is not a JSON object{_kind_of(headers)}")
    try:
        return endpoint.answer.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        fields = ", ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults[:_MAX_FAULTS])
        problem = f"its body is not {endpoint.answer.__name__} as documented ({fields})"
    raise unreadable(problem)


def presentable(words: str, secret: str) -> str:
    """
    Make what a server said fit for an error's text: one line, not long, all printable, and without the secret.

    :param words: what was said
    :param secret: the API key
    """
    line = " ".join(words.replace(secret, "***").split())[:_MAX_WORDS]
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)


def _api_error(
    route: str, status: int, headers: Mapping[str, str], body: bytes | str, secret: str
) -> PostpressAPIError:
    document = _json(body) if isinstance(body, bytes) else None
    envelope = document if isinstance(document, dict) else {}
    hint = None
    if isinstance(envelope.get("error"), dict):
        envelope = envelope["error"]
    elif not any(isinstance(envelope.get(name), str) for name in ("type", "title")):
        hint = f"The answer is not Postpress's error envelope{_kind_of(headers)}; check the base URL."
    if 300 <= status < 400:
        hint = "Redirects are not followed, since the API key would travel: give the connection the final URL."

    def said(*names: str) -> str | None:
        words = next((word for name in names if isinstance(word := envelope.get(name), str) and word.strip()), None)
        # a documented type is kept as it is: a short key could be a part of it
        return words and (words if words in ERROR_TYPES else presentable(words, secret))

    return PostpressAPIError(
        route=route,
        status=status,
        type=_error_type(said("type", "code")),
        title=said("title"),
        detail=said("detail", "message"),
        instance=said("instance", "request_id"),
        retry_after=_retry_after(headers),
        hint=hint and presentable(hint, secret),
    )


def _error_type(name: str | None) -> str | None:
    if name is None:
        return None
    return name if name.startswith("errors/") else f"errors/{name.lower()}"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _kind_of(headers: Mapping[str, str]) -> str:
    content_type = headers.get("Content-Type", "").partition(";")[0].strip()
    return f" but {content_type[:60]}" if content_type and "json" not in content_type else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        # no more than can be waited for: float knows no limit, and time does
        return min(float(value), _MAX_WAIT)
    instant = _instant(value)
    if instant is None:
        return None
    # by the server's own clock where it tells it, so that ours may be wrong
    now = _instant(headers.get("Date", "")) or datetime.now(UTC)
    return min(max(0.0, (instant - now).total_seconds()), _MAX_WAIT)


def _instant(date: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    # the oldest of HTTP's three forms of a date names no zone: all of them are in UTC
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
