"""What "Reconnect an account" answers: that it is done, or that a person has to do a step first."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, ModelWrapValidatorHandler, model_validator

from airflow_provider_postpress.api.models.base import PostpressModel, read_without_faults

CHECKPOINT = "Checkpoint"


class Checkpoint(PostpressModel):
    """
    A step that a person must do before the provider lets the account in. Printed, it tells nothing but its type.

    The page only implies it, so it is read leniently; fields that are not listed here survive as attributes.

    :param type: such as ``QRCODE``, ``2FA``, ``OTP``, ``IN_APP_VALIDATION``, ``PHONE_REGISTER``, ``CAPTCHA`` or
        ``CONTRACT_CHOOSER``
    :param qrcode: the text to be shown as a QR code
    :param code: the pairing code to be typed into the provider's app
    :param source: where a second factor comes from: ``SMS`` or ``APP``
    :param public_key: what a captcha is shown with
    :param data: what a captcha is shown with
    :param contract_options: the contracts to choose from, each with ``id`` and ``name``
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    type: str = "of a type that was not told"
    qrcode: str | None = None
    code: str | None = None
    source: str | None = None
    public_key: str | None = None
    data: str | None = None
    contract_options: Any = None

    @model_validator(mode="wrap")
    @classmethod
    def _whatever_its_details(cls, document: Any, read: ModelWrapValidatorHandler[Checkpoint]) -> Checkpoint:
        return read_without_faults(document, read) if isinstance(document, dict) else read(document)

    def __repr_args__(self) -> Any:
        yield "type", self.type

    def __str__(self) -> str:
        return repr(self)


def _details(checkpoint: Any) -> Any:
    return checkpoint if isinstance(checkpoint, Checkpoint | dict) else None


class ReconnectAnswer(PostpressModel):
    """
    What came of a login.

    :param object: ``AccountReconnected`` or ``Checkpoint``
    :param account_id: the account
    :param checkpoint: what a person has to do
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    object: str
    account_id: str | None = None
    checkpoint: Annotated[Checkpoint | None, BeforeValidator(_details)] = None

    @model_validator(mode="before")
    @classmethod
    def _of_any_form(cls, document: Any) -> Any:
        # the page only implies checkpoints, so their details may also stand beside the object's name
        if not isinstance(document, dict):
            return document
        nested = _details(document.get("checkpoint")) is not None
        if nested and document.get("object") is None:
            return {**document, "object": CHECKPOINT}
        if document.get("object") == CHECKPOINT and not nested:
            return {**document, "checkpoint": {**document, "object": None, "account_id": None}}
        return document

    def __repr_args__(self) -> Any:
        yield "object", self.object
        yield "account_id", self.account_id
        yield "checkpoint", self.checkpoint

    def __str__(self) -> str:
        return repr(self)
