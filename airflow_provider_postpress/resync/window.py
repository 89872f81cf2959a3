"""The span of message time to sync: half-open, aware, in UTC, in whole milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import pendulum
from pendulum import DateTime, FixedTimezone, Timezone

from airflow_provider_postpress.api.errors import PostpressInvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

TimeSpan = Literal["natural", "as_documented"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_MILLISECONDS = 10**11
"""March 1973 in milliseconds, the year 5138 in seconds: a number below it was not meant as milliseconds."""


@dataclass(frozen=True, init=False)
class SyncWindow:
    """
    The span of message time to sync, ``[start, end)``: with its start, without its end, so that windows can touch.

    :param start: the first moment of the window: an aware ``datetime``, an ISO 8601 string with an offset, or an
        ``int``, which is epoch milliseconds. What is finer than a millisecond is cut off
    :param end: the first moment after the window, given alike
    :raises PostpressInvalidRequest: a bound is none of these, is naive, lies before 1970, or is a number too small for
        milliseconds; or the start is not before the end
    """

    start: DateTime
    end: DateTime

    def __init__(self, start: datetime | str | int, end: datetime | str | int) -> None:
        object.__setattr__(self, "start", read_instant("start", start))
        object.__setattr__(self, "end", read_instant("end", end))
        if self.start >= self.end:
            raise PostpressInvalidRequest(
                f"The window's start={_iso(self.start)} is not before its end={_iso(self.end)}. "
                "A window holds its start and not its end, so it must be at least a millisecond long."
            )

    @classmethod
    def from_dict(cls, bounds: Mapping[str, str]) -> SyncWindow:
        """
        Read what :meth:`as_dict` wrote.

        :param bounds: ``{"start": …, "end": …}``
        :raises PostpressInvalidRequest: there are other keys, or the bounds make no window
        """
        if set(bounds) != {"start", "end"}:
            raise PostpressInvalidRequest(f"A window has a start and an end and nothing else, not {dict(bounds)!r}.")
        return cls(bounds["start"], bounds["end"])

    def as_dict(self) -> dict[str, str]:
        """Give the window in JSON's own types: ``{"start": …, "end": …}``, ISO 8601 in UTC."""
        return {"start": _iso(self.start), "end": _iso(self.end)}

    @property
    def duration(self) -> timedelta:
        """The window's length in absolute time."""
        return (self.end - self.start).as_timedelta()

    @property
    def after_ms(self) -> int:
        """
        The lower bound to send, in epoch milliseconds.

        One millisecond before the start: nobody documents whether the bounds are inclusive, and no message may fall
        between two windows.
        """
        return max(_milliseconds(self.start) - 1, 0)

    @property
    def before_ms(self) -> int:
        """The upper bound to send, in epoch milliseconds: the end."""
        return _milliseconds(self.end)

    def parameters(self, time_span: TimeSpan = "natural") -> dict[str, int]:
        """
        Give the query parameters that ask Postpress for this window.

        :param time_span: ``"natural"`` where ``after`` is the lower bound; ``"as_documented"`` where it is the upper
            one, as the API page's gloss can be read
        :raises PostpressInvalidRequest: another value
        """
        match time_span:
            case "natural":
                return {"after": self.after_ms, "before": self.before_ms}
            case "as_documented":
                return {"after": self.before_ms, "before": self.after_ms}
            case _:
                raise PostpressInvalidRequest(
                    f"time_span={time_span!r} is not known. Allowed: 'natural', 'as_documented'."
                )

    def describe(self, timezone: Timezone | FixedTimezone) -> str:
        """
        Show the window on a timezone's clock and in UTC, for the log.

        :param timezone: the DAG's timezone
        """
        if timezone.name == "UTC":
            return str(self)
        return f"{self._shown(timezone)} {timezone.name}, which is {self}"

    def __str__(self) -> str:
        return f"{self._shown(pendulum.UTC)} UTC"

    def _shown(self, timezone: Timezone | FixedTimezone) -> str:
        return f"[{_clock(self.start.in_timezone(timezone))} → {_clock(self.end.in_timezone(timezone))})"


def read_instant(parameter: str, value: object, timezone: Timezone | FixedTimezone | None = None) -> DateTime:
    """
    Read a moment in any of the forms that a window's bound may have.

    :param parameter: what the value was given for, to be named in the error
    :param value: an aware ``datetime``, an ISO 8601 string, or an ``int``, which is epoch milliseconds
    :param timezone: where a string without an offset is to be read; a date alone is its midnight there. As in Airflow's
        schedules, a time that the clock shows twice is the second of the two, and one that it skips comes that much
        later. Without a timezone such a string is refused
    :return: the moment in UTC, what is finer than a millisecond cut off
    :raises PostpressInvalidRequest: the value is none of these, or not plausible
    """
    try:
        match value:
            case bool():
                raise _refused(parameter, value)
            case int():
                moment = _from_milliseconds(parameter, value)
            case str():
                moment = _from_text(parameter, value, timezone)
            case datetime():
                moment = value
            case _:
                raise _refused(parameter, value)
        if moment.utcoffset() is None:
            raise PostpressInvalidRequest(
                f"{parameter}={str(value)!r} has no timezone. Allowed: an aware datetime, or a string with an offset "
                "such as '2024-03-10T00:00:00+01:00'."
            )
        moment = pendulum.instance(moment.astimezone(UTC))
    except OverflowError:
        raise PostpressInvalidRequest(
            f"{parameter}={value!r} lies outside the years that can be told. A number is epoch milliseconds."
        ) from None
    if moment < _EPOCH:
        raise PostpressInvalidRequest(f"{parameter}={_iso(moment)} lies before 1970, where no message can be.")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def at_wall_clock(wall: datetime, timezone: Timezone | FixedTimezone) -> DateTime:
    """
    Find the moment at which a timezone's clock shows a time, as Airflow's schedules do.

    :param wall: a naive time. One that the clock shows twice is the second; one that it skips comes that much later
    :param timezone: whose clock
    """
    return pendulum.instance(timezone.convert(wall.replace(fold=1))).in_timezone(pendulum.UTC)


def _from_milliseconds(parameter: str, value: int) -> datetime:
    if value < _LEAST_MILLISECONDS:
        raise PostpressInvalidRequest(
            f"{parameter}={value} is too small for epoch milliseconds: it would lie before March 1973. "
            "If it is in seconds, multiply it by 1000."
        )
    return _EPOCH + timedelta(milliseconds=value)


def _from_text(parameter: str, value: str, timezone: Timezone | FixedTimezone | None) -> datetime:
    text = value.strip()
    # The standard library reads thirteen digits, such as epoch milliseconds, as a date of another century
    if text.isdigit() and len(text) != len("20240310"):
        raise _refused(parameter, value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _refused(parameter, value) from None
    if moment.tzinfo is None and timezone is not None:
        return at_wall_clock(moment, timezone)
    return moment


def _refused(parameter: str, value: object) -> PostpressInvalidRequest:
    return PostpressInvalidRequest(
        f"{parameter}={value!r} is not a moment. Allowed: an aware datetime, an ISO 8601 string such as "
        "'2024-03-10T00:00:00+01:00', or an int of epoch milliseconds."
    )


def _milliseconds(moment: DateTime) -> int:
    return moment.int_timestamp * 1000 + moment.microsecond // 1000


def _iso(moment: DateTime) -> str:
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def _clock(moment: DateTime) -> str:
    if moment.microsecond:
        return moment.format("YYYY-MM-DD HH:mm:ss.SSS")
    return moment.format("YYYY-MM-DD HH:mm:ss" if moment.second else "YYYY-MM-DD HH:mm")
