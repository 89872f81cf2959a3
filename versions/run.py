"""A run of a suite on an Airflow, and what it came to."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from versions.environment import ROOT, Environment
from versions.suites import files_of


@dataclass(frozen=True)
class Result:
    """
    What a run came to.

    :param passed: how many tests passed
    :param skipped: how many were skipped
    :param failed: how many failed, or broke off in a fixture
    :param broken: pytest itself ended with an error, so there may be tests that it did not run
    :param seconds: how long it took
    """

    passed: int
    skipped: int
    failed: int
    broken: bool
    seconds: float

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return not (self.failed or self.broken)

    def __str__(self) -> str:
        if self.broken:
            return "**broken**"
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        failed = f", **{self.failed} failed**" if self.failed else ""
        return f"{self.passed} passed{skipped}{failed}"


def run(suite: str, environment: Environment) -> Result:
    """
    Run a suite; what pytest says goes to ``<suite>.log`` in the environment's folder.

    :param suite: one of :data:`.suites.SUITES`
    :param environment: an environment that is installed
    """
    log, report = (environment.folder / f"{suite}{ending}" for ending in (".log", ".xml"))
    report.unlink(missing_ok=True)
    command: list[str | Path] = [
        environment.python,
        "-m",
        "pytest",
        "-n",
        "2",
        "--dist",
        "loadgroup",
        "-p",
        "no:cacheprovider",
    ]
    began = time.monotonic()
    with log.open("wb") as output:
        ended = subprocess.run(  # noqa: S603 (the interpreter is ours)
            [*command, f"--junitxml={report}", *files_of(suite)],
            cwd=ROOT,
            # a virtual environment that is active would be taken for the one under test by uv
            env={name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return read_result(report, ended.returncode, time.monotonic() - began)


def read_result(report: Path, exit_status: int, seconds: float) -> Result:
    """
    Read what a run came to.

    :param report: what pytest wrote, as JUnit has it
    :param exit_status: pytest's: 0 when all passed, 1 when tests failed, more when it broke off
    :param seconds: how long it took
    """
    counts = dict.fromkeys(("tests", "skipped", "failures", "errors"), 0)
    if report.exists():
        for suite in ElementTree.parse(report).iter("testsuite"):  # noqa: S314 (it is ours)
            counts = {name: count + int(suite.get(name, 0)) for name, count in counts.items()}
    failed = counts["failures"] + counts["errors"]
    return Result(
        passed=counts["tests"] - counts["skipped"] - failed,
        skipped=counts["skipped"],
        failed=failed,
        broken=not counts["tests"] or exit_status not in (0, 1) or bool(exit_status) is not bool(failed),
        seconds=seconds,
    )
