"""From a connection in any of its forms to settings, or to words that name the field and what is allowed in it."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Connection

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.hooks.postpress import PostpressHook
from airflow_provider_postpress.hooks.settings import ConnectionSettings, settings_of

KEY = "pp_live_s3cr3t-k3y"


def connection(extra: dict[str, Any] | str | None = None, password: str | None = KEY, **fields: Any) -> Connection:
    return Connection(
        conn_id="my_postpress",
        conn_type="postpress",
        password=password,
        extra=json.dumps(extra) if isinstance(extra, dict) else extra,
        **fields,
    )


def test_a_key_alone_is_enough() -> None:
    assert settings_of(connection()) == ConnectionSettings(
        api_key=KEY,
        base_url="https://api.postpress.ai/v1",
        timeout=30.0,
        verify=True,
        proxy=None,
        time_span="natural",
    )


@pytest.mark.parametrize(
    ("host", "port", "schema", "base_url"),
    [
        (None, None, None, "https://api.postpress.ai/v1"),
        ("", None, "", "https://api.postpress.ai/v1"),
        (None, None, "api/v1", "https://api.postpress.ai/api/v1"),
        ("api.postpress.ai", None, None, "https://api.postpress.ai/v1"),
        ("api.postpress.ai/", None, None, "https://api.postpress.ai/v1"),
        ("api.postpress.ai", None, "api/v1", "https://api.postpress.ai/api/v1"),
        ("api.postpress.ai", None, "/api/v1/", "https://api.postpress.ai/api/v1"),
        ("api.postpress.ai/api/v1", None, None, "https://api.postpress.ai/api/v1"),
        ("API.Postpress.AI", None, None, "https://api.postpress.ai/v1"),
        ("localhost:8080", None, None, "https://localhost:8080/v1"),
        ("localhost", 8080, None, "https://localhost:8080/v1"),
        ("localhost:8080", 8080, None, "https://localhost:8080/v1"),
        ("https://api.postpress.ai", None, None, "https://api.postpress.ai/v1"),
        ("HTTPS://api.postpress.ai/", None, None, "https://api.postpress.ai/v1"),
        ("https://api.postpress.ai/api/v1", None, None, "https://api.postpress.ai/api/v1"),
        ("https://api.postpress.ai/api/v1/", None, None, "https://api.postpress.ai/api/v1"),
        ("https://api.postpress.ai/api/v1", None, "api/v1", "https://api.postpress.ai/api/v1"),
        ("https://gateway.example.com/postpress/v2", None, None, "https://gateway.example.com/postpress/v2"),
        ("http://localhost:8080", None, None, "http://localhost:8080/v1"),
        ("http://localhost", 8080, "api/v1", "http://localhost:8080/api/v1"),
        ("http://127.0.0.1", 8080, None, "http://127.0.0.1:8080/v1"),
        ("::1", 8080, None, "https://[::1]:8080/v1"),
        ("[::1]", 8080, None, "https://[::1]:8080/v1"),
        ("[::1]:8080", None, None, "https://[::1]:8080/v1"),
        ("http://::1", 8080, "v1", "http://[::1]:8080/v1"),
        ("http://[2001:db8::1]:8080/v1", None, None, "http://[2001:db8::1]:8080/v1"),
    ],
)
def test_host_port_and_schema_make_the_base_url(
    host: str | None, port: int | None, schema: str | None, base_url: str
) -> None:
    assert settings_of(connection(host=host, port=port, schema=schema)).base_url == base_url


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"host": "https://user:hunter2@host/v1"}, "host holds a user name or password"),
        ({"host": "user@host"}, "host holds a user name or password"),
        ({"host": "https://host/v1?hunter2=1"}, "host holds a query"),
        ({"host": "host?hunter2"}, "host holds a query"),
        ({"host": "https://host/v1?"}, "host holds a query"),
        ({"host": "https://host/v1#hunter2"}, "host holds a fragment"),
        ({"host": "https://host#"}, "host holds a fragment"),
        ({"host": "ftp://hunter2"}, "host is not a host"),
        ({"host": "postpress://hunter2"}, "host is not a host"),
        ({"host": "https://http://hunter2"}, "host is not a host"),
        ({"host": "https://"}, "host names no host"),
        ({"host": "https:///v1"}, "host names no host"),
        ({"host": ":8080"}, "host names no host"),
        ({"host": "two hunter2"}, "host has spaces"),
        ({"host": "host\\hunter2"}, "host has spaces, backslashes"),
        ({"host": "https://host:hunter2"}, "host has a port that is not a number"),
        ({"host": "host:99999"}, "host has a port that is not a number"),
        ({"host": "https://[hunter2"}, "host is not a host"),
        ({"host": "localhost:8080", "port": 9090}, "host names another port than the port field"),
        ({"host": "https://host/v1", "schema": "api/v1"}, "host names another path than the schema field"),
        ({"host": "localhost", "port": 99999}, "port is not a number from 1 to 65535"),
        ({"schema": "https"}, "schema is the API's path"),
        ({"schema": "v1?hunter2"}, "schema is the API's path"),
        ({"schema": "v1#hunter2"}, "schema is the API's path"),
        ({"password": None}, "password, which holds the API key, is empty"),
        ({"password": ""}, "password, which holds the API key, is empty"),
        ({"password": "hunter2 "}, "password, which holds the API key, has characters"),
        ({"password": "hunter2\n"}, "password, which holds the API key, has characters"),
        ({"password": "hünter2"}, "password, which holds the API key, has characters"),
        ({"extra": "{hunter2"}, "extra is not a JSON object"),
        ({"extra": '["hunter2"]'}, "extra is not a JSON object"),
        ({"extra": {"time_spam": "hunter2"}}, "extra has no setting time_spam. Allowed: time_span, timeout, verify"),
        ({"extra": {"timeout": 0}}, "timeout=0 in the extra is not a number of seconds above 0"),
        ({"extra": {"timeout": -1}}, "timeout=-1"),
        ({"extra": {"timeout": "soon"}}, "timeout='soon'"),
        ({"extra": {"timeout": "nan"}}, "timeout='nan'"),
        ({"extra": {"timeout": "inf"}}, "timeout='inf'"),
        ({"extra": {"timeout": True}}, "timeout=True"),
        ({"extra": {"timeout": [10]}}, "timeout=[10]"),
        ({"extra": {"timeout": 10**400}}, "timeout="),
        (
            {"extra": {"verify": "maybe"}},
            "verify='maybe' in the extra is not allowed. Allowed: true, false, or the path",
        ),
        ({"extra": {"verify": 1}}, "verify=1"),
        ({"extra": {"proxy": {"http": "hunter2"}}}, "proxy in the extra is not a text"),
        (
            {"extra": {"time_span": "reversed"}},
            "time_span='reversed' in the extra is not allowed. Allowed: 'natural' or",
        ),
        ({"extra": {"time_span": ["natural"]}}, "time_span=['natural']"),
    ],
)
def test_a_wrong_setting_is_refused_by_connection_field_and_what_is_allowed(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(PostpressInvalidRequest) as caught:
        settings_of(connection(**fields))

    assert str(caught.value).startswith(f"Connection 'my_postpress': {says}")
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("proxy", ["hunter2", "http://user:hunter2@proxy:port", "socks5://user:hunter2@proxy:1080"])
def test_a_proxy_that_cannot_be_used_is_refused_with_the_connection(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # as if it were not installed
    monkeypatch.setenv("AIRFLOW_CONN_MY_POSTPRESS", json.dumps({"password": KEY, "extra": {"proxy": proxy}}))

    with pytest.raises(PostpressInvalidRequest, match="Connection 'my_postpress': proxy") as caught:
        PostpressHook("my_postpress").get_conn()

    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_texts_in_the_extra_are_read_as_what_they_write(tmp_path: Path) -> None:
    certificates = tmp_path / "certificates.pem"
    certificates.touch()

    settings = settings_of(
        connection({"timeout": " 10 ", "verify": "False", "proxy": " http://proxy:3128 ", "time_span": "as_documented"})
    )

    assert settings == ConnectionSettings(
        api_key=KEY, timeout=10.0, verify=False, proxy="http://proxy:3128", time_span="as_documented"
    )
    assert settings_of(connection({"verify": "true"})).verify is True
    assert settings_of(connection({"verify": str(certificates)})).verify == str(certificates)
    assert settings_of(connection({"verify": False, "timeout": 2.5})).timeout == 2.5


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_a_field_left_empty_has_its_default(empty: str | None) -> None:
    extra = dict.fromkeys(("time_span", "timeout", "verify", "proxy"), empty)

    assert settings_of(connection(extra)) == settings_of(connection())


@pytest.mark.parametrize("extra", [None, "", " ", "{}"])
def test_no_extra_means_the_defaults(extra: str | None) -> None:
    assert settings_of(connection(extra)) == settings_of(connection())


URIS = {
    f"postpress://:{KEY}@": ConnectionSettings(api_key=KEY),
    f"postpress://:{KEY}@api.postpress.ai": ConnectionSettings(api_key=KEY),
    f"postpress://:{KEY}@host:8080/api/v1?verify=false&timeout=10": ConnectionSettings(
        api_key=KEY, base_url="https://host:8080/api/v1", verify=False, timeout=10.0
    ),
    f"postpress://http://:{KEY}@host:8080/api/v1?verify=false&timeout=10": ConnectionSettings(
        api_key=KEY, base_url="http://host:8080/api/v1", verify=False, timeout=10.0
    ),
    f"postpress://http://:{KEY}@host": ConnectionSettings(api_key=KEY, base_url="http://host/v1"),
    f"postpress://:{KEY}@http%3A%2F%2Fhost%3A8080%2Fapi%2Fv1": ConnectionSettings(
        api_key=KEY, base_url="http://host:8080/api/v1"
    ),
    f"postpress://:{KEY}@http%3A%2F%2Fhost%3A8080/?time_span=as_documented": ConnectionSettings(
        api_key=KEY, base_url="http://host:8080/v1", time_span="as_documented"
    ),
    f"postpress://:{KEY}@[::1]:8080": ConnectionSettings(api_key=KEY, base_url="https://[::1]:8080/v1"),
    f"postpress://http://:{KEY}@[::1]:8080/v1": ConnectionSettings(api_key=KEY, base_url="http://[::1]:8080/v1"),
    "postpress://:a%2Fb%40c%3Ad@host": ConnectionSettings(api_key="a/b@c:d", base_url="https://host/v1"),
    f"postpress://:{KEY}@/?__extra__=%7B%22timeout%22%3A+5%7D": ConnectionSettings(api_key=KEY, timeout=5.0),
}


@pytest.mark.parametrize(("uri", "settings"), URIS.items(), ids=URIS)
def test_a_connection_uri_works(uri: str, settings: ConnectionSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MY_POSTPRESS", uri)

    assert PostpressHook("my_postpress").settings == settings


def test_a_uri_that_airflow_wrote_gives_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    written = connection({"timeout": 5, "verify": False}, host="http://localhost:8080/api/v1")

    monkeypatch.setenv("AIRFLOW_CONN_MY_POSTPRESS", written.get_uri())

    assert PostpressHook("my_postpress").settings == settings_of(written)


def test_a_json_connection_works(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {
        "conn_type": "postpress",
        "host": "http://localhost",
        "port": 8080,
        "schema": "api/v1",
        "password": KEY,
        "extra": {"timeout": 5, "verify": False, "proxy": "http://proxy:3128", "time_span": "as_documented"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_MY_POSTPRESS", json.dumps(document))

    assert PostpressHook("my_postpress").settings == ConnectionSettings(
        api_key=KEY,
        base_url="http://localhost:8080/api/v1",
        timeout=5.0,
        verify=False,
        proxy="http://proxy:3128",
        time_span="as_documented",
    )


def test_settings_show_neither_key_nor_proxy() -> None:
    settings = settings_of(connection({"proxy": "http://user:hunter2@proxy:3128"}))

    assert KEY not in f"{settings} {settings!r}"
    assert "hunter2" not in f"{settings} {settings!r}"


def test_equal_settings_are_one_key() -> None:
    assert len({settings_of(connection()), settings_of(connection({"timeout": 30}))}) == 1
    assert len({settings_of(connection()), settings_of(connection({"timeout": 31}))}) == 2
