"""JSON as Airflow's database holds it: read as text, because one odd document must not spoil the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json
from sqlalchemy import Text, cast

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def text_of(column: Any) -> ColumnElement[str]:
    """
    Have the database give a column of JSON as text.

    :param column: the column
    """
    return cast(column, Text)


def read_document(text: str | None) -> Any:
    """
    Read a document; ``None`` if it is none.

    :param text: what the database gave
    """
    if text is None:
        return None
    try:
        return from_json(text)
    except ValueError:
        pass
    try:
        return json.loads(text)  # it takes some that Python itself has written, such as half of a surrogate pair
    except (ValueError, RecursionError):
        return None


def read_object(text: str | None) -> dict[str, Any]:
    """
    Read a document that is an object; an empty one if it is none.

    :param text: what the database gave
    """
    document = read_document(text)
    return document if isinstance(document, dict) else {}
