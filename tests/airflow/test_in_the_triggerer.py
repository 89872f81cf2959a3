"""Tasks that the triggerer begins and ends, with Airflow's own serialisation of them between DAG file and triggerer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import XComResult
from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from airflow_provider_postpress.operators.resync import PostpressChatResyncOperator, PostpressResyncOperator
from airflow_provider_postpress.sensors.account import PostpressAccountSensor
from airflow_provider_postpress.sensors.resync import PostpressChatResyncSensor, PostpressResyncSensor
from airflow_provider_postpress.tasks.compat import begins_in_triggerer
from airflow_provider_postpress.triggers.resync import PostpressResyncTrigger
from airflow_provider_postpress.triggers.sensor import PostpressSensorTrigger

DAY = ("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z")
BEGINNING = {"deferrable": True, "start_from_trigger": True, "poke_interval": 0.01}
THROUGHOUT = {**BEGINNING, "end_from_trigger": True}


class Comms:
    """What a trigger says to Airflow."""

    def __init__(self) -> None:
        self.xcoms: dict[str, Any] = {}
        self.fails_at: str | None = None

    def send(self, message: Any) -> Any:
        kind = type(message).__name__
        if kind == self.fails_at:
            raise RuntimeError("Airflow has no time.")
        match kind:
            case "SetXCom":
                self.xcoms[message.key] = message.value
            case "DeleteXCom":
                self.xcoms.pop(message.key, None)
            case "GetXCom":
                place = message.key if message.task_id == "sync" else message.task_id
                return XComResult(key=message.key, value=self.xcoms.get(place))
            case _:
                raise AssertionError(f"A triggerer cannot ask for {kind}.")
        return None


@pytest.fixture
def comms(monkeypatch) -> Comms:
    comms = Comms()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", comms, raising=False)
    return comms


@pytest.fixture
def begin(worker, comms) -> Callable[..., Any]:
    """Begin a sensor as Airflow's scheduler and triggerer do, and give the trigger's only event."""
    if not begins_in_triggerer():
        pytest.skip("Airflow begins tasks in the triggerer from 3.3 on")
    from airflow.models.trigger import Trigger
    from airflow.serialization.decoders import smart_decode_trigger_kwargs
    from airflow.serialization.serialized_objects import DagSerialization

    def stored(task: BaseOperator) -> Any:
        assert isinstance(task.dag, DAG)
        scheduled = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(task.dag)))).get_task(
            "sync"
        )
        assert scheduled.start_from_trigger
        assert scheduled.start_trigger_args.next_method == "execute_complete"
        row = Trigger(
            classpath=scheduled.start_trigger_args.trigger_cls, kwargs=scheduled.start_trigger_args.trigger_kwargs
        )
        return row, scheduled.start_trigger_args.timeout

    async def begin(sensor: type[BaseOperator], *, after: timedelta = timedelta(), **arguments: Any) -> TriggerEvent:
        task = worker.task(sensor, **arguments)
        row, timeout = stored(task)
        context = worker.context(task)
        kwargs = Trigger._decrypt_kwargs(row.encrypted_kwargs)
        trigger = PostpressSensorTrigger(**{key: smart_decode_trigger_kwargs(value) for key, value in kwargs.items()})
        assert f"{type(trigger).__module__}.{type(trigger).__qualname__}" == row.classpath
        trigger.task_instance = context["ti"]
        trigger.timeout_after = datetime.now(UTC) + timeout - after
        trigger.render_template_fields(context)
        (event,) = [event async for event in trigger.run()]
        return event

    return begin


def told_events(ended: Any) -> list[Any]:
    """The asset events of a task that succeeded."""
    (success,) = [message for message in ended.told if type(message).__name__ == "SucceedTask"]
    return success.outlet_events


@pytest.fixture
def started(worker, account) -> dict[str, Any]:
    """The handle of a sync that goes on."""
    return worker.run(PostpressResyncOperator, account_id=account, window=DAY, wait_for_completion=False).result


class TestASensorThatBeginsThere:
    async def test_waits_until_the_account_is_healthy(self, begin, worker, account):
        event = await begin(PostpressAccountSensor, account_id=account, **BEGINNING)

        ended = worker.resume(PostpressAccountSensor, event.payload, account_id=account, **BEGINNING)
        assert ended.state == "success"
        assert ended.result == worker.run(PostpressAccountSensor, account_id=account).result

    async def test_reports_on_a_sync_with_the_runs_window(self, begin, worker, account, emulator):
        event = await begin(PostpressResyncSensor, account_id=account, **BEGINNING)

        ended = worker.resume(PostpressResyncSensor, event.payload, account_id=account, **BEGINNING)
        assert ended.state == "success"
        assert ended.result["window"] == {"start": "2026-01-05T00:00:00+00:00", "end": "2026-01-06T00:00:00+00:00"}
        assert emulator.missing(account, *DAY) == []

    async def test_reports_on_a_chat(self, begin, worker, chat):
        event = await begin(PostpressChatResyncSensor, chat_id=chat, **BEGINNING)

        assert worker.resume(PostpressChatResyncSensor, event.payload, chat_id=chat, **BEGINNING).state == "success"

    async def test_follows_a_sync_by_its_handle_and_tells_of_its_end_once(
        self, begin, worker, started, emulator, account
    ):
        event = await begin(PostpressResyncSensor, resync=started, **BEGINNING)

        ended = worker.resume(PostpressResyncSensor, event.payload, resync=started, **BEGINNING)
        assert ended.result["status"] == "SYNC_DONE"
        assert len(emulator.starts(account)) == 1
        assert len(told_events(ended)) == 1

        event = await begin(PostpressResyncSensor, resync=ended.result, **BEGINNING)
        again = worker.resume(PostpressResyncSensor, event.payload, resync=ended.result, **BEGINNING)
        assert again.result == ended.result
        assert told_events(again) == []

    async def test_follows_what_another_task_returned(self, worker, comms, started, emulator, account):
        comms.xcoms["start"] = started
        with DAG("messages", schedule=None):
            start = PostpressResyncOperator(task_id="start", account_id=account, wait_for_completion=False)
            task = PostpressResyncSensor(task_id="sync", resync=start.output, **BEGINNING)
        assert task.upstream_task_ids == {"start"}
        trigger = PostpressSensorTrigger(**task.start_trigger_args.trigger_kwargs)
        trigger.render_template_fields(worker.context(task))

        (event,) = [event async for event in trigger.run()]
        assert event.payload["result"]["status"] == "SYNC_DONE"
        assert len(emulator.starts(account)) == 1

    async def test_without_what_another_task_returned_is_refused_as_on_a_worker(self, worker, comms):
        with DAG("messages", schedule=None):
            start = PostpressResyncOperator(task_id="start", account_id="acc", wait_for_completion=False)
            task = PostpressResyncSensor(task_id="sync", resync=start.output, **BEGINNING)
        trigger = PostpressSensorTrigger(**task.start_trigger_args.trigger_kwargs)
        trigger.render_template_fields(worker.context(task))

        (event,) = [event async for event in trigger.run()]
        refused = worker.run(PostpressResyncSensor, resync=None)
        assert (event.payload["kind"], event.payload["message"]) == ("request_refused", str(refused.error))

    @pytest.mark.parametrize(
        "arguments",
        [
            {"account_id": "{{ dag.dag_id }}"},
            {"linkedin_product": "{% if x %}classic{% endif %}"},
            {"window": ("2026-01-05", "{{ ds }}")},
            {"window": pendulum.duration(months=1)},
            {"window": (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC))},
            {"overlap": pendulum.duration(days=1)},
        ],
        ids=str,
    )
    def test_begins_on_a_worker_where_only_that_can_know_its_arguments(self, worker, arguments):
        task = worker.task(PostpressResyncSensor, **{"account_id": "acc", **BEGINNING, **arguments})

        assert not task.start_from_trigger

    def test_begins_on_a_worker_where_outputs_are_not_one_tasks_whole(self):
        with DAG("made", schedule=None):
            start = PostpressResyncOperator(task_id="start", account_id="acc", wait_for_completion=False)
            many = PostpressResyncOperator.partial(task_id="many", wait_for_completion=False).expand(account_id=["a"])
            for number, argument in enumerate(
                [
                    {"resync": start.output.map(dict)},
                    {"resync": start.output["resync"]},
                    {"resync": many.output},
                    {"account_id": "acc", "window": (start.output["a"], start.output["b"])},
                ]
            ):
                task = PostpressResyncSensor(task_id=f"wait_{number}", **argument, **BEGINNING)
                assert not task.start_from_trigger

    def test_begins_on_a_worker_in_a_mapped_task_group(self):
        from airflow.sdk import task_group

        made = []

        @task_group
        def each(account_id):
            start = PostpressResyncOperator(task_id="start", account_id=account_id, wait_for_completion=False)
            made.append(PostpressResyncSensor(task_id="wait", resync=start.output, **BEGINNING))
            made.append(PostpressAccountSensor(task_id="look", account_id="acc", **BEGINNING))

        with DAG("grouped", schedule=None):
            each.expand(account_id=["a", "b"])
        assert [task.start_from_trigger for task in made] == [False, False]

    async def test_cuts_a_window_that_reaches_into_the_future_at_one_end_however_often_it_begins(
        self, begin, account, emulator
    ):
        for _ in range(2):
            await begin(PostpressResyncSensor, account_id=account, window=("2026-01-05", "2099-01-01"), **BEGINNING)

        sent = {request["query"] for request in emulator.requests(account, route="account_sync")}
        assert len(sent) == 1

    async def test_forgets_what_an_earlier_try_returned(self, begin, comms, account, emulator):
        comms.xcoms["return_value"] = {"id": account}
        emulator.set_source_status(account, "CREDENTIALS")
        await begin(PostpressAccountSensor, account_id=account, **THROUGHOUT)

        assert comms.xcoms == {}

    async def test_is_begun_by_a_worker_where_the_triggerer_cannot(self, begin, worker, comms, started, account):
        comms.fails_at = "DeleteXCom"
        event = await begin(PostpressResyncSensor, resync=started, **BEGINNING)

        ended = worker.resume(
            PostpressResyncSensor, event.payload, resync=started, **{**BEGINNING, "deferrable": False}
        )
        assert ended.result["status"] == "SYNC_DONE"
        assert len(told_events(ended)) == 1

    async def test_gives_up_when_its_time_is_over_however_often_it_begins(self, begin, account, emulator):
        emulator.set_source_status(account, "ERROR")
        event = await begin(
            PostpressAccountSensor, account_id=account, timeout=3600, after=timedelta(hours=1), **BEGINNING
        )

        assert event.payload["kind"] == "account_timeout"

    async def test_gives_up_after_execution_timeout_which_airflow_applies_to_it(self, begin, account, emulator):
        emulator.set_source_status(account, "ERROR")
        event = await begin(
            PostpressAccountSensor, account_id=account, execution_timeout=timedelta(seconds=0.05), **BEGINNING
        )

        assert event.payload["kind"] == "account_timeout"

    @pytest.mark.parametrize("with_conf", [{"postpress_account_id": "another"}, {"postpress_account_id": 7}])
    async def test_leaves_to_a_worker_what_it_cannot_begin(self, begin, worker, account, emulator, with_conf):
        worker.dag_run["conf"] = with_conf
        event = await begin(PostpressResyncSensor, account_id=account, **BEGINNING)

        ended = worker.resume(PostpressResyncSensor, event.payload, account_id=account, **BEGINNING)
        blocking = worker.run(PostpressResyncSensor, account_id=account)
        assert (ended.state, str(ended.error)) == (blocking.state, str(blocking.error))
        assert emulator.requests(account) == []

    async def test_tells_a_failure_as_a_deferred_one_does(self, begin, worker, account, emulator):
        emulator.set_source_status(account, "CREDENTIALS")
        event = await begin(PostpressResyncSensor, account_id=account, **THROUGHOUT)

        ended = worker.resume(PostpressResyncSensor, event.payload, account_id=account, **THROUGHOUT)
        blocking = worker.run(PostpressResyncSensor, account_id=account)
        assert (type(ended.error), str(ended.error)) == (type(blocking.error), str(blocking.error))

    async def test_is_told_of_no_secret(self, worker, account, emulator):
        task = worker.task(PostpressResyncSensor, account_id=account, **THROUGHOUT)

        assert emulator.api_key not in repr(task.start_trigger_args)

    def test_begins_on_a_worker_where_it_is_not_deferrable(self, worker, account):
        task = worker.task(PostpressAccountSensor, account_id=account, **{**BEGINNING, "deferrable": False})

        assert not task.start_from_trigger
        assert (
            worker.run(PostpressAccountSensor, account_id=account, **{**BEGINNING, "deferrable": False}).state
            == "success"
        )

    def test_begins_on_a_worker_where_airflow_has_one_begin_it(self, worker, account):
        assert worker.run(PostpressAccountSensor, account_id=account, **BEGINNING).state == "success"


class TestATaskThatEndsThere:
    async def test_has_its_result_as_xcom(self, begin, comms, account):
        event = await begin(PostpressResyncSensor, account_id=account, **THROUGHOUT)

        assert isinstance(event, TaskSuccessEvent)
        assert comms.xcoms["return_value"]["status"] == "SYNC_DONE"

    async def test_has_none_where_it_is_to_push_none(self, begin, comms, account):
        event = await begin(PostpressResyncSensor, account_id=account, do_xcom_push=False, **THROUGHOUT)

        assert isinstance(event, TaskSuccessEvent)
        assert comms.xcoms == {}

    async def test_returns_the_account_it_has_waited_for(self, begin, comms, account):
        await begin(PostpressAccountSensor, account_id=account, **THROUGHOUT)

        assert comms.xcoms["return_value"]["id"] == account

    async def test_is_ended_by_a_worker_where_its_result_cannot_be_stored(self, begin, worker, comms, account):
        comms.fails_at = "SetXCom"
        event = await begin(PostpressResyncSensor, account_id=account, **THROUGHOUT)

        assert worker.resume(PostpressResyncSensor, event.payload, account_id=account, **THROUGHOUT).state == "success"

    @pytest.mark.parametrize("operator", [PostpressResyncOperator, PostpressChatResyncOperator])
    async def test_can_be_an_operator_that_has_deferred(self, worker, comms, account, chat, emulator, operator):
        subject = {"account_id": account} if operator is PostpressResyncOperator else {"chat_id": chat}
        deferral = worker.begin(operator, **subject, poll_interval=0.01, emit_asset_events=False, end_from_trigger=True)
        trigger = PostpressResyncTrigger(**deferral.trigger_kwargs)
        trigger.task_instance = worker.context(worker.task(operator, **subject))["ti"]

        (event,) = [event async for event in trigger.run()]
        assert isinstance(event, TaskSuccessEvent)
        assert comms.xcoms["return_value"]["status"] == "SYNC_DONE"

    def test_takes_no_outlets_afterwards(self, worker):
        from airflow.sdk import Asset

        task = worker.task(PostpressResyncSensor, account_id="acc", **THROUGHOUT)
        with pytest.raises(ValueError, match="end_from_trigger=True is not allowed for a task that emits asset events"):
            task.add_outlets([Asset("postpress://accounts/acc")])

    @pytest.mark.parametrize("arguments", [{}, {"emit_asset_events": False, "outlets": ["postpress://accounts/acc"]}])
    def test_cannot_emit_asset_events(self, worker, arguments):
        from airflow.sdk import Asset

        if "outlets" in arguments:
            arguments = {**arguments, "outlets": [Asset(arguments["outlets"][0])]}
        with pytest.raises(ValueError, match="end_from_trigger=True is not allowed for a task that emits asset events"):
            worker.task(PostpressResyncOperator, account_id="acc", end_from_trigger=True, **arguments)

    def test_says_so_under_dag_test_which_loses_its_end(self, worker, account):
        ended = worker.resume(PostpressAccountSensor, "success", account_id=account, **THROUGHOUT)

        assert "dag.test() does not know triggers that end a task" in str(ended.error)
