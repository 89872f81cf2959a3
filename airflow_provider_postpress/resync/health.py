"""Waiting until an account is healthy. Only reads."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self, TypeGuard

from airflow_provider_postpress.api.endpoints import Endpoint, get_account
from airflow_provider_postpress.api.errors import PostpressAPIError
from airflow_provider_postpress.api.models import Account
from airflow_provider_postpress.resync.failure import RECONNECT_TYPES, Failure, FailureKind
from airflow_provider_postpress.resync.pacing import Pacing
from airflow_provider_postpress.resync.steps import Ask, Reply, Say, Step, Wait, back_off

CREDENTIALS = "CREDENTIALS"
_UNKNOWN = "Whether the account is healthy is not known."


@dataclass(frozen=True, slots=True)
class Watch:
    """
    What is waited for.

    :param account_id: the account
    :param fail_on: source statuses at which waiting makes no sense
    :param sources: the ids of the sources that are to be OK, all when ``None``
    :param out_of_time: what sort of failure it is when it does not come in time
    :param discreet: nothing of what the server says is repeated; for the time after a login
    """

    account_id: str
    fail_on: tuple[str, ...] = ()
    sources: tuple[str, ...] | None = None
    out_of_time: FailureKind = FailureKind.ACCOUNT_TIMEOUT
    discreet: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Write it in JSON's types; see :meth:`from_dict`."""
        return {
            "account_id": self.account_id,
            "fail_on": list(self.fail_on),
            "sources": None if self.sources is None else list(self.sources),
            "out_of_time": str(self.out_of_time),
            "discreet": self.discreet,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """
        Read it from a trigger's kwargs.

        :param data: what :meth:`as_dict` wrote
        """
        sources = data["sources"]
        return cls(
            data["account_id"],
            tuple(data["fail_on"]),
            None if sources is None else tuple(sources),
            FailureKind(data["out_of_time"]),
            data["discreet"],
        )

    @property
    def endpoint(self) -> Endpoint[Account]:
        """The request that looks."""
        return get_account(self.account_id, discreet=self.discreet)

    def trouble(self, came: Account | PostpressAPIError) -> str | None:
        """
        Tell what is wrong with the account, in words; ``None`` if nothing is.

        :param came: the account, or an error that says that it has lost its login
        """
        return came.trouble(self.sources) if isinstance(came, Account) else str(came).removesuffix(".")

    def is_hopeless(self, came: Account | PostpressAPIError) -> bool:
        """
        Tell whether the account is as it must not be.

        :param came: the account, or an error that says that it has lost its login
        """
        if not isinstance(came, Account):
            return CREDENTIALS in self.fail_on
        return any(source.status in self.fail_on for source in came.watched(self.sources))


class Watcher:
    """
    Waits until an account is healthy.

    :param watch: what is waited for
    :param pacing: how long to wait between two looks
    :param not_before: when Postpress wants to be asked again, if it said so
    """

    def __init__(self, watch: Watch, pacing: Pacing, *, not_before: datetime | None = None) -> None:
        self.watch = watch
        self.not_before = not_before
        self._pacing = pacing
        self._told: str | None = None

    @property
    def deadline(self) -> datetime:
        """When waiting is given up."""
        return self._pacing.deadline

    def steps(
        self, *, wait_from: datetime | None = None
    ) -> Generator[Step[Account], Reply[Account], Account | Failure]:
        """
        Give the steps, and at last the account.

        :param wait_from: the time, where the first look is to wait as one that follows another does
        """
        if wait_from is not None:
            yield Wait(self._pacing.before_poll(wait_from, not_before=self.not_before))
        while True:
            reply = yield Ask(self.watch.endpoint)
            came = reply.came
            if isinstance(came, Account) and (failure := another_account(came, self.watch.account_id)):
                return failure
            retry_after = came.retry_after if isinstance(came, PostpressAPIError) else None
            self.not_before = None if retry_after is None else reply.at + timedelta(seconds=retry_after)
            if isinstance(came, Account) or _tells_of_a_lost_login(came):
                self._pacing.recovered()
                trouble = self.watch.trouble(came)
                if isinstance(came, Account) and trouble is None:
                    return came
                if self.watch.is_hopeless(came):
                    return Failure(FailureKind.RECONNECT_REQUIRED, self._must_be_reconnected(trouble))
                # an error's text has the request's id, and so is never the same again
                yield from self._tell(trouble, trouble if isinstance(came, Account) else came.type)
                failure, wait = None, self._pacing.before_poll(reply.at, not_before=self.not_before)
            else:
                trouble = f"Postpress did not tell: {str(came).removesuffix('.')}"
                subject = f"account {self.watch.account_id!r}"
                failure, wait = yield from back_off(self._pacing, came, reply.at, subject, _UNKNOWN)
            if failure is None and self._pacing.is_over(reply.at):
                failure = Failure(self.watch.out_of_time, self._not_in_time(trouble))
            if failure:
                return failure
            yield Wait(wait)

    def _tell(self, trouble: str | None, kind: str | None) -> Generator[Say, Any, None]:
        if kind != self._told:
            yield Say(f"Account {self.watch.account_id!r} is not healthy yet: {trouble}.")
            self._told = kind

    def _not_in_time(self, trouble: str | None) -> str:
        return (
            f"Account {self.watch.account_id!r} did not become healthy in time: {trouble}. "
            "Look at it in Postpress's dashboard; give the task more time if it is still connecting."
        )

    def _must_be_reconnected(self, trouble: str | None) -> str:
        return (
            f"Account {self.watch.account_id!r} is not healthy, and waiting will not mend it: {trouble}. Nothing new "
            "reaches Postpress until a person reconnects the account, in its dashboard or with "
            "PostpressReconnectAccountOperator; then clear this task."
        )


def another_account(account: Account, account_id: str) -> Failure | None:
    """
    Tell that Postpress answered for another account, or something else; ``None`` if it did not.

    :param account: what it answered
    :param account_id: the account that was asked for
    """
    if account.is_about(account_id):
        return None
    message = (
        f"Asked for account {account_id!r}, Postpress answered something else (another id, or no account), which the "
        "API pages do not describe. Nothing can be concluded from it; tell Postpress's support."
    )
    return Failure(FailureKind.UNEXPECTED_ANSWER, message)


def _tells_of_a_lost_login(came: object) -> TypeGuard[PostpressAPIError]:
    return isinstance(came, PostpressAPIError) and came.type in RECONNECT_TYPES
