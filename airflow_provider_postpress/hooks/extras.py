"""The extra of a connection, and what is said when a connection is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_postpress.api.errors import PostpressInvalidRequest


def read_extra(extra: str | None, *, example: str) -> dict[str, Any]:
    """
    Read the settings in an extra.

    :param extra: the extra as the connection has it; none when it is empty
    :param example: a right one, for the refusal's words
    :raises PostpressInvalidRequest: it is not a JSON object
    """
    # not Airflow's extra_dejson: it takes a broken extra for an empty one, and blocks in a trigger
    try:
        values = json.loads(extra) if extra and extra.strip() else {}
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise PostpressInvalidRequest(f"extra is not a JSON object such as {example}.")
    return values


def without_empty(settings: Mapping[str, Any]) -> dict[str, Any]:
    """
    Leave out the settings that are null or an empty text, as forms write what nobody filled in.

    :param settings: the settings of an extra
    """
    return {
        name: value
        for name, value in settings.items()
        if value is not None and not (isinstance(value, str) and not value.strip())
    }


def refused(conn_id: str | None, refusal: PostpressInvalidRequest) -> PostpressInvalidRequest:
    """
    Name the connection in a refusal.

    :param conn_id: the connection's id
    :param refusal: what is wrong with it
    """
    return PostpressInvalidRequest(f"Connection {conn_id!r}: {refusal}")
