"""From a document to the credentials that it holds, or to words that name what is wrong and repeat no value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models.credentials_parts import CredentialsPart
from airflow_provider_postpress.api.models.credentials_values import NOT_ALLOWED, NULL
from airflow_provider_postpress.api.models.credentials_variants import VARIANTS, Credentials

__all__ = ["Credentials", "read_credentials", "title_of"]

Variant = type[Credentials]
Path = tuple[str | int, ...]


class Fault(NamedTuple):
    """
    What is wrong at one place of a document.

    :param path: the place, as names of fields and indexes of arrays
    :param kind: pydantic's type of error
    :param words: pydantic's words, which are ours where ``kind`` is ours
    """

    path: Path
    kind: str
    words: str


def read_credentials(document: Mapping[str, Any]) -> Credentials:
    """
    Read the body of "Reconnect an account".

    ``provider`` chooses the variant; for LINKEDIN, INSTAGRAM and MESSENGER, which have two, it is the one whose
    required fields are there.

    :param document: the fields, named as on the wire. Arrays can be tuples, a limit an aware ``datetime``
    :raises PostpressInvalidRequest: it is not one of the documented variants. The text names each field that is wrong,
        missing or unknown, and what is allowed, and repeats no value
    """
    try:
        given = _plain(document)
    except RecursionError:
        given = None
    if not isinstance(given, dict):
        raise PostpressInvalidRequest("credentials must be an object with provider and the fields of its variant.")
    provider = given.get("provider")
    if not isinstance(provider, str) or provider not in VARIANTS:
        problem = "must be" if "provider" in given else "is missing: it must be"
        raise PostpressInvalidRequest(f"credentials: provider {problem} one of {', '.join(VARIANTS)}.")

    variants = VARIANTS[provider]
    chosen = _chosen(variants, given)
    if isinstance(chosen, str):
        common = _common_faults(variants, given)
        raise _refusal(provider, [chosen, *_sentences(variants, common)])
    credentials, faults = _validated(chosen, given)
    if credentials is None:
        raise _refusal(title_of(chosen), _sentences([chosen], faults))
    return credentials


def title_of(variant: Variant) -> str:
    """
    Name a variant in words, such as "LINKEDIN by access_token".

    :param variant: the variant
    """
    provider: str = variant.model_fields["provider"].default
    return provider if len(VARIANTS[provider]) == 1 else f"{provider} by {_required_in_words(variant)}"


def _required_in_words(variant: Variant) -> str:
    return " and ".join(_required(variant))


def _required(variant: Variant) -> list[str]:
    return [name for name, field in variant.model_fields.items() if field.is_required()]


def _chosen(variants: Sequence[Variant], given: Mapping[str, Any]) -> Variant | str:
    """Choose the variant, or say why none can be chosen."""
    if len(variants) == 1:
        return variants[0]
    begun = [variant for variant in variants if any(name in given for name in _required(variant))]
    complete = [variant for variant in begun if all(name in given for name in _required(variant))]
    if len(begun) == len(complete) == 1:
        return complete[0]
    problem = "fields of both are there" if len(begun) > 1 else "neither is there in full"
    return f"either {', or '.join(map(_required_in_words, variants))} must be given, but {problem}"


def _validated(variant: Variant, given: Mapping[str, Any]) -> tuple[Credentials | None, list[Fault]]:
    try:
        return variant.model_validate(given), []
    except ValidationError as error:
        # returned, not raised here: no error that holds the document shall hang on ours
        errors = error.errors(include_url=False, include_context=False, include_input=False)
    return None, [Fault(fault["loc"], fault["type"], fault["msg"]) for fault in errors]


def _common_faults(variants: Iterable[Variant], given: Mapping[str, Any]) -> list[Fault]:
    """Give what is wrong in each of the variants, whichever was meant."""
    first, *others = (_validated(variant, given)[1] for variant in variants)
    return [fault for fault in first if all(fault in other for other in others)]


def _sentences(variants: Sequence[Variant], faults: Iterable[Fault]) -> list[str]:
    said: list[str] = []
    unknown: dict[Path, list[str]] = {}
    for path, kind, words in faults:
        if kind == "extra_forbidden":
            unknown.setdefault(path[:-1], []).append(_written(path))
        elif kind == "missing":
            said.append(f"{_written(path)} is missing")
        elif kind in (NOT_ALLOWED, NULL):
            said.append(f"{_written(path)} {words}")
        else:
            said.append(f"{_written(path)} must be an object{_with_fields(variants[0], path)}")
    for parent, names in unknown.items():
        known = dict.fromkeys(name for variant in variants for name in _part(variant, parent).model_fields)
        be = "is" if len(names) == 1 else "are"
        said.append(f"{', '.join(names)} {be} not known here, where {', '.join(known)} can be")
    return said


def _with_fields(variant: Variant, path: Path) -> str:
    part = _part(variant, path)
    return "" if part is variant else f" of {', '.join(part.model_fields)}"


def _part(variant: Variant, path: Path) -> type[CredentialsPart]:
    part: type[CredentialsPart] = variant
    for name in path:
        if isinstance(name, str):
            part = part.part(name) or part
    return part


def _written(path: Path) -> str:
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        else:
            name = step if step.isascii() and step.replace("-", "_").isidentifier() else ascii(step)
            written += f".{name}" if written else name
    return written


def _refusal(title: str, faults: Iterable[str]) -> PostpressInvalidRequest:
    return PostpressInvalidRequest(f"credentials of {title}: {'; '.join(faults)}.")


def _plain(value: Any) -> Any:
    """Copy a document, its objects as dict and its arrays as list, which pydantic's strict mode wants."""
    match value:
        case Mapping():
            if not all(isinstance(name, str) for name in value):
                raise PostpressInvalidRequest("credentials: the names of all fields must be texts.")
            return {name: _plain(part) for name, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
    return value
