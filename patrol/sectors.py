"""Sector: an area that a patrol covers, keeps out of or meets in; every version is kept.

It is drawn, or is a stretch of a river between two kilometres. Where it lies on the ground is asked
of `patrol.ground`, which also judges what people draw.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias, get_args

from patrol.crossing import SECTORS, DataClass
from patrol.papers import Paper

SectorUse: TypeAlias = Literal["patrol", "no_go", "rendezvous", "fishing_ban", "restricted"]

USES: Final[tuple[SectorUse, ...]] = get_args(SectorUse)

KEPT_OUT_OF: Final[frozenset[SectorUse]] = frozenset({"no_go", "restricted"})
"""Where no patrol goes unless its owner says so."""

Rings: TypeAlias = tuple[tuple[tuple[float, float], ...], ...]
"""Of one polygon, the outer first, each of (lon, lat) in degrees and closed."""


class Sector(Paper, frozen=True, kw_only=True, tag="sector"):
    """One version of an area that people drew.

    Attributes:
        name: What people call it.
        use: What it is for.
        polygon: Rings of (lon, lat), degrees; None for a river stretch.
        river: Name of the river of a stretch; None for a polygon.
        km_from: Lower end of a stretch, kilometres from the river's mouth.
        km_to: Upper end.
        width_m: Width of a stretch in all, half of it on either side of the centreline, metres.
        note: Anything else.
        retired_at: When it went out of use, aware UTC; None while in use.
    """

    CLASS: ClassVar[DataClass | None] = "sectors"
    SEEN_BY: ClassVar[str] = "see sectors"

    name: Annotated[str, SECTORS]
    use: Annotated[SectorUse, SECTORS] = "patrol"
    polygon: Annotated[Rings | None, SECTORS] = None
    river: Annotated[str | None, SECTORS] = None
    km_from: Annotated[float | None, SECTORS] = None
    km_to: Annotated[float | None, SECTORS] = None
    width_m: Annotated[float | None, SECTORS] = None
    note: Annotated[str, SECTORS] = ""
    retired_at: Annotated[datetime | None, SECTORS] = None

    @property
    def is_closed(self) -> bool:
        """Whether it is out of use."""
        return self.retired_at is not None

    @property
    def is_stretch(self) -> bool:
        """Whether it is a stretch of a river."""
        return self.river is not None

    @property
    def geometry(self) -> dict[str, Any] | None:
        """The polygon as GeoJSON; None for a river stretch.

        >>> from datetime import UTC
        >>> ring = ((100.4, 20.2), (100.5, 20.2), (100.4, 20.3), (100.4, 20.2))
        >>> made = datetime(2026, 1, 1, tzinfo=UTC)
        >>> Sector(id="s", agency="la-hx", at=made, name="Isles", polygon=(ring,)).geometry["type"]
        'Polygon'
        """
        if self.polygon is None:
            return None
        return {"type": "Polygon", "coordinates": [list(ring) for ring in self.polygon]}
