"""The wheel, installed into an empty environment, far from this repository."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from complaints import COMMON_COMPATS_OWN
from uv import find_uv_bin

ROOT = Path(__file__).parents[1]
PACKAGE = "airflow_provider_postpress"

pytestmark = pytest.mark.xdist_group("package")  # one environment for all


def uv(*arguments: str | Path) -> str:
    return subprocess.run(
        [find_uv_bin(), *arguments, "--quiet"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--out-dir", folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


class Installed:
    """
    An environment with nothing but the wheel, what it needs, and its emulator.

    :param folder: an empty folder
    :param wheel: what is installed
    """

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.bin = folder / "venv/bin"
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        versions = folder / "versions.txt"
        versions.write_text(uv("pip", "freeze", "--exclude-editable", "--python", sys.executable))
        uv("venv", "--python", sys.executable, folder / "venv")
        uv("pip", "install", "--python", self.bin / "python", "--constraint", versions, f"{wheel}[emulator]")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))},
            **COMMON_COMPATS_OWN,
            "AIRFLOW_HOME": str(folder / "home"),
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command of the environment."""
        program, *arguments = command
        return subprocess.Popen(
            [self.bin / program, *arguments],
            cwd=self.elsewhere,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str) -> str:
        """Run a command to its end, which is to be a good one without a word of complaint; give what it prints."""
        process = self.start(*command)
        output, said = process.communicate(timeout=120)
        complaints = [line for line in said.splitlines() if "[info " not in line]
        assert (process.returncode, complaints) == (0, []), output
        return output


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, installed."""
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = {path for path in (ROOT / PACKAGE).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert packed == {str(path.relative_to(ROOT)) for path in files}
    assert f"{PACKAGE}/py.typed" in packed


def test_every_module_can_be_imported(installed: Installed, wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = [name.removesuffix(".py").replace("/", ".") for name in archive.namelist() if name.endswith(".py")]
    modules = [name.removesuffix(".__init__") for name in names if not name.endswith(("__main__", "fixtures"))]
    installed.run("python", "-c", f"import {', '.join(modules)}")


def test_airflow_lists_the_provider_and_its_hook_without_a_warning(installed: Installed):
    providers = json.loads(installed.run("airflow", "providers", "list", "--output", "json"))
    (provider,) = [provider for provider in providers if provider["package_name"] == "airflow-provider-postpress"]
    hooks = json.loads(installed.run("airflow", "providers", "hooks", "--output", "json"))
    (hook,) = [hook for hook in hooks if hook["connection_type"] == "postpress"]

    assert provider["version"] in installed.run("python", "-c", f"import {PACKAGE}; print({PACKAGE}.__version__)")
    assert hook["class"] == f"{PACKAGE}.hooks.postpress.PostpressHook"


def test_the_emulator_starts_says_where_it_is_and_ends_when_it_is_asked_to(installed: Installed):
    emulator = installed.start("python", "-m", f"{PACKAGE}.emulator", "--port", "0")
    try:
        assert emulator.stdout is not None
        assert emulator.stdout.readline().startswith("Postpress emulator at http://127.0.0.1:")
    finally:
        emulator.send_signal(signal.SIGTERM)
        _, complaints = emulator.communicate(timeout=30)
    assert (emulator.returncode, complaints) == (0, "")
