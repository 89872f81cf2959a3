"""A task's result, kept as XCom from the triggerer. These block: call them with asgiref's ``sync_to_async``."""

from __future__ import annotations

from typing import Any

RETURN_KEY = "return_value"


def push_result(ti: Any, result: Any) -> None:
    """
    Store what a task returns. An event's own XComs would reach other tasks as JSON's text (Airflow 3.3.2).

    :param ti: the task's instance
    :param result: what it returns
    """
    from airflow.sdk.execution_time.xcom import XCom

    XCom.set(RETURN_KEY, result, **_place(ti))


def delete_result(ti: Any) -> None:
    """
    Delete what an earlier try returned, as Airflow does where a worker begins a task.

    :param ti: the task's instance
    """
    from airflow.sdk.execution_time.xcom import XCom

    XCom.delete(RETURN_KEY, **_place(ti))


def result_of_task(ti: Any, task_id: str) -> Any:
    """
    Read what another task of the run returned, one that is not mapped; ``None`` if nothing.

    :param ti: this task's instance
    :param task_id: the other task
    """
    # with map_indexes it asks for one value, which is all that a triggerer can ask for
    return ti.xcom_pull(task_ids=task_id, key=RETURN_KEY, map_indexes=None)


def _place(ti: Any) -> dict[str, Any]:
    map_index = -1 if ti.map_index is None else ti.map_index
    return {"dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id, "map_index": map_index}
