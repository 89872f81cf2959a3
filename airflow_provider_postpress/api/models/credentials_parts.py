"""The objects that credentials hold, and what all of them have in common: what they show, and what they reveal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Secret, SecretStr
from pydantic_core import PydanticCustomError

from airflow_provider_postpress.api.models.credentials_values import (
    NOT_ALLOWED,
    Allowed,
    Flag,
    Limit,
    Maybe,
    Number,
    SameSite,
    SecretText,
    Text,
    array_of,
)

MESSENGER_COOKIES = ("xs", "c_user", "datr")


class CredentialsPart(BaseModel):
    """An object of a request, read strictly. Printed, it tells the names of the fields that it has, and no value."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> Any:
        yield "fields", tuple(self.given())

    def __str__(self) -> str:
        return repr(self)

    def __setattr__(self, name: str, value: Any) -> None:
        # not left to pydantic: its refusal repeats the value
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def given(self) -> dict[str, Any]:
        """Give the fields that it has, in the order in which they are documented."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}

    @classmethod
    def takes_text(cls, field: str) -> bool:
        """
        Tell whether a text can be right for a field.

        :param field: the field's name
        """
        kinds = _kinds(cls.model_fields[field].annotation)
        return any(kind in (str, SecretStr) or get_origin(kind) is Literal for kind in kinds)

    @classmethod
    def takes_number(cls, field: str) -> bool:
        """
        Tell whether a number can be right for a field.

        :param field: the field's name
        """
        return any(kind in (int, float) for kind in _kinds(cls.model_fields[field].annotation))

    @classmethod
    def part(cls, field: str) -> type[CredentialsPart] | None:
        """
        Give what a field's value, or each value of its array, is read as, if that is a part of its own.

        :param field: the field's name
        """
        for kind in _kinds(cls.model_fields[field].annotation):
            element = get_args(kind)[0] if get_origin(kind) is tuple else kind
            if isinstance(element, type) and issubclass(element, CredentialsPart):
                return element
        return None


def _kinds(annotation: Any) -> Iterator[Any]:
    """Take a field's type apart to the kinds of value that it can have."""
    if get_origin(annotation) is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for alternative in get_args(annotation):
            yield from _kinds(alternative)
    else:
        yield annotation


class Proxy(CredentialsPart):
    """
    A proxy for the provider's traffic of an account.

    :param protocol: ``https``, ``http`` or ``socks5``
    :param host: its host
    :param port: its port
    :param username: its user, if it wants one
    :param password: the user's password, if it wants one
    """

    protocol: Maybe[Annotated[Literal["https", "http", "socks5"], Allowed()]] = None
    host: Text
    port: Number
    username: Maybe[Text] = None
    password: Maybe[SecretText] = None


class SyncLimit(CredentialsPart):
    """
    How much history is synced. A limit is a number of items, 0 for none, or a UTC datetime to begin from.

    A datetime is an aware ``datetime`` or a text such as ``2025-12-31T23:59:59.999Z``. What is left out has no limit.

    :param chats: the limit of each inbox
    :param messages: the limit of each chat
    """

    chats: Maybe[Limit] = None
    messages: Maybe[Limit] = None


class Cookie(CredentialsPart):
    """
    A cookie, as browsers export it.

    :param name: its name
    :param value: its value
    :param domain: the domain it is for
    :param path: the path it is for
    :param secure: whether it travels over TLS alone
    :param httpOnly: whether it is kept from the page's scripts
    :param expirationDate: when it ends, as the browser counts
    :param sameSite: ``unspecified``, ``no_restriction``, ``lax`` or ``strict``
    """

    name: Text
    value: SecretText
    domain: Maybe[Text] = None
    path: Maybe[Text] = None
    secure: Maybe[Flag] = None
    httpOnly: Maybe[Flag] = None  # noqa: N815 - the wire's name
    expirationDate: Maybe[Number] = None  # noqa: N815 - the wire's name
    sameSite: Maybe[SameSite] = None  # noqa: N815 - the wire's name


_COOKIES = f"an array of objects with name and value, at least of the cookies {', '.join(MESSENGER_COOKIES)}"


def _of_a_session(cookies: tuple[Cookie, ...]) -> tuple[Cookie, ...]:
    if not {cookie.name for cookie in cookies}.issuperset(MESSENGER_COOKIES):
        raise PydanticCustomError(NOT_ALLOWED, f"must be {_COOKIES}")
    return cookies


SessionCookies = Annotated[tuple[Cookie, ...], array_of(_COOKIES), AfterValidator(_of_a_session)]


def plain_of(value: Any) -> Any:
    """
    Write a value in JSON's own types, with its secrets revealed, as a copy.

    :param value: a part, or what a field of one holds
    """
    match value:
        case CredentialsPart():
            return plain_of(value.given())
        case SecretStr() | Secret():
            return plain_of(value.get_secret_value())
        case Mapping():
            return {name: plain_of(part) for name, part in value.items()}
        case list() | tuple():
            return [plain_of(part) for part in value]
    return value


def secrets_of(value: Any, *, is_secret: bool = False) -> Iterator[str]:
    """
    Give each secret in a value, as text; numbers among them as JSON writes them.

    :param value: a part, or what a field of one holds
    :param is_secret: whether the value itself is one
    """
    match value:
        case CredentialsPart():
            yield from secrets_of(value.given())
        case SecretStr() | Secret():
            yield from secrets_of(value.get_secret_value(), is_secret=True)
        case Mapping():
            for part in value.values():
                yield from secrets_of(part, is_secret=is_secret)
        case list() | tuple():
            for part in value:
                yield from secrets_of(part, is_secret=is_secret)
        case str() | int() | float() if is_secret and value != "" and not isinstance(value, bool):
            yield str(value)
