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
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from simulation import Day, Fault

from airflow_provider_postpress.emulator import Options
from airflow_provider_postpress.resync.request import Target

EXAMPLES = os.environ.get("MODEL_EXAMPLES")

behaviours = st.builds(
    Options,
    duration_ms=st.sampled_from([1_000, 5_000, 5_000, 20_000, 60_000]),
    chunks=st.sampled_from(["next", "next", "next", "fresh"]),
    own_chunk_size=st.sampled_from([None, None, None, 1, 2]),
    started_answers=st.sampled_from([1, 1, 1, 2, 3]),
)

LEFT_IN_CHUNKS = Event("somebody_else_starts_and_never_polls", ("another window in chunks", 5))
BEGIN_IN_CHUNKS = Event("task_begins", (Day.A, 1, False))


def requests(*faults: Fault) -> list[Event]:
    return [Event("run_steps", (0, fault)) for fault in faults]


@given(
    target=st.sampled_from([Target.ACCOUNT] * 5 + [Target.CHAT]),
    options=behaviours,
    events=st.lists(st.sampled_from(EVENTS), min_size=5, max_size=40),
)
@example(  # a chunk's end is lost on us, and then a request never arrives
    target=Target.ACCOUNT,
    options=Options(duration_ms=5_000),
    events=[LEFT_IN_CHUNKS, BEGIN_IN_CHUNKS, *requests(Fault.LOST_ANSWER, Fault.NEVER_ARRIVED)],
)
@example(  # a chunk's end tells us that the sync is foreign, and then a request is not handled
    target=Target.ACCOUNT,
    options=Options(duration_ms=5_000),
    events=[LEFT_IN_CHUNKS, BEGIN_IN_CHUNKS, *requests(Fault.NONE, Fault.UNAVAILABLE)],
)
@example(  # between an end that we read and our start a sync in chunks begins, and a chunk's end is lost on us
    target=Target.ACCOUNT,
    options=Options(duration_ms=5_000),
    events=[
        Event("somebody_else_starts_and_never_polls", ("another window", 20)),
        BEGIN_IN_CHUNKS,
        *requests(Fault.NONE, Fault.TOO_MANY),
        LEFT_IN_CHUNKS,
        *requests(Fault.LOST_ANSWER),
    ],
)
@settings(
    max_examples=int(EXAMPLES or 4000),
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
