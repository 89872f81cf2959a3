"""
No false success in any run: tasks of successive windows, stepped in any order, against a Postpress that misbehaves.

Left out is what nobody can tell, and no more than that; ``test_limits.py`` shows it:

- nobody else sends a request while a sync of ours is under way, nor does a trigger of an earlier task;
- a run whose very first news of somebody else's sync would be ``SYNC_STARTED`` finds it started already.

``MODEL_EXAMPLES=100000`` tries as many histories at random; by default they are few, and always the same.
"""

from __future__ import annotations

import os

from histories import EVENTS, Event, History
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_postpress.emulator import Options
from airflow_provider_postpress.resync.request import Target

EXAMPLES = os.environ.get("MODEL_EXAMPLES")

behaviours = st.builds(
    Options,
    duration_ms=st.sampled_from([1_000, 5_000, 20_000, 60_000, 600_000]),
    chunks=st.sampled_from(["next", "next", "next", "fresh"]),
    own_chunk_size=st.sampled_from([None, None, 1, 2]),
    started_answers=st.sampled_from([1, 1, 2, 3]),
)


@given(
    target=st.sampled_from([Target.ACCOUNT] * 5 + [Target.CHAT]),
    options=behaviours,
    events=st.lists(st.sampled_from(EVENTS), max_size=40),
)
@settings(
    max_examples=int(EXAMPLES or 2500),
    derandomize=EXAMPLES is None,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_a_success_means_that_the_messages_of_its_window_are_in_postpress(
    target: Target, options: Options, events: list[Event]
) -> None:
    history = History(target, options)
    for event in events:
        history.play(event)
    history.end()
