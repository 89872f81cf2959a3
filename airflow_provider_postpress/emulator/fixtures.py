"""
Fixtures for tests of one's own DAGs.

Enable them in ``conftest.py`` with ``pytest_plugins = ["airflow_provider_postpress.emulator.fixtures"]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_postpress.emulator.server import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def postpress_emulator() -> Iterator[Emulator]:
    """Give a fresh, empty emulator."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def postpress_default(postpress_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """Give a fresh, empty emulator that Airflow's connection ``postpress_default`` leads to."""
    monkeypatch.setenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", postpress_emulator.connection_json)
    return postpress_emulator
