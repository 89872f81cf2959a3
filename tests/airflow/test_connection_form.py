"""What Airflow makes of the package: its provider list, its hooks and its connection form, by its own code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from complaints import COMMON_COMPATS_OWN

from airflow_provider_postpress import get_provider_info
from airflow_provider_postpress.hooks.settings import EXTRAS

AIRFLOW = Path(sys.executable).with_name("airflow")
HOOK_META = """
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
for hook in HookMetaService.hook_meta_data():
    if hook.connection_type == "postpress":
        print(hook.model_dump_json())
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run a program in a fresh Airflow home; give what it printed, and fail where it failed."""
    environment = {
        **os.environ,
        **COMMON_COMPATS_OWN,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "COLUMNS": "500",
    }

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    return run


def test_the_provider_info_fits_airflows_schema() -> None:
    schema = json.loads((files("airflow") / "provider_info.schema.json").read_text())

    jsonschema.validate(get_provider_info(), schema)


def test_the_provider_info_imports_nothing(run: Any) -> None:
    check = (
        "import sys; before = set(sys.modules); import airflow_provider_postpress as p; p.get_provider_info(); "
        "print(*sorted(set(sys.modules) - before))"
    )

    assert set(run(sys.executable, "-c", check).stdout.split()) <= {"airflow_provider_postpress", "__future__"}


@pytest.mark.parametrize(
    ("command", "shows"),
    [
        ("list", ["airflow-provider-postpress"]),
        ("hooks", ["airflow_provider_postpress.hooks.postpress.PostpressHook", "postpress_conn_id", "Postpress"]),
    ],
)
def test_airflow_lists_the_provider_without_a_warning(command: str, shows: list[str], run: Any) -> None:
    done = run(AIRFLOW, "providers", command)

    told = done.stdout + done.stderr
    assert [word for word in shows if word not in told] == []
    assert "warning" not in told.lower()
    assert "inconsistency" not in told.lower()


@pytest.fixture(scope="module")
def form(run: Any) -> Any:
    """The connection form as the API server gives it to the browser."""
    return json.loads(run(sys.executable, "-c", HOOK_META).stdout.splitlines()[-1])


def test_the_form_asks_for_host_and_api_key(form: Any) -> None:
    standard = form["standard_fields"]

    assert form["hook_name"] == "Postpress"
    assert standard["password"] == {"hidden": False, "title": "API key", "placeholder": "from the Postpress dashboard"}
    assert standard["host"] == {"hidden": False, "title": None, "placeholder": "https://api.postpress.ai/v1"}
    assert standard["login"]["hidden"]
    assert standard["url_schema"]["hidden"]


def test_the_form_has_a_field_for_every_extra(form: Any) -> None:
    fields = form["extra_fields"]

    assert tuple(fields) == EXTRAS
    assert fields["time_span"]["value"] == "natural"
    assert fields["time_span"]["schema"]["enum"] == ["natural", "as_documented"]
    assert fields["timeout"]["schema"]["type"] == ["integer", "null"]
    assert fields["verify"]["schema"]["type"] == ["string", "null"]
    for secret in ("proxy", "webhook_secret", "webhook_secret_previous"):
        assert fields[secret]["schema"]["format"] == "password"
    assert all(field["schema"]["title"] and field["description"] for field in fields.values())


def test_airflow_masks_secrets_where_it_shows_a_connection() -> None:
    from airflow.api_fastapi.core_api.datamodels.connections import ConnectionResponse

    shown = ConnectionResponse.model_validate(
        {
            "conn_id": "postpress_default",
            "conn_type": "postpress",
            "description": None,
            "host": None,
            "login": None,
            "schema": None,
            "port": None,
            "password": "pp_live_key",
            "team_name": None,
            "extra": json.dumps(
                {
                    "proxy": "http://user:hunter2@proxy:3128",
                    "webhook_secret": "hunter3",
                    "webhook_secret_previous": "hunter4",
                    "timeout": 5,
                }
            ),
        }
    ).model_dump_json()

    assert "hunter" not in shown
    assert "pp_live_key" not in shown
    assert "timeout" in shown
