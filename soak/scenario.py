"""What is at Postpress in a soak, how it is synced, and what goes wrong there. A seed decides all that is random."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TypedDict

import pendulum

from airflow_provider_postpress.emulator import EmulatorControl, faults

DAG_ID = "soak"
FIRST_DAY = pendulum.datetime(2025, 3, 1, tz="UTC")
DAY = timedelta(days=1)
BEFORE_ALL = {"after": "1704067200000", "before": "1706745600000"}
"""What others sync: a month that is no window of ours, so that they cannot fill one that we missed."""

SYNC_MS = 1500
FOREIGN_MS = 30_000
"""How long a sync takes that somebody else began: until our next task has met it."""
REQUEST_SECONDS = 5
"""How long a request may take: the connection's ``timeout``."""

_CHATS = 4
_MESSAGES_A_DAY = 8
_SLOW = 2
"""How many times longer the syncs of a slow account take, or their chunks."""


class Address(TypedDict, total=False):
    """How the emulator's verbs name an account or a chat: by one of the two."""

    account_id: str
    chat_id: str


@dataclass(frozen=True)
class Subject:
    """
    An account or a chat, and how its task syncs it.

    :param id: its id, its task's id and its pool's name
    :param provider: of the account, in Postpress's words
    :param is_chat: whether it is a chat, of an account that nothing else syncs
    :param deferrable: whether its task waits in the triggerer
    :param ends_in_triggerer: whether the triggerer ends it, too, so that no worker is started again
    :param chunk_size: chats per chunk
    :param sync_ms: how long a sync takes, or each chunk of one
    """

    id: str
    provider: str
    is_chat: bool = False
    deferrable: bool = True
    ends_in_triggerer: bool = False
    chunk_size: int | None = None
    sync_ms: int = SYNC_MS

    @property
    def address(self) -> Address:
        """How the emulator's verbs name it."""
        return {"chat_id": self.id} if self.is_chat else {"account_id": self.id}

    def parameters(self, day: datetime) -> dict[str, str]:
        """
        Give what every request for a window has to send.

        :param day: the window's start
        """
        if self.is_chat:
            return {}
        span = {"after": str(_milliseconds(day) - 1), "before": str(_milliseconds(day + DAY))}
        partial = {"partial": "true"} if self.provider == "LINKEDIN" else {}
        chunks = {"chunk_size": str(self.chunk_size)} if self.chunk_size else {}
        return {**span, **partial, **chunks}


@dataclass(frozen=True)
class Scenario:
    """
    A soak's size and its chance.

    :param seed: decides what is random
    :param accounts: how many accounts
    :param windows: how many daily windows of each
    """

    seed: int
    accounts: int
    windows: int

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The accounts, and one chat for every ten of them."""
        chance = Random(self.seed)  # noqa: S311 (not for secrets)
        accounts = [
            Subject(
                f"account_{number:02}",
                chance.choice(("LINKEDIN", "TELEGRAM")),
                deferrable=number % 5 != 3,
                ends_in_triggerer=number % 5 == 2,
                chunk_size=chance.choice((1, 2, 3)) if number % 4 == 1 else None,
                sync_ms=chance.choice((SYNC_MS, SYNC_MS, _SLOW * SYNC_MS)),
            )
            for number in range(self.accounts)
        ]
        chats = [Subject(f"chat_{number:02}", "TELEGRAM", is_chat=True) for number in range(1 + self.accounts // 20)]
        return (*accounts, *chats)

    @property
    def days(self) -> Sequence[datetime]:
        """Where the windows start."""
        return [FIRST_DAY + number * DAY for number in range(self.windows)]

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From where to where the windows reach."""
        return self.days[0], self.days[-1] + DAY

    @property
    def environment(self) -> dict[str, str]:
        """What the DAG file reads."""
        return {
            "SOAK_SUBJECTS": json.dumps([asdict(subject) for subject in self.subjects]),
            "SOAK_LAST_DAY": self.days[-1].isoformat(),
        }

    def furnish(self, postpress: EmulatorControl) -> None:
        """
        Add the accounts with their chats and messages.

        :param postpress: the emulator
        """
        for subject in self.subjects:
            if subject.is_chat:
                owner = postpress.add_account(subject.provider, account_id=f"of_{subject.id}")
                postpress.add_chat(owner, chat_id=subject.id)
            else:
                owner = postpress.add_account(subject.provider, account_id=subject.id)
                for _ in range(_CHATS):
                    postpress.add_chat(owner)
            postpress.scatter_messages(owner, _MESSAGES_A_DAY * self.windows, *self.span)

    def let_go_wrong(self, postpress: EmulatorControl) -> None:
        """
        Leave leftovers, make some syncs slow and others fail, and any request go wrong.

        :param postpress: the emulator
        """
        chance = Random(self.seed)  # noqa: S311 (not for secrets)
        for subject in self.subjects:
            if chance.random() < 0.5:
                postpress.leave_leftover(**subject.address, status=chance.choice(("SYNC_DONE", "SYNC_ERROR")))
            postpress.set_duration(**subject.address, duration_ms=subject.sync_ms)
            if chance.random() < 0.5:
                postpress.fail_next_sync(**subject.address)
        for fault, probability in MISHAPS:
            postpress.inject(fault, probability=probability, count=None)


MISHAPS: Sequence[tuple[faults.Fault, float]] = (
    (faults.Error(status=503, error_type="errors/service_unavailable"), 0.03),
    (faults.Error(status=500, error_type="errors/unexpected_error", effect=True), 0.02),
    (faults.Error(status=429, error_type="errors/too_many_requests", retry_after="1"), 0.03),
    (faults.LostAnswer(), 0.03),
    (faults.Reset(), 0.03),
    (faults.Hang(effect=True), 0.01),
    (faults.Truncated(), 0.01),
    (faults.Body(), 0.02),
)
"""What goes wrong with a request, and how often."""


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
