"""The values that credentials hold, read strictly, each with words for what is allowed; secrets do not show."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    PlainSerializer,
    PlainValidator,
    Secret,
    SecretStr,
)
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import custom_error_schema

T = TypeVar("T")

NOT_ALLOWED = "not_allowed"
"""The type of pydantic's errors whose message is the words for what is allowed."""
NULL = "null"
"""The type of pydantic's errors where null was given for what can be left out."""

_UTC_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


@dataclass(frozen=True)
class Allowed:
    """
    Makes words for what is allowed of whatever is wrong with a value: pydantic's own words can repeat the value.

    :param words: what is allowed, to follow "must be", without braces; the values of a ``Literal`` when ``None``
    """

    words: str | None = None

    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        words = self.words or " or ".join(get_args(kind))
        return custom_error_schema(
            handler(kind), custom_error_type=NOT_ALLOWED, custom_error_message=f"must be {words}"
        )


def array_of(words: str) -> BeforeValidator:
    """
    Take a list or a tuple; the errors of its elements keep their place.

    :param words: what is allowed, to follow "must be"
    """

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise PydanticCustomError(NOT_ALLOWED, f"must be {words}")
        return tuple(value)

    return BeforeValidator(read)


def _not_null(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError(NULL, "must not be null: leave it out")
    return value


def _sendable(text: str) -> str:
    text.encode()  # an unpaired surrogate is a ValueError, and would be one when it is sent
    return text


def _sendable_secret(secret: SecretStr) -> SecretStr:
    _sendable(secret.get_secret_value())
    return secret


def _json(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, RecursionError):
        raise ValueError from None
    return value


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError  # noqa: TRY004 - pydantic reads it
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise ValueError
    return value


def _limit(value: Any) -> str | int | float:
    if isinstance(value, datetime):
        return _utc_text(value)
    if isinstance(value, str):
        if not _UTC_DATETIME.fullmatch(value):
            raise ValueError
        datetime.fromisoformat(value)  # a ValueError where there is no such day
        return value
    if _number(value) < 0:
        raise ValueError
    return value  # type: ignore[no-any-return]  # _number saw that it is one


def _utc_text(instant: datetime) -> str:
    if instant.utcoffset() is None:
        raise ValueError
    try:
        utc = instant.astimezone(UTC)
    except OverflowError:
        raise ValueError from None
    return f"{utc.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _ipv4(text: str) -> str:
    IPv4Address(text)
    return text


def _matching(pattern: str) -> Callable[[str], str]:
    def match(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return match


_REDACTED = PlainSerializer(lambda _: "**********", return_type=str)

Maybe = Annotated[T | None, BeforeValidator(_not_null)]
"""What can be left out. ``None`` is its absence, and not a value that can be given."""

Text = Annotated[str, AfterValidator(_sendable), Allowed("a text")]
SecretText = Annotated[SecretStr, AfterValidator(_sendable_secret), Allowed("a text"), _REDACTED]
SecretJson = Annotated[Secret[Any], BeforeValidator(_json), Allowed("a JSON value"), _REDACTED]
Flag = Annotated[bool, Allowed("true or false")]
Number = Annotated[int | float, PlainValidator(_number), Allowed("a number")]
Country = Annotated[
    str, AfterValidator(_matching("[A-Za-z]{2}")), Allowed("two letters, an ISO 3166-1 code such as DE")
]
Ipv4 = Annotated[str, AfterValidator(_ipv4), Allowed("an IPv4 address")]
Digits = Annotated[str, AfterValidator(_matching("[0-9]+")), Allowed("a text of digits: country code and number")]
Limit = Annotated[
    str | int | float,
    PlainValidator(_limit),
    Allowed("a number of items from 0, or a UTC datetime such as 2025-12-31T23:59:59.999Z"),
]

DisabledFeature = Literal["linkedin_recruiter", "linkedin_sales_navigator", "linkedin_organizations_mailboxes"]
DisabledFeatures = Annotated[
    tuple[Annotated[DisabledFeature, Allowed()], ...], array_of(f"an array of {' or '.join(get_args(DisabledFeature))}")
]
SameSite = Annotated[Literal["unspecified", "no_restriction", "lax", "strict"], Allowed()]
