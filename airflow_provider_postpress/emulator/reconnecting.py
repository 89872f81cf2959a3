"""What changes in accounts with time: the statuses of their sources, and logins with their checkpoints."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.emulator import credentials
from airflow_provider_postpress.emulator.announcing import Announcing
from airflow_provider_postpress.emulator.answers import Answer, ProblemError
from airflow_provider_postpress.emulator.authentication import Login

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_postpress.emulator.accounts import Account
    from airflow_provider_postpress.emulator.options import Options

_PAIRING_LETTERS = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"
_PAIRING_LENGTH = 8
_SECRET_BYTES = 48


class Reconnecting(Announcing):
    """
    Accounts that a client or a person logs in again.

    :param now: gives the time in epoch seconds
    :param options: how this Postpress behaves
    :param seed: decides what is random
    """

    def __init__(self, now: Callable[[], float], options: Options | None = None, seed: int = 0) -> None:
        super().__init__(now, options, seed)
        self._logins: list[Login] = []
        self._secrets = Random(f"secrets of {seed}")  # noqa: S311 (they open nothing: a seed makes the same again)

    def reconnect_account(self, account_id: str, body: bytes) -> Answer:
        """
        Answer "Reconnect an account".

        :param account_id: the account
        :param body: the JSON as it came
        """
        self._catch_up()
        login = Login(
            at=self._milliseconds(),
            account_id=account_id,
            provider=None,
            body=None,
            outcome="refused",
            status=0,
            error_type=None,
            checkpoint=None,
            solved_at=None,
            expired_at=None,
        )
        self._logins.append(login)
        try:
            answer = self._log_in(login, body)
        except ProblemError as problem:
            login["error_type"] = problem.error_type
            answer = problem.answer
        login["status"] = answer.status_code
        return answer

    def require_checkpoint(self, /, account_id: str, type: str, **fields: Any) -> None:  # noqa: A002 (as the answer has it)
        """
        Answer the next login of an account with a checkpoint. Asked for twice, the next two.

        WhatsApp and Telegram accounts answer with one in any case; this one comes instead.

        :param account_id: the account
        :param type: ``QRCODE``, ``2FA``, ``OTP``, ``IN_APP_VALIDATION``, ``PHONE_REGISTER``, ``CAPTCHA``,
            ``CONTRACT_CHOOSER``, ``PAIRING_CODE`` or any other text
        :param fields: what else it says: ``source``, ``qrcode``, ``code``, ``public_key``, ``data``,
            ``contract_options`` or any other name; the ``qrcode`` of a ``QRCODE`` and the ``code`` of a
            ``PAIRING_CODE`` are made where they are not given
        """
        self._catch_up()
        self._account(account_id).authentication.checkpoints.append({"type": type, **fields})

    def solve_checkpoint(self, account_id: str) -> None:
        """
        Do what the open checkpoint of an account asks for, as a person would: its sources connect, and then are OK.

        :param account_id: the account
        :raises ValueError: where none is open
        """
        self._catch_up()
        account = self._account(account_id)
        login = account.authentication.waiting
        if login is None:
            raise ValueError(f"No checkpoint is open for account {account_id!r}.")
        login["solved_at"] = self._milliseconds()
        account.authentication.waiting = None
        self._agenda.cancel(account.authentication.expiry)
        self._connect(account)

    def expect_credentials(self, account_id: str, fields: Mapping[str, Any]) -> None:
        """
        Refuse logins that say anything else in some fields, or nothing: 401 ``errors/invalid_credentials``.

        :param account_id: the account
        :param fields: what they have to say, by name; instead of what was expected before; ``{}`` for anything
        """
        self._account(account_id).authentication.expected = fields

    def logins(self, account_id: str | None = None) -> list[Login]:
        """
        List the logins that reached Postpress, oldest first, **with the secrets that they sent**.

        A test can so see that what it had sent is what came. Let nobody send real credentials to an emulator.

        :param account_id: only those for this account, known or not
        """
        self._catch_up()
        return [login.copy() for login in self._logins if account_id in (None, login["account_id"])]

    def set_source_status(
        self, account_id: str, status: str, *, source_id: str | None = None, delay_ms: int = 0
    ) -> None:
        """
        Set the status of the sources of an account.

        :param account_id: the account
        :param status: ``OK``, ``STOPPED``, ``ERROR``, ``CREDENTIALS``, ``PERMISSIONS``, ``CONNECTING``, or any other
            text, as a Postpress to come may say it
        :param source_id: this source alone; by default all of them
        :param delay_ms: how long from now it changes, in milliseconds
        """
        self._catch_up()
        account = self._account(account_id)
        if source_id is not None and source_id not in account.sources:
            raise ValueError(f"A source of {account_id!r} is one of {', '.join(account.sources)}, not {source_id!r}.")
        if not status:
            raise ValueError("A source's status is a text that is not empty.")
        if delay_ms < 0:
            raise ValueError(f"delay_ms is at least 0, not {delay_ms}.")
        change = partial(account.set_status, status, source_id)
        self._agenda.add(self._milliseconds() + delay_ms, partial(self._change_status, account, change))
        self._catch_up()

    def _log_in(self, login: Login, body: bytes) -> Answer:
        sent = credentials.read(body)
        login["body"] = sent
        if isinstance(sent, dict) and isinstance(sent.get("provider"), str):
            login["provider"] = sent["provider"]
        account = self._known_account(login["account_id"])
        self._judge_login(account, credentials.judge(sent))
        checkpoint = self._checkpoint(account, sent)
        if account.type == "LINKEDIN":
            account.proxy = sent.get("proxy", account.proxy)
        if checkpoint is None:
            login["outcome"] = "reconnected"
            self._connect(account)
            return Answer(201, {"object": "AccountReconnected", "account_id": account.id})
        login["outcome"] = "checkpoint"
        login["checkpoint"] = checkpoint["type"]
        account.authentication.waiting = login
        account.authentication.expiry = self._agenda.add(
            self._milliseconds() + self.options.checkpoint_ms, partial(self._expire, account)
        )
        document = {"object": "Checkpoint", "account_id": account.id, "checkpoint": checkpoint}
        return Answer(self.options.checkpoint_status, document)

    def _judge_login(self, account: Account, sent: Mapping[str, Any]) -> None:
        if not credentials.fits(sent["provider"], account.type):
            raise ProblemError(
                403,
                "errors/account_mismatch",
                f"This is a {account.type} account, the login is for {sent['provider']}.",
            )
        if account.authentication.waiting:
            raise ProblemError(425, "errors/auth_in_progress")
        for name, value in account.authentication.expected.items():
            if name not in sent or sent[name] != value:
                raise ProblemError(401, "errors/invalid_credentials")

    def _checkpoint(self, account: Account, sent: Mapping[str, Any]) -> dict[str, Any] | None:
        """Make the checkpoint that a login meets, if it does."""
        asked_for = account.authentication.checkpoints
        if asked_for:
            checkpoint = asked_for.popleft()
        elif "pairing_phone_number" in sent:
            checkpoint = {"type": "PAIRING_CODE"}
        elif account.type in ("WHATSAPP", "TELEGRAM"):
            checkpoint = {"type": "QRCODE"}
        else:
            return None
        match checkpoint["type"]:
            case "QRCODE":
                return {"qrcode": self._qrcode(account), **checkpoint}
            case "PAIRING_CODE":
                return {"code": "".join(self._secrets.choices(_PAIRING_LETTERS, k=_PAIRING_LENGTH)), **checkpoint}
        return checkpoint

    def _qrcode(self, account: Account) -> str:
        secret = urlsafe_b64encode(self._secrets.randbytes(_SECRET_BYTES)).decode()
        return f"tg://login?token={secret}" if account.type == "TELEGRAM" else f"2@{secret}"

    def _expire(self, account: Account) -> None:
        login = account.authentication.waiting
        expiry = account.authentication.expiry
        if login and expiry:
            login["expired_at"] = expiry.due
        account.authentication.waiting = None

    def _connect(self, account: Account) -> None:
        self._agenda.cancel(account.authentication.connecting)
        self._announce(account, "RECONNECTED")
        self._change_status(account, partial(account.set_status, "CONNECTING"))
        account.authentication.connecting = self._agenda.add(
            self._milliseconds() + self.options.connecting_ms,
            partial(self._change_status, account, account.finish_connecting),
        )
        self._catch_up()

    def _known_account(self, account_id: str) -> Account:
        if account_id not in self._accounts:
            raise ProblemError(404, "errors/resource_not_found", f"There is no account {account_id!r}.")
        return self._accounts[account_id]
