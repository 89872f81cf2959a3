"""A Postpress that runs on this machine, for demos and for tests of one's own DAGs."""

from airflow_provider_postpress.emulator.control import EmulatorControl
from airflow_provider_postpress.emulator.engine import Engine
from airflow_provider_postpress.emulator.options import Options
from airflow_provider_postpress.emulator.server import Emulator

__all__ = ["Emulator", "EmulatorControl", "Engine", "Options"]
