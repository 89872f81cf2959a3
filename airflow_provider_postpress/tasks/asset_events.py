"""Telling Airflow that messages were refreshed, so that DAGs on them run; and reading what was told before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType

from airflow_provider_postpress.assets import SYNCED

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_postpress.coverage.evidence import Evidence


def synced_extra(result: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """
    Write what the event of a sync tells.

    :param result: what the sync came to
    :param context: the run
    """
    return {
        "told_by": "sync",
        "status": result["status"],
        "window": result["window"],
        "product": result["parameters"].get("linkedin_product"),
        "partial": result["parameters"].get("partial"),
        "chunks": result["chunks"],
        "started_at": result["started_at"],
        "run": context["run_id"],
    }


def emit_synced(uri: str, extra: Mapping[str, Any], context: Context) -> None:
    """
    Emit an event for the asset that a sync has refreshed, when the task succeeds.

    :param uri: the asset's
    :param extra: what the event tells
    :param context: the run
    """
    for outlet in context["task"].outlets:
        if getattr(outlet, "uri", None) == uri:
            # declared, Airflow emits its event in any case: another would double it
            context["outlet_events"][outlet].extra.update(extra)
            return
    # an asset that is declared nowhere can only be reached through an alias: Airflow drops events of other outlets
    events = context["outlet_events"][SYNCED]
    try:
        # whatever name a DAG gave the asset
        events.add(Asset.ref(uri=uri), extra=dict(extra))  # type: ignore[arg-type]  # Airflow takes both and types one
    except AirflowRuntimeError:
        events.add(Asset(uri), extra=dict(extra))


def past_events(uri: str, *, after: datetime | None = None) -> Sequence[Any]:
    """
    Read the events of an asset, in their order, without its being an inlet of the task.

    :param uri: the asset's
    :param after: only those since this moment; before Airflow 3.2, which cannot choose, all of them
    """
    events = events_of_active(uri, after=after)
    # what a sync made has no name but its URI, and can be read by both though no DAG has it any more, or not yet
    return _read(Asset(uri), after) if events is None else events


def events_of_active(uri: str, *, after: datetime | None = None) -> Sequence[Any] | None:
    """
    Read the events of an asset, as :func:`past_events` does; ``None`` if Airflow has none with this URI that is active.

    :param uri: the asset's
    :param after: only those since this moment
    """
    try:
        return _read(Asset.ref(uri=uri), after)
    except AirflowRuntimeError as error:
        if error.error.error is ErrorType.ASSET_NOT_FOUND:
            return None
        raise


def evidence_in(events: Iterable[Any]) -> Iterator[Evidence]:
    """
    Read what events of an account's asset prove.

    :param events: the events, as Airflow gives them
    """
    from airflow_provider_postpress.coverage.evidence import evidence_of_event

    for event in events:
        known = evidence_of_event(event)
        if known is not None:
            yield known


def _read(asset: Any, after: datetime | None) -> Sequence[Any]:
    from airflow.sdk.execution_time.context import InletEventsAccessors

    events: Any = InletEventsAccessors([asset])[asset]
    if after is not None and hasattr(events, "after"):
        events = events.after(after.isoformat())
    return list(events)
