"""Every error type that the five API pages document, with its meaning and its treatment."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Treatment(StrEnum):
    """What may be done about an error."""

    RETRY_NOW = "retry-now"
    """Passes in a moment."""
    RETRY_LATER = "retry-later-with-backoff"
    """Passes with time."""
    NEEDS_HUMAN = "needs-human"
    """Stays until a person acts."""
    UNSUPPORTED = "unsupported"
    """The provider or the kind of account does not have this."""
    NEVER_RETRY = "never-retry"
    """The same request will be refused again."""

    @property
    def passes(self) -> bool:
        """Whether waiting can mend it."""
        return self in (Treatment.RETRY_NOW, Treatment.RETRY_LATER)


class ErrorType(NamedTuple):
    """A documented error type."""

    treatment: Treatment
    meaning: str


ERROR_TYPES: dict[str, ErrorType] = {
    "errors/account_configuration_error": ErrorType(Treatment.NEEDS_HUMAN, "The account settings are wrong."),
    "errors/account_mismatch": ErrorType(Treatment.NEEDS_HUMAN, "The action or credentials do not fit this account."),
    "errors/account_restricted": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The provider has restricted the account; stop all automation on it.",
    ),
    "errors/action_already_performed": ErrorType(
        Treatment.NEVER_RETRY,
        "The provider says that the action was done before; nothing was started now.",
    ),
    "errors/action_required": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The provider wants the owner to do something in its own app or site.",
    ),
    "errors/already_connected": ErrorType(Treatment.NEVER_RETRY, "Already connected with this person."),
    "errors/already_exists": ErrorType(Treatment.NEVER_RETRY, "The same account is already linked."),
    "errors/already_invited_recently": ErrorType(Treatment.NEVER_RETRY, "An invitation to this person is recent."),
    "errors/auth_in_progress": ErrorType(
        Treatment.RETRY_LATER,
        "Another login attempt is open for this account; wait for it to end (about 5 minutes).",
    ),
    "errors/authentication_intent_error": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The login attempt was ended after a failure; begin again from the first step.",
    ),
    "errors/blocked_recipient": ErrorType(Treatment.NEVER_RETRY, "The recipient blocked the sender."),
    "errors/cannot_invite_attendee": ErrorType(Treatment.NEVER_RETRY, "This person cannot be invited."),
    "errors/cannot_resend_within_24hrs": ErrorType(
        Treatment.RETRY_LATER,
        "May not be repeated for 24 hours; wait at least a day.",
    ),
    "errors/cannot_resend_yet": ErrorType(Treatment.RETRY_LATER, "Too early to repeat the action."),
    "errors/cant_send_message": ErrorType(Treatment.NEVER_RETRY, "The message could not be sent."),
    "errors/checkpoint_error": ErrorType(
        Treatment.NEEDS_HUMAN,
        "A login challenge cannot be solved; support may be needed.",
    ),
    "errors/comments_disabled": ErrorType(Treatment.NEVER_RETRY, "Comments are switched off there."),
    "errors/content_too_large": ErrorType(Treatment.NEVER_RETRY, "Payload is over the provider size limit."),
    "errors/disconnected_account": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The account is no longer connected to its provider; reconnect it.",
    ),
    "errors/disconnected_feature": ErrorType(
        Treatment.NEEDS_HUMAN,
        "One service of the account (for example Recruiter) is disconnected; reconnect it.",
    ),
    "errors/expired_credentials": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The session or token ran out; reconnect the account.",
    ),
    "errors/expired_link": ErrorType(Treatment.NEEDS_HUMAN, "A connection link is too old; issue a new one."),
    "errors/feature_not_implemented": ErrorType(Treatment.UNSUPPORTED, "Not built for this provider."),
    "errors/feature_not_subscribed": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The product asked for is not subscribed or was not authenticated.",
    ),
    "errors/insufficient_credits": ErrorType(Treatment.NEEDS_HUMAN, "Not enough provider credits left."),
    "errors/insufficient_job_slot": ErrorType(Treatment.NEEDS_HUMAN, "No job slot left to use."),
    "errors/insufficient_permissions": ErrorType(Treatment.NEEDS_HUMAN, "The account lacks rights for the action."),
    "errors/insufficient_privileges": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The API key scope does not cover this resource; change the key.",
    ),
    "errors/invalid_account": ErrorType(Treatment.UNSUPPORTED, "This kind of account does not have the feature."),
    "errors/invalid_checkpoint_solution": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The code given for a login challenge was wrong; a person must supply a new one.",
    ),
    "errors/invalid_credentials": ErrorType(Treatment.NEEDS_HUMAN, "The account (or API) credentials are wrong."),
    "errors/invalid_credentials_but_valid_account_imap": ErrorType(
        Treatment.NEEDS_HUMAN,
        "IMAP or SMTP login is wrong though the mailbox exists.",
    ),
    "errors/invalid_folder": ErrorType(Treatment.NEVER_RETRY, "Target folder is not valid."),
    "errors/invalid_headers": ErrorType(Treatment.NEVER_RETRY, "Mail headers are not accepted."),
    "errors/invalid_message": ErrorType(Treatment.NEVER_RETRY, "The message referred to is not valid."),
    "errors/invalid_parameters": ErrorType(
        Treatment.NEVER_RETRY,
        "A request parameter has a bad value, or a needed one is absent.",
    ),
    "errors/invalid_post": ErrorType(Treatment.NEVER_RETRY, "The post referred to is not valid."),
    "errors/invalid_proxy_credentials": ErrorType(
        Treatment.NEEDS_HUMAN,
        "User name or password of the account proxy is wrong.",
    ),
    "errors/invalid_recipient": ErrorType(Treatment.NEVER_RETRY, "The recipient is not valid at this provider."),
    "errors/invalid_reply_subject": ErrorType(Treatment.NEVER_RETRY, "Reply subject is not accepted."),
    "errors/invalid_request": ErrorType(
        Treatment.NEVER_RETRY,
        "The parameters are individually fine but not valid together.",
    ),
    "errors/invalid_resource_identifier": ErrorType(
        Treatment.NEVER_RETRY,
        "The id is not well formed or is of another kind.",
    ),
    "errors/invalid_thread": ErrorType(Treatment.NEVER_RETRY, "Target thread is not valid."),
    "errors/invalid_url": ErrorType(Treatment.NEVER_RETRY, "A URL in the request is not valid."),
    "errors/ip_rejected_by_server": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The outgoing IP is refused upstream; change the proxy or location.",
    ),
    "errors/limit_exceeded": ErrorType(
        Treatment.RETRY_LATER,
        "A provider usage limit is reached; wait hours, not seconds.",
    ),
    "errors/limit_too_high": ErrorType(
        Treatment.NEVER_RETRY,
        "Requested page or chunk size is above what is accepted; lower it.",
    ),
    "errors/malformed_request": ErrorType(
        Treatment.NEVER_RETRY,
        "The messaging provider refused the request as formed.",
    ),
    "errors/missing_credentials": ErrorType(Treatment.NEEDS_HUMAN, "API key or provider credentials are absent."),
    "errors/missing_parameters": ErrorType(Treatment.NEVER_RETRY, "A needed request parameter was not sent."),
    "errors/multiple_sessions": ErrorType(
        Treatment.NEEDS_HUMAN,
        "LinkedIn Recruiter seat allows one session; reconnect with cookies instead.",
    ),
    "errors/network_down": ErrorType(Treatment.RETRY_NOW, "Server-side network is down for a moment."),
    "errors/no_channel": ErrorType(Treatment.RETRY_LATER, "The API cannot reach the account worker session."),
    "errors/no_client_session": ErrorType(Treatment.RETRY_LATER, "No worker session is up for the account."),
    "errors/no_connection_with_recipient": ErrorType(Treatment.NEVER_RETRY, "Sender and recipient are not connected."),
    "errors/no_handler": ErrorType(
        Treatment.RETRY_LATER,
        "The worker does not serve this request (usually while restarting).",
    ),
    "errors/not_allowed_inmail": ErrorType(Treatment.NEVER_RETRY, "This recipient cannot be sent InMail."),
    "errors/operation_canceled": ErrorType(
        Treatment.NEVER_RETRY,
        "A newer operation replaced this one; repeating it would cancel the newer one.",
    ),
    "errors/parent_mail_invalid_provider_id": ErrorType(
        Treatment.NEVER_RETRY,
        "The mail being answered has an unusable provider id.",
    ),
    "errors/parent_mail_not_found": ErrorType(Treatment.NEVER_RETRY, "The mail being answered does not exist."),
    "errors/payment_error": ErrorType(Treatment.NEEDS_HUMAN, "A payment is due first."),
    "errors/provider_error": ErrorType(
        Treatment.RETRY_LATER,
        "The provider is failing, or is throttling this account.",
    ),
    "errors/provider_unreachable": ErrorType(Treatment.RETRY_LATER, "The provider cannot be reached now."),
    "errors/proxy_auth_error": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The proxy refuses the login; fix its settings before trying again.",
    ),
    "errors/proxy_error": ErrorType(Treatment.RETRY_LATER, "The proxy failed or answered badly."),
    "errors/realtime_client_not_initialized": ErrorType(
        Treatment.RETRY_LATER,
        "The account live connection is not up yet.",
    ),
    "errors/recipient_rejected": ErrorType(Treatment.NEVER_RETRY, "The mail server refused the recipient."),
    "errors/request_timeout": ErrorType(
        Treatment.RETRY_LATER,
        "The provider (408) or the gateway (504) did not answer in time; the operation may still have begun.",
    ),
    "errors/resource_access_restricted": ErrorType(Treatment.NEVER_RETRY, "This resource is closed to the account."),
    "errors/resource_not_found": ErrorType(Treatment.NEVER_RETRY, "No such account or chat for this API key."),
    "errors/send_as_denied": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The mailbox may not send under that address; its owner must allow it.",
    ),
    "errors/sender_rejected": ErrorType(Treatment.NEVER_RETRY, "The mail server refused the sender."),
    "errors/service_unavailable": ErrorType(Treatment.RETRY_LATER, "Service is down for the time being."),
    "errors/session_mismatch": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The token user and the running session are different users.",
    ),
    "errors/subscription_required": ErrorType(Treatment.NEEDS_HUMAN, "A paid plan is needed for the feature."),
    "errors/too_many_characters": ErrorType(Treatment.NEVER_RETRY, "Text is over the provider length limit."),
    "errors/unauthorized": ErrorType(
        Treatment.NEEDS_HUMAN,
        "The provider (not the API) refused the login; note it is a 422.",
    ),
    "errors/unescaped_characters": ErrorType(
        Treatment.NEVER_RETRY,
        "The request path holds characters that needed percent-encoding (check the id).",
    ),
    "errors/unexpected_error": ErrorType(Treatment.RETRY_LATER, "Unclassified server failure."),
    "errors/unknown_authentication_context": ErrorType(
        Treatment.NEEDS_HUMAN,
        "Login needs one more, unrecognised step.",
    ),
    "errors/unprocessable_entity": ErrorType(Treatment.NEVER_RETRY, "The provider could not act on the request."),
    "errors/user_unreachable": ErrorType(Treatment.NEVER_RETRY, "The recipient cannot be contacted."),
    "errors/wrong_account": ErrorType(
        Treatment.NEEDS_HUMAN,
        "Credentials belong to a different account than the one being reconnected.",
    ),
}


def treatment_of(error_type: str | None, status: int) -> Treatment:
    """
    Tell how an error is to be treated: by its type where that is known, by its HTTP status otherwise.

    :param error_type: the ``type`` of Postpress's error envelope, ``None`` where there was none
    :param status: the HTTP status of the answer
    """
    if error_type in ERROR_TYPES:
        return ERROR_TYPES[error_type].treatment
    if status == 501:
        return Treatment.UNSUPPORTED
    if status in (408, 425, 429) or status >= 500:
        return Treatment.RETRY_LATER
    if status in (401, 402, 403, 407):
        return Treatment.NEEDS_HUMAN
    return Treatment.NEVER_RETRY
