"""What syncs have left in Airflow's database, written there as it is, whatever database it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, Engine, MetaData, Table, Text, cast, create_engine, delete, event, insert, literal

from airflow_provider_postpress.assets import account_status_uri, account_uri
from demo.past import DailySyncs, status_event, sync_event

HOUR = timedelta(hours=1)


Read = Callable[..., Any]


def utc(*parts: int) -> datetime:
    """Give a moment in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


NOW = utc(2026, 3, 20, 12)
"""The present moment of those tests that choose it."""
SPAN = (utc(2026, 3, 1), utc(2026, 3, 21))
"""And the span of time that they look at."""


def milliseconds(moment: datetime) -> int:
    """Give epoch milliseconds."""
    return round(moment.timestamp() * 1000)


def epoch(moment: datetime) -> float:
    """Give epoch seconds."""
    return moment.timestamp()


def window(start: datetime, end: datetime) -> dict[str, str]:
    """Write a window as syncs tell of it."""
    return {"start": start.isoformat(), "end": end.isoformat()}


def tables_made(url: str) -> Engine:
    """Make the tables of Airflow in an empty database."""
    from airflow.models import import_all_models
    from airflow.models.base import Base

    import_all_models()
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    return engine


class Raw(str):
    """A document that is written as it is."""

    __slots__ = ()


class Past(DailySyncs):
    """
    Writes into an Airflow's database.

    :param engine: of the database
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
        self._tables = MetaData()
        self._tables.reflect(engine, only=lambda name, _: name in _TABLES)
        self._assets: dict[str, int] = {}

    def asset(self, uri: str, *, name: str | None = None, extra: Any = None) -> int:
        """Have an asset, and give its id."""
        if (uri, name) not in self._assets:
            now = self._at(datetime.now(UTC))
            row = {"name": name or uri, "uri": uri, "group": "asset", "created_at": now, "updated_at": now}
            self._assets[uri, name] = self._insert("asset", **row, extra=self._json(extra or {}))
        return self._assets[uri, name]

    def event(
        self,
        uri: str,
        extra: Any,
        at: datetime,
        *,
        dag_id: str | None = None,
        run_id: str | None = None,
        task_id: str | None = None,
        map_index: int = -1,
        event_id: int | None = None,
        name: str | None = None,
    ) -> int:
        """Write an event of an asset."""
        return self._insert(
            "asset_event",
            asset_id=self.asset(uri, name=name),
            extra=self._json(extra),
            timestamp=self._at(at),
            source_dag_id=dag_id,
            source_run_id=run_id,
            source_task_id=task_id,
            source_map_index=map_index,
            **({} if event_id is None else {"id": event_id}),
        )

    def sync(
        self,
        account_id: str,
        start: datetime,
        end: datetime,
        *,
        at: datetime | None = None,
        status: str = "SYNC_DONE",
        product: str | None = None,
        dag_id: str | None = "syncing",
        run: str | None = None,
        **more: Any,
    ) -> int:
        """Write the event of a sync of a window."""
        at = at or end + HOUR
        run_id = run or (dag_id and f"scheduled__{end.isoformat()}")
        extra = sync_event(start, end, began=at - HOUR / 2, status=status, product=product, run_id=run_id)
        whence = {"dag_id": dag_id, "run_id": run_id, "task_id": dag_id and "resync"}
        return self.event(account_uri(account_id), extra, at, **{**whence, **more})

    def status(self, account_id: str, message: str, at: datetime, **more: Any) -> int:
        """Write the event of a status, as the webhook does."""
        extra = status_event(account_id, message, at, "LINKEDIN")
        return self.event(account_status_uri(account_id), extra, at + timedelta(seconds=1), **more)

    def task(
        self,
        dag_id: str,
        state: str,
        told: Any,
        *,
        started: datetime,
        ended: datetime | None = None,
        map_index: int = -1,
        run_id: str | None = None,
        key: str = "postpress_sync",
    ) -> str:
        """Write a task with what it told before its sync, as an XCom; give its run."""
        run_id = run_id or f"manual__{uuid4()}"
        run = self._insert(
            "dag_run",
            dag_id=dag_id,
            run_id=run_id,
            run_type="manual",
            state="running",
            run_after=self._at(started),
            start_date=self._at(started),
            clear_number=0,
            span_status="ended",
            **({"conf": self._json({})} if "conf" in self._tables.tables["dag_run"].c else {}),
        )
        is_postgres = self.engine.dialect.name == "postgresql"
        self._insert(
            "task_instance",
            id=uuid4() if is_postgres else uuid4().hex,
            dag_id=dag_id,
            run_id=run_id,
            task_id="resync",
            map_index=map_index,
            state=state,
            start_date=self._at(started),
            end_date=ended and self._at(ended),
            updated_at=self._at(ended or started),
            pool="default_pool",
            pool_slots=1,
            try_number=1,
            max_tries=0,
            priority_weight=1,
            span_status="ended",
        )
        self._insert(
            "xcom",
            dag_run_id=run,
            dag_id=dag_id,
            run_id=run_id,
            task_id="resync",
            map_index=map_index,
            key=key,
            # a worker's value is JSON in JSON
            value=self._json(json.dumps(told)),
            timestamp=self._at(started),
        )
        return run_id

    def checkpoint(self, account_id: str, dag_id: str, value: Any, at: datetime) -> None:
        """Write what is kept beside the events."""
        self._insert(
            "asset_state_store",
            asset_id=self.asset(account_uri(account_id)),
            key=f"postpress_coverage:{dag_id}",
            value=value if isinstance(value, Raw) else json.dumps(value),
            updated_at=self._at(at),
        )

    def forget_events(self, *, before: datetime | None = None) -> None:
        """Delete events, as ``airflow db clean`` does."""
        events = self._tables.tables["asset_event"]
        with self.engine.begin() as connection:
            connection.execute(
                delete(events).where(events.c.timestamp < self._at(before)) if before else delete(events)
            )

    def clear(self) -> None:
        """Delete all that can be written here."""
        self._assets.clear()
        with self.engine.begin() as connection:
            for name in _TABLES:
                if name in self._tables.tables:
                    connection.execute(delete(self._tables.tables[name]))

    def _insert(self, table: str, **row: Any) -> int:
        target: Table = self._tables.tables[table]
        with self.engine.begin() as connection:
            key = connection.execute(insert(target).values(row)).inserted_primary_key
        return int(key[0]) if key and isinstance(key[0], int) else 0

    def _json(self, value: Any) -> Any:
        written = literal(value if isinstance(value, Raw) else json.dumps(value), Text())
        # written as text, so that what is no JSON to Python gets through as well
        return cast(written, JSON) if self.engine.dialect.name == "postgresql" else written

    def _at(self, moment: datetime) -> Any:
        return moment if self.engine.dialect.name == "postgresql" else moment.astimezone(UTC).replace(tzinfo=None)


_TABLES = ("xcom", "task_instance", "dag_run", "asset_state_store", "asset_event", "asset")
