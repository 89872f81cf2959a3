"""What tests of logins share: how often was asked, how a task ended, and all that it left behind."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from airflow.providers.common.compat.notifier import BaseNotifier
from airflow.providers.common.compat.sdk import AirflowFailException
from login_variants import planted

from airflow_provider_postpress.emulator import Emulator

LOGIN = "AIRFLOW_CONN_LOGIN"
FAST = {"poll_interval": 0.004, "max_poll_interval": 0.01}
QR = planted("qr")


def logins(emulator: Emulator) -> int:
    """Count the logins that were sent, whether or not Postpress got round to them."""
    return len(emulator.requests(route="reconnect_account"))


def looks(emulator: Emulator) -> int:
    return len(emulator.requests(route="get_account"))


def is_final(ended: Any) -> bool:
    """Tell whether a task failed for good although it has a retry."""
    return ended.state == "failed" and isinstance(ended.error, AirflowFailException)


def die_now(*_: Any) -> None:
    raise SystemExit("The worker is gone.")


class ByTemplate(BaseNotifier):
    """Tells a person, in the words of its template."""

    template_fields = ("words",)

    def __init__(self, words: str, tell: Callable[[str], Any]) -> None:
        super().__init__()
        self.words = words
        self.tell = tell

    def notify(self, context: Any) -> None:
        self.tell(self.words)


def chain_of(error: BaseException | None) -> list[BaseException]:
    """Give an exception with all that it came of, told or not."""
    found: list[BaseException] = []
    ahead = [error]
    while ahead:
        one = ahead.pop()
        if one is not None and one not in found:
            found.append(one)
            ahead += [one.__cause__, one.__context__]
    return found


def everything_about(ended: Any) -> str:
    """Give all that a task left behind, in its exceptions and with Airflow, as one text."""
    errors = [
        f"{one} {one!r} {one.args} {vars(one)} {''.join(traceback.format_exception(one))}"
        for one in chain_of(ended.error)
    ]
    return " ".join([repr(ended), repr(ended.told), repr(ended.events), repr(ended.rendered), *errors])


def logged(entries: list[Any]) -> str:
    """Write log entries with the exceptions that they carry."""
    texts = []
    for entry in entries:
        info = entry.get("exc_info")
        error = info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else None
        texts += [repr(entry), *("".join(traceback.format_exception(one)) for one in chain_of(error))]
    return " ".join(texts)
