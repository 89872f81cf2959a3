"""What the page computes, module by module, in a browser: days of time zones, words, totals, views."""

# ruff: noqa: RUF001, S311 (the page writes spans with a dash; data, not secrets)
from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from stub import DAY, DISCONNECTED, FAILED, MISSING, PENDING, SYNCED, UNKNOWN, at

pytestmark = pytest.mark.xdist_group("browser")

Call = Callable[..., Any]

# clocks that change by an hour, by half of one, at midnight, backwards in winter, not at all
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Chatham",
]


def first_instant(day: date, zone: ZoneInfo) -> int:
    """Find where a day begins, second by second where the clock changes."""
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    low = midnight - 16 * 3600
    while datetime.fromtimestamp(low + 900, zone).date() < day:
        low += 900
    while datetime.fromtimestamp(low, zone).date() < day:
        low += 1
    return low


@pytest.mark.parametrize("name", ZONES)
def test_days_begin_where_the_clock_of_the_zone_says(call: Call, name: str) -> None:
    zone = ZoneInfo(name)
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
    near = [day for day in days if any(_offset(day + timedelta(days=n), zone) != _offset(day, zone) for n in (-1, 1))]
    expected = {str(day): first_instant(day, zone) for day in [*near, *days[::17]]}
    begins = call(
        "zone",
        "(m, zone, name) => zone(name).days(Date.UTC(2024, 0, 1, 12) / 1000, Date.UTC(2024, 11, 30) / 1000)",
        name,
    )
    told = {str(datetime.fromtimestamp(begin, zone).date()): begin for begin in begins}

    assert {day: told.get(day) for day in expected if day in told} == {
        day: begin for day, begin in expected.items() if day in told
    }
    assert len(told) == len(begins)  # each day once
    assert len(set(expected) - set(told)) <= 2  # at the ends


def _offset(day: date, zone: ZoneInfo) -> timedelta | None:
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset()


def test_days_are_as_long_as_the_clock_makes_them(call: Call) -> None:
    lengths = """(m, zone, name, from) => {
        const days = zone(name).days(from, from + 3 * 86400);
        return days.slice(1).map((day, n) => (day - days[n]) / 3600);
    }"""
    assert call("zone", lengths, "Europe/Berlin", at(2026, 3, 28)) == [24, 23, 24, 24]
    assert call("zone", lengths, "Europe/Berlin", at(2026, 10, 24)) == [24, 25, 24, 24]
    assert call("zone", lengths, "Australia/Lord_Howe", at(2026, 4, 4)) == [24, 24.5, 24, 24]
    # the day begins at one o'clock where midnight is skipped
    assert (
        call("zone", "(m, zone) => { const z = zone('America/Santiago'); return z.parts(z.startOf(2026, 9, 6)).hour; }")
        == 1
    )


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        ('"Europe/Berlin"', "Europe/Berlin"),
        ("Europe/Berlin", "Europe/Berlin"),
        ('"UTC"', "UTC"),
        ('"local"', "UTC"),
        (None, "UTC"),
        ("", "UTC"),
        ('"No/Where"', "UTC"),
        ("{", "UTC"),
        ("7", "UTC"),
    ],
)
def test_the_zone_is_what_airflow_stored_else_the_browsers(call: Call, stored: str | None, name: str) -> None:
    assert call("zone", "(m, zone, stored) => m.zoneName(stored)", stored) == name


@pytest.mark.parametrize(
    ("zone", "start", "end", "words", "long"),
    [
        ("UTC", (2026, 10, 5), (2026, 10, 6), "5 Oct 2026", "1 day"),
        ("UTC", (2026, 3, 3), (2026, 3, 6), "3 – 5 Mar 2026", "3 days"),
        ("UTC", (2026, 10, 29), (2026, 11, 3), "29 Oct – 2 Nov 2026", "5 days"),
        ("UTC", (2025, 12, 30), (2026, 1, 3), "30 Dec 2025 – 2 Jan 2026", "4 days"),
        ("UTC", (2026, 9, 23, 16), (2026, 9, 24), "23 Sep 2026, 16:00 – 24:00", "8 h"),
        ("UTC", (2026, 9, 23, 16), (2026, 9, 23, 17, 30), "23 Sep 2026, 16:00 – 17:30", "1 h 30 min"),
        ("UTC", (2026, 9, 23, 16), (2026, 9, 24, 2), "23 Sep, 16:00 – 24 Sep 2026, 02:00", "10 h"),
        ("UTC", (2026, 9, 23, 16), (2026, 9, 25, 16), "23 Sep, 16:00 – 25 Sep 2026, 16:00", "2 days"),
        ("UTC", (2026, 9, 23, 16, 0, 5), (2026, 9, 23, 16, 0, 35), "23 Sep 2026, 16:00:05 – 16:00:35", "1 min"),
        # a day is a day, be it of 23 hours or 25
        ("Europe/Berlin", (2026, 3, 28, 23), (2026, 3, 29, 22), "29 Mar 2026", "1 day"),
        ("Europe/Berlin", (2026, 10, 24, 22), (2026, 10, 25, 23), "25 Oct 2026", "1 day"),
        # a day of UTC, where the clock is put back within it
        ("Europe/Berlin", (2026, 10, 25), (2026, 10, 26), "25 Oct, 02:00 (UTC+2) – 26 Oct 2026, 01:00", "1 day"),
        # the hour that comes twice
        (
            "Europe/Berlin",
            (2026, 10, 25, 0, 30),
            (2026, 10, 25, 1, 30),
            "25 Oct 2026, 02:30 (UTC+2) – 02:30 (UTC+1)",
            "1 h",
        ),
        ("Asia/Kathmandu", (2026, 10, 5), (2026, 10, 6), "5 Oct, 05:45 – 6 Oct 2026, 05:45", "1 day"),
    ],
)
def test_a_gap_is_told_in_days_of_the_zone(
    call: Call, zone: str, start: tuple[int, ...], end: tuple[int, ...], words: str, long: str
) -> None:
    told = call(
        "words",
        "(m, zone, name, a, b) => [m.span(a, b, zone(name)), m.duration(a, b, zone(name))]",
        zone,
        at(*start),
        at(*end),
    )
    assert told == [words, long]


def test_a_gap_is_spoken_in_whole_words(call: Call) -> None:
    spoken = "(m, zone, a, b) => m.spokenSpan(a, b, zone('UTC'))"
    assert call("words", spoken, at(2026, 3, 3), at(2026, 3, 6)) == "3 to 5 March 2026"
    assert call("words", spoken, at(2026, 3, 3, 16), at(2026, 3, 4)) == "3 March 2026, 16:00 to 24:00"


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 0, "–"),
        (0, 10, "0\u202f%"),
        (10, 10, "100\u202f%"),
        (999_999, 1_000_000, "99.9\u202f%"),
        (10**12 - 1, 10**12, "99.9\u202f%"),
        (1, 10**9, "0.1\u202f%"),
        (974, 1000, "97.4\u202f%"),
        (29, 100, "29.0\u202f%"),  # 28.999… in binary
        (2, 3, "66.6\u202f%"),
    ],
)
def test_a_share_is_rounded_down_and_whole_only_when_it_is(call: Call, part: float, whole: float, words: str) -> None:
    assert call("words", "(m, zone, part, whole) => m.percent(part, whole)", part, whole) == words


@pytest.mark.parametrize(
    ("seconds", "words", "short"),
    [
        (0, "none", ""),
        (20, "< 1 min", "< 1 min"),
        (40 * 60, "40 min", "40 min"),
        (3599, "1 h", "1 h"),
        (7 * 3600, "7 h", "7 h"),
        (7 * 3600 + 1800, "7 h 30 min", "8 h"),
        (DAY - 1, "1 day", "1 d"),
        (DAY, "1 day", "1 d"),
        (15.6 * DAY, "15.6 days", "15.6 d"),
        (1234 * DAY, "1,234 days", "1,234 d"),
    ],
)
def test_an_amount_of_time_is_never_rounded_to_none(call: Call, seconds: float, words: str, short: str) -> None:
    assert call("words", "(m, zone, s) => [m.amount(s), m.shortAmount(s)]", seconds) == [words, short]


def runs_of(dice: random.Random, start: int, end: int, kinds: list[int]) -> list[int]:
    """Make a partition [t0, kind0, …, tn] of neighbours that differ."""
    cuts = sorted(dice.sample(range(start + 1, end), dice.randrange(1, 12)))
    seg = [start]
    for cut in [*cuts, end]:
        seg += [dice.choice([kind for kind in kinds if len(seg) < 2 or kind != seg[-2]]), cut]
    return seg


def test_totals_are_those_of_a_look_at_every_second(call: Call) -> None:
    dice = random.Random(7)
    for _ in range(20):
        seg = runs_of(dice, 0, 300, list(range(7)))
        start, end = sorted(dice.sample(range(-20, 320), 2))
        each = [
            kind
            for a, kind, b in zip(seg[::2], seg[1::2], seg[2::2], strict=False)
            for t in range(a, b)
            if start <= t < end
        ]
        told = call("model", "(m, zone, ...given) => m.totals(...given)", seg, start, end)
        assert told["sec"] == [each.count(kind) for kind in range(7)]
        assert told["lost"] == each.count(MISSING) + each.count(FAILED) + each.count(DISCONNECTED)
        assert told["due"] == told["synced"] + told["lost"] + told["unknown"]
        changes = [kind for n, kind in enumerate(each) if n == 0 or each[n - 1] != kind]
        assert told["n"] == [changes.count(kind) for kind in range(7)]


def test_each_account_counts_once_a_day_by_what_it_lost_most_to(call: Call) -> None:
    dice = random.Random(11)
    days = [0, 24, 47, 72, 97, 120]  # one of 23, one of 25
    for _ in range(30):
        accounts = [
            {"seg": runs_of(dice, 0, 120, [SYNCED, MISSING, FAILED, DISCONNECTED, PENDING, UNKNOWN])} for _ in range(5)
        ]
        told = call("model", "(m, zone, ...given) => m.perDay(...given)", accounts, days)
        for first, last, counted in zip(days, days[1:], told, strict=False):
            lost = []
            for account in accounts:
                seg = account["seg"]
                of_day = [
                    k
                    for a, k, b in zip(seg[::2], seg[1::2], seg[2::2], strict=False)
                    for t in range(a, b)
                    if first <= t < last
                ]
                by = {kind: of_day.count(kind) for kind in (MISSING, FAILED, DISCONNECTED) if kind in of_day}
                if by:
                    lost.append(max(by, key=by.__getitem__))
            assert counted["all"] == len(lost)
            assert counted["by"] == [lost.count(kind) for kind in range(7)]


def test_a_gap_is_part_of_the_whole_stretch_around_it(call: Call) -> None:
    seg = [0, SYNCED, 10, MISSING, 20, FAILED, 30, MISSING, 40, SYNCED, 50, DISCONNECTED, 60]
    stretch = "(m, zone, seg, start, end) => m.stretch(seg, { start, end })"
    assert call("model", stretch, seg, 20, 30) == {"start": 10, "end": 40}
    assert call("model", stretch, seg, 10, 20) == {"start": 10, "end": 40}
    assert call("model", stretch, seg, 50, 60) == {"start": 50, "end": 60}


def test_what_is_hidden_makes_nothing_whole(call: Call) -> None:
    seg = [0, SYNCED, 90, UNKNOWN, 100]
    assert call(
        "model", "(m, zone, seg) => m.FILTERS.filter((f) => f.keeps(m.totals(seg, 0, 100), {})).map((f) => f.key)", seg
    ) == ["all", "unknown"]
    assert call("list", "(m, zone) => m.shareWords({ synced: 90, due: 100, unknown: 10 })") == "≥\u202f90.0\u202f%"


def test_accounts_are_put_in_order(call: Call) -> None:
    order = """(m, zone, sort) => [["b 10", 5, null], ["b 9", 5, 300], ["A", 0, 200], ["ä", 9, 100]]
        .map(([name, lost, last]) => ({ account: { id: name, name, last }, totals: { lost, unknown: 0 } }))
        .sort(m.SORTS.find(({ key }) => key === sort).compare).map(({ account }) => account.name)"""
    assert call("model", order, "missing") == ["ä", "b 9", "b 10", "A"]
    assert call("model", order, "name") == ["A", "ä", "b 9", "b 10"]
    assert call("model", order, "oldest") == ["b 10", "ä", "A", "b 9"]


SPAN = {"from": at(2025, 11, 22), "to": at(2026, 11, 22)}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Santiago"])
def test_zooms_are_whole_days_of_the_zone_wherever_one_goes(call: Call, zone: str) -> None:
    walk = """(m, zone, name, from, to) => {
        const z = zone(name);
        const span = { from: z.dayStart(from), to: z.dayStart(to) };
        const seen = [];
        for (const zoom of m.ZOOMS) {
            let view = m.zoomTo(zoom, span, span, z);
            for (let n = 0; n < 30; n++) {
                const isWhole = z.isDayStart(view.from) && z.isDayStart(view.to);
                const isWithin = view.from >= span.from && view.to <= span.to;
                seen.push([zoom.key, m.zoomOf(view, span, z)?.key, isWhole, isWithin]);
                const earlier = m.step(view, -1, z);
                if (earlier.from < span.from) break;
                view = earlier;
            }
        }
        return seen;
    }"""
    seen = call("view", walk, zone, SPAN["from"], SPAN["to"])
    assert {zoom for zoom, *_ in seen} == {"year", "quarter", "month", "week", "day"}
    assert [row for row in seen if row[1:] != [row[0], True, True]] == []


def test_a_brush_keeps_at_least_a_day_and_stays_in_the_span(call: Call) -> None:
    play = """(m, zone, span, dice) => {
        const z = zone("Europe/Berlin");
        let view = { ...span };
        const wrong = [];
        for (const [what, days] of dice) {
            view = what === 0 ? m.move(view, days, span, z) : m.resize(view, what === 1 ? "from" : "to", days, span, z);
            const isWithin = view.from >= span.from && view.to <= span.to;
            if (view.to <= view.from || !isWithin || m.dayCount(view, z) < 1) wrong.push([what, days, view]);
        }
        return wrong;
    }"""
    dice = random.Random(3)
    assert call("view", play, SPAN, [[dice.randrange(3), dice.randrange(-200, 200)] for _ in range(400)]) == []


def test_the_year_is_loaded_or_the_one_that_holds_the_view(call: Call) -> None:
    span_for = "(m, zone, view, tomorrow) => m.spanFor(view, tomorrow, zone('UTC'))"
    assert call("view", span_for, None, SPAN["to"]) == SPAN
    assert call("view", span_for, {"from": at(2026, 3, 1), "to": at(2026, 4, 1)}, SPAN["to"]) == SPAN
    assert call("view", span_for, {"from": at(2025, 3, 1), "to": at(2025, 4, 1)}, SPAN["to"]) == {
        "from": at(2024, 4, 1),
        "to": at(2025, 4, 1),
    }
    assert call("view", span_for, {"from": at(2024, 1, 1), "to": at(2026, 11, 30)}, SPAN["to"]) == {
        "from": at(2024, 1, 1),
        "to": SPAN["to"],
    }


@pytest.mark.parametrize(
    ("start", "end", "labels"),
    [
        (
            at(2025, 11, 22),
            at(2026, 11, 22),
            ["Dec", "2026", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"],
        ),
        (
            at(2026, 10, 20, 22),
            at(2026, 11, 2, 23),
            ["21 Oct", "23 Oct", "25 Oct", "27 Oct", "29 Oct", "31 Oct", "1 Nov"],
        ),
        (at(2026, 10, 23, 22), at(2026, 10, 26, 23), ["Sat 24", "Sun 25", "Mon 26"]),
        # the day of 25 hours: the hour that comes twice is told once
        (
            at(2026, 10, 24, 22),
            at(2026, 10, 25, 23),
            ["25 Oct", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"],
        ),
        # the day of 23 hours: what is skipped is not told
        (
            at(2026, 3, 28, 23),
            at(2026, 3, 29, 22),
            ["29 Mar", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"],
        ),
    ],
)
def test_the_axis_is_marked_where_the_zones_clock_is_round(call: Call, start: int, end: int, labels: list[str]) -> None:
    told = call("ticks", "(m, zone, from, to) => m.ticks(zone('Europe/Berlin'), from, to, 620)", start, end)
    assert [tick["label"] for tick in told] == labels


def test_an_address_brings_back_what_was_looked_at(call: Call) -> None:
    looked_at = {
        "account": "a/b c&d=<é>",
        "view": {"from": at(2026, 8, 23), "to": at(2026, 11, 22)},
        "gap": at(2026, 9, 1) + 0.5,
        "product": "recruiter",
        "filter": "failed",
        "sort": "name",
        "query": "x & y",
    }
    assert call("address", "(m, zone, looked) => m.readAddress(m.writeAddress(looked))", looked_at) == looked_at
    nothing = {
        "account": None,
        "view": None,
        "gap": None,
        "product": None,
        "filter": "all",
        "sort": "missing",
        "query": "",
    }
    assert call("address", "(m, zone, looked) => m.writeAddress(looked)", nothing) == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1780000000", 1780000000),
        ("2026-08-23T00:00:00Z", at(2026, 8, 23)),
        ("2026-08-23", at(2026, 8, 23)),
        ("2026-08-23T02:00:00", at(2026, 8, 23, 2)),
        ("2026-08-23T02:00:00+02:00", at(2026, 8, 23)),
        ("yesterday", None),
        ("0", None),
        ("99999999999999", None),
        ("-000001-01-01", None),
        ("+200000-01-01T00:00:00Z", None),
        ("", None),
    ],
)
def test_instants_of_an_address_are_seconds_or_iso(call: Call, text: str, seconds: int | None) -> None:
    assert call("address", "(m, zone, text) => m.instant(text)", text) == seconds
