"""
What Airflow keeps of an account's coverage beside the events, which ``airflow db clean`` deletes.

A checkpoint is of JSON's own types: ``{"v": 1, "synced": {"": [start, end, start, end, …], "recruiter": […]}}``, in
epoch milliseconds, with the syncs of all products under ``""``. Beside them is their index:
``{"v": 1, "dags": ["nightly", …]}``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from airflow_provider_postpress.api.products import LINKEDIN_PRODUCTS
from airflow_provider_postpress.coverage.history import History
from airflow_provider_postpress.coverage.intervals import Interval, union

VERSION = 1
INDEX_KEY = "postpress_coverage"
"""The key of the list of the DAGs that have a checkpoint: a task can read a key, but not ask which there are."""
KEY_PREFIX = f"{INDEX_KEY}:"
"""What the key of a checkpoint begins with; the id of the DAG follows whose syncs it tells of."""


def key_of(dag_id: str) -> str:
    """
    Give the key under which the checkpoint of a DAG's syncs is kept.

    :param dag_id: the DAG
    """
    return KEY_PREFIX + dag_id


def checkpoint_of(history: History) -> dict[str, Any]:
    """
    Write what is synced.

    :param history: what is known of the account by the syncs of one DAG
    """
    synced = {product or "": list(chain(*history.proven(product))) for product in (None, *LINKEDIN_PRODUCTS)}
    return {"v": VERSION, "synced": {product: bounds for product, bounds in synced.items() if bounds}}


def index_of(dag_ids: Iterable[str]) -> dict[str, Any]:
    """
    Write the index.

    :param dag_ids: the DAGs that have a checkpoint
    """
    return {"v": VERSION, "dags": sorted(dag_ids)}


def read_index(value: Any) -> frozenset[str]:
    """
    Read the index; no DAGs if it is none.

    :param value: what was kept
    """
    match value:
        case {"v": 1, "dags": list(dag_ids)}:
            return frozenset(dag_id for dag_id in dag_ids if isinstance(dag_id, str) and dag_id)
    return frozenset()


def is_later(value: Any) -> bool:
    """
    Tell whether something was written by a later version of this package, and is to be left alone.

    :param value: a checkpoint, or the index
    """
    return isinstance(value, dict) and isinstance(value.get("v"), int) and value["v"] > VERSION


def read_checkpoint(value: Any) -> History | None:
    """
    Read a checkpoint; ``None`` if it is none.

    :param value: what was kept
    """
    match value:
        case {"v": 1, "synced": dict(synced)} if all(_is_readable(product, synced[product]) for product in synced):
            history = History()
            for product, bounds in synced.items():
                history.note_synced(product or None, _intervals(bounds))
            return history
    return None


def _is_readable(product: Any, bounds: Any) -> bool:
    return (
        product in ("", *LINKEDIN_PRODUCTS)
        and isinstance(bounds, list)
        and len(bounds) % 2 == 0
        and all(isinstance(bound, int) and not isinstance(bound, bool) and bound >= 0 for bound in bounds)
    )


def _intervals(bounds: list[int]) -> list[Interval]:
    return union(zip(bounds[::2], bounds[1::2], strict=True))
