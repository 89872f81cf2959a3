"""
The users of the Airflow of these tests, and their rights.

The processes of that Airflow import this module (``[core] auth_manager``).
"""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager


class PageRights(SimpleAuthManager):
    """Simple rights by role, less what two may not: ``hugo`` DAGs whose ids begin with "hidden", ``nora`` assets."""

    def is_authorized_dag(self, *, method: Any, user: Any, access_entity: Any = None, details: Any = None) -> bool:
        if user.username == "hugo" and details and details.id and details.id.startswith("hidden"):
            return False
        return super().is_authorized_dag(method=method, user=user, access_entity=access_entity, details=details)

    def is_authorized_asset(self, *, method: Any, user: Any, details: Any = None) -> bool:
        return user.username != "nora" and super().is_authorized_asset(method=method, user=user, details=details)
