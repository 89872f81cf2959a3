"""A run that is for some accounts alone: what its conf asks for, and what is left alone."""

from __future__ import annotations

import pytest

from airflow_provider_postpress.exceptions import PostpressRequestRefused
from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator
from airflow_provider_postpress.sensors.resync import PostpressChatResyncSensor, PostpressResyncSensor

SYNC = {"window": ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"), "deferrable": False}
FAST = {"poll_interval": 0.004, "max_poll_interval": 0.01}
TASKS = [
    (PostpressResyncOperator, {**SYNC, **FAST}),
    (PostpressResyncOperator, {**SYNC, **FAST, "deferrable": True}),
    (PostpressResyncSensor, {**SYNC, "poke_interval": 0.01}),
    (PostpressResyncSensor, {**SYNC, "poke_interval": 0.01, "deferrable": True}),
]
NAMES = ["operator", "deferred operator", "sensor", "deferred sensor"]


def asking_for(worker, accounts):
    worker.dag_run = {"conf": {"postpress_account_id": accounts}}
    return worker


@pytest.mark.parametrize(("task", "arguments"), TASKS, ids=NAMES)
@pytest.mark.parametrize("wanted", ["acc_ben", ["acc_ben", "acc_carl"]])
def test_another_account_is_left_alone_and_nothing_is_requested(worker, account, emulator, task, arguments, wanted):
    ended = asking_for(worker, wanted).run(task, account_id=account, **arguments)
    assert ended.state == "skipped"
    assert emulator.requests() == []


@pytest.mark.parametrize(("task", "arguments"), TASKS, ids=NAMES)
@pytest.mark.parametrize("wanted", ["acc_anna", ["acc_ben", "acc_anna"]])
def test_an_account_that_is_asked_for_is_synced(worker, account, emulator, task, arguments, wanted):
    assert asking_for(worker, wanted).run(task, account_id=account, **arguments).state == "success"
    assert emulator.starts(account)


@pytest.mark.parametrize(
    ("task", "arguments"), [(PostpressChatResyncOperator, FAST), (PostpressChatResyncSensor, {"poke_interval": 0.01})]
)
def test_a_chat_is_left_alone_since_nobody_knows_its_account(worker, chat, emulator, task, arguments):
    ended = asking_for(worker, "acc_anna").run(task, chat_id=chat, deferrable=False, **arguments)
    assert ended.state == "skipped"
    assert emulator.requests() == []


def test_a_sensor_with_a_handle_follows_its_sync(worker, account):
    handle = worker.run(PostpressResyncOperator, account_id=account, wait_for_completion=False, **SYNC, **FAST).result
    ended = asking_for(worker, "acc_ben").run(PostpressResyncSensor, resync=handle, poke_interval=0.01)
    assert ended.state == "success"


def test_the_words_name_who_is_asked_for_and_who_is_left_alone(worker, account):
    asking_for(worker, ["acc_ben", "acc_carl"])
    task = worker.task(PostpressResyncOperator, account_id=account)
    with pytest.raises(
        Exception, match=r"postpress_account_id=acc_ben, acc_carl: account_id 'acc_anna' is left alone\."
    ):
        task.skip_unless_asked_for(worker.context(task))


@pytest.mark.parametrize(("task", "arguments"), [TASKS[0], TASKS[2]], ids=["operator", "sensor"])
@pytest.mark.parametrize("wanted", ["", " ", [], [""], 7, True, {"id": "acc_anna"}, ["acc_anna", 7], [None]])
def test_anything_else_is_refused_for_good(worker, account, emulator, task, arguments, wanted):
    ended = asking_for(worker, wanted).run(task, account_id=account, **arguments)
    assert ended.state == "failed"
    assert isinstance(ended.error, PostpressRequestRefused)
    assert f"postpress_account_id={wanted!r}. Allowed: the id of an account, or a list of ids." in str(ended.error)
    assert emulator.requests() == []


def test_what_is_refused_skips_a_sensor_that_fails_softly(worker, account):
    ended = asking_for(worker, 7).run(PostpressResyncSensor, account_id=account, soft_fail=True, **SYNC)
    assert ended.state == "skipped"


@pytest.mark.parametrize("conf", [{}, None, {"postpress_account_id": None}], ids=["empty", "none", "an empty field"])
def test_a_run_that_asks_for_none_is_for_all(worker, account, conf):
    worker.dag_run = {"conf": conf}
    assert worker.run(PostpressResyncOperator, account_id=account, **SYNC, **FAST).state == "success"
