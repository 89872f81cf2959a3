"""
A checkpoint's QR text as a picture, for a person to scan.

Needs the extra ``qr``. What these functions give is as secret as the text: whoever scans it logs in, or is logged in.
"""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segno import QRCode

_SCALE = 8


def png(text: str | None, *, scale: int = _SCALE) -> bytes:
    """
    Draw a QR code as a PNG image, with the quiet zone that scanners want around it.

    :param text: ``checkpoint.qrcode``
    :param scale: pixels of one of the code's squares, at least 1 (8)
    :raises ValueError: there is no text, or it is too long for a QR code; its words do not repeat the text
    :raises ImportError: the extra ``qr`` is not installed
    """
    image = BytesIO()
    _code(text).save(image, kind="png", scale=scale)
    return image.getvalue()


def svg(text: str | None, *, scale: int = _SCALE) -> str:
    """
    Draw a QR code as an SVG image, for a file or as it is in HTML.

    :param text: ``checkpoint.qrcode``
    :param scale: CSS pixels of one of the code's squares, at least 1 (8)
    :raises ValueError: there is no text, or it is too long for a QR code; its words do not repeat the text
    :raises ImportError: the extra ``qr`` is not installed
    """
    image = BytesIO()
    _code(text).save(image, kind="svg", scale=scale, light="white", xmldecl=False, nl=False)
    return image.getvalue().decode()


def terminal(text: str | None) -> str:
    """
    Draw a QR code in lines of block letters, for a terminal or a log of light letters on dark ground.

    :param text: ``checkpoint.qrcode``
    :raises ValueError: there is no text, or it is too long for a QR code; its words do not repeat the text
    :raises ImportError: the extra ``qr`` is not installed
    """
    lines = StringIO()
    _code(text).terminal(lines, compact=True)
    return lines.getvalue()


def _code(text: str | None) -> QRCode:
    try:
        import segno
    except ImportError as error:
        raise ImportError(
            "QR codes are drawn by segno: install airflow-provider-postpress with its extra qr."
        ) from error
    if not text:
        raise ValueError("There is no QR text: Postpress gives one with checkpoints of the type QRCODE only.")
    try:
        return segno.make_qr(text)
    except ValueError:
        problem = f"This text of {len(text):,} characters cannot be a QR code, which holds about 2,900 bytes of UTF-8."
    raise ValueError(problem)  # out of reach of segno's own error, which may repeat the text
