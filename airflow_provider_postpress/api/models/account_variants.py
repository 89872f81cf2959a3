"""The 14 types of account that "Retrieve an account" tells, each with its fields, types and optionality."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from pydantic import Field, SecretStr

from airflow_provider_postpress.api.models.accounts import Account, Source, UtcDateTime
from airflow_provider_postpress.api.models.base import PostpressModel

Who = TypeVar("Who")


class _DocumentedAccount(Account):
    """An account that has all that the page says of each."""

    object: Literal["Account"]
    name: str
    created_at: UtcDateTime
    groups: tuple[str, ...]
    sources: tuple[Source, ...]


class MessagingParams(PostpressModel, Generic[Who]):
    """
    How an account sends messages.

    :param im: who sends them
    """

    im: Who


class User(PostpressModel):
    """
    A user at a provider.

    :param id: the provider's id of the user
    :param username: the user's name there
    """

    id: str
    username: str


class TwitterAccount(_DocumentedAccount):
    """A ``TWITTER`` account."""

    type: Literal["TWITTER"]
    connection_params: MessagingParams[User] = Field(repr=False)


class InstagramAccount(_DocumentedAccount):
    """An ``INSTAGRAM`` account."""

    type: Literal["INSTAGRAM"]
    connection_params: MessagingParams[User] = Field(repr=False)


class MessengerAccount(_DocumentedAccount):
    """A ``MESSENGER`` account."""

    type: Literal["MESSENGER"]
    connection_params: MessagingParams[User] = Field(repr=False)


class TelegramUser(PostpressModel):
    """
    A user of Telegram.

    :param user_id: Telegram's id of the user
    :param username: the user's name
    """

    user_id: str
    username: str


class TelegramAccount(_DocumentedAccount):
    """A ``TELEGRAM`` account."""

    type: Literal["TELEGRAM"]
    connection_params: MessagingParams[TelegramUser] = Field(repr=False)


class WhatsappUser(PostpressModel):
    """
    A user of WhatsApp.

    :param phone_number: the user's number
    """

    phone_number: str


class WhatsappAccount(_DocumentedAccount):
    """A ``WHATSAPP`` account."""

    type: Literal["WHATSAPP"]
    connection_params: MessagingParams[WhatsappUser] = Field(repr=False)


class SlackUser(PostpressModel):
    """
    A user of Slack.

    :param url: the workspace's address
    :param user: the user's name
    :param user_id: Slack's id of the user
    :param team: the workspace's name
    :param team_id: Slack's id of the workspace
    """

    url: str
    user: str
    user_id: str
    team: str
    team_id: str


class SlackAccount(_DocumentedAccount):
    """A ``SLACK`` account."""

    type: Literal["SLACK"]
    connection_params: MessagingParams[SlackUser] = Field(repr=False)


class LinkedinOrganization(PostpressModel):
    """
    An organisation that a LinkedIn user speaks for.

    :param name: its name
    :param messaging_enabled: whether its mailbox can be used
    :param organization_urn: LinkedIn's id of it
    :param mailbox_urn: LinkedIn's id of its mailbox
    """

    name: str
    messaging_enabled: bool
    organization_urn: str
    mailbox_urn: str


class Proxy(PostpressModel):
    """
    A proxy of the user's that the account's traffic goes through.

    :param source: ``USER``
    :param protocol: ``http``, ``https`` or ``socks5``
    """

    source: str
    host: str
    port: int | float
    protocol: str | None = None
    username: str | None = None
    password: SecretStr | None = None


class LinkedinUser(PostpressModel):
    """
    A user of LinkedIn.

    :param premiumId: tells nothing of products: it can be null where there are some
    :param premiumFeatures: some of ``recruiter``, ``sales_navigator`` and ``premium``
    """

    id: str
    publicIdentifier: str | None = None  # noqa: N815 - Postpress's own name, as the next three
    username: str
    premiumId: str | None = None  # noqa: N815
    premiumContractId: str | None = None  # noqa: N815
    premiumFeatures: tuple[str, ...] | None = None  # noqa: N815
    organizations: tuple[LinkedinOrganization, ...]
    proxy: Proxy | None = None


class LinkedinAccount(_DocumentedAccount):
    """A ``LINKEDIN`` account."""

    type: Literal["LINKEDIN"]
    connection_params: MessagingParams[LinkedinUser] = Field(repr=False)


class Phone(PostpressModel):
    """
    A telephone.

    :param phone_number: its number
    :param sim_serial_number: the serial number of its SIM card
    """

    phone_number: str
    sim_serial_number: str


class MobileParams(MessagingParams[Phone]):
    """
    How a telephone sends messages and calls.

    :param call: the telephone that calls
    """

    call: Phone


class MobileAccount(_DocumentedAccount):
    """
    A ``MOBILE`` account.

    :param last_fetched_at: when its messages were last fetched
    """

    type: Literal["MOBILE"]
    connection_params: MobileParams = Field(repr=False)
    last_fetched_at: UtcDateTime | None = None


class MailServers(PostpressModel):
    """
    The servers of a mailbox.

    :param imap_encryption: ``tls``, ``ssl``, ``starttls`` or ``default``
    """

    imap_host: str
    imap_port: int | float
    imap_user: str
    imap_encryption: str | None = None
    smtp_host: str
    smtp_port: int | float
    smtp_user: str


class MailParams(PostpressModel):
    """
    How a mailbox is reached.

    :param mail: its servers
    """

    mail: MailServers


class MailAccount(_DocumentedAccount):
    """A ``MAIL`` account."""

    type: Literal["MAIL"]
    connection_params: MailParams = Field(repr=False)


class IcloudAccount(_DocumentedAccount):
    """An ``ICLOUD`` account."""

    type: Literal["ICLOUD"]
    connection_params: MailParams = Field(repr=False)


class ExchangeAccount(_DocumentedAccount):
    """An ``EXCHANGE`` account."""

    type: Literal["EXCHANGE"]
    connection_params: MailParams = Field(repr=False)


class MailCalendarParams(PostpressModel):
    """
    Whose mailbox and whose calendar.

    :param mail: the mailbox's user
    :param calendar: the calendar's user
    """

    mail: User
    calendar: User


class GoogleAccount(_DocumentedAccount):
    """A ``GOOGLE_OAUTH`` account."""

    type: Literal["GOOGLE_OAUTH"]
    connection_params: MailCalendarParams = Field(repr=False)


class OutlookAccount(_DocumentedAccount):
    """An ``OUTLOOK`` account."""

    type: Literal["OUTLOOK"]
    connection_params: MailCalendarParams = Field(repr=False)


class CalendarParams(PostpressModel):
    """
    Which calendar.

    :param calendar: the calendar
    """

    calendar: str


class GoogleCalendarAccount(_DocumentedAccount):
    """
    A ``GOOGLE_CALENDAR`` account.

    :param sync_token: how far the calendar was read
    """

    type: Literal["GOOGLE_CALENDAR"]
    connection_params: CalendarParams = Field(repr=False)
    sync_token: str | None = None
