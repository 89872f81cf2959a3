"""
An account's status watched in the triggerer, for ever: each change is an event of an asset.

DAG files import this, so it imports next to nothing.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_postpress.triggers.machinery import load_machinery
from airflow_provider_postpress.triggers.status_memory import StatusMemory

if TYPE_CHECKING:
    from airflow_provider_postpress.resync.status import AccountStatus, Look

DEFAULT_INTERVAL = 60.0
LONGEST_BACK_OFF = 300.0
"""Seconds that the time between two looks grows to while looking fails, unless it is longer anyway."""
HANDOVER = 5.0
"""Seconds after which the triggerer has stored an event that was fired: it passes them on once a second."""

_PATH = "airflow_provider_postpress.triggers.account.PostpressAccountStatusTrigger"
_log = logging.getLogger(__name__)


class PostpressAccountStatusTrigger(BaseEventTrigger):
    """
    Fires whenever the status of an account has changed, for an ``AssetWatcher``.

    Each look reads the list of all accounts, whatever the number of watchers: on Airflow 3.3 and later those of one
    connection and interval share their looks in each triggerer, before that each watcher lists for itself.

    An event's payload is ``{"told_by": "watcher", "account_id", "account_type", "message", "previous", "seen_at"}``:
    ``message`` is the new status (``OK``, ``ERROR``, ``STOPPED``, ``CREDENTIALS``, ``PERMISSIONS``, ``CONNECTING``,
    ``DELETED`` or what else Postpress says; the gravest, where its sources differ), ``previous`` the one before, and
    ``seen_at`` the time of the look, ISO 8601. What comes and goes between two looks is not seen.

    The very first look fires nothing. On Airflow 3.3 and later the asset remembers what was told, so that a change
    while no triggerer runs is told, too: each change at least once. Before that, the first look of each triggerer fires
    nothing.

    API page: none; Postpress's public reference has "List all accounts".

    :param account_id: Postpress's id of the account
    :param poll_interval: the time between two looks, a ``timedelta`` or seconds; each is longer or shorter by up to a
        fifth, at random
    :param postpress_conn_id: the Airflow connection
    :raises ValueError: the id is empty, or the interval is not positive
    """

    def __init__(
        self,
        account_id: str,
        *,
        poll_interval: timedelta | float = DEFAULT_INTERVAL,
        postpress_conn_id: str = "postpress_default",
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow does not type it
        if not isinstance(account_id, str) or not account_id.strip():
            raise ValueError(f"account_id={account_id!r} is not an id: it must be a text, not empty.")
        self.account_id = account_id
        self.poll_interval = _seconds(poll_interval)
        self.postpress_conn_id = postpress_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give Airflow what it stores."""
        return _PATH, {
            "account_id": self.account_id,
            "poll_interval": self.poll_interval,
            "postpress_conn_id": self.postpress_conn_id,
        }

    def shared_stream_key(self) -> Hashable:
        """Name the looks that this watcher can share with others."""
        return (_PATH, self.postpress_conn_id, self.poll_interval)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[Look, None]:
        """
        Look at all accounts, for ever; trouble is told in the log and waited out.

        :param kwargs: of one of the watchers that share the looks
        """
        await load_machinery()
        from airflow_provider_postpress.api.errors import PostpressError
        from airflow_provider_postpress.hooks.shared import shared_client
        from airflow_provider_postpress.resync.pacing import Intervals, Pacing
        from airflow_provider_postpress.resync.runners import arun, say_to
        from airflow_provider_postpress.resync.status import FOR_EVER, StatusWatch

        conn_id, interval = kwargs["postpress_conn_id"], kwargs["poll_interval"]
        intervals = Intervals(first=interval, longest=max(interval, LONGEST_BACK_OFF))
        watch = StatusWatch(Pacing(intervals, deadline=FOR_EVER, chance=random.random))
        say = say_to(_log)
        # so that those that begin together do not look in step, and those that share a look are all there
        await asyncio.sleep(interval * intervals.spread * random.random())  # noqa: S311 (it keeps no secret)
        while True:
            try:
                # left after trouble: the connection may be another one by then
                async with shared_client(conn_id) as (client, _):
                    whole = True
                    while whole:
                        look = await arun(watch.look(), send=client.send, sleep=asyncio.sleep, say=say, now=_now)
                        yield look
                        await asyncio.sleep(look.wait)
                        whole = look.whole
            except Exception as error:  # noqa: BLE001 (let out, it would end all watchers, its text unmasked)
                _log.debug("A look failed", exc_info=True)
                unexpected = (
                    f"{type(error).__name__} in the triggerer; check that the connection {conn_id!r} can be read there."
                )
                words, wait = watch.back_off(error, _now(), None if isinstance(error, PostpressError) else unexpected)
                if words:
                    say(words)
                await asyncio.sleep(wait)

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Look]) -> AsyncGenerator[TriggerEvent, None]:
        """
        Fire at each change of this watcher's account.

        :param shared_stream: the looks
        """
        from airflow_provider_postpress.resync.status import DELETED

        memory = StatusMemory.of(self, self.account_id)
        known = await memory.recall()
        async for look in shared_stream:
            seen = look.status_of(self.account_id, known)
            if seen is None:
                continue
            if known is None and seen.message == DELETED:
                _log.warning("Postpress lists no account %r; it is watched all the same.", self.account_id)
            if known is not None and seen.message != known.message:
                yield self._event(known, seen, look.at)
                if memory.lasts:
                    # remembered is as good as told, so the event must have been stored before: a triggerer that dies in
                    # between tells a change twice, and never not at all
                    await asyncio.sleep(min(HANDOVER, self.poll_interval))
            known = seen
            await memory.keep(known)

    async def run(self) -> AsyncGenerator[TriggerEvent, None]:
        """Look, and fire at each change: for an Airflow whose watchers cannot share their looks (before 3.3)."""
        _log.info(
            "This watcher of account %r looks for itself, and a change while no triggerer runs is not told: to share "
            "looks, and to remember, needs Airflow 3.3.",
            self.account_id,
        )
        looks = self.open_shared_stream(self.serialize()[1])
        async with aclosing(looks), aclosing(self.filter_shared_stream(looks)) as events:
            async for event in events:
                yield event

    def _event(self, before: AccountStatus, after: AccountStatus, seen_at: datetime) -> TriggerEvent:
        payload = {
            "told_by": "watcher",
            "account_id": self.account_id,
            **after.as_dict(),
            "previous": before.message,
            "seen_at": seen_at.isoformat(),
        }
        return TriggerEvent(payload)  # type: ignore[no-untyped-call]  # Airflow does not type it


def _seconds(poll_interval: timedelta | float) -> float:
    seconds = poll_interval.total_seconds() if isinstance(poll_interval, timedelta) else poll_interval
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
        raise ValueError(
            f"poll_interval={poll_interval!r} is not allowed: it is a timedelta or seconds, longer than 0."
        )
    return float(seconds)


def _now() -> datetime:
    return datetime.now(UTC)
