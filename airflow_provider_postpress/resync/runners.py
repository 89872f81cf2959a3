"""Take the driver's steps: one runner for code that blocks, one for an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from datetime import datetime
from typing import Any, Protocol, TypeVar

from airflow_provider_postpress.api.endpoints import Answer, Endpoint
from airflow_provider_postpress.api.errors import PostpressError
from airflow_provider_postpress.resync.steps import Ask, Reply, Say, Step, Wait

Outcome = TypeVar("Outcome")
Steps = Generator[Step[Answer], Reply[Answer], Outcome]


def run(
    steps: Steps[Answer, Outcome],
    *,
    send: Callable[[Endpoint[Answer]], Answer],
    sleep: Callable[[float], Any],
    say: Callable[[Say], Any],
    now: Callable[[], datetime],
) -> Outcome:
    """
    Take the steps, blocking.

    :param steps: what to do
    :param send: sends a request once
    :param sleep: lets seconds pass
    :param say: writes to the log
    :param now: tells the time
    """
    reply: Any = None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # typeshed gives StopIteration.value no type
        reply = None
        match step:
            case Ask():
                try:
                    reply = Reply(send(step.endpoint), now())
                except PostpressError as error:
                    reply = Reply(error, now())
            case Wait():
                sleep(step.seconds)
            case Say():
                say(step)


async def arun(
    steps: Steps[Answer, Outcome],
    *,
    send: Callable[[Endpoint[Answer]], Awaitable[Answer]],
    sleep: Callable[[float], Awaitable[Any]],
    say: Callable[[Say], Any],
    now: Callable[[], datetime],
) -> Outcome:
    """
    Take the steps on an event loop; see :func:`run`.

    :param steps: what to do
    :param send: sends a request once
    :param sleep: lets seconds pass
    :param say: writes to the log
    :param now: tells the time
    """
    reply: Any = None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # typeshed gives StopIteration.value no type
        reply = None
        match step:
            case Ask():
                try:
                    reply = Reply(await send(step.endpoint), now())
                except PostpressError as error:
                    reply = Reply(error, now())
            case Wait():
                await sleep(step.seconds)
            case Say():
                say(step)


class Log(Protocol):
    """What writes to a log: the standard library's logger, or Airflow's."""

    def info(self, msg: str, /, *args: Any) -> Any:
        """Tell something."""

    def warning(self, msg: str, /, *args: Any) -> Any:
        """Warn of something."""


def say_to(log: Log) -> Callable[[Say], None]:
    """
    Let the steps' words go to a logger.

    :param log: the task's or trigger's logger
    """

    def say(words: Say) -> None:
        (log.warning if words.warn else log.info)("%s", words.text)

    return say
