"""Rules that hold for every operator and sensor: what the parsing of a DAG file may do, and what their docs tell."""

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
from airflow.sdk import DAG, BaseOperator

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

sys.addaudithook(watch)
untold = []
with DAG("ours", schedule=None):
    for name in sys.argv[1:]:
        module = import_module(name)
        for task in vars(module).values():
            if inspect.isclass(task) and task.__module__ == name and task.__name__.startswith("Postpress"):
                subject = "chat_id" if "Chat" in task.__name__ else "account_id"
                task(task_id=task.__name__, **{subject: "one"})
                task.partial(task_id=f"mapped_{task.__name__}").expand(**{subject: ["one", "two"]})
                for base in task.__mro__[: task.__mro__.index(BaseOperator)]:
                    if base.__module__.startswith("airflow_provider_postpress.") and "__init__" in vars(base):
                        parameters = set(inspect.signature(vars(base)["__init__"]).parameters) - {"self", "kwargs"}
                        untold += [f"{task.__name__}: {name}" for name in parameters if not is_told(name, task.__doc__)]

print(json.dumps({"imported": sorted(set(sys.modules) - known), "deeds": deeds, "untold": untold}))
"""


@pytest.fixture(scope="module")
def parsed() -> dict[str, Any]:
    """What it takes to parse a DAG file with all operators and sensors, and which parameters their docs leave out."""
    rooms = airflow_provider_postpress.get_provider_info()
    modules = [name for room in ("operators", "sensors") for kind in rooms[room] for name in kind["python-modules"]]
    run = subprocess.run([sys.executable, "-c", PARSE, *modules], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_parsing_a_dag_file_does_no_io(parsed):
    assert parsed["deeds"] == []


def test_parsing_a_dag_file_imports_the_tasks_alone(parsed):
    foreign = [name for name in parsed["imported"] if not name.startswith("airflow_provider_postpress")]
    rooms = {name.split(".")[1] for name in parsed["imported"] if name.startswith("airflow_provider_postpress.")}
    assert foreign == []
    assert rooms == {"operators", "sensors", "tasks"}


def test_the_docs_of_an_operator_tell_each_of_its_parameters(parsed):
    assert parsed["untold"] == []
