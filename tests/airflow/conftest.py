"""
A real Airflow for tests of tasks, against an emulator over HTTP.

``worker`` runs one task as Airflow's worker, scheduler and triggerer do together, with Airflow's own task runner, but
in this process and without a database. ``run_dag`` is ``dag.test()`` with a database, for what needs a whole DAG run.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

if "airflow.configuration" in sys.modules:
    raise pytest.UsageError("Airflow was imported before its home for these tests was made.")
HOME = Path(tempfile.mkdtemp(prefix="airflow-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
DAGS = HOME / "dags"
BEGAN = datetime.now(UTC)
DAGS.mkdir()
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
}

from airflow.providers.common.compat.sdk import BaseOperator  # noqa: E402 (not before its home is known)
from airflow.sdk import DAG, Context  # noqa: E402
from airflow.sdk.api.datamodels._generated import DagRun, TIRunContext  # noqa: E402
from airflow.sdk.execution_time import task_runner  # noqa: E402
from airflow.sdk.execution_time.comms import (  # noqa: E402
    AssetEventsResult,
    DeferTask,
    ErrorResponse,
    GetAssetByUri,
    GetAssetEventByAsset,
    GetTaskRescheduleStartDate,
    InactiveAssetsResult,
    RescheduleTask,
    SetRenderedFields,
    SetXCom,
    TaskRescheduleStartDate,
    ValidateInletsAndOutlets,
)
from airflow.sdk.execution_time.supervisor import set_supervisor_comms  # noqa: E402
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance  # noqa: E402

try:
    from airflow.sdk.serde import serialize
except ImportError:  # before Airflow 3.2
    from airflow.serialization.serialized_objects import BaseSerialization

    serialize = BaseSerialization.serialize

try:
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
except ImportError:  # before Airflow 3.2
    from airflow.models.dagbag import DagBag, sync_bag_to_db

import pendulum  # noqa: E402
import structlog  # noqa: E402
from structlog.testing import capture_logs  # noqa: E402

from airflow_provider_postpress.emulator import Emulator, faults  # noqa: E402
from airflow_provider_postpress.operators.resync import (  # noqa: E402
    PostpressChatResyncOperator,
    PostpressResyncOperator,
)
from airflow_provider_postpress.sensors.resync import (  # noqa: E402
    PostpressChatResyncSensor,
    PostpressResyncSensor,
)

CONNECTION = "AIRFLOW_CONN_POSTPRESS_DEFAULT"
AIRFLOW_REMEMBERS = "task_state_store" in Context.__annotations__
"""Whether a task can have Airflow remember something over its tries: since Airflow 3.3."""


@pytest.fixture(scope="session")
def _one_emulator() -> Iterator[Emulator]:
    with Emulator(duration_ms=20, api_key="pp_live_do_not_tell") as emulator:
        yield emulator


@pytest.fixture
def emulator(_one_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An empty emulator whose syncs take 20 ms, and to which the connection ``postpress_default`` leads."""
    _one_emulator.reset()
    monkeypatch.setenv(CONNECTION, _connection(_one_emulator))
    return _one_emulator


@pytest.fixture
def connect(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change the connection: ``connect(host=…)``, or its extra: ``connect(extra={…})``."""

    def connect(**changes: Any) -> None:
        monkeypatch.setenv(CONNECTION, _connection(emulator, **changes))

    return connect


def _connection(emulator: Emulator, *, extra: Mapping[str, Any] | None = None, **changes: Any) -> str:
    # to read the certificates that plain HTTP does not need takes longer than all else in most tests
    return json.dumps({**emulator.connection, **changes, "extra": {"verify": False, **(extra or {})}})


@dataclass
class Ended:
    """
    How a task ended.

    :param state: the state that Airflow gave it; ``up_for_retry`` where it failed and may be tried again
    :param error: what it raised
    :param result: what it returned
    :param map_name: the name that the UI shows for a mapped task
    :param deferrals: what it asked of the scheduler each time it deferred
    :param events: the payloads of the triggers' events
    :param reschedules: how often it was put back
    :param rendered: its template fields
    :param told: all that its worker told to Airflow, but which values are to be masked
    :param masked: the values that are to be masked in the log
    """

    state: str = ""
    error: BaseException | None = None
    result: Any = None
    map_name: str | None = None
    deferrals: list[DeferTask] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    reschedules: int = 0
    rendered: dict[str, Any] = field(default_factory=dict)
    told: list[Any] = field(default_factory=list)
    masked: list[Any] = field(default_factory=list, repr=False)


class _Supervisor:
    """The other end of the task runner's line: takes what a task tells, and knows no connection of the database."""

    def __init__(self, ended: Ended, began: datetime, memory: dict[str, Any] | None) -> None:
        self._ended = ended
        self._began = began
        self._memory = {} if memory is None else memory

    def send(self, msg: Any) -> Any:
        if type(msg).__name__ == "MaskSecret":
            # not so the extra of a connection, of which Airflow masks what has the name of a secret
            if not isinstance(msg.value, dict):
                self._ended.masked += msg.value if isinstance(msg.value, list) else [msg.value]
            return None
        self._ended.told.append(msg)
        return self._remember(msg) if type(msg).__name__.endswith("TaskStateStore") else self._answer(msg)

    def _remember(self, msg: Any) -> Any:
        from airflow.sdk.execution_time.comms import TaskStateStoreResult  # since Airflow 3.3

        match type(msg).__name__:
            case "GetTaskStateStore" if msg.key in self._memory:
                return TaskStateStoreResult(value=json.loads(json.dumps(self._memory[msg.key])))
            case "SetTaskStateStore":
                self._memory[msg.key] = msg.value
            case "DeleteTaskStateStore":
                self._memory.pop(msg.key, None)
        return None

    def _answer(self, msg: Any) -> Any:
        match msg:
            case SetXCom(key="return_value"):
                self._ended.result = json.loads(json.dumps(msg.value))
            case SetRenderedFields():
                self._ended.rendered = dict(msg.rendered_fields)
            case GetTaskRescheduleStartDate():
                return TaskRescheduleStartDate(start_date=self._began)
            case ValidateInletsAndOutlets():
                return InactiveAssetsResult(inactive_assets=[])
            case GetAssetByUri():
                return ErrorResponse(error="ASSET_NOT_FOUND")
            case GetAssetEventByAsset():
                return AssetEventsResult(asset_events=[])
            case _ if type(msg).__name__ == "GetConnection":
                return ErrorResponse(error="CONNECTION_NOT_FOUND")
        return None

    async def asend(self, msg: Any) -> Any:
        return self.send(msg)


class Worker:
    """
    Runs a task to its end, in a fresh operator for each of its steps, as Airflow does.

    :ivar dag_run: fields of the run that differ from a manual one of 5 January 2026
    :ivar schedule: the DAG's
    :ivar timezone: the DAG's
    :ivar map_index: the task's place among mapped ones
    :ivar try_number: which try of the task it runs
    :ivar max_tries: the tries that it may have, less one; clearing it makes them more
    :ivar memory: what a task told Airflow to remember over its tries; ``None`` before Airflow 3.3, which cannot
    """

    def __init__(self) -> None:
        self.dag_run: dict[str, Any] = {}
        self.schedule: Any = None
        self.timezone = "UTC"
        self.map_index = -1
        self.try_number = 1
        self.max_tries = 1
        self.memory: dict[str, Any] | None = {} if AIRFLOW_REMEMBERS else None

    def run(self, operator: type[BaseOperator], **arguments: Any) -> Ended:
        """
        Run a task of one operator.

        :param operator: its class
        :param arguments: its arguments, but ``task_id``
        """
        ended = Ended()
        supervisor = _Supervisor(ended, datetime.now(UTC), self.memory)
        resumed: dict[str, Any] = {}
        while True:
            task = self.task(operator, **arguments)
            ti = self._task_instance(task, task_reschedule_count=ended.reschedules, **resumed)
            message = self._take_a_step(ti, ended, supervisor)
            match message:
                case DeferTask():
                    ended.deferrals.append(message)
                    ended.events.append(fire(message))
                    resumed = {
                        "next_method": message.next_method,
                        "next_kwargs": serialize({"event": ended.events[-1]}),
                    }
                case RescheduleTask():
                    ended.reschedules += 1
                    time.sleep(max(0.0, (message.reschedule_date - datetime.now(UTC)).total_seconds()))
                case _:
                    return ended

    def begin(self, operator: type[BaseOperator], **arguments: Any) -> DeferTask:
        """
        Run a deferrable task until it defers, and give what it asks of the scheduler.

        :param operator: its class
        :param arguments: its arguments, but ``task_id``
        """
        ended = Ended()
        task = self.task(operator, deferrable=True, **arguments)
        message = self._take_a_step(
            self._task_instance(task), ended, _Supervisor(ended, datetime.now(UTC), self.memory)
        )
        assert isinstance(message, DeferTask), ended
        return message

    def context(self, task: BaseOperator) -> Any:
        """
        Give the context that a task's ``execute`` gets.

        :param task: the task
        """
        return self._task_instance(task).get_template_context()

    def resume(self, operator: type[BaseOperator], event: Any, **arguments: Any) -> Ended:
        """
        Run only the last step of a deferred task.

        :param operator: its class
        :param event: the payload of the trigger's event
        :param arguments: its arguments, but ``task_id``
        """
        return self.continue_at("execute_complete", {"event": event}, operator, **arguments)

    def continue_at(self, method: str, kwargs: Any, operator: type[BaseOperator], **arguments: Any) -> Ended:
        """
        Run only one step of a deferred task.

        :param method: where it goes on
        :param kwargs: with what
        :param operator: its class
        :param arguments: its arguments, but ``task_id``
        """
        ended = Ended()
        ti = self._task_instance(self.task(operator, **arguments), next_method=method, next_kwargs=serialize(kwargs))
        self._take_a_step(ti, ended, _Supervisor(ended, datetime.now(UTC), self.memory))
        return ended

    def task(self, operator: type[BaseOperator], **arguments: Any) -> BaseOperator:
        """
        Make a task, as the parsing of its DAG file does.

        :param operator: its class
        :param arguments: its arguments, but ``task_id``
        """
        with DAG("messages", schedule=self.schedule, start_date=pendulum.datetime(2026, 1, 1, tz=self.timezone)):
            return operator(task_id="sync", retries=1, **arguments)

    def _task_instance(self, task: BaseOperator, **from_server: Any) -> RuntimeTaskInstance:
        run = {
            "dag_id": "messages",
            "run_id": "manual__2026-01-05",
            "logical_date": datetime(2026, 1, 5, tzinfo=UTC),
            "data_interval_start": datetime(2026, 1, 5, tzinfo=UTC),
            "data_interval_end": datetime(2026, 1, 6, tzinfo=UTC),
            "run_after": datetime(2026, 1, 6, tzinfo=UTC),
            "start_date": BEGAN,
            "end_date": None,
            "run_type": "manual",
            "state": "running",
            "conf": {},
            "consumed_asset_events": [],
            **({"partition_key": None} if "partition_key" in DagRun.model_fields else {}),
            **self.dag_run,
        }
        return RuntimeTaskInstance.model_construct(
            id=uuid.uuid4(),
            task_id=task.task_id,
            dag_id="messages",
            run_id=run["run_id"],
            try_number=self.try_number,
            map_index=self.map_index,
            dag_version_id=uuid.uuid4(),
            task=task,
            max_tries=self.max_tries,
            start_date=datetime.now(UTC),
            _ti_context_from_server=TIRunContext(
                dag_run=DagRun(**run),
                max_tries=self.max_tries,
                should_retry=self.try_number <= self.max_tries,
                **from_server,
            ),
        )

    def _take_a_step(self, ti: RuntimeTaskInstance, ended: Ended, supervisor: _Supervisor) -> Any:
        on_term = signal.getsignal(signal.SIGTERM)
        with set_supervisor_comms(supervisor):
            context = ti.get_template_context()
            if self.memory is None:
                context.pop("task_state_store", None)
            try:
                state, message, error = task_runner.run(ti, context, structlog.get_logger("task"))
            finally:
                signal.signal(signal.SIGTERM, on_term)
        ended.state, ended.error, ended.map_name = str(state.value), error, ti.rendered_map_index
        return message


def fire(deferral: DeferTask) -> Any:
    """
    Run a deferred task's trigger, as it comes out of the database, to its first event.

    :param deferral: what the task asked of the scheduler
    """

    async def first_event() -> Any:
        return await anext(trigger_of(deferral).run())

    return json.loads(json.dumps(asyncio.run(first_event()).payload))


def trigger_of(deferral: DeferTask) -> Any:
    """
    Make a deferred task's trigger as a triggerer does, from what was stored.

    :param deferral: what the task asked of the scheduler
    """
    module, _, name = deferral.classpath.rpartition(".")
    return getattr(import_module(module), name)(**json.loads(json.dumps(deferral.trigger_kwargs)))


@pytest.fixture
def worker(emulator: Emulator) -> Worker:
    """A worker whose tasks reach the emulator."""
    return Worker()


@pytest.fixture
def account(emulator: Emulator) -> str:
    """A LinkedIn account of three chats, whose messages lie on the bounds of 5 January 2026, within and beside them."""
    account_id = emulator.add_account("LINKEDIN", account_id="acc_anna", name="Anna")
    for _ in range(3):
        emulator.add_chat(
            account_id,
            messages=[
                "2026-01-04T23:59:59.999Z",
                "2026-01-05T00:00:00Z",
                "2026-01-05T12:00:00Z",
                "2026-01-05T23:59:59.999Z",
                "2026-01-06T00:00:00Z",
            ],
        )
    return account_id


@pytest.fixture
def chat(emulator: Emulator) -> str:
    """A Telegram chat of two messages."""
    account_id = emulator.add_account("TELEGRAM")
    return emulator.add_chat(account_id, chat_id="chat_1", messages=["2025-01-01T00:00:00Z", "2026-01-05T12:00:00Z"])


@pytest.fixture
def answers(emulator: Emulator) -> Callable[..., None]:
    """Let the sync routes give these statuses, or these whole bodies, one after the other."""

    def answers(*contents: str | dict[str, Any], count: int = 1) -> None:
        for content in contents:
            for route, named in (
                ("account_sync", {"object": "AccountResync"}),
                ("chat_sync", {"object": "ChatHistorySync", "chat_id": "chat_1"}),
            ):
                body = content if isinstance(content, dict) else {**named, "status": content}
                fault = faults.Body(status=200, content=json.dumps(body), content_type="application/json")
                emulator.inject(fault, route=route, count=count)

    return answers


SENSORS = {
    PostpressResyncOperator: PostpressResyncSensor,
    PostpressChatResyncOperator: PostpressChatResyncSensor,
}
FAST = {"poll_interval": 0.004, "max_poll_interval": 0.01}
MODES = {
    "blocking": ({"deferrable": False}, None),
    "deferred": ({"deferrable": True}, None),
    "trigger now, wait later": ({"wait_for_completion": False, "deferrable": False}, {"deferrable": False}),
}


@pytest.fixture(params=MODES)
def sync(request: pytest.FixtureRequest, worker: Worker) -> Callable[..., Ended]:
    """Sync an account, or a chat, to its end: in each of the modes."""
    how, later = MODES[request.param]

    def sync(operator: type[BaseOperator] = PostpressResyncOperator, **arguments: Any) -> Ended:
        ended = worker.run(operator, **FAST, **how, **{"timeout": 20, **arguments})
        if later is None or ended.state != "success":
            return ended
        shared = {"soft_fail", "if_deleted", "postpress_conn_id"} & set(arguments)
        following = {name: arguments[name] for name in shared}
        return worker.run(SENSORS[operator], resync=ended.result, poke_interval=0.004, **later, **following)

    return sync


@pytest.fixture
def log() -> Iterator[Callable[[], list[str]]]:
    """What the package's own code said in the log, masked by nobody: ``["INFO Sync of …"]``."""
    with capture_logs() as entries:
        yield lambda: [
            f"{entry['log_level'].upper()} {entry['event']}"
            for entry in entries
            if not entry["event"].startswith(("::", "Pausing task", "Pushing xcom", "Skipping task", "Task failed"))
        ]


@pytest.fixture(scope="session")
def _database() -> None:
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture(scope="session")
def put_dag(_database: None) -> Callable[[DAG], None]:
    """Put a DAG into the database."""

    def put_dag(dag: DAG) -> None:
        from airflow.dag_processing.bundles.manager import DagBundlesManager

        DagBundlesManager().sync_bundles_to_db()
        bag = DagBag(DAGS)
        bag.bag_dag(dag)
        sync_bag_to_db(bag, "dags-folder", None)

    return put_dag


@pytest.fixture(scope="session")
def run_dag(put_dag: Callable[[DAG], None]) -> Callable[..., Any]:
    """Run a DAG with ``dag.test()``, and give the run."""

    def run_dag(dag: DAG, **arguments: Any) -> Any:
        put_dag(dag)
        return dag.test(**arguments)

    return run_dag
