"""What triggers work with, imported off the event loop. DAG files import this, so it imports next to nothing."""

from __future__ import annotations

import asyncio
from importlib import import_module
from types import ModuleType

_MACHINERY = ("hooks.shared", "resync.driver", "resync.health", "resync.runners", "resync.status")
_loaded: list[ModuleType] = []


async def load_machinery() -> None:
    """Import in a thread what the event loop, and all other triggers on it, would stand still for a while for."""
    if not _loaded:
        _loaded.extend(await asyncio.to_thread(_import_machinery))


def _import_machinery() -> list[ModuleType]:
    return [import_module(f"airflow_provider_postpress.{name}") for name in _MACHINERY]
