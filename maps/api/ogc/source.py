"""Source: where a collection's features come from, always through the desk of who asks."""

from __future__ import annotations

from typing import Protocol

import msgspec

from maps.api.ogc.asking import Asked, Box
from patrol.desk import Desk


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """A page of features.

    Attributes:
        features: Each as GeoJSON.
        next: Cursor of the next page; None after the last.
        matched: How many there are in all; None where counting would cost more than it tells.
    """

    features: list[bytes]
    next: str | None = None
    matched: int | None = None


class Source(Protocol):
    """One collection's features.

    Attributes:
        title: Name for people.
        description: What the features are.
        timed: The features have a time.
    """

    @property
    def title(self) -> str:
        """Name for people."""

    @property
    def description(self) -> str:
        """What the features are."""

    @property
    def timed(self) -> bool:
        """Whether features have a time."""

    async def bounds(self, desk: Desk) -> Box | None:
        """Return the box in which the features lie; None where nobody knows or there is none."""

    async def items(self, desk: Desk, asked: Asked) -> Items:
        """Return a page of features.

        Raises:
            BadRequest: If the cursor is none of this collection's.
            Forbidden: If the role may not.
        """

    async def item(self, desk: Desk, id: str) -> bytes:
        """Return one feature as GeoJSON.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none of that id, or the user may not know of it.
        """
