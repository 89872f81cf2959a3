"""What the demo shows while it works: on a terminal a table that changes, elsewhere a line for each window."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from demo.scenario import ACCOUNTS, MONTHS

Instance = Mapping[str, Any]

_CELLS = {
    "success": ("■", "green"),
    "failed": ("✗", "red"),
    "up_for_retry": ("↻", "yellow"),
    "queued": ("□", "cyan"),
    "running": ("□", "cyan"),
    "deferred": ("◧", "cyan"),
}
_WAITING = ("·", "dim")
_LEGEND = "■ synced  ◧ in the triggerer  □ on a worker  ↻ failed, tried again"
_NEWS = {
    "success": "synced",
    "failed": "[red]failed[/]",
    "up_for_retry": "[yellow]a try failed; Airflow tries again[/]",
}


class Board:
    """
    Shows how far each window of each account has come, as a context manager.

    :param console: where
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._began = time.monotonic()
        self._told: set[tuple[str, str, str]] = set()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, instances: Iterable[Instance]) -> None:
        """
        Show where things stand.

        :param instances: the task instances
        """
        states = {(ti["task_id"], month_of(ti)): str(ti["state"]) for ti in instances}
        if self._live:
            self._live.update(self._table(states), refresh=True)
        else:
            self._tell_news(states)

    def _table(self, states: Mapping[tuple[str, str], str]) -> Group:
        table = Table.grid(padding=(0, 2))
        for account in ACCOUNTS:
            of_months = [states.get((account.id, month), "") for month in MONTHS]
            cells = Text(" ").join(Text(*_CELLS.get(state, _WAITING)) for state in of_months)
            table.add_row("", account.id, cells, f"{of_months.count('success')} of {len(MONTHS)} months")
        return Group(table, Text(f"  {self._clock()}  {_LEGEND}", "dim"))

    def _tell_news(self, states: Mapping[tuple[str, str], str]) -> None:
        for (account, month), state in states.items():
            if state in _NEWS and (account, month, state) not in self._told:
                self._told.add((account, month, state))
                self._console.print(f"  {self._clock()}  {account:<12} {month}  {_NEWS[state]}")

    def _clock(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        return f"{minutes}:{seconds:02}"


def month_of(instance: Instance) -> str:
    """
    Name the month that a task instance syncs.

    :param instance: the task instance
    """
    return str(instance["logical_date"])[:7]
