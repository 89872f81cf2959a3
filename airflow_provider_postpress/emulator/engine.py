"""The whole Postpress without HTTP: its routes, what others do to it, and the truth about its messages."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.emulator.accounts import SYNCED_TYPES, Account
from airflow_provider_postpress.emulator.answers import Answer, ProblemError
from airflow_provider_postpress.emulator.listing import Listing
from airflow_provider_postpress.emulator.parameters import SyncParameters, parse
from airflow_provider_postpress.emulator.reconnecting import Reconnecting
from airflow_provider_postpress.emulator.slots import By, Job, Slot, Start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_postpress.emulator.chats import Chat
    from airflow_provider_postpress.emulator.options import Options

_TERMINAL = ("SYNC_DONE", "SYNC_ERROR", "CHAT_DELETED")


@dataclass
class _Foreigner:
    """Somebody else who asks for a sync, and perhaps polls it until its end or until ``polls`` are used up."""

    owner: Account | Chat
    parameters: SyncParameters
    due: int
    poll_every_ms: int | None
    polls: int | None
    has_begun: bool = False


class Engine(Reconnecting):
    """
    A Postpress that answers requests: deterministic, without I/O, and cheap to make.

    What time brings (the end of a sync, a change of an account, a foreign poll) happens when the engine is next asked
    anything, in the order in which it was due. A sync that has no bounds and is not partial throws away what Postpress
    has **when it begins**, so one that fails leaves nothing; each chunk copies its messages when it ends.

    :param now: gives the time in epoch seconds
    :param options: how this Postpress behaves
    :param seed: decides what is random
    """

    def __init__(self, now: Callable[[], float], options: Options | None = None, seed: int = 0) -> None:
        super().__init__(now, options, seed)
        self._foreigners: list[_Foreigner] = []
        self._listing = Listing(self._secrets)

    def list_accounts(self, parameters: Mapping[str, str]) -> Answer:
        """
        Answer "List accounts".

        :param parameters: the query, each value as its text
        """
        self._catch_up()
        try:
            return Answer(200, self._listing.page(self._accounts.values(), parameters, self.options))
        except ProblemError as problem:
            return problem.answer

    def get_account(self, account_id: str) -> Answer:
        """
        Answer "Retrieve an account".

        :param account_id: the account
        """
        self._catch_up()
        try:
            return Answer(200, self._known_account(account_id).document)
        except ProblemError as problem:
            return problem.answer

    def account_sync(self, account_id: str, parameters: Mapping[str, str]) -> Answer:
        """
        Answer "Resynchronize account messaging data".

        :param account_id: the account
        :param parameters: the query, each value as its text
        """
        self._catch_up()
        try:
            account = self._known_account(account_id)
            judged = self._judge(account, parameters)
        except ProblemError as problem:
            return problem.answer
        status = self._request(account, judged, "client", self._milliseconds())
        return Answer(200, {"object": "AccountResync", "status": status})

    def chat_sync(self, chat_id: str) -> Answer:
        """
        Answer "Synchronize a conversation from its beginning".

        :param chat_id: the chat
        """
        self._catch_up()
        try:
            chat = self._known_chat(chat_id)
            self._judge_chat(chat)
        except ProblemError as problem:
            return problem.answer
        status = self._request(chat, SyncParameters({}), "client", self._milliseconds())
        return Answer(200, {"object": "ChatHistorySync", "chat_id": chat_id, "status": status})

    def starts(self, account_id: str | None = None, *, chat_id: str | None = None) -> list[Start]:
        """
        List the syncs that began, oldest first.

        :param account_id: of this account
        :param chat_id: of this chat, instead of an account
        """
        self._catch_up()
        return [start.copy() for start in self._account_or_chat(account_id, chat_id).slot.starts]

    def configure(self, /, **changes: Any) -> None:
        """
        Change some of the options, for requests and syncs to come.

        :param changes: fields of ``Options``
        """
        self._catch_up()
        try:
            self.options = replace(self.options, **changes)
        except TypeError as error:
            raise ValueError(f"Not an option: {error}") from None

    def set_duration(self, account_id: str | None = None, *, chat_id: str | None = None, duration_ms: int) -> None:
        """
        Set how long the syncs to come take here, or each of their chunks.

        :param account_id: on this account
        :param chat_id: on this chat, instead of an account
        :param duration_ms: milliseconds
        """
        self._account_or_chat(account_id, chat_id).slot.duration_ms = duration_ms

    def fail_next_sync(self, account_id: str | None = None, *, chat_id: str | None = None, at_chunk: int = 1) -> None:
        """
        Make the next sync that begins here end in ``SYNC_ERROR``. Asked for twice, the next two do.

        :param account_id: on this account
        :param chat_id: on this chat, instead of an account
        :param at_chunk: which of its chunks fails, and copies nothing; a sync without chunks has one
        """
        self._account_or_chat(account_id, chat_id).slot.failures.append(at_chunk)

    def leave_leftover(
        self, account_id: str | None = None, *, chat_id: str | None = None, status: str = "SYNC_DONE"
    ) -> None:
        """
        Leave the terminal status of an earlier sync to be read by the next request. Done twice, by the next two.

        :param account_id: on this account
        :param chat_id: on this chat, instead of an account
        :param status: ``SYNC_DONE`` or ``SYNC_ERROR``
        """
        self._catch_up()
        slot = self._account_or_chat(account_id, chat_id).slot
        if status not in ("SYNC_DONE", "SYNC_ERROR"):
            raise ValueError(f"A leftover is SYNC_DONE or SYNC_ERROR, not {status!r}; foreign_sync leaves CHUNK_DONE.")
        if slot.job:
            raise ValueError("A sync is under way here: its own status will be the next to read.")
        slot.unread.append(status)

    def foreign_sync(
        self,
        account_id: str | None = None,
        parameters: Mapping[str, str] | None = None,
        *,
        chat_id: str | None = None,
        delay_ms: int = 0,
        poll_every_ms: int | None = None,
        polls: int | None = None,
    ) -> None:
        """
        Let somebody else sync: read away what is unread, and start unless a sync is under way.

        :param account_id: on this account
        :param parameters: what they send, with every request; by default nothing
        :param chat_id: on this chat, instead of an account
        :param delay_ms: how long from now they begin
        :param poll_every_ms: how often they poll from then on, until they read a terminal status; ``None`` for never,
            so that its statuses are left for others to read
        :param polls: how often they poll at most
        """
        self._catch_up()
        owner = self._account_or_chat(account_id, chat_id)
        if poll_every_ms is not None and poll_every_ms < 1:
            raise ValueError(f"poll_every_ms is at least 1, not {poll_every_ms}.")
        try:
            judged = self._judge(owner, parameters or {}) if isinstance(owner, Account) else SyncParameters({})
        except ProblemError as problem:
            raise ValueError(problem.detail) from None
        due = self._milliseconds() + delay_ms
        self._foreigners.append(_Foreigner(owner, judged, due, poll_every_ms, polls))
        self._catch_up()

    def delete_chat(self, chat_id: str) -> None:
        """
        Delete a chat at the provider: its messages are gone there, and its sync says ``CHAT_DELETED`` from now on.

        :param chat_id: the chat
        """
        super().delete_chat(chat_id)
        self._chat(chat_id).slot.close("CHAT_DELETED", self._milliseconds())

    def delete_account(self, account_id: str) -> None:
        """
        Delete an account with its chats: from now on there is none of them, and its id is free.

        :param account_id: the account
        """
        account = self._account(account_id)
        super().delete_account(account_id)
        self._foreigners = [
            foreigner
            for foreigner in self._foreigners
            if foreigner.owner is not account and foreigner.owner not in account.chats
        ]

    def next_due(self) -> int | None:
        """Tell when the next thing happens that webhooks may be told of, or is to be sent to them."""
        if not self._webhooks:
            return None
        event = self._next_event()
        times = (event and event[0], self._webhooks.due(self.options.webhooks_at_once))
        return min((due for due in times if due is not None), default=None)

    def _known_chat(self, chat_id: str) -> Chat:
        if chat_id not in self._chats:
            raise ProblemError(404, "errors/resource_not_found", f"There is no chat {chat_id!r}.")
        return self._chats[chat_id]

    def _judge(self, account: Account, parameters: Mapping[str, str]) -> SyncParameters:
        if account.type not in SYNCED_TYPES:
            raise ProblemError(501, "errors/feature_not_implemented", f"A {account.type} account cannot be synced.")
        self._refuse_disconnected(account)
        return parse(parameters, account, self.options)

    def _judge_chat(self, chat: Chat) -> None:
        account = self._accounts[chat.account_id]
        if account.type in self.options.unsupported_chats:
            raise ProblemError(501, "errors/feature_not_implemented", f"A chat of {account.type} cannot be synced.")
        self._refuse_disconnected(account)

    def _refuse_disconnected(self, account: Account) -> None:
        if self.options.refuse_disconnected and "CREDENTIALS" in account.sources.values():
            raise ProblemError(401, "errors/disconnected_account")

    def _request(self, owner: Account | Chat, parameters: SyncParameters, by: By, at: int) -> str:
        if not isinstance(owner, Account) and owner.deleted:
            return "CHAT_DELETED"
        begin = partial(self._begin, owner, parameters, by, at)
        return owner.slot.request(at, begin, self.options.started_answers)

    def _begin(self, owner: Account | Chat, parameters: SyncParameters, by: By, at: int) -> Job:
        chats = owner.chats if isinstance(owner, Account) else [owner]
        chats = [chat for chat in chats if not chat.deleted and parameters.product in (None, chat.product)]
        if parameters.from_scratch:
            for chat in chats:
                chat.in_postpress.clear()
        slot: Slot = owner.slot
        size = parameters.chunk_size or len(chats) or 1
        return Job(
            start=Start(
                parameters=parameters.sent,
                by=by,
                from_scratch=parameters.from_scratch,
                began=at,
                ended=None,
                chunks=0,
                status=None,
            ),
            chunks=deque([chats[first : first + size] for first in range(0, len(chats), size)] or [[]]),
            span=parameters.span,
            duration_ms=self.options.duration_ms if slot.duration_ms is None else slot.duration_ms,
            failing_chunk=slot.failures.popleft() if slot.failures else None,
        )

    def _catch_up(self) -> None:
        now = self._milliseconds()
        while (event := self._next_event()) and event[0] <= now:
            event[2]()

    def _next_event(self) -> tuple[int, int, Callable[[], None]] | None:
        """Find what is due first; at one instant, syncs end, then accounts change, then foreigners poll."""
        owners: list[Account | Chat] = [*self._accounts.values(), *self._chats.values()]
        events: list[tuple[int, int, Callable[[], None]]] = [
            (owner.slot.due, 0, partial(self._end_chunk, owner)) for owner in owners if owner.slot.due is not None
        ]
        events += [(due.due, 1, partial(self._agenda.keep, due)) for due in self._agenda.appointments]
        events += [(foreigner.due, 2, partial(self._foreign_request, foreigner)) for foreigner in self._foreigners]
        return min(events, key=lambda event: event[:2], default=None)

    def _end_chunk(self, owner: Account | Chat) -> None:
        start = owner.slot.end_chunk(goes_on=self.options.chunks == "next")
        if isinstance(owner, Account) and start["status"] == "SYNC_DONE":
            self._announce_sync(owner, start["parameters"].get("linkedin_product"))

    def _announce_sync(self, account: Account, product: str | None) -> None:
        """Announce a sync that ended well: of an account with a premium product, once for each that was synced."""
        if len(account.products) == 1:
            self._announce(account, "SYNC_SUCCESS")
            return
        for synced in (product,) if product else account.products:
            self._announce(account, "SYNC_SUCCESS", synced)

    def _foreign_request(self, foreigner: _Foreigner) -> None:
        status = self._request(foreigner.owner, foreigner.parameters, "foreign", foreigner.due)
        if not foreigner.has_begun:
            foreigner.has_begun = status in ("SYNC_STARTED", "SYNC_RUNNING")
            is_leftover = not foreigner.has_begun and status != "CHAT_DELETED"
            if is_leftover:
                return  # asks again at once
        elif foreigner.polls is not None:
            foreigner.polls -= 1
        if foreigner.poll_every_ms is None or foreigner.polls == 0 or status in _TERMINAL:
            self._foreigners.remove(foreigner)
        else:
            foreigner.due += foreigner.poll_every_ms
