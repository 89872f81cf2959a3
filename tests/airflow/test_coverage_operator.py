"""Finding what is missing, from what Airflow knows, and handing it to the tasks that fill it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
import pytest
from airflow.models.asset import AssetEvent, AssetModel
from airflow.sdk import DAG, Context, task
from airflow.utils.session import create_session
from sqlalchemy import delete, select, text

from airflow_provider_postpress.assets import account_asset, account_uri
from airflow_provider_postpress.emulator import Emulator
from airflow_provider_postpress.exceptions import PostpressRequestRefused, PostpressWindowError
from airflow_provider_postpress.operators.account import PostpressListAccountsOperator
from airflow_provider_postpress.operators.coverage import PostpressCoverageOperator
from airflow_provider_postpress.operators.resync import PostpressResyncOperator
from airflow_provider_postpress.tasks.coverage import missing_windows

HAS_A_STORE = "asset_state_store" in Context.__annotations__
"""Whether Airflow keeps something for an asset: since 3.3."""
START = pendulum.datetime(2026, 1, 1)
TOLD_AT = datetime(2026, 2, 1, tzinfo=UTC)
MONTH = {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}
FAST = {"poll_interval": 0.01, "max_poll_interval": 0.01}


def day(of_january: int) -> str:
    return f"2026-01-{of_january:02}T00:00:00+00:00"


def window(first: int, last: int) -> dict[str, str]:
    return {"start": day(first), "end": day(last)}


def synced(account: str, first: int, last: int, *, product: str | None = None, dag_id: str = "nightly") -> AssetEvent:
    """Give the event of a sync of some days of January; the day of the last is not among them."""
    with create_session() as session:
        asset_id = session.scalars(select(AssetModel.id).where(AssetModel.uri == account_uri(account))).one()
    extra = {"told_by": "sync", "status": "SYNC_DONE", "window": window(first, last), "product": product}
    return AssetEvent(asset_id=asset_id, source_dag_id=dag_id, extra=extra, timestamp=TOLD_AT)


def tell(*events: AssetEvent) -> None:
    with create_session() as session:
        session.add_all(events)


def keep(account: str, dag_id: str, *bounds: int) -> None:
    """Put days of January into the checkpoint of a DAG's syncs."""
    moments = [round(pendulum.datetime(2026, 1, bound).timestamp() * 1000) for bound in bounds]
    store(account, f"postpress_coverage:{dag_id}", {"v": 1, "synced": {"": moments}})


def store(account: str, key: str, value: Any) -> None:
    """Put something into the state store of an account's asset."""
    with create_session() as session:
        session.execute(
            text(
                "insert into asset_state_store (asset_id, key, value, updated_at) "
                "select id, :key, :value, :now from asset where uri = :uri"
            ),
            {
                "uri": account_uri(account),
                "key": key,
                "value": json.dumps(value),
                "now": TOLD_AT,
            },
        )


def dag_under_test() -> DAG:
    with DAG("finding", schedule=None, start_date=START, params={"account": "holey", "since": MONTH["start"]}) as dag:
        PostpressCoverageOperator(task_id="one", account_id="holey", **MONTH)
        PostpressCoverageOperator(
            task_id="templated", account_id="{{ params.account }}", start="{{ params.since }}", end="2026-02-01"
        )
        PostpressCoverageOperator(task_id="listed", accounts="{{ ['holey', 'holey', 'old'] }}", max_windows=1, **MONTH)
        PostpressCoverageOperator(
            task_id="cut", account_id="holey", max_window=timedelta(days=10), max_windows=2, **MONTH
        )
        for product in ("classic", "recruiter"):
            PostpressCoverageOperator(
                task_id=product, account_id="recruiting", linkedin_product=product, start=day(5), end=day(6)
            )
        PostpressCoverageOperator(task_id="orphan", account_id="orphan", start=day(5), end=day(7))
        PostpressCoverageOperator(task_id="unknown", account_id="never/seen", start=day(5), end=day(7))
        PostpressCoverageOperator(task_id="kept", account_id="kept", start=day(1), end=day(11))
        PostpressCoverageOperator.partial(task_id="mapped", start=day(5), end=day(7)).expand(
            account_id=["holey", "never/seen"]
        )

        @task
        def helper() -> list[dict[str, str]]:
            for wrong in (0, True, "3"):
                with pytest.raises(ValueError, match=f"max_windows={wrong!r} is not allowed"):
                    missing_windows("holey", MONTH["start"], max_windows=wrong)
            found = missing_windows("holey", MONTH["start"], MONTH["end"], max_window=timedelta(days=10), max_windows=2)
            return [window.as_dict() for window in found]

        helper()
    return dag


@pytest.fixture(scope="module")
def found(run_dag: Callable[..., Any], put_dag: Callable[[DAG], None]) -> Iterator[Callable[..., Any]]:
    """Give what the tasks of one run of the DAG have found."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("AIRFLOW_CONN_POSTPRESS_DEFAULT", raising=False)
        know(put_dag, "holey", "old", "recruiting", "kept")
        with create_session() as session:
            # as a sync makes it, before the scheduler has activated it or when no DAG is left
            session.add(AssetModel(name=account_uri("orphan"), uri=account_uri("orphan"), group="asset"))
        tell(
            *(synced("holey", first, last) for first, last in ((1, 5), (6, 8), (21, 31))),
            synced("old", 3, 31),
            synced("recruiting", 5, 6, product="recruiter"),
            synced("orphan", 6, 7),
            synced("kept", 1, 2, dag_id="nightly"),
        )
        if HAS_A_STORE:
            keep("kept", "nightly", 2, 4)
            keep("kept", "finding", 4, 6)
            for dag_id, number in (("gone", 6), ("unlisted", 9)):
                keep("kept", dag_id, number, number + 1)
            store("kept", "postpress_coverage", {"v": 1, "dags": ["gone", 7, "", "never seen"]})
        dag_run = run_dag(dag_under_test())
        yield lambda task_id, index=-1: result_of(dag_run, task_id, index)


def know(put_dag: Callable[[DAG], None], *accounts: str) -> None:
    """Have Airflow know the assets of accounts, by a DAG that is scheduled on them."""
    put_dag(DAG("knowing", schedule=[account_asset(account) for account in accounts], start_date=START))


def result_of(dag_run: Any, task_id: str, index: int = -1) -> Any:
    return dag_run.get_task_instance(task_id, map_index=index).xcom_pull(task_ids=task_id, map_indexes=index)


HOLES = [window(5, 6), window(8, 21), {"start": day(31), "end": "2026-02-01T00:00:00+00:00"}]


def of(account: str, *windows: dict[str, str], **more: str) -> list[dict[str, Any]]:
    return [{"account_id": account, "window": window, **more} for window in windows]


@pytest.mark.parametrize("task_id", ["one", "templated"])
def test_the_holes_of_an_account_are_found_oldest_first_without_a_connection(found, task_id):
    assert found(task_id) == of("holey", *HOLES)


def test_the_oldest_hole_of_each_account_is_found_the_oldest_of_all_first(found):
    assert found("listed") == [*of("old", window(1, 3)), *of("holey", window(5, 6))]


def test_a_long_hole_is_cut_and_no_more_are_given_than_are_wanted(found):
    assert found("cut") == of("holey", window(5, 6), window(8, 18))


def test_a_product_has_holes_of_its_own_and_the_task_that_fills_them_is_told_it(found):
    assert found("recruiter") == []
    assert found("classic") == of("recruiting", window(5, 6), linkedin_product="classic")


def test_an_asset_that_no_dag_has_is_known_all_the_same(found):
    assert found("orphan") == of("orphan", window(5, 6))


def test_all_of_an_account_that_airflow_does_not_know_is_missing(found):
    assert found("unknown") == of("never/seen", window(5, 7))


def test_mapped_tasks_find_the_holes_of_their_accounts(found):
    assert (found("mapped", 0), found("mapped", 1)) == (of("holey", window(5, 6)), of("never/seen", window(5, 7)))


@pytest.mark.skipif(not HAS_A_STORE, reason="Airflow keeps nothing for assets before 3.3")
def test_what_is_kept_of_each_dag_that_has_synced_the_account_and_of_its_own_counts(found):
    """Also of one whose events were cleaned, by the index."""
    assert found("kept") == of("kept", window(7, 11))


def test_a_task_of_a_dags_own_finds_the_same_windows(found):
    assert found("helper") == [window(5, 6), window(8, 18)]


FORMS = {
    "ids": ["acc_anna", "acc_ben"],
    "kwargs": [{"account_id": "acc_anna"}, {"account_id": "acc_ben"}],
    "accounts": [{"object": "Account", "id": "acc_anna"}, {"object": "Account", "id": "acc_ben"}],
    "a template": "['acc_anna', 'acc_ben']",
    "ids that repeat": ["acc_anna", "acc_ben", "acc_anna"],
}


@pytest.mark.parametrize("accounts", FORMS.values(), ids=FORMS)
def test_accounts_may_have_any_form_that_they_are_listed_in(worker, accounts):
    ended = worker.run(PostpressCoverageOperator, accounts=accounts, start=day(1), end=day(2))
    assert ended.result == [*of("acc_anna", window(1, 2)), *of("acc_ben", window(1, 2))]


def test_no_more_events_are_read_than_can_matter(worker):
    ended = worker.run(PostpressCoverageOperator, account_id="acc", start=day(5), end=day(6))
    (read,) = [message for message in asked(ended) if type(message).__name__ == "GetAssetEventByAsset"]
    assert getattr(read, "after", datetime(2026, 1, 5, tzinfo=UTC)) == datetime(2026, 1, 5, tzinfo=UTC)


class TestTime:
    def test_is_counted_back_from_now_and_cut_to_now(self, worker):
        before = datetime.now(UTC)
        later = (before + timedelta(days=1)).isoformat()
        ended = worker.run(PostpressCoverageOperator, account_id="acc", start=timedelta(days=90), end=later)
        start, end = (datetime.fromisoformat(ended.result[0]["window"][bound]) for bound in ("start", "end"))
        assert end - start == timedelta(days=90)
        assert before - timedelta(milliseconds=1) <= end <= datetime.now(UTC)

    def test_ends_now_where_nothing_else_is_said_or_so_long_before(self, worker):
        for arguments, before in (({}, timedelta(0)), ({"end": timedelta(hours=6)}, timedelta(hours=6))):
            ended = worker.run(PostpressCoverageOperator, account_id="acc", start=day(1), **arguments)
            end = datetime.fromisoformat(ended.result[0]["window"]["end"])
            assert abs(datetime.now(UTC) - before - end) < timedelta(seconds=30)

    def test_without_an_offset_is_the_dags(self, worker):
        worker.timezone = "Europe/Berlin"
        ended = worker.run(PostpressCoverageOperator, account_id="acc", start="2026-01-05", end="2026-01-06T12:00")
        assert ended.result[0]["window"] == {
            "start": "2026-01-04T23:00:00+00:00",
            "end": "2026-01-06T11:00:00+00:00",
        }

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"start": "yesterday"}, "start='yesterday' is not a moment"),
            ({"start": ""}, r"start is empty. A template such as \{\{ ds \}\} renders to nothing"),
            ({"start": None}, "start=None is not a moment. Allowed: .*, or a timedelta, that long before now"),
            ({"start": True}, "start=True is not a moment"),
            ({"start": datetime(2026, 1, 1)}, "start='2026-01-01 00:00:00' has no timezone"),  # noqa: DTZ001
            ({"start": timedelta(days=-1)}, "a timedelta counts back from now"),
            ({"start": timedelta.max}, "before now is before the year 1"),
            ({"start": timedelta(days=40_000)}, "lies before 1970"),
            ({"start": "2999-01-01"}, "start=2999-01-01.* lies in the future: it is .* Nothing can be missing there"),
            ({"start": day(2), "end": day(1)}, "is not before its end"),
            ({"start": day(2), "end": "soon"}, "end='soon' is not a moment"),
        ],
    )
    def test_that_is_not_possible_is_refused_with_words_before_anything_is_read(self, worker, arguments, words):
        ended = worker.run(PostpressCoverageOperator, account_id="acc", **arguments)
        with pytest.raises(PostpressWindowError, match=words):
            raise ended.error
        assert not asked(ended)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"account_id": ""}, "account_id='' is not an id"),
        ({"accounts": ["acc", ".."]}, "account_id='..' is not an id"),
        ({"accounts": [7]}, "'7' is no account. Allowed: an id, {'account_id': id}, or an account"),
        ({"accounts": ["acc", {"name": "Anna"}]}, "\"{'name': 'Anna'}\" is no account"),
        ({"account_id": "acc", "linkedin_product": "gold"}, "linkedin_product='gold' is not allowed: it is one of"),
    ],
)
def test_what_is_no_account_or_no_product_is_refused_with_words_before_anything_is_read(worker, arguments, words):
    ended = worker.run(PostpressCoverageOperator, start=day(1), **arguments)
    with pytest.raises(PostpressRequestRefused, match=words):
        raise ended.error
    assert not asked(ended)


def asked(ended: Any) -> list[Any]:
    """What a task asked of Airflow about assets."""
    return [message for message in ended.told if "Asset" in type(message).__name__]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "either account_id or accounts; not both, not neither"),
        ({"account_id": "acc", "accounts": []}, "either account_id or accounts; not both, not neither"),
        ({"account_id": "acc", "max_window": 0}, "max_window=0 is not allowed"),
        ({"account_id": "acc", "max_windows": 0}, "max_windows=0 is not allowed"),
        ({"account_id": "acc", "max_windows": True}, "max_windows=True is not allowed"),
        ({"account_id": "acc", "max_windows": "3"}, "max_windows='3' is not allowed"),
    ],
)
def test_what_a_dag_file_cannot_mean_is_refused_when_it_is_read(worker, arguments, words):
    with pytest.raises(ValueError, match=words):
        worker.task(PostpressCoverageOperator, start=day(1), **arguments)


class TestARunWithConf:
    def test_that_asks_for_an_account_is_about_no_other(self, worker):
        worker.dag_run = {"conf": {"postpress_account_id": ["acc_ben"]}}
        ended = worker.run(PostpressCoverageOperator, accounts=FORMS["ids"], start=day(1), end=day(2))
        assert ended.result == of("acc_ben", window(1, 2))

    def test_that_asks_for_other_accounts_too_has_words_for_each_of_them(self, worker, log):
        worker.dag_run = {"conf": {"postpress_account_id": ["acc_ben", "acc_eve", "acc_dan"]}}
        ended = worker.run(PostpressCoverageOperator, accounts=FORMS["ids"], start=day(1), end=day(2))
        assert ended.result == of("acc_ben", window(1, 2))
        told = [line for line in log() if line.startswith("WARNING")]
        assert ["acc_dan" in told[0], "acc_eve" in told[1], len(told)] == [True, True, 2]

    @pytest.mark.parametrize(
        ("accounts", "looked_at"),
        [(FORMS["ids"], "'acc_anna', 'acc_ben'"), ([], "none"), (list("abcdefghijklm"), "'i', 'j' and 3 more")],
    )
    @pytest.mark.parametrize("asked_for", [{}, {"postpress_window": window(10, 20)}])
    def test_that_asks_for_other_accounts_alone_is_refused_for_good(self, worker, accounts, looked_at, asked_for):
        worker.dag_run = {"conf": {"postpress_account_id": "acc_eve", **asked_for}}
        ended = worker.run(PostpressCoverageOperator, accounts=accounts, start=day(1), end=day(2))
        assert (ended.state, type(ended.error)) == ("failed", PostpressRequestRefused)
        assert "asks for postpress_account_id=acc_eve, which is not among the accounts" in str(ended.error)
        assert f"{looked_at}. Add it to them" in str(ended.error)
        assert not asked(ended)

    def test_that_asks_for_an_account_of_another_such_task_finds_nothing_here(self, worker):
        worker.dag_run = {"conf": {"postpress_account_id": "acc_ben"}}
        worker.map_index = 0
        ended = worker.run(PostpressCoverageOperator, account_id="acc_anna", start=day(1), end=day(2))
        assert (ended.state, ended.result) == ("success", [])

    def test_that_asks_for_one_account_of_a_dag_with_a_task_for_each_is_about_that(self, run_dag):
        with DAG("one_each", schedule=None, start_date=START) as dag:
            for account in ("each_1", "each_2"):
                PostpressCoverageOperator(task_id=account, account_id=account, start=day(1), end=day(2))
        dag_run = run_dag(dag, run_conf={"postpress_account_id": "each_2"})
        found = {account: result_of(dag_run, account) for account in ("each_1", "each_2")}
        assert found == {"each_1": [], "each_2": of("each_2", window(1, 2))}

    def test_that_asks_for_a_window_is_about_that(self, worker):
        worker.dag_run = {"conf": {"postpress_window": window(10, 20), "postpress_account_id": "acc_ben"}}
        ended = worker.run(
            PostpressCoverageOperator, accounts=FORMS["ids"], start=day(1), end=day(2), max_window=timedelta(days=1)
        )
        assert ended.result == of("acc_ben", window(10, 20))
        assert not asked(ended)

    def test_that_asks_for_what_cannot_be_is_refused(self, worker):
        worker.dag_run = {"conf": {"postpress_account_id": 7}}
        ended = worker.run(PostpressCoverageOperator, account_id="acc", start=day(1))
        assert isinstance(ended.error, PostpressRequestRefused)


def test_no_accounts_have_no_holes(worker):
    assert worker.run(PostpressCoverageOperator, accounts=[], start=day(1)).result == []


class TestFilling:
    @pytest.fixture
    def fill(
        self, emulator: Emulator, run_dag: Callable[..., Any], put_dag: Callable[[DAG], None]
    ) -> Callable[[], Any]:
        """Find and fill what is missing of January."""
        for account in ("filled_1", "filled/2"):
            emulator.add_account("TELEGRAM", account_id=account)
            chat = emulator.add_chat(account, messages=[])
            emulator.add_messages(chat, [day(number) for number in range(1, 31)])
        with DAG("filling", schedule=None, start_date=START) as dag:
            listed = PostpressListAccountsOperator(task_id="accounts", returns="kwargs")
            gaps = PostpressCoverageOperator(
                task_id="gaps", accounts=listed.output, max_window=timedelta(days=7), **MONTH
            )
            PostpressResyncOperator.partial(task_id="fill", **FAST).expand_kwargs(gaps.output)
        know(put_dag, "filled_1", "filled/2")
        with create_session() as session:
            session.execute(delete(AssetEvent))

        def fill() -> list[tuple[str, str]]:
            dag_run = run_dag(dag)
            return [(ti.state, ti.rendered_map_index) for ti in dag_run.get_task_instances() if ti.task_id == "fill"]

        return fill

    def test_maps_over_the_holes_and_leaves_none_so_the_next_run_has_nothing_to_do(self, fill, emulator):
        tell(synced("filled_1", 8, 22))
        ran = fill()
        assert sorted(ran) == sorted([("success", "filled_1")] * 3 + [("success", "filled/2")] * 5)
        assert emulator.missing("filled/2", MONTH["start"], MONTH["end"]) == []
        assert fill() == [("skipped", None)]
