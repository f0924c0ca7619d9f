"""Photos: the picture that people are shown, and the camera's own file, which stays sealed.

`patrol.incidents.photo_cleaning` makes the picture and reads what the file says of time and place.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

LONGEST_FILE: Final = 10_000_000
"""Bytes of a file that is taken."""

LONGEST_ORIGINAL: Final = 16 * 2**20
"""Bytes of a camera's file that comes after the small picture that a phone made of it."""

LONGEST_SIDE: Final = 2048
"""Pixels of the picture that is kept."""


class CameraNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera wrote into its file of time and place.

    Attributes:
        lon: Degrees east where the camera says it was; None where it does not.
        lat: Degrees north.
        taken_at: When, aware UTC, if the camera knew its offset or had a satellite's time.
        taken_local: When by the camera's clock, whatever that was set to: `2026-11-24T09:30:00`.
    """

    lon: float | None = None
    lat: float | None = None
    taken_at: datetime | None = None
    taken_local: str | None = None


class Photo(CameraNote, frozen=True, kw_only=True):
    """A picture without metadata, and the metadata of its file beside it.

    Attributes:
        body: JPEG.
        sha256: Hash of `body`, in hexadecimal; its name.
        width_px: Pixels across.
        height_px: Pixels down.
    """

    body: bytes
    sha256: str
    width_px: int
    height_px: int


class Original(
    CameraNote, frozen=True, kw_only=True, omit_defaults=True, rename={"stored_at": "came_at"}
):
    """What is known of a camera's file; its bytes leave the store only as evidence.

    Attributes:
        photo: Hash of the picture that people are shown, in hexadecimal.
        sha256: Hash of the file as it came, in hexadecimal.
        size: Its bytes.
        stored_at: When it was stored, aware UTC.
        by: Who sent it.
    """

    photo: str
    sha256: str
    size: int
    stored_at: datetime
    by: str
