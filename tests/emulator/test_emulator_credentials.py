"""What a login has to look like: each of the 12 documented variants, and what is refused of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator_bench import Bench

PROXY = {"protocol": "socks5", "host": "proxy.example.com", "port": 1080, "username": "u", "password": "p"}
COMMON = {"country": "FR", "ip": "192.0.2.1", "disabled_features": ["linkedin_recruiter"]}
LIMIT = {"sync_limit": {"chats": 0, "messages": "2025-12-31T23:59:59.999Z"}}
MAIL_LIMIT = {"sync_limit": "NO_HISTORY_SYNC"}
SOCIAL = {**COMMON, **LIMIT, "proxy": PROXY, "user_agent": "Lynx"}
LINKEDIN = {**SOCIAL, "recruiter_contract_id": "7"}
NAMES = {"username": "anna", "password": "hunter2"}
COOKIES = [{"name": name, "value": "v"} for name in ("xs", "c_user", "datr")]
TOKENS = {"refresh_token": "r", "access_token": "a"}
MAILBOX = {
    "imap_user": "anna", "smtp_user": "anna", "imap_password": "p", "smtp_password": "p", "imap_port": 993,
    "imap_host": "imap.example.com", "smtp_host": "smtp.example.com", "smtp_port": 465, "imap_encryption": "starttls",
}  # fmt: skip

# provider, what is required, what else may come
VARIANTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "LinkedIn basic": ("LINKEDIN", NAMES, LINKEDIN),
    "LinkedIn cookie": ("LINKEDIN", {"access_token": "t"}, {**LINKEDIN, "premium_token": "p"}),
    "WhatsApp": ("WHATSAPP", {}, {**COMMON, "proxy": PROXY, "pairing_phone_number": "33600000000"}),
    "Instagram basic": ("INSTAGRAM", NAMES, SOCIAL),
    "Instagram cookie": ("INSTAGRAM", {"sessionid": "s"}, SOCIAL),
    "Messenger basic": ("MESSENGER", NAMES, SOCIAL),
    "Messenger session": (
        "MESSENGER",
        {"cookies": COOKIES},
        {**SOCIAL, "headers": {"User-Agent": "Lynx", "X": 1}, "user_name": "Anna"},
    ),
    "mailbox": ("MAIL", MAILBOX, {**COMMON, **MAIL_LIMIT}),
    "Google": ("GOOGLE_OAUTH", TOKENS, {**COMMON, **MAIL_LIMIT}),
    "Telegram": ("TELEGRAM", {}, {**COMMON, **LIMIT, "password": "2fa"}),
    "Outlook": ("OUTLOOK", {**TOKENS, "username": "anna", "id": "1"}, {**COMMON, **MAIL_LIMIT}),
    "X": ("TWITTER", {**NAMES, "email": "anna@example.com"}, COMMON),
}
ALL_FIELDS = {name for _, required, optional in VARIANTS.values() for name in (*required, *optional)}
EACH = pytest.mark.parametrize(("provider", "required", "optional"), VARIANTS.values(), ids=VARIANTS)


def answer(provider: Any, fields: dict[str, Any]) -> tuple[int, str]:
    """Log in to an account of that provider, and give the status code, and the object or the type of the error."""
    account_type = provider if provider in [of for of, *_ in VARIANTS.values()] else "LINKEDIN"
    given = Bench(account_type).log_in(provider=provider, **fields)
    return given.status_code, given.body.get("object") or given.body["type"].removeprefix("errors/")


@EACH
def test_a_variant_is_accepted_bare_and_with_everything(
    provider: str, required: dict[str, Any], optional: dict[str, Any]
) -> None:
    accepted = (202, "Checkpoint") if provider in ("WHATSAPP", "TELEGRAM") else (201, "AccountReconnected")
    assert answer(provider, required) == accepted
    assert answer(provider, {**required, **optional}) == accepted
    assert [answer(provider, {**required, name: value}) for name, value in optional.items()] == [accepted] * len(
        optional
    )


@EACH
def test_a_variant_needs_each_required_field(provider: str, required: dict[str, Any], optional: dict[str, Any]) -> None:
    for name in required:
        rest = {other: value for other, value in required.items() if other != name}
        assert answer(provider, rest) == (400, "missing_parameters")


@EACH
def test_a_variant_takes_no_field_of_another_and_none_that_there_is_not(
    provider: str, required: dict[str, Any], optional: dict[str, Any]
) -> None:
    values = {name: value for _, *both in VARIANTS.values() for fields in both for name, value in fields.items()}
    for name in (ALL_FIELDS | {"passwort"}) - {*required, *optional}:
        assert answer(provider, {**required, name: values.get(name, "x")})[0] == 400, name


@EACH
def test_no_field_takes_null_or_an_empty_list(
    provider: str, required: dict[str, Any], optional: dict[str, Any]
) -> None:
    for name in (*required, *optional):
        assert answer(provider, {**required, name: None}) == (400, "invalid_parameters"), name
        if name != "disabled_features":
            assert answer(provider, {**required, name: []}) == (400, "invalid_parameters"), name


@pytest.mark.parametrize("provider", ["LINKEDIN", "INSTAGRAM", "MESSENGER"])
def test_two_ways_to_log_in_are_not_for_one_login(provider: str) -> None:
    one, other = (fields for of, fields, _ in VARIANTS.values() if of == provider)
    both = Bench(provider).log_in(provider=provider, **one, **other).body
    assert (both["type"], both["detail"][-9:]) == ("errors/invalid_parameters", "not both.")
    assert answer(provider, {}) == (400, "missing_parameters")
    assert answer(provider, SOCIAL) == (400, "missing_parameters")


def test_a_field_of_the_other_way_to_log_in_is_refused_too() -> None:
    assert answer("LINKEDIN", {**NAMES, "premium_token": "p"}) == (400, "invalid_parameters")
    assert answer("LINKEDIN", {"premium_token": "p"}) == (400, "missing_parameters")
    assert answer("MESSENGER", {**NAMES, "headers": {}}) == (400, "invalid_parameters")


@pytest.mark.parametrize("provider", ["FAX", "linkedin", "", None, 1, ["LINKEDIN"]])
def test_a_provider_that_there_is_not_is_refused(provider: Any) -> None:
    assert answer(provider, NAMES) == (400, "invalid_parameters")


@pytest.mark.parametrize(
    "fields",
    [
        {"country": "FRA"},
        {"country": "F"},
        {"country": "F1"},
        {"country": "éé"},
        {"ip": "::1"},
        {"ip": "192.0.2"},
        {"ip": "192.0.2.1/24"},
        {"ip": 3232235777},
        {"disabled_features": "linkedin_recruiter"},
        {"disabled_features": ["linkedin"]},
        {"sync_limit": "NO_HISTORY_SYNC"},
        {"sync_limit": {"chats": -1}},
        {"sync_limit": {"chats": "10"}},
        {"sync_limit": {"chats": True}},
        {"sync_limit": {"chats": None}},
        {"sync_limit": {"calls": 1}},
        {"sync_limit": {"messages": "2025-12-31"}},
        {"sync_limit": {"messages": "2025-12-31T23:59:59+00:00"}},
        {"sync_limit": {"messages": "2025-12-31T23:59:59.999999Z"}},
        {"sync_limit": {"messages": "2025-02-30T00:00:00.000Z"}},
        {"proxy": "http://proxy.example.com:3128"},
        {"proxy": {"host": "proxy.example.com", "port": "3128"}},
        {"proxy": {**PROXY, "protocol": "socks4"}},
        {"proxy": {**PROXY, "password": 1}},
        {"proxy": {**PROXY, "user": "u"}},
        {"username": 1},
        {"user_agent": False},
    ],
    ids=str,
)
def test_a_value_that_is_not_allowed_is_refused(fields: dict[str, Any]) -> None:
    assert answer("LINKEDIN", {**NAMES, **fields}) == (400, "invalid_parameters")


@pytest.mark.parametrize("name", ["host", "port"])
def test_a_proxy_needs_host_and_port(name: str) -> None:
    proxy = {"host": "proxy.example.com", "port": 3128}
    assert answer("LINKEDIN", {**NAMES, "proxy": proxy}) == (201, "AccountReconnected")
    del proxy[name]
    assert answer("LINKEDIN", {**NAMES, "proxy": proxy}) == (400, "missing_parameters")


@pytest.mark.parametrize(
    ("fields", "error_type"),
    [
        ({"sync_limit": {"chats": 1}}, "invalid_parameters"),
        ({"sync_limit": "FULL"}, "invalid_parameters"),
        ({"imap_encryption": "TLS"}, "invalid_parameters"),
        ({"imap_port": "993"}, "invalid_parameters"),
        ({"smtp_port": True}, "invalid_parameters"),
        ({"proxy": PROXY}, "invalid_parameters"),
    ],
)
def test_a_mailbox_has_limits_of_its_own(fields: dict[str, Any], error_type: str) -> None:
    assert answer("MAIL", {**MAILBOX, **fields}) == (400, error_type)


@pytest.mark.parametrize("number", ["+33600000000", "33 6", "", "٣٣", 33600000000])
def test_a_pairing_phone_number_is_digits_only(number: Any) -> None:
    assert answer("WHATSAPP", {"pairing_phone_number": number}) == (400, "invalid_parameters")


@pytest.mark.parametrize(
    ("cookies", "error_type"),
    [
        (COOKIES[:2], "invalid_parameters"),
        ([*COOKIES, {"name": "x"}], "missing_parameters"),
        ([*COOKIES, {"value": "x"}], "missing_parameters"),
        ([*COOKIES, {"name": "x", "value": "y", "hostOnly": True}], "invalid_parameters"),
        ([*COOKIES, {"name": "x", "value": "y", "secure": 1}], "invalid_parameters"),
        ([*COOKIES, {"name": "x", "value": "y", "sameSite": "Lax"}], "invalid_parameters"),
        ([*COOKIES, "x=y"], "invalid_parameters"),
        ({"xs": "1", "c_user": "2", "datr": "3"}, "invalid_parameters"),
    ],
)
def test_cookies_are_those_of_a_browser_and_at_least_the_three_of_messenger(cookies: Any, error_type: str) -> None:
    assert answer("MESSENGER", {"cookies": cookies}) == (400, error_type)


def test_a_cookie_may_have_all_that_is_documented() -> None:
    whole = {
        "name": "x", "value": "y", "domain": ".facebook.com", "path": "/", "secure": True, "httpOnly": False,
        "expirationDate": 1.5, "sameSite": "no_restriction",
    }  # fmt: skip
    assert answer("MESSENGER", {"cookies": [*COOKIES, whole]}) == (201, "AccountReconnected")


@pytest.mark.parametrize("body", [b"", b"{", b"provider=LINKEDIN", b"\xff", b'{"provider": NaN}', b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    given = Bench().engine.reconnect_account("acc", body)
    assert (given.status_code, given.body["type"]) == (400, "errors/invalid_request")


@pytest.mark.parametrize("body", [[], "LINKEDIN", None, 1])
def test_what_is_no_object_is_refused(body: Any) -> None:
    given = Bench().engine.reconnect_account("acc", json.dumps(body).encode())
    assert (given.status_code, given.body["type"]) == (400, "errors/invalid_parameters")


def test_a_login_without_a_provider_lacks_it() -> None:
    given = Bench().engine.reconnect_account("acc", json.dumps(NAMES).encode())
    assert (given.status_code, given.body["type"]) == (400, "errors/missing_parameters")


def test_a_refusal_names_the_field_and_what_is_allowed_and_never_the_value() -> None:
    given = Bench().log_in(provider="LINKEDIN", **NAMES, proxy={"host": "h", "port": "hunter3"})
    assert given.body == {
        "title": "Bad Request",
        "type": "errors/invalid_parameters",
        "detail": "proxy.port is a number.",
        "status": 400,
    }
