"""What Postpress's webhook tells of an account's status, read leniently."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from airflow_provider_postpress.api.models.base import PostpressModel

SYNC_SUCCESS = "SYNC_SUCCESS"
MAX_ID = 500
MAX_WORD = 100


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


Word = Annotated[str, Field(min_length=1, max_length=MAX_WORD), AfterValidator(_printable)]


class AccountStatusEvent(PostpressModel):
    """
    A change of an account's status. It has no id and no time: it can be neither told from its repetition nor ordered.

    API page: "Account status updates".

    :param account_id: Postpress's id of the account
    :param account_type: its provider, such as ``LINKEDIN``
    :param message: ``OK``, ``ERROR``, ``STOPPED``, ``CREDENTIALS``, ``CONNECTING``, ``DELETED``, ``CREATION_SUCCESS``,
        ``RECONNECTED`` or ``SYNC_SUCCESS``; others survive
    :param product: with ``SYNC_SUCCESS`` on premium LinkedIn accounts: which product's sync ended. The page does not
        show where it stands
    """

    account_id: Annotated[str, Field(min_length=1, max_length=MAX_ID), AfterValidator(_printable)]
    account_type: Word | None = None
    message: Word
    product: Word | None = None

    @model_validator(mode="before")
    @classmethod
    def _out_of_its_envelope(cls, document: Any) -> Any:
        if not isinstance(document, Mapping):
            return document
        status = document.get("AccountStatus")
        if not isinstance(status, Mapping):
            return {}
        # what nobody needs must not refuse what somebody waits for
        account_type = status.get("account_type")
        is_word = isinstance(account_type, str) and account_type.isprintable() and 0 < len(account_type) <= MAX_WORD
        return {**status, "account_type": account_type if is_word else None, "product": _product(document)}


def _product(document: Mapping[str, Any]) -> str | None:
    """Find the product, the nearer to the top the better: nobody tells where it stands."""
    # not by recursion: what a body nests is not ours to bound
    inner: deque[Any] = deque([document])
    while inner:
        match inner.popleft():
            case {"product": str(product)} if product.strip() and product.isprintable() and len(product) <= MAX_WORD:
                return product
            case Mapping() as found:
                inner.extend(found.values())
            case list() as found:
                inner.extend(found)
    return None
