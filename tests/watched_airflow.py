"""An Airflow of whose processes none may be told that our code uses what is deprecated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from demo.local_airflow import LocalAirflow

ROOT = Path(__file__).parents[1]

_CATEGORY = re.compile(r"Deprecat\w*Warning|RemovedIn\w*Warning|FutureWarning")
# not in a folder whose name begins with a dot: there environments are
_OURS = re.compile(rf"{re.escape(str(ROOT))}/(?!\.)[^\s\"':]+\.py")


class WatchedAirflow(LocalAirflow):
    """
    A :class:`.LocalAirflow` whose processes tell in their logs of each use of what is deprecated.

    :param settings: more settings, see there
    """

    def __init__(self, home: Path, dags: Path, settings: Mapping[str, str] | None = None, **how: Any) -> None:
        # of FutureWarning, Airflow's for deprecated imports, Python tells anyway
        told = {"PYTHONWARNINGS": "default::DeprecationWarning,default::PendingDeprecationWarning"}
        super().__init__(home, dags, {**told, **(settings or {})}, **how)

    def stop(self) -> None:
        """End all components, and fail if one of them, or a task, was told so of our code."""
        super().stop()
        deprecated = sorted(set(deprecations_in(self.home)))
        assert not deprecated, "\n".join(["Our code uses what is deprecated:", *deprecated])


def deprecations_in(home: Path) -> Iterator[str]:
    """
    Find what logs tell of deprecated things that this repository's code uses.

    :param home: where the logs are
    """
    for log in home.rglob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            if _CATEGORY.search(line) and _OURS.search(line):
                yield line
