"""Accounts: the documented variants field by field, odd ones that can be used all the same, health, and no secret."""

from __future__ import annotations

import json
import logging
import pprint
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from account_documents import API, PROXY_PASSWORD, VARIANTS, documents, resolved, telegram, whole, with_sources
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import SecretStr, ValidationError

from airflow_provider_postpress.api.models import Account, AccountPage, PostpressModel, Source

QUICK = settings(
    derandomize=True, database=None, deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
STARS = "**********"
DOCUMENTED = Draft202012Validator(API | {"$ref": "#/components/schemas/Account"})

# "Retrieve an account", "Example response"
EXAMPLE = {
    "object": "Account",
    "type": "LINKEDIN",
    "id": "acc_01HXYZ4QK3WJ8FN3M6QH7TZ8GR",
    "name": "Anna - Sales",
    "created_at": "2026-04-12T09:14:21.000Z",
    "connection_params": {
        "im": {
            "id": "ACoAAB7n2J0BV5...",
            "publicIdentifier": "anna-doe",
            "username": "anna-doe",
            "premiumId": None,
            "premiumContractId": None,
            "premiumFeatures": ["sales_navigator"],
            "organizations": [
                {
                    "name": "Acme Inc.",
                    "messaging_enabled": True,
                    "organization_urn": "urn:li:organization:12345",
                    "mailbox_urn": "urn:li:fsd_messagingThread:abc",
                }
            ],
        }
    },
    "current_signature": "sig_default",
    "signatures": [{"title": "Default", "content": "Sent from postpress"}],
    "groups": [],
    "sources": [{"id": "messaging", "status": "OK"}],
}


def read(document: Any) -> Account:
    return Account.model_validate(document)


def differences(model: type[PostpressModel], schema: dict[str, Any], path: str) -> Iterator[str]:
    """Tell where a model has another field, optionality or type than a schema."""
    fields, properties = model.model_fields, schema["properties"]
    for name in set(fields) ^ set(properties):
        yield f"{path}.{name}: only in one"
    for name in set(fields) & set(properties):
        part = resolved(properties[name])
        is_required = name in schema.get("required", []) and not is_nullable(part)
        if fields[name].is_required() != is_required:
            yield f"{path}.{name}: optional in one, required in the other"
        yield from typed_otherwise(fields[name].annotation, part, f"{path}.{name}")


def typed_otherwise(annotation: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    kinds = set(get_args(annotation)) if get_origin(annotation) in (Union, UnionType) else {annotation}
    kinds = {get_args(kind)[0] if get_origin(kind) is Annotated else kind for kind in kinds - {NoneType}}
    kind = next(iter(kinds))
    match schema:
        case {"type": "object"} if isinstance(kind, type) and issubclass(kind, PostpressModel):
            yield from differences(kind, schema, path)
        case {"type": "array"} if get_origin(kind) is tuple and get_args(kind)[1:] == (...,):
            yield from typed_otherwise(get_args(kind)[0], resolved(schema["items"]), f"{path}[]")
        case _ if kinds != expected_kinds(schema, path):
            yield f"{path}: {annotation} is not {schema}"


def expected_kinds(schema: dict[str, Any], path: str) -> set[Any]:
    match schema:
        case {"const": value} if path.count(".") == 1:
            return {Literal[value]}
        case {"const": str()} | {"enum": [str(), *_]}:
            return {str}  # a list that may grow
        case {"name": "UtcDateTime"}:
            return {datetime}
        case {"format": "password"}:
            return {SecretStr}
        case {"type": "string" | ["string", "null"]}:
            return {str}
        case {"type": "number"}:
            return {int, float}
        case {"type": "boolean"}:
            return {bool}
    return set()


def is_nullable(schema: dict[str, Any]) -> bool:
    return "null" in schema.get("type", "")


def is_as_told(value: Any, told: Any) -> bool:
    """Compare what a model holds with the document it was read from, of the same types."""
    match value:
        case PostpressModel():
            return all(is_as_told(getattr(value, name), part) for name, part in told.items())
        case tuple():
            return len(value) == len(told) and all(map(is_as_told, value, told))
        case SecretStr():
            return value.get_secret_value() == told
        case datetime():
            return value == datetime.fromisoformat(told) and value.tzinfo is not None
    return value == told and type(value) is type(told)


def test_there_are_fourteen_variants() -> None:
    assert len(VARIANTS) == 14
    assert set(Account.variants) == set(VARIANTS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_has_the_documented_fields_with_their_types_and_optionality(variant: str) -> None:
    model = Account.variants[variant]

    assert list(differences(model, VARIANTS[variant], variant)) == []
    assert model.model_fields["type"].annotation == Literal[variant]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_whole_document_is_read_as_its_own_class(variant: str) -> None:
    document = whole(VARIANTS[variant])

    account = read(document)

    assert type(account) is Account.variants[variant]
    assert is_as_told(account, document)


@pytest.mark.parametrize("variant", VARIANTS)
@QUICK
@given(data=st.data())
def test_every_documented_document_is_read_and_given_back_without_its_secret(variant: str, data: st.DataObject) -> None:
    document = data.draw(documents(VARIANTS[variant]))
    DOCUMENTED.validate(document)

    account = read(document)

    assert type(account) is Account.variants[variant]
    assert is_as_told(account, document)
    assert account.redacted() == without_proxy_password(document)
    assert json.loads(json.dumps(account.redacted())) == account.redacted()


def without_proxy_password(document: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document))
    match copy:
        case {"connection_params": {"im": {"proxy": {"password": str(password)} as proxy}}} if password:
            proxy["password"] = STARS
    return copy


def test_the_pages_own_example_is_read() -> None:
    account = read(EXAMPLE)

    assert type(account) is Account.variants["LINKEDIN"]
    assert account.connection_params.im.premiumId is None
    assert account.connection_params.im.organizations[0].messaging_enabled is True
    assert account.created_at == datetime(2026, 4, 12, 9, 14, 21, tzinfo=UTC)
    assert account.signatures[0].content == "Sent from postpress"
    assert account.redacted() == EXAMPLE
    assert account.linkedin_products == ("classic", "sales_navigator")
    assert account.healthy


ODD = {
    "an unknown type": telegram(type="MATRIX", connection_params={"im": {"homeserver": "acme.org"}}),
    "a type in another case": telegram(type="telegram"),
    "an unknown object": telegram(object="AccountV2"),
    "no object": {name: value for name, value in telegram().items() if name != "object"},
    "an object that is a list": telegram(object=["Account"]),
    "no date": telegram(created_at=None),
    "a date that is none": telegram(created_at="yesterday"),
    "no groups": {name: value for name, value in telegram().items() if name != "groups"},
    "groups that are numbers": telegram(groups=[7]),
    "no parameters": telegram(connection_params=None),
    "parameters in a list": telegram(connection_params=[1]),
    "parameters of another type": telegram(connection_params={"mail": {"id": "x"}}),
    "a user's id that is a number": telegram(connection_params={"im": {"user_id": 7, "username": "anna"}}),
    "signatures without content": telegram(signatures=[{"title": "Default"}]),
    "a signature that is an object": telegram(current_signature={"id": "sig_1"}),
    "all of it at once": telegram(object=7, created_at=[], groups="x", connection_params=None, signatures=7),
}


@pytest.mark.parametrize("document", ODD.values(), ids=ODD)
def test_an_odd_account_can_be_used(document: dict[str, Any]) -> None:
    account = read(document)

    assert type(account) is Account
    assert (account.type, account.id, account.name) == (document["type"], "acc_1", "Anna")
    assert account.sources == (Source(id="messaging", status="OK"),)
    assert account.healthy
    assert account.raw == document
    assert account.redacted() == document


@pytest.mark.parametrize("name", [None, 7, ["Anna"], {"first": "Anna"}])
def test_an_account_without_a_readable_name_has_an_empty_one(name: Any) -> None:
    account = read(telegram(name=name))

    assert (account.id, account.name, account.healthy) == ("acc_1", "", True)
    assert account.raw["name"] == name


def test_unknown_fields_survive_at_every_depth() -> None:
    document = telegram(
        invented={"deep": [1, None]},
        sources=[{"id": "messaging", "status": "OK", "since": 7}],
        connection_params={"im": {"user_id": "7", "username": "anna", "premium": True}, "version": 2},
    )

    account: Any = read(document)

    assert type(account) is Account.variants["TELEGRAM"]
    assert account.invented == {"deep": [1, None]}
    assert account.sources[0].since == 7
    assert account.connection_params.im.premium is True
    assert account.connection_params.version == 2
    assert account.redacted() == document


def test_a_field_named_as_one_of_ours_does_not_take_its_place() -> None:
    document = telegram(healthy=False, raw="x", redacted="y", variants={}, can_be_synced=False, _raw=1)

    account = read(document)

    assert account.healthy
    assert account.can_be_synced
    assert account.raw == account.redacted() == document


@pytest.mark.parametrize(
    "document", [{}, {"type": "TELEGRAM"}, {"id": "acc_1"}, telegram(id=None), telegram(type=["x"])]
)
def test_what_has_no_id_or_no_type_is_no_account(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(document)


@pytest.mark.parametrize("variant", [None, "TELEGRAM"])
def test_what_is_nested_beyond_all_measure_is_no_account(variant: str | None) -> None:
    deep: Any = "x"
    for _ in range(450):
        deep = [deep]

    with pytest.raises(ValidationError, match="nested deeper than 64 levels"):
        (Account.variants[variant] if variant else Account).model_validate(telegram(deep=deep))


@pytest.mark.parametrize(
    ("sources", "trouble"),
    [
        (None, "no sources"),
        ("messaging", "no sources"),
        ([{"id": "messaging", "status": None}], "messaging: UNKNOWN"),
        ([{"id": "messaging"}], "messaging: UNKNOWN"),
        ([{"id": "messaging", "status": 7}], "messaging: UNKNOWN"),
        ([{"status": "ERROR"}], "unknown: ERROR"),
        ([{"id": 7, "status": "STOPPED"}], "7: STOPPED"),
        (["messaging"], "unknown: UNKNOWN"),
        ([{"id": "calls", "status": "OK"}, None], "unknown: UNKNOWN"),
    ],
)
@pytest.mark.parametrize("kind", ["TELEGRAM", "MATRIX"])
def test_a_source_that_cannot_be_read_is_not_healthy(kind: str, sources: Any, trouble: str) -> None:
    account = read(telegram(type=kind, sources=sources))

    assert not account.healthy
    assert trouble in (account.trouble() or "")
    assert account.redacted()["sources"] == sources


@pytest.mark.parametrize("kind", ["TELEGRAM", "MATRIX"])
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-04-12T09:14:21.125Z", datetime(2026, 4, 12, 9, 14, 21, 125_000, tzinfo=UTC)),
        ("2026-04-12T11:14:21+02:00", datetime(2026, 4, 12, 9, 14, 21, tzinfo=UTC)),
        ("2026-04-12T09:14:21", datetime(2026, 4, 12, 9, 14, 21, tzinfo=UTC)),
        ("2026-04-12", datetime(2026, 4, 12, tzinfo=UTC)),
    ],
)
def test_dates_are_aware(kind: str, written: str, moment: datetime) -> None:
    account = read(telegram(type=kind, created_at=written))

    assert account.created_at == moment
    assert account.created_at.utcoffset() in (timedelta(0), timedelta(hours=2))


def test_a_mobiles_last_fetch_is_aware() -> None:
    account: Any = read(whole(VARIANTS["MOBILE"]) | {"last_fetched_at": "2026-04-12T09:14:21"})

    assert account.last_fetched_at == datetime(2026, 4, 12, 9, 14, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("STOPPED", "has been stopped"),
        ("ERROR", "stopped after an error"),
        ("CREDENTIALS", "login must be renewed"),
        ("PERMISSIONS", "permissions are missing on the host device"),
        ("CONNECTING", "on its way up"),
        ("PAUSED", "a status that the API pages do not tell"),
        ("ok", "a status that the API pages do not tell"),
    ],
)
def test_what_is_wrong_is_told_in_words(status: str, words: str) -> None:
    account = read(with_sources(messaging=status))

    assert not account.healthy
    assert (account.trouble() or "").startswith(f"messaging: {status} (")
    assert words in (account.trouble() or "")


def test_of_several_sources_each_that_is_not_ok_is_told() -> None:
    account = read(with_sources(messaging="OK", calls="ERROR", mail="CREDENTIALS"))

    trouble = account.trouble() or ""
    assert "calls: ERROR" in trouble
    assert "mail: CREDENTIALS" in trouble
    assert "messaging" not in trouble


@pytest.mark.parametrize(
    ("sources", "trouble"),
    [
        (None, "calls: ERROR"),
        (["calls"], "calls: ERROR"),
        (["messaging"], None),
        (("messaging", "mail"), None),
        (["messaging", "calls"], "calls: ERROR"),
        (["fax"], "fax: there is no such source, only messaging, calls, mail"),
        (["messaging", "fax"], "fax: there is no such source"),
        ([], "none of its sources was named"),
    ],
)
def test_some_sources_can_be_looked_at_alone(sources: list[str] | None, trouble: str | None) -> None:
    told = read(with_sources(messaging="OK", calls="ERROR", mail="OK")).trouble(sources)

    assert told is None if trouble is None else trouble in (told or "")


@pytest.mark.parametrize("sources", [None, [], ["messaging"]])
def test_an_account_without_sources_is_not_healthy(sources: list[str] | None) -> None:
    account = read(telegram(sources=[]))

    assert not account.healthy
    assert "no sources" in (account.trouble(sources) or "")


@pytest.mark.parametrize(
    ("features", "products"),
    [
        (["sales_navigator"], ("classic", "sales_navigator")),
        (["recruiter"], ("classic", "recruiter")),
        (["sales_navigator", "premium", "recruiter"], ("classic", "recruiter", "sales_navigator")),
        (["premium"], ("classic",)),
        (["talent_hub"], ("classic",)),
        ([], ("classic",)),
        (None, ("classic",)),
        ("recruiter", ("classic",)),
        ([["recruiter"], {"recruiter": 1}], ("classic",)),
    ],
)
@pytest.mark.parametrize("premium_id", [None, "premium_1"])
@pytest.mark.parametrize("is_documented", [True, False])
def test_linkedin_products_are_told_by_the_features_alone(
    features: Any, products: tuple[str, ...], premium_id: str | None, is_documented: bool
) -> None:
    user = EXAMPLE["connection_params"]["im"] | {"premiumFeatures": features, "premiumId": premium_id}
    document = EXAMPLE | {"connection_params": {"im": user}} | ({} if is_documented else {"groups": 7})

    assert read(document).linkedin_products == products


@pytest.mark.parametrize("parameters", [None, [], {}, {"im": None}, {"im": ["recruiter"]}])
def test_a_linkedin_account_without_readable_features_has_the_classic_product(parameters: Any) -> None:
    assert read(EXAMPLE | {"connection_params": parameters}).linkedin_products == ("classic",)


@pytest.mark.parametrize("kind", [*VARIANTS, "MATRIX"])
def test_only_linkedin_has_linkedin_products_and_only_two_types_have_a_sync(kind: str) -> None:
    account = read(EXAMPLE | {"type": kind})

    assert bool(account.linkedin_products) == (kind == "LINKEDIN")
    assert account.can_be_synced == (kind in ("LINKEDIN", "TELEGRAM"))


PLANTED = {
    "password": "hunter2",
    "imap_password": "hunter2",
    "proxyPassword": "hunter2",
    "passwd": "hunter2",
    "passphrase": "hunter2",
    "pass": "hunter2",
    "client-secret": "hunter2",
    "access_token": "hunter2",
    "RefreshToken": "hunter2",
    "api_key": "hunter2",
    "X-API-KEY": "hunter2",
    "private_key": "hunter2",
    "encryption_key": "hunter2",
    "cookies": [{"name": "li_at", "value": "hunter2"}],
    "credentials": {"login": "hunter2", "tries": 73737373},
    "authorization": "hunter2",
    "session": {"deep": [["hunter2"]]},
    "csrf": "hunter2",
    "otp": 73737373,
    "pin": 7373.7373,
    "totp": "hunter2",
    "qrcode": "hunter2",
    "li_at": "hunter2",
    "url": "https://anna:hunter2@acme.com/path",
    "proxies": ["socks5://anna:hunter2@acme.com:1080", "see https://:hunter2@acme.com"],
    "list": [{"more": [{"token": "hunter2"}]}],
}
SECRETS = ("hunter2", "73737373", "7373.7373", PROXY_PASSWORD)
LINKEDIN = whole(VARIANTS["LINKEDIN"])
WITH_SECRETS = {
    "documented": LINKEDIN,
    "beside documented fields": LINKEDIN | PLANTED,
    "in a documented object": telegram(connection_params={"im": {"user_id": "7", "username": "anna", **PLANTED}}),
    "in a source": telegram(sources=[{"id": "messaging", "status": "OK", **PLANTED}]),
    "in an account of an unknown type": telegram(type="MATRIX", connection_params=PLANTED, more=PLANTED),
    "in an account not as documented": LINKEDIN | PLANTED | {"created_at": "yesterday"},
    "in place of documented fields": telegram(
        name=PLANTED["url"], groups=[PLANTED["url"]], sources=[{"id": PLANTED["url"], "status": PLANTED["url"]}]
    ),
    "in a signature": telegram(signatures=[{"title": "x", "content": PLANTED["url"]}]),
}


@pytest.mark.parametrize("document", WITH_SECRETS.values(), ids=WITH_SECRETS)
def test_no_secret_shows(document: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    account = read(document)
    page = AccountPage.model_validate({"items": [document], "cursor": None})

    logging.getLogger("test").info("%s %r %s %s", account, account, page, account.raw)

    shown = [
        caplog.text,
        f"{account} {account!r} {page} {page!r}",
        pprint.pformat(account.raw),
        repr(account.model_dump()),
        account.model_dump_json(),
        repr(page.model_dump()),
        page.model_dump_json(),
        json.dumps(account.redacted()),
        repr(vars(account)),
        repr(account.__pydantic_extra__),
        repr(account.model_copy()),
        *(
            str(getattr(account, name))
            for name in ("connection_params", "sources", "name", "healthy", "linkedin_products")
        ),
        str(account.trouble()),
    ]
    for secret in SECRETS:
        assert secret not in " ".join(shown)
    assert STARS in json.dumps(account.redacted())


def test_all_but_the_secrets_is_given_back() -> None:
    secrets = {"token": "hunter2", "pin": 7, "cookies": ["a", None, True], "plain": {"level": 1}, "monkey": "banana"}

    redacted = read(telegram(**secrets)).redacted()

    stars = {"token": STARS, "pin": STARS, "cookies": STARS}
    assert redacted == telegram(**secrets | stars)


def test_how_far_a_calendar_was_read_is_no_secret() -> None:
    account: Any = read(whole(VARIANTS["GOOGLE_CALENDAR"]) | {"sync_token": "CPDAlvWDx70CEPDAlvWDx70CGAU="})

    assert account.sync_token == account.redacted()["sync_token"] == "CPDAlvWDx70CEPDAlvWDx70CGAU="


def test_a_secret_can_be_had_on_purpose() -> None:
    documented: Any = read(LINKEDIN)
    unknown = read(telegram(type="MATRIX", token=7))

    assert documented.connection_params.im.proxy.password.get_secret_value() == PROXY_PASSWORD
    assert unknown.raw["token"].get_secret_value() == "7"
