"""Registers deliveries in the Airflow that the environment names; its last line tells as JSON what became of them."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from datetime import UTC, datetime
from typing import Any

from airflow.settings import initialize
from api_server import told

from airflow_provider_postpress.api.models.events import AccountStatusEvent
from airflow_provider_postpress.webhook.changes import Change, changes_of
from airflow_provider_postpress.webhook.register import register


def delivery(message: str, **more: Any) -> tuple[Change, ...]:
    event = AccountStatusEvent.model_validate(told("registered", message))
    return tuple(Change(change.uri, {**change.extra, **more}) for change in changes_of(event, datetime.now(UTC)))


def while_locked() -> list[str]:
    lock = sqlite3.connect(os.environ["DATABASE"], isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        return list(register([delivery("LOCKED"), delivery("OUT")], repeat_seconds=60))
    finally:
        lock.close()


initialize()
outcomes = {
    "one is poison": register([delivery("FIRST"), delivery("ODD", odd=object()), delivery("LAST")], repeat_seconds=60),
    "locked": while_locked(),
    "no repeats": [*register([delivery("FIRST")], repeat_seconds=0), *register([delivery("FIRST")], repeat_seconds=0)],
    "twins": register([delivery("TWIN"), delivery("TWIN")], repeat_seconds=60),
    "later": register([delivery("TWIN")], repeat_seconds=1e-6),
}
sys.stdout.write("\n" + json.dumps(outcomes) + "\n")
