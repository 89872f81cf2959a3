"""An engine on a bench: its clock moved by hand, its routes asked by a lone client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.emulator import Engine, Options

if TYPE_CHECKING:
    from airflow_provider_postpress.emulator.answers import Answer

LOGIN = {"provider": "LINKEDIN", "username": "anna@example.com", "password": "hunter2"}


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 1_780_000_000.0

    def __call__(self) -> float:
        return self.seconds


class Bench:
    """An engine whose syncs take ten seconds, with an account of three chats of three messages each."""

    def __init__(self, account_type: str = "LINKEDIN", **options: Any) -> None:
        self.clock = Clock()
        self.engine = Engine(self.clock, Options(**{"duration_ms": 10_000, **options}))
        self.engine.add_account(account_type, account_id="acc")
        for number in (1, 2, 3):
            self.engine.add_chat("acc", chat_id=f"chat_{number}", messages=[1000, 2000, 3000])

    def sync(self, *, wait: float = 0, **parameters: str) -> str:
        """Wait, ask for the account's sync, and give the status."""
        self.clock.seconds += wait
        answer = self.engine.account_sync("acc", parameters)
        assert answer.status_code == 200, answer.body
        return str(answer.body["status"])

    def sync_chat(self, *, wait: float = 0) -> str:
        """Wait, ask for the sync of the first chat, and give the status."""
        self.clock.seconds += wait
        answer = self.engine.chat_sync("chat_1")
        assert answer.status_code == 200, answer.body
        return str(answer.body["status"])

    def log_in(self, *, wait: float = 0, **body: Any) -> Answer:
        """Wait, log the account in, and give the answer; without a body, as for a LinkedIn account."""
        self.clock.seconds += wait
        return self.engine.reconnect_account("acc", json.dumps(body or LOGIN).encode())

    def statuses(self, *, wait: float = 0) -> list[str]:
        """Wait, read the account, and give the statuses of its sources."""
        self.clock.seconds += wait
        return [source["status"] for source in self.engine.get_account("acc").body["sources"]]

    def refusal(self, **parameters: str) -> tuple[int, str]:
        """Ask for the account's sync, and give the status code and the type of the error."""
        answer = self.engine.account_sync("acc", parameters)
        return answer.status_code, answer.body["type"]

    def missing(self) -> list[tuple[str, int]]:
        """Give chat and instant of the messages that Postpress has not."""
        return [(message["chat_id"], message["at"]) for message in self.engine.missing("acc")]
