"""An environment for one release of Airflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

from versions.releases import Release

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".versions"


class Environment:
    """
    Where a release of Airflow is installed, with this package (editable) and what its tests need.

    :param release: the release
    """

    def __init__(self, release: Release) -> None:
        self.folder = FOLDER / release.minor
        self.python = self.folder / "venv/bin/python"
        self._release = release

    def install(self) -> None:
        """
        Install the newest that the package index has today, in one resolution: nothing changes the Airflow later.

        :raises subprocess.CalledProcessError: it cannot be resolved or installed; uv has said why
        """
        if not self.python.exists():
            _uv("venv", "--python", sys.executable, self.folder / "venv")
        until = ("--exclude-newer", self._release.until) if self._release.until else ()
        wanted = ("--editable", ".[dev]", self._release.requirement)
        _uv("pip", "install", "--upgrade", "--exact", *until, "--python", self.python, *wanted)

    def version(self) -> str:
        """Tell which Airflow is installed."""
        code = "from importlib.metadata import version; print(version('apache-airflow'))"
        return subprocess.run(  # noqa: S603 (the interpreter is ours)
            [self.python, "-c", code], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()


def _uv(*arguments: str | Path) -> None:
    subprocess.run([find_uv_bin(), *arguments, "--quiet"], cwd=ROOT, check=True)  # noqa: S603 (uv is ours)
