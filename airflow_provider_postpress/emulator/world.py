"""All that an emulator is, apart from HTTP: an engine, faults, a request log, and a clock that can be moved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.emulator.engine import Engine
from airflow_provider_postpress.emulator.fault_book import FaultBook
from airflow_provider_postpress.emulator.options import Options
from airflow_provider_postpress.emulator.request_log import RequestLog
from airflow_provider_postpress.emulator.seed import sow

if TYPE_CHECKING:
    from collections.abc import Callable

API_KEY = "pp_test_emulator"


class World:
    """
    An emulator without HTTP.

    :param seed: decides all that is random
    :param api_key: the one key that is let in
    :param options: how this Postpress behaves
    :raises ValueError: for an empty key
    """

    def __init__(self, *, seed: int = 0, api_key: str = API_KEY, options: Options | None = None) -> None:
        if not api_key:
            raise ValueError("An emulator needs an API key that is not empty.")
        self.api_key = api_key
        self._seed = seed
        self._options = options or Options()
        self.reset()

    def reset(self) -> None:
        """Begin again as new: no account, no fault, no request, no webhook, the options and the time as at first."""
        self._ahead = 0.0
        self.engine = Engine(self.now, self._options, self._seed)
        self.faults = FaultBook(self._seed)
        self.log = RequestLog(self.api_key)

    def populate(self) -> None:
        """Add accounts of several providers with chats, and messages of the first half of 2026."""
        sow(self.engine)

    def advance(self, seconds: float) -> None:
        """
        Move the emulator's clock forward, so that a test need not wait for a sync to end.

        :param seconds: how far
        """
        self._ahead += seconds

    def now(self) -> float:
        """Give the emulator's time, in epoch seconds."""
        return time.time() + self._ahead

    @property
    def verbs(self) -> dict[str, Callable[..., Any]]:
        """What others may do to this world, by name."""
        engine, faults = self.engine, self.faults
        methods: list[Callable[..., Any]] = [
            engine.add_account,
            engine.add_chat,
            engine.add_messages,
            engine.scatter_messages,
            engine.delete_chat,
            engine.delete_account,
            engine.set_source_status,
            engine.require_checkpoint,
            engine.solve_checkpoint,
            engine.expect_credentials,
            engine.logins,
            engine.register_webhook,
            engine.unregister_webhook,
            engine.send_webhook,
            engine.hold_webhooks,
            engine.release_webhooks,
            engine.deliveries,
            engine.account_ids,
            engine.chat_ids,
            engine.missing,
            engine.count_messages,
            engine.starts,
            engine.configure,
            engine.set_duration,
            engine.fail_next_sync,
            engine.leave_leftover,
            engine.foreign_sync,
            faults.inject,
            faults.pending_faults,
            faults.clear_faults,
            self.log.requests,
            self.advance,
            self.populate,
            self.reset,
        ]
        return {method.__name__: method for method in methods}
