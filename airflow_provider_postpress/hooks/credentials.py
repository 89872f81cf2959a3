"""From an Airflow connection to the credentials that an account is logged in again with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.sdk.log import mask_secret  # the oldest common-compat that we support has it not

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models.credentials import read_credentials, title_of
from airflow_provider_postpress.api.models.credentials_parts import CredentialsPart
from airflow_provider_postpress.api.models.credentials_variants import (
    VARIANTS,
    Credentials,
    GoogleCredentials,
    InstagramBasicCredentials,
    InstagramCookieCredentials,
    LinkedinBasicCredentials,
    LinkedinCookieCredentials,
    MailCredentials,
    MessengerBasicCredentials,
    MessengerSessionCredentials,
    OutlookCredentials,
    TelegramCredentials,
    TwitterCredentials,
    WhatsappCredentials,
)
from airflow_provider_postpress.hooks.extras import read_extra, refused, without_empty

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

Variant = type[Credentials]


class Places(NamedTuple):
    """
    Where a connection's own fields go in a variant.

    :param login: the fields that its login fills
    :param password: the fields that its password fills
    """

    login: tuple[str, ...] = ()
    password: tuple[str, ...] = ()


PLACES: dict[Variant, Places] = {
    LinkedinBasicCredentials: Places(("username",), ("password",)),
    LinkedinCookieCredentials: Places(password=("access_token",)),
    WhatsappCredentials: Places(login=("pairing_phone_number",)),
    InstagramBasicCredentials: Places(("username",), ("password",)),
    InstagramCookieCredentials: Places(password=("sessionid",)),
    MessengerBasicCredentials: Places(("username",), ("password",)),
    MessengerSessionCredentials: Places(),
    MailCredentials: Places(("imap_user", "smtp_user"), ("imap_password", "smtp_password")),
    GoogleCredentials: Places(password=("refresh_token",)),
    TelegramCredentials: Places(password=("password",)),
    OutlookCredentials: Places(("username",), ("refresh_token",)),
    TwitterCredentials: Places(("username",), ("password",)),
}


def credentials_of(connection: Connection) -> Credentials:
    """
    Read the credentials out of a connection. No I/O.

    The extra holds ``provider`` and any field of its variant; login and password fill those that the extra leaves out,
    see :data:`PLACES`. What is absent or empty in the extra is left out, and texts are read as the number, the boolean,
    the array or the object that they write; a whole number in place of a text is its digits.

    :param connection: an Airflow connection of any type
    :raises PostpressInvalidRequest: the credentials are not as documented; the text names the connection, each field
        that is wrong and what is allowed, and repeats no value
    """
    try:
        extra = without_empty(read_extra(connection.extra, example='{"provider": "TELEGRAM"}'))
        return read_credentials(_document(extra, connection.login, connection.password))
    except PostpressInvalidRequest as refusal:
        raise refused(connection.conn_id, refusal) from None


def mask(credentials: Credentials) -> None:
    """
    Have Airflow mask the secrets of credentials in this task's logs. Not for triggers: it blocks.

    Airflow masks none that is shorter than ``[logging] min_length_masked_secret``, by default five characters.

    :param credentials: the credentials
    """
    mask_secret(list(credentials.secrets()))


def _document(extra: dict[str, Any], login: str | None, password: str | None) -> dict[str, Any]:
    provider = extra.get("provider")
    variants = VARIANTS.get(provider) if isinstance(provider, str) else None
    if not variants:
        return extra  # which is refused, and told why
    variant = _meant(variants, extra, login, password)
    document = _with_texts_read(variant, extra)
    for name, value, places in (
        ("login", login, PLACES[variant].login),
        ("password", password, PLACES[variant].password),
    ):
        if not value:
            continue
        if not places:
            raise PostpressInvalidRequest(f"{name} has no place in credentials of {title_of(variant)}: leave it empty.")
        empty = [place for place in places if place not in extra]
        if not empty:
            raise PostpressInvalidRequest(f"{name} is in the extra as well, as {' and '.join(places)}.")
        document |= dict.fromkeys(empty, value)
    return document


def _meant(variants: Sequence[Variant], extra: Mapping[str, Any], login: str | None, password: str | None) -> Variant:
    """Tell the variant: by the fields that it alone has, else by what it has places for."""
    named = [variant for variant in variants if _own_fields(variant, variants) & set(extra)]
    if not named:
        given = (bool(login), bool(password))
        named = [variant for variant in variants if tuple(map(bool, PLACES[variant])) == given]
    # of several, or of none, any will do: what is missing or too much will be told
    return (named or variants)[0]


def _own_fields(variant: Variant, variants: Sequence[Variant]) -> set[str]:
    return set(variant.model_fields).difference(*(other.model_fields for other in variants if other is not variant))


def _with_texts_read(part: type[CredentialsPart], document: Mapping[str, Any]) -> dict[str, Any]:
    """
    Read texts as JSON where no text can be right: Airflow's URIs have texts only.

    Airflow 3.1 reads those as JSON: what it made a whole number of is a text again where no number can be right.
    """
    return {name: _read(part, name, value) if name in part.model_fields else value for name, value in document.items()}


def _read(part: type[CredentialsPart], name: str, value: Any) -> Any:
    if type(value) is int and part.takes_text(name) and not part.takes_number(name):
        return str(value)
    if isinstance(value, str) and not part.takes_text(name):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value  # which is refused, and told what it must be
    inner = part.part(name)
    match value:
        case dict() if inner:
            return _with_texts_read(inner, value)
        case list() if inner:
            return [_with_texts_read(inner, each) if isinstance(each, dict) else each for each in value]
    return value
