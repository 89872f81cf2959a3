"""Writing changes as asset events into Airflow's database, from within its API server."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from airflow.assets.manager import asset_manager
from airflow.models.asset import AssetActive, AssetEvent, AssetModel
from airflow.utils.session import create_session
from airflow.utils.sqlalchemy import with_row_locks
from sqlalchemy import and_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError  # noqa: A004 (as SQLAlchemy has it)

from airflow_provider_postpress.webhook.changes import Change
from airflow_provider_postpress.webhook.repeats import Sameness, Stream, sameness, stream

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Outcome = Literal["recorded", "repeated", "no asset", "failed"]
Changes = Sequence[Change]

log = logging.getLogger(__name__)


def register(deliveries: Sequence[Changes], *, repeat_seconds: float) -> list[Outcome]:
    """
    Write the changes of deliveries as events of the active assets that have their URIs, whatever the assets' names.

    Deliveries are written in one transaction. Once this has returned, what it says was recorded is committed. Blocks.

    :param deliveries: the changes of each
    :param repeat_seconds: what an asset was told within so many seconds, it is not told again; 0: it is always told
    :return: what became of each
    """
    try:
        return _write(deliveries, repeat_seconds)
    except (InterfaceError, OperationalError, TimeoutError):
        log.exception("The database does not take events of Postpress's webhook.")
        return ["failed"] * len(deliveries)
    except Exception:
        log.exception("An event of Postpress's webhook cannot be recorded.")
        if len(deliveries) == 1:
            return ["failed"]
    # one of them, and the others must not suffer from it
    return [outcome for delivery in deliveries for outcome in register([delivery], repeat_seconds=repeat_seconds)]


def _write(deliveries: Sequence[Changes], repeat_seconds: float) -> list[Outcome]:
    listeners: list[Callable[[], None]] = []
    with create_session(scoped=False) as session:
        assets = _lock_assets(session, {change.uri for delivery in deliveries for change in delivery})
        ids = [asset.id for named in assets.values() for asset in named]
        told = _told_since(session, ids, repeat_seconds) if repeat_seconds and ids else None
        outcomes = [_write_one(session, delivery, assets, told, listeners) for delivery in deliveries]
    for listener in listeners:
        listener()
    return outcomes


def _write_one(
    session: Session,
    delivery: Changes,
    assets: Mapping[str, Collection[AssetModel]],
    told: dict[tuple[int, Stream], Sameness] | None,
    listeners: list[Callable[[], None]],
) -> Outcome:
    outcome: Outcome = "no asset"
    for change in delivery:
        same = sameness(change.extra)
        for asset in assets.get(change.uri, ()):
            if told is not None:
                newest = (asset.id, stream(change.extra))
                if told.get(newest) == same:
                    outcome = "repeated" if outcome == "no asset" else outcome
                    continue
                told[newest] = same
            # as for an event of a watcher: of no team. Where Airflow can, listeners hear of it when it is committed
            asset_manager.register_asset_change(
                asset=asset, extra=change.extra, session=session, callback_sink=listeners
            )
            outcome = "recorded"
    if outcome == "no asset":
        log.info("Postpress told of %s, and no DAG refers to that.", " and ".join(change.uri for change in delivery))
    return outcome


def _lock_assets(session: Session, uris: Collection[str]) -> Mapping[str, Collection[AssetModel]]:
    """Give the active assets by URI. Another process that writes their events waits until this transaction's end."""
    if session.get_bind().dialect.name == "sqlite":
        # its one lock, taken before anything is read: SQLite refuses a reader that becomes a writer too late
        unchanged = {"uri": AssetModel.uri, "updated_at": AssetModel.updated_at}
        none = update(AssetModel).where(AssetModel.id < 0).values(unchanged)
        session.execute(none, execution_options={"synchronize_session": False})
    active = and_(AssetActive.name == AssetModel.name, AssetActive.uri == AssetModel.uri)
    query = select(AssetModel).join(AssetActive, active).where(AssetModel.uri.in_(uris)).order_by(AssetModel.id)
    assets = defaultdict(list)
    for asset in session.scalars(with_row_locks(query, session, of=AssetModel)):
        assets[asset.uri].append(asset)
    return assets


def _told_since(session: Session, asset_ids: Collection[int], seconds: float) -> dict[tuple[int, Stream], Sameness]:
    since = datetime.now(UTC) - timedelta(seconds=seconds)
    query = select(AssetEvent.asset_id, AssetEvent.extra)
    query = query.where(AssetEvent.asset_id.in_(asset_ids), AssetEvent.timestamp >= since).order_by(AssetEvent.id)
    return {(asset_id, stream(extra or {})): sameness(extra or {}) for asset_id, extra in session.execute(query)}
