"""What an emulator has when it is started from the command line: accounts that can be synced, and some that cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_postpress.emulator.accounts import LINKEDIN_PRODUCTS

if TYPE_CHECKING:
    from airflow_provider_postpress.emulator.truth import Truth

SEED_START = "2026-01-01T00:00:00Z"
SEED_END = "2026-07-01T00:00:00Z"

_CHATS = 6
_MESSAGES = 300


def sow(truth: Truth) -> None:
    """Add accounts of several providers with chats, and messages of the first half of 2026."""
    truth.add_account("LINKEDIN", account_id="acc_linkedin", name="Anna - Sales")
    truth.add_account(
        "LINKEDIN", account_id="acc_recruiter", name="Ben - Talent", premium_features=["recruiter", "premium"]
    )
    truth.add_account("TELEGRAM", account_id="acc_telegram", name="Support")
    truth.add_account("WHATSAPP", account_id="acc_whatsapp", name="Hotline")
    truth.add_account("INSTAGRAM", account_id="acc_instagram", name="Brand")
    truth.add_account("MAIL", account_id="acc_mail", name="Back office")
    truth.add_account("LINKEDIN", account_id="acc_logged_out", name="Carl - left", sources=["CREDENTIALS"])
    truth.add_account(
        "LINKEDIN", account_id="acc_sales_navigator", name="Dora - Growth", premium_features=["sales_navigator"]
    )
    for account_id in truth.account_ids():
        name = account_id.removeprefix("acc_")
        for number in range(1, _CHATS + 1):
            product = name if name in LINKEDIN_PRODUCTS and number > _CHATS // 2 else "classic"
            truth.add_chat(account_id, chat_id=f"chat_{name}_{number}", product=product)
        truth.scatter_messages(account_id, _MESSAGES, SEED_START, SEED_END)
