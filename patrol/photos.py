"""Photos: what is kept of a picture that somebody sent; `patrol.photo_cleaning` makes it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

LONGEST_FILE: Final = 10_000_000
"""Bytes of a file that is taken."""

LONGEST_SIDE: Final = 2048
"""Pixels of the picture that is kept."""


class Photo(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that carries nothing but what is seen, and what its file told beside it.

    Attributes:
        body: JPEG.
        sha256: Hash of `body`, in hexadecimal; its name.
        width_px: Pixels across.
        height_px: Pixels down.
        lon: Degrees east where the camera says it was; None where it does not.
        lat: Degrees north.
        taken_at: When, aware UTC, if the camera knew its offset or had a satellite's time.
        taken_local: When by the camera's clock, whatever that was set to: `2026-11-24T09:30:00`.
    """

    body: bytes
    sha256: str
    width_px: int
    height_px: int
    lon: float | None = None
    lat: float | None = None
    taken_at: datetime | None = None
    taken_local: str | None = None
