"""The 12 variants of "Reconnect an account", each with its fields as they are on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from airflow_provider_postpress.api.models.credentials_parts import (
    CredentialsPart,
    Proxy,
    SessionCookies,
    SyncLimit,
    plain_of,
    secrets_of,
)
from airflow_provider_postpress.api.models.credentials_values import (
    Allowed,
    Country,
    Digits,
    DisabledFeatures,
    Ipv4,
    Maybe,
    Number,
    SecretJson,
    SecretText,
    Text,
)


class Credentials(CredentialsPart):
    """
    What an account is logged in again with. Printed, it tells its provider and the names of its fields.

    API page: "Reconnect an account".

    :param provider: such as ``LINKEDIN``
    :param country: two letters, an ISO 3166-1 code: where Postpress's own proxy shall be
    :param ip: an IPv4 address to take that place from
    :param disabled_features: what to switch off: ``linkedin_recruiter``, ``linkedin_sales_navigator`` and
        ``linkedin_organizations_mailboxes``
    """

    provider: str
    country: Maybe[Country] = None
    ip: Maybe[Ipv4] = None
    disabled_features: Maybe[DisabledFeatures] = None

    def __repr_args__(self) -> Any:
        yield "provider", self.provider
        yield from super().__repr_args__()

    def body(self) -> dict[str, Any]:
        """Give what is sent, with its secrets revealed: the fields that were given, in JSON's own types."""
        return {name: plain_of(value) for name, value in self.given().items()}

    def secrets(self) -> tuple[str, ...]:
        """Give each secret in it, which must never be repeated."""
        return tuple(dict.fromkeys(secrets_of(self)))


class _Proxied(Credentials):
    """
    Credentials that take a proxy.

    :param proxy: the proxy to reach the provider through
    """

    proxy: Maybe[Proxy] = None


class _Limited(Credentials):
    """
    Credentials of an account whose history can be limited.

    :param sync_limit: how much of the history is synced
    """

    sync_limit: Maybe[SyncLimit] = None


class _Browser(_Proxied, _Limited):
    """
    Credentials that are used as a browser would.

    :param user_agent: the exact user agent of the browser on which the account was logged in
    """

    user_agent: Maybe[Text] = None


class _Mailbox(Credentials):
    """
    Credentials of a mailbox.

    :param sync_limit: ``NO_HISTORY_SYNC``
    """

    sync_limit: Maybe[Annotated[Literal["NO_HISTORY_SYNC"], Allowed()]] = None


class _UserAndPassword(Credentials):
    """
    Credentials of a user name and a password.

    :param username: the user's name at the provider; for LinkedIn an email address or a phone number
    :param password: the user's password
    """

    username: Text
    password: SecretText


class _OAuth(_Mailbox):
    """
    Credentials of OAuth tokens that were already obtained.

    :param refresh_token: the refresh token
    :param access_token: the access token
    """

    refresh_token: SecretText
    access_token: SecretText


class _Linkedin(_Browser):
    """
    Credentials of LinkedIn.

    :param recruiter_contract_id: the contract to use LinkedIn Recruiter with
    """

    provider: Literal["LINKEDIN"] = "LINKEDIN"
    recruiter_contract_id: Maybe[Text] = None


class LinkedinBasicCredentials(_Linkedin, _UserAndPassword):
    """LinkedIn, by user name and password."""


class LinkedinCookieCredentials(_Linkedin):
    """
    LinkedIn, by cookies.

    :param access_token: the cookie ``li_at``
    :param premium_token: the cookie ``li_a`` of Recruiter or Sales Navigator
    """

    access_token: SecretText
    premium_token: Maybe[SecretText] = None


class WhatsappCredentials(_Proxied):
    """
    WhatsApp, by a QR code, or by a pairing code.

    :param pairing_phone_number: country code and number, digits only: ask for a pairing code for this phone
    """

    provider: Literal["WHATSAPP"] = "WHATSAPP"
    pairing_phone_number: Maybe[Digits] = None


class InstagramBasicCredentials(_UserAndPassword, _Browser):
    """Instagram, by user name and password."""

    provider: Literal["INSTAGRAM"] = "INSTAGRAM"


class InstagramCookieCredentials(_Browser):
    """
    Instagram, by cookie.

    :param sessionid: the cookie ``sessionid``
    """

    provider: Literal["INSTAGRAM"] = "INSTAGRAM"
    sessionid: SecretText


class MessengerBasicCredentials(_UserAndPassword, _Browser):
    """Messenger, by user name and password."""

    provider: Literal["MESSENGER"] = "MESSENGER"


class MessengerSessionCredentials(_Browser):
    """
    Messenger, by the session of a browser.

    :param cookies: the session's cookies, at least ``xs``, ``c_user`` and ``datr``
    :param headers: headers of the same browser, such as ``User-Agent`` and ``Accept-Language``
    :param user_name: the user's name
    """

    provider: Literal["MESSENGER"] = "MESSENGER"
    cookies: SessionCookies
    headers: Maybe[dict[str, SecretJson]] = None
    user_name: Maybe[Text] = None


class MailCredentials(_Mailbox):
    """
    A mailbox, by IMAP and SMTP.

    :param imap_user: the user who reads
    :param smtp_user: the user who sends
    :param imap_password: the password of the user who reads
    :param smtp_password: the password of the user who sends
    :param imap_host: where mail is read
    :param imap_port: the port there
    :param smtp_host: where mail is sent
    :param smtp_port: the port there
    :param imap_encryption: ``tls``, ``ssl``, ``starttls`` or ``default``
    """

    provider: Literal["MAIL"] = "MAIL"
    imap_user: Text
    smtp_user: Text
    imap_password: SecretText
    smtp_password: SecretText
    imap_host: Text
    imap_port: Number
    smtp_host: Text
    smtp_port: Number
    imap_encryption: Annotated[Literal["tls", "ssl", "starttls", "default"], Allowed()]


class GoogleCredentials(_OAuth):
    """Gmail, by OAuth tokens."""

    provider: Literal["GOOGLE_OAUTH"] = "GOOGLE_OAUTH"


class TelegramCredentials(_Limited):
    """
    Telegram, by a QR code.

    :param password: the password of two-factor authentication, if the account has one
    """

    provider: Literal["TELEGRAM"] = "TELEGRAM"
    password: Maybe[SecretText] = None


class OutlookCredentials(_OAuth):
    """
    Outlook, by OAuth tokens.

    :param username: the user's name
    :param id: Microsoft's id of the user, which is not Postpress's id of the account
    """

    provider: Literal["OUTLOOK"] = "OUTLOOK"
    username: Text
    id: Text


class TwitterCredentials(_UserAndPassword):
    """
    X, by user name, email address and password.

    :param email: the email address
    """

    provider: Literal["TWITTER"] = "TWITTER"
    email: Text


VARIANTS: dict[str, tuple[type[Credentials], ...]] = {
    "LINKEDIN": (LinkedinBasicCredentials, LinkedinCookieCredentials),
    "WHATSAPP": (WhatsappCredentials,),
    "INSTAGRAM": (InstagramBasicCredentials, InstagramCookieCredentials),
    "MESSENGER": (MessengerBasicCredentials, MessengerSessionCredentials),
    "MAIL": (MailCredentials,),
    "GOOGLE_OAUTH": (GoogleCredentials,),
    "TELEGRAM": (TelegramCredentials,),
    "OUTLOOK": (OutlookCredentials,),
    "TWITTER": (TwitterCredentials,),
}
"""The variants of each provider. Where there are two, their required fields tell which one it is."""
