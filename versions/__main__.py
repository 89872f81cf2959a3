"""
Run the tests on the last release of each Airflow that is supported, each in an environment of its own.

Prints a table of what each suite came to. Environments, logs and reports are left in `.versions/`.
"""

from __future__ import annotations

import argparse
import sys

from versions.environment import Environment
from versions.releases import RELEASES
from versions.run import Result, run
from versions.suites import SUITES, misplaced


def main() -> None:
    """Install, run, and print the table; end with 1 where something failed."""
    releases = {release.minor: release for release in RELEASES}
    arguments = argparse.ArgumentParser(prog="python -m versions", description=__doc__)
    arguments.add_argument("--airflow", nargs="+", choices=releases, default=list(releases), help="default: all")
    arguments.add_argument("--suite", nargs="+", choices=SUITES, default=list(SUITES), help="default: all")
    chosen = arguments.parse_args()
    if names := misplaced():
        sys.exit(f"Of tests/, these do not belong to exactly one suite of versions/suites.py: {', '.join(names)}.")
    rows: dict[str, dict[str, Result]] = {}
    for minor in chosen.airflow:
        environment = Environment(releases[minor])
        environment.install()
        version = environment.version()
        rows[version] = {}
        for suite in chosen.suite:
            _say(f"Airflow {version}, {suite} ...")
            result = rows[version][suite] = run(suite, environment)
            where = "" if result.good else f": see {environment.folder / suite}.log"
            _say(f"Airflow {version}, {suite}: {result}, {result.seconds / 60:.1f} minutes{where}")
    sys.stdout.write(table(rows))
    sys.exit(not all(result.good for row in rows.values() for result in row.values()))


def table(rows: dict[str, dict[str, Result]]) -> str:
    """
    Write the results in Markdown.

    :param rows: the result of each suite, by version
    """
    suites = list(next(iter(rows.values())))
    lines = [("Airflow", *suites), ("---",) * (len(suites) + 1)]
    lines += [(version, *(str(result) for result in row.values())) for version, row in rows.items()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    main()
