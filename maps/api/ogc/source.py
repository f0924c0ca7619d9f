"""CollectionSource: where a collection's features come from, always through the asker's desk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec

from maps.api.ogc.collection_query import CollectionQuery
from maps.api.ogc.documents import Extent
from maps.api.ogc.filters import Kinds
from patrol.desks.desk import Desk


class FeaturePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of features.

    Attributes:
        features: Each as GeoJSON.
        next: Cursor of the next page; None after the last.
        matched: How many there are in all; None where counting would cost more than it tells.
    """

    features: list[bytes]
    next: str | None = None
    matched: int | None = None


async def paged(found: Sequence[tuple[str, bytes]], query: CollectionQuery) -> FeaturePage:
    """Return a page of features that are all there, each with its id, in the order of these."""
    if query.filters:
        matching = set(await asyncio.to_thread(query.matching, [feature for _, feature in found]))
        found = [each for each in found if each[1] in matching]
    rest = [each for each in found if each[0] > (query.cursor or "")]
    page = rest[: query.limit]
    return FeaturePage(
        features=[feature for _, feature in page],
        next=page[-1][0] if len(rest) > len(page) else None,
        matched=len(found),
    )


class CollectionSource(Protocol):
    """One collection's features.

    Attributes:
        title: Name for people.
        description: What the features are.
        properties: The properties that a feature may have, and their types.
    """

    @property
    def title(self) -> str:
        """Name for people."""

    @property
    def description(self) -> str:
        """What the features are."""

    @property
    def properties(self) -> Kinds:
        """The properties that a feature may have, and their types."""

    async def extent(self, desk: Desk) -> Extent:
        """Return where and when the features are, as far as the caller may see them."""

    async def items(self, desk: Desk, query: CollectionQuery) -> FeaturePage:
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
