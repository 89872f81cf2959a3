"""
What is done with messages as soon as they are fresh: a DAG that runs after each sync of an account.

Use it for what reads the messages: a digest, a search index, a warehouse. It needs no schedule of its own, and waits
for nothing: Airflow runs it when a sync of the account has succeeded, in whichever DAG, also in a backfill. Each event
tells the window that was synced; where several syncs succeeded before a run began, it has all of them. The next run may
have some of them again: what is done with a window must bear that.

Syncs of all accounts: ``schedule=[SYNCED]``, from the same module as ``account_asset``.
"""

from __future__ import annotations

import logging
from typing import Any

import pendulum
from airflow.sdk import DAG, task

from airflow_provider_postpress.assets import account_asset

MESSAGES = account_asset("acc_linkedin")

with DAG(
    "postpress_after_each_sync",
    schedule=[MESSAGES],
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
) as dag:

    @task(inlets=[MESSAGES])
    def windows(*, triggering_asset_events: Any, inlet_events: Any) -> list[dict[str, str]]:
        """Read which windows are fresh; Postpress's own word (the webhook's ``SYNC_SUCCESS``) tells none."""
        triggering = [event.timestamp for event in triggering_asset_events[MESSAGES]]
        # and those since: an event that comes while Airflow is about to make a run for another starts none of its own
        fresh = [event for event in inlet_events[MESSAGES] if triggering and event.timestamp >= min(triggering)]
        return [event.extra["window"] for event in fresh if event.extra.get("window")]

    @task
    def digest(window: dict[str, str]) -> None:
        """Read the messages of the window from Postpress, and do something with them."""
        logging.getLogger(__name__).info("Messages from %s to %s are fresh.", window["start"], window["end"])

    digest.expand(window=windows())
