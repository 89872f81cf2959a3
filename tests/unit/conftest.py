from __future__ import annotations

from api_clients import connect, serve

__all__ = ["connect", "serve"]
