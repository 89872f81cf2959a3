"""Callbacks of the user's that are told a secret: what they raise is told without its words, which may repeat it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class _WordlessError(Exception):
    """Stands for what a notifier raised; its text is where that was."""


def trouble_in(callback: Callable[[dict[str, Any]], Any], context: Mapping[str, Any]) -> str | None:
    """
    Call a callback; tell what it raised and where, ``None`` if nothing.

    :param callback: a notifier or a callable
    :param context: what it is called with
    """
    try:
        with _wordless(callback):
            answer = callback({**context})
            if inspect.isawaitable(answer):
                asyncio.run(_awaited(answer))
    except _WordlessError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may repeat the secret
        return place_of(error)
    return None


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def place_of(error: BaseException) -> str:
    """
    Tell what was raised, and where, but not its words.

    :param error: what was raised
    """
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_filename}, line {place.tb_lineno})" if place else ""
    return f"{type(error).__name__}{where}"


@contextmanager
def _wordless(callback: Any) -> Iterator[None]:
    """Have a notifier raise no words: Airflow's own code around it logs them before we see them."""
    from airflow.sdk import BaseNotifier

    if not isinstance(callback, BaseNotifier):
        yield
        return
    notify = callback.notify

    def notify_wordless(context: Any) -> None:
        try:
            return notify(context)
        except Exception as error:  # noqa: BLE001
            place = place_of(error)
        # raised out here, so that the error does not hang on it
        raise _WordlessError(place)

    vars(callback)["notify"] = notify_wordless
    try:
        yield
    finally:
        vars(callback)["notify"] = notify
