"""The command that runs the tests on every supported Airflow: what it runs, and what it tells."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from versions.__main__ import table
from versions.releases import RELEASES
from versions.run import Result, read_result
from versions.suites import SUITES, misplaced

REPORT = '<testsuites><testsuite tests="{}" skipped="{}" failures="{}" errors="{}"/></testsuites>'


def test_every_test_belongs_to_exactly_one_suite():
    assert misplaced() == []


def test_a_folder_that_no_suite_has_is_told_and_so_is_one_that_is_gone(tmp_path: Path):
    for name in (name for names in SUITES.values() for name in names if name != "emulator"):
        file = tmp_path / name if name.endswith(".py") else tmp_path / name / "deeper/test_it.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "novel").mkdir()
    (tmp_path / "novel/test_novel.py").touch()

    assert misplaced(tmp_path) == ["emulator", "novel"]


@pytest.mark.parametrize(
    ("counts", "exit_status", "told", "good"),
    [
        ((12, 0, 0, 0), 0, "12 passed", True),
        ((12, 2, 0, 0), 0, "10 passed, 2 skipped", True),
        ((12, 2, 1, 1), 1, "8 passed, 2 skipped, **2 failed**", False),
        ((12, 0, 0, 0), 2, "**broken**", False),  # interrupted
        ((12, 0, 0, 0), 1, "**broken**", False),  # it failed, and the report does not say where
        (None, 3, "**broken**", False),
        (None, 0, "**broken**", False),
    ],
)
def test_a_result_counts_what_pytest_reports(tmp_path: Path, counts, exit_status: int, told: str, good: bool):
    report = tmp_path / "unit.xml"
    if counts:
        report.write_text(REPORT.format(*counts))

    result = read_result(report, exit_status, 60)

    assert (str(result), result.good) == (told, good)


def test_the_table_has_a_row_for_each_version_and_a_column_for_each_suite():
    good, bad = Result(3, 0, 0, False, 1), Result(1, 1, 1, False, 1)

    assert table({"3.1.8": {"unit": good, "live": bad}, "3.2.2": {"unit": good, "live": good}}).splitlines() == [
        "| Airflow | unit | live |",
        "| --- | --- | --- |",
        "| 3.1.8 | 3 passed | 1 passed, 1 skipped, **1 failed** |",
        "| 3.2.2 | 3 passed | 3 passed |",
    ]


def test_what_is_not_known_is_refused_and_what_is_known_is_told():
    refused = subprocess.run(
        [sys.executable, "-m", "versions", "--airflow", "2.11"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )

    assert refused.returncode == 2
    assert all(release.minor in refused.stderr for release in RELEASES)
