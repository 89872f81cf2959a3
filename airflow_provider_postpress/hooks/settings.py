"""What an Airflow connection says about how to reach Postpress."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from airflow_provider_postpress.api.client import DEFAULT_BASE_URL, DEFAULT_TIMEOUT
from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.hooks.base_url import base_url_of
from airflow_provider_postpress.hooks.extras import read_extra, refused, without_empty
from airflow_provider_postpress.resync.window import TimeSpan

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

Client = TypeVar("Client")

WEBHOOK_EXTRAS = ("webhook_secret", "webhook_secret_previous", "webhook_header")
"""What is read by the webhook's receiver alone."""

EXTRAS = ("time_span", "timeout", "verify", "proxy", *WEBHOOK_EXTRAS)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionSettings:
    """
    How to reach Postpress. Equal settings can share a client.

    :param api_key: the API key
    :param base_url: where the API's paths begin
    :param timeout: seconds that one request may take in all
    :param verify: whether TLS certificates are verified, or the path of a file with the certificates to trust
    :param proxy: URL of a proxy to send requests through; can hold its password
    :param time_span: how the bounds of a window are sent, see
        :meth:`~airflow_provider_postpress.resync.window.SyncWindow.parameters`
    """

    api_key: str = field(repr=False)
    base_url: str = DEFAULT_BASE_URL
    timeout: float = DEFAULT_TIMEOUT
    verify: bool | str = True
    proxy: str | None = field(default=None, repr=False)
    time_span: TimeSpan = "natural"


def settings_of(connection: Connection) -> ConnectionSettings:
    """
    Read the settings out of a connection. No I/O but a look whether the file that ``verify`` names is there.

    Host, port and schema make the base URL, the password is the API key, and the extra holds ``time_span``,
    ``timeout``, ``verify`` and ``proxy``; the webhook's settings, which it can hold as well, are not read here. What is
    absent or empty has its default; texts are read as the number or the boolean that they write.

    :param connection: an Airflow connection of type ``postpress``
    :raises PostpressInvalidRequest: a setting is wrong or missing; the text names the connection, the field and what
        is allowed
    """
    try:
        extra = _extra(connection.extra)
        return ConnectionSettings(
            api_key=_api_key(connection.password),
            base_url=base_url_of(connection.host, connection.port, connection.schema),
            timeout=_timeout(extra.get("timeout", DEFAULT_TIMEOUT)),
            verify=_verify(extra.get("verify", True)),
            proxy=_proxy(extra.get("proxy")),
            time_span=_time_span(extra.get("time_span", "natural")),
        )
    except PostpressInvalidRequest as refusal:
        raise refused(connection.conn_id, refusal) from None


def new_client(kind: Callable[..., Client], settings: ConnectionSettings, *, conn_id: str) -> Client:
    """
    Make a client of a connection's settings.

    :param kind: the client's class
    :param settings: what the connection says
    :param conn_id: the connection's id, to be named in the error
    :raises PostpressInvalidRequest: the file that ``verify`` names, or the proxy, cannot be used
    """
    try:
        return kind(
            settings.api_key,
            base_url=settings.base_url,
            timeout=settings.timeout,
            verify=settings.verify,
            proxy=settings.proxy,
        )
    except PostpressInvalidRequest as refusal:
        raise refused(conn_id, refusal) from None


def _extra(extra: str | None) -> Mapping[str, Any]:
    values = read_extra(extra, example='{"timeout": 30}')
    if unknown := sorted(set(values) - set(EXTRAS)):
        raise PostpressInvalidRequest(f"extra has no setting {', '.join(unknown)}. Allowed: {', '.join(EXTRAS)}.")
    return without_empty(values)


def _api_key(password: str | None) -> str:
    if not password:
        raise PostpressInvalidRequest("password, which holds the API key, is empty.")
    if not password.isascii() or not password.isprintable() or " " in password:
        raise PostpressInvalidRequest(
            "password, which holds the API key, has characters that no key has: spaces, line ends or non-ASCII."
        )
    return password


def _timeout(value: Any) -> float:
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise PostpressInvalidRequest(f"timeout={value!r} in the extra is not a number of seconds above 0.")
    return seconds


def _verify(value: Any) -> bool | str:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        written = value.strip()
        if written.lower() in ("true", "false"):
            return written.lower() == "true"
        if Path(written).is_file():
            return written
    raise PostpressInvalidRequest(
        f"verify={value!r} in the extra is not allowed. Allowed: true, false, or the path of a file with the "
        "certificates to trust, which must be there where the task runs."
    )


def _proxy(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value and value.strip()
    raise PostpressInvalidRequest("proxy in the extra is not a text such as 'http://proxy.example.com:3128'.")


def _time_span(value: Any) -> TimeSpan:
    if value not in get_args(TimeSpan):
        allowed = " or ".join(map(repr, get_args(TimeSpan)))
        raise PostpressInvalidRequest(f"time_span={value!r} in the extra is not allowed. Allowed: {allowed}.")
    return value  # type: ignore[no-any-return]  # get_args above is the check
