"""What "Retrieve an account" answers, whatever the account's type; :mod:`.account_variants` has the documented ones."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, cast, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import to_jsonable_python

from airflow_provider_postpress.api.models.base import PostpressModel, read_without_faults
from airflow_provider_postpress.api.secrets import sealed
from airflow_provider_postpress.api.words import one_line

LINKEDIN = "LINKEDIN"
SYNCED_TYPES = (LINKEDIN, "TELEGRAM")
"""The types whose message history can be synced ("Resynchronize account messaging data")."""

_MAX_TROUBLE = 2000
_STATUSES = {
    "STOPPED": "it has been stopped",
    "ERROR": "it has stopped after an error",
    "CREDENTIALS": "its login must be renewed",
    "PERMISSIONS": "permissions are missing on the host device",
    "CONNECTING": "it is on its way up, or catching up",
}


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


UtcDateTime = Annotated[datetime, AfterValidator(_aware)]


class Source(PostpressModel):
    """
    One of the services that feed an account.

    :param id: its name, such as ``messaging``
    :param status: ``OK``, ``STOPPED``, ``ERROR``, ``CREDENTIALS``, ``PERMISSIONS`` or ``CONNECTING``; others survive
    """

    id: str
    status: str

    @property
    def trouble(self) -> str | None:
        """What is wrong with it, in words; ``None`` if nothing is."""
        if self.status == "OK":
            return None
        return f"{self.id}: {self.status} ({_STATUSES.get(self.status, 'a status that the API pages do not tell')})"


def _each_readable(sources: Any) -> Any:
    # one that cannot be read is not OK, and must not go unnoticed
    if not isinstance(sources, list | tuple):
        return sources
    return [source if isinstance(source, Source) else _readable(source) for source in sources]


def _readable(source: Any) -> dict[str, Any]:
    told = source if isinstance(source, dict) else {}
    name, status = told.get("id"), told.get("status")
    return {
        **told,
        "id": "unknown" if name is None else str(name),
        "status": status if isinstance(status, str) else "UNKNOWN",
    }


class Signature(PostpressModel):
    """
    A signature that the account's messages can have.

    :param title: its name
    :param content: its text
    """

    title: str
    content: str


class Account(PostpressModel):
    """
    An account linked to Postpress.

    Read from a document, it is the variant that the document's ``type`` names. One of a type that is not documented, or
    that is not as documented, is still an ``Account``, with what every account has. Fields that are not documented
    survive as attributes. Secrets are of a secret type, in documented fields and in others.

    API page: "Retrieve an account".

    :param object: ``Account``
    :param type: its provider, such as ``LINKEDIN`` or ``TELEGRAM``
    :param id: Postpress's id of it
    :param name: the name people gave it
    :param created_at: when it was linked
    :param current_signature: the id of the signature in use
    :param signatures: its signatures
    :param groups: the ids of the groups it is in
    :param sources: the services that feed it
    :param connection_params: what is particular to its provider
    """

    object: str = "Account"
    type: str
    id: str
    name: str = ""
    created_at: UtcDateTime | None = None
    current_signature: str | None = None
    signatures: tuple[Signature, ...] = ()
    groups: tuple[str, ...] = ()
    sources: Annotated[tuple[Source, ...], BeforeValidator(_each_readable)] = ()
    connection_params: Any = Field(default_factory=dict, repr=False)

    variants: ClassVar[dict[str, builtins.type[Account]]] = {}
    """The documented types, each with the class that has its fields."""

    _raw: Mapping[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        for documented_type in get_args(cls.model_fields["type"].annotation):
            cls.variants[documented_type] = cls

    @model_validator(mode="wrap")
    @classmethod
    def _as_its_variant(cls, document: Any, read: ModelWrapValidatorHandler[Account]) -> Account:
        if not isinstance(document, dict):
            return read(document)
        document = sealed(document)
        if cls is Account:
            account = cls._read_variant(document) or read_without_faults(document, read)
        else:
            account = read(document)
        account._raw = document
        return account

    @classmethod
    def _read_variant(cls, document: Mapping[str, Any]) -> Account | None:
        documented_type = document.get("type")
        variant = cls.variants.get(documented_type) if isinstance(documented_type, str) else None
        try:
            return variant.model_validate(document) if variant else None
        except ValidationError:
            return None

    @property
    def raw(self) -> Mapping[str, Any]:
        """The document as it came, but that its secrets are of a secret type."""
        return self._raw

    def redacted(self) -> dict[str, Any]:
        """Give the document in JSON's own types, as it came, but that its secrets are stars."""
        return cast("dict[str, Any]", to_jsonable_python(self._raw))

    def is_about(self, account_id: str) -> bool:
        """
        Tell whether this is the account that was asked for.

        :param account_id: Postpress's id of the account
        """
        return self.object == "Account" and self.id == account_id

    @property
    def healthy(self) -> bool:
        """Whether it has sources and each of them is ``OK``."""
        return self.trouble() is None

    def trouble(self, sources: Collection[str] | None = None) -> str | None:
        """
        Tell what is wrong with it, in words; ``None`` if nothing is.

        :param sources: the ids of the sources to look at, all when ``None``
        """
        known = [source.id for source in self.sources]
        if not known:
            return "it has no sources, so nothing feeds it"
        if sources is not None and not sources:
            return "none of its sources was named to be looked at"
        absent = [
            f"{name}: there is no such source, only {', '.join(known)}" for name in sources or () if name not in known
        ]
        troubles = [trouble for source in self.watched(sources) if (trouble := source.trouble)]
        return one_line("; ".join(absent + troubles), longest=_MAX_TROUBLE) or None

    def watched(self, sources: Collection[str] | None) -> list[Source]:
        """
        Give some of its sources.

        :param sources: the ids of those to give, all when ``None``
        """
        return [source for source in self.sources if sources is None or source.id in sources]

    @property
    def linkedin_products(self) -> tuple[str, ...]:
        """The LinkedIn messaging products it has: ``classic`` and those premium ones it has; none elsewhere."""
        if self.type != LINKEDIN:
            return ()
        # of the raw document, so that an account that is not quite as documented has its products too
        match self._raw.get("connection_params"):
            case {"im": {"premiumFeatures": list(features)}}:
                return ("classic", *(product for product in ("recruiter", "sales_navigator") if product in features))
        return ("classic",)

    @property
    def can_be_synced(self) -> bool:
        """Whether Postpress has a history sync for accounts of its type."""
        return self.type in SYNCED_TYPES


class AccountPage(PostpressModel):
    """
    A page of the list of accounts.

    Postpress's reference tells ``items`` and ``cursor``, its quick start ``data`` and ``next_cursor``: both are read.

    :param items: the accounts on it
    :param next_cursor: where the next page begins; ``None`` where there is none
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    items: tuple[Account, ...]
    next_cursor: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_either_form(cls, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        items = document.get("data") if document.get("items") is None else document["items"]
        cursors = (document.get("next_cursor"), document.get("cursor"))
        return {"items": items, "next_cursor": next((cursor for cursor in cursors if cursor not in (None, "")), None)}
