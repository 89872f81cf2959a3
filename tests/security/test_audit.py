"""The audit for known vulnerabilities, done with pip-audit itself, against a service on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from api_clients import Serve
from misbehaving_server import Peer, answering, http

AUDIT = Path(__file__).parents[2] / ".ci/audit.py"
FLAW = {
    "id": "PYSEC-0000-1",
    "summary": "A flaw",
    "details": "A flaw",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": ""},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}

Audit = Callable[..., tuple[int, str]]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Audit the versions of two packages that are as if installed: one that we depend on, and one that Airflow does."""
    for name in ("httpx", "flask"):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")

    def audit(service: str) -> tuple[int, str]:
        ended = subprocess.run(
            [sys.executable, AUDIT, "--path", tmp_path, "--timeout", "5", "--cache-dir", tmp_path / "cache"],
            env={**os.environ, "PIP_AUDIT_OSV_URL": service},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not ended.stderr
        return ended.returncode, ended.stdout

    return audit


def knowing_of_flaws_in(*names: str, mended: bool = True) -> Callable[[Peer], None]:
    def answer(peer: Peer) -> None:
        name = json.loads(peer.read_body(peer.read_request()))["package"]["name"]
        flaw = json.loads(json.dumps(FLAW).replace('"name": ""', f'"name": "{name}"'))
        if not mended:
            flaw["affected"][0]["ranges"][0]["events"].pop()
        found: dict[str, Any] = {"vulns": [flaw]} if name in names else {}
        peer.send(http(found))

    return answer


def test_no_flaw_is_none(audit: Audit, serve: Serve) -> None:
    assert audit(serve(knowing_of_flaws_in()).url) == (
        0,
        "2 packages audited, 0 of them vulnerable, 0 of these ours.\n",
    )


def test_a_flaw_in_what_we_depend_on_is_a_failure(audit: Audit, serve: Serve) -> None:
    status, told = audit(serve(knowing_of_flaws_in("httpx", "flask")).url)

    assert status == 1
    assert "httpx 1.0 (ours to mend): PYSEC-0000-1, mended in 99.0" in told
    assert "2 packages audited, 2 of them vulnerable, 1 of these ours." in told


def test_a_flaw_in_what_airflow_brings_along_is_told(audit: Audit, serve: Serve) -> None:
    status, told = audit(serve(knowing_of_flaws_in("flask")).url)

    assert status == 0
    assert "flask 1.0 (told only: not ours to mend, or nobody's yet): PYSEC-0000-1" in told


def test_a_flaw_that_no_version_mends_yet_is_told(audit: Audit, serve: Serve) -> None:
    status, told = audit(serve(knowing_of_flaws_in("httpx", mended=False)).url)

    assert status == 0
    assert "httpx 1.0 (told only: not ours to mend, or nobody's yet): PYSEC-0000-1, mended in no version yet" in told


def test_an_audit_that_could_not_be_done_says_so_and_is_no_failure(audit: Audit, serve: Serve) -> None:
    for service in ("http://127.0.0.1:1", serve(answering(http("", 503))).url, serve(answering(http("<p>"))).url):
        status, told = audit(service)

        assert status == 0
        assert told.startswith("THE AUDIT WAS NOT DONE: ")
        assert len(told.splitlines()) == 1
