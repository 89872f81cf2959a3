"""Send an endpoint, return its typed answer or raise. Never repeats a request, never follows a redirect."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Mapping
from enum import StrEnum
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self, TypeVar
from urllib.parse import urlencode
from urllib.request import getproxies

import httpx

from airflow_provider_postpress.api.answers import AnswerReader, presentable, read_answer
from airflow_provider_postpress.api.endpoints import Answer, Endpoint
from airflow_provider_postpress.api.errors import PostpressInvalidRequest, PostpressTransportError
from airflow_provider_postpress.api.http_logs import discreet
from airflow_provider_postpress.api.pool import ConnectionPool
from airflow_provider_postpress.api.secrets import passwords_in

T = TypeVar("T")

DEFAULT_BASE_URL = "https://api.postpress.ai/v1"
DEFAULT_TIMEOUT = 30.0
KEEPALIVE_SECONDS = 300.0
"""How long an idle connection is kept: longer than the time between two polls, or keeping it would save nothing."""
MAX_CONNECTIONS = 20


class _Stage(StrEnum):
    """How far a request came; its words say what did not happen when it went no further."""

    WAITING = "no connection became free"
    CONNECTING = "no connection could be made"
    PROXYING = "the proxy made no connection"
    SECURING = "no TLS connection could be made"
    SENT = "the whole answer did not come"


_STAGES = {
    "connect_tcp.started": _Stage.CONNECTING,
    "setup_socks5_connection.started": _Stage.PROXYING,
    "start_tls.started": _Stage.SECURING,
    "send_request_headers.started": _Stage.SENT,
}


class _Progress:
    """
    Follows a request through httpcore, which alone knows whether any of it went out (its ``trace`` extension).

    It refuses an answer that was there before it was waited for: it came glued to the one before, and is not ours.
    """

    def __init__(self) -> None:
        self.stage = _Stage.WAITING
        self._has_waited = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        step = event.partition(".")[2]
        stage = _STAGES.get(step)
        if stage is _Stage.SENT and info["request"].method == b"CONNECT":
            stage = _Stage.PROXYING
        self.stage = stage or self.stage
        if step == "receive_response_headers.started":
            self._has_waited = False
            # whatever is read from the network lets the loop run before
            asyncio.get_running_loop().call_soon(self._wait)
        elif step == "receive_response_headers.complete" and not self._has_waited:
            raise httpx.RemoteProtocolError("an answer was there before the request")

    def _wait(self) -> None:
        self._has_waited = True


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
        self._secrets = (api_key, *passwords_in(filter(None, (proxy, *getproxies().values()))))
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        tls = _tls(verify)

        def new_client() -> httpx.AsyncClient:
            return httpx.AsyncClient(
                headers={"X-API-KEY": api_key, "Accept": "application/json", "Accept-Encoding": "gzip"},
                # one clock bounds a request, in send; httpx's own would only start anew with each byte
                timeout=None,  # noqa: S113 - bounded there
                verify=tls,
                proxy=proxy,
                follow_redirects=False,
                event_hooks={"response": [_go_nowhere]},
                # none is kept: a server could add to them, and have them sent, without end
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS),
            )

        try:
            self._pool = ConnectionPool(new_client, MAX_CONNECTIONS)
        except (ValueError, httpx.InvalidURL):
            # the value is not shown: a proxy's URL can hold a password
            raise PostpressInvalidRequest(
                "proxy is not a URL that can be used: write it as http://, https:// or socks5://host:port."
            ) from None
        except ImportError:
            raise PostpressInvalidRequest(
                "proxy is a SOCKS proxy, which needs a package: install httpx[socks]."
            ) from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def send(self, endpoint: Endpoint[Answer]) -> Answer:
        """
        Send one request, once.

        :param endpoint: the request, and how its answer is read
        :raises PostpressTransportError: no answer came
        :raises PostpressAPIError: the answer is an error, or a redirect
        :raises PostpressUnreadableAnswer: a success whose body cannot be read
        """
        progress = _Progress()
        secrets = (*self._secrets, *(endpoint.body.secrets() if endpoint.body else ()))
        try:
            with discreet():
                async with asyncio.timeout(self._timeout):
                    status, headers, body = await self._exchange(endpoint, progress)
        except TimeoutError:
            problem = f"{progress.stage} within {self._timeout:g} s"
        except (httpx.HTTPError, OSError) as error:
            # OSError: httpx lets through what TLS says when it breaks under an answer
            problem = progress.stage if endpoint.discreet else f"{progress.stage}: {_reason(error)}"
        except httpx.InvalidURL as error:
            raise PostpressInvalidRequest(f"{endpoint.route} cannot be sent: {error}.") from None
        else:
            return read_answer(endpoint, status, headers, body, secrets=secrets)
        # raised out here, so that no error of httpx's hangs on it, whose text could repeat what the server sent
        raise PostpressTransportError(
            route=endpoint.route,
            problem=presentable(problem, secrets),
            may_have_arrived=progress.stage is _Stage.SENT,
        )

    async def _exchange(
        self, endpoint: Endpoint[Answer], progress: _Progress
    ) -> tuple[int, httpx.Headers, bytes | str]:
        url = f"{self._base_url}{endpoint.path}"
        if endpoint.query:
            # written here: httpx would read the URL once more to add to it
            url += f"?{urlencode(endpoint.query)}"
        body = endpoint.body and endpoint.body.body()
        async with (
            self._pool.connection() as http,
            http.stream(endpoint.method, url, json=body, extensions={"trace": progress}) as response,
        ):
            reader = AnswerReader(response.headers.get("Content-Encoding"), limit=endpoint.max_bytes)
            async for chunk in response.aiter_raw():
                if not reader.feed(chunk):
                    break
            return response.status_code, response.headers, reader.result()


class PostpressClient:
    """
    Postpress, for code that blocks: an :class:`AsyncPostpressClient` on an event loop of its own, in a thread.

    So one code serves both, and a request is bounded in total time here too, which blocking sockets cannot do. Close it
    with :meth:`close` or ``with``.

    :param api_key: the API key, sent as ``X-API-KEY``
    :param base_url: where the API's paths begin
    :param timeout: seconds that one request may take in all
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
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(self, endpoint: Endpoint[Answer]) -> Answer:
        """
        Send one request, once; see :meth:`AsyncPostpressClient.send`.

        :param endpoint: the request, and how its answer is read
        """
        return self._run(self._client.send(endpoint))

    async def _end(self) -> None:
        await self._client.aclose()
        # what httpx has left of answers that were not read to their end
        await self._loop.shutdown_asyncgens()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            # also when the task is killed or times out meanwhile: the request must not outlive it
            future.cancel()
            raise


async def _go_nowhere(response: httpx.Response) -> None:
    # httpx would read where a redirect leads although it is not followed, and fail at what is no URL
    response.headers.pop("Location", None)


def _tls(verify: bool | str) -> ssl.SSLContext:
    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify)
    try:
        return ssl.create_default_context(cafile=verify)
    except OSError as error:
        raise PostpressInvalidRequest(f"verify={verify!r} is not a file of certificates: {error.strerror}.") from error


def _reason(error: BaseException) -> str:
    # httpx's own words say little; what it wraps says why
    while cause := error.__cause__ or _hidden_cause(error):
        error = cause
    if isinstance(error, BaseExceptionGroup):
        return _reason(error.exceptions[0])
    words = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return words.strip().removesuffix(".")


def _hidden_cause(error: BaseException) -> OSError | None:
    # httpcore raises its errors "from None"; other contexts could be anything that was being handled meanwhile
    context = error.__context__ if type(error).__module__.startswith("httpcore") else None
    return context if isinstance(context, OSError) else None
