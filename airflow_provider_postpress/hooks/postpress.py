"""The hook: an Airflow connection becomes a client of Postpress."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, Self

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_postpress.api import endpoints
from airflow_provider_postpress.api.client import AsyncPostpressClient, PostpressClient
from airflow_provider_postpress.api.endpoints import MAX_PAGE, Answer, Endpoint, Parameter
from airflow_provider_postpress.api.errors import PostpressInvalidRequest
from airflow_provider_postpress.api.models import Account, Credentials, ReconnectAnswer, SyncAnswer
from airflow_provider_postpress.api.paging import AccountPages
from airflow_provider_postpress.hooks import connection_form
from airflow_provider_postpress.hooks.connection_check import check_connection
from airflow_provider_postpress.hooks.settings import ConnectionSettings, new_client, settings_of
from airflow_provider_postpress.hooks.shared import shared_client


class PostpressHook(BaseHook):
    """
    Talk to Postpress through an Airflow connection.

    Each method sends one request and returns one typed answer; ``list_accounts`` sends one a page. Close the hook with
    :meth:`close`, or use it in a ``with`` block, or in an ``async with`` block, where it keeps its connections open
    between requests.

    :param postpress_conn_id: the Airflow connection, of type ``postpress``
    """

    conn_name_attr = "postpress_conn_id"
    default_conn_name = "postpress_default"
    conn_type = "postpress"
    hook_name = "Postpress"

    def __init__(self, postpress_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.postpress_conn_id = postpress_conn_id
        self._settings: ConnectionSettings | None = None
        self._client: PostpressClient | None = None
        self._async_client: AsyncPostpressClient | None = None
        self._async_exit = AsyncExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self._async_client, _ = await self._async_exit.enter_async_context(shared_client(self.postpress_conn_id))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._async_client = None
        await self._async_exit.aclose()

    @property
    def settings(self) -> ConnectionSettings:
        """
        What the connection says, looked up once. Blocks: in a trigger use ``async with`` and the ``a`` methods.

        :raises PostpressInvalidRequest: a setting is wrong or missing
        """
        if self._settings is None:
            self._settings = settings_of(self.get_connection(self.postpress_conn_id))
        return self._settings

    def test_connection(self) -> tuple[bool, str]:
        """
        Find out whether the connection works, without an effect on any account.

        :return: whether it does, and what was found in words: a wrong key, a key without the scope, a wrong base path
            and which one would work, a host that cannot be reached, a TLS failure, or a setting that is wrong
        """
        try:
            return check_connection(self.settings, self.postpress_conn_id)
        except PostpressInvalidRequest as refusal:
            return False, str(refusal)

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Give the connection form's fields to Airflow 3.1, see :mod:`.connection_form`."""
        return connection_form.widgets()

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Give the behaviour of the connection form's fields to Airflow 3.1, see :mod:`.connection_form`."""
        return connection_form.field_behaviour()

    def get_conn(self) -> PostpressClient:
        """
        Give the client, the same one until :meth:`close`.

        :raises PostpressInvalidRequest: a setting of the connection is wrong or missing
        """
        if self._client is None:
            self._client = new_client(PostpressClient, self.settings, conn_id=self.postpress_conn_id)
        return self._client

    def close(self) -> None:
        """Close the client's connections. The hook can be used again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def get_account(self, account_id: str) -> Account:
        """
        Read an account. Without effects.

        :param account_id: Postpress's id of the account
        :raises PostpressError: the request was refused, or got no usable answer
        """
        return self.get_conn().send(endpoints.get_account(account_id))

    async def aget_account(self, account_id: str) -> Account:
        """
        Read an account, asynchronously; see :meth:`get_account`.

        :param account_id: Postpress's id of the account
        """
        return await self._asend(endpoints.get_account(account_id))

    def list_accounts(self, *, limit: int = MAX_PAGE) -> Iterator[Account]:
        """
        Go through all accounts of the workspace, page by page. Without effects.

        The next page is asked for when the accounts of the last one are used up, so that one can stop early.

        :param limit: how many accounts a page has, 1 to 250
        :raises PostpressError: a request was refused, or got no usable answer
        """
        return self._through(AccountPages(limit))

    def _through(self, pages: AccountPages) -> Iterator[Account]:
        while pages.next:
            yield from pages.turn(self.get_conn().send(pages.next))

    def alist_accounts(self, *, limit: int = MAX_PAGE) -> AsyncIterator[Account]:
        """
        Go through all accounts of the workspace, asynchronously (``async for``); see :meth:`list_accounts`.

        :param limit: how many accounts a page has, 1 to 250
        """
        return self._athrough(AccountPages(limit))

    async def _athrough(self, pages: AccountPages) -> AsyncIterator[Account]:
        while pages.next:
            for account in pages.turn(await self._asend(pages.next)):
                yield account

    def reconnect_account(self, account_id: str, credentials: Credentials | Mapping[str, Any]) -> ReconnectAnswer:
        """
        Log an account in again. Sent once; do not repeat it: repeated logins are what providers look for.

        :param account_id: Postpress's id of the account
        :param credentials: one of the 12 variants of "Reconnect an account", as a mapping or already read by
            :func:`~airflow_provider_postpress.api.models.credentials.read_credentials`
        :return: with ``object`` ``AccountReconnected``, or ``Checkpoint`` and what a person has to do
        :raises PostpressInvalidRequest: the credentials are not as documented; nothing was sent
        :raises PostpressError: the login was refused, or got no usable answer: then it may have had its effect
        """
        return self.get_conn().send(endpoints.reconnect_account(account_id, credentials))

    async def areconnect_account(
        self, account_id: str, credentials: Credentials | Mapping[str, Any]
    ) -> ReconnectAnswer:
        """
        Log an account in again, asynchronously; see :meth:`reconnect_account`.

        :param account_id: Postpress's id of the account
        :param credentials: one of the 12 variants of "Reconnect an account"
        """
        return await self._asend(endpoints.reconnect_account(account_id, credentials))

    def resync_account(self, account_id: str, **parameters: Parameter) -> SyncAnswer:
        """
        Start the sync of an account, or report on the one that runs.

        Any request can start a sync: also one that was meant as a look, and then with the parameters it has.
        ``PostpressResyncOperator`` knows how to follow a sync to its end.

        :param account_id: Postpress's id of the account
        :param parameters: the query parameters, see
            :func:`~airflow_provider_postpress.api.endpoints.resync_account`
        :raises PostpressError: the request was refused, or got no usable answer
        """
        return self.get_conn().send(endpoints.resync_account(account_id, parameters))

    async def aresync_account(self, account_id: str, **parameters: Parameter) -> SyncAnswer:
        """
        Start the sync of an account, or report on the one that runs, asynchronously; see :meth:`resync_account`.

        :param account_id: Postpress's id of the account
        :param parameters: the query parameters
        """
        return await self._asend(endpoints.resync_account(account_id, parameters))

    def sync_chat(self, chat_id: str) -> SyncAnswer:
        """
        Start the sync of a whole chat, or report on the one that runs.

        :param chat_id: Postpress's id of the chat
        :raises PostpressError: the request was refused, or got no usable answer
        """
        return self.get_conn().send(endpoints.sync_chat(chat_id))

    async def async_chat(self, chat_id: str) -> SyncAnswer:
        """
        Start the sync of a whole chat, or report on the one that runs, asynchronously; see :meth:`sync_chat`.

        :param chat_id: Postpress's id of the chat
        """
        return await self._asend(endpoints.sync_chat(chat_id))

    async def _asend(self, endpoint: Endpoint[Answer]) -> Answer:
        if self._async_client is not None:
            return await self._async_client.send(endpoint)
        async with shared_client(self.postpress_conn_id) as (client, _):
            return await client.send(endpoint)
