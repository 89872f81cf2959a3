"""Our drivers against the emulator's engine, one step at a time, on a clock that only steps move."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from airflow_provider_postpress.api.endpoints import Endpoint
from airflow_provider_postpress.api.errors import (
    PostpressAPIError,
    PostpressError,
    PostpressTransportError,
    PostpressUnreadableAnswer,
)
from airflow_provider_postpress.api.models import SyncAnswer
from airflow_provider_postpress.emulator import Engine, Options
from airflow_provider_postpress.resync.driver import Progress, SyncDriver, SyncResult
from airflow_provider_postpress.resync.failure import Failure
from airflow_provider_postpress.resync.pacing import Intervals, Pacing
from airflow_provider_postpress.resync.request import SyncRequest, Target
from airflow_provider_postpress.resync.steps import Ask, Reply, Step, Wait
from airflow_provider_postpress.resync.tracker import Owner, OwnSync
from airflow_provider_postpress.resync.window import SyncWindow

ACCOUNT_ID = "acc"
CHATS = ("chat_1", "chat_2", "chat_3")
TIMEOUT = timedelta(hours=1)
MOST_REQUESTS = 2_000
"""More than any pacing lets a driver send before its deadline."""

_DAY = 86_400_000
_FIRST_DAY = 1_700_006_400_000
_NOW = 1_780_000_000_000


class Day(Enum):
    """Three windows of message time that do not touch each other's messages."""

    A = 0
    B = 1
    C = 2

    @property
    def window(self) -> SyncWindow:
        start = _FIRST_DAY + self.value * _DAY
        return SyncWindow(start, start + _DAY)

    @property
    def noon(self) -> int:
        return _FIRST_DAY + self.value * _DAY + _DAY // 2


def request_of(day: Day, *, chunk_size: int | None = None) -> SyncRequest:
    """Ask for an account's window as the operator does."""
    parameters: dict[str, Any] = {"partial": True, **day.window.parameters()}
    if chunk_size is not None:
        parameters["chunk_size"] = chunk_size
    return SyncRequest(Target.ACCOUNT, ACCOUNT_ID, day.window, parameters)


CHAT_REQUEST = SyncRequest(Target.CHAT, CHATS[0])

FOREIGN = {
    "another window": dict(request_of(Day.C).endpoint.query),
    "another window in chunks": dict(request_of(Day.C, chunk_size=1).endpoint.query),
    "from scratch": {},
    "from scratch in chunks": {"chunk_size": "2"},
}
"""What somebody else sends."""


class Fault(Enum):
    """What becomes of a request: whether it has its effect, and what its sender sees instead of the answer."""

    NONE = (True, None)
    NEVER_ARRIVED = (False, lambda: _transport_error(may_have_arrived=False))
    LOST_REQUEST = (False, lambda: _transport_error(may_have_arrived=True))
    LOST_ANSWER = (True, lambda: _transport_error(may_have_arrived=True))
    UNREADABLE = (True, lambda: PostpressUnreadableAnswer(route="GET /", status=200, problem="it is cut short"))
    PROXY_ERROR = (True, lambda: PostpressAPIError(route="GET /", status=502))
    GATEWAY_TIMEOUT = (True, lambda: PostpressAPIError(route="GET /", status=504, type="errors/request_timeout"))
    UNAVAILABLE = (False, lambda: PostpressAPIError(route="GET /", status=503, type="errors/no_channel"))
    TOO_MANY = (False, lambda: PostpressAPIError(route="GET /", status=429, type="errors/limit", retry_after=40))

    def __init__(self, has_effect: bool, error: Callable[[], PostpressError] | None) -> None:
        self.has_effect = has_effect
        self.error = error


def _transport_error(*, may_have_arrived: bool) -> PostpressTransportError:
    return PostpressTransportError(route="GET /", problem="a fault", may_have_arrived=may_have_arrived)


class Postpress:
    """
    The engine, its clock, and who had which answers.

    :param target: whether an account or a chat is synced
    :param options: how it behaves
    """

    def __init__(self, target: Target, options: Options) -> None:
        self.milliseconds = _NOW
        self.target = target
        self.engine = Engine(lambda: self.milliseconds / 1000, options)
        self.engine.add_account("LINKEDIN", account_id=ACCOUNT_ID)
        self._arrived: dict[str, int] = {}
        for chat_id in CHATS:
            self.engine.add_chat(ACCOUNT_ID, chat_id=chat_id)
            for day in Day:
                self.deliver(chat_id, day)
        self.owner = {"account_id": ACCOUNT_ID} if target is Target.ACCOUNT else {"chat_id": CHATS[0]}

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.milliseconds / 1000, UTC)

    def let_pass(self, milliseconds: int) -> None:
        self.milliseconds += milliseconds

    def deliver(self, chat_id: str, day: Day) -> None:
        """Let a message arrive at the provider."""
        self.let_pass(1)
        for message in self.engine.add_messages(chat_id, [day.noon]):
            self._arrived[message] = self.milliseconds
        self.let_pass(1)

    def ask(self, query: Mapping[str, str]) -> tuple[dict[str, Any], int]:
        """Send one request, and give its answer with the number of syncs that have begun by then."""
        self.let_pass(1)
        if self.target is Target.ACCOUNT:
            answer = self.engine.account_sync(ACCOUNT_ID, query)
        else:
            answer = self.engine.chat_sync(CHATS[0])
        assert answer.status_code == 200, answer.body
        return answer.body, len(self.engine.starts(**self.owner))

    def somebody_else_starts(self, query: Mapping[str, str]) -> None:
        """Let somebody else ask until their sync starts, or another is under way."""
        while self.ask(query)[0]["status"] not in ("SYNC_STARTED", "SYNC_RUNNING"):
            pass

    def missing(self, result: SyncResult) -> list[str]:
        """Give the messages of a result's window that were there when its sync began and that Postpress has not."""
        window = result.request.window
        bounds = (window.after_ms + 1, window.before_ms) if window else (None, None)
        began = self._began(result)
        missing = self.engine.missing(start=bounds[0], end=bounds[1], **self.owner)
        return [message["id"] for message in missing if self._arrived[message["id"]] <= began]

    def _began(self, result: SyncResult) -> int:
        """Say by the engine's record when the sync began; by the result, where no such sync was under way then."""
        assert result.progress.started_at is not None, "A success without a start."
        seen = round(result.progress.started_at.timestamp() * 1000)
        began = [
            start["began"]
            for start in self.engine.starts(**self.owner)
            if start["parameters"] == dict(result.request.endpoint.query)
            and start["began"] <= seen
            and (start["ended"] is None or start["ended"] >= seen)
        ]
        return max(began, default=seen)


@dataclass(eq=False)
class Run:
    """
    A driver that is stepped from outside, in a worker or in a trigger.

    :param met: the syncs, by number, of which it has had an answer, or lost one
    """

    postpress: Postpress
    driver: SyncDriver
    met: set[int] = field(default_factory=set)
    outcome: SyncResult | Failure | None = None
    requests: int = 0
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wakes = 0
        self._steps = self.driver.steps(wait_from=self.postpress.now if self.driver.progress.polls else None)
        self._ask: Ask[SyncAnswer] | None = None
        self._go_on(None)

    @classmethod
    def begun(
        cls,
        postpress: Postpress,
        request: SyncRequest,
        *,
        fail_if_running: bool = False,
        progress: Progress | None = None,
        deadline: datetime | None = None,
    ) -> Run:
        pacing = Pacing(Intervals(), deadline=deadline or postpress.now + TIMEOUT, chance=lambda: 0.5)
        return cls(postpress, SyncDriver(request, OwnSync(fail_if_running), pacing, progress=progress))

    @property
    def owner(self) -> Owner:
        return self.driver.progress.known.owner

    @property
    def claims(self) -> bool:
        """Whether it takes what runs for its own."""
        return self.outcome is None and self.owner is Owner.OURS

    def step(self, fault: Fault = Fault.NONE, *, spare_what_nobody_can_tell: bool = False) -> None:
        """Wait as long as it wants to, and let it send one request."""
        assert self._ask is not None
        self.postpress.let_pass(max(0, self._wakes - self.postpress.milliseconds))
        came = self._answer(self._ask.endpoint, fault, spare_what_nobody_can_tell)
        self.requests += 1
        assert self.requests < MOST_REQUESTS, "This run does not end."
        self._go_on(Reply(came, self.postpress.now))

    def finish(self) -> SyncResult | Failure:
        """Step to the end, without faults."""
        while self.outcome is None:
            self.step()
        return self.outcome

    def _answer(
        self, endpoint: Endpoint[SyncAnswer], fault: Fault, spare_what_nobody_can_tell: bool
    ) -> SyncAnswer | PostpressError:
        if fault.has_effect:
            body, number = self.postpress.ask(endpoint.query)
            while spare_what_nobody_can_tell and self._nobody_can_tell(body["status"], number):
                body, number = self.postpress.ask(endpoint.query)
            self.met.add(number)
        return SyncAnswer.model_validate(body) if fault.error is None else fault.error()

    def _nobody_can_tell(self, status: str, number: int) -> bool:
        """Whether the first it hears of somebody else's sync is ``SYNC_STARTED``: limits (b) and (c)."""
        its = self.postpress.engine.starts(**self.postpress.owner)[-1] if number else None
        return (
            status == "SYNC_STARTED"
            and its is not None
            and number not in self.met
            and its["parameters"] != dict(self.driver.request.endpoint.query)
        )

    def _go_on(self, reply: Reply[SyncAnswer] | None) -> None:
        try:
            step: Step[SyncAnswer] = self._steps.send(reply)  # type: ignore[arg-type]  # the first is None
            while not isinstance(step, Ask):
                if isinstance(step, Wait):
                    self._wakes = self.postpress.milliseconds + round(step.seconds * 1000)
                else:
                    self.told.append(step.text)
                step = next(self._steps)
            self._ask = step
        except StopIteration as end:
            self.outcome = end.value


@dataclass(eq=False)
class Task:
    """
    One window's task: its tries, and what they handed to triggers.

    :param runs: the worker, or the triggers
    :param deferred: the worker that handed over to triggers, if it did
    """

    postpress: Postpress
    request: SyncRequest
    fail_if_running: bool
    runs: list[Run] = field(default_factory=list)
    deferred: Run | None = None

    def try_from_nothing(self) -> None:
        """Begin a try; what the one before it had is gone."""
        self.deferred = None
        self.runs = [Run.begun(self.postpress, self.request, fail_if_running=self.fail_if_running)]

    @property
    def live(self) -> list[Run]:
        return [run for run in self.runs if run.outcome is None]

    @property
    def is_over(self) -> bool:
        return any(run.outcome is not None for run in self.runs)

    @property
    def claims(self) -> bool:
        """Whether any of its runs, or one that may yet begin, takes what runs for its own."""
        may_yet_begin = self.deferred is not None and not self.is_over
        return any(run.claims for run in self.runs) or (may_yet_begin and self.handed_over.known.owner is Owner.OURS)

    @property
    def can_defer(self) -> bool:
        return self.deferred is None and bool(self.live) and self.live[0].owner is not Owner.NOBODY

    def defer(self) -> None:
        """Let the worker hand over to a trigger."""
        self.deferred = self.live[0]
        self.runs = []
        self.start_trigger()

    def start_trigger(self) -> None:
        """Start a trigger from the stored kwargs, as often as Airflow likes."""
        assert self.deferred is not None
        run = Run.begun(
            self.postpress,
            SyncRequest.from_dict(json.loads(json.dumps(self.request.as_dict()))),
            fail_if_running=self.fail_if_running,
            progress=self.handed_over,
            deadline=self.deferred.driver.deadline,
        )
        run.met = set(self.deferred.met)
        self.runs.append(run)

    @property
    def handed_over(self) -> Progress:
        """What the worker knew when it deferred, after its way through the database."""
        assert self.deferred is not None
        return Progress.from_dict(json.loads(json.dumps(self.deferred.driver.progress.taken_up().as_dict())))
