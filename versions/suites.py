"""What the tests are, in parts by what they need."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"

SUITES = {
    # the decisions, the client, the page in a browser: no Airflow, or no more of it than its classes
    "unit": ("unit", "model", "security", "page_static", "test_*.py"),
    # the Postpress of this machine, over HTTP
    "emulator": ("emulator",),
    # Airflow's own task runner, triggerer code, database and API server
    "airflow": ("airflow", "page", "webhook"),
    # whole Airflows: scheduler, triggerer, DAG processor, API server, and a browser
    "live": ("live", "browser"),
}
"""Each suite, and what of ``tests/`` belongs to it, as glob has it."""


def files_of(suite: str, tests: Path = TESTS) -> list[Path]:
    """
    List the folders and files of a suite.

    :param suite: one of :data:`SUITES`
    :param tests: the folder of all
    """
    return sorted(path for pattern in SUITES[suite] for path in tests.glob(pattern))


def misplaced(tests: Path = TESTS) -> list[str]:
    """
    List what holds tests and does not belong to exactly one suite, and what belongs to one and is not there.

    :param tests: the folder
    """
    there = {path.relative_to(tests).parts[0] for path in tests.rglob("test_*.py")}
    named = Counter(path.name for suite in SUITES for path in files_of(suite, tests))
    gone = {pattern for patterns in SUITES.values() for pattern in patterns if not any(tests.glob(pattern))}
    return sorted(gone | {name for name in there | named.keys() if named[name] != 1 or name not in there})
