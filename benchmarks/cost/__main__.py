"""
Measure what the package costs beside its peers, and print the tables of ``docs/benchmarks.md``.

``make bench`` runs it in an environment of its own, about twenty minutes on two cores that have nothing else to do;
``make bench QUICK=1`` the same with less of everything, in a few.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version

from benchmarks.cost.peers import PEERS

PARTS: Sequence[tuple[str, Sequence[str], Sequence[str]]] = (
    ("triggerer", (), ("--quick",)),
    ("parsing", (), ("--quick",)),
    ("polls", (), ()),
    ("workers", (), ("--seconds", "20")),
    ("workers", ("--heartbeat", "1"), ("--seconds", "20", "--heartbeat", "1")),
    ("growth", (), ("--quick",)),
)
"""Each part, its arguments, and those of a quick pass."""


def main() -> None:
    """Run the parts, one after the other."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    arguments.add_argument("--quick", action="store_true", help="less of everything")
    quick = arguments.parse_args().quick
    _say(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {_versions()}.")
    failed = [name for name, usual, brief in PARTS if not _succeeds(name, brief if quick else usual)]
    sys.exit(f"Did not end well: {', '.join(failed)}." if failed else 0)


def _versions() -> str:
    names = ["apache-airflow", *dict.fromkeys(peer.distribution for peer in PEERS.values())]
    return ", ".join(f"{name} {version(name)}" for name in names)


def _succeeds(name: str, arguments: Sequence[str]) -> bool:
    module = f"benchmarks.cost.{name}"
    _say(f"\n## {' '.join(['python -m', module, *arguments])}\n")
    return not subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode  # noqa: S603


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
