"""Rules that hold for all that DAG files use: what their parsing may do, and what the docs of operators tell."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import airflow_provider_postpress

# In an interpreter of its own: DAG files that use Airflow alone, then all of ours. What the second adds is ours.
PARSE = """
import inspect, json, sys
from importlib import import_module

import airflow.sdk, airflow.sdk.bases.sensor
import airflow.providers.common.compat.sdk
import airflow.triggers.base  # any AssetWatcher needs it
from airflow.sdk import DAG, Asset, BaseOperator

Asset("plain://asset")  # the first has Airflow import the handlers of all schemes
with DAG("airflows_own", schedule=None):
    BaseOperator(task_id="plain")
    BaseOperator.partial(task_id="mapped").expand(doc=["one", "two"])

known = set(sys.modules)
deeds = []
WATCHED = ("socket.", "subprocess.", "sqlite3.", "urllib.", "http.", "os.system", "os.exec", "os.fork")

def watch(event, arguments):
    if event.startswith(WATCHED) or (event == "open" and not str(arguments[0]).endswith((".py", ".pyc"))):
        deeds.append(f"{event} {arguments}")

def is_told(parameter, docs):
    return f":param {parameter}:" in docs or f"``{parameter}``" in docs

def is_required(task, parameter):
    return inspect.signature(task).parameters[parameter].default is inspect.Parameter.empty

sys.addaudithook(watch)
untold = []
with DAG("ours", schedule=None):
    for name in sys.argv[1:]:
        module = import_module(name)
        for task in vars(module).values():
            if inspect.isclass(task) and task.__module__ == name and task.__name__.startswith("Postpress"):
                subject = task.subject_field
                needed = {name: "one" for name in task.template_fields if is_required(task, name) and name != subject}
                task(task_id=task.__name__, **needed, **{subject: "one"})
                task.partial(task_id=f"mapped_{task.__name__}", **needed).expand(**{subject: ["one", "two"]})
                for base in task.__mro__[: task.__mro__.index(BaseOperator)]:
                    if base.__module__.startswith("airflow_provider_postpress.") and "__init__" in vars(base):
                        parameters = set(inspect.signature(vars(base)["__init__"]).parameters) - {"self", "kwargs"}
                        untold += [f"{task.__name__}: {name}" for name in parameters if not is_told(name, task.__doc__)]

from airflow_provider_postpress.assets import watched_account_status_asset
from airflow_provider_postpress.triggers.account import PostpressAccountStatusTrigger
watched_account_status_asset("one")

print(json.dumps({"imported": sorted(set(sys.modules) - known), "deeds": deeds, "untold": untold}))
"""


@pytest.fixture(scope="module")
def parsed() -> dict[str, Any]:
    """What it takes to parse a DAG file with all of ours, and which parameters the docs of operators leave out."""
    rooms = airflow_provider_postpress.get_provider_info()
    modules = [name for room in ("operators", "sensors") for kind in rooms[room] for name in kind["python-modules"]]
    run = subprocess.run([sys.executable, "-c", PARSE, *modules], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_parsing_a_dag_file_does_no_io(parsed):
    assert parsed["deeds"] == []


def test_parsing_a_dag_file_imports_the_tasks_and_the_watcher_alone(parsed):
    foreign = [name for name in parsed["imported"] if not name.startswith("airflow_provider_postpress")]
    rooms = {name.split(".")[1] for name in parsed["imported"] if name.startswith("airflow_provider_postpress.")}
    triggers = {name.split(".")[2] for name in parsed["imported"] if ".triggers." in name}
    assert foreign == []
    assert rooms - {"assets"} == {"operators", "sensors", "tasks", "triggers"}
    assert triggers == {"account", "account_status", "base", "machinery", "result", "status_memory"}


def test_the_docs_of_an_operator_tell_each_of_its_parameters(parsed):
    assert parsed["untold"] == []
