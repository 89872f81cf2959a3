"""Which faults are still to happen, and to which requests."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Literal, TypedDict, get_args

from airflow_provider_postpress.emulator.faults import Fault, from_json, to_json

Route = Literal["list_accounts", "get_account", "reconnect_account", "account_sync", "chat_sync"]


class PendingFault(TypedDict):
    """A fault that is still to happen ``count`` times (``None``: for ever), after ``skip`` more requests."""

    fault: dict[str, Any]
    route: Route | None
    account_id: str | None
    chat_id: str | None
    skip: int
    count: int | None
    probability: float


@dataclass
class _Plan:
    fault: Fault
    pending: PendingFault

    def concerns(self, route: Route, object_id: str | None) -> bool:
        if self.pending["route"] not in (None, route):
            return False
        account_id, chat_id = (None, object_id) if route == "chat_sync" else (object_id, None)
        return self.pending["account_id"] in (None, account_id) and self.pending["chat_id"] in (None, chat_id)


class FaultBook:
    """
    Faults on demand.

    :param seed: decides which requests a fault with a probability hits
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 (not for secrets: a seed makes the same faults again)
        self._plans: list[_Plan] = []

    def inject(
        self,
        fault: Fault | dict[str, Any],
        *,
        route: Route | None = None,
        account_id: str | None = None,
        chat_id: str | None = None,
        skip: int = 0,
        count: int | None = 1,
        probability: float = 1.0,
    ) -> None:
        """
        Make requests go wrong. Of several faults that concern a request, the one asked for first happens.

        :param fault: what happens; a ``Fault``, or its JSON form
        :param route: only on this route: ``"list_accounts"``, ``"get_account"``, ``"reconnect_account"``,
            ``"account_sync"`` or ``"chat_sync"``
        :param account_id: only to requests for this account
        :param chat_id: only to requests for this chat
        :param skip: how many of the requests that it concerns pass unharmed first
        :param count: how often it happens; ``None`` for ever
        :param probability: how likely each request that it concerns is hit, from 0 to 1
        :raises ValueError: for a fault or a value that there is not
        """
        if route is not None and route not in get_args(Route):
            raise ValueError(f"A route is one of {', '.join(get_args(Route))}, not {route!r}.")
        if not 0 <= probability <= 1:
            raise ValueError(f"A probability is from 0 to 1, not {probability!r}.")
        if count is not None and count < 1:
            raise ValueError(f"A fault happens at least once, or for ever (None), not {count!r} times.")
        if isinstance(fault, dict):
            fault = from_json(fault)
        pending = PendingFault(
            fault=to_json(fault),
            route=route,
            account_id=account_id,
            chat_id=chat_id,
            skip=skip,
            count=count,
            probability=probability,
        )
        self._plans.append(_Plan(fault, pending))

    def pending_faults(self) -> list[PendingFault]:
        """List the faults that are still to happen: none, once a test saw all that it asked for."""
        return [plan.pending.copy() for plan in self._plans]

    def clear_faults(self) -> None:
        """Let nothing more go wrong."""
        self._plans.clear()

    def take(self, route: Route, object_id: str | None) -> Fault | None:
        """
        Decide what goes wrong with a request, if anything.

        :param route: the route that it came by
        :param object_id: the account or chat that it is for, if it is for one
        """
        for plan in self._plans:
            if plan.concerns(route, object_id) and self._hits(plan):
                return plan.fault
        return None

    def _hits(self, plan: _Plan) -> bool:
        pending = plan.pending
        if pending["skip"]:
            pending["skip"] -= 1
            return False
        if self._random.random() >= pending["probability"]:
            return False
        if pending["count"] is not None:
            pending["count"] -= 1
            if not pending["count"]:
                self._plans.remove(plan)
        return True
