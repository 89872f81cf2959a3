"""Messages to webhooks: of an account that comes, changes or goes, and of any other by hand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.emulator.agenda import Agenda
from airflow_provider_postpress.emulator.options import Options
from airflow_provider_postpress.emulator.truth import Truth
from airflow_provider_postpress.emulator.webhooks import Attempt, Delivery, Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from airflow_provider_postpress.emulator.accounts import Account


class Announcing(Truth):
    """
    Accounts of which webhooks are told, in the course of time.

    :param now: gives the time in epoch seconds
    :param options: how this Postpress behaves
    :param seed: decides what is random
    """

    def __init__(self, now: Callable[[], float], options: Options | None = None, seed: int = 0) -> None:
        super().__init__(seed)
        self._now = now
        self._agenda = Agenda()
        self._webhooks = Webhooks()
        self.options = options or Options()

    def register_webhook(
        self, url: str, *, headers: Mapping[str, str] | None = None, messages: Iterable[str] | None = None
    ) -> None:
        """
        Send account status updates to a URL from now on. Done again for it, the headers and messages are others.

        :param url: ``http://`` and an address of this machine: an emulator sends nothing to any other
        :param headers: what each request carries, as ``{"Postpress-Auth": "secret"}``
        :param messages: those that are sent, as ``["OK", "CREDENTIALS"]``; by default all
        """
        self._catch_up()
        self._webhooks.register(url, headers or {}, messages)

    def unregister_webhook(self, url: str) -> None:
        """
        Send nothing more to a URL, also nothing that waits for it.

        :param url: as it was registered
        """
        self._catch_up()
        self._webhooks.unregister(url)

    def send_webhook(
        self,
        account_id: str,
        message: str,
        *,
        product: str | None = None,
        account_type: str | None = None,
        copies: int = 1,
        delay_ms: int = 0,
    ) -> None:
        """
        Send a message to the webhooks that want it, whatever the account is like.

        :param account_id: the account
        :param message: one of the documented ones, as ``"OK"``, or any other text
        :param product: as ``SYNC_SUCCESS`` tells it; any text
        :param account_type: any text; by default the account's own; needed for an account that there is not
        :param copies: how many times each webhook gets it
        :param delay_ms: how long from now, in milliseconds
        :raises ValueError: where there is no webhook
        """
        self._catch_up()
        if not self._webhooks:
            raise ValueError("There is no webhook to send to: register one.")
        if not message:
            raise ValueError("A message is a text that is not empty.")
        if copies < 1 or delay_ms < 0:
            raise ValueError(f"copies is at least 1 and delay_ms at least 0, not {copies} and {delay_ms}.")
        account_type = account_type or self._account(account_id).type
        send = partial(self._send, account_id, account_type, message, product, copies)
        self._agenda.add(self._milliseconds() + delay_ms, send)
        self._catch_up()

    def hold_webhooks(self) -> None:
        """Let what is to be sent wait, further attempts too, until ``release_webhooks``."""
        self._webhooks.hold()

    def release_webhooks(self, *, reorder: bool = False) -> None:
        """
        Let what waited be sent.

        :param reorder: the last of it first; they also arrive so where ``webhooks_at_once`` is 1
        """
        self._catch_up()
        self._webhooks.release(reorder=reorder, now=self._milliseconds())

    def deliveries(self, account_id: str | None = None) -> list[Delivery]:
        """
        List the attempts to deliver, in the order in which they began, also those under way. Headers are not told.

        :param account_id: only those about this account, known or not
        """
        self._catch_up()
        return [delivery for delivery in self._webhooks.deliveries() if account_id in (None, delivery["account_id"])]

    def take_attempts(self) -> list[Attempt]:
        """Take what is to be sent to webhooks now; each is to be settled."""
        self._catch_up()
        return self._webhooks.take(self._milliseconds(), self.options.webhooks_at_once)

    def settle_attempt(self, attempt: Attempt, *, status: int | None = None, error: str | None = None) -> None:
        """
        Tell what came of an attempt.

        :param attempt: the attempt
        :param status: the HTTP status of the answer
        :param error: what came instead of an answer
        """
        self._webhooks.settle(
            attempt,
            status=status,
            error=error,
            now=self._milliseconds(),
            delays_ms=self.options.webhook_delays_ms,
        )

    def _announce(self, account: Account, message: str, product: str | None = None) -> None:
        self._send(account.id, account.type, message, product, 1 + self.options.webhook_duplicates)

    def _change_status(self, account: Account, change: Callable[[], None]) -> None:
        """Let the sources of an account change, and announce what the account's own status has become by that."""
        before = account.status
        change()
        is_linked = self._accounts.get(account.id) is account
        if is_linked and account.status != before:
            self._announce(account, account.status)

    def _send(self, account_id: str, account_type: str, message: str, product: str | None, copies: int) -> None:
        status = {"account_id": account_id, "account_type": account_type, "message": message}
        body: dict[str, Any] = {"AccountStatus": status}
        if product is not None:
            place = status if self.options.product_place == "inside" else body
            place["product"] = product
        self._webhooks.announce(message, body, copies=copies, at=self._milliseconds())

    def _milliseconds(self) -> int:
        return round(self._now() * 1000)
