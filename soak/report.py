"""What is told of a soak at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from soak.scenario import Scenario
from soak.verdict import Verdict


@dataclass(frozen=True)
class Report:
    """
    What a soak came to.

    :param verdict: the counts
    :param scenario: its size and seed
    :param executor: where tasks ran
    :param seconds: how long it took, from the backfill's creation on
    :param deeds: what was done to Airflow and to the accounts
    :param in_vain: what was to be done, and could not
    :param started_again: components that ended by themselves and were started again
    :param cleared: tasks that failed for good, each of which was cleared once
    :param costs: what a window cost, where it was measured
    """

    verdict: Verdict
    scenario: Scenario
    executor: str
    seconds: float
    deeds: Counter[str]
    in_vain: Sequence[str]
    started_again: Counter[str]
    cleared: int
    costs: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        """Whether every promise is kept, and all was done that could break one."""
        return self.verdict.is_kept and not self.in_vain

    def markdown(self) -> str:
        """Write it as a table."""
        chats = sum(subject.is_chat for subject in self.scenario.subjects)
        rows = {
            "accounts, and chats": f"{self.scenario.accounts}, and {chats}",
            "daily windows of each": str(self.scenario.windows),
            **self.verdict.rows(),
            "failed for good, and cleared": str(self.cleared),
            **{deed: str(times) for deed, times in sorted(self.deeds.items())},
            "ended by themselves, and started again": ", ".join(sorted(self.started_again.elements())) or "none",
            **self.costs,
            "duration": f"{self.seconds / 60:.0f} min",
        }
        head = f"seed {self.scenario.seed}, {self.executor}"
        return "\n".join(
            [f"| {head} | |", "| --- | --- |", *(f"| {name} | {figure} |" for name, figure in rows.items())]
        )
