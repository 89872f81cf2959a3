"""From a connection, in JSON or as a URI, to credentials, for each of the variants; and what the README says of it."""

from __future__ import annotations

import json
import re
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from airflow.providers.common.compat.sdk import BaseHook, Connection
from airflow.sdk.log import redact
from airflow.secrets.local_filesystem import load_connections_dict

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models import Credentials, read_credentials
from airflow_provider_postpress.api.models.credentials_variants import (
    VARIANTS,
    GoogleCredentials,
    InstagramBasicCredentials,
    InstagramCookieCredentials,
    LinkedinBasicCredentials,
    LinkedinCookieCredentials,
    MailCredentials,
    MessengerBasicCredentials,
    MessengerSessionCredentials,
    OutlookCredentials,
    TelegramCredentials,
    TwitterCredentials,
    WhatsappCredentials,
)
from airflow_provider_postpress.hooks.credentials import PLACES, credentials_of, mask

README = (Path(__file__).parents[2] / "README.md").read_text()
(SECTION,) = re.findall(r"^## Credentials connections\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
(CONNECTIONS_JSON,) = re.findall(r"^```jsonc\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
CONNECTIONS: dict[str, dict[str, Any]] = json.loads(CONNECTIONS_JSON)

# in the order of the README's table
FILLED: dict[type[Credentials], tuple[str, set[str], set[str]]] = {
    LinkedinBasicCredentials: ("linkedin_login", {"username"}, {"password"}),
    LinkedinCookieCredentials: ("linkedin_cookies", set(), {"access_token"}),
    InstagramBasicCredentials: ("instagram_login", {"username"}, {"password"}),
    InstagramCookieCredentials: ("instagram_cookie", set(), {"sessionid"}),
    MessengerBasicCredentials: ("messenger_login", {"username"}, {"password"}),
    MessengerSessionCredentials: ("messenger_session", set(), set()),
    WhatsappCredentials: ("whatsapp_login", {"pairing_phone_number"}, set()),
    TelegramCredentials: ("telegram_login", set(), {"password"}),
    TwitterCredentials: ("twitter_login", {"username"}, {"password"}),
    MailCredentials: ("mail_login", {"imap_user", "smtp_user"}, {"imap_password", "smtp_password"}),
    GoogleCredentials: ("gmail_tokens", set(), {"refresh_token"}),
    OutlookCredentials: ("outlook_tokens", {"username"}, {"refresh_token"}),
}
EACH = pytest.mark.parametrize("variant", FILLED)


def connection(extra: Any = None, login: str | None = None, password: str | None = None) -> Connection:
    written = extra if isinstance(extra, str) or extra is None else json.dumps(extra)
    return Connection(conn_id="anna", conn_type="generic", login=login, password=password, extra=written)


def from_environment(monkeypatch: pytest.MonkeyPatch, written: str) -> Connection:
    monkeypatch.setenv("AIRFLOW_CONN_ANNA", written)
    return BaseHook.get_connection("anna")


def refusal_of(bad: Connection) -> str:
    with pytest.raises(PostpressInvalidRequest) as caught:
        credentials_of(bad)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert str(caught.value).startswith("Connection 'anna': ")
    return str(caught.value).removeprefix("Connection 'anna': ")


def body_of(variant: type[Credentials]) -> dict[str, Any]:
    name, login, password = FILLED[variant]
    told = CONNECTIONS[name]
    filled = dict.fromkeys(login, told.get("login")) | dict.fromkeys(password, told.get("password"))
    return told["extra"] | filled


@EACH
def test_the_readmes_connection_gives_credentials(variant: type[Credentials], monkeypatch: pytest.MonkeyPatch):
    told = from_environment(monkeypatch, json.dumps(CONNECTIONS[FILLED[variant][0]]))

    credentials = credentials_of(told)

    assert type(credentials) is variant
    assert credentials.body() == body_of(variant)


@EACH
def test_a_uri_gives_the_same_credentials(variant: type[Credentials], monkeypatch: pytest.MonkeyPatch):
    told = CONNECTIONS[FILLED[variant][0]]
    extra = {name: value if isinstance(value, str) else json.dumps(value) for name, value in told["extra"].items()}
    login, password = (quote(told.get(field, ""), safe="") for field in ("login", "password"))

    credentials = credentials_of(from_environment(monkeypatch, f"generic://{login}:{password}@/?{urlencode(extra)}"))

    assert type(credentials) is variant
    assert credentials.body() == body_of(variant)


@EACH
def test_a_uri_that_airflow_wrote_gives_the_same_credentials(
    variant: type[Credentials], monkeypatch: pytest.MonkeyPatch
):
    told = CONNECTIONS[FILLED[variant][0]]
    written = connection(told["extra"], told.get("login"), told.get("password")).get_uri()

    assert credentials_of(from_environment(monkeypatch, written)).body() == body_of(variant)


@EACH
def test_all_can_be_in_the_extra(variant: type[Credentials]):
    assert credentials_of(connection(body_of(variant))).body() == body_of(variant)


def test_digits_that_airflow_took_for_a_number_are_a_text_again():
    # Airflow 3.1 does so with all that a URI has
    told = {"provider": "LINKEDIN", "recruiter_contract_id": 2001, "sync_limit": {"chats": 20}}

    body = credentials_of(connection(told, "anna", "hunter2")).body()

    assert body["recruiter_contract_id"] == "2001"
    assert body["sync_limit"] == {"chats": 20}


def test_airflow_reads_the_readmes_file(tmp_path: Path):
    file = tmp_path / "connections.json"
    file.write_text(CONNECTIONS_JSON)

    read = load_connections_dict(str(file))

    assert len(read) == len(FILLED)
    for variant, (name, *_) in FILLED.items():
        assert credentials_of(read[name]).body() == body_of(variant)


def test_the_readmes_uri_gives_credentials(monkeypatch: pytest.MonkeyPatch):
    (uri,) = re.findall(r"`(generic://[^`]+)`", SECTION)

    assert credentials_of(from_environment(monkeypatch, uri)).body() == {
        "provider": "INSTAGRAM",
        "username": "anna",
        "password": "password",
        "sync_limit": {"chats": 0},
    }


def rows(number: int) -> list[list[str]]:
    table = re.findall(r"(?:^\|.*\|\n)+", SECTION, re.MULTILINE)[number]
    return [line.strip("|\n").split("|") for line in table.splitlines()[2:]]


def codes(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_the_readme_tells_what_login_and_password_fill():
    for row, (variant, (_, login, password)) in zip(rows(0), FILLED.items(), strict=True):
        required = {name for name, field in variant.model_fields.items() if field.is_required()}
        assert codes(row[0]) == {variant.model_fields["provider"].default}
        assert (codes(row[1]), codes(row[2]) - {"li_at"}) == (login, password)
        assert required <= codes(row[1]) | codes(row[2]) | codes(row[3])
    assert {variant: tuple(map(set, places)) for variant, places in PLACES.items()} == {
        variant: (login, password) for variant, (_, login, password) in FILLED.items()
    }


def test_the_readme_tells_the_options_of_each_provider():
    told = {
        (provider, option)
        for row in rows(1)
        for option in codes(row[0])
        for provider in (VARIANTS if row[1].strip() == "all" else codes(row[1]))
    }
    first = rows(0)
    there = {
        (provider, name)
        for number, variant in enumerate(FILLED)
        for provider in codes(first[number][0])
        for name in variant.model_fields
        if name != "provider" and not any(name in codes(cell) for cell in first[number][1:])
    }
    assert told == there


@pytest.mark.parametrize(
    ("extra", "login", "password", "body"),
    [
        ({"provider": "LINKEDIN", "username": "anna"}, None, "p", {"username": "anna", "password": "p"}),
        ({"provider": "LINKEDIN", "password": "p"}, "anna", None, {"username": "anna", "password": "p"}),
        ({"provider": "LINKEDIN", "premium_token": "li_a"}, None, "t", {"access_token": "t", "premium_token": "li_a"}),
        ({"provider": "LINKEDIN", "access_token": "t"}, None, None, {"access_token": "t"}),
        ({"provider": "INSTAGRAM"}, None, "s", {"sessionid": "s"}),
        ({"provider": "INSTAGRAM"}, "anna", "p", {"username": "anna", "password": "p"}),
        ({"provider": "WHATSAPP"}, None, None, {}),
        ({"provider": "WHATSAPP"}, "", "", {}),
        ({"provider": "TELEGRAM", "ip": None, "country": "", "sync_limit": " "}, None, None, {}),
        (
            {"provider": "GOOGLE_OAUTH", "refresh_token": "r", "access_token": "a"},
            None,
            None,
            {"refresh_token": "r", "access_token": "a"},
        ),
    ],
)
def test_what_is_given_tells_what_is_meant(extra: dict[str, Any], login: Any, password: Any, body: dict[str, Any]):
    assert credentials_of(connection(extra, login, password)).body() == {"provider": extra["provider"]} | body


def test_login_and_password_fill_only_what_the_extra_leaves_out():
    extra = CONNECTIONS["mail_login"]["extra"] | {"imap_user": "reader", "smtp_password": "other"}

    body = credentials_of(connection(extra, "anna", "secret")).body()

    assert (body["imap_user"], body["smtp_user"]) == ("reader", "anna")
    assert (body["imap_password"], body["smtp_password"]) == ("secret", "other")


def test_texts_are_read_where_no_text_can_be_right():
    cookie = {"value": "12345", "secure": "true", "expirationDate": "1.5"}
    extra = {
        "provider": "MESSENGER",
        "cookies": json.dumps([{"name": name} | cookie for name in ("xs", "c_user", "datr")]),
        "disabled_features": '["linkedin_recruiter"]',
        "proxy": {"host": "12", "port": "8080", "password": "true"},
        "headers": '{"n": "1"}',
    }

    body = credentials_of(connection(extra)).body()

    assert body["cookies"][0] == {"name": "xs", "value": "12345", "secure": True, "expirationDate": 1.5}
    assert body["disabled_features"] == ["linkedin_recruiter"]
    assert body["proxy"] == {"host": "12", "port": 8080, "password": "true"}
    assert body["headers"] == {"n": "1"}


@pytest.mark.parametrize(
    ("extra", "login", "password", "refusal"),
    [
        ("{hunter2", None, "hunter2", "extra is not a JSON object such as {"),
        ('["hunter2"]', None, "hunter2", "extra is not a JSON object such as {"),
        ("[" * 100_000, None, "hunter2", "extra is not a JSON object such as {"),
        (None, "hunter2", "hunter2", "credentials: provider is missing: it must be one of LINKEDIN, WHATSAPP"),
        ({"provider": "hunter2"}, "hunter2", "hunter2", "credentials: provider must be one of LINKEDIN, WHATSAPP"),
        ({"provider": ["hunter2"]}, None, None, "credentials: provider must be one of LINKEDIN, WHATSAPP"),
        (
            {"provider": "WHATSAPP"},
            None,
            "hunter2",
            "password has no place in credentials of WHATSAPP: leave it empty.",
        ),
        (
            {"provider": "GOOGLE_OAUTH", "access_token": "hunter2"},
            "hunter2",
            "hunter2",
            "login has no place in credentials of GOOGLE_OAUTH: leave it empty.",
        ),
        (
            {"provider": "LINKEDIN", "access_token": "hunter2"},
            "hunter2",
            "hunter2",
            "login has no place in credentials of LINKEDIN by access_token: leave it empty.",
        ),
        (
            {"provider": "MESSENGER", "cookies": []},
            None,
            "hunter2",
            "password has no place in credentials of MESSENGER by cookies: leave it empty.",
        ),
        (
            {"provider": "TELEGRAM", "password": "hunter2"},
            None,
            "hunter2",
            "password is in the extra as well, as password.",
        ),
        (
            {"provider": "MAIL", "imap_user": "hunter2", "smtp_user": "hunter2"},
            "hunter2",
            None,
            "login is in the extra as well, as imap_user and smtp_user.",
        ),
        (
            {"provider": "LINKEDIN"},
            "hunter2",
            None,
            "credentials of LINKEDIN: either username and password, or access_token must be given, but neither is",
        ),
        (
            {"provider": "MESSENGER"},
            None,
            "hunter2",
            "credentials of MESSENGER: either username and password, or cookies must be given, but neither is",
        ),
        (
            {"provider": "LINKEDIN", "username": "hunter2", "access_token": "hunter2"},
            None,
            "hunter2",
            "credentials of LINKEDIN: either username and password, or access_token must be given, but fields of both",
        ),
        (
            {"provider": "TELEGRAM", "sync_limt": "hunter2"},
            None,
            None,
            "credentials of TELEGRAM: sync_limt is not known here, where provider, country, ip,",
        ),
        (
            {"provider": "LINKEDIN", "proxy": "{hunter2", "disabled_features": "linkedin_recruiter"},
            None,
            "hunter2",
            "credentials of LINKEDIN by access_token: disabled_features must be an array of linkedin_recruiter or",
        ),
        (
            {"provider": "WHATSAPP", "proxy": '{"host": "hunter2", "port": "hunter2"}'},
            "+33 hunter2",
            None,
            "credentials of WHATSAPP: proxy.port must be a number; pairing_phone_number must be a text of digits",
        ),
        (
            {"provider": "TELEGRAM", "sync_limit": "null"},
            None,
            None,
            "credentials of TELEGRAM: sync_limit must not be null: leave it out.",
        ),
    ],
)
def test_a_refusal_names_the_connection_and_its_fields_but_no_value(
    extra: Any, login: str | None, password: str | None, refusal: str
):
    assert refusal_of(connection(extra, login, password)).startswith(refusal)


def test_airflow_masks_the_secrets():
    names = ("xs", "c_user", "datr", "agent", "proxy")
    secrets = [f"{name}:only-this-test-knows" for name in names]
    credentials = read_credentials(
        {
            "provider": "MESSENGER",
            "cookies": [{"name": name, "value": secret} for name, secret in zip(names[:3], secrets[:3], strict=True)],
            "headers": {"User-Agent": [secrets[3]]},
            "proxy": {"host": "h", "port": 1, "password": secrets[4]},
        }
    )
    assert redact(" ".join(secrets)) == " ".join(secrets)

    mask(credentials)

    assert redact(" ".join(secrets)) == "*** *** *** *** ***"
