"""The statuses of all accounts, looked at again and again. Only reads."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from airflow_provider_postpress.api.errors import PostpressError
from airflow_provider_postpress.api.models import Account, AccountPage
from airflow_provider_postpress.api.paging import AccountPages
from airflow_provider_postpress.api.words import one_line
from airflow_provider_postpress.resync.pacing import Pacing
from airflow_provider_postpress.resync.steps import Ask, Reply, Say, Step

OK = "OK"
DELETED = "DELETED"
NO_SOURCES = "UNKNOWN"
"""The status of an account that nothing feeds: it is not OK."""

FOR_EVER = datetime.max.replace(tzinfo=UTC)
"""The deadline of what is not given up."""

_MAX_WORD = 100
_GRAVEST_FIRST = ("CREDENTIALS", "PERMISSIONS", "ERROR", "STOPPED")
_LEAST_GRAVE = ("CONNECTING", OK)


def status_word(account: Account) -> str:
    """
    Give the status of an account: of its sources' statuses the gravest, and ``OK`` only where all of them are.

    :param account: the account
    """
    words = [source.status for source in account.sources]
    known = (*_GRAVEST_FIRST, *_LEAST_GRAVE)
    unknown = [word for word in words if word not in known]
    return next((word for word in (*_GRAVEST_FIRST, *unknown, *_LEAST_GRAVE) if word in words), NO_SOURCES)


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """
    What is known of an account.

    :param message: its status in one word: ``OK``, ``ERROR``, ``STOPPED``, ``CREDENTIALS``, ``PERMISSIONS``,
        ``CONNECTING``, ``DELETED``, or what else Postpress says
    :param account_type: its provider, such as ``LINKEDIN``; ``None`` where it was never seen
    """

    message: str
    account_type: str | None

    def as_dict(self) -> dict[str, Any]:
        """Write it in JSON's types; see :meth:`from_dict`."""
        return {"message": self.message, "account_type": self.account_type}

    @classmethod
    def from_dict(cls, data: Any) -> Self | None:
        """
        Read what was remembered; ``None`` where that is nothing, or not of this version's making.

        :param data: what :meth:`as_dict` wrote
        """
        match data:
            case {"message": str(message), "account_type": str() | None as account_type}:
                return cls(message, account_type)
        return None


@dataclass(frozen=True, slots=True)
class Look:
    """
    One look at all accounts.

    :param statuses: the accounts that were seen, by their ids
    :param whole: whether they are all that there are; else the others may be as they were
    :param at: when it was taken
    :param wait: seconds until the next one
    """

    statuses: Mapping[str, AccountStatus]
    whole: bool
    at: datetime
    wait: float

    def status_of(self, account_id: str, known: AccountStatus | None) -> AccountStatus | None:
        """
        Tell the status of an account; ``None`` where this look does not tell.

        :param account_id: Postpress's id of the account
        :param known: what was known of it
        """
        if account_id in self.statuses or not self.whole:
            return self.statuses.get(account_id)
        return AccountStatus(DELETED, known.account_type if known else None)


class StatusWatch:
    """
    Looks at all accounts.

    :param pacing: how long to wait between two looks
    """

    def __init__(self, pacing: Pacing) -> None:
        self._pacing = pacing
        self._trouble: tuple[Any, ...] | None = None

    def look(self) -> Generator[Step[AccountPage], Reply[AccountPage], Look]:
        """Give the steps of one look: a listing from its first page to its last, or to the first error."""
        pages = AccountPages()
        statuses: dict[str, AccountStatus] = {}
        while pages.next:
            reply = yield Ask(pages.next)
            if isinstance(reply.came, PostpressError):
                words, wait = self.back_off(reply.came, reply.at)
                if words:
                    yield words
                return Look(statuses, whole=False, at=reply.at, wait=wait)
            for account in pages.turn(reply.came):
                message, type_ = (one_line(word, longest=_MAX_WORD) for word in (status_word(account), account.type))
                statuses[account.id] = AccountStatus(message, type_)
        if self._trouble:
            yield Say("The statuses of accounts are told again.")
        self._trouble = None
        self._pacing.recovered()
        self._pacing.anew()
        return Look(statuses, whole=True, at=reply.at, wait=self._pacing.before_poll(reply.at))

    def back_off(self, error: Exception, now: datetime, words: str | None = None) -> tuple[Say | None, float]:
        """
        Count a look that failed, and give what to tell of it, if that was not told already, and the seconds to wait.

        :param error: what it met
        :param now: when
        :param words: what to say of the error; its own text when ``None``
        """
        wait = self._pacing.after_failure(now, getattr(error, "retry_after", None))
        # not its text: that can have the request's id, and so is never the same again
        trouble = (type(error), getattr(error, "status", None), getattr(error, "type", None))
        told = trouble == self._trouble
        self._trouble = trouble
        if told:
            return None, wait
        text = (
            f"The statuses of accounts are not told: {words or error} Changes are not seen meanwhile. Looking again, "
            f"first in {wait:.3g} s; this is not said again before it has changed."
        )
        return Say(text, warn=True), wait
