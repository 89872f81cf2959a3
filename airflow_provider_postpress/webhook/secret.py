"""The secret that lets a delivery in: where it is configured, how long it is kept, and how it is compared."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.configuration import SECTION
from airflow_provider_postpress.hooks.extras import read_extra, refused, without_empty
from airflow_provider_postpress.hooks.settings import WEBHOOK_EXTRAS

DEFAULT_CONN_ID = "postpress_default"
DEFAULT_HEADER = "Postpress-Auth"
KEPT_SECONDS = 30.0
MISSED_SECONDS = 5.0
LOOK_UP_SECONDS = 5.0

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_SECRETS = ("webhook_secret", "webhook_secret_previous")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """
    What lets a delivery in.

    :param header: the name of the header that holds the secret
    :param secrets: each of them lets in: the present one, and during a rotation the previous one; none is empty
    """

    header: str
    secrets: tuple[str, ...] = field(repr=False)

    def fits(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """
        Tell whether a request has the secret, in a time that tells nothing of it.

        :param headers: the request's headers, as they were sent
        """
        name = self.header.lower().encode()
        given = [value.strip(b" \t") for header, value in headers if header.lower() == name]
        if len(given) != 1:
            return False
        digest = sha256(given[0]).digest()
        # a list, not a generator: all are compared, whichever fits
        return any([compare_digest(digest, sha256(secret.encode()).digest()) for secret in self.secrets])  # noqa: C419


class Keyring:
    """
    The key, looked up in a thread and kept for a while, so that a rotation needs no restart.

    :param look_up: looks the key up; can block
    """

    def __init__(self, look_up: Callable[[], Key]) -> None:
        self._look_up = look_up
        self._until = 0.0
        self._found: asyncio.Task[Key | None] | None = None
        self._told: str | None = None

    async def key(self) -> Key | None:
        """Give the key, or none: when there is none, or it cannot be looked up; the log tells why."""
        if self._found is None or (self._found.done() and asyncio.get_running_loop().time() >= self._until):
            # one look-up for all who ask meanwhile; none of them ends it by going away
            self._found = asyncio.create_task(self._find())
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                return await asyncio.shield(self._found)
        except TimeoutError:
            self._tell(f"the look-up of the secret takes longer than {LOOK_UP_SECONDS:g} s.")
            return None

    async def _find(self) -> Key | None:
        try:
            key = await asyncio.to_thread(self._look_up)
        except Exception as error:  # noqa: BLE001 (whatever it is, nobody is let in)
            key = None
            self._tell(str(error) if isinstance(error, PostpressInvalidRequest) else type(error).__name__)
        else:
            self._told = None
        self._until = asyncio.get_running_loop().time() + (KEPT_SECONDS if key else MISSED_SECONDS)
        return key

    def _tell(self, trouble: str) -> None:
        if trouble != self._told:
            self._told = trouble
            log.error("The Postpress webhook refuses every delivery: %s", trouble)


def look_up_key() -> Key:
    """
    Look the key up: in Airflow's configuration, else in the connection that it names. Blocks.

    :raises PostpressInvalidRequest: there is no secret, or one that no header can hold
    """
    from airflow.configuration import conf

    configured = without_empty({name: conf.get(SECTION, name, fallback=None) for name in WEBHOOK_EXTRAS})
    if "webhook_secret" in configured:
        return _key(configured, where=f"[{SECTION}]")
    conn_id = conf.get(SECTION, "webhook_conn_id", fallback=None) or DEFAULT_CONN_ID
    try:
        extra = without_empty(read_extra(_extra_of(conn_id), example='{"webhook_secret": "..."}'))
        header = {name: value for name, value in configured.items() if name == "webhook_header"}
        return _key({**extra, **header}, where="the extra")
    except PostpressInvalidRequest as refusal:
        raise refused(conn_id, refusal) from None


def _extra_of(conn_id: str) -> str | None:
    # not airflow.sdk's, which asks the API server: here that is us
    from airflow.models.connection import Connection
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    try:
        extra: str | None = Connection.get_connection_from_secrets(conn_id).extra
    except AirflowNotFoundException:
        raise PostpressInvalidRequest(
            f"it is not defined, or cannot be read, and [{SECTION}] webhook_secret is not set."
        ) from None
    return extra


def _key(settings: Mapping[str, Any], *, where: str) -> Key:
    if "webhook_secret" not in settings:
        raise PostpressInvalidRequest(
            "no secret is configured. Put the one that was entered at Postpress into webhook_secret in the extra, "
            f"or into [{SECTION}] webhook_secret."
        )
    header = settings.get("webhook_header", DEFAULT_HEADER)
    if not isinstance(header, str) or not _HEADER.fullmatch(header.strip()):
        raise PostpressInvalidRequest(f"webhook_header={header!r} is not the name of a header.")
    return Key(header.strip(), tuple(_secret(name, settings[name], where) for name in _SECRETS if name in settings))


def _secret(name: str, value: Any, where: str) -> str:
    secret = value.strip() if isinstance(value, str) else ""
    if not secret or not secret.isascii() or not secret.isprintable():
        raise PostpressInvalidRequest(f"{name} in {where} is not a text of printable ASCII, which a header can hold.")
    return secret
