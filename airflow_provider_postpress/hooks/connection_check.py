"""Finds out whether a connection works, without an effect on any account."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.client import PostpressClient
from airflow_provider_postpress.api.errors import (
    PostpressAPIError,
    PostpressError,
    PostpressTransportError,
    PostpressUnreadableAnswer,
)
from airflow_provider_postpress.hooks.settings import ConnectionSettings, new_client

BASE_PATHS = ("/v1", "/api/v1")
"""Where the API's paths may begin: its pages say the one in their headings and the other in their examples."""

_NO_ACCOUNT = "acc_00000000000000000000000000"
_NO_KEY = "no-key-of-anybody"


def check_connection(settings: ConnectionSettings, conn_id: str) -> tuple[bool, str]:
    """
    Read an account that cannot exist: where Postpress says so, all is well.

    :param settings: what the connection says
    :param conn_id: the connection's id
    :return: whether the connection works, and what was found in words, without a secret
    :raises PostpressInvalidRequest: a setting cannot be used
    """
    url = settings.base_url
    error = _read_no_account(settings, conn_id)
    match error:
        case PostpressTransportError():
            return False, f"{url} cannot be reached: {error.problem}. Check host, timeout, verify and proxy."
        case PostpressAPIError(type="errors/insufficient_privileges"):
            return False, f"{url} knows the API key, but its scope does not cover accounts: widen it. {error}"
        case PostpressAPIError(status=403):
            return False, f"{url} knows the API key, but does not let it read accounts. {error}"
        case PostpressAPIError(status=status) if status == 429 or (status >= 500 and error.type):
            return False, f"{url} is busy or down at the moment: test again later. {error}"
        case PostpressAPIError(status=401):
            return False, f"{url} does not accept the API key in the password field. {error}"
    fine = (True, f"{url} answers and accepts the API key.")
    if _is_fine(error) and _asks_for_a_key(settings, conn_id):
        return fine
    if _is_fine(error) or _is_elsewhere(error):
        for other in _other_base_urls(url):
            if _asks_for_a_key(replace(settings, base_url=other), conn_id):
                return (
                    False,
                    f"Postpress's API is not at {url}, but at {other}: make that the host, without port or schema.",
                )
    return fine if _is_fine(error) else (False, f"{url} does not answer as Postpress does. {error}")


def _read_no_account(settings: ConnectionSettings, conn_id: str) -> PostpressError | None:
    with new_client(PostpressClient, settings, conn_id=conn_id) as client:
        try:
            client.send(endpoints.get_account(_NO_ACCOUNT))
        except PostpressError as error:
            return error
    return None


def _asks_for_a_key(settings: ConnectionSettings, conn_id: str) -> bool:
    # a path that is no route can be "not found" in Postpress's own envelope; but only a route asks for a key
    error = _read_no_account(replace(settings, api_key=_NO_KEY), conn_id)
    return isinstance(error, PostpressAPIError) and error.status in (401, 403)


def _is_fine(error: PostpressError | None) -> bool:
    return error is None or (isinstance(error, PostpressAPIError) and error.status == 404 and error.type is not None)


def _is_elsewhere(error: PostpressError | None) -> bool:
    if isinstance(error, PostpressAPIError):
        return error.status in (404, 405, 410) or 300 <= error.status < 400
    return isinstance(error, PostpressUnreadableAnswer)


def _other_base_urls(base_url: str) -> list[str]:
    url = urlsplit(base_url)
    return [url._replace(path=path).geturl() for path in BASE_PATHS if path != url.path]
