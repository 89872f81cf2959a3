"""What an Airflow has written: in its logs, in other files, and in its database."""

from __future__ import annotations

import html
import json
import sqlite3
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus


def raised(log: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """
    Tell which exceptions a log tells, with their texts.

    :param log: its entries
    """
    return [(error["exc_type"], error["exc_value"]) for line in log for error in line.get("error_detail") or ()]


class Written:
    """
    All that an Airflow has written by now.

    :param home: its folder
    """

    def __init__(self, home: Path) -> None:
        self._texts = [(place, text.lower()) for place, text in (*_files(home), *_values(home / "airflow.db"))]

    def places_of(self, secret: str) -> list[str]:
        """
        Tell where something was written, as it is or in another form.

        :param secret: what is looked for
        """
        forms = {form.lower() for form in _forms(secret)}
        return sorted({place for place, text in self._texts if any(form in text for form in forms)})


def _files(home: Path) -> Iterator[tuple[str, bytes]]:
    for file in home.rglob("*"):
        if file.is_file():
            yield str(file.relative_to(home)), file.read_bytes()


def _values(database: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(database)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 (the name is the database's own)
            columns = [column for column, *_ in rows.description]
            for row in rows:
                for column, value in zip(columns, row, strict=True):
                    if isinstance(value, str | bytes):
                        yield f"{table}.{column}", value.encode() if isinstance(value, str) else value


def _forms(secret: str) -> Iterator[bytes]:
    for text in {secret, html.escape(secret), repr(secret)[1:-1]}:
        yield from (form.encode() for form in _in_json(text))
    yield quote(secret, safe="").encode()
    yield quote_plus(secret).encode()
    yield quote(secret).encode()
    # base64 writes three bytes as four letters: in a longer text the secret may begin at any of the three
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):
            text = encode(bytes(before) + secret.encode())
            yield text[-(-before * 8 // 6) : len(text) - 4]


def _in_json(text: str) -> Iterator[str]:
    """Write a text as it is, and as it is in JSON, and in JSON in JSON."""
    yield text
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]
