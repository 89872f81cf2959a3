"""What a route answers: a status and a body, in the documented envelope where it is an error."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NamedTuple

from airflow_provider_postpress.api.error_types import ERROR_TYPES


class Answer(NamedTuple):
    """
    An answer before it becomes HTTP.

    :param status_code: HTTP status
    :param body: the JSON object
    """

    status_code: int
    body: dict[str, Any]


class ProblemError(Exception):
    """
    A request that Postpress refuses.

    :param status: HTTP status
    :param error_type: ``errors/...``
    :param detail: what is wrong with this very request; by default the meaning of the type
    """

    def __init__(self, status: int, error_type: str, detail: str | None = None) -> None:
        if detail is None:
            detail = ERROR_TYPES[error_type].meaning if error_type in ERROR_TYPES else HTTPStatus(status).description
        super().__init__(detail)
        self.status = status
        self.error_type = error_type
        self.detail = detail

    @property
    def answer(self) -> Answer:
        """The documented error envelope."""
        title = HTTPStatus(self.status).phrase
        return Answer(
            self.status, {"title": title, "detail": self.detail, "type": self.error_type, "status": self.status}
        )


def second_envelope(problem: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Put an error into the other envelope that Postpress is known to use."""
    code = problem["type"].removeprefix("errors/")
    return {"error": {"code": code, "message": problem["detail"], "request_id": request_id}}
