"""What an Airflow cannot do is told in words where it is asked for; from the version on that can, nothing is said."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_2_PLUS, AIRFLOW_V_3_3_PLUS

from airflow_provider_postpress.operators.resync import PostpressResyncOperator
from airflow_provider_postpress.sensors.account import PostpressAccountSensor
from airflow_provider_postpress.triggers.account import PostpressAccountStatusTrigger


@pytest.mark.parametrize("limit", ["max_active_tis_per_dag", "max_active_tis_per_dagrun"])
def test_that_a_deferred_task_is_not_counted(worker, emulator, log, limit):
    account = emulator.add_account("LINKEDIN")

    worker.begin(PostpressResyncOperator, account_id=account, window=timedelta(days=1), **{limit: 1})

    told = [line for line in log() if line.startswith("WARNING") and "needs Airflow 3.2" in line]
    assert len(told) == (0 if AIRFLOW_V_3_2_PLUS else 1)


def test_nothing_of_counting_where_nothing_is_to_be_counted(worker, emulator, log):
    worker.begin(PostpressResyncOperator, account_id=emulator.add_account("LINKEDIN"), window=timedelta(days=1))

    assert [line for line in log() if "needs Airflow" in line] == []


def test_that_a_worker_begins_a_sensor(worker, emulator, log):
    worker.begin(
        PostpressAccountSensor,
        account_id=emulator.add_account("LINKEDIN", sources=["CREDENTIALS"]),
        fail_on=(),
        start_from_trigger=True,
    )

    told = [line for line in log() if "needs Airflow 3.3: a worker begins it here" in line]
    assert len(told) == (0 if AIRFLOW_V_3_3_PLUS else 1)


async def test_that_a_watcher_looks_for_itself_and_remembers_nothing(emulator, caplog):
    trigger = PostpressAccountStatusTrigger(emulator.add_account("LINKEDIN", account_id="acc_1"), poll_interval=0.01)
    caplog.set_level("INFO", logger="airflow_provider_postpress")

    # what an Airflow that can share looks never calls
    running = trigger.run()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(running), 0.05)
    await running.aclose()

    assert any("'acc_1'" in line and "needs Airflow 3.3" in line for line in caplog.messages)
