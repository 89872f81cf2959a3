"""A PostgreSQL in a folder of its own, run from installed programs: ``python -m demo.postgres`` tells which."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psutil  # type: ignore[import-untyped]  # it comes with Airflow, and without types

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu put the programs of each version, and not on the path."""
_PROGRAMS = ("initdb", "pg_ctl", "postgres")


class NoPostgres(RuntimeError):
    """There is no PostgreSQL; the text tells where it was looked for, and what to install."""


class Postgres:
    """
    A running PostgreSQL with an empty database.

    :param programs: the folder of its programs
    :param home: an empty folder that it may write into
    """

    def __init__(self, programs: Path, home: str) -> None:
        from demo.processes import free_port  # it needs psutil, and `main` works without

        self._home = Path(home)
        self._port = free_port()
        self._ctl = str(programs / "pg_ctl")
        self._how: dict[str, Any] = {"cwd": home, "stdout": subprocess.DEVNULL, "check": True}
        if os.getuid() == 0:  # PostgreSQL refuses to be run by root
            nobody = pwd.getpwnam("nobody")
            os.chown(home, nobody.pw_uid, nobody.pw_gid)
            self._how |= {"user": nobody.pw_uid, "group": nobody.pw_gid}
        self._options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c fsync=off -k {home}"
        initdb = [str(programs / "initdb"), "-D", "data", "-U", "airflow", "-A", "trust", "--no-sync"]
        subprocess.run(initdb, **self._how)  # noqa: S603 (the command is ours)
        self.start()

    @property
    def url(self) -> str:
        """Where its database is, for SQLAlchemy."""
        return f"postgresql+psycopg2://airflow@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it, for the first time or again; return once it takes connections."""
        self._control("-o", self._options, "-l", "log", "-w", "start")

    def crash(self) -> None:
        """End it at once, without a chance to clean up: what it had not written it recovers from its journal."""
        self._control("-m", "immediate", "stop")

    def family(self) -> list[psutil.Process]:
        """List its processes."""
        import psutil

        server = psutil.Process(int((self._home / "data/postmaster.pid").read_text().split()[0]))
        return [server, *server.children(recursive=True)]

    def _control(self, *arguments: str) -> None:
        subprocess.run([self._ctl, "-D", "data", *arguments], **self._how)  # noqa: S603 (the command is ours)


def find_postgres() -> Path:
    """
    Find the folder of PostgreSQL's programs: on the path, or the newest where Debian has them.

    :raises NoPostgres: there is none
    """
    if all(shutil.which(program) for program in _PROGRAMS):
        return Path(str(shutil.which("initdb"))).resolve().parent
    versions = [folder for folder in DEBIAN.glob("*/bin") if all((folder / program).exists() for program in _PROGRAMS)]
    if versions:
        return max(versions, key=lambda folder: float(folder.parent.name))
    raise NoPostgres(
        f"No PostgreSQL ({', '.join(_PROGRAMS)} on the path or in {DEBIAN}/*/bin): apt-get install postgresql."
    )


@contextmanager
def postgres() -> Iterator[Postgres]:
    """
    Run a PostgreSQL, and end it.

    :raises NoPostgres: none is installed
    """
    programs = find_postgres()
    with tempfile.TemporaryDirectory(prefix="postgres-") as home:
        server = Postgres(programs, home)
        try:
            yield server
        finally:
            server.crash()


def main() -> None:
    """Print where PostgreSQL's programs are, or end with what is wrong, in words."""
    try:
        sys.stdout.write(f"{find_postgres()}\n")
    except NoPostgres as none:
        sys.exit(str(none))


if __name__ == "__main__":
    main()
