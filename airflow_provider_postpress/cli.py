"""
``airflow postpress coverage``: what is synced, on the command line.

Airflow 3.1 takes no commands of providers: there it is ``python -m airflow_provider_postpress.cli coverage``.

Every ``airflow`` command imports this module, so it imports next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.cli.cli_config import ARG_OUTPUT, ActionCommand, Arg, GroupCommand, lazy_load_command

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator


def get_commands() -> list[GroupCommand]:
    """Tell Airflow the commands of this package."""
    coverage = ActionCommand(
        name="coverage",
        help="Tell which message history of accounts is synced, and which is missing",
        description=(
            "Tells which message history of accounts is synced, and which is missing, by what Airflow's database knows "
            "of the syncs of all DAGs. The page of the same name in Airflow's UI shows more."
        ),
        func=lazy_load_command("airflow_provider_postpress.cli.coverage_command"),
        args=(
            _option(
                "--account",
                help="Postpress's id of an account, of which the gaps are told too; may be given several times "
                "(default: all accounts)",
                metavar="ID",
                action="append",
            ),
            _option(
                "--from",
                help="Where to look from, in ISO 8601 (in UTC, without an offset) or epoch seconds "
                "(default: 365 days before the end)",
                dest="first",
                metavar="MOMENT",
            ),
            _option(
                "--to",
                help="Where to look to, given alike (default: the next midnight UTC)",
                dest="last",
                metavar="MOMENT",
            ),
            _option(
                "--product",
                help="What is synced of a product of LinkedIn's: classic, recruiter or sales_navigator (default: all)",
            ),
            ARG_OUTPUT,
        ),
    )
    return [GroupCommand(name="postpress", help="Message history of Postpress", subcommands=[coverage])]


def main(arguments: list[str] | None = None) -> None:
    """
    Run a command of this package without ``airflow postpress``.

    :param arguments: the command line; by default that of this process
    """
    from argparse import ArgumentParser

    (group,) = get_commands()
    parser = ArgumentParser(prog="python -m airflow_provider_postpress.cli", description=group.help)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in group.subcommands:
        known = commands.add_parser(command.name, help=command.help, description=command.description)
        for argument in command.args:
            argument.add_to_parser(known)
        known.set_defaults(func=command.func)
    chosen = parser.parse_args(arguments)
    chosen.func(chosen)


def _option(flag: str, **how: Any) -> Arg:
    return Arg((flag,), **how)  # type: ignore[no-untyped-call]  # Airflow gives it no types


def coverage_command(arguments: Namespace) -> None:
    """
    Tell the coverage of accounts.

    :param arguments: what the command line says
    """
    from airflow.cli.simple_table import AirflowConsole
    from rich.markup import escape

    told = _told(arguments)
    rows = [_row(account) for account in told["accounts"]]
    console: Any = AirflowConsole()
    match arguments.output:
        case "json":
            console.print_as_json(rows)
        case "yaml":
            console.print_as_yaml(rows)
        case "plain":
            console.print_as_plain_table([_in_words(row) for row in rows])
        case _:
            # rich would read brackets as markup
            console.print_as_table([{name: escape(word) for name, word in _in_words(row).items()} for row in rows])
            gaps = _gaps_in_words(rows) if arguments.account or len(rows) == 1 else ()
            for line in (*gaps, *told["notes"]):
                console.print(line, markup=False, highlight=False, soft_wrap=True)


def _told(arguments: Namespace) -> dict[str, Any]:
    import time

    from airflow.utils.session import create_session

    from airflow_provider_postpress.page.overview import overview
    from airflow_provider_postpress.page.rights import AllRights
    from airflow_provider_postpress.page.settings import grace_milliseconds
    from airflow_provider_postpress.page.spans import span_of
    from airflow_provider_postpress.tasks.coverage import read_product

    now = round(time.time() * 1000)
    try:
        span = span_of(arguments.first, arguments.last, now)
        product = read_product(arguments.product, name="--product")
    except ValueError as error:
        raise SystemExit(str(error)) from None
    with create_session() as session:
        told = overview(
            session, AllRights(), span, now=now, grace=grace_milliseconds(), only=arguments.account, product=product
        )
    found = {account["id"] for account in told["accounts"]}
    if unknown := [account for account in arguments.account or () if account not in found]:
        raise SystemExit(
            f"Nothing is known of {', '.join(map(repr, unknown))}: no DAG of this Airflow has an asset of it, or has "
            "synced it."
        )
    return told


def _row(account: dict[str, Any]) -> dict[str, Any]:
    from airflow_provider_postpress.coverage.partition import Kind

    length = account["sec"]
    due = sum(length[kind] for kind in (Kind.SYNCED, Kind.MISSING, Kind.FAILED, Kind.DISCONNECTED))
    return {
        "account": account["id"],
        "name": account["name"],
        "type": account["type"],
        # never rounded up: 100 means all
        "synced_percent": int(1000 * length[Kind.SYNCED] / due) / 10 if due else None,
        "synced_seconds": length[Kind.SYNCED],
        "missing_seconds": length[Kind.MISSING],
        "failed_seconds": length[Kind.FAILED],
        "disconnected_seconds": length[Kind.DISCONNECTED],
        "pending_seconds": length[Kind.PENDING],
        "connected": account["connected"],
        "last_sync": _iso(account["last"]),
        "gaps": list(_gaps(account["seg"])),
    }


def _gaps(segments: list[int | float]) -> Iterator[dict[str, Any]]:
    from airflow_provider_postpress.coverage.partition import PROBLEMS, Kind

    for start, kind, end in zip(segments[::2], segments[1::2], segments[2::2], strict=False):
        if kind in PROBLEMS:
            yield {"start": _iso(start), "end": _iso(end), "why": Kind(int(kind)).name.lower(), "seconds": end - start}


def _in_words(row: dict[str, Any]) -> dict[str, str]:
    percent = row["synced_percent"]
    words = {
        "account": row["account"],
        "name": row["name"],
        "type": row["type"],
        "synced": "-" if percent is None else f"{percent:g} %",
        "missing": _length(row["missing_seconds"]),
        "failed": _length(row["failed_seconds"]),
        "disconnected": _length(row["disconnected_seconds"]),
        "last sync": row["last_sync"] or "never",
    }
    return {column: _printable(text) for column, text in words.items()}


def _gaps_in_words(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        if not row["gaps"]:
            yield f"Account {row['account']!r}: nothing that was due is missing."
        for gap in row["gaps"]:
            yield (
                f"Account {row['account']!r}: {gap['why']} from {gap['start']} to {gap['end']}, "
                f"{_length(gap['seconds'])}."
            )


def _length(seconds: float) -> str:
    from pendulum import duration

    return duration(seconds=seconds).in_words() if seconds else "-"


def _iso(seconds: float | None) -> str | None:
    from datetime import UTC, datetime

    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


if __name__ == "__main__":
    main()
