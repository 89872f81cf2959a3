"""
What can go wrong between a client and Postpress, as data.

``effect`` says whether the request has its effect before the fault shows: a sync may have started though its answer
never arrives.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal


@dataclass(frozen=True, kw_only=True)
class Fault:
    """
    Something that goes wrong with one request.

    :param effect: whether the request has its effect all the same
    """

    kind: ClassVar[str]

    effect: bool = False


@dataclass(frozen=True, kw_only=True)
class _OfTheAnswer(Fault):
    """A fault that spoils the true answer, so the request always has its effect."""

    effect: bool = True

    def __post_init__(self) -> None:
        if not self.effect:
            raise ValueError(f"{self.kind} spoils the true answer: the request has its effect.")


@dataclass(frozen=True, kw_only=True)
class Error(Fault):
    """
    An error answer.

    :param status: HTTP status
    :param error_type: ``errors/...``; it need not be a documented one
    :param detail: the text; by default the meaning of the type
    :param retry_after: the ``Retry-After`` header, as seconds (``"7"``) or as an HTTP date
    :param envelope: ``"problem"``, the documented one, or ``"second"``: ``{"error": {"code", "message",
        "request_id"}}``
    """

    kind = "error"

    status: int
    error_type: str
    detail: str | None = None
    retry_after: str | None = None
    envelope: Literal["problem", "second"] = "problem"


@dataclass(frozen=True, kw_only=True)
class Reset(Fault):
    """The connection is reset without an answer; unless told otherwise, before the request has its effect."""

    kind = "reset"


@dataclass(frozen=True, kw_only=True)
class LostAnswer(Fault):
    """The connection is closed without an answer; unless told otherwise, after the request had its effect."""

    kind = "lost_answer"

    effect: bool = True


@dataclass(frozen=True, kw_only=True)
class Hang(Fault):
    """
    Nothing comes, and then the connection is closed.

    :param seconds: for how long nothing comes
    """

    kind = "hang"

    seconds: float = 3600.0


@dataclass(frozen=True, kw_only=True)
class Truncated(_OfTheAnswer):
    """
    The first half of the true answer.

    :param complete: whether HTTP calls that half the whole body; if not, the connection is closed in mid-body
    """

    kind = "truncated"

    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class Drip(_OfTheAnswer):
    """
    The true answer, byte by byte.

    :param seconds_per_byte: the time before each byte
    """

    kind = "drip"

    seconds_per_byte: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Body(Fault):
    """
    A body that is not Postpress's: by default a proxy's page.

    :param status: HTTP status
    :param content: the text; ``""`` for an empty body
    :param content_type: what the header calls it
    """

    kind = "body"

    status: int = 502
    content: str = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    content_type: str = "text/html"


@dataclass(frozen=True, kw_only=True)
class Redirect(Fault):
    """
    A redirect.

    :param location: where to
    :param status: HTTP status
    """

    kind = "redirect"

    location: str = "/redirected"
    status: int = 307


@dataclass(frozen=True, kw_only=True)
class Oversized(Fault):
    """
    A body of nothing but spaces, more than a client should read.

    :param size: bytes, as the client sees them
    :param compressed: whether it travels as a small gzip stream
    """

    kind = "oversized"

    size: int = 256 * 1024 * 1024
    compressed: bool = False


_KINDS: dict[str, type[Fault]] = {
    fault.kind: fault for fault in (Error, Reset, LostAnswer, Hang, Truncated, Drip, Body, Redirect, Oversized)
}


def to_json(fault: Fault) -> dict[str, Any]:
    """Give a fault as a JSON object: its kind, and its fields."""
    return {"kind": fault.kind, **asdict(fault)}


def from_json(document: dict[str, Any]) -> Fault:
    """
    Make a fault of a JSON object: its kind, and those of its fields that are not to have their defaults.

    :raises ValueError: for a kind or a field that there is not
    """
    fields = dict(document)
    kind = fields.pop("kind", None)
    if kind not in _KINDS:
        raise ValueError(f"A fault's kind is one of {', '.join(_KINDS)}, not {kind!r}.")
    try:
        return _KINDS[kind](**fields)
    except TypeError as error:
        raise ValueError(f"That is no fault of kind {kind}: {error}.") from None
