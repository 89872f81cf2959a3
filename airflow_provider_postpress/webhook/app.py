"""The receiver of Postpress's webhook, as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from airflow_provider_postpress.api.models.events import AccountStatusEvent
from airflow_provider_postpress.headers import WithHeaders
from airflow_provider_postpress.webhook.body import (
    MAX_BYTES,
    BodyTooLargeError,
    BodyUnreadableError,
    parse_body,
    read_body,
)
from airflow_provider_postpress.webhook.changes import changes_of
from airflow_provider_postpress.webhook.group import CrowdedError, GroupWriter
from airflow_provider_postpress.webhook.register import Changes, Outcome, register
from airflow_provider_postpress.webhook.repeats import repeat_seconds
from airflow_provider_postpress.webhook.secret import Key, Keyring, look_up_key

if TYPE_CHECKING:
    from starlette.types import ASGIApp

PATH = "/webhooks/account-status"
# all of a group are answered at once, and with what they send next the API server's other requests have to wait
MAX_GROUP = 20
MAX_WAITING = 10_000
# Postpress waits 30 seconds for an answer
ANSWER_SECONDS = 25.0
RETRY_SECONDS = 30


def create_app(
    look_up: Callable[[], Key] = look_up_key,
    write: Callable[[Sequence[Changes]], Sequence[Outcome]] | None = None,
) -> ASGIApp:
    """
    Make the application. It belongs to the loop that it first runs in.

    :param look_up: looks up what lets a delivery in; can block
    :param write: writes the changes of deliveries; can block
    """
    receiver = _Receiver(
        Keyring(look_up), GroupWriter(write or _register, max_group=MAX_GROUP, max_waiting=MAX_WAITING)
    )
    app = Starlette(
        routes=[Route(PATH, receiver.answer, methods=["POST"])],
        exception_handlers={HTTPException: _refusal},
    )
    app.router.redirect_slashes = False
    return WithHeaders(app)


class _Receiver:
    """Lets a delivery in, reads it, and answers once what it tells is recorded."""

    def __init__(self, keyring: Keyring, writer: GroupWriter[Changes, Outcome]) -> None:
        self._keyring = keyring
        self._writer = writer

    async def answer(self, request: Request) -> Response:
        await self._let_in(request)
        changes = _changes(await _body(request), datetime.now(UTC))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                outcome = await self._writer.write(changes)
        except (CrowdedError, TimeoutError):
            outcome = "failed"
        if outcome == "failed":
            raise HTTPException(503, "It could not be recorded.", {"Retry-After": str(RETRY_SECONDS)})
        return JSONResponse({"outcome": outcome})

    async def _let_in(self, request: Request) -> None:
        key = await self._keyring.key()
        if key is None:
            raise HTTPException(403, "No delivery is let in: no secret is configured here, or it cannot be read.")
        if not key.fits(request.headers.raw):
            raise HTTPException(401, "The secret is missing or wrong.", {"WWW-Authenticate": "APIKey"})


async def _body(request: Request) -> bytes:
    try:
        return await read_body(request)
    except BodyTooLargeError:
        raise HTTPException(413, f"The body is longer than {MAX_BYTES} bytes.") from None
    except TimeoutError:
        raise HTTPException(408, "The body did not come to its end in time.", {"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400, "The body broke off.") from None


def _changes(body: bytes, received_at: datetime) -> Changes:
    try:
        return changes_of(AccountStatusEvent.model_validate(parse_body(body)), received_at)
    except BodyUnreadableError:
        raise HTTPException(400, 'The body is neither JSON nor a form such as {"AccountStatus": {...}}.') from None
    except ValidationError as error:
        wrong = dict.fromkeys(str(name) for fault in error.errors() for name in fault["loc"][:1])
        raise HTTPException(
            422, f"No account's status: {', '.join(wrong) or 'AccountStatus'} missing or wrong."
        ) from None
    except ValueError:
        raise HTTPException(422, "No account's status: account_id is no id.") from None


def _refusal(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, HTTPException)  # noqa: S101 (Starlette's types say less than it does)
    return JSONResponse({"detail": refusal.detail}, refusal.status_code, refusal.headers)


def _register(deliveries: Sequence[Changes]) -> Sequence[Outcome]:
    return register(deliveries, repeat_seconds=repeat_seconds())
