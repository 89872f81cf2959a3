from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from api_server import HEADER, PATH, PREVIOUS, SECRET, Receiver, told

sys.path.insert(0, str(Path(__file__).parents[2]))

from watched_airflow import WatchedAirflow


@pytest.fixture(scope="session")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """The webhook, which lets in two secrets, of the connection ``hooks``, in a header of its own."""
    settings = {"AIRFLOW__POSTPRESS__WEBHOOK_CONN_ID": "hooks"}
    airflow = WatchedAirflow(tmp_path_factory.mktemp("airflow"), Path(__file__).with_name("dags"), settings)
    try:
        airflow.prepare()
        before = httpx.post(airflow.url + PATH, json=told("acc_1"), headers={HEADER: SECRET}, timeout=30)
        extra = {"webhook_secret": SECRET, "webhook_secret_previous": PREVIOUS, "webhook_header": HEADER}
        airflow.add_connection("hooks", conn_type="postpress", password="pp_live_key", extra=json.dumps(extra))
        receiver = Receiver(airflow, before)
        # that there is none is remembered for a moment
        airflow.wait_for(lambda: receiver.post(told("nobody")).is_success, seconds=30, what="the secret to be found")
        yield receiver
    finally:
        airflow.stop()


@pytest.fixture
def unchanged(receiver: Receiver) -> Iterator[Callable[[httpx.Response], str]]:
    """Take answers that refuse, and find at the end that nothing has changed."""
    before = receiver.all_events()
    yield lambda answer: str(answer.json()["detail"])
    assert receiver.all_events() == before
