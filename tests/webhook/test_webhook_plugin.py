"""The plugin, as every process of Airflow loads it."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import httpx
from api_server import PATH

from airflow_provider_postpress.plugin import Postpress

LOAD = """
import sys
import airflow.providers.common.compat.sdk
from airflow.providers.common.compat.sdk import AirflowPlugin
before = set(sys.modules)
import airflow_provider_postpress.plugin
print(*sorted(set(sys.modules) - before))
"""


def test_it_imports_next_to_nothing():
    run = subprocess.run([sys.executable, "-c", LOAD], check=True, stdout=subprocess.PIPE, text=True)
    assert set(run.stdout.split()) <= {"airflow_provider_postpress", "airflow_provider_postpress.plugin"}


async def test_all_who_come_first_find_one_receiver():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Postpress()), base_url="http://here") as client:
        answers = await asyncio.gather(*(client.get(PATH.removeprefix("/postpress")) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {405}
