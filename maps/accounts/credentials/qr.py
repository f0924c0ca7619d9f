"""QR codes, as SVG and PNG, to be scanned from a screen."""

from __future__ import annotations

import io

import msgspec


class QrCode(msgspec.Struct, frozen=True, kw_only=True):
    """One QR code in two forms; it holds a secret if what it says is one.

    Attributes:
        svg: An SVG document.
        png: The same as `data:` address of a PNG.
    """

    svg: str
    png: str


def qr_code(text: str) -> QrCode:
    """Return `text` as a QR code, error correction M, with its quiet zone."""
    import segno

    code = segno.make(text, error="m", micro=False)
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", scale=4, xmldecl=False, light="#fff")
    return QrCode(svg=drawn.getvalue().decode(), png=code.png_data_uri(scale=4))


def for_terminal(text: str) -> str:
    """Return `text` as a QR code of characters."""
    import segno

    drawn = io.StringIO()
    segno.make(text, error="m", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()
