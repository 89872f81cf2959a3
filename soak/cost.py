"""What an Airflow costs while it works: CPU, memory, and connections to its database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]  # it comes with Airflow, and without types

MEGABYTE = 2**20


@dataclass(frozen=True)
class Cost:
    """
    What was used up to some moment.

    :param cpu_seconds: of each component, with all its descendants
    :param megabytes: of each component; memory that its processes share counts once
    :param connections: clients of the database
    """

    cpu_seconds: Mapping[str, float]
    megabytes: Mapping[str, float]
    connections: int

    def rows(self, before: Cost, windows: int) -> Mapping[str, str]:
        """
        Give what a window cost.

        :param before: the cost when the first of them began
        :param windows: how many there were
        """
        spent = {name: (used - before.cpu_seconds[name]) / windows for name, used in self.cpu_seconds.items()}
        return {
            **{f"CPU a window: {name}": f"{seconds:.2f} s" for name, seconds in spent.items()},
            "CPU a window: all": f"{sum(spent.values()):.2f} s",
            **{f"memory: {name}": f"{megabytes:.0f} MB" for name, megabytes in self.megabytes.items()},
            "connections to the database": str(self.connections),
        }


def cost_of(families: Mapping[str, Iterable[psutil.Process]], connections: int) -> Cost:
    """
    Measure.

    :param families: the processes of each component
    :param connections: clients of the database
    """
    members = {name: list(family) for name, family in families.items()}
    return Cost(
        {name: sum(map(_cpu_seconds, family)) for name, family in members.items()},
        {name: sum(map(_megabytes, family)) for name, family in members.items()},
        connections,
    )


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        return float(sum(process.cpu_times()[:4]))  # its own, and of those of its children that have ended
    except psutil.NoSuchProcess:
        return 0.0


def _megabytes(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss) / MEGABYTE
    except psutil.NoSuchProcess:
        return 0.0
