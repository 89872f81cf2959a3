"""The webhook of a real API server, asked over HTTP as Postpress would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from demo.local_airflow import LocalAirflow

PATH = "/postpress/webhooks/account-status"
SECRET = "the-secret-of-now"
PREVIOUS = "the-secret-of-before"
HEADER = "X-Hook-Secret"


def told(account_id: str, message: str = "OK", **fields: Any) -> dict[str, Any]:
    """Give a delivery's document."""
    return {"AccountStatus": {"account_id": account_id, "account_type": "LINKEDIN", "message": message, **fields}}


class Receiver:
    """
    The webhook of a real API server.

    :param airflow: the Airflow, of which the API server alone runs
    :param before: what a delivery was answered before any secret was configured
    """

    def __init__(self, airflow: LocalAirflow, before: httpx.Response) -> None:
        self.airflow = airflow
        self.before = before
        self.url = airflow.url + PATH
        self.http = httpx.Client(timeout=30)

    def post(self, body: Any, *, headers: dict[str, str] | None = None) -> httpx.Response:
        """Post a document or the bytes of a body, with the secret and no Content-Type; or with other headers."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(self.url, content=content, headers={HEADER: SECRET} if headers is None else headers)

    def events(self, name: str) -> list[dict[str, Any]]:
        """List the events of an asset, given by its name, the oldest first."""
        assets = self.airflow.get("assets", limit=100)["assets"]
        (asset_id,) = [asset["id"] for asset in assets if asset["name"] == name]
        events = self.airflow.get("assets/events", asset_id=asset_id, limit=100)["asset_events"]
        return sorted(events, key=lambda event: event["id"])

    def status_events(self, account_id: str) -> list[dict[str, Any]]:
        """List what was told of an account's status, the oldest first."""
        return [event["extra"] for event in self.events(f"postpress://accounts/{account_id}/status")]

    def all_events(self) -> int:
        """Count the events of all assets."""
        count: int = self.airflow.get("assets/events", limit=1)["total_entries"]
        return count
