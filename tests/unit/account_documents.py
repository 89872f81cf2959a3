"""Accounts as the API's document describes them: its schemas, documents made from them, and one that is healthy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

Schema = dict[str, Any]

API = yaml.safe_load((Path(__file__).parents[1] / "emulator" / "openapi.yaml").read_text())
SCHEMAS: dict[str, Schema] = API["components"]["schemas"]
MOMENT = "2026-04-12T09:14:21.125Z"
PROXY_PASSWORD = "pr0xy-s3cr3t"


def resolved(schema: Schema) -> Schema:
    """Follow a reference, and make one schema of those that hold together; ``name`` tells which one it was."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"name": name, **resolved(SCHEMAS[name])}
    parts = [resolved(part) for part in schema.get("allOf", [])]
    if not parts:
        return schema
    properties: Schema = {}
    for part in parts:
        properties |= part["properties"]
    required = [name for part in parts for name in part.get("required", [])]
    return {"type": "object", "properties": properties, "required": list(dict.fromkeys(required))}


VARIANTS = {
    name: resolved({"$ref": reference}) for name, reference in SCHEMAS["Account"]["discriminator"]["mapping"].items()
}


def whole(schema: Schema) -> Any:
    """Give a plain document with every field that a schema has."""
    match resolved(schema):
        case {"type": "object", "properties": properties}:
            return {name: whole(part) for name, part in properties.items()}
        case {"type": "array", "items": items}:
            return [whole(items)]
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"name": "UtcDateTime"}:
            return MOMENT
        case {"format": "password"}:
            return PROXY_PASSWORD
        case {"type": "number"}:
            return 993
        case {"type": "boolean"}:
            return True
    return "text"


def documents(schema: Schema) -> st.SearchStrategy[Any]:
    """Generate what a schema accepts."""
    match resolved(schema):
        case {"type": "object", "properties": properties, **rest}:
            fields = {name: documents(part) for name, part in properties.items()}
            required = {name: fields.pop(name) for name in rest.get("required", [])}
            return st.fixed_dictionaries(required, optional=fields)
        case {"type": "array", "items": items}:
            return st.lists(documents(items), max_size=3)
        case {"const": value}:
            return st.just(value)
        case {"enum": values}:
            return st.sampled_from(values)
    return _values(resolved(schema))


def _values(schema: Schema) -> st.SearchStrategy[Any]:
    match schema:
        case {"name": "UtcDateTime"}:
            return st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='milliseconds')}Z")
        case {"type": ["string", "null"]}:
            return st.none() | st.text(max_size=5)
        case {"type": "string"}:
            return st.text(min_size=schema.get("minLength", 0), max_size=5)
        case {"type": "number"}:
            return st.integers(1, 65535) | st.floats(1, 65535)
        case {"type": "boolean"}:
            return st.booleans()
    raise AssertionError(schema)


def telegram(**changes: Any) -> dict[str, Any]:
    """Give a healthy account, changed as wanted."""
    return {
        "object": "Account",
        "type": "TELEGRAM",
        "id": "acc_1",
        "name": "Anna",
        "created_at": MOMENT,
        "groups": [],
        "sources": [{"id": "messaging", "status": "OK"}],
        "connection_params": {"im": {"user_id": "7", "username": "anna"}},
        **changes,
    }


def with_sources(**statuses: str) -> dict[str, Any]:
    """Give an account with these sources and their statuses."""
    return telegram(sources=[{"id": name, "status": status} for name, status in statuses.items()])
