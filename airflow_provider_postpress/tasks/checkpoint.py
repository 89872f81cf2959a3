"""What is kept of an account's coverage in the state store of its asset: Airflow 3.3 and later, nothing before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.tasks.asset_events import events_of_active, evidence_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.sdk.types import Logger

    from airflow_provider_postpress.coverage.history import History


def kept(uri: str, dag_ids: Iterable[str]) -> list[History]:
    """
    Read the checkpoints of an account, but those that cannot be read.

    :param uri: the account's asset
    :param dag_ids: DAGs that may have one, beside those that the index names
    """
    from airflow_provider_postpress.coverage.checkpoint import INDEX_KEY, key_of, read_checkpoint, read_index

    store = _store_of(uri)
    if store is None:
        return []
    known = read_index(store.get(INDEX_KEY)).union(dag_ids)
    found = (read_checkpoint(store.get(key_of(dag_id))) for dag_id in sorted(known))
    return [history for history in found if history is not None]


def keep(uri: str, dag_id: str, extra: Mapping[str, Any], at: int, log: Logger) -> None:
    """
    Add what a sync has proven to the checkpoint of its DAG. What goes wrong is logged and of no further consequence.

    It takes one request to Airflow's API server, and two more where the sync has proven something new. The first of a
    DAG takes three more: it begins with what the asset's events tell of the DAG's syncs, and is added to the index.

    :param uri: the account's asset
    :param dag_id: the DAG
    :param extra: what the event of the sync tells
    :param at: the present moment, in epoch milliseconds
    :param log: where to say what went wrong
    """
    store = _store_of(uri)
    if store is None:
        return
    try:
        _keep(store, uri, dag_id, extra, at, log)
    except Exception as error:  # noqa: BLE001 - the sync has succeeded, whatever becomes of this
        log.warning(
            "What is synced could not be added to Airflow's state store of %s, where it outlasts `airflow db clean`; "
            "the event of the asset tells it all the same. %s",
            uri,
            error,
        )


def _keep(store: Any, uri: str, dag_id: str, extra: Mapping[str, Any], at: int, log: Logger) -> None:
    from airflow_provider_postpress.coverage.checkpoint import checkpoint_of, is_later, key_of, read_checkpoint
    from airflow_provider_postpress.coverage.evidence import evidence_of

    proven = evidence_of(extra, at)
    if proven is None:
        return
    value = store.get(key_of(dag_id))
    if is_later(value):
        log.info("The checkpoint of %s was written by a later version of this package, and is left as it is.", uri)
        return
    history = read_checkpoint(value) or _told_by_events(uri, dag_id)
    if history is None:
        # the scheduler activates an asset some seconds after its first event: the next sync begins the checkpoint
        log.debug("Airflow does not keep anything for %s yet.", uri)
        return
    merged = checkpoint_of(history.note([proven]))
    if merged != value:
        store.set(key_of(dag_id), merged)
        _add_to_index(store, dag_id)


def _add_to_index(store: Any, dag_id: str) -> None:
    from airflow_provider_postpress.coverage.checkpoint import INDEX_KEY, index_of, is_later, read_index

    value = store.get(INDEX_KEY)
    dag_ids = read_index(value)
    # looked at each time: of two DAGs that begin at once, one may have overwritten what the other had added
    if dag_id not in dag_ids and not is_later(value):
        store.set(INDEX_KEY, index_of({*dag_ids, dag_id}))


def _told_by_events(uri: str, dag_id: str) -> History | None:
    from airflow_provider_postpress.coverage.history import History

    events = events_of_active(uri)
    if events is None:
        return None
    return History().note(evidence_in(event for event in events if event.source_dag_id == dag_id))


def _store_of(uri: str) -> Any:
    try:
        from airflow.sdk.execution_time.context import AssetStateStoreAccessor
    except ImportError:  # before Airflow 3.3
        return None
    return AssetStateStoreAccessor(uri=uri)
