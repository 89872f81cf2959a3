"""The handle of a sync: an operator's result, given to a sensor so that it follows that very sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.resync.driver import Progress, instant
from airflow_provider_postpress.resync.request import SyncRequest, Target
from airflow_provider_postpress.resync.tracker import Knowledge, Owner

_WAY_OUT = "Clear the operator that gave it together with this sensor, so that a new sync starts."


@dataclass(frozen=True, slots=True)
class Handle:
    """
    A sync of ours, as its operator left it.

    :param request: what was asked
    :param progress: how far it had come
    :param deadline: until when it may be followed; ``None`` when it already ended well
    """

    request: SyncRequest
    progress: Progress
    deadline: datetime | None


def read_handle(value: object, target: Target, *, now: datetime) -> Handle:
    """
    Read a handle. What is not one, or not any more, is refused.

    :param value: what an operator returned
    :param target: what the sensor is about
    :param now: the time
    :raises PostpressInvalidRequest: there is none, it is malformed, of the other kind, or expired
    """
    if not isinstance(value, Mapping):
        raise _refused(f"resync={value!r} is not an operator's result. {_WAY_OUT}")
    try:
        request = SyncRequest.from_dict(value)
        known = Knowledge(Owner.OURS, chunks=_count(value["chunks"]), restarts=_count(value["restarts"]))
        progress = Progress(known, _count(value["polls"]), _aware(value["started_at"]))
        status, finished_at = value["status"], value["finished_at"]
        ends = _aware(value["deadline"]) if status == "SYNC_STARTED" else None
        if finished_at is not None:
            _aware(finished_at)
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(f"resync={dict(value)!r} is not an operator's result ({error}). {_WAY_OUT}") from error
    if request.target is not target:
        raise _refused(f"resync is about {request}, and this sensor is about {target}s.")
    if status not in ("SYNC_DONE", "SYNC_STARTED"):
        raise _refused(f"resync has status {status!r}, which no operator of ours returns. {_WAY_OUT}")
    is_done = status == "SYNC_DONE"
    if (finished_at is not None) is not is_done or ("deadline" in value) is is_done or not _sends_its_window(request):
        raise _refused(f"resync={dict(value)!r} contradicts itself: it is not an operator's result. {_WAY_OUT}")
    if ends is not None and ends <= now:
        raise _refused(
            f"The sync of {request} could be followed until {ends.isoformat()}; since then somebody else may have read "
            f"its end. {_WAY_OUT}"
        )
    return Handle(request, progress, ends)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _aware(text: str) -> datetime:
    moment = instant(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no timezone")
    return moment


def _sends_its_window(request: SyncRequest) -> bool:
    sent = {name: value for name, value in request.parameters.items() if name in ("after", "before")}
    window = request.window
    if request.target is Target.CHAT:
        return window is None and not request.parameters
    return sent in ([window.parameters("natural"), window.parameters("as_documented")] if window else [{}])


def _refused(message: str) -> PostpressInvalidRequest:
    return PostpressInvalidRequest(message)
