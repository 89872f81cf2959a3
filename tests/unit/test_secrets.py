"""Secrets that are struck out of what a server said, in the forms that servers write them, and out of every error."""

from __future__ import annotations

import json
import logging
import traceback
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from account_documents import SCHEMAS, Schema, resolved
from api_clients import KEY, Connect, Serve
from misbehaving_server import Behaviour, answering, http
from pydantic import SecretStr

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.errors import PostpressError
from airflow_provider_postpress.api.models import read_credentials
from airflow_provider_postpress.api.secrets import sealed, struck_out

SECRET = "pä/ss \"w+rd' &\\<\n~(x)"
FORMS = {
    "plain": SECRET,
    "in JSON": json.dumps(SECRET)[1:-1],
    "in JSON that is not ASCII": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "in JSON with escaped slashes": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "as Python writes it": repr(SECRET)[1:-1],
    "percent-encoded": quote(SECRET, safe=""),
    "percent-encoded in lower case": quote(SECRET, safe="").lower(),
    "percent-encoded but for slashes": quote(SECRET),
    "percent-encoded as JavaScript does": quote(SECRET, safe="!'()*"),
    "as a form writes it": quote_plus(SECRET),
    "in HTML": "pä/ss &quot;w+rd&#x27; &amp;\\&lt;\n~(x)",
    "in base64": b64encode(SECRET.encode()).decode(),
    "in base64 for URLs": urlsafe_b64encode(SECRET.encode()).decode(),
    "in capitals": SECRET.upper(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_struck_out_as_servers_write_it(form: str) -> None:
    assert struck_out(f"before {form} after", [SECRET]) == "before *** after"
    assert struck_out(form * 2, [SECRET]) == "******"


@pytest.mark.parametrize("user", ["", "a", "an", "ann", "anna"])
@pytest.mark.parametrize("after", ["", "@"])
def test_a_password_is_struck_out_of_basic_authentication(user: str, after: str) -> None:
    written = b64encode(f"{user}:correct-horse{after}".encode()).decode()
    certain = b64encode(b"correct-horse").decode()

    struck = struck_out(f"Basic {written}", ["correct-horse"])

    assert "***" in struck
    assert len(struck.partition("***")[2].rstrip("=")) <= 2
    assert certain[4:10] not in struck


@pytest.mark.parametrize(
    ("words", "secrets", "struck"),
    [
        ("token abcdef", ["abc", "abcdef"], "token ***"),
        ("token abcdefghi", ["abcdef", "defghi"], "token ***"),
        ("token abcdefghi", ["bcd", "abcdefghi", "hi"], "token ***"),
        ("aXbXa", ["aXb", "bXa"], "***"),
        ("ababa!", ["aba"], "***!"),
        ("abcabc", ["abc"], "******"),
        ("one two", ["one", "two"], "*** ***"),
        ("a.c abc", ["a.c"], "*** abc"),
        ("nothing of it", ["hunter2"], "nothing of it"),
        ("", ["hunter2"], ""),
        ("all of it", [], "all of it"),
        ("all of it", ["", ""], "all of it"),
        ("the hunter2 of it", ["", "hunter2"], "the *** of it"),
    ],
)
def test_what_is_struck_out_leaves_the_rest(words: str, secrets: list[str], struck: str) -> None:
    assert struck_out(words, secrets) == struck


def test_a_secret_that_cannot_be_encoded_is_struck_out() -> None:
    assert struck_out("x \ud800 y", ["\ud800"]) == "x *** y"


def test_a_short_secret_does_not_strike_parts_of_base64() -> None:
    assert struck_out("YWJj bGF0ZXI", ["ab"]) == "YWJj bGF0ZXI"


def test_truth_and_absence_are_no_secrets() -> None:
    assert sealed({"password": None, "token": True}) == {"password": None, "token": True}


@pytest.mark.parametrize(
    "name",
    [
        "pairing_code",
        "loginCode",
        "backup_codes",
        "auth_key",
        "noiseKey",
        "key",
        "qr_text",
        "proxyAuth",
        "headers",
        "c_user",
        "sid",
        "checkpoint",
        "creds",
        "api_hash",
        "totp_seed",
        "li_at",
        "Set-Cookie",
        "accessToken",
    ],
)
def test_a_secret_is_known_by_the_name_of_its_field(name: str) -> None:
    assert isinstance(sealed({name: "hunter2"})[name], SecretStr)


@pytest.mark.parametrize(
    "name",
    ["monkey", "author", "authenticated", "passenger", "country", "hashtag_count", "pinned", "encoding", "sidebar"],
)
def test_a_name_that_only_sounds_like_it_holds_no_secret(name: str) -> None:
    assert sealed({name: "plain"}) == {name: "plain"}


def test_what_a_secret_field_holds_is_sealed_whole_with_the_names_of_its_parts() -> None:
    assert "hunter2" not in repr(sealed({"tokens": {"hunter2": 1}, "cookies": [{"hunter2": 2}]}))


@pytest.mark.parametrize(
    "text",
    [
        "http://anna:hunter2@proxy:80",
        "https://hunter2@proxy",
        "anna:hunter2@proxy:80",
        "https://example.com/?a=1&access_token=hunter2",
        '{"password": "hunter2"}',
        ' [{"cookies": ["hunter2"]}]',
    ],
)
def test_a_text_that_holds_a_secret_is_sealed(text: str) -> None:
    assert "hunter2" not in repr(sealed({"note": text}))


def test_a_secret_that_is_told_as_name_and_value_is_sealed() -> None:
    assert "hunter2" not in repr(sealed([{"name": "li_at", "value": "hunter2"}]))


@pytest.mark.parametrize("text", ["anna@example.com", "{broken", '{"name": "Anna"}', "at 10:30@noon", "a?b=c&d=e"])
def test_a_text_that_holds_none_is_left(text: str) -> None:
    assert sealed({"note": text}) == {"note": text}


def test_what_is_sealed_was_not_changed() -> None:
    document = {"token": "hunter2", "list": [{"pin": 7}]}

    sealed(document)

    assert document == {"token": "hunter2", "list": [{"pin": 7}]}


CREDENTIALS = {
    name: resolved({"$ref": name})
    for name, schema in SCHEMAS.items()
    if name.startswith("Reconnect") and "const" in schema.get("properties", {}).get("provider", {})
}
LONG = "Zx9" * 50


def filled(schema: Schema, path: str) -> Any:
    """Give a document with every field, each secret told by its place."""
    match resolved(schema):
        case {"name": "UtcDateTime"}:
            return "2025-12-31T23:59:59.999Z"
        case {"oneOf": [first, *_]}:
            return filled(first, path)
        case {"type": "array"} if path == "cookies":
            return [{"name": name, "value": f"s3cr3t/{name}+{LONG}"} for name in ("xs", "c_user", "datr")]
        case {"type": "array", "items": items}:
            return [filled(items, path)]
        case {"type": "object", "properties": properties}:
            return {name: filled(part, name) for name, part in properties.items()}
        case {"const": value} | {"enum": [value, *_]}:
            return value
    return _value(schema, path)


def _value(schema: Schema, path: str) -> Any:
    match schema:
        case {"format": "password"}:
            return f"s3cr3t/{path}+{LONG}"
        case {"type": "object"}:
            return {"X-Auth": f"s3cr3t {path} {LONG}", "X-Pin": 73737373}
        case {"type": "number"}:
            return 7
        case {"type": "boolean"}:
            return True
    return {"country": "DE", "ip": "1.2.3.4", "pairing_phone_number": "49151"}.get(path, "public")


def echoes(secret: str) -> dict[str, Behaviour]:
    """Give servers that repeat a secret, each in another place."""
    written = json.dumps(secret)[1:-1]
    shouted = f"you sent {secret}, that is {quote(secret, safe='')} or {b64encode(secret.encode()).decode()}"
    answers = {
        "an error": http(
            {"type": f"errors/{secret}", "title": shouted, "detail": json.dumps(shouted), "instance": secret}, 401
        ),
        "a type alone": http({"type": secret, "title": secret.upper()}, 403),
        "the second envelope": http({"error": {"code": secret, "message": shouted, "request_id": secret}}, 400),
        "an HTML page": http(f"<p>{secret}</p>", 502, Content_Type=f"text/{written}"),
        "a redirect": http("", 307, Location=f"/?{quote(secret)}", Content_Type=f"text/{written}"),
        "a success that is text": http(secret, 201, Content_Type=f"text/{written}"),
        "a success without object": http({secret: secret, "title": secret}, 201),
        "a success of odd objects": http({"object": {secret: secret}, "account_id": [secret]}, 201),
        "a success in an encoding": http("x", 201, Content_Encoding=written),
        "a status line": f"HTTP/1.1 {written} OK\r\n\r\n".encode(),
        "a header": f"HTTP/1.1 201 OK\r\n{written}\r\n\r\n".encode(),
    }
    return {name: answering(answer) for name, answer in answers.items()}


def all_that_is_told(error: BaseException) -> str:
    told, link = "".join(traceback.format_exception(error)), error
    seen: list[BaseException] = []
    while link is not None and link not in seen:
        seen.append(link)
        told += f" {link} {link!r} {link.args} {vars(link)}"
        link = link.__cause__ or link.__context__  # type: ignore[assignment]  # None ends it
    return told


def test_there_are_twelve_variants_of_credentials() -> None:
    assert len(CREDENTIALS) == 12


@pytest.mark.parametrize("place", echoes(""))
def test_no_error_repeats_what_was_sent(
    place: str, serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tried: set[str] = set()
    for schema in CREDENTIALS.values():
        credentials = read_credentials(filled(schema, ""))
        endpoint = endpoints.reconnect_account("acc_1", credentials)
        for secret in {*credentials.secrets(), KEY} - tried:
            tried.add(secret)
            with pytest.raises(PostpressError) as caught:
                connect(serve(echoes(secret)[place]).url).send(endpoint)

            told = f"{all_that_is_told(caught.value)} {caplog.text} {endpoint!r}".lower()
            for form in (secret, secret[:20], quote(secret[:20], safe=""), b64encode(secret.encode()).decode()[:16]):
                assert form.lower() not in told
    assert len(tried) > len(CREDENTIALS)


def test_a_request_does_not_show_what_is_in_its_body() -> None:
    endpoint = endpoints.reconnect_account("acc_1", {"provider": "LINKEDIN", "username": "a", "password": "hunter2"})

    assert "hunter2" not in f"{endpoint} {endpoint!r} {endpoint.body}"
    assert "LINKEDIN" in repr(endpoint)
