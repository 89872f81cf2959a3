"""Serve an emulator until it is interrupted: ``python -m airflow_provider_postpress.emulator``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from typing import Any

from airflow_provider_postpress.emulator.server import Emulator
from airflow_provider_postpress.emulator.world import API_KEY

_STOPS = {signal.SIGINT, signal.SIGTERM}


def main(arguments: list[str] | None = None) -> None:
    """
    Serve until the process is interrupted or terminated.

    :param arguments: the command line; by default that of this process
    """
    parser = argparse.ArgumentParser(prog="python -m airflow_provider_postpress.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8765, help="0 for a free one (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="decides all that is random (default: %(default)s)")
    parser.add_argument("--api-key", default=API_KEY, help="the one key that is let in (default: %(default)s)")
    parser.add_argument("--empty", action="store_true", help="begin without accounts")
    parser.add_argument("--webhook", metavar="URL", help="where account status updates are sent; on this machine")
    parser.add_argument("--webhook-secret", metavar="SECRET", help="what a header of the webhook says")
    parser.add_argument(
        "--webhook-header",
        default="Postpress-Auth",
        metavar="NAME",
        help="the header that carries the secret (default: %(default)s)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=_option,
        metavar="NAME=VALUE",
        dest="options",
        help="a field of Options, its value as JSON or plain text: duration_ms=50, chunks=fresh",
    )
    given = parser.parse_args(arguments)
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)  # also in the server's thread: they are for this one to wait for
    with Emulator(port=given.port, seed=given.seed, api_key=given.api_key, **dict(given.options)) as emulator:
        if not given.empty:
            emulator.populate()
        if given.webhook:
            headers = {given.webhook_header: given.webhook_secret} if given.webhook_secret else {}
            emulator.register_webhook(given.webhook, headers=headers)
        sys.stdout.write(_greeting(emulator, given.webhook))
        sys.stdout.flush()
        signal.sigwait(_STOPS)


def _greeting(emulator: Emulator, webhook: str | None) -> str:
    told = f"Webhook: {webhook}\n" if webhook else ""
    return f"""\
Postpress emulator at {emulator.url}
API key: {emulator.api_key}
Accounts: {", ".join(emulator.account_ids()) or "none"}
{told}
airflow connections add postpress_default --conn-type postpress \\
    --conn-host {emulator.url} --conn-password {emulator.api_key}
"""


def _option(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


if __name__ == "__main__":
    main()
