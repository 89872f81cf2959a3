"""The credentials that are taken are those of the API's document, in both directions, and no text repeats a value."""

from __future__ import annotations

import copy
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models import Credentials, read_credentials

Schema = dict[str, Any]

QUICK = settings(
    derandomize=True, database=None, deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
THOROUGH = settings(QUICK, max_examples=200)

UTC_DATETIME = "utc-datetime"
FORMATS = FormatChecker(formats=())


@FORMATS.checks(UTC_DATETIME, raises=ValueError)
def _is_utc_datetime(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


def narrowed(document: dict[str, Any]) -> dict[str, Any]:
    """
    Narrow the API's document to what its words, the page's and the issue's say, each with its reason.

    Everything else is as in the document.
    """
    document = copy.deepcopy(document)
    schemas: dict[str, Schema] = document["components"]["schemas"]
    # "what a variant does not document is refused by name": but Messenger's headers, an open object, all are closed
    for schema in schemas.values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    for schema in _nested(schemas):
        # what is neither infinite nor beyond what JSON's readers hold: 1e400 can be written in JSON
        if schema.get("type") == "number":
            schema["maximum"] = sys.float_info.max
            schema.setdefault("minimum", -sys.float_info.max)
        fields = schema.get("properties", {})
        # "ISO 3166-1 alpha-2": the document says two characters
        if "country" in fields:
            fields["country"] |= {"pattern": r"^[A-Za-z]{2}\Z"}
        # "IPv4 address": the document says a text
        if "ip" in fields:
            octet = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
            fields["ip"] |= {"pattern": rf"^{octet}(\.{octet}){{3}}\Z"}
        # "E.164 digits only": the document says a text
        if "pairing_phone_number" in fields:
            fields["pairing_phone_number"] |= {"pattern": r"^[0-9]+\Z"}
        # "at least xs, c_user, datr": the document says an array of cookies
        if "cookies" in fields:
            fields["cookies"]["allOf"] = [
                {"contains": {"required": ["name"], "properties": {"name": {"const": name}}}}
                for name in ("xs", "c_user", "datr")
            ]
    # "UTC instant with milliseconds, ISO 8601": the document says a text
    pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z\Z"
    schemas["UtcDateTime"] |= {"pattern": pattern, "format": UTC_DATETIME}
    return document


def _nested(value: Any) -> Iterator[Schema]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nested(part)


DOCUMENT = narrowed(yaml.safe_load((Path(__file__).parents[1] / "emulator" / "openapi.yaml").read_text()))
SCHEMAS: dict[str, Schema] = DOCUMENT["components"]["schemas"]
VALIDATOR = Draft202012Validator(DOCUMENT | {"$ref": "#/components/schemas/ReconnectRequest"}, format_checker=FORMATS)
VARIANTS = {
    name: Draft202012Validator(DOCUMENT | {"$ref": f"#/components/schemas/{name}"}, format_checker=FORMATS)
    for name, schema in SCHEMAS.items()
    if name.startswith("Reconnect") and "const" in schema.get("properties", {}).get("provider", {})
}

TEXTS = st.text(max_size=5)
PLANTED, PLANTED_SECRET, PLANTED_NUMBER = "hunter2", "s3cr3t", 73737373


Texts = Callable[[Schema], st.SearchStrategy[str]]


def documents(schema: Schema, texts: Texts) -> st.SearchStrategy[Any]:
    """Generate what a schema accepts, with free texts of one's own."""
    match schema:
        case {"$ref": str(reference)}:
            return documents(SCHEMAS[reference.rpartition("/")[2]], texts)
        case {"oneOf": alternatives}:
            return st.one_of([documents(alternative, texts) for alternative in alternatives])
        case {"type": "array"}:
            return _arrays(schema, texts)
        case {"type": "object"}:
            return _objects(schema, texts)
        case {"const": value}:
            return st.just(value)
        case {"enum": values}:
            return st.sampled_from(values)
    return _values(schema, texts)


def _values(schema: Schema, texts: Texts) -> st.SearchStrategy[Any]:
    match schema:
        case {"format": "utc-datetime"}:
            precisions = st.sampled_from(["seconds", "milliseconds", "microseconds"])
            return st.builds(lambda at, precision: f"{at.isoformat(timespec=precision)}Z", st.datetimes(), precisions)
        case {"pattern": str(pattern)}:
            return st.from_regex(pattern, fullmatch=True)
        case {"type": "string"}:
            return texts(schema)
        case {"type": "number", "minimum": low}:
            return st.integers(min_value=max(int(low), -(10**20))) | st.floats(low, allow_infinity=False)
        case {"type": "boolean"}:
            return st.booleans()
    raise AssertionError(schema)


def _arrays(schema: Schema, texts: Texts) -> st.SearchStrategy[list[Any]]:
    elements = documents(schema["items"], texts)
    told = [
        elements.map(lambda element, properties=part["contains"]["properties"]: element | _constants(properties))
        for part in schema.get("allOf", [])
    ]
    return st.builds(lambda first, rest: [*first, *rest], st.tuples(*told), st.lists(elements, max_size=2))


def _objects(schema: Schema, texts: Texts) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in schema:  # Messenger's headers, an open object
        leaves = st.none() | st.booleans() | st.integers() | texts({"format": "password"})
        values = st.recursive(leaves, lambda part: st.lists(part) | st.dictionaries(TEXTS, part), max_leaves=3)
        return st.dictionaries(TEXTS, values, max_size=2)
    fields = {name: documents(field, texts) for name, field in schema["properties"].items()}
    required = {name: fields.pop(name) for name in schema.get("required", [])}
    return st.fixed_dictionaries(required, optional=fields)


def _constants(properties: dict[str, Schema]) -> dict[str, Any]:
    return {name: field["const"] for name, field in properties.items()}


def any_text(schema: Schema) -> st.SearchStrategy[str]:
    return TEXTS


def planted_text(schema: Schema) -> st.SearchStrategy[str]:
    return st.just(PLANTED_SECRET if schema.get("format") == "password" else PLANTED)


ODD_VALUES = [
    None, True, 0, -1, 1.5, -0.0, "", "a", "12", "DE", "1.2.3.4", "01.2.3.4", "١٢", "NO_HISTORY_SYNC", "LINKEDIN",
    "2025-02-29T00:00:00.000Z", "2025-02-28T00:00:00.000Z", "2025-02-28T00:00:00Z", "2025-02-28T24:00:00.000Z",
    [], {}, [None], ["linkedin_recruiter"], [{"name": "xs", "value": "a"}], {"host": "a", "port": 1}, {"a": None},
    "socks5", "lax", "tls", "xs", {"chats": 1}, {"chats": "1"}, {"messages": None}, sys.float_info.max, 10**400,
]  # fmt: skip
ODD_NAMES = ["", "usernme", "Provider", "id", "headers", "x" * 50, "äöü", "two words", "a\nb"]


def mutations(odd: st.SearchStrategy[Any], texts: Texts) -> st.SearchStrategy[dict[str, Any]]:
    """Generate documents that are nearly right, and some that are."""
    right = st.one_of([documents(SCHEMAS[variant], texts) for variant in VARIANTS])
    fields = {
        (name, variant): documents(field, texts)
        for variant in VARIANTS
        for name, field in SCHEMAS[variant]["properties"].items()
    }

    @st.composite
    def mutate(draw: st.DrawFn) -> dict[str, Any]:
        document = draw(right)
        for _ in range(draw(st.integers(1, 2))):
            containers = [part for part in _containers(document) if part]
            if not containers:
                break
            container = draw(st.sampled_from(containers))
            place = draw(st.sampled_from(list(container) if isinstance(container, dict) else range(len(container))))
            deed = draw(st.sampled_from(["drop", "retype", "add", "rename", "mix"]))
            if deed == "drop":
                del container[place]
            elif deed == "retype" or isinstance(container, list):
                container[place] = draw(odd)
            elif deed == "add":
                container[draw(st.sampled_from(ODD_NAMES))] = draw(odd)
            elif deed == "rename":
                container[draw(st.sampled_from(ODD_NAMES))] = container.pop(place)
            else:
                key = draw(st.sampled_from(list(fields)))
                document[key[0]] = draw(fields[key])
        return document

    return mutate()


def _containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for part in value.values() if isinstance(value, dict) else value:
            yield from _containers(part)


def whole(schema: Schema) -> Any:
    """Give a plain document with every field that a schema has."""
    match schema:
        case {"$ref": str(reference)}:
            return whole(SCHEMAS[reference.rpartition("/")[2]])
        case {"oneOf": alternatives}:
            return whole(alternatives[0])
        case {"type": "array", "items": items}:
            told = [_constants(part["contains"]["properties"]) for part in schema.get("allOf", [{}]) if part]
            return [whole(items) | part for part in told] or [whole(items)]
        case {"properties": fields}:
            return {name: whole(field) for name, field in fields.items()}
        case {"const": value} | {"enum": [value, *_]}:
            return value
    validator = Draft202012Validator(schema, format_checker=FORMATS)
    return copy.deepcopy(next(value for value in ODD_VALUES if validator.is_valid(value)))


def neighbours(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Change one thing at one place of a document, at every place and in every way."""
    for number, container in enumerate(_containers(document)):
        places: list[Any] = list(container) if isinstance(container, dict) else list(range(len(container)))

        def changed(deed: Callable[[Any], Any], number: int = number) -> dict[str, Any]:
            neighbour = copy.deepcopy(document)
            deed(list(_containers(neighbour))[number])
            return neighbour

        for place in places:
            yield changed(lambda part, place=place: part.pop(place))
            for value in ODD_VALUES:
                yield changed(lambda part, place=place, value=value: part.__setitem__(place, value))
        if isinstance(container, dict):
            for name in ODD_NAMES:
                yield changed(lambda part, name=name: part.__setitem__(name, "a"))


def outcome(document: Any) -> Credentials | PostpressInvalidRequest:
    try:
        return read_credentials(document)
    except PostpressInvalidRequest as refusal:
        return refusal


def test_the_document_has_twelve_variants():
    assert len(VARIANTS) == 12


RIGHT = {variant: documents(SCHEMAS[variant], any_text) for variant in VARIANTS}


@pytest.mark.parametrize("variant", VARIANTS)
@QUICK
@given(data=st.data())
def test_what_the_document_accepts_is_taken_and_sent_as_it_is(variant: str, data: st.DataObject):
    document = data.draw(RIGHT[variant])
    VALIDATOR.validate(document)

    body = read_credentials(document).body()

    assert body == document
    assert repr(_sorted(body)) == repr(_sorted(document))  # 1 is equal to 1.0 and to True


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_change_anywhere_is_taken_if_the_document_accepts_it(variant: str):
    document = whole(SCHEMAS[variant])
    assert isinstance(outcome(document), Credentials)
    fields = {name: whole(field) for other in VARIANTS for name, field in SCHEMAS[other]["properties"].items()}
    mixed = ({name: value} | document for name, value in fields.items())

    for changed in [*neighbours(document), *mixed]:
        # the forms of a provider exclude each other: closed, neither takes what the other requires
        documented = any(validator.is_valid(changed) for validator in VARIANTS.values())
        assert isinstance(outcome(changed), Credentials) == documented, changed


@THOROUGH
@given(document=mutations(st.sampled_from(ODD_VALUES).map(copy.deepcopy), any_text))
def test_what_is_nearly_right_is_taken_if_the_document_accepts_it(document: dict[str, Any]):
    credentials = outcome(document)

    assert isinstance(credentials, Credentials) == VALIDATOR.is_valid(document)
    assert not isinstance(credentials, Credentials) or credentials.body() == document


ODD_PLANTED = st.sampled_from(
    [
        PLANTED, [PLANTED], {"name": PLANTED}, {"host": PLANTED, "port": PLANTED}, PLANTED_NUMBER, [PLANTED_NUMBER],
        {"chats": PLANTED}, [{"name": PLANTED, "value": [PLANTED]}], PLANTED.encode(), {"a": {"b": PLANTED}}, None,
    ]
)  # fmt: skip


@THOROUGH
@given(document=mutations(ODD_PLANTED.map(copy.deepcopy), planted_text))
def test_no_text_repeats_a_value(document: dict[str, Any]):
    values = re.compile(f"{PLANTED}|{PLANTED_SECRET}|{PLANTED_NUMBER}")
    credentials = outcome(document)
    if isinstance(credentials, PostpressInvalidRequest):
        assert not values.search(f"{credentials!r} {''.join(traceback.format_exception(credentials))}")
        assert credentials.__cause__ is credentials.__context__ is None
    else:
        assert not values.search(f"{credentials} {credentials!r} {[credentials]}")
        assert PLANTED_SECRET not in f"{credentials.model_dump()} {credentials.model_dump_json()}"
        assert (PLANTED_SECRET in credentials.secrets()) == (PLANTED_SECRET in str(credentials.body()))


def _sorted(value: Any) -> Any:
    match value:
        case dict():
            return {name: _sorted(value[name]) for name in sorted(value)}
        case list():
            return [_sorted(part) for part in value]
    return value
