"""
The body of a reconnect, judged as strictly as the page allows.

The table is this module's own: a client whose table is wrong is to be found out. No message tells a value, because any
could be a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import AddressValueError, IPv4Address
from typing import Any, NamedTuple

from airflow_provider_postpress.emulator.answers import ProblemError

_UTC_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z", re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_MESSENGER_COOKIES = ("xs", "c_user", "datr")

Judge = Callable[[str, Any], None]
"""Takes a field's name and value, and raises a ``ProblemError`` for one that is not allowed."""


def _is(allowed: str, is_allowed: Callable[[Any], bool]) -> Judge:
    def judge(name: str, value: Any) -> None:
        if not is_allowed(value):
            raise _invalid(f"{name} is {allowed}.")

    return judge


def _one_of(*values: str) -> Judge:
    return _is(f"one of {', '.join(values)}", lambda value: isinstance(value, str) and value in values)


def _list_of(judge_item: Judge) -> Judge:
    def judge(name: str, value: Any) -> None:
        if not isinstance(value, list):
            raise _invalid(f"{name} is a list.")
        for position, item in enumerate(value):
            judge_item(f"{name}[{position}]", item)

    return judge


def _object_of(fields: Mapping[str, Judge], required: tuple[str, ...] = ()) -> Judge:
    def judge(name: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise _invalid(f"{name} is an object.")
        _judge_fields(value, fields, required, f"{name}.")

    return judge


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_utc_datetime(value: Any) -> bool:
    if not isinstance(value, str) or not _UTC_DATETIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_ipv4(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        IPv4Address(value)
    except AddressValueError:
        return False
    return True


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_TEXT = _is("a text", lambda value: isinstance(value, str))
_NUMBER = _is("a number", _is_number)
_BOOLEAN = _is("true or false", lambda value: isinstance(value, bool))
_ANY_OBJECT = _is("an object", lambda value: isinstance(value, dict))
_LIMIT = _is(
    "a UTC datetime (YYYY-MM-DDTHH:MM:SS.sssZ) or a number from 0",
    lambda value: _is_utc_datetime(value) or (_is_number(value) and value >= 0),
)
_COOKIE = _object_of(
    {
        "name": _TEXT,
        "value": _TEXT,
        "domain": _TEXT,
        "path": _TEXT,
        "secure": _BOOLEAN,
        "httpOnly": _BOOLEAN,
        "expirationDate": _NUMBER,
        "sameSite": _one_of("unspecified", "no_restriction", "lax", "strict"),
    },
    required=("name", "value"),
)


def _judge_cookies(name: str, value: Any) -> None:
    _list_of(_COOKIE)(name, value)
    if not set(_MESSENGER_COOKIES) <= {cookie["name"] for cookie in value}:
        raise _invalid(f"{name} are at least {', '.join(_MESSENGER_COOKIES)}.")


_COMMON = {
    "country": _is("a country code of two letters", _matches(_COUNTRY)),
    "ip": _is("an IPv4 address", _is_ipv4),
    "disabled_features": _list_of(
        _one_of("linkedin_recruiter", "linkedin_sales_navigator", "linkedin_organizations_mailboxes")
    ),
}
_PROXY = {
    "proxy": _object_of(
        {
            "protocol": _one_of("https", "http", "socks5"),
            "host": _TEXT,
            "port": _NUMBER,
            "username": _TEXT,
            "password": _TEXT,
        },
        required=("host", "port"),
    )
}
_CHAT_LIMIT = {"sync_limit": _object_of({"chats": _LIMIT, "messages": _LIMIT})}
_MAIL_LIMIT = {"sync_limit": _one_of("NO_HISTORY_SYNC")}
_SOCIAL = {**_COMMON, **_CHAT_LIMIT, **_PROXY, "user_agent": _TEXT}
_LINKEDIN = {**_SOCIAL, "recruiter_contract_id": _TEXT}


class _Variant(NamedTuple):
    """
    A way to log in.

    :param required: fields that are needed
    :param own: fields that may come, and tell it from the other way to log in at the same provider, if there is one
    :param shared: fields that may come
    """

    required: Mapping[str, Judge]
    own: Mapping[str, Judge]
    shared: Mapping[str, Judge]

    @property
    def marks(self) -> set[str]:
        """The fields that only this variant has."""
        return {*self.required, *self.own}


def _texts(*names: str) -> dict[str, Judge]:
    return dict.fromkeys(names, _TEXT)


_VARIANTS: dict[str, tuple[_Variant, ...]] = {
    "LINKEDIN": (
        _Variant(_texts("username", "password"), {}, _LINKEDIN),
        _Variant(_texts("access_token"), _texts("premium_token"), _LINKEDIN),
    ),
    "WHATSAPP": (_Variant({}, {"pairing_phone_number": _is("digits only", _matches(_DIGITS))}, {**_COMMON, **_PROXY}),),
    "INSTAGRAM": (
        _Variant(_texts("username", "password"), {}, _SOCIAL),
        _Variant(_texts("sessionid"), {}, _SOCIAL),
    ),
    "MESSENGER": (
        _Variant(_texts("username", "password"), {}, _SOCIAL),
        _Variant({"cookies": _judge_cookies}, {"headers": _ANY_OBJECT, "user_name": _TEXT}, _SOCIAL),
    ),
    "MAIL": (
        _Variant(
            {
                **_texts("imap_user", "smtp_user", "imap_password", "smtp_password", "imap_host", "smtp_host"),
                "imap_port": _NUMBER,
                "smtp_port": _NUMBER,
                "imap_encryption": _one_of("tls", "ssl", "starttls", "default"),
            },
            {},
            {**_COMMON, **_MAIL_LIMIT},
        ),
    ),
    "GOOGLE_OAUTH": (_Variant(_texts("refresh_token", "access_token"), {}, {**_COMMON, **_MAIL_LIMIT}),),
    "TELEGRAM": (_Variant({}, _texts("password"), {**_COMMON, **_CHAT_LIMIT}),),
    "OUTLOOK": (_Variant(_texts("refresh_token", "access_token", "username", "id"), {}, {**_COMMON, **_MAIL_LIMIT}),),
    "TWITTER": (_Variant(_texts("username", "email", "password"), {}, _COMMON),),
}
_FITS = {"MAIL": ("MAIL", "ICLOUD", "EXCHANGE"), "GOOGLE_OAUTH": ("GOOGLE_OAUTH", "GOOGLE_CALENDAR")}


def read(body: bytes) -> Any:
    """
    Read a body as JSON.

    :param body: as it came
    :raises ProblemError: 400 for what is no JSON
    """
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ProblemError(400, "errors/invalid_request", "The body is no JSON.") from None


def judge(sent: Any) -> dict[str, Any]:
    """
    Judge the body of a reconnect.

    :param sent: the body
    :returns: the body, which is one of the 12 documented variants
    :raises ProblemError: 400 for what is not
    """
    if not isinstance(sent, dict):
        raise _invalid("The body is an object.")
    if "provider" not in sent:
        raise _missing("provider is missing.")
    _one_of(*_VARIANTS)("provider", sent["provider"])
    fields = {name: value for name, value in sent.items() if name != "provider"}
    variant = _variant(sent["provider"], set(fields))
    _judge_fields(fields, {**variant.required, **variant.own, **variant.shared}, tuple(variant.required))
    return sent


def fits(provider: str, account_type: str) -> bool:
    """Tell whether a provider's login is for accounts of a type."""
    return account_type in _FITS.get(provider, (provider,))


def _variant(provider: str, names: set[str]) -> _Variant:
    variants = _VARIANTS[provider]
    if len(variants) == 1:
        return variants[0]
    marked = [variant for variant in variants if names & variant.marks]
    ways = " or ".join(" and ".join(variant.required) for variant in variants)
    if not marked:
        raise _missing(f"{provider} takes {ways}.")
    if len(marked) > 1:
        raise _invalid(f"{provider} takes {ways}, not both.")
    return marked[0]


def _judge_fields(
    sent: Mapping[str, Any], fields: Mapping[str, Judge], required: tuple[str, ...], prefix: str = ""
) -> None:
    for name, value in sent.items():
        if name not in fields:
            raise _invalid(f"{prefix}{name} is no field of this login.")
        fields[name](f"{prefix}{name}", value)
    for name in required:
        if name not in sent:
            raise _missing(f"{prefix}{name} is missing.")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}.")


def _invalid(detail: str) -> ProblemError:
    return ProblemError(400, "errors/invalid_parameters", detail)


def _missing(detail: str) -> ProblemError:
    return ProblemError(400, "errors/missing_parameters", detail)
