"""Spans of time, as they are asked for and answered."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from airflow_provider_postpress.coverage.intervals import Interval

DAY = 86_400_000
_DEFAULT_DAYS = 365
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?")
_LAST = 253_402_300_799_000
"""The end of the year 9999, in epoch milliseconds."""


class SpanError(ValueError):
    """A span cannot be understood; the text says why."""


def span_of(first: str | None, last: str | None, now: int) -> Interval:
    """
    Read a span, in epoch milliseconds.

    :param first: its start, in epoch seconds or ISO 8601; ``None``: 365 days before its end
    :param last: its end, given alike; ``None``: the next midnight UTC
    :param now: the present moment, in epoch milliseconds
    :raises SpanError: a bound is no moment between 1970 and 9999, or the start is not before the end
    """
    end = (now // DAY + 1) * DAY if last is None else milliseconds_of("to", last)
    start = max(end - _DEFAULT_DAYS * DAY, 0) if first is None else milliseconds_of("from", first)
    if start >= end:
        raise SpanError(f"from={first or seconds(start)} is not before to={last or seconds(end)}.")
    return start, end


def milliseconds_of(parameter: str, text: str) -> int:
    """
    Read a moment, as epoch milliseconds.

    :param parameter: what it was given for, to be named in the error
    :param text: epoch seconds, or ISO 8601; without an offset, in UTC
    :raises SpanError: it is no moment between 1970 and 9999
    """
    try:
        found = round(_moment(text) * 1000)
        if 0 <= found <= _LAST:
            return found
    except (ValueError, OverflowError):
        pass
    raise SpanError(
        f"{parameter}={text[:50]!r} is no moment between 1970 and 9999. Allowed: epoch seconds, such as 1767225600, "
        "or ISO 8601, such as 2026-01-01T00:00:00Z."
    )


def milliseconds(moment: datetime) -> int:
    """
    Give the epoch milliseconds of a moment.

    :param moment: the moment
    """
    return round(moment.timestamp() * 1000)


def moment(milliseconds: int) -> datetime:
    """
    Give the moment of epoch milliseconds.

    :param milliseconds: since 1970
    """
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def seconds(milliseconds: int) -> int | float:
    """
    Give epoch seconds, as an ``int`` where they are whole.

    :param milliseconds: epoch milliseconds
    """
    whole, rest = divmod(milliseconds, 1000)
    return milliseconds / 1000 if rest else whole


def seconds_or_none(milliseconds: int | None) -> int | float | None:
    """
    Give epoch seconds, if there are any.

    :param milliseconds: epoch milliseconds, or none
    """
    return None if milliseconds is None else seconds(milliseconds)


def _moment(text: str) -> float:
    if _SECONDS.fullmatch(text) and len(text) != len("20260101"):
        return float(text)
    # a "+" that is not encoded comes as a blank
    moment = datetime.fromisoformat(text if "T" not in text else text.replace(" ", "+"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
