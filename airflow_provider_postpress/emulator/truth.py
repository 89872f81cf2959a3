"""The truth that an emulator keeps: accounts, chats, and the messages at the provider against those in Postpress."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_postpress.emulator.accounts import ACCOUNT_TYPES, LINKEDIN_PRODUCTS, Account
from airflow_provider_postpress.emulator.authentication import Authentication
from airflow_provider_postpress.emulator.chats import Chat, Instant, Message, milliseconds, within
from airflow_provider_postpress.emulator.slots import Slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Counts(TypedDict):
    """How many messages of a span the provider has, Postpress has, and Postpress lacks."""

    at_provider: int
    in_postpress: int
    missing: int


class Truth:
    """
    Accounts of several providers, with chats and messages.

    All that is random comes from the seed. An instant is epoch milliseconds, ISO 8601 with an offset, or an aware
    datetime. Every method raises ``ValueError`` for an account, a chat or a value that cannot be.

    :param seed: decides what is random
    """

    def __init__(self, seed: int = 0) -> None:
        self._accounts: dict[str, Account] = {}
        self._chats: dict[str, Chat] = {}
        self._numbers = count(1)
        self._linked = count()
        self._random = Random(seed)  # noqa: S311 (not for secrets: a seed makes the same messages again)

    def add_account(
        self,
        account_type: str,
        *,
        account_id: str | None = None,
        name: str | None = None,
        premium_features: Sequence[str] = (),
        sources: Sequence[str] = ("OK",),
        proxy: Mapping[str, Any] | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> str:
        """
        Link an account.

        :param account_type: one of the 14 documented types, as ``"LINKEDIN"``; any text where there is a ``document``
        :param account_id: its id; any text, also with a slash; by default made from its type
        :param name: its name; by default made from its id
        :param premium_features: LinkedIn only: some of ``"recruiter"``, ``"sales_navigator"`` and ``"premium"``
        :param sources: the status of each of its sources; any text; their ids are the account's with a number
        :param proxy: LinkedIn only: ``host``, ``port`` and perhaps ``protocol``, ``username`` and ``password``, which
            are all shown to who reads the account
        :param document: what is odd about it: fields that are merged, deeply, over the account as it is shown; what
            comes in the place of ``sources`` stays, whatever their statuses become
        :returns: its id
        """
        self._catch_up()
        if account_type not in ACCOUNT_TYPES and document is None:
            raise ValueError(f"An account's type is one of {', '.join(ACCOUNT_TYPES)}, not {account_type!r}.")
        if proxy is not None and account_type != "LINKEDIN":
            raise ValueError(f"Only LINKEDIN accounts show a proxy, not {account_type} ones.")
        account_id = account_id or f"acc_{account_type.lower()}_{next(self._numbers)}"
        if account_id in self._accounts:
            raise ValueError(f"There is an account {account_id!r} already.")
        account = Account(
            id=account_id,
            type=account_type,
            name=name or account_id,
            number=next(self._linked),
            premium_features=tuple(premium_features),
            sources={f"{account_id}_{number}": status for number, status in enumerate(sources, 1)},
            slot=Slot(),
            authentication=Authentication(),
            proxy=proxy,
            oddities=document or {},
        )
        self._accounts[account_id] = account
        self._announce(account, "CREATION_SUCCESS")
        return account_id

    def delete_account(self, account_id: str) -> None:
        """
        Delete an account with its chats: from now on there is none of them, and its id is free.

        :param account_id: the account
        """
        self._catch_up()
        account = self._account(account_id)
        for chat in account.chats:
            del self._chats[chat.id]
        del self._accounts[account_id]
        self._announce(account, "DELETED")

    def add_chat(
        self,
        account_id: str,
        *,
        chat_id: str | None = None,
        product: str = "classic",
        messages: Iterable[Instant] = (),
    ) -> str:
        """
        Add a chat to an account.

        :param account_id: the account
        :param chat_id: its id; any text; by default the account's with a number
        :param product: the LinkedIn product that it belongs to
        :param messages: the instants of its messages at the provider
        :returns: its id
        """
        self._catch_up()
        account = self._account(account_id)
        if product not in LINKEDIN_PRODUCTS:
            raise ValueError(f"A chat's product is one of {', '.join(LINKEDIN_PRODUCTS)}, not {product!r}.")
        chat_id = chat_id or f"chat_{account_id}_{next(self._numbers)}"
        if chat_id in self._chats:
            raise ValueError(f"There is a chat {chat_id!r} already.")
        chat = Chat(chat_id, account_id, product, Slot())
        account.chats.append(chat)
        self._chats[chat_id] = chat
        self.add_messages(chat_id, messages)
        return chat_id

    def add_messages(self, chat_id: str, at: Iterable[Instant], *, synced: bool = False) -> list[str]:
        """
        Add messages to a chat at the provider.

        :param chat_id: the chat
        :param at: an instant for each message
        :param synced: whether Postpress has them already
        :returns: their ids
        """
        self._catch_up()
        chat = self._chat(chat_id)
        added = {f"msg_{next(self._numbers)}": milliseconds(instant) for instant in at}
        chat.at_provider.update(added)
        if synced:
            chat.in_postpress.update(added)
        return list(added)

    def scatter_messages(self, account_id: str, number: int, start: Instant, end: Instant) -> list[str]:
        """
        Add messages at random instants to the chats of an account.

        :param account_id: the account; it gets a chat if it has none
        :param number: how many
        :param start: the earliest possible instant
        :param end: they are all before it
        :returns: their ids
        """
        account = self._account(account_id)
        if not account.chats:
            self.add_chat(account_id)
        lower, upper = milliseconds(start), milliseconds(end)
        return [
            message
            for _ in range(number)
            for message in self.add_messages(
                self._random.choice(account.chats).id, [self._random.randrange(lower, upper)]
            )
        ]

    def delete_chat(self, chat_id: str) -> None:
        """
        Delete a chat at the provider: its messages are gone there, and its sync says ``CHAT_DELETED`` from now on.

        :param chat_id: the chat
        """
        self._catch_up()
        chat = self._chat(chat_id)
        chat.deleted = True
        chat.at_provider.clear()

    def missing(
        self,
        account_id: str | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
        *,
        chat_id: str | None = None,
        product: str | None = None,
    ) -> list[Message]:
        """
        List the messages at the provider that Postpress has not.

        :param account_id: of this account
        :param start: from this instant
        :param end: before this instant
        :param chat_id: of this chat, instead of an account
        :param product: of this LinkedIn product only
        """
        self._catch_up()
        lower, upper = _bounds(start, end)
        chats = self._chats_of(account_id, chat_id)
        return [message for chat in chats if product in (None, chat.product) for message in chat.missing(lower, upper)]

    def count_messages(
        self,
        account_id: str | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
        *,
        chat_id: str | None = None,
    ) -> Counts:
        """
        Count the messages at the provider, in Postpress, and missing.

        :param account_id: of this account
        :param start: from this instant
        :param end: before this instant
        :param chat_id: of this chat, instead of an account
        """
        self._catch_up()
        lower, upper = _bounds(start, end)
        chats = self._chats_of(account_id, chat_id)
        return Counts(
            at_provider=sum(within(at, lower, upper) for chat in chats for at in chat.at_provider.values()),
            in_postpress=sum(within(at, lower, upper) for chat in chats for at in chat.in_postpress.values()),
            missing=sum(len(chat.missing(lower, upper)) for chat in chats),
        )

    def account_ids(self) -> list[str]:
        """List the ids of all accounts."""
        return list(self._accounts)

    def chat_ids(self, account_id: str) -> list[str]:
        """
        List the ids of the chats of an account.

        :param account_id: the account
        """
        return [chat.id for chat in self._account(account_id).chats]

    def _catch_up(self) -> None:
        """Let what is due by now happen. Nothing ever is where there is no clock."""

    def _announce(self, account: Account, message: str, product: str | None = None) -> None:
        """Let it be known what became of an account. Nobody listens where there are no webhooks."""

    def _account(self, account_id: str) -> Account:
        try:
            return self._accounts[account_id]
        except KeyError:
            raise ValueError(f"There is no account {account_id!r}.") from None

    def _chat(self, chat_id: str) -> Chat:
        try:
            return self._chats[chat_id]
        except KeyError:
            raise ValueError(f"There is no chat {chat_id!r}.") from None

    def _chats_of(self, account_id: str | None, chat_id: str | None) -> list[Chat]:
        owner = self._account_or_chat(account_id, chat_id)
        return owner.chats if isinstance(owner, Account) else [owner]

    def _account_or_chat(self, account_id: str | None, chat_id: str | None) -> Account | Chat:
        if (account_id is None) == (chat_id is None):
            raise ValueError("Name an account or a chat: one of account_id and chat_id.")
        return self._account(account_id) if account_id is not None else self._chat(str(chat_id))


def _bounds(start: Instant | None, end: Instant | None) -> tuple[int | None, int | None]:
    return (None if start is None else milliseconds(start), None if end is None else milliseconds(end))
