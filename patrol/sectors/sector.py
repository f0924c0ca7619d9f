"""Sector: an area that is patrolled, closed, used for meetings or watched, in versions.

It is drawn, or is a stretch of a river between two kilometres. Where it lies on the ground is asked
of `patrol.sectors.site_geography`, which also judges what people draw.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeAlias

import msgspec

from patrol.documents.document import Document
from patrol.units.data_classes import NEVER, SECTORS, DataClass

SectorUse: TypeAlias = Literal[
    "patrol", "no_go", "rendezvous", "fishing_ban", "restricted", "reach"
]


KEPT_OUT_OF: Final[frozenset[SectorUse]] = frozenset({"no_go", "restricted"})
"""Where no patrol goes unless its owner says so."""

Whose: TypeAlias = Literal["all", "units", "others"]
"""Of whom a limit is: of all boats, of the agency's registered units, or of all others."""

Rings: TypeAlias = tuple[tuple[tuple[float, float], ...], ...]
"""Of one polygon, the outer first, each of (lon, lat) in degrees and closed."""


class SectorLimits(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"applies_to": "whose"}
):
    """Limits for boats in a sector, beyond which an alert is raised; None: no limit.

    They are the owner's: for its units and the radios that it hears, and shown to nobody else.

    Attributes:
        applies_to: Of which boats.
        loitering_s: How long a boat may keep to one place, seconds.
        loitering_within_m: How far from the middle of it is one place, metres.
        meeting_s: How long two boats that came together may stay so, slow, seconds.
        meeting_within_m: How near is together, metres.
        stay_s: How long a boat may be in the sector, seconds.
        speed_mps: How fast it may be, metres per second.
    """

    applies_to: Annotated[Whose, NEVER] = "all"
    loitering_s: Annotated[float | None, NEVER] = None
    loitering_within_m: Annotated[float, NEVER] = 100.0
    meeting_s: Annotated[float | None, NEVER] = None
    meeting_within_m: Annotated[float, NEVER] = 100.0
    stay_s: Annotated[float | None, NEVER] = None
    speed_mps: Annotated[float | None, NEVER] = None

    def __bool__(self) -> bool:
        """Whether any is set."""
        each = self.loitering_s, self.meeting_s, self.stay_s, self.speed_mps
        return any(limit is not None for limit in each)


class Sector(Document, frozen=True, kw_only=True, tag="sector"):
    """One version of an area that people drew.

    Attributes:
        name: What people call it.
        use: What it is for; a `reach` is for its limits alone, and is its owner's alone.
        limits: What boats may do in it before somebody is told; None: nobody is told.
        polygon: Rings of (lon, lat), degrees; None for a river stretch.
        river: Name of the river of a stretch; None for a polygon.
        km_from: Lower end of a stretch, kilometres from the river's mouth.
        km_to: Upper end.
        width_m: Width of a stretch in all, half of it on either side of the centreline, metres.
        note: Anything else.
        retired_at: When it went out of use, aware UTC; None while in use.
    """

    CLASS: ClassVar[DataClass | None] = "sectors"
    VIEWING_ACT: ClassVar[str] = "see sectors"

    name: Annotated[str, SECTORS]
    use: Annotated[SectorUse, SECTORS] = "patrol"
    polygon: Annotated[Rings | None, SECTORS] = None
    river: Annotated[str | None, SECTORS] = None
    km_from: Annotated[float | None, SECTORS] = None
    km_to: Annotated[float | None, SECTORS] = None
    width_m: Annotated[float | None, SECTORS] = None
    limits: Annotated[SectorLimits | None, NEVER] = None
    note: Annotated[str, SECTORS] = ""
    retired_at: Annotated[datetime | None, SECTORS] = None

    @property
    def is_closed(self) -> bool:
        """Whether it is out of use."""
        return self.retired_at is not None

    def shared(self, allowed: AbstractSet[DataClass]) -> Self | None:
        """Return what another agency may see of it; nothing of a sector that is only watched."""
        return None if self.use == "reach" else super().shared(allowed)

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
