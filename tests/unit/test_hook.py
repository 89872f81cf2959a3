"""The hook: one request each, one typed answer, blocking and asynchronous; and what it says of its connection."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from airflow.exceptions import AirflowNotFoundException
from api_clients import KEY, Serve
from misbehaving_server import MisbehavingServer, Peer, Request, answering, dripping, http, silent

from airflow_provider_postpress.api.errors import PostpressAPIError, PostpressError, PostpressInvalidRequest
from airflow_provider_postpress.api.models import Account, ReconnectAnswer, SyncAnswer, read_credentials
from airflow_provider_postpress.emulator.faults import Error
from airflow_provider_postpress.emulator.server import Emulator
from airflow_provider_postpress.hooks.postpress import PostpressHook

pytest_plugins = ["airflow_provider_postpress.emulator.fixtures"]

Call = Callable[[str, str], Any]


@pytest.fixture(params=["blocking", "asynchronous"])
def call(request: pytest.FixtureRequest) -> Iterator[Call]:
    """Call a method of the hook by its name, or its asynchronous twin."""
    hook = PostpressHook()
    if request.param == "blocking":
        with hook:
            yield lambda method, *args, **options: getattr(hook, method)(*args, **options)
    else:
        yield lambda method, *args, **options: asyncio.run(getattr(hook, f"a{method}")(*args, **options))


def test_an_account_is_read(postpress_default: Emulator, call: Call) -> None:
    account_id = postpress_default.add_account("LINKEDIN")

    account = call("get_account", account_id)

    assert isinstance(account, Account)
    assert (account.id, account.type) == (account_id, "LINKEDIN")


def test_an_accounts_sync_takes_postpress_own_parameters(postpress_default: Emulator, call: Call) -> None:
    account_id = postpress_default.add_account("LINKEDIN")

    answer = call("resync_account", account_id, partial=True, chunk_size=5, before=1_735_689_600_000)

    assert isinstance(answer, SyncAnswer)
    assert (answer.object, answer.status) == ("AccountResync", "SYNC_STARTED")
    assert postpress_default.requests()[-1]["query"] == "partial=true&chunk_size=5&before=1735689600000"


def test_a_chat_is_synced(postpress_default: Emulator, call: Call) -> None:
    chat_id = postpress_default.add_chat(postpress_default.add_account("TELEGRAM"))

    answer = call("sync_chat", chat_id)

    assert isinstance(answer, SyncAnswer)
    assert (answer.object, answer.chat_id, answer.status) == ("ChatHistorySync", chat_id, "SYNC_STARTED")


Listed = Callable[..., list[Account]]


@pytest.fixture(params=["blocking", "asynchronous"])
def listed(request: pytest.FixtureRequest) -> Listed:
    """List accounts, up to the one with an id that ends it."""

    def blocking(*, up_to: str | None = None, **options: Any) -> list[Account]:
        found = []
        with PostpressHook() as hook:
            for account in hook.list_accounts(**options):
                found.append(account)
                if account.id == up_to:
                    break
        return found

    async def asynchronous(*, up_to: str | None = None, **options: Any) -> list[Account]:
        found = []
        async for account in PostpressHook().alist_accounts(**options):
            found.append(account)
            if account.id == up_to:
                break
        return found

    return blocking if request.param == "blocking" else lambda **options: asyncio.run(asynchronous(**options))


@pytest.mark.parametrize("last_cursor", ["null", "missing", "empty", "repeated"])
@pytest.mark.parametrize("listing", ["items", "data"])
def test_accounts_are_listed_through_all_pages(
    listing: str, last_cursor: str, listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Emulator(api_key=KEY, listing=listing, last_cursor=last_cursor) as emulator:
        monkeypatch.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", emulator.connection_json)
        ids = [emulator.add_account(kind) for kind in ("LINKEDIN", "TELEGRAM", "MAIL", "LINKEDIN", "SLACK")]

        accounts = listed(limit=2)

        assert [account.id for account in accounts] == ids
        assert [account.type for account in accounts] == ["LINKEDIN", "TELEGRAM", "MAIL", "LINKEDIN", "SLACK"]
        assert {request["route"] for request in emulator.requests()} == {"list_accounts"}


def test_the_next_page_is_asked_for_when_it_is_needed(postpress_default: Emulator, listed: Listed) -> None:
    ids = [postpress_default.add_account("LINKEDIN") for _ in range(5)]

    assert len(listed(limit=2, up_to=ids[1])) == 2
    assert len(postpress_default.requests()) == 1

    assert len(listed(limit=2, up_to=ids[2])) == 3
    assert len(postpress_default.requests()) == 3


def test_a_list_that_nobody_goes_through_asks_for_nothing(postpress_default: Emulator) -> None:
    with PostpressHook() as hook:
        hook.list_accounts()
        hook.alist_accounts()

    assert postpress_default.requests() == []


def test_pages_are_as_large_as_can_be(postpress_default: Emulator, listed: Listed) -> None:
    assert listed() == []

    (request,) = postpress_default.requests()
    assert request["query"] == "limit=250"


@pytest.mark.parametrize("limit", [0, 251, True, "100", None])
def test_a_limit_that_is_not_allowed_is_refused_when_it_is_given(postpress_default: Emulator, limit: Any) -> None:
    for listing in (PostpressHook().list_accounts, PostpressHook().alist_accounts):
        with pytest.raises(PostpressInvalidRequest, match=r"Allowed: 1 to 250"):
            listing(limit=limit)

    assert postpress_default.requests() == []


def test_an_error_on_a_later_page_is_raised(postpress_default: Emulator, listed: Listed) -> None:
    for _ in range(3):
        postpress_default.add_account("LINKEDIN")
    postpress_default.inject(Error(status=503, error_type="errors/no_channel"), route="list_accounts", skip=1)

    with pytest.raises(PostpressAPIError, match="GET /accounts was answered 503"):
        listed(limit=2)


LOGIN = {"provider": "LINKEDIN", "username": "anna@acme.com", "password": "hunter2"}


@pytest.mark.parametrize("credentials", [LOGIN, read_credentials(LOGIN)], ids=["a mapping", "credentials"])
def test_an_account_is_logged_in_again(credentials: Any, postpress_default: Emulator, call: Call) -> None:
    account_id = postpress_default.add_account("LINKEDIN")
    postpress_default.set_source_status(account_id, "CREDENTIALS")

    answer = call("reconnect_account", account_id, credentials)

    assert isinstance(answer, ReconnectAnswer)
    assert (answer.object, answer.account_id, answer.checkpoint) == ("AccountReconnected", account_id, None)
    assert [request["method"] for request in postpress_default.requests()] == ["POST"]
    assert call("get_account", account_id).healthy


def test_a_login_posts_the_credentials_as_they_are(serve: Serve, monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    bodies: list[Any] = []

    def behave(peer: Peer) -> None:
        bodies.append(json.loads(peer.read_body(peer.read_request())))
        peer.send(http({"object": "Checkpoint", "account_id": "acc_1", "checkpoint": {"type": "2FA"}}, 202))

    connected_to(monkeypatch, host=serve(behave).url)

    answer = call("reconnect_account", "acc_1", LOGIN)

    assert bodies == [LOGIN]
    assert (answer.object, answer.checkpoint.type) == ("Checkpoint", "2FA")


def test_credentials_that_are_not_as_documented_are_not_sent(postpress_default: Emulator, call: Call) -> None:
    with pytest.raises(PostpressInvalidRequest, match="passwrd") as caught:
        call("reconnect_account", "acc_1", {"provider": "LINKEDIN", "username": "anna", "passwrd": "hunter2"})

    assert "hunter2" not in str(caught.value)
    assert postpress_default.requests() == []


@pytest.mark.usefixtures("postpress_default")
def test_what_postpress_refuses_is_raised(call: Call) -> None:
    with pytest.raises(PostpressAPIError, match="404 errors/resource_not_found"):
        call("get_account", "acc_nobody")


def test_a_wrong_parameter_is_refused_before_anything_is_sent(postpress_default: Emulator, call: Call) -> None:
    with pytest.raises(PostpressInvalidRequest, match="before=1735689600 is not allowed"):
        call("resync_account", "acc_1", before=1_735_689_600)
    with pytest.raises(PostpressInvalidRequest, match=r"window=.* is no parameter"):
        call("resync_account", "acc_1", window="full")

    assert postpress_default.requests() == []


def test_every_method_that_asks_postpress_has_a_twin_with_the_same_parameters() -> None:
    for method in ("get_account", "reconnect_account", "resync_account", "sync_chat"):
        twin = getattr(PostpressHook, f"a{method}")
        assert inspect.iscoroutinefunction(twin)
        assert inspect.signature(twin) == inspect.signature(getattr(PostpressHook, method))
    listing, twin = inspect.signature(PostpressHook.list_accounts), inspect.signature(PostpressHook.alist_accounts)
    assert listing.parameters == twin.parameters


@pytest.mark.usefixtures("postpress_default")
def test_the_client_is_the_same_until_the_hook_is_closed() -> None:
    with PostpressHook() as hook:
        first = hook.get_conn()
        assert hook.get_conn() is first
        hook.close()
        assert hook.get_conn() is not first


def keep_answering(peer: Peer) -> None:
    while True:
        peer.read_request()
        peer.send(http().replace(b"Connection: close\r\n", b""))


@pytest.fixture
def keeping(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> MisbehavingServer:
    server = serve(keep_answering)
    monkeypatch.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", json.dumps({"host": server.url, "password": KEY}))
    return server


async def test_an_async_with_block_looks_its_connection_up_once_and_keeps_it_open(
    keeping: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with PostpressHook() as hook:
        monkeypatch.delenv("AIRFLOW_CONN_POSTPRESS_DEFAULT")
        await hook.async_chat("chat_1")
        await hook.async_chat("chat_1")

    assert len(keeping.requests) == 2
    assert keeping.connections == 1


def test_a_with_block_keeps_its_connection(keeping: MisbehavingServer) -> None:
    with PostpressHook() as hook:
        hook.sync_chat("chat_1")
        hook.sync_chat("chat_1")

    assert len(keeping.requests) == 2
    assert keeping.connections == 1


def test_no_log_line_shows_the_key_or_the_proxys_password(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    proxy = serve(answering(http({"title": "no"}, 401)))
    extra = {"proxy": f"http://user:hunter2@127.0.0.1:{proxy.port}"}
    document = {"host": "http://postpress.invalid", "password": KEY, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", json.dumps(document))

    with PostpressHook() as hook, pytest.raises(PostpressError) as caught:
        hook.get_account("acc_1")

    assert len(proxy.requests) == 1
    assert caplog.records
    for told in (caplog.text, f"{caught.value!r} {hook!r} {hook.get_conn()!r} {hook.settings!r}"):
        assert KEY not in told
        assert "hunter2" not in told
    hook.close()


def connected_to(monkeypatch: pytest.MonkeyPatch, **connection: Any) -> PostpressHook:
    monkeypatch.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", json.dumps({"password": KEY, **connection}))
    return PostpressHook()


@pytest.mark.usefixtures("postpress_default")
def test_a_connection_that_works_is_told(postpress_emulator: Emulator) -> None:
    works, says = PostpressHook().test_connection()

    assert works, says
    assert says == f"{postpress_emulator.url}/v1 answers and accepts the API key."


@pytest.mark.usefixtures("postpress_default")
def test_the_test_of_a_connection_touches_no_account(postpress_emulator: Emulator) -> None:
    PostpressHook().test_connection()

    assert {request["route"] for request in postpress_emulator.requests()} == {"get_account"}


def test_a_wrong_key_is_told(postpress_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    works, says = connected_to(monkeypatch, host=postpress_emulator.url).test_connection()

    assert not works
    assert "does not accept the API key in the password field" in says
    assert KEY not in says


UNKNOWN_ROUTES = ["problem", "second", "html"]


@pytest.mark.parametrize("unknown_route", UNKNOWN_ROUTES)
@pytest.mark.parametrize(
    ("served", "path"),
    [("/v1", "/api/v1"), ("/api/v1", ""), ("/api/v1", "/v1"), ("/v1", "/v2"), ("/v1", "/v1/accounts")],
)
def test_a_wrong_base_path_is_told_with_the_one_that_works(
    served: str, path: str, unknown_route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Emulator(api_key=KEY, base_paths=[served], unknown_route=unknown_route) as emulator:
        works, says = connected_to(monkeypatch, host=f"{emulator.url}{path}").test_connection()

        assert not works
        assert f"but at {emulator.url}{served}: make that the host" in says
        assert connected_to(monkeypatch, host=f"{emulator.url}{served}").test_connection()[0]


class Found(NamedTuple):
    answers: dict[str, bytes]
    works: bool
    says: str


WRONG_KEY = http({"type": "errors/invalid_credentials", "title": "Unauthorized"}, 401)
UNKNOWN = http({"type": "errors/resource_not_found", "title": "Not Found"}, 404)
FOUND = {
    "a key without the scope": Found(
        {"/v1": http({"type": "errors/insufficient_privileges", "title": "Out of scope"}, 401)},
        False,
        "knows the API key, but its scope does not cover accounts",
    ),
    "an API that asks nobody for a key": Found({"/v1": UNKNOWN, "/api/v1": UNKNOWN}, True, "accepts the API key"),
    "another web site": Found(
        {"/v1": http("<html>Shop</html>", Content_Type="text/html")}, False, "does not answer as Postpress does"
    ),
    "another web site without that page": Found({"/v1": http("no", 404)}, False, "does not answer as Postpress does"),
    "a redirect to the other path": Found(
        {"/v1": http("", 301, Location="/api/v1"), "/api/v1": WRONG_KEY}, False, "/api/v1: make that the host"
    ),
    "a redirect": Found({"/v1": http("", 301, Location="/login")}, False, "Redirects are not followed"),
    "trouble at Postpress": Found(
        {"/v1": http({"type": "errors/service_unavailable", "title": "Down"}, 503)},
        False,
        "503 errors/service_unavailable",
    ),
    "too many requests": Found({"/v1": http({"title": "Slow down"}, 429)}, False, "answered 429"),
    "a proxy's login page": Found({"/v1": http("<html>", 401, Content_Type="text/html")}, False, "check the base URL"),
}


@pytest.mark.parametrize("found", FOUND.values(), ids=FOUND)
def test_what_else_answers_is_told(found: Found, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def behave(peer: Peer) -> None:
        request: Request = peer.read_request()
        base_path = request.target.partition("/accounts")[0]
        peer.send(found.answers.get(base_path, http("no such page", 404, Content_Type="text/plain")))

    works, says = connected_to(monkeypatch, host=serve(behave).url).test_connection()

    assert works is found.works
    assert found.says in says


def test_a_host_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    works, says = connected_to(monkeypatch, host=url).test_connection()

    assert not works
    assert says.startswith(f"{url}/v1 cannot be reached: no connection could be made: ")


def test_a_host_that_speaks_no_tls_is_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(answering(http()))

    works, says = connected_to(monkeypatch, host=f"https://127.0.0.1:{server.port}").test_connection()

    assert not works
    assert "cannot be reached: no TLS connection could be made: " in says
    assert "Check host, timeout, verify and proxy" in says


@pytest.mark.parametrize("behaviour", [silent, dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" ", b"{}")])
def test_a_host_that_does_not_answer_in_time_is_told(
    behaviour: Any, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(behaviour)

    works, says = connected_to(monkeypatch, host=server.url, extra={"timeout": 0.2}).test_connection()

    assert not works
    assert "cannot be reached: the whole answer did not come within 0.2 s" in says


@pytest.mark.parametrize(
    ("connection", "says"),
    [
        ({"password": ""}, "Connection 'postpress_default': password, which holds the API key, is empty."),
        ({"host": "https://a:hunter2@b"}, "Connection 'postpress_default': host holds a user name or password"),
        ({"extra": {"verify": "/no/such/file"}}, "Connection 'postpress_default': verify='/no/such/file' in the extra"),
        ({"extra": {"proxy": "ftp://hunter2"}}, "Connection 'postpress_default': proxy is not a URL"),
    ],
)
def test_a_wrong_setting_is_told_by_the_test_of_a_connection(
    connection: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    works, said = connected_to(monkeypatch, **connection).test_connection()

    assert not works
    assert said.startswith(says)
    assert "hunter2" not in said


def test_a_connection_that_is_not_there_is_told_as_airflow_does() -> None:
    with pytest.raises(AirflowNotFoundException, match="absent"):
        PostpressHook("absent").get_conn()
