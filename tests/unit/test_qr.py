"""QR codes are pictures that another library reads the text out of."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from airflow_provider_postpress import qr

TEXTS = {
    "as WhatsApp has it": "2@" + "uY7Kb0/Qx+Zt9LrmN3vCfHsW" * 9 + "==,q1Zt+Xw/8=,Lm2Kf==,1",
    "as Telegram has it": "tg://login?token=AQJ-9fLmZ_x0kT3wVbQdGhYrUeIoPaSsDfGhJkLz",
    "short enough for a Micro QR code": "1234",
    "not of ASCII": "Grüße, 漢字, 🙂",
}
DRAWN: list[Callable[[str], Any]] = [qr.png, qr.svg, qr.terminal]


def of_png(image: bytes) -> Image.Image:
    return Image.open(BytesIO(image)).convert("L")


def of_svg(document: str) -> Image.Image:
    """Draw what segno writes: a ground, and a path of horizontal lines, each a row of dark squares, all scaled."""
    root = ET.fromstring(document)  # noqa: S314 (it is our own)
    scale = float(root[0].attrib["transform"].removeprefix("scale(").removesuffix(")"))
    _, path = root[0]
    image = Image.new("L", (int(root.attrib["width"]), int(root.attrib["height"])), "white")
    draw = ImageDraw.Draw(image)
    x = y = 0.0
    for step in path.attrib["d"].replace("h", " h").replace("m", " m").replace("M", "m").split(" m"):
        move, _, lines = step.strip("m").partition(" h")
        dx, dy = (float(part) for part in move.split())
        x, y = x + dx, y + dy
        draw.rectangle(
            [x * scale, (y - 0.5) * scale, (x + float(lines)) * scale - 1, (y + 0.5) * scale - 1], fill="black"
        )
        x += float(lines)
    return image


def of_terminal(lines: str) -> Image.Image:
    """Draw light block letters on dark ground."""
    rows = lines.splitlines()
    image = Image.new("L", (len(rows[0]), 2 * len(rows)), "black")
    for y, row in enumerate(rows):
        for x, letter in enumerate(row):
            image.putpixel((x, 2 * y), 255 * (letter in "█▀"))
            image.putpixel((x, 2 * y + 1), 255 * (letter in "█▄"))
    return image.resize((4 * image.width, 4 * image.height), Image.Resampling.NEAREST)


def read(image: Image.Image) -> list[tuple[str, str]]:
    """Read what is in an image as a phone's scanner would; no inverted codes, which not every scanner takes."""
    return [(str(code.format), code.text) for code in zxingcpp.read_barcodes(image, try_invert=False)]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    "drawn",
    [lambda text: of_png(qr.png(text)), lambda text: of_svg(qr.svg(text)), lambda text: of_terminal(qr.terminal(text))],
    ids=["png", "svg", "terminal"],
)
def test_the_text_can_be_scanned(drawn: Callable[[str], Image.Image], text: str) -> None:
    assert read(drawn(text)) == [("QR Code", text)]


@pytest.mark.parametrize(
    "drawn",
    [lambda scale: of_png(qr.png("2@x", scale=scale)), lambda scale: of_svg(qr.svg("2@x", scale=scale))],
    ids=["png", "svg"],
)
def test_scale_is_the_size_of_a_square(drawn: Callable[[int], Image.Image]) -> None:
    assert drawn(12).width == 4 * drawn(3).width


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_checkpoint_without_a_qr_code_is_told_as_that(draw: Callable[..., Any], nothing: str | None) -> None:
    with pytest.raises(ValueError, match="There is no QR text"):
        draw(nothing)


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize("text", ["s3cr3t" * 500, "s3cr3t\ud800"], ids=["too long", "not Unicode"])
def test_an_error_does_not_repeat_the_text(draw: Callable[[str], Any], text: str) -> None:
    with pytest.raises(ValueError, match="cannot be a QR code") as raised:
        draw(text)
    assert "s3cr3t" not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None


@pytest.mark.parametrize("draw", DRAWN)
def test_without_segno_the_extra_is_named(draw: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(ImportError, match="with its extra qr"):
        draw("2@x")
