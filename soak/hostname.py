"""Airflow's components on one machine, told apart by what they take for their host's name."""

from __future__ import annotations

import os


def component() -> str:
    """Give the component's name, for ``[core] hostname_callable``."""
    return os.environ["LOCAL_AIRFLOW_COMPONENT"]
