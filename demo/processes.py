"""Processes in the background, each with a log, and ended with all their children."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it comes with Airflow, and without types

_PATIENCE_SECONDS = 5


class Background:
    """
    A process in the background. Neither Ctrl-C nor a closed terminal reaches it: who starts it ends it.

    :param command: program and arguments
    :param log: the file that takes its output
    :param environment: its environment variables; those of this process when ``None``
    """

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 (the command is ours)
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def ask_to_end(self) -> None:
        """Ask it to end, as it likes to."""
        self._process.terminate()

    def kill(self, *, alone: bool = False) -> None:
        """
        End it at once, without a chance to clean up.

        :param alone: leave its descendants to themselves
        """
        if alone:
            self._process.kill()
        else:
            _kill(self.family())
        self.wait()

    def wait(self) -> None:
        """Wait until it has ended."""
        self._process.wait()

    def family(self) -> list[psutil.Process]:
        """List the process and all its descendants that still run, also those that have outlived it."""
        return [process for process in psutil.process_iter() if _session_of(process.pid) == self._process.pid]


def stop(processes: Collection[Background]) -> None:
    """
    Ask processes to end, all at once, and kill what stays.

    :param processes: some may have ended already
    """
    families = [member for process in processes for member in process.family()]
    for process in processes:
        process.ask_to_end()
    _, staying = psutil.wait_procs(families, timeout=_PATIENCE_SECONDS)
    _kill(staying)
    for process in processes:
        process.wait()


def free_port() -> int:
    """Find a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
