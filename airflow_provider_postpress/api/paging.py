"""From page to page of the list of accounts."""

from __future__ import annotations

from airflow_provider_postpress.api.endpoints import MAX_PAGE, Endpoint, list_accounts
from airflow_provider_postpress.api.errors import PostpressProtocolError
from airflow_provider_postpress.api.models import Account, AccountPage

_MAX_STALE = 10
_MAX_PAGES = 10_000
_MAX_CURSOR = 4000


class AccountPages:
    """
    A way through the list of accounts: send ``next`` while there is one, and ``turn`` each page.

    It ends where a page tells no cursor, or one that was there before.

    :param limit: how many accounts a page has, 1 to 250
    :raises PostpressInvalidRequest: no page can have so many
    """

    def __init__(self, limit: int = MAX_PAGE) -> None:
        self._limit = limit
        self._cursors: set[str] = set()
        self._accounts: set[str] = set()
        self._stale = 0
        self._pages = 0
        self.next: Endpoint[AccountPage] | None = list_accounts(limit=limit)

    def turn(self, page: AccountPage) -> list[Account]:
        """
        Take a page, and give the accounts on it that were not told before: a list that changes can tell one twice.

        :param page: what ``next`` was answered
        :raises PostpressProtocolError: page after page tells no account that was not told before, there are more pages
            than there can be, or the next one cannot be asked for
        """
        cursor = page.next_cursor
        if cursor and len(cursor) > _MAX_CURSOR:
            raise PostpressProtocolError("GET /accounts told of a next page by a cursor too long for a URL.")
        self.next = list_accounts(cursor, self._limit) if cursor and cursor not in self._cursors else None
        self._cursors.add(cursor or "")
        fresh = []
        for account in page.items:
            if account.id not in self._accounts:
                self._accounts.add(account.id)
                fresh.append(account)
        self._stale = 0 if fresh else self._stale + 1
        self._pages += 1
        if self.next and self._pages >= _MAX_PAGES:
            raise PostpressProtocolError(f"GET /accounts does not end: it told of more than {_MAX_PAGES} pages.")
        if self.next and self._stale >= _MAX_STALE:
            raise PostpressProtocolError(
                f"GET /accounts does not end: {self._stale} pages in a row told of a further one and of no new account."
            )
        return fresh
