"""What a user may see and do, asked of Airflow's auth manager, once for each DAG and request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.configuration import conf
from airflow.models.dag import DagModel

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser


class Rights(Protocol):
    """What somebody may see and do."""

    def may_read(self, dag_id: str | None) -> bool:
        """
        Tell whether what a DAG's tasks have written may be seen.

        :param dag_id: the DAG, which may be deleted or renamed by now; ``None``: no task wrote it
        """

    def may_run(self, dag_id: str) -> bool:
        """
        Tell whether runs of a DAG may be started.

        :param dag_id: the DAG
        """


class AllRights:
    """The rights of who has Airflow's database itself, as on the command line."""

    def may_read(self, dag_id: str | None) -> bool:
        """Allow it."""
        return True

    def may_run(self, dag_id: str) -> bool:
        """Allow it."""
        return True


class UserRights:
    """
    The rights of a user who may read assets, for the time of a request.

    :param user: the user
    """

    def __init__(self, user: BaseUser) -> None:
        self._user = user
        self._auth_manager = get_auth_manager()
        self._has_teams = conf.getboolean("core", "multi_team", fallback=False)
        self._readable: dict[str, bool] = {}

    def may_read(self, dag_id: str | None) -> bool:
        """Ask for the DAG itself: a list of the DAGs that may be read lacks those that are gone."""
        if dag_id is None:
            return True
        if dag_id not in self._readable:
            self._readable[dag_id] = self._may("GET", dag_id)
        return self._readable[dag_id]

    def may_run(self, dag_id: str) -> bool:
        """Ask for its runs, and for the DAG: of one that may not be read, nothing is told."""
        return self.may_read(dag_id) and self._may("POST", dag_id, DagAccessEntity.RUN)

    def _may(self, method: ResourceMethod, dag_id: str, entity: DagAccessEntity | None = None) -> bool:
        team = DagModel.get_team_name(dag_id) if self._has_teams else None
        details = DagDetails(id=dag_id, team_name=team)
        return self._auth_manager.is_authorized_dag(
            method=method, access_entity=entity, details=details, user=self._user
        )
