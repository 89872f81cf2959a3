"""A stand-in for Airflow and the page's API: canned and generated answers over real HTTP, with faults on demand."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import airflow_provider_postpress

STATIC = Path(airflow_provider_postpress.__file__).parent / "page" / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8"}

BEFORE, SYNCED, MISSING, FAILED, DISCONNECTED, PENDING, UNKNOWN = range(7)
KINDS = ["before", "synced", "missing", "failed", "disconnected", "pending", "unknown"]
DAY = 86400
NOW = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp())


def at(*parts: int) -> int:
    """Give an instant of UTC in epoch seconds."""
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc]


Runs = list[tuple[int, int, int]]


@dataclass
class Account:
    """
    An account: what became of its time since it is known, gaps laid over a synced ground.

    :param gaps: (start, end, kind)
    """

    id: str
    name: str
    type: str = "LINKEDIN"
    since: int | None = at(2025, 6, 1)
    due: int = at(2026, 11, 21)
    last: int | None = NOW - 5 * 3600
    gaps: Runs = field(default_factory=list)
    off: list[tuple[int, int]] = field(default_factory=list)
    syncing: list[tuple[int, int]] = field(default_factory=list)
    connected: bool | None = True
    status: str | None = "OK"
    hidden: int = 0
    products: dict[str, Runs] = field(default_factory=dict)
    windows: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, start: int, end: int, product: str | None = None) -> dict[str, Any]:
        """Give it as the API does, within a span."""
        line = partition(self, self.products.get(product, self.gaps) if product else self.gaps, start, end)
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "asset_id": 1,
            "since": self.since,
            "due": self.due,
            "last": self.last,
            "status": self.status,
            "connected": self.connected,
            **line,
            "off": [[max(a, start), min(b, end)] for a, b in self.off if a < end and b > start],
            "syncing": [list(window) for window in self.syncing],
            "hidden": self.hidden,
            "products": {name: partition(self, gaps, start, end) for name, gaps in self.products.items()},
        }


def partition(account: Account, gaps: Runs, start: int, end: int) -> dict[str, Any]:
    """Give seg, sec and n of an account's line within a span."""
    since = end if account.since is None else account.since
    lines: Runs = [(start, since, BEFORE)]
    position = since
    for gap in sorted(gaps):
        lines += [(position, gap[0], SYNCED), gap]
        position = gap[1]
    lines += [(position, account.due, SYNCED), (max(account.due, position), end, PENDING)]
    seg: list[int] = []
    sec, n = [0] * 7, [0] * 7
    for a, b, kind in lines:
        low, high = max(a, start), min(b, end)
        if low >= high:
            continue
        sec[kind] += high - low
        if seg and seg[-2] == kind:
            seg[-1] = high
            continue
        n[kind] += 1
        seg += [kind, high] if seg else [low, kind, high]
    return {"seg": seg, "sec": sec, "n": n}


def probe(name: str) -> str:
    """Give a function to be evaluated in the page."""
    return (Path(__file__).parent / "probes" / f"{name}.js").read_text()


@dataclass
class Stub:
    """
    The state of the stand-in, to be changed at will by a test.

    :param faults: path's beginning -> (status, detail) or None for a connection that is cut
    :param started: bodies of POST requests
    :param outcomes: what to do with a run once it was started; returns its state at each look
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    products: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dags: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, tuple[int, Any] | None] = field(default_factory=dict)
    started: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    look: Callable[[str], str] = lambda run: "success"
    now: int = NOW
    url: str = ""

    def add(self, *accounts: Account) -> None:
        """Let accounts be known."""
        self.accounts.update({account.id: account for account in accounts})

    def respond(self, method: str, target: str, body: bytes) -> tuple[int, str, bytes]:
        """Answer a request: status, content type, content."""
        parts = urlsplit(target)
        # an encoded slash is part of an id
        path, query = parts.path, parse_qs(parts.query)
        self.asked.append(f"{method} {target}")
        for begin, fault in self.faults.items():
            if path.startswith(begin):
                if fault is None:
                    raise ConnectionAbortedError
                return fault[0], "application/json", json.dumps({"detail": fault[1]}).encode()
        if path.startswith("/postpress/static/"):
            file = STATIC / path.removeprefix("/postpress/static/")
            return (200, TYPES[file.suffix], file.read_bytes()) if file.is_file() else (404, "text/plain", b"")
        if path == "/postpress/coverage":
            return 200, TYPES[".html"], (STATIC / "coverage.html").read_bytes()
        if path.startswith(("/plugin/", "/dags/")):
            return 200, TYPES[".html"], (Path(__file__).parent / "host.html").read_bytes()
        if path == "/host.js":
            return 200, TYPES[".js"], (Path(__file__).parent / "host.js").read_bytes()
        status, answer = self._api(method, path, query, json.loads(body) if body else {})
        return status, "application/json", json.dumps(answer).encode()

    def _api(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        start = int(float(query.get("from", [NOW - 365 * DAY])[0]))
        end = int(float(query.get("to", [NOW])[0]))
        product = query.get("product", [None])[0]
        if path == "/postpress/api/coverage":
            wanted = query.get("account")
            return 200, {
                "from": start,
                "to": end,
                "now": self.now,
                "grace": 21600,
                "kinds": KINDS,
                "product": product,
                "products": self.products,
                "notes": self.notes,
                "accounts": [
                    account.answer(start, end, product)
                    for account in self.accounts.values()
                    if wanted is None or account.id in wanted
                ],
            }
        if path.startswith("/postpress/api/coverage/"):
            account = self.accounts.get(unquote(path.removeprefix("/postpress/api/coverage/")))
            if account is None:
                return 404, {"detail": "No such account is known."}
            return 200, {
                **account.answer(start, end, product),
                "windows": account.windows,
                "statuses": account.statuses,
                "truncated": False,
            }
        if path == "/postpress/api/dags":
            return 200, {"dags": self.dags}
        if method == "POST" and path.endswith("/dagRuns"):
            self.started.append((path, body))
            return 200, {"dag_run_id": f"manual__{len(self.started)}", "state": "queued"}
        if method == "POST" and path == "/api/v2/backfills":
            self.started.append((path, body))
            return 200, {"id": 7, "completed_at": None}
        known = {f"/api/v2/dags/{one['id']}": one for one in self.dags}
        if path in known:
            return 200, {"dag_id": known[path]["id"], "is_paused": known[path]["paused"]}
        if "/dagRuns/" in path:
            return 200, {"dag_run_id": unquote(path.rsplit("/", 1)[1]), "state": self.look(path)}
        if path.startswith("/api/v2/backfills/"):
            return 200, {"id": 7, "completed_at": "2026-11-21T12:00:00Z" if self.look(path) == "success" else None}
        return 404, {"detail": "Not found"}


@contextmanager
def serving(stub: Stub) -> Iterator[Stub]:
    """Serve a stub on this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                status, kind, content = stub.respond(self.command, self.path, body)
            except ConnectionAbortedError:  # a cut line
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            if urlsplit(self.path).path.startswith("/postpress/"):
                self.send_header("Content-Security-Policy", CSP)
                self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 (http.server's)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


FIRST = """
    Lea Jana Ana Nina Chloé Tara Dmitri Bjørn Elif Priya Kofi Mateo Hana Rosa Omar Sofia Jonas Aiko Pavel Zeynep
""".split()  # noqa: SIM905 (a list of twenty lines)
LAST = """
    Fischer Novak Ruiz Berg Martin Singh Volkov Dahl Kaya Nair Mensah Silva Sato Marin Haddad Costa Weber Mori
""".split()  # noqa: SIM905


def fleet(count: int, seed: int = 5) -> list[Account]:
    """Make accounts with a year of daily windows, some of them missing, failed, or lost while disconnected."""
    dice = random.Random(seed)  # noqa: S311 (data, not secrets)
    midnight = at(2026, 11, 21)
    accounts = []
    for n in range(count):
        name = f"{FIRST[n % len(FIRST)]} {LAST[(n * 7) % len(LAST)]}" + (f" {n // 20 + 1}" if n >= 20 else "")
        account = Account(
            f"acc_01NS9{n:03d}QTCRTNY{dice.randrange(16**6):06X}",
            name,
            dice.choice(["LINKEDIN"] * 3 + ["TELEGRAM", "WHATSAPP"]),
        )
        if n % 9 == 8:
            account.since = midnight - dice.randrange(120, 330) * DAY
        assert account.since is not None
        taken: set[int] = set()
        days = min(364, (midnight - account.since) // DAY - 1)

        def lose(day: int, length: int, kind: int, account: Account = account, taken: set[int] = taken) -> None:
            if taken & set(range(day - length, day + 1)):
                return
            taken |= set(range(day - length, day + 1))
            start = midnight - day * DAY
            account.gaps.append((start, start + length * DAY, kind))

        for _ in range(dice.choice([0, 1, 1])):
            length = dice.randrange(2, 9)
            day = dice.randrange(length + 1, days)
            lose(day, length, DISCONNECTED)
            start = midnight - day * DAY
            account.off.append((start - 7 * 3600, start + length * DAY + 5 * 3600))
        for _ in range(dice.randrange(2, 7)):
            lose(dice.randrange(2, days), 1, FAILED)
        for _ in range(dice.randrange(2, 8)):
            lose(dice.randrange(2, days), dice.choice([1, 1, 1, 2]), MISSING)
        for _ in range(dice.randrange(3)):
            day = dice.randrange(2, days)
            if day not in taken and day + 1 not in taken:
                taken.add(day)
                start = midnight - day * DAY + dice.randrange(8, 18) * 3600
                account.gaps.append((start, midnight - (day - 1) * DAY, MISSING))
        account.gaps.sort()
        account.last = midnight + dice.randrange(600, 40000)
        accounts.append(account)
    return accounts


def make_windows(account: Account, count: int = 40) -> None:
    """Give an account windows and statuses that fit."""
    midnight = at(2026, 11, 21)
    for n in range(count):
        end = midnight - n * DAY
        kind = next((k for a, b, k in account.gaps if a < end and b > end - DAY), SYNCED)
        if kind in (MISSING, DISCONNECTED):
            continue
        account.windows.append(
            {
                "start": end - DAY,
                "end": end,
                "state": "failed" if kind == FAILED else "synced",
                "product": None,
                "at": end + 700,
                "dag_id": "postpress_daily",
                "run_id": f"scheduled__{datetime.fromtimestamp(end, UTC).isoformat()}",
                "task_id": "resync",
                "map_index": -1,
                "exists": n < 30,
            }
        )
    account.statuses = [{"at": b, "status": "OK"} for _, b in account.off] + [
        {"at": a, "status": "CREDENTIALS"} for a, _ in account.off
    ]
    account.statuses.sort(key=lambda one: -one["at"])


def dag(dag_id: str, **changes: Any) -> dict[str, Any]:
    """Give a DAG as the API does."""
    return {
        "id": dag_id,
        "name": dag_id,
        "paused": False,
        "schedule": "@daily",
        "synced_before": True,
        "backfill": None,
        **changes,
    }


def backfill(start: int, end: int, runs: int) -> dict[str, Any]:
    """Give the dates of a backfill as the API does."""
    first, last = (datetime.fromtimestamp(t, UTC) for t in (start, end))
    return {"from_date": first.isoformat(), "to_date": (last - timedelta(seconds=1)).isoformat(), "runs": runs}


def example(count: int = 41) -> Stub:
    """Make a world that shows everything, for a look at the page and for its pictures."""
    stub = Stub()
    accounts = fleet(count)
    midnight = at(2026, 11, 21)
    one, two, three, four, five = accounts[6], accounts[5], accounts[0], accounts[3], accounts[12]
    one.gaps = [gap for gap in one.gaps if not at(2026, 6, 5) <= gap[0] <= at(2026, 7, 2)]
    one.gaps.append((at(2026, 6, 9), at(2026, 6, 30), MISSING))
    two.gaps = [gap for gap in two.gaps if not at(2026, 8, 1) <= gap[0] <= at(2026, 9, 2)]
    two.gaps.append((at(2026, 8, 20), at(2026, 8, 29), DISCONNECTED))
    two.off.append((at(2026, 8, 20) - 3600, at(2026, 8, 29) + 7200))
    three.gaps = [gap for gap in three.gaps if gap[0] < at(2026, 11, 10)]
    three.gaps.append((at(2026, 11, 14), midnight, DISCONNECTED))
    three.off.append((at(2026, 11, 13, 17), NOW + DAY))
    three.connected, three.status = False, "CREDENTIALS"
    four.hidden = 212
    four.gaps = [(a, b, UNKNOWN) for a, b, _ in four.gaps if a < at(2026, 4, 1)] + [
        (at(2026, 5, 4), at(2026, 9, 1), UNKNOWN)
    ]
    five.connected, five.status = False, "STOPPED"
    five.off.append((at(2026, 11, 20, 22), NOW + DAY))
    accounts[7].syncing = [(midnight - DAY, midnight)]
    for account in accounts:
        account.gaps.sort()
        account.off.sort()
        make_windows(account)
    accounts[9].products = {
        "classic": accounts[9].gaps,
        "recruiter": [*accounts[9].gaps[:3], (at(2026, 9, 1), midnight, MISSING)],
    }
    accounts[9].gaps = accounts[9].products["recruiter"]
    stub.add(*accounts)
    stub.products = ["classic", "recruiter"]
    stub.notes = [
        "Failures of tasks that were cleared since are not known.",
        "What was synced before 3 March 2026 is known from a checkpoint only.",
    ]
    stub.dags = [
        dag("postpress_daily", backfill=backfill(at(2026, 10, 5), at(2026, 10, 6), 1)),
        dag("postpress_repair", schedule=None, paused=True),
    ]
    return stub
