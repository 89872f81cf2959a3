"""From the host, port and schema of an Airflow connection to the URL where the API's paths begin."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

import httpx

from airflow_provider_postpress.api.client import DEFAULT_BASE_URL
from airflow_provider_postpress.api.errors import PostpressInvalidRequest

DEFAULT_HOST = urlsplit(DEFAULT_BASE_URL).netloc
DEFAULT_PATH = urlsplit(DEFAULT_BASE_URL).path
_ALLOWED = "a host, optionally with a port, or an http:// or https:// URL, optionally with the API's path"


def base_url_of(host: str | None, port: int | None, schema: str | None) -> str:
    """
    Put the base URL together; what is not given is Postpress's own.

    :param host: a bare host (https is added), with or without a port and a path, or an ``http`` or ``https`` URL
    :param port: the port, if the host does not tell it
    :param schema: the path, if the host does not tell it; where Airflow's URI form puts it
    :raises PostpressInvalidRequest: no base URL can be made of them. The text does not repeat them: what is pasted
        into the wrong field may be a secret
    """
    url = _split(host or DEFAULT_HOST)
    port_in_host, path_in_host, path_in_schema = _port(url), url.path.strip("/"), _path(schema)
    if port_in_host and port and port_in_host != port:
        raise _refused("host", "names another port than the port field; give it once")
    if path_in_host and path_in_schema and path_in_host != path_in_schema:
        raise _refused("host", "names another path than the schema field; give it once")
    if port and not 0 < port < 65536:
        raise _refused("port", "is not a number from 1 to 65535")
    path = path_in_host or path_in_schema or DEFAULT_PATH.strip("/")
    port = port_in_host or port
    authority = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    base_url = f"{url.scheme}://{authority}{f':{port}' if port else ''}/{path}"
    try:
        return str(httpx.URL(base_url))
    except httpx.InvalidURL:
        raise _refused("host", f"is not {_ALLOWED}") from None


def _split(host: str) -> SplitResult:
    if re.search(r"[\s\\\x00-\x1f\x7f]", host):
        raise _refused("host", f"has spaces, backslashes or control characters; it is {_ALLOWED}")
    scheme, separator, rest = host.rpartition("://")
    if not separator:
        scheme = "https"
    if scheme.lower() not in ("http", "https"):
        raise _refused("host", f"is not {_ALLOWED}")
    authority, slash, path = rest.partition("/")
    if _is_ipv6(authority):
        # as Airflow's URI form leaves it
        authority = f"[{authority}]"
    try:
        url = urlsplit(f"{scheme}://{authority}{slash}{path}")
    except ValueError:
        raise _refused("host", f"is not {_ALLOWED}") from None
    if "@" in url.netloc:
        raise _refused("host", "holds a user name or password; the API key belongs into the password field")
    if "?" in rest:
        raise _refused("host", "holds a query; settings belong into the extra")
    if "#" in rest:
        raise _refused("host", "holds a fragment, which no base URL has")
    if not url.hostname:
        raise _refused("host", f"names no host; it is {_ALLOWED}")
    return url


def _port(url: SplitResult) -> int | None:
    try:
        return url.port
    except ValueError:
        raise _refused("host", "has a port that is not a number from 1 to 65535") from None


def _path(schema: str | None) -> str:
    path = (schema or "").strip("/")
    if path.lower() in ("http", "https"):
        raise _refused("schema", "is the API's path here, such as 'api/v1'; write http:// or https:// before the host")
    if re.search(r"[\s\\?#\x00-\x1f\x7f]", path):
        raise _refused("schema", "is the API's path, such as 'api/v1', without query, fragment or spaces")
    return path


def _is_ipv6(authority: str) -> bool:
    try:
        return ipaddress.ip_address(authority).version == 6
    except ValueError:
        return False


def _refused(field: str, why: str) -> PostpressInvalidRequest:
    return PostpressInvalidRequest(f"{field} {why}.")
