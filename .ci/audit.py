"""
Look for known vulnerabilities in what is installed here: what this package depends on, and what that brings along.

Fails at one in what we depend on ourselves that a newer version mends: to ask for that is ours. One that no version
mends yet, or in Airflow, or in what Airflow or a tool of ours brings along is told. Where nobody can be asked, that is
told, and is no failure.

What follows on the command line goes to pip-audit; ``PIP_AUDIT_OSV_URL`` names another service to ask.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import requires
from typing import Any

NOT_DONE = "THE AUDIT WAS NOT DONE: "
_SHIPPED_EXTRAS = re.compile(r"extra == .(?!(dev|soak)\b)")
_THEIRS = "apache-airflow"


def main() -> int:
    """Run pip-audit, tell what it found, and give the exit status."""
    # it ends with 1 at a vulnerability and at any trouble: only its report tells the two apart
    options = ["--format=json", "--vulnerability-service=osv", "--progress-spinner=off", "--skip-editable"]
    audit = subprocess.run(  # noqa: S603 (the command is ours)
        [sys.executable, "-m", "pip_audit", *options, *sys.argv[1:]], capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(audit.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        why = (audit.stderr.strip() or "pip-audit reported nothing").splitlines()[-1]
        return _tell(f"{NOT_DONE}{why}", 0)
    looked_at = [package for package in packages if "vulns" in package]
    if not looked_at:
        return _tell(f"{NOT_DONE}there was no package to look at.", 0)

    direct = _direct()
    vulnerable = [package for package in looked_at if package["vulns"]]
    ours = [package for package in vulnerable if package["name"] in direct and _can_be_mended(package)]
    for package in vulnerable:
        whose = "ours to mend" if package in ours else "told only: not ours to mend, or nobody's yet"
        _tell(f"{package['name']} {package['version']} ({whose}): {'; '.join(map(_in_words, package['vulns']))}", 0)
    summary = f"{len(looked_at)} packages audited, {len(vulnerable)} of them vulnerable, {len(ours)} of these ours."
    return _tell(summary, 1 if ours else 0)


def _direct() -> set[str]:
    """Name what this package requires, also in the extras that its users install."""
    required = requires("airflow-provider-postpress") or []
    shipped = [each for each in required if "extra ==" not in each or _SHIPPED_EXTRAS.search(each)]
    names = (re.match(r"[\w.-]+", each) for each in shipped)
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name} - {_THEIRS}


def _can_be_mended(package: dict[str, Any]) -> bool:
    return any(vulnerability["fix_versions"] for vulnerability in package["vulns"])


def _in_words(vulnerability: dict[str, Any]) -> str:
    mended = ", ".join(vulnerability["fix_versions"]) or "no version yet"
    return f"{vulnerability['id']}, mended in {mended}"


def _tell(words: str, status: int) -> int:
    sys.stdout.write(f"{words}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
