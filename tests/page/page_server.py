"""What a user of a real API server is answered by the page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import httpx

KINDS = ("before", "synced", "missing", "failed", "disconnected", "pending", "unknown")


def password_of(user: str) -> str:
    """Give the password of a user."""
    return f"the password of {user}"


class Page:
    """
    The page, as a user sees it.

    :param url: Airflow's
    :param user: who; ``None``: nobody is signed in
    """

    def __init__(self, url: str, user: str | None) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=30)
        if user:
            signed_in = self.http.post("/auth/token", json={"username": user, "password": password_of(user)})
            token = signed_in.raise_for_status().json()["access_token"]
            # as a browser does: the cookie that Airflow's UI has
            self.http.cookies.set("_token", token, domain="127.0.0.1", path=urlsplit(url).path or "/")

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask for a path below the page's."""
        return self.http.get(f"/postpress/{path}", **options)

    def coverage(self, *account_ids: str, **parameters: Any) -> dict[str, Any]:
        """Read the coverage of accounts, all by default."""
        parameters = {name.rstrip("_"): value for name, value in parameters.items()}
        answer = self.get("api/coverage", params={"account": list(account_ids), **parameters})
        told: dict[str, Any] = answer.raise_for_status().json()
        return told

    def account(self, account_id: str, **parameters: Any) -> dict[str, Any]:
        """Read the coverage of one account."""
        (account,) = self.coverage(account_id, **parameters)["accounts"]
        return dict(account)

    def detail(self, account_id: str, **parameters: Any) -> dict[str, Any]:
        """Read all of an account."""
        parameters = {name.rstrip("_"): value for name, value in parameters.items()}
        answer = self.get(f"api/coverage/{quote(account_id, safe='')}", params=parameters)
        told: dict[str, Any] = answer.raise_for_status().json()
        return told

    def dags(self, **parameters: Any) -> list[dict[str, Any]]:
        """Read the DAGs that can fill a gap."""
        answer = self.get("api/dags", params=parameters)
        told: list[dict[str, Any]] = answer.raise_for_status().json()["dags"]
        return told


def segments(told: dict[str, Any]) -> list[tuple[float, str, float]]:
    """Give a partition as (start, kind, end)."""
    flat = told["seg"]
    return [(flat[at], KINDS[flat[at + 1]], flat[at + 2]) for at in range(0, len(flat) - 1, 2)]


def kinds(told: dict[str, Any]) -> list[str]:
    """Give the kinds of a partition, in order."""
    return [kind for _, kind, _ in segments(told)]
