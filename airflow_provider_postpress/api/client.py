"""Send an endpoint, return its typed answer or raise. Never repeats a request, never follows a redirect."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

import httpx

from airflow_provider_postpress.api.answers import MAX_ANSWER_BYTES, AnswerReader, read_answer
from airflow_provider_postpress.api.endpoints import Answer, Endpoint
from airflow_provider_postpress.api.errors import (
    PostpressInvalidRequest,
    PostpressTransportError,
)

T = TypeVar("T")

DEFAULT_BASE_URL = "https://api.postpress.ai/v1"
DEFAULT_TIMEOUT = 30.0
KEEPALIVE_SECONDS = 300.0
"""How long an idle connection is kept: longer than the time between two polls, or keeping it would save nothing."""
MAX_CONNECTIONS = 20

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class AsyncPostpressClient:
    """
    Postpress, asynchronously. Holds one connection pool; close it with :meth:`aclose` or ``async with``.

    :param api_key: the API key, sent as ``X-API-KEY``
    :param base_url: where the API's paths begin
    :param timeout: seconds that one request may take in all, from the wait for a connection to the answer's last byte
    :param verify: whether TLS certificates are verified, or the path of a file with the certificates to trust
    :param proxy: URL of a proxy to send requests through
    :raises PostpressInvalidRequest: the key cannot be sent as a header, or a setting cannot be used
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float = DEFAULT_TIMEOUT,
        verify: bool | str = True,
        proxy: str | None = None,
    ) -> None:
        if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise PostpressInvalidRequest(
                "The API key is empty or has characters that no header can carry (spaces, line ends, non-ASCII)."
            )
        self._api_key = api_key
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._http = httpx.AsyncClient(
            headers={"X-API-KEY": api_key, "Accept": "application/json", "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(timeout),
            verify=_verification(verify),
            proxy=_proxy(proxy),
            follow_redirects=False,
            limits=httpx.Limits(
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=MAX_CONNECTIONS,
                keepalive_expiry=KEEPALIVE_SECONDS,
            ),
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, endpoint: Endpoint[Answer]) -> Answer:
        """
        Send one request, once.

        :param endpoint: the request, and how its answer is read
        :raises PostpressTransportError: no answer came
        :raises PostpressAPIError: the answer is an error, or a redirect
        :raises PostpressUnreadableAnswer: a success whose body cannot be read
        """
        try:
            async with asyncio.timeout(self._timeout):
                status, headers, body = await self._exchange(endpoint)
        except TimeoutError:
            problem = f"it took longer than {self._timeout:g} s"
            raise PostpressTransportError(route=endpoint.route, problem=problem, may_have_arrived=True) from None
        except httpx.HTTPError as error:
            raise PostpressTransportError(
                route=endpoint.route,
                problem=_in_words(error),
                may_have_arrived=not isinstance(error, _NEVER_SENT),
            ) from error
        return read_answer(endpoint, status, headers, body, secret=self._api_key)

    async def _exchange(self, endpoint: Endpoint[Answer]) -> tuple[int, httpx.Headers, bytes | str]:
        url = f"{self._base_url}{endpoint.path}"
        async with self._http.stream(endpoint.method, url, params=endpoint.query or None) as response:
            reader = AnswerReader(response.headers.get("Content-Encoding"), limit=MAX_ANSWER_BYTES)
            async for chunk in response.aiter_raw():
                if not reader.feed(chunk):
                    break
            return response.status_code, response.headers, reader.result()


class PostpressClient:
    """
    Postpress, for code that blocks: an :class:`AsyncPostpressClient` on an event loop of its own, in a thread.

    So one code serves both, and a request is bounded in total time here too, which blocking sockets cannot do.
    Takes the same parameters; close it with :meth:`close` or ``with``.
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float = DEFAULT_TIMEOUT,
        verify: bool | str = True,
        proxy: str | None = None,
    ) -> None:
        self._client = AsyncPostpressClient(api_key, base_url=base_url, timeout=timeout, verify=verify, proxy=proxy)
        self._loop = asyncio.new_event_loop()
        # a daemon, so that a client nobody closed does not keep the process from ending
        self._thread = threading.Thread(target=self._loop.run_forever, name="postpress-client", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return repr(self._client).replace("Async", "", 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and end the thread."""
        if self._loop.is_closed():
            return
        self._run(self._client.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(self, endpoint: Endpoint[Answer]) -> Answer:
        """
        Send one request, once; see :meth:`AsyncPostpressClient.send`.

        :param endpoint: the request, and how its answer is read
        """
        return self._run(self._client.send(endpoint))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            # also when the task is killed or times out meanwhile: the request must not outlive it
            future.cancel()
            raise


def _verification(verify: bool | str) -> ssl.SSLContext | bool:
    if isinstance(verify, bool):
        return verify
    try:
        return ssl.create_default_context(cafile=verify)
    except OSError as error:
        raise PostpressInvalidRequest(f"verify={verify!r} is not a file of certificates: {error.strerror}.") from error


def _proxy(proxy: str | None) -> httpx.Proxy | None:
    if proxy is None:
        return None
    try:
        return httpx.Proxy(proxy)
    except (ValueError, httpx.InvalidURL):
        # the value is not shown: a proxy's URL can hold a password
        raise PostpressInvalidRequest(
            "proxy is not a URL that can be used: write it as http://, https:// or socks5://host:port."
        ) from None


def _in_words(error: httpx.HTTPError) -> str:
    match error:
        case httpx.ConnectTimeout():
            return "the connection could not be made in time"
        case httpx.PoolTimeout():
            return "no connection became free in time"
        case httpx.TimeoutException():
            return "the answer did not come in time"
        case httpx.ProxyError():
            return "the proxy refused the connection"
    return f"{_root_cause(error)}"


def _root_cause(error: BaseException) -> str:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return str(error) or type(error).__name__
