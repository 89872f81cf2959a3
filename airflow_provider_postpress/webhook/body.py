"""The body of a delivery: read within bounds, and parsed as JSON or as a form, whatever its Content-Type says."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BYTES = 64 * 1024
MAX_SECONDS = 10.0
MAX_FIELDS = 100
ENVELOPE = "AccountStatus"

_MAX_DIGITS = 20

_FIELD = re.compile(rf"{ENVELOPE}(?:\[(\w+)\]|\.(\w+))")


class BodyTooLargeError(Exception):
    """The body has more bytes than allowed."""


class BodyUnreadableError(Exception):
    """The body is neither JSON nor a form that holds an object."""


async def read_body(request: Request) -> bytes:
    """
    Read the body of a request.

    :param request: the request
    :raises BodyTooLargeError: it is, or says that it is, longer than ``MAX_BYTES``
    :raises TimeoutError: it has not come to its end in ``MAX_SECONDS``
    """
    declared = request.headers.get("content-length", "")
    # not all of its digits: Python refuses to read more than some thousands
    if declared.isdecimal() and int(declared[:_MAX_DIGITS]) > MAX_BYTES:
        raise BodyTooLargeError
    body = bytearray()
    async with asyncio.timeout(MAX_SECONDS):
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                raise BodyTooLargeError
    return bytes(body)


def parse_body(body: bytes) -> dict[str, Any]:
    """
    Parse a body: a JSON object, or a form whose fields make one.

    Forms that are understood: ``AccountStatus[account_id]=…&AccountStatus[message]=…`` (or ``AccountStatus.message``),
    ``AccountStatus={…}``, and the JSON as the value of a field (``payload={"AccountStatus": …}``) or as its name.

    :param body: the bytes, of UTF-8 with or without a byte order mark
    :raises BodyUnreadableError: it is neither
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BodyUnreadableError from None
    document = _json(text)
    if document is None:
        document = _form(text)
    if not isinstance(document, dict):
        raise BodyUnreadableError
    return document


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _form(text: str) -> Any:
    try:
        fields = parse_qsl(text.strip(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        return None
    status: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, value in fields:
        match _FIELD.fullmatch(name), _json(value or name):
            case re.Match() as field, _:
                status[field[1] or field[2]] = value
            case _, {"AccountStatus": _} as document:
                return document
            case _, dict(document) if name == ENVELOPE:
                status |= document
            case _:
                others[name] = value
    return {**others, ENVELOPE: status} if status else None
