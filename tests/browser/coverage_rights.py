"""
The users of the Airflow of these tests, and their rights.

The processes of that Airflow import this module (``[core] auth_manager``).
"""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

SECRET_DAG = "secret_history"


class CoverageRights(SimpleAuthManager):
    """Airflow's simple rights by role, less what two users may not: ``hana`` one DAG, ``nora`` assets."""

    def is_authorized_dag(self, *, method: Any, user: Any, access_entity: Any = None, details: Any = None) -> bool:
        if user.username == "hana" and details and details.id == SECRET_DAG:
            return False
        return super().is_authorized_dag(method=method, user=user, access_entity=access_entity, details=details)

    def is_authorized_asset(self, *, method: Any, user: Any, details: Any = None) -> bool:
        return user.username != "nora" and super().is_authorized_asset(method=method, user=user, details=details)
