"""The page on architecture shows the house as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import airflow_provider_postpress

HOUSE = Path(airflow_provider_postpress.__file__).parent
PAGE = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text()
_, PICTURE, _ = re.split(r"```(?:mermaid)?\n", PAGE)
ARROWS = {(one, other) for one, other in re.findall(r"(\w+) --> (\w+)", PICTURE)}


def rooms() -> set[str]:
    folders = {path.parent.name for path in HOUSE.glob("*/__init__.py")}
    return folders | {path.stem for path in HOUSE.glob("*.py")} - {"__init__"}


def uses(room: str) -> set[str]:
    """Give the rooms that a room uses, when it is imported or later, by name."""
    files = [HOUSE / f"{room}.py"] if (HOUSE / f"{room}.py").exists() else list((HOUSE / room).rglob("*.py"))
    found = {
        name
        for file in files
        for name in re.findall(
            r'(?:^\s*from |import_module\(|Lazy\(")airflow_provider_postpress\.(\w+)', file.read_text(), re.MULTILINE
        )
    }
    return found - {room}


def reached_from(room: str) -> set[str]:
    reached: set[str] = set()
    ahead = [room]
    while ahead:
        following = {other for one, other in ARROWS if one == ahead[-1]} - reached
        ahead.pop()
        reached |= following
        ahead += following
    return reached


def test_the_picture_shows_every_room_and_no_other():
    assert set(re.findall(r"^ {8}(\w+)$", PICTURE, re.MULTILINE)) == rooms()


def test_every_room_is_told_of_and_no_other():
    told = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    assert {name for names in told for name in re.findall(r"\w+", names)} == rooms()


@pytest.mark.parametrize("room", sorted(rooms()))
def test_a_room_uses_what_its_arrows_lead_to_and_nothing_else(room: str):
    assert uses(room) <= reached_from(room)
    assert {other for one, other in ARROWS if one == room} <= uses(room)


@pytest.mark.parametrize(("path", "name"), re.findall(r"`([\w/]+\.py)`(?: `(\w+)`)?", PAGE))
def test_what_is_named_is_there(path: str, name: str):
    assert re.search(rf"^\s*(?:async )?(?:def|class) {name}\b", (HOUSE / path).read_text(), re.MULTILINE)
