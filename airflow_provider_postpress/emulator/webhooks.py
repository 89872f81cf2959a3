"""
Webhooks: who wants which messages, what is to be sent to them and when, and what came of it.

Times are epoch milliseconds. Nothing is sent here and no clock is looked at: whoever sends takes what is due, and tells
what was answered.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from ipaddress import ip_address
from itertools import count
from typing import TYPE_CHECKING, Any, TypedDict

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_RECEIVED = 200
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?", re.ASCII)
_OF_HTTP_ITSELF = ("connection", "content-length", "host", "transfer-encoding")


class Delivery(TypedDict):
    """
    An attempt to deliver a message to a webhook.

    ``delivery`` is the number of what is delivered: the attempts of one delivery share it, each copy has its own.
    ``at`` is when the attempt began, in epoch milliseconds; ``body`` is the JSON that is sent; ``attempt`` counts from
    1. ``status`` is the HTTP status of the answer, and ``error`` says what came instead of one: ``"timeout"``, or the
    kind of the failure, as ``"ConnectError"``. Both are ``None`` while the attempt is under way.
    """

    delivery: int
    at: int
    url: str
    body: dict[str, Any]
    attempt: int
    status: int | None
    error: str | None
    account_id: str
    message: str


@dataclass(frozen=True, order=True)
class _Waiting:
    """A delivery that waits for its next attempt; of several due at once, the lowest ``place`` goes first."""

    due: int
    place: int
    number: int = field(compare=False)
    body: dict[str, Any] = field(compare=False)
    attempt: int = field(compare=False, default=1)


@dataclass
class _Webhook:
    url: str
    headers: Mapping[str, str] = field(repr=False)
    messages: frozenset[str] | None
    waiting: list[_Waiting] = field(default_factory=list)
    under_way: int = 0

    def wants(self, message: str) -> bool:
        return self.messages is None or message in self.messages


@dataclass(frozen=True)
class Attempt:
    """
    What is to be sent now.

    :param content: the body, as bytes
    :param headers: those of the webhook's own, with its secret
    :param delivery: what is told of it
    """

    webhook: _Webhook = field(repr=False)
    content: bytes
    headers: Mapping[str, str] = field(repr=False)
    delivery: Delivery


class Webhooks:
    """The webhooks of a workspace, with what waits to be sent to each of them and what was sent."""

    def __init__(self) -> None:
        self._webhooks: dict[str, _Webhook] = {}
        self._numbers = count(1)
        self._places = count()
        self._deliveries: list[Delivery] = []
        self._held = False

    def __len__(self) -> int:
        return len(self._webhooks)

    def register(self, url: str, headers: Mapping[str, str], messages: Iterable[str] | None) -> None:
        """Send messages to a URL from now on; again for the same one, with other headers and other messages."""
        _check_url(url)
        _check_headers(headers)
        wanted = None if messages is None else _wanted(messages)
        webhook = self._webhooks.setdefault(url, _Webhook(url, headers, wanted))
        webhook.headers, webhook.messages = dict(headers), wanted

    def unregister(self, url: str) -> None:
        """Send nothing more to a URL, nor what waits for it."""
        if url not in self._webhooks:
            raise ValueError(f"There is no webhook to {url!r}.")
        del self._webhooks[url]

    def announce(self, message: str, body: dict[str, Any], *, copies: int, at: int) -> None:
        """Let a message be sent to all who want it, some times over."""
        for webhook in self._webhooks.values():
            if webhook.wants(message):
                for _ in range(copies):
                    heappush(webhook.waiting, _Waiting(at, next(self._places), next(self._numbers), body))

    def hold(self) -> None:
        """Let what is to be sent wait."""
        self._held = True

    def release(self, *, reorder: bool, now: int) -> None:
        """Let what waited be sent; the last of it first, if it is to be reordered."""
        self._held = False
        if reorder:
            for webhook in self._webhooks.values():
                webhook.waiting = _last_first(webhook.waiting, now)

    def due(self, at_once: int) -> int | None:
        """Tell when something can next be sent, if nothing happens before."""
        if self._held:
            return None
        free = [webhook for webhook in self._webhooks.values() if webhook.under_way < at_once]
        return min((webhook.waiting[0].due for webhook in free if webhook.waiting), default=None)

    def take(self, now: int, at_once: int) -> list[Attempt]:
        """
        Take what is to be sent now; each is to be settled.

        :param now: the time
        :param at_once: how many may be under way to one webhook
        """
        return [] if self._held else list(self._begin_what_is_due(now, at_once))

    def settle(
        self, attempt: Attempt, *, status: int | None, error: str | None, now: int, delays_ms: Sequence[int]
    ) -> None:
        """
        Write down what came of an attempt, and let another one follow where that was not a 200.

        :param attempt: the attempt
        :param status: the HTTP status of the answer, if there was one
        :param error: what came instead
        :param now: the time
        :param delays_ms: after how long each of the further attempts follows the one before it
        """
        webhook, delivery = attempt.webhook, attempt.delivery
        webhook.under_way -= 1
        delivery["status"], delivery["error"] = status, error
        if status != _RECEIVED and delivery["attempt"] <= len(delays_ms):
            again = _Waiting(
                due=now + delays_ms[delivery["attempt"] - 1],
                place=next(self._places),
                number=delivery["delivery"],
                body=delivery["body"],
                attempt=delivery["attempt"] + 1,
            )
            heappush(webhook.waiting, again)

    def deliveries(self) -> list[Delivery]:
        """List the attempts so far, in the order in which they began."""
        return [delivery.copy() for delivery in self._deliveries]

    def _begin_what_is_due(self, now: int, at_once: int) -> Iterator[Attempt]:
        for webhook in self._webhooks.values():
            while webhook.under_way < at_once and webhook.waiting and webhook.waiting[0].due <= now:
                yield self._begin(webhook, now)

    def _begin(self, webhook: _Webhook, now: int) -> Attempt:
        waiting = heappop(webhook.waiting)
        told = waiting.body["AccountStatus"]
        delivery = Delivery(
            delivery=waiting.number,
            at=now,
            url=webhook.url,
            body=waiting.body,
            attempt=waiting.attempt,
            status=None,
            error=None,
            account_id=told["account_id"],
            message=told["message"],
        )
        self._deliveries.append(delivery)
        webhook.under_way += 1
        content = json.dumps(waiting.body, ensure_ascii=False, separators=(",", ":")).encode()
        return Attempt(webhook, content, webhook.headers, delivery)


def _last_first(waiting: Iterable[_Waiting], now: int) -> list[_Waiting]:
    """Turn round what is due by now."""
    ordered = sorted(waiting)
    due = [one for one in ordered if one.due <= now]
    turned = [
        _Waiting(place.due, place.place, one.number, one.body, one.attempt)
        for place, one in zip(due, reversed(due), strict=True)
    ]
    heap = turned + ordered[len(due) :]
    heapify(heap)
    return heap


def _check_url(url: str) -> None:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, UnicodeError):
        raise ValueError("A webhook's URL is one that begins with http://.") from None
    if parsed.scheme != "http" or parsed.userinfo:
        raise ValueError("A webhook's URL begins with http:// and names neither a user nor a password.")
    if not _is_this_machine(parsed.host):
        raise ValueError(
            "An emulator sends webhooks to this machine alone, localhost, 127.0.0.1 or [::1]: "
            f"not to {parsed.host or 'nowhere'!r}."
        )


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OF_HTTP_ITSELF:
            raise ValueError(f"A webhook has no header {name!r}.")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"The header {name} is printable ASCII, without a space at either end.")


def _wanted(messages: Iterable[str]) -> frozenset[str]:
    if isinstance(messages, str) or not messages:
        raise ValueError(f"messages is a list of at least one, or None for all, not {messages!r}.")
    return frozenset(messages)
