"""Reading the arguments of operators and sensors, when a DAG file is parsed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import conf

DEFAULT_CONN_ID = "postpress_default"
UNHEALTHY_STATUSES = ("STOPPED", "ERROR", "CREDENTIALS", "PERMISSIONS", "CONNECTING")
"""What a source of an account can say but ``OK`` ("Retrieve an account")."""


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


def count(name: str, value: int) -> int:
    """
    Read a number of things.

    :param name: the parameter's name, for the error
    :param value: the number, at least 1
    :raises ValueError: it is none
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}={value!r} is not allowed: it is a number above 0, or None.")
    return value


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


def texts(name: str, value: str | Sequence[str]) -> tuple[str, ...]:
    """
    Read some texts.

    :param name: the parameter's name, for the error
    :param value: the texts, or one alone; also a list as a template writes it
    :raises ValueError: there is something else among them, or an empty one
    """
    found = items(value)
    if not all(isinstance(text, str) and text.strip() for text in found):
        raise ValueError(f"{name}={value!r} is not allowed: it is a list of texts, none of them empty.")
    return found


def items(value: Any) -> tuple[Any, ...]:
    """
    Give the items of a list, or one alone.

    :param value: the list, also as a template writes it, or the one
    """
    given = _list_in(value) if isinstance(value, str) else value
    is_list = isinstance(given, Iterable) and not isinstance(given, str | Mapping)
    return tuple(given) if is_list else (given,)


def _list_in(text: str) -> Any:
    if not text.lstrip().startswith(("[", "(")):
        return text
    # what a template makes of a list, unless the DAG has it render native objects
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return None


def choices(name: str, value: str | Sequence[str], allowed: Sequence[str]) -> tuple[str, ...]:
    """
    Read some choices.

    :param name: the parameter's name, for the error
    :param value: what was chosen, or one alone
    :param allowed: what can be
    :raises ValueError: one of them cannot be
    """
    return tuple(choice(name, chosen, allowed) for chosen in texts(name, value))
