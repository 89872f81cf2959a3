"""Secrets: told by the names of the fields that hold them, sealed in documents, struck out of words."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from pydantic import SecretStr

_PARTS = re.compile(
    r"password|passwd|pwd|passphrase|passcode|secret|token|cookie|credential|creds|authorization|session|bearer|jwt"
    r"|[cx]srf|checkpoint|qrcode|apikey|cuser|liat|^lia$"
)
_WORDS = frozenset(
    (
        "auth",
        "code",
        "codes",
        "datr",
        "hash",
        "headers",
        "key",
        "keys",
        "mfa",
        "nonce",
        "otp",
        "otpcode",
        "pass",
        "pin",
        "qr",
        "seed",
        "sid",
        "totp",
        "xs",
    )
)
_NOT_SECRET = frozenset({"sync_token"})
"""How far a Google calendar was read: it opens nothing."""
_MAX_DEPTH = 64
"""More than any document has, and far from what Python's stack can hold."""
# each of these looks at a character a few times at most, however long the text is that a server sends
_LOGIN_IN_URL = re.compile(r"//[^/@\s]+@|[^\s/@:]:[^\s/@:]+@[\w.-]+:\d")
_NAME_IN_QUERY = re.compile(r"[?&]([^=&?\s]*)=")
_SECRET_IN_QUERY = re.compile(r"token|key|password|secret|auth|code|session", re.IGNORECASE)

_SAFE_IN_JAVASCRIPT = "!'()*"
_URL_SAFE = str.maketrans("+/", "-_")
_SHORT = 6
"""Bytes below which a part of base64 is found in words that have nothing to do with the secret."""


def sealed(document: Any) -> Any:
    """
    Put each secret of a document that Postpress answered into a secret type, by the names of its fields, at any depth.

    :param document: what a JSON text holds
    :raises ValueError: it is nested too deep
    """
    return _sealed(document, depth=0)


def _sealed(value: Any, *, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")
    match value:
        case Mapping():
            # a name and its value can also be told as {"name": ..., "value": ...}
            named = _is_secret(value.get("name", ""))
            return {
                name: _secret(part)
                if _is_secret(name) or (named and name == "value")
                else _sealed(part, depth=depth + 1)
                for name, part in value.items()
            }
        case list() | tuple():
            return [_sealed(part, depth=depth + 1) for part in value]
        case str() if _holds_a_secret(value, depth):
            return SecretStr(value)
        case _:
            return value


def _secret(value: Any) -> Any:
    """Seal a secret whole: the names of its parts can be secret, too."""
    match value:
        case bool() | None | SecretStr():
            return value
        case str():
            return SecretStr(value)
        case _:
            return SecretStr(json.dumps(value, default=str))


def _holds_a_secret(text: str, depth: int) -> bool:
    if _LOGIN_IN_URL.search(text) or any(map(_SECRET_IN_QUERY.search, _NAME_IN_QUERY.findall(text))):
        return True
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return bool(_sealed(document, depth=depth + 1) != document)


def _is_secret(name: Any) -> bool:
    written = str(name)
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", written)}
    joined = re.sub(r"[^a-z0-9]", "", written.lower())
    return written not in _NOT_SECRET and bool(words & _WORDS or _PARTS.search(joined))


def without_logins(words: str) -> str:
    """
    Strike the user and password out of URLs.

    :param words: what was said
    """
    return re.sub(r"//[^/@\s]+@", "//***@", words)


def passwords_in(urls: Iterable[str]) -> Iterable[str]:
    """
    Give the passwords that URLs hold, as they are written there and as they are.

    :param urls: the URLs, of proxies for example; what is none is passed over
    """
    for url in urls:
        try:
            password = urlsplit(url if "://" in url else f"//{url}").password
        except ValueError:
            continue
        if password:
            yield from {password, unquote(password)}


def struck_out(words: str, secrets: Iterable[str]) -> str:
    """
    Strike secrets out of what a server said, as they are or as JSON, URLs and Basic authentication write them.

    :param words: what was said
    :param secrets: what must not be repeated
    """
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    if not forms:
        return words
    # the longest at each place, and at every place: where two overlap, neither is to leave a rest of the other
    longest_first = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    kept, end = [], 0
    for match in re.finditer(f"(?=({longest_first}))", words, flags=re.IGNORECASE):
        if match.start() >= end:
            kept.append(words[end : match.start()])
        end = max(end, match.end(1))
    return "***".join([*kept, words[end:]])


def _forms(secret: str) -> Iterable[str]:
    yield secret
    yield escape(secret)
    for written in (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        yield written[1:-1]
        yield written[1:-1].replace("/", r"\/")
    encoded = secret.encode(errors="replace")
    for safe in ("", "/", _SAFE_IN_JAVASCRIPT):
        yield quote(encoded, safe=safe)
        yield quote_plus(encoded, safe=safe)
    for base64 in _in_base64(encoded):
        yield base64
        yield base64.translate(_URL_SAFE)


def _in_base64(secret: bytes) -> Iterable[str]:
    yield b64encode(secret).decode()
    if len(secret) < _SHORT:
        return
    # as a part of something longer, such as user:password, at each of the places that it can have in base64's fours
    for ahead in range(3):
        first, last = -(-8 * ahead // 6), 8 * (ahead + len(secret)) // 6
        yield b64encode(bytes(ahead) + secret)[first:last].decode()
