"""The fixtures of ``tests/unit``, whose servers misbehave byte by byte."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "unit"), str(Path(__file__).parents[2])]

from api_clients import connect, serve  # noqa: E402 (not before it can be found)

__all__ = ["connect", "serve"]
