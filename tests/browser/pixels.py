"""Pixels of a screenshot, without an image library.

Source: PNG (W3C, third edition), 8 bits a channel, RGB or RGBA, not interlaced, as Chromium
writes it.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def pixels(png: bytes) -> NDArray[np.uint8]:
    """Return height x width x 3 of red, green, blue."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    width = height = channels = 0
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", body[:10])
            channels = {2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * channels)
    out = np.zeros((height, width * channels), np.uint8)
    above = np.zeros(width * channels, np.uint8)
    for number, row in enumerate(rows):
        above = out[number] = _unfiltered(int(row[0]), row[1:], above, channels)
    return out.reshape(height, width, channels)[:, :, :3]


def _unfiltered(
    kind: int, row: NDArray[np.uint8], above: NDArray[np.uint8], channels: int
) -> NDArray[np.uint8]:
    """Undo one row's filter (section 9.2)."""
    if kind == 0:
        return row
    if kind == 2:
        return row + above
    line = row.astype(int)
    up = above.astype(int)
    for i in range(len(line)):
        left = line[i - channels] if i >= channels else 0
        corner = up[i - channels] if i >= channels else 0
        guess = (
            left if kind == 1 else (left + up[i]) // 2 if kind == 3 else _paeth(left, up[i], corner)
        )
        line[i] = (line[i] + guess) & 255
    return line.astype(np.uint8)


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))
