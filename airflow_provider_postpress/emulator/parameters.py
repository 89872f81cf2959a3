"""The query of an account sync, judged as strictly as the page allows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_postpress.emulator.accounts import LINKEDIN_PRODUCTS, Account
from airflow_provider_postpress.emulator.answers import ProblemError
from airflow_provider_postpress.emulator.chats import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_postpress.emulator.options import Options

_NAMES = ("chunk_size", "partial", "linkedin_product", "before", "after")
_LINKEDIN_ONLY = ("partial", "linkedin_product")
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?", re.ASCII)


class SyncParameters(NamedTuple):
    """
    What a sync is to do.

    :param sent: the parameters as they came
    :param span: the time to sync
    :param from_scratch: whether what Postpress has is thrown away first
    :param chunk_size: chats per chunk; ``None`` for no chunks
    :param product: the LinkedIn product to sync; ``None`` for all
    """

    sent: dict[str, str]
    span: Span = Span()
    from_scratch: bool = False
    chunk_size: int | None = None
    product: str | None = None


def parse(sent: Mapping[str, str], account: Account, options: Options) -> SyncParameters:
    """
    Judge the query of an account sync.

    :param sent: the parameters by name, each as its text
    :param account: the account to sync
    :param options: how the bounds are read, and whether Postpress makes chunks by itself
    :raises ProblemError: 400 for a name or a value that is not allowed, or a parameter not for this provider; 403
        for a product that the account does not have
    """
    for name in sent:
        if name not in _NAMES:
            raise _invalid(f"There is no parameter {name!r}.")
        if name in _LINKEDIN_ONLY and account.type != "LINKEDIN":
            raise _invalid(f"{name} is for LinkedIn accounts only; this is a {account.type} account.")
    span = _span(sent, options)
    return SyncParameters(
        sent=dict(sent),
        span=span,
        from_scratch=span.is_everything and not _partial(sent),
        chunk_size=_chunk_size(sent) or options.own_chunk_size,
        product=_product(sent, account),
    )


def _span(sent: Mapping[str, str], options: Options) -> Span:
    lower, upper = _number(sent, "after"), _number(sent, "before")
    if options.time_span == "as_documented":
        lower, upper = upper, lower
    if lower is not None and upper is not None and lower >= upper:
        raise _invalid(f"The span is empty: it begins at {lower:.0f} and ends at {upper:.0f}.")
    return Span(lower, upper, inclusive=options.bounds == "inclusive")


def _partial(sent: Mapping[str, str]) -> bool:
    value = sent.get("partial", "false")
    if value not in ("true", "false"):
        raise _invalid(f"partial is true or false, not {value!r}.")
    return value == "true"


def _chunk_size(sent: Mapping[str, str]) -> int | None:
    size = _number(sent, "chunk_size")
    if size is None:
        return None
    if size < 1 or not size.is_integer():
        raise _invalid(f"chunk_size is a whole number of chats, at least 1, not {sent['chunk_size']!r}.")
    return int(size)


def _product(sent: Mapping[str, str], account: Account) -> str | None:
    product = sent.get("linkedin_product")
    if product is None:
        return None
    if product not in LINKEDIN_PRODUCTS:
        raise _invalid(f"linkedin_product is one of {', '.join(LINKEDIN_PRODUCTS)}, not {product!r}.")
    if product not in account.products:
        raise ProblemError(403, "errors/feature_not_subscribed", f"This account has no {product}.")
    return product


def _number(sent: Mapping[str, str], name: str) -> float | None:
    text = sent.get(name)
    if text is None:
        return None
    if not _JSON_NUMBER.fullmatch(text):
        raise _invalid(f"{name} is a number, not {text!r}.")
    return float(text)


def _invalid(detail: str) -> ProblemError:
    return ProblemError(400, "errors/invalid_parameters", detail)
