"""The address of any position: river kilometre, bank, side and reach, in fields and in words.

"km 2 356, left bank, LA side, Houay Xai reach (68 km below the Golden Triangle)". Every part says
when it is not sure: a bank within the error of the line and the fix is no bank, a side within the
error of the border no side. `gis.address.addresses` finds them; this file imports nothing heavy.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

NARROW_SPACE: Final = "\u202f"


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where a position is, as people say it on the river. A field that is absent does not apply.

    Attributes:
        river: Name of the nearest river, within 5 km; none of the river's fields without it.
        km: Kilometres from its mouth; for the Mekong, from the sea.
        bank: `left` or `right` looking downstream, or `mid`; absent when unsure.
        offset_m: Distance from the centreline, metres; left of it positive.
        error_m: How far the line may be off the river's middle here, metres. A bank is unsure
            within this and the position's own accuracy.
        km_error_share: Error of a distance along the river here, as a share of it.
        reach: Name of the reach.
        golden_triangle_km: Kilometres below the Golden Triangle, negative above it; absent on
            other rivers and beyond 500 km.
        also: Other rivers that it may be on as well, within the errors.
        country: Country that the drawn border gives the place to, ISO 3166-1 alpha-2.
        neighbour: Country across the nearest border.
        border_m: Distance to that border, metres.
        border_error_m: How far the border's line and the position may be off together, metres.
        side_sure: Whether `country` is sure beyond these errors.
    """

    river: str | None = None
    km: float | None = None
    bank: Literal["left", "right", "mid"] | None = None
    offset_m: float | None = None
    error_m: float | None = None
    km_error_share: float | None = None
    reach: str | None = None
    golden_triangle_km: float | None = None
    also: tuple[str, ...] = ()
    country: str | None = None
    neighbour: str | None = None
    border_m: float | None = None
    border_error_m: float | None = None
    side_sure: bool = False

    def words(self) -> str:
        """Return the address in English; empty where nothing is known of the place.

        >>> Address(river="Mekong", km=2356.04, bank="left", reach="Houay Xai",
        ...     golden_triangle_km=68.2, country="LA", neighbour="TH", side_sure=True).words()
        'km 2\u202f356, left bank, LA side, Houay Xai reach (68 km below the Golden Triangle)'
        >>> Address(river="Ruak", km=12.3, country="TH", neighbour="MM").words()
        'Ruak km 12, bank unsure, side unsure (MM or TH)'
        >>> Address(country="TH", neighbour="LA", border_m=12_300.0, side_sure=True).words()
        'TH side, 12 km from the border with LA'
        >>> Address().words()
        ''
        """
        parts = [] if self.river is None else [self._river_words()]
        if self.country is not None:
            parts.append(self._side_words())
        if self.river is None:
            if self.border_m is not None and self.side_sure:
                beyond = "border" if self.neighbour is None else f"border with {self.neighbour}"
                parts.append(f"{_length(self.border_m)} from the {beyond}")
            return ", ".join(parts)
        if self.reach is not None and self.reach != self.river:
            parts.append(f"{self.reach} reach")
        words = ", ".join(parts)
        if self.golden_triangle_km is not None:
            way = "below" if self.golden_triangle_km >= 0.0 else "above"
            words += f" ({round(abs(self.golden_triangle_km))} km {way} the Golden Triangle)"
        return words + "".join(f"; or on the {name}" for name in self.also)

    def error_words(self) -> str:
        """Return what the address is good to, in English; empty where nothing is known.

        >>> Address(river="Mekong", km=2356.0, error_m=330.0, km_error_share=0.015,
        ...     country="LA", border_error_m=300.0).error_words()
        'river line within 330 m, distances along it within 1.5 %; border line and fix within 300 m'
        >>> Address().error_words()
        ''
        """
        parts = []
        if self.error_m is not None:
            share = "" if self.km_error_share is None else f"{self.km_error_share * 100.0:g} %"
            along = f", distances along it within {share}" if share else ""
            parts.append(f"river line within {_length(self.error_m)}{along}")
        if self.border_error_m is not None:
            parts.append(f"border line and fix within {_length(self.border_error_m)}")
        return "; ".join(parts)

    def _river_words(self) -> str:
        km = f"{round(self.km or 0.0):,}".replace(",", NARROW_SPACE)
        name = "" if self.river == "Mekong" else f"{self.river} "
        bank = {"left": "left bank", "right": "right bank", "mid": "midstream", None: "bank unsure"}
        return f"{name}km {km}, {bank[self.bank]}"

    def _side_words(self) -> str:
        if self.side_sure:
            return f"{self.country} side"
        either = sorted({code for code in (self.country, self.neighbour) if code is not None})
        return f"side unsure ({' or '.join(either)})"


def _length(metres: float) -> str:
    return f"{metres / 1000.0:.0f} km" if metres >= 2000.0 else f"{metres:.0f} m"
