"""What credentials show, reveal and send, and the words with which they are refused."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models import read_credentials
from airflow_provider_postpress.api.models.credentials_parts import Proxy
from airflow_provider_postpress.api.models.credentials_variants import LinkedinBasicCredentials

BASIC = {"provider": "LINKEDIN", "username": "anna@acme.com", "password": "hunter2"}
PROXY = {"host": "proxy.acme.com", "port": 8080, "username": "acme", "password": "pr0xy-s3cr3t"}
COOKIES = [{"name": name, "value": f"{name}-s3cr3t"} for name in ("xs", "c_user", "datr")]
SESSION = {"provider": "MESSENGER", "cookies": COOKIES}
MAIL = {
    "provider": "MAIL",
    "imap_user": "anna",
    "imap_password": "imap-s3cr3t",
    "imap_host": "imap.acme.com",
    "imap_port": 993,
    "imap_encryption": "tls",
    "smtp_user": "anna",
    "smtp_password": "smtp-s3cr3t",
    "smtp_host": "smtp.acme.com",
    "smtp_port": 465,
}


def refusal_of(document: Any) -> str:
    with pytest.raises(PostpressInvalidRequest) as caught:
        read_credentials(document)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_the_body_is_what_was_given_with_its_secrets():
    document = BASIC | {"proxy": PROXY, "sync_limit": {"chats": 10}, "disabled_features": ["linkedin_recruiter"]}
    credentials = read_credentials(document)

    assert credentials.body() == document
    assert json.loads(json.dumps(credentials.body())) == document


def test_a_number_is_sent_as_it_was_written():
    body = read_credentials(MAIL | {"imap_port": 993, "smtp_port": 465.0}).body()

    assert (repr(body["imap_port"]), repr(body["smtp_port"])) == ("993", "465.0")


def test_a_body_can_be_changed_without_changing_the_credentials():
    credentials = read_credentials(SESSION | {"headers": {"a": ["b"]}})

    credentials.body()["headers"]["a"].append("c")

    assert credentials.body()["headers"] == {"a": ["b"]}


@pytest.mark.parametrize(
    ("document", "secrets"),
    [
        (BASIC | {"proxy": PROXY}, {"hunter2", "pr0xy-s3cr3t"}),
        ({"provider": "LINKEDIN", "access_token": "li_at", "premium_token": "li_a"}, {"li_at", "li_a"}),
        ({"provider": "INSTAGRAM", "sessionid": "session"}, {"session"}),
        (SESSION, {"xs-s3cr3t", "c_user-s3cr3t", "datr-s3cr3t"}),
        (
            SESSION | {"headers": {"User-Agent": "browser", "others": ["deep", {"er": 12345}, True, None, ""]}},
            {"xs-s3cr3t", "c_user-s3cr3t", "datr-s3cr3t", "browser", "deep", "12345"},
        ),
        (MAIL, {"imap-s3cr3t", "smtp-s3cr3t"}),
        ({"provider": "GOOGLE_OAUTH", "refresh_token": "refresh", "access_token": "access"}, {"refresh", "access"}),
        ({"provider": "TELEGRAM", "password": ""}, set()),
        ({"provider": "WHATSAPP", "pairing_phone_number": "33600000000"}, set()),
        ({"provider": "TWITTER", "username": "a", "email": "b", "password": "same"}, {"same"}),
    ],
)
def test_its_secrets_are_told_to_who_must_not_repeat_them(document: dict[str, Any], secrets: set[str]):
    credentials = read_credentials(document)

    assert set(credentials.secrets()) == secrets
    assert len(credentials.secrets()) == len(secrets)


def test_printed_it_tells_its_provider_and_the_names_of_its_fields():
    credentials = read_credentials(BASIC | {"proxy": PROXY, "country": "DE"})

    assert repr(credentials) == str(credentials)
    assert repr(credentials) == (
        "LinkedinBasicCredentials(provider='LINKEDIN', fields=('provider', 'country', 'username', 'password', 'proxy'))"
    )
    assert repr(credentials.proxy) == "Proxy(fields=('host', 'port', 'username', 'password'))"


def test_dumps_have_stars_for_secrets():
    credentials = read_credentials(SESSION | {"proxy": PROXY, "headers": {"User-Agent": "browser", "n": None}})

    dump = credentials.model_dump(exclude_none=True)

    assert dump["cookies"][0] == {"name": "xs", "value": "**********"}
    assert dump["proxy"] == PROXY | {"password": "**********"}
    assert dump["headers"] == {"User-Agent": "**********", "n": "**********"}
    assert json.loads(credentials.model_dump_json(exclude_none=True)) == json.loads(json.dumps(dump))


def test_copies_and_pickles_are_equal_and_whole():
    credentials = read_credentials(SESSION | {"headers": {"a": {"b": "c"}}})

    for copied in (copy.copy(credentials), copy.deepcopy(credentials), pickle.loads(pickle.dumps(credentials))):  # noqa: S301
        assert copied == credentials
        assert copied.body() == credentials.body()
    assert credentials != read_credentials(SESSION)


def test_it_cannot_be_changed_and_says_so_without_a_value():
    credentials = read_credentials(BASIC)

    with pytest.raises(AttributeError, match=r"^LinkedinBasicCredentials is frozen: username cannot be set$"):
        credentials.username = "s3cr3t"


def test_made_in_python_it_is_as_strict_and_names_no_value():
    assert LinkedinBasicCredentials(username="anna", password="hunter2").body() == BASIC | {"username": "anna"}

    with pytest.raises(ValidationError) as caught:
        LinkedinBasicCredentials(username=b"s3cr3t", password=["s3cr3t"], proxy=None, nonsense="s3cr3t")
    assert caught.value.error_count() == 4
    assert "s3cr3t" not in f"{caught.value} {caught.value!r}"


def test_any_mapping_and_tuples_are_taken():
    document = MappingProxyType(
        SESSION | {"cookies": tuple(map(MappingProxyType, COOKIES)), "disabled_features": ("linkedin_recruiter",)}
    )

    body = read_credentials(document).body()

    assert body == SESSION | {"disabled_features": ["linkedin_recruiter"]}


def test_parts_made_in_python_are_taken():
    assert read_credentials(BASIC | {"proxy": Proxy(**PROXY)}).body()["proxy"] == PROXY


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "2025-12-31T23:59:59.999Z"),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "2026-01-01T00:00:00.000Z"),
        ("2025-12-31T23:59:59.999Z", "2025-12-31T23:59:59.999Z"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    ],
)
def test_an_aware_datetime_limits_the_sync_as_utc(moment: datetime | str, text: str):
    body = read_credentials(BASIC | {"sync_limit": {"chats": moment, "messages": 0}}).body()

    assert body["sync_limit"] == {"chats": text, "messages": 0}


@pytest.mark.parametrize(
    "limit",
    [
        datetime(2025, 12, 31),  # noqa: DTZ001 - the fault
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        "2025-12-31T23:59:59.999",
        "2025-12-31T23:59:59.999+00:00",
        "2025-02-29T00:00:00.000Z",
        "2025-12-31T24:00:00.000Z",
        "2025-12-31T23:59:59.999Z\n",
        "10",
        -1,
        True,
        None,
        float("nan"),
        float("inf"),
        10**400,
    ],
)
def test_a_limit_that_is_none_is_refused(limit: Any):
    refusal = refusal_of(BASIC | {"sync_limit": {"messages": limit}})

    assert refusal.startswith("credentials of LINKEDIN by username and password: sync_limit.messages must ")


PROVIDERS = "LINKEDIN, WHATSAPP, INSTAGRAM, MESSENGER, MAIL, GOOGLE_OAUTH, TELEGRAM, OUTLOOK, TWITTER"


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        ("hunter2", "credentials must be an object with provider and the fields of its variant."),
        ({"password": "hunter2"}, f"credentials: provider is missing: it must be one of {PROVIDERS}."),
        ({"provider": "hunter2"}, f"credentials: provider must be one of {PROVIDERS}."),
        ({"provider": None}, f"credentials: provider must be one of {PROVIDERS}."),
        ({"provider": ["hunter2"]}, f"credentials: provider must be one of {PROVIDERS}."),
        ({"provider": "WHATSAPP", 1: "hunter2"}, "credentials: the names of all fields must be texts."),
    ],
)
def test_what_has_no_provider_is_refused(document: Any, refusal: str):
    assert refusal_of(document) == refusal


EITHER = "either username and password, or access_token must be given, but"
FEATURES = "linkedin_recruiter or linkedin_sales_navigator or linkedin_organizations_mailboxes"
ALL_COOKIES = "cookies must be an array of objects with name and value, at least of the cookies xs, c_user, datr"


@pytest.mark.parametrize(
    ("document", "title", "faults"),
    [
        ({"provider": "LINKEDIN"}, "LINKEDIN", [f"{EITHER} neither is there in full"]),
        ({"provider": "LINKEDIN", "username": "hunter2"}, "LINKEDIN", [f"{EITHER} neither is there in full"]),
        (BASIC | {"access_token": "hunter2"}, "LINKEDIN", [f"{EITHER} fields of both are there"]),
        (
            {"provider": "INSTAGRAM", "sessionid": "hunter2", "username": "hunter2"},
            "INSTAGRAM",
            ["either username and password, or sessionid must be given, but fields of both are there"],
        ),
        (
            {"provider": "MESSENGER", "user_name": "hunter2"},
            "MESSENGER",
            ["either username and password, or cookies must be given, but neither is there in full"],
        ),
        (
            {"provider": "LINKEDIN", "ip": "hunter2", "proxy": {"host": "a", "prot": 80}},
            "LINKEDIN",
            [
                f"{EITHER} neither is there in full",
                "ip must be an IPv4 address",
                "proxy.port is missing",
                "proxy.prot is not known here, where protocol, host, port, username, password can be",
            ],
        ),
        (
            {"provider": "TELEGRAM", "pasword": "hunter2", "two words": "hunter2", "proxy": PROXY},
            "TELEGRAM",
            [
                (
                    "pasword, 'two words', proxy are not known here, "
                    "where provider, country, ip, disabled_features, sync_limit, password can be"
                )
            ],
        ),
        (
            BASIC
            | {
                "country": "hunter2",
                "disabled_features": ["linkedin_recruiter", "hunter2"],
                "sync_limit": "hunter2",
                "proxy": {"protocol": "hunter2", "host": None, "password": ["hunter2"]},
                "user_agent": None,
            },
            "LINKEDIN by username and password",
            [
                "country must be two letters, an ISO 3166-1 code such as DE",
                f"disabled_features[1] must be {FEATURES}",
                "sync_limit must be an object of chats, messages",
                "proxy.protocol must be https or http or socks5",
                "proxy.host must be a text",
                "proxy.port is missing",
                "proxy.password must be a text",
                "user_agent must not be null: leave it out",
            ],
        ),
        (
            {"provider": "WHATSAPP", "pairing_phone_number": "+33 hunter2", "disabled_features": "hunter2"},
            "WHATSAPP",
            [
                f"disabled_features must be an array of {FEATURES}",
                "pairing_phone_number must be a text of digits: country code and number",
            ],
        ),
        (
            SESSION | {"cookies": [*COOKIES, {"name": 1, "sameSite": "hunter2"}, "hunter2"], "headers": {"a": {1, 2}}},
            "MESSENGER by cookies",
            [
                "cookies[3].name must be a text",
                "cookies[3].value is missing",
                "cookies[3].sameSite must be unspecified or no_restriction or lax or strict",
                "cookies[4] must be an object of name, value, domain, path, secure, httpOnly, expirationDate, sameSite",
                "headers.a must be a JSON value",
            ],
        ),
        (SESSION | {"cookies": COOKIES[:2]}, "MESSENGER by cookies", [ALL_COOKIES]),
        (
            SESSION | {"headers": "hunter2", "cookies": {"xs": "hunter2"}},
            "MESSENGER by cookies",
            [ALL_COOKIES, "headers must be an object"],
        ),
        (
            MAIL | {"sync_limit": {"chats": 1}, "imap_port": "993", "imap_encryption": "hunter2"},
            "MAIL",
            [
                "sync_limit must be NO_HISTORY_SYNC",
                "imap_port must be a number",
                "imap_encryption must be tls or ssl or starttls or default",
            ],
        ),
    ],
)
def test_a_refusal_names_all_that_is_wrong_and_what_is_allowed_but_no_value(
    document: dict[str, Any], title: str, faults: list[str]
):
    assert refusal_of(document) == f"credentials of {title}: {'; '.join(faults)}."


@pytest.mark.parametrize("text", ["\ud800", b"hunter2", 7])
@pytest.mark.parametrize("field", ["username", "password", "user_agent"])
def test_a_text_is_one_that_can_be_sent(field: str, text: Any):
    assert f"{field} must be a text" in refusal_of(BASIC | {field: text})


@pytest.mark.parametrize("value", ["\ud800", b"hunter2", float("nan"), {"a": [float("inf")]}])
def test_a_header_is_what_json_can_say(value: Any):
    assert "headers.a must be a JSON value" in refusal_of(SESSION | {"headers": {"a": value}})


def test_a_document_without_an_end_is_refused():
    endless: dict[str, Any] = {"provider": "TELEGRAM"}
    endless["proxy"] = endless

    assert refusal_of(endless).startswith("credentials must be an object")


def test_a_mapping_of_ones_own_is_read_once():
    class Once(Mapping[str, Any]):
        def __init__(self) -> None:
            self.reads: list[str] = []

        def __getitem__(self, name: str) -> Any:
            self.reads.append(name)
            return BASIC[name]

        def __iter__(self) -> Any:
            return iter(BASIC)

        def __len__(self) -> int:
            return len(BASIC)

    document = Once()
    read_credentials(document)
    assert sorted(document.reads) == sorted(BASIC)
