"""Which Airflows are supported, and what each cannot be installed with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """
    The last release of a minor version of Airflow, as the package index has it on the day.

    :param minor: such as ``3.1``
    :param until: the day that ends what it is installed with, where it does not work with the newest that it allows
    """

    minor: str
    until: str | None = None

    @property
    def requirement(self) -> str:
        """What to ask the package index for."""
        return f"apache-airflow~={self.minor}.0"


RELEASES = (
    Release("3.1"),
    # no task runs with the newest: with FastAPI 0.156 the execution API cannot be made ("TITerminalStatePayload needs a
    # discriminator field"), and with svcs 26 `dag.test()` cannot use it ("no attribute 'svcs_registry'"). With these
    # two held back `airflow dags test` is green; these tests have run with all that there was on this day
    Release("3.2", until="2026-06-15"),
    Release("3.3"),
)
