"""The logins of one account: what those to come meet, and the checkpoint that one waits at."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_postpress.emulator.agenda import Appointment


class Login(TypedDict):
    """
    An attempt to log in.

    ``at``, ``solved_at`` and ``expired_at`` are in epoch milliseconds. ``provider`` is ``None`` where the body names
    none; ``body`` is the JSON as received, ``None`` where it was no JSON. ``status`` is the HTTP status of the true
    answer, which a fault may have kept from the client; ``error_type`` is told of a refusal, ``checkpoint`` (its type)
    of a checkpoint.
    """

    at: int
    account_id: str
    provider: str | None
    body: Any
    outcome: Literal["reconnected", "checkpoint", "refused"]
    status: int
    error_type: str | None
    checkpoint: str | None
    solved_at: int | None
    expired_at: int | None


@dataclass
class Authentication:
    """
    How an account is logged in.

    :param checkpoints: those that the logins to come are answered with, one each
    :param expected: what the fields of a login have to say
    :param waiting: the login that waits for its checkpoint to be solved
    :param expiry: when that is over
    :param connecting: when the account is connected
    """

    checkpoints: deque[dict[str, Any]] = field(default_factory=deque)
    expected: Mapping[str, Any] = field(default_factory=dict)
    waiting: Login | None = None
    expiry: Appointment | None = None
    connecting: Appointment | None = None
