"""
Measure a burst of deliveries to a real API server: what is lost, how long each takes, and what others feel meanwhile.

``python -m benchmarks.webhook`` prints what it found as JSON. Times are in milliseconds. Others ask for Airflow's
version, one after the other: while the server is idle, in a burst of as many requests for the version, and in the burst
of deliveries. The ratios compare these within the run, on a machine that the clients share with the server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.http_client import Connection
from demo.local_airflow import LocalAirflow

Request = tuple[str, str, dict[str, str], str]

SECRET = "a-secret-of-the-benchmark"  # noqa: S105 (of a server that lives as long as the benchmark)
PATH = "/postpress/webhooks/account-status"
VERSION: Request = ("GET", "/api/v2/version", {}, "")
PROBE_SECONDS = 0.05


def main() -> None:
    """Start an API server, measure it idle and in a burst, and print what was found."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    arguments.add_argument("--deliveries", type=int, default=5000)
    arguments.add_argument("--connections", type=int, default=100, help="how many deliveries are under way at once")
    arguments.add_argument("--accounts", type=int, default=500, help="how many accounts they are about")
    arguments.add_argument("--seconds", type=float, default=240, help="how long the burst may take at most")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home:
        settings = {"ACCOUNTS": str(chosen.accounts), "AIRFLOW__POSTPRESS__WEBHOOK_SECRET": SECRET}
        airflow = LocalAirflow(Path(home) / "airflow", Path(__file__).with_name("dags"), settings)
        try:
            airflow.prepare()
            found = asyncio.run(_measure(airflow.url, chosen))
            found["events"] = airflow.get("assets/events", limit=1)["total_entries"]
        finally:
            airflow.stop()
    found["lost"] = chosen.deliveries - found["events"]
    json.dump(found, sys.stdout, indent=2)
    sys.stdout.write("\n")


async def _measure(url: str, chosen: argparse.Namespace) -> dict[str, Any]:
    await _burst(url, _to_nobody, 1, 1)  # the first imports
    alone = await _burst(url, _to_nobody, 100, 1)
    idle = await _probe(url, asyncio.create_task(asyncio.sleep(5)))
    versions = asyncio.create_task(_burst(url, lambda _: VERSION, chosen.deliveries, chosen.connections))
    in_versions = await _probe(url, versions)
    began = time.perf_counter()
    burst = asyncio.create_task(
        _burst(
            url, lambda n: _delivery(f"acc_{n % chosen.accounts}", f"TOLD_{n}"), chosen.deliveries, chosen.connections
        )
    )
    async with asyncio.timeout(chosen.seconds):
        in_burst = await _probe(url, burst)
    took = time.perf_counter() - began
    return {
        "deliveries": chosen.deliveries,
        "at_once": chosen.connections,
        "seconds": round(took, 1),
        "per_second": round(chosen.deliveries / took),
        "answers": dict(Counter(str(status) for status, _ in burst.result())),
        "delivery_alone_ms": _percentiles(alone),
        "delivery_ms": _percentiles(burst.result()),
        "version_in_its_burst_ms": _percentiles(versions.result()),
        "others_idle_ms": _percentiles(idle),
        "others_in_versions_ms": _percentiles(in_versions),
        "others_in_deliveries_ms": _percentiles(in_burst),
        "others_in_deliveries_to_idle": _ratios(in_burst, idle),
        "others_in_deliveries_to_in_versions": _ratios(in_burst, in_versions),
    }


async def _burst(url: str, request: Callable[[int], Request], count: int, connections: int) -> list[tuple[int, float]]:
    numbers = iter(range(count))
    answers: list[tuple[int, float]] = []

    async def sender() -> None:
        async with Connection(url) as connection:
            answers.extend([await connection.request(*request(number)) for number in numbers])

    async with asyncio.TaskGroup() as senders:
        for _ in range(connections):
            senders.create_task(sender())
    return answers


async def _probe(url: str, until: asyncio.Task[Any]) -> list[tuple[int, float]]:
    answers = []
    async with Connection(url) as connection:
        while not until.done():
            answers.append(await connection.request(*VERSION))
            await asyncio.sleep(PROBE_SECONDS)
    return answers


def _delivery(account_id: str, message: str) -> Request:
    told = {"AccountStatus": {"account_id": account_id, "account_type": "LINKEDIN", "message": message}}
    return "POST", PATH, {"Postpress-Auth": SECRET}, json.dumps(told)


def _to_nobody(number: int) -> Request:
    return _delivery("nobody", f"TOLD_{number}")


def _percentiles(answers: Sequence[tuple[int, float]]) -> dict[str, float]:
    times = [milliseconds for _, milliseconds in answers]
    cuts = statistics.quantiles(times * 2, n=100, method="inclusive")
    found = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(times)}
    return {name: round(value, 1) for name, value in found.items()}


def _ratios(those: Sequence[tuple[int, float]], these: Sequence[tuple[int, float]]) -> dict[str, float]:
    base = _percentiles(these)
    return {name: round(value / base[name], 2) for name, value in _percentiles(those).items()}


if __name__ == "__main__":
    main()
