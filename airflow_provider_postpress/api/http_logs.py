"""What httpx and httpcore write in their logs of our requests: the steps, and nothing that was sent or said."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "httpcore.socks")

_ours: ContextVar[bool] = ContextVar("ours", default=False)


@contextmanager
def discreet() -> Iterator[None]:
    """
    Have the steps of the requests that are made meanwhile, and nothing else of them, written in the logs.

    Else there would be a SOCKS proxy's password at ``DEBUG``, and what a server says in its headers, which may repeat
    the API key; at ``INFO``, the words that it puts beside the status.
    """
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


class _StepsOnly(logging.Filter):
    """Leaves others' requests alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _ours.get():
            record.msg, record.args = _step(record), ()
        return True


def _step(record: logging.LogRecord) -> str:
    match record.args:
        case (method, url, _, int(status), _):
            return f"HTTP Request: {method} {url} {status}"
    # httpcore's lines begin with the step's name
    return str(record.msg).partition(" ")[0]


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_StepsOnly())
