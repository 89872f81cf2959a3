"""What Airflow keeps of the accounts' coverage beside their asset events: Airflow 3.3 and later."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from airflow_provider_postpress.api.products import LINKEDIN_PRODUCTS
from airflow_provider_postpress.coverage.checkpoint import KEY_PREFIX, read_checkpoint
from airflow_provider_postpress.coverage.evidence import BEGINNING
from airflow_provider_postpress.coverage.history import History
from airflow_provider_postpress.coverage.intervals import clip
from airflow_provider_postpress.page.documents import read_document
from airflow_provider_postpress.page.settings import MOST_KEPT
from airflow_provider_postpress.page.spans import milliseconds

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

try:
    from airflow.models.asset_state_store import AssetStateStoreModel as _Store
except ImportError:  # before Airflow 3.3
    _Store: Any = None  # type: ignore[no-redef]

ARE_KEPT = _Store is not None
"""Whether this Airflow can keep them."""


def read_checkpoints(session: Session) -> dict[int, dict[str, History]]:
    """
    Read what is kept, by asset and DAG, but what cannot be read.

    :param session: of Airflow's database
    """
    kept: dict[int, dict[str, History]] = {}
    if not ARE_KEPT:
        return kept
    query = select(_Store.asset_id, _Store.key, _Store.value, _Store.updated_at)
    query = query.where(_Store.key.startswith(KEY_PREFIX, autoescape=True))
    for asset_id, key, text, updated_at in session.execute(query):
        if history := _read(text, milliseconds(updated_at)):
            kept.setdefault(asset_id, {})[key.removeprefix(KEY_PREFIX)] = history
    return kept


@lru_cache(maxsize=MOST_KEPT)
def _read(text: str, written_at: int) -> History | None:
    history = read_checkpoint(read_document(text))
    if history is None:
        return None
    known = History()
    for product in (None, *LINKEDIN_PRODUCTS):
        # what was not over when it was written, no sync can have proven
        if proven := clip(history.proven(product), (BEGINNING, written_at)):
            known.note_synced(product, proven)
    return known
