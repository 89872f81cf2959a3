"""Syncs that have failed or are under way: what their tasks told when they began, and what has become of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import select

from airflow_provider_postpress.assets import account_uri
from airflow_provider_postpress.coverage.evidence import (
    ATTEMPT_KEY,
    BEGINNING,
    Attempt,
    Evidence,
    attempt_of,
    is_regular,
)
from airflow_provider_postpress.page.documents import read_document, text_of
from airflow_provider_postpress.page.spans import milliseconds

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_UNDER_WAY = (
    "running",
    "deferred",
    "queued",
    "scheduled",
    "up_for_retry",
    "up_for_reschedule",
    "restarting",
    "awaiting_input",
)


@dataclass(frozen=True, slots=True)
class TaskSync:
    """
    A sync that a task has begun, and that no event tells of.

    :param state: what has become of it
    :param attempt: what was to be synced
    :param dag_id: the task's DAG
    :param run_id: its run
    :param task_id: the task
    :param map_index: its index, -1 where it is not mapped
    :param started: when the task started, in epoch milliseconds
    :param at: when it ended, or started if it has not
    """

    state: Literal["failed", "syncing"]
    attempt: Attempt
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    started: int
    at: int

    @property
    def evidence(self) -> Evidence | None:
        """What it proves: that a window, or the whole history, has failed."""
        if self.state != "failed":
            return None
        start, end = self.attempt.interval or (BEGINNING, self.at)
        return Evidence(False, self.attempt.product, (start, min(end, self.at)), self.at)

    @property
    def is_regular(self) -> bool:
        """Whether it is of the window of its run's own schedule."""
        return self.attempt.interval is not None and is_regular(self.attempt.interval, self.run_id)


def read_attempts(session: Session) -> list[TaskSync]:
    """
    Read the syncs that have failed or are under way.

    :param session: of Airflow's database
    """
    # Few tasks are in these states, and each of all the syncs there ever were has its XCom: a join would let SQLite
    # begin with these.
    told = (
        select(text_of(XComModel.value))
        .where(
            XComModel.dag_id == TaskInstance.dag_id,
            XComModel.task_id == TaskInstance.task_id,
            XComModel.run_id == TaskInstance.run_id,
            XComModel.map_index == TaskInstance.map_index,
            XComModel.key == ATTEMPT_KEY,
        )
        .correlate(TaskInstance)
        .scalar_subquery()
    )
    query = select(
        told,
        TaskInstance.state,
        TaskInstance.dag_id,
        TaskInstance.run_id,
        TaskInstance.task_id,
        TaskInstance.map_index,
        TaskInstance.start_date,
        TaskInstance.end_date,
        TaskInstance.updated_at,
    ).where(TaskInstance.state.in_(("failed", *_UNDER_WAY)))
    return list(_readable(session.execute(query)))


def lost_before(attempts: Iterable[TaskSync]) -> dict[str, int]:
    """
    Tell of which accounts the messages may have been thrown away, and when, in epoch milliseconds.

    :param attempts: all that are known
    """
    lost: dict[str, int] = {}
    for sync in attempts:
        if sync.state == "failed" and not sync.attempt.keeps:
            account_id = sync.attempt.account_id
            lost[account_id] = max(lost.get(account_id, 0), sync.started)
    return lost


def _readable(rows: Iterable[Any]) -> Iterator[TaskSync]:
    for text, state, dag_id, run_id, task_id, map_index, start_date, end_date, updated_at in rows:
        told = read_document(text)
        # a worker's XCom is a document within a document
        attempt = attempt_of(read_document(told) if isinstance(told, str) else told)
        since = start_date or updated_at
        if attempt is None or since is None or not _is_id(attempt.account_id):
            continue
        started = milliseconds(since)
        if state == "failed":
            ended = milliseconds(end_date) if end_date else started
            yield TaskSync("failed", attempt, dag_id, run_id, task_id, map_index, started, ended)
        else:
            yield TaskSync("syncing", attempt, dag_id, run_id, task_id, map_index, started, started)


def _is_id(account_id: str) -> bool:
    try:
        account_uri(account_id)
    except ValueError:
        return False
    return True
