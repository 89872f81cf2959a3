"""What a login comes to: done, a person's step, lost, or a failure that no retry follows and that says what to do."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from account_documents import API, resolved
from api_clients import Connect, Serve
from misbehaving_server import Behaviour, answering, http, reset_after_request, silent

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.errors import (
    PostpressAPIError,
    PostpressError,
    PostpressInvalidRequest,
    PostpressTransportError,
    PostpressUnreadableAnswer,
)
from airflow_provider_postpress.api.models import Checkpoint, ReconnectAnswer
from airflow_provider_postpress.resync.failure import Failure, FailureKind
from airflow_provider_postpress.resync.reconnect import Lost, Reconnected, final, outcome_of

LOGIN = endpoints.reconnect_account("acc_1", {"provider": "LINKEDIN", "username": "anna", "password": "hunter2"})
FINAL = {
    FailureKind.CHECKPOINT_REQUIRED,
    FailureKind.RECONNECT_REQUIRED,
    FailureKind.REQUEST_REFUSED,
    FailureKind.UNEXPECTED_ANSWER,
    FailureKind.UNSUPPORTED,
}


def came_to(came: ReconnectAnswer | PostpressError) -> Reconnected | Lost | Checkpoint | Failure:
    return outcome_of("acc_1", came, ["hunter2"])


def logged_in(
    serve: Serve, connect: Connect, behaviour: Behaviour, **options: Any
) -> Reconnected | Lost | Checkpoint | Failure:
    """Log in at a server, and tell what came of it."""
    server = serve(behaviour)
    client = connect(server.url, **options)
    try:
        return came_to(client.send(LOGIN))
    except PostpressError as error:
        return came_to(error)
    finally:
        assert len(server.requests) == 1


def failed(outcome: Reconnected | Lost | Checkpoint | Failure) -> Failure:
    assert isinstance(outcome, Failure), outcome
    return outcome


@pytest.mark.parametrize("status", [201, 200, 202])
@pytest.mark.parametrize("rest", [{"account_id": "acc_1"}, {"account_id": None}, {}, {"account_id": "acc_1", "x": 1}])
def test_a_login_that_was_accepted_is_done(status: int, rest: Any, serve: Serve, connect: Connect) -> None:
    answer = http({"object": "AccountReconnected", **rest}, status)

    assert logged_in(serve, connect, answering(answer)) == Reconnected()


def test_a_login_of_another_account_is_not_ours(serve: Serve, connect: Connect) -> None:
    answer = http({"object": "AccountReconnected", "account_id": "acc_2"}, 201)

    failure = failed(logged_in(serve, connect, answering(answer)))

    assert failure.kind is FailureKind.UNEXPECTED_ANSWER
    assert "'acc_1' was answered with an object AccountReconnected, or for another account" in failure.message
    assert "Look at the account" in failure.message


STEP = {"type": "QRCODE", "qrcode": "2@qr-s3cr3t", "expires": 60}


@pytest.mark.parametrize("status", [200, 201, 202, 302, 400, 401, 403, 422, 500])
def test_a_checkpoint_is_known_by_its_object_whatever_its_status(status: int, serve: Serve, connect: Connect) -> None:
    answer = http({"object": "Checkpoint", "account_id": "acc_1", "checkpoint": STEP}, status)

    checkpoint: Any = logged_in(serve, connect, answering(answer))

    assert isinstance(checkpoint, Checkpoint)
    assert (checkpoint.type, checkpoint.qrcode, checkpoint.expires) == ("QRCODE", "2@qr-s3cr3t", 60)


ODD_STEPS: dict[str, Any] = {
    "none": {},
    "null": {"checkpoint": None},
    "a text": {"checkpoint": "QRCODE"},
    "a list": {"checkpoint": [STEP]},
    "empty": {"checkpoint": {}},
    "no type": {"checkpoint": {"qrcode": "x", "type": None}},
    "a type that is an object": {"checkpoint": {"type": {"name": "QRCODE"}}},
}


@pytest.mark.parametrize("details", ODD_STEPS.values(), ids=ODD_STEPS)
@pytest.mark.parametrize("status", [202, 401])
def test_a_checkpoint_without_readable_details_is_one(
    status: int, details: Any, serve: Serve, connect: Connect
) -> None:
    checkpoint = logged_in(serve, connect, answering(http({"object": "Checkpoint", **details}, status)))

    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.type == "of a type that was not told"


def test_what_can_be_read_of_an_odd_checkpoint_is_read(serve: Serve, connect: Connect) -> None:
    step = {"type": "PAIRING_CODE", "code": 12345678, "qrcode": {"data": "x"}, "contract_options": "none"}
    answer = http({"object": "Checkpoint", "account_id": 7, "checkpoint": step}, 202)

    checkpoint: Any = logged_in(serve, connect, answering(answer))

    assert (checkpoint.type, checkpoint.code, checkpoint.qrcode) == ("PAIRING_CODE", "12345678", None)


@pytest.mark.parametrize("secret", ["2@qr-s3cr3t", "12345678", "captcha-s3cr3t"])
def test_a_checkpoint_shows_nothing_but_its_type(secret: str) -> None:
    step = {"type": "QRCODE", "qrcode": secret, "code": secret, "data": secret, "public_key": secret, "new": secret}
    answer = ReconnectAnswer.model_validate({"object": "Checkpoint", "checkpoint": step, "new": secret})

    assert secret not in f"{answer} {answer!r} {answer.checkpoint} {answer.checkpoint!r} {came_to(answer)!r}"
    assert "QRCODE" in repr(answer)


def test_a_type_of_checkpoint_that_nobody_knows_is_told_only_where_it_is_a_name() -> None:
    told = Checkpoint(type=f"hunter2 {'x' * 500}")

    checkpoint: Any = came_to(ReconnectAnswer(object="Checkpoint", checkpoint=told))

    assert checkpoint.type == "of a type that was not told"


def test_an_answer_that_is_not_described_is_named_without_what_was_sent(serve: Serve, connect: Connect) -> None:
    answer = http({"object": "AccountPending hunter2", "account_id": "hunter2"}, 201)

    failure = failed(logged_in(serve, connect, answering(answer)))

    assert failure.kind is FailureKind.UNEXPECTED_ANSWER
    assert "of a type that was not told" in failure.message
    assert "hunter2" not in failure.message


@pytest.mark.parametrize(
    "answer", [http("", 201), http("[]", 201), http({"account_id": "acc_1"}, 201), http("<p>", 200)]
)
def test_a_success_that_cannot_be_read_is_lost(answer: bytes, serve: Serve, connect: Connect) -> None:
    assert isinstance(logged_in(serve, connect, answering(answer)), Lost)


@pytest.mark.parametrize("behaviour", [silent, reset_after_request, answering(b""), answering(b"HTTP/1.1 201 OK\r\n")])
def test_an_answer_that_never_came_is_lost(behaviour: Behaviour, serve: Serve, connect: Connect) -> None:
    assert isinstance(logged_in(serve, connect, behaviour, timeout=0.2), Lost)


def test_a_login_that_was_not_sent_can_be_tried_again(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(PostpressTransportError) as caught:
        connect(url).send(LOGIN)

    failure = failed(came_to(caught.value))

    assert failure.kind is FailureKind.UNAVAILABLE
    assert "it did not reach Postpress" in failure.message


def test_credentials_that_were_refused_here_are_refused_for_good() -> None:
    assert failed(came_to(PostpressInvalidRequest("no"))).kind is FailureKind.REQUEST_REFUSED


DOCUMENTED = [
    (int(status), name)
    for status, answer in API["paths"]["/accounts/{id}"]["post"]["responses"].items()
    if status.isdigit() and int(status) >= 400
    for name in resolved(answer["content"]["application/json"]["schema"])["properties"]["type"]["enum"]
]
ADVICE = ("clear this task", "look at the account", "use that one", "check which connection")


def test_the_page_documents_errors_of_twelve_statuses() -> None:
    assert {status for status, _ in DOCUMENTED} == {400, 401, 403, 404, 407, 408, 409, 425, 500, 502, 503, 504}
    assert len(DOCUMENTED) == 35


@pytest.mark.parametrize(
    ("status", "type_"),
    [*DOCUMENTED, (429, None), (401, None), (418, "errors/new"), (500, None), (501, None), (302, None)],
)
def test_every_error_is_final_names_the_account_and_says_what_to_do(status: int, type_: str | None) -> None:
    error = PostpressAPIError(route="POST /accounts/{id}", status=status, type=type_, title="No")

    failure = failed(came_to(error))

    assert failure.kind in FINAL
    assert final("acc_1", failure) == failure
    assert "The login of account 'acc_1' was sent once and not accepted: " in failure.message
    assert str(error) in failure.message
    assert any(words in failure.message.lower() for words in ADVICE)
    assert ".." not in failure.message


@pytest.mark.parametrize("is_typed", [True, False])
@pytest.mark.parametrize(
    ("status", "type_", "advice"),
    [
        (425, "errors/auth_in_progress", "ends after about five minutes: clear this task then"),
        (409, "errors/operation_canceled", "Look at the account before you clear this task"),
        (408, "errors/request_timeout", "The login may have begun all the same: look at the account"),
        (504, "errors/request_timeout", "The login may have begun all the same: look at the account"),
        (502, "errors/proxy_error", "proxy"),
        (407, "errors/proxy_auth_error", "Correct the user and password of the proxy"),
    ],
)
def test_what_passes_or_may_have_begun_is_explained(
    status: int, type_: str, advice: str, is_typed: bool, serve: Serve, connect: Connect
) -> None:
    body = {"type": type_, "title": "No", "status": status} if is_typed else {"title": "No", "status": status}

    failure = failed(logged_in(serve, connect, answering(http(body, status))))

    assert failure.kind in FINAL
    assert advice in failure.message


@pytest.mark.parametrize(
    ("type_", "advice"),
    [
        ("errors/already_exists", "the same account under another id"),
        ("errors/invalid_credentials", "Correct the credentials connection"),
        ("errors/account_mismatch", "those of another account"),
        ("errors/action_required", "in the provider's own app or site"),
        ("errors/authentication_intent_error", "not again and again"),
    ],
)
def test_advice_goes_by_the_type_first(type_: str, advice: str) -> None:
    error = PostpressAPIError(route="POST /accounts/{id}", status=409, type=type_)

    assert advice in failed(came_to(error)).message


@pytest.mark.parametrize("kind", FailureKind)
def test_after_a_login_was_sent_every_failure_is_final(kind: FailureKind) -> None:
    failure = Failure(kind, "What happened.")

    made = final("acc_1", failure)

    if kind in FINAL:
        assert made == failure
    else:
        assert made.kind is FailureKind.RECONNECT_REQUIRED
        assert made.message.startswith("The login of account 'acc_1' was sent, and is not repeated by itself")
        assert made.message.endswith("What happened.")


def test_an_unreadable_answer_is_lost_whatever_says_so() -> None:
    unreadable = PostpressUnreadableAnswer(route="POST /accounts/{id}", status=201, problem="its body is empty")
    arrived = PostpressTransportError(route="POST /accounts/{id}", problem="reset", may_have_arrived=True)

    assert isinstance(came_to(unreadable), Lost)
    assert isinstance(came_to(arrived), Lost)
