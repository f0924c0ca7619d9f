"""Address of a place, as the API gives it."""

from __future__ import annotations

import msgspec

from gis.address.address import Address


class NearbyPlace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A gauge, office or crossing up or down the river from the place.

    Attributes:
        kind: `gauge`, `office` or `crossing`.
        id: Its id in its layer.
        name: Its name there.
        way: `up` or `down`; absent where the way is shorter than its error.
        distance_km: Along the river.
        error_km: How wrong that may be.
        eta_s: Earliest and latest seconds to it, at the speed asked for.
    """

    kind: str
    id: str
    name: str
    distance_km: float
    error_km: float
    way: str | None = None
    eta_s: tuple[float, float] | None = None


class PlaceAddress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place and its address.

    Attributes:
        lon: Degrees east.
        lat: Degrees north.
        address: In fields; without any where nothing is known of the place.
        words: In English.
        error_words: What it is good to, in English.
        near: The next mark of each kind up and down the river.
    """

    lon: float
    lat: float
    address: Address
    words: str
    error_words: str
    near: tuple[NearbyPlace, ...] = ()
