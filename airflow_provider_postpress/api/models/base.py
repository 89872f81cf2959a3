"""What all that Postpress answers has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

T = TypeVar("T")


class PostpressModel(BaseModel):
    """An object of Postpress's, read leniently: unknown fields and unknown values survive, and null is absence."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        return {name: value for name, value in document.items() if value is not None}


def read_without_faults(document: Mapping[str, Any], read: Callable[[dict[str, Any]], T]) -> T:
    """
    Read a document without those of its fields that are not as they should be, where it can be read without them.

    :param document: the document
    :param read: reads it, strictly
    """
    try:
        return read(dict(document))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
    wrong = {name for fault in faults for name in fault["loc"][:1]}
    return read({name: value for name, value in document.items() if name not in wrong})
