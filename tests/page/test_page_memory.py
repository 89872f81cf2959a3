"""What a process remembers of the events: it is what the database holds, whoever asks and whatever has happened."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from page_past import SPAN, Past, Read, epoch, tables_made, utc
from page_server import kinds, segments
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from airflow_provider_postpress.assets import account_uri
from airflow_provider_postpress.page.accounts import read_accounts
from airflow_provider_postpress.page.rights import AllRights


class Hidden(AllRights):
    """The rights of one who may not read one DAG."""

    def may_read(self, dag_id: str | None) -> bool:
        return dag_id != "hidden"


@pytest.fixture
def documents(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each reading took from the database."""
    from airflow_provider_postpress.page import known

    counts: list[int] = []
    read_events = known.read_events

    def counted(*which, **how):
        for told in read_events(*which, **how):
            counts.append(told.count)
            yield told

    monkeypatch.setattr(known, "read_events", counted)
    return counts


def synced(told: dict) -> list[tuple[float, float]]:
    return [(start, end) for start, kind, end in segments(told) if kind == "synced"]


def test_what_is_known_is_not_read_again_but_what_is_new(past: Past, read: Read, documents: list[int]):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    past.days("other", utc(2026, 3, 5), utc(2026, 3, 10))
    first = read("acc")
    assert sum(documents) == 10
    assert read("acc") == first
    assert sum(documents) == 10
    past.days("acc", utc(2026, 3, 10), utc(2026, 3, 12))
    assert synced(read("acc")) == [(epoch(utc(2026, 3, 5)), epoch(utc(2026, 3, 12)))]
    assert sum(documents) == 12


def test_an_event_that_was_committed_late_with_a_lower_id_is_seen(past: Past, read: Read):
    first = past.sync("acc", utc(2026, 3, 5), utc(2026, 3, 6))
    past.sync("acc", utc(2026, 3, 7), utc(2026, 3, 8), event_id=first + 20_000)
    assert kinds(read("acc")).count("synced") == 2
    past.sync("acc", utc(2026, 3, 6), utc(2026, 3, 7), event_id=first + 1)
    assert synced(read("acc")) == [(epoch(utc(2026, 3, 5)), epoch(utc(2026, 3, 8)))]


def test_events_that_were_deleted_are_known_no_more(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    read("acc")
    past.forget_events(before=utc(2026, 3, 8))
    assert synced(read("acc")) == [(epoch(utc(2026, 3, 7)), epoch(utc(2026, 3, 10)))]


def test_as_many_others_in_their_place_are_seen(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    read("acc")
    past.forget_events()
    past.sync("elsewhere", utc(2026, 3, 1), utc(2026, 3, 2))
    past.days("acc", utc(2026, 3, 12), utc(2026, 3, 17))
    assert synced(read("acc")) == [(epoch(utc(2026, 3, 12)), epoch(utc(2026, 3, 17)))]


def test_a_database_that_began_anew_is_read_anew(past: Past, read: Read):
    past.sync("acc", utc(2026, 3, 5), utc(2026, 3, 6), event_id=2_000_000)
    read("acc")
    past.forget_events()
    past.sync("acc", utc(2026, 3, 12), utc(2026, 3, 13), event_id=1_000_000)
    assert synced(read("acc")) == [(epoch(utc(2026, 3, 12)), epoch(utc(2026, 3, 13)))]


def test_after_very_many_events_of_others_all_is_read_anew(past: Past, read: Read, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("airflow_provider_postpress.page.known._MOST_NEW", 3)
    past.sync("acc", utc(2026, 3, 5), utc(2026, 3, 6))
    read("acc")
    for _ in range(5):
        past.event("s3://other", {}, utc(2026, 3, 6))
    past.sync("acc", utc(2026, 3, 6), utc(2026, 3, 7))
    assert synced(read("acc")) == [(epoch(utc(2026, 3, 5)), epoch(utc(2026, 3, 7)))]


def test_an_asset_that_is_gone_is_forgotten(past: Past, read_all: Read):
    past.sync("acc", utc(2026, 3, 5), utc(2026, 3, 6))
    assert len(read_all()["accounts"]) == 1
    past.clear()
    assert read_all()["accounts"] == []


def test_an_asset_of_which_there_are_no_events_yet_is_an_account(past: Past, read: Read):
    past.asset(account_uri("acc"))
    assert kinds(read("acc")) == ["before"]


def test_another_database_is_not_mixed_up_with_it(past: Past, read: Read, tmp_path_factory: pytest.TempPathFactory):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    read("acc")
    other = tables_made(f"sqlite:///{tmp_path_factory.mktemp('other')}/airflow.db")
    with Session(other) as session:
        assert read_accounts(session, AllRights()) == {}
    assert len(synced(read("acc"))) == 1


def test_what_one_may_see_is_not_shown_to_another(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10), dag_id="hidden")
    past.days("acc", utc(2026, 3, 10), utc(2026, 3, 20), dag_id="open")
    for _ in range(2):
        assert kinds(read("acc")) == ["before", "synced", "pending"]
        told = read("acc", rights=Hidden())
        assert (kinds(told), told["hidden"]) == (["unknown", "synced", "pending"], 5)
        assert told["since"] == epoch(utc(2026, 3, 10))


def test_an_account_of_which_something_is_hidden_is_never_called_missing_failed_or_disconnected(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 2), utc(2026, 3, 5), dag_id="open")
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 8), dag_id="hidden")
    past.sync("acc", utc(2026, 3, 10), utc(2026, 3, 11), dag_id="open", status="SYNC_ERROR")
    past.days("acc", utc(2026, 3, 12), utc(2026, 3, 20), dag_id="open")
    past.status("acc", "STOPPED", utc(2026, 3, 5))
    told = read("acc", rights=Hidden())
    assert kinds(told) == ["unknown", "synced", "unknown", "synced", "pending"]
    assert told["hidden"] == 3
    assert "missing" in kinds(read("acc")) or "disconnected" in kinds(read("acc"))


def test_what_is_hidden_alone_is_counted_and_no_more_is_told_of_it(past: Past, read: Read, read_detail: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 8), dag_id="hidden")
    told = read_detail("acc", rights=Hidden())
    assert (told["hidden"], told["since"], told["last"], told["windows"]) == (3, None, None, [])
    assert kinds(told) == ["unknown", "pending"]


def test_of_an_account_that_only_a_hidden_task_has_told_of_nothing_is_told(past: Past, read_all: Read):
    told = {"account_id": "acc", "window": None, "product": None, "partial": True}
    past.task("hidden", "failed", told, started=utc(2026, 3, 10))
    assert len(read_all()["accounts"]) == 1
    assert read_all(rights=Hidden())["accounts"] == []


def test_a_hidden_failure_and_a_hidden_checkpoint_make_an_account_partly_hidden(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 8), dag_id="open")
    told = {"account_id": "acc", "window": None, "product": None, "partial": True}
    past.task("hidden", "failed", told, started=utc(2026, 3, 10))
    past.checkpoint("acc", "hidden", {"v": 1, "synced": {"": [0, 1000]}}, utc(2026, 3, 10))
    assert read("acc", rights=Hidden())["hidden"] == 2


def test_many_at_once_are_told_the_same(past: Past, read: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 20))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: read("acc")["seg"], range(40)))
    assert all(answer == answers[0] for answer in answers)
    assert kinds(read("acc")) == ["before", "synced", "pending"]


def test_reading_changes_nothing(past: Past, engine: Engine, read: Read, read_detail: Read):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 20))
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    read("acc", *SPAN)
    read_detail("acc")
    assert statements
    assert all(statement.lstrip().upper().startswith("SELECT") for statement in statements)


def test_a_database_that_this_package_has_no_short_cut_for_is_read_event_by_event(
    past: Past, read: Read, monkeypatch: pytest.MonkeyPatch
):
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    before = read("acc")
    past.sync("acc", utc(2026, 3, 15), utc(2026, 3, 16))
    after = read("acc")
    past.clear()
    monkeypatch.setattr("airflow_provider_postpress.page.events._MILLISECONDS", {})
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    assert read("acc")["seg"] == before["seg"]
    past.sync("acc", utc(2026, 3, 15), utc(2026, 3, 16))
    assert read("acc")["seg"] == after["seg"]


def test_its_queries_use_the_indexes_there_are(past: Past, engine: Engine, read: Read):
    """Or a busy Airflow of years is read from end to end: SQLite tells its plan whatever the tables hold."""
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by how much the tables hold.")
    statements: list[tuple[str, tuple]] = []
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append((told[2], told[3])))
    past.days("acc", utc(2026, 3, 5), utc(2026, 3, 10))
    statements.clear()
    read("acc")
    read("acc")
    past.sync("acc", utc(2026, 3, 15), utc(2026, 3, 16))
    statements.clear()
    read("acc")
    plans = []
    with create_engine(engine.url).connect() as connection:
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            plans += [f"{step[3]}" for step in plan]
    assert not [step for step in plans if step.startswith(("SCAN asset_event", "SCAN xcom", "SCAN task_instance"))]
