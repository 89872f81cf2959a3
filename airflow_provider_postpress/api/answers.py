"""From the bytes of an answer to a typed one, or to the one exception that says what is wrong with it."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import ValidationError

from airflow_provider_postpress.api.endpoints import Answer, Endpoint
from airflow_provider_postpress.api.error_types import ERROR_TYPES
from airflow_provider_postpress.api.errors import PostpressAPIError, PostpressUnreadableAnswer
from airflow_provider_postpress.api.secrets import struck_out, without_logins
from airflow_provider_postpress.api.words import one_line

_MAX_READ = 10_000
_LONG = 16
_MAX_FAULTS = 3
_REQUEST_ID = re.compile(r"[A-Za-z]{0,8}[-_]?[0-9A-Fa-f-]{4,40}")
"""What an id looks like that is nobody's password."""
_MAX_WAIT = timedelta(days=365).total_seconds()
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u(?:[dD][89a-fA-F][0-9a-fA-F]{2}|0000))|\\.",
    re.DOTALL,
)
"""The escapes of a JSON text; in its group those that no database takes: halves of characters, and NUL."""


class AnswerReader:
    """
    Gathers a body, also a compressed one, within a limit that no compression can go around.

    :param encoding: the ``Content-Encoding`` of the answer, if any
    :param limit: bytes that the body may have, as sent and when unpacked
    """

    def __init__(self, encoding: str | None, *, limit: int) -> None:
        self._limit = limit
        self._fed = 0
        self._body = bytearray()
        self._problem: str | None = None
        self._unpack: Any = None
        match (encoding or "identity").strip().lower():
            case "identity":
                pass
            case "gzip" | "x-gzip":
                self._unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            case other:
                self._problem = f"its body is encoded as {other!r}, which was not asked for"

    def feed(self, chunk: bytes) -> bool:
        """
        Take the next bytes; tell whether more are wanted.

        :param chunk: the bytes as they came
        """
        if self._problem:
            return False
        self._fed += len(chunk)
        room = self._limit - len(self._body) + 1
        try:
            self._body += self._unpack.decompress(chunk, room) if self._unpack else chunk[:room]
        except zlib.error:
            self._problem = "its compressed body is damaged"
        if self._unpack and self._unpack.unused_data:
            self._problem = "something follows its compressed body"
        if max(self._fed, len(self._body)) > self._limit:
            self._problem = f"its body is larger than {self._limit} bytes"
        return self._problem is None

    def result(self) -> bytes | str:
        """Give the body, or what is wrong with it in words."""
        if self._unpack and self._body and not self._unpack.eof:
            self._problem = self._problem or "its compressed body is cut short"
        return self._problem or bytes(self._body)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)
    return value


_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)
"""Takes no number that is none in JSON, or that cannot be written as JSON again."""


def read_answer(
    endpoint: Endpoint[Answer], status: int, headers: Mapping[str, str], body: bytes | str, *, secrets: Collection[str]
) -> Answer:
    """
    Read an answer.

    :param endpoint: what was asked
    :param status: the HTTP status
    :param headers: the answer's headers; their names in any case
    :param body: the body, or what is wrong with it in words
    :param secrets: what was sent in confidence, such as the API key: no error may repeat it
    :raises PostpressAPIError: the status is not a success
    :raises PostpressUnreadableAnswer: a success whose body cannot be read
    """
    document = _json(body, secrets) if isinstance(body, bytes) else None
    object_ = document.get("object") if isinstance(document, dict) else None
    is_told = isinstance(object_, str) and object_ in endpoint.told_by_object
    if not 200 <= status < 300 and not is_told:
        raise _api_error(endpoint, status, headers, document, secrets)

    def unreadable(problem: str) -> PostpressUnreadableAnswer:
        problem = "its body cannot be read" if endpoint.discreet else problem
        return PostpressUnreadableAnswer(route=endpoint.route, status=status, problem=presentable(problem, secrets))

    if isinstance(body, str):
        raise unreadable(body)
    if not body.strip():
        raise unreadable("its body is empty")
    if not isinstance(document, dict):
        raise unreadable(f"its body is not a JSON object{_kind_of(headers, secrets)}")
    try:
        return endpoint.answer.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        fields = ", ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults[:_MAX_FAULTS])
        problem = f"its body is not {endpoint.answer.__name__} as documented ({fields})"
    raise unreadable(problem)


def presentable(words: str, secrets: Collection[str]) -> str:
    """
    Make what a server said fit for an error's text: one line, not long, all printable, and without the secrets.

    :param words: what was said
    :param secrets: what was sent in confidence, such as the API key
    """
    return one_line(without_logins(struck_out(words[:_MAX_READ], secrets)))


def _api_error(
    endpoint: Endpoint[Any], status: int, headers: Mapping[str, str], document: Any, secrets: Collection[str]
) -> PostpressAPIError:
    envelope = document if isinstance(document, dict) else {}
    hint = None
    if isinstance(envelope.get("error"), dict):
        envelope = envelope["error"]
    elif not any(isinstance(envelope.get(name), str) for name in ("type", "title")):
        hint = f"The answer is not Postpress's error envelope{_kind_of(headers, secrets)}; check the base URL."
    if 300 <= status < 400:
        hint = "Redirects are not followed, since the API key would travel: give the connection the final URL."
    elif endpoint.discreet:
        hint = "What else was said is left out: it may repeat what was sent."

    def said(*names: str) -> str | None:
        words = next((word for name in names if isinstance(word := envelope.get(name), str) and word.strip()), None)
        # a documented type is kept as it is: a short key could be a part of it
        return words and (words if words in ERROR_TYPES else presentable(words, secrets))

    error_type = _error_type(said("type", "code"))
    instance = said("instance", "request_id")
    if endpoint.discreet:
        error_type = error_type if error_type in ERROR_TYPES else None
        instance = instance if instance and _REQUEST_ID.fullmatch(instance) else None
    return PostpressAPIError(
        route=endpoint.route,
        status=status,
        type=error_type,
        title=None if endpoint.discreet else said("title"),
        detail=None if endpoint.discreet else said("detail", "message"),
        instance=instance,
        retry_after=_retry_after(headers),
        hint=hint and presentable(hint, secrets),
    )


def _error_type(name: str | None) -> str | None:
    if name is None:
        return None
    return name if name.startswith("errors/") else f"errors/{name.lower()}"


def _json(body: bytes, secrets: Collection[str]) -> Any:
    try:
        text = body.decode("utf-8-sig")
        for secret in secrets:
            # what is told of an account is handed on; a short secret can be a part of any word
            if len(secret) >= _LONG:
                text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], "***")
        return _DECODER.decode(_ESCAPE.sub(_storable, text) if "\\u" in text else text)
    except (ValueError, RecursionError):
        return None


def _storable(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape[1] else escape[0]


def _kind_of(headers: Mapping[str, str], secrets: Collection[str]) -> str:
    # struck out before it is cut: the beginning of a secret could be left
    content_type = presentable(headers.get("Content-Type", "").partition(";")[0], secrets)
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
