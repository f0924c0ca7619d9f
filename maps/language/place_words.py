"""The address of a place in the reader's language, as the pages say it (`src/geo/address.ts`)."""

from __future__ import annotations

from typing import Final

from gis.address.address import NARROW_SPACE, Address
from maps.language.wording import Wording

MAIN_RIVER: Final = "Mekong"
"""Its kilometres are told without its name."""


def place_words(address: Address, wording: Wording) -> list[str]:
    """Return kilometre, bank and side, then reach and what else it may be; none where unknown.

    >>> told = Address(river="Mekong", km=2356.04, bank="left", reach="Houay Xai",
    ...     golden_triangle_km=68.2, country="LA", neighbour="TH", side_sure=True)
    >>> place_words(told, Wording("en"))  # doctest: +NORMALIZE_WHITESPACE
    ['km 2\u202f356.0', 'left bank', 'LA side', 'Houay Xai reach',
     '68 km below the Golden Triangle']
    >>> place_words(Address(river="Ruak", km=12.3, country="TH", neighbour="MM"), Wording("en"))
    ['Ruak km 12.3', 'bank unsure', 'MM or TH side']
    >>> place_words(Address(), Wording("en"))
    []
    """
    parts = short_place_words(address, wording)
    if address.reach is not None and address.reach != address.river:
        parts.append(wording.text("reach.of", name=address.reach))
    below = address.golden_triangle_km
    if below is not None:
        way = "triangle.below" if below >= 0.0 else "triangle.above"
        parts.append(wording.text(way, km=round(abs(below))))
    return parts + [wording.text("river.also", name=name) for name in address.also]


def short_place_words(address: Address, wording: Wording) -> list[str]:
    """Return kilometre, bank and side only."""
    parts = []
    if address.river is not None and address.km is not None:
        km = f"{address.km:,.1f}".replace(",", NARROW_SPACE)
        parts.append(
            wording.text("river.km", km=km)
            if address.river == MAIN_RIVER
            else wording.text("river.other", name=address.river, km=km)
        )
        parts.append(wording.text(f"bank.{address.bank or 'unsure'}"))
    if address.country is None:
        return parts
    if address.side_sure:
        parts.append(wording.text("side.of", country=address.country))
    elif address.neighbour is None:
        parts.append(wording.text("side.unsure"))
    else:
        one, other = sorted((address.country, address.neighbour))
        parts.append(wording.text("side.between", one=one, other=other))
    return parts
