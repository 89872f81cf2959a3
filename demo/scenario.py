"""What is at Postpress in the demo, and what goes wrong there."""

from __future__ import annotations

from dataclasses import dataclass

import pendulum

from airflow_provider_postpress.emulator import EmulatorControl, faults

DAG_ID = "message_history"

_BEGINNINGS = [pendulum.now("UTC").start_of("month").subtract(months=back) for back in range(7, -1, -1)]
MONTHS = tuple(month.format("YYYY-MM") for month in _BEGINNINGS[1:-1])
"""The newest six months that are over, which are backfilled."""
START, END = (month.isoformat() for month in (_BEGINNINGS[1], _BEGINNINGS[-1]))
MONTH_BEFORE = {"start": _BEGINNINGS[0].isoformat(), "end": START}
"""The window before them, of which one account's sync fails for good."""

SYNC_MS = 700
"""How long a sync takes, or each chunk of one."""
FOREIGN_SYNC_SECONDS = 3600
"""How long the sync takes that somebody else began: until our first task has met it, and then the clock is moved."""

TRIES = 3
"""How many tries a task of the DAG has."""

_CHATS = 6
_MESSAGES = 480


@dataclass(frozen=True)
class DemoAccount:
    """
    An account of the demo.

    :param id: its id, its task's id and its pool's name
    :param type: its provider, in Postpress's words
    :param provider: the same as people write it
    :param goes_wrong: what will go wrong with it, in words
    """

    id: str
    type: str
    provider: str
    goes_wrong: str


ANNA = DemoAccount(
    "acc_anna",
    "LINKEDIN",
    "LinkedIn",
    "an unread SYNC_DONE, a lost answer, three 503s",
)
BEN = DemoAccount(
    "acc_ben",
    "LINKEDIN",
    "LinkedIn, in chunks",
    "a SYNC_ERROR, a reset connection, a proxy's 502",
)
SUPPORT = DemoAccount(
    "acc_support",
    "TELEGRAM",
    "Telegram",
    "somebody else's sync, a 429, a lost answer",
)
ACCOUNTS = (ANNA, BEN, SUPPORT)


def furnish(postpress: EmulatorControl) -> None:
    """
    Add the accounts with their chats and messages, and what is to go wrong.

    :param postpress: the emulator
    """
    for account in ACCOUNTS:
        postpress.add_account(account.type, account_id=account.id)
        for _ in range(_CHATS):
            postpress.add_chat(account.id)
        postpress.scatter_messages(account.id, _MESSAGES, START, END)
        postpress.scatter_messages(account.id, _MESSAGES // len(MONTHS), MONTH_BEFORE["start"], MONTH_BEFORE["end"])

    unavailable = faults.Error(status=503, error_type="errors/service_unavailable")
    too_many = faults.Error(status=429, error_type="errors/too_many_requests", retry_after="1")

    postpress.leave_leftover(ANNA.id)
    _go_wrong(postpress, ANNA, faults.LostAnswer(), after=5)
    _go_wrong(postpress, ANNA, unavailable, after=10, count=3)

    postpress.fail_next_sync(BEN.id, at_chunk=2)
    _go_wrong(postpress, BEN, faults.Reset(), after=10)
    _go_wrong(postpress, BEN, faults.Body(), after=15)

    _go_wrong(postpress, SUPPORT, too_many, after=6)
    _go_wrong(postpress, SUPPORT, faults.LostAnswer(), after=12)


def let_somebody_else_sync(postpress: EmulatorControl) -> None:
    """
    Begin a sync that is not ours, and leave its end for our tasks to read.

    :param postpress: the emulator
    """
    postpress.set_duration(SUPPORT.id, duration_ms=1000 * FOREIGN_SYNC_SECONDS)
    postpress.foreign_sync(SUPPORT.id, {"after": "1767225600000"})
    postpress.set_duration(SUPPORT.id, duration_ms=SYNC_MS)


def let_time_pass(postpress: EmulatorControl) -> None:
    """
    End the sync that is not ours, once our first task has met it. To be called now and then.

    :param postpress: the emulator
    """
    foreign = postpress.starts(SUPPORT.id)[0]
    if foreign["ended"] is None and len(postpress.requests(SUPPORT.id, route="account_sync")) > 1:
        postpress.advance(FOREIGN_SYNC_SECONDS)


def let_every_try_fail(postpress: EmulatorControl, account: DemoAccount) -> None:
    """
    Make the next sync of an account end in ``SYNC_ERROR``, and so do its retries.

    :param postpress: the emulator
    :param account: the account
    """
    for _ in range(TRIES):
        postpress.fail_next_sync(account.id)


def _go_wrong(
    postpress: EmulatorControl, account: DemoAccount, fault: faults.Fault, *, after: int, count: int = 1
) -> None:
    postpress.inject(fault, route="account_sync", account_id=account.id, skip=after, count=count)
