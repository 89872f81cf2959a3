"""The page in a real API server below a path, over HTTP, by users of several rights."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from page_past import Past, epoch, utc
from page_server import Page, kinds, segments

from airflow_provider_postpress.assets import account_uri
from demo.local_airflow import LocalAirflow
from demo.past import DAY

pytestmark = pytest.mark.xdist_group("live")  # two Airflows at once are too much for two cores

Visit = Callable[[str | None], Page]

SPAN = {"from": "2026-03-01", "to": "2026-03-21"}
PAGE, API, STATIC = "coverage", "api/coverage", "static/main.js"
ROUTES = [PAGE, API, f"{API}/nobody", "api/dags", STATIC, "unknown", "api/unknown", ""]


def policy_of(answer: httpx.Response) -> dict[str, str]:
    parts = answer.headers["content-security-policy"].split(";")
    return dict(part.split(maxsplit=1) for part in parts)


def test_airflow_takes_the_plugin_without_a_word(server: LocalAirflow):
    (plugin,) = [plugin for plugin in server.get("plugins")["plugins"] if plugin["name"] == "postpress"]
    assert [app["url_prefix"] for app in plugin["fastapi_apps"]] == ["/postpress"]
    (view,) = plugin["external_views"]
    assert {name: view[name] for name in ("name", "href", "url_route", "destination", "category")} == {
        "name": "Postpress coverage",
        "href": "postpress/coverage",
        "url_route": "postpress-coverage",
        "destination": "nav",
        "category": "browse",
    }
    assert server.get("plugins/importErrors")["import_errors"] == []
    assert "postpress" not in "\n".join(
        line for line in server.log_of("api-server").read_text().splitlines() if "warning" in line.lower()
    )


def test_the_icons_of_the_navigation_are_there(uma: Page, server: LocalAirflow):
    (plugin,) = [plugin for plugin in server.get("plugins")["plugins"] if plugin["name"] == "postpress"]
    (view,) = plugin["external_views"]
    for icon in (view["icon"], view["icon_dark_mode"]):
        answer = uma.http.get(f"/{icon}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("user", [None, "nora", "uma"])
def test_every_answer_lets_nothing_in_and_is_framed_by_airflow_alone(path: str, user: str | None, visit: Visit):
    answer = visit(user).get(path)
    policy = policy_of(answer)
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_the_pages_own_policy_is_strict(uma: Page):
    assert policy_of(uma.get(PAGE)) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }


@pytest.mark.parametrize("path", [API, f"{API}/nobody", "api/dags"])
def test_what_the_api_answers_is_stored_nowhere(path: str, uma: Page):
    answer = uma.get(path)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", [API, f"{API}/acc", "api/dags", STATIC, "static/unknown.js"])
def test_who_is_not_signed_in_is_answered_nothing(path: str, visit: Visit):
    answer = visit(None).get(path)
    assert answer.status_code == 401
    assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize("path", [API, f"{API}/acc", "api/dags"])
def test_nor_is_who_has_no_valid_token(path: str, visit: Visit):
    answer = visit(None).get(path, headers={"Authorization": "Bearer not.a.token"})
    assert answer.status_code in (401, 403)


def test_who_opens_the_page_and_is_not_signed_in_is_led_to_sign_in_and_back(visit: Visit, server: LocalAirflow):
    page = visit(None)
    answer = page.get(f"{PAGE}?account=acc")
    assert answer.status_code == 307
    to = urlsplit(answer.headers["location"])
    assert to.path == "/airflow/auth/login"
    assert parse_qs(to.query) == {"next": [f"{server.url}/postpress/{PAGE}?account=acc"]}


def test_in_a_frame_that_is_said_in_words(visit: Visit):
    answer = visit(None).get(PAGE, headers={"Sec-Fetch-Dest": "iframe"})
    assert answer.status_code == 401
    assert "signed out" in answer.text
    assert_is_self_contained(answer)


def test_who_may_not_read_assets_is_told_so(visit: Visit):
    page = visit("nora")
    answer = page.get(PAGE)
    assert answer.status_code == 403
    assert "may not read assets" in answer.text
    assert_is_self_contained(answer)
    for path in (API, f"{API}/acc", "api/dags"):
        assert page.get(path).status_code == 403


def assert_is_self_contained(answer: httpx.Response) -> None:
    assert answer.headers["content-type"].startswith("text/html")
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy_of(answer)["style-src"] == f"'sha256-{digest}'"
    assert not {"<script", "src=", "href=", "style="} & set(answer.text.lower().replace(">", " ").split())
    assert "prefers-color-scheme: dark" in style


@pytest.mark.parametrize("user", ["ada", "uma", "vera"])
def test_who_may_read_assets_sees_the_page(user: str, visit: Visit):
    page = visit(user)
    answer = page.get(PAGE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.get(API).status_code == 200


def test_the_pages_files_are_asked_for_anew_and_sent_when_they_have_changed(uma: Page):
    answer = uma.get(STATIC)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-cache")
    assert "javascript" in answer.headers["content-type"]
    again = uma.get(STATIC, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    ["static/", "static", "static/../app.py", "static/%2e%2e/app.py", "static/..%2fapp.py", "static//etc/passwd"],
)
def test_no_other_file_is_sent(path: str, uma: Page):
    answer = uma.http.send(uma.http.build_request("GET", f"{uma.url}/postpress/{path}"))
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", [PAGE, API, f"{API}/acc", "api/dags", STATIC])
def test_nothing_can_be_done_but_read(method: str, path: str, uma: Page):
    answer = uma.http.request(method, f"/postpress/{path}")
    assert answer.status_code == 405


@pytest.mark.parametrize("path", [PAGE, API, "api/dags", STATIC])
def test_head_is_answered_as_get_without_a_body(path: str, uma: Page):
    answer = uma.http.head(f"/postpress/{path}")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["", "unknown", "api", "api/unknown", "docs", "redoc", "openapi.json", "coverage/"])
def test_there_is_nothing_else(path: str, uma: Page):
    answer = uma.get(path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def test_the_webhook_is_beside_it(visit: Visit):
    answer = visit(None).http.post("/postpress/webhooks/account-status", json={})
    assert answer.status_code in (401, 403)
    assert visit("uma").get("webhooks/account-status").status_code == 405


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"from": "soon"}, "from='soon'"),
        ({"to": "2026-13-01"}, "to='2026-13-01'"),
        ({"from": "nan"}, "from='nan'"),
        ({"from": "inf"}, "from='inf'"),
        ({"from": "-1"}, "from='-1'"),
        ({"to": "1e400"}, "to='1e400'"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "not before"),
        ({"from": "2026-03-02", "to": "2026-03-02"}, "not before"),
        ({"from": "9" * 10_000}, "no moment"),
        ({"product": "gold"}, "recruiter"),
        ({"product": "<script>"}, "recruiter"),
    ],
)
@pytest.mark.parametrize("path", [API, f"{API}/acc"])
def test_what_cannot_be_answered_is_said_in_words(path: str, parameters: dict[str, str], said: str, uma: Page):
    answer = uma.get(path, params=parameters)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert len(answer.json()["detail"]) < 300


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-03-01T00:00:00Z", "2026-03-21T00:00:00+00:00"),
        ("2026-03-01", "2026-03-21"),
        ("2026-03-01T01:00:00+01:00", "2026-03-20T20:00:00-04:00"),
        ("1772323200", "1774051200"),
        ("1772323200.0", "1774051200.0"),
    ],
)
def test_a_span_can_be_asked_for_in_seconds_and_in_iso_8601(first: str, last: str, uma: Page):
    told = uma.coverage(from_=first, to=last)
    assert (told["from"], told["to"]) == (1772323200, 1774051200)


def test_a_plus_that_is_not_encoded_is_understood(uma: Page):
    answer = uma.get(f"{API}?from=2026-03-01T01:00:00+01:00&to=2026-03-21")
    assert answer.json()["from"] == 1772323200


def test_by_default_it_is_the_year_until_the_next_midnight(uma: Page):
    told = uma.coverage()
    assert 0 < told["to"] - told["now"] <= 86400
    assert told["to"] % 86400 == 0
    assert told["to"] - told["from"] == 365 * 86400
    assert told["grace"] == 21600


def test_what_is_synced_is_told(uma: Page, server_past: Past):
    server_past.days("told", utc(2026, 3, 5), utc(2026, 3, 10))
    server_past.days("told", utc(2026, 3, 11), utc(2026, 3, 20))
    server_past.status("told", "OK", utc(2026, 3, 4))
    told = uma.account("told", **SPAN)
    assert kinds(told)[:3] == ["before", "synced", "missing"]
    assert set(told) == {
        *("id", "name", "type", "asset_id", "since", "due", "last", "status", "connected"),
        *("seg", "sec", "n", "off", "syncing", "hidden", "products"),
    }
    detail = uma.detail("told", **SPAN)
    assert {name: detail[name] for name in told} == told
    assert set(detail) - set(told) == {"windows", "truncated", "statuses"}
    assert len(detail["windows"]) == 14
    assert detail["statuses"] == [{"at": epoch(utc(2026, 3, 4)), "status": "OK"}]


def test_what_is_synced_next_is_told_next(uma: Page, server_past: Past):
    server_past.days("next", utc(2026, 3, 5), utc(2026, 3, 10))
    before = uma.account("next", **SPAN)["sec"][1]
    server_past.sync("next", utc(2026, 3, 10), utc(2026, 3, 11))
    assert uma.account("next", **SPAN)["sec"][1] == before + 86400


def test_only_the_accounts_that_are_asked_for_are_told(uma: Page, server_past: Past):
    for account_id in ("one", "two", "three"):
        server_past.sync(account_id, utc(2026, 3, 5), utc(2026, 3, 6))
    told = uma.coverage("one", "three", "nobody")
    assert [account["id"] for account in told["accounts"]] == ["one", "three"]
    assert {"one", "two", "three"} <= {account["id"] for account in uma.coverage()["accounts"]}


HOSTILE = [
    "acc/1?x=y#z",
    "<script>alert(1)</script>",
    "../..",
    "../../etc/passwd",
    "Zoë 🦋",
    "100%",
    "%2e%2e",
    "a b&c=d",
]


@pytest.mark.parametrize("account_id", HOSTILE)
def test_any_id_can_be_asked_for(account_id: str, uma: Page, server_past: Past):
    server_past.days(account_id, utc(2026, 3, 5), utc(2026, 3, 10))
    assert uma.account(account_id, **SPAN)["id"] == account_id
    assert len(uma.detail(account_id, **SPAN)["windows"]) == 5
    assert uma.dags(account=account_id, start="2026-03-05", end="2026-03-06")


@pytest.mark.parametrize("account_id", ["nobody", "<script>alert(1)</script>!", "../../..", "x" * 10_000])
def test_of_an_account_that_nobody_knows_it_says_so(account_id: str, uma: Page):
    answer = uma.get(f"{API}/{quote(account_id, safe='')}")
    assert answer.status_code == 404
    assert "is known" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.json()["detail"]) < 400


def test_hostile_names_and_extras_are_told_as_they_are_and_break_nothing(uma: Page, server_past: Past):
    name = '<img src=x onerror="alert(1)">'
    server_past.sync("hostile", utc(2026, 3, 5), utc(2026, 3, 6), name=name)
    nested: object = {"status": "SYNC_DONE"}
    for _ in range(100):
        nested = {"window": nested, "status": "SYNC_DONE"}
    for extra in (nested, {"window": {"start": 1e308, "end": -1e308}}, {"status": {"$ne": 1}}, [[[]]], "text", 7):
        server_past.event(account_uri("hostile"), extra, utc(2026, 3, 6), dag_id="<b>", run_id="'; --", task_id="\x00")
    told = uma.account("hostile", **SPAN)
    assert (told["name"], told["sec"][1]) == (name, 86400)
    answer = uma.get(f"{API}/hostile", params=SPAN)
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.json()["windows"]) == 1


def test_of_a_dag_that_a_user_may_not_read_nothing_is_shown_but_that_there_is_something(
    visit: Visit, server_past: Past
):
    server_past.days("partly", utc(2026, 3, 2), utc(2026, 3, 10), dag_id="daily")
    server_past.days("partly", utc(2026, 3, 10), utc(2026, 3, 15), dag_id="hidden_deleted_long_ago")
    server_past.days("partly", utc(2026, 3, 17), utc(2026, 3, 20), dag_id="daily")
    sees_all, sees_less = visit("uma").detail("partly", **SPAN), visit("hugo").detail("partly", **SPAN)
    assert (sees_all["hidden"], sees_less["hidden"]) == (0, 5)
    assert kinds(sees_all)[:4] == ["before", "synced", "missing", "synced"]
    assert kinds(sees_less)[:4] == ["unknown", "synced", "unknown", "synced"]
    assert sees_less["sec"][2:5] == [0, 0, 0]
    assert {window["dag_id"] for window in sees_less["windows"]} == {"daily"}
    assert "hidden_" not in json.dumps(sees_less)


def test_who_may_read_them_sees_the_syncs_of_dags_that_are_gone(visit: Visit, server_past: Past):
    server_past.days("gone", utc(2026, 3, 2), utc(2026, 3, 10), dag_id="renamed_long_ago")
    for user in ("uma", "vera", "hugo"):
        told = visit(user).account("gone", **SPAN)
        assert (told["hidden"], told["sec"][1]) == (0, 8 * 86400)


def test_a_run_that_is_gone_is_told_apart_from_one_that_can_be_opened(uma: Page, server_past: Past):
    told = {"account_id": "runs", "window": None, "product": None, "partial": True}
    run_id = server_past.task("daily", "success", told, started=utc(2026, 3, 6))
    server_past.sync("runs", utc(2026, 3, 5), utc(2026, 3, 6), dag_id="daily", run_id=run_id)
    server_past.sync("runs", utc(2026, 3, 4), utc(2026, 3, 5), dag_id="daily")
    assert [window["exists"] for window in uma.detail("runs", **SPAN)["windows"]] == [True, False]


def test_what_is_due_is_told_by_the_schedules_of_the_dags_that_sync_the_account(uma: Page, server_past: Past):
    now = datetime.now(UTC)
    recent = now.replace(hour=0, minute=0, second=0, microsecond=0) - 3 * DAY
    due = {}
    for dag_id in ("daily", "paused_daily", "hourly_interval", "ended_daily", "twice_a_day", "daily_or_asset"):
        # the window's end is not on the schedule: what is due is not the account's own rhythm
        server_past.sync(f"due {dag_id}", recent - DAY, recent - timedelta(minutes=7), dag_id=dag_id)
        due[dag_id] = uma.account(f"due {dag_id}")["due"]
    latest = epoch(now) - 21600
    assert 0 <= latest - due["daily"] < 86400
    assert due["daily"] % 86400 == 0
    assert due["paused_daily"] == due["daily_or_asset"] == due["daily"]
    assert 0 <= latest - due["hourly_interval"] < 3600 + 60
    assert due["hourly_interval"] % 3600 == 0
    assert datetime.fromtimestamp(due["twice_a_day"], UTC).strftime("%H:%M") in ("06:00", "18:30")
    assert due["ended_daily"] == epoch(utc(2026, 4, 1)), "no more, though it was synced later"


def test_an_account_of_several_dags_is_due_by_the_one_that_comes_last(uma: Page, server_past: Past):
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 5 * DAY
    for dag_id in ("daily", "hourly_interval", "unscheduled", "gone"):
        server_past.sync("due twice", start, start + DAY, dag_id=dag_id)
    assert uma.account("due twice")["due"] >= epoch(datetime.now(UTC)) - 21600 - 3660


@pytest.mark.parametrize("dag_id", ["gone", "unscheduled", "once", "continuous", "on_asset"])
def test_without_a_schedule_the_accounts_own_rhythm_tells_what_is_due(dag_id: str, uma: Page, server_past: Past):
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    server_past.days(f"rhythm {dag_id}", midnight - 10 * DAY, midnight - 4 * DAY, dag_id=dag_id)
    told = uma.account(f"rhythm {dag_id}")
    assert 0 <= epoch(datetime.now(UTC)) - 21600 - told["due"] < 86400
    assert kinds(told)[-3:] == ["synced", "missing", "pending"]


def test_a_window_in_its_grace_is_not_missing(uma: Page, server_past: Past):
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    server_past.sync("graced", hour - 5 * DAY, hour - timedelta(hours=5), dag_id="hourly_interval")
    assert "missing" not in kinds(uma.account("graced"))


def test_segments_are_a_partition_of_the_span(uma: Page):
    told = uma.coverage()
    for account in told["accounts"]:
        parts = segments(account)
        assert (parts[0][0], parts[-1][2]) == (told["from"], told["to"])
        assert all(start < end for start, _, end in parts)
        assert all(left[1] != right[1] for left, right in pairwise(parts))
        assert sum(account["sec"]) == pytest.approx(told["to"] - told["from"])
        assert sum(account["n"]) == len(parts)


def test_nothing_of_all_this_was_an_error_of_ours(server: LocalAirflow):
    """Last of this file."""
    log = Path(server.log_of("api-server")).read_text()
    assert "Traceback" not in log
    assert '" 500' not in log
