"""The asset events of Postpress's accounts, read from Airflow's database, many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.models.asset import AssetEvent, AssetModel
from pydantic_core import from_json
from sqlalchemy import BigInteger, ColumnElement, String, Text, cast, extract, func, select, type_coerce

from airflow_provider_postpress.assets import SCHEME, account_status_uri, account_uri, id_of
from airflow_provider_postpress.page.documents import read_object, text_of
from airflow_provider_postpress.page.spans import DAY, milliseconds

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PREFIX = f"{SCHEME}://accounts/"

Event = tuple[int, Any]
"""When an event was written, in epoch milliseconds, and what it tells: an object, if all is well."""

_MANY = 500
"""So many ids go into one query."""


@dataclass(frozen=True, slots=True)
class AccountAsset:
    """
    An asset of an account.

    :param asset_id: its id
    :param account_id: Postpress's id of the account
    :param is_status: whether it is the account's status, not its messages
    :param uri: its URI
    :param name: the asset's name
    :param extra: what its DAG says of it
    :param events: how many events it has
    """

    asset_id: int
    account_id: str
    is_status: bool
    uri: str
    name: str
    extra: Mapping[str, Any]
    events: int


@dataclass(frozen=True, slots=True)
class Told:
    """
    Events of an asset that tasks of one DAG have written.

    :param asset_id: the asset
    :param dag_id: the DAG; ``None``: no task wrote them, but the webhook, a watcher, or the REST API
    :param count: how many they are
    :param events: the events, in no order
    """

    asset_id: int
    dag_id: str | None
    count: int
    events: list[Event]


def read_assets(session: Session) -> list[AccountAsset]:
    """
    Read which assets of accounts there are.

    :param session: of Airflow's database
    """
    count = select(func.count()).where(AssetEvent.asset_id == AssetModel.id).correlate(AssetModel).scalar_subquery()
    query = select(AssetModel.id, AssetModel.uri, AssetModel.name, text_of(AssetModel.extra), count)
    assets = []
    for asset_id, uri, name, extra, events in session.execute(query.where(_is_accounts()).order_by(AssetModel.id)):
        if told := _account_of(uri):
            assets.append(AccountAsset(asset_id, *told, uri, name, read_object(extra), events))
    return assets


def newest_event(session: Session) -> int:
    """
    Give the highest id of all asset events; -1 if there are none.

    :param session: of Airflow's database
    """
    newest = session.scalar(select(func.max(AssetEvent.id)))
    return -1 if newest is None else int(newest)


def count_events(session: Session, after_id: int, to_id: int) -> Counter[int]:
    """
    Count asset events, whatever their assets, by asset.

    :param session: of Airflow's database
    :param after_id: only events with a higher id
    :param to_id: and no higher id than this
    """
    # counted here: where it is to group them, SQLite goes through all events there are in the assets' order
    query = select(AssetEvent.asset_id).where(AssetEvent.id > after_id, AssetEvent.id <= to_id)
    return Counter(session.scalars(query))


def read_events(
    session: Session, asset_ids: Sequence[int], *, after_id: int | None = None, to_id: int
) -> Iterator[Told]:
    """
    Read events of assets.

    :param session: of Airflow's database
    :param asset_ids: the assets
    :param after_id: only events with a higher id; ``None``: all
    :param to_id: and no higher id than this
    """
    for first in range(0, len(asset_ids), _MANY):
        which = AssetEvent.asset_id.in_(asset_ids[first : first + _MANY]) & (AssetEvent.id <= to_id)
        yield from _read(session, which if after_id is None else which & (AssetEvent.id > after_id))


def _read(session: Session, which: ColumnElement[bool]) -> Iterator[Told]:
    written_at = _MILLISECONDS.get(session.get_bind().dialect.name)
    if written_at is None:
        yield from _read_one_by_one(session, which)
        return
    # a row for each event takes the databases' drivers and SQLAlchemy longer than the rest takes altogether
    event = "[" + cast(written_at, Text) + "," + text_of(AssetEvent.extra) + "]"
    query = (
        select(
            AssetEvent.asset_id,
            AssetEvent.source_dag_id,
            func.count(),
            func.aggregate_strings(event, ","),
        )
        .where(which)
        .group_by(AssetEvent.asset_id, AssetEvent.source_dag_id)
    )
    for asset_id, dag_id, count, events in session.execute(query).all():
        try:
            yield Told(asset_id, dag_id, count, from_json(f"[{events}]"))
        except ValueError:
            by_dag = AssetEvent.source_dag_id.is_not_distinct_from(dag_id)
            yield from _read_one_by_one(session, which & (AssetEvent.asset_id == asset_id) & by_dag)


def _read_one_by_one(session: Session, which: ColumnElement[bool]) -> Iterator[Told]:
    query = select(
        AssetEvent.asset_id,
        AssetEvent.source_dag_id,
        AssetEvent.timestamp,
        text_of(AssetEvent.extra),
    )
    for asset_id, dag_id, timestamp, extra in session.execute(query.where(which)):
        event = (milliseconds(timestamp), read_object(extra))
        yield Told(asset_id, dag_id, 1, [event])


def _is_accounts() -> ColumnElement[bool]:
    return AssetModel.uri.startswith(PREFIX, autoescape=True)


def _account_of(uri: str) -> tuple[str, bool] | None:
    try:
        account_id = id_of(uri)
        if uri in (account_uri(account_id), account_status_uri(account_id)):
            return account_id, uri == account_status_uri(account_id)
    except ValueError:
        pass
    return None  # Airflow lets no such asset in, so somebody else has written it


_EPOCH_AS_JULIAN_DAY = 2_440_587.5
_MILLISECONDS: Mapping[str, ColumnElement[Any]] = {
    "postgresql": cast(extract("epoch", AssetEvent.timestamp) * 1000, BigInteger),
    # of a Julian day's fraction, SQLite knows just the milliseconds
    "sqlite": cast(
        func.round((func.julianday(type_coerce(AssetEvent.timestamp, String)) - _EPOCH_AS_JULIAN_DAY) * DAY), BigInteger
    ),
}
