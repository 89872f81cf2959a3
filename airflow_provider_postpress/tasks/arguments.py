"""Reading the arguments of operators and sensors, when a DAG file is parsed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from airflow.providers.common.compat.sdk import conf

DEFAULT_CONN_ID = "postpress_default"


def default_deferrable() -> bool:
    """Give what Airflow's ``[operators] default_deferrable`` says."""
    return bool(conf.getboolean("operators", "default_deferrable", fallback=False))


def seconds(name: str, value: timedelta | float) -> float:
    """
    Read a duration.

    :param name: the parameter's name, for the error
    :param value: a ``timedelta`` or seconds; longer than nothing
    :raises ValueError: it is neither, or not positive
    """
    length = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(length, bool) or not isinstance(length, int | float) or not 0 < length < float("inf"):
        raise ValueError(f"{name}={value!r} is not allowed: it is a timedelta or seconds, longer than 0.")
    return float(length)


def choice(name: str, value: str, allowed: Sequence[str]) -> str:
    """
    Read a choice.

    :param name: the parameter's name, for the error
    :param value: what was chosen
    :param allowed: what can be
    :raises ValueError: it cannot be
    """
    if value not in allowed:
        raise ValueError(f"{name}={value!r} is not allowed: it is one of {', '.join(map(repr, allowed))}.")
    return value
