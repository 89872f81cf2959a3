"""The list of accounts, in pages."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.emulator.answers import ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from airflow_provider_postpress.emulator.accounts import Account
    from airflow_provider_postpress.emulator.options import Options

_NAMES = ("cursor", "limit")
_LIMIT = 100
_HIGHEST_LIMIT = 250
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_NEEDS_ENCODING = b"\xfb\xff"  # in base64 "+/": a cursor that is not percent-encoded is another one


class Listing:
    """
    Gives pages, and remembers the cursors that it gave.

    A cursor stands for the last account of its page, so that accounts may come and go between two pages.

    :param random: makes the cursors
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._seen: dict[str, int] = {}

    def page(self, accounts: Iterable[Account], sent: Mapping[str, str], options: Options) -> dict[str, Any]:
        """
        Give a page.

        :param accounts: all accounts, in the order in which they were linked
        :param sent: the query: ``cursor`` and ``limit``, each as its text
        :param options: what a page looks like, and what the last one says
        :raises ProblemError: 400 for a name or a value that is not allowed
        """
        for name in sent:
            if name not in _NAMES:
                raise _invalid(f"There is no parameter {name!r}.")
        limit = _limit(sent.get("limit"))
        seen = self._account_before(sent.get("cursor"))
        rest = [account for account in accounts if account.number > seen]
        items = rest[:limit]
        cursor: dict[str, str | None] = {}
        if len(rest) > limit:
            cursor["cursor"] = self._cursor_after(items[-1])
        elif options.last_cursor == "repeated":
            cursor["cursor"] = sent.get("cursor") or (self._cursor_after(items[-1]) if items else None)
        elif options.last_cursor != "missing":
            cursor["cursor"] = "" if options.last_cursor == "empty" else None
        documents = [account.document for account in items]
        if options.listing == "data":
            return {"data": documents, **{f"next_{name}": value for name, value in cursor.items()}}
        return {"object": "AccountList", "items": documents, **cursor}

    def _account_before(self, cursor: str | None) -> int:
        if cursor is None:
            return -1
        if cursor not in self._seen:
            raise _invalid("There is no such cursor.")
        return self._seen[cursor]

    def _cursor_after(self, account: Account) -> str:
        cursor = b64encode(_NEEDS_ENCODING + self._random.randbytes(8)).decode()
        self._seen[cursor] = account.number
        return cursor


def _limit(text: str | None) -> int:
    if text is None:
        return _LIMIT
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) < 1:
        raise _invalid(f"limit is a whole number from 1 to {_HIGHEST_LIMIT}, not {text!r}.")
    if int(text) > _HIGHEST_LIMIT:
        raise ProblemError(400, "errors/limit_too_high", f"limit is at most {_HIGHEST_LIMIT}, not {text}.")
    return int(text)


def _invalid(detail: str) -> ProblemError:
    return ProblemError(400, "errors/invalid_parameters", detail)
