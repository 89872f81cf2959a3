"""The short soak, and that its verdict sees what it is there to see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from airflow_provider_postpress.emulator import Emulator
from soak.cluster import Task
from soak.run import PLANS, soak
from soak.scenario import Scenario, Subject
from soak.verdict import Verdict, judge

pytestmark = pytest.mark.xdist_group("live")

SCENARIO = Scenario(seed=1, accounts=1, windows=2)
ACCOUNT, CHAT = SCENARIO.subjects
FIRST, SECOND = SCENARIO.days
WINDOWS = [(subject, day) for subject in (ACCOUNT, CHAT) for day in (FIRST, SECOND)]


def test_nothing_is_lost_while_requests_fail_and_task_triggerer_scheduler_and_database_are_killed(
    needs_postgres, tmp_path
):
    report = soak(Scenario(seed=1, accounts=4, windows=6), tmp_path, executor="local", plan="short", say=print)

    assert report.in_vain == []
    assert set(report.deeds) == set(PLANS["short"])
    assert report.verdict.is_kept, (report.markdown(), report.verdict)


@pytest.fixture
def postpress() -> Iterator[Emulator]:
    """A Postpress with the scenario's account and chat, where a sync takes no time."""
    with Emulator(duration_ms=0) as emulator:
        emulator.add_account(ACCOUNT.provider, account_id=ACCOUNT.id)
        emulator.add_account(CHAT.provider, account_id="of_chat")
        emulator.add_chat("of_chat", chat_id=CHAT.id)
        for account_id in emulator.account_ids():
            emulator.scatter_messages(account_id, 20, *SCENARIO.span)
        yield emulator


def sync(postpress: Emulator, subject: Subject, parameters: Mapping[str, str]) -> None:
    kind = "chats" if subject.is_chat else "accounts"
    for status in ("SYNC_STARTED", "SYNC_DONE"):
        answer = httpx.get(
            f"{postpress.url}/v1/{kind}/{subject.id}/sync", params=parameters, headers={"X-API-KEY": postpress.api_key}
        )
        assert answer.json()["status"] == status


def green(subject: Subject, day: datetime) -> Task:
    """A task that has just succeeded."""
    return Task(subject.id, f"run of {day}", day, "success", 1, None, False, datetime.now(UTC), None, None)


def sync_all(postpress: Emulator) -> list[Task]:
    """Sync each window once, and give the tasks that did so."""
    tasks = []
    for subject, day in WINDOWS:
        sync(postpress, subject, subject.parameters(day))
        tasks.append(green(subject, day))
    return tasks


def judged(postpress: Emulator, tasks: list[Task]) -> Verdict:
    return judge(SCENARIO, tasks, postpress)


def test_a_promise_is_kept_where_each_green_task_has_a_sync_of_its_own(postpress):
    verdict = judged(postpress, sync_all(postpress))

    assert verdict.is_kept
    assert (verdict.green, verdict.missing, verdict.duplicates) == (4, 0, 0)


def test_a_green_task_whose_window_nobody_synced_is_a_false_success(postpress):
    sync(postpress, ACCOUNT, ACCOUNT.parameters(FIRST))
    verdict = judged(postpress, [green(ACCOUNT, FIRST), green(ACCOUNT, SECOND)])

    (false_success,) = verdict.false_successes
    assert f"{SECOND:%Y-%m-%d}" in false_success
    assert not verdict.is_kept


def test_a_task_that_was_green_before_its_sync_was_done_is_a_false_success(postpress):
    tasks = sync_all(postpress)
    tasks[0] = replace(tasks[0], ended=datetime.now(UTC) - timedelta(hours=1))

    assert len(judged(postpress, tasks).false_successes) == 1


def test_two_tasks_that_are_green_for_one_sync_of_a_chat_are_a_false_success(postpress):
    sync(postpress, CHAT, {})
    verdict = judged(postpress, [green(CHAT, FIRST), green(CHAT, SECOND)])

    assert len(verdict.false_successes) == 1


def test_a_sync_without_its_parameters_is_a_stray_one(postpress):
    tasks = sync_all(postpress)
    sync(postpress, ACCOUNT, {})
    verdict = judged(postpress, tasks)

    assert len(verdict.stray) == 1
    assert not verdict.is_kept


def test_a_sync_done_twice_is_a_duplicate_and_breaks_nothing(postpress):
    tasks = sync_all(postpress)
    sync(postpress, ACCOUNT, ACCOUNT.parameters(FIRST))
    verdict = judged(postpress, tasks)

    assert verdict.duplicates == 1
    assert verdict.is_kept


def test_a_task_that_never_ends_is_stuck(postpress):
    tasks = sync_all(postpress)
    tasks[0] = replace(tasks[0], state="deferred", ended=None)
    verdict = judged(postpress, tasks)

    assert len(verdict.stuck) == 1
    assert not verdict.is_kept


def test_messages_that_nobody_synced_are_missing(postpress):
    tasks = sync_all(postpress)
    postpress.scatter_messages(ACCOUNT.id, 1, *SCENARIO.span)
    verdict = judged(postpress, tasks)

    assert verdict.missing == 1
    assert not verdict.is_kept
